/* tests/unit/worker/test_worker_metrics.c - the series of pools, and which of them an operation counts in. */
#include "tests/support/cmocka_all.h"

#include "worker/metrics.h"

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

static void test_operations_by_pool(void **state)
{
    struct metrics *registry = metrics_new();
    struct worker_metrics *m = worker_metrics_new(registry);
    struct op op = {.code = OP_message_pop};

    (void)state;
    assert_false(has_line(registry, "nusku_worker_store_up"));
    assert_int_equal(worker_metrics_pool(m, SLICE("")), 1);
    assert_int_equal(worker_metrics_pool(m, SLICE("fast")), 2);
    assert_int_equal(worker_metrics_pool(m, SLICE("")), 1); /* opened again */
    worker_metrics_done(m, &op, 300);
    op.queue.pool = SLICE("fast");
    op.st = ST_TIMEOUT;
    worker_metrics_done(m, &op, 1);
    worker_metrics_done(m, &op, 1);
    assert_true(has_line(registry, "\nnusku_worker_operations_total{pool=\"(default)\","
                                   "operation=\"message_pop\",outcome=\"ok\"} 1\n"));
    assert_true(has_line(registry, "\nnusku_worker_operations_total{pool=\"fast\","
                                   "operation=\"message_pop\",outcome=\"timeout\"} 2\n"));
    assert_true(has_line(registry, "\nnusku_worker_operation_duration_seconds_sum{"
                                   "pool=\"(default)\",operation=\"message_pop\"} 0.0003\n"));
    assert_true(has_line(registry, "\nnusku_worker_store_up{pool=\"fast\"} 0\n"));
    worker_metrics_pool_gone(m, 2); /* what is removed is not down */
    assert_false(has_line(registry, "\nnusku_worker_store_up{pool=\"fast\"}"));
    assert_true(has_line(registry, "\nnusku_worker_store_up{pool=\"(default)\"} 0\n"));
    assert_int_equal(worker_metrics_pool(m, SLICE("fast")), 2);
    assert_true(has_line(registry, "\nnusku_worker_store_up{pool=\"fast\"} 0\n"));
    assert_false(has_line(registry, "(other)"));
    metrics_free(registry);
    worker_metrics_free(m);
}

static void test_pools_beyond_the_bound_share_a_series(void **state)
{
    struct metrics *registry = metrics_new();
    struct worker_metrics *m = worker_metrics_new(registry);
    struct op op = {.code = OP_message_pop, .queue.pool = SLICE("nobody's")};
    size_t last = 0;
    char name[80];

    (void)state;
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof(name), "pool-%d", i);
        assert_int_equal(worker_metrics_pool(m, slice_of(name)), ++last);
    }
    assert_int_equal(worker_metrics_pool(m, SLICE("one too many")), 0);
    assert_int_equal(worker_metrics_pool(m, SLICE("pool-63")), 64);
    memset(name, 'x', sizeof(name));
    assert_int_equal(worker_metrics_pool(m, (struct slice){name, sizeof(name)}), 0);
    worker_metrics_done(m, &op, 1);
    assert_true(has_line(registry, "\nnusku_worker_operations_total{pool=\"(other)\","
                                   "operation=\"message_pop\",outcome=\"ok\"} 1\n"));
    metrics_free(registry);
    worker_metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_by_pool),
        cmocka_unit_test(test_pools_beyond_the_bound_share_a_series),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
