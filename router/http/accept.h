/* router/http/accept.h - the Accept header (RFC 9110, 12.5.1). */
#ifndef ROUTER_HTTP_ACCEPT_H
#define ROUTER_HTTP_ACCEPT_H

#include "common/slice.h"

/* accept_quality gives 0..1000 for a media type: the q of the most specific range that admits it, 0
 * when none does. An absent header admits everything. */
int accept_quality(struct slice accept, struct slice media_type);

#endif
