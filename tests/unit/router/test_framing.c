/* tests/unit/router/test_framing.c - whether a request says in one way only where it ends. */
#include "tests/support/cmocka_all.h"

#include "router/http/framing.h"

#include <string.h>

#define LINE "post /v2/queues/q/messages HTTP/1.1\r\n"

static void check_good(const char *const *heads, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *fault = framing_fault(slice_of(heads[i]), false);

        if (fault != NULL)
            fail_msg("case %zu: %s", i, fault);
    }
}

/* check_bad: each has a fault that names this header. */
static void check_bad(const char *const *heads, size_t n, const char *header)
{
    for (size_t i = 0; i < n; i++) {
        const char *fault = framing_fault(slice_of(heads[i]), false);

        if (fault == NULL || strstr(fault, header) == NULL || fault[strlen(fault) - 1] != '.')
            fail_msg("case %zu: %s", i, fault == NULL ? "no fault" : fault);
    }
}

#define CHECK_GOOD(heads)        check_good((heads), sizeof(heads) / sizeof((heads)[0]))
#define CHECK_BAD(heads, header) check_bad((heads), sizeof(heads) / sizeof((heads)[0]), (header))

static void test_framing_takes_one_length_or_none(void **state)
{
    static const char *const heads[] = {
        LINE "\r\n",
        LINE "host: x\r\nx-project-id: p\r\n\r\n",
        LINE "content-length: 12\r\n\r\n",
        LINE "content-type: a\r\ncontent-type: b\r\nte: trailers\r\ncookie: c\r\n\r\n",
        LINE "x-content-length: 1\r\nx-content-length: 2\r\n\r\n",
        LINE "content-lengths: 1\r\ncontent-lengths: 2\r\n\r\n",
        LINE "host: content-length: 1\r\nhos: transfer-encoding: chunked\r\n\r\n",
    };

    (void)state;
    CHECK_GOOD(heads);
}

static void test_framing_takes_the_same_length_again(void **state)
{
    static const char *const heads[] = {
        LINE "content-length: 12\r\ncontent-length: 12\r\n\r\n",
        LINE "content-length:12\r\nhost: x\r\ncontent-length: \t12 \r\n\r\n",
        LINE "content-length: 12\ncontent-length: 12\n\n",
        LINE "content-length: 1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
    };

    (void)state;
    CHECK_GOOD(heads);
}

static void test_framing_refuses_lengths_that_differ(void **state)
{
    static const char *const heads[] = {
        LINE "content-length: 12\r\ncontent-length: 13\r\n\r\n",
        LINE "content-length: 12\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        LINE "content-length: 12\r\ncontent-length: 012\r\n\r\n",
        LINE "content-length: 12\r\ncontent-length:\r\n\r\n",
        LINE "content-length:\r\ncontent-length: 12\r\n\r\n",
        LINE "content-length: 12\r\ncontent-length: 12\r\ncontent-length: 1\r\n\r\n",
        LINE "content-length: 12\ncontent-length: 13\n\n",
        LINE "content-length: 12\r\ncontent-length: 13",
    };

    (void)state;
    CHECK_BAD(heads, "Content-Length");
}

static void test_framing_refuses_a_length_beside_chunks(void **state)
{
    static const char *const heads[] = {
        LINE "content-length: 12\r\ntransfer-encoding: chunked\r\n\r\n",
        LINE "transfer-encoding: chunked\r\ncontent-length: 12\r\n\r\n",
        LINE "transfer-encoding: chunked\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        LINE "transfer-encoding:\r\ncontent-length: 0\r\n\r\n",
        LINE "transfer-encoding: identity\ncontent-length: 12\n\n",
    };

    (void)state;
    CHECK_BAD(heads, "Content-Length");
    CHECK_BAD(heads, "Transfer-Encoding");
}

static void test_framing_refuses_chunks_twice(void **state)
{
    static const char *const heads[] = {
        LINE "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        LINE "transfer-encoding: gzip\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
    };

    (void)state;
    CHECK_BAD(heads, "Transfer-Encoding");
}

/* The first line is none of the headers, and what follows the empty line none of this request's. */
static void test_framing_reads_the_headers_only(void **state)
{
    static const char *const heads[] = {
        "content-length: 1\r\ncontent-length: 2\r\n\r\n",
        LINE "content-length: 20\r\n\r\ncontent-length: 21\r\n\r\n",
        LINE "content-length: 20\n\ntransfer-encoding: chunked\r\n\r\n",
        LINE "\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
        LINE,
        LINE "content-length",
        "post",
        "",
    };

    (void)state;
    CHECK_GOOD(heads);
    assert_null(framing_fault(slice_of(NULL), false));
}

static void test_framing_refuses_folded_headers(void **state)
{
    static const char *const heads[] = {
        LINE "x: a\r\n b\r\n\r\n",
        LINE "x: a\n\tb\n\n",
        LINE "x:\r\n content-length: 1\r\n\r\n",
        LINE " x: a\r\n\r\n",
        LINE "content-length:\r\n 25\r\n\r\n",
        LINE "x: a\r\n \r\n\r\n",
    };

    (void)state;
    CHECK_BAD(heads, "folded");
}

static void test_framing_wants_one_host(void **state)
{
    static const char *const one[] = {
        LINE "host: x\r\n\r\n",
        LINE "host:\r\n\r\n",
        LINE "transfer-encoding: chunked\r\nhost: x\r\n\r\n",
    };
    static const char *const none[] = {
        LINE "\r\n",
        LINE "hosts: x\r\nx-host: x\r\n\r\nhost: x\r\n",
    };
    static const char *const two[] = {
        LINE "host: x\r\nhost: y\r\n\r\n",
        LINE "host: x\nhost: x\n\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        assert_null(framing_fault(slice_of(one[i]), true));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_non_null(strstr(framing_fault(slice_of(none[i]), true), "Host"));
        assert_null(framing_fault(slice_of(none[i]), false));
    }
    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
        assert_non_null(strstr(framing_fault(slice_of(two[i]), true), "Host"));
    CHECK_BAD(two, "Host");
}

static void test_framing_has_no_chunks_in_http_1_0(void **state)
{
    static const char *const heads[] = {LINE "host: x\r\ntransfer-encoding: chunked\r\n\r\n"};

    (void)state;
    CHECK_BAD(heads, "HTTP/1.0");
    assert_null(framing_fault(slice_of(heads[0]), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing_takes_one_length_or_none),
        cmocka_unit_test(test_framing_takes_the_same_length_again),
        cmocka_unit_test(test_framing_refuses_lengths_that_differ),
        cmocka_unit_test(test_framing_refuses_a_length_beside_chunks),
        cmocka_unit_test(test_framing_refuses_chunks_twice),
        cmocka_unit_test(test_framing_reads_the_headers_only),
        cmocka_unit_test(test_framing_refuses_folded_headers),
        cmocka_unit_test(test_framing_wants_one_host),
        cmocka_unit_test(test_framing_has_no_chunks_in_http_1_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
