/* Answers into outcomes. Whatever Redis sends is looked at before it is believed. */
#include "worker/store/redis/redis.h"

#include "common/clock.h"
#include "common/log.h"

#include <endian.h>

enum { TELL_EVERY_MS = 1000 };

#define SECONDS_MAX (INT64_MAX / 1000 / 1000) /* of a clock: no sum with it overflows */

static uint64_t be64(const char *p)
{
    uint64_t n;

    memcpy(&n, p, sizeof(n));
    return be64toh(n);
}

static struct slice text_of(const redisReply *r)
{
    return r->str == NULL ? SLICE("") : (struct slice){r->str, r->len};
}

static bool is_status(const redisReply *r, const char *word)
{
    return (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) &&
           slice_eq(text_of(r), slice_of(word));
}

static enum status surprise(struct op *op)
{
    return op->st =
               fail(&op->f, ST_REFUSED, "an answer to %s of an unknown form", op_name(op->code));
}

/* read_number reads a decimal number that a message id can carry. */
static bool read_number(struct slice digits, uint64_t *n)
{
    *n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        *n = *n * 10 + (uint64_t)(digits.p[i] - '0');
        if (*n > MESSAGE_NUMBER_MAX)
            return false;
    }
    return digits.len > 0;
}

static bool is_number(const redisReply *r, int64_t most)
{
    return r->type == REDIS_REPLY_INTEGER && r->integer >= 0 && r->integer <= most;
}

bool reply_time(const redisReply *reply, int64_t *now_ms)
{
    uint64_t seconds, micros;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        !read_number(text_of(reply->element[0]), &seconds) ||
        !read_number(text_of(reply->element[1]), &micros) || seconds > SECONDS_MAX)
        return false;
    *now_ms = (int64_t)(seconds * 1000 + micros / 1000);
    return true;
}

/* As in lua/base.lua. */
#define EPOCH_MS INT64_C(1577836800000)
enum { PER_MS = 4096 };

/* read_posted reads the head of a message that is as it was posted: "seq-0 ttl_s", and the checksum behind
 * another space (emit_posted() in lua/records.lua). For a claim it is the first one of that message. */
static bool read_posted(const struct op *op, struct slice head, struct message *m)
{
    struct slice digits = slice_cut(&head, '-'), mark = slice_cut(&head, ' ');
    struct slice ttl_digits = slice_cut(&head, ' ');
    uint64_t ttl_s;

    if (!read_number(digits, &m->seq) || !slice_eq(mark, SLICE("0")) ||
        !read_number(ttl_digits, &ttl_s) || ttl_s > UINT32_MAX)
        return false;
    m->id = (struct message_id){op->queue.epoch, m->seq};
    m->created_ms = (int64_t)(m->seq / PER_MS) + EPOCH_MS;
    m->expires_ms = m->created_ms + (int64_t)ttl_s * 1000;
    m->checksum = head.p == NULL ? SLICE("") : head;
    if (op->code == OP_claim_create) {
        m->claimed = true;
        m->claim_count = 1;
        m->claim_id = op->key;
    }
    return true;
}

enum { HEAD_BYTES = 5 * 8 + 4 + 1 }; /* of emit() in lua/records.lua */

static bool read_head(struct slice rest, struct message *m)
{
    uint32_t count;

    if (rest.len < HEAD_BYTES)
        return false;
    m->id.epoch = be64(rest.p);
    m->id.seq = be64(rest.p + 8);
    m->seq = be64(rest.p + 16);
    m->created_ms = (int64_t)be64(rest.p + 24);
    m->expires_ms = (int64_t)be64(rest.p + 32);
    memcpy(&count, rest.p + 40, sizeof(count));
    m->claim_count = be32toh(count);
    m->claimed = rest.p[44] != 0;
    rest = slice_from(rest, HEAD_BYTES);
    if (m->claimed) {
        if (rest.len < CLAIM_ID_BYTES)
            return false;
        memcpy(m->claim_id.bytes, rest.p, CLAIM_ID_BYTES);
        rest = slice_from(rest, CLAIM_ID_BYTES);
    }
    m->checksum = rest;
    return m->id.epoch <= MESSAGE_NUMBER_MAX && m->id.seq <= MESSAGE_NUMBER_MAX &&
           m->seq <= MESSAGE_NUMBER_MAX;
}

/* read_message reads a pair (head, body). */
static bool read_message(const struct op *op, const redisReply *head, const redisReply *body,
                         struct message *m)
{
    struct slice text = text_of(head);

    if (head->type != REDIS_REPLY_STRING || body->type != REDIS_REPLY_STRING)
        return false;
    *m = (struct message){.body = text_of(body)};
    return text.len > 0 && text.p[0] != '\0' ? read_posted(op, text, m) : read_head(text, m);
}

/* read_messages reads the pairs from element at on, into an array in a. */
static bool read_messages(const struct op *op, const redisReply *reply, size_t at,
                          struct message **list, uint32_t *n, struct arena *a)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < at || (reply->elements - at) % 2 != 0)
        return false;
    *n = (uint32_t)((reply->elements - at) / 2);
    *list = arena_alloc(a, *n * sizeof(**list));
    for (uint32_t i = 0; i < *n; i++)
        if (!read_message(op, reply->element[at + 2 * i], reply->element[at + 2 * i + 1],
                          &(*list)[i]))
            return false;
    return true;
}

static void take_messages(struct op *op, const redisReply *reply, size_t at, struct arena *a)
{
    struct message *list;
    uint32_t n;

    if (!read_messages(op, reply, at, &list, &n, a)) {
        surprise(op);
        return;
    }
    op->out.messages.list = list;
    op->out.messages.n = n;
}

static uint32_t count_words(struct slice text)
{
    uint32_t n = text.len > 0;

    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == ' ';
    return n;
}

/* take_posted reads the numbers of the messages: digits, separated by spaces. A post that has come again may
 * have had another number of messages the first time. */
static void take_posted(struct op *op, const redisReply *numbers, struct arena *a)
{
    struct slice rest = text_of(numbers);
    uint32_t n = count_words(rest), at = 0;
    struct message_id *ids = arena_alloc(a, n * sizeof(*ids));
    uint64_t seq;

    while (at < n && read_number(slice_cut(&rest, ' '), &seq))
        ids[at++] = (struct message_id){op->queue.epoch, seq};
    if (numbers->type != REDIS_REPLY_STRING || at != n) {
        surprise(op);
        return;
    }
    op->out.message_post.ids = ids;
    op->out.message_post.n = n;
}

/* keep_list adds what one call of a listing found to what earlier ones found. */
static void keep_list(struct request *r, const struct message *list, uint32_t n)
{
    struct message *all = arena_alloc(&r->arena, (r->list_n + n) * sizeof(*all));

    if (r->list_n > 0)
        memcpy(all, r->list, r->list_n * sizeof(*all));
    for (uint32_t i = 0; i < n; i++) {
        all[r->list_n + i] = list[i];
        all[r->list_n + i].body = arena_copy(&r->arena, list[i].body);
        all[r->list_n + i].checksum = arena_copy(&r->arena, list[i].checksum);
    }
    r->list = all;
    r->list_n += n;
}

static enum reply_verdict take_listing(struct request *r, const redisReply *reply, struct arena *a)
{
    struct op *op = r->ops[0];
    struct message *list;
    uint32_t n;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER) {
        surprise(op);
        return REPLY_DONE;
    }
    if (reply->elements == 2 && is_status(reply->element[1], "settling")) {
        r->from = reply->element[0]->integer;
        return REPLY_AGAIN;
    }
    if (!read_messages(op, reply, 1, &list, &n, a)) {
        surprise(op);
        return REPLY_DONE;
    }
    if (r->list_n == 0 && reply->element[0]->integer < 0) {
        op->out.messages.list = list;
        op->out.messages.n = n;
        return REPLY_DONE;
    }
    keep_list(r, list, n);
    r->from = reply->element[0]->integer;
    if (r->from >= 0)
        return REPLY_AGAIN;
    op->out.messages.list = r->list;
    op->out.messages.n = r->list_n;
    return REPLY_DONE;
}

static void take_deletion(struct op *op, const redisReply *reply)
{
    if (is_status(reply, "OK"))
        return;
    if (is_status(reply, "CLAIMED"))
        op->st = ST_CLAIMED;
    else if (is_status(reply, "NOT_CLAIMED"))
        op->st = ST_NOT_CLAIMED;
    else if (is_status(reply, "CLAIM_GONE"))
        op->st = ST_CLAIM_GONE;
    else
        surprise(op);
    if (op->st != ST_REFUSED)
        fail(&op->f, op->st, "%s", status_text(op->st));
}

static void take_claim(struct op *op, const redisReply *reply, struct arena *a)
{
    if (reply->type != REDIS_REPLY_ARRAY) {
        surprise(op);
        return;
    }
    if (reply->elements == 0) {
        op->st = fail(&op->f, ST_NOT_FOUND, "no such claim");
        return;
    }
    if (reply->elements < 2 || reply->element[0]->type != REDIS_REPLY_INTEGER ||
        !is_number(reply->element[1], UINT32_MAX)) {
        surprise(op);
        return;
    }
    op->out.messages.claim_created_ms = reply->element[0]->integer;
    op->out.messages.claim_ttl_s = (uint32_t)reply->element[1]->integer;
    take_messages(op, reply, 2, a);
}

static void take_renewal(struct op *op, const redisReply *reply)
{
    if (!is_number(reply, 1))
        surprise(op);
    else if (reply->integer == 0)
        op->st = fail(&op->f, ST_NOT_FOUND, "no such claim");
}

/* take_done reads an answer that says no more than that it is done. */
static void take_done(struct op *op, const redisReply *reply)
{
    if (!is_number(reply, 1) || reply->integer != 1)
        surprise(op);
}

static void take_stats(struct op *op, const redisReply *reply)
{
    uint64_t n[8] = {0};

    if (reply->type != REDIS_REPLY_ARRAY || (reply->elements != 2 && reply->elements != 8)) {
        surprise(op);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        if (!is_number(reply->element[i], (int64_t)MESSAGE_NUMBER_MAX)) {
            surprise(op);
            return;
        }
        n[i] = (uint64_t)reply->element[i]->integer;
    }
    if (n[0] > n[1]) {
        surprise(op);
        return;
    }
    op->out.queue_stats.claimed = n[0];
    op->out.queue_stats.free = n[1] - n[0];
    op->out.queue_stats.any = reply->elements == 8;
    op->out.queue_stats.oldest = (struct message_id){n[2], n[3]};
    op->out.queue_stats.oldest_created_ms = (int64_t)n[4];
    op->out.queue_stats.newest = (struct message_id){n[5], n[6]};
    op->out.queue_stats.newest_created_ms = (int64_t)n[7];
}

/* read_flag reads the word "0" or "1". */
static bool read_flag(struct slice word, bool *flag)
{
    *flag = slice_eq(word, SLICE("1"));
    return *flag || slice_eq(word, SLICE("0"));
}

/* take_put reads "number existed confirmed". */
static void take_put(struct op *op, const redisReply *reply)
{
    struct slice rest = text_of(reply);
    struct message_id id = {.epoch = op->queue.epoch};
    bool existed = false, confirmed = false;

    if (is_status(reply, "full")) {
        op->st = fail(&op->f, ST_FULL, "the queue has as many subscriptions as it may have");
    } else if (reply->type != REDIS_REPLY_STRING || !read_number(slice_cut(&rest, ' '), &id.seq) ||
               !read_flag(slice_cut(&rest, ' '), &existed) ||
               !read_flag(slice_cut(&rest, ' '), &confirmed) || rest.p != NULL) {
        surprise(op);
    } else {
        op->out.subscription_put.id = id;
        op->out.subscription_put.existed = existed;
        op->out.subscription_put.confirmed = confirmed;
    }
}

enum { SUBSCRIPTION_HEAD_BYTES = 3 * 8 + 1 }; /* of emit_subscription() in lua/subscriptions.lua */

/* read_subscription reads a head, the subscriber, the options. */
static bool read_subscription(const struct op *op, redisReply **parts, struct subscription *s)
{
    struct slice head = text_of(parts[0]);
    uint64_t since_ms, ttl_s;

    for (size_t i = 0; i < 3; i++)
        if (parts[i]->type != REDIS_REPLY_STRING)
            return false;
    if (head.len != SUBSCRIPTION_HEAD_BYTES)
        return false;
    *s = (struct subscription){.id = {op->queue.epoch, be64(head.p)},
                               .confirmed = head.p[24] != 0,
                               .subscriber = text_of(parts[1]),
                               .options = text_of(parts[2])};
    since_ms = be64(head.p + 8);
    ttl_s = be64(head.p + 16);
    s->since_ms = (int64_t)since_ms;
    s->ttl_s = (int64_t)ttl_s;
    return s->id.seq <= MESSAGE_NUMBER_MAX && since_ms <= MESSAGE_NUMBER_MAX &&
           ttl_s <= (uint64_t)SUBSCRIPTION_TTL_MAX_S;
}

static void take_subscriptions(struct op *op, const redisReply *reply, struct arena *a)
{
    struct subscription *list;
    size_t n;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 3 != 0) {
        surprise(op);
        return;
    }
    n = reply->elements / 3;
    list = arena_alloc(a, n * sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        if (!read_subscription(op, &reply->element[3 * i], &list[i])) {
            surprise(op);
            return;
        }
    }
    if (n == 0 && op->code == OP_subscription_get) {
        op->st = fail(&op->f, ST_NOT_FOUND, "no such subscription");
        return;
    }
    op->out.subscriptions.list = list;
    op->out.subscriptions.n = (uint32_t)n;
}

/* take_change reads 1: done, 0: there is none, 2: the subscriber has another one. */
static void take_change(struct op *op, const redisReply *reply)
{
    if (!is_number(reply, op->code == OP_subscription_update ? 2 : 1))
        surprise(op);
    else if (reply->integer == 0)
        op->st = fail(&op->f, ST_NOT_FOUND, "no such subscription");
    else if (reply->integer == 2)
        op->st = fail(&op->f, ST_CONFLICT, "the subscriber has another subscription");
}

static enum reply_verdict take_one(struct request *r, const redisReply *reply, struct arena *a)
{
    struct op *op = r->ops[0];

    switch (op->code) {
    case OP_message_list:
        return take_listing(r, reply, a);
    case OP_message_get:
        take_messages(op, reply, 0, a);
        break;
    case OP_message_pop:
        if (is_status(reply, "again"))
            return REPLY_AGAIN;
        take_messages(op, reply, 0, a);
        break;
    case OP_claim_get:
        take_claim(op, reply, a);
        break;
    case OP_claim_renew:
        take_renewal(op, reply);
        break;
    case OP_queue_stats:
        if (is_status(reply, "again"))
            return REPLY_AGAIN;
        take_stats(op, reply);
        break;
    case OP_subscription_put:
        if (is_status(reply, "again"))
            return REPLY_AGAIN;
        take_put(op, reply);
        break;
    case OP_subscription_list:
        if (is_status(reply, "again"))
            return REPLY_AGAIN;
        take_subscriptions(op, reply, a);
        break;
    case OP_subscription_get:
        take_subscriptions(op, reply, a);
        break;
    case OP_subscription_update:
    case OP_subscription_confirm:
        take_change(op, reply);
        break;
    case OP_claim_release:
    case OP_queue_purge:
    case OP_queue_drop:
    case OP_subscription_delete:
        take_done(op, reply);
        break;
    case OP_store_ping:
        if (!is_status(reply, "PONG"))
            surprise(op);
        break;
    case OP_message_post: /* take_each */
    case OP_message_delete:
    case OP_claim_create:
    case OP_pool_probe: /* never comes here */
        break;
    }
    return REPLY_DONE;
}

/* take_each reads the reply of a script that serves several operations: one element for each. */
static enum reply_verdict take_each(struct request *r, const redisReply *reply, struct arena *a)
{
    if (is_status(reply, "again"))
        return REPLY_AGAIN;
    for (uint32_t i = 0; i < r->n; i++) {
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != r->n)
            surprise(r->ops[i]);
        else if (r->ops[0]->code == OP_message_post)
            take_posted(r->ops[i], reply->element[i], a);
        else if (r->ops[0]->code == OP_message_delete)
            take_deletion(r->ops[i], reply->element[i]);
        else
            take_messages(r->ops[i], reply->element[i], 0, a);
    }
    return REPLY_DONE;
}

/* without_data cuts an error before what it repeats of the command: keys, and clients' bodies. */
static struct slice without_data(struct slice error)
{
    static const char data[] = ", with args beginning with";
    const char *at = memmem(error.p, error.len, data, sizeof(data) - 1);

    return at == NULL ? error : (struct slice){error.p, (size_t)(at - error.p)};
}

/* refuse answers all of r with the error that Redis gave. "ERR" is a script gone wrong, a bug; all
 * other classes (LOADING, READONLY, OOM, BUSY, MISCONF, NOAUTH…) are conditions of the server. */
static void refuse(struct request *r, struct slice error)
{
    enum status st = slice_starts(error, SLICE("ERR")) ? ST_INTERNAL : ST_REFUSED;

    error = without_data(error);
    if (strnlen(error.p, error.len) == 0)
        error = SLICE("an error without a text");
    for (uint32_t i = 0; i < r->n; i++)
        r->ops[i]->st = fail(&r->ops[i]->f, st, "%.*s", SLICE_ARG(error));
}

/* tell logs why operations of r were refused, in one line a second: there may be thousands. An error that
 * Redis gives says what its operator has to do; an answer of an unknown form, that it is no Redis. */
static void tell(struct redis_store *s, const struct request *r, bool error)
{
    int64_t mono_ms = clock_mono_ms();
    const struct op *refused = NULL;

    for (uint32_t i = 0; i < r->n; i++) {
        if (r->ops[i]->st != ST_REFUSED)
            continue;
        refused = r->ops[i];
        s->refused++;
    }
    if (refused == NULL || mono_ms < s->tell_again_mono_ms)
        return;
    log_line(error ? LOG_WARN : LOG_ERROR, error ? "REDIS-REFUSED" : "REDIS-ANSWER",
             "server=%s operations=%llu reason=\"%s\"", s->address, (unsigned long long)s->refused,
             refused->f.text);
    s->refused = 0;
    s->tell_again_mono_ms = mono_ms + TELL_EVERY_MS;
}

static enum reply_verdict take(struct request *r, const redisReply *reply, struct arena *a)
{
    for (uint32_t i = 0; i < r->n; i++) {
        r->ops[i]->st = ST_OK;
        memset(&r->ops[i]->out, 0, sizeof(r->ops[i]->out));
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        if (!r->whole && slice_starts(text_of(reply), SLICE("NOSCRIPT"))) {
            r->whole = true;
            return REPLY_AGAIN;
        }
        refuse(r, text_of(reply));
        return REPLY_DONE;
    }
    return request_merges(r->ops[0]->code) ? take_each(r, reply, a) : take_one(r, reply, a);
}

enum reply_verdict reply_take(struct redis_store *s, struct request *r, const redisReply *reply,
                              struct arena *a)
{
    enum reply_verdict verdict = take(r, reply, a);

    if (verdict == REPLY_DONE)
        tell(s, r, reply->type == REDIS_REPLY_ERROR);
    return verdict;
}
