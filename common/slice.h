/* common/slice.h - bytes that somebody else owns: a pointer and a length.
 *
 * Not NUL-terminated and not necessarily text. A slice never owns what it points at; the comment of
 * whoever hands it out says how long it lives. {NULL, 0} is "absent", {"", 0} is "empty".
 */
#ifndef COMMON_SLICE_H
#define COMMON_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *p;
    size_t len;
};

/* SLICE makes a slice of a string literal, also in a static initialiser. */
#define SLICE_INIT(literal)                                                                        \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define SLICE(literal) ((struct slice)SLICE_INIT(literal))

/* SLICE_ARG fits printf's "%.*s". It uses s twice: no calls in it. */
#define SLICE_ARG(s) (int)(s).len, (s).p

/* slice_of borrows a C string; NULL gives the absent slice. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* slice_eq_ci compares without regard to the case of ASCII letters. */
static inline bool slice_eq_ci(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.p, b.p, a.len) == 0);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

/* slice_compare orders as bytes: <0, 0, >0. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* slice_from drops the first n bytes; n is at most s.len. */
static inline struct slice slice_from(struct slice s, size_t n)
{
    return (struct slice){s.p + n, s.len - n};
}

/* slice_trim drops blanks and tabs at both ends. */
static inline struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_from(s, 1);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* slice_cut splits *rest at the first sep: returns what stands before it and leaves what follows.
 * Without sep it returns all and leaves the absent slice, so `while (rest.p != NULL)` walks a list. */
static inline struct slice slice_cut(struct slice *rest, char sep)
{
    struct slice head = *rest;
    const char *at = rest->len == 0 ? NULL : memchr(rest->p, sep, rest->len);

    if (at == NULL) {
        *rest = (struct slice){NULL, 0};
        return head;
    }
    head.len = (size_t)(at - rest->p);
    *rest = slice_from(*rest, head.len + 1);
    return head;
}

#endif
