/* deploy/nusku/response.h - reads one answer of an HTTP/1 server, strictly, in pieces of any size.
 *
 * For a client that asks once and waits for the answer: nothing may follow it. What RFC 9112 leaves
 * open is refused: lines without CR, folded lines, blanks before a colon, two lengths, codings other than
 * chunked. Interim answers (100 and the like) are skipped. How the pieces are cut makes no difference.
 */
#ifndef DEPLOY_NUSKU_RESPONSE_H
#define DEPLOY_NUSKU_RESPONSE_H

#include "common/buffer.h"

#include <stdint.h>

enum {
    RESPONSE_HEAD_MAX = 32768, /* bytes of all lines, those of chunks and trailers too */
    RESPONSE_BODY_MAX = 16777216,
};

enum response_verdict { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };

/* All zeros is ready for the first answer. */
struct response {
    int status;         /* 200 to 599 when it is done */
    bool keep;          /* the connection may be used for another request */
    struct buffer body; /* without its chunks */
    const char *fault;  /* of RESPONSE_BAD: what is wrong */

    /* private */
    int part;
    bool old; /* HTTP/1.0 */
    bool length_given, chunked;
    uint64_t left; /* bytes of the body, or of the chunk */
    uint64_t head_bytes;
    struct buffer line;
};

/* response_begin makes it ready for the next answer; memory is kept. */
void response_begin(struct response *r);
void response_fini(struct response *r);

/* response_take reads all of the bytes that came. RESPONSE_MORE: the answer goes on. */
enum response_verdict response_take(struct response *r, struct slice bytes);

/* response_end says that the server has closed the connection: never RESPONSE_MORE. */
enum response_verdict response_end(struct response *r);

#endif
