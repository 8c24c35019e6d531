#include "router/api/metadata.h"

#include "common/hash.h"
#include "router/api/name.h"

#include <assert.h>
#include <stdlib.h>

enum { MESSAGE_TTL_MIN_S = 60 };

/* ---- Checking --------------------------------------------------------------------------------- */

/* find_set finds an attribute that is there and not null. */
static bool find_set(struct json object, const char *name, struct json *v)
{
    return json_find(object, name, v) && v->type != JSON_NULL;
}

static enum status check_int(struct json object, const char *name, int64_t least, int64_t most,
                             struct failure *f)
{
    struct json v;
    int64_t n;

    if (!find_set(object, name, &v))
        return ST_OK;
    if (!json_int_or_bool(v, &n))
        return fail(f, ST_INVALID, "%s must be an integer", name);
    if (n < least || n > most)
        return fail(f, ST_INVALID, "%s must be at least %lld and at most %lld", name,
                    (long long)least, (long long)most);
    return ST_OK;
}

static enum status check_dead_letter_queue(struct json object, struct failure *f)
{
    struct json v;

    if (!find_set(object, "_dead_letter_queue", &v))
        return ST_OK;
    if (v.type != JSON_STRING || !name_is_queue((struct slice){v.raw.p + 1, v.raw.len - 2}))
        return fail(f, ST_INVALID, "_dead_letter_queue must be the name of a queue");
    return ST_OK;
}

static enum status check_encryption(struct json object, struct failure *f)
{
    struct json v;

    if (!find_set(object, "_enable_encrypt_messages", &v))
        return ST_OK;
    if (v.type != JSON_BOOL)
        return fail(f, ST_INVALID, "_enable_encrypt_messages must be a boolean");
    if (json_is_true(v))
        return fail(f, ST_INVALID, "_enable_encrypt_messages: this version does not encrypt");
    return ST_OK;
}

/* The numbers of a retry policy; what is missing has its default. */
struct policy_number {
    const char *name;
    int64_t value;
};

static enum status check_policy(struct json policy, struct failure *f)
{
    static const char *const functions[] = {"linear", "arithmetic", "exponential", "geometric"};
    struct policy_number numbers[] = {
        {"retries_with_no_delay", 3}, {"minimum_delay_retries", 3}, {"minimum_delay", 5},
        {"maximum_delay", 30},        {"maximum_delay_retries", 3},
    };
    struct json v;
    bool known = false;

    if (policy.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "_retry_policy must be an object");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (json_find(policy, numbers[i].name, &v) &&
            (!json_int_or_bool(v, &numbers[i].value) || numbers[i].value < 0))
            return fail(f, ST_INVALID, "_retry_policy: %s must be an integer, 0 or more",
                        numbers[i].name);
    if (numbers[3].value - numbers[2].value < 10)
        return fail(f, ST_INVALID,
                    "_retry_policy: maximum_delay must be at least ten above minimum_delay");
    if (json_find(policy, "ignore_subscription_override", &v) && v.type != JSON_BOOL)
        return fail(f, ST_INVALID, "_retry_policy: ignore_subscription_override must be a boolean");
    if (!json_find(policy, "retry_backoff_function", &v))
        return ST_OK;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && v.type == JSON_STRING; i++)
        known |= json_key_is((struct slice){v.raw.p + 1, v.raw.len - 2}, slice_of(functions[i]));
    if (!known)
        return fail(f, ST_INVALID,
                    "_retry_policy: retry_backoff_function must be linear, arithmetic, "
                    "exponential or geometric");
    return ST_OK;
}

enum status metadata_check(struct json object, const struct config *c, struct failure *f)
{
    struct json v;

    if (check_int(object, "_max_messages_post_size", 1, c->max_messages_post_bytes, f) != ST_OK ||
        check_int(object, "_default_message_ttl", MESSAGE_TTL_MIN_S, c->max_message_ttl_s, f) !=
            ST_OK ||
        check_int(object, "_default_message_delay", 0, c->max_message_delay_s, f) != ST_OK ||
        check_int(object, "_max_claim_count", 0, INT32_MAX, f) != ST_OK ||
        check_int(object, "_dead_letter_queue_messages_ttl", MESSAGE_TTL_MIN_S,
                  c->max_message_ttl_s, f) != ST_OK ||
        check_dead_letter_queue(object, f) != ST_OK || check_encryption(object, f) != ST_OK)
        return ST_INVALID;
    if (find_set(object, "_flavor", &v) && v.type != JSON_STRING)
        return fail(f, ST_INVALID, "_flavor must be the name of a flavor");
    if (find_set(object, "_retry_policy", &v))
        return check_policy(v, f);
    return ST_OK;
}

/* ---- Entries ---------------------------------------------------------------------------------- */

/* An object taken apart: the last of each key, in the order of their first appearance. Found by hash,
 * for an object may have ten thousand keys. */
struct entry {
    struct slice key;   /* its meaning */
    struct slice value; /* raw */
    UT_hash_handle hh;
};

struct entries {
    struct entry *list; /* of uthash, which keeps the order of insertion */
    struct arena *a;
};

static struct entry *find_entry(struct entries *e, struct slice key)
{
    struct entry *found;

    HASH_FIND(hh, e->list, key.p, key.len, found);
    return found;
}

static void set_entry(struct entries *e, struct slice key, struct slice value)
{
    struct entry *entry = find_entry(e, key);

    if (entry == NULL) {
        entry = arena_zalloc(e->a, sizeof(*entry));
        entry->key = key;
        HASH_ADD_KEYPTR(hh, e->list, entry->key.p, entry->key.len, entry);
    }
    entry->value = value;
}

static void take_apart(struct entries *e, struct json object)
{
    struct json_walk w = json_members(object);

    while (json_next(&w))
        set_entry(e, json_unescape(w.key, e->a), w.value.raw);
}

/* put_together writes the object, and ends the life of the entries. */
static void put_together(struct entries *e, struct buffer *out)
{
    buffer_add_char(out, '{');
    for (const struct entry *entry = e->list; entry != NULL; entry = entry->hh.next) {
        if (entry != e->list)
            buffer_add_literal(out, ", ");
        json_add_string(out, entry->key);
        buffer_add_literal(out, ": ");
        buffer_add(out, entry->value);
    }
    buffer_add_char(out, '}');
    HASH_CLEAR(hh, e->list);
}

/* ---- Showing ---------------------------------------------------------------------------------- */

/* Always shown; the defaults of the first three are the configuration's. */
static const char *const shown[] = {
    "_max_messages_post_size",         "_default_message_ttl",
    "_default_message_delay",          "_dead_letter_queue",
    "_dead_letter_queue_messages_ttl", "_max_claim_count",
    "_enable_encrypt_messages",
};

enum { SHOWN_COUNT = sizeof(shown) / sizeof(shown[0]) };

static struct slice default_of(size_t i, const struct config *c, struct arena *a)
{
    const int64_t numbers[] = {c->max_messages_post_bytes, c->default_message_ttl_s,
                               c->default_message_delay_s};

    if (i < sizeof(numbers) / sizeof(numbers[0]))
        return arena_printf(a, "%lld", (long long)numbers[i]);
    return i == SHOWN_COUNT - 1 ? SLICE("false") : SLICE("null");
}

static bool is_shown(struct slice key)
{
    for (size_t i = 0; i < SHOWN_COUNT; i++)
        if (slice_eq(slice_of(shown[i]), key))
            return true;
    return false;
}

void metadata_show(struct buffer *out, const struct slice *metadata, const struct config *config)
{
    struct arena a = {0};
    struct entries e = {.a = &a};
    struct json object;

    /* it was checked when it was written; a damaged row shows as a queue without metadata */
    if (metadata != NULL && json_check(*metadata, &object, NULL) == ST_OK &&
        object.type == JSON_OBJECT)
        take_apart(&e, object);
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        struct entry *there = find_entry(&e, slice_of(shown[i]));

        if (there == NULL || slice_eq(there->value, SLICE("null")))
            set_entry(&e, slice_of(shown[i]), default_of(i, config, &a));
    }
    put_together(&e, out);
    arena_fini(&a);
}

/* ---- Patching --------------------------------------------------------------------------------- */

static enum status bad_path(struct failure *f, const char *why)
{
    return fail(f, ST_INVALID, "The path of a change %s", why);
}

/* unescape_token resolves ~0 and ~1 of a JSON pointer's token, and trims blanks. */
static enum status unescape_token(struct slice raw, struct slice *token, struct arena *a,
                                  struct failure *f)
{
    char *out = arena_alloc(a, raw.len);
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        if (raw.p[i] != '~') {
            out[len++] = raw.p[i];
            continue;
        }
        if (++i == raw.len || (raw.p[i] != '0' && raw.p[i] != '1'))
            return bad_path(f, "has a ~ that is neither ~0 nor ~1.");
        out[len++] = raw.p[i] == '0' ? '~' : '/';
    }
    *token = slice_trim((struct slice){out, len});
    return token->len > 0 ? ST_OK : bad_path(f, "has an empty part.");
}

/* read_path reads "/metadata/<key>". */
static enum status read_path(struct json path, struct slice *key, struct arena *a,
                             struct failure *f)
{
    struct slice rest, first;
    enum status st;

    if (path.type != JSON_STRING)
        return bad_path(f, "must be a string.");
    rest = json_string(path, a);
    if (rest.len == 0 || rest.p[0] != '/')
        return bad_path(f, "must begin with a slash.");
    rest = slice_from(rest, 1);
    st = unescape_token(slice_cut(&rest, '/'), &first, a, f);
    if (st != ST_OK)
        return st;
    if (!slice_eq_ci(first, SLICE("metadata")))
        return bad_path(f, "must begin with /metadata.");
    if (rest.p == NULL || memchr(rest.p, '/', rest.len) != NULL)
        return bad_path(f, "must have two parts: /metadata/<key>.");
    return unescape_token(rest, key, a, f);
}

enum change { CHANGE_ADD, CHANGE_REPLACE, CHANGE_REMOVE };

/* read_change reads one element of a patch. */
static enum status read_change(struct json element, enum change *what, struct slice *key,
                               struct json *value, struct arena *a, struct failure *f)
{
    static const char *const names[] = {"add", "replace", "remove"};
    struct json op, path;
    struct slice name;
    size_t i;

    if (element.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "A change must be an object.");
    if (!json_find(element, "op", &op) || op.type != JSON_STRING)
        return fail(f, ST_INVALID, "A change needs an \"op\": add, remove or replace.");
    name = json_string(op, a);
    for (i = 0; i < 3; i++)
        if (slice_eq(name, slice_of(names[i])))
            break;
    if (i == 3)
        return fail(f, ST_INVALID, "The \"op\" of a change must be add, remove or replace.");
    *what = (enum change)i;
    if (!json_find(element, "path", &path))
        return fail(f, ST_INVALID, "A change needs a \"path\".");
    if (read_path(path, key, a, f) != ST_OK)
        return ST_INVALID;
    if (*what != CHANGE_REMOVE && !json_find(element, "value", value))
        return fail(f, ST_INVALID, "A change of kind \"%s\" needs a \"value\".", names[i]);
    return ST_OK;
}

enum status metadata_patch_check(struct json patch, struct arena *a, struct failure *f)
{
    struct json_walk w;

    if (patch.type != JSON_ARRAY)
        return fail(f, ST_INVALID, "A patch must be an array of changes.");
    w = json_members(patch);
    while (json_next(&w)) {
        enum change what;
        struct slice key;
        struct json value;

        if (read_change(w.value, &what, &key, &value, a, f) != ST_OK)
            return ST_INVALID;
    }
    return ST_OK;
}

enum status metadata_patch(struct slice metadata, struct json patch, struct buffer *out,
                           struct arena *a, struct failure *f)
{
    struct entries e = {.a = a};
    struct json_walk w;
    struct json object;

    if (json_check(metadata, &object, NULL) == ST_OK && object.type == JSON_OBJECT)
        take_apart(&e, object);
    w = json_members(patch);
    while (json_next(&w)) {
        enum change what;
        struct slice key;
        struct json value;
        struct entry *there;
        enum status st = read_change(w.value, &what, &key, &value, a, f);

        assert(st == ST_OK); /* metadata_patch_check has seen it */
        (void)st;
        there = find_entry(&e, key);
        if (what != CHANGE_ADD && there == NULL && !is_shown(key)) {
            HASH_CLEAR(hh, e.list);
            return fail(f, ST_CONFLICT, "There is no \"%.*s\" to %s.",
                        (int)(key.len < 100 ? key.len : 100), key.p,
                        what == CHANGE_REPLACE ? "replace" : "remove");
        }
        if (what != CHANGE_REMOVE)
            set_entry(&e, key, value.raw);
        else if (there != NULL)
            HASH_DEL(e.list, there);
    }
    put_together(&e, out);
    return ST_OK;
}
