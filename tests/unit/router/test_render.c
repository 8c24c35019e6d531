/* tests/unit/router/test_render.c - the JSON of messages. */
#include "tests/support/cmocka_all.h"

#include "common/json.h"
#include "router/http/render.h"

static const struct message free_message = {
    .id = {1, 2},
    .seq = 7,
    .created_ms = 1000000,
    .expires_ms = 1000000 + 300 * 1000,
    .claim_count = 3,
    .body = SLICE_INIT("{\"a\" : 1.10}"),
};

static const char *const free_json =
    "{\"id\": \"0000000000100000000002\", "
    "\"href\": \"/v2/queues/my.q/messages/0000000000100000000002\", "
    "\"ttl\": 300, \"age\": 12, \"body\": {\"a\" : 1.10}}";

static void test_render_age_is_whole_seconds_and_never_negative(void **state)
{
    static const struct {
        int64_t since_ms, now_ms, age_s;
    } cases[] = {
        {1000, 1000, 0},   {1000, 1999, 0},          {1000, 2000, 1},
        {1000, 61999, 60}, {2000, 1000, 0},          {2000, 1999, 0},
        {1000, 0, 0},      {0, 1209600000, 1209600}, {0, INT64_MAX, INT64_MAX / 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(render_age_s(cases[i].since_ms, cases[i].now_ms), cases[i].age_s);
}

static void test_render_queue_path_tells_queues_from_topics(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_slice(render_collection(COLLECTION_QUEUES), "/v2/queues");
    assert_slice(render_collection(COLLECTION_TOPICS), "/v2/topics");
    assert_slice(render_queue_path(COLLECTION_QUEUES, SLICE("my.q"), &a), "/v2/queues/my.q");
    assert_slice(render_queue_path(COLLECTION_TOPICS, SLICE("my.t"), &a), "/v2/topics/my.t");
    arena_fini(&a);
}

static void test_render_message_path_is_that_of_the_message(void **state)
{
    struct buffer out = {0};

    (void)state;
    render_message_path(&out, SLICE("/v2/queues/my.q"), (struct message_id){1, 2});
    assert_slice(buffer_slice(&out), "/v2/queues/my.q/messages/0000000000100000000002");
    buffer_fini(&out);
}

static void test_render_message_has_the_members_of_the_contract_and_no_other(void **state)
{
    struct buffer out = {0};

    (void)state;
    render_message(&out, SLICE("/v2/queues/my.q"), &free_message, 1012999);
    assert_slice(buffer_slice(&out), free_json);
    buffer_fini(&out);
}

static void test_render_message_under_a_claim_names_it_in_the_href_alone(void **state)
{
    struct message m = free_message;
    struct buffer out = {0};

    (void)state;
    m.claimed = true;
    render_message(&out, SLICE("/v2/queues/q"), &m, 1000000);
    assert_slice(buffer_slice(&out), "{\"id\": \"0000000000100000000002\", "
                                     "\"href\": \"/v2/queues/q/messages/0000000000100000000002"
                                     "?claim_id=00000000000000000000000000\", "
                                     "\"ttl\": 300, \"age\": 0, \"body\": {\"a\" : 1.10}}");
    buffer_fini(&out);
}

static void test_render_message_shows_a_checksum_that_is_there(void **state)
{
    struct message m = free_message;
    struct buffer out = {0};

    (void)state;
    m.checksum = SLICE("MD5:99914b932bd37a50b983c5e7c90ae93b");
    m.body = SLICE("null");
    render_message(&out, SLICE("/v2/queues/q"), &m, 999999); /* a clock that is behind */
    assert_slice(buffer_slice(&out), "{\"id\": \"0000000000100000000002\", "
                                     "\"href\": \"/v2/queues/q/messages/0000000000100000000002\", "
                                     "\"ttl\": 300, \"age\": 0, \"body\": null, "
                                     "\"checksum\": \"MD5:99914b932bd37a50b983c5e7c90ae93b\"}");
    buffer_fini(&out);
}

static void test_render_messages_is_a_member_with_a_list(void **state)
{
    struct message list[] = {free_message, free_message};
    struct buffer out = {0}, expected = {0};

    (void)state;
    render_messages(&out, SLICE("/v2/queues/my.q"), list, 0, 1012000);
    assert_slice(buffer_slice(&out), "\"messages\": []");
    out.len = 0;
    render_messages(&out, SLICE("/v2/queues/my.q"), list, 2, 1012000);
    buffer_printf(&expected, "\"messages\": [%s, %s]", free_json, free_json);
    assert_true(slice_eq(buffer_slice(&out), buffer_slice(&expected)));
    buffer_fini(&expected);
    buffer_fini(&out);
}

static void test_render_message_is_json(void **state)
{
    struct message m = free_message;
    struct buffer out = {0};
    struct json v;

    (void)state;
    m.claimed = true;
    m.checksum = SLICE("MD5:x");
    render_message(&out, SLICE("/v2/queues/q"), &m, 1000000);
    assert_int_equal(json_check(buffer_slice(&out), &v, NULL), ST_OK);
    assert_int_equal(json_count(v), 6);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render_age_is_whole_seconds_and_never_negative),
        cmocka_unit_test(test_render_queue_path_tells_queues_from_topics),
        cmocka_unit_test(test_render_message_path_is_that_of_the_message),
        cmocka_unit_test(test_render_message_has_the_members_of_the_contract_and_no_other),
        cmocka_unit_test(test_render_message_under_a_claim_names_it_in_the_href_alone),
        cmocka_unit_test(test_render_message_shows_a_checksum_that_is_there),
        cmocka_unit_test(test_render_messages_is_a_member_with_a_list),
        cmocka_unit_test(test_render_message_is_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
