/* tests/unit/router/test_chunked.c - bodies in chunks: read to the letter, in whatever pieces they come. */
#include "tests/support/cmocka_all.h"

#include "router/http/chunked.h"

#include <stdio.h>
#include <string.h>

/* decode feeds a text in pieces, as h2o does: what a piece leaves of the body stands before the next one.
 * It gives what the last piece gave; body gets what was decoded and what follows it. */
static ssize_t decode(const char *text, size_t piece, char body[256])
{
    struct phr_chunked_decoder d = {.consume_trailer = 1};
    size_t len = strlen(text), kept = 0;
    ssize_t got = -2;

    for (size_t at = 0; at < len && got == -2; at += piece) {
        size_t size = len - at < piece ? len - at : piece;

        memcpy(body + kept, text + at, size);
        got = phr_decode_chunked(&d, body + kept, &size);
        kept += size;
    }
    body[kept + (got > 0 ? (size_t)got : 0)] = '\0';
    return got;
}

static void check(const char *text, ssize_t wanted, const char *body)
{
    char out[256];

    for (size_t piece = strlen(text); piece > 0; piece--) {
        ssize_t got = decode(text, piece, out);

        if (wanted >= 0 ? got < 0 : got != wanted)
            fail_msg("\"%s\" in pieces of %zu: %zd, not %zd", text, piece, got, wanted);
        if (piece == strlen(text) || wanted < 0)
            assert_int_equal(got, wanted);
        if (body != NULL)
            assert_memory_equal(out, body, strlen(body));
    }
}

static void test_chunked_bodies(void **state)
{
    (void)state;
    check("0\r\n\r\n", 0, "");
    check("5\r\nhello\r\n0\r\n\r\n", 0, "hello");
    check("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 0, "hello");
    check("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 0, "01234567890123456789");
    check("0000005\r\nh\r\nlo\r\n000\r\n\r\n", 0, "h\r\nlo");
    check("5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", 0, "hello");
    check("5 \t;a\r\nhello\r\n0 \r\n\r\n", 0, "hello");
    check("5\r\nhello\r\n0\r\nX: y\r\nZ:\t1\r\n\r\n", 0, "hello");
}

static void test_chunked_leaves_what_follows(void **state)
{
    char out[256];

    (void)state;
    check("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1", 14, "a");
    assert_int_equal(decode("1\r\na\r\n0\r\n\r\nGET", 64, out), 3);
    assert_string_equal(out, "aGET");
}

static void test_chunked_waits_for_more(void **state)
{
    static const char whole[] = "5;a\r\nhello\r\n0\r\nX: y\r\n\r\n";
    char text[sizeof(whole)];

    (void)state;
    for (size_t len = 1; len < sizeof(whole) - 1; len++) {
        snprintf(text, sizeof(text), "%.*s", (int)len, whole);
        check(text, -2, NULL);
    }
}

static void test_chunked_refuses_what_others_may_read_otherwise(void **state)
{
    static const char *const texts[] = {
        "0x19\r\n\r\n",
        "0x0\r\n\r\n",
        "5x\r\nhello\r\n",
        "5 5\r\nhello\r\n",
        "5,5\r\nhello\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "\r\n",
        ";a\r\n",
        "g\r\n",
        "5\nhello\r\n",
        "5\rhello",
        "5\r\rhello",
        "5;a\nhello",
        "5;a\x01\r\nhello",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\r\n0\r\n\r\n",
        "5\r\nhello\r\n\r\n0\r\n\r\n",
        "0\r\n\n",
        "0\r\nX: y\n\r\n",
        "0\r\nX: y\rZ",
        "0\r\n\rX",
        "0\n\n",
        "1000000000000000\r\n",
        "ffffffffffffffff\r\n",
        "00000000000000005\r\nhello",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check(texts[i], -1, NULL);
}

static void test_chunked_stands_in_the_librarys_place(void **state)
{
    (void)state;
    assert_true(chunked_is_used());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked_bodies),
        cmocka_unit_test(test_chunked_leaves_what_follows),
        cmocka_unit_test(test_chunked_waits_for_more),
        cmocka_unit_test(test_chunked_refuses_what_others_may_read_otherwise),
        cmocka_unit_test(test_chunked_stands_in_the_librarys_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
