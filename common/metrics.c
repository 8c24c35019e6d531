#include "common/metrics.h"

#include "common/mem.h"

#include <pthread.h>
#include <stdlib.h>

enum { CELLS_A_LINE = 8 }; /* of the cache */

const uint64_t metric_duration_bounds[METRIC_DURATION_BOUNDS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,    25000,
    50000, 100000, 250000, 500000, 1000000, 5000000, 10000000,
};

struct collector {
    struct collector *next;
    void (*collect)(void *context);
    void *context;
};

struct metrics {
    pthread_mutex_t lock; /* guards the lists; counting doesn't take it */
    struct metric *first, **last;
    struct collector *collectors;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_zalloc(sizeof(*m));

    pthread_mutex_init(&m->lock, NULL);
    m->last = &m->first;
    return m;
}

void metrics_free(struct metrics *m)
{
    struct metric *metric;
    struct collector *c;

    if (m == NULL)
        return;
    while ((metric = m->first) != NULL) {
        m->first = metric->next;
        free(metric->memory);
        free(metric);
    }
    while ((c = m->collectors) != NULL) {
        m->collectors = c->next;
        free(c);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* allocate gives the cells, which begin with a cache line, as each of several shards does. They are not
 * written to: most cells of a large metric are never used, and their pages then cost nothing. */
static void allocate(struct metric *metric, size_t cells)
{
    size_t line = CELLS_A_LINE * sizeof(uint64_t);

    metric->memory = mem_zalloc(cells * sizeof(uint64_t) + line);
    metric->cells = (uint64_t *)(((uintptr_t)metric->memory + line - 1) / line * line);
}

struct metric *metrics_add(struct metrics *m, const struct metric_options *options)
{
    struct metric *metric = mem_zalloc(sizeof(*metric));
    struct metric_options *o = &metric->options;

    *o = *options;
    o->series = o->series == 0 ? 1 : o->series;
    o->shards = o->shards == 0 ? 1 : o->shards;
    o->scale = o->scale == 0 ? 1 : o->scale;
    metric->width = o->type == METRIC_HISTOGRAM ? o->bounds_n + 2 : 1;
    metric->stride = o->series * metric->width;
    if (o->shards > 1)
        metric->stride = (metric->stride + CELLS_A_LINE - 1) / CELLS_A_LINE * CELLS_A_LINE;
    allocate(metric, o->shards * metric->stride);
    pthread_mutex_lock(&m->lock);
    *m->last = metric;
    m->last = &metric->next;
    pthread_mutex_unlock(&m->lock);
    return metric;
}

void metrics_collect(struct metrics *m, void (*collect)(void *context), void *context)
{
    struct collector *c = mem_zalloc(sizeof(*c));

    c->collect = collect;
    c->context = context;
    pthread_mutex_lock(&m->lock);
    c->next = m->collectors;
    m->collectors = c;
    pthread_mutex_unlock(&m->lock);
}

/* ---- Reading ---------------------------------------------------------------------------------- */

/* sum_cell adds one cell of a series up over the shards. */
static uint64_t sum_cell(const struct metric *m, size_t series, size_t at)
{
    uint64_t sum = 0;

    for (size_t shard = 0; shard < m->options.shards; shard++)
        sum += __atomic_load_n(metric_cell(m, shard, series) + at, __ATOMIC_RELAXED);
    return sum;
}

uint64_t metric_value(const struct metric *m, size_t series)
{
    uint64_t count = 0;

    if (m->options.type != METRIC_HISTOGRAM)
        return sum_cell(m, series, 0);
    for (size_t bucket = 0; bucket <= m->options.bounds_n; bucket++)
        count += sum_cell(m, series, bucket);
    return count;
}

/* ---- Rendering -------------------------------------------------------------------------------- */

static void add_escaped(struct buffer *out, struct slice text, bool quotes)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (c == '\n')
            buffer_add_literal(out, "\\n");
        else if (c == '\\' || (quotes && c == '"'))
            buffer_printf(out, "\\%c", c);
        else
            buffer_add_char(out, c);
    }
}

void metrics_label(struct buffer *out, const char *name, struct slice value)
{
    buffer_printf(out, "%s%s=\"", out->len > 0 ? "," : "", name);
    add_escaped(out, value, true);
    buffer_add_char(out, '"');
}

void metrics_label_pool(struct buffer *out, struct slice pool)
{
    metrics_label(out, "pool", pool.len > 0 ? pool : SLICE("(default)"));
}

void metrics_label_lower(struct buffer *out, const char *name, struct slice value)
{
    size_t from = out->len;

    metrics_label(out, name, value);
    for (size_t i = from; i < out->len; i++)
        if (out->p[i] >= 'A' && out->p[i] <= 'Z')
            out->p[i] = (char)(out->p[i] - 'A' + 'a');
}

/* add_scaled writes n / scale exactly, without zeros at its end. */
static void add_scaled(struct buffer *out, uint64_t n, uint64_t scale)
{
    uint64_t rest = n % scale;

    buffer_add_uint(out, n / scale);
    if (rest > 0)
        buffer_add_char(out, '.');
    while (rest > 0) {
        scale /= 10;
        buffer_add_char(out, (char)('0' + rest / scale));
        rest %= scale;
    }
}

/* add_sample writes a line. le is the bound of a bucket, absent where it is none. */
static void add_sample(struct buffer *out, const struct metric *m, const char *suffix,
                       struct slice labels, struct slice le, uint64_t n, uint64_t scale)
{
    buffer_printf(out, "%s%s", m->options.name, suffix);
    if (labels.len > 0 || le.len > 0) {
        buffer_add_char(out, '{');
        buffer_add(out, labels);
        if (le.len > 0)
            buffer_printf(out, "%sle=\"%.*s\"", labels.len > 0 ? "," : "", SLICE_ARG(le));
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ' ');
    add_scaled(out, n, scale);
    buffer_add_char(out, '\n');
}

static void add_histogram(struct buffer *out, const struct metric *m, size_t series,
                          struct slice labels)
{
    const struct metric_options *o = &m->options;
    struct slice none = {NULL, 0};
    struct buffer bound = {0};
    uint64_t count = 0;

    for (size_t i = 0; i < o->bounds_n; i++) {
        count += sum_cell(m, series, i);
        bound.len = 0;
        add_scaled(&bound, o->bounds[i], o->scale);
        add_sample(out, m, "_bucket", labels, buffer_slice(&bound), count, 1);
    }
    buffer_fini(&bound);
    count += sum_cell(m, series, o->bounds_n);
    add_sample(out, m, "_bucket", labels, SLICE("+Inf"), count, 1);
    add_sample(out, m, "_sum", labels, none, sum_cell(m, series, o->bounds_n + 1), o->scale);
    add_sample(out, m, "_count", labels, none, count, 1);
}

static void add_head(struct buffer *out, const struct metric_options *o)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };

    buffer_printf(out, "# HELP %s ", o->name);
    add_escaped(out, slice_of(o->help), false);
    buffer_printf(out, "\n# TYPE %s %s\n", o->name, types[o->type]);
}

static void add_metric(struct buffer *out, const struct metric *m, struct buffer *labels)
{
    const struct metric_options *o = &m->options;
    bool any = false;

    for (size_t i = 0; i < o->series; i++) {
        labels->len = 0;
        if (o->sparse && metric_value(m, i) == 0)
            continue;
        if (o->labels != NULL && !o->labels(o->context, i, labels))
            continue;
        if (!any)
            add_head(out, o);
        any = true;
        if (o->type == METRIC_HISTOGRAM)
            add_histogram(out, m, i, buffer_slice(labels));
        else
            add_sample(out, m, "", buffer_slice(labels), (struct slice){NULL, 0}, sum_cell(m, i, 0),
                       o->scale);
    }
}

void metrics_render(struct metrics *m, struct buffer *out)
{
    struct buffer labels = {0};

    pthread_mutex_lock(&m->lock);
    for (struct collector *c = m->collectors; c != NULL; c = c->next)
        c->collect(c->context);
    for (struct metric *metric = m->first; metric != NULL; metric = metric->next)
        add_metric(out, metric, &labels);
    pthread_mutex_unlock(&m->lock);
    buffer_fini(&labels);
}
