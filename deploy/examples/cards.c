/* cards.c - a message filter that keeps numbers of payment cards out of queues: an example of a stage.
 *
 *   [stages] pipeline = cards, encryption             masks them: "4111111111111111" -> "************1111"
 *   [stages] pipeline = cards=reject, encryption      refuses the post, with 400
 *   [stages] pipeline = cards=drop, encryption        leaves the message out
 *
 * It looks at the text of JSON strings: a run of 13 to 19 digits with a check digit that fits. It finds
 * nothing that is written with blanks, dashes or escapes. */
#include <nusku/stage.h>

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MIN = 13, DIGITS_MAX = 19, DIGITS_SHOWN = 4 };

enum action { ACTION_MASK, ACTION_REJECT, ACTION_DROP };

struct cards {
    const struct host_calls *host;
    enum action action;
};

static enum status cards_open(const struct host_calls *host, struct slice argument, void **state,
                              struct failure *f)
{
    struct cards *c;
    enum action action = ACTION_MASK;

    if (slice_eq(argument, SLICE("reject")))
        action = ACTION_REJECT;
    else if (slice_eq(argument, SLICE("drop")))
        action = ACTION_DROP;
    else if (argument.p != NULL && !slice_eq(argument, SLICE("mask")))
        return host->fail(f, ST_INVALID, "it takes mask, reject or drop");
    c = malloc(sizeof(*c));
    if (c == NULL)
        abort();
    *c = (struct cards){host, action};
    *state = c;
    return ST_OK;
}

static void cards_close(void *state)
{
    free(state);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* check_digit_fits reckons as Luhn says: from the right, each second digit counts twice. */
static bool check_digit_fits(const char *digits, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';

        if (i % 2 == 1)
            d = 2 * d > 9 ? 2 * d - 9 : 2 * d;
        sum += d;
    }
    return sum % 10 == 0;
}

/* find_card looks for the next number in a string, from *at on. True: *at is where it begins, and *n its
 * length. in_string carries over what is known of the text before *at. */
static bool find_card(struct slice body, size_t *at, size_t *n, bool *in_string)
{
    while (*at < body.len) {
        char c = body.p[*at];
        size_t digits = 0;

        if (c == '\\' && *in_string) {
            *at += 2;
            continue;
        }
        if (c == '"')
            *in_string = !*in_string;
        while (*in_string && *at + digits < body.len && is_digit(body.p[*at + digits]))
            digits++;
        if (digits >= DIGITS_MIN && digits <= DIGITS_MAX &&
            check_digit_fits(body.p + *at, digits)) {
            *n = digits;
            return true;
        }
        *at += digits > 0 ? digits : 1;
    }
    return false;
}

/* mask copies the body at its first number: most have none. */
static void mask(const struct cards *c, struct slice *body, size_t at, size_t n, struct arena *a)
{
    char *copy = c->host->arena_alloc(a, body->len);
    bool in_string = true;

    memcpy(copy, body->p, body->len);
    do {
        memset(copy + at, '*', n - DIGITS_SHOWN);
        at += n;
    } while (find_card(*body, &at, &n, &in_string));
    body->p = copy;
}

static enum stage_verdict cards_enter(void *state, const struct stage_message *m,
                                      struct slice *body, struct arena *a, struct failure *why)
{
    const struct cards *c = state;
    size_t at = 0, n;
    bool in_string = false;

    (void)m;
    if (!find_card(*body, &at, &n, &in_string))
        return STAGE_PASS;
    if (c->action == ACTION_DROP)
        return STAGE_DROP;
    if (c->action == ACTION_REJECT) {
        c->host->fail(why, ST_REJECTED, "A message holds the number of a payment card.");
        return STAGE_REJECT;
    }
    mask(c, body, at, n, a);
    return STAGE_PASS;
}

NUSKU_EXPORT const struct stage_ops nusku_stage_plugin = {
    .abi = STAGE_ABI,
    .open = cards_open,
    .close = cards_close,
    .enter = cards_enter,
};
