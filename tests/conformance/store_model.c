/* Random operations on a store and on a model of it: the answers must be the same.
 *
 * The model is the API's rules written in the plainest way, a list that is walked from end to end. It
 * knows nothing of lanes, indexes or settling, which is the point. NUSKU_TEST_SEED repeats a run. */
#include "tests/conformance/store_conformance.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 1500, MESSAGES_MAX = 20000, CLAIMS_MAX = 4000, LIST_MAX = 1000 };

struct model_message {
    struct message_id id;
    uint64_t place; /* order in its queue: counts up */
    int queue;
    int client;
    int number; /* its body */
    int64_t created_ms, expires_ms, due_ms, claim_end_ms;
    uint32_t claims;
    struct claim_id claim;
    bool gone;
};

struct model_claim {
    struct claim_id id;
    int queue;
    int64_t created_ms, end_ms;
    uint32_t ttl_s;
    bool gone;
};

struct model {
    struct fixture *fx;
    struct queue_ref queues[2];
    struct model_message *messages;
    size_t n;
    struct model_claim *claims;
    size_t claims_n;
    uint64_t places;
    unsigned seed;
};

static const char *const clients[] = {"alpha", "beta", "gamma"};

static int dice(struct model *m, int sides)
{
    return (int)((unsigned)rand_r(&m->seed) % (unsigned)sides);
}

static bool alive(const struct model_message *x)
{
    return !x->gone && x->expires_ms > fixture_now_ms();
}

static bool claimed(const struct model_message *x)
{
    return x->claim_end_ms > fixture_now_ms();
}

static bool is_free(const struct model_message *x)
{
    return alive(x) && !claimed(x) && x->due_ms <= fixture_now_ms();
}

static int by_place(const void *a, const void *b)
{
    const struct model_message *const *x = a, *const *y = b;

    return (*x)->place < (*y)->place ? -1 : 1;
}

/* in_order gives the messages of a queue, oldest first. */
static size_t in_order(struct model *m, int queue, struct model_message **list)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        if (m->messages[i].queue == queue && alive(&m->messages[i]))
            list[n++] = &m->messages[i];
    qsort(list, n, sizeof(struct model_message *), by_place);
    return n;
}

static void same_message(const struct message *got, const struct model_message *want)
{
    char body[16];

    snprintf(body, sizeof(body), "%d", want->number);
    assert_slice(got->body, body);
    assert_true(message_id_eq(got->id, want->id));
    assert_true(got->created_ms == want->created_ms);
    assert_true(got->expires_ms == want->expires_ms);
    assert_int_equal(got->claim_count, want->claims);
}

static void step_post(struct model *m, int queue)
{
    static const uint32_t ttls[] = {60, 60, 60, 61, 70, 80, 90, 100, 110, 120, 130, 900};
    struct new_message posted[3];
    struct op op = {.code = OP_message_post, .key = claim_id_new(), .queue = m->queues[queue]};
    int n = 1 + dice(m, 3), client = dice(m, 3);

    for (int i = 0; i < n; i++) {
        struct model_message *x = &m->messages[m->n + (size_t)i];

        posted[i] = (struct new_message){
            .ttl_s = ttls[dice(m, COUNT_OF(ttls))],
            .delay_s = dice(m, 5) == 0 ? (uint32_t)dice(m, 100) : 0,
            .body = arena_printf(&m->fx->arena, "%d", (int)m->n + i),
        };
        *x = (struct model_message){
            .place = m->places++,
            .queue = queue,
            .client = client,
            .number = (int)m->n + i,
            .created_ms = fixture_now_ms(),
            .expires_ms = fixture_now_ms() + posted[i].ttl_s * 1000,
            .due_ms = fixture_now_ms() + posted[i].delay_s * 1000,
        };
    }
    op.in.message_post.client = slice_of(clients[client]);
    op.in.message_post.messages = posted;
    op.in.message_post.n = (uint32_t)n;
    assert_int_equal(fixture_run(m->fx, &op), ST_OK);
    for (int i = 0; i < n; i++)
        m->messages[m->n++].id = op.out.message_post.ids[i];
}

static void step_list(struct model *m, int queue)
{
    struct model_message *list[LIST_MAX];
    size_t n = in_order(m, queue, list), at = 0;
    unsigned flags = (unsigned)dice(m, 8);
    int client = dice(m, 3);
    uint32_t limit = 1 + (uint32_t)dice(m, 30);
    struct message_id after = {0, 0};
    uint64_t after_place = 0;
    struct list got;

    if (m->n > 0 && dice(m, 2) == 0) {
        struct model_message *marker = &m->messages[dice(m, (int)m->n)];

        /* a dead letter that is gone leaves no place behind, see doc/compatibility.md */
        if (marker->queue == queue && marker->id.epoch == m->queues[queue].epoch) {
            after = marker->id;
            after_place = marker->place + 1;
        }
    }
    m->fx->queue = m->queues[queue];
    got = fixture_list(m->fx, clients[client], after, limit, flags);
    for (size_t i = 0; i < n && at < limit; i++) {
        struct model_message *x = list[i];

        if (x->place < after_place || (!(flags & WITH_OWN) && x->client == client) ||
            (!(flags & WITH_CLAIMED) && claimed(x)) ||
            (!(flags & WITH_DELAYED) && !claimed(x) && x->due_ms > fixture_now_ms()))
            continue;
        assert_true(at < got.n);
        same_message(&got.m[at], x);
        assert_int_equal(got.m[at].claimed, claimed(x));
        if (claimed(x))
            assert_true(claim_id_eq(&got.m[at].claim_id, &x->claim));
        at++;
    }
    assert_int_equal(got.n, at);
}

static void step_claim(struct model *m, int queue)
{
    struct model_message *list[LIST_MAX];
    size_t n = in_order(m, queue, list), at = 0;
    struct op op = {.code = OP_claim_create, .key = claim_id_new(), .queue = m->queues[queue]};
    struct model_claim *c = &m->claims[m->claims_n];
    uint32_t grace_s = 60;
    bool buries = queue == 0 && dice(m, 3) == 0;

    *c = (struct model_claim){.id = op.key, .queue = queue, .created_ms = fixture_now_ms()};
    c->ttl_s = dice(m, 3) == 0 ? 200 : 60;
    c->end_ms = fixture_now_ms() + c->ttl_s * 1000;
    op.in.claim_create.limit = 1 + (uint32_t)dice(m, 6);
    op.in.claim_create.ttl_s = c->ttl_s;
    op.in.claim_create.grace_s = grace_s;
    op.in.claim_create.dead_letter = (struct dead_letter){
        .active = buries, .max_count = 2, .ttl_s = 300, .target = m->queues[1]};
    assert_int_equal(fixture_run(m->fx, &op), ST_OK);
    for (size_t i = 0; i < n && at < op.in.claim_create.limit; i++) {
        struct model_message *x = list[i];

        if (!is_free(x))
            continue;
        if (buries && x->claims >= 2) {
            x->queue = 1;
            x->place = m->places++;
            x->claims = 0;
            x->expires_ms = fixture_now_ms() + 300 * 1000;
            continue;
        }
        x->claims++;
        x->claim = op.key;
        x->claim_end_ms = c->end_ms;
        if (x->expires_ms < c->end_ms)
            x->expires_ms = c->end_ms + grace_s * 1000;
        assert_true(at < op.out.messages.n);
        same_message(&op.out.messages.list[at++], x);
    }
    assert_int_equal(op.out.messages.n, at);
    if (at > 0)
        m->claims_n++;
}

static struct model_claim *some_claim(struct model *m)
{
    return m->claims_n == 0 ? NULL
                            : &m->claims[m->claims_n - 1 -
                                         (size_t)dice(m, m->claims_n < 10 ? (int)m->claims_n : 10)];
}

static bool holds(struct model *m, const struct model_claim *c, const struct model_message *x)
{
    (void)m;
    return x->queue == c->queue && alive(x) && claimed(x) && claim_id_eq(&x->claim, &c->id);
}

static size_t held(struct model *m, const struct model_claim *c)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += holds(m, c, &m->messages[i]);
    return n;
}

static void step_claim_get(struct model *m)
{
    struct model_claim *c = some_claim(m);
    struct op op;
    size_t n;

    if (c == NULL)
        return;
    m->fx->queue = m->queues[c->queue];
    n = c->gone || c->end_ms <= fixture_now_ms() ? 0 : held(m, c);
    assert_int_equal(fixture_claim_get(m->fx, c->id, &op), n > 0 ? ST_OK : ST_NOT_FOUND);
    if (n > 0) {
        assert_int_equal(op.out.messages.n, n);
        assert_int_equal(op.out.messages.claim_ttl_s, c->ttl_s);
        assert_true(op.out.messages.claim_created_ms == c->created_ms);
    }
}

static void step_renew(struct model *m)
{
    struct model_claim *c = some_claim(m);
    bool live;

    if (c == NULL)
        return;
    m->fx->queue = m->queues[c->queue];
    live = !c->gone && c->end_ms > fixture_now_ms() && held(m, c) > 0;
    assert_int_equal(fixture_renew(m->fx, c->id, 150, 60), live ? ST_OK : ST_NOT_FOUND);
    if (!live)
        return;
    for (size_t i = 0; i < m->n; i++) {
        struct model_message *x = &m->messages[i];

        if (!holds(m, c, x))
            continue;
        x->claim_end_ms = fixture_now_ms() + 150 * 1000;
        if (x->expires_ms < x->claim_end_ms)
            x->expires_ms = x->claim_end_ms + 60 * 1000;
    }
    c->created_ms = fixture_now_ms();
    c->end_ms = fixture_now_ms() + 150 * 1000;
    c->ttl_s = 150;
}

static void step_release(struct model *m)
{
    struct model_claim *c = some_claim(m);

    if (c == NULL)
        return;
    m->fx->queue = m->queues[c->queue];
    fixture_release(m->fx, c->id);
    for (size_t i = 0; i < m->n; i++)
        if (holds(m, c, &m->messages[i]))
            m->messages[i].claim_end_ms = 0;
    c->gone = true;
}

static void step_delete(struct model *m)
{
    struct model_message *x;
    struct model_claim *c = some_claim(m);
    enum status want = ST_OK;
    int kind = dice(m, 3);

    if (m->n == 0)
        return;
    x = &m->messages[m->n - 1 - (size_t)dice(m, m->n < 40 ? (int)m->n : 40)];
    m->fx->queue = m->queues[x->queue];
    if (kind == 2 && c == NULL)
        kind = 0;
    if (alive(x) && kind == 1 && claimed(x))
        want = ST_CLAIMED;
    if (alive(x) && kind == 2) {
        bool live =
            c->queue == x->queue && !c->gone && c->end_ms > fixture_now_ms() && held(m, c) > 0;

        want = !live            ? ST_CLAIM_GONE
               : !claimed(x)    ? ST_NOT_CLAIMED
               : holds(m, c, x) ? ST_OK
                                : ST_CLAIMED;
    }
    assert_int_equal(
        fixture_delete(m->fx, (enum delete_rule)kind, x->id, kind == 2 ? &c->id : NULL), want);
    if (want == ST_OK)
        x->gone = true;
}

static void step_pop(struct model *m, int queue)
{
    struct model_message *list[LIST_MAX];
    size_t n = in_order(m, queue, list), at = 0;
    uint32_t limit = 1 + (uint32_t)dice(m, 3);
    struct list got;

    m->fx->queue = m->queues[queue];
    got = fixture_pop(m->fx, limit);
    for (size_t i = 0; i < n && at < limit; i++) {
        if (!is_free(list[i]))
            continue;
        assert_true(at < got.n);
        same_message(&got.m[at++], list[i]);
        list[i]->gone = true;
    }
    assert_int_equal(got.n, at);
}

static void step_stats(struct model *m, int queue)
{
    struct model_message *list[LIST_MAX];
    size_t n = in_order(m, queue, list), under_claim = 0;
    struct op s;

    m->fx->queue = m->queues[queue];
    s = fixture_stats(m->fx);
    for (size_t i = 0; i < n; i++)
        under_claim += claimed(list[i]);
    assert_int_equal(s.out.queue_stats.claimed, under_claim);
    assert_int_equal(s.out.queue_stats.free, n - under_claim);
    assert_int_equal(s.out.queue_stats.any, n > 0);
    if (n > 0) {
        assert_true(message_id_eq(s.out.queue_stats.oldest, list[0]->id));
        assert_true(message_id_eq(s.out.queue_stats.newest, list[n - 1]->id));
    }
}

static void step(struct model *m)
{
    int queue = dice(m, 3) == 0;
    int what = dice(m, 100);

    if (what < 28)
        step_post(m, queue);
    else if (what < 45)
        step_list(m, queue);
    else if (what < 62)
        step_claim(m, queue);
    else if (what < 68)
        step_claim_get(m);
    else if (what < 72)
        step_renew(m);
    else if (what < 78)
        step_release(m);
    else if (what < 88)
        step_delete(m);
    else if (what < 92)
        step_pop(m, queue);
    else if (what < 97)
        step_stats(m, queue);
    else
        m->fx->store->ops->sweep(m->fx->store);
    fixture_advance_ms(1 + (dice(m, 4) == 0 ? dice(m, 12000) : dice(m, 40)));
}

static void test_store_behaves_as_the_model(void **state)
{
    struct model m = {.fx = *state, .seed = (unsigned)clock_wall_ms()};
    const char *seed = getenv("NUSKU_TEST_SEED");

    if (seed != NULL)
        m.seed = (unsigned)strtoul(seed, NULL, 10);
    print_message("seed %u (NUSKU_TEST_SEED repeats it)\n", m.seed);
    m.messages = calloc(MESSAGES_MAX, sizeof(*m.messages));
    m.claims = calloc(CLAIMS_MAX, sizeof(*m.claims));
    m.queues[0] = fixture_new_queue("one");
    m.queues[1] = fixture_new_queue("two");
    for (int i = 0; i < STEPS; i++)
        step(&m);
    free(m.messages);
    free(m.claims);
}

const struct CMUnitTest store_model_tests[] = {
    STORE_TEST(test_store_behaves_as_the_model),
};
const size_t store_model_tests_n = COUNT_OF(store_model_tests);
