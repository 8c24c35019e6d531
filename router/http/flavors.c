/* /v2/flavors: names for some of the pools, by which queues ask for them. */
#include "router/http/routes.h"

#include "common/capability.h"
#include "router/http/render.h"

#define PATH "/v2/flavors"

static struct slice flavor_of(const struct exchange *ex)
{
    return ex->segments[2];
}

/* add_capabilities writes those of the first pool, which stands for all. */
static void add_capabilities(struct buffer *b, const struct flavor_record *flavor)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
#define NAME(name, bit, text) {CAPABILITY_##name, text},
        CAPABILITY_MAP(NAME)
#undef NAME
    };
    uint32_t has = flavor->pools_n > 0 ? flavor->pools[0].capabilities : 0;
    const char *before = "";

    buffer_add_literal(b, ", \"capabilities\": [");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((has & names[i].bit) == 0)
            continue;
        buffer_printf(b, "%s\"%s\"", before, names[i].name);
        before = ", ";
    }
    buffer_add_char(b, ']');
}

static void add_flavor(struct buffer *b, const struct flavor_record *flavor, bool detailed)
{
    buffer_add_literal(b, "{\"href\": \"" PATH "/");
    buffer_add(b, flavor->name);
    buffer_add_literal(b, "\", \"name\": \"");
    buffer_add(b, flavor->name);
    buffer_add_char(b, '"');
    for (uint32_t i = 0; i < flavor->pools_n; i++) {
        buffer_add(b, i == 0 ? SLICE(", \"pool_list\": [\"") : SLICE("\", \""));
        buffer_add(b, flavor->pools[i].name);
    }
    if (flavor->pools_n > 0)
        buffer_add_literal(b, "\"]");
    if (detailed)
        add_capabilities(b, flavor);
    buffer_add_char(b, '}');
}

/* ---- List ------------------------------------------------------------------------------------- */

struct list_request {
    struct flavor_list_call c; /* first */
    struct named_page page;
};

static void on_listed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct list_request *r = (struct list_request *)call;
    struct slice last = {NULL, 0};
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(b, "{\"flavors\": [");
    for (uint32_t i = 0; i < r->c.out.n; i++) {
        if (i > 0)
            buffer_add_literal(b, ", ");
        add_flavor(b, &r->c.out.list[i], r->page.detailed);
        last = r->c.out.list[i].name;
    }
    buffer_add_literal(b, "], \"links\": [");
    render_next(b, &r->page, last);
    buffer_add_literal(b, "]}");
    exchange_json(ex, 200);
}

void http_flavor_list(struct exchange *ex)
{
    struct list_request *r = EXCHANGE_CALL(ex, struct list_request, on_listed);

    r->page.path = PATH;
    if (!take_page(ex, &r->page))
        return;
    query_text(&ex->query, "marker", &r->c.in.marker);
    r->c.in.limit = r->page.limit;
    api_flavor_list(&r->c);
}

/* ---- One flavor ------------------------------------------------------------------------------- */

static void send_flavor(struct exchange *ex, const struct flavor_record *flavor)
{
    add_flavor(&ex->body, flavor, true);
    exchange_json(ex, 200);
}

static void on_got(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (!exchange_fault(ex, call))
        send_flavor(ex, ((struct flavor_get_call *)call)->out.record);
}

void http_flavor_get(struct exchange *ex)
{
    struct flavor_get_call *c = EXCHANGE_CALL(ex, struct flavor_get_call, on_got);

    c->in.flavor = flavor_of(ex);
    api_flavor_get(c);
}

static void on_put(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct slice name = flavor_of(ex);

    if (exchange_fault(ex, call))
        return;
    exchange_header(ex, "location", arena_printf(&ex->arena, PATH "/%.*s", SLICE_ARG(name)));
    exchange_empty(ex, 201);
}

void http_flavor_put(struct exchange *ex)
{
    struct flavor_put_call *c = EXCHANGE_CALL(ex, struct flavor_put_call, on_put);

    c->in.flavor = flavor_of(ex);
    c->in.document = ex->document;
    api_flavor_put(c);
}

static void on_patched(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (!exchange_fault(ex, call))
        send_flavor(ex, ((struct flavor_put_call *)call)->out.record);
}

void http_flavor_patch(struct exchange *ex)
{
    struct flavor_put_call *c = EXCHANGE_CALL(ex, struct flavor_put_call, on_patched);

    c->in.flavor = flavor_of(ex);
    c->in.document = ex->document;
    api_flavor_update(c);
}

void http_flavor_delete(struct exchange *ex)
{
    struct flavor_delete_call *c =
        EXCHANGE_CALL(ex, struct flavor_delete_call, exchange_no_content);

    c->in.flavor = flavor_of(ex);
    api_flavor_delete(c);
}
