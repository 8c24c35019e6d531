/* /v2/queues/{queue}/claims and /v2/queues/{queue}/claims/{id}. */
#include "router/http/routes.h"

#include "router/http/render.h"

static struct slice queue_of(const struct exchange *ex)
{
    return ex->segments[2];
}

static void add_claim_path(struct buffer *b, struct slice queue_path, const struct claim_id *id)
{
    buffer_add(b, queue_path);
    buffer_add_literal(b, "/claims/");
    claim_id_write(id, buffer_reserve(b, CLAIM_ID_TEXT));
    b->len += CLAIM_ID_TEXT;
}

static void on_created(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct claim_create_call *c = (struct claim_create_call *)call;
    struct buffer location = {0};

    if (exchange_fault(ex, call))
        return;
    if (c->out.n == 0) {
        exchange_empty(ex, 204);
        return;
    }
    add_claim_path(&location, ex->queue_path, &c->out.id);
    exchange_header(ex, "location", buffer_slice(&location));
    buffer_fini(&location);
    buffer_add_char(&ex->body, '{');
    render_messages(&ex->body, ex->queue_path, c->out.list, c->out.n, c->out.now_ms);
    buffer_add_char(&ex->body, '}');
    exchange_json(ex, 201);
}

void http_claim_create(struct exchange *ex)
{
    struct claim_create_call *c = EXCHANGE_CALL(ex, struct claim_create_call, on_created);

    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    if (take_int(ex, "limit", &c->in.limit))
        api_claim_create(c);
}

static void on_got(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct claim_get_call *c = (struct claim_get_call *)call;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_printf(b, "{\"age\": %lld, \"ttl\": %u, \"href\": \"%.*s/claims/%.*s\", ",
                  (long long)render_age_s(c->out.created_ms, c->out.now_ms), c->out.ttl_s,
                  SLICE_ARG(ex->queue_path), SLICE_ARG(c->in.claim));
    render_messages(b, ex->queue_path, c->out.list, c->out.n, c->out.now_ms);
    buffer_add_char(b, '}');
    exchange_json(ex, 200);
}

void http_claim_get(struct exchange *ex)
{
    struct claim_get_call *c = EXCHANGE_CALL(ex, struct claim_get_call, on_got);

    c->in.queue = queue_of(ex);
    c->in.claim = ex->segments[4];
    api_claim_get(c);
}

void http_claim_patch(struct exchange *ex)
{
    struct claim_renew_call *c = EXCHANGE_CALL(ex, struct claim_renew_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    c->in.claim = ex->segments[4];
    c->in.document = ex->document;
    api_claim_renew(c);
}

void http_claim_delete(struct exchange *ex)
{
    struct claim_release_call *c =
        EXCHANGE_CALL(ex, struct claim_release_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    c->in.claim = ex->segments[4];
    api_claim_release(c);
}
