/* tests/fuzz/fuzz_python_json.c - any JSON document in Python's form: that form is plain ASCII, is JSON
 * itself (but for infinities), and is its own form. */
#include "tests/fuzz/fuzz.h"

#include "common/python_json.h"

static void check_md5(struct json v)
{
    struct arena a = {0};
    struct slice md5 = python_json_md5(v, &a);

    assert(md5.len == 36 && slice_starts(md5, SLICE("MD5:")));
    for (size_t i = 4; i < md5.len; i++)
        assert((md5.p[i] >= '0' && md5.p[i] <= '9') || (md5.p[i] >= 'a' && md5.p[i] <= 'f'));
    arena_fini(&a);
}

static void check_form(struct slice form)
{
    struct buffer again = {0};
    struct json v;
    enum status st;

    for (size_t i = 0; i < form.len; i++)
        assert(form.p[i] >= ' ' && form.p[i] <= '~');
    st = json_check(form, &v, NULL);
    if (st != ST_OK) {
        assert(memmem(form.p, form.len, "Infinity", 8) != NULL);
        return;
    }
    python_json_write(&again, v);
    assert(slice_eq(form, buffer_slice(&again)));
    buffer_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct buffer form = {0};
    struct json v;

    if (json_check(text, &v, NULL) == ST_OK) {
        python_json_write(&form, v);
        check_form(buffer_slice(&form));
        check_md5(v);
    }
    buffer_fini(&form);
    return 0;
}
