/* tests/unit/catalog/test_pools_text.c - the pools that a worker serves, as text. */
#include "tests/support/cmocka_all.h"

#include "catalog/pools_text.h"

static struct worker_record read_back(const char *text, struct arena *a)
{
    static const struct served_pool other[] = {{SLICE_INIT("stale"), true}};
    struct worker_record w = {.pools = other, .pools_n = 1};

    pools_text_read(slice_of(text), &w, a);
    return w;
}

static void test_pools_text_is_a_json_array_of_objects(void **state)
{
    static const struct served_pool pools[] = {{SLICE_INIT(""), true}, {SLICE_INIT("two"), false}};
    struct worker_record w = {.pools = pools, .pools_n = 2};
    struct arena a = {0};

    (void)state;
    assert_slice(pools_text_write(&w, &a), "[{\"name\": \"\", \"single_writer\": true}, "
                                           "{\"name\": \"two\", \"single_writer\": false}]");
    w.pools_n = 1;
    assert_slice(pools_text_write(&w, &a), "[{\"name\": \"\", \"single_writer\": true}]");
    w.pools_n = 0;
    assert_slice(pools_text_write(&w, &a), "[]");
    arena_fini(&a);
}

static void test_pools_text_reads_back_what_was_written(void **state)
{
    static const struct served_pool pools[] = {
        {SLICE_INIT(""), true},
        {SLICE_INIT("a \"quoted\" \\ name\n"), false},
        {SLICE_INIT("\xc3\xa9\xf0\x9f\x98\x80"), true},
    };
    struct worker_record w = {.pools = pools, .pools_n = 3}, back;
    struct arena a = {0};

    (void)state;
    back = read_back(pools_text_write(&w, &a).p, &a);
    assert_int_equal(back.pools_n, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(slice_eq(back.pools[i].name, pools[i].name));
        assert_int_equal(back.pools[i].single_writer, pools[i].single_writer);
    }
    arena_fini(&a);
}

static void test_pools_text_names_do_not_point_into_the_text(void **state)
{
    char text[] = "[{\"name\": \"abc\", \"single_writer\": false}]";
    struct arena a = {0};
    struct worker_record w = read_back(text, &a);

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(w.pools_n, 1);
    assert_slice(w.pools[0].name, "abc");
    arena_fini(&a);
}

static void test_pools_text_takes_members_of_other_versions(void **state)
{
    struct arena a = {0};
    struct worker_record w = read_back(
        " [ {\"weight\": 3, \"single_writer\": true, \"name\": \"n\"}, {\"name\": \"m\"} ] ", &a);

    (void)state;
    assert_int_equal(w.pools_n, 2);
    assert_slice(w.pools[0].name, "n");
    assert_true(w.pools[0].single_writer);
    assert_slice(w.pools[1].name, "m");
    assert_false(w.pools[1].single_writer);
    arena_fini(&a);
}

static void test_pools_text_that_is_damaged_gives_a_worker_without_pools(void **state)
{
    static const char *const damaged[] = {
        "",
        "[",
        "null",
        "{}",
        "\"x\"",
        "[{\"name\": \"a\"}",
        "[] x",
        "{\"name\": \"a\"}",
        "[]",
        "[null, 1, \"a\", [], {}]",
        "[{\"name\": 5}, {\"name\": null}]",
        "[{\"Name\": \"a\"}]",
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_int_equal(read_back(damaged[i], &a).pools_n, 0);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools_text_is_a_json_array_of_objects),
        cmocka_unit_test(test_pools_text_reads_back_what_was_written),
        cmocka_unit_test(test_pools_text_names_do_not_point_into_the_text),
        cmocka_unit_test(test_pools_text_takes_members_of_other_versions),
        cmocka_unit_test(test_pools_text_that_is_damaged_gives_a_worker_without_pools),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
