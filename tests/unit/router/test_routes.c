/* tests/unit/router/test_routes.c - which handler serves which path and method. */
#include "tests/support/cmocka_all.h"

#include "common/uri.h"
#include "router/http/routes.h"

/* find takes a path apart as http.c does and looks for its route. */
static const struct resource *find(const char *path, struct arena *a)
{
    struct exchange ex = {.path = slice_of(path)};
    struct slice rest = slice_from(ex.path, 1);

    while (rest.p != NULL && ex.segments_n < SEGMENTS_MAX)
        ex.segments[ex.segments_n++] = percent_decode(slice_cut(&rest, '/'), false, a);
    return route_find(&ex);
}

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

static void test_routes_find_every_path_of_the_api(void **state)
{
    static const struct {
        const char *path, *resource;
    } cases[] = {
        {"/", "/"},
        {"/v2/", "/v2/"},
        {"/v2/ping", "/v2/ping"},
        {"/v2/health", "/v2/health"},
        {"/v2/queues", "/v2/queues"},
        {"/v2/queues/q", "/v2/queues/{queue}"},
        {"/v2/queues/stats", "/v2/queues/{queue}"},
        {"/v2/queues/a.b", "/v2/queues/{queue}"},
        {"/v2/queues/%41%2Fb", "/v2/queues/{queue}"}, /* an encoded slash parts nothing */
        {"/v2/queues/q/stats", "/v2/queues/{queue}/stats"},
        {"/v2/queues/q/purge", "/v2/queues/{queue}/purge"},
        {"/v2/queues/q/messages", "/v2/queues/{queue}/messages"},
        {"/v2/queues/q/messages/5", "/v2/queues/{queue}/messages/{id}"},
        {"/v2/queues/q/claims", "/v2/queues/{queue}/claims"},
        {"/v2/queues/q/claims/5", "/v2/queues/{queue}/claims/{id}"},
        {"/v2/queues/messages/messages/messages", "/v2/queues/{queue}/messages/{id}"},
        {"/v2/queues/q%2Fstats/stats", "/v2/queues/{queue}/stats"},
        {"/v2/%71ueues", "/v2/queues"},
        {"/v2/topics", "/v2/topics"},
        {"/v2/topics/t", "/v2/topics/{topic}"},
        {"/v2/topics/", "/v2/topics/{topic}"},
        {"/v2/topics/t/stats", "/v2/topics/{topic}/stats"},
        {"/v2/topics/t/purge", "/v2/topics/{topic}/purge"},
        {"/v2/topics/t/messages", "/v2/topics/{topic}/messages"},
        {"/v2/topics/t/messages/5", "/v2/topics/{topic}/messages/{id}"},
        {"/v2/topics/t/subscriptions", "/v2/topics/{topic}/subscriptions"},
        {"/v2/topics/t/subscriptions/5", "/v2/topics/{topic}/subscriptions/{id}"},
        {"/v2/topics/t/subscriptions/5/confirm", "/v2/topics/{topic}/subscriptions/{id}/confirm"},
        /* a slash at the end means an empty name or id */
        {"/v2/queues/", "/v2/queues/{queue}"},
        {"/v2/queues/q/messages/", "/v2/queues/{queue}/messages/{id}"},
        {"/v2/queues/q/claims/", "/v2/queues/{queue}/claims/{id}"},
        {"/v2/queues//messages", "/v2/queues/{queue}/messages"},
        {"/v2/pools", "/v2/pools"},
        {"/v2/pools/p", "/v2/pools/{pool}"},
        {"/v2/flavors", "/v2/flavors"},
        {"/v2/flavors/f", "/v2/flavors/{flavor}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct resource *r = find(cases[i].path, *state);

        if (r == NULL)
            fail_msg("%s was not found", cases[i].path);
        else
            assert_string_equal(r->path, cases[i].resource);
    }
}

static void test_routes_find_nothing_else(void **state)
{
    static const char *const paths[] = {
        "/v2",
        "/v2//",
        "//",
        "/v1",
        "/v1/",
        "/v1.1/queues",
        "/v3/queues",
        "/V2/queues",
        "/v2/Queues",
        "/queues",
        "/v2/ping/",
        "/v2/pin",
        "/v2/pingg",
        "/v2/queue",
        "//v2/queues",
        "/v2//queues",
        "/v2/queues/q/",
        "/v2/queues/q/stats/",
        "/v2/queues/q/purge/",
        "/v2/queues/q/stats/x",
        "/v2/queues/q/other",
        "/v2/queues/q/messages/5/",
        "/v2/queues/q/messages/5/x",
        "/v2/queues/q/claims/5/x",
        "/v2/queues/q/claims/5/",
        "/v2/queues/q//messages",
        "/v2/queues%2Fq",
        "/v2/topics/t/claims", /* of a topic there are none */
        "/v2/topics/t/claims/5",
        "/v2/topics/t/share",
        "/v2/queues/a/b/c/d/e/f/g/h",
        "/x",
        "/v2/{queue}",
        "/v2/health/x",
        "/favicon.ico",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (find(paths[i], *state) != NULL)
            fail_msg("%s was found", paths[i]);
}

static void test_routes_of_the_table_are_found_by_their_own_path(void **state)
{
    const struct resource *table;
    size_t n;

    table = route_table(&n);
    assert_true(n >= 11);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(find(table[i].path, *state), &table[i]);
}

static void test_routes_serve_the_methods_of_the_contract(void **state)
{
    static const struct {
        const char *path;
        bool open, queue;
        http_handler_fn *handlers[METHOD_COUNT];
    } cases[] = {
        {"/", true, false, {[METHOD_GET] = http_versions}},
        {"/v2/", false, false, {[METHOD_GET] = http_home}},
        {"/v2/ping", false, false, {[METHOD_GET] = http_ping, [METHOD_HEAD] = http_ping}},
        {"/v2/health", false, false, {[METHOD_GET] = http_health}},
        {"/v2/queues", false, false, {[METHOD_GET] = http_queue_list}},
        {"/v2/queues/q",
         false,
         true,
         {[METHOD_GET] = http_queue_get,
          [METHOD_PUT] = http_queue_put,
          [METHOD_PATCH] = http_queue_patch,
          [METHOD_DELETE] = http_queue_delete}},
        {"/v2/queues/q/stats", false, true, {[METHOD_GET] = http_queue_stats}},
        {"/v2/queues/q/purge", false, true, {[METHOD_POST] = http_queue_purge}},
        {"/v2/queues/q/messages",
         false,
         true,
         {[METHOD_GET] = http_message_list,
          [METHOD_POST] = http_message_post,
          [METHOD_DELETE] = http_message_bulk_delete}},
        {"/v2/queues/q/messages/5",
         false,
         true,
         {[METHOD_GET] = http_message_get, [METHOD_DELETE] = http_message_delete}},
        {"/v2/queues/q/claims", false, true, {[METHOD_POST] = http_claim_create}},
        {"/v2/queues/q/claims/5",
         false,
         true,
         {[METHOD_GET] = http_claim_get,
          [METHOD_PATCH] = http_claim_patch,
          [METHOD_DELETE] = http_claim_delete}},
        {"/v2/topics", false, false, {[METHOD_GET] = http_queue_list}},
        {"/v2/topics/t",
         false,
         true,
         {[METHOD_GET] = http_queue_get,
          [METHOD_PUT] = http_queue_put,
          [METHOD_PATCH] = http_queue_patch,
          [METHOD_DELETE] = http_queue_delete}},
        {"/v2/topics/t/stats", false, true, {[METHOD_GET] = http_queue_stats}},
        {"/v2/topics/t/purge", false, true, {[METHOD_POST] = http_queue_purge}},
        {"/v2/topics/t/messages",
         false,
         true,
         {[METHOD_GET] = http_message_list,
          [METHOD_POST] = http_message_post,
          [METHOD_DELETE] = http_message_bulk_delete}},
        {"/v2/topics/t/messages/5",
         false,
         true,
         {[METHOD_GET] = http_message_get, [METHOD_DELETE] = http_message_delete}},
        {"/v2/topics/t/subscriptions",
         false,
         true,
         {[METHOD_GET] = http_subscription_list, [METHOD_POST] = http_subscription_create}},
        {"/v2/topics/t/subscriptions/5",
         false,
         true,
         {[METHOD_GET] = http_subscription_get,
          [METHOD_PATCH] = http_subscription_patch,
          [METHOD_DELETE] = http_subscription_delete}},
        {"/v2/topics/t/subscriptions/5/confirm",
         false,
         true,
         {[METHOD_PUT] = http_subscription_confirm}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct resource *r = find(cases[i].path, *state);

        assert_non_null(r);
        assert_int_equal(r->open, cases[i].open);
        assert_int_equal(r->queue, cases[i].queue);
        for (int m = 0; m < METHOD_COUNT; m++)
            if (r->methods[m].handler != cases[i].handlers[m])
                fail_msg("%s, method %d", cases[i].path, m);
    }
}

static void test_routes_with_a_queue_have_it_as_their_third_part(void **state)
{
    const struct resource *table;
    size_t n;

    (void)state;
    table = route_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct slice path = slice_of(table[i].path);
        bool of_topics = slice_starts(path, SLICE("/v2/topics"));

        assert_int_equal(table[i].collection, of_topics ? COLLECTION_TOPICS : COLLECTION_QUEUES);
        assert_int_equal(table[i].queue, slice_starts(path, SLICE("/v2/queues/{queue}")) ||
                                             slice_starts(path, SLICE("/v2/topics/{topic}")));
    }
}

/* The rules of topics are their own; those of messages go for both. */
static void test_routes_of_topics_go_by_the_rules_of_topics(void **state)
{
    const struct resource *table;
    size_t n;

    (void)state;
    table = route_table(&n);
    for (size_t i = 0; i < n; i++)
        for (int m = 0; m < METHOD_COUNT; m++) {
            struct slice rule = slice_of(policy_name(table[i].methods[m].policy));

            if (slice_starts(rule, SLICE("topics:")))
                assert_int_equal(table[i].collection, COLLECTION_TOPICS);
            if (slice_starts(rule, SLICE("queues:")))
                assert_int_equal(table[i].collection, COLLECTION_QUEUES);
        }
}

static void test_routes_allow_lists_methods_in_order_and_options_last(void **state)
{
    static const struct {
        const char *path, *plain, *with_options;
    } cases[] = {
        {"/", "GET", "GET, OPTIONS"},
        {"/v2/ping", "GET, HEAD", "GET, HEAD, OPTIONS"},
        {"/v2/queues", "GET", "GET, OPTIONS"},
        {"/v2/queues/q", "DELETE, GET, PATCH, PUT", "DELETE, GET, PATCH, PUT, OPTIONS"},
        {"/v2/queues/q/purge", "POST", "POST, OPTIONS"},
        {"/v2/queues/q/messages", "DELETE, GET, POST", "DELETE, GET, POST, OPTIONS"},
        {"/v2/queues/q/claims/5", "DELETE, GET, PATCH", "DELETE, GET, PATCH, OPTIONS"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct resource *r = find(cases[i].path, *state);
        struct buffer plain = {0}, with_options = {0};

        assert_non_null(r);
        route_allow(r, false, &plain);
        assert_slice(buffer_slice(&plain), cases[i].plain);
        route_allow(r, true, &with_options);
        assert_slice(buffer_slice(&with_options), cases[i].with_options);
        buffer_fini(&plain);
        buffer_fini(&with_options);
    }
}

static void test_routes_method_read_knows_six_methods_as_they_are_written(void **state)
{
    static const struct {
        const char *text;
        enum http_method method;
    } cases[] = {
        {"DELETE", METHOD_DELETE}, {"GET", METHOD_GET},    {"HEAD", METHOD_HEAD},
        {"PATCH", METHOD_PATCH},   {"POST", METHOD_POST},  {"PUT", METHOD_PUT},
        {"OPTIONS", METHOD_COUNT}, {"get", METHOD_COUNT},  {"", METHOD_COUNT},
        {"GE", METHOD_COUNT},      {"GETT", METHOD_COUNT}, {"TRACE", METHOD_COUNT},
        {"BREW", METHOD_COUNT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(method_read(slice_of(cases[i].text)), cases[i].method);
    assert_int_equal(method_read(slice_of(NULL)), METHOD_COUNT);
}

static void test_routes_numbers_and_names_go_back(void **state)
{
    const struct resource *table;
    size_t n;

    (void)state;
    table = route_table(&n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(route_number(&table[i]), i);
    for (int m = 0; m < METHOD_COUNT; m++)
        assert_int_equal(method_read(slice_of(method_name((enum http_method)m))), m);
}

static void test_health_is_served_in_admin_mode(void **state)
{
    const struct resource *r = find("/v2/health", *state);
    struct config plain = {0}, admin = {.admin_mode = true}, pooling = {.pooling = true};

    assert_false(route_is_served(r, &plain));
    assert_false(route_is_served(r, &pooling));
    assert_true(route_is_served(r, &admin));
    assert_int_equal(r->methods[METHOD_GET].policy, POLICY_HEALTH_GET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_find_every_path_of_the_api),
        cmocka_unit_test(test_routes_find_nothing_else),
        cmocka_unit_test(test_routes_of_the_table_are_found_by_their_own_path),
        cmocka_unit_test(test_routes_serve_the_methods_of_the_contract),
        cmocka_unit_test(test_routes_with_a_queue_have_it_as_their_third_part),
        cmocka_unit_test(test_routes_of_topics_go_by_the_rules_of_topics),
        cmocka_unit_test(test_routes_allow_lists_methods_in_order_and_options_last),
        cmocka_unit_test(test_routes_method_read_knows_six_methods_as_they_are_written),
        cmocka_unit_test(test_routes_numbers_and_names_go_back),
        cmocka_unit_test(test_health_is_served_in_admin_mode),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
