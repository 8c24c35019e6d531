/* common/token.h - what HTTP calls a token (RFC 9110, 5.6.2): a method, a header's name. */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include "common/slice.h"

static inline bool token_is(struct slice text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              memchr(others, c, sizeof(others) - 1) != NULL))
            return false;
    }
    return text.len > 0;
}

#endif
