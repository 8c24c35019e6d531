/* tests/unit/router/test_access_log.c - the line of a request. */
#include "tests/support/cmocka_all.h"

#include "router/http/access_log.h"

#include <stdio.h>

static void assert_line(const struct access *a, const char *wanted)
{
    struct buffer out = {0};

    access_log_line(a, &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.p, wanted);
    buffer_fini(&out);
}

static void test_access_log_line_says_all(void **state)
{
    struct access a = {
        .wall_ms = 1795500489123,
        .duration_ms = 3,
        .request_id = SLICE("req-1"),
        .client = SLICE("10.0.0.5"),
        .project = SLICE("p"),
        .method = SLICE("GET"),
        .path = SLICE("/v2/queues/q/messages"),
        .status = 200,
        .bytes = 57,
    };

    (void)state;
    assert_line(&a, "2026-11-24T06:08:09.123Z req-1 client=10.0.0.5 project=p method=GET "
                    "path=/v2/queues/q/messages status=200 bytes=57 ms=3");
}

static void test_access_log_line_of_what_is_unknown(void **state)
{
    struct access a = {.wall_ms = 1795500489007};

    (void)state;
    assert_line(&a,
                "2026-11-24T06:08:09.007Z - client=- project=- method=- path=- status=- bytes=0 "
                "ms=0");
}

static void test_access_log_line_cannot_be_forged(void **state)
{
    struct access a = {
        .wall_ms = 1795500489007,
        .method = SLICE("G T"),
        .path = SLICE("/a\nb\r\tc\x7f\"%20\xc3\xa9 status=200"),
        .project = {"a\0b", 3},
        .status = 404,
    };

    (void)state;
    assert_line(&a, "2026-11-24T06:08:09.007Z - client=- project=a%00b method=G%20T "
                    "path=/a%0Ab%0D%09c%7F%22%20%C3%A9%20status=200 status=404 bytes=0 ms=0");
}

static void test_access_log_line_is_bounded(void **state)
{
    char path[100000];
    struct access a = {.path = {path, sizeof(path)}, .project = {path, 512}};
    struct buffer out = {0};

    (void)state;
    memset(path, '\n', sizeof(path));
    access_log_line(&a, &out);
    assert_true(out.len < 4000);
    buffer_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "%0A... status=-"));
    assert_non_null(strstr(out.p, "%0A method=-")); /* 512 is not too long */
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access_log_line_says_all),
        cmocka_unit_test(test_access_log_line_of_what_is_unknown),
        cmocka_unit_test(test_access_log_line_cannot_be_forged),
        cmocka_unit_test(test_access_log_line_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
