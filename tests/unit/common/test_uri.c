/* tests/unit/common/test_uri.c - the URIs by which back ends are named. */
#include "tests/support/cmocka_all.h"

#include "common/uri.h"

#include <stdlib.h>

static int make_arena(void **state)
{
    static struct arena a;

    *state = &a;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

/* same compares with a text; NULL stands for absent. */
static bool same(struct slice s, const char *text)
{
    return (s.p == NULL) == (text == NULL) && slice_eq(s, slice_of(text));
}

/* ---- Parsing ---------------------------------------------------------------------------------- */

static void test_uri_parse_takes_a_uri_apart(void **state)
{
    static const struct {
        const char *text, *scheme, *user, *password, *hosts, *path, *query;
    } cases[] = {
        {"redis://:secret@10.0.0.7:6379/2", "redis", "", "secret", "10.0.0.7:6379", "/2", ""},
        {"redis://127.0.0.1", "redis", NULL, NULL, "127.0.0.1", "", ""},
        {"redis://me@h", "redis", "me", NULL, "h", "", ""},
        {"redis://me:@h", "redis", "me", "", "h", "", ""},
        {"redis://m%65:p%40%3a%2Fw@h", "redis", "me", "p@:/w", "h", "", ""},
        {"redis://me:a:b@h", "redis", "me", "a:b", "h", "", ""},
        {"redis://me:p@ss@h/x@y", "redis", "me", "p@ss", "h", "/x@y", ""},
        {"sqlite:///var/lib/nusku/store.db", "sqlite", NULL, NULL, "", "/var/lib/nusku/store.db",
         ""},
        {"sqlite:///a%20b/c%25.db", "sqlite", NULL, NULL, "", "/a b/c%.db", ""},
        {"unix:///run/redis.sock?db=3", "unix", NULL, NULL, "", "/run/redis.sock", "db=3"},
        {"postgresql://u:p@a:1,b:2/db?x=1&y=%20", "postgresql", "u", "p", "a:1,b:2", "/db",
         "x=1&y=%20"},
        {"tcp://h?a@b:c/d", "tcp", NULL, NULL, "h", "", "a@b:c/d"},
        {"redis://[::1]:6379/0", "redis", NULL, NULL, "[::1]:6379", "/0", ""},
        {"x://", "x", NULL, NULL, "", "", ""},
        {"x:///", "x", NULL, NULL, "", "/", ""},
        {"x:///?", "x", NULL, NULL, "", "/", ""},
        {"x://h/?a?b", "x", NULL, NULL, "h", "/", "a?b"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct uri u;

        if (uri_parse(slice_of(cases[i].text), &u, *state, NULL) != ST_OK)
            fail_msg("%s was refused", cases[i].text);
        if (!same(u.scheme, cases[i].scheme) || !same(u.user, cases[i].user) ||
            !same(u.password, cases[i].password) || !slice_eq(u.hosts, slice_of(cases[i].hosts)) ||
            !slice_eq(u.path, slice_of(cases[i].path)) ||
            !slice_eq(u.query, slice_of(cases[i].query)))
            fail_msg("%s: scheme %.*s user %.*s password %.*s hosts %.*s path %.*s query %.*s",
                     cases[i].text, SLICE_ARG(u.scheme), SLICE_ARG(u.user), SLICE_ARG(u.password),
                     SLICE_ARG(u.hosts), SLICE_ARG(u.path), SLICE_ARG(u.query));
    }
}

static const char *const without_scheme[] = {
    "",     "redis", "redis:",   "redis:/",         "redis:/h",
    "://h", "//h",   "/var/lib", "localhost:27017", ":///",
};

static void test_uri_parse_refuses_what_has_no_scheme(void **state)
{
    for (size_t i = 0; i < sizeof(without_scheme) / sizeof(without_scheme[0]); i++) {
        struct failure f = {0};
        struct uri u;

        if (uri_parse(slice_of(without_scheme[i]), &u, *state, &f) != ST_INVALID)
            fail_msg("%s was taken", without_scheme[i]);
        assert_int_equal(f.st, ST_INVALID);
        assert_string_not_equal(f.text, "");
    }
}

static void test_uri_scheme_is_what_stands_before_the_slashes(void **state)
{
    (void)state;
    assert_slice(uri_scheme(SLICE("redis://h")), "redis");
    assert_slice(uri_scheme(SLICE("a://b://c")), "a");
    for (size_t i = 0; i < sizeof(without_scheme) / sizeof(without_scheme[0]); i++)
        assert_null(uri_scheme(slice_of(without_scheme[i])).p);
    assert_null(uri_scheme(slice_of(NULL)).p);
}

/* ---- Host and port ---------------------------------------------------------------------------- */

static void test_uri_host_port_gives_the_first_host_and_a_port(void **state)
{
    static const struct {
        const char *hosts, *host;
        int port;
    } cases[] = {
        {"", "", 77},
        {"h", "h", 77},
        {"h:1", "h", 1},
        {"h:0", "h", 0},
        {"h:65535", "h", 65535},
        {":5", "", 5},
        {"a:1,b:2", "a", 1},
        {"a,b:2", "a", 77},
        {"[::1]", "::1", 77},
        {"[::1]:6", "::1", 6},
        {"[fe80::1],b:2", "fe80::1", 77},
        {"10.0.0.7:6379", "10.0.0.7", 6379},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct uri u = {.hosts = slice_of(cases[i].hosts)};
        const char *host;
        int port;

        assert_int_equal(uri_host_port(&u, 77, &host, &port, *state, NULL), ST_OK);
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

static void test_uri_host_port_refuses_what_is_no_port(void **state)
{
    static const char *const refused[] = {
        "h:x",    "h:1x",  "h:-1", "h:65536", "h:99999999999999999999", "[::1", "[::1]x", "[::1]6",
        "[::1]:", "h:1:2", "::1",  "h:0x10",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct uri u = {.hosts = slice_of(refused[i])};
        struct failure f = {0};
        const char *host;
        int port;

        if (uri_host_port(&u, 77, &host, &port, *state, &f) != ST_INVALID)
            fail_msg("%s was taken", refused[i]);
        assert_string_not_equal(f.text, "");
    }
}

/* ---- For logs --------------------------------------------------------------------------------- */

static void test_uri_without_secret_hides_the_password_only(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"redis://:secret@h:1/2", "redis://:***@h:1/2"},
        {"redis://me:secret@h", "redis://me:***@h"},
        {"redis://me:@h", "redis://me:***@h"},
        {"redis://me:p@ss:w@h/x?y=z", "redis://me:***@h/x?y=z"},
        {"redis://me@h:1/2", "redis://me@h:1/2"},
        {"redis://h:1/a:b@c", "redis://h:1/a:b@c"},
        {"sqlite:///a.db", "sqlite:///a.db"},
        {"", ""},
        {"me:secret@h", "me:secret@h"}, /* no URI: nothing says what would be a password */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_slice(uri_without_secret(slice_of(cases[i].text), *state), cases[i].shown);
}

/* libpq takes a password among the options of a URI, too. */
static void test_uri_without_secret_hides_a_password_in_the_query(void **state)
{
    static const char *const texts[] = {
        "postgresql://nusku@db/nusku?password=hunter2",
        "postgresql://nusku@db/nusku?sslmode=require&password=hunter2&application_name=x",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slice shown = uri_without_secret(slice_of(texts[i]), *state);

        if (memmem(shown.p, shown.len, "hunter2", 7) != NULL)
            fail_msg("the password is in the open: %.*s", SLICE_ARG(shown));
    }
}

/* ---- Percent encoding ------------------------------------------------------------------------- */

static void test_uri_percent_decode_gives_the_bytes_meant(void **state)
{
    static const struct {
        struct slice text, plain, query; /* decoded without and with plus_is_space */
    } cases[] = {
        {SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("")},
        {SLICE_INIT("abc"), SLICE_INIT("abc"), SLICE_INIT("abc")},
        {SLICE_INIT("%41%62%7a"), SLICE_INIT("Abz"), SLICE_INIT("Abz")},
        {SLICE_INIT("%C3%a9"), SLICE_INIT("\xc3\xa9"), SLICE_INIT("\xc3\xa9")},
        {SLICE_INIT("a%00b"), SLICE_INIT("a\0b"), SLICE_INIT("a\0b")},
        {SLICE_INIT("a+b"), SLICE_INIT("a+b"), SLICE_INIT("a b")},
        {SLICE_INIT("+%2B+"), SLICE_INIT("+++"), SLICE_INIT(" + ")},
        {SLICE_INIT("%2541"), SLICE_INIT("%41"), SLICE_INIT("%41")}, /* once only */
        {SLICE_INIT("%"), SLICE_INIT("%"), SLICE_INIT("%")},
        {SLICE_INIT("%4"), SLICE_INIT("%4"), SLICE_INIT("%4")},
        {SLICE_INIT("%%41"), SLICE_INIT("%A"), SLICE_INIT("%A")},
        {SLICE_INIT("%4g%g4%zz"), SLICE_INIT("%4g%g4%zz"), SLICE_INIT("%4g%g4%zz")},
        {SLICE_INIT("100%"), SLICE_INIT("100%"), SLICE_INIT("100%")},
        {SLICE_INIT("%+1"), SLICE_INIT("%+1"), SLICE_INIT("% 1")},
        {SLICE_INIT("% 41%-1"), SLICE_INIT("% 41%-1"), SLICE_INIT("% 41%-1")},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(slice_eq(percent_decode(cases[i].text, false, *state), cases[i].plain));
        assert_true(slice_eq(percent_decode(cases[i].text, true, *state), cases[i].query));
    }
}

static void test_uri_percent_decode_borrows_where_nothing_is_to_decode(void **state)
{
    struct slice text = SLICE("a+b"), nothing = slice_of(NULL);

    assert_ptr_equal(percent_decode(text, false, *state).p, text.p);
    assert_null(percent_decode(nothing, true, *state).p);
}

/* The text ends where its memory ends: reading further is what AddressSanitizer would tell. */
static void test_uri_percent_decode_stays_inside_the_text(void **state)
{
    static const char whole[] = "%41";

    for (size_t len = 0; len <= 3; len++) {
        char *text = malloc(len + 1);
        struct slice got;

        memcpy(text + 1, whole, len);
        got = percent_decode((struct slice){text + 1, len}, true, *state);
        assert_int_equal(got.len, len == 3 ? 1 : len);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri_parse_takes_a_uri_apart),
        cmocka_unit_test(test_uri_parse_refuses_what_has_no_scheme),
        cmocka_unit_test(test_uri_scheme_is_what_stands_before_the_slashes),
        cmocka_unit_test(test_uri_host_port_gives_the_first_host_and_a_port),
        cmocka_unit_test(test_uri_host_port_refuses_what_is_no_port),
        cmocka_unit_test(test_uri_without_secret_hides_the_password_only),
        cmocka_unit_test(test_uri_percent_decode_gives_the_bytes_meant),
        cmocka_unit_test(test_uri_percent_decode_borrows_where_nothing_is_to_decode),
        cmocka_unit_test(test_uri_percent_decode_stays_inside_the_text),
        cmocka_unit_test(test_uri_without_secret_hides_a_password_in_the_query),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
