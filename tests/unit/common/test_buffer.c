/* tests/unit/common/test_buffer.c - bytes that grow at the end. */
#include "tests/support/cmocka_all.h"

#include "common/buffer.h"

static void test_buffer_of_zeros_is_ready_and_its_slice_is_empty_not_absent(void **state)
{
    struct buffer b = {0};

    (void)state;
    assert_non_null(buffer_slice(&b).p);
    assert_int_equal(buffer_slice(&b).len, 0);
    buffer_add(&b, slice_of(NULL));
    buffer_add(&b, SLICE(""));
    assert_int_equal(b.len, 0);
    buffer_fini(&b);
}

static void test_buffer_keeps_all_bytes_in_order_while_it_grows(void **state)
{
    struct buffer b = {0};

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        if (i % 2 == 0)
            buffer_add_char(&b, (char)(i % 251));
        else
            buffer_add(&b, (struct slice){(char[]){(char)(i % 251)}, 1});
    }
    assert_int_equal(b.len, 10000);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal((unsigned char)b.p[i], i % 251);
    buffer_fini(&b);
}

static void test_buffer_takes_a_slice_larger_than_its_double(void **state)
{
    static char large[100000];
    struct buffer b = {0};

    (void)state;
    memset(large, 'x', sizeof(large));
    buffer_add_char(&b, '(');
    buffer_add(&b, (struct slice){large, sizeof(large)});
    buffer_add_char(&b, ')');
    assert_int_equal(b.len, sizeof(large) + 2);
    assert_int_equal(b.p[0], '(');
    assert_memory_equal(b.p + 1, large, sizeof(large));
    assert_int_equal(b.p[b.len - 1], ')');
    buffer_fini(&b);
}

static void test_buffer_reserve_gives_room_after_what_is_there(void **state)
{
    struct buffer b = {0};
    char *to;

    (void)state;
    buffer_add_literal(&b, "ab");
    to = buffer_reserve(&b, 1000);
    memset(to, 'c', 1000);
    assert_slice(buffer_slice(&b), "ab"); /* reserving adds nothing yet */
    b.len += 1;
    assert_slice(buffer_slice(&b), "abc");
    buffer_fini(&b);
}

static void test_buffer_writes_numbers_in_decimal(void **state)
{
    struct buffer b = {0};

    (void)state;
    buffer_add_uint(&b, 0);
    buffer_add_char(&b, ' ');
    buffer_add_uint(&b, UINT64_MAX);
    buffer_add_char(&b, ' ');
    buffer_add_int(&b, 0);
    buffer_add_char(&b, ' ');
    buffer_add_int(&b, -1);
    buffer_add_char(&b, ' ');
    buffer_add_int(&b, INT64_MAX);
    buffer_add_char(&b, ' ');
    buffer_add_int(&b, INT64_MIN);
    assert_slice(buffer_slice(&b),
                 "0 18446744073709551615 0 -1 9223372036854775807 -9223372036854775808");
    buffer_fini(&b);
}

/* Lengths around the first capacity: the NUL that vsnprintf writes must fit, but isn't counted. */
static void test_buffer_printf_appends_a_text_of_any_length(void **state)
{
    char text[1025];

    (void)state;
    memset(text, 'y', sizeof(text));
    for (int len = 0; len < (int)sizeof(text); len++) {
        struct buffer b = {0};

        buffer_add_char(&b, '<');
        buffer_printf(&b, "%.*s", len, text);
        assert_int_equal(b.len, (size_t)len + 1);
        buffer_add_char(&b, '>');
        assert_int_equal(b.p[0], '<');
        assert_memory_equal(b.p + 1, text, (size_t)len);
        assert_int_equal(b.p[b.len - 1], '>');
        buffer_fini(&b);
    }
}

static void test_buffer_holds_nul_bytes(void **state)
{
    struct buffer b = {0};

    (void)state;
    buffer_add(&b, SLICE("a\0b"));
    buffer_add_char(&b, '\0');
    assert_true(slice_eq(buffer_slice(&b), SLICE("a\0b\0")));
    buffer_fini(&b);
}

static void test_buffer_may_be_used_again_after_fini(void **state)
{
    struct buffer b = {0};

    (void)state;
    buffer_fini(&b); /* of nothing */
    buffer_add_literal(&b, "first");
    buffer_fini(&b);
    assert_null(b.p);
    assert_int_equal(b.len, 0);
    buffer_add_literal(&b, "second");
    assert_slice(buffer_slice(&b), "second");
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_of_zeros_is_ready_and_its_slice_is_empty_not_absent),
        cmocka_unit_test(test_buffer_keeps_all_bytes_in_order_while_it_grows),
        cmocka_unit_test(test_buffer_takes_a_slice_larger_than_its_double),
        cmocka_unit_test(test_buffer_reserve_gives_room_after_what_is_there),
        cmocka_unit_test(test_buffer_writes_numbers_in_decimal),
        cmocka_unit_test(test_buffer_printf_appends_a_text_of_any_length),
        cmocka_unit_test(test_buffer_holds_nul_bytes),
        cmocka_unit_test(test_buffer_may_be_used_again_after_fini),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
