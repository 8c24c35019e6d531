/* common/json_scan.h - what json_check.c and json.c share, and nobody else needs. */
#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

#include "common/json.h"

#include <endian.h>

/* plain_bytes counts the bytes from p to end that mean nothing but themselves in a string: ASCII from the
 * space on, but neither quote nor backslash. It may stop early, not late. Eight bytes at a time: a byte
 * that is something else sets the top bit of its place, or of a later one. */
static inline size_t plain_bytes(const char *p, const char *end)
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

static inline bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static inline int hex4(const char *p)
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

static inline bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

/* fits_int64 reads the digits of an integer; the text is nothing but an optional minus and digits. */
static inline bool fits_int64(struct slice text, int64_t *n)
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

static inline enum json_type type_at(char c)
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

#endif
