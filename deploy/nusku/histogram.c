#include "deploy/nusku/histogram.h"

#include <assert.h>
#include <stddef.h>

/* Values below 256 have a bucket each. Of larger ones the first eight bits count: their bucket is the number
 * of bits that were cut off, times 128, plus these eight bits (128 to 255). */
static size_t bucket_of(uint64_t value)
{
    unsigned cut = value < 256 ? 0 : 56 - (unsigned)__builtin_clzll(value);

    return cut * (size_t)HISTOGRAM_STEPS + (size_t)(value >> cut);
}

/* largest_in gives the last value that falls into the bucket. */
static uint64_t largest_in(size_t bucket)
{
    size_t cut = bucket < 256 ? 0 : bucket / HISTOGRAM_STEPS - 1;
    uint64_t first_bits = bucket - cut * HISTOGRAM_STEPS;

    return ((first_bits + 1) << cut) - 1; /* of the very last one: 0 - 1, which is right */
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->counts[bucket_of(value)]++;
    h->n++;
    if (value > h->max)
        h->max = value;
}

/* rank_of counts how many values the share is, rounded up, and one at least. */
static uint64_t rank_of(uint64_t n, uint32_t millionths)
{
    uint64_t all = HISTOGRAM_ALL;
    uint64_t rank = n / all * millionths + (n % all * millionths + all - 1) / all;

    return rank == 0 ? 1 : rank;
}

uint64_t histogram_at(const struct histogram *h, uint32_t millionths)
{
    uint64_t rank = rank_of(h->n, millionths), seen = 0;

    assert(millionths <= HISTOGRAM_ALL);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= rank)
            return largest_in(i) < h->max ? largest_in(i) : h->max;
    }
    return 0;
}
