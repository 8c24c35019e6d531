/* common/mem.h - allocation that cannot fail.
 *
 * Out of memory ends the process with a message: every size from outside is bounded before it gets
 * here, so running out means the machine is out of memory, where a restart loses nothing (D1) and
 * half-working code paths would.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include "common/slice.h"

#include <stddef.h>

void *mem_alloc(size_t bytes) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_zalloc(size_t bytes) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_realloc(void *p, size_t bytes) __attribute__((alloc_size(2), returns_nonnull));

/* mem_strdup gives a NUL-terminated copy; the caller frees it. */
char *mem_strdup(struct slice text) __attribute__((returns_nonnull));

#endif
