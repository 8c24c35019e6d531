/* router/http/http.h - the REST transport on h2o: what a request must have before it reaches a handler.
 *
 * The order of the checks is part of the API's contract; http.c has it as a list. */
#ifndef ROUTER_HTTP_HTTP_H
#define ROUTER_HTTP_HTTP_H

#include "router/api/api.h"

#include <h2o.h>

/* http_configure registers handler and filter; the globalconf is shared by all threads. config lives
 * as long as it does. */
void http_configure(h2o_globalconf_t *globalconf, const struct config *config);

/* http_attach gives a thread's context the api that its requests use. */
void http_attach(h2o_context_t *ctx, struct api *api);

#endif
