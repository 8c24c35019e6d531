/* tests/unit/worker/test_dropped.c - lives of queues that were dropped a moment ago. */
#include "tests/support/cmocka_all.h"

#include "worker/dropped.h"

enum { HALF_A_MINUTE_MS = 30000, ENTRIES_MAX = 65536 };

static int begin(void **state)
{
    *state = dropped_new();
    return 0;
}

static int end(void **state)
{
    dropped_free(*state);
    return 0;
}

static void test_dropped_has_what_was_added_and_nothing_else(void **state)
{
    assert_false(dropped_has(*state, 7, 1000));
    dropped_add(*state, 7, 1000);
    assert_true(dropped_has(*state, 7, 1000));
    assert_false(dropped_has(*state, 8, 1000));
    assert_false(dropped_has(*state, 7 + (UINT64_C(1) << 32), 1000));
    dropped_add(*state, UINT64_MAX, 1000);
    assert_true(dropped_has(*state, UINT64_MAX, 1000));
    assert_true(dropped_has(*state, 7, 1000));
}

static void test_dropped_forgets_after_half_a_minute(void **state)
{
    dropped_add(*state, 7, 1000);
    assert_true(dropped_has(*state, 7, 1000 + HALF_A_MINUTE_MS - 1));
    assert_false(dropped_has(*state, 7, 1000 + HALF_A_MINUTE_MS));
    assert_false(dropped_has(*state, 7, 1000 + 10 * HALF_A_MINUTE_MS));
}

static void test_dropped_again_is_remembered_from_then_on(void **state)
{
    dropped_add(*state, 7, 1000);
    dropped_add(*state, 8, 2000);
    dropped_add(*state, 7, 20000);
    assert_true(dropped_has(*state, 7, 20000 + HALF_A_MINUTE_MS - 1));
    assert_false(dropped_has(*state, 7, 20000 + HALF_A_MINUTE_MS));
    assert_false(dropped_has(*state, 8, 2000 + HALF_A_MINUTE_MS));
}

static void test_dropped_adding_leaves_what_is_not_yet_old(void **state)
{
    dropped_add(*state, 1, 0);
    dropped_add(*state, 2, 10000);
    dropped_add(*state, 3, HALF_A_MINUTE_MS); /* 1 goes, 2 stays */
    assert_false(dropped_has(*state, 1, HALF_A_MINUTE_MS));
    assert_true(dropped_has(*state, 2, HALF_A_MINUTE_MS));
    assert_true(dropped_has(*state, 3, HALF_A_MINUTE_MS));
}

static void test_dropped_oldest_of_too_many_goes(void **state)
{
    for (uint64_t epoch = 1; epoch <= ENTRIES_MAX; epoch++)
        dropped_add(*state, epoch, (int64_t)(epoch / 16));
    assert_true(dropped_has(*state, 1, 5000));
    assert_true(dropped_has(*state, ENTRIES_MAX, 5000));
    dropped_add(*state, 2, 5000); /* again: as many as before, and 2 is the youngest */
    assert_true(dropped_has(*state, 1, 5000));
    dropped_add(*state, ENTRIES_MAX + 1, 5000);
    assert_false(dropped_has(*state, 1, 5000));
    assert_true(dropped_has(*state, 2, 5000));
    assert_true(dropped_has(*state, 3, 5000));
    dropped_add(*state, ENTRIES_MAX + 2, 5000);
    assert_false(dropped_has(*state, 3, 5000));
    assert_true(dropped_has(*state, 4, 5000));
    assert_true(dropped_has(*state, ENTRIES_MAX + 2, 5000));
}

static void test_dropped_free_takes_null(void **state)
{
    (void)state;
    dropped_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dropped_has_what_was_added_and_nothing_else),
        TEST(test_dropped_forgets_after_half_a_minute),
        TEST(test_dropped_again_is_remembered_from_then_on),
        TEST(test_dropped_adding_leaves_what_is_not_yet_old),
        TEST(test_dropped_oldest_of_too_many_goes),
        cmocka_unit_test(test_dropped_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
