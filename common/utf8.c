#include "common/utf8.h"

size_t utf8_step(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        unsigned char low = p[0] == 0xe0 ? 0xa0 : 0x80;  /* not overlong */
        unsigned char high = p[0] == 0xed ? 0x9f : 0xbf; /* not a surrogate */

        return left >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        unsigned char low = p[0] == 0xf0 ? 0x90 : 0x80;
        unsigned char high = p[0] == 0xf4 ? 0x8f : 0xbf; /* not beyond U+10FFFF */

        return left >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 &&
                       (p[3] & 0xc0) == 0x80
                   ? 4
                   : 0;
    }
    return 0;
}

bool utf8_valid(struct slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;

    for (size_t i = 0, n; i < bytes.len; i += n) {
        n = utf8_step(p + i, bytes.len - i);
        if (n == 0)
            return false;
    }
    return true;
}
