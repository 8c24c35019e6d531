#include "deploy/nusku/bench_request.h"

#include "common/json.h"

#include <assert.h>
#include <stdio.h>

#define BODY_BEGIN "{\"due\": \""
#define BODY_PAD   "\", \"pad\": \""
#define BODY_END   "\"}"

enum {
    DUE_DIGITS = 20,
    TTL_S = 300, /* messages of a run that was killed go by themselves */
    ID_MAX = 64,
};

static_assert(sizeof(BODY_BEGIN BODY_PAD BODY_END) - 1 + DUE_DIGITS <= BENCH_BODY_MIN, "the body");

void bench_request_add(struct buffer *b, const struct bench_options *o, const char *method,
                       struct slice path, struct slice body)
{
    buffer_printf(b, "%s ", method);
    buffer_add(b, o->prefix.len > 0 ? buffer_slice(&o->prefix) : SLICE(""));
    buffer_add(b, path);
    buffer_add_literal(b, " HTTP/1.1\r\n");
    buffer_add(b, buffer_slice(&o->headers));
    if (body.p != NULL)
        buffer_printf(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    buffer_add_literal(b, "\r\n");
    buffer_add(b, body);
}

void bench_post_init(struct bench_post *p, const struct bench_options *o, const char *queue)
{
    struct buffer path = {0}, body = {0};
    size_t pad = (size_t)o->body_bytes - (sizeof(BODY_BEGIN BODY_PAD BODY_END) - 1 + DUE_DIGITS);
    size_t due_at;

    buffer_printf(&path, "/v2/queues/%s/messages", queue);
    buffer_printf(&body, "{\"messages\": [{\"ttl\": %d, \"body\": " BODY_BEGIN, TTL_S);
    due_at = body.len;
    memset(buffer_reserve(&body, DUE_DIGITS), '0', DUE_DIGITS);
    body.len += DUE_DIGITS;
    buffer_add_literal(&body, BODY_PAD);
    memset(buffer_reserve(&body, pad), 'x', pad);
    body.len += pad;
    buffer_add_literal(&body, BODY_END "}]}");
    bench_request_add(&p->bytes, o, "POST", buffer_slice(&path), buffer_slice(&body));
    p->due_at = p->bytes.len - (body.len - due_at);
    buffer_fini(&path);
    buffer_fini(&body);
}

struct slice bench_post_due(struct bench_post *p, uint64_t due_ns)
{
    char *gap = p->bytes.p + p->due_at;

    for (size_t i = DUE_DIGITS; i > 0; i--) {
        gap[i - 1] = (char)('0' + due_ns % 10);
        due_ns /= 10;
    }
    return buffer_slice(&p->bytes);
}

/* ---- Claims ----------------------------------------------------------------------------------- */

/* text_of gives a plain string's bytes; absent when it is none. */
static struct slice text_of(struct json object, const char *name)
{
    struct json v;

    if (object.type != JSON_OBJECT || !json_find(object, name, &v) || v.type != JSON_STRING)
        return (struct slice){NULL, 0};
    return (struct slice){v.raw.p + 1, v.raw.len - 2};
}

/* is_id: it goes into a query as it is. */
static bool is_id(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-'))
            return false;
    }
    return text.len > 0 && text.len <= ID_MAX;
}

static bool read_due(struct json body, uint64_t *due_ns)
{
    struct slice digits = text_of(body, "due");

    *due_ns = 0;
    if (digits.len != DUE_DIGITS)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        *due_ns = *due_ns * 10 + (uint64_t)(digits.p[i] - '0');
    }
    return true;
}

/* claim_id_of takes the id of the claim from the address of one of its messages. */
static struct slice claim_id_of(struct slice href)
{
    struct slice key = SLICE("claim_id=");
    const char *at = href.len == 0 ? NULL : memmem(href.p, href.len, key.p, key.len);

    if (at == NULL)
        return (struct slice){NULL, 0};
    href = slice_from(href, (size_t)(at - href.p) + key.len);
    return slice_cut(&href, '&');
}

static bool read_message(struct json message, struct bench_claim *claim)
{
    struct json body;

    if (message.type != JSON_OBJECT || claim->n == BENCH_CLAIM_MAX ||
        !json_find(message, "body", &body) || !read_due(body, &claim->due_ns[claim->n]))
        return false;
    claim->ids[claim->n] = text_of(message, "id");
    claim->id = claim_id_of(text_of(message, "href"));
    return is_id(claim->ids[claim->n++]) && is_id(claim->id);
}

bool bench_claim_read(struct slice document, struct bench_claim *claim)
{
    struct json top, list;
    struct json_walk walk;
    struct failure f;

    claim->n = 0;
    if (json_check(document, &top, &f) != ST_OK || top.type != JSON_OBJECT ||
        !json_find(top, "messages", &list) || list.type != JSON_ARRAY)
        return false;
    walk = json_members(list);
    while (json_next(&walk))
        if (!read_message(walk.value, claim))
            return false;
    return claim->n > 0;
}

void bench_claim_removal(const struct bench_claim *claim, struct buffer *b,
                         const struct bench_options *o, const char *queue)
{
    struct buffer path = {0};

    buffer_printf(&path, "/v2/queues/%s/messages?ids=", queue);
    for (size_t i = 0; i < claim->n; i++) {
        if (i > 0)
            buffer_add_char(&path, ',');
        buffer_add(&path, claim->ids[i]);
    }
    buffer_printf(&path, "&claim_ids=%.*s", SLICE_ARG(claim->id));
    bench_request_add(b, o, "DELETE", buffer_slice(&path), (struct slice){NULL, 0});
    buffer_fini(&path);
}
