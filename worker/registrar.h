/* worker/registrar.h - the worker's dealings with the catalog, on a thread of their own.
 *
 * Registers the worker and gives its signs of life, so that routers find it. Follows the catalog's pools. Drops, once more and for
 * good, what is left of queues that were deleted a while ago: a router that had not heard of the
 * deletion yet may have posted to one of them. Keeps the change feed short.
 */
#ifndef WORKER_REGISTRAR_H
#define WORKER_REGISTRAR_H

#include "catalog/catalog.h"
#include "common/mailbox.h"
#include "common/op.h"
#include "worker/metrics.h"

struct registrar;

struct registrar_options {
    const char *catalog_uri;
    const char *url;                 /* that routers are told */
    const struct served_pool *pools; /* at the beginning */
    uint32_t pools_n;
    int64_t heartbeat_ms;
    int64_t gone_ms;         /* silence after which other workers are taken for gone */
    struct mailbox *mailbox; /* of the loop, where drop is called */
    /* drop starts an operation (queue_drop) on the loop. */
    void (*drop)(void *context, struct op *op);
    /* pools is called on the loop with all pools of the catalog, when they may have changed. */
    void (*pools_found)(void *context, const struct pool_record *list, uint32_t n);
    void *context;
    struct worker_metrics *metrics; /* borrowed */
};

/* registrar_new starts the thread. All in options is copied but the mailbox's user. */
struct registrar *registrar_new(const struct registrar_options *options);

/* registrar_serve says which pools are served now; the catalog hears of it at once. */
void registrar_serve(struct registrar *r, const struct served_pool *pools, uint32_t n);

/* registrar_stop takes the worker out of the catalog and ends the thread. It may wait for the
 * catalog, so it isn't called on the loop. What it has started on the loop may still be under way:
 * registrar_free comes after the loop has ended. */
void registrar_stop(struct registrar *r);
void registrar_free(struct registrar *r);

#endif
