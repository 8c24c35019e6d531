/* router/http/cors.h - what pages of other origins may do from a browser (Fetch, 3.3), by the options of
 * [cors], as OpenStack's services do it.
 *
 * A filter in front of everything: errors carry the headers too, and what a browser asks beforehand
 * (OPTIONS) needs no token, no identity and no path that exists. */
#ifndef ROUTER_HTTP_CORS_H
#define ROUTER_HTTP_CORS_H

#include "common/config.h"

#include <h2o.h>

/* cors_add adds the filter, if any origin is allowed. config lives as long as path. */
void cors_add(h2o_pathconf_t *path, const struct config *config);

/* cors_origin tells whether an origin is allowed, and as what: as itself, or as "*". */
bool cors_origin(const struct config *config, struct slice origin, struct slice *as);

/* cors_preflight tells whether a page of an allowed origin may use this method and these headers (names
 * separated by commas). */
bool cors_preflight(const struct config *config, struct slice method, struct slice headers);

#endif
