/* Posting, listing, reading, deleting, popping, counting. */
#include "tests/conformance/store_conformance.h"

#include <stdio.h>
#include <stdlib.h>

static const struct message_id beginning = {0, 0};

static void test_posted_messages_are_listed_in_order(void **state)
{
    struct fixture *fx = *state;
    struct message_id ids[5];
    struct list l;

    for (int i = 0; i < 5; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%d", i);
        ids[i] = fixture_post(fx, "me", body, 60 + (uint32_t)i % 2, 0);
    }
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 5);
    for (uint32_t i = 0; i < 5; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%u", i);
        assert_true(message_id_eq(l.m[i].id, ids[i]));
        assert_slice(l.m[i].body, body);
        assert_false(l.m[i].claimed);
        assert_int_equal(l.m[i].claim_count, 0);
        assert_true(l.m[i].expires_ms == l.m[i].created_ms + (60 + i % 2) * 1000);
        if (i > 0)
            assert_true(l.m[i].id.seq > l.m[i - 1].id.seq);
    }
}

static void test_one_post_keeps_the_order_of_its_messages(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[40];
    struct op op = {.code = OP_message_post, .key = claim_id_new()};
    struct list l;

    for (uint32_t i = 0; i < 40; i++)
        m[i] = (struct new_message){60 + i, 0, SLICE(""), arena_printf(&fx->arena, "%u", i)};
    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = m;
    op.in.message_post.n = 40;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(op.out.message_post.n, 40);
    l = fixture_list(fx, "you", beginning, 100, 0);
    assert_int_equal(l.n, 40);
    for (uint32_t i = 0; i < 40; i++) {
        assert_true(message_id_eq(l.m[i].id, op.out.message_post.ids[i]));
        assert_true(slice_eq(l.m[i].body, m[i].body));
    }
}

static void test_bodies_come_back_byte_for_byte(void **state)
{
    struct fixture *fx = *state;
    char *large = malloc(300000);
    struct message_id id;
    struct list l;

    memset(large, 'x', 300000);
    large[0] = large[299998] = '"';
    large[299999] = '\0';
    fixture_post(fx, "me", "{\"a\" : 1.10, \"b\":\t[9223372036854775807]}", 60, 0);
    fixture_post(fx, "me", "\"\xf0\x9f\x90\xa6 \\u0000 \\n\"", 60, 0);
    id = fixture_post(fx, "me", large, 60, 0);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_slice(l.m[0].body, "{\"a\" : 1.10, \"b\":\t[9223372036854775807]}");
    assert_slice(l.m[1].body, "\"\xf0\x9f\x90\xa6 \\u0000 \\n\"");
    assert_slice(l.m[2].body, large);
    l = fixture_get(fx, &id, 1);
    assert_slice(l.m[0].body, large);
    free(large);
}

/* Stages make other bytes of bodies, encrypted ones for example. */
static void test_bodies_may_be_any_bytes(void **state)
{
    struct fixture *fx = *state;
    char bytes[256];
    struct new_message m[2] = {{60, 0, SLICE(""), {bytes, sizeof(bytes)}},
                               {60, 30, SLICE(""), {bytes, 0}}};
    struct op op = {.code = OP_message_post, .key = claim_id_new()};
    struct list l;

    for (int i = 0; i < 256; i++)
        bytes[i] = (char)(i + 1);
    m[1].body.len = 255;
    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = m;
    op.in.message_post.n = 2;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    l = fixture_list(fx, "you", beginning, 10, WITH_DELAYED);
    assert_int_equal(l.n, 2);
    assert_true(slice_eq(l.m[0].body, m[0].body));
    assert_true(slice_eq(l.m[1].body, m[1].body));
    l = fixture_claim(fx, claim_id_new(), 1, 60, 60);
    assert_true(slice_eq(l.m[0].body, m[0].body));
    fixture_advance_ms(61 * 1000);
}

static void test_checksum_stays_with_its_message(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[2] = {{60, 0, SLICE("MD5:abc"), SLICE("1")},
                               {60, 5, SLICE("MD5:def"), SLICE("2")}};
    struct op op = {.code = OP_message_post, .key = claim_id_new()};
    struct list l;

    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = m;
    op.in.message_post.n = 2;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    l = fixture_list(fx, "you", beginning, 10, WITH_DELAYED);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].checksum, "MD5:abc");
    assert_slice(l.m[1].checksum, "MD5:def");
    l = fixture_pop(fx, 1);
    assert_slice(l.m[0].checksum, "MD5:abc");
}

static void test_post_that_comes_twice_enqueues_once(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[2] = {{60, 0, SLICE(""), SLICE("1")}, {90, 7, SLICE(""), SLICE("2")}};
    struct op op = {.code = OP_message_post, .key = claim_id_new()};
    struct op again;
    struct list l;

    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = m;
    op.in.message_post.n = 2;
    again = op;
    again.again = true;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    fixture_post(fx, "me", "3", 60, 0);
    fixture_advance_ms(7000);
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_int_equal(again.out.message_post.n, 2);
    for (int i = 0; i < 2; i++)
        assert_true(message_id_eq(again.out.message_post.ids[i], op.out.message_post.ids[i]));
    l = fixture_list(fx, "you", beginning, 10, WITH_DELAYED);
    assert_int_equal(l.n, 3);
}

static void test_post_that_comes_twice_is_known_after_its_messages_are_gone(void **state)
{
    struct fixture *fx = *state;
    struct new_message m = {60, 0, SLICE(""), SLICE("1")};
    struct op op = {.code = OP_message_post, .key = claim_id_new()};
    struct op again;

    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = &m;
    op.in.message_post.n = 1;
    again = op;
    again.again = true;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(fixture_pop(fx, 1).n, 1);
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_true(message_id_eq(again.out.message_post.ids[0], op.out.message_post.ids[0]));
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED | WITH_DELAYED).n, 0);
}

static void test_first_post_that_comes_last_is_known(void **state)
{
    struct fixture *fx = *state;
    struct new_message m = {60, 0, SLICE(""), SLICE("1")};
    struct op again = {.code = OP_message_post, .key = claim_id_new(), .again = true};
    struct op late;

    again.in.message_post.client = SLICE("me");
    again.in.message_post.messages = &m;
    again.in.message_post.n = 1;
    late = again;
    late.again = false;
    assert_int_equal(fixture_run(fx, &again), ST_OK); /* its first sending is still on the way */
    fixture_advance_ms(7000);
    fixture_post(fx, "me", "2", 60, 0);
    assert_int_equal(fixture_run(fx, &late), ST_OK);
    assert_true(message_id_eq(late.out.message_post.ids[0], again.out.message_post.ids[0]));
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 2);
}

static void test_first_pop_that_comes_last_is_known(void **state)
{
    struct fixture *fx = *state;
    struct op again = {.code = OP_message_pop, .key = claim_id_new(), .again = true};
    struct op late;

    for (int i = 0; i < 4; i++)
        fixture_post(fx, "me", "1", 60, 0);
    again.in.message_pop.limit = 2;
    late = again;
    late.again = false;
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    fixture_advance_ms(7000);
    assert_int_equal(fixture_run(fx, &late), ST_OK);
    assert_int_equal(late.out.messages.n, 2);
    assert_true(message_id_eq(late.out.messages.list[1].id, again.out.messages.list[1].id));
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 2);
}

/* A stage may drop every message of a post, and other ones when it comes again. */
static void test_post_of_nothing_is_known_like_any_other(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[2] = {{60, 0, SLICE(""), SLICE("1")}, {60, 0, SLICE(""), SLICE("2")}};
    struct op nothing = {.code = OP_message_post, .key = claim_id_new()};
    struct op two = {.code = OP_message_post, .key = claim_id_new()};
    struct op again;

    nothing.in.message_post.client = two.in.message_post.client = SLICE("me");
    nothing.in.message_post.messages = two.in.message_post.messages = m;
    two.in.message_post.n = 2;
    again = nothing;
    assert_int_equal(fixture_run(fx, &nothing), ST_OK); /* also of a queue that nobody has used */
    assert_int_equal(nothing.out.message_post.n, 0);
    again.again = true;
    again.in.message_post.n = 2;
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_int_equal(again.out.message_post.n, 0);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);

    again = two;
    assert_int_equal(fixture_run(fx, &two), ST_OK);
    assert_int_equal(two.out.message_post.n, 2);
    for (uint32_t n = 0; n < 2; n++) {
        struct op less = again;

        less.again = true;
        less.in.message_post.n = n;
        assert_int_equal(fixture_run(fx, &less), ST_OK);
        assert_int_equal(less.out.message_post.n, 2);
        assert_true(message_id_eq(less.out.message_post.ids[1], two.out.message_post.ids[1]));
    }
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 2);
}

static void test_posts_of_nothing_join_others_of_their_turn(void **state)
{
    struct fixture *fx = *state;
    struct new_message m = {60, 0, SLICE(""), SLICE("1")};
    struct op ops[9] = {0};

    for (int i = 0; i < 9; i++) {
        ops[i] = (struct op){.code = OP_message_post, .queue = fx->queue, .key = claim_id_new()};
        ops[i].in.message_post.client = SLICE("me");
        ops[i].in.message_post.messages = &m;
        ops[i].in.message_post.n = i % 3 == 1;
    }
    fixture_run_all(fx, ops, 9);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(ops[i].st, ST_OK);
        assert_int_equal(ops[i].out.message_post.n, i % 3 == 1);
    }
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 3);
}

static void test_posts_of_one_turn_keep_their_order(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[30];
    struct op ops[30] = {0};
    struct list l;

    for (uint32_t i = 0; i < 30; i++) {
        m[i] = (struct new_message){60, 0, SLICE(""), arena_printf(&fx->arena, "%u", i)};
        ops[i] = (struct op){.code = OP_message_post, .queue = fx->queue, .key = claim_id_new()};
        ops[i].in.message_post.client = SLICE("me");
        ops[i].in.message_post.messages = &m[i];
        ops[i].in.message_post.n = 1;
    }
    /* the same operation twice in one turn, and another kind in between */
    ops[7].key = ops[3].key;
    ops[7].again = true;
    ops[12].code = OP_queue_stats;
    fixture_run_all(fx, ops, 30);
    for (int i = 0; i < 30; i++)
        assert_int_equal(ops[i].st, ST_OK);
    assert_true(message_id_eq(ops[7].out.message_post.ids[0], ops[3].out.message_post.ids[0]));
    assert_int_equal(ops[12].out.queue_stats.free, 11);
    l = fixture_list(fx, "you", beginning, 100, 0);
    assert_int_equal(l.n, 28);
    for (uint32_t i = 0, at = 0; i < 30; i++) {
        char body[16];

        if (i == 7 || i == 12)
            continue;
        snprintf(body, sizeof(body), "%u", i);
        assert_slice(l.m[at++].body, body);
    }
}

static void test_markers_see_every_message_once(void **state)
{
    struct fixture *fx = *state;
    struct message_id after = beginning;
    uint32_t posted = 0, seen = 0;

    for (int round = 0; round < 30; round++) {
        struct list l;

        for (int i = 0; i < 3; i++) {
            char body[16];

            snprintf(body, sizeof(body), "%u", posted++);
            fixture_post(fx, "me", body, 60 + posted % 11, 0);
        }
        l = fixture_list(fx, "you", after, 4, 0);
        for (uint32_t i = 0; i < l.n; i++) {
            char body[16];

            snprintf(body, sizeof(body), "%u", seen++);
            assert_slice(l.m[i].body, body);
            after = l.m[i].id;
        }
        /* the message that the marker names goes away */
        if (l.n > 0)
            assert_int_equal(fixture_delete(fx, DELETE_ANY, after, NULL), ST_OK);
    }
    assert_int_equal(seen, posted);
}

static void test_marker_of_an_earlier_life_stands_before_everything(void **state)
{
    struct fixture *fx = *state;
    struct message_id old, later;

    old = fixture_post(fx, "me", "1", 60, 0);
    fixture_simple(fx, OP_queue_drop);
    fx->queue.epoch++;
    fixture_post(fx, "me", "2", 60, 0);
    assert_int_equal(fixture_list(fx, "you", old, 10, 0).n, 1);
    later = (struct message_id){fx->queue.epoch + 1, 1};
    assert_int_equal(fixture_list(fx, "you", later, 10, 0).n, 0);
    assert_int_equal(fixture_get(fx, &old, 1).n, 0);
    assert_int_equal(fixture_delete(fx, DELETE_ANY, old, NULL), ST_OK);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 1);
}

static void test_numbers_rise_across_an_emptied_queue(void **state)
{
    struct fixture *fx = *state;
    struct message_id last = beginning;

    for (int i = 0; i < 20; i++) {
        struct message_id id = fixture_post(fx, "me", "1", 60, i % 3 == 0 ? 1 : 0);

        assert_true(id.seq > last.seq);
        last = id;
        if (i % 4 == 0)
            fixture_purge(fx, PURGE_ALL);
        else
            assert_int_equal(fixture_delete(fx, DELETE_ANY, id, NULL), ST_OK);
        fixture_advance_ms(-5); /* even if the clock steps back */
    }
}

static void test_own_messages_are_hidden_unless_echo(void **state)
{
    struct fixture *fx = *state;
    struct list l;

    for (int i = 0; i < 30; i++)
        fixture_post(fx, i % 3 == 0 ? "you" : "me", "1", 60, 0);
    assert_int_equal(fixture_list(fx, "me", beginning, 100, 0).n, 10);
    assert_int_equal(fixture_list(fx, "me", beginning, 100, WITH_OWN).n, 30);
    l = fixture_list(fx, "me", beginning, 10, 0); /* the page is filled */
    assert_int_equal(l.n, 10);
    assert_int_equal(fixture_list(fx, "me", l.m[9].id, 10, 0).n, 0);
}

static void test_page_is_filled_behind_many_own_messages(void **state)
{
    struct fixture *fx = *state;
    struct new_message m[100];
    struct list l;

    for (int i = 0; i < 100; i++)
        m[i] = (struct new_message){60, 0, SLICE(""), SLICE("1")};
    for (int i = 0; i < 15; i++) {
        struct op op = {.code = OP_message_post, .key = claim_id_new()};

        op.in.message_post.client = SLICE("me");
        op.in.message_post.messages = m;
        op.in.message_post.n = 100;
        assert_int_equal(fixture_run(fx, &op), ST_OK);
        fixture_post(fx, "you", "2", 60, 0);
    }
    l = fixture_list(fx, "me", beginning, 12, 0);
    assert_int_equal(l.n, 12);
    for (uint32_t i = 0; i < l.n; i++)
        assert_slice(l.m[i].body, "2");
}

static void test_queues_are_apart(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = fixture_post(fx, "me", "1", 60, 0);
    struct claim_id claim = claim_id_new();
    struct op op;

    assert_int_equal(fixture_claim(fx, claim, 1, 60, 60).n, 1);
    fx->queue = fixture_new_queue("other");
    fixture_post(fx, "me", "2", 60, 0);
    assert_int_equal(fixture_get(fx, &id, 1).n, 0);
    assert_int_equal(fixture_delete(fx, DELETE_ANY, id, NULL), ST_OK);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_NOT_FOUND);
    assert_int_equal(fixture_renew(fx, claim, 60, 60), ST_NOT_FOUND);
    fixture_release(fx, claim);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 1);
}

static void test_get_keeps_the_order_asked_for(void **state)
{
    struct fixture *fx = *state;
    struct message_id ids[4];
    struct list l;

    ids[2] = fixture_post(fx, "me", "2", 60, 0);
    ids[0] = fixture_post(fx, "me", "0", 90, 0);
    ids[3] = fixture_post(fx, "me", "3", 60, 30);
    ids[1] = (struct message_id){fx->queue.epoch, 4711};
    l = fixture_get(fx, ids, 4);
    assert_int_equal(l.n, 3);
    assert_slice(l.m[0].body, "0");
    assert_slice(l.m[1].body, "2");
    assert_slice(l.m[2].body, "3");
}

static void test_pop_takes_the_oldest_and_answers_twice_the_same(void **state)
{
    struct fixture *fx = *state;
    struct op op = {.code = OP_message_pop, .key = claim_id_new()};
    struct op again;

    for (int i = 0; i < 5; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%d", i);
        fixture_post(fx, "me", body, 60, 0);
    }
    op.in.message_pop.limit = 2;
    again = op;
    again.again = true;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(op.out.messages.n, 2);
    assert_slice(op.out.messages.list[0].body, "0");
    assert_slice(op.out.messages.list[1].body, "1");
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_int_equal(again.out.messages.n, 2);
    assert_slice(again.out.messages.list[1].body, "1");
    assert_true(again.out.messages.list[1].created_ms == op.out.messages.list[1].created_ms);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED).n, 3);
    assert_int_equal(fixture_pop(fx, 10).n, 3);
    assert_int_equal(fixture_pop(fx, 10).n, 0);
}

static void test_bulk_delete_takes_claimed_ones_too(void **state)
{
    struct fixture *fx = *state;
    struct message_id ids[4];
    struct claim_id claim = claim_id_new();
    struct op op = {.code = OP_message_delete, .key = claim_id_new()};
    struct op got;

    for (int i = 0; i < 3; i++)
        ids[i] = fixture_post(fx, "me", "1", 60, 0);
    ids[3] = ids[0]; /* named twice */
    assert_int_equal(fixture_claim(fx, claim, 2, 60, 60).n, 2);
    op.in.message_delete.ids = ids;
    op.in.message_delete.n = 4;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 0);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
    assert_int_equal(fixture_claim_get(fx, claim, &got), ST_NOT_FOUND);
}

static void test_stats_count_every_state(void **state)
{
    struct fixture *fx = *state;
    struct message_id first, last;
    struct op s = fixture_stats(fx);

    assert_int_equal(s.out.queue_stats.free + s.out.queue_stats.claimed, 0);
    assert_false(s.out.queue_stats.any);
    first = fixture_post(fx, "me", "1", 60, 0);
    for (int i = 0; i < 4; i++)
        fixture_post(fx, "me", "1", 60 + (uint32_t)i, 0);
    last = fixture_post(fx, "me", "1", 60, 30);
    fixture_claim(fx, claim_id_new(), 2, 60, 60);
    s = fixture_stats(fx);
    assert_int_equal(s.out.queue_stats.claimed, 2);
    assert_int_equal(s.out.queue_stats.free, 4);
    assert_true(s.out.queue_stats.any);
    assert_true(message_id_eq(s.out.queue_stats.oldest, first));
    assert_true(message_id_eq(s.out.queue_stats.newest, last));
    assert_true(s.out.queue_stats.newest_created_ms == fixture_now_ms());
}

static void test_purge_deletes_everything_and_keeps_the_queue(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct op got;

    for (int i = 0; i < 5; i++)
        fixture_post(fx, "me", "1", 60, i == 4 ? 10 : 0);
    fixture_claim(fx, claim, 2, 60, 60);
    fixture_purge(fx, PURGE_ALL);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED | WITH_DELAYED).n, 0);
    assert_int_equal(fixture_claim_get(fx, claim, &got), ST_NOT_FOUND);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
    fixture_post(fx, "me", "2", 60, 0);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 1);
    fixture_advance_ms(120000);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED | WITH_DELAYED).n, 0);
}

static void test_operations_on_an_unknown_queue_find_nothing(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = {fx->queue.epoch, 12345};
    struct claim_id claim = claim_id_new();
    struct op got;

    assert_int_equal(fixture_list(fx, "you", beginning, 10, 0).n, 0);
    assert_int_equal(fixture_get(fx, &id, 1).n, 0);
    assert_int_equal(fixture_pop(fx, 10).n, 0);
    assert_int_equal(fixture_claim(fx, claim, 10, 60, 60).n, 0);
    assert_int_equal(fixture_claim_get(fx, claim, &got), ST_NOT_FOUND);
    assert_int_equal(fixture_delete(fx, DELETE_FREE, id, NULL), ST_OK);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, id, &claim), ST_OK);
    fixture_release(fx, claim);
    fixture_purge(fx, PURGE_ALL);
    fixture_simple(fx, OP_queue_drop);
    fixture_simple(fx, OP_store_ping);
}

const struct CMUnitTest store_message_tests[] = {
    STORE_TEST(test_posted_messages_are_listed_in_order),
    STORE_TEST(test_one_post_keeps_the_order_of_its_messages),
    STORE_TEST(test_bodies_come_back_byte_for_byte),
    STORE_TEST(test_bodies_may_be_any_bytes),
    STORE_TEST(test_checksum_stays_with_its_message),
    STORE_TEST(test_post_that_comes_twice_enqueues_once),
    STORE_TEST(test_post_that_comes_twice_is_known_after_its_messages_are_gone),
    STORE_TEST(test_first_post_that_comes_last_is_known),
    STORE_TEST(test_first_pop_that_comes_last_is_known),
    STORE_TEST(test_post_of_nothing_is_known_like_any_other),
    STORE_TEST(test_posts_of_nothing_join_others_of_their_turn),
    STORE_TEST(test_posts_of_one_turn_keep_their_order),
    STORE_TEST(test_markers_see_every_message_once),
    STORE_TEST(test_marker_of_an_earlier_life_stands_before_everything),
    STORE_TEST(test_numbers_rise_across_an_emptied_queue),
    STORE_TEST(test_own_messages_are_hidden_unless_echo),
    STORE_TEST(test_page_is_filled_behind_many_own_messages),
    STORE_TEST(test_queues_are_apart),
    STORE_TEST(test_get_keeps_the_order_asked_for),
    STORE_TEST(test_pop_takes_the_oldest_and_answers_twice_the_same),
    STORE_TEST(test_bulk_delete_takes_claimed_ones_too),
    STORE_TEST(test_stats_count_every_state),
    STORE_TEST(test_purge_deletes_everything_and_keeps_the_queue),
    STORE_TEST(test_operations_on_an_unknown_queue_find_nothing),
};
const size_t store_message_tests_n = COUNT_OF(store_message_tests);
