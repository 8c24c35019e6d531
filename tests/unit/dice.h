/* tests/unit/dice.h - random numbers that can be thrown again.
 *
 * A random test begins with dice_new, which prints the seed; NUSKU_TEST_SEED repeats the run. */
#ifndef TESTS_UNIT_DICE_H
#define TESTS_UNIT_DICE_H

#include "tests/support/cmocka_all.h"

#include "common/clock.h"

#include <stdlib.h>

struct dice {
    uint64_t state;
};

static inline struct dice dice_new(const char *test)
{
    const char *given = getenv("NUSKU_TEST_SEED");
    unsigned seed = given == NULL ? (unsigned)clock_wall_ms() : (unsigned)strtoul(given, NULL, 10);

    print_message("%s: seed %u (NUSKU_TEST_SEED repeats it)\n", test, seed);
    return (struct dice){seed};
}

/* dice_next is splitmix64: good enough for tests, and the same everywhere. */
static inline uint64_t dice_next(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* dice_below gives 0..limit-1; limit is at least 1. */
static inline size_t dice_below(struct dice *d, size_t limit)
{
    return (size_t)(dice_next(d) % limit);
}

/* dice_bits gives a number of any length up to that many bits: small ones are as likely as big ones. */
static inline uint64_t dice_bits(struct dice *d, unsigned most)
{
    size_t bits = dice_below(d, most + 1);

    return bits == 0 ? 0 : dice_next(d) >> (64 - bits);
}

#endif
