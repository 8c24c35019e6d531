/* router/http/gzip.h - answers in fewer bytes, for clients that ask for it.
 *
 * Worth it where bytes are slower than the router, on lines between sites. An answer is packed at once, on the
 * loop, so its size has bounds: below the option gzip_min_size packing costs more than it saves, and above
 * GZIP_MAX others would wait for too long (a few milliseconds at most are taken). */
#ifndef ROUTER_HTTP_GZIP_H
#define ROUTER_HTTP_GZIP_H

#include "common/buffer.h"

enum { GZIP_MAX = 262144 };

struct gzip;

/* Of one thread: it keeps some 100 KiB from one answer to the next. */
struct gzip *gzip_new(void);
void gzip_free(struct gzip *g);

/* gzip_is_asked reads an Accept-Encoding: gzip is admitted there, and no worse than no coding. */
bool gzip_is_asked(struct slice accept_encoding);

/* gzip_pack appends the packed form of at most GZIP_MAX bytes. False: that would be no shorter; out is as
 * it was. */
bool gzip_pack(struct gzip *g, struct slice body, struct buffer *out);

#endif
