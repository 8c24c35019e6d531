/* tests/unit/common/test_slice.c - bytes that somebody else owns. */
#include "tests/support/cmocka_all.h"

static void test_slice_of_null_is_absent_and_of_nothing_is_empty(void **state)
{
    (void)state;
    assert_null(slice_of(NULL).p);
    assert_int_equal(slice_of(NULL).len, 0);
    assert_non_null(slice_of("").p);
    assert_int_equal(slice_of("").len, 0);
    assert_int_equal(slice_of("abc").len, 3);
    assert_int_equal(SLICE("a\0b").len, 3);
}

static void test_slice_eq_compares_bytes_and_length(void **state)
{
    (void)state;
    assert_true(slice_eq(SLICE("abc"), slice_of("abc")));
    assert_false(slice_eq(SLICE("abc"), SLICE("abd")));
    assert_false(slice_eq(SLICE("abc"), SLICE("ab")));
    assert_false(slice_eq(SLICE("abc"), SLICE("ABC")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_true(slice_eq(SLICE(""), slice_of(NULL)));
}

static void test_slice_eq_ci_takes_ascii_letters_of_both_cases_for_the_same(void **state)
{
    (void)state;
    assert_true(slice_eq_ci(SLICE("Content-TYPE"), SLICE("cONTENT-type")));
    assert_false(slice_eq_ci(SLICE("abc"), SLICE("ab")));
    assert_false(slice_eq_ci(SLICE("a["), SLICE("a{"))); /* 0x20 apart, but no letters */
    assert_false(slice_eq_ci(SLICE("\xc3\xa9"), SLICE("\xc3\x89")));
    assert_true(slice_eq_ci(SLICE(""), slice_of(NULL)));
}

static void test_slice_starts_needs_the_whole_prefix(void **state)
{
    (void)state;
    assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
    assert_true(slice_starts(SLICE("abc"), SLICE("abc")));
    assert_true(slice_starts(SLICE("abc"), SLICE("")));
    assert_true(slice_starts(slice_of(NULL), slice_of(NULL)));
    assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
    assert_false(slice_starts(SLICE("abc"), SLICE("b")));
}

static void test_slice_compare_orders_as_unsigned_bytes_and_prefixes_first(void **state)
{
    static const struct slice sorted[] = {
        SLICE_INIT(""),   SLICE_INIT("\0"),   SLICE_INIT("-"),    SLICE_INIT("A"),
        SLICE_INIT("Aa"), SLICE_INIT("a"),    SLICE_INIT("a\0"),  SLICE_INIT("aa"),
        SLICE_INIT("b"),  SLICE_INIT("\x7f"), SLICE_INIT("\x80"), SLICE_INIT("\xff"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        for (size_t j = 0; j < sizeof(sorted) / sizeof(sorted[0]); j++) {
            int order = slice_compare(sorted[i], sorted[j]);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(slice_compare(slice_of(NULL), SLICE("")), 0);
}

static void test_slice_from_drops_the_first_bytes(void **state)
{
    (void)state;
    assert_slice(slice_from(SLICE("abc"), 0), "abc");
    assert_slice(slice_from(SLICE("abc"), 2), "c");
    assert_slice(slice_from(SLICE("abc"), 3), "");
}

static void test_slice_trim_drops_blanks_and_tabs_at_both_ends_only(void **state)
{
    (void)state;
    assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
    assert_slice(slice_trim(SLICE("ab")), "ab");
    assert_slice(slice_trim(SLICE(" \t ")), "");
    assert_slice(slice_trim(SLICE("\na\n")), "\na\n");
    assert_slice(slice_trim(slice_of(NULL)), "");
}

static void test_slice_cut_splits_at_the_first_separator(void **state)
{
    struct slice rest = SLICE("a,b,,c");

    (void)state;
    assert_slice(slice_cut(&rest, ','), "a");
    assert_slice(rest, "b,,c");
    assert_slice(slice_cut(&rest, ','), "b");
    assert_slice(slice_cut(&rest, ','), "");
    assert_non_null(rest.p);
    assert_slice(slice_cut(&rest, ','), "c");
    assert_null(rest.p);
}

static void test_slice_cut_walks_a_list_item_by_item(void **state)
{
    static const struct {
        const char *list;
        size_t items;
    } cases[] = {{NULL, 0}, {"", 1}, {"a", 1}, {"a,", 2}, {",", 2}, {"a,b", 2}, {",,", 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice rest = slice_of(cases[i].list);
        size_t n = 0;

        while (rest.p != NULL) {
            slice_cut(&rest, ',');
            n++;
        }
        assert_int_equal(n, cases[i].items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_of_null_is_absent_and_of_nothing_is_empty),
        cmocka_unit_test(test_slice_eq_compares_bytes_and_length),
        cmocka_unit_test(test_slice_eq_ci_takes_ascii_letters_of_both_cases_for_the_same),
        cmocka_unit_test(test_slice_starts_needs_the_whole_prefix),
        cmocka_unit_test(test_slice_compare_orders_as_unsigned_bytes_and_prefixes_first),
        cmocka_unit_test(test_slice_from_drops_the_first_bytes),
        cmocka_unit_test(test_slice_trim_drops_blanks_and_tabs_at_both_ends_only),
        cmocka_unit_test(test_slice_cut_splits_at_the_first_separator),
        cmocka_unit_test(test_slice_cut_walks_a_list_item_by_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
