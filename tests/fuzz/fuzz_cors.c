/* tests/fuzz/fuzz_cors.c - any bytes as an origin, a method and names of headers. */
#include "tests/fuzz/fuzz.h"

#include "common/buffer.h"
#include "router/http/cors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest, origin = fuzz_split(data, size, &rest), as;
    struct slice method = slice_cut(&rest, '\n');
    struct buffer more = {0};
    struct config c;

    config_init(&c);
    assert(!cors_origin(&c, origin, &as));
    assert(config_set(&c, SLICE("cors"), SLICE("allowed_origin"), SLICE("https://a.example"),
                      NULL) == ST_OK);
    assert(cors_origin(&c, origin, &as) == slice_eq(origin, SLICE("https://a.example")));
    if (cors_preflight(&c, method, rest)) {
        assert(method.len >= 3 && method.len <= 6);
        buffer_add(&more, rest);
        buffer_add_literal(&more, ",x-other");
        assert(!cors_preflight(&c, method, buffer_slice(&more)));
    }
    buffer_fini(&more);
    config_fini(&c);
    return 0;
}
