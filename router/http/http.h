/* router/http/http.h - the REST transport on h2o: what a request must have before it reaches a handler.
 *
 * The order of the checks is part of the API's contract; http.c has it as a list. */
#ifndef ROUTER_HTTP_HTTP_H
#define ROUTER_HTTP_HTTP_H

#include "common/log_file.h"
#include "router/api/api.h"
#include "router/http/gzip.h"
#include "router/http/intake.h"
#include "router/http/linger.h"

#include <h2o.h>

/* http_configure registers handler, filters and the access log (NULL: none); the globalconf is shared by all
 * threads. config and the log live as long as it does. */
void http_configure(h2o_globalconf_t *globalconf, const struct config *config,
                    struct log_file *access_log);

/* What the requests of a thread use. */
struct http_thread {
    struct api *api;
    struct intake *intake;
    struct lingerer *linger;
    struct gzip *gzip;
};

/* http_attach gives it to the thread's context; http_thread_of gives it back. */
void http_attach(h2o_context_t *ctx, struct http_thread *thread);
struct http_thread *http_thread_of(h2o_context_t *ctx);

/* http_target gives path and query as they were sent, without scheme and host, which a target in absolute
 * form has (RFC 9112, 3.2.2). */
struct slice http_target(const h2o_req_t *req);

#endif
