#include "common/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BLOCK_BYTES = 4096 };

static _Thread_local unsigned char block[BLOCK_BYTES];
static _Thread_local size_t block_left;

static void refill(void)
{
    size_t got = 0;

    while (got < BLOCK_BYTES) {
        ssize_t n = getrandom(block + got, BLOCK_BYTES - got, 0);

        if (n < 0 && errno != EINTR) {
            perror("nusku: getrandom");
            abort();
        }
        if (n > 0)
            got += (size_t)n;
    }
    block_left = BLOCK_BYTES;
}

void random_bytes(void *to, size_t bytes)
{
    unsigned char *out = to;

    while (bytes > 0) {
        size_t n;

        if (block_left == 0)
            refill();
        n = bytes < block_left ? bytes : block_left;
        memcpy(out, block + BLOCK_BYTES - block_left, n);
        memset(block + BLOCK_BYTES - block_left, 0, n); /* used bytes are not kept */
        block_left -= n;
        out += n;
        bytes -= n;
    }
}

uint64_t random_below(uint64_t limit)
{
    uint64_t unfair = UINT64_MAX - UINT64_MAX % limit; /* numbers from here on would tip the odds */
    uint64_t n;

    do
        random_bytes(&n, sizeof(n));
    while (n >= unfair);
    return n % limit;
}
