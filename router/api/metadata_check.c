/* The reserved attributes of a queue: what they may be. */
#include "router/api/metadata.h"
#include "router/api/name.h"
#include "router/api/retry_policy.h"

enum { MESSAGE_TTL_MIN_S = 60 };

static bool is_set(struct json v)
{
    return v.raw.p != NULL && v.type != JSON_NULL;
}

static enum status check_int(const struct json *values, enum reserved which, int64_t least,
                             int64_t most, struct failure *f)
{
    const char *name = reserved_names[which].p;
    int64_t n;

    if (!is_set(values[which]))
        return ST_OK;
    if (!json_int_or_bool(values[which], &n))
        return fail(f, ST_INVALID, "%s must be an integer", name);
    if (n < least || n > most)
        return fail(f, ST_INVALID, "%s must be at least %lld and at most %lld", name,
                    (long long)least, (long long)most);
    return ST_OK;
}

static enum status check_dead_letter_queue(struct json v, struct failure *f)
{
    if (!is_set(v))
        return ST_OK;
    if (v.type != JSON_STRING || !name_is_queue((struct slice){v.raw.p + 1, v.raw.len - 2}))
        return fail(f, ST_INVALID, "_dead_letter_queue must be the name of a queue");
    return ST_OK;
}

static enum status check_encryption(struct json v, const struct config *c, struct failure *f)
{
    if (!is_set(v))
        return ST_OK;
    if (v.type != JSON_BOOL)
        return fail(f, ST_INVALID, "_enable_encrypt_messages must be a boolean");
    if (json_is_true(v) && c->message_encryption_keys[0] == '\0')
        return fail(f, ST_INVALID,
                    "_enable_encrypt_messages: this service has no key to encrypt with");
    return ST_OK;
}

enum status metadata_check(struct json object, const struct config *c, struct failure *f)
{
    struct json v[RESERVED_COUNT];

    json_find_each(object, reserved_names, v, RESERVED_COUNT);
    if (check_int(v, RESERVED_MAX_POST, 1, c->max_messages_post_bytes, f) != ST_OK ||
        check_int(v, RESERVED_TTL, MESSAGE_TTL_MIN_S, c->max_message_ttl_s, f) != ST_OK ||
        check_int(v, RESERVED_DELAY, 0, c->max_message_delay_s, f) != ST_OK ||
        check_int(v, RESERVED_MAX_CLAIMS, 0, INT32_MAX, f) != ST_OK ||
        check_int(v, RESERVED_DEAD_LETTERS_TTL, MESSAGE_TTL_MIN_S, c->max_message_ttl_s, f) !=
            ST_OK ||
        check_dead_letter_queue(v[RESERVED_DEAD_LETTERS], f) != ST_OK ||
        check_encryption(v[RESERVED_ENCRYPT], c, f) != ST_OK)
        return ST_INVALID;
    if (is_set(v[RESERVED_FLAVOR]) && v[RESERVED_FLAVOR].type != JSON_STRING)
        return fail(f, ST_INVALID, "_flavor must be the name of a flavor");
    return is_set(v[RESERVED_RETRY]) ? retry_policy_check(v[RESERVED_RETRY], f) : ST_OK;
}
