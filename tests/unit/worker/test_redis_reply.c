/* tests/unit/worker/test_redis_reply.c - answers of Redis that its scripts don't give: they are refused. */
#include "tests/support/cmocka_all.h"

#include "worker/store/redis/redis.h"

#include <stdio.h>

/* parse gives the first reply of a text in Redis' protocol. */
static redisReply *parse(struct slice text)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(reader, text.p, text.len), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

/* take gives op that answer; the slices of its outcome are not to be looked at. */
static enum status take(struct op *op, struct slice text)
{
    struct op *ops[] = {op};
    struct request r = {.ops = ops, .n = 1, .from = -1};
    redisReply *reply = parse(text);
    struct redis_store s = {.address = "here"};
    struct arena a = {0};

    assert_int_equal(reply_take(&s, &r, reply, &a), REPLY_DONE);
    if (op->st != ST_OK && (op->f.st != op->st || op->f.text[0] == '\0'))
        fail_msg("an outcome without a reason");
    freeReplyObject(reply);
    arena_fini(&a);
    arena_fini(&r.arena);
    return op->st;
}

static void check_all(struct op op, const char *const *texts, size_t n, enum status st)
{
    for (size_t i = 0; i < n; i++) {
        struct op one = op;

        if (take(&one, slice_of(texts[i])) != st)
            fail_msg("case %zu: %s, not %s", i, status_name(one.st), status_name(st));
    }
}

#define CHECK_ALL(op, texts, st) check_all((op), (texts), sizeof(texts) / sizeof((texts)[0]), (st))

static void test_redis_reply_posted_numbers_are_numbers(void **state)
{
    static const char *const good[] = {"*1\r\n$3\r\n1 2\r\n", "*1\r\n$6\r\n41 042\r\n",
                                       /* it came before, with another number of messages */
                                       "*1\r\n$1\r\n1\r\n", "*1\r\n$5\r\n1 2 3\r\n",
                                       "*1\r\n$0\r\n\r\n"};
    static const char *const bad[] = {
        "*1\r\n$1\r\n \r\n",
        "*1\r\n$2\r\n 1\r\n",
        "*1\r\n$4\r\n1 2 \r\n",
        "*1\r\n$4\r\n1  2\r\n",
        "*1\r\n$3\r\n1 x\r\n",
        "*1\r\n$4\r\n1 -2\r\n",
        "*1\r\n:12\r\n",
        "*1\r\n$-1\r\n",
        "*0\r\n",
        "$3\r\n1 2\r\n",
        "*1\r\n$19\r\n1 36028797018963968\r\n",
        "*1\r\n$26\r\n1 999999999999999999999999\r\n",
    };
    struct op op = {.code = OP_message_post, .in.message_post.n = 2};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, bad, ST_REFUSED);
}

/* A message as it was posted is told of by its number and its ttl. */
static void test_redis_reply_head_of_a_message_as_posted(void **state)
{
    static const char *const good[] = {
        "*2\r\n$9\r\n4096-0 60\r\n$1\r\n7\r\n",
        "*2\r\n$15\r\n4096-0 60 MD5:x\r\n$1\r\n7\r\n",
        "*2\r\n$10\r\n4096-0 60 \r\n$1\r\n7\r\n",
    };
    static const char *const bad[] = {
        "*2\r\n$6\r\n4096-0\r\n$1\r\n7\r\n",
        "*2\r\n$7\r\n4096-0 \r\n$1\r\n7\r\n",
        "*2\r\n$9\r\n4096-1 60\r\n$1\r\n7\r\n",
        "*2\r\n$7\r\n4096 60\r\n$1\r\n7\r\n",
        "*2\r\n$9\r\n40x6-0 60\r\n$1\r\n7\r\n",
        "*2\r\n$9\r\n4096-0 -6\r\n$1\r\n7\r\n",
        "*2\r\n$17\r\n4096-0 4294967296\r\n$1\r\n7\r\n",
        "*2\r\n$25\r\n18446744073709551617-0 60\r\n$1\r\n7\r\n",
        "*2\r\n$5\r\n-0 60\r\n$1\r\n7\r\n",
        "*1\r\n$9\r\n4096-0 60\r\n",
    };
    struct op op = {.code = OP_message_pop};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, bad, ST_REFUSED);
}

static void test_redis_reply_message_as_posted(void **state)
{
    struct op pop = {.code = OP_message_pop, .queue.epoch = 5};
    struct op claim = {.code = OP_claim_create, .key = {"0123456789abcdef"}};
    struct op *ops[] = {&pop};
    struct request r = {.ops = ops, .n = 1, .from = -1};
    redisReply *reply = parse(SLICE("*2\r\n$15\r\n8192-0 60 MD5:x\r\n$3\r\n1.0\r\n"));
    redisReply *each = parse(SLICE("*1\r\n*2\r\n$9\r\n8192-0 60\r\n$3\r\n1.0\r\n"));
    struct redis_store s = {.address = "here"};
    struct arena a = {0};
    const struct message *m;

    (void)state;
    assert_int_equal(reply_take(&s, &r, reply, &a), REPLY_DONE);
    assert_int_equal(pop.out.messages.n, 1);
    m = &pop.out.messages.list[0];
    assert_int_equal(m->id.epoch, 5);
    assert_int_equal(m->id.seq, 8192);
    assert_int_equal(m->seq, 8192);
    assert_int_equal(m->created_ms, 1577836800002);
    assert_int_equal(m->expires_ms, 1577836860002);
    assert_int_equal(m->claim_count, 0);
    assert_false(m->claimed);
    assert_true(slice_eq(m->checksum, SLICE("MD5:x")));
    assert_true(slice_eq(m->body, SLICE("1.0")));
    r.ops[0] = &claim;
    assert_int_equal(reply_take(&s, &r, each, &a), REPLY_DONE);
    assert_int_equal(claim.out.messages.n, 1);
    m = &claim.out.messages.list[0];
    assert_true(m->claimed);
    assert_int_equal(m->claim_count, 1);
    assert_memory_equal(m->claim_id.bytes, claim.key.bytes, CLAIM_ID_BYTES);
    assert_int_equal(m->checksum.len, 0);
    freeReplyObject(reply);
    freeReplyObject(each);
    arena_fini(&a);
}

static void test_redis_reply_stats_add_up(void **state)
{
    static const char *const good[] = {
        "*2\r\n:0\r\n:0\r\n",
        "*2\r\n:3\r\n:5\r\n",
        "*8\r\n:1\r\n:3\r\n:7\r\n:1\r\n:1700000000000\r\n:7\r\n:9\r\n:1700000000001\r\n",
    };
    static const char *const bad[] = {
        "*2\r\n:5\r\n:3\r\n",
        "*2\r\n:-1\r\n:3\r\n",
        "*2\r\n:1\r\n$1\r\n3\r\n",
        "*3\r\n:1\r\n:3\r\n:7\r\n",
        "*8\r\n:1\r\n:3\r\n:7\r\n:-1\r\n:1700000000000\r\n:7\r\n:9\r\n:1700000000001\r\n",
        "*8\r\n:1\r\n:3\r\n:7\r\n:1\r\n:1700000000000\r\n:7\r\n:36028797018963968\r\n:1\r\n",
        "+OK\r\n",
    };
    struct op op = {.code = OP_queue_stats};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, bad, ST_REFUSED);
}

static void test_redis_reply_claim_has_a_time_to_live(void **state)
{
    static const char *const good[] = {"*2\r\n:1700000000000\r\n:60\r\n"};
    static const char *const bad[] = {
        "*2\r\n:1\r\n:-1\r\n", "*2\r\n:1\r\n:4294967296\r\n", "*2\r\n:1\r\n$2\r\n60\r\n",
        "*1\r\n:1\r\n",        "*3\r\n:1\r\n:1\r\n:1\r\n",    "$-1\r\n",
    };
    struct op op = {.code = OP_claim_get};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, bad, ST_REFUSED);
}

/* write_message gives an array of one message with an epoch and a number, in Redis' protocol. */
static struct slice write_message(char text[128], unsigned char epoch_high, unsigned char seq_high)
{
    static const char begin[] = "*2\r\n$45\r\n", end[] = "\r\n$1\r\n1\r\n";
    char *head = text + strlen(begin);

    memset(text, 0, 128);
    memcpy(text, begin, strlen(begin));
    head[0] = (char)epoch_high;
    head[8] = (char)seq_high;
    memcpy(head + 45, end, strlen(end));
    return (struct slice){text, strlen(begin) + 45 + strlen(end)};
}

static void test_redis_reply_message_ids_can_be_written(void **state)
{
    struct op op = {.code = OP_message_get};
    char text[128];

    (void)state;
    assert_int_equal(take(&op, write_message(text, 0, 0)), ST_OK);
    assert_int_equal(op.out.messages.n, 1);
    assert_int_equal(take(&op, write_message(text, 1, 0)), ST_REFUSED);
    assert_int_equal(take(&op, write_message(text, 0, 0x80)), ST_REFUSED);
}

static void test_redis_reply_of_few_words(void **state)
{
    static const char *const one[] = {":1\r\n"};
    static const char *const none[] = {":0\r\n"};
    static const char *const bad[] = {"+OK\r\n", "$-1\r\n", "*-1\r\n",    ":5\r\n",
                                      ":-1\r\n", "*0\r\n",  "$1\r\n1\r\n"};
    static const struct {
        enum op_code code;
        enum status none;
    } cases[] = {
        {OP_claim_renew, ST_NOT_FOUND},         {OP_claim_release, ST_REFUSED},
        {OP_queue_purge, ST_REFUSED},           {OP_queue_drop, ST_REFUSED},
        {OP_subscription_update, ST_NOT_FOUND}, {OP_subscription_confirm, ST_NOT_FOUND},
        {OP_subscription_delete, ST_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct op op = {.code = cases[i].code};

        CHECK_ALL(op, one, ST_OK);
        CHECK_ALL(op, none, cases[i].none);
        CHECK_ALL(op, bad, ST_REFUSED);
    }
}

static void test_redis_reply_to_a_put_is_a_number_and_two_flags(void **state)
{
    static const char *const good[] = {"$8\r\n4096 0 0\r\n", "$5\r\n0 1 1\r\n",
                                       "$21\r\n36028797018963967 1 0\r\n"};
    static const char *const full[] = {"$4\r\nfull\r\n"};
    static const char *const bad[] = {"$6\r\n4096 0\r\n",
                                      "$8\r\n4096 0 2\r\n",
                                      "$8\r\n4096 x 0\r\n",
                                      "$9\r\n4096 0 0 \r\n",
                                      "$10\r\n4096 0 0 0\r\n",
                                      "$4\r\n 0 0\r\n",
                                      "$21\r\n36028797018963968 1 0\r\n",
                                      "$0\r\n\r\n",
                                      "$-1\r\n",
                                      ":1\r\n",
                                      "*0\r\n"};
    struct op op = {.code = OP_subscription_put, .queue.epoch = 7};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, full, ST_FULL);
    CHECK_ALL(op, bad, ST_REFUSED);
    take(&op, slice_of("$8\r\n4096 1 0\r\n"));
    assert_true(message_id_eq(op.out.subscription_put.id, (struct message_id){7, 4096}));
    assert_true(op.out.subscription_put.existed);
    assert_false(op.out.subscription_put.confirmed);
}

/* write_subscription gives the answer with one subscription. */
static struct slice write_subscription(char text[128], size_t head_bytes, uint8_t top_of_ttl)
{
    int len = snprintf(text, 128, "*3\r\n$%zu\r\n", head_bytes);

    memset(text + len, 0, head_bytes);
    text[len + 7] = 8;
    text[len + 16] = (char)top_of_ttl;
    text[len + 23] = 60;
    len += (int)head_bytes;
    len += snprintf(text + len, 128 - (size_t)len, "\r\n$1\r\na\r\n$2\r\n{}\r\n");
    return (struct slice){text, (size_t)len};
}

static void test_redis_reply_subscription_has_a_head_of_its_size(void **state)
{
    static const char *const bad[] = {"*2\r\n$1\r\na\r\n$1\r\na\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n",
                                      ":1\r\n", "$-1\r\n", "$4\r\nfull\r\n"};
    static const char *const none[] = {"*0\r\n"};
    struct op get = {.code = OP_subscription_get}, list = {.code = OP_subscription_list};
    char text[128];

    (void)state;
    assert_int_equal(take(&get, write_subscription(text, 25, 0)), ST_OK);
    assert_int_equal(get.out.subscriptions.n, 1);
    assert_int_equal(take(&list, write_subscription(text, 25, 0)), ST_OK);
    assert_int_equal(take(&get, write_subscription(text, 24, 0)), ST_REFUSED);
    assert_int_equal(take(&get, write_subscription(text, 26, 0)), ST_REFUSED);
    assert_int_equal(take(&get, write_subscription(text, 25, 1)), ST_REFUSED);
    CHECK_ALL(get, bad, ST_REFUSED);
    CHECK_ALL(list, bad, ST_REFUSED);
    CHECK_ALL(get, none, ST_NOT_FOUND);
    CHECK_ALL(list, none, ST_OK);
}

/* Only an update can meet another subscription of the subscriber. */
static void test_redis_reply_taken_subscriber_is_a_conflict(void **state)
{
    struct op update = {.code = OP_subscription_update}, yes = {.code = OP_subscription_confirm};

    (void)state;
    assert_int_equal(take(&update, slice_of(":2\r\n")), ST_CONFLICT);
    assert_int_equal(take(&yes, slice_of(":2\r\n")), ST_REFUSED);
}

static void test_redis_reply_to_ping(void **state)
{
    static const char *const good[] = {"+PONG\r\n", "$4\r\nPONG\r\n"};
    static const char *const bad[] = {"+OK\r\n", "$-1\r\n", ":1\r\n"};
    struct op op = {.code = OP_store_ping};

    (void)state;
    CHECK_ALL(op, good, ST_OK);
    CHECK_ALL(op, bad, ST_REFUSED);
}

static void test_redis_reply_errors_are_refusals_unless_a_script_is_wrong(void **state)
{
    static const char *const refusals[] = {
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
    };
    static const char *const bugs[] = {"-ERR Error running script: x\r\n"};
    struct op op = {.code = OP_message_post, .in.message_post.n = 1};

    (void)state;
    CHECK_ALL(op, refusals, ST_REFUSED);
    CHECK_ALL(op, bugs, ST_INTERNAL);
}

/* Some errors repeat the command, and so the names of queues and what was posted. */
static void test_redis_reply_errors_tell_nothing_of_clients(void **state)
{
    struct op op = {.code = OP_message_get};

    (void)state;
    take(&op, SLICE("-ERR unknown command 'EVAL', with args beginning with: 'return 1' "
                    "'secret'\r\n"));
    assert_string_equal(op.f.text, "ERR unknown command 'EVAL'");
}

static bool read_time(const char *text, int64_t *now_ms)
{
    redisReply *reply = parse(slice_of(text));
    bool is_time = reply_time(reply, now_ms);

    freeReplyObject(reply);
    return is_time;
}

/* Another server than Redis may stand there. */
static void test_redis_reply_time_is_two_numbers(void **state)
{
    static const char *const bad[] = {
        "*2\r\n$-1\r\n$-1\r\n",
        "*2\r\n:1700000000\r\n:5\r\n",
        "*2\r\n*0\r\n*0\r\n",
        "*2\r\n$1\r\n1\r\n$0\r\n\r\n",
        "*2\r\n$2\r\n-1\r\n$1\r\n1\r\n",
        "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n1\r\n",
        "*2\r\n$17\r\n36028797018963967\r\n$1\r\n1\r\n",
        "*1\r\n$1\r\n1\r\n",
        "$1\r\n1\r\n",
        "-LOADING\r\n",
        "*-1\r\n",
    };
    int64_t now_ms;

    (void)state;
    assert_true(read_time("*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n", &now_ms));
    assert_int_equal(now_ms, 1700000000123);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_time(bad[i], &now_ms))
            fail_msg("case %zu: %lld", i, (long long)now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redis_reply_posted_numbers_are_numbers),
        cmocka_unit_test(test_redis_reply_head_of_a_message_as_posted),
        cmocka_unit_test(test_redis_reply_message_as_posted),
        cmocka_unit_test(test_redis_reply_stats_add_up),
        cmocka_unit_test(test_redis_reply_claim_has_a_time_to_live),
        cmocka_unit_test(test_redis_reply_message_ids_can_be_written),
        cmocka_unit_test(test_redis_reply_of_few_words),
        cmocka_unit_test(test_redis_reply_to_a_put_is_a_number_and_two_flags),
        cmocka_unit_test(test_redis_reply_subscription_has_a_head_of_its_size),
        cmocka_unit_test(test_redis_reply_taken_subscriber_is_a_conflict),
        cmocka_unit_test(test_redis_reply_to_ping),
        cmocka_unit_test(test_redis_reply_errors_are_refusals_unless_a_script_is_wrong),
        cmocka_unit_test(test_redis_reply_errors_tell_nothing_of_clients),
        cmocka_unit_test(test_redis_reply_time_is_two_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
