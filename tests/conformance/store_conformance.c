#include "tests/conformance/store_conformance.h"

#include <stdlib.h>

static const char *store_uri;

int store_setup(void **state)
{
    struct fixture *fx = malloc(sizeof(*fx));

    fixture_open(fx, store_uri);
    *state = fx;
    return 0;
}

int store_teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static int run(const char *name, const struct CMUnitTest *tests, size_t n)
{
    return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

int store_conformance_run(const char *uri)
{
    int failed = 0;

    if (uri == NULL) {
        print_message("no URI of a server to test with: skipped\n");
        return 77;
    }
    store_uri = uri;
    failed += run("store messages", store_message_tests, store_message_tests_n);
    failed += run("store claims", store_claim_tests, store_claim_tests_n);
    failed += run("store time", store_time_tests, store_time_tests_n);
    failed += run("store subscriptions", store_subscription_tests, store_subscription_tests_n);
    failed += run("store model", store_model_tests, store_model_tests_n);
    return failed;
}
