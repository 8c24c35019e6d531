/* tests/fuzz/fuzz_redis_reply.c - any bytes as what Redis answers. The first three say to what: a letter
 * for the operation (a for the first of common/ops.def), a digit for how many posts there are and one for their messages. */
#include "tests/fuzz/fuzz.h"

#include "worker/store/redis/redis.h"

enum { OPS_MAX = 9 };

static const enum op_code codes[] = {
#define OP(name, number, changes) OP_##name,
#include "common/ops.def"
#undef OP
};

static uint32_t take_number(uint8_t c)
{
    return c >= '1' && c <= '9' ? (uint32_t)(c - '0') : 1;
}

static uint64_t sum; /* of all bytes that an outcome points at */

static void read_all(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        sum += (unsigned char)s.p[i];
}

static void check_number(uint64_t n)
{
    assert(n <= MESSAGE_NUMBER_MAX);
}

static void check_messages(const struct op *op)
{
    for (uint32_t i = 0; i < op->out.messages.n; i++) {
        const struct message *m = &op->out.messages.list[i];

        check_number(m->id.epoch);
        check_number(m->id.seq);
        check_number(m->seq);
        assert(m->checksum.p != NULL && m->body.p != NULL);
        read_all(m->checksum);
        read_all(m->body);
    }
}

static void check_posted(const struct op *op)
{
    for (uint32_t i = 0; i < op->out.message_post.n; i++) {
        assert(op->out.message_post.ids[i].epoch == op->queue.epoch);
        check_number(op->out.message_post.ids[i].seq);
    }
}

static void check_stats(const struct op *op)
{
    assert(op->out.queue_stats.claimed <= INT64_MAX && op->out.queue_stats.free <= INT64_MAX);
    check_number(op->out.queue_stats.oldest.epoch);
    check_number(op->out.queue_stats.oldest.seq);
    check_number(op->out.queue_stats.newest.epoch);
    check_number(op->out.queue_stats.newest.seq);
}

static void check_subscriptions(const struct op *op)
{
    for (uint32_t i = 0; i < op->out.subscriptions.n; i++) {
        const struct subscription *s = &op->out.subscriptions.list[i];

        assert(s->id.epoch == op->queue.epoch && s->since_ms >= 0);
        check_number(s->id.seq);
        assert(s->ttl_s >= 0 && s->ttl_s <= SUBSCRIPTION_TTL_MAX_S);
        read_all(s->subscriber);
        read_all(s->options);
    }
}

static void check_outcome(const struct op *op)
{
    assert(status_known(op->st));
    if (op->st != ST_OK) {
        assert(op->f.st == op->st && op->f.text[0] != '\0');
        return;
    }
    switch (op->code) {
    case OP_message_post:
        check_posted(op);
        break;
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        check_messages(op);
        break;
    case OP_queue_stats:
        check_stats(op);
        break;
    case OP_subscription_put:
        assert(op->out.subscription_put.id.epoch == op->queue.epoch);
        check_number(op->out.subscription_put.id.seq);
        break;
    case OP_subscription_list:
        check_subscriptions(op);
        break;
    case OP_subscription_get:
        assert(op->out.subscriptions.n >= 1);
        check_subscriptions(op);
        break;
    default:
        break;
    }
}

/* is_vast tells of announced lengths for which hiredis takes memory before the elements are there. */
static bool is_vast(const uint8_t *data, size_t size)
{
    size_t digits = 0;
    bool counts = false;

    for (size_t i = 0; i < size; i++) {
        counts = data[i] == '*' || (counts && data[i] >= '0' && data[i] <= '9');
        digits = counts ? digits + 1 : 0;
        if (digits > 5)
            return true;
    }
    return false;
}

/* next_reply gives NULL when there is none any more. */
static redisReply *next_reply(redisReader *reader)
{
    void *reply = NULL;

    return redisReaderGetReply(reader, &reply) == REDIS_OK ? reply : NULL;
}

static void take_all(struct request *r, redisReader *reader)
{
    enum reply_verdict verdict = REPLY_AGAIN;
    struct redis_store s = {.address = "here", .tell_again_mono_ms = INT64_MAX};
    struct arena a = {0};
    redisReply *reply;
    int64_t ms;

    while (verdict == REPLY_AGAIN && (reply = next_reply(reader)) != NULL) {
        if (reply_time(reply, &ms))
            assert(ms >= 0);
        verdict = reply_take(&s, r, reply, &a);
        for (uint32_t i = 0; verdict == REPLY_DONE && i < r->n; i++)
            check_outcome(r->ops[i]);
        freeReplyObject(reply);
    }
    arena_fini(&a);
    arena_fini(&r->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct op list[OPS_MAX], *ops[OPS_MAX];
    struct request r = {.ops = ops, .n = 1, .from = -1};
    redisReader *reader;
    uint32_t posted;

    if (size < 3 || is_vast(data, size))
        return 0;
    r.n = take_number(data[1]);
    posted = take_number(data[2]);
    for (uint32_t i = 0; i < OPS_MAX; i++) {
        list[i] = (struct op){
            .code = codes[(uint8_t)(data[0] - 'a') % (sizeof(codes) / sizeof(codes[0]))]};
        list[i].queue.epoch = 7;
        if (list[i].code == OP_message_post)
            list[i].in.message_post.n = posted;
        else
            r.n = 1;
        ops[i] = &list[i];
    }
    reader = redisReaderCreate();
    redisReaderFeed(reader, (const char *)data + 3, size - 3);
    take_all(&r, reader);
    redisReaderFree(reader);
    return 0;
}
