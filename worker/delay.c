#include "worker/delay.h"

enum {
    RISE_EVERY_MS = 1000, /* by one ms */
    RISE_MOST_MS = 1000,  /* at a time */
};

static void rise(struct delay *d, int64_t now_ms)
{
    int64_t by_ms = (now_ms - d->raised_ms) / RISE_EVERY_MS;

    if (by_ms == 0)
        return;
    d->apart_ms += by_ms < RISE_MOST_MS ? by_ms : RISE_MOST_MS;
    d->raised_ms = now_ms;
}

int64_t delay_measure(struct delay *d, int64_t sent_ms, int64_t now_ms)
{
    int64_t apart_ms = now_ms - sent_ms;

    if (!d->measured)
        *d = (struct delay){true, apart_ms, now_ms};
    rise(d, now_ms);
    if (apart_ms < d->apart_ms)
        d->apart_ms = apart_ms;
    return apart_ms - d->apart_ms;
}
