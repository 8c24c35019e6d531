/* common/arena.h - memory that is released all at once.
 *
 * One arena a request or operation. Chunks come from malloc, double in size, and go back together.
 * Not thread-safe: an arena belongs to the thread that runs its operation.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include "common/slice.h"

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    char *next;                 /* free space in the newest chunk */
    size_t left;
};

/* An arena that is all zero is ready for use and costs nothing until the first allocation. */

/* arena_fini releases everything; the arena may be used again afterwards. */
void arena_fini(struct arena *a);

/* arena_alloc gives bytes aligned for any type, not zeroed; they live until arena_fini. */
void *arena_alloc(struct arena *a, size_t bytes) __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *a, size_t bytes) __attribute__((returns_nonnull));

/* arena_copy copies a slice; the copy is followed by a NUL that its length doesn't count. */
struct slice arena_copy(struct arena *a, struct slice s);

/* arena_printf formats into the arena; the text is NUL-terminated. */
struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
