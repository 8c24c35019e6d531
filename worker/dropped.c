#include "worker/dropped.h"

#include "common/hash.h"
#include "common/mem.h"

#include <stdlib.h>
#include <sys/queue.h>

enum { KEEP_MS = 30000, ENTRIES_MAX = 65536 };

struct entry {
    uint64_t epoch;
    int64_t until_ms;
    TAILQ_ENTRY(entry) by_age;
    UT_hash_handle hh;
};

struct dropped {
    struct entry *entries;
    TAILQ_HEAD(, entry) by_age; /* oldest first */
};

struct dropped *dropped_new(void)
{
    struct dropped *d = mem_zalloc(sizeof(*d));

    TAILQ_INIT(&d->by_age);
    return d;
}

static void forget(struct dropped *d, struct entry *e)
{
    HASH_DEL(d->entries, e);
    TAILQ_REMOVE(&d->by_age, e, by_age);
    free(e);
}

void dropped_free(struct dropped *d)
{
    struct entry *e;

    if (d == NULL)
        return;
    while ((e = TAILQ_FIRST(&d->by_age)) != NULL)
        forget(d, e);
    free(d);
}

void dropped_add(struct dropped *d, uint64_t epoch, int64_t now_ms)
{
    struct entry *e;

    HASH_FIND(hh, d->entries, &epoch, sizeof(epoch), e);
    if (e != NULL)
        forget(d, e);
    while ((e = TAILQ_FIRST(&d->by_age)) != NULL &&
           (e->until_ms <= now_ms || HASH_COUNT(d->entries) >= ENTRIES_MAX))
        forget(d, e);
    e = mem_zalloc(sizeof(*e));
    e->epoch = epoch;
    e->until_ms = now_ms + KEEP_MS;
    HASH_ADD(hh, d->entries, epoch, sizeof(e->epoch), e);
    TAILQ_INSERT_TAIL(&d->by_age, e, by_age);
}

bool dropped_has(struct dropped *d, uint64_t epoch, int64_t now_ms)
{
    struct entry *e;

    if (d->entries == NULL)
        return false;
    HASH_FIND(hh, d->entries, &epoch, sizeof(epoch), e);
    return e != NULL && e->until_ms > now_ms;
}
