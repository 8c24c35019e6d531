/* worker/metrics.h - what a worker counts (doc/operations.md has the list for users).
 *
 * Belongs to the loop, but for what the registrar counts. */
#ifndef WORKER_METRICS_H
#define WORKER_METRICS_H

#include "common/metrics.h"
#include "common/op.h"

struct worker_metrics {
    struct metric *operations,
        *operation_duration; /* by pool, code; and outcome: worker_metrics_done */
    struct metric *batch;    /* operations of a frame */
    struct metric *outstanding, *peers;
    struct metric *late_links, *late_operations;
    struct metric *sweeps, *store_up; /* by pool */
    struct metric *registered, *heartbeats_failed, *dropped;
    /* private: */
    struct metric_pool *pools;
};

/* worker_metrics_new adds them to a registry; free them when nobody renders it any more. */
struct worker_metrics *worker_metrics_new(struct metrics *registry);
void worker_metrics_free(struct worker_metrics *m);

/* worker_metrics_pool gives the number of a pool's series: made when a pool is first opened, and kept when
 * it is closed and opened again. 0: there are too many, they share one. */
size_t worker_metrics_pool(struct worker_metrics *m, struct slice name);

/* worker_metrics_pool_gone: the pool was removed. What was counted stays; whether its store is connected is
 * nothing to tell any more. */
void worker_metrics_pool_gone(struct worker_metrics *m, size_t series);

/* worker_metrics_done counts an operation that was answered, and the microseconds since it came. */
void worker_metrics_done(struct worker_metrics *m, const struct op *op, int64_t us);

#endif
