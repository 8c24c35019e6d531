#include "common/json.h"

#include <assert.h>
#include <endian.h>

/* ---- UTF-8 ------------------------------------------------------------------------------------ */

/* utf8_step returns the length of the well-formed sequence at p (left bytes remain), 0 if none. */
static size_t utf8_step(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        unsigned char low = p[0] == 0xe0 ? 0xa0 : 0x80;  /* not overlong */
        unsigned char high = p[0] == 0xed ? 0x9f : 0xbf; /* not a surrogate */

        return left >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        unsigned char low = p[0] == 0xf0 ? 0x90 : 0x80;
        unsigned char high = p[0] == 0xf4 ? 0x8f : 0xbf; /* not beyond U+10FFFF */

        return left >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 &&
                       (p[3] & 0xc0) == 0x80
                   ? 4
                   : 0;
    }
    return 0;
}

bool utf8_valid(struct slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;

    for (size_t i = 0, n; i < bytes.len; i += n) {
        n = utf8_step(p + i, bytes.len - i);
        if (n == 0)
            return false;
    }
    return true;
}

/* plain_bytes counts the bytes from p to end that mean nothing but themselves in a string: ASCII from the
 * space on, but neither quote nor backslash. It may stop early, not late. Eight bytes at a time: a byte
 * that is something else sets the top bit of its place, or of a later one. */
static size_t plain_bytes(const char *p, const char *end)
{
    const uint64_t each = 0x0101010101010101, top = 0x8080808080808080;
    const char *begin = p;

    for (; end - p >= 8; p += 8) {
        uint64_t word, odd;

        memcpy(&word, p, sizeof(word));
        word = le64toh(word);
        odd = (word | (word - each * ' ') | ((word ^ each * '"') - each) |
               ((word ^ each * '\\') - each)) &
              top;
        if (odd != 0)
            return (size_t)(p - begin) + (size_t)__builtin_ctzll(odd) / 8;
    }
    return (size_t)(p - begin);
}

/* ---- Checking --------------------------------------------------------------------------------- */

struct checker {
    const char *start;
    const char *p;
    const char *end;
    struct failure *f;
};

static enum status wrong(struct checker *c, const char *what)
{
    return fail(c->f, ST_INVALID, "%s at byte %zu", what, (size_t)(c->p - c->start));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static int hex4(const char *p)
{
    int n = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];

        if (is_digit(c))
            n = n * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            n = n * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return n;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* check_escape starts after the backslash. */
static enum status check_escape(struct checker *c)
{
    int unit;

    if (c->p == c->end)
        return wrong(c, "unfinished escape");
    if (*c->p != 'u') {
        if (strchr("\"\\/bfnrt", *c->p) == NULL || *c->p == '\0')
            return wrong(c, "unknown escape");
        c->p++;
        return ST_OK;
    }
    unit = c->end - c->p < 5 ? -1 : hex4(c->p + 1);
    if (unit < 0)
        return wrong(c, "unfinished \\u escape");
    if (is_low_surrogate(unit))
        return wrong(c, "lone surrogate");
    c->p += 5;
    if (!is_high_surrogate(unit))
        return ST_OK;
    if (c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u' || !is_low_surrogate(hex4(c->p + 2)))
        return wrong(c, "lone surrogate");
    c->p += 6;
    return ST_OK;
}

/* check_string starts after the opening quote and ends after the closing one. */
static enum status check_string(struct checker *c)
{
    while ((c->p += plain_bytes(c->p, c->end)) < c->end) {
        unsigned char ch = (unsigned char)*c->p;
        size_t n;

        if (ch == '"') {
            c->p++;
            return ST_OK;
        }
        if (ch == '\\') {
            c->p++;
            if (check_escape(c) != ST_OK)
                return ST_INVALID;
            continue;
        }
        if (ch < ' ')
            return wrong(c, "control character in a string");
        n = utf8_step((const unsigned char *)c->p, (size_t)(c->end - c->p));
        if (n == 0)
            return wrong(c, "not UTF-8");
        c->p += n;
    }
    return wrong(c, "unfinished string");
}

/* fits_int64 reads the digits of an integer; the text is nothing but an optional minus and digits. */
static bool fits_int64(struct slice text, int64_t *n)
{
    bool negative = text.p[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t sum = 0;

    for (size_t i = negative; i < text.len; i++) {
        uint64_t digit = (uint64_t)(text.p[i] - '0');

        if (sum > (limit - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *n = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

static enum status check_number(struct checker *c)
{
    const char *begin = c->p;
    bool integer = true;
    int64_t ignored;

    if (*c->p == '-')
        c->p++;
    if (c->p == c->end || !is_digit(*c->p))
        return wrong(c, "unexpected character");
    if (*c->p == '0' && c->end - c->p > 1 && is_digit(c->p[1]))
        return wrong(c, "number with a leading zero");
    while (c->p < c->end && is_digit(*c->p))
        c->p++;
    if (c->p < c->end && *c->p == '.') {
        integer = false;
        c->p++;
        if (c->p == c->end || !is_digit(*c->p))
            return wrong(c, "unfinished number");
        while (c->p < c->end && is_digit(*c->p))
            c->p++;
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        integer = false;
        c->p++;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
            c->p++;
        if (c->p == c->end || !is_digit(*c->p))
            return wrong(c, "unfinished number");
        while (c->p < c->end && is_digit(*c->p))
            c->p++;
    }
    if (integer && !fits_int64((struct slice){begin, (size_t)(c->p - begin)}, &ignored)) {
        c->p = begin;
        return wrong(c, "integer beyond 64 bits");
    }
    return ST_OK;
}

static enum status check_word(struct checker *c, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
        return wrong(c, "unexpected character");
    c->p += len;
    return ST_OK;
}

static enum status check_scalar(struct checker *c)
{
    switch (*c->p) {
    case '"':
        c->p++;
        return check_string(c);
    case 't':
        return check_word(c, "true");
    case 'f':
        return check_word(c, "false");
    case 'n':
        return check_word(c, "null");
    default:
        return check_number(c);
    }
}

/* check_key reads `"key" :` and the space after it. */
static enum status check_key(struct checker *c)
{
    if (c->p == c->end || *c->p != '"')
        return wrong(c, "a key in quotes was expected");
    c->p++;
    if (check_string(c) != ST_OK)
        return ST_INVALID;
    c->p = skip_space(c->p, c->end);
    if (c->p == c->end || *c->p != ':')
        return wrong(c, "a colon was expected");
    c->p = skip_space(c->p + 1, c->end);
    return ST_OK;
}

/* check_values reads one value with everything in it. No recursion: a bit for each open bracket
 * tells objects from arrays, so that a bomb of brackets costs 64 bytes of stack. */
static enum status check_values(struct checker *c)
{
    unsigned char is_object[JSON_DEPTH_MAX / 8] = {0};
    unsigned depth = 0;

    for (;;) {
        if (c->p == c->end)
            return wrong(c, "unfinished document");
        if (*c->p == '{' || *c->p == '[') {
            bool object = *c->p == '{';

            if (depth == JSON_DEPTH_MAX)
                return wrong(c, "nested too deeply");
            is_object[depth / 8] &= (unsigned char)~(1u << depth % 8);
            is_object[depth / 8] |= (unsigned char)((unsigned)object << depth % 8);
            depth++;
            c->p = skip_space(c->p + 1, c->end);
            if (c->p < c->end && *c->p == (object ? '}' : ']')) {
                c->p++;
                depth--;
            } else if (object && check_key(c) != ST_OK) {
                return ST_INVALID;
            } else {
                continue;
            }
        } else if (check_scalar(c) != ST_OK) {
            return ST_INVALID;
        }
        /* a value has ended: close what closes, or go on to the next element */
        for (;;) {
            bool object;

            if (depth == 0)
                return ST_OK;
            object = is_object[(depth - 1) / 8] >> (depth - 1) % 8 & 1;
            c->p = skip_space(c->p, c->end);
            if (c->p == c->end)
                return wrong(c, "unfinished document");
            if (*c->p == (object ? '}' : ']')) {
                c->p++;
                depth--;
                continue;
            }
            if (*c->p != ',')
                return wrong(c, "a comma or a closing bracket was expected");
            c->p = skip_space(c->p + 1, c->end);
            if (object && check_key(c) != ST_OK)
                return ST_INVALID;
            break;
        }
    }
}

static enum json_type type_at(char c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

enum status json_check(struct slice text, struct json *top, struct failure *f)
{
    struct checker c = {.start = text.p, .f = f};
    const char *begin;

    if (text.len == 0) /* and absent, perhaps */
        return fail(f, ST_INVALID, "the document is empty");
    c.end = text.p + text.len;
    begin = c.p = skip_space(text.p, c.end);
    if (check_values(&c) != ST_OK)
        return ST_INVALID;
    *top = (struct json){type_at(*begin), {begin, (size_t)(c.p - begin)}};
    if (skip_space(c.p, c.end) != c.end)
        return wrong(&c, "something follows the document");
    return ST_OK;
}

/* ---- Walking a checked document --------------------------------------------------------------- */

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
