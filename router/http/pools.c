/* /v2/pools: the stores among which queues are spread. For administrators, who see the URIs as they are. */
#include "router/http/routes.h"

#include "router/http/render.h"

#define PATH "/v2/pools"

static struct slice pool_of(const struct exchange *ex)
{
    return ex->segments[2];
}

static void add_pool(struct buffer *b, const struct pool_record *p, bool detailed)
{
    buffer_add_literal(b, "{\"href\": \"" PATH "/");
    buffer_add(b, p->name);
    buffer_add_literal(b, "\", \"name\": \"");
    buffer_add(b, p->name);
    buffer_add_literal(b, "\", \"weight\": ");
    buffer_add_uint(b, p->weight);
    buffer_add_literal(b, ", \"uri\": ");
    json_add_string(b, p->uri);
    buffer_add_literal(b, ", \"flavor\": ");
    if (p->flavor.len > 0)
        json_add_string(b, p->flavor);
    else
        buffer_add_literal(b, "null");
    if (detailed) {
        buffer_add_literal(b, ", \"options\": ");
        buffer_add(b, p->options);
    }
    buffer_add_char(b, '}');
}

/* ---- List ------------------------------------------------------------------------------------- */

struct list_request {
    struct pool_list_call c; /* first */
    struct named_page page;
};

/* set_content_location says which page this is, as the request did. */
static void set_content_location(struct exchange *ex)
{
    struct buffer b = {0};

    buffer_add(&b, ex->path);
    if (ex->query_text.len > 0) {
        buffer_add_char(&b, '?');
        buffer_add(&b, ex->query_text);
    }
    exchange_header(ex, "content-location", buffer_slice(&b));
    buffer_fini(&b);
}

static void on_listed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct list_request *r = (struct list_request *)call;
    struct slice last = {NULL, 0};
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(b, "{\"pools\": [");
    for (uint32_t i = 0; i < r->c.out.n; i++) {
        if (i > 0)
            buffer_add_literal(b, ", ");
        add_pool(b, &r->c.out.list[i], r->page.detailed);
        last = r->c.out.list[i].name;
    }
    buffer_add_literal(b, "], \"links\": [");
    render_next(b, &r->page, last);
    buffer_add_literal(b, "]}");
    set_content_location(ex);
    exchange_json(ex, 200);
}

void http_pool_list(struct exchange *ex)
{
    struct list_request *r = EXCHANGE_CALL(ex, struct list_request, on_listed);

    r->page.path = PATH;
    if (!take_page(ex, &r->page))
        return;
    query_text(&ex->query, "marker", &r->c.in.marker);
    r->c.in.limit = r->page.limit;
    api_pool_list(&r->c);
}

/* ---- One pool --------------------------------------------------------------------------------- */

struct get_request {
    struct pool_get_call c; /* first */
    bool detailed, detailed_given;
};

static void on_got(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct get_request *r = (struct get_request *)call;

    if (exchange_fault(ex, call))
        return;
    add_pool(&ex->body, r->c.out.record, r->detailed);
    exchange_json(ex, 200);
}

void http_pool_get(struct exchange *ex)
{
    struct get_request *r = EXCHANGE_CALL(ex, struct get_request, on_got);

    if (!take_bool(ex, "detailed", &r->detailed, &r->detailed_given))
        return;
    r->c.in.pool = pool_of(ex);
    api_pool_get(&r->c);
}

static void on_put(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct slice name = pool_of(ex);

    if (exchange_fault(ex, call))
        return;
    exchange_header(ex, "location", arena_printf(&ex->arena, PATH "/%.*s", SLICE_ARG(name)));
    exchange_empty(ex, 201);
}

void http_pool_put(struct exchange *ex)
{
    struct pool_put_call *c = EXCHANGE_CALL(ex, struct pool_put_call, on_put);

    c->in.pool = pool_of(ex);
    c->in.document = ex->document;
    api_pool_put(c);
}

static void on_patched(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (exchange_fault(ex, call))
        return;
    add_pool(&ex->body, ((struct pool_put_call *)call)->out.record, false);
    exchange_json(ex, 200);
}

void http_pool_patch(struct exchange *ex)
{
    struct pool_put_call *c = EXCHANGE_CALL(ex, struct pool_put_call, on_patched);

    c->in.pool = pool_of(ex);
    c->in.document = ex->document;
    api_pool_update(c);
}

void http_pool_delete(struct exchange *ex)
{
    struct pool_delete_call *c = EXCHANGE_CALL(ex, struct pool_delete_call, exchange_no_content);

    c->in.pool = pool_of(ex);
    api_pool_delete(c);
}
