/* tests/fuzz/fuzz_pools_text.c - any bytes as the pools in a worker's row: what is read of them can be
 * written, and read again. */
#include "tests/fuzz/fuzz.h"

#include "catalog/pools_text.h"
#include "common/json.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size}, written;
    struct worker_record w = {0}, back = {0};
    struct arena a = {0};
    struct json v;

    pools_text_read(text, &w, &a);
    assert(w.pools_n == 0 || json_check(text, &v, NULL) == ST_OK);
    written = pools_text_write(&w, &a);
    assert(json_check(written, &v, NULL) == ST_OK && v.type == JSON_ARRAY);
    assert(json_count(v) == w.pools_n);
    pools_text_read(written, &back, &a);
    assert(back.pools_n == w.pools_n);
    for (uint32_t i = 0; i < w.pools_n; i++) {
        assert(utf8_valid(w.pools[i].name) && slice_eq(w.pools[i].name, back.pools[i].name));
        assert(w.pools[i].single_writer == back.pools[i].single_writer);
    }
    arena_fini(&a);
    return 0;
}
