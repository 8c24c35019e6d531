/* worker/delay.h - how long a frame was under way, by two clocks that know nothing of each other.
 *
 * What the clocks of two machines show at the same moment differs by anything, but hardly changes:
 * clock_boot_ms is never set and doesn't stop. So the least that was ever seen between the sending
 * and the receiving of a frame is taken for the difference, and what exceeds it for delay.
 *
 * That least one follows clocks of different speed: down at once, up by a thousandth of the time
 * that passes, which is more than clocks drift. It rises by no more than a second from one frame to
 * the next, so that whoever stood still for long finds the delay too small by a second at most.
 */
#ifndef WORKER_DELAY_H
#define WORKER_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct delay {
    bool measured;
    int64_t apart_ms;  /* the least difference between the clocks */
    int64_t raised_ms; /* when it last rose, by our clock */
};

/* delay_measure gives the delay of a frame that was sent at sent_ms by the peer's clock_boot_ms and
 * received at now_ms by ours. The first frame of all has none: it is what others are measured by.
 * Frames come in the order of their sending. */
int64_t delay_measure(struct delay *d, int64_t sent_ms, int64_t now_ms);

#endif
