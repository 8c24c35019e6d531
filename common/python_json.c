#include "common/python_json.h"

#include "common/hash.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 24 };

/* ---- Numbers ---------------------------------------------------------------------------------- */

/* shortest finds the fewest digits that read back as d, and of these the nearest: digits[0] stands
 * before the point, exponent is of ten. Below a power of two doubles lie closer than above it, so that
 * the next number up may do where the nearest doesn't. Returns the number of digits. */
static size_t shortest(double d, char digits[DIGITS_MAX], int *exponent)
{
    char text[40];

    for (int precision = 1;; precision++) {
        long long whole = 0;

        snprintf(text, sizeof(text), "%.*e", precision - 1, d);
        *exponent = atoi(strchr(text, 'e') + 1);
        for (const char *p = text; *p != 'e'; p++)
            if (*p >= '0' && *p <= '9')
                whole = whole * 10 + (*p - '0');
        if (strtod(text, NULL) != d && precision < 17) {
            whole++;
            snprintf(text, sizeof(text), "%llde%d", whole, *exponent - precision + 1);
            if (strtod(text, NULL) != d)
                continue;
        }
        return (size_t)snprintf(digits, DIGITS_MAX, "%lld", whole);
    }
}

/* write_float writes a double as Python's repr does: with the fewest digits, and with an exponent below
 * 1e-4 and from 1e16 on. */
static void write_float(struct buffer *out, double d)
{
    char digits[DIGITS_MAX];
    int exponent;
    size_t n;

    if (signbit(d))
        buffer_add_char(out, '-');
    if (isinf(d)) {
        buffer_add_literal(out, "Infinity");
        return;
    }
    n = shortest(fabs(d), digits, &exponent);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    if (exponent < -4 || exponent >= 16) {
        buffer_add_char(out, digits[0]);
        if (n > 1) {
            buffer_add_char(out, '.');
            buffer_add(out, (struct slice){digits + 1, n - 1});
        }
        buffer_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        buffer_add_literal(out, "0.");
        for (int i = -1; i > exponent; i--)
            buffer_add_char(out, '0');
        buffer_add(out, (struct slice){digits, n});
    } else {
        for (int i = 0; i <= exponent; i++)
            buffer_add_char(out, (size_t)i < n ? digits[i] : '0');
        buffer_add_char(out, '.');
        if (n > (size_t)exponent + 1)
            buffer_add(out, (struct slice){digits + exponent + 1, n - (size_t)exponent - 1});
        else
            buffer_add_char(out, '0');
    }
}

static void write_number(struct buffer *out, struct json v)
{
    char text[64], *large = NULL;
    int64_t n;

    if (json_int(v, &n)) {
        buffer_add_int(out, n);
        return;
    }
    if (v.raw.len < sizeof(text)) {
        memcpy(text, v.raw.p, v.raw.len);
        text[v.raw.len] = '\0';
        write_float(out, strtod(text, NULL));
        return;
    }
    large = strndup(v.raw.p, v.raw.len);
    write_float(out, large == NULL ? 0 : strtod(large, NULL));
    free(large);
}

/* ---- Strings ---------------------------------------------------------------------------------- */

static unsigned next_code(const unsigned char **p)
{
    const unsigned char *c = *p;

    if (c[0] < 0x80) {
        *p += 1;
        return c[0];
    }
    if (c[0] < 0xe0) {
        *p += 2;
        return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
    }
    if (c[0] < 0xf0) {
        *p += 3;
        return (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
    }
    *p += 4;
    return (c[0] & 0x07u) << 18 | (c[1] & 0x3fu) << 12 | (c[2] & 0x3fu) << 6 | (c[3] & 0x3fu);
}

/* write_string writes well-formed UTF-8 as an ASCII string. */
static void write_string(struct buffer *out, struct slice text)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.len;

    buffer_add_char(out, '"');
    while (p < end) {
        unsigned code = next_code(&p);
        const char *special = code == 0 || code > 127 ? NULL : strchr(from, (int)code);

        if (special != NULL) {
            buffer_add_char(out, '\\');
            buffer_add_char(out, to[special - from]);
        } else if (code >= ' ' && code <= '~') {
            buffer_add_char(out, (char)code);
        } else if (code < 0x10000) {
            buffer_printf(out, "\\u%04x", code);
        } else {
            buffer_printf(out, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                          0xdc00 + ((code - 0x10000) & 0x3ff));
        }
    }
    buffer_add_char(out, '"');
}

/* ---- Objects and the rest --------------------------------------------------------------------- */

struct member {
    struct slice key; /* its meaning */
    struct json value;
    UT_hash_handle hh;
};

static void write_object(struct buffer *out, struct json v)
{
    struct arena a = {0};
    struct member *members = NULL;
    struct json_walk w = json_members(v);

    while (json_next(&w)) {
        struct slice key = json_unescape(w.key, &a);
        struct member *m;

        HASH_FIND(hh, members, key.p, key.len, m);
        if (m == NULL) {
            m = arena_zalloc(&a, sizeof(*m));
            m->key = key;
            HASH_ADD_KEYPTR(hh, members, m->key.p, m->key.len, m);
        }
        m->value = w.value;
    }
    buffer_add_char(out, '{');
    for (const struct member *m = members; m != NULL; m = m->hh.next) {
        if (m != members)
            buffer_add_literal(out, ", ");
        write_string(out, m->key);
        buffer_add_literal(out, ": ");
        python_json_write(out, m->value);
    }
    buffer_add_char(out, '}');
    HASH_CLEAR(hh, members);
    arena_fini(&a);
}

static void write_array(struct buffer *out, struct json v)
{
    struct json_walk w = json_members(v);
    bool first = true;

    buffer_add_char(out, '[');
    while (json_next(&w)) {
        if (!first)
            buffer_add_literal(out, ", ");
        first = false;
        python_json_write(out, w.value);
    }
    buffer_add_char(out, ']');
}

/* The depth of a checked document is bounded (JSON_DEPTH_MAX), so that recursion is. */
void python_json_write(struct buffer *out, struct json v)
{
    struct arena a = {0};

    switch (v.type) {
    case JSON_NULL:
    case JSON_BOOL:
        buffer_add(out, v.raw);
        break;
    case JSON_NUMBER:
        write_number(out, v);
        break;
    case JSON_STRING:
        write_string(out, json_string(v, &a));
        break;
    case JSON_ARRAY:
        write_array(out, v);
        break;
    case JSON_OBJECT:
        write_object(out, v);
        break;
    }
    arena_fini(&a);
}

struct slice python_json_md5(struct json v, struct arena *a)
{
    struct buffer form = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char hex[33] = "";
    struct slice text;

    python_json_write(&form, v);
    if (EVP_Digest(form.p, form.len, digest, &len, EVP_md5(), NULL) != 1)
        len = 0; /* a library without MD5: no checksum */
    for (unsigned i = 0; i < len && i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    text = len == 16 ? arena_printf(a, "MD5:%s", hex) : SLICE("");
    buffer_fini(&form);
    return text;
}
