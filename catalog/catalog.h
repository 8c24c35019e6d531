/* catalog/catalog.h - where every queue is, and who serves it: the contract of a catalog driver.
 *
 * Threads   A handle belongs to one thread at a time. A process opens as many as it has threads.
 * Blocking  Yes: calls are made from the threads of common/jobs.h, never from an event loop.
 * Memory    Records are given (unref them). Other results live in the arena that is passed.
 * Errors    ST_UNAVAILABLE: not reached, or broken off: it may have happened. The next call tries
 *           again by itself. Others as noted. f says why.
 * Atomic    Each call is all or nothing, and durable once it returns ST_OK.
 * Changes   Every change advances the catalog's one revision counter, in the order in which the
 *           changes become visible, and is noted in the change feed under its revision.
 *
 * Revisions begin at a number made from the time at which the catalog was created, so that the
 * epochs of a catalog that was lost and made again never meet those of its predecessor.
 *
 * A new driver: its folder, a line in catalog.c, a CMake line, a conformance test of ten lines.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "catalog/pool.h"
#include "catalog/record.h"
#include "common/arena.h"
#include "common/config.h"
#include "common/id.h"
#include "common/status.h"

enum {
    CATALOG_ABI = 2,               /* 1 first; 2: pools and flavors, dropped_list by pool */
    CATALOG_CHANGES_KEPT = 100000, /* rows of the change feed that stay readable */
};

/* A pool that a worker serves. */
struct served_pool {
    struct slice name;  /* empty: the default store */
    bool single_writer; /* one worker at a time should serve all of its queues (SQLite) */
};

/* A worker as it registered. */
struct worker_record {
    unsigned char id[UUID_BYTES]; /* of this process, made at its start */
    struct slice url;             /* where routers reach it */
    struct slice host;            /* "machine/pid": where inproc and ipc URLs mean anything */
    uint32_t wire_version;
    const struct served_pool *pools;
    uint32_t pools_n;
    int64_t silent_ms; /* since its last sign of life, by the catalog's clock; read only */
};

enum change_kind { CHANGE_QUEUE = 1, CHANGE_WORKER = 2, CHANGE_POOL = 3 /* or a flavor */ };

struct change {
    uint64_t revision;
    enum change_kind kind;
    struct slice project, name; /* of the queue; of the flavor, or the pool (project empty) */
};

/* One life of a queue that was deleted, whose messages are still to be dropped (for good). */
struct dropped_queue {
    struct slice project, name, pool;
    uint64_t epoch;
};

/* How many queues a pool keeps. */
struct queue_total {
    struct slice pool;
    uint64_t queues;
};

struct catalog; /* a handle: a driver's own state behind its table of functions */

struct catalog_ops {
    unsigned abi;        /* CATALOG_ABI, else the driver is refused */
    const char *schemes; /* of URIs, separated by '|' */

    /* open connects. ST_INVALID: the URI is wrong. A server that is away is not an error of open:
     * calls answer ST_UNAVAILABLE until it is there. */
    enum status (*open)(struct slice uri, struct catalog **c, struct failure *f);
    void (*close)(struct catalog *c);

    /* migrate brings the schema to this version. Safe from several machines at once, and a no-op
     * when nothing is to do. *from is the number of the last migration found (0: empty). */
    enum status (*migrate)(struct catalog *c, int *from, struct failure *f);

    /* schema gives the number of the last migration applied, 0 for an empty database. */
    enum status (*schema)(struct catalog *c, int *number, struct failure *f);

    /* queue_find: ST_NOT_FOUND. */
    enum status (*queue_find)(struct catalog *c, struct slice project, struct slice name,
                              struct queue_record **record, struct failure *f);

    /* queue_create makes the queue unless it exists, which is no error: *created tells, and *record
     * is what is there afterwards. The epoch of a new queue is its revision. ST_CONFLICT: there is no such
     * pool (any more); the default store, whose name is empty, is always there. */
    enum status (*queue_create)(struct catalog *c, struct slice project, struct slice name,
                                struct slice metadata, struct slice pool,
                                struct queue_record **record, bool *created, struct failure *f);

    /* queue_update replaces the metadata if the record still has that revision. ST_CONFLICT: it was
     * changed meanwhile; ST_NOT_FOUND. */
    enum status (*queue_update)(struct catalog *c, struct slice project, struct slice name,
                                uint64_t revision, struct slice metadata,
                                struct queue_record **record, struct failure *f);

    /* queue_delete removes the queue and notes its epoch as dropped. *record is what was there. */
    enum status (*queue_delete)(struct catalog *c, struct slice project, struct slice name,
                                struct queue_record **record, struct failure *f);

    /* queue_list gives up to limit queues of a project, names in byte order, strictly between after
     * and before. records is an array in a; each is given. */
    enum status (*queue_list)(struct catalog *c, struct slice project, struct slice after,
                              struct slice before, uint32_t limit, struct arena *a,
                              struct queue_record ***records, uint32_t *n, struct failure *f);

    /* queue_count counts the queues of a project whose names stand before before. */
    enum status (*queue_count)(struct catalog *c, struct slice project, struct slice before,
                               uint64_t *count, struct failure *f);

    /* queue_totals counts the queues of all projects by their pools, whose names come in byte order; at most
     * limit pools. It reads all queues: for statistics, now and then. */
    enum status (*queue_totals)(struct catalog *c, uint32_t limit, struct arena *a,
                                struct queue_total **list, uint32_t *n, struct failure *f);

    /* dropped_list gives up to limit queues of a pool dropped at least older_ms ago; dropped_done forgets
     * one whose messages are gone. */
    enum status (*dropped_list)(struct catalog *c, struct slice pool, int64_t older_ms,
                                uint32_t limit, struct arena *a, struct dropped_queue **list,
                                uint32_t *n, struct failure *f);
    enum status (*dropped_done)(struct catalog *c, uint64_t epoch, struct failure *f);

    /* pool_put makes a pool, or replaces what is there; pool->flavor becomes its flavor of project, whether
     * there is such a flavor or not. With a revision it only replaces the pool that still has it.
     * ST_CONFLICT: another pool has the URI. ST_NOT_FOUND: none has the revision. */
    enum status (*pool_put)(struct catalog *c, struct slice project, const struct pool_record *pool,
                            uint64_t revision, struct failure *f);

    /* pool_get: ST_NOT_FOUND. */
    enum status (*pool_get)(struct catalog *c, struct slice project, struct slice name,
                            struct arena *a, struct pool_record *pool, struct failure *f);

    /* pool_list gives up to limit pools, names in byte order, strictly after after. */
    enum status (*pool_list)(struct catalog *c, struct slice project, struct slice after,
                             uint32_t limit, struct arena *a, struct pool_record **list,
                             uint32_t *n, struct failure *f);

    /* pool_delete removes a pool on which nothing depends. ST_CONFLICT: *use says what does. abandon: queues
     * that were deleted don't count; they are forgotten, and what the store still holds of them is left
     * there. ST_NOT_FOUND. */
    enum status (*pool_delete)(struct catalog *c, struct slice name, bool abandon, struct arena *a,
                               struct pool_use *use, struct failure *f);

    /* flavor_put makes a flavor of these pools and no others, or gives it these. They leave other flavors of
     * the project for it. ST_INVALID: pools[*missing] does not exist. ST_NOT_FOUND: with exists, there is no
     * such flavor; this is looked at first. */
    enum status (*flavor_put)(struct catalog *c, struct slice project, struct slice name,
                              const struct slice *pools, uint32_t n, bool exists, uint32_t *missing,
                              struct failure *f);

    /* flavor_get: ST_NOT_FOUND; *flavor then has the pools that were put in it ahead of it. */
    enum status (*flavor_get)(struct catalog *c, struct slice project, struct slice name,
                              struct arena *a, struct flavor_record *flavor, struct failure *f);

    /* flavor_list gives up to limit flavors of a project, as pool_list does. */
    enum status (*flavor_list)(struct catalog *c, struct slice project, struct slice after,
                               uint32_t limit, struct arena *a, struct flavor_record **list,
                               uint32_t *n, struct failure *f);

    /* flavor_delete: its pools are in none then. ST_NOT_FOUND, though pools may have left it. */
    enum status (*flavor_delete)(struct catalog *c, struct slice project, struct slice name,
                                 struct failure *f);

    /* worker_put registers a worker, or renews its sign of life. Only a registration, or one that
     * differs from what is there, is a change. Workers silent for longer than gone_ms are removed. */
    enum status (*worker_put)(struct catalog *c, const struct worker_record *w, int64_t gone_ms,
                              struct failure *f);
    enum status (*worker_remove)(struct catalog *c, const unsigned char id[UUID_BYTES],
                                 struct failure *f);
    enum status (*worker_list)(struct catalog *c, struct arena *a, struct worker_record **list,
                               uint32_t *n, struct failure *f);

    /* changes gives what happened after revision since, oldest first, at most limit of it, and the
     * revision up to which the list is complete. *complete is false when the feed no longer reaches
     * back to since: forget everything that was remembered. since 0: no list, just *upto. */
    enum status (*changes)(struct catalog *c, uint64_t since, uint32_t limit, struct arena *a,
                           struct change **list, uint32_t *n, uint64_t *upto, bool *complete,
                           struct failure *f);

    /* wait returns ST_OK when something may have changed, ST_TIMEOUT after timeout_ms without a
     * sign of it. Called by one thread, with a handle of its own. */
    enum status (*wait)(struct catalog *c, int timeout_ms, struct failure *f);

    /* trim forgets changes beyond CATALOG_CHANGES_KEPT. */
    enum status (*trim)(struct catalog *c, struct failure *f);
};

struct catalog {
    const struct catalog_ops *ops;
};

extern const struct catalog_ops catalog_sqlite, catalog_postgresql;

/* catalog_open finds the driver by the URI's scheme. ST_INVALID: none. */
enum status catalog_open(struct slice uri, struct catalog **c, struct failure *f);

static inline void catalog_close(struct catalog *c)
{
    if (c != NULL)
        c->ops->close(c);
}

/* catalog_prepare makes sure that the schema is the one this version needs: an empty database is
 * set up, an older one is an error that names the command to run, unless upgrade is set. */
enum status catalog_prepare(struct catalog *c, bool upgrade, struct failure *f);

/* catalog_start does that to the catalog of the configuration, when a process begins.
 * ST_UNAVAILABLE: it is away, but may come back. */
enum status catalog_start(const struct config *config, bool upgrade, struct failure *f);

#endif
