/* tests/fuzz/fuzz_metadata.c - any bytes as a queue's metadata, and after a newline as a patch of it. */
#include "tests/fuzz/fuzz.h"

#include "router/api/metadata.h"

static void check_object(struct slice text)
{
    struct failure f;
    struct json v;

    assert(json_check(text, &v, &f) == ST_OK && v.type == JSON_OBJECT);
}

static void check_shown(struct slice metadata, const struct config *config)
{
    struct queue_record *r =
        queue_record_new(&(struct queue_row){.name = SLICE("q"), .metadata = metadata});
    struct buffer out = {0};

    for (enum collection c = 0; c < COLLECTION_COUNT; c++) {
        out.len = 0;
        metadata_show(&out, r, c, config);
        check_object(buffer_slice(&out));
    }
    buffer_fini(&out);
    queue_record_unref(r);
}

/* What is normalised stays as it is when it is normalised again. */
static void check_normalised(struct json object)
{
    struct arena a = {0};
    struct buffer once = {0}, twice = {0};

    metadata_normalise(object.raw, &once, &a);
    check_object(buffer_slice(&once));
    metadata_normalise(buffer_slice(&once), &twice, &a);
    assert(slice_eq(buffer_slice(&once), buffer_slice(&twice)));
    assert(json_count((struct json){JSON_OBJECT, buffer_slice(&once)}) <= json_count(object));
    buffer_fini(&twice);
    buffer_fini(&once);
    arena_fini(&a);
}

static void check_patch(struct slice metadata, struct json patch, enum collection of,
                        const struct config *config)
{
    struct arena a = {0};
    struct buffer out = {0};
    struct failure f;
    enum status st;

    if (metadata_patch_check(patch, &a, &f) != ST_OK) {
        assert(f.st == ST_INVALID && f.text[0] != '\0');
    } else {
        st = metadata_patch(metadata, patch, of, &out, &a, &f);
        assert(st == ST_OK || (st == ST_CONFLICT && out.len == 0));
        if (st == ST_OK) {
            check_object(buffer_slice(&out));
            check_shown(buffer_slice(&out), config);
        }
    }
    buffer_fini(&out);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice document, metadata = fuzz_split(data, size, &document);
    struct config config;
    struct failure f;
    struct json v;

    config_init(&config);
    if (json_check(metadata, &v, NULL) == ST_OK && v.type == JSON_OBJECT) {
        if (metadata_check(v, &config, &f) != ST_OK)
            assert(f.st == ST_INVALID && f.text[0] != '\0');
        check_normalised(v);
    }
    check_shown(metadata, &config);
    if (json_check(document, &v, NULL) == ST_OK)
        for (enum collection c = 0; c < COLLECTION_COUNT; c++)
            check_patch(metadata, v, c, &config);
    config_fini(&config);
    return 0;
}
