/* common/iso8601.h - moments as users write them.
 *
 *   2026-11-25T07:08:09Z    2026-11-25 07:08:09.5+01:00    20261125T0708-0530    2026-11-25    2026-11
 *
 * What is left out is the smallest there is; without an offset it is UTC. Text that is nothing but digits
 * (a Unix time, say) is no moment. */
#ifndef COMMON_ISO8601_H
#define COMMON_ISO8601_H

#include "common/slice.h"

#include <stdint.h>

/* iso8601_read gives the moment in seconds since 1970 UTC, a fraction cut off. False: it is none, or not in
 * the years 1 to 9999 UTC. */
bool iso8601_read(struct slice text, int64_t *wall_s);

enum { ISO8601_BYTES = 20 };

/* iso8601_write writes "YYYY-MM-DDTHH:MM:SS" and a NUL for such a moment, without a zone: it is UTC. */
void iso8601_write(int64_t wall_s, char text[ISO8601_BYTES]);

#endif
