/* router/http/share.h - requests that show a pre-signed URL (router/api/signed_url.h), by the headers
 * URL-Signature, URL-Expires, URL-Methods, URL-Paths and X-Project-ID. */
#ifndef ROUTER_HTTP_SHARE_H
#define ROUTER_HTTP_SHARE_H

#include "router/http/exchange.h"

/* share_is_shown: without a URL-Signature, or with an empty one, a request is like any other, whatever its
 * companions say. */
bool share_is_shown(const struct exchange *ex);

/* share_grants tells whether what is shown grants the request. False if it says anything twice, with
 * different values. */
bool share_grants(struct exchange *ex);

#endif
