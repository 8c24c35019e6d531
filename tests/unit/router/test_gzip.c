/* tests/unit/router/test_gzip.c - answers in fewer bytes. */
#include "tests/support/cmocka_all.h"

#include "router/http/gzip.h"

#include <stdio.h>
#include <zlib.h>

static int begin(void **state)
{
    *state = gzip_new();
    return 0;
}

static int end(void **state)
{
    gzip_free(*state);
    return 0;
}

static void test_gzip_is_for_those_who_ask(void **state)
{
    static const struct {
        const char *accept_encoding;
        bool asked;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"gzip, deflate", true},
        {"deflate, gzip;q=0.5, br", true},
        {" br ,gzip ", true},
        {"*", true},
        {"*;q=0.1", true},
        {"gzip;q=1.0, identity;q=0.5", true},
        {"gzip;q=0.5, identity", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000, *", false},
        {"*;q=0", false},
        {"identity", false},
        {"deflate, br", false},
        {"xgzip", false},
        {"gzip2", false},
        {",", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (gzip_is_asked(slice_of(cases[i].accept_encoding)) != cases[i].asked)
            fail_msg("\"%s\"", cases[i].accept_encoding);
}

/* assert_packs packs text and unpacks it again. */
static void assert_packs(struct gzip *g, struct slice text)
{
    struct buffer out = {0}, back = {0};
    z_stream z = {0};

    buffer_add_literal(&out, "before");
    assert_true(gzip_pack(g, text, &out));
    assert_true(out.len < text.len + 6);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)out.p + 6;
    z.avail_in = (uInt)out.len - 6;
    z.next_out = (Bytef *)buffer_reserve(&back, text.len + 1);
    z.avail_out = (uInt)text.len + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, text.len);
    assert_int_equal(z.avail_in, 0);
    assert_memory_equal(back.p, text.p, text.len);
    inflateEnd(&z);
    buffer_fini(&out);
    buffer_fini(&back);
}

static void test_gzip_packs_again_and_again(void **state)
{
    struct buffer text = {0};

    while (text.len < GZIP_MAX - 200) {
        buffer_printf(&text, "{\"id\": %zu, \"body\": {\"event\": \"stop\"}}, ", text.len);
        if (text.len % 7 == 0)
            assert_packs(*state, buffer_slice(&text));
    }
    while (text.len < GZIP_MAX)
        buffer_add_char(&text, 'x');
    assert_packs(*state, buffer_slice(&text));
    buffer_fini(&text);
}

static void test_gzip_leaves_what_gets_no_shorter(void **state)
{
    struct buffer text = {0}, out = {0};
    uint32_t noise = 1;

    buffer_add_literal(&out, "before");
    assert_false(gzip_pack(*state, SLICE(""), &out));
    assert_false(gzip_pack(*state, SLICE("{}"), &out));
    while (text.len < 20000) {
        noise = noise * 1664525 + 1013904223;
        buffer_add_char(&text, (char)(noise >> 24));
    }
    assert_false(gzip_pack(*state, buffer_slice(&text), &out));
    assert_true(slice_eq(buffer_slice(&out), SLICE("before")));
    buffer_fini(&text);
    buffer_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gzip_is_for_those_who_ask),
        TEST(test_gzip_packs_again_and_again),
        TEST(test_gzip_leaves_what_gets_no_shorter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
