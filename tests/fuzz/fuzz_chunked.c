/* tests/fuzz/fuzz_chunked.c - any bytes as a body in chunks: the pieces that it comes in change nothing, and
 * nothing is read or written outside. */
#include "tests/fuzz/fuzz.h"

#include "router/http/chunked.h"

#include <stdlib.h>
#include <string.h>

struct outcome {
    ssize_t verdict;
    size_t body;
    char *bytes;
};

static struct outcome decode(const uint8_t *data, size_t size, size_t piece)
{
    struct phr_chunked_decoder d = {.consume_trailer = 1};
    struct outcome o = {.verdict = -2, .bytes = malloc(size + 1)};
    size_t at = 0;

    while (at < size && o.verdict == -2) {
        size_t len = size - at < piece ? size - at : piece, kept = len;

        memcpy(o.bytes + o.body, data + at, len);
        o.verdict = phr_decode_chunked(&d, o.bytes + o.body, &kept);
        assert(kept <= len && o.verdict <= (ssize_t)(len - kept));
        o.body += kept;
        at += len;
    }
    if (o.verdict >= 0)
        o.verdict += (ssize_t)(size - at); /* what was never fed follows, too */
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole = decode(data, size, size + 1);

    for (size_t piece = 1; piece < 5; piece++) {
        struct outcome o = decode(data, size, piece);

        assert(o.verdict == whole.verdict && o.body == whole.body);
        assert(memcmp(o.bytes, whole.bytes, o.body) == 0);
        free(o.bytes);
    }
    free(whole.bytes);
    return 0;
}
