/* tests/unit/router/test_http_status.c - the API's faults and HTTP's numbers. */
#include "tests/support/cmocka_all.h"

#include "router/http/http_status.h"

static void test_http_status_every_fault_is_the_one_of_the_contract(void **state)
{
    static const struct {
        enum fault fault;
        int status;
        const char *title;
    } expected[] = {
        {FAULT_QUEUE_NAME, 400, "Invalid queue identification"},
        {FAULT_TOPIC_NAME, 400, "Invalid topic identification"},
        {FAULT_REQUEST, 400, "Invalid API request"},
        {FAULT_BODY, 400, "Invalid request body"},
        {FAULT_DELETE, 400, "Unable to delete"},
        {FAULT_DELETE_FORBIDDEN, 403, "Unable to delete"},
        {FAULT_SUBSCRIPTION_UPDATE, 400, "Unable to update subscription"},
        {FAULT_SUBSCRIPTION_CONFIRM, 400, "Unable to confirm subscription"},
        {FAULT_NOT_FOUND, 404, "Not found"},
        {FAULT_CONFLICT, 409, "Resource conflict"},
        {FAULT_POOL_CREATE, 400, "Unable to create pool"},
        {FAULT_FLAVOR_CREATE, 400, "Unable to create"},
        {FAULT_FLAVOR_UPDATE, 400, "updatefail"},
        {FAULT_UNAVAILABLE, 503, "Service temporarily unavailable"},
        {FAULT_INTERNAL, 500, "Internal server error"},
    };

    (void)state;
    assert_int_equal(sizeof(expected) / sizeof(expected[0]), FAULT_COUNT - 1); /* all but none */
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct http_fault f = http_fault_of(expected[i].fault);

        assert_int_equal(f.status, expected[i].status);
        assert_string_equal(f.title, expected[i].title);
    }
}

static void test_http_status_no_fault_is_left_without_one(void **state)
{
    (void)state;
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        struct http_fault f = http_fault_of((enum fault)i);

        assert_in_range(f.status, 400, 599);
        assert_non_null(f.title);
        assert_string_not_equal(f.title, "");
        assert_string_not_equal(http_reason(f.status), "Unknown");
    }
}

static void test_http_status_reasons_are_those_of_the_rfc(void **state)
{
    static const struct {
        int status;
        const char *reason;
    } expected[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {300, "Multiple Choices"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {415, "Unsupported Media Type"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    static const int others[] = {0, -1, 99, 418, 999};

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_string_equal(http_reason(expected[i].status), expected[i].reason);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_string_equal(http_reason(others[i]), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_status_every_fault_is_the_one_of_the_contract),
        cmocka_unit_test(test_http_status_no_fault_is_left_without_one),
        cmocka_unit_test(test_http_status_reasons_are_those_of_the_rfc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
