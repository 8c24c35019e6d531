/* tests/conformance/store_conformance.h - what every message store must do, written once.
 *
 * A driver's test is its URI:  return store_conformance_run("sqlite:///tmp/x.db"); */
#ifndef TESTS_CONFORMANCE_STORE_CONFORMANCE_H
#define TESTS_CONFORMANCE_STORE_CONFORMANCE_H

#include "tests/support/cmocka_all.h"
#include "tests/support/store_fixture.h"

/* The suites, by subject. Each test gets an open fixture with a queue of its own. */
extern const struct CMUnitTest store_message_tests[], store_claim_tests[], store_time_tests[],
    store_subscription_tests[], store_model_tests[];
extern const size_t store_message_tests_n, store_claim_tests_n, store_time_tests_n,
    store_subscription_tests_n, store_model_tests_n;

int store_setup(void **state);
int store_teardown(void **state);

#define STORE_TEST(f)   cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* store_conformance_run runs all suites; the number of failed tests, or 77 when uri is NULL. */
int store_conformance_run(const char *uri);

#endif
