/* /v2/queues and what lies under a queue itself, and the same of topics. */
#include "router/http/routes.h"

#include "router/api/metadata.h"
#include "router/http/render.h"

#include "common/clock.h"

#include <stdlib.h>

#define PATCH_TYPE "application/openstack-messaging-v2.0-json-patch"

static struct slice queue_of(const struct exchange *ex)
{
    return ex->segments[2];
}

/* ---- List ------------------------------------------------------------------------------------- */

struct list_request {
    struct queue_list_call c; /* first */
    bool detailed, detailed_given, with_count_given;
};

static const char *const list_parameters[] = {"marker", "limit", "detailed", "name"};

static bool is_parameter(enum collection c, struct slice name)
{
    for (size_t i = 0; i < sizeof(list_parameters) / sizeof(list_parameters[0]); i++)
        if (slice_eq(slice_of(list_parameters[i]), name))
            return true;
    return c == COLLECTION_QUEUES && slice_eq(name, SLICE("with_count"));
}

static void add_flag(struct buffer *b, bool *first, const char *name, bool given, bool value)
{
    if (given)
        query_add(b, first, slice_of(name), value ? SLICE("true") : SLICE("false"));
}

/* add_next writes the link to the next page: what was asked for, with the marker moved on. */
static void add_next(struct exchange *ex, const struct list_request *r)
{
    struct buffer href = {0};
    bool first = true;
    struct slice name;

    buffer_add(&href, render_collection(ex->collection));
    name = collection_member_name(r->c.out.list[r->c.out.n - 1]->name);
    query_add(&href, &first, SLICE("marker"), name);
    if (r->c.in.limit.given) {
        struct slice limit = arena_printf(&ex->arena, "%lld", (long long)r->c.in.limit.value);

        query_add(&href, &first, SLICE("limit"), limit);
    }
    add_flag(&href, &first, "detailed", r->detailed_given, r->detailed);
    if (query_text(&ex->query, "name", &name))
        query_add(&href, &first, SLICE("name"), name);
    add_flag(&href, &first, "with_count", r->with_count_given, r->c.in.with_count);
    for (size_t i = 0; i < r->c.in.filters_n; i++)
        query_add(&href, &first, r->c.in.filters[i].key, r->c.in.filters[i].value);
    render_next_link(&ex->body, buffer_slice(&href));
    buffer_fini(&href);
}

/* add_listed writes what a list shows of a queue or topic. */
static void add_listed(struct exchange *ex, const struct queue_record *record, bool detailed)
{
    struct slice name = collection_member_name(record->name);
    struct buffer *b = &ex->body;

    buffer_add_literal(b, "{\"name\": \"");
    buffer_add(b, name);
    buffer_add_literal(b, "\", \"href\": \"");
    buffer_add(b, render_collection(ex->collection));
    buffer_add_char(b, '/');
    buffer_add(b, name);
    buffer_add_char(b, '"');
    if (detailed) {
        buffer_add_literal(b, ", \"metadata\": ");
        metadata_show(b, record, ex->collection, ex->api->config);
    }
    buffer_add_char(b, '}');
}

static void on_listed(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    struct list_request *r = (struct list_request *)call;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_printf(b, "{\"%ss\": [", collection_noun(ex->collection));
    for (uint32_t i = 0; i < r->c.out.n; i++) {
        if (i > 0)
            buffer_add_literal(b, ", ");
        add_listed(ex, r->c.out.list[i], r->detailed);
    }
    buffer_add_literal(b, "], \"links\": [");
    if (r->c.out.n > 0)
        add_next(ex, r);
    buffer_add_char(b, ']');
    if (r->c.in.with_count && r->c.out.count > 0) {
        buffer_add_literal(b, ", \"count\": ");
        buffer_add_uint(b, r->c.out.count);
    }
    buffer_add_char(b, '}');
    exchange_json(ex, 200);
}

static int by_name(const void *a, const void *b)
{
    const struct query_item *x = *(const struct query_item *const *)a;
    const struct query_item *y = *(const struct query_item *const *)b;
    int order = slice_compare(x->name, y->name);

    return order != 0 ? order : (x > y) - (x < y); /* as they stood in the query */
}

/* Parameters that the list doesn't know are filters on the metadata; of one given twice the last
 * value counts. */
static void read_filters(struct exchange *ex, struct queue_list_call *c)
{
    struct query *q = &ex->query;
    const struct query_item **items = arena_alloc(&ex->arena, q->n * sizeof(struct query_item *));
    struct metadata_filter *filters = arena_alloc(&ex->arena, q->n * sizeof(*filters));

    for (size_t i = 0; i < q->n; i++)
        items[i] = &q->list[i];
    qsort(items, q->n, sizeof(struct query_item *), by_name);
    for (size_t i = 0; i < q->n; i++)
        if (!is_parameter(ex->collection, items[i]->name) &&
            (i + 1 == q->n || !slice_eq(items[i]->name, items[i + 1]->name)))
            filters[c->in.filters_n++] = (struct metadata_filter){items[i]->name, items[i]->value};
    c->in.filters = filters;
}

void http_queue_list(struct exchange *ex)
{
    struct list_request *r = EXCHANGE_CALL(ex, struct list_request, on_listed);
    struct queue_list_call *c = &r->c;

    query_text(&ex->query, "marker", &c->in.marker);
    query_text(&ex->query, "name", &c->in.name);
    if (!take_int(ex, "limit", &c->in.limit) ||
        !take_bool(ex, "detailed", &r->detailed, &r->detailed_given) ||
        (ex->collection == COLLECTION_QUEUES &&
         !take_bool(ex, "with_count", &c->in.with_count, &r->with_count_given)))
        return;
    read_filters(ex, c);
    api_queue_list(c);
}

/* ---- One queue -------------------------------------------------------------------------------- */

static void send_metadata(struct exchange *ex, const struct queue_record *record)
{
    metadata_show(&ex->body, record, ex->collection, ex->api->config);
    exchange_json(ex, 200);
}

static void on_got(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (!exchange_fault(ex, call))
        send_metadata(ex, ((struct queue_get_call *)call)->out.record);
}

void http_queue_get(struct exchange *ex)
{
    struct queue_get_call *c = EXCHANGE_CALL(ex, struct queue_get_call, on_got);

    c->in.queue = queue_of(ex);
    api_queue_get(c);
}

static void on_put(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (exchange_fault(ex, call))
        return;
    exchange_header(ex, "location", ex->queue_path);
    exchange_empty(ex, ((struct queue_create_call *)call)->out.created ? 201 : 204);
}

void http_queue_put(struct exchange *ex)
{
    struct queue_create_call *c = EXCHANGE_CALL(ex, struct queue_create_call, on_put);

    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    api_queue_create(c);
}

static void on_patched(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (!exchange_fault(ex, call))
        send_metadata(ex, ((struct queue_update_call *)call)->out.record);
}

/* is_patch compares the media type, without parameters. */
static bool is_patch(struct slice content_type)
{
    return slice_eq_ci(slice_trim(slice_cut(&content_type, ';')), SLICE(PATCH_TYPE));
}

void http_queue_patch(struct exchange *ex)
{
    struct queue_update_call *c;

    /* a body that is too large is refused before its type is looked at */
    if (ex->document.p == NULL ||
        (int64_t)ex->document.len <= ex->api->config->max_queue_metadata_bytes) {
        if (!is_patch(ex->headers.content_type)) {
            exchange_header(ex, "accept-patch", SLICE(PATCH_TYPE));
            exchange_error(ex, 415, "415 Unsupported Media Type",
                           "The media type of this PATCH is " PATCH_TYPE ".");
            return;
        }
    }
    c = EXCHANGE_CALL(ex, struct queue_update_call, on_patched);
    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    api_queue_update(c);
}

void http_queue_delete(struct exchange *ex)
{
    struct queue_call *c = EXCHANGE_CALL(ex, struct queue_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    api_queue_delete(c);
}

/* ---- Stats and purge -------------------------------------------------------------------------- */

static void add_edge(struct buffer *b, const char *name, struct slice queue_path,
                     struct message_id id, int64_t created_ms, int64_t now_ms)
{
    char when[CLOCK_ISO_BYTES];

    clock_iso(created_ms, when);
    buffer_printf(b, ", \"%s\": {\"href\": \"", name);
    render_message_path(b, queue_path, id);
    buffer_printf(b, "\", \"age\": %lld, \"created\": \"%s\"}",
                  (long long)render_age_s(created_ms, now_ms), when);
}

static void on_stats(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct op *op = ((struct queue_stats_call *)call)->out.op;
    struct buffer *b = &ex->body;

    if (exchange_fault(ex, call))
        return;
    buffer_add_literal(b, "{\"messages\": {\"claimed\": ");
    buffer_add_uint(b, op->out.queue_stats.claimed);
    buffer_add_literal(b, ", \"free\": ");
    buffer_add_uint(b, op->out.queue_stats.free);
    buffer_add_literal(b, ", \"total\": ");
    buffer_add_uint(b, op->out.queue_stats.claimed + op->out.queue_stats.free);
    if (op->out.queue_stats.any) {
        add_edge(b, "oldest", ex->queue_path, op->out.queue_stats.oldest,
                 op->out.queue_stats.oldest_created_ms, op->now_ms);
        add_edge(b, "newest", ex->queue_path, op->out.queue_stats.newest,
                 op->out.queue_stats.newest_created_ms, op->now_ms);
    }
    buffer_add_literal(b, "}}");
    exchange_json(ex, 200);
}

void http_queue_stats(struct exchange *ex)
{
    struct queue_stats_call *c = EXCHANGE_CALL(ex, struct queue_stats_call, on_stats);

    c->in.queue = queue_of(ex);
    api_queue_stats(c);
}

void http_queue_purge(struct exchange *ex)
{
    struct queue_purge_call *c = EXCHANGE_CALL(ex, struct queue_purge_call, exchange_no_content);

    c->in.queue = queue_of(ex);
    c->in.document = ex->document;
    api_queue_purge(c);
}
