/* tests/unit/common/test_wire.c - frames between routers and workers.
 *
 * The golden frames were written by hand from common/wire.md, not by the encoder. A change here means
 * that old and new processes no longer understand each other: see "Changing it" in wire.md. */
#include "tests/unit/dice.h"

#include "common/wire.h"

#include <stdio.h>

/* An allocation that is refused must come to the decoder as NULL, as it does without sanitizers. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Bytes ------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* from_hex gives the bytes of hex digits; blanks are for the reader. */
static struct slice from_hex(const char *hex, struct arena *a)
{
    char *bytes = arena_alloc(a, strlen(hex) / 2 + 1);
    size_t len = 0;

    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        bytes[len++] = (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
        hex += 2;
    }
    return (struct slice){bytes, len};
}

static void assert_bytes(const char *what, struct slice got, struct slice wanted)
{
    if (slice_eq(got, wanted))
        return;
    print_error("%s is", what);
    for (size_t i = 0; i < got.len; i++)
        print_error(" %02x", (unsigned char)got.p[i]);
    fail_msg("\nwhich is not what was wanted");
}

/* ---- Operations ------------------------------------------------------------------------------- */

#define KEY_BYTES                                                                                  \
    {                                                                                              \
        {                                                                                          \
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,    \
                0x1e, 0x1f                                                                         \
        }                                                                                          \
    }
#define CLAIM_BYTES                                                                                \
    {                                                                                              \
        {                                                                                          \
            0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d,    \
                0x2e, 0x2f                                                                         \
        }                                                                                          \
    }
#define OTHER_BYTES                                                                                \
    {                                                                                              \
        {                                                                                          \
            0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,    \
                0x3e, 0x3f                                                                         \
        }                                                                                          \
    }
#define EPOCH UINT64_C(0x123456789a)
#define QUEUE                                                                                      \
    {                                                                                              \
        SLICE_INIT("p1"), SLICE_INIT("prj"), SLICE_INIT("q"), EPOCH                                \
    }

/* The parts that most golden operations share: number 300, left 5000 ms and not sent before, and the
 * rest. */
#define HEX_NUMBER "cd012c "
#define HEX_LEFT   "cd1388 c2 "
#define HEX_KEY    "c410101112131415161718191a1b1c1d1e1f "
#define HEX_NO_KEY "c400 "
#define HEX_QUEUE  "a27031 c40370726a a171 cf000000123456789a "
#define HEX_CLAIM  "c410202122232425262728292a2b2c2d2e2f "
#define HEX_URI    "c408687474703a2f2f61 "
#define HEX_OTHER  "c410303132333435363738393a3b3c3d3e3f "

static const struct new_message two_new[] = {
    {60, 0, SLICE_INIT("MD5:x"), SLICE_INIT("{}")},
    {1209600, 900, SLICE_INIT(""), SLICE_INIT("null")},
};
static const struct message_id two_ids[] = {{1, 2}, {3, MESSAGE_NUMBER_MAX}};
static const struct message_id one_id[] = {{EPOCH, 7}};
static const struct claim_id two_claims[] = {CLAIM_BYTES, OTHER_BYTES};

static const struct wire_op golden_wire_op = {.number = 300, .left_ms = 5000};

static const struct {
    const char *hex;
    struct op op;
} golden_ops[] = {
    {"9c " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c410c0c1c2c3c4c5c6c7c8c9cacbcccdcecf "
     "94 3c 00 a54d44353a78 c4027b7d  94 ce00127500 cd0384 a0 c4046e756c6c",
     {.code = OP_message_post,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.message_post = {SLICE_INIT("\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xcb\xcc\xcd\xce"
                                     "\xcf"),
                          two_new, 2}}},
    {"9e " HEX_NUMBER "02 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "c402636c 05 ce00011170 0a 05",
     {.code = OP_message_list,
      .queue = QUEUE,
      .in.message_list = {SLICE_INIT("cl"), {5, 70000}, 10, true, false, true}}},
    {"9d " HEX_NUMBER "03 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "01 02 03 cf007fffffffffffff",
     {.code = OP_message_get, .queue = QUEUE, .in.message_get = {two_ids, 2}}},
    {"9d " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE "03 92 " HEX_CLAIM HEX_OTHER
     "cf000000123456789a 07",
     {.code = OP_message_delete,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.message_delete = {one_id, 1, DELETE_CLAIMED, two_claims, 2}}},
    {"9a " HEX_NUMBER "05 " HEX_LEFT HEX_KEY HEX_QUEUE "14",
     {.code = OP_message_pop, .queue = QUEUE, .key = KEY_BYTES, .in.message_pop = {20}}},
    {"9d " HEX_NUMBER "06 " HEX_LEFT HEX_KEY HEX_QUEUE "0a cd012c 3c c0",
     {.code = OP_claim_create, .queue = QUEUE, .key = KEY_BYTES, .in.claim_create = {10, 300, 60}}},
    {"9d " HEX_NUMBER "06 cd1388 c3 " HEX_KEY HEX_QUEUE "0a cd012c 3c "
     "95 03 cd0e10 c40370726a a464656164 cf000000123456789b",
     {.code = OP_claim_create,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .again = true,
      .in.claim_create =
          {10,
           300,
           60,
           {true, 3, 3600, {SLICE_INIT("p1"), SLICE_INIT("prj"), SLICE_INIT("dead"), EPOCH + 1}}}}},
    {"9a " HEX_NUMBER "07 " HEX_LEFT HEX_NO_KEY HEX_QUEUE HEX_CLAIM,
     {.code = OP_claim_get, .queue = QUEUE, .in.claim_get = {CLAIM_BYTES}}},
    {"9c " HEX_NUMBER "08 " HEX_LEFT HEX_KEY HEX_QUEUE HEX_CLAIM "cd012c 3c",
     {.code = OP_claim_renew,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.claim_renew = {CLAIM_BYTES, 300, 60}}},
    {"9a " HEX_NUMBER "09 " HEX_LEFT HEX_KEY HEX_QUEUE HEX_CLAIM,
     {.code = OP_claim_release,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.claim_release = {CLAIM_BYTES}}},
    {"99 " HEX_NUMBER "0a " HEX_LEFT HEX_NO_KEY HEX_QUEUE,
     {.code = OP_queue_stats, .queue = QUEUE}},
    {"9a " HEX_NUMBER "0b " HEX_LEFT HEX_KEY HEX_QUEUE "03",
     {.code = OP_queue_purge,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.queue_purge = {PURGE_MESSAGES | PURGE_SUBSCRIPTIONS}}},
    {"99 " HEX_NUMBER "0c " HEX_LEFT HEX_KEY HEX_QUEUE,
     {.code = OP_queue_drop, .queue = QUEUE, .key = KEY_BYTES}},
    {"99 " HEX_NUMBER "0d " HEX_LEFT HEX_NO_KEY HEX_QUEUE, {.code = OP_store_ping, .queue = QUEUE}},
    {"9d " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "cd03e8 cf000000174876e800 " HEX_URI
     "c4027b7d",
     {.code = OP_subscription_put,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.subscription_put = {1000, 100000000000, SLICE_INIT("http://a"), SLICE_INIT("{}")}}},
    {"9c " HEX_NUMBER "0f " HEX_LEFT HEX_NO_KEY HEX_QUEUE "05 ce00011170 0a",
     {.code = OP_subscription_list, .queue = QUEUE, .in.subscription_list = {{5, 70000}, 10}}},
    {"9b " HEX_NUMBER "10 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "cf000000123456789a 07",
     {.code = OP_subscription_get, .queue = QUEUE, .in.subscription_get = {{EPOCH, 7}}}},
    {"9e " HEX_NUMBER "11 " HEX_LEFT HEX_KEY HEX_QUEUE "cf000000123456789a 07 00 " HEX_URI "c400",
     {.code = OP_subscription_update,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.subscription_update = {{EPOCH, 7}, 0, SLICE_INIT("http://a"), SLICE_INIT("")}}},
    {"9b " HEX_NUMBER "12 " HEX_LEFT HEX_KEY HEX_QUEUE "cf000000123456789a 07",
     {.code = OP_subscription_delete,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.subscription_delete = {{EPOCH, 7}}}},
    {"9c " HEX_NUMBER "13 " HEX_LEFT HEX_KEY HEX_QUEUE "cf000000123456789a 07 c3",
     {.code = OP_subscription_confirm,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.subscription_confirm = {{EPOCH, 7}, true}}},
    {"9a " HEX_NUMBER "14 " HEX_LEFT HEX_NO_KEY "a0 c400 a0 00 c40a72656469733a2f2f6831",
     {.code = OP_pool_probe,
      .queue = {SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT(""), 0},
      .in.pool_probe = {SLICE_INIT("redis://h1")}}},
    {"9c " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 01 "
     "94 3c 00 a54d44353a78 c4027b7d",
     {.code = OP_message_post,
      .queue = QUEUE,
      .key = KEY_BYTES,
      .in.message_post = {SLICE_INIT(""), two_new, 1, .encrypt = true}}},
};

static void assert_same_slice(struct slice a, struct slice b)
{
    assert_true(slice_eq(a, b));
}

static void assert_same_queue(const struct queue_ref *a, const struct queue_ref *b)
{
    assert_same_slice(a->pool, b->pool);
    assert_same_slice(a->project, b->project);
    assert_same_slice(a->name, b->name);
    assert_true(a->epoch == b->epoch);
}

static void assert_same_ids(const struct message_id *a, uint32_t a_n, const struct message_id *b,
                            uint32_t b_n)
{
    assert_int_equal(a_n, b_n);
    for (uint32_t i = 0; i < a_n; i++)
        assert_true(message_id_eq(a[i], b[i]));
}

static void assert_same_posted(const struct op *a, const struct op *b)
{
    assert_same_slice(a->in.message_post.client, b->in.message_post.client);
    assert_int_equal(a->in.message_post.n, b->in.message_post.n);
    assert_int_equal(a->in.message_post.encrypt, b->in.message_post.encrypt);
    for (uint32_t i = 0; i < a->in.message_post.n; i++) {
        const struct new_message *m = &a->in.message_post.messages[i];
        const struct new_message *n = &b->in.message_post.messages[i];

        assert_int_equal(m->ttl_s, n->ttl_s);
        assert_int_equal(m->delay_s, n->delay_s);
        assert_same_slice(m->checksum, n->checksum);
        assert_same_slice(m->body, n->body);
    }
}

static void assert_same_listing(const struct op *a, const struct op *b)
{
    assert_same_slice(a->in.message_list.client, b->in.message_list.client);
    assert_true(message_id_eq(a->in.message_list.after, b->in.message_list.after));
    assert_int_equal(a->in.message_list.limit, b->in.message_list.limit);
    assert_int_equal(a->in.message_list.echo, b->in.message_list.echo);
    assert_int_equal(a->in.message_list.include_claimed, b->in.message_list.include_claimed);
    assert_int_equal(a->in.message_list.include_delayed, b->in.message_list.include_delayed);
}

static void assert_same_deletion(const struct op *a, const struct op *b)
{
    assert_int_equal(a->in.message_delete.rule, b->in.message_delete.rule);
    assert_same_ids(a->in.message_delete.ids, a->in.message_delete.n, b->in.message_delete.ids,
                    b->in.message_delete.n);
    assert_int_equal(a->in.message_delete.claims_n, b->in.message_delete.claims_n);
    for (uint32_t i = 0; i < a->in.message_delete.claims_n; i++)
        assert_true(claim_id_eq(&a->in.message_delete.claims[i], &b->in.message_delete.claims[i]));
}

static void assert_same_claiming(const struct op *a, const struct op *b)
{
    const struct dead_letter *d = &a->in.claim_create.dead_letter;
    const struct dead_letter *e = &b->in.claim_create.dead_letter;

    assert_int_equal(a->in.claim_create.limit, b->in.claim_create.limit);
    assert_int_equal(a->in.claim_create.ttl_s, b->in.claim_create.ttl_s);
    assert_int_equal(a->in.claim_create.grace_s, b->in.claim_create.grace_s);
    assert_int_equal(d->active, e->active);
    if (!d->active)
        return;
    assert_true(d->max_count == e->max_count);
    assert_int_equal(d->ttl_s, e->ttl_s);
    assert_same_queue(&d->target, &e->target);
}

static void assert_same_new_subscription(const struct op *a, const struct op *b)
{
    assert_int_equal(a->in.subscription_put.most, b->in.subscription_put.most);
    assert_true(a->in.subscription_put.ttl_s == b->in.subscription_put.ttl_s);
    assert_same_slice(a->in.subscription_put.subscriber, b->in.subscription_put.subscriber);
    assert_same_slice(a->in.subscription_put.options, b->in.subscription_put.options);
}

static void assert_same_subscription_update(const struct op *a, const struct op *b)
{
    assert_true(message_id_eq(a->in.subscription_update.id, b->in.subscription_update.id));
    assert_true(a->in.subscription_update.ttl_s == b->in.subscription_update.ttl_s);
    assert_same_slice(a->in.subscription_update.subscriber, b->in.subscription_update.subscriber);
    assert_same_slice(a->in.subscription_update.options, b->in.subscription_update.options);
}

/* assert_same_op compares what a request carries. */
static void assert_same_op(const struct op *a, const struct op *b)
{
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->again, b->again);
    assert_same_queue(&a->queue, &b->queue);
    if (op_changes(a->code))
        assert_true(claim_id_eq(&a->key, &b->key));
    switch (a->code) {
    case OP_message_post:
        assert_same_posted(a, b);
        break;
    case OP_message_list:
        assert_same_listing(a, b);
        break;
    case OP_message_get:
        assert_same_ids(a->in.message_get.ids, a->in.message_get.n, b->in.message_get.ids,
                        b->in.message_get.n);
        break;
    case OP_message_delete:
        assert_same_deletion(a, b);
        break;
    case OP_message_pop:
        assert_int_equal(a->in.message_pop.limit, b->in.message_pop.limit);
        break;
    case OP_claim_create:
        assert_same_claiming(a, b);
        break;
    case OP_claim_get:
        assert_true(claim_id_eq(&a->in.claim_get.id, &b->in.claim_get.id));
        break;
    case OP_claim_release:
        assert_true(claim_id_eq(&a->in.claim_release.id, &b->in.claim_release.id));
        break;
    case OP_claim_renew:
        assert_true(claim_id_eq(&a->in.claim_renew.id, &b->in.claim_renew.id));
        assert_int_equal(a->in.claim_renew.ttl_s, b->in.claim_renew.ttl_s);
        assert_int_equal(a->in.claim_renew.grace_s, b->in.claim_renew.grace_s);
        break;
    case OP_pool_probe:
        assert_same_slice(a->in.pool_probe.uri, b->in.pool_probe.uri);
        break;
    case OP_queue_purge:
        assert_int_equal(a->in.queue_purge.what, b->in.queue_purge.what);
        break;
    case OP_subscription_put:
        assert_same_new_subscription(a, b);
        break;
    case OP_subscription_list:
        assert_true(message_id_eq(a->in.subscription_list.after, b->in.subscription_list.after));
        assert_int_equal(a->in.subscription_list.limit, b->in.subscription_list.limit);
        break;
    case OP_subscription_get:
        assert_true(message_id_eq(a->in.subscription_get.id, b->in.subscription_get.id));
        break;
    case OP_subscription_update:
        assert_same_subscription_update(a, b);
        break;
    case OP_subscription_delete:
        assert_true(message_id_eq(a->in.subscription_delete.id, b->in.subscription_delete.id));
        break;
    case OP_subscription_confirm:
        assert_true(message_id_eq(a->in.subscription_confirm.id, b->in.subscription_confirm.id));
        assert_int_equal(a->in.subscription_confirm.confirmed,
                         b->in.subscription_confirm.confirmed);
        break;
    case OP_queue_stats:
    case OP_queue_drop:
    case OP_store_ping:
        break;
    }
}

/* read_op reads one operation that must be right. */
static struct op read_op(struct wire_reader *r, struct wire_op *w, struct arena *a)
{
    struct op op = {.code = (enum op_code)0};
    struct failure f = {0};

    if (wire_read_op(r, w, &op, a, &f) != ST_OK)
        fail_msg("%s", f.text);
    return op;
}

/* ---- Outcomes --------------------------------------------------------------------------------- */

#define NOW_MS INT64_C(1795417689123)

#define HEX_NOW "cf000001a2073bcc23 "
#define HEX_MESSAGE                                                                                \
    "99 cf000000123456789a 07 09 cf000001a2073a7000 cf000001a207715e80 02 " HEX_CLAIM              \
    "a54d44353a78 c4087b2261223a20317d "
#define HEX_OTHER_MESSAGE "99 01 08 0a cf000001a2073a7001 cf000001a207715e81 00 c0 a0 c4046e756c6c "

#define MESSAGE                                                                                    \
    {                                                                                              \
        {EPOCH, 7}, 9, 1795417600000, 1795421200000, 2, true, CLAIM_BYTES, SLICE_INIT("MD5:x"),    \
            SLICE_INIT("{\"a\": 1}")                                                               \
    }
#define OTHER_MESSAGE                                                                              \
    {                                                                                              \
        {1, 8}, 10, 1795417600001, 1795421200001, 0, false, {{0}}, SLICE_INIT(""),                 \
            SLICE_INIT("null")                                                                     \
    }

#define HEX_SUBSCRIPTION "97 cf000000123456789a 07 cf000001a2073a7000 3c c3 " HEX_URI "c4027b7d "
#define HEX_OTHER_SUBSCRIPTION                                                                     \
    "97 cf000000123456789a 08 cf000001a2073a7001 cf0000003afff4417f c2 c40178 c4047b7d2020 "

static const struct subscription two_subscriptions[] = {
    {{EPOCH, 7}, 1795417600000, 60, true, SLICE_INIT("http://a"), SLICE_INIT("{}")},
    {{EPOCH, 8}, 1795417600001, SUBSCRIPTION_TTL_MAX_S, false, SLICE_INIT("x"), SLICE_INIT("{}  ")},
};

static const struct message two_messages[] = {MESSAGE, OTHER_MESSAGE};
static const struct message other_message[] = {OTHER_MESSAGE};
static const struct message_id posted_ids[] = {{EPOCH, 7}, {EPOCH, 8}};

static const struct {
    const char *hex;
    struct op op;
} golden_outcomes[] = {
    {"98 " HEX_NUMBER "01 00 " HEX_NOW "cf000000123456789a 07 cf000000123456789a 08",
     {.code = OP_message_post, .now_ms = NOW_MS, .out.message_post = {posted_ids, 2}}},
    {"98 " HEX_NUMBER "02 00 " HEX_NOW "00 00 " HEX_MESSAGE HEX_OTHER_MESSAGE,
     {.code = OP_message_list, .now_ms = NOW_MS, .out.messages = {two_messages, 2}}},
    {"97 " HEX_NUMBER "03 00 " HEX_NOW "00 00 " HEX_OTHER_MESSAGE,
     {.code = OP_message_get, .now_ms = NOW_MS, .out.messages = {other_message, 1}}},
    {"94 " HEX_NUMBER "04 00 " HEX_NOW, {.code = OP_message_delete, .now_ms = NOW_MS}},
    {"97 " HEX_NUMBER "05 00 " HEX_NOW "00 00 " HEX_OTHER_MESSAGE,
     {.code = OP_message_pop, .now_ms = NOW_MS, .out.messages = {other_message, 1}}},
    {"97 " HEX_NUMBER "06 00 " HEX_NOW "00 00 " HEX_MESSAGE,
     {.code = OP_claim_create, .now_ms = NOW_MS, .out.messages = {two_messages, 1}}},
    {"97 " HEX_NUMBER "07 00 " HEX_NOW "cf000001a2073a7000 cd012c " HEX_MESSAGE,
     {.code = OP_claim_get,
      .now_ms = NOW_MS,
      .out.messages = {two_messages, 1, 1795417600000, 300}}},
    {"94 " HEX_NUMBER "08 00 " HEX_NOW, {.code = OP_claim_renew, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "09 00 " HEX_NOW, {.code = OP_claim_release, .now_ms = NOW_MS}},
    {"9c " HEX_NUMBER "0a 00 " HEX_NOW "03 cf0000000200000000 cf000000123456789a 07 "
     "cf000001a2073a7000 cf000000123456789a 08 cf000001a2073a7001",
     {.code = OP_queue_stats,
      .now_ms = NOW_MS,
      .out.queue_stats =
          {3, UINT64_C(1) << 33, true, {EPOCH, 7}, {EPOCH, 8}, 1795417600000, 1795417600001}}},
    {"96 " HEX_NUMBER "0a 00 " HEX_NOW "00 00", {.code = OP_queue_stats, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "0b 00 " HEX_NOW, {.code = OP_queue_purge, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "0c 00 " HEX_NOW, {.code = OP_queue_drop, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "0d 00 " HEX_NOW, {.code = OP_store_ping, .now_ms = NOW_MS}},
    {"98 " HEX_NUMBER "0e 00 " HEX_NOW "cf000000123456789a 07 c3 c2",
     {.code = OP_subscription_put,
      .now_ms = NOW_MS,
      .out.subscription_put = {{EPOCH, 7}, true, false}}},
    {"96 " HEX_NUMBER "0f 00 " HEX_NOW HEX_SUBSCRIPTION HEX_OTHER_SUBSCRIPTION,
     {.code = OP_subscription_list, .now_ms = NOW_MS, .out.subscriptions = {two_subscriptions, 2}}},
    {"95 " HEX_NUMBER "10 00 " HEX_NOW HEX_SUBSCRIPTION,
     {.code = OP_subscription_get, .now_ms = NOW_MS, .out.subscriptions = {two_subscriptions, 1}}},
    {"94 " HEX_NUMBER "11 00 " HEX_NOW, {.code = OP_subscription_update, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "12 00 " HEX_NOW, {.code = OP_subscription_delete, .now_ms = NOW_MS}},
    {"94 " HEX_NUMBER "13 00 " HEX_NOW, {.code = OP_subscription_confirm, .now_ms = NOW_MS}},
    {"95 " HEX_NUMBER "14 00 " HEX_NOW "cd1900",
     {.code = OP_pool_probe, .now_ms = NOW_MS, .out.pool_probe = {0x1900}}},
    {"95 " HEX_NUMBER "06 0b " HEX_NOW "a4676f6e65",
     {.code = OP_claim_create,
      .st = ST_QUEUE_GONE,
      .f = {ST_QUEUE_GONE, "gone"},
      .now_ms = NOW_MS}},
};

static bool gives_messages(enum op_code code)
{
    return code == OP_message_list || code == OP_message_get || code == OP_message_pop ||
           code == OP_claim_create || code == OP_claim_get;
}

static void assert_same_messages(const struct op *a, const struct op *b)
{
    assert_int_equal(a->out.messages.n, b->out.messages.n);
    assert_true(a->out.messages.claim_created_ms == b->out.messages.claim_created_ms);
    assert_int_equal(a->out.messages.claim_ttl_s, b->out.messages.claim_ttl_s);
    for (uint32_t i = 0; i < a->out.messages.n; i++) {
        const struct message *m = &a->out.messages.list[i], *n = &b->out.messages.list[i];

        assert_true(message_id_eq(m->id, n->id));
        assert_true(m->seq == n->seq);
        assert_true(m->created_ms == n->created_ms);
        assert_true(m->expires_ms == n->expires_ms);
        assert_int_equal(m->claim_count, n->claim_count);
        assert_int_equal(m->claimed, n->claimed);
        if (m->claimed)
            assert_true(claim_id_eq(&m->claim_id, &n->claim_id));
        assert_same_slice(m->checksum, n->checksum);
        assert_same_slice(m->body, n->body);
    }
}

static void assert_same_stats(const struct op *a, const struct op *b)
{
    assert_true(a->out.queue_stats.claimed == b->out.queue_stats.claimed);
    assert_true(a->out.queue_stats.free == b->out.queue_stats.free);
    assert_int_equal(a->out.queue_stats.any, b->out.queue_stats.any);
    if (!a->out.queue_stats.any)
        return;
    assert_true(message_id_eq(a->out.queue_stats.oldest, b->out.queue_stats.oldest));
    assert_true(message_id_eq(a->out.queue_stats.newest, b->out.queue_stats.newest));
    assert_true(a->out.queue_stats.oldest_created_ms == b->out.queue_stats.oldest_created_ms);
    assert_true(a->out.queue_stats.newest_created_ms == b->out.queue_stats.newest_created_ms);
}

static void assert_same_subscriptions(const struct op *a, const struct op *b)
{
    assert_int_equal(a->out.subscriptions.n, b->out.subscriptions.n);
    for (uint32_t i = 0; i < a->out.subscriptions.n; i++) {
        const struct subscription *s = &a->out.subscriptions.list[i];
        const struct subscription *t = &b->out.subscriptions.list[i];

        assert_true(message_id_eq(s->id, t->id));
        assert_true(s->since_ms == t->since_ms && s->ttl_s == t->ttl_s);
        assert_int_equal(s->confirmed, t->confirmed);
        assert_same_slice(s->subscriber, t->subscriber);
        assert_same_slice(s->options, t->options);
    }
}

static void assert_same_outcome(const struct op *a, const struct op *b)
{
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->st, b->st);
    assert_true(a->now_ms == b->now_ms);
    if (a->st != ST_OK) {
        assert_int_equal(a->f.st, b->f.st);
        assert_string_equal(a->f.text, b->f.text);
    } else if (a->code == OP_message_post) {
        assert_same_ids(a->out.message_post.ids, a->out.message_post.n, b->out.message_post.ids,
                        b->out.message_post.n);
    } else if (gives_messages(a->code)) {
        assert_same_messages(a, b);
    } else if (a->code == OP_pool_probe) {
        assert_int_equal(a->out.pool_probe.capabilities, b->out.pool_probe.capabilities);
    } else if (a->code == OP_queue_stats) {
        assert_same_stats(a, b);
    } else if (a->code == OP_subscription_put) {
        assert_true(message_id_eq(a->out.subscription_put.id, b->out.subscription_put.id));
        assert_int_equal(a->out.subscription_put.existed, b->out.subscription_put.existed);
        assert_int_equal(a->out.subscription_put.confirmed, b->out.subscription_put.confirmed);
    } else if (a->code == OP_subscription_list || a->code == OP_subscription_get) {
        assert_same_subscriptions(a, b);
    }
}

/* What is outstanding, for wire_read_outcome. */
struct outstanding {
    struct op op;
    uint64_t number;
    bool any_number; /* whatever comes is taken for an answer to op */
};

static struct op *find(void *context, uint64_t number, enum op_code code)
{
    struct outstanding *o = context;

    if (o->any_number) {
        memset(&o->op, 0x5a, sizeof(o->op)); /* what is not filled in would show */
        o->op.code = code;
        return &o->op;
    }
    return o->number == number && o->op.code == code ? &o->op : NULL;
}

static struct op read_outcome(struct wire_reader *r, enum op_code code, uint64_t number,
                              struct arena *a)
{
    struct outstanding o = {.op = {.code = code}, .number = number};
    struct failure f = {0};
    struct op *found;

    if (wire_read_outcome(r, find, &o, &found, a, &f) != ST_OK)
        fail_msg("%s", f.text);
    assert_ptr_equal(found, &o.op);
    return o.op;
}

/* ---- Golden frames ---------------------------------------------------------------------------- */

static void test_wire_header_of_a_request_is_golden(void **state)
{
    struct wire_header h = {1, NOW_MS, 17}, back;
    struct slice golden = from_hex("93 01 cf000001a2073bcc23 11", *state);
    struct wire_reader r;
    struct buffer b = {0};

    wire_add_header(&b, &h);
    assert_bytes("the header", buffer_slice(&b), golden);
    assert_int_equal(wire_read_begin(&r, golden, &back, NULL), ST_OK);
    assert_int_equal(back.version, 1);
    assert_true(back.sent_ms == NOW_MS);
    assert_true(back.sequence == 17);
    assert_false(wire_read_more(&r));
    buffer_fini(&b);
}

static void test_wire_header_of_a_reply_is_golden(void **state)
{
    struct wire_header h = {WIRE_VERSION, NOW_MS + 1, UINT64_C(1) << 40}, back;
    struct slice golden = from_hex("93 01 cf000001a2073bcc24 cf0000010000000000", *state);
    struct wire_reader r;
    struct buffer b = {0};

    wire_add_header(&b, &h);
    assert_bytes("the header", buffer_slice(&b), golden);
    assert_int_equal(wire_read_begin(&r, golden, &back, NULL), ST_OK);
    assert_true(back.sequence == UINT64_C(1) << 40);
    buffer_fini(&b);
}

static void test_wire_ops_are_written_as_the_golden_frames(void **state)
{
    for (size_t i = 0; i < COUNT(golden_ops); i++) {
        struct buffer b = {0};

        wire_add_op(&b, &golden_wire_op, &golden_ops[i].op);
        assert_bytes(op_name(golden_ops[i].op.code), buffer_slice(&b),
                     from_hex(golden_ops[i].hex, *state));
        buffer_fini(&b);
    }
}

static void test_wire_ops_are_read_from_the_golden_frames(void **state)
{
    bool seen[64] = {false};

    for (size_t i = 0; i < COUNT(golden_ops); i++) {
        struct wire_reader r = {from_hex(golden_ops[i].hex, *state)};
        struct wire_op w = {0};
        struct op op = read_op(&r, &w, *state);

        assert_true(w.number == 300);
        assert_int_equal(w.left_ms, 5000);
        assert_same_op(&golden_ops[i].op, &op);
        assert_false(wire_read_more(&r));
        seen[op.code] = true;
    }
    for (uint64_t code = 0; code < 64; code++)
        assert_int_equal(seen[code], op_known(code)); /* a new operation needs its golden frame */
}

static void test_wire_outcomes_are_written_as_the_golden_frames(void **state)
{
    for (size_t i = 0; i < COUNT(golden_outcomes); i++) {
        struct buffer b = {0};

        wire_add_outcome(&b, 300, &golden_outcomes[i].op);
        assert_bytes(op_name(golden_outcomes[i].op.code), buffer_slice(&b),
                     from_hex(golden_outcomes[i].hex, *state));
        buffer_fini(&b);
    }
}

static void test_wire_outcomes_are_read_from_the_golden_frames(void **state)
{
    bool seen[64] = {false};

    for (size_t i = 0; i < COUNT(golden_outcomes); i++) {
        struct wire_reader r = {from_hex(golden_outcomes[i].hex, *state)};
        struct op op = read_outcome(&r, golden_outcomes[i].op.code, 300, *state);

        assert_same_outcome(&golden_outcomes[i].op, &op);
        assert_false(wire_read_more(&r));
        seen[op.code] = true;
    }
    for (uint64_t code = 0; code < 64; code++)
        assert_int_equal(seen[code], op_known(code));
}

static void test_wire_frame_holds_operations_until_it_ends(void **state)
{
    struct wire_header h = {WIRE_VERSION, NOW_MS, 0};
    struct buffer b = {0};
    struct wire_reader r;

    wire_add_header(&b, &h);
    for (size_t i = 0; i < COUNT(golden_ops); i++)
        wire_add_op(&b, &(struct wire_op){.number = i, .left_ms = (uint32_t)(1000 + i)},
                    &golden_ops[i].op);
    assert_int_equal(wire_read_begin(&r, buffer_slice(&b), &h, NULL), ST_OK);
    for (size_t i = 0; i < COUNT(golden_ops); i++) {
        struct wire_op w;
        struct op op;

        assert_true(wire_read_more(&r));
        op = read_op(&r, &w, *state);
        assert_true(w.number == i && w.left_ms == 1000 + i);
        assert_same_op(&golden_ops[i].op, &op);
    }
    assert_false(wire_read_more(&r));
    buffer_fini(&b);
}

/* Slices of what was read point into the frame: bodies are not copied. */
static void test_wire_reading_borrows_the_frame(void **state)
{
    struct slice frame = from_hex(golden_ops[0].hex, *state);
    struct wire_reader r = {frame};
    struct wire_op w;
    struct op op = read_op(&r, &w, *state);
    const char *body = op.in.message_post.messages[1].body.p;

    assert_true(body > frame.p && body < frame.p + frame.len);
    assert_true(op.queue.name.p > frame.p && op.queue.name.p < frame.p + frame.len);
    assert_true(op.in.message_post.client.p > frame.p);
}

/* ---- Round trips ------------------------------------------------------------------------------ */

static struct slice random_bytes_of(struct dice *d, size_t most, struct arena *a)
{
    /* lengths around the places where MessagePack changes its form */
    static const size_t lengths[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    size_t len = dice_below(d, 3) == 0 ? lengths[dice_below(d, COUNT(lengths))] : dice_below(d, 40);
    char *bytes;

    if (len > most)
        len = dice_below(d, most + 1);
    bytes = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)dice_next(d);
    return (struct slice){bytes, len};
}

static struct message_id random_id(struct dice *d)
{
    return (struct message_id){dice_bits(d, 55), dice_bits(d, 55)};
}

static const struct message_id *random_ids(struct dice *d, uint32_t n, struct arena *a)
{
    struct message_id *ids = arena_alloc(a, (n + 1) * sizeof(*ids));

    for (uint32_t i = 0; i < n; i++)
        ids[i] = random_id(d);
    return ids;
}

static struct claim_id random_claim(struct dice *d)
{
    struct claim_id id;

    for (size_t i = 0; i < sizeof(id.bytes); i++)
        id.bytes[i] = (unsigned char)dice_next(d);
    return id;
}

static struct queue_ref random_queue(struct dice *d, struct arena *a)
{
    return (struct queue_ref){random_bytes_of(d, 64, a), random_bytes_of(d, 256, a),
                              random_bytes_of(d, 64, a), dice_bits(d, 55)};
}

static void random_posting(struct dice *d, struct op *op, struct arena *a)
{
    uint32_t n = 1 + (uint32_t)dice_below(d, 20);
    struct new_message *messages = arena_alloc(a, n * sizeof(*messages));

    for (uint32_t i = 0; i < n; i++)
        messages[i] = (struct new_message){(uint32_t)dice_bits(d, 32), (uint32_t)dice_bits(d, 32),
                                           random_bytes_of(d, 36, a), random_bytes_of(d, 70000, a)};
    op->in.message_post.client = random_bytes_of(d, CLIENT_ID_BYTES_MAX, a);
    op->in.message_post.messages = messages;
    op->in.message_post.n = n;
    op->in.message_post.encrypt = dice_below(d, 2) == 1;
}

static void random_deletion(struct dice *d, struct op *op, struct arena *a)
{
    uint32_t claims_n = (uint32_t)dice_below(d, 20);
    struct claim_id *claims = arena_alloc(a, 20 * sizeof(*claims));

    op->in.message_delete.rule = (enum delete_rule)dice_below(d, 4);
    op->in.message_delete.n = (uint32_t)dice_below(d, 40);
    if (op->in.message_delete.rule == DELETE_FREE || op->in.message_delete.rule == DELETE_ONE)
        op->in.message_delete.n = 1;
    if (op->in.message_delete.rule == DELETE_ONE)
        claims_n = 1;
    for (uint32_t i = 0; i < claims_n; i++)
        claims[i] = random_claim(d);
    op->in.message_delete.ids = random_ids(d, op->in.message_delete.n, a);
    op->in.message_delete.claims = claims;
    op->in.message_delete.claims_n = claims_n;
}

static void random_claiming(struct dice *d, struct op *op, struct arena *a)
{
    struct dead_letter *dead = &op->in.claim_create.dead_letter;

    op->in.claim_create.limit = 1 + (uint32_t)dice_below(d, WIRE_ITEMS_MAX);
    op->in.claim_create.ttl_s = (uint32_t)dice_bits(d, 32);
    op->in.claim_create.grace_s = (uint32_t)dice_bits(d, 32);
    if (dice_below(d, 2) == 0)
        return;
    dead->active = true;
    dead->max_count = (int64_t)dice_bits(d, 63);
    dead->ttl_s = (uint32_t)dice_bits(d, 32);
    dead->target = random_queue(d, a);
    dead->target.pool = op->queue.pool; /* the wire has no other: it is in the same pool */
}

static int64_t random_ttl_s(struct dice *d)
{
    return (int64_t)dice_below(d, (size_t)SUBSCRIPTION_TTL_MAX_S + 1);
}

static void random_subscription(struct dice *d, struct op *op, struct arena *a)
{
    bool update = op->code == OP_subscription_update;
    struct slice subscriber = random_bytes_of(d, 5000, a), options = random_bytes_of(d, 70000, a);

    if (!update && subscriber.len == 0)
        subscriber = SLICE("x");
    if (!update && options.len == 0)
        options = SLICE("{}");
    if (update) {
        op->in.subscription_update.id = random_id(d);
        op->in.subscription_update.ttl_s = random_ttl_s(d);
        op->in.subscription_update.subscriber = subscriber;
        op->in.subscription_update.options = options;
    } else {
        op->in.subscription_put.most = 1 + (uint32_t)dice_below(d, UINT32_MAX);
        op->in.subscription_put.ttl_s = random_ttl_s(d);
        op->in.subscription_put.subscriber = subscriber;
        op->in.subscription_put.options = options;
    }
}

static struct op random_op(struct dice *d, enum op_code code, struct arena *a)
{
    struct op op = {.code = code, .queue = random_queue(d, a), .key = random_claim(d)};

    op.again = dice_below(d, 2);
    switch (code) {
    case OP_message_post:
        random_posting(d, &op, a);
        break;
    case OP_message_list:
        op.in.message_list.client = random_bytes_of(d, CLIENT_ID_BYTES_MAX, a);
        op.in.message_list.after = random_id(d);
        op.in.message_list.limit = 1 + (uint32_t)dice_below(d, WIRE_ITEMS_MAX);
        op.in.message_list.echo = dice_below(d, 2);
        op.in.message_list.include_claimed = dice_below(d, 2);
        op.in.message_list.include_delayed = dice_below(d, 2);
        break;
    case OP_message_get:
        op.in.message_get.n = (uint32_t)dice_below(d, 40);
        op.in.message_get.ids = random_ids(d, op.in.message_get.n, a);
        break;
    case OP_message_delete:
        random_deletion(d, &op, a);
        break;
    case OP_message_pop:
        op.in.message_pop.limit = 1 + (uint32_t)dice_below(d, WIRE_ITEMS_MAX);
        break;
    case OP_claim_create:
        random_claiming(d, &op, a);
        break;
    case OP_claim_get:
        op.in.claim_get.id = random_claim(d);
        break;
    case OP_claim_renew:
        op.in.claim_renew.id = random_claim(d);
        op.in.claim_renew.ttl_s = (uint32_t)dice_bits(d, 32);
        op.in.claim_renew.grace_s = (uint32_t)dice_bits(d, 32);
        break;
    case OP_claim_release:
        op.in.claim_release.id = random_claim(d);
        break;
    case OP_pool_probe:
        op.in.pool_probe.uri = random_bytes_of(d, POOL_URI_MAX, a);
        break;
    case OP_queue_purge:
        op.in.queue_purge.what = 1 + (uint32_t)dice_below(d, PURGE_ALL);
        break;
    case OP_subscription_put:
    case OP_subscription_update:
        random_subscription(d, &op, a);
        break;
    case OP_subscription_list:
        op.in.subscription_list.after = random_id(d);
        op.in.subscription_list.limit = 1 + (uint32_t)dice_below(d, WIRE_ITEMS_MAX);
        break;
    case OP_subscription_get:
        op.in.subscription_get.id = random_id(d);
        break;
    case OP_subscription_delete:
        op.in.subscription_delete.id = random_id(d);
        break;
    case OP_subscription_confirm:
        op.in.subscription_confirm.id = random_id(d);
        op.in.subscription_confirm.confirmed = dice_below(d, 2);
        break;
    case OP_queue_stats:
    case OP_queue_drop:
    case OP_store_ping:
        break;
    }
    return op;
}

static void random_subscriptions(struct dice *d, struct op *op, struct arena *a)
{
    uint32_t n = op->code == OP_subscription_get ? 1 : (uint32_t)dice_below(d, 30);
    struct subscription *list = arena_zalloc(a, (n + 1) * sizeof(*list));

    for (uint32_t i = 0; i < n; i++)
        list[i] = (struct subscription){
            random_id(d),     (int64_t)dice_bits(d, 63),   random_ttl_s(d),
            dice_below(d, 2), random_bytes_of(d, 5000, a), random_bytes_of(d, 70000, a)};
    op->out.subscriptions.list = list;
    op->out.subscriptions.n = n;
}

static void random_outcome(struct dice *d, struct op *op, struct arena *a)
{
    op->now_ms = (int64_t)dice_bits(d, 63);
    if (dice_below(d, 8) == 0) {
        fail(&op->f, (enum status)(1 + dice_below(d, ST_QUEUE_GONE)), "why %zu",
             dice_below(d, 100000));
        op->st = op->f.st;
    } else if (op->code == OP_message_post) {
        op->out.message_post.n = (uint32_t)dice_below(d, 40);
        op->out.message_post.ids = random_ids(d, op->out.message_post.n, a);
    } else if (gives_messages(op->code)) {
        uint32_t n = (uint32_t)dice_below(d, 30);
        struct message *list = arena_zalloc(a, (n + 1) * sizeof(*list));

        for (uint32_t i = 0; i < n; i++)
            list[i] = (struct message){random_id(d),
                                       dice_bits(d, 55),
                                       (int64_t)dice_bits(d, 63),
                                       (int64_t)dice_bits(d, 63),
                                       (uint32_t)dice_bits(d, 32),
                                       dice_below(d, 2),
                                       random_claim(d),
                                       random_bytes_of(d, 36, a),
                                       random_bytes_of(d, 70000, a)};
        op->out.messages.list = list;
        op->out.messages.n = n;
        op->out.messages.claim_created_ms = (int64_t)dice_bits(d, 63);
        op->out.messages.claim_ttl_s = (uint32_t)dice_bits(d, 32);
    } else if (op->code == OP_queue_stats) {
        op->out.queue_stats.claimed = dice_bits(d, 64);
        op->out.queue_stats.free = dice_bits(d, 64);
        op->out.queue_stats.any = dice_below(d, 2);
        op->out.queue_stats.oldest = random_id(d);
        op->out.queue_stats.newest = random_id(d);
        op->out.queue_stats.oldest_created_ms = (int64_t)dice_bits(d, 63);
        op->out.queue_stats.newest_created_ms = (int64_t)dice_bits(d, 63);
    } else if (op->code == OP_subscription_put) {
        op->out.subscription_put.id = random_id(d);
        op->out.subscription_put.existed = dice_below(d, 2);
        op->out.subscription_put.confirmed = dice_below(d, 2);
    } else if (op->code == OP_subscription_list || op->code == OP_subscription_get) {
        random_subscriptions(d, op, a);
    } else if (op->code == OP_pool_probe) {
        op->out.pool_probe.capabilities = (uint32_t)dice_bits(d, 32);
    }
}

enum { LAST_CODE = OP_pool_probe, ROUNDS = 40 };

static void test_wire_every_op_comes_back_with_all_its_fields(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (uint64_t i = 0; i < ROUNDS * LAST_CODE; i++) {
        struct arena a = {0};
        struct buffer b = {0};
        struct op op = random_op(&dice, (enum op_code)(1 + i % LAST_CODE), &a), back;
        struct wire_op w = {dice_bits(&dice, 64), (uint32_t)dice_bits(&dice, 32)}, w_back;
        struct wire_reader r;

        wire_add_op(&b, &w, &op);
        r.rest = buffer_slice(&b);
        back = read_op(&r, &w_back, &a);
        assert_true(w.number == w_back.number);
        assert_int_equal(w.left_ms, w_back.left_ms);
        assert_same_op(&op, &back);
        assert_false(wire_read_more(&r));
        buffer_fini(&b);
        arena_fini(&a);
    }
}

static void test_wire_every_outcome_comes_back_with_all_its_fields(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (uint64_t i = 0; i < ROUNDS * LAST_CODE; i++) {
        struct arena a = {0};
        struct buffer b = {0};
        struct op op = {.code = (enum op_code)(1 + i % LAST_CODE)}, back;
        uint64_t number = dice_bits(&dice, 64);
        struct wire_reader r;

        random_outcome(&dice, &op, &a);
        wire_add_outcome(&b, number, &op);
        r.rest = buffer_slice(&b);
        back = read_outcome(&r, op.code, number, &a);
        assert_same_outcome(&op, &back);
        assert_false(wire_read_more(&r));
        buffer_fini(&b);
        arena_fini(&a);
    }
}

/* A router that knows of no subscriptions names nothing: it means messages. */
static void test_wire_purge_without_a_word_is_of_messages(void **state)
{
    struct wire_reader r = {from_hex("99 " HEX_NUMBER "0b " HEX_LEFT HEX_KEY HEX_QUEUE, *state)};
    struct wire_op w;
    struct op op = read_op(&r, &w, *state);

    assert_int_equal(op.in.queue_purge.what, PURGE_MESSAGES);
}

/* The arena of a tick may be as new as this one, and an empty claim has no messages. */
static void test_wire_empty_lists_come_back_in_a_new_arena(void **state)
{
    struct op get = {.code = OP_message_get, .queue = QUEUE, .in.message_get = {two_ids, 0}};
    struct op claim = {.code = OP_claim_create, .now_ms = NOW_MS};
    struct arena a = {0};
    struct buffer b = {0};
    struct wire_reader r;
    struct wire_op w;
    struct op back;

    (void)state;
    wire_add_op(&b, &golden_wire_op, &get);
    r.rest = buffer_slice(&b);
    back = read_op(&r, &w, &a);
    assert_int_equal(back.in.message_get.n, 0);
    arena_fini(&a);
    b.len = 0;
    wire_add_outcome(&b, 1, &claim);
    r.rest = buffer_slice(&b);
    back = read_outcome(&r, OP_claim_create, 1, &a);
    assert_int_equal(back.st, ST_OK);
    assert_int_equal(back.out.messages.n, 0);
    arena_fini(&a);
    buffer_fini(&b);
}

/* ---- What the protocol allows ----------------------------------------------------------------- */

/* readable_op tells whether hex is an operation; what is left behind it must be nothing. */
static bool readable_op(struct slice bytes, struct op *op, struct arena *a)
{
    struct wire_reader r = {bytes};
    struct failure f = {0};
    struct wire_op w;
    enum status st;

    *op = (struct op){.code = (enum op_code)0};
    st = wire_read_op(&r, &w, op, a, &f);
    if (st == ST_OK)
        assert_false(wire_read_more(&r));
    else
        assert_true(st == ST_INVALID && f.st == ST_INVALID && f.text[0] != '\0');
    return st == ST_OK;
}

static void test_wire_readers_do_without_members_that_a_newer_peer_adds(void **state)
{
    static const struct {
        const char *hex;
        size_t golden; /* what it is beside the addition (c3, a true, or 2a) */
    } ops[] = {
        {"9f " HEX_NUMBER "02 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "c402636c 05 ce00011170 0a 05 2a", 1},
        {"9b " HEX_NUMBER "05 " HEX_LEFT HEX_KEY HEX_QUEUE "14 c3", 4},
        {"9e " HEX_NUMBER "06 " HEX_LEFT HEX_KEY HEX_QUEUE "0a cd012c 3c c0 c3", 5},
        {"9d " HEX_NUMBER "06 cd1388 c3 " HEX_KEY HEX_QUEUE "0a cd012c 3c "
         "96 03 cd0e10 c40370726a a464656164 cf000000123456789b c3",
         6},
        {"9b " HEX_NUMBER "07 " HEX_LEFT HEX_NO_KEY HEX_QUEUE HEX_CLAIM "81 01 02", 7},
        {"9d " HEX_NUMBER "08 " HEX_LEFT HEX_KEY HEX_QUEUE HEX_CLAIM "cd012c 3c 90", 8},
        {"9b " HEX_NUMBER "09 " HEX_LEFT HEX_KEY HEX_QUEUE HEX_CLAIM "c3", 9},
        {"9a " HEX_NUMBER "0a " HEX_LEFT HEX_NO_KEY HEX_QUEUE "c3", 10},
        {"9a " HEX_NUMBER "0c " HEX_LEFT HEX_KEY HEX_QUEUE "c3", 12},
        {"9b " HEX_NUMBER "0b " HEX_LEFT HEX_KEY HEX_QUEUE "03 c3", 11},
        {"9d " HEX_NUMBER "13 " HEX_LEFT HEX_KEY HEX_QUEUE "cf000000123456789a 07 c3 c3", 19},
    };
    struct wire_header h;
    struct wire_reader r;
    struct op op;

    for (size_t i = 0; i < COUNT(ops); i++) {
        assert_true(readable_op(from_hex(ops[i].hex, *state), &op, *state));
        assert_same_op(&golden_ops[ops[i].golden].op, &op);
    }
    assert_int_equal(wire_read_begin(&r, from_hex("94 01 00 00 c3", *state), &h, NULL), ST_OK);
    r.rest = from_hex("97 " HEX_NUMBER "03 00 " HEX_NOW "00 00 "
                      "9a 01 08 0a cf000001a2073a7001 cf000001a207715e81 00 c0 a0 c4046e756c6c c3",
                      *state);
    op = read_outcome(&r, OP_message_get, 300, *state);
    assert_same_outcome(&golden_outcomes[2].op, &op);
    r.rest = from_hex("95 " HEX_NUMBER "04 00 " HEX_NOW "c3", *state);
    op = read_outcome(&r, OP_message_delete, 300, *state);
    assert_int_equal(op.st, ST_OK);
}

static void test_wire_bin_admits_str_and_longer_forms_of_numbers(void **state)
{
    struct op op;

    /* the project, the client and the key as str, the queue's name as bin */
    assert_true(
        readable_op(from_hex("9e " HEX_NUMBER "02 cf0000000000001388 c2 a0 a27031 a370726a c40171 "
                             "cf000000123456789a a2636c cd0005 ce00011170 cc0a ce00000005",
                             *state),
                    &op, *state));
    assert_same_op(&golden_ops[1].op, &op);
    assert_true(readable_op(from_hex("9a " HEX_NUMBER "05 " HEX_LEFT
                                     "b0101112131415161718191a1b1c1d1e1f " HEX_QUEUE "14",
                                     *state),
                            &op, *state));
    assert_same_op(&golden_ops[4].op, &op);
}

static void test_wire_number_that_is_not_outstanding_is_skipped(void **state)
{
    struct outstanding o = {.op = {.code = OP_message_pop}, .number = 301};
    struct op other = golden_outcomes[4].op;
    struct buffer b = {0};
    struct wire_reader r;
    struct op *found;

    wire_add_outcome(&b, 300, &other);
    wire_add_outcome(&b, 301, &golden_outcomes[2].op); /* the number, but another code */
    wire_add_outcome(&b, 301, &other);
    r.rest = buffer_slice(&b);
    assert_int_equal(wire_read_outcome(&r, find, &o, &found, *state, NULL), ST_OK);
    assert_null(found);
    assert_int_equal(wire_read_outcome(&r, find, &o, &found, *state, NULL), ST_OK);
    assert_null(found);
    assert_true(wire_read_more(&r));
    assert_int_equal(wire_read_outcome(&r, find, &o, &found, *state, NULL), ST_OK);
    assert_ptr_equal(found, &o.op);
    assert_same_outcome(&other, &o.op);
    assert_false(wire_read_more(&r));
    buffer_fini(&b);
}

static void test_wire_status_of_a_newer_worker_is_a_failure_all_the_same(void **state)
{
    struct wire_reader r = {from_hex("95 " HEX_NUMBER "06 cc63 " HEX_NOW "a46e657721", *state)};
    struct op op = read_outcome(&r, OP_claim_create, 300, *state);

    assert_int_equal(op.st, ST_INTERNAL);
    assert_int_equal(op.f.st, ST_INTERNAL);
    assert_string_equal(op.f.text, "new!");
}

static void test_wire_reason_that_is_too_long_is_cut(void **state)
{
    static char reason[FAILURE_TEXT_BYTES * 3];
    struct buffer b = {0};
    struct wire_reader r;
    struct op op;

    memset(reason, 'r', sizeof(reason));
    buffer_add(&b, from_hex("95 " HEX_NUMBER "06 04 " HEX_NOW "da", *state));
    buffer_add_char(&b, (char)(sizeof(reason) >> 8));
    buffer_add_char(&b, (char)(sizeof(reason) & 255));
    buffer_add(&b, (struct slice){reason, sizeof(reason)});
    r.rest = buffer_slice(&b);
    op = read_outcome(&r, OP_claim_create, 300, *state);
    assert_int_equal(op.st, ST_UNAVAILABLE);
    assert_int_equal(strlen(op.f.text), FAILURE_TEXT_BYTES - 1);
    buffer_fini(&b);
}

/* An outcome whose frame is whole but whose result is not: only that operation has failed. */
static void test_wire_damaged_result_fails_its_operation_alone(void **state)
{
    static const struct {
        const char *hex;
        enum op_code code;
    } cases[] = {
        {"95 " HEX_NUMBER "01 00 " HEX_NOW "01", OP_message_post},       /* half an id */
        {"96 " HEX_NUMBER "01 00 " HEX_NOW "01 a0", OP_message_post},    /* no number */
        {"94 " HEX_NUMBER "02 00 " HEX_NOW, OP_message_list},            /* no messages' head */
        {"97 " HEX_NUMBER "02 00 " HEX_NOW "00 00 90", OP_message_list}, /* an empty message */
        {"97 " HEX_NUMBER "02 00 " HEX_NOW "00 00 01", OP_message_list}, /* no message */
        {"97 " HEX_NUMBER "02 00 " HEX_NOW "00 00 99 01 08 0a 01 02 00 c40100 a0 c4046e756c6c",
         OP_message_list}, /* a short claim */
        {"95 " HEX_NUMBER "0a 00 " HEX_NOW "00", OP_queue_stats},
        {"97 " HEX_NUMBER "0a 00 " HEX_NOW "00 00 01", OP_queue_stats},
        {"97 " HEX_NUMBER "0e 00 " HEX_NOW "01 02 c2", OP_subscription_put},
        {"98 " HEX_NUMBER "0e 00 " HEX_NOW "01 02 00 c2", OP_subscription_put},
        {"95 " HEX_NUMBER "0f 00 " HEX_NOW "96 01 02 03 3c c3 c40178", OP_subscription_list},
        {"95 " HEX_NUMBER "0f 00 " HEX_NOW "97 01 02 03 cf0000003afff44180 c3 c40178 c40178",
         OP_subscription_list},                                   /* a ttl beyond the calendar */
        {"94 " HEX_NUMBER "10 00 " HEX_NOW, OP_subscription_get}, /* none at all */
        {"94 " HEX_NUMBER "14 00 " HEX_NOW, OP_pool_probe},
        {"95 " HEX_NUMBER "14 00 " HEX_NOW "a131", OP_pool_probe},
        {"94 " HEX_NUMBER "06 04 " HEX_NOW, OP_claim_create},      /* no reason */
        {"95 " HEX_NUMBER "06 04 " HEX_NOW "07", OP_claim_create}, /* no text */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wire_reader r = {from_hex(cases[i].hex, *state)};
        struct op op = read_outcome(&r, cases[i].code, 300, *state);

        assert_int_equal(op.st, ST_INTERNAL);
        assert_int_equal(op.f.st, ST_INTERNAL);
        assert_false(wire_read_more(&r));
    }
}

/* ---- What it refuses -------------------------------------------------------------------------- */

static void test_wire_header_of_another_version_is_refused(void **state)
{
    static const uint32_t versions[] = {0, 2, 3, 255, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct wire_header h = {versions[i], NOW_MS, 1};
        struct failure f = {0};
        struct buffer b = {0};
        struct wire_reader r;

        wire_add_header(&b, &h);
        assert_int_equal(wire_read_begin(&r, buffer_slice(&b), &h, &f), ST_INVALID);
        assert_non_null(strstr(f.text, "version"));
        buffer_fini(&b);
    }
}

static void test_wire_header_that_is_damaged_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "00",
        "c0",
        "90",
        "91 01",
        "92 01 00",
        "93 01 00",
        "93 01 00 ff",
        "93 01 a0 00",
        "93 a131 00 00",
        "93 c0 00 00",
        "93 01 cf8000000000000000 00",
        "93 ff 00 00",
        "93 cf0000000100000001 00 00",
        "83 01 00 02 00 03 00",
        "c1",
        "a3010000",
        "93 01 ca00000000 00",
    };

    for (size_t i = 0; i < COUNT(refused); i++) {
        struct failure f = {0};
        struct wire_header h;
        struct wire_reader r;

        if (wire_read_begin(&r, from_hex(refused[i], *state), &h, &f) != ST_INVALID)
            fail_msg("%s was taken", refused[i]);
        assert_int_equal(f.st, ST_INVALID);
        assert_string_not_equal(f.text, "");
    }
}

static void test_wire_frame_beyond_the_limit_is_refused_unread(void **state)
{
    struct wire_header h;
    struct wire_reader r;
    struct failure f = {0};

    (void)state;
    assert_int_equal(wire_read_begin(&r, (struct slice){"", (size_t)WIRE_FRAME_MAX + 1}, &h, &f),
                     ST_INVALID);
    assert_non_null(strstr(f.text, "268435457"));
}

static void test_wire_op_that_is_damaged_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "c0",
        "90",
        "01",
        "80",
        "c1",
        "98 " HEX_NUMBER "0d " HEX_LEFT HEX_NO_KEY "a27031 c40370726a a171", /* no epoch */
        "99 " HEX_NUMBER "00 " HEX_LEFT HEX_NO_KEY HEX_QUEUE,                /* no such code */
        "99 " HEX_NUMBER "7f " HEX_LEFT HEX_NO_KEY HEX_QUEUE,
        "99 " HEX_NUMBER "cf000000010000000d " HEX_LEFT HEX_NO_KEY HEX_QUEUE, /* 13 in 32 bits */
        "99 ff 0d " HEX_LEFT HEX_NO_KEY HEX_QUEUE,                            /* number -1 */
        "99 " HEX_NUMBER "0d cf0000000100000000 c2 " HEX_NO_KEY HEX_QUEUE,    /* left_ms */
        "99 " HEX_NUMBER "0d cd1388 00 " HEX_NO_KEY HEX_QUEUE,                /* again */
        "99 " HEX_NUMBER "0d cd1388 c0 " HEX_NO_KEY HEX_QUEUE,
        "99 " HEX_NUMBER "0d " HEX_LEFT HEX_KEY HEX_QUEUE,    /* a key too many */
        "99 " HEX_NUMBER "0b " HEX_LEFT HEX_NO_KEY HEX_QUEUE, /* a key too few */
        "99 " HEX_NUMBER "0b " HEX_LEFT "c40f000000000000000000000000000000 " HEX_QUEUE,
        "99 " HEX_NUMBER "0d " HEX_LEFT HEX_NO_KEY "a27031 c40370726a a171 cf0080000000000000",
        "99 " HEX_NUMBER "0d " HEX_LEFT HEX_NO_KEY "a27031 c40370726a 01 05",
        "99 " HEX_NUMBER "0d " HEX_LEFT HEX_NO_KEY "a27031 c0 a171 05",
        "99 " HEX_NUMBER "0d " HEX_LEFT "c0 a27031 c40370726a a171 05",
        /* message_post: no message, one that is no array, one without a body, a ttl of text */
        "9a " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400",
        "9b " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 01",
        "9b " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 93 3c 00 a0",
        "9b " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 94 a13c 00 a0 c400",
        "9b " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 94 cf0000000100000000 00 a0 c400",
        "99 " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE,
        /* an unknown flag, flags twice */
        "9b " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 02 94 3c 00 a0 c400",
        "9c " HEX_NUMBER "01 " HEX_LEFT HEX_KEY HEX_QUEUE "c400 01 01 94 3c 00 a0 c400",
        /* message_list: too short */
        "9d " HEX_NUMBER "02 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "c400 00 00 0a",
        /* message_get: half an id, an id beyond 55 bits */
        "9a " HEX_NUMBER "03 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "01",
        "9b " HEX_NUMBER "03 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "01 cf0080000000000000",
        /* message_delete: an unknown rule, a claim of fifteen bytes, no list of claims, half an id */
        "9d " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE "04 90 01 02",
        "9d " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE
        "03 91 c40f000000000000000000000000000000 01 02",
        "9c " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE "00 01 02",
        "9c " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE "00 90 01",
        "99 " HEX_NUMBER "04 " HEX_LEFT HEX_KEY HEX_QUEUE,
        /* queue_purge: nothing, and what is unknown */
        "9a " HEX_NUMBER "0b " HEX_LEFT HEX_KEY HEX_QUEUE "00",
        "9a " HEX_NUMBER "0b " HEX_LEFT HEX_KEY HEX_QUEUE "04",
        /* subscription_put: none may be there, no subscriber, no options, a ttl beyond the calendar */
        "9d " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "00 3c " HEX_URI "c4027b7d",
        "9d " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "01 3c c400 c4027b7d",
        "9d " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "01 3c " HEX_URI "c400",
        "9d " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "01 cf0000003afff44180 " HEX_URI
        "c4027b7d",
        "9c " HEX_NUMBER "0e " HEX_LEFT HEX_KEY HEX_QUEUE "01 3c " HEX_URI,
        /* subscription_list: no limit, too large a one */
        "9c " HEX_NUMBER "0f " HEX_LEFT HEX_NO_KEY HEX_QUEUE "00 00 00",
        "9c " HEX_NUMBER "0f " HEX_LEFT HEX_NO_KEY HEX_QUEUE "00 00 cd1001",
        /* subscription_get: half an id. subscription_update: too short. subscription_confirm: a number */
        "9a " HEX_NUMBER "10 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "01",
        "9d " HEX_NUMBER "11 " HEX_LEFT HEX_KEY HEX_QUEUE "01 02 00 c400",
        "9c " HEX_NUMBER "13 " HEX_LEFT HEX_KEY HEX_QUEUE "01 02 01",
        /* claim_create: no dead letter member, a dead letter that is short, or no array */
        "9c " HEX_NUMBER "06 " HEX_LEFT HEX_KEY HEX_QUEUE "0a cd012c 3c",
        "9d " HEX_NUMBER "06 " HEX_LEFT HEX_KEY HEX_QUEUE "0a cd012c 3c 93 03 3c c400",
        "9d " HEX_NUMBER "06 " HEX_LEFT HEX_KEY HEX_QUEUE "0a cd012c 3c c2",
        /* claims without their id */
        "99 " HEX_NUMBER "07 " HEX_LEFT HEX_NO_KEY HEX_QUEUE,
        "9a " HEX_NUMBER "07 " HEX_LEFT HEX_NO_KEY HEX_QUEUE "c400",
        "99 " HEX_NUMBER "09 " HEX_LEFT HEX_KEY HEX_QUEUE,
        "9b " HEX_NUMBER "08 " HEX_LEFT HEX_KEY HEX_QUEUE HEX_CLAIM "cd012c",
    };
    struct op op;

    for (size_t i = 0; i < COUNT(refused); i++)
        if (readable_op(from_hex(refused[i], *state), &op, *state))
            fail_msg("%s was taken", refused[i]);
}

static bool survives(const struct op *op, struct arena *a)
{
    struct buffer b = {0};
    struct op back;
    bool read;

    wire_add_op(&b, &golden_wire_op, op);
    read = readable_op(arena_copy(a, buffer_slice(&b)), &back, a);
    buffer_fini(&b);
    return read;
}

static void test_wire_op_out_of_bounds_is_refused(void **state)
{
    static const struct message_id ids[WIRE_ITEMS_MAX + 1];
    static const struct claim_id claims[WIRE_ITEMS_MAX + 1];
    static const char client[CLIENT_ID_BYTES_MAX + 1];
    static const uint32_t limits[] = {0, 1, WIRE_ITEMS_MAX, WIRE_ITEMS_MAX + 1};
    struct op get = golden_ops[2].op, deletion = golden_ops[3].op, post = golden_ops[0].op;
    struct op list = golden_ops[1].op, pop = golden_ops[4].op, claim = golden_ops[5].op;

    for (size_t i = 0; i < COUNT(limits); i++) {
        bool fine = limits[i] >= 1 && limits[i] <= WIRE_ITEMS_MAX;

        list.in.message_list.limit = pop.in.message_pop.limit = limits[i];
        claim.in.claim_create.limit = limits[i];
        assert_int_equal(survives(&list, *state), fine);
        assert_int_equal(survives(&pop, *state), fine);
        assert_int_equal(survives(&claim, *state), fine);
    }
    list.in.message_list.limit = 1;
    for (uint32_t n = WIRE_ITEMS_MAX; n <= WIRE_ITEMS_MAX + 1; n++) {
        get.in.message_get.ids = deletion.in.message_delete.ids = ids;
        get.in.message_get.n = deletion.in.message_delete.n = n;
        deletion.in.message_delete.claims_n = 1;
        assert_int_equal(survives(&get, *state), n == WIRE_ITEMS_MAX);
        assert_int_equal(survives(&deletion, *state), n == WIRE_ITEMS_MAX);
        deletion.in.message_delete.n = 1;
        deletion.in.message_delete.claims = claims;
        deletion.in.message_delete.claims_n = n;
        assert_int_equal(survives(&deletion, *state), n == WIRE_ITEMS_MAX);
    }
    for (size_t len = CLIENT_ID_BYTES_MAX; len <= CLIENT_ID_BYTES_MAX + 1; len++) {
        post.in.message_post.client = (struct slice){client, len};
        list.in.message_list.client = (struct slice){client, len};
        assert_int_equal(survives(&post, *state), len == CLIENT_ID_BYTES_MAX);
        assert_int_equal(survives(&list, *state), len == CLIENT_ID_BYTES_MAX);
    }
}

static void test_wire_deletion_of_one_names_one_and_its_claim(void **state)
{
    static const struct {
        enum delete_rule rule;
        uint32_t ids, claims;
        bool fine;
    } cases[] = {
        {DELETE_ANY, 0, 0, true},   {DELETE_ANY, 2, 0, true},     {DELETE_FREE, 1, 0, true},
        {DELETE_FREE, 0, 0, false}, {DELETE_FREE, 2, 0, false},   {DELETE_ONE, 1, 1, true},
        {DELETE_ONE, 1, 0, false},  {DELETE_ONE, 1, 2, false},    {DELETE_ONE, 2, 1, false},
        {DELETE_ONE, 0, 1, false},  {DELETE_CLAIMED, 2, 2, true}, {DELETE_CLAIMED, 2, 0, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct op op = golden_ops[3].op;

        op.in.message_delete.rule = cases[i].rule;
        op.in.message_delete.ids = two_ids;
        op.in.message_delete.n = cases[i].ids;
        op.in.message_delete.claims_n = cases[i].claims;
        if (survives(&op, *state) != cases[i].fine)
            fail_msg("case %zu", i);
    }
}

static void test_wire_outcome_that_is_damaged_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "c0",
        "90",
        "80",
        "93 " HEX_NUMBER "04 00",
        "94 ff 04 00 " HEX_NOW,
        "94 " HEX_NUMBER "00 00 " HEX_NOW,
        "94 " HEX_NUMBER "7f 00 " HEX_NOW,
        "94 " HEX_NUMBER "cf0000000100000004 00 " HEX_NOW,
        "94 " HEX_NUMBER "04 ff " HEX_NOW,
        "94 " HEX_NUMBER "04 00 ff",
        "94 " HEX_NUMBER "04 00 a0",
        "94 " HEX_NUMBER "a0 00 " HEX_NOW,
        "94 " HEX_NUMBER "04 00 cf8000000000000000",
    };

    for (size_t i = 0; i < COUNT(refused); i++) {
        struct wire_reader r = {from_hex(refused[i], *state)};
        struct outstanding o = {.any_number = true};
        struct failure f = {0};
        struct op *found = &o.op;

        if (wire_read_outcome(&r, find, &o, &found, *state, &f) != ST_INVALID)
            fail_msg("%s was taken", refused[i]);
        assert_null(found);
        assert_int_equal(f.st, ST_INVALID);
    }
}

/* ---- Any bytes may come in -------------------------------------------------------------------- */

/* read_request reads a whole frame as a worker does; what was read is written and read again. Gives
 * the number of operations, -1 when the frame was refused. */
static int read_request(struct slice frame)
{
    struct arena a = {0};
    struct wire_header h;
    struct wire_reader r;
    struct failure f;
    int n = 0;

    arena_alloc(&a, 1); /* a new one has a test of its own */
    if (wire_read_begin(&r, frame, &h, &f) != ST_OK)
        n = -1;
    while (n >= 0 && wire_read_more(&r)) {
        struct op op = {.code = (enum op_code)0};
        struct wire_op w;

        if (wire_read_op(&r, &w, &op, &a, &f) != ST_OK) {
            assert_int_equal(f.st, ST_INVALID);
            n = -1;
        } else {
            assert_true(survives(&op, &a));
            n++;
        }
    }
    arena_fini(&a);
    return n;
}

/* read_reply reads a whole frame as a router does that has asked everything. */
static int read_reply(struct slice frame)
{
    struct outstanding o = {.any_number = true};
    struct arena a = {0};
    struct wire_header h;
    struct wire_reader r;
    struct buffer b = {0};
    struct failure f;
    int n = 0;

    arena_alloc(&a, 1); /* a new one has a test of its own */
    if (wire_read_begin(&r, frame, &h, &f) != ST_OK)
        n = -1;
    while (n >= 0 && wire_read_more(&r)) {
        struct op *found;

        if (wire_read_outcome(&r, find, &o, &found, &a, &f) != ST_OK) {
            assert_int_equal(f.st, ST_INVALID);
            n = -1;
        } else {
            wire_add_outcome(&b, 1, found);
            n++;
        }
    }
    buffer_fini(&b);
    arena_fini(&a);
    return n;
}

typedef int read_frame_fn(struct slice frame);

/* read_exactly reads a copy that ends where its memory ends. */
static int read_exactly(read_frame_fn *read_frame, struct slice frame)
{
    char *copy = malloc(frame.len + 1);
    int n;

    memcpy(copy + 1, frame.p, frame.len);
    n = read_frame((struct slice){copy + 1, frame.len});
    free(copy);
    return n;
}

static size_t golden_n(read_frame_fn *read_frame)
{
    return read_frame == read_request ? COUNT(golden_ops) : COUNT(golden_outcomes);
}

/* golden_frame writes a header and one golden operation or outcome; *header is the header's length. */
static void golden_frame(read_frame_fn *read_frame, size_t i, struct buffer *b, size_t *header)
{
    wire_add_header(b, &(struct wire_header){WIRE_VERSION, NOW_MS, 3});
    *header = b->len;
    if (read_frame == read_request)
        wire_add_op(b, &golden_wire_op, &golden_ops[i].op);
    else
        wire_add_outcome(b, 300, &golden_outcomes[i].op);
}

static void check_truncations(read_frame_fn *read_frame)
{
    for (size_t i = 0; i < golden_n(read_frame); i++) {
        struct buffer b = {0};
        size_t header;

        golden_frame(read_frame, i, &b, &header);
        for (size_t len = 0; len <= b.len; len++)
            assert_int_equal(read_exactly(read_frame, (struct slice){b.p, len}), len == header ? 0
                                                                                 : len == b.len
                                                                                     ? 1
                                                                                     : -1);
        buffer_fini(&b);
    }
}

static void test_wire_truncated_requests_are_refused(void **state)
{
    (void)state;
    check_truncations(read_request);
}

static void test_wire_truncated_replies_are_refused(void **state)
{
    (void)state;
    check_truncations(read_reply);
}

static void spoil(struct dice *d, struct buffer *b)
{
    static const unsigned char forms[] = {
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xc6, 0xc7,
        0xca, 0xcc, 0xcf, 0xd0, 0xd3, 0xd4, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff};

    for (size_t n = 1 + dice_below(d, 4); n > 0 && b->len > 0; n--) {
        size_t at = dice_below(d, b->len);

        switch (dice_below(d, 4)) {
        case 0:
            b->p[at] = (char)dice_next(d);
            break;
        case 1:
            b->p[at] = (char)forms[dice_below(d, COUNT(forms))];
            break;
        case 2:
            b->p[at] = (char)(b->p[at] ^ 1 << dice_below(d, 8));
            break;
        case 3:
            memmove(b->p + at, b->p + at + 1, b->len - at - 1);
            b->len--;
            break;
        }
    }
}

/* announces_much tells of arrays and maps with counts of four bytes. They have a test of their own: the
 * sanitizers' allocators take seconds for some GiB that nobody touches. */
static bool announces_much(struct slice frame)
{
    return memchr(frame.p, 0xdd, frame.len) != NULL || memchr(frame.p, 0xdf, frame.len) != NULL;
}

static void check_mutations(read_frame_fn *read_frame, const char *test)
{
    struct dice dice = dice_new(test);
    unsigned refused = 0, read = 0;

    for (int i = 0; i < 12000; i++) {
        struct buffer b = {0};
        size_t header;

        golden_frame(read_frame, dice_below(&dice, golden_n(read_frame)), &b, &header);
        spoil(&dice, &b);
        if (announces_much(buffer_slice(&b))) {
            buffer_fini(&b);
            continue;
        }
        *(read_exactly(read_frame, buffer_slice(&b)) < 0 ? &refused : &read) += 1;
        buffer_fini(&b);
    }
    assert_true(refused > 1000 && read > 1000); /* else the mutations are no good */
}

static void test_wire_mutated_requests_never_crash(void **state)
{
    (void)state;
    check_mutations(read_request, __func__);
}

static void test_wire_mutated_replies_never_crash(void **state)
{
    (void)state;
    check_mutations(read_reply, __func__);
}

static void test_wire_announced_lengths_are_not_believed(void **state)
{
    static const char *const refused[] = {
        "dc ffff",
        "de ffff",
        "da ffff 00",
        "c5 ffff 00",
        "9f",
        "db ffffffff 00",
        "c6 ffffffff 00",
        "c9 ffffffff 00 00",
        "91 dc ffff 91 dc ffff 91 dc ffff 91 dc ffff",
    };

    for (size_t i = 0; i < COUNT(refused); i++) {
        struct slice frame = from_hex(refused[i], *state);

        assert_int_equal(read_exactly(read_request, frame), -1);
        assert_int_equal(read_exactly(read_reply, frame), -1);
    }
}

/* peak_kb gives the most address space that the process has had. */
static long peak_kb(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kb = -1;

    assert_non_null(status);
    while (kb < 0 && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "VmPeak:", 7) == 0)
            kb = strtol(line + 7, NULL, 10);
    fclose(status);
    assert_true(kb > 0);
    return kb;
}

/* A few bytes announce 16 Mi elements: memory for them is not to be had by announcing. This comes before
 * the mutations: the peak of a process never goes back. */
static void test_wire_announced_counts_take_no_memory(void **state)
{
    static const char *const refused[] = {"dd 00ffffff", "91 dd 00ffffff", "df 00ffffff"};
    long before = peak_kb();

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_int_equal(read_exactly(read_request, from_hex(refused[i], *state)), -1);
        if (peak_kb() - before > 100 * 1024)
            fail_msg("%s took %ld KiB", refused[i], peak_kb() - before);
    }
}

static void test_wire_deep_nesting_is_refused(void **state)
{
    struct buffer b = {0};

    (void)state;
    wire_add_header(&b, &(struct wire_header){WIRE_VERSION, NOW_MS, 3});
    for (int i = 0; i < 100000; i++)
        buffer_add_char(&b, (char)0x91);
    buffer_add_char(&b, 0);
    assert_int_equal(read_exactly(read_request, buffer_slice(&b)), -1);
    assert_int_equal(read_exactly(read_reply, buffer_slice(&b)), -1);
    buffer_fini(&b);
}

static int make_arena(void **state)
{
    static struct arena a;

    arena_alloc(&a, 1);
    *state = &a;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_header_of_a_request_is_golden),
        cmocka_unit_test(test_wire_header_of_a_reply_is_golden),
        cmocka_unit_test(test_wire_ops_are_written_as_the_golden_frames),
        cmocka_unit_test(test_wire_ops_are_read_from_the_golden_frames),
        cmocka_unit_test(test_wire_outcomes_are_written_as_the_golden_frames),
        cmocka_unit_test(test_wire_outcomes_are_read_from_the_golden_frames),
        cmocka_unit_test(test_wire_frame_holds_operations_until_it_ends),
        cmocka_unit_test(test_wire_reading_borrows_the_frame),
        cmocka_unit_test(test_wire_every_op_comes_back_with_all_its_fields),
        cmocka_unit_test(test_wire_every_outcome_comes_back_with_all_its_fields),
        cmocka_unit_test(test_wire_readers_do_without_members_that_a_newer_peer_adds),
        cmocka_unit_test(test_wire_bin_admits_str_and_longer_forms_of_numbers),
        cmocka_unit_test(test_wire_number_that_is_not_outstanding_is_skipped),
        cmocka_unit_test(test_wire_status_of_a_newer_worker_is_a_failure_all_the_same),
        cmocka_unit_test(test_wire_reason_that_is_too_long_is_cut),
        cmocka_unit_test(test_wire_damaged_result_fails_its_operation_alone),
        cmocka_unit_test(test_wire_header_of_another_version_is_refused),
        cmocka_unit_test(test_wire_header_that_is_damaged_is_refused),
        cmocka_unit_test(test_wire_frame_beyond_the_limit_is_refused_unread),
        cmocka_unit_test(test_wire_op_that_is_damaged_is_refused),
        cmocka_unit_test(test_wire_op_out_of_bounds_is_refused),
        cmocka_unit_test(test_wire_deletion_of_one_names_one_and_its_claim),
        cmocka_unit_test(test_wire_outcome_that_is_damaged_is_refused),
        cmocka_unit_test(test_wire_truncated_requests_are_refused),
        cmocka_unit_test(test_wire_truncated_replies_are_refused),
        cmocka_unit_test(test_wire_announced_lengths_are_not_believed),
        cmocka_unit_test(test_wire_deep_nesting_is_refused),
        cmocka_unit_test(test_wire_announced_counts_take_no_memory),
        cmocka_unit_test(test_wire_mutated_requests_never_crash),
        cmocka_unit_test(test_wire_mutated_replies_never_crash),
        cmocka_unit_test(test_wire_purge_without_a_word_is_of_messages),
        cmocka_unit_test(test_wire_empty_lists_come_back_in_a_new_arena),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
