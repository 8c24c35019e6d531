#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p, size_t bytes)
{
    if (p == NULL) {
        fprintf(stderr, "nusku: out of memory (%zu bytes asked for)\n", bytes);
        abort();
    }
    return p;
}

void *mem_alloc(size_t bytes)
{
    return check(malloc(bytes == 0 ? 1 : bytes), bytes);
}

void *mem_zalloc(size_t bytes)
{
    return check(calloc(1, bytes == 0 ? 1 : bytes), bytes);
}

void *mem_realloc(void *p, size_t bytes)
{
    return check(realloc(p, bytes == 0 ? 1 : bytes), bytes);
}

char *mem_strdup(struct slice text)
{
    char *copy = mem_alloc(text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    return copy;
}
