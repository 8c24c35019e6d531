#include "router/http/gzip.h"

#include "common/mem.h"
#include "router/http/accept.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    LEVEL = 1,        /* each further one takes twice the time for some percent */
    WINDOW = 15 + 16, /* 32 KiB, as gzip */
    MEMORY_LEVEL = 8,
};

struct gzip {
    z_stream z;
};

struct gzip *gzip_new(void)
{
    struct gzip *g = mem_zalloc(sizeof(*g));

    if (deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* no memory at start */
    return g;
}

void gzip_free(struct gzip *g)
{
    deflateEnd(&g->z);
    free(g);
}

bool gzip_is_asked(struct slice accept_encoding)
{
    int gzip = accept_quality(accept_encoding, SLICE("gzip"));

    return accept_encoding.len > 0 && gzip > 0 &&
           gzip >= accept_quality(accept_encoding, SLICE("identity"));
}

bool gzip_pack(struct gzip *g, struct slice body, struct buffer *out)
{
    z_stream *z = &g->z;
    int end;

    assert(body.len <= GZIP_MAX);
    deflateReset(z);
    z->next_in = (Bytef *)(uintptr_t)body.p;
    z->avail_in = (uInt)body.len;
    z->next_out = (Bytef *)buffer_reserve(out, body.len);
    z->avail_out = (uInt)body.len;
    end = deflate(z, Z_FINISH);
    if (end != Z_STREAM_END)
        return false;
    out->len += body.len - z->avail_out;
    return true;
}
