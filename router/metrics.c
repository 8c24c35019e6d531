#include "router/metrics.h"

#include "common/mem.h"
#include "router/http/http_status.h"
#include "router/http/routes.h"

#include <stdio.h>
#include <stdlib.h>

/* The series of HTTP's metrics: route (the last one: none), then method (the last one: any other), then
 * status (slot 0: one that http_reason doesn't know). */
enum {
    METHODS = METHOD_COUNT + 1,
    STATUS_LEAST = 100,
    STATUS_MOST = 599,
    SLOTS_MAX = 64,
};

static unsigned char slot_of[STATUS_MOST + 1];
static int status_of[SLOTS_MAX];
static size_t slots_n;

/* number_statuses gives each status that the service may answer a slot. */
static void number_statuses(void)
{
    slots_n = 1;
    for (int status = STATUS_LEAST; status <= STATUS_MOST && slots_n < SLOTS_MAX; status++) {
        if (strcmp(http_reason(status), "Unknown") == 0)
            continue;
        slot_of[status] = (unsigned char)slots_n;
        status_of[slots_n++] = status;
    }
}

static size_t routes_n(void)
{
    size_t n;

    route_table(&n);
    return n;
}

/* ---- Labels ----------------------------------------------------------------------------------- */

static bool label_route(const void *context, size_t series, struct buffer *out)
{
    size_t n;
    const struct resource *table = route_table(&n);
    size_t route = series / METHODS, method = series % METHODS;

    (void)context;
    metrics_label(out, "route", route < n ? slice_of(table[route].path) : SLICE("none"));
    metrics_label(out, "method",
                  method < METHOD_COUNT ? slice_of(method_name((enum http_method)method))
                                        : SLICE("other"));
    return true;
}

static bool label_request(const void *context, size_t series, struct buffer *out)
{
    int status = status_of[series % slots_n];
    char text[8];

    label_route(context, series / slots_n, out);
    snprintf(text, sizeof(text), "%d", status);
    metrics_label(out, "status", status == 0 ? SLICE("other") : slice_of(text));
    return true;
}

static bool label_operation(const void *context, size_t series, struct buffer *out)
{
    (void)context;
    if (!op_known(series))
        return false;
    metrics_label(out, "operation", slice_of(op_name((enum op_code)series)));
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

/* A way to add metrics that have a shard for each thread. */
struct adder {
    struct metrics *registry;
    size_t threads;
};

static struct metric *add(const struct adder *to, enum metric_type type, const char *name,
                          const char *help)
{
    return metrics_add(
        to->registry,
        &(struct metric_options){.type = type, .name = name, .help = help, .shards = to->threads});
}

static struct metric *add_series(const struct adder *to, const char *name, const char *help,
                                 size_t series,
                                 bool (*labels)(const void *, size_t, struct buffer *))
{
    return metrics_add(to->registry, &(struct metric_options){.type = METRIC_COUNTER,
                                                              .name = name,
                                                              .help = help,
                                                              .shards = to->threads,
                                                              .series = series,
                                                              .sparse = true,
                                                              .labels = labels});
}

static struct metric *add_durations(const struct adder *to, const char *name, const char *help,
                                    size_t series,
                                    bool (*labels)(const void *, size_t, struct buffer *))
{
    return metrics_add(to->registry, &(struct metric_options){.type = METRIC_HISTOGRAM,
                                                              .name = name,
                                                              .help = help,
                                                              .scale = METRIC_MICROSECONDS,
                                                              .shards = to->threads,
                                                              .series = series,
                                                              .sparse = true,
                                                              .labels = labels,
                                                              .bounds = metric_duration_bounds,
                                                              .bounds_n = METRIC_DURATION_BOUNDS});
}

static void add_http(struct router_metrics *m, const struct adder *to)
{
    size_t n = (routes_n() + 1) * METHODS;

    m->requests =
        add_series(to, "nusku_router_requests_total",
                   "Requests answered, by route, method and status.", n * slots_n, label_request);
    m->request_duration =
        add_durations(to, "nusku_router_request_duration_seconds",
                      "From a whole request to its answer being ready.", n, label_route);
    m->request_bytes = add_series(to, "nusku_router_request_body_bytes_total",
                                  "Bytes of the bodies of these requests.", n, label_route);
    m->response_bytes = add_series(to, "nusku_router_response_body_bytes_total",
                                   "Bytes of the bodies of the answers.", n, label_route);
    m->requests_broken =
        add(to, METRIC_COUNTER, "nusku_router_requests_broken_total",
            "Requests refused before they were whole: no HTTP, too large, or shed for memory.");
    m->requests_abandoned = add(to, METRIC_COUNTER, "nusku_router_requests_abandoned_total",
                                "Requests whose client had gone before they were answered.");
    m->requests_in_progress =
        add(to, METRIC_GAUGE, "nusku_router_requests_in_progress", "Requests being answered.");
    m->connections = add(to, METRIC_GAUGE, "nusku_router_connections", "Connections of clients.");
}

static void add_operations(struct router_metrics *m, const struct adder *to)
{
    m->operations = add_series(to, "nusku_router_operations_total",
                               "Operations asked of workers, by how they ended.",
                               (size_t)OP_NUMBERS * STATUS_NUMBERS, label_outcome);
    m->operation_duration =
        add_durations(to, "nusku_router_operation_duration_seconds",
                      "Duration of operations: to the worker, in its store, and back.", OP_NUMBERS,
                      label_operation);
    m->outstanding = add(to, METRIC_GAUGE, "nusku_router_operations_outstanding",
                         "Operations under way, those that wait for a worker among them.");
    m->retries = add(to, METRIC_COUNTER, "nusku_router_operation_retries_total",
                     "Times that an operation was asked again because a link was lost.");
}

static void add_links(struct router_metrics *m, const struct adder *to)
{
    m->links_up = add(to, METRIC_GAUGE, "nusku_router_links_up",
                      "Links to workers that are up; each thread has one to each worker.");
    m->links_lost = add(to, METRIC_COUNTER, "nusku_router_links_lost_total",
                        "Links that were lost, or could not be made.");
    m->frames_sent =
        add(to, METRIC_COUNTER, "nusku_router_frames_sent_total", "Frames sent to workers.");
    m->frames_received = add(to, METRIC_COUNTER, "nusku_router_frames_received_total",
                             "Frames received from workers.");
    m->sent_bytes =
        add(to, METRIC_COUNTER, "nusku_router_frame_sent_bytes_total", "Bytes of the frames sent.");
    m->received_bytes = add(to, METRIC_COUNTER, "nusku_router_frame_received_bytes_total",
                            "Bytes of the frames received.");
}

struct router_metrics *router_metrics_new(struct metrics *registry, size_t threads)
{
    struct router_metrics *m = mem_zalloc(sizeof(*m));
    struct adder to = {registry, threads};

    number_statuses();
    add_http(m, &to);
    add_operations(m, &to);
    add_links(m, &to);
    return m;
}

void router_metrics_free(struct router_metrics *m)
{
    free(m);
}

/* ---- Counting --------------------------------------------------------------------------------- */

void meter_request(const struct router_meter *meter, int resource, int method, int status,
                   int64_t us, size_t request_bytes, size_t response_bytes)
{
    const struct router_metrics *m = meter->metrics;
    size_t route = resource < 0 ? routes_n() : (size_t)resource;
    size_t series = route * METHODS + (size_t)method;
    size_t slot = status >= STATUS_LEAST && status <= STATUS_MOST ? slot_of[status] : 0;

    metric_add(m->requests, meter->shard, series * slots_n + slot, 1);
    metric_observe(m->request_duration, meter->shard, series, us > 0 ? (uint64_t)us : 0);
    if (request_bytes > 0)
        metric_add(m->request_bytes, meter->shard, series, request_bytes);
    if (response_bytes > 0)
        metric_add(m->response_bytes, meter->shard, series, response_bytes);
}

void meter_operation(const struct router_meter *meter, enum op_code code, enum status st,
                     int64_t us)
{
    const struct router_metrics *m = meter->metrics;

    metric_add(m->operations, meter->shard, (size_t)code * STATUS_NUMBERS + (size_t)st, 1);
    metric_observe(m->operation_duration, meter->shard, code, us > 0 ? (uint64_t)us : 0);
}
