/* Walking a document that json_check.c has checked, and writing strings. */
#include "common/json.h"

#include "common/json_scan.h"
#include "common/utf8.h"

#include <assert.h>

/* past_string starts after the opening quote; the text is checked, so the closing one comes. */
static const char *past_string(const char *p, const char *end)
{
    for (;; p++) {
        p += plain_bytes(p, end);
        if (*p == '"')
            return p + 1;
        if (*p == '\\')
            p++;
    }
}

/* past_value returns where the checked value at p ends; end bounds a number at the document's end. */
static const char *past_value(const char *p, const char *end)
{
    unsigned depth = 0;

    do {
        switch (*p) {
        case '"':
            p = past_string(p + 1, end);
            break;
        case '{':
        case '[':
            depth++;
            p++;
            break;
        case '}':
        case ']':
            depth--;
            p++;
            break;
        default:
            p++;
            if (depth == 0)
                while (p < end && strchr(",]} \t\r\n", *p) == NULL)
                    p++;
        }
    } while (depth > 0);
    return p;
}

struct json_walk json_members(struct json v)
{
    assert(v.type == JSON_OBJECT || v.type == JSON_ARRAY);
    return (struct json_walk){.rest = {v.raw.p + 1, v.raw.len - 2},
                              .object = v.type == JSON_OBJECT};
}

bool json_next(struct json_walk *w)
{
    const char *end = w->rest.p + w->rest.len;
    const char *p = skip_space(w->rest.p, end);
    const char *begin;

    if (p < end && *p == ',')
        p = skip_space(p + 1, end);
    if (p == end)
        return false;
    if (w->object) {
        const char *key = p + 1;

        p = past_string(key, end);
        w->key = (struct slice){key, (size_t)(p - key) - 1};
        p = skip_space(p, end);
        p = skip_space(p + 1, end); /* the colon */
    }
    begin = p;
    p = past_value(p, end);
    w->value = (struct json){type_at(*begin), {begin, (size_t)(p - begin)}};
    w->rest = (struct slice){p, (size_t)(end - p)};
    return true;
}

size_t json_count(struct json v)
{
    struct json_walk w = json_members(v);
    size_t n = 0;

    while (json_next(&w))
        n++;
    return n;
}

/* unescape_one writes what stands at raw.p[*i] to out, steps *i over it, and returns the length: one
 * plain byte, or the one to four bytes of UTF-8 that an escape means. */
static size_t unescape_one(struct slice raw, size_t *i, char out[4])
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = raw.p + *i;
    unsigned code;

    if (*p != '\\') {
        *i += 1;
        out[0] = *p;
        return 1;
    }
    if (p[1] != 'u') {
        *i += 2;
        out[0] = to[strchr(from, p[1]) - from];
        return 1;
    }
    *i += 6;
    code = (unsigned)hex4(p + 2);
    if (is_high_surrogate((int)code)) {
        *i += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + ((unsigned)hex4(p + 8) - 0xdc00);
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

struct slice json_unescape(struct slice raw, struct arena *a)
{
    size_t len = 0;
    char *out;

    if (raw.len == 0 || memchr(raw.p, '\\', raw.len) == NULL)
        return raw;
    out = arena_alloc(a, raw.len + 4); /* an escape is never shorter than what it stands for */
    for (size_t i = 0; i < raw.len;)
        len += unescape_one(raw, &i, out + len);
    return (struct slice){out, len};
}

struct slice json_string(struct json v, struct arena *a)
{
    assert(v.type == JSON_STRING);
    return json_unescape((struct slice){v.raw.p + 1, v.raw.len - 2}, a);
}

bool json_key_is(struct slice raw, struct slice name)
{
    char meaning[4];
    size_t at = 0;

    if (raw.len == 0 || memchr(raw.p, '\\', raw.len) == NULL)
        return slice_eq(raw, name);
    for (size_t i = 0; i < raw.len;) {
        size_t n = unescape_one(raw, &i, meaning);

        if (name.len - at < n || memcmp(name.p + at, meaning, n) != 0)
            return false;
        at += n;
    }
    return at == name.len;
}

bool json_find(struct json object, const char *name, struct json *value)
{
    struct json_walk w = json_members(object);
    struct slice wanted = slice_of(name);
    bool found = false;

    while (json_next(&w)) {
        if (json_key_is(w.key, wanted)) {
            *value = w.value;
            found = true;
        }
    }
    return found;
}

void json_find_each(struct json object, const struct slice *names, struct json *values, size_t n)
{
    struct json_walk w = json_members(object);

    for (size_t i = 0; i < n; i++)
        values[i] = (struct json){0};
    while (json_next(&w)) {
        bool plain = w.key.len == 0 || memchr(w.key.p, '\\', w.key.len) == NULL;

        for (size_t i = 0; i < n; i++)
            if (plain ? slice_eq(w.key, names[i]) : json_key_is(w.key, names[i]))
                values[i] = w.value;
    }
}

bool json_int(struct json v, int64_t *n)
{
    if (v.type != JSON_NUMBER)
        return false;
    for (size_t i = v.raw.p[0] == '-'; i < v.raw.len; i++)
        if (!is_digit(v.raw.p[i]))
            return false;
    return fits_int64(v.raw, n);
}

bool json_int_or_bool(struct json v, int64_t *n)
{
    if (v.type != JSON_BOOL)
        return json_int(v, n);
    *n = json_is_true(v);
    return true;
}

/* ---- Writing ---------------------------------------------------------------------------------- */

void json_add_string(struct buffer *b, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)text.p;

    buffer_add_char(b, '"');
    for (size_t i = 0, n; i < text.len; i += n) {
        n = utf8_step(p + i, text.len - i);
        if (n == 0) {
            n = 1;
            buffer_add_literal(b, "\xef\xbf\xbd");
        } else if (n == 1 && (p[i] == '"' || p[i] == '\\')) {
            buffer_add_char(b, '\\');
            buffer_add_char(b, (char)p[i]);
        } else if (n == 1 && p[i] < ' ') {
            buffer_add_literal(b, "\\u00");
            buffer_add_char(b, hex[p[i] >> 4]);
            buffer_add_char(b, hex[p[i] & 15]);
        } else {
            buffer_add(b, (struct slice){text.p + i, n});
        }
    }
    buffer_add_char(b, '"');
}
