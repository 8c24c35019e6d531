/* tests/unit/common/test_random.c - unguessable bytes. What is tested by chance fails once in far more
 * runs than there will ever be. */
#include "tests/support/cmocka_all.h"

#include "common/random.h"

#include <pthread.h>
#include <stdbool.h>

static void test_random_bytes_fills_exactly_what_is_asked_for(void **state)
{
    static const size_t sizes[] = {0, 1, 10, 16, 4095, 4096, 4097, 10000};
    static unsigned char room[10000 + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t untouched = 0;

        memset(room, 0xaa, sizeof(room));
        random_bytes(room + 1, sizes[i]);
        assert_int_equal(room[0], 0xaa);
        assert_int_equal(room[sizes[i] + 1], 0xaa);
        for (size_t j = 0; j < sizes[i]; j++)
            untouched += room[j + 1] == 0xaa;
        assert_true(untouched <= sizes[i] / 50 + 6); /* one in 256 is so by chance */
    }
}

/* Blocks come from the kernel 4 KiB at a time: none of it may be given out twice. */
static void test_random_bytes_never_repeats_across_blocks(void **state)
{
    static unsigned char seen[4000][16];

    (void)state;
    for (size_t i = 0; i < 4000; i++)
        random_bytes(seen[i], 16);
    for (size_t i = 0; i < 4000; i++)
        for (size_t j = i + 1; j < 4000 && j < i + 600; j++)
            assert_true(memcmp(seen[i], seen[j], 16) != 0);
}

static void *throw(void *to)
{
    random_bytes(to, 16);
    return NULL;
}

static void test_random_bytes_differ_from_thread_to_thread(void **state)
{
    unsigned char one[16], other[16];
    pthread_t threads[2];

    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, throw, one), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, throw, other), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_memory_not_equal(one, other, 16);
}

static void test_random_below_gives_every_number_below_the_limit(void **state)
{
    (void)state;
    for (uint64_t limit = 1; limit <= 20; limit++) {
        unsigned times[20] = {0};

        for (int i = 0; i < 4000; i++) {
            uint64_t n = random_below(limit);

            assert_true(n < limit);
            times[n]++;
        }
        for (uint64_t n = 0; n < limit; n++)
            assert_in_range(times[n], 4000 / limit / 2, 4000 / limit * 2);
    }
}

/* Cut from 64 bits by a remainder alone, a number below 2^62 would come twice as often as it should. */
static void test_random_below_is_even_for_large_limits(void **state)
{
    const uint64_t quarter = UINT64_C(1) << 62;
    unsigned low = 0;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        uint64_t n = random_below(3 * quarter);

        assert_true(n < 3 * quarter);
        low += n < quarter;
    }
    assert_in_range(low, 1700, 2300); /* 2000 expected, 3000 when it is cut */
}

static void test_random_below_takes_the_largest_limit(void **state)
{
    uint64_t seen = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        seen |= random_below(UINT64_MAX);
    assert_true(seen == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes_fills_exactly_what_is_asked_for),
        cmocka_unit_test(test_random_bytes_never_repeats_across_blocks),
        cmocka_unit_test(test_random_bytes_differ_from_thread_to_thread),
        cmocka_unit_test(test_random_below_gives_every_number_below_the_limit),
        cmocka_unit_test(test_random_below_is_even_for_large_limits),
        cmocka_unit_test(test_random_below_takes_the_largest_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
