/* tests/fuzz/fuzz_record.c - any bytes as the metadata in a queue's row, and after a newline as its name:
 * the record holds them as they are, and attributes only within their bounds. */
#include "tests/fuzz/fuzz.h"

#include "catalog/record.h"
#include "common/json.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice name, metadata = fuzz_split(data, size, &name);
    struct queue_row row = {
        .project = SLICE("p"), .name = name, .pool = name, .metadata = metadata, .epoch = 1};
    struct queue_record *r = queue_record_new(&row);
    const struct queue_attributes *a = &r->attributes;
    struct slice target = a->dead_letter_queue;

    assert(slice_eq(r->name, name) && r->name.p != name.p && r->name.p[name.len] == '\0');
    assert(slice_eq(r->pool, name) && r->pool.p[name.len] == '\0');
    assert(slice_eq(r->metadata, metadata) && r->metadata.p[metadata.len] == '\0');
    assert(a->max_post_bytes >= 0 && a->default_ttl_s >= 0 && a->default_delay_s >= -1);
    assert(a->max_claim_count >= -1 && a->dead_letter_ttl_s >= 0);
    if (target.p != NULL) {
        assert(target.len > 0 && utf8_valid(target));
        assert(target.p > r->metadata.p && target.p + target.len < r->metadata.p + metadata.len);
    }
    for (size_t i = 0; i < RESERVED_SHOWN; i++)
        if (r->shown[i].p != NULL)
            assert(r->shown[i].p > r->object.p &&
                   r->shown[i].p + r->shown[i].len < r->object.p + r->object.len);
    queue_record_unref(r);
    return 0;
}
