/* Sharing a queue: pre-signed URLs (signed_url.h). Nothing is stored: what is given out is its own record. */
#include "common/clock.h"
#include "common/iso8601.h"
#include "common/token.h"
#include "router/api/call.h"

enum { DEFAULT_LIFE_S = 86400 };

enum { PATHS, METHODS, EXPIRES, KEYS };

static const struct slice keys[KEYS] = {
    [PATHS] = SLICE_INIT("paths"),
    [METHODS] = SLICE_INIT("methods"),
    [EXPIRES] = SLICE_INIT("expires"),
};

static bool is_given(struct json v)
{
    return v.raw.p != NULL && v.type != JSON_NULL;
}

/* check_keys refuses what would be signed for, and isn't: a caller may rely on it. */
static bool check_keys(struct api_call *c, struct json body)
{
    struct json_walk w = json_members(body);

    while (json_next(&w)) {
        bool known = false;

        for (size_t i = 0; i < KEYS; i++)
            known |= json_key_is(w.key, keys[i]);
        if (!known) {
            call_fail(c, FAULT_REQUEST,
                      "There is no member \"%.*s\"; there are paths, methods and "
                      "expires.",
                      w.key.len > 64 ? 64 : (int)w.key.len, w.key.p);
            return false;
        }
    }
    return true;
}

/* take_list reads a list of strings, each of which is one of those that is_good takes; absent, null or
 * empty it holds what there is without it. what completes the sentences about it. */
static bool take_list(struct api_call *c, struct json v, const char *name, const char *what,
                      bool (*is_good)(struct slice), struct slice default_item,
                      struct signed_list *l)
{
    struct json_walk w;

    *l =
        (struct signed_list){.list = arena_alloc(c->arena, SIGNED_LIST_MAX * sizeof(struct slice))};
    if (is_given(v) && v.type != JSON_ARRAY) {
        call_fail(c, FAULT_REQUEST, "The \"%s\" must be a list of %s.", name, what);
        return false;
    }
    if (is_given(v)) {
        w = json_members(v);
        while (json_next(&w)) {
            struct slice item = w.value.type == JSON_STRING ? json_string(w.value, c->arena)
                                                            : (struct slice){NULL, 0};

            if (l->n == SIGNED_LIST_MAX || !is_good(item)) {
                call_fail(c, FAULT_REQUEST, "The \"%s\" must be a list of at most %d %s.", name,
                          SIGNED_LIST_MAX, what);
                return false;
            }
            l->list[l->n++] = item;
        }
    }
    if (l->n == 0)
        l->list[l->n++] = default_item;
    return true;
}

static bool take_expires(struct api_call *c, struct json v, int64_t *expires_s)
{
    int64_t now_ms = clock_wall_ms();

    *expires_s = now_ms / 1000 + DEFAULT_LIFE_S;
    if (!is_given(v))
        return true;
    if (v.type != JSON_STRING || !iso8601_read(json_string(v, c->arena), expires_s)) {
        call_fail(c, FAULT_REQUEST,
                  "The \"expires\" must be a string with a date in it, like 2030-01-31T12:00:00.");
        return false;
    }
    if (*expires_s * 1000 > now_ms)
        return true;
    call_fail(c, FAULT_REQUEST, "The \"expires\" must lie in the future.");
    return false;
}

static bool parse_body(struct share_call *c, struct json values[KEYS])
{
    struct json body;

    if (!call_parse(&c->call, c->in.document, &body))
        return false;
    if (body.type != JSON_OBJECT) {
        call_fail(&c->call, FAULT_BODY, "The request body must be a JSON object.");
        return false;
    }
    if (!check_keys(&c->call, body))
        return false;
    json_find_each(body, keys, values, KEYS);
    return true;
}

void api_share(struct share_call *c)
{
    struct slice secret = slice_of(c->call.api->config->signed_url_secret_key);
    struct signed_url *u = &c->out.url;
    struct json values[KEYS];

    if (!call_check_name(&c->call, c->in.queue) || !parse_body(c, values) ||
        !take_list(&c->call, values[PATHS], "paths",
                   "\"messages\", \"claims\" and \"subscriptions\"", signed_url_resource,
                   SLICE("messages"), &u->paths) ||
        !take_list(&c->call, values[METHODS], "methods", "methods of HTTP", token_is, SLICE("GET"),
                   &u->methods) ||
        !take_expires(&c->call, values[EXPIRES], &u->expires_s))
        return;
    if (secret.len == 0) {
        call_fail(&c->call, FAULT_REQUEST, "This service has no key to sign URLs with.");
        return;
    }
    for (size_t i = 0; i < u->paths.n; i++)
        u->paths.list[i] = signed_url_path(c->in.queue, u->paths.list[i], c->call.arena);
    u->project = c->call.project;
    signed_url_sign(secret, u, c->out.signature);
    call_done(&c->call);
}
