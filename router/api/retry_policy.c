/* The retry policy of queues and subscriptions. */
#include "router/api/retry_policy.h"

/* What a retry policy may hold, the numbers first. */
enum member {
    RETRY_NO_DELAY_RETRIES,
    RETRY_MIN_DELAY_RETRIES,
    RETRY_MIN_DELAY,
    RETRY_MAX_DELAY,
    RETRY_MAX_DELAY_RETRIES,
    RETRY_NUMBERS,
    RETRY_IGNORE = RETRY_NUMBERS,
    RETRY_FUNCTION,
    RETRY_COUNT
};

static const struct slice member_names[RETRY_COUNT] = {
    [RETRY_NO_DELAY_RETRIES] = SLICE_INIT("retries_with_no_delay"),
    [RETRY_MIN_DELAY_RETRIES] = SLICE_INIT("minimum_delay_retries"),
    [RETRY_MIN_DELAY] = SLICE_INIT("minimum_delay"),
    [RETRY_MAX_DELAY] = SLICE_INIT("maximum_delay"),
    [RETRY_MAX_DELAY_RETRIES] = SLICE_INIT("maximum_delay_retries"),
    [RETRY_IGNORE] = SLICE_INIT("ignore_subscription_override"),
    [RETRY_FUNCTION] = SLICE_INIT("retry_backoff_function"),
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

enum status retry_policy_check(struct json policy, struct failure *f)
{
    int64_t numbers[RETRY_NUMBERS] = {[RETRY_MIN_DELAY] = 5, [RETRY_MAX_DELAY] = 30};
    struct json values[RETRY_COUNT];

    if (policy.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "_retry_policy must be an object");
    json_find_each(policy, member_names, values, RETRY_COUNT);
    for (size_t i = 0; i < RETRY_NUMBERS; i++) {
        int64_t most =
            i == RETRY_MIN_DELAY || i == RETRY_MAX_DELAY ? RETRY_DELAY_MAX_S : RETRIES_MAX;

        if (values[i].raw.p != NULL &&
            (!json_int(values[i], &numbers[i]) || numbers[i] < 0 || numbers[i] > most))
            return fail(f, ST_INVALID,
                        "_retry_policy: %s must be an integer, at least 0 and at most %lld",
                        member_names[i].p, (long long)most);
    }
    if (numbers[RETRY_MAX_DELAY] - numbers[RETRY_MIN_DELAY] < 10)
        return fail(f, ST_INVALID,
                    "_retry_policy: maximum_delay must be at least ten above minimum_delay");
    if (values[RETRY_IGNORE].raw.p != NULL && values[RETRY_IGNORE].type != JSON_BOOL)
        return fail(f, ST_INVALID, "_retry_policy: ignore_subscription_override must be a boolean");
    return values[RETRY_FUNCTION].raw.p == NULL ? ST_OK : check_function(values[RETRY_FUNCTION], f);
}
