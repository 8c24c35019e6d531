/* tests/unit/router/test_meter.c - which series a request and an operation of a router count in. */
#include "tests/support/cmocka_all.h"

#include "router/http/routes.h"
#include "router/metrics.h"

#include <stdio.h>

static bool has_line(struct metrics *registry, const char *line)
{
    struct buffer out = {0};
    bool found;

    metrics_render(registry, &out);
    buffer_add_char(&out, '\0');
    found = strstr(out.p, line) != NULL;
    buffer_fini(&out);
    return found;
}

static int number_of(const char *path)
{
    size_t n;
    const struct resource *table = route_table(&n);

    for (size_t i = 0; i < n; i++)
        if (slice_eq(slice_of(table[i].path), slice_of(path)))
            return (int)i;
    fail_msg("%s is no route", path);
    return -1;
}

static void test_requests(void **state)
{
    struct metrics *registry = metrics_new();
    struct router_metrics *m = router_metrics_new(registry, 2);
    struct router_meter first = {m, 0}, second = {m, 1};
    int ping = number_of("/v2/ping");

    (void)state;
    assert_false(has_line(registry, "nusku_router_requests_total"));
    meter_request(&first, ping, METHOD_GET, 204, 700, 0, 0);
    meter_request(&second, ping, METHOD_GET, 204, -5, 0, 0); /* a clock of no sense */
    meter_request(&second, -1, METHOD_COUNT, 404, 10, 7, 26);
    meter_request(&second, ping, METHOD_HEAD, 299, 10, 0, 0);
    meter_request(&second, ping, METHOD_HEAD, 0, 10, 0, 0);
    meter_request(&second, ping, METHOD_HEAD, 99999, 10, 0, 0);
    assert_true(has_line(registry,
                         "\nnusku_router_requests_total{route=\"/v2/ping\",method=\"GET\","
                         "status=\"204\"} 2\n"));
    assert_true(has_line(registry, "\nnusku_router_requests_total{route=\"none\",method=\"other\","
                                   "status=\"404\"} 1\n"));
    assert_true(has_line(registry,
                         "\nnusku_router_requests_total{route=\"/v2/ping\",method=\"HEAD\","
                         "status=\"other\"} 3\n"));
    assert_true(has_line(registry, "\nnusku_router_request_duration_seconds_sum{route=\"/v2/ping\","
                                   "method=\"GET\"} 0.0007\n"));
    assert_true(has_line(registry, "\nnusku_router_request_body_bytes_total{route=\"none\","
                                   "method=\"other\"} 7\n"));
    assert_true(has_line(registry, "\nnusku_router_response_body_bytes_total{route=\"none\","
                                   "method=\"other\"} 26\n"));
    metrics_free(registry);
    router_metrics_free(m);
}

static void test_every_route_has_series_of_its_own(void **state)
{
    struct metrics *registry = metrics_new();
    struct router_metrics *m = router_metrics_new(registry, 1);
    struct router_meter meter = {m, 0};
    size_t n;
    const struct resource *table = route_table(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (int method = 0; method < METHOD_COUNT; method++)
            for (size_t times = 0; times <= i; times++)
                meter_request(&meter, (int)i, method, 200, 1, 0, 0);
    for (size_t i = 0; i < n; i++) {
        for (int method = 0; method < METHOD_COUNT; method++) {
            char line[160];

            snprintf(
                line, sizeof(line),
                "\nnusku_router_requests_total{route=\"%s\",method=\"%s\",status=\"200\"} %zu\n",
                table[i].path, method_name((enum http_method)method), i + 1);
            assert_true(has_line(registry, line));
        }
    }
    metrics_free(registry);
    router_metrics_free(m);
}

static void test_operations(void **state)
{
    struct metrics *registry = metrics_new();
    struct router_metrics *m = router_metrics_new(registry, 1);
    struct router_meter meter = {m, 0};

    (void)state;
    meter_operation(&meter, OP_message_post, ST_OK, 2000);
    meter_operation(&meter, OP_store_ping, ST_QUEUE_GONE, 1);
    METER(&meter, retries, 3);
    METER_SET(&meter, links_up, 2);
    assert_true(has_line(registry, "\nnusku_router_operations_total{operation=\"message_post\","
                                   "outcome=\"ok\"} 1\n"));
    assert_true(has_line(registry, "\nnusku_router_operations_total{operation=\"store_ping\","
                                   "outcome=\"queue_gone\"} 1\n"));
    assert_true(has_line(registry, "\nnusku_router_operation_duration_seconds_sum{"
                                   "operation=\"message_post\"} 0.002\n"));
    assert_true(has_line(registry, "\nnusku_router_operation_retries_total 3\n"));
    assert_true(has_line(registry, "\nnusku_router_links_up 2\n"));
    metrics_free(registry);
    router_metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_every_route_has_series_of_its_own),
        cmocka_unit_test(test_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
