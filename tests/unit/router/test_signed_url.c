/* tests/unit/router/test_signed_url.c - pre-signed URLs: the signature, and what is refused. */
#include "tests/support/cmocka_all.h"

#include "common/buffer.h"
#include "router/api/signed_url.h"

#define SECRET     SLICE("test")
#define NOW_MS     (4102444800LL * 1000 - 1) /* a moment before the good one ends */
#define LATER_MS   (4102444800LL * 1000)
#define SIGNED_ONE "cf3fb69c5f7affeaa10c7bd757def2624794b9e4c847b1df5abcfcddb35c5b07"
#define SIGNED_TWO "becfaa932730e7479777b648498c92502b3ae8bfdb86c755b65373be96ae8e1b"

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

static void sign(struct slice *paths, size_t paths_n, struct slice *methods, size_t methods_n,
                 const char *expected)
{
    struct signed_url u = {{paths, paths_n}, {methods, methods_n}, SLICE("proj1"), 4102444800};
    char signature[SIGNATURE_TEXT + 1] = "";

    signed_url_sign(SECRET, &u, signature);
    assert_string_equal(signature, expected);
}

/* The vectors of the API, which others' signatures must equal. */
static void test_signed_url_signs_as_others_do(void **state)
{
    struct slice one = SLICE("/v2/queues/s/messages"), get = SLICE("GET");
    struct slice paths[] = {SLICE("/v2/queues/s/messages"), SLICE("/v2/queues/s/claims")};
    struct slice methods[] = {SLICE("POST"), SLICE("GET"), SLICE("OPTIONS")};

    (void)state;
    sign(&one, 1, &get, 1, SIGNED_ONE);
    sign(paths, 2, methods, 3, SIGNED_TWO);
    assert_true(slice_eq(paths[0], SLICE("/v2/queues/s/claims"))); /* sorted on the way */
    assert_true(slice_eq(methods[2], SLICE("POST")));
}

static void test_signed_url_makes_paths(void **state)
{
    assert_true(slice_eq(signed_url_path(SLICE("a.b"), SLICE("claims"), *state),
                         SLICE("/v2/queues/a.b/claims")));
}

static void test_signed_url_is_for_three_resources(void **state)
{
    static const char *const others[] = {"",        "stats",    "share",     "purge",
                                         "message", "Messages", "messages/", "messages/x",
                                         "claims ", NULL};

    (void)state;
    assert_true(signed_url_resource(SLICE("messages")));
    assert_true(signed_url_resource(SLICE("claims")));
    assert_true(signed_url_resource(SLICE("subscriptions")));
    for (size_t i = 0; others[i] != NULL; i++)
        assert_false(signed_url_resource(slice_of(others[i])));
}

/* ---- Verifying -------------------------------------------------------------------------------- */

static const struct shown_url two = {
    .paths = SLICE_INIT("/v2/queues/s/messages,/v2/queues/s/claims"),
    .methods = SLICE_INIT("POST,GET,OPTIONS"),
    .project = SLICE_INIT("proj1"),
    .expires = SLICE_INIT("2100-01-01T00:00:00"),
    .signature = SLICE_INIT(SIGNED_TWO),
};

static bool verify(const struct shown_url *shown, struct arena *a)
{
    return signed_url_verify(SECRET, shown, SLICE("GET"), SLICE("s"), SLICE("messages"), NOW_MS, a);
}

static void test_signed_url_grants_what_was_signed(void **state)
{
    assert_true(verify(&two, *state));
    assert_true(
        signed_url_verify(SECRET, &two, SLICE("OPTIONS"), SLICE("s"), SLICE("claims"), 0, *state));
}

static void test_signed_url_grants_in_any_form_of_the_same(void **state)
{
    struct shown_url shown = two;

    shown.methods = SLICE("OPTIONS,POST,GET");
    shown.paths = SLICE("/v2/queues/s/claims,/v2/queues/s/messages");
    shown.expires = SLICE("2100-01-01 01:00+01:00");
    assert_true(verify(&shown, *state));
}

static void test_signed_url_ends_in_time(void **state)
{
    struct slice s = SLICE("s"), messages = SLICE("messages");

    assert_true(signed_url_verify(SECRET, &two, SLICE("GET"), s, messages, NOW_MS, *state));
    assert_false(signed_url_verify(SECRET, &two, SLICE("GET"), s, messages, LATER_MS, *state));
    assert_false(signed_url_verify(SECRET, &two, SLICE("GET"), s, messages, LATER_MS + 1, *state));
}

static void test_signed_url_grants_nothing_else(void **state)
{
    static const struct {
        const char *method, *queue, *resource;
    } cases[] = {
        {"PUT", "s", "messages"},   {"get", "s", "messages"},
        {"", "s", "messages"},      {"GET,POST", "s", "messages"},
        {"GET", "S", "messages"},   {"GET", "ss", "messages"},
        {"GET", "", "messages"},    {"GET", "s", "subscriptions"},
        {"GET", "s", "stats"},      {"GET", "s", ""},
        {"GET", "s", "message"},    {"GET", "s/messages", ""},
        {"GET", "s", "messages/x"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (signed_url_verify(SECRET, &two, slice_of(cases[i].method), slice_of(cases[i].queue),
                              slice_of(cases[i].resource), NOW_MS, *state))
            fail_msg("%s %s %s was granted", cases[i].method, cases[i].queue, cases[i].resource);
}

static void test_signed_url_needs_a_secret(void **state)
{
    struct slice s = SLICE("s"), messages = SLICE("messages"), get = SLICE("GET");

    assert_false(signed_url_verify(SLICE(""), &two, get, s, messages, NOW_MS, *state));
    assert_false(
        signed_url_verify((struct slice){NULL, 0}, &two, get, s, messages, NOW_MS, *state));
    assert_false(signed_url_verify(SLICE("Test"), &two, get, s, messages, NOW_MS, *state));
    assert_false(signed_url_verify(SLICE("test "), &two, get, s, messages, NOW_MS, *state));
}

/* Each character of each part, changed, lost or doubled, is refused. */
static void try_changes(const struct shown_url *good, struct slice *part, struct arena *a)
{
    struct shown_url shown = *good;
    struct slice *changed = (struct slice *)((char *)&shown + ((char *)part - (char *)good));
    char text[128];

    for (size_t i = 0; i < part->len; i++) {
        for (int kind = 0; kind < 3; kind++) {
            memcpy(text, part->p, part->len);
            *changed = (struct slice){text, part->len};
            if (kind == 0) {
                text[i] = (char)(text[i] ^ 1);
            } else if (kind == 1) {
                memmove(text + i, text + i + 1, part->len - i - 1);
                changed->len--;
            } else {
                memmove(text + i + 1, text + i, part->len - i);
                changed->len++;
            }
            if (verify(&shown, a))
                fail_msg("\"%.*s\" was taken for \"%.*s\"", SLICE_ARG(*changed), SLICE_ARG(*part));
        }
    }
    *changed = (struct slice){NULL, 0};
    assert_false(verify(&shown, a));
    *changed = SLICE("");
    assert_false(verify(&shown, a));
}

static void test_signed_url_notices_every_change(void **state)
{
    struct shown_url good = two;

    try_changes(&good, &good.paths, *state);
    try_changes(&good, &good.methods, *state);
    try_changes(&good, &good.project, *state);
    try_changes(&good, &good.signature, *state);
}

static void sign_shown(struct shown_url *shown, struct signed_url *u,
                       char signature[SIGNATURE_TEXT])
{
    signed_url_sign(SECRET, u, signature);
    shown->signature = (struct slice){signature, SIGNATURE_TEXT};
}

/* What could be read in two ways is not believed, even if the secret signed it: a method that was signed must
 * never be shown as a path. */
static void test_signed_url_has_one_meaning(void **state)
{
    struct slice path = SLICE("/v2/queues/q/messages");
    struct slice method = SLICE("X,/v2/queues/s/messages\\nGET");
    struct signed_url u = {{&path, 1}, {&method, 1}, SLICE("proj1"), 4102444800};
    struct shown_url shown = two;
    char signature[SIGNATURE_TEXT];

    sign_shown(&shown, &u, signature);
    shown.paths = SLICE("/v2/queues/q/messages\\nX,/v2/queues/s/messages");
    shown.methods = SLICE("GET");
    assert_false(verify(&shown, *state));

    method = SLICE("GET\\nproj1");
    u.project = SLICE("mine");
    u.paths.list = &(struct slice){"/v2/queues/s/messages", 21};
    sign_shown(&shown, &u, signature);
    shown.paths = SLICE("/v2/queues/s/messages");
    shown.project = SLICE("proj1\\nmine");
    assert_true(verify(&shown, *state)); /* it is that project then, which nobody has */
    shown.project = SLICE("proj1");
    assert_false(verify(&shown, *state));
}

static void test_signed_url_refuses_odd_paths(void **state)
{
    static const char *const paths[] = {
        "/v2/queues/s/stats",
        "/v2/queues/s",
        "/v2/queues/s/messages/",
        "/v2/queues/s/messages/x",
        "/v2/queues/s/share",
        "/v2/queues//messages",
        "/v2/topics/s/messages",
        "/v2/queues/a b/messages",
        ".*",
        "/v2/queues/s/messages ",
        "v2/queues/s/messages",
        "",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct slice both[] = {SLICE("/v2/queues/s/messages"), slice_of(paths[i])};
        struct slice get = SLICE("GET");
        struct signed_url u = {{both, 2}, {&get, 1}, SLICE("proj1"), 4102444800};
        struct shown_url shown = two;
        char signature[SIGNATURE_TEXT];

        sign_shown(&shown, &u, signature);
        shown.methods = get;
        shown.paths = arena_printf(*state, "%.*s,%.*s", SLICE_ARG(both[0]), SLICE_ARG(both[1]));
        if (verify(&shown, *state))
            fail_msg("\"%s\" passed as a path", paths[i]);
    }
}

static void test_signed_url_bounds_its_lists(void **state)
{
    struct slice many[SIGNED_LIST_MAX + 1], path = SLICE("/v2/queues/s/messages");

    for (size_t n = SIGNED_LIST_MAX; n <= SIGNED_LIST_MAX + 1; n++) {
        struct signed_url u = {{&path, 1}, {many, n}, SLICE("proj1"), 4102444800};
        struct shown_url shown = two;
        char signature[SIGNATURE_TEXT];
        struct buffer methods = {0};

        for (size_t i = 0; i < n; i++) {
            many[i] = SLICE("GET");
            buffer_printf(&methods, "%sGET", i > 0 ? "," : "");
        }
        sign_shown(&shown, &u, signature);
        shown.paths = path;
        shown.methods = buffer_slice(&methods);
        assert_int_equal(verify(&shown, *state), n <= SIGNED_LIST_MAX);
        buffer_fini(&methods);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, drop_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signed_url_signs_as_others_do),
        TEST(test_signed_url_makes_paths),
        TEST(test_signed_url_is_for_three_resources),
        TEST(test_signed_url_grants_what_was_signed),
        TEST(test_signed_url_grants_in_any_form_of_the_same),
        TEST(test_signed_url_ends_in_time),
        TEST(test_signed_url_grants_nothing_else),
        TEST(test_signed_url_needs_a_secret),
        TEST(test_signed_url_notices_every_change),
        TEST(test_signed_url_has_one_meaning),
        TEST(test_signed_url_refuses_odd_paths),
        TEST(test_signed_url_bounds_its_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
