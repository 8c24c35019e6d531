/* tests/fuzz/fuzz_json.c - any bytes as a JSON document: what is checked can be walked whole, and what is
 * written is JSON. */
#include "tests/fuzz/fuzz.h"

#include "common/json.h"
#include "common/python_json.h"
#include "common/utf8.h"

static size_t walk(struct json v, struct slice whole, unsigned depth)
{
    struct arena a = {0};
    struct json_walk w;
    struct json last;
    size_t n = 0;
    int64_t number;

    assert(v.raw.p >= whole.p && v.raw.p + v.raw.len <= whole.p + whole.len && v.raw.len > 0);
    if (v.type == JSON_STRING)
        assert(utf8_valid(json_string(v, &a)));
    if (v.type == JSON_NUMBER)
        json_int(v, &number);
    if (v.type == JSON_OBJECT || v.type == JSON_ARRAY) {
        assert(depth < JSON_DEPTH_MAX);
        w = json_members(v);
        while (json_next(&w)) {
            if (v.type == JSON_OBJECT)
                assert(json_key_is(w.key, json_unescape(w.key, &a)));
            else
                assert(w.key.p == NULL);
            walk(w.value, whole, depth + 1);
            n++;
        }
        assert(n == json_count(v));
        assert(v.type == JSON_ARRAY || !json_find(v, "a", &last) || n > 0);
    }
    arena_fini(&a);
    return n;
}

static void check_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        assert(s.p[i] >= ' ' && s.p[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct buffer out = {0};
    struct failure f;
    struct json v;

    if (json_check(text, &v, &f) == ST_OK) {
        walk(v, text, 0);
        python_json_write(&out, v);
        check_ascii(buffer_slice(&out));
    } else {
        assert(f.st == ST_INVALID && f.text[0] != '\0');
    }
    out.len = 0;
    json_add_string(&out, text);
    assert(json_check(buffer_slice(&out), &v, NULL) == ST_OK && v.type == JSON_STRING);
    buffer_fini(&out);
    return 0;
}
