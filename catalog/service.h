/* catalog/service.h - the catalog as an event loop sees it: a cache, and calls that complete later.
 *
 * One service a process. Its threads own the catalog handles; one more thread watches the change
 * feed, keeps the cache true and the list of workers fresh.
 *
 * Staleness: a change by this process is seen at once; by another, when the feed brings it (NOTIFY:
 * milliseconds, revision poll: within 20 ms of the commit on SQLite), at most a second later. While
 * the catalog cannot be reached, what is cached goes on serving.
 */
#ifndef CATALOG_SERVICE_H
#define CATALOG_SERVICE_H

#include "catalog/cache.h"
#include "catalog/catalog.h"
#include "common/jobs.h"
#include "common/mailbox.h"

struct catalog_service;

struct catalog_service_options {
    struct slice uri; /* borrowed during the call */
    size_t threads;
    size_t cache_most;      /* records */
    int64_t worker_gone_ms; /* workers silent for longer are not listed */
    bool pooling;           /* new queues go to pools; else to the default store */
    bool
        virtual_pool; /* to that one, too, when there is no pool for a queue that asks for no flavor */
    struct metrics *metrics; /* where the service counts; NULL: it doesn't */
};

/* catalog_service_new starts the threads. The catalog need not be reachable yet, its schema is the
 * caller's concern (catalog_prepare). */
enum status catalog_service_new(const struct catalog_service_options *options,
                                struct catalog_service **service, struct failure *f);

/* catalog_service_free stops the threads; calls under way complete first, their mail may be lost. */
void catalog_service_free(struct catalog_service *service);

struct queue_cache *catalog_service_cache(struct catalog_service *service);

/* A call: work runs on a thread of the service, with a handle; then done runs on the loop that
 * drains reply_to. Embedded in the caller's own struct, which lives until done. */
struct catalog_call {
    struct job job;   /* private */
    struct mail mail; /* private */
    struct mailbox *reply_to;
    int64_t deadline_mono_ms; /* past it the call is not begun any more: ST_TIMEOUT */
    struct catalog_service *service;
    /* work returns the call's outcome and may use the cache of the service */
    enum status (*work)(struct catalog_call *call, struct catalog *c, struct failure *f);
    void (*done)(struct catalog_call *call);
    enum status st;
    struct failure f;
};

/* catalog_service_call starts it. ST_OVERLOADED: not taken, done will not run. */
enum status catalog_service_call(struct catalog_service *service, struct catalog_call *call);

/* A queue to be made. */
struct new_queue {
    struct slice project, name, metadata;
    struct slice flavor;       /* that it asks for; empty: none */
    struct slice dead_letters; /* name of its dead letter queue; empty: none */
    struct slice pool;         /* where it must be made; absent: in one that is chosen */
};

/* catalog_service_create makes a queue unless it exists, as queue_create does, chooses its pool, and lets the
 * cache know. For work functions. Besides queue_create's failures those of placement_choose. */
enum status catalog_service_create(struct catalog_service *service, struct catalog *c,
                                   const struct new_queue *q, struct queue_record **record,
                                   bool *created, struct failure *f);

/* catalog_service_pooling tells whether queues choose pools here. */
bool catalog_service_pooling(const struct catalog_service *service);

/* The live workers at one moment: immutable, counted, from any thread. */
struct worker_set {
    struct worker_record *list;
    uint32_t n;
    struct arena arena; /* private */
    int refs;           /* private */
};

void worker_set_unref(struct worker_set *set);

/* A loop that wants to know the workers. on_workers runs on it, now (if they are known) and at each
 * change, and is given the set. */
struct worker_watch {
    struct mailbox *reply_to;
    void (*on_workers)(struct worker_watch *watch, struct worker_set *set);
    struct worker_watch *next; /* private */
};

/* catalog_service_watch may be called from any thread. There is no unwatch: watches end with the
 * service, whose threads are stopped before their loops are freed. */
void catalog_service_watch(struct catalog_service *service, struct worker_watch *watch);

/* catalog_service_stop ends the threads without freeing anything, so that loops can be freed. */
void catalog_service_stop(struct catalog_service *service);

#endif
