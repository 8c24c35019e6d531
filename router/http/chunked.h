/* router/http/chunked.h - reading bodies that come in chunks (RFC 9112, 7.1), to the letter.
 *
 * libh2o 2.2 has a decoder of its own, which lets anything follow a chunk's size: it takes "0x19" for a
 * size of 0 with an extension. A proxy in front that reads 25 there sends as the rest of the body what
 * h2o would take for the next request. So this one stands in its place: libh2o calls it, as the program's
 * symbols come before a shared library's. chunked_is_used tells whether that is so.
 *
 * Refused beyond what the RFC refuses: a size of more than 15 digits.
 */
#ifndef ROUTER_HTTP_CHUNKED_H
#define ROUTER_HTTP_CHUNKED_H

#include <stdbool.h>
#include <sys/types.h>

/* As picohttpparser.h has it, which libh2o's package doesn't install. All zero, but for consume_trailer,
 * which is always wanted, before the first byte. */
struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer;
    char hex_count;
    char state;
};

/* phr_decode_chunked decodes *size bytes in place; *size then tells how many are of the body. It gives the
 * number of bytes behind the end, which follow those of the body, or -2: more must come; -1: these are
 * no chunks. */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *d, char *bytes, size_t *size);

bool chunked_is_used(void);

#endif
