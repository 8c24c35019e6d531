/* Claims, what they do to messages, and dead letters. */
#include "tests/conformance/store_conformance.h"

#include <stdio.h>

static const struct message_id beginning = {0, 0};

static void post_some(struct fixture *fx, int n, uint32_t ttl_s)
{
    for (int i = 0; i < n; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%d", i);
        fixture_post(fx, "me", body, ttl_s, 0);
    }
}

static void test_claim_holds_the_oldest(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list l;

    post_some(fx, 5, 600);
    l = fixture_claim(fx, claim, 2, 60, 60);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].body, "0");
    assert_slice(l.m[1].body, "1");
    assert_true(l.m[0].claimed && claim_id_eq(&l.m[0].claim_id, &claim));
    assert_int_equal(l.m[0].claim_count, 1);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 3);
    assert_slice(l.m[0].body, "2");
    l = fixture_list(fx, "you", beginning, 10, WITH_CLAIMED);
    assert_int_equal(l.n, 5);
    assert_true(l.m[0].claimed && claim_id_eq(&l.m[0].claim_id, &claim));
    assert_false(l.m[2].claimed);
    assert_int_equal(fixture_claim(fx, claim_id_new(), 20, 60, 60).n, 3);
    assert_int_equal(fixture_claim(fx, claim_id_new(), 20, 60, 60).n, 0);
    assert_int_equal(fixture_pop(fx, 10).n, 0);
}

static void test_claim_that_comes_twice_answers_the_same(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list first, again;

    post_some(fx, 5, 60); /* the claim prolongs them: they move, and must still be found */
    first = fixture_claim(fx, claim, 2, 120, 60);
    again = fixture_claim(fx, claim, 2, 120, 60);
    assert_int_equal(again.n, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(message_id_eq(first.m[i].id, again.m[i].id));
        assert_true(slice_eq(first.m[i].body, again.m[i].body));
        assert_int_equal(again.m[i].claim_count, 1);
        assert_true(first.m[i].expires_ms == again.m[i].expires_ms);
    }
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 2);
}

static void test_claim_is_read_with_its_messages(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list l;
    struct op op;

    post_some(fx, 3, 600);
    l = fixture_claim(fx, claim, 3, 100, 60);
    fixture_advance_ms(7000);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_OK);
    assert_int_equal(op.out.messages.n, 3);
    assert_int_equal(op.out.messages.claim_ttl_s, 100);
    assert_true(op.now_ms - op.out.messages.claim_created_ms == 7000);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, l.m[1].id, &claim), ST_OK);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_OK);
    assert_int_equal(op.out.messages.n, 2);
    assert_slice(op.out.messages.list[1].body, "2");
    assert_int_equal(fixture_delete(fx, DELETE_ONE, l.m[0].id, &claim), ST_OK);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, l.m[2].id, &claim), ST_OK);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_NOT_FOUND);
    assert_int_equal(fixture_claim_get(fx, claim_id_new(), &op), ST_NOT_FOUND);
}

static void test_released_messages_return_to_their_place(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list l;
    struct op op;

    post_some(fx, 5, 600);
    fixture_claim(fx, claim, 2, 60, 60);
    fixture_release(fx, claim);
    fixture_release(fx, claim);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_NOT_FOUND);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 0);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 5);
    assert_slice(l.m[0].body, "0");
    assert_int_equal(l.m[0].claim_count, 1);
    assert_false(l.m[0].claimed);
    l = fixture_claim(fx, claim_id_new(), 3, 60, 60);
    assert_int_equal(l.n, 3);
    assert_slice(l.m[0].body, "0");
    assert_slice(l.m[2].body, "2");
    assert_int_equal(l.m[0].claim_count, 2);
    assert_int_equal(l.m[2].claim_count, 1);
}

static void test_deletion_needs_the_right_claim(void **state)
{
    struct fixture *fx = *state;
    struct claim_id one = claim_id_new(), two = claim_id_new(), none = claim_id_new();
    struct message_id a, b, c;

    a = fixture_post(fx, "me", "a", 600, 0);
    b = fixture_post(fx, "me", "b", 600, 0);
    c = fixture_post(fx, "me", "c", 600, 0);
    fixture_claim(fx, one, 1, 60, 60);
    fixture_claim(fx, two, 1, 60, 60);
    assert_int_equal(fixture_delete(fx, DELETE_FREE, a, NULL), ST_CLAIMED);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, a, &two), ST_CLAIMED);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, a, &none), ST_CLAIM_GONE);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, c, &none), ST_CLAIM_GONE);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, c, &one), ST_NOT_CLAIMED);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED).n, 3);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, a, &one), ST_OK);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, a, &one), ST_OK);         /* gone: no error */
    assert_int_equal(fixture_delete(fx, DELETE_ONE, b, &one), ST_CLAIM_GONE); /* it was emptied */
    assert_int_equal(fixture_delete(fx, DELETE_FREE, c, NULL), ST_OK);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, b, &two), ST_OK);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
}

static void test_bulk_deletion_under_claims_is_all_or_nothing(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claims[2] = {claim_id_new(), claim_id_new()};
    struct message_id ids[4];
    struct op op = {.code = OP_message_delete, .key = claim_id_new()};
    struct op again;

    for (int i = 0; i < 4; i++)
        ids[i] = fixture_post(fx, "me", "1", 600, 0);
    fixture_claim(fx, claims[0], 1, 60, 60);
    fixture_claim(fx, claims[1], 1, 60, 60);
    op.in.message_delete.ids = ids;
    op.in.message_delete.n = 3;
    op.in.message_delete.rule = DELETE_CLAIMED;
    op.in.message_delete.claims = claims;
    op.in.message_delete.claims_n = 2;
    again = op;
    assert_int_equal(fixture_run(fx, &op), ST_NOT_CLAIMED); /* ids[2] is free */
    again.in.message_delete.n = 2;
    again.in.message_delete.claims_n = 1;
    op = again;
    assert_int_equal(fixture_run(fx, &op), ST_CLAIMED); /* ids[1] is under the other */
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED).n, 4);
    again.in.message_delete.claims_n = 2;
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED).n, 2);
}

static void test_message_lives_as_long_as_its_claim(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list l;

    fixture_post(fx, "me", "short", 120, 0);
    fixture_post(fx, "me", "long", 7200, 0);
    l = fixture_claim(fx, claim, 2, 777, 22);
    assert_true(l.m[0].expires_ms == l.m[0].created_ms + (777 + 22) * 1000);
    assert_true(l.m[1].expires_ms == l.m[1].created_ms + 7200 * 1000);
    fixture_advance_ms(700 * 1000);
    l = fixture_list(fx, "you", beginning, 10, WITH_CLAIMED);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].body, "short");
    fixture_advance_ms(80 * 1000); /* the claim has ended, the grace runs */
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 2);
    assert_slice(l.m[0].body, "short");
    assert_false(l.m[0].claimed);
    fixture_advance_ms(30 * 1000);
    l = fixture_list(fx, "you", beginning, 10, WITH_CLAIMED);
    assert_int_equal(l.n, 1);
    assert_slice(l.m[0].body, "long");
}

static void test_claim_ends_by_itself(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct message_id ids[2];
    struct list l;
    struct op op;

    ids[0] = fixture_post(fx, "me", "0", 600, 0);
    ids[1] = fixture_post(fx, "me", "1", 90, 0);
    fixture_claim(fx, claim, 2, 60, 60);
    fixture_advance_ms(59999);
    assert_int_equal(fixture_claim(fx, claim_id_new(), 2, 60, 60).n, 0);
    fixture_advance_ms(1);
    l = fixture_get(fx, ids, 2); /* nobody has settled it yet */
    assert_int_equal(l.n, 2);
    assert_false(l.m[0].claimed);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_NOT_FOUND);
    assert_int_equal(fixture_renew(fx, claim, 60, 60), ST_NOT_FOUND);
    assert_int_equal(fixture_delete(fx, DELETE_ONE, ids[0], &claim), ST_CLAIM_GONE);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 0);
    assert_int_equal(fixture_delete(fx, DELETE_FREE, ids[0], NULL), ST_OK);
    l = fixture_claim(fx, claim_id_new(), 2, 60, 60);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.m[0].claim_count, 2);
}

static void test_renewal_starts_the_claim_anew(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new();
    struct list l;
    struct op op;

    fixture_post(fx, "me", "1", 150, 0);
    fixture_claim(fx, claim, 1, 100, 60);
    fixture_advance_ms(90 * 1000);
    assert_int_equal(fixture_renew(fx, claim, 300, 77), ST_OK);
    assert_int_equal(fixture_claim_get(fx, claim, &op), ST_OK);
    assert_int_equal(op.out.messages.claim_ttl_s, 300);
    assert_true(op.out.messages.claim_created_ms == fixture_now_ms());
    assert_int_equal(op.out.messages.n, 1);
    assert_true(op.out.messages.list[0].expires_ms == fixture_now_ms() + 377 * 1000);
    fixture_advance_ms(299 * 1000);
    assert_int_equal(fixture_claim(fx, claim_id_new(), 1, 60, 60).n, 0);
    fixture_advance_ms(2 * 1000);
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.m[0].claim_count, 1); /* a renewal is not a claim */
}

static struct op claim_with_dead_letters(struct fixture *fx, struct queue_ref target,
                                         int64_t max_count, uint32_t ttl_s, uint32_t limit)
{
    struct op op = {.code = OP_claim_create, .key = claim_id_new()};

    op.in.claim_create.limit = limit;
    op.in.claim_create.ttl_s = 60;
    op.in.claim_create.grace_s = 60;
    op.in.claim_create.dead_letter = (struct dead_letter){
        .active = true, .max_count = max_count, .ttl_s = ttl_s, .target = target};
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    return op;
}

static void test_message_claimed_too_often_is_a_dead_letter(void **state)
{
    struct fixture *fx = *state;
    struct queue_ref source = fx->queue, target = fixture_new_queue("dead");
    struct message_id id = fixture_post(fx, "me", "poison", 600, 0), alias;
    struct list l;
    struct op op;

    for (int i = 0; i < 2; i++) {
        op = claim_with_dead_letters(fx, target, 2, 0, 5);
        assert_int_equal(op.out.messages.n, 1);
        assert_int_equal(op.out.messages.list[0].claim_count, i + 1);
        fixture_advance_ms(61 * 1000);
    }
    fixture_post(fx, "me", "good", 600, 0);
    op = claim_with_dead_letters(fx, target, 2, 0, 5);
    assert_int_equal(op.out.messages.n, 1); /* the place of the moved one is filled */
    assert_slice(op.out.messages.list[0].body, "good");
    assert_int_equal(fixture_get(fx, &id, 1).n, 0);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);

    fx->queue = target;
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 1);
    assert_true(message_id_eq(l.m[0].id, id)); /* the id stays */
    assert_slice(l.m[0].body, "poison");
    assert_false(l.m[0].claimed);
    assert_true(l.m[0].created_ms == fixture_now_ms() - 122 * 1000);
    assert_true(l.m[0].expires_ms == l.m[0].created_ms + 600 * 1000);
    assert_int_equal(fixture_get(fx, &id, 1).n, 1);
    alias = (struct message_id){target.epoch, l.m[0].seq};
    assert_int_equal(fixture_get(fx, &alias, 1).n, 0);
    assert_int_equal(fixture_list(fx, "you", id, 10, 0).n, 0); /* its id is a marker */
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 1);
    assert_true(message_id_eq(fixture_stats(fx).out.queue_stats.oldest, id));
    l = fixture_claim(fx, claim_id_new(), 5, 60, 60);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.m[0].claim_count, 1); /* counted anew */
    assert_int_equal(fixture_delete(fx, DELETE_ONE, id, &l.m[0].claim_id), ST_OK);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
    fx->queue = source;
    fixture_simple(fx, OP_queue_drop);
}

static void test_dead_letters_get_their_own_ttl_and_order(void **state)
{
    struct fixture *fx = *state;
    struct queue_ref target = fixture_new_queue("dead");
    struct list l;
    struct op op;

    post_some(fx, 3, 6000);
    fixture_advance_ms(1000);
    op = claim_with_dead_letters(fx, target, 0, 90, 5); /* none may be claimed at all */
    assert_int_equal(op.out.messages.n, 0);
    fx->queue = target;
    l = fixture_list(fx, "you", beginning, 10, 0);
    assert_int_equal(l.n, 3);
    for (uint32_t i = 0; i < 3; i++) {
        char body[16];

        snprintf(body, sizeof(body), "%u", i);
        assert_slice(l.m[i].body, body);
        assert_true(l.m[i].expires_ms == fixture_now_ms() + 90 * 1000);
    }
    fixture_advance_ms(91 * 1000);
    assert_int_equal(fixture_list(fx, "you", beginning, 10, WITH_CLAIMED).n, 0);
}

static void test_queue_cannot_bury_in_itself(void **state)
{
    struct fixture *fx = *state;
    struct op op;

    post_some(fx, 2, 600);
    op = claim_with_dead_letters(fx, fx->queue, 0, 0, 5);
    assert_int_equal(op.out.messages.n, 2);
}

static void test_many_claims_never_overlap(void **state)
{
    struct fixture *fx = *state;
    enum { MESSAGES = 100, CLAIMS = 64 };
    struct op ops[CLAIMS] = {0};
    bool seen[MESSAGES] = {false};
    uint32_t all = 0;

    post_some(fx, MESSAGES, 600);
    for (int i = 0; i < CLAIMS; i++) {
        ops[i] = (struct op){.code = OP_claim_create, .queue = fx->queue, .key = claim_id_new()};
        ops[i].in.claim_create.limit = 2;
        ops[i].in.claim_create.ttl_s = 60;
        ops[i].in.claim_create.grace_s = 60;
    }
    fixture_run_all(fx, ops, CLAIMS);
    for (int i = 0; i < CLAIMS; i++) {
        assert_int_equal(ops[i].st, ST_OK);
        for (uint32_t j = 0; j < ops[i].out.messages.n; j++, all++) {
            struct slice body = ops[i].out.messages.list[j].body;
            int n = 0;

            for (size_t k = 0; k < body.len; k++)
                n = n * 10 + (body.p[k] - '0');
            assert_false(seen[n]);
            seen[n] = true;
        }
    }
    assert_int_equal(all, MESSAGES);
}

static struct op claim_op(struct fixture *fx, struct claim_id id, uint32_t limit, uint32_t ttl_s)
{
    struct op op = {.code = OP_claim_create, .queue = fx->queue, .key = id};

    op.in.claim_create.limit = limit;
    op.in.claim_create.ttl_s = ttl_s;
    op.in.claim_create.grace_s = 60;
    return op;
}

/* What arrives in one turn of the loop may be carried out together: nobody must see that. */
static void test_claims_of_one_turn_are_served_in_order(void **state)
{
    struct fixture *fx = *state;
    struct claim_id known = claim_id_new();
    struct op ops[5];

    post_some(fx, 6, 100);
    fixture_claim(fx, known, 1, 60, 60);
    ops[0] = claim_op(fx, claim_id_new(), 2, 60);
    ops[1] = claim_op(fx, known, 1, 60);
    ops[2] = claim_op(fx, claim_id_new(), 1, 300); /* outlives its message, which it prolongs */
    ops[3] = claim_op(fx, claim_id_new(), 20, 200);
    ops[4] = claim_op(fx, claim_id_new(), 1, 60);
    fixture_run_all(fx, ops, 5);
    for (int i = 0; i < 5; i++) {
        static const char *const bodies[] = {"12", "0", "3", "45", ""};
        static const uint32_t prolonged_s[] = {0, 0, 360, 260, 0};

        assert_int_equal(ops[i].st, ST_OK);
        assert_int_equal(ops[i].out.messages.n, strlen(bodies[i]));
        for (uint32_t j = 0; j < ops[i].out.messages.n; j++) {
            const struct message *m = &ops[i].out.messages.list[j];
            char body[2] = {bodies[i][j], '\0'};

            assert_slice(m->body, body);
            assert_true(claim_id_eq(&m->claim_id, &ops[i].key));
            if (prolonged_s[i] > 0)
                assert_int_equal((m->expires_ms - fixture_now_ms()) / 1000, prolonged_s[i]);
        }
    }
    fixture_advance_ms(61000); /* the claims of a minute end, the others don't */
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 3);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 3);
}

static struct op delete_op(struct fixture *fx, enum delete_rule rule, const struct message_id *id,
                           const struct claim_id *claim)
{
    struct op op = {.code = OP_message_delete, .queue = fx->queue, .key = claim_id_new()};

    op.in.message_delete.ids = id;
    op.in.message_delete.n = 1;
    op.in.message_delete.rule = rule;
    op.in.message_delete.claims = claim;
    op.in.message_delete.claims_n = claim != NULL;
    return op;
}

static void test_deletions_of_one_turn_answer_for_themselves(void **state)
{
    struct fixture *fx = *state;
    struct claim_id claim = claim_id_new(), other = claim_id_new(), gone = claim_id_new();
    struct message_id ids[6], absent;
    struct op ops[7];

    for (int i = 0; i < 6; i++)
        ids[i] = fixture_post(fx, "me", "body", 100, 0);
    absent = (struct message_id){ids[0].epoch, ids[0].seq - 8};
    fixture_claim(fx, claim, 2, 60, 60);
    fixture_claim(fx, other, 2, 300, 60); /* prolongs */
    ops[0] = delete_op(fx, DELETE_FREE, &ids[0], NULL);
    ops[1] = delete_op(fx, DELETE_ONE, &ids[0], &claim);
    ops[2] = delete_op(fx, DELETE_ONE, &ids[2], &claim);
    ops[3] = delete_op(fx, DELETE_ONE, &ids[2], &other);
    ops[4] = delete_op(fx, DELETE_ONE, &ids[3], &gone);
    ops[5] = delete_op(fx, DELETE_FREE, &ids[4], NULL);
    ops[6] = delete_op(fx, DELETE_ONE, &absent, &claim);
    fixture_run_all(fx, ops, 7);
    for (int i = 0; i < 7; i++) {
        static const enum status expected[] = {ST_CLAIMED,    ST_OK, ST_CLAIMED, ST_OK,
                                               ST_CLAIM_GONE, ST_OK, ST_OK};

        assert_int_equal(ops[i].st, expected[i]);
    }
    assert_int_equal(fixture_get(fx, ids, 6).n, 3);
    assert_int_equal(fixture_stats(fx).out.queue_stats.claimed, 2);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 1);
}

const struct CMUnitTest store_claim_tests[] = {
    STORE_TEST(test_claim_holds_the_oldest),
    STORE_TEST(test_claim_that_comes_twice_answers_the_same),
    STORE_TEST(test_claim_is_read_with_its_messages),
    STORE_TEST(test_released_messages_return_to_their_place),
    STORE_TEST(test_deletion_needs_the_right_claim),
    STORE_TEST(test_bulk_deletion_under_claims_is_all_or_nothing),
    STORE_TEST(test_message_lives_as_long_as_its_claim),
    STORE_TEST(test_claim_ends_by_itself),
    STORE_TEST(test_renewal_starts_the_claim_anew),
    STORE_TEST(test_message_claimed_too_often_is_a_dead_letter),
    STORE_TEST(test_dead_letters_get_their_own_ttl_and_order),
    STORE_TEST(test_queue_cannot_bury_in_itself),
    STORE_TEST(test_many_claims_never_overlap),
    STORE_TEST(test_claims_of_one_turn_are_served_in_order),
    STORE_TEST(test_deletions_of_one_turn_answer_for_themselves),
};
const size_t store_claim_tests_n = COUNT_OF(store_claim_tests);
