/* The options of subscriptions. */
#include "router/api/retry_policy.h"
#include "router/api/subscriber.h"

#include <ctype.h>

enum option {
    OPTION_DATA,
    OPTION_HEADERS,
    OPTION_FROM,
    OPTION_SUBJECT,
    OPTION_TRUST,
    OPTION_RETRY,
    OPTION_COUNT
};

static const struct slice option_names[OPTION_COUNT] = {
    [OPTION_DATA] = SLICE_INIT("post_data"), [OPTION_HEADERS] = SLICE_INIT("post_headers"),
    [OPTION_FROM] = SLICE_INIT("from"),      [OPTION_SUBJECT] = SLICE_INIT("subject"),
    [OPTION_TRUST] = SLICE_INIT("trust_id"), [OPTION_RETRY] = SLICE_INIT("_retry_policy"),
};

/* is_line tells of a text without line breaks and other control characters, but for tabs. */
static bool is_line(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* is_token: what the name of a header is made of (RFC 9110, 5.6.2). */
static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.p[i]) &&
            (text.p[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text.p[i]) == NULL))
            return false;
    return text.len > 0;
}

/* is_framing: headers that say where a request ends, and how its connection goes on. */
static bool is_framing(struct slice name)
{
    static const char *const names[] = {
        "content-length", "transfer-encoding", "connection", "te", "upgrade", "trailer"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_eq_ci(name, slice_of(names[i])))
            return true;
    return false;
}

static enum status check_headers(struct json headers, struct arena *a, struct failure *f)
{
    struct json_walk w;

    if (headers.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "post_headers must be an object of strings.");
    w = json_members(headers);
    while (json_next(&w)) {
        struct slice name = json_unescape(w.key, a);

        if (!is_token(name) || is_framing(name))
            return fail(f, ST_INVALID, "post_headers: \"%.60s\" may not be the name of a header.",
                        arena_copy(a, name).p);
        if (w.value.type != JSON_STRING || !is_line(json_string(w.value, a)))
            return fail(f, ST_INVALID,
                        "post_headers: the value of %.60s must be a string of one line.",
                        arena_copy(a, name).p);
    }
    return ST_OK;
}

static enum status check_line(const struct json *values, enum option which, struct arena *a,
                              struct failure *f)
{
    if (values[which].raw.p != NULL &&
        (values[which].type != JSON_STRING || !is_line(json_string(values[which], a))))
        return fail(f, ST_INVALID, "%s must be a string of one line.", option_names[which].p);
    return ST_OK;
}

enum status subscription_options_check(struct json options, const struct config *config,
                                       struct arena *a, struct failure *f)
{
    struct json v[OPTION_COUNT];
    struct failure why;

    if (options.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "Options must be a dict.");
    if ((int64_t)options.raw.len > config->max_subscription_options_bytes)
        return fail(f, ST_INVALID, "Options have at most %lld bytes.",
                    (long long)config->max_subscription_options_bytes);
    json_find_each(options, option_names, v, OPTION_COUNT);
    if (v[OPTION_TRUST].raw.p != NULL)
        return fail(f, ST_INVALID, "trust_id is given by the service, not by its callers.");
    if (v[OPTION_DATA].raw.p != NULL && v[OPTION_DATA].type != JSON_STRING)
        return fail(f, ST_INVALID, "post_data must be a string.");
    if (v[OPTION_HEADERS].raw.p != NULL && check_headers(v[OPTION_HEADERS], a, f) != ST_OK)
        return ST_INVALID;
    if (check_line(v, OPTION_FROM, a, f) != ST_OK || check_line(v, OPTION_SUBJECT, a, f) != ST_OK)
        return ST_INVALID;
    if (v[OPTION_RETRY].raw.p != NULL && v[OPTION_RETRY].type != JSON_NULL &&
        retry_policy_check(v[OPTION_RETRY], &why) != ST_OK)
        return fail(f, ST_INVALID, "%s.", why.text);
    return ST_OK;
}
