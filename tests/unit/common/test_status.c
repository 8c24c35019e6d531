/* tests/unit/common/test_status.c - the vocabulary of outcomes. */
#include "tests/support/cmocka_all.h"

#include "common/status.h"

#include <limits.h>

/* The numbers travel on the wire. A line is added here with each new status; none is ever changed. */
static const struct {
    int number;
    const char *name;
} expected[] = {
    {0, "OK"},          {1, "NOT_FOUND"},   {2, "CONFLICT"}, {3, "INVALID"}, {4, "UNAVAILABLE"},
    {5, "TIMEOUT"},     {6, "OVERLOADED"},  {7, "INTERNAL"}, {8, "CLAIMED"}, {9, "NOT_CLAIMED"},
    {10, "CLAIM_GONE"}, {11, "QUEUE_GONE"}, {12, "REFUSED"}, {13, "FULL"},   {14, "REJECTED"},
};

enum { EXPECTED = sizeof(expected) / sizeof(expected[0]) };

static void test_status_numbers_never_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++)
        assert_string_equal(status_name((enum status)expected[i].number), expected[i].name);
}

static void test_status_known_tells_ours_from_all_other_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < EXPECTED; i++)
        assert_true(status_known(i));
    assert_false(status_known(EXPECTED));
    assert_false(status_known(-1));
    assert_false(status_known(INT64_C(1) << 32)); /* 0 in the low half */
    assert_false(status_known(LLONG_MIN));
    assert_false(status_known(LLONG_MAX));
}

static void test_status_name_and_text_are_never_null(void **state)
{
    (void)state;
    for (int i = 0; i < EXPECTED; i++) {
        assert_true(strlen(status_name((enum status)i)) > 1);
        assert_true(strlen(status_text((enum status)i)) > 1);
    }
    assert_string_equal(status_name((enum status)EXPECTED), "?");
    assert_string_equal(status_text((enum status)EXPECTED), "?");
    assert_string_equal(status_text(ST_OK), "done");
}

static void test_status_fail_fills_the_failure_and_returns_the_status(void **state)
{
    struct failure f = {0};

    (void)state;
    assert_int_equal(fail(&f, ST_TIMEOUT, "ttl %d of %s", 7, "q"), ST_TIMEOUT);
    assert_int_equal(f.st, ST_TIMEOUT);
    assert_string_equal(f.text, "ttl 7 of q");
}

static void test_status_fail_takes_null(void **state)
{
    (void)state;
    assert_int_equal(fail(NULL, ST_CONFLICT, "%d", 1), ST_CONFLICT);
}

static void test_status_fail_cuts_a_text_that_does_not_fit(void **state)
{
    char longer[FAILURE_TEXT_BYTES + 100];
    struct failure f;

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    fail(&f, ST_INVALID, "%s", longer);
    assert_int_equal(strlen(f.text), FAILURE_TEXT_BYTES - 1);
    assert_memory_equal(f.text, longer, FAILURE_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_numbers_never_change),
        cmocka_unit_test(test_status_known_tells_ours_from_all_other_numbers),
        cmocka_unit_test(test_status_name_and_text_are_never_null),
        cmocka_unit_test(test_status_fail_fills_the_failure_and_returns_the_status),
        cmocka_unit_test(test_status_fail_takes_null),
        cmocka_unit_test(test_status_fail_cuts_a_text_that_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
