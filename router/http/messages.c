/* /v2/queues/{queue}/messages and /v2/queues/{queue}/messages/{id}, and the same of topics. */
#include "router/http/routes.h"

#include "router/http/render.h"

static struct slice queue_of(const struct exchange *ex)
{
    return ex->segments[2];
}

static void add_messages_path(struct buffer *b, const struct exchange *ex)
{
    buffer_add(b, ex->queue_path);
    buffer_add_literal(b, "/messages");
}

/* ---- Post ------------------------------------------------------------------------------------- */

static void set_location(struct exchange *ex, const struct message_id *ids, uint32_t n)
{
    struct buffer b = {0};

    add_messages_path(&b, ex);
    buffer_add_literal(&b, "?ids=");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buffer_add_char(&b, ',');
        message_id_write(ids[i], buffer_reserve(&b, MESSAGE_ID_TEXT));
        b.len += MESSAGE_ID_TEXT;
    }
    exchange_header(ex, "location", buffer_slice(&b));
    buffer_fini(&b);
}

static void on_posted(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct message_post_call *c = (struct message_post_call *)call;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    if (c->out.n > 0) /* else filters dropped all, and there is nothing to be found */
        set_location(ex, c->out.ids, c->out.n);
    buffer_add_literal(b, "{\"resources\": [");
    for (uint32_t i = 0; i < c->out.n; i++) {
        buffer_add(b, i == 0 ? SLICE("\"") : SLICE(", \""));
        render_message_path(b, ex->queue_path, c->out.ids[i]);
        buffer_add_char(b, '"');
    }
    buffer_add_literal(b, "]}");
    exchange_json(ex, 201);
}

void http_message_post(struct exchange *ex)
{
    struct message_post_call *c = EXCHANGE_CALL(ex, struct message_post_call, on_posted);

    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    api_message_post(c);
}

/* ---- List ------------------------------------------------------------------------------------- */

struct list_request {
    struct message_list_call c; /* first */
    bool echo_given, claimed_given, delayed_given;
};

static void add_flag(struct buffer *b, bool *first, const char *name, bool given, bool value)
{
    if (given)
        query_add(b, first, slice_of(name), value ? SLICE("true") : SLICE("false"));
}

/* add_next writes the link to the next page: what was asked for, with the marker moved on. */
static void add_next(struct exchange *ex, const struct list_request *r)
{
    struct buffer href = {0};
    char marker[MESSAGE_ID_TEXT];
    bool first = true;

    message_id_write(r->c.out.next, marker);
    add_messages_path(&href, ex);
    query_add(&href, &first, SLICE("marker"), (struct slice){marker, sizeof(marker)});
    if (r->c.in.limit.given) {
        struct slice limit = arena_printf(&ex->arena, "%lld", (long long)r->c.in.limit.value);

        query_add(&href, &first, SLICE("limit"), limit);
    }
    add_flag(&href, &first, "echo", r->echo_given, r->c.in.echo);
    add_flag(&href, &first, "include_claimed", r->claimed_given, r->c.in.include_claimed);
    add_flag(&href, &first, "include_delayed", r->delayed_given, r->c.in.include_delayed);
    render_next_link(&ex->body, buffer_slice(&href));
    buffer_fini(&href);
}

static void on_listed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct list_request *r = (struct list_request *)call;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_add_char(b, '{');
    render_messages(b, ex->queue_path, r->c.out.list, r->c.out.n, r->c.out.now_ms);
    buffer_add_literal(b, ", \"links\": [");
    if (r->c.out.n > 0)
        add_next(ex, r);
    buffer_add_literal(b, "]}");
    exchange_json(ex, 200);
}

static void list(struct exchange *ex)
{
    struct list_request *r = EXCHANGE_CALL(ex, struct list_request, on_listed);
    struct message_list_call *c = &r->c;

    c->in.queue = queue_of(ex);
    query_text(&ex->query, "marker", &c->in.marker);
    if (take_int(ex, "limit", &c->in.limit) && take_bool(ex, "echo", &c->in.echo, &r->echo_given) &&
        take_bool(ex, "include_claimed", &c->in.include_claimed, &r->claimed_given) &&
        take_bool(ex, "include_delayed", &c->in.include_delayed, &r->delayed_given))
        api_message_list(c);
}

/* ---- By ids ----------------------------------------------------------------------------------- */

static void on_got_many(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct message_get_call *c = (struct message_get_call *)call;

    if (exchange_fault(ex, call))
        return;
    buffer_add_char(&ex->body, '{');
    render_messages(&ex->body, ex->queue_path, c->out.list, c->out.n, c->out.now_ms);
    buffer_add_char(&ex->body, '}');
    exchange_json(ex, 200);
}

/* GET …/messages is a list, or with ids a look-up. */
void http_message_list(struct exchange *ex)
{
    struct message_get_call *c;
    struct slice *ids;
    bool given;
    size_t n = query_list(&ex->query, "ids", &ids, &given, &ex->arena);

    if (!given) {
        list(ex);
        return;
    }
    c = EXCHANGE_CALL(ex, struct message_get_call, on_got_many);
    c->in.queue = queue_of(ex);
    c->in.ids = ids;
    c->in.n = n;
    api_message_get(c);
}

static void on_got_one(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct message_get_call *c = (struct message_get_call *)call;

    if (exchange_fault(ex, call))
        return;
    render_message(&ex->body, ex->queue_path, &c->out.list[0], c->out.now_ms);
    exchange_json(ex, 200);
}

void http_message_get(struct exchange *ex)
{
    struct message_get_call *c = EXCHANGE_CALL(ex, struct message_get_call, on_got_one);

    c->in.queue = queue_of(ex);
    c->in.ids = &ex->segments[4];
    c->in.n = 1;
    api_message_get(c);
}

/* ---- Delete and pop --------------------------------------------------------------------------- */

void http_message_delete(struct exchange *ex)
{
    struct message_delete_call *c =
        EXCHANGE_CALL(ex, struct message_delete_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    c->in.id = ex->segments[4];
    query_text(&ex->query, "claim_id", &c->in.claim);
    api_message_delete(c);
}

/* add_popped writes a message that was taken away: no href, it is nowhere any more. */
static void add_popped(struct buffer *b, const struct message *m, int64_t now_ms)
{
    buffer_add_literal(b, "{\"id\": \"");
    message_id_write(m->id, buffer_reserve(b, MESSAGE_ID_TEXT));
    b->len += MESSAGE_ID_TEXT;
    buffer_printf(b, "\", \"ttl\": %lld, \"age\": %lld, \"claim_id\": null, \"claim_count\": %u, ",
                  (long long)(m->expires_ms - m->created_ms) / 1000,
                  (long long)render_age_s(m->created_ms, now_ms), m->claim_count);
    if (m->checksum.len > 0) {
        buffer_add_literal(b, "\"checksum\": \"");
        buffer_add(b, m->checksum);
        buffer_add_literal(b, "\", ");
    }
    buffer_add_literal(b, "\"body\": ");
    buffer_add(b, m->body);
    buffer_add_char(b, '}');
}

static void on_popped(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct message_pop_call *c = (struct message_pop_call *)call;

    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(&ex->body, "{\"messages\": [");
    for (uint32_t i = 0; i < c->out.n; i++) {
        if (i > 0)
            buffer_add_literal(&ex->body, ", ");
        add_popped(&ex->body, &c->out.list[i], c->out.now_ms);
    }
    buffer_add_literal(&ex->body, "]}");
    exchange_json(ex, 200);
}

static void pop(struct exchange *ex, int64_t limit, bool claims_given)
{
    struct message_pop_call *c = EXCHANGE_CALL(ex, struct message_pop_call, on_popped);

    c->in.queue = queue_of(ex);
    c->in.limit = limit;
    c->in.claims_given = claims_given;
    api_message_pop(c);
}

/* DELETE …/messages takes either ids or pop. */
void http_message_bulk_delete(struct exchange *ex)
{
    struct message_delete_many_call *c;
    struct optional_int limit;
    struct slice *ids, *claims;
    bool ids_given, claims_given;
    size_t n = query_list(&ex->query, "ids", &ids, &ids_given, &ex->arena);
    size_t claims_n = query_list(&ex->query, "claim_ids", &claims, &claims_given, &ex->arena);

    if (!take_int(ex, "pop", &limit))
        return;
    if (ids_given == limit.given) {
        exchange_error(ex, 400, "Invalid API request",
                       ids_given ? "\"ids\" and \"pop\" do not go together."
                                 : "The request needs \"ids\" or \"pop\".");
        return;
    }
    if (limit.given) {
        pop(ex, limit.value, claims_given);
        return;
    }
    c = EXCHANGE_CALL(ex, struct message_delete_many_call, exchange_no_content);
    c->in.queue = queue_of(ex);
    c->in.ids = ids;
    c->in.n = n;
    c->in.claims_given = claims_given;
    c->in.claims = claims;
    c->in.claims_n = claims_n;
    api_message_delete_many(c);
}
