/* common/metrics.h - what a process counts, and the text in which Prometheus reads it.
 *
 * A metric is a family of series that differ in their labels. All of them exist from the beginning, so
 * counting is an addition to a cell that is there: no lock, no allocation, no look-up, from any thread.
 * Threads that count the same get a shard each, which keeps them off each other's cache lines; a scrape
 * adds the shards up. How many series there can be is fixed where a metric is added: no name of a
 * project, queue or client is ever a label.
 *
 * Cells are integers. Durations are counted in microseconds and shown in seconds (scale).
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct metrics;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_MICROSECONDS = 1000000 }; /* scale of durations */

/* Everything here is borrowed for as long as the registry lives. */
struct metric_options {
    enum metric_type type;
    const char *name; /* as Prometheus wants it: base units, _total for counters */
    const char *help;
    uint64_t scale; /* what is shown is the cell divided by it, a power of ten; 0: as it is */
    size_t series;  /* 0: one */
    size_t shards;  /* 0: one */
    bool sparse;    /* a series shows itself once it is not zero */
    /* labels appends the labels of a series with metrics_label. False: there is no such series (now).
     * NULL: the metric has one series without labels. Runs on the thread that renders. */
    bool (*labels)(const void *context, size_t series, struct buffer *out);
    const void *context;
    const uint64_t *bounds; /* of a histogram: upper bounds in units of the cells, rising */
    size_t bounds_n;
};

/* In the open for the functions below, which are to cost nothing. */
struct metric {
    struct metric_options options;
    uint64_t *cells; /* a shard behind the other */
    void *memory;    /* that they lie in */
    size_t
        width; /* cells of a series: 1; of a histogram its buckets, the last one +Inf, and the sum */
    size_t stride; /* cells of a shard */
    struct metric *next;
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* and all of its metrics */

/* metrics_add may be called at any time; the metric lives as long as the registry. */
struct metric *metrics_add(struct metrics *m, const struct metric_options *options);

/* metrics_collect has a function run before each rendering, on its thread: for what is kept elsewhere and
 * only copied into cells. Not to be called by such a function. */
void metrics_collect(struct metrics *m, void (*collect)(void *context), void *context);

/* metrics_add_process adds what every process has: CPU time, memory, files, its version. Once a process. */
void metrics_add_process(struct metrics *m);

/* metrics_render appends all of it in the text format of Prometheus, version 0.0.4. */
void metrics_render(struct metrics *m, struct buffer *out);

/* metrics_label appends name="value", escaped, and a comma where one is needed. */
void metrics_label(struct buffer *out, const char *name, struct slice value);

/* metrics_label_pool appends pool="name"; the default pool, whose name is empty, is "(default)", which no
 * other can be called. (To Prometheus an empty label is none.) */
void metrics_label_pool(struct buffer *out, struct slice pool);

/* metrics_label_lower is metrics_label with the value in lower case, as labels are written. */
void metrics_label_lower(struct buffer *out, const char *name, struct slice value);

/* metric_value gives a cell's sum over the shards; of a histogram how many values it has seen. */
uint64_t metric_value(const struct metric *m, size_t series);

/* The usual bounds of durations: 0.1 ms to 10 s. */
extern const uint64_t metric_duration_bounds[];
enum { METRIC_DURATION_BOUNDS = 15 };

static inline uint64_t *metric_cell(const struct metric *m, size_t shard, size_t series)
{
    return m->cells + shard * m->stride + series * m->width;
}

/* metric_add counts n more. */
static inline void metric_add(const struct metric *m, size_t shard, size_t series, uint64_t n)
{
    __atomic_fetch_add(metric_cell(m, shard, series), n, __ATOMIC_RELAXED);
}

/* metric_set is for gauges, and for counters that somebody else keeps. */
static inline void metric_set(const struct metric *m, size_t shard, size_t series, uint64_t n)
{
    __atomic_store_n(metric_cell(m, shard, series), n, __ATOMIC_RELAXED);
}

/* metric_get reads one shard. */
static inline uint64_t metric_get(const struct metric *m, size_t shard, size_t series)
{
    return __atomic_load_n(metric_cell(m, shard, series), __ATOMIC_RELAXED);
}

/* metric_observe puts a value into a histogram. */
static inline void metric_observe(const struct metric *m, size_t shard, size_t series,
                                  uint64_t value)
{
    uint64_t *cells = metric_cell(m, shard, series);
    size_t bucket = 0;

    while (bucket < m->options.bounds_n && value > m->options.bounds[bucket])
        bucket++;
    __atomic_fetch_add(&cells[bucket], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&cells[m->options.bounds_n + 1], value, __ATOMIC_RELAXED);
}

#endif
