/* common/random.h - unguessable bytes: operation ids, claim ids, request ids.
 *
 * From the kernel, in blocks a thread keeps for itself, so that sixteen bytes cost no system call.
 */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *to, size_t bytes);

/* random_below gives a number in 0..limit-1, evenly; limit is at least 1. */
uint64_t random_below(uint64_t limit);

#endif
