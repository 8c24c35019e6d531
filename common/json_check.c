/* Checking a document, once and whole; json.h says what is refused. */
#include "common/json_scan.h"
#include "common/utf8.h"

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
