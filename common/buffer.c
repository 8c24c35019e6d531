#include "common/buffer.h"

#include "common/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST_CAPACITY = 256 };

void buffer_fini(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){0};
}

char *buffer_grow(struct buffer *b, size_t bytes)
{
    size_t capacity = b->capacity == 0 ? SMALLEST_CAPACITY : b->capacity;

    assert(bytes <= SIZE_MAX / 4 && b->len <= SIZE_MAX / 4);
    while (capacity - b->len < bytes)
        capacity *= 2;
    if (capacity != b->capacity) {
        b->p = mem_realloc(b->p, capacity);
        b->capacity = capacity;
    }
    return b->p + b->len;
}

void buffer_add_uint(struct buffer *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buffer_add(b, (struct slice){digits + at, sizeof(digits) - at});
}

void buffer_add_int(struct buffer *b, int64_t n)
{
    if (n < 0)
        buffer_add_char(b, '-');
    buffer_add_uint(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    va_start(args, fmt);
    vsnprintf(buffer_reserve(b, (size_t)len + 1), (size_t)len + 1, fmt, args);
    va_end(args);
    b->len += (size_t)len;
}
