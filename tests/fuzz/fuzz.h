/* tests/fuzz/fuzz.h - what a fuzz target is: it takes any bytes, and ends the process when something
 * that was promised does not hold. libFuzzer calls it (FUZZ=ON, clang), or replay.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "common/slice.h"

#include <assert.h> /* stays in every build */
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_split cuts the input in two at the first newline; the second part may be absent. */
static inline struct slice fuzz_split(const uint8_t *data, size_t size, struct slice *second)
{
    *second = (struct slice){(const char *)data, size};
    return slice_cut(second, '\n');
}

#endif
