#include "router/http/rewrite.h"

#include "common/buffer.h"
#include "router/http/exchange.h"
#include "router/http/http.h"

struct rewriter {
    h2o_ostream_t super; /* first */
};

static void on_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t n,
                    h2o_send_state_t state)
{
    struct slice was = n > 0 ? (struct slice){bufs[0].base, bufs[0].len} : SLICE("");
    const char *title = "Bad request", *description = "The request breaks a rule of HTTP.";
    struct buffer b = {0};
    h2o_iovec_t body;

    if (req->res.status == 503) {
        title = "Service temporarily unavailable";
        description = "The service is busy. Please try again in a few seconds.";
    } else if (memmem(was.p, was.len, "too large", 9) != NULL) {
        /* what a PATCH carries is called so in all of its errors */
        title = h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("PATCH"))
                    ? "Invalid request body"
                    : "Invalid API request";
        description = "The request body is too large.";
    } else if (memmem(was.p, was.len, "content-length", 14) != NULL) {
        title = "Invalid header value";
        description = "The Content-Length header must be a number.";
    } else if (memmem(was.p, was.len, "encoding", 8) != NULL) {
        description = "The transfer encoding of the request is broken or unknown.";
    }
    buffer_printf(&b, "{\"title\": \"%s\", \"description\": \"%s\"}", title, description);
    body = h2o_strdup(&req->pool, b.p, b.len);
    buffer_fini(&b);
    if (req->res.status == 413) {
        req->res.status = 400;
        req->res.reason = "Bad Request";
    }
    req->res.content_length = body.len;
    h2o_ostream_send_next(self, req, &body, response_has_body(req) ? 1 : 0, state);
}

static void on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    ssize_t type = h2o_find_header(&req->res.headers, H2O_TOKEN_CONTENT_TYPE, -1);
    struct rewriter *w;

    (void)self;
    /* all that we send ourselves carries a request id */
    if (h2o_find_header_by_str(&req->res.headers, H2O_STRLIT(REQUEST_ID_HEADER), -1) == -1 &&
        req->res.status >= 400 && type != -1) {
        req->res.headers.entries[type].value = h2o_iovec_init(H2O_STRLIT("application/json"));
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_VARY, NULL, H2O_STRLIT("Accept"));
        if (req->res.status == 503)
            h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_RETRY_AFTER, NULL,
                           H2O_STRLIT("1"));
        response_add_request_id(req);
        METER(http_thread_of(req->conn->ctx)->api->meter, requests_broken, 1);
        linger_after(http_thread_of(req->conn->ctx)->linger, req); /* not all of it was read */
        w = (struct rewriter *)h2o_add_ostream(req, sizeof(*w), slot);
        w->super.do_send = on_send;
        slot = &w->super.next;
    }
    h2o_setup_next_ostream(req, slot);
}

void rewrite_add(h2o_pathconf_t *path)
{
    h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = on_setup;
}
