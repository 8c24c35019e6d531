/* tests/unit/router/test_accept.c - the Accept header. */
#include "tests/support/cmocka_all.h"

#include "router/http/accept.h"

struct accept_case {
    const char *accept;
    int quality;
};

static void check(const struct accept_case *cases, size_t n, const char *media_type)
{
    for (size_t i = 0; i < n; i++) {
        int quality = accept_quality(slice_of(cases[i].accept), slice_of(media_type));

        if (quality != cases[i].quality)
            fail_msg("\"%s\" gives %s %d, not %d", cases[i].accept, media_type, quality,
                     cases[i].quality);
    }
}

#define CHECK(cases, media_type) check((cases), sizeof(cases) / sizeof((cases)[0]), (media_type))

static void test_accept_absent_admits_everything(void **state)
{
    (void)state;
    assert_int_equal(accept_quality(slice_of(NULL), SLICE("application/json")), 1000);
}

static void test_accept_ranges_admit_by_type(void **state)
{
    static const struct accept_case cases[] = {
        {"application/json", 1000},
        {"Application/JSON", 1000},
        {"application/*", 1000},
        {"APPLICATION/*", 1000},
        {"*/*", 1000},
        {"*", 1000},
        {" application/json ", 1000},
        {"application/json;charset=utf-8", 1000},
        {"text/html, application/json", 1000},
        {"text/html,application/json", 1000},
        {",,application/json,,", 1000},
        {"text/html", 0},
        {"text/*", 0},
        {"application/xml", 0},
        {"application/jso", 0},
        {"application/jsonp", 0},
        {"application/json-home", 0},
        {"application/vnd.x+json", 0},
        {"application/js*", 0},
        {"applicationx/*", 0},
        {"application", 0},
        {"application/", 0},
        {"json", 0},
        {"*/json", 0},
        {"text/html, text/xml;q=0.5", 0},
        {",", 0},
        {";q=1", 0},
    };

    (void)state;
    CHECK(cases, "application/json");
}

static void test_accept_quality_is_read_in_thousandths(void **state)
{
    static const struct accept_case cases[] = {
        {"application/json;q=1", 1000},
        {"application/json;q=1.000", 1000},
        {"application/json;q=0.5", 500},
        {"application/json; q=0.75", 750},
        {"application/json ;q=0.125", 125},
        {"application/json;Q=0.25", 250},
        {"application/json;q=0.001", 1},
        {"application/json;q=0.1239", 123},
        {"application/json;q=0", 0},
        {"application/json;q=0.", 0},
        {"application/json;q=0.000", 0},
        {"application/json;charset=utf-8;q=0.3", 300},
        {"application/json;charset=utf-8; q=0.3 ;x=y", 300},
        {"*/*;q=0.1", 100},
        {"application/*;q=0.2", 200},
        {"application/json;q=1.5", 1000}, /* never more than all */
        {"application/json;q=", 1000},
        {"application/json;q=high", 1000},
        {"application/json;q", 1000},
        {"application/json;qq=0.5", 1000},
    };

    (void)state;
    CHECK(cases, "application/json");
}

static void test_accept_most_specific_range_counts(void **state)
{
    static const struct accept_case cases[] = {
        {"text/html, */*;q=0.1", 100},
        {"application/json;q=0.1, */*", 100},
        {"*/*, application/json;q=0.1", 100},
        {"*/*, application/json;q=0", 0},
        {"application/json;q=0, */*;q=0.5", 0},
        {"application/*;q=0.2, */*;q=0.9", 200},
        {"*/*;q=0.9, application/*;q=0.2", 200},
        {"application/*;q=0, */*", 0},
        {"application/json;q=0.4, application/*;q=0.9, */*", 400},
        {"application/xml;q=0.9, application/*;q=0.3, text/*;q=0.8", 300},
        {"*/*;q=0", 0},
    };

    (void)state;
    CHECK(cases, "application/json");
}

static void test_accept_looks_at_the_type_that_is_asked_about(void **state)
{
    static const struct accept_case cases[] = {
        {"text/xml", 1000}, {"text/*;q=0.4", 400}, {"application/json", 0},
        {"*/*", 1000},      {"text/html", 0},
    };

    (void)state;
    CHECK(cases, "text/xml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_absent_admits_everything),
        cmocka_unit_test(test_accept_ranges_admit_by_type),
        cmocka_unit_test(test_accept_quality_is_read_in_thousandths),
        cmocka_unit_test(test_accept_most_specific_range_counts),
        cmocka_unit_test(test_accept_looks_at_the_type_that_is_asked_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
