/* The reserved attributes of a queue: what they may be. */
#include "router/api/metadata.h"
#include "router/api/name.h"

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

static enum status check_encryption(struct json v, struct failure *f)
{
    if (!is_set(v))
        return ST_OK;
    if (v.type != JSON_BOOL)
        return fail(f, ST_INVALID, "_enable_encrypt_messages must be a boolean");
    if (json_is_true(v))
        return fail(f, ST_INVALID, "_enable_encrypt_messages: this version does not encrypt");
    return ST_OK;
}

/* What a retry policy may hold, the numbers first. */
enum policy {
    POLICY_NO_DELAY_RETRIES,
    POLICY_MIN_DELAY_RETRIES,
    POLICY_MIN_DELAY,
    POLICY_MAX_DELAY,
    POLICY_MAX_DELAY_RETRIES,
    POLICY_NUMBERS,
    POLICY_IGNORE = POLICY_NUMBERS,
    POLICY_FUNCTION,
    POLICY_COUNT
};

static const struct slice policy_names[POLICY_COUNT] = {
    [POLICY_NO_DELAY_RETRIES] = SLICE_INIT("retries_with_no_delay"),
    [POLICY_MIN_DELAY_RETRIES] = SLICE_INIT("minimum_delay_retries"),
    [POLICY_MIN_DELAY] = SLICE_INIT("minimum_delay"),
    [POLICY_MAX_DELAY] = SLICE_INIT("maximum_delay"),
    [POLICY_MAX_DELAY_RETRIES] = SLICE_INIT("maximum_delay_retries"),
    [POLICY_IGNORE] = SLICE_INIT("ignore_subscription_override"),
    [POLICY_FUNCTION] = SLICE_INIT("retry_backoff_function"),
};

static enum status check_function(struct json v, struct failure *f)
{
    static const char *const functions[] = {"linear", "arithmetic", "exponential", "geometric"};

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && v.type == JSON_STRING; i++)
        if (json_key_is((struct slice){v.raw.p + 1, v.raw.len - 2}, slice_of(functions[i])))
            return ST_OK;
    return fail(f, ST_INVALID,
                "_retry_policy: retry_backoff_function must be linear, arithmetic, exponential or "
                "geometric");
}

static enum status check_policy(struct json policy, struct failure *f)
{
    int64_t numbers[POLICY_NUMBERS] = {[POLICY_MIN_DELAY] = 5, [POLICY_MAX_DELAY] = 30};
    struct json values[POLICY_COUNT];

    if (policy.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "_retry_policy must be an object");
    json_find_each(policy, policy_names, values, POLICY_COUNT);
    for (size_t i = 0; i < POLICY_NUMBERS; i++)
        if (values[i].raw.p != NULL &&
            (!json_int_or_bool(values[i], &numbers[i]) || numbers[i] < 0))
            return fail(f, ST_INVALID, "_retry_policy: %s must be an integer, 0 or more",
                        policy_names[i].p);
    if (numbers[POLICY_MAX_DELAY] - numbers[POLICY_MIN_DELAY] < 10)
        return fail(f, ST_INVALID,
                    "_retry_policy: maximum_delay must be at least ten above minimum_delay");
    if (values[POLICY_IGNORE].raw.p != NULL && values[POLICY_IGNORE].type != JSON_BOOL)
        return fail(f, ST_INVALID, "_retry_policy: ignore_subscription_override must be a boolean");
    return values[POLICY_FUNCTION].raw.p == NULL ? ST_OK
                                                 : check_function(values[POLICY_FUNCTION], f);
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
        check_encryption(v[RESERVED_ENCRYPT], f) != ST_OK)
        return ST_INVALID;
    if (is_set(v[RESERVED_FLAVOR]) && v[RESERVED_FLAVOR].type != JSON_STRING)
        return fail(f, ST_INVALID, "_flavor must be the name of a flavor");
    return is_set(v[RESERVED_RETRY]) ? check_policy(v[RESERVED_RETRY], f) : ST_OK;
}
