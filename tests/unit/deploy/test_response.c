/* tests/unit/deploy/test_response.c - answers of servers, good ones and hostile ones, in pieces of any size. */
#include "tests/support/cmocka_all.h"

#include "deploy/nusku/response.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* One answer as it comes, with a connection that is closed after it or not, and what it means. */
struct sample {
    struct slice bytes;
    bool closed;
    int status;
    bool keep;
    const char *body;
};

/* read_in_pieces feeds all bytes, cut after the first n and then every step. */
static enum response_verdict read_in_pieces(struct response *r, struct slice bytes, bool closed,
                                            size_t first, size_t step)
{
    enum response_verdict verdict = RESPONSE_MORE;

    response_begin(r);
    for (size_t at = 0, n = first; at < bytes.len; at += n, n = step) {
        if (n > bytes.len - at)
            n = bytes.len - at;
        verdict = response_take(r, (struct slice){bytes.p + at, n});
    }
    return closed ? response_end(r) : verdict;
}

static void check_sample(const struct sample *s, struct response *r, size_t first, size_t step)
{
    if (read_in_pieces(r, s->bytes, s->closed, first, step) != RESPONSE_DONE)
        fail_msg("%.*s: %s", SLICE_ARG(s->bytes), r->fault == NULL ? "not done" : r->fault);
    assert_int_equal(r->status, s->status);
    assert_int_equal(r->keep, s->keep);
    assert_slice(buffer_slice(&r->body), s->body);
    assert_null(r->fault);
}

static void check_good(const struct sample *samples, size_t n)
{
    struct response r = {0};

    for (size_t i = 0; i < n; i++) {
        check_sample(&samples[i], &r, samples[i].bytes.len, 1);
        for (size_t cut = 1; cut < samples[i].bytes.len; cut++)
            check_sample(&samples[i], &r, cut, samples[i].bytes.len);
        check_sample(&samples[i], &r, 1, 1);
    }
    response_fini(&r);
}

static void check_bad(const struct slice *answers, size_t n)
{
    struct response r = {0};

    for (size_t i = 0; i < n; i++) {
        for (size_t step = 1; step <= answers[i].len; step++) {
            if (read_in_pieces(&r, answers[i], false, step, step) != RESPONSE_BAD)
                fail_msg("taken in pieces of %zu: %.*s", step, SLICE_ARG(answers[i]));
            assert_non_null(r.fault);
            assert_false(r.keep);
        }
    }
    response_fini(&r);
}

#define CHECK_GOOD(samples) check_good((samples), sizeof(samples) / sizeof((samples)[0]))
#define CHECK_BAD(answers)  check_bad((answers), sizeof(answers) / sizeof((answers)[0]))

static void test_response_takes_bodies_with_a_length(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT(OK "Content-Length: 5\r\n\r\nhello"), false, 200, true, "hello"},
        {SLICE_INIT(OK "content-length:\t5 \r\nX:\r\n\r\nhello"), false, 200, true, "hello"},
        {SLICE_INIT(OK "Content-Length: 0\r\n\r\n"), false, 200, true, ""},
        {SLICE_INIT("HTTP/1.1 503\r\nContent-Length: 2\r\n\r\n{}"), false, 503, true, "{}"},
        {SLICE_INIT("HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\n{}"), false, 404, true, "{}"},
        {SLICE_INIT(OK "Content-Length: 4\r\n\r\n\r\n\r\n"), false, 200, true, "\r\n\r\n"},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_takes_answers_without_a_body(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT("HTTP/1.1 204 No Content\r\n\r\n"), false, 204, true, ""},
        {SLICE_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), false, 204, true, ""},
        {SLICE_INIT("HTTP/1.1 304 Not Modified\r\n\r\n"), false, 304, true, ""},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_takes_chunks(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), false, 200,
         true, "hello"},
        {SLICE_INIT(
             OK
             "transfer-encoding: CHUNKED\r\n\r\n2;x=y\r\nhe\r\n03 \r\nllo\r\n00\r\nT: 1\r\n\r\n"),
         false, 200, true, "hello"},
        {SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"), false,
         200, true, "0123456789"},
        {SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, 200, true, ""},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_takes_bodies_until_the_end(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT(OK "\r\nhello"), true, 200, false, "hello"},
        {SLICE_INIT(OK "\r\n"), true, 200, false, ""},
        {SLICE_INIT("HTTP/1.0 200 OK\r\n\r\nhello"), true, 200, false, "hello"},
        {SLICE_INIT(OK "Content-Length: 2\r\n\r\nhe"), true, 200, false, "he"},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_says_whether_the_connection_stays(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT(OK "Connection: close\r\nContent-Length: 0\r\n\r\n"), false, 200, false, ""},
        {SLICE_INIT(OK "connection: x, Close\r\nContent-Length: 0\r\n\r\n"), false, 200, false, ""},
        {SLICE_INIT(OK "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n"), false, 200, true,
         ""},
        {SLICE_INIT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), false, 200, false, ""},
        {SLICE_INIT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
         false, 200, true, ""},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_skips_interim_answers(void **state)
{
    static const struct sample samples[] = {
        {SLICE_INIT("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"), false, 200,
         true, "x"},
        {SLICE_INIT("HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 100\r\nConnection: close\r\n\r\n"
                    "HTTP/1.1 204 N\r\n\r\n"),
         false, 204, true, ""},
    };

    (void)state;
    CHECK_GOOD(samples);
}

static void test_response_refuses_other_status_lines(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT("\r\n"),
        SLICE_INIT("hello\r\n"),
        SLICE_INIT("HTTP/2 200 OK\r\n"),
        SLICE_INIT("HTTP/1.2 200 OK\r\n"),
        SLICE_INIT("http/1.1 200 OK\r\n"),
        SLICE_INIT(" HTTP/1.1 200 OK\r\n"),
        SLICE_INIT("HTTP/1.1  200 OK\r\n"),
        SLICE_INIT("HTTP/1.1 2000\r\n"),
        SLICE_INIT("HTTP/1.1 20 \r\n"),
        SLICE_INIT("HTTP/1.1 2x0 OK\r\n"),
        SLICE_INIT("HTTP/1.1 099 OK\r\n"),
        SLICE_INIT("HTTP/1.1 600 OK\r\n"),
        SLICE_INIT("HTTP/1.1 101 Switching Protocols\r\n"),
        SLICE_INIT("HTTP/1.1 200 O\0K\r\n"),
        SLICE_INIT("HTTP/1.1 200 OK\n"),
        SLICE_INIT("HTTP/1.1 200 OK\r\r\n"),
    };

    (void)state;
    CHECK_BAD(answers);
}

static void test_response_refuses_what_is_no_header(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT(OK "hello\r\n"),          SLICE_INIT(OK ": x\r\n"),
        SLICE_INIT(OK "Name : x\r\n"),       SLICE_INIT(OK "A: x\r\n folded\r\n"),
        SLICE_INIT(OK "A: x\n\r\n"),         SLICE_INIT(OK "A: \rx\r\n"),
        SLICE_INIT(OK "A: \0x\r\n"),         SLICE_INIT(OK "A\0: x\r\n"),
        SLICE_INIT(OK "A\x7f: x\r\n"),       SLICE_INIT(OK "A(: x\r\n"),
        SLICE_INIT(OK "Content-Length\r\n"), SLICE_INIT(OK "\n"),
    };

    (void)state;
    CHECK_BAD(answers);
}

static void test_response_refuses_lengths_that_are_none(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT(OK "Content-Length:\r\n"),
        SLICE_INIT(OK "Content-Length: x\r\n"),
        SLICE_INIT(OK "Content-Length: -1\r\n"),
        SLICE_INIT(OK "Content-Length: +1\r\n"),
        SLICE_INIT(OK "Content-Length: 1 2\r\n"),
        SLICE_INIT(OK "Content-Length: 1, 1\r\n"),
        SLICE_INIT(OK "Content-Length: 0x10\r\n"),
        SLICE_INIT(OK "Content-Length: x0\r\n"),
        SLICE_INIT(OK "Content-Length: 16777217\r\n"),
        SLICE_INIT(OK "Content-Length: 18446744073709551617\r\n"),
        SLICE_INIT(OK "Content-Length: 000000001\r\n"),
        SLICE_INIT(OK "Content-Length: 1\r\nContent-Length: 1\r\n"),
    };

    (void)state;
    CHECK_BAD(answers);
}

static void test_response_refuses_two_ways_to_end(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        SLICE_INIT(OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        SLICE_INIT(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        SLICE_INIT(OK "Transfer-Encoding: gzip, chunked\r\n"),
        SLICE_INIT(OK "Transfer-Encoding: identity\r\n"),
        SLICE_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"),
        SLICE_INIT("HTTP/1.1 204 N\r\nContent-Length: 1\r\n\r\n"),
        SLICE_INIT("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
        SLICE_INIT("HTTP/1.1 100 C\r\nContent-Length: 1\r\n\r\n"),
    };

    (void)state;
    CHECK_BAD(answers);
}

#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

static void test_response_refuses_wrong_chunks(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT(CHUNKS "\r\n"),           SLICE_INIT(CHUNKS "x\r\n"),
        SLICE_INIT(CHUNKS "-1\r\n"),         SLICE_INIT(CHUNKS "0x1\r\n"),
        SLICE_INIT(CHUNKS ";a\r\n"),         SLICE_INIT(CHUNKS "1\r\nab\r\n"),
        SLICE_INIT(CHUNKS "1\na"),           SLICE_INIT(CHUNKS "1\r\na\n"),
        SLICE_INIT(CHUNKS "1000001\r\n"),    SLICE_INIT(CHUNKS "ffffffffffffffff\r\n"),
        SLICE_INIT(CHUNKS "0000000001\r\n"), SLICE_INIT(CHUNKS "0\r\n\r\nx"),
    };

    (void)state;
    CHECK_BAD(answers);
}

static void test_response_refuses_more_than_was_asked_for(void **state)
{
    static const struct slice answers[] = {
        SLICE_INIT(OK "Content-Length: 1\r\n\r\nab"),
        SLICE_INIT("HTTP/1.1 204 N\r\n\r\n\r\n"),
        SLICE_INIT("HTTP/1.1 204 N\r\n\r\nHTTP/1.1 204 N\r\n\r\n"),
    };

    (void)state;
    CHECK_BAD(answers);
}

static void test_response_waits_for_the_rest(void **state)
{
    static const struct slice parts[] = {
        SLICE_INIT("H"),
        SLICE_INIT(OK),
        SLICE_INIT(OK "Content-Length: 2\r\n\r\nx"),
        SLICE_INIT("HTTP/1.1 100 Continue\r\n\r\n"),
        SLICE_INIT(CHUNKS "1\r\nx\r\n"),
        SLICE_INIT(CHUNKS "0\r\n"),
    };
    struct response r = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        response_begin(&r);
        assert_int_equal(response_take(&r, parts[i]), RESPONSE_MORE);
        assert_int_equal(response_end(&r), RESPONSE_BAD);
        assert_non_null(r.fault);
    }
    response_begin(&r);
    assert_int_equal(response_end(&r), RESPONSE_BAD);
    response_fini(&r);
}

/* feed_forever feeds the same bytes until something is wrong, and tells how many were taken. */
static size_t feed_forever(struct slice begin, struct slice again)
{
    struct response r = {0};
    size_t fed = 0;

    response_begin(&r);
    response_take(&r, begin);
    while (fed < 2 * (size_t)RESPONSE_BODY_MAX && response_take(&r, again) == RESPONSE_MORE)
        fed += again.len;
    assert_int_equal(response_end(&r), RESPONSE_BAD);
    assert_true(r.body.len <= RESPONSE_BODY_MAX && r.line.len <= RESPONSE_HEAD_MAX);
    response_fini(&r);
    return fed;
}

static void test_response_is_bounded(void **state)
{
    static char large[65536];

    (void)state;
    memset(large, 'a', sizeof(large));
    assert_true(feed_forever(SLICE(""), SLICE("a")) <= RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(OK), SLICE("Name: value\r\n")) <= RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(OK "A: "), SLICE("a")) <= RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(""), SLICE("HTTP/1.1 100 C\r\n\r\n")) <= RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(CHUNKS "0\r\n"), SLICE("T: x\r\n")) <= RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(CHUNKS), SLICE("1\r\nx\r\n")) <= 2 * RESPONSE_HEAD_MAX);
    assert_true(feed_forever(SLICE(OK "\r\n"), (struct slice){large, sizeof(large)}) <=
                RESPONSE_BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response_takes_bodies_with_a_length),
        cmocka_unit_test(test_response_takes_answers_without_a_body),
        cmocka_unit_test(test_response_takes_chunks),
        cmocka_unit_test(test_response_takes_bodies_until_the_end),
        cmocka_unit_test(test_response_says_whether_the_connection_stays),
        cmocka_unit_test(test_response_skips_interim_answers),
        cmocka_unit_test(test_response_refuses_other_status_lines),
        cmocka_unit_test(test_response_refuses_what_is_no_header),
        cmocka_unit_test(test_response_refuses_lengths_that_are_none),
        cmocka_unit_test(test_response_refuses_two_ways_to_end),
        cmocka_unit_test(test_response_refuses_wrong_chunks),
        cmocka_unit_test(test_response_refuses_more_than_was_asked_for),
        cmocka_unit_test(test_response_waits_for_the_rest),
        cmocka_unit_test(test_response_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
