/* Messages: posting, listing, reading by id, deleting, popping. */
#include "router/api/call.h"

#include "common/python_json.h"
#include "common/utf8.h"

enum { MESSAGE_TTL_MIN_S = 60 };

/* ---- Post ------------------------------------------------------------------------------------- */

/* The defaults and bounds that a post of this queue has. */
struct post_rules {
    int64_t bytes_max;
    int64_t default_ttl_s, default_delay_s;
};

static struct post_rules rules_of(const struct api_call *c)
{
    const struct config *config = c->api->config;
    struct post_rules rules = {config->max_messages_post_bytes, config->default_message_ttl_s,
                               config->default_message_delay_s};

    if (c->record == NULL)
        return rules;
    if (c->record->attributes.max_post_bytes > 0 &&
        c->record->attributes.max_post_bytes < rules.bytes_max)
        rules.bytes_max = c->record->attributes.max_post_bytes;
    if (c->record->attributes.default_ttl_s > 0)
        rules.default_ttl_s = c->record->attributes.default_ttl_s;
    if (c->record->attributes.default_delay_s >= 0)
        rules.default_delay_s = c->record->attributes.default_delay_s;
    return rules;
}

/* A message as it stands in the body: what is there, unchecked. */
struct posted {
    int64_t ttl_s, delay_s;
    struct json body;
};

/* read_posted takes the members of one message; unknown ones are nobody's concern. False: the call
 * has ended. */
static bool read_posted(struct api_call *c, struct json m, const struct post_rules *rules,
                        struct posted *to)
{
    struct json_walk w;
    bool has_body = false;

    *to = (struct posted){.ttl_s = rules->default_ttl_s, .delay_s = rules->default_delay_s};
    if (m.type != JSON_OBJECT) {
        call_fail(c, FAULT_BODY, "A message must be a JSON object.");
        return false;
    }
    w = json_members(m);
    while (json_next(&w)) {
        if (json_key_is(w.key, SLICE("body"))) {
            to->body = w.value;
            has_body = true;
        } else if (json_key_is(w.key, SLICE("ttl"))) {
            if (!json_int_or_bool(w.value, &to->ttl_s)) {
                call_fail(c, FAULT_BODY, "The ttl of a message must be an integer.");
                return false;
            }
        } else if (json_key_is(w.key, SLICE("delay"))) {
            if (!json_int_or_bool(w.value, &to->delay_s)) {
                call_fail(c, FAULT_BODY, "The delay of a message must be an integer.");
                return false;
            }
        }
    }
    if (!has_body)
        call_fail(c, FAULT_BODY, "A message needs a \"body\".");
    return has_body;
}

static bool check_bounds(struct api_call *c, const struct posted *m)
{
    const struct config *config = c->api->config;

    if (m->ttl_s < MESSAGE_TTL_MIN_S || m->ttl_s > config->max_message_ttl_s) {
        call_fail(c, FAULT_REQUEST,
                  "The ttl of a message must be at least %d and at most %lld seconds.",
                  MESSAGE_TTL_MIN_S, (long long)config->max_message_ttl_s);
        return false;
    }
    if (m->delay_s < 0 || m->delay_s > config->max_message_delay_s) {
        call_fail(c, FAULT_REQUEST,
                  "The delay of a message must be at least 0 and at most %lld seconds.",
                  (long long)config->max_message_delay_s);
        return false;
    }
    return true;
}

/* find_messages finds the list in the document. False: the call has ended. */
static bool find_messages(struct api_call *c, struct slice document, struct json *list)
{
    struct json v;

    if (!call_parse(c, document, &v))
        return false;
    if (v.type != JSON_OBJECT || !json_find(v, "messages", list)) {
        call_fail(c, FAULT_REQUEST, "There are no \"messages\" in the request body.");
        return false;
    }
    if (list->type != JSON_ARRAY) {
        call_fail(c, FAULT_BODY, "\"messages\" must be a list.");
        return false;
    }
    return true;
}

/* read_messages gives the new messages of a checked request, in the call's arena. All shapes are
 * looked at before any bounds. False: the call has ended. */
static bool read_messages(struct message_post_call *c, const struct post_rules *rules,
                          struct new_message **messages, uint32_t *n)
{
    struct arena *a = c->call.arena;
    struct posted *posted;
    struct json_walk w;
    struct json list;
    size_t count, at = 0;

    if (!find_messages(&c->call, c->in.document, &list))
        return false;
    count = json_count(list);
    posted = arena_alloc(a, count * sizeof(*posted));
    w = json_members(list);
    while (json_next(&w))
        if (!read_posted(&c->call, w.value, rules, &posted[at++]))
            return false;
    if (count == 0) {
        call_fail(&c->call, FAULT_REQUEST, "There is no message to post.");
        return false;
    }
    *messages = arena_alloc(a, count * sizeof(**messages));
    *n = (uint32_t)count; /* a document is far smaller than that many messages */
    for (size_t i = 0; i < count; i++) {
        if (!check_bounds(&c->call, &posted[i]))
            return false;
        (*messages)[i] = (struct new_message){
            .ttl_s = (uint32_t)posted[i].ttl_s,
            .delay_s = (uint32_t)posted[i].delay_s,
            .checksum = SLICE(""),
            .body = posted[i].body.raw,
        };
        if (c->call.api->config->enable_checksum && posted[i].body.type != JSON_NULL)
            (*messages)[i].checksum = python_json_md5(posted[i].body, a);
    }
    return true;
}

static void on_posted(struct api_call *call)
{
    struct message_post_call *c = CALL_OF(struct message_post_call, call);
    const struct op *op = &call->routed.op;
    struct slice why = slice_of(op->f.text);

    if (op->st == ST_REJECTED) { /* the reason is a filter's, and may have been cut on the way */
        call_fail(call, FAULT_REQUEST, "%.*s",
                  SLICE_ARG(utf8_valid(why) ? why : SLICE("A message filter refuses it.")));
        return;
    }
    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    c->out.ids = op->out.message_post.ids;
    c->out.n = op->out.message_post.n;
    call_done(call);
}

/* The queue exists, the request is checked: off it goes. Runs again if the queue was deleted and made
 * anew meanwhile. */
static void post(struct api_call *call)
{
    struct message_post_call *c = CALL_OF(struct message_post_call, call);
    struct op *op = call_op(call, OP_message_post);

    op->in.message_post.client = call->client;
    op->in.message_post.messages = c->messages;
    op->in.message_post.n = c->messages_n;
    op->in.message_post.encrypt = call->record->attributes.encrypt;
    call_route(call, on_posted);
}

static void found_for_post(struct api_call *call)
{
    struct message_post_call *c = CALL_OF(struct message_post_call, call);
    struct post_rules rules = rules_of(call);

    if (c->in.document.p != NULL && (int64_t)c->in.document.len > rules.bytes_max) {
        call_fail(call, FAULT_REQUEST, "The messages are too large: at most %lld bytes.",
                  (long long)rules.bytes_max);
        return;
    }
    if (!read_messages(c, &rules, &c->messages, &c->messages_n))
        return;
    /* only now: a request that is refused makes no queue */
    call_create(call, c->in.queue, post);
}

void api_message_post(struct message_post_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_post);
}

/* ---- List ------------------------------------------------------------------------------------- */

static void on_listed(struct api_call *call)
{
    struct message_list_call *c = CALL_OF(struct message_list_call, call);
    const struct op *op = &call->routed.op;

    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    c->out.list = op->out.messages.list;
    c->out.n = op->out.messages.n;
    c->out.now_ms = op->now_ms;
    if (c->out.n > 0) /* the place, not the id: it stays a marker when a dead letter has gone */
        c->out.next = (struct message_id){call->record->epoch, c->out.list[c->out.n - 1].seq};
    call_done(call);
}

static void found_for_list(struct api_call *call)
{
    struct message_list_call *c = CALL_OF(struct message_list_call, call);
    struct op *op = call_op(call, OP_message_list);

    /* a marker that is no id of ours stands behind everything: the page is empty */
    if (call->record == NULL ||
        (c->in.marker.len > 0 && !message_id_read(c->in.marker, &op->in.message_list.after))) {
        call_done(call);
        return;
    }
    op->in.message_list.client = call->client;
    op->in.message_list.limit = c->limit;
    op->in.message_list.echo = c->in.echo;
    op->in.message_list.include_claimed = c->in.include_claimed;
    op->in.message_list.include_delayed = c->in.include_delayed;
    call_route(call, on_listed);
}

void api_message_list(struct message_list_call *c)
{
    if (call_check_name(&c->call, c->in.queue) &&
        call_limit(&c->call, c->in.limit, c->call.api->config->max_messages_per_page, &c->limit))
        call_find(&c->call, c->in.queue, found_for_list);
}

/* ---- By id ------------------------------------------------------------------------------------ */

static bool check_ids(struct api_call *c, size_t n)
{
    int64_t most = c->api->config->max_messages_per_page;

    if (n >= 1 && (int64_t)n <= most)
        return true;
    call_fail(c, FAULT_REQUEST, "The number of ids must be at least 1 and at most %lld.",
              (long long)most);
    return false;
}

/* read_ids gives those that are ids at all, each once. */
static struct message_id *read_ids(const struct slice *texts, size_t n, uint32_t *count,
                                   struct arena *a)
{
    struct message_id *ids = arena_alloc(a, n * sizeof(*ids));

    *count = 0;
    for (size_t i = 0; i < n; i++) {
        bool twice = false;

        if (!message_id_read(texts[i], &ids[*count]))
            continue;
        for (uint32_t j = 0; j < *count; j++)
            twice |= message_id_eq(ids[j], ids[*count]);
        if (!twice)
            ++*count;
    }
    return ids;
}

static void none_found(struct api_call *c)
{
    call_fail(c, FAULT_NOT_FOUND, "There is no such message in %s %.*s.",
              collection_noun(c->collection), SLICE_ARG(c->queue_name));
}

static void on_got(struct api_call *call)
{
    struct message_get_call *c = CALL_OF(struct message_get_call, call);
    const struct op *op = &call->routed.op;

    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
    } else if (op->out.messages.n == 0) {
        none_found(call);
    } else {
        c->out.list = op->out.messages.list;
        c->out.n = op->out.messages.n;
        c->out.now_ms = op->now_ms;
        call_done(call);
    }
}

static void found_for_get(struct api_call *call)
{
    struct message_get_call *c = CALL_OF(struct message_get_call, call);
    struct op *op = call_op(call, OP_message_get);

    op->in.message_get.ids = read_ids(c->in.ids, c->in.n, &op->in.message_get.n, call->arena);
    if (call->record == NULL || op->in.message_get.n == 0)
        none_found(call);
    else
        call_route(call, on_got);
}

void api_message_get(struct message_get_call *c)
{
    if (call_check_name(&c->call, c->in.queue) && check_ids(&c->call, c->in.n))
        call_find(&c->call, c->in.queue, found_for_get);
}

/* ---- Delete ----------------------------------------------------------------------------------- */

static void on_deleted(struct api_call *call)
{
    const struct op *op = &call->routed.op;

    switch (op->st) {
    case ST_OK:
        call_done(call);
        break;
    case ST_CLAIMED:
        call_fail(call, FAULT_DELETE_FORBIDDEN,
                  "The message is claimed: it can be deleted with the id of its claim.");
        break;
    case ST_NOT_CLAIMED:
        call_fail(call, FAULT_DELETE, "A claim was named, but the message is not claimed.");
        break;
    case ST_CLAIM_GONE:
        call_fail(call, FAULT_DELETE, "The claim that was named does not exist or has expired.");
        break;
    default:
        call_fail_status(call, &op->f, op->st);
    }
}

static void found_for_delete(struct api_call *call)
{
    struct message_delete_call *c = CALL_OF(struct message_delete_call, call);
    struct op *op = call_op(call, OP_message_delete);
    struct claim_id *claim;

    op->in.message_delete.ids = read_ids(&c->in.id, 1, &op->in.message_delete.n, call->arena);
    if (call->record == NULL || op->in.message_delete.n == 0) {
        call_done(call); /* unknown: nothing to delete, whatever the claim */
        return;
    }
    op->in.message_delete.rule = DELETE_FREE;
    if (c->in.claim.len > 0) {
        /* text that is no claim id is one that nobody has: all zero */
        claim = arena_zalloc(call->arena, sizeof(*claim));
        if (!claim_id_read(c->in.claim, claim))
            *claim = (struct claim_id){{0}};
        op->in.message_delete.rule = DELETE_ONE;
        op->in.message_delete.claims = claim;
        op->in.message_delete.claims_n = 1;
    }
    call_route(call, on_deleted);
}

void api_message_delete(struct message_delete_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_delete);
}

/* needs_claims tells whether messages are deleted by ids together with their claims only. There are none
 * of a topic's. */
static bool needs_claims(const struct api_call *c)
{
    return c->api->config->message_delete_with_claim_id && c->collection == COLLECTION_QUEUES;
}

static void found_for_delete_many(struct api_call *call)
{
    struct message_delete_many_call *c = CALL_OF(struct message_delete_many_call, call);
    struct op *op = call_op(call, OP_message_delete);
    struct claim_id *claims = arena_alloc(call->arena, c->in.claims_n * sizeof(*claims));
    uint32_t n = 0;

    op->in.message_delete.ids = read_ids(c->in.ids, c->in.n, &op->in.message_delete.n, call->arena);
    if (call->record == NULL || op->in.message_delete.n == 0) {
        call_done(call);
        return;
    }
    if (needs_claims(call)) {
        for (size_t i = 0; i < c->in.claims_n; i++)
            n += claim_id_read(c->in.claims[i], &claims[n]);
        op->in.message_delete.rule = DELETE_CLAIMED;
        op->in.message_delete.claims = claims;
        op->in.message_delete.claims_n = n;
    }
    call_route(call, on_deleted);
}

void api_message_delete_many(struct message_delete_many_call *c)
{
    if (!call_check_name(&c->call, c->in.queue))
        return;
    if (needs_claims(&c->call) && !c->in.claims_given) {
        call_fail(&c->call, FAULT_REQUEST,
                  "Deleting by \"ids\" needs the \"claim_ids\" that the messages are under.");
        return;
    }
    if ((int64_t)c->in.claims_n > c->call.api->config->max_messages_per_page) {
        call_fail(&c->call, FAULT_REQUEST, "The number of claim_ids must be at most %lld.",
                  (long long)c->call.api->config->max_messages_per_page);
        return;
    }
    if (check_ids(&c->call, c->in.n))
        call_find(&c->call, c->in.queue, found_for_delete_many);
}

/* ---- Pop -------------------------------------------------------------------------------------- */

static void on_popped(struct api_call *call)
{
    struct message_pop_call *c = CALL_OF(struct message_pop_call, call);
    const struct op *op = &call->routed.op;

    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    c->out.list = op->out.messages.list;
    c->out.n = op->out.messages.n;
    c->out.now_ms = op->now_ms;
    call_done(call);
}

static void found_for_pop(struct api_call *call)
{
    struct message_pop_call *c = CALL_OF(struct message_pop_call, call);

    if (call->record == NULL) {
        call_done(call);
        return;
    }
    call_op(call, OP_message_pop)->in.message_pop.limit = (uint32_t)c->in.limit;
    call_route(call, on_popped);
}

void api_message_pop(struct message_pop_call *c)
{
    const struct config *config = c->call.api->config;

    if (!call_check_name(&c->call, c->in.queue))
        return;
    if (needs_claims(&c->call) && c->in.claims_given) {
        call_fail(&c->call, FAULT_REQUEST, "\"claim_ids\" go with \"ids\", not with \"pop\".");
        return;
    }
    if (c->in.limit < 1 || c->in.limit > config->max_messages_per_claim_or_pop) {
        call_fail(&c->call, FAULT_REQUEST, "\"pop\" must be at least 1 and at most %lld.",
                  (long long)config->max_messages_per_claim_or_pop);
        return;
    }
    call_find(&c->call, c->in.queue, found_for_pop);
}
