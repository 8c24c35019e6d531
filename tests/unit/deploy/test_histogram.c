/* tests/unit/deploy/test_histogram.c - percentiles, to one percent. */
#include "tests/support/cmocka_all.h"

#include "common/mem.h"
#include "deploy/nusku/histogram.h"
#include "tests/unit/dice.h"

#include <stdlib.h>

static int set_up(void **state)
{
    *state = mem_zalloc(sizeof(struct histogram));
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* check_near: never too small, and less than a percent too large. */
static void check_near(uint64_t told, uint64_t exact)
{
    if (told < exact || told - exact > exact / 100)
        fail_msg("%llu was told for %llu", (unsigned long long)told, (unsigned long long)exact);
}

static void test_histogram_without_values_tells_zero(void **state)
{
    struct histogram *h = *state;

    assert_int_equal(histogram_at(h, 0), 0);
    assert_int_equal(histogram_at(h, 500000), 0);
    assert_int_equal(histogram_at(h, HISTOGRAM_ALL), 0);
}

static void test_histogram_of_one_value_tells_it_exactly(void **state)
{
    static const uint64_t values[] = {0, 1, 255, 256, 257, 123456789, UINT64_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct histogram *h = *state;

        memset(h, 0, sizeof(*h));
        histogram_add(h, values[i]);
        assert_int_equal(histogram_at(h, 0), values[i]);
        assert_int_equal(histogram_at(h, HISTOGRAM_ALL), values[i]);
        assert_int_equal(h->max, values[i]);
    }
}

/* Around every power of two, where buckets change their width: a larger value hides none of the error. */
static void test_histogram_tells_every_size_to_a_percent(void **state)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int step = -3; step <= 3; step++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)step;
            struct histogram *h = *state;

            memset(h, 0, sizeof(*h));
            histogram_add(h, value);
            histogram_add(h, UINT64_MAX);
            check_near(histogram_at(h, 500000), value);
        }
    }
}

static void test_histogram_counts_small_values_exactly(void **state)
{
    struct histogram *h = *state;

    for (uint64_t i = 1; i <= 200; i++)
        histogram_add(h, i);
    assert_int_equal(histogram_at(h, 0), 1);
    assert_int_equal(histogram_at(h, 5000), 1);
    assert_int_equal(histogram_at(h, 5001), 2);
    assert_int_equal(histogram_at(h, 500000), 100);
    assert_int_equal(histogram_at(h, 990000), 198);
    assert_int_equal(histogram_at(h, 999000), 200);
    assert_int_equal(histogram_at(h, HISTOGRAM_ALL), 200);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void test_histogram_agrees_with_sorting(void **state)
{
    enum { VALUES = 20000 };
    static const uint32_t shares[] = {0,      1,      100000, 500000, 900000,
                                      990000, 999000, 999900, 1000000};
    struct dice dice = dice_new("histogram");
    uint64_t *values = mem_alloc(VALUES * sizeof(*values));
    struct histogram *h = *state;

    for (size_t i = 0; i < VALUES; i++) {
        values[i] = dice_bits(&dice, 64);
        histogram_add(h, values[i]);
    }
    qsort(values, VALUES, sizeof(*values), compare);
    assert_int_equal(h->n, VALUES);
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        uint64_t rank = ((uint64_t)VALUES * shares[i] + 999999) / 1000000;

        check_near(histogram_at(h, shares[i]), values[rank == 0 ? 0 : rank - 1]);
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_histogram_without_values_tells_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_histogram_of_one_value_tells_it_exactly, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_histogram_tells_every_size_to_a_percent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_histogram_counts_small_values_exactly, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_histogram_agrees_with_sorting, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
