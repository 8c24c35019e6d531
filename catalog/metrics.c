#include "catalog/metrics.h"

#include "common/clock.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    POOLS_MAX = 64,
    POOL_NAME_BYTES = 64,
    COUNT_EVERY_MS = 15000,
    COUNT_REST = 50, /* times as long as a count has taken is the least until the next one */
};

struct pool_queues {
    char name[POOL_NAME_BYTES];
    size_t name_bytes;
    uint64_t queues;
};

struct catalog_metrics {
    struct queue_cache *cache;
    struct metric *calls, *duration, *up, *queues;
    struct metric *entries, *hits, *misses, *evictions;
    pthread_mutex_t lock;  /* guards what follows */
    bool scraped;          /* since queues were counted */
    int64_t count_mono_ms; /* not before */
    struct pool_queues latest[POOLS_MAX];
    size_t latest_n;
    /* of the thread that renders: */
    struct pool_queues shown[POOLS_MAX];
    size_t shown_n;
};

/* ---- Rendering -------------------------------------------------------------------------------- */

static bool label_outcome(const void *context, size_t series, struct buffer *out)
{
    (void)context;
    metrics_label_lower(out, "outcome", slice_of(status_name((enum status)series)));
    return true;
}

static bool label_pool(const void *context, size_t series, struct buffer *out)
{
    const struct catalog_metrics *m = context;

    if (series >= m->shown_n)
        return false;
    metrics_label_pool(out, (struct slice){m->shown[series].name, m->shown[series].name_bytes});
    return true;
}

static void collect(void *context)
{
    struct catalog_metrics *m = context;
    struct queue_cache_counts counts = queue_cache_counts(m->cache);

    metric_set(m->entries, 0, 0, counts.entries);
    metric_set(m->hits, 0, 0, counts.hits);
    metric_set(m->misses, 0, 0, counts.misses);
    metric_set(m->evictions, 0, 0, counts.evictions);
    pthread_mutex_lock(&m->lock);
    m->scraped = true;
    memcpy(m->shown, m->latest, m->latest_n * sizeof(m->latest[0]));
    m->shown_n = m->latest_n;
    pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < m->shown_n; i++)
        metric_set(m->queues, 0, i, m->shown[i].queues);
}

static struct metric *add(struct metrics *registry, enum metric_type type, const char *name,
                          const char *help)
{
    return metrics_add(registry,
                       &(struct metric_options){.type = type, .name = name, .help = help});
}

struct catalog_metrics *catalog_metrics_new(struct metrics *registry, struct queue_cache *cache)
{
    struct catalog_metrics *m = mem_zalloc(sizeof(*m));

    m->cache = cache;
    pthread_mutex_init(&m->lock, NULL);
    m->calls = metrics_add(registry, &(struct metric_options){
                                         .type = METRIC_COUNTER,
                                         .name = "nusku_catalog_calls_total",
                                         .help = "Calls of the catalog, by how they ended.",
                                         .series = STATUS_NUMBERS,
                                         .sparse = true,
                                         .labels = label_outcome,
                                     });
    m->duration = metrics_add(registry, &(struct metric_options){
                                            .type = METRIC_HISTOGRAM,
                                            .name = "nusku_catalog_call_duration_seconds",
                                            .help = "Duration of these calls, without waiting.",
                                            .scale = METRIC_MICROSECONDS,
                                            .bounds = metric_duration_bounds,
                                            .bounds_n = METRIC_DURATION_BOUNDS,
                                        });
    m->up = add(registry, METRIC_GAUGE, "nusku_catalog_up",
                "1 while the catalog answers; else what is cached goes on serving.");
    m->queues = metrics_add(registry, &(struct metric_options){
                                          .type = METRIC_GAUGE,
                                          .name = "nusku_catalog_queues",
                                          .help = "Queues by pool, of all projects; of the whole "
                                                  "cluster, counted now and then.",
                                          .series = POOLS_MAX,
                                          .labels = label_pool,
                                          .context = m,
                                      });
    m->entries = add(registry, METRIC_GAUGE, "nusku_catalog_cache_entries",
                     "Queues, and absences of queues, that are cached.");
    m->hits = add(registry, METRIC_COUNTER, "nusku_catalog_cache_hits_total",
                  "Look-ups of a queue that the cache answered.");
    m->misses = add(registry, METRIC_COUNTER, "nusku_catalog_cache_misses_total",
                    "Look-ups of a queue that the catalog had to be asked for.");
    m->evictions = add(registry, METRIC_COUNTER, "nusku_catalog_cache_evictions_total",
                       "Entries that made room for others.");
    metrics_collect(registry, collect, m);
    return m;
}

void catalog_metrics_free(struct catalog_metrics *m)
{
    if (m == NULL)
        return;
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- Counting --------------------------------------------------------------------------------- */

void catalog_metrics_call(struct catalog_metrics *m, enum status st, int64_t us)
{
    if (m == NULL)
        return;
    metric_add(m->calls, 0, st, 1);
    metric_observe(m->duration, 0, 0, us > 0 ? (uint64_t)us : 0);
}

void catalog_metrics_up(struct catalog_metrics *m, bool up)
{
    if (m != NULL)
        metric_set(m->up, 0, 0, up);
}

bool catalog_metrics_wanted(struct catalog_metrics *m, int64_t now_mono_ms)
{
    bool wanted;

    if (m == NULL)
        return false;
    pthread_mutex_lock(&m->lock);
    wanted = m->scraped && now_mono_ms >= m->count_mono_ms;
    if (wanted) {
        m->scraped = false;
        m->count_mono_ms = now_mono_ms + COUNT_EVERY_MS;
    }
    pthread_mutex_unlock(&m->lock);
    return wanted;
}

static void take_totals(struct catalog_metrics *m, const struct queue_total *list, uint32_t n)
{
    m->latest_n = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct pool_queues *p = &m->latest[m->latest_n];

        if (list[i].pool.len > POOL_NAME_BYTES)
            continue;
        memcpy(p->name, list[i].pool.p, list[i].pool.len);
        p->name_bytes = list[i].pool.len;
        p->queues = list[i].queues;
        m->latest_n++;
    }
}

void catalog_metrics_count(struct catalog_metrics *m, struct catalog *c)
{
    int64_t began_ms = clock_mono_ms(), ended_ms;
    struct queue_total *list;
    struct arena a = {0};
    struct failure f;
    uint32_t n;
    enum status st = c->ops->queue_totals(c, POOLS_MAX, &a, &list, &n, &f);

    ended_ms = clock_mono_ms();
    pthread_mutex_lock(&m->lock);
    if (st == ST_OK)
        take_totals(m, list, n);
    if (ended_ms + (ended_ms - began_ms) * COUNT_REST > m->count_mono_ms)
        m->count_mono_ms = ended_ms + (ended_ms - began_ms) * COUNT_REST;
    pthread_mutex_unlock(&m->lock);
    arena_fini(&a);
}
