/* tests/unit/router/test_prober.c - when a service is healthy; the rest is tests/integration/test_health.py. */
#include "tests/support/cmocka_all.h"

#include "router/prober.h"

static void fill(struct pool_health *h)
{
    *h = (struct pool_health){.reachable = true};
    for (int step = 0; step < PROBE_STEP_COUNT; step++)
        h->steps[step] = (struct probe_outcome){.tried = true, .succeeded = true};
}

static void test_a_service_is_healthy_when_everything_is(void **state)
{
    struct pool_health pools[2];
    struct health_report report = {true, pools, 2};

    (void)state;
    fill(&pools[0]);
    fill(&pools[1]);
    assert_true(health_is_good(&report));
    report.catalog_reachable = false;
    assert_false(health_is_good(&report));
    report.catalog_reachable = true;
    pools[1].reachable = false;
    assert_false(health_is_good(&report));
    pools[1].reachable = true;
    report.n = 0;
    assert_true(health_is_good(&report));
}

static void test_a_step_that_failed_or_was_left_out_is_not_healthy(void **state)
{
    struct pool_health pool;
    struct health_report report = {true, &pool, 1};

    (void)state;
    for (int step = 0; step < PROBE_STEP_COUNT; step++) {
        fill(&pool);
        assert_true(health_is_good(&report));
        pool.steps[step].succeeded = false;
        assert_false(health_is_good(&report));
        pool.steps[step] = (struct probe_outcome){0};
        assert_false(health_is_good(&report));
    }
}

static void test_steps_have_the_names_of_the_api(void **state)
{
    static const char *const names[] = {
        "create_queue",    "post_messages", "claim_messages",       "list_messages",
        "delete_messages", "delete_claim",  "bulk_delete_messages", "delete_queue",
    };

    (void)state;
    assert_int_equal(PROBE_STEP_COUNT, sizeof(names) / sizeof(names[0]));
    for (int step = 0; step < PROBE_STEP_COUNT; step++)
        assert_string_equal(probe_step_name((enum probe_step)step), names[step]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_service_is_healthy_when_everything_is),
        cmocka_unit_test(test_a_step_that_failed_or_was_left_out_is_not_healthy),
        cmocka_unit_test(test_steps_have_the_names_of_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
