/* tests/unit/router/test_cors.c - which origins may do what. */
#include "tests/support/cmocka_all.h"

#include "router/http/cors.h"

static int begin(void **state)
{
    static struct config c;

    config_init(&c);
    *state = &c;
    return 0;
}

static int end(void **state)
{
    config_fini(*state);
    return 0;
}

static void allow(struct config *c, const char *name, const char *value)
{
    struct failure f = {0};

    assert_int_equal(config_set(c, SLICE("cors"), slice_of(name), slice_of(value), &f), ST_OK);
    assert_int_equal(config_check(c, &f), ST_OK);
}

static bool allows(const struct config *c, const char *origin)
{
    struct slice as;

    return cors_origin(c, slice_of(origin), &as);
}

static void test_cors_allows_no_origin_by_default(void **state)
{
    assert_false(allows(*state, "https://a.example"));
    assert_false(allows(*state, "*"));
    assert_false(allows(*state, ""));
    assert_false(allows(*state, NULL));
}

static void test_cors_allows_the_origins_that_are_listed(void **state)
{
    static const char *const others[] = {"https://a.example:443",
                                         "http://a.example",
                                         "https://A.example",
                                         "https://a.example/",
                                         "https://a.example.evil",
                                         "https://evil.a.example",
                                         "https://b.example",
                                         "null",
                                         "*",
                                         "https://a.example,http://localhost:8080",
                                         "",
                                         NULL};
    struct slice as;

    allow(*state, "allowed_origin", "https://a.example, http://localhost:8080 ,,");
    assert_true(cors_origin(*state, SLICE("https://a.example"), &as));
    assert_true(slice_eq(as, SLICE("https://a.example")));
    assert_true(cors_origin(*state, SLICE("http://localhost:8080"), &as));
    assert_true(slice_eq(as, SLICE("http://localhost:8080")));
    for (size_t i = 0; others[i] != NULL; i++)
        if (allows(*state, others[i]))
            fail_msg("\"%s\" is allowed", others[i]);
    assert_false(allows(*state, NULL));
}

static void test_cors_allows_all_by_a_star(void **state)
{
    struct slice as;

    allow(*state, "allowed_origin", "https://a.example,*");
    assert_true(cors_origin(*state, SLICE("https://a.example"), &as));
    assert_true(slice_eq(as, SLICE("https://a.example")));
    assert_true(cors_origin(*state, SLICE("https://b.example"), &as));
    assert_true(slice_eq(as, SLICE("*")));
    assert_false(allows(*state, ""));
    assert_false(allows(*state, NULL));
}

static void test_cors_preflight_by_default(void **state)
{
    static const struct {
        const char *method, *headers;
        bool allowed;
    } cases[] = {
        {"GET", NULL, true},
        {"PATCH", "", true},
        {"HEAD", "Client-ID", true},
        {"POST", "client-id,content-type,x-auth-token", true},
        {"POST", " client-id ,, content-type ,", true},
        {"DELETE", "accept, accept-language, cache-control, pragma", true},
        {"OPTIONS", NULL, false},
        {"get", NULL, false},
        {"", NULL, false},
        {NULL, NULL, false},
        {"GET,PUT", NULL, false},
        {"GET", "x-project-id", false},
        {"GET", "client-id, x-other", false},
        {"GET", "client-id x-auth-token", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (cors_preflight(*state, slice_of(cases[i].method), slice_of(cases[i].headers)) !=
            cases[i].allowed)
            fail_msg("%s with \"%s\"", cases[i].method, cases[i].headers);
}

static void test_cors_preflight_by_the_options(void **state)
{
    allow(*state, "allow_methods", "GET");
    allow(*state, "allow_headers", "X-Project-ID, Client-ID");
    assert_true(cors_preflight(*state, SLICE("GET"), SLICE("client-id,x-project-id")));
    assert_false(cors_preflight(*state, SLICE("GET"), SLICE("x-auth-token")));
    assert_false(cors_preflight(*state, SLICE("PUT"), SLICE("")));
    allow(*state, "allow_methods", "");
    assert_false(cors_preflight(*state, SLICE("GET"), SLICE("")));
    assert_false(cors_preflight(*state, SLICE(""), SLICE("")));
}

static void test_cors_options_are_checked(void **state)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"allowed_origin", "https://a.example/"},
        {"allowed_origin", "a.example"},
        {"allowed_origin", "https://"},
        {"allowed_origin", "https://a.example/app"},
        {"allowed_origin", "null"},
        {"allowed_origin", "http://a b"},
        {"allowed_origin", "*,x"},
        {"allowed_origin", "http://u@h"},
        {"allow_methods", "GET PUT"},
        {"allow_headers", "X-A:"},
        {"expose_headers", "X-A\r\nSet-Cookie"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};
        struct config c;

        config_init(&c);
        assert_int_equal(
            config_set(&c, SLICE("cors"), slice_of(cases[i].name), slice_of(cases[i].value), &f),
            ST_OK);
        if (config_check(&c, &f) != ST_INVALID)
            fail_msg("%s = %s passes", cases[i].name, cases[i].value);
        assert_non_null(strstr(f.text, "[cors]"));
        config_fini(&c);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cors_allows_no_origin_by_default),
        TEST(test_cors_allows_the_origins_that_are_listed),
        TEST(test_cors_allows_all_by_a_star),
        TEST(test_cors_preflight_by_default),
        TEST(test_cors_preflight_by_the_options),
        TEST(test_cors_options_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
