/* What time does: delays, expiry, sweeping, and that nothing stays behind. */
#include "tests/conformance/store_conformance.h"

#include <stdio.h>

static const struct message_id beginning = {0, 0};

static void test_delayed_message_waits(void **state)
{
    struct fixture *fx = *state;
    struct message_id late = fixture_post(fx, "me", "late", 600, 30);
    struct list l;

    fixture_post(fx, "me", "now", 600, 0);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 1);
    assert_slice(l.m[0].body, "now");
    l = fixture_list(fx, "you", beginning, 10, WITH_DELAYED);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].body, "late");
    assert_int_equal(fixture_get(fx, &late, 1).n, 1);
    l = fixture_claim(fx, claim_id_new(), 10, 600, 60);
    assert_int_equal(l.n, 1);
    fixture_advance_ms(29999);
    assert_int_equal(fixture_pop(fx, 10).n, 0);
    fixture_advance_ms(1);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 1);
    assert_slice(l.m[0].body, "late");
    l = fixture_pop(fx, 10);
    assert_int_equal(l.n, 1);
    assert_true(message_id_eq(l.m[0].id, late));
}

static void test_expired_messages_are_gone_everywhere(void **state)
{
    struct fixture *fx = *state;
    struct message_id ids[3];
    struct op s;

    ids[0] = fixture_post(fx, "me", "0", 60, 0);
    ids[1] = fixture_post(fx, "me", "1", 61, 30);
    ids[2] = fixture_post(fx, "me", "2", 600, 0);
    fixture_advance_ms(59999);
    assert_int_equal(fixture_get(fx, ids, 3).n, 3);
    fixture_advance_ms(1);
    assert_int_equal(fixture_get(fx, ids, 3).n, 2);
    fixture_advance_ms(1000);
    assert_int_equal(fixture_get(fx, ids, 3).n, 1);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED | WITH_DELAYED).n, 1);
    s = fixture_stats(fx);
    assert_int_equal(s.out.queue_stats.free, 1);
    assert_true(message_id_eq(s.out.queue_stats.oldest, ids[2]));
    assert_int_equal(fixture_delete(fx, DELETE_FREE, ids[0], NULL), ST_OK);
    assert_int_equal(fixture_claim(fx, claim_id_new(), 10, 60, 60).n, 1);
}

static void test_all_expired_is_as_empty(void **state)
{
    struct fixture *fx = *state;
    struct op s;

    for (uint32_t i = 0; i < 20; i++)
        fixture_post(fx, "me", "1", 60 + i, 0); /* more ttls than a store may treat specially */
    fixture_advance_ms(100 * 1000);
    s = fixture_stats(fx);
    assert_int_equal(s.out.queue_stats.free + s.out.queue_stats.claimed, 0);
    assert_false(s.out.queue_stats.any);
    assert_int_equal(fixture_pop(fx, 10).n, 0);
}

static void test_many_things_due_at_once_are_all_settled(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[100];
    struct list l;

    /* more than one call settles: 3,000 that expire, 1,500 whose claims end, 1,500 that become due */
    for (int kind = 0; kind < 3; kind++) {
        for (int i = 0; i < (kind == 0 ? 30 : 15); i++) {
            struct op op = {.code = OP_message_post, .key = claim_id_new()};

            for (uint32_t j = 0; j < 100; j++)
                m[j] = (struct new_message){kind == 0 ? 60 + j : 6000, kind == 2 ? 90 : 0,
                                            SLICE(""), SLICE("1")};
            op.in.message_post.client = SLICE("me");
            op.in.message_post.messages = m;
            op.in.message_post.n = 100;
            assert_int_equal(fixture_run(fx, &op), ST_OK);
            fixture_advance_ms(1);
        }
        if (kind == 0) {
            for (int i = 0; i < 30; i++) /* under claims that end before they expire */
                fixture_claim(fx, claim_id_new(), 20, 60, 60);
        }
    }
    for (int i = 0; i < 120; i++)
        fixture_claim(fx, claim_id_new(), 20, 60, 60);
    fixture_advance_ms(400 * 1000);
    l = fixture_list(fx, "you", beginning, 1000, 0);
    assert_int_equal(l.n, 1000);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 3000);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 0);
    l = fixture_claim(fx, claim_id_new(), 20, 60, 60);
    assert_int_equal(l.n, 20);
}

/* sweep_until_idle lets the store sweep a few times. It works in the background: the calls in between
 * give it time. */
static void sweep_some(struct fixture *fx)
{
    for (int i = 0; i < 20; i++) {
        fx->store->ops->sweep(fx->store);
        for (int j = 0; j < 3; j++)
            fixture_simple(fx, OP_store_ping);
    }
}

static void test_sweeping_changes_nothing_that_lives(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct op op;

    for (uint32_t i = 0; i < 300; i++)
        fixture_post(fx, "me", "1", 60 + i % 9, i % 4 == 0 ? 20 : 0);
    fixture_post(fx, "me", "2", 600, 0);
    fixture_post(fx, "me", "3", 900, 900);
    fixture_advance_ms(30 * 1000);
    fixture_claim(fx, claim, 20, 600, 60);
    fixture_advance_ms(60 * 1000);
    sweep_some(fx);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_OK);
    assert_int_equal(op.out.messages.n, 20);
    assert_int_equal(fixture_list(fx, "you", beginning, 1000, WITH_DELAYED).n, 2);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 20);
    fixture_advance_ms(545 * 1000); /* the claim has ended, its grace runs */
    sweep_some(fx);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_NOT_FOUND);
    assert_int_equal(fixture_list(fx, "you", beginning, 1000, WITH_DELAYED).n, 21);
    fixture_post(fx, "me", "4", 60, 0);
    assert_int_equal(fixture_list(fx, "you", beginning, 1000, WITH_DELAYED).n, 22);
    fixture_advance_ms(4000 * 1000);
    sweep_some(fx);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
}

/* A clock that begins at 1970, as machines without a battery have it, before any number of a store. */
static int64_t go_to_1970(void)
{
    int64_t now_ms = fixture_now_ms();

    fixture_advance_ms(100 * 1000 - now_ms);
    return now_ms;
}

static void return_to(int64_t now_ms)
{
    fixture_advance_ms(now_ms - fixture_now_ms());
}

/* use_queue does everything with a queue: sweeps, counts, lists, claims, deletes, and pops. Before, first
 * is its only message, and it is empty afterwards. */
static void use_queue(struct fixture *fx, struct message_id first)
{
    struct message_id last = fixture_post(fx, "me", "last", 600, 0);
    struct message_id delayed = fixture_post(fx, "me", "delayed", 60, 10);
    struct claim_id claim = claim_id_new();
    struct op s;
    struct list l;

    assert_true(first.seq < last.seq && last.seq < delayed.seq);
    sweep_some(fx);
    s = fixture_stats(fx);
    assert_int_equal(s.out.queue_stats.free, 3);
    assert_true(message_id_eq(s.out.queue_stats.oldest, first));
    assert_true(message_id_eq(s.out.queue_stats.newest, delayed));
    l = fixture_list(fx, "you", beginning, 10, WITH_DELAYED);
    assert_int_equal(l.n, 3);
    assert_true(message_id_eq(l.m[0].id, first) && message_id_eq(l.m[1].id, last));
    assert_int_equal(fixture_claim(fx, claim, 1, 600, 60).n, 1);
    assert_int_equal(fixture_delete(fx, DELETE_CLAIMED, first, &claim), ST_OK);
    fixture_advance_ms(10 * 1000);
    l = fixture_pop(fx, 10);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].body, "last");
    assert_slice(l.m[1].body, "delayed");
    sweep_some(fx);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
}

static void test_a_clock_before_all_numbers(void **state)
{
    struct fixture *fx = *state;
    int64_t now_ms = go_to_1970();
    struct message_id id;

    use_queue(fx, fixture_post(fx, "me", "first", 600, 0));
    id = fixture_post(fx, "me", "of 1970", 600, 0);
    return_to(now_ms);
    assert_true(fixture_post(fx, "me", "of today", 600, 0).seq > id.seq);
    assert_int_equal(fixture_pop(fx, 10).n >= 1, true); /* that of 1970 may have expired */
    use_queue(fx, fixture_post(fx, "me", "first", 600, 0));
}

static void test_a_clock_that_goes_back_before_all_numbers(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = fixture_post(fx, "me", "of today", 600, 0);
    int64_t now_ms = go_to_1970();

    use_queue(fx, id);
    return_to(now_ms);
    use_queue(fx, fixture_post(fx, "me", "first", 600, 0));
}

const struct CMUnitTest store_time_tests[] = {
    STORE_TEST(test_delayed_message_waits),
    STORE_TEST(test_expired_messages_are_gone_everywhere),
    STORE_TEST(test_all_expired_is_as_empty),
    STORE_TEST(test_many_things_due_at_once_are_all_settled),
    STORE_TEST(test_sweeping_changes_nothing_that_lives),
    STORE_TEST(test_a_clock_before_all_numbers),
    STORE_TEST(test_a_clock_that_goes_back_before_all_numbers),
};
const size_t store_time_tests_n = COUNT_OF(store_time_tests);
