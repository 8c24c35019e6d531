#include "common/arena.h"

#include "common/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_CHUNK_BYTES = 1000, /* with its head, the most that malloc keeps near for a thread */
    LARGEST_CHUNK_BYTES = 64 * 1024,
};

struct arena_chunk {
    struct arena_chunk *older;
    size_t bytes;
    alignas(max_align_t) char data[];
};

void arena_fini(struct arena *a)
{
    while (a->chunks != NULL) {
        struct arena_chunk *older = a->chunks->older;

        free(a->chunks);
        a->chunks = older;
    }
    a->next = NULL;
    a->left = 0;
}

static void add_chunk(struct arena *a, size_t needed)
{
    size_t bytes = a->chunks == NULL ? FIRST_CHUNK_BYTES : a->chunks->bytes * 2;
    struct arena_chunk *chunk;

    if (bytes > LARGEST_CHUNK_BYTES)
        bytes = LARGEST_CHUNK_BYTES;
    if (bytes < needed)
        bytes = needed;
    chunk = mem_alloc(sizeof(*chunk) + bytes);
    chunk->older = a->chunks;
    chunk->bytes = bytes;
    a->chunks = chunk;
    a->next = chunk->data;
    a->left = bytes;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    void *p;

    if (rounded > a->left || a->chunks == NULL)
        add_chunk(a, rounded);
    p = a->next;
    a->next += rounded;
    a->left -= rounded;
    return p;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
    return memset(arena_alloc(a, bytes), 0, bytes);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.len + 1);

    if (s.len > 0)
        memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct slice){p, s.len};
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    int len;
    char *p;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        return (struct slice){"", 0};
    p = arena_alloc(a, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(p, (size_t)len + 1, fmt, args);
    va_end(args);
    return (struct slice){p, (size_t)len};
}
