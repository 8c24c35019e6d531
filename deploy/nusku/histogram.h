/* deploy/nusku/histogram.h - how often each of many values came, to one percent.
 *
 * Values are any unsigned numbers (here: nanoseconds). They fall into buckets that are as wide as a 128th
 * of what lies in them, at most. The size is fixed, and nothing is allocated; all zeros is an empty one.
 */
#ifndef DEPLOY_NUSKU_HISTOGRAM_H
#define DEPLOY_NUSKU_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 128, /* buckets for each doubling */
    HISTOGRAM_BUCKETS = 58 * HISTOGRAM_STEPS,
    HISTOGRAM_ALL = 1000000, /* the share that is everything */
};

struct histogram {
    uint64_t n;   /* values */
    uint64_t max; /* the largest, exactly */
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* histogram_at gives a value that at least so many millionths of all values don't exceed: 500000 is the
 * median, 999000 the percentile 99.9, HISTOGRAM_ALL the maximum, 0 the smallest. It is never too small,
 * and less than 1 % too large; 0 when there are no values. */
uint64_t histogram_at(const struct histogram *h, uint32_t millionths);

#endif
