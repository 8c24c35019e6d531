/* common/clock.h - the clocks.
 *
 * Wall time (ms since 1970 UTC) is for what is stored and shown; it may jump. Monotonic time (ms
 * since some moment about the machine's boot, the same for all its processes) is for deadlines and
 * heartbeats; it never goes back, and stands still while the machine sleeps. Boot time is the same,
 * but goes on then: for what another machine measures, too.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_boot_ms(void);

enum { CLOCK_ISO_BYTES = 21 };

/* clock_iso writes "YYYY-MM-DDTHH:MM:SSZ" and a NUL for a wall time. */
void clock_iso(int64_t wall_ms, char text[CLOCK_ISO_BYTES]);

#endif
