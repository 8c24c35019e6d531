/* tests/fuzz/fuzz_accept.c - any bytes as an Accept header. */
#include "tests/fuzz/fuzz.h"

#include "common/buffer.h"
#include "router/http/accept.h"

/* swapped writes what stands behind the first comma before what stands in front of it. */
static struct slice swapped(struct slice accept, struct buffer *out)
{
    struct slice rest = accept, first = slice_cut(&rest, ',');

    buffer_add(out, rest);
    buffer_add_char(out, ',');
    buffer_add(out, first);
    return buffer_slice(out);
}

static void check(struct slice accept, struct slice type, struct slice upper_type)
{
    int quality = accept_quality(accept, type);
    struct buffer out = {0};

    assert(quality >= 0 && quality <= 1000);
    assert(quality == accept_quality(accept, upper_type));
    if (accept.len > 0)
        assert(quality == accept_quality(swapped(accept, &out), type));
    out.len = 0;
    buffer_add(&out, accept);
    buffer_add_char(&out, ',');
    buffer_add(&out, type);
    assert(accept_quality(buffer_slice(&out), type) == 1000);
    buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice accept = {(const char *)data, size};

    check(accept, SLICE("application/json"), SLICE("APPLICATION/JSON"));
    check(accept, SLICE("text/xml"), SLICE("Text/XML"));
    return 0;
}
