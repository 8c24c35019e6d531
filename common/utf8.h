/* common/utf8.h - well-formed UTF-8: no surrogates, nothing overlong, nothing beyond U+10FFFF. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/slice.h"

#include <stdbool.h>

/* utf8_step returns the length of the well-formed sequence at p (left > 0 bytes remain), 0 if none. */
size_t utf8_step(const unsigned char *p, size_t left);

/* utf8_valid tells whether all bytes are well-formed UTF-8. */
bool utf8_valid(struct slice bytes);

#endif
