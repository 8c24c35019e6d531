/* worker/pools.h - the stores that a worker has open, by the names of their pools.
 *
 * The default pool (empty name) is the store of the configuration, and stays. The others come and go as the
 * catalog says. Everything runs on the loop. */
#ifndef WORKER_POOLS_H
#define WORKER_POOLS_H

#include "catalog/catalog.h"
#include "worker/metrics.h"
#include "worker/store.h"

struct pools;

struct pools_options {
    const struct store_host *host;
    const char *
        only; /* names of the pools to serve, by commas; empty: all. POOLS_DEFAULT is the default one */
    /* changed is called when pools_served gives something else. */
    void (*changed)(void *context);
    void *context;
    struct worker_metrics *metrics;
};

#define POOLS_DEFAULT "(default)"

/* pools_new borrows the options for its life. */
struct pools *pools_new(const struct pools_options *options);

/* pools_open_default opens the store of the configuration, if it is to be served. It waits for the driver. */
enum status pools_open_default(struct pools *p, struct slice uri, struct failure *f);

/* pools_set says which pools there are. New ones are opened; one that can't be opened is tried again until it
 * can. Those that are not there any more, or have another URI, end when no operation can be under way in
 * them any more. */
void pools_set(struct pools *p, const struct pool_record *list, uint32_t n);

/* pools_submit hands an operation to its store, or answers it ST_UNAVAILABLE (at the next flush) when
 * there is no such pool here. OP_pool_probe is for none of them: the store that it names is opened for it. */
void pools_submit(struct pools *p, struct op *op);

/* pools_refuse answers an operation with a failure (at the next flush). op->st and op->f are set. */
void pools_refuse(struct pools *p, struct op *op);

/* pools_flush ends a turn of the loop. pools_sweep starts a sweep of each store. */
void pools_flush(struct pools *p);
void pools_sweep(struct pools *p);

/* pools_served lists them for the registration, in a. */
const struct served_pool *pools_served(const struct pools *p, uint32_t *n, struct arena *a);

/* pools_close closes all stores, then calls closed from the loop and frees p. */
void pools_close(struct pools *p, void (*closed)(void *context), void *context);

#endif
