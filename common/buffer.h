/* common/buffer.h - bytes that grow at the end: JSON documents, wire frames, SQL.
 *
 * An all-zero buffer is ready for use. It owns its bytes; buffer_fini releases them. Appending may
 * move them, so slices into a buffer die with the next append.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include "common/slice.h"

#include <stdint.h>
#include <string.h>

struct buffer {
    char *p;
    size_t len;
    size_t capacity;
};

void buffer_fini(struct buffer *b);

/* buffer_grow is buffer_reserve where there is no room yet. */
char *buffer_grow(struct buffer *b, size_t bytes);

/* buffer_reserve makes room for bytes more and returns where they begin; then add to b->len. */
static inline char *buffer_reserve(struct buffer *b, size_t bytes)
{
    return b->capacity - b->len >= bytes && b->p != NULL ? b->p + b->len : buffer_grow(b, bytes);
}

static inline void buffer_add(struct buffer *b, struct slice s)
{
    if (s.len == 0)
        return;
    memcpy(buffer_reserve(b, s.len), s.p, s.len);
    b->len += s.len;
}

static inline void buffer_add_char(struct buffer *b, char c)
{
    *buffer_reserve(b, 1) = c;
    b->len++;
}

void buffer_add_uint(struct buffer *b, uint64_t n); /* decimal */
void buffer_add_int(struct buffer *b, int64_t n);
void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define buffer_add_literal(b, literal) buffer_add((b), SLICE(literal))

static inline struct slice buffer_slice(const struct buffer *b)
{
    return (struct slice){b->p == NULL ? "" : b->p, b->len};
}

#endif
