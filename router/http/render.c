#include "router/http/render.h"

#include <stdio.h>

int64_t render_age_s(int64_t since_ms, int64_t now_ms)
{
    return now_ms > since_ms ? (now_ms - since_ms) / 1000 : 0;
}

struct slice render_collection(enum collection c)
{
    return c == COLLECTION_TOPICS ? SLICE("/v2/topics") : SLICE("/v2/queues");
}

struct slice render_queue_path(enum collection c, struct slice name, struct arena *a)
{
    struct slice collection = render_collection(c);
    char *path = arena_alloc(a, collection.len + 1 + name.len);

    memcpy(path, collection.p, collection.len);
    path[collection.len] = '/';
    memcpy(path + collection.len + 1, name.p, name.len);
    return (struct slice){path, collection.len + 1 + name.len};
}

void render_message_path(struct buffer *out, struct slice queue_path, struct message_id id)
{
    buffer_add(out, queue_path);
    buffer_add_literal(out, "/messages/");
    message_id_write(id, buffer_reserve(out, MESSAGE_ID_TEXT));
    out->len += MESSAGE_ID_TEXT;
}

void render_message(struct buffer *out, struct slice queue_path, const struct message *m,
                    int64_t now_ms)
{
    buffer_add_literal(out, "{\"id\": \"");
    message_id_write(m->id, buffer_reserve(out, MESSAGE_ID_TEXT));
    out->len += MESSAGE_ID_TEXT;
    buffer_add_literal(out, "\", \"href\": \"");
    render_message_path(out, queue_path, m->id);
    if (m->claimed) {
        buffer_add_literal(out, "?claim_id=");
        claim_id_write(&m->claim_id, buffer_reserve(out, CLAIM_ID_TEXT));
        out->len += CLAIM_ID_TEXT;
    }
    buffer_add_literal(out, "\", \"ttl\": ");
    buffer_add_int(out, (m->expires_ms - m->created_ms) / 1000);
    buffer_add_literal(out, ", \"age\": ");
    buffer_add_int(out, render_age_s(m->created_ms, now_ms));
    buffer_add_literal(out, ", \"body\": ");
    buffer_add(out, m->body);
    if (m->checksum.len > 0) {
        buffer_add_literal(out, ", \"checksum\": \"");
        buffer_add(out, m->checksum);
        buffer_add_char(out, '"');
    }
    buffer_add_char(out, '}');
}

void render_messages(struct buffer *out, struct slice queue_path, const struct message *list,
                     uint32_t n, int64_t now_ms)
{
    buffer_add_literal(out, "\"messages\": [");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buffer_add_literal(out, ", ");
        render_message(out, queue_path, &list[i], now_ms);
    }
    buffer_add_char(out, ']');
}

static bool bad_parameter(struct exchange *ex, const char *name, const char *what)
{
    char text[128];

    snprintf(text, sizeof(text), "The \"%s\" parameter must be %s.", name, what);
    exchange_error(ex, 400, "Invalid parameter", text);
    return false;
}

bool take_int(struct exchange *ex, const char *name, struct optional_int *value)
{
    switch (query_int(&ex->query, name, &value->value)) {
    case QUERY_ABSENT:
        value->given = false;
        return true;
    case QUERY_GIVEN:
        value->given = true;
        return true;
    case QUERY_BAD:
        break;
    }
    return bad_parameter(ex, name, "an integer");
}

bool take_page(struct exchange *ex, struct named_page *page)
{
    return take_int(ex, "limit", &page->limit) &&
           take_bool(ex, "detailed", &page->detailed, &page->detailed_given);
}

void render_next_link(struct buffer *out, struct slice href)
{
    buffer_add_literal(out, "{\"rel\": \"next\", \"href\": ");
    json_add_string(out, href);
    buffer_add_char(out, '}');
}

void render_next(struct buffer *out, const struct named_page *page, struct slice last)
{
    struct buffer href = {0};
    bool first = true;
    char limit[24];

    if (last.p == NULL)
        return;
    buffer_add(&href, slice_of(page->path));
    query_add(&href, &first, SLICE("marker"), last);
    if (page->limit.given) {
        snprintf(limit, sizeof(limit), "%lld", (long long)page->limit.value);
        query_add(&href, &first, SLICE("limit"), slice_of(limit));
    }
    if (page->detailed_given)
        query_add(&href, &first, SLICE("detailed"),
                  page->detailed ? SLICE("true") : SLICE("false"));
    render_next_link(out, buffer_slice(&href));
    buffer_fini(&href);
}

bool take_bool(struct exchange *ex, const char *name, bool *value, bool *given)
{
    switch (query_bool(&ex->query, name, value)) {
    case QUERY_ABSENT:
        *given = false;
        return true;
    case QUERY_GIVEN:
        *given = true;
        return true;
    case QUERY_BAD:
        break;
    }
    return bad_parameter(ex, name, "true or false");
}
