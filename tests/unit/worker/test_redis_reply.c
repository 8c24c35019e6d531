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
    struct arena a = {0};

    assert_int_equal(reply_take(NULL, &r, reply, &a), REPLY_DONE);
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
    static const char *const good[] = {"*1\r\n$3\r\n1 2\r\n", "*1\r\n$6\r\n41 042\r\n"};
    static const char *const bad[] = {
        "*1\r\n$1\r\n1\r\n",
        "*1\r\n$5\r\n1 2 3\r\n",
        "*1\r\n$4\r\n1 2 \r\n",
        "*1\r\n$4\r\n1  2\r\n",
        "*1\r\n$3\r\n1 x\r\n",
        "*1\r\n$4\r\n1 -2\r\n",
        "*1\r\n$0\r\n\r\n",
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
    CHECK_ALL(op, bad, ST_INTERNAL);
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
    CHECK_ALL(op, bad, ST_INTERNAL);
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
    CHECK_ALL(op, bad, ST_INTERNAL);
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
    assert_int_equal(take(&op, write_message(text, 1, 0)), ST_INTERNAL);
    assert_int_equal(take(&op, write_message(text, 0, 0x80)), ST_INTERNAL);
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
        cmocka_unit_test(test_redis_reply_stats_add_up),
        cmocka_unit_test(test_redis_reply_claim_has_a_time_to_live),
        cmocka_unit_test(test_redis_reply_message_ids_can_be_written),
        cmocka_unit_test(test_redis_reply_time_is_two_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
