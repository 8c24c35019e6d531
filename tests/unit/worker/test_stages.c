/* tests/unit/worker/test_stages.c - what becomes of operations in the pipeline. The stores are the test's own:
 * they take down what is submitted, and answer when they are told to. */
#include "tests/support/cmocka_all.h"

#include "common/clock.h"
#include "worker/stage/sealed.h"
#include "worker/stages.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#define KEY_A "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "b:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum { SUBMITTED_MAX = 64 };

struct bench {
    struct mailbox *mailbox;
    struct stages *stages;
    struct op *submitted[SUBMITTED_MAX];
    size_t submitted_n;
    struct op *refused;
    unsigned done; /* answers that came */
    struct arena a;
};

static struct bench bench;

static void on_submit(void *context, struct op *op)
{
    struct bench *b = context;

    assert_true(b->submitted_n < SUBMITTED_MAX);
    b->submitted[b->submitted_n++] = op;
}

static void on_refuse(void *context, struct op *op)
{
    struct bench *b = context;

    assert_null(b->refused);
    b->refused = op;
}

static void on_done(struct op *op)
{
    bench.done++;
    /* the slices end with this call */
    if (op->st == ST_OK && op->code != OP_message_post) {
        struct message *list = arena_alloc(&bench.a, op->out.messages.n * sizeof(*list));

        for (uint32_t i = 0; i < op->out.messages.n; i++) {
            list[i] = op->out.messages.list[i];
            list[i].body = arena_copy(&bench.a, list[i].body);
        }
        op->out.messages.list = list;
    }
}

static int begin(void **state)
{
    struct stages_options options = {.submit = on_submit, .refuse = on_refuse, .context = &bench};

    bench = (struct bench){.mailbox = mailbox_new()};
    options.mailbox = bench.mailbox;
    bench.stages = stages_new(&options);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *b = *state;

    stages_free(b->stages);
    mailbox_free(b->mailbox);
    arena_fini(&b->a);
    return 0;
}

/* ---- Stages of the test ----------------------------------------------------------------------- */

/* What a stage of the test does, by its argument:  "wrap X"  makes ["X",BODY] of bodies, and takes it off
 * again;  "verdict N"  gives that verdict to the messages whose body has a 2 in it. */
struct tester {
    const struct host_calls *host;
    struct slice argument;
    struct failure why;
    struct slice made; /* if present: the body that it makes */
    enum stage_verdict enter, leave;
    pthread_t *thread; /* where it ran */
    unsigned seen;
    struct stage_message last;
};

static struct tester testers[4];
static size_t testers_n;

static enum status tester_open(const struct host_calls *host, struct slice argument, void **state,
                               struct failure *f)
{
    struct tester *t = &testers[testers_n++];

    *t = (struct tester){.host = host, .argument = argument};
    if (slice_eq(argument, SLICE("bad")))
        return host->fail(f, ST_INVALID, "it is bad");
    *state = t;
    return ST_OK;
}

static void tester_close(void *state)
{
    (void)state;
    testers_n = 0;
}

static bool has_two(struct slice body)
{
    return memchr(body.p, '2', body.len) != NULL;
}

static enum stage_verdict tester_enter(void *state, const struct stage_message *m,
                                       struct slice *body, struct arena *a, struct failure *why)
{
    struct tester *t = state;
    char *p;

    t->seen++;
    t->last = *m;
    if (t->thread != NULL)
        *t->thread = pthread_self();
    if (t->enter != STAGE_PASS && has_two(*body)) {
        *why = t->why;
        return t->enter;
    }
    if (t->made.p != NULL) {
        *body = t->made;
    } else if (t->argument.p != NULL) {
        p = t->host->arena_alloc(a, body->len + 6);
        *body = (struct slice){p, (size_t)snprintf(p, body->len + 7, "[\"%c\",%.*s]",
                                                   t->argument.p[0], SLICE_ARG(*body))};
    }
    return STAGE_PASS;
}

static enum stage_verdict tester_leave(void *state, const struct stage_message *m,
                                       struct slice *body, struct arena *a, struct failure *why)
{
    struct tester *t = state;

    (void)a;
    assert_non_null(m->stored);
    if (t->thread != NULL)
        *t->thread = pthread_self();
    if (t->leave != STAGE_PASS && has_two(*body)) {
        *why = t->why;
        return t->leave;
    }
    if (t->argument.p != NULL) {
        assert_true(body->len > 6 && body->p[2] == t->argument.p[0]);
        *body = (struct slice){body->p + 5, body->len - 6};
    }
    return STAGE_PASS;
}

static const struct stage_ops tester_ops = {.abi = STAGE_ABI,
                                            .open = tester_open,
                                            .close = tester_close,
                                            .enter = tester_enter,
                                            .leave = tester_leave};

static struct tester *add(struct bench *b, const struct stage_ops *ops, const char *argument)
{
    assert_int_equal(stages_add(b->stages, SLICE("test"), ops, slice_of(argument), NULL), ST_OK);
    return &testers[testers_n - 1];
}

static void read_pipeline(struct bench *b, const char *pipeline, const char *keys)
{
    struct failure f;

    if (stages_read(b->stages, slice_of(pipeline), slice_of(keys), &f) != ST_OK)
        fail_msg("%s: %s", pipeline, f.text);
}

/* ---- Operations ------------------------------------------------------------------------------- */

static const struct queue_ref queue = {SLICE_INIT(""), SLICE_INIT("p"), SLICE_INIT("q"), 7};

static struct op post_of(struct bench *b, const char *const *bodies, uint32_t n)
{
    struct new_message *m = arena_alloc(&b->a, n * sizeof(*m));
    struct op op = {
        .code = OP_message_post, .queue = queue, .key = claim_id_new(), .done = on_done};

    for (uint32_t i = 0; i < n; i++)
        m[i] = (struct new_message){60 + i, i, SLICE(""), slice_of(bodies[i])};
    op.in.message_post.client = SLICE("me");
    op.in.message_post.messages = m;
    op.in.message_post.n = n;
    return op;
}

#define POST_OF(b, ...)                                                                            \
    post_of((b), (const char *[]){__VA_ARGS__},                                                    \
            sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static struct op *last_submitted(struct bench *b)
{
    assert_true(b->submitted_n > 0);
    return b->submitted[b->submitted_n - 1];
}

/* answer_post has the store take all that was submitted, or answer as it did before with some ids. */
static void answer_post(struct bench *b, uint32_t n)
{
    struct op *op = last_submitted(b);
    struct message_id *ids = arena_alloc(&b->a, n * sizeof(*ids));

    assert_int_equal(op->code, OP_message_post);
    for (uint32_t i = 0; i < n; i++)
        ids[i] = (struct message_id){7, 100 + i};
    op->st = ST_OK;
    op->now_ms = 5000;
    op->out.message_post.ids = ids;
    op->out.message_post.n = n;
    op->done(op);
}

static const struct new_message *stored(struct bench *b, uint32_t i)
{
    struct op *op = last_submitted(b);

    assert_true(i < op->in.message_post.n);
    return &op->in.message_post.messages[i];
}

static struct op read_op(enum op_code code)
{
    struct op op = {.code = code, .queue = queue, .done = on_done};

    if (op_changes(code))
        op.key = claim_id_new();
    return op;
}

/* answer_read has the store give messages; their bytes end with its operation. */
static void answer_read(struct bench *b, const struct slice *bodies, uint32_t n)
{
    struct op *op = last_submitted(b);
    struct arena a = {0};
    struct message *list = arena_alloc(&a, n * sizeof(*list));

    for (uint32_t i = 0; i < n; i++)
        list[i] = (struct message){.id = {7, i},
                                   .seq = i,
                                   .created_ms = 1000,
                                   .expires_ms = 65000,
                                   .checksum = arena_copy(&a, SLICE("MD5:x")),
                                   .body = arena_copy(&a, bodies[i])};
    op->st = ST_OK;
    op->now_ms = 5000;
    op->out.messages.list = list;
    op->out.messages.n = n;
    op->done(op);
    arena_fini(&a);
}

static void assert_bodies(const struct op *op, const char *const *bodies, uint32_t n)
{
    assert_int_equal(op->st, ST_OK);
    assert_int_equal(op->out.messages.n, n);
    for (uint32_t i = 0; i < n; i++)
        assert_slice(op->out.messages.list[i].body, bodies[i]);
}

#define ASSERT_BODIES(op, ...)                                                                     \
    assert_bodies((op), (const char *[]){__VA_ARGS__},                                             \
                  sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void assert_refused(struct bench *b, struct op *op, enum status st, const char *text)
{
    assert_ptr_equal(b->refused, op);
    assert_int_equal(op->st, st);
    assert_int_equal(op->f.st, st);
    assert_string_equal(op->f.text, text);
    b->refused = NULL;
}

static const enum op_code readings[] = {OP_message_list, OP_message_get, OP_message_pop,
                                        OP_claim_create, OP_claim_get};

enum { READINGS = sizeof(readings) / sizeof(readings[0]) };

/* ---- What no stage has to do with ------------------------------------------------------------- */

static void test_stages_let_operations_without_bodies_straight_through(void **state)
{
    static const enum op_code codes[] = {OP_message_delete, OP_claim_renew, OP_claim_release,
                                         OP_queue_stats,    OP_queue_purge, OP_queue_drop,
                                         OP_store_ping};
    struct bench *b = *state;

    add(b, &tester_ops, "a");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct op op = read_op(codes[i]);

        stages_submit(b->stages, &op);
        assert_ptr_equal(last_submitted(b), &op);
    }
}

static void test_stages_let_plain_posts_straight_through(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1");

    read_pipeline(b, "encryption", KEY_A);
    stages_submit(b->stages, &op);
    assert_ptr_equal(last_submitted(b), &op);
}

static void test_stages_give_failures_of_stores_as_they_are(void **state)
{
    struct bench *b = *state;

    add(b, &tester_ops, "a");
    for (size_t i = 0; i <= READINGS; i++) {
        struct op op = i < READINGS ? read_op(readings[i]) : POST_OF(b, "1");
        struct op *seen;

        stages_submit(b->stages, &op);
        seen = last_submitted(b);
        seen->st = fail(&seen->f, ST_UNAVAILABLE, "gone");
        seen->done(seen);
        assert_int_equal(b->done, i + 1);
        assert_int_equal(op.st, ST_UNAVAILABLE);
        assert_string_equal(op.f.text, "gone");
    }
}

/* ---- Filters ---------------------------------------------------------------------------------- */

static void test_stages_are_passed_in_order_and_back_in_the_reverse_one(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1", "{\"x\": 2}");

    add(b, &tester_ops, "a");
    add(b, &tester_ops, "b");
    op.again = true;
    stages_submit(b->stages, &op);
    assert_int_equal(b->done, 0);
    assert_int_equal(last_submitted(b)->in.message_post.n, 2);
    assert_slice(stored(b, 0)->body, "[\"b\",[\"a\",1]]");
    assert_slice(stored(b, 1)->body, "[\"b\",[\"a\",{\"x\": 2}]]");
    assert_int_equal(stored(b, 1)->ttl_s, 61);
    assert_int_equal(stored(b, 1)->delay_s, 1);
    assert_true(claim_id_eq(&last_submitted(b)->key, &op.key) && last_submitted(b)->again);
    assert_slice(last_submitted(b)->in.message_post.client, "me");
    answer_post(b, 2);
    assert_int_equal(b->done, 1);
    assert_int_equal(op.st, ST_OK);
    assert_int_equal(op.now_ms, 5000);
    assert_int_equal(op.out.message_post.n, 2);
    assert_int_equal(op.out.message_post.ids[1].seq, 101);
    for (size_t i = 0; i < READINGS; i++) {
        struct op read = read_op(readings[i]);

        stages_submit(b->stages, &read);
        answer_read(b, (struct slice[]){SLICE("[\"b\",[\"a\",1]]"), SLICE("[\"b\",[\"a\",\"2\"]]")},
                    2);
        ASSERT_BODIES(&read, "1", "\"2\"");
        assert_int_equal(read.out.messages.list[1].seq, 1);
        assert_int_equal(read.now_ms, 5000);
    }
}

static void test_stages_are_shown_what_they_may_know(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1", "1");
    struct tester *t = add(b, &tester_ops, NULL);

    stages_submit(b->stages, &op);
    assert_int_equal(t->seen, 2);
    assert_slice(t->last.client, "me");
    assert_int_equal(t->last.ttl_s, 61);
    assert_int_equal(t->last.delay_s, 1);
    assert_false(t->last.encrypt);
    assert_null(t->last.stored);
    answer_post(b, 2);
}

static void test_stages_drop_messages_on_their_way_in(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1", "2", "3"), none = POST_OF(b, "2");

    add(b, &tester_ops, NULL)->enter = STAGE_DROP;
    stages_submit(b->stages, &op);
    assert_int_equal(last_submitted(b)->in.message_post.n, 2);
    assert_slice(stored(b, 0)->body, "1");
    assert_slice(stored(b, 1)->body, "3");
    answer_post(b, 2);
    assert_int_equal(op.st, ST_OK);
    assert_int_equal(op.out.message_post.n, 2);
    stages_submit(b->stages, &none); /* its key still goes to the store */
    assert_int_equal(last_submitted(b)->in.message_post.n, 0);
    assert_true(claim_id_eq(&last_submitted(b)->key, &none.key));
    answer_post(b, 0);
    assert_int_equal(none.st, ST_OK);
    assert_int_equal(none.out.message_post.n, 0);
}

static void test_stages_reject_a_whole_post(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1", "2", "3");
    struct tester *t = add(b, &tester_ops, NULL);

    t->enter = STAGE_REJECT;
    fail(&t->why, ST_REJECTED, "no twos");
    stages_submit(b->stages, &op);
    assert_int_equal(b->submitted_n, 0);
    assert_int_equal(b->done, 0); /* never inside submit */
    assert_refused(b, &op, ST_REJECTED, "no twos");
    fail(&t->why, ST_REFUSED, "the list of twos can't be had");
    stages_submit(b->stages, &op);
    assert_refused(b, &op, ST_REFUSED, "the list of twos can't be had");
    fail(&t->why, ST_NOT_FOUND, "any other status");
    stages_submit(b->stages, &op);
    assert_int_equal(op.st, ST_REJECTED);
    b->refused = NULL;
    t->why = (struct failure){.st = ST_OK};
    stages_submit(b->stages, &op);
    assert_refused(b, &op, ST_REJECTED, "A message filter refuses it.");
    assert_int_equal(b->submitted_n, 0);
}

/* A filter need not say the same again: what was carried out is answered as it was. */
static void test_stages_answer_a_post_that_comes_again_as_the_store_knows_it(void **state)
{
    static const enum stage_verdict verdicts[] = {STAGE_PASS, STAGE_DROP, STAGE_REJECT};
    struct bench *b = *state;
    struct tester *t = add(b, &tester_ops, NULL);

    fail(&t->why, ST_REJECTED, "no twos");
    for (int i = 0; i < 3; i++) {
        struct op op = POST_OF(b, "2", "2");

        op.again = true;
        t->enter = verdicts[i];
        stages_submit(b->stages, &op);
        assert_int_equal(last_submitted(b)->in.message_post.n, i == 0 ? 2 : 0);
        answer_post(b, 1); /* of two, one was kept the first time */
        assert_int_equal(op.st, ST_OK);
        assert_int_equal(op.out.message_post.n, 1);
    }
    for (int i = 1; i < 3; i++) {
        struct op op = POST_OF(b, "2", "2");

        op.again = true;
        t->enter = verdicts[i];
        stages_submit(b->stages, &op);
        answer_post(b, 0); /* it was not carried out */
        assert_int_equal(op.st, i == 1 ? ST_OK : ST_REJECTED);
        assert_int_equal(op.out.message_post.n, 0);
    }
    assert_null(b->refused);
}

static void test_stages_hide_messages_on_their_way_out(void **state)
{
    struct bench *b = *state;

    add(b, &tester_ops, NULL)->leave = STAGE_DROP;
    for (size_t i = 0; i < READINGS; i++) {
        struct op op = read_op(readings[i]);

        stages_submit(b->stages, &op);
        answer_read(b, (struct slice[]){SLICE("1"), SLICE("2"), SLICE("3")}, 3);
        ASSERT_BODIES(&op, "1", "3");
    }
    assert_int_equal(b->submitted_n, READINGS);
}

static void test_stages_want_json_of_what_filters_make(void **state)
{
    static const struct {
        struct slice made;
        bool fine;
    } cases[] = {
        {SLICE_INIT("{\"a\": [1]}"), true},
        {SLICE_INIT(" null "), true},
        {SLICE_INIT("\x02\xff"), true},
        {SLICE_INIT("\0"), true},
        {SLICE_INIT(""), false},
        {SLICE_INIT("{"), false},
        {SLICE_INIT("\x01sealed"), false},
        {SLICE_INIT("1 2"), false},
        {SLICE_INIT("\xff"), false},
        {SLICE_INIT("\x1f"), false},
    };
    struct bench *b = *state;
    struct tester *t = add(b, &tester_ops, NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct op op = POST_OF(b, "1");

        t->made = cases[i].made;
        stages_submit(b->stages, &op);
        if (cases[i].fine) {
            assert_true(slice_eq(stored(b, 0)->body, cases[i].made));
            answer_post(b, 1);
            assert_int_equal(op.st, ST_OK);
        } else {
            assert_refused(b, &op, ST_REFUSED, "stage test: it makes bodies that are no JSON");
        }
    }
}

static void test_stages_give_changed_bodies_a_checksum_of_their_own(void **state)
{
    static const struct {
        struct slice made;
        const char *checksum;
    } cases[] = {
        {SLICE_INIT("\"abc\""), "MD5:ebd9f4c7b06cb0aaf5d13d80e49d8b90"},
        {SLICE_INIT("{ }"), "MD5:99914b932bd37a50b983c5e7c90ae93b"},
        {SLICE_INIT("null"), ""},
        {SLICE_INIT("\x02"), "MD5:old"}, /* as it will be again */
    };
    struct bench *b = *state;
    struct tester *t = add(b, &tester_ops, NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct op op = POST_OF(b, "1");
        struct new_message m = op.in.message_post.messages[0];

        op.in.message_post.messages = &m;
        m.checksum = SLICE("MD5:old");
        t->made = cases[i].made;
        stages_submit(b->stages, &op);
        assert_slice(stored(b, 0)->checksum, cases[i].checksum);
        answer_post(b, 1);
        m.checksum = SLICE(""); /* checksums are off */
        stages_submit(b->stages, &op);
        assert_slice(stored(b, 0)->checksum, "");
        answer_post(b, 1);
    }
}

/* ---- Encryption, and what can't be read ------------------------------------------------------- */

/* encrypted gives a body as the pipeline of KEY_A or KEY_B stores it. */
static struct slice encrypted(struct bench *b, const char *key, const char *body)
{
    struct sealer *s = sealer_new();
    struct keyring k;
    struct slice sealed;

    assert_int_equal(keyring_read(slice_of(key), &k, NULL), ST_OK);
    sealed = seal(s, &k.list[0], queue.project, slice_of(body), &b->a);
    sealer_free(s);
    return sealed;
}

static void test_stages_encrypt_what_the_queue_wants_encrypted(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "\"secret\"", "null");

    read_pipeline(b, "encryption", KEY_A "," KEY_B);
    op.in.message_post.encrypt = true;
    stages_submit(b->stages, &op);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(sealed_is(stored(b, i)->body));
        assert_slice(((struct slice){stored(b, i)->body.p + 3, 1}), "a");
        assert_null(memmem(stored(b, i)->body.p, stored(b, i)->body.len, "secret", 6));
    }
    answer_post(b, 2);
    assert_int_equal(op.st, ST_OK);
    for (size_t i = 0; i < READINGS; i++) {
        struct op read = read_op(readings[i]);

        stages_submit(b->stages, &read);
        answer_read(b,
                    (struct slice[]){SLICE("1"), encrypted(b, KEY_A, "\"x\""),
                                     encrypted(b, KEY_B, "\"y\""), SLICE("null")},
                    4);
        ASSERT_BODIES(&read, "1", "\"x\"", "\"y\"", "null");
    }
}

/* A filter behind encryption sees encrypted bodies: it may pack them, and gives them back as they were. */
static enum stage_verdict mark_enter(void *state, const struct stage_message *m, struct slice *body,
                                     struct arena *a, struct failure *why)
{
    char *p = arena_alloc(a, body->len + 1);

    (void)state;
    (void)m;
    (void)why;
    p[0] = '\2';
    memcpy(p + 1, body->p, body->len);
    *body = (struct slice){p, body->len + 1};
    return STAGE_PASS;
}

static enum stage_verdict mark_leave(void *state, const struct stage_message *m, struct slice *body,
                                     struct arena *a, struct failure *why)
{
    (void)state;
    (void)m;
    (void)a;
    (void)why;
    assert_int_equal(body->p[0], '\2');
    *body = slice_from(*body, 1);
    return STAGE_PASS;
}

static void test_stages_behind_encryption_give_back_what_it_made(void **state)
{
    struct bench *b = *state;
    struct stage_ops marks = tester_ops;
    struct op op = POST_OF(b, "\"secret\""), read = read_op(OP_message_list);
    struct slice body;

    marks.enter = mark_enter;
    marks.leave = mark_leave;
    read_pipeline(b, "encryption", KEY_A);
    add(b, &marks, NULL);
    op.in.message_post.encrypt = true;
    stages_submit(b->stages, &op);
    body = arena_copy(&b->a, stored(b, 0)->body);
    assert_true(body.p[0] == '\2' && body.p[1] == SEALED_MARK);
    answer_post(b, 1);
    stages_submit(b->stages, &read);
    answer_read(b, &body, 1);
    ASSERT_BODIES(&read, "\"secret\"");
}

static void test_stages_store_nothing_in_clear_that_was_to_be_encrypted(void **state)
{
    struct bench *b = *state;
    struct op op = POST_OF(b, "1");

    op.in.message_post.encrypt = true;
    stages_submit(b->stages, &op); /* no such stage */
    assert_refused(b, &op, ST_REFUSED, "this worker does not encrypt");
    read_pipeline(b, "encryption", "");
    stages_submit(b->stages, &op);
    assert_refused(b, &op, ST_REFUSED, "this worker has no key to encrypt with");
    assert_int_equal(b->submitted_n, 0);
}

static void test_stages_fail_readings_of_what_they_cannot_decrypt(void **state)
{
    static const enum op_code codes[] = {OP_message_list, OP_message_get, OP_claim_get};
    struct bench *b = *state;

    read_pipeline(b, "encryption", KEY_A);
    for (size_t i = 0; i < 3; i++) {
        struct op op = read_op(codes[i]);

        stages_submit(b->stages, &op);
        answer_read(b, (struct slice[]){SLICE("1"), encrypted(b, KEY_B, "2")}, 2);
        assert_int_equal(op.st, ST_REFUSED);
        assert_non_null(strstr(op.f.text, "no key b"));
    }
    assert_int_equal(b->submitted_n, 3);
}

static void test_stages_take_a_body_that_no_stage_undoes_for_unreadable(void **state)
{
    static const struct slice bodies[] = {SLICE_INIT("\x02packed"), SLICE_INIT(""),
                                          SLICE_INIT("\0")};
    struct bench *b = *state;

    for (size_t i = 0; i < 3; i++) {
        struct op op = read_op(OP_message_get);

        stages_submit(b->stages, &op);
        answer_read(b, &bodies[i], 1);
        assert_int_equal(op.st, ST_REFUSED);
        assert_non_null(strstr(op.f.text, "a stage is missing"));
    }
}

static void test_stages_answer_a_claim_with_what_can_be_read(void **state)
{
    struct bench *b = *state;
    struct op op = read_op(OP_claim_create), none = read_op(OP_claim_create);

    read_pipeline(b, "encryption", KEY_A);
    stages_submit(b->stages, &op);
    answer_read(b, (struct slice[]){encrypted(b, KEY_B, "1"), encrypted(b, KEY_A, "2")}, 2);
    ASSERT_BODIES(&op, "2");
    stages_submit(b->stages, &none);
    answer_read(b, (struct slice[]){encrypted(b, KEY_B, "1")}, 1);
    assert_int_equal(none.st, ST_REFUSED);
    assert_int_equal(b->submitted_n, 2);
    assert_int_equal(b->done, 2);
}

static void test_stages_put_back_what_was_popped_and_cannot_be_read(void **state)
{
    struct bench *b = *state;
    struct slice lost = encrypted(b, KEY_B, "1");
    struct op op = read_op(OP_message_pop), again = op, *back;
    struct claim_id key;

    op.deadline_mono_ms = clock_mono_ms();
    read_pipeline(b, "encryption", KEY_A);
    stages_submit(b->stages, &op);
    answer_read(b, (struct slice[]){lost, encrypted(b, KEY_A, "2"), SLICE("3")}, 3);
    assert_int_equal(b->done, 0); /* first it is put back */
    back = last_submitted(b);
    assert_int_equal(back->code, OP_message_post);
    assert_true(back->again && !back->in.message_post.encrypt);
    assert_true(back->deadline_mono_ms > op.deadline_mono_ms + 1000); /* which has come */
    assert_int_equal(back->queue.epoch, 7);
    assert_int_equal(back->in.message_post.n, 1);
    assert_true(slice_eq(stored(b, 0)->body, lost));
    assert_int_equal(stored(b, 0)->ttl_s, 60);
    assert_slice(stored(b, 0)->checksum, "MD5:x");
    key = back->key;
    assert_false(claim_id_eq(&key, &op.key));
    answer_post(b, 1);
    assert_int_equal(b->done, 1);
    ASSERT_BODIES(&op, "2", "3");

    again.again = true; /* the second time it is the same post */
    stages_submit(b->stages, &again);
    answer_read(b, (struct slice[]){lost}, 1);
    assert_true(claim_id_eq(&last_submitted(b)->key, &key));
    answer_post(b, 1);
    assert_int_equal(again.st, ST_REFUSED);
    assert_non_null(strstr(again.f.text, "no key b"));
    assert_int_equal(b->done, 2);
}

/* ---- Stages that block ------------------------------------------------------------------------ */

static void deliver(struct bench *b, unsigned done, size_t submitted)
{
    struct pollfd p = {.fd = mailbox_fd(b->mailbox), .events = POLLIN};

    while (b->done < done || b->submitted_n < submitted) {
        assert_int_equal(poll(&p, 1, 10000), 1);
        mailbox_turn(b->mailbox);
    }
}

static void test_stages_that_block_run_on_a_thread_in_the_order_of_operations(void **state)
{
    struct stage_ops slow = tester_ops;
    struct bench *b = *state;
    struct op ops[20], read = read_op(OP_message_list);
    pthread_t thread = pthread_self();

    slow.flags = STAGE_BLOCKS;
    add(b, &slow, "a")->thread = &thread;
    for (uint32_t i = 0; i < 20; i++) {
        ops[i] = POST_OF(b, "1");
        stages_submit(b->stages, &ops[i]);
    }
    assert_int_equal(b->submitted_n, 0);
    deliver(b, 0, 20);
    assert_false(pthread_equal(thread, pthread_self()));
    for (uint32_t i = 0; i < 20; i++) {
        assert_true(claim_id_eq(&b->submitted[i]->key, &ops[i].key));
        assert_slice(b->submitted[i]->in.message_post.messages[0].body, "[\"a\",1]");
    }
    for (uint32_t i = 0; i < 20; i++) {
        b->submitted[i]->st = fail(&b->submitted[i]->f, ST_TIMEOUT, "late");
        b->submitted[i]->done(b->submitted[i]);
    }
    stages_submit(b->stages, &read);
    answer_read(b, (struct slice[]){SLICE("[\"a\",1]")}, 1); /* whose bytes end now */
    assert_int_equal(b->done, 20);
    deliver(b, 21, 0);
    ASSERT_BODIES(&read, "1");
}

static void test_stages_stop_with_all_submitted(void **state)
{
    struct stage_ops slow = tester_ops;
    struct bench *b = *state;
    struct op ops[20];

    slow.flags = STAGE_BLOCKS;
    add(b, &slow, "a");
    for (uint32_t i = 0; i < 20; i++) {
        ops[i] = POST_OF(b, "1");
        stages_submit(b->stages, &ops[i]);
    }
    stages_stop(b->stages);
    assert_int_equal(b->submitted_n, 20);
    for (uint32_t i = 0; i < 20; i++) {
        b->submitted[i]->st = fail(&b->submitted[i]->f, ST_UNAVAILABLE, "closing");
        b->submitted[i]->done(b->submitted[i]);
    }
    assert_int_equal(b->done, 20);
}

/* ---- The pipeline's text ---------------------------------------------------------------------- */

static void test_stages_read_refuses_what_makes_no_pipeline(void **state)
{
    static const struct {
        const char *pipeline, *keys, *words;
    } cases[] = {
        {"encryption,encryption", KEY_A, "once"},
        {"encryption=x", KEY_A, "no argument"},
        {"encryption,", "", "a name of a stage"},
        {",", "", "a name of a stage"},
        {"", KEY_A, "encryption must be part"},
        {"nothing", "", "nothing.so: "},
        {"/nonexistent/filter.so=x", "", "/nonexistent/filter.so: "},
        {"encryption", "a:1", "key 1 (a)"},
    };
    struct stages_options options = {.mailbox = ((struct bench *)*state)->mailbox};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stages *s = stages_new(&options);
        struct failure f = {0};

        assert_int_equal(stages_read(s, slice_of(cases[i].pipeline), slice_of(cases[i].keys), &f),
                         ST_INVALID);
        if (strstr(f.text, cases[i].words) == NULL ||
            strstr(f.text, "[stages] pipeline: ") != f.text)
            fail_msg("%s: %s", cases[i].pipeline, f.text);
        stages_free(s);
    }
}

static void test_stages_say_which_one_cannot_be_opened(void **state)
{
    struct bench *b = *state;
    struct failure f;

    assert_int_equal(stages_add(b->stages, SLICE("x"), &tester_ops, SLICE("bad"), &f), ST_INVALID);
    assert_string_equal(f.text, "stage x: it is bad");
    testers_n = 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stages_let_operations_without_bodies_straight_through),
        TEST(test_stages_let_plain_posts_straight_through),
        TEST(test_stages_give_failures_of_stores_as_they_are),
        TEST(test_stages_are_passed_in_order_and_back_in_the_reverse_one),
        TEST(test_stages_are_shown_what_they_may_know),
        TEST(test_stages_drop_messages_on_their_way_in),
        TEST(test_stages_reject_a_whole_post),
        TEST(test_stages_answer_a_post_that_comes_again_as_the_store_knows_it),
        TEST(test_stages_hide_messages_on_their_way_out),
        TEST(test_stages_want_json_of_what_filters_make),
        TEST(test_stages_give_changed_bodies_a_checksum_of_their_own),
        TEST(test_stages_encrypt_what_the_queue_wants_encrypted),
        TEST(test_stages_behind_encryption_give_back_what_it_made),
        TEST(test_stages_store_nothing_in_clear_that_was_to_be_encrypted),
        TEST(test_stages_fail_readings_of_what_they_cannot_decrypt),
        TEST(test_stages_take_a_body_that_no_stage_undoes_for_unreadable),
        TEST(test_stages_answer_a_claim_with_what_can_be_read),
        TEST(test_stages_put_back_what_was_popped_and_cannot_be_read),
        TEST(test_stages_that_block_run_on_a_thread_in_the_order_of_operations),
        TEST(test_stages_stop_with_all_submitted),
        TEST(test_stages_read_refuses_what_makes_no_pipeline),
        TEST(test_stages_say_which_one_cannot_be_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
