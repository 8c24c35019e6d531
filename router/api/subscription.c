/* Subscriptions: creating, listing, reading, changing, deleting, confirming. */
#include "router/api/call.h"
#include "router/api/subscriber.h"

#include "common/clock.h"

enum { SUBSCRIPTION_TTL_MIN_S = 60 };

/* ---- What a body says ------------------------------------------------------------------------- */

/* read_members takes the members of a subscription that are there and not null, checks each, and leaves the
 * others as they are. False: the call has ended. */
static bool read_members(struct api_call *c, struct json object, struct subscription_terms *t)
{
    const struct config *config = c->api->config;
    int64_t ttl_max_s = SUBSCRIPTION_TTL_MAX_S - clock_wall_ms() / 1000;
    struct failure f;
    struct json v;

    if (json_find(object, "subscriber", &v) && v.type != JSON_NULL) {
        t->subscriber = v.type == JSON_STRING ? json_string(v, c->arena) : SLICE("");
        if (subscriber_check(t->subscriber, config, c->arena, &f) != ST_OK) {
            call_fail(c, FAULT_REQUEST, "%s", f.text);
            return false;
        }
    }
    if (json_find(object, "options", &v) && v.type != JSON_NULL) {
        t->options = v.raw;
        if (subscription_options_check(v, config, c->arena, &f) != ST_OK) {
            call_fail(c, FAULT_REQUEST, "%s", f.text);
            return false;
        }
    }
    if (!json_find(object, "ttl", &v) || v.type == JSON_NULL)
        return true;
    if (!json_int_or_bool(v, &t->ttl_s)) {
        call_fail(c, FAULT_REQUEST, "TTL must be an integer.");
        return false;
    }
    if (t->ttl_s < SUBSCRIPTION_TTL_MIN_S || t->ttl_s > ttl_max_s) {
        call_fail(c, FAULT_REQUEST,
                  "The TTL of a subscription must be at least %d seconds, and end before the year "
                  "10000.",
                  SUBSCRIPTION_TTL_MIN_S);
        return false;
    }
    return true;
}

/* read_object parses a body, which may be absent: an empty object then. False: the call has ended. */
static bool read_object(struct api_call *c, struct slice document, struct json *object)
{
    *object = (struct json){JSON_OBJECT, SLICE("{}")};
    return document.len == 0 || call_parse(c, document, object);
}

/* check_is_dict: arrays are told apart from what is no body at all. */
static bool check_is_dict(struct api_call *c, struct json object)
{
    if (object.type == JSON_OBJECT)
        return true;
    call_fail(c, FAULT_REQUEST, "Subscriptions must be a dict.");
    return false;
}

static void no_subscription(struct api_call *c)
{
    call_fail(c, FAULT_NOT_FOUND, "There is no such subscription on %s %.*s, or it has ended.",
              collection_noun(c->collection), SLICE_ARG(c->queue_name));
}

/* ---- Create ----------------------------------------------------------------------------------- */

static void on_put(struct api_call *call)
{
    struct subscription_create_call *c = CALL_OF(struct subscription_create_call, call);
    const struct op *op = &call->routed.op;

    if (op->st == ST_FULL) {
        call_fail(call, FAULT_REQUEST,
                  "The %s %.*s has as many subscriptions as it may have: %lld.",
                  collection_noun(call->collection), SLICE_ARG(call->queue_name),
                  (long long)call->api->config->max_subscriptions_per_queue);
    } else if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
    } else if (op->out.subscription_put.confirmed) {
        call_fail(call, FAULT_CONFLICT,
                  "The subscriber has a confirmed subscription to %s %.*s already.",
                  collection_noun(call->collection), SLICE_ARG(call->queue_name));
    } else {
        c->out.id = op->out.subscription_put.id;
        call_done(call);
    }
}

static void put(struct api_call *call)
{
    const struct subscription_create_call *c = CALL_OF(struct subscription_create_call, call);
    struct op *op = call_op(call, OP_subscription_put);

    op->in.subscription_put.most = (uint32_t)call->api->config->max_subscriptions_per_queue;
    op->in.subscription_put.ttl_s = c->terms.ttl_s;
    op->in.subscription_put.subscriber = c->terms.subscriber;
    op->in.subscription_put.options = c->terms.options;
    call_route(call, on_put);
}

/* check_new: what a new subscription can't do without. A null counts as absent only where there is a default
 * that clients ask for with it. */
static bool check_new(struct api_call *c, struct json object)
{
    struct json v;

    if (!json_find(object, "subscriber", &v)) {
        call_fail(c, FAULT_REQUEST, "Missing parameter subscriber in body.");
        return false;
    }
    if (v.type == JSON_NULL) {
        call_fail(c, FAULT_REQUEST, "The subscriber must be a URI.");
        return false;
    }
    if (json_find(object, "ttl", &v) && v.type == JSON_NULL) {
        call_fail(c, FAULT_REQUEST, "TTL must be an integer.");
        return false;
    }
    return true;
}

void api_subscription_create(struct subscription_create_call *c)
{
    struct json object;

    c->terms = (struct subscription_terms){
        .ttl_s = c->call.api->config->default_subscription_ttl_s,
        .options = SLICE("{}"),
    };
    if (!call_check_name(&c->call, c->in.queue) ||
        !read_object(&c->call, c->in.document, &object) || !check_is_dict(&c->call, object) ||
        !check_new(&c->call, object) || !read_members(&c->call, object, &c->terms))
        return;
    call_create(&c->call, c->in.queue, put);
}

/* ---- List ------------------------------------------------------------------------------------- */

static void on_listed(struct api_call *call)
{
    struct subscription_list_call *c = CALL_OF(struct subscription_list_call, call);
    const struct op *op = &call->routed.op;

    if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    c->out.list = op->out.subscriptions.list;
    c->out.n = op->out.subscriptions.n;
    c->out.now_ms = op->now_ms;
    call_done(call);
}

static void found_for_list(struct api_call *call)
{
    struct subscription_list_call *c = CALL_OF(struct subscription_list_call, call);
    struct op *op = call_op(call, OP_subscription_list);

    /* a marker that is no id of ours stands behind everything: the page is empty */
    if (call->record == NULL ||
        (c->in.marker.len > 0 && !message_id_read(c->in.marker, &op->in.subscription_list.after))) {
        call_done(call);
        return;
    }
    op->in.subscription_list.limit = c->limit;
    call_route(call, on_listed);
}

void api_subscription_list(struct subscription_list_call *c)
{
    if (call_check_name(&c->call, c->in.queue) &&
        call_limit(&c->call, c->in.limit, c->call.api->config->max_subscriptions_per_page,
                   &c->limit))
        call_find(&c->call, c->in.queue, found_for_list);
}

/* ---- Get -------------------------------------------------------------------------------------- */

static void on_got(struct api_call *call)
{
    struct subscription_get_call *c = CALL_OF(struct subscription_get_call, call);
    const struct op *op = &call->routed.op;

    if (op->st == ST_NOT_FOUND) {
        no_subscription(call);
    } else if (op->st != ST_OK) {
        call_fail_status(call, &op->f, op->st);
    } else {
        c->out.subscription = &op->out.subscriptions.list[0];
        c->out.now_ms = op->now_ms;
        call_done(call);
    }
}

static void found_for_get(struct api_call *call)
{
    struct subscription_get_call *c = CALL_OF(struct subscription_get_call, call);
    struct op *op = call_op(call, OP_subscription_get);

    if (call->record == NULL || !message_id_read(c->in.id, &op->in.subscription_get.id))
        no_subscription(call);
    else
        call_route(call, on_got);
}

void api_subscription_get(struct subscription_get_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_get);
}

/* ---- Update and confirm ----------------------------------------------------------------------- */

static void on_changed(struct api_call *call)
{
    const struct op *op = &call->routed.op;

    if (op->st == ST_NOT_FOUND)
        no_subscription(call);
    else if (op->st == ST_CONFLICT)
        call_fail(call, FAULT_CONFLICT, "The subscriber has a subscription to %s %.*s already.",
                  collection_noun(call->collection), SLICE_ARG(call->queue_name));
    else if (op->st != ST_OK)
        call_fail_status(call, &op->f, op->st);
    else
        call_done(call);
}

static void found_for_update(struct api_call *call)
{
    struct subscription_update_call *c = CALL_OF(struct subscription_update_call, call);
    struct op *op = call_op(call, OP_subscription_update);

    if (call->record == NULL || !message_id_read(c->in.id, &op->in.subscription_update.id)) {
        no_subscription(call);
        return;
    }
    op->in.subscription_update.ttl_s = c->terms.ttl_s;
    op->in.subscription_update.subscriber = c->terms.subscriber;
    op->in.subscription_update.options = c->terms.options;
    call_route(call, on_changed);
}

/* check_changes: something must be there to change. */
static bool check_changes(struct subscription_update_call *c, struct json object)
{
    if (json_count(object) == 0) {
        call_fail(&c->call, FAULT_REQUEST, "There is nothing to change in the body.");
        return false;
    }
    if (c->terms.ttl_s == 0 && c->terms.subscriber.len == 0 && c->terms.options.len == 0) {
        call_fail(&c->call, FAULT_SUBSCRIPTION_UPDATE,
                  "The body must give \"subscriber\", \"ttl\" or \"options\".");
        return false;
    }
    return true;
}

void api_subscription_update(struct subscription_update_call *c)
{
    struct json object;

    c->terms = (struct subscription_terms){0};
    if (!call_check_name(&c->call, c->in.queue) ||
        !read_object(&c->call, c->in.document, &object) || !check_is_dict(&c->call, object) ||
        !read_members(&c->call, object, &c->terms) || !check_changes(c, object))
        return;
    call_find(&c->call, c->in.queue, found_for_update);
}

static void found_for_confirmation(struct api_call *call)
{
    struct subscription_confirm_call *c = CALL_OF(struct subscription_confirm_call, call);
    struct op *op = call_op(call, OP_subscription_confirm);

    if (call->record == NULL || !message_id_read(c->in.id, &op->in.subscription_confirm.id)) {
        no_subscription(call);
        return;
    }
    op->in.subscription_confirm.confirmed = c->confirmed;
    call_route(call, on_changed);
}

void api_subscription_confirm(struct subscription_confirm_call *c)
{
    struct json object, v;

    if (!call_check_name(&c->call, c->in.queue) || !read_object(&c->call, c->in.document, &object))
        return;
    if (object.type != JSON_OBJECT) {
        call_fail(&c->call, FAULT_SUBSCRIPTION_CONFIRM,
                  "The body must be an object with \"confirmed\".");
        return;
    }
    if (!json_find(object, "confirmed", &v) || v.type != JSON_BOOL) {
        call_fail(&c->call, FAULT_REQUEST, "The 'confirmed' should be boolean.");
        return;
    }
    c->confirmed = json_is_true(v);
    call_find(&c->call, c->in.queue, found_for_confirmation);
}

/* ---- Delete ----------------------------------------------------------------------------------- */

static void found_for_deletion(struct api_call *call)
{
    struct subscription_call *c = CALL_OF(struct subscription_call, call);
    struct op *op = call_op(call, OP_subscription_delete);

    if (call->record == NULL || !message_id_read(c->in.id, &op->in.subscription_delete.id))
        call_done(call);
    else
        call_route(call, on_changed);
}

void api_subscription_delete(struct subscription_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_deletion);
}
