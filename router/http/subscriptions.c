/* /v2/queues/{queue}/subscriptions and what lies under it, and the same of topics. */
#include "router/http/routes.h"

#include "router/http/render.h"

static struct slice queue_of(const struct exchange *ex)
{
    return ex->segments[2];
}

static struct slice id_of(const struct exchange *ex)
{
    return ex->segments[4];
}

static void add_subscriptions_path(struct buffer *b, const struct exchange *ex)
{
    buffer_add(b, ex->queue_path);
    buffer_add_literal(b, "/subscriptions");
}

/* set_location names the collection, or with what stands behind it something in it. */
static void set_location(struct exchange *ex, const char *before, struct slice id,
                         const char *after)
{
    struct buffer b = {0};

    add_subscriptions_path(&b, ex);
    buffer_add(&b, slice_of(before));
    buffer_add(&b, id);
    buffer_add(&b, slice_of(after));
    exchange_header(ex, "location", buffer_slice(&b));
    buffer_fini(&b);
}

/* ---- Create ----------------------------------------------------------------------------------- */

static void on_created(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct subscription_create_call *c = (struct subscription_create_call *)call;
    struct buffer *b = &ex->body;

    if (call->fault == FAULT_NONE || call->fault == FAULT_CONFLICT)
        set_location(ex, "", SLICE(""), "");
    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(b, "{\"subscription_id\": \"");
    message_id_write(c->out.id, buffer_reserve(b, MESSAGE_ID_TEXT));
    b->len += MESSAGE_ID_TEXT;
    buffer_add_literal(b, "\"}");
    exchange_json(ex, 201);
}

void http_subscription_create(struct exchange *ex)
{
    struct subscription_create_call *c =
        EXCHANGE_CALL(ex, struct subscription_create_call, on_created);

    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    api_subscription_create(c);
}

/* ---- List and get ----------------------------------------------------------------------------- */

static void add_subscription(struct buffer *b, struct slice queue, const struct subscription *s,
                             int64_t now_ms)
{
    buffer_add_literal(b, "{\"id\": \"");
    message_id_write(s->id, buffer_reserve(b, MESSAGE_ID_TEXT));
    b->len += MESSAGE_ID_TEXT;
    buffer_add_literal(b, "\", \"source\": ");
    json_add_string(b, queue);
    buffer_add_literal(b, ", \"subscriber\": ");
    json_add_string(b, s->subscriber);
    buffer_add_literal(b, ", \"ttl\": ");
    buffer_add_int(b, s->ttl_s);
    buffer_add_literal(b, ", \"age\": ");
    buffer_add_int(b, render_age_s(s->since_ms, now_ms));
    buffer_add_literal(b, ", \"options\": ");
    buffer_add(b, s->options);
    buffer_add_literal(b, ", \"confirmed\": ");
    buffer_add(b, s->confirmed ? SLICE("true}") : SLICE("false}"));
}

/* add_next writes the link to the next page: what was asked for, with the marker moved on. */
static void add_next(struct exchange *ex, const struct subscription_list_call *c)
{
    struct buffer href = {0};
    char marker[MESSAGE_ID_TEXT];
    bool first = true;

    message_id_write(c->out.list[c->out.n - 1].id, marker);
    add_subscriptions_path(&href, ex);
    query_add(&href, &first, SLICE("marker"), (struct slice){marker, sizeof(marker)});
    if (c->in.limit.given)
        query_add(&href, &first, SLICE("limit"),
                  arena_printf(&ex->arena, "%lld", (long long)c->in.limit.value));
    render_next_link(&ex->body, buffer_slice(&href));
    buffer_fini(&href);
}

static void on_listed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct subscription_list_call *c = (struct subscription_list_call *)call;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(b, "{\"subscriptions\": [");
    for (uint32_t i = 0; i < c->out.n; i++) {
        if (i > 0)
            buffer_add_literal(b, ", ");
        add_subscription(b, queue_of(ex), &c->out.list[i], c->out.now_ms);
    }
    buffer_add_literal(b, "], \"links\": [");
    if (c->out.n > 0)
        add_next(ex, c);
    buffer_add_literal(b, "]}");
    exchange_json(ex, 200);
}

void http_subscription_list(struct exchange *ex)
{
    struct subscription_list_call *c = EXCHANGE_CALL(ex, struct subscription_list_call, on_listed);

    c->in.queue = queue_of(ex);
    query_text(&ex->query, "marker", &c->in.marker);
    if (take_int(ex, "limit", &c->in.limit))
        api_subscription_list(c);
}

static void on_got(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct subscription_get_call *c = (struct subscription_get_call *)call;

    if (exchange_fault(ex, call))
        return;
    add_subscription(&ex->body, queue_of(ex), c->out.subscription, c->out.now_ms);
    exchange_json(ex, 200);
}

void http_subscription_get(struct exchange *ex)
{
    struct subscription_get_call *c = EXCHANGE_CALL(ex, struct subscription_get_call, on_got);

    c->in.queue = queue_of(ex);
    c->in.id = id_of(ex);
    api_subscription_get(c);
}

/* ---- Update, confirm, delete ------------------------------------------------------------------ */

static void on_updated(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (exchange_fault(ex, call))
        return;
    set_location(ex, "/", id_of(ex), "");
    exchange_empty(ex, 204);
}

void http_subscription_patch(struct exchange *ex)
{
    struct subscription_update_call *c =
        EXCHANGE_CALL(ex, struct subscription_update_call, on_updated);

    c->in.queue = queue_of(ex);
    c->in.id = id_of(ex);
    c->in.document = ex->document;
    api_subscription_update(c);
}

static void on_confirmed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (exchange_fault(ex, call))
        return;
    set_location(ex, "/", id_of(ex), "/confirm");
    exchange_empty(ex, 204);
}

void http_subscription_confirm(struct exchange *ex)
{
    struct subscription_confirm_call *c =
        EXCHANGE_CALL(ex, struct subscription_confirm_call, on_confirmed);

    c->in.queue = queue_of(ex);
    c->in.id = id_of(ex);
    c->in.document = ex->document;
    api_subscription_confirm(c);
}

void http_subscription_delete(struct exchange *ex)
{
    struct subscription_call *c = EXCHANGE_CALL(ex, struct subscription_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    c->in.id = id_of(ex);
    api_subscription_delete(c);
}
