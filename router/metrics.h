/* router/metrics.h - what a router counts (doc/operations.md has the list for users).
 *
 * One set a process; each thread has a shard of it, by which struct router_meter counts. */
#ifndef ROUTER_METRICS_H
#define ROUTER_METRICS_H

#include "common/metrics.h"
#include "common/op.h"

struct router_metrics {
    /* HTTP, by route and method: router_metrics_route gives the series */
    struct metric *requests; /* and by status: router_metrics_request */
    struct metric *request_duration;
    struct metric *request_bytes, *response_bytes;
    struct metric *requests_broken, *requests_abandoned, *requests_in_progress;
    struct metric *connections;
    /* operations asked of workers */
    struct metric *operations;         /* by code and outcome: router_meter_operation */
    struct metric *operation_duration; /* by code */
    struct metric *outstanding, *retries;
    /* links */
    struct metric *links_up, *links_lost, *frames_sent, *frames_received, *sent_bytes,
        *received_bytes;
};

/* What a thread counts with. */
struct router_meter {
    struct router_metrics *metrics;
    size_t shard;
};

/* router_metrics_new adds them to a registry; free them when nobody renders it any more. */
struct router_metrics *router_metrics_new(struct metrics *registry, size_t threads);
void router_metrics_free(struct router_metrics *m);

/* meter_request counts a request that is answered. resource: its number in the table of routes, -1 for none;
 * method: an enum http_method, METHOD_COUNT for others. */
void meter_request(const struct router_meter *meter, int resource, int method, int status,
                   int64_t us, size_t request_bytes, size_t response_bytes);

/* meter_operation counts an operation that has ended. */
void meter_operation(const struct router_meter *meter, enum op_code code, enum status st,
                     int64_t us);

/* METER counts n in a metric without series, METER_SET sets one. */
#define METER(meter, metric, n)     metric_add((meter)->metrics->metric, (meter)->shard, 0, (n))
#define METER_SET(meter, metric, n) metric_set((meter)->metrics->metric, (meter)->shard, 0, (n))

#endif
