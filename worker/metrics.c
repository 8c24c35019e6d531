#include "worker/metrics.h"

#include "common/mem.h"

#include <stdlib.h>

enum {
    POOLS_MAX = 65, /* number 0 is for all that have no series of their own */
    POOL_NAME_BYTES = 64,
};

static const uint64_t batch_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};

/* A name is written once, before its number is used. */
struct metric_pool {
    bool known;
    bool served; /* now; else it has been */
    size_t bytes;
    char name[POOL_NAME_BYTES];
};

/* ---- Labels ----------------------------------------------------------------------------------- */

static bool label_pool(const void *context, size_t series, struct buffer *out)
{
    const struct metric_pool *p = &((const struct worker_metrics *)context)->pools[series];

    if (series == 0)
        metrics_label(out, "pool", SLICE("(other)"));
    else if (__atomic_load_n(&p->known, __ATOMIC_ACQUIRE))
        metrics_label_pool(out, (struct slice){p->name, p->bytes});
    return out->len > 0;
}

/* label_own_pool leaves out what several pools share: there a gauge means nothing. */
static bool label_own_pool(const void *context, size_t series, struct buffer *out)
{
    return series > 0 && label_pool(context, series, out);
}

/* label_served_pool also leaves out what has been removed: it is not down. */
static bool label_served_pool(const void *context, size_t series, struct buffer *out)
{
    const struct metric_pool *p = &((const struct worker_metrics *)context)->pools[series];

    return __atomic_load_n(&p->served, __ATOMIC_ACQUIRE) && label_own_pool(context, series, out);
}

static bool label_operation(const void *context, size_t series, struct buffer *out)
{
    size_t code = series % OP_NUMBERS;

    if (!op_known(code) || !label_pool(context, series / OP_NUMBERS, out))
        return false;
    metrics_label(out, "operation", slice_of(op_name((enum op_code)code)));
    return true;
}

static bool label_outcome(const void *context, size_t series, struct buffer *out)
{
    if (!label_operation(context, series / STATUS_NUMBERS, out))
        return false;
    metrics_label_lower(out, "outcome",
                        slice_of(status_name((enum status)(series % STATUS_NUMBERS))));
    return true;
}

/* ---- Metrics ---------------------------------------------------------------------------------- */

static struct metric *add(struct metrics *registry, enum metric_type type, const char *name,
                          const char *help)
{
    return metrics_add(registry,
                       &(struct metric_options){.type = type, .name = name, .help = help});
}

static void add_operations(struct worker_metrics *m, struct metrics *registry)
{
    m->operations =
        metrics_add(registry, &(struct metric_options){
                                  .type = METRIC_COUNTER,
                                  .name = "nusku_worker_operations_total",
                                  .help = "Operations of routers, by pool and by how they ended.",
                                  .series = (size_t)POOLS_MAX * OP_NUMBERS * STATUS_NUMBERS,
                                  .sparse = true,
                                  .labels = label_outcome,
                                  .context = m,
                              });
    m->operation_duration = metrics_add(
        registry, &(struct metric_options){
                      .type = METRIC_HISTOGRAM,
                      .name = "nusku_worker_operation_duration_seconds",
                      .help = "Duration of operations: gathering, and the pool's store.",
                      .scale = METRIC_MICROSECONDS,
                      .series = (size_t)POOLS_MAX * OP_NUMBERS,
                      .sparse = true,
                      .labels = label_operation,
                      .context = m,
                      .bounds = metric_duration_bounds,
                      .bounds_n = METRIC_DURATION_BOUNDS,
                  });
    m->batch = metrics_add(registry, &(struct metric_options){
                                         .type = METRIC_HISTOGRAM,
                                         .name = "nusku_worker_frame_operations",
                                         .help = "Operations in a frame of a router.",
                                         .bounds = batch_bounds,
                                         .bounds_n = sizeof(batch_bounds) / sizeof(batch_bounds[0]),
                                     });
    m->outstanding = add(registry, METRIC_GAUGE, "nusku_worker_operations_outstanding",
                         "Operations that were taken and not answered.");
}

static void add_links(struct worker_metrics *m, struct metrics *registry)
{
    m->peers =
        add(registry, METRIC_GAUGE, "nusku_worker_links_up", "Links of routers, one a thread.");
    m->late_links = add(registry, METRIC_COUNTER, "nusku_worker_late_links_total",
                        "Links given up because frames reached the worker late.");
    m->late_operations = add(registry, METRIC_COUNTER, "nusku_worker_late_operations_total",
                             "Operations of such frames, which were discarded.");
}

static struct metric *add_by_pool(struct worker_metrics *m, struct metrics *registry,
                                  enum metric_type type, const char *name, const char *help)
{
    return metrics_add(registry, &(struct metric_options){
                                     .type = type,
                                     .name = name,
                                     .help = help,
                                     .series = POOLS_MAX,
                                     .labels = label_own_pool,
                                     .context = m,
                                 });
}

struct worker_metrics *worker_metrics_new(struct metrics *registry)
{
    struct worker_metrics *m = mem_zalloc(sizeof(*m));

    m->pools = mem_zalloc(POOLS_MAX * sizeof(*m->pools));
    add_operations(m, registry);
    add_links(m, registry);
    m->store_up =
        metrics_add(registry, &(struct metric_options){
                                  .type = METRIC_GAUGE,
                                  .name = "nusku_worker_store_up",
                                  .help = "1 while the worker is connected to the pool's store.",
                                  .series = POOLS_MAX,
                                  .labels = label_served_pool,
                                  .context = m,
                              });
    m->sweeps = add_by_pool(m, registry, METRIC_COUNTER, "nusku_worker_sweeps_total",
                            "Sweeps for expired messages that were begun.");
    m->registered = add(registry, METRIC_GAUGE, "nusku_worker_registered",
                        "1 while the last sign of life has reached the catalog.");
    m->heartbeats_failed = add(registry, METRIC_COUNTER, "nusku_worker_heartbeat_failures_total",
                               "Signs of life that did not reach the catalog.");
    m->dropped = add(registry, METRIC_COUNTER, "nusku_worker_dropped_queues_total",
                     "Deleted queues of which the store has forgotten the last for good.");
    return m;
}

void worker_metrics_free(struct worker_metrics *m)
{
    if (m == NULL)
        return;
    free(m->pools);
    free(m);
}

/* ---- Counting --------------------------------------------------------------------------------- */

static size_t find_pool(const struct worker_metrics *m, struct slice name)
{
    for (size_t i = 1; i < POOLS_MAX && m->pools[i].known; i++)
        if (slice_eq((struct slice){m->pools[i].name, m->pools[i].bytes}, name))
            return i;
    return 0;
}

size_t worker_metrics_pool(struct worker_metrics *m, struct slice name)
{
    size_t i = find_pool(m, name);
    struct metric_pool *p;

    if (i > 0)
        __atomic_store_n(&m->pools[i].served, true, __ATOMIC_RELEASE);
    if (i > 0 || name.len > POOL_NAME_BYTES)
        return i;
    for (i = 1; i < POOLS_MAX && m->pools[i].known; i++)
        ;
    if (i == POOLS_MAX)
        return 0;
    p = &m->pools[i];
    memcpy(p->name, name.p, name.len);
    p->bytes = name.len;
    p->served = true;
    __atomic_store_n(&p->known, true, __ATOMIC_RELEASE);
    return i;
}

void worker_metrics_pool_gone(struct worker_metrics *m, size_t series)
{
    __atomic_store_n(&m->pools[series].served, false, __ATOMIC_RELEASE);
}

void worker_metrics_done(struct worker_metrics *m, const struct op *op, int64_t us)
{
    size_t series = find_pool(m, op->queue.pool) * OP_NUMBERS + op->code;

    metric_add(m->operations, 0, series * STATUS_NUMBERS + op->st, 1);
    metric_observe(m->operation_duration, 0, series, us > 0 ? (uint64_t)us : 0);
}
