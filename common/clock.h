/* common/clock.h - the clocks.
 *
 * Wall time (ms since 1970 UTC) is for what is stored and shown; it may jump. Monotonic time (ms
 * since some moment about the machine's boot, the same for all its processes) is for deadlines and
 * heartbeats; it never goes back, and stands still while the machine sleeps. Boot time is the same,
 * but goes on then: for what another machine measures, too.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void); /* the same in microseconds: for what is measured */
int64_t clock_boot_ms(void);

/* clock_wait waits for cond, as pthread_cond_wait does, and returns false when it is until_mono_ms.
 * (pthread_cond_timedwait goes by the wall clock: one that is set back makes it wait for as long.) */
bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_mono_ms);

enum { CLOCK_ISO_BYTES = 21 };

/* clock_iso writes "YYYY-MM-DDTHH:MM:SSZ" and a NUL for a wall time. */
void clock_iso(int64_t wall_ms, char text[CLOCK_ISO_BYTES]);

#endif
