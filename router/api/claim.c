/* Claims: creating, reading, renewing, releasing. */
#include "router/api/call.h"

enum { CLAIM_MIN_S = 60 }; /* of ttl and grace */

/* The ttl and grace of a claim: given, or the defaults. */
struct terms {
    int64_t ttl_s, grace_s;
};

/* read_terms reads the members of a document. null counts as absent: a client sends it. False: the
 * call has ended. */
static bool read_terms(struct api_call *c, struct slice document, struct terms *t)
{
    struct json object, v;

    *t = (struct terms){c->api->config->default_claim_ttl_s, c->api->config->default_claim_grace_s};
    if (!call_parse(c, document, &object))
        return false;
    if (object.type != JSON_OBJECT) {
        call_fail(c, FAULT_BODY, "A claim must be a JSON object.");
        return false;
    }
    if (json_find(object, "ttl", &v) && v.type != JSON_NULL && !json_int_or_bool(v, &t->ttl_s)) {
        call_fail(c, FAULT_BODY, "The ttl of a claim must be an integer.");
        return false;
    }
    if (json_find(object, "grace", &v) && v.type != JSON_NULL &&
        !json_int_or_bool(v, &t->grace_s)) {
        call_fail(c, FAULT_BODY, "The grace of a claim must be an integer.");
        return false;
    }
    return true;
}

static bool check_terms(struct api_call *c, const struct terms *t)
{
    const struct config *config = c->api->config;

    if (t->ttl_s < CLAIM_MIN_S || t->ttl_s > config->max_claim_ttl_s) {
        call_fail(c, FAULT_REQUEST,
                  "The ttl of a claim must be at least %d and at most %lld seconds.", CLAIM_MIN_S,
                  (long long)config->max_claim_ttl_s);
        return false;
    }
    if (t->grace_s < CLAIM_MIN_S || t->grace_s > config->max_claim_grace_s) {
        call_fail(c, FAULT_REQUEST,
                  "The grace of a claim must be at least %d and at most %lld seconds.", CLAIM_MIN_S,
                  (long long)config->max_claim_grace_s);
        return false;
    }
    return true;
}

/* ---- Create ----------------------------------------------------------------------------------- */

static void on_claimed(struct api_call *call)
{
    struct claim_create_call *c = CALL_OF(struct claim_create_call, call);
    const struct op *op = &call->routed.op;

    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    c->out.id = op->key;
    c->out.list = op->out.messages.list;
    c->out.n = op->out.messages.n;
    c->out.now_ms = op->now_ms;
    call_done(call);
}

static void claim(struct api_call *call)
{
    struct claim_create_call *c = CALL_OF(struct claim_create_call, call);
    struct op *op = call_op(call, OP_claim_create);
    struct dead_letter *dead = &op->in.claim_create.dead_letter;

    op->in.claim_create.limit = c->limit;
    op->in.claim_create.ttl_s = (uint32_t)c->ttl_s;
    op->in.claim_create.grace_s = (uint32_t)c->grace_s;
    if (call->target != NULL && slice_eq(call->target->pool, call->record->pool)) {
        *dead = (struct dead_letter){
            .active = true,
            .max_count = call->record->attributes.max_claim_count,
            .ttl_s = (uint32_t)call->record->attributes.dead_letter_ttl_s,
            .target = {.pool = call->target->pool,
                       .project = call->target->project,
                       .name = call->target->name,
                       .epoch = call->target->epoch},
        };
    }
    call_route(call, on_claimed);
}

static void found_for_claim(struct api_call *call)
{
    const struct queue_attributes *attributes;

    if (call->record == NULL) {
        call_done(call);
        return;
    }
    attributes = &call->record->attributes;
    if (attributes->dead_letter_queue.len > 0 && attributes->max_claim_count >= 0)
        call_find_target(call, attributes->dead_letter_queue, claim);
    else
        claim(call);
}

void api_claim_create(struct claim_create_call *c)
{
    struct terms t = {c->call.api->config->default_claim_ttl_s,
                      c->call.api->config->default_claim_grace_s};

    if (!call_check_name(&c->call, c->in.queue) ||
        (c->in.document.len > 0 && !read_terms(&c->call, c->in.document, &t)) ||
        !check_terms(&c->call, &t) ||
        !call_limit(&c->call, c->in.limit, c->call.api->config->max_messages_per_claim_or_pop,
                    &c->limit))
        return;
    c->ttl_s = t.ttl_s;
    c->grace_s = t.grace_s;
    call_find(&c->call, c->in.queue, found_for_claim);
}

/* ---- Get -------------------------------------------------------------------------------------- */

static void no_claim(struct api_call *c)
{
    call_fail(c, FAULT_NOT_FOUND, "There is no such claim on queue %.*s, or it has expired.",
              SLICE_ARG(c->queue_name));
}

static void on_got(struct api_call *call)
{
    struct claim_get_call *c = CALL_OF(struct claim_get_call, call);
    const struct op *op = &call->routed.op;

    if (op->st == ST_NOT_FOUND) {
        no_claim(call);
    } else if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
    } else {
        c->out.created_ms = op->out.messages.claim_created_ms;
        c->out.ttl_s = op->out.messages.claim_ttl_s;
        c->out.list = op->out.messages.list;
        c->out.n = op->out.messages.n;
        c->out.now_ms = op->now_ms;
        call_done(call);
    }
}

static void found_for_get(struct api_call *call)
{
    struct claim_get_call *c = CALL_OF(struct claim_get_call, call);
    struct op *op = call_op(call, OP_claim_get);

    if (call->record == NULL || !claim_id_read(c->in.claim, &op->in.claim_get.id))
        no_claim(call);
    else
        call_route(call, on_got);
}

void api_claim_get(struct claim_get_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_get);
}

/* ---- Renew and release ------------------------------------------------------------------------ */

static void on_changed(struct api_call *call)
{
    const struct op *op = &call->routed.op;

    if (op->st == ST_NOT_FOUND)
        no_claim(call);
    else if (op->st != ST_OK)
        call_fail_status(call, &op->f, op->st);
    else
        call_done(call);
}

static void found_for_renewal(struct api_call *call)
{
    struct claim_renew_call *c = CALL_OF(struct claim_renew_call, call);
    struct op *op = call_op(call, OP_claim_renew);

    if (call->record == NULL || !claim_id_read(c->in.claim, &op->in.claim_renew.id)) {
        no_claim(call);
        return;
    }
    op->in.claim_renew.ttl_s = (uint32_t)c->ttl_s;
    op->in.claim_renew.grace_s = (uint32_t)c->grace_s;
    call_route(call, on_changed);
}

void api_claim_renew(struct claim_renew_call *c)
{
    struct terms t;

    if (!call_check_name(&c->call, c->in.queue) || !read_terms(&c->call, c->in.document, &t) ||
        !check_terms(&c->call, &t))
        return;
    c->ttl_s = t.ttl_s;
    c->grace_s = t.grace_s;
    call_find(&c->call, c->in.queue, found_for_renewal);
}

static void found_for_release(struct api_call *call)
{
    struct claim_release_call *c = CALL_OF(struct claim_release_call, call);
    struct op *op = call_op(call, OP_claim_release);

    if (call->record == NULL || !claim_id_read(c->in.claim, &op->in.claim_release.id))
        call_done(call);
    else
        call_route(call, on_changed);
}

void api_claim_release(struct claim_release_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_release);
}
