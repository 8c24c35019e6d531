/* /v2/queues/{queue}/share: pre-signed URLs, given out and looked at. */
#include "router/http/share.h"

#include "common/clock.h"
#include "common/iso8601.h"
#include "router/http/routes.h"

static void add_strings(struct buffer *b, const char *name, const struct signed_list *l)
{
    buffer_printf(b, "\"%s\": [", name);
    for (size_t i = 0; i < l->n; i++) {
        if (i > 0)
            buffer_add_literal(b, ", ");
        json_add_string(b, l->list[i]);
    }
    buffer_add_literal(b, "], ");
}

static void on_shared(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct share_call *c = (const struct share_call *)call;
    char expires[ISO8601_BYTES];

    if (exchange_fault(ex, call))
        return;
    iso8601_write(c->out.url.expires_s, expires);
    buffer_add_literal(&ex->body, "{\"project\": ");
    json_add_string(&ex->body, c->out.url.project);
    buffer_add_literal(&ex->body, ", ");
    add_strings(&ex->body, "paths", &c->out.url.paths);
    add_strings(&ex->body, "methods", &c->out.url.methods);
    buffer_printf(&ex->body, "\"expires\": \"%s\", \"signature\": \"%.*s\"}", expires,
                  SIGNATURE_TEXT, c->out.signature);
    exchange_json(ex, 200);
}

void http_queue_share(struct exchange *ex)
{
    struct share_call *c = EXCHANGE_CALL(ex, struct share_call, on_shared);

    c->in.queue = ex->segments[2];
    c->in.document = ex->document;
    api_share(c);
}

bool share_is_shown(const struct exchange *ex)
{
    return ex->headers.url_signature.len > 0;
}

/* The path is compared by its decoded parts, by which it was routed: what is granted is what will be done. */
bool share_grants(struct exchange *ex)
{
    enum { QUEUE = 2, RESOURCE = 3 };
    const struct http_headers *h = &ex->headers;
    struct shown_url shown = {
        .paths = h->url_paths,
        .methods = h->url_methods,
        .project = h->project_id,
        .expires = h->url_expires,
        .signature = h->url_signature,
    };

    return h->repeated == NULL && ex->segments_n > RESOURCE &&
           slice_eq(ex->segments[0], SLICE("v2")) && slice_eq(ex->segments[1], SLICE("queues")) &&
           signed_url_verify(slice_of(ex->api->config->signed_url_secret_key), &shown, ex->method,
                             ex->segments[QUEUE], ex->segments[RESOURCE], clock_wall_ms(),
                             &ex->arena);
}
