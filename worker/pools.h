/* worker/pools.h - the stores that a worker has open, by the names of their pools.
 *
 * The default pool (empty name) is the store of the configuration. Everything runs on the loop. */
#ifndef WORKER_POOLS_H
#define WORKER_POOLS_H

#include "catalog/catalog.h"
#include "worker/store.h"

struct pools;

struct pools *pools_new(const struct store_host *host);

/* pools_open opens one more. */
enum status pools_open(struct pools *p, struct slice name, struct slice uri, struct failure *f);

/* pools_submit hands an operation to its store, or answers it ST_UNAVAILABLE (at the next flush) when
 * there is no such pool here. */
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
