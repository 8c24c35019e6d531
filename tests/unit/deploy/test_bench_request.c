/* tests/unit/deploy/test_bench_request.c - the requests of the load generator, and the claims it reads. */
#include "tests/support/cmocka_all.h"

#include "deploy/nusku/bench_request.h"

#define DUE "00000000000000000042"

static void test_request_has_prefix_headers_and_body(void **state)
{
    struct bench_options o = {0};
    struct buffer b = {0};

    (void)state;
    buffer_add_literal(&o.prefix, "/messaging");
    buffer_add_literal(&o.headers, "Host: x\r\n");
    bench_request_add(&b, &o, "PUT", SLICE("/v2/queues/q"), SLICE("{}"));
    assert_slice(buffer_slice(&b), "PUT /messaging/v2/queues/q HTTP/1.1\r\nHost: x\r\n"
                                   "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    b.len = 0;
    o.prefix.len = 0;
    bench_request_add(&b, &o, "DELETE", SLICE("/v2/queues/q"), slice_of(NULL));
    assert_slice(buffer_slice(&b), "DELETE /v2/queues/q HTTP/1.1\r\nHost: x\r\n\r\n");
    buffer_fini(&o.prefix);
    buffer_fini(&o.headers);
    buffer_fini(&b);
}

static void test_post_carries_when_it_was_due(void **state)
{
    struct bench_options o = {.body_bytes = BENCH_BODY_MIN + 3};
    struct bench_post p = {0};

    (void)state;
    bench_post_init(&p, &o, "q");
    assert_slice(bench_post_due(&p, 42),
                 "POST /v2/queues/q/messages HTTP/1.1\r\n"
                 "Content-Type: application/json\r\nContent-Length: 83\r\n\r\n"
                 "{\"messages\": [{\"ttl\": 300, \"body\": {\"due\": \"" DUE
                 "\", \"pad\": \"xxx\"}}]}");
    assert_non_null(strstr(bench_post_due(&p, UINT64_MAX).p, "\"18446744073709551615\""));
    assert_non_null(strstr(bench_post_due(&p, 7).p, "\"00000000000000000007\""));
    buffer_fini(&p.bytes);
}

#define MESSAGE(id)                                                                                \
    "{\"body\": {\"pad\": \"\", \"due\": \"" DUE "\"}, \"ttl\": 300, \"id\": \"" id "\", "         \
    "\"href\": \"/v2/queues/q/messages/" id "?claim_id=c-1&x=y\"}"

static void test_claim_is_read_and_removed(void **state)
{
    struct slice answer = SLICE("{\"messages\": [" MESSAGE("a1") ", " MESSAGE("B-2") "]}");
    struct bench_options o = {0};
    struct bench_claim claim;
    struct buffer b = {0};

    (void)state;
    assert_true(bench_claim_read(answer, &claim));
    assert_int_equal(claim.n, 2);
    assert_int_equal(claim.due_ns[1], 42);
    bench_claim_removal(&claim, &b, &o, "q");
    assert_slice(buffer_slice(&b),
                 "DELETE /v2/queues/q/messages?ids=a1,B-2&claim_ids=c-1 HTTP/1.1\r\n\r\n");
    buffer_fini(&b);
}

static void test_claim_refuses_what_is_none_of_ours(void **state)
{
    static const char *const answers[] = {
        "",
        "[]",
        "{}",
        "{\"messages\": {}}",
        "{\"messages\": []}",
        "{\"messages\": [1]}",
        "{\"messages\": [{}]}",
        "{\"messages\": [" MESSAGE("") "]}",
        "{\"messages\": [" MESSAGE("a b") "]}",
        "{\"messages\": [" MESSAGE("a\\r\\nb") "]}",
        "{\"messages\": [" MESSAGE("a,b") "]}",
        "{\"messages\": [" MESSAGE("a") ", {}]}",
        "{\"messages\": [" MESSAGE("a") "]} ...",
        "{\"messages\": [{\"id\": \"a\", \"href\": \"?claim_id=c\", \"body\": \"due\"}]}",
        "{\"messages\": [{\"id\": \"a\", \"href\": \"?claim_id=c\", \"body\": {\"due\": 42}}]}",
        "{\"messages\": [{\"id\": \"a\", \"href\": \"?claim_id=c\", \"body\": {\"due\": \"42\"}}]}",
        "{\"messages\": [{\"id\": \"a\", \"href\": \"?\", \"body\": {\"due\": \"" DUE "\"}}]}",
        "{\"messages\": [{\"id\": 1, \"href\": \"?claim_id=c\", \"body\": {\"due\": \"" DUE
        "\"}}]}",
        "{\"messages\": [{\"id\": \"a\", \"body\": {\"due\": \"" DUE "\"}}]}",
    };
    struct bench_claim claim;

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (bench_claim_read(slice_of(answers[i]), &claim))
            fail_msg("taken: %s", answers[i]);
}

static void test_claim_holds_no_more_than_was_asked_for(void **state)
{
    struct buffer b = {0};
    struct bench_claim claim;

    (void)state;
    buffer_add_literal(&b, "{\"messages\": [" MESSAGE("a"));
    for (int i = 1; i < BENCH_CLAIM_MAX; i++)
        buffer_add_literal(&b, ", " MESSAGE("a"));
    buffer_add_literal(&b, "]}");
    assert_true(bench_claim_read(buffer_slice(&b), &claim));
    assert_int_equal(claim.n, BENCH_CLAIM_MAX);
    b.len -= 2;
    buffer_add_literal(&b, ", " MESSAGE("a") "]}");
    assert_false(bench_claim_read(buffer_slice(&b), &claim));
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_has_prefix_headers_and_body),
        cmocka_unit_test(test_post_carries_when_it_was_due),
        cmocka_unit_test(test_claim_is_read_and_removed),
        cmocka_unit_test(test_claim_refuses_what_is_none_of_ours),
        cmocka_unit_test(test_claim_holds_no_more_than_was_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
