/* Subscriptions: ids, order, markers, subscribers, their ends, and what purging, dropping and repeating
 * do to them. */
#include "tests/conformance/store_conformance.h"

#include <stdio.h>

enum { MOST = 1000 };

static const struct message_id beginning = {0, 0};

static struct op put_op(const char *subscriber, const char *options, int64_t ttl_s, uint32_t most)
{
    struct op op = {.code = OP_subscription_put, .key = claim_id_new()};

    op.in.subscription_put.subscriber = slice_of(subscriber);
    op.in.subscription_put.options = slice_of(options);
    op.in.subscription_put.ttl_s = ttl_s;
    op.in.subscription_put.most = most;
    return op;
}

/* put makes a new subscription. */
static struct message_id put(struct fixture *fx, const char *subscriber, int64_t ttl_s)
{
    struct op op = put_op(subscriber, "{}", ttl_s, MOST);

    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_false(op.out.subscription_put.existed);
    assert_false(op.out.subscription_put.confirmed);
    return op.out.subscription_put.id;
}

static enum status get(struct fixture *fx, struct message_id id, struct subscription *to)
{
    struct op op = {.code = OP_subscription_get};

    op.in.subscription_get.id = id;
    if (fixture_run(fx, &op) == ST_OK) {
        assert_int_equal(op.out.subscriptions.n, 1);
        *to = op.out.subscriptions.list[0];
    }
    return op.st;
}

static bool is_there(struct fixture *fx, struct message_id id)
{
    struct subscription s;
    enum status st = get(fx, id, &s);

    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return st == ST_OK;
}

static const struct subscription *list(struct fixture *fx, struct message_id after, uint32_t limit,
                                       uint32_t *n)
{
    struct op op = {.code = OP_subscription_list};

    op.in.subscription_list.after = after;
    op.in.subscription_list.limit = limit;
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    *n = op.out.subscriptions.n;
    return op.out.subscriptions.list;
}

static uint32_t count(struct fixture *fx)
{
    uint32_t n;

    list(fx, beginning, MOST, &n);
    return n;
}

static struct op update_op(struct message_id id)
{
    struct op op = {.code = OP_subscription_update, .key = claim_id_new()};

    op.in.subscription_update.id = id;
    return op;
}

static struct op confirm_op(struct message_id id, bool confirmed)
{
    struct op op = {.code = OP_subscription_confirm, .key = claim_id_new()};

    op.in.subscription_confirm.id = id;
    op.in.subscription_confirm.confirmed = confirmed;
    return op;
}

static enum status confirm(struct fixture *fx, struct message_id id, bool confirmed)
{
    struct op op = confirm_op(id, confirmed);

    return fixture_run(fx, &op);
}

static enum status set_ttl(struct fixture *fx, struct message_id id, int64_t ttl_s)
{
    struct op op = update_op(id);

    op.in.subscription_update.ttl_s = ttl_s;
    return fixture_run(fx, &op);
}

static enum status set_subscriber(struct fixture *fx, struct message_id id, const char *subscriber)
{
    struct op op = update_op(id);

    op.in.subscription_update.subscriber = slice_of(subscriber);
    return fixture_run(fx, &op);
}

static enum status delete (struct fixture *fx, struct message_id id) {
    struct op op = {.code = OP_subscription_delete, .key = claim_id_new()};

    op.in.subscription_delete.id = id;
    return fixture_run(fx, &op);
}

static void sweep_some(struct fixture *fx)
{
    for (int i = 0; i < 20; i++) {
        fx->store->ops->sweep(fx->store);
        for (int j = 0; j < 3; j++)
            fixture_simple(fx, OP_store_ping);
    }
}

/* ---- Creating and reading --------------------------------------------------------------------- */

static void test_subscription_comes_back_as_it_was_put(void **state)
{
    static const char options[] = "{\"a\": 1.10, \"\\u00e9\": [\"\xc3\xa9\", null],  \"n\": -0}";
    struct fixture *fx = *state;
    struct op op = put_op("http://a.example/x?y=z#\xc3\xa9", options, 3600, MOST);
    struct subscription s;
    uint32_t n;

    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(op.out.subscription_put.id.epoch, fx->queue.epoch);
    assert_int_equal(get(fx, op.out.subscription_put.id, &s), ST_OK);
    assert_true(message_id_eq(s.id, op.out.subscription_put.id));
    assert_true(s.since_ms == fixture_now_ms());
    assert_int_equal(s.ttl_s, 3600);
    assert_false(s.confirmed);
    assert_slice(s.subscriber, "http://a.example/x?y=z#\xc3\xa9");
    assert_slice(s.options, options);
    s = list(fx, beginning, 10, &n)[0];
    assert_int_equal(n, 1);
    assert_slice(s.subscriber, "http://a.example/x?y=z#\xc3\xa9");
    assert_slice(s.options, options);
}

static void test_subscription_holds_any_bytes_and_many(void **state)
{
    static char large[64 * 1024];
    struct fixture *fx = *state;
    struct op op = put_op("", "", 60, MOST);
    struct subscription s;

    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (char)(i * 7);
    op.in.subscription_put.options = (struct slice){large, sizeof(large)};
    op.in.subscription_put.subscriber = (struct slice){"\0x\xff\n", 4};
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(get(fx, op.out.subscription_put.id, &s), ST_OK);
    assert_true(slice_eq(s.options, op.in.subscription_put.options));
    assert_true(slice_eq(s.subscriber, op.in.subscription_put.subscriber));
}

static void test_subscription_of_a_subscriber_is_one(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 60), other = put(fx, "http://A", 60);
    struct op again = put_op("http://a", "{\"other\": 1}", 600, MOST);
    struct subscription s;

    assert_false(message_id_eq(id, other));
    fixture_advance_ms(1000);
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_true(message_id_eq(again.out.subscription_put.id, id));
    assert_true(again.out.subscription_put.existed);
    assert_false(again.out.subscription_put.confirmed);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_slice(s.options, "{}");
    assert_int_equal(s.ttl_s, 60);
    assert_true(s.since_ms == fixture_now_ms() - 1000);
    assert_int_equal(confirm(fx, id, true), ST_OK);
    again.key = claim_id_new();
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_true(again.out.subscription_put.existed && again.out.subscription_put.confirmed);
    assert_int_equal(count(fx), 2);
}

static void test_subscription_ids_are_unknown_elsewhere(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 600), posted = fixture_post(fx, "me", "1", 600, 0);
    struct message_id next = {id.epoch, id.seq + 1};
    struct queue_ref queue = fx->queue;
    struct subscription s;

    assert_int_equal(get(fx, next, &s), ST_NOT_FOUND);
    assert_int_equal(get(fx, posted, &s), ST_NOT_FOUND);
    assert_int_equal(get(fx, beginning, &s), ST_NOT_FOUND);
    assert_int_equal(fixture_get(fx, &id, 1).n, 0);
    assert_int_equal(confirm(fx, posted, true), ST_NOT_FOUND);
    assert_int_equal(set_ttl(fx, next, 60), ST_NOT_FOUND);
    assert_int_equal(delete (fx, next), ST_OK);
    fx->queue = fixture_new_queue("other");
    assert_int_equal(get(fx, id, &s), ST_NOT_FOUND);
    assert_int_equal(confirm(fx, id, true), ST_NOT_FOUND);
    assert_int_equal(set_ttl(fx, id, 60), ST_NOT_FOUND);
    assert_int_equal(delete (fx, id), ST_OK);
    assert_int_equal(count(fx), 0);
    put(fx, "http://a", 60); /* the same number may be given here: the id is another */
    assert_int_equal(get(fx, id, &s), ST_NOT_FOUND);
    assert_int_equal(set_ttl(fx, id, 60), ST_NOT_FOUND);
    assert_int_equal(delete (fx, id), ST_OK);
    assert_int_equal(count(fx), 1);
    fx->queue = queue;
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_int_equal(s.ttl_s, 600);
    assert_false(s.confirmed);
}

static void test_subscription_list_is_in_order_of_creation(void **state)
{
    struct fixture *fx = *state;
    struct message_id ids[25], after = beginning;
    uint32_t seen = 0, n = 1;
    char name[32];

    for (int i = 0; i < 25; i++) {
        snprintf(name, sizeof(name), "http://%d", (i * 7) % 25);
        ids[i] = put(fx, name, 3600 - i);
        if (i % 3 == 0)
            fixture_post(fx, "me", "1", 600, 0);
        if (i % 5 == 0)
            fixture_advance_ms(1);
        if (i > 0)
            assert_true(ids[i].seq > ids[i - 1].seq);
    }
    while (n > 0) {
        const struct subscription *page = list(fx, after, 4, &n);

        assert_true(n == 4 || seen + n == 25);
        for (uint32_t i = 0; i < n; i++)
            assert_true(message_id_eq(page[i].id, ids[seen++]));
        if (n > 0)
            after = page[n - 1].id;
    }
    assert_int_equal(seen, 25);
}

static void test_subscription_marker_outlives_its_subscription(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 600), b = put(fx, "http://b", 60);
    struct message_id c = put(fx, "http://c", 600);
    struct message_id earlier = {fx->queue.epoch - 1, b.seq};
    struct message_id later = {fx->queue.epoch + 1, 0};
    uint32_t n;

    assert_int_equal(delete (fx, b), ST_OK);
    assert_true(message_id_eq(list(fx, b, 10, &n)[0].id, c));
    assert_int_equal(n, 1);
    assert_true(message_id_eq(list(fx, a, 10, &n)[0].id, c));
    list(fx, c, 10, &n);
    assert_int_equal(n, 0);
    assert_true(message_id_eq(list(fx, earlier, 1, &n)[0].id, a));
    list(fx, later, 10, &n);
    assert_int_equal(n, 0);
}

static void test_subscription_beyond_the_most_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 60);
    struct op op = put_op("http://c", "{}", 60, 2);

    put(fx, "http://b", 600);
    assert_int_equal(fixture_run(fx, &op), ST_FULL);
    assert_int_equal(count(fx), 2);
    op = put_op("http://a", "{}", 60, 2); /* it is there */
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_true(message_id_eq(op.out.subscription_put.id, a));
    fixture_advance_ms(60 * 1000);
    op = put_op("http://c", "{}", 60, 2); /* what has ended takes no place */
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(count(fx), 2);
    assert_int_equal(delete (fx, op.out.subscription_put.id), ST_OK);
    put(fx, "http://d", 60);
    assert_int_equal(count(fx), 2);
}

/* ---- Changing --------------------------------------------------------------------------------- */

static void test_subscription_update_changes_what_is_given(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 600);
    struct op op = update_op(id);
    int64_t since_ms = fixture_now_ms();
    struct subscription s;

    assert_int_equal(confirm(fx, id, true), ST_OK);
    fixture_advance_ms(1500);
    op.in.subscription_update.options = SLICE("{\"b\": 2}");
    assert_int_equal(fixture_run(fx, &op), ST_OK);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_slice(s.options, "{\"b\": 2}");
    assert_slice(s.subscriber, "http://a");
    assert_true(s.confirmed && s.since_ms == since_ms && s.ttl_s == 600);
    assert_int_equal(set_ttl(fx, id, 90), ST_OK);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_true(s.confirmed && s.since_ms == since_ms + 1500 && s.ttl_s == 90);
    assert_slice(s.options, "{\"b\": 2}");
    assert_int_equal(set_subscriber(fx, id, "http://a"), ST_OK);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_true(s.confirmed);
    assert_int_equal(set_subscriber(fx, id, "http://b"), ST_OK);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_false(s.confirmed); /* nobody asked this one */
    assert_slice(s.subscriber, "http://b");
    assert_true(s.since_ms == since_ms + 1500 && s.ttl_s == 90);
}

static void test_subscription_update_to_a_taken_subscriber_is_a_conflict(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 600), b = put(fx, "http://b", 60);
    struct op op = update_op(a);
    struct subscription s;

    op.in.subscription_update.subscriber = SLICE("http://b");
    op.in.subscription_update.ttl_s = 1000;
    op.in.subscription_update.options = SLICE("{\"x\": 1}");
    assert_int_equal(fixture_run(fx, &op), ST_CONFLICT);
    assert_int_equal(get(fx, a, &s), ST_OK);
    assert_slice(s.subscriber, "http://a");
    assert_slice(s.options, "{}");
    assert_int_equal(s.ttl_s, 600);
    fixture_advance_ms(60 * 1000);
    assert_int_equal(set_subscriber(fx, a, "http://b"), ST_OK); /* the other one has ended */
    assert_false(is_there(fx, b));
    put(fx, "http://a", 60); /* the old one is nobody's any more */
    assert_int_equal(delete (fx, a), ST_OK);
    put(fx, "http://b", 60);
    assert_int_equal(count(fx), 2);
}

static void test_subscription_confirmation_is_set_and_taken_back(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 600);
    bool steps[] = {true, true, false, false, true};
    struct subscription s;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        assert_int_equal(confirm(fx, id, steps[i]), ST_OK);
        assert_int_equal(get(fx, id, &s), ST_OK);
        assert_int_equal(s.confirmed, steps[i]);
    }
}

static void test_subscription_deleted_is_gone(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 600), b = put(fx, "http://b", 600);

    assert_int_equal(delete (fx, a), ST_OK);
    assert_int_equal(delete (fx, a), ST_OK);
    assert_false(is_there(fx, a));
    assert_true(is_there(fx, b));
    assert_int_equal(confirm(fx, a, true), ST_NOT_FOUND);
    assert_int_equal(set_ttl(fx, a, 100), ST_NOT_FOUND);
    assert_true(put(fx, "http://a", 600).seq > b.seq);
    assert_int_equal(count(fx), 2);
}

/* ---- Time ------------------------------------------------------------------------------------- */

static void test_subscription_ends_exactly(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 60), b = put(fx, "http://b", 61);

    fixture_advance_ms(59999);
    assert_int_equal(count(fx), 2);
    assert_true(is_there(fx, a));
    fixture_advance_ms(1);
    assert_false(is_there(fx, a));
    assert_int_equal(confirm(fx, a, true), ST_NOT_FOUND);
    assert_int_equal(set_ttl(fx, a, 600), ST_NOT_FOUND);
    assert_int_equal(count(fx), 1);
    assert_false(message_id_eq(put(fx, "http://a", 60), a));
    assert_int_equal(set_ttl(fx, b, 60), ST_OK); /* counts from now */
    fixture_advance_ms(59999);
    assert_true(is_there(fx, b));
    fixture_advance_ms(1);
    assert_int_equal(count(fx), 0);
}

static void test_subscription_may_last_as_long_as_the_calendar(void **state)
{
    struct fixture *fx = *state;
    int64_t ttl_s = SUBSCRIPTION_TTL_MAX_S - fixture_now_ms() / 1000 - 1;
    struct message_id id = put(fx, "http://a", ttl_s);
    struct subscription s;

    fixture_advance_ms(60 * 1000);
    sweep_some(fx);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_true(s.ttl_s == ttl_s);
}

static void test_subscriptions_are_swept_with_messages_or_without(void **state)
{
    struct fixture *fx = *state;
    struct message_id kept, last;
    char name[32];

    for (int i = 0; i < 450; i++) {
        snprintf(name, sizeof(name), "http://%d", i);
        put(fx, name, 60 + i % 2);
    }
    kept = put(fx, "http://kept", 6000);
    fixture_post(fx, "me", "1", 600, 0);
    fixture_advance_ms(61 * 1000);
    sweep_some(fx);
    assert_int_equal(count(fx), 1);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 1);
    fixture_advance_ms(600 * 1000);
    sweep_some(fx);
    assert_true(is_there(fx, kept));
    fixture_advance_ms(5000 * 1000); /* the queue has no messages for more than an hour */
    sweep_some(fx);
    assert_true(is_there(fx, kept));
    last = put(fx, "http://last", 60);
    assert_true(last.seq > kept.seq);
    assert_int_equal(count(fx), 2);
    fixture_advance_ms(4000 * 1000);
    sweep_some(fx);
    assert_int_equal(count(fx), 0);
    put(fx, "http://kept", 60);
    assert_int_equal(count(fx), 1);
}

static void test_subscriptions_unswept_are_not_listed(void **state)
{
    struct fixture *fx = *state;
    uint32_t n;
    char name[32];

    for (int i = 0; i < 450; i++) { /* more than one call takes away */
        snprintf(name, sizeof(name), "http://%d", i);
        put(fx, name, i % 10 == 0 ? 600 : 60);
    }
    fixture_advance_ms(60 * 1000);
    list(fx, beginning, 10, &n);
    assert_int_equal(n, 10);
    assert_int_equal(count(fx), 45);
}

static void test_subscription_numbers_rise_when_the_clock_goes_back(void **state)
{
    struct fixture *fx = *state;
    struct message_id a = put(fx, "http://a", 6000), b;

    fixture_advance_ms(-1000 * 1000);
    b = put(fx, "http://b", 6000);
    assert_true(b.seq > a.seq);
    fixture_advance_ms(1000 * 1000);
    assert_true(put(fx, "http://c", 6000).seq > b.seq);
}

/* ---- Purging, dropping, repeating ------------------------------------------------------------- */

static void test_purge_takes_what_it_names(void **state)
{
    struct fixture *fx = *state;
    struct message_id id;
    char name[32];

    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "http://%d", i);
        put(fx, name, 600);
    }
    fixture_post(fx, "me", "1", 600, 0);
    fixture_purge(fx, PURGE_SUBSCRIPTIONS);
    assert_int_equal(count(fx), 0);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 1);
    id = put(fx, "http://1", 600);
    fixture_purge(fx, PURGE_MESSAGES);
    sweep_some(fx);
    assert_true(is_there(fx, id));
    assert_int_equal(confirm(fx, id, true), ST_OK);
    assert_int_equal(count(fx), 1);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
    fixture_post(fx, "me", "1", 600, 0);
    fixture_purge(fx, PURGE_ALL);
    sweep_some(fx);
    assert_int_equal(count(fx), 0);
    assert_int_equal(fixture_stats(fx).out.queue_stats.free, 0);
    assert_true(put(fx, "http://1", 600).seq > id.seq);
    fixture_advance_ms(600 * 1000);
    sweep_some(fx);
    assert_int_equal(count(fx), 0);
}

static void test_subscriptions_end_in_time_after_messages_were_purged(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 60);

    fixture_post(fx, "me", "1", 600, 0);
    fixture_purge(fx, PURGE_MESSAGES);
    fixture_advance_ms(59999);
    assert_true(is_there(fx, id));
    fixture_advance_ms(1);
    sweep_some(fx);
    assert_false(is_there(fx, id));
    put(fx, "http://a", 60);
    assert_int_equal(count(fx), 1);
}

static void test_drop_takes_subscriptions(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 600);

    fixture_simple(fx, OP_queue_drop);
    assert_false(is_there(fx, id));
    assert_int_equal(count(fx), 0);
    sweep_some(fx);
    put(fx, "http://a", 600);
    assert_int_equal(count(fx), 1);
    fixture_simple(fx, OP_queue_drop);
}

static void test_subscription_put_again_answers_as_the_first_time(void **state)
{
    struct fixture *fx = *state;
    struct op first = put_op("http://a", "{}", 600, 1), again = first;

    assert_int_equal(fixture_run(fx, &first), ST_OK);
    assert_int_equal(confirm(fx, first.out.subscription_put.id, true), ST_OK);
    fixture_advance_ms(7900);
    again.again = true;
    again.queue = fx->queue;
    assert_int_equal(fixture_run(fx, &again), ST_OK);
    assert_true(message_id_eq(again.out.subscription_put.id, first.out.subscription_put.id));
    assert_false(again.out.subscription_put.existed);
    assert_false(again.out.subscription_put.confirmed);
    assert_int_equal(delete (fx, first.out.subscription_put.id), ST_OK);
    assert_int_equal(fixture_run(fx, &again), ST_OK); /* makes no new one */
    assert_false(again.out.subscription_put.existed);
    assert_int_equal(count(fx), 0);
}

/* The first try may come last: it must not undo what came between. */
static void test_subscription_changes_come_twice(void **state)
{
    struct fixture *fx = *state;
    struct message_id id = put(fx, "http://a", 600);
    struct op update = update_op(id), yes = confirm_op(id, true);
    struct subscription s;

    update.in.subscription_update.ttl_s = 100;
    assert_int_equal(fixture_run(fx, &update), ST_OK);
    assert_int_equal(set_ttl(fx, id, 200), ST_OK);
    assert_int_equal(fixture_run(fx, &update), ST_OK);
    assert_int_equal(fixture_run(fx, &yes), ST_OK);
    assert_int_equal(confirm(fx, id, false), ST_OK);
    assert_int_equal(fixture_run(fx, &yes), ST_OK);
    assert_int_equal(get(fx, id, &s), ST_OK);
    assert_int_equal(s.ttl_s, 200);
    assert_false(s.confirmed);
    assert_int_equal(delete (fx, id), ST_OK);
    assert_int_equal(fixture_run(fx, &update), ST_OK);
    assert_int_equal(fixture_run(fx, &yes), ST_OK);
    assert_false(is_there(fx, id));
}

static void test_subscriptions_of_one_turn_are_carried_out_in_order(void **state)
{
    struct fixture *fx = *state;
    struct op ops[4] = {put_op("http://a", "{}", 60, 1),
                        put_op("http://a", "{}", 60, 1),
                        put_op("http://b", "{}", 60, 1),
                        {.code = OP_subscription_list}};

    ops[3].in.subscription_list.limit = 10;
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        ops[i].queue = fx->queue;
    fixture_run_all(fx, ops, COUNT_OF(ops));
    assert_int_equal(ops[0].st, ST_OK);
    assert_int_equal(ops[1].st, ST_OK);
    assert_int_equal(ops[2].st, ST_FULL);
    assert_int_equal(ops[3].st, ST_OK);
    assert_true(ops[1].out.subscription_put.existed);
    assert_int_equal(ops[3].out.subscriptions.n, 1);
}

const struct CMUnitTest store_subscription_tests[] = {
    STORE_TEST(test_subscription_comes_back_as_it_was_put),
    STORE_TEST(test_subscription_holds_any_bytes_and_many),
    STORE_TEST(test_subscription_of_a_subscriber_is_one),
    STORE_TEST(test_subscription_ids_are_unknown_elsewhere),
    STORE_TEST(test_subscription_list_is_in_order_of_creation),
    STORE_TEST(test_subscription_marker_outlives_its_subscription),
    STORE_TEST(test_subscription_beyond_the_most_is_refused),
    STORE_TEST(test_subscription_update_changes_what_is_given),
    STORE_TEST(test_subscription_update_to_a_taken_subscriber_is_a_conflict),
    STORE_TEST(test_subscription_confirmation_is_set_and_taken_back),
    STORE_TEST(test_subscription_deleted_is_gone),
    STORE_TEST(test_subscription_ends_exactly),
    STORE_TEST(test_subscription_may_last_as_long_as_the_calendar),
    STORE_TEST(test_subscriptions_are_swept_with_messages_or_without),
    STORE_TEST(test_subscriptions_unswept_are_not_listed),
    STORE_TEST(test_subscription_numbers_rise_when_the_clock_goes_back),
    STORE_TEST(test_purge_takes_what_it_names),
    STORE_TEST(test_subscriptions_end_in_time_after_messages_were_purged),
    STORE_TEST(test_drop_takes_subscriptions),
    STORE_TEST(test_subscription_put_again_answers_as_the_first_time),
    STORE_TEST(test_subscription_changes_come_twice),
    STORE_TEST(test_subscriptions_of_one_turn_are_carried_out_in_order),
};
const size_t store_subscription_tests_n = COUNT_OF(store_subscription_tests);
