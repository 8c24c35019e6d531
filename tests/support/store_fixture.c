#include "tests/support/store_fixture.h"

#include "common/clock.h"
#include "tests/support/cmocka_all.h"
#include "worker/plugins.h"

#include <stdio.h>
#include <stdlib.h>

static _Atomic int64_t now_ms; /* stores read it from threads of their own */

int64_t fixture_now_ms(void)
{
    if (now_ms == 0)
        now_ms = clock_wall_ms();
    return now_ms;
}

void fixture_advance_ms(int64_t ms)
{
    now_ms = fixture_now_ms() + ms;
}

struct queue_ref fixture_new_queue(const char *name)
{
    static uint64_t last;
    uint64_t epoch = (uint64_t)clock_wall_ms() * 1000;

    last = epoch > last ? epoch : last + 1;
    return (struct queue_ref){.pool = SLICE(""),
                              .project = SLICE("project {with} odd/characters"),
                              .name = slice_of(name),
                              .epoch = last};
}

static void on_mail(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    mailbox_drain(handle->data);
}

void fixture_open(struct fixture *fx, const char *uri)
{
    struct failure f = {0};

    memset(fx, 0, sizeof(*fx));
    assert_int_equal(uv_loop_init(&fx->loop), 0);
    fx->mailbox = mailbox_new();
    assert_int_equal(uv_poll_init(&fx->loop, &fx->mail, mailbox_fd(fx->mailbox)), 0);
    fx->mail.data = fx->mailbox;
    uv_poll_start(&fx->mail, UV_READABLE, on_mail);
    fx->host =
        (struct store_host){&fx->loop, fx->mailbox, fixture_now_ms, true, &plugin_host_calls};
    if (store_open(&fx->host, slice_of(uri), &fx->store, &f) != ST_OK)
        fail_msg("%s: %s", uri, f.text);
    fx->queue = fixture_new_queue("queue");
}

static void on_closed(struct store *s)
{
    *(bool *)s->closed_context = true;
}

void fixture_close(struct fixture *fx)
{
    bool closed = false;

    store_close(fx->store, on_closed, &closed);
    while (!closed)
        uv_run(&fx->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&fx->mail, NULL);
    while (uv_run(&fx->loop, UV_RUN_DEFAULT) != 0)
        ;
    assert_int_equal(uv_loop_close(&fx->loop), 0);
    mailbox_free(fx->mailbox);
    arena_fini(&fx->arena);
}

/* ---- Running ---------------------------------------------------------------------------------- */

struct running {
    struct op op;
    struct fixture *fx;
    bool done;
};

static void keep_messages(struct fixture *fx, struct op *op)
{
    struct message *list = arena_alloc(&fx->arena, op->out.messages.n * sizeof(*list));

    for (uint32_t i = 0; i < op->out.messages.n; i++) {
        list[i] = op->out.messages.list[i];
        list[i].body = arena_copy(&fx->arena, list[i].body);
        list[i].checksum = arena_copy(&fx->arena, list[i].checksum);
    }
    op->out.messages.list = list;
}

static void keep_subscriptions(struct fixture *fx, struct op *op)
{
    struct subscription *list = arena_alloc(&fx->arena, op->out.subscriptions.n * sizeof(*list));

    for (uint32_t i = 0; i < op->out.subscriptions.n; i++) {
        list[i] = op->out.subscriptions.list[i];
        list[i].subscriber = arena_copy(&fx->arena, list[i].subscriber);
        list[i].options = arena_copy(&fx->arena, list[i].options);
    }
    op->out.subscriptions.list = list;
}

static void on_done(struct op *op)
{
    struct running *r = (struct running *)op;
    struct message_id *ids;

    assert_false(r->done);
    r->done = true;
    if (op->st != ST_OK)
        return;
    switch (op->code) {
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        keep_messages(r->fx, op);
        break;
    case OP_message_post:
        ids = arena_alloc(&r->fx->arena, op->out.message_post.n * sizeof(*ids));
        memcpy(ids, op->out.message_post.ids, op->out.message_post.n * sizeof(*ids));
        op->out.message_post.ids = ids;
        break;
    case OP_subscription_list:
    case OP_subscription_get:
        keep_subscriptions(r->fx, op);
        break;
    default:
        break;
    }
}

void fixture_run_all(struct fixture *fx, struct op *ops, size_t n)
{
    struct running *r = calloc(n, sizeof(*r));

    for (size_t i = 0; i < n; i++) {
        r[i].op = ops[i];
        r[i].fx = fx;
        r[i].op.done = on_done;
        r[i].op.deadline_mono_ms = clock_mono_ms() + 20000;
        fx->store->ops->submit(fx->store, &r[i].op);
        assert_false(r[i].done); /* never inside submit */
    }
    fx->store->ops->flush(fx->store);
    for (size_t i = 0; i < n; i++) {
        while (!r[i].done) {
            uv_run(&fx->loop, UV_RUN_ONCE);
            fx->store->ops->flush(fx->store);
        }
        ops[i] = r[i].op;
    }
    free(r);
}

enum status fixture_run(struct fixture *fx, struct op *op)
{
    if (op->queue.epoch == 0)
        op->queue = fx->queue;
    fixture_run_all(fx, op, 1);
    return op->st;
}

static void must(struct fixture *fx, struct op *op)
{
    if (fixture_run(fx, op) != ST_OK)
        fail_msg("%s: %s: %s", op_name(op->code), status_name(op->st), op->f.text);
}

struct message_id fixture_post(struct fixture *fx, const char *client, const char *body,
                               uint32_t ttl_s, uint32_t delay_s)
{
    struct new_message m = {ttl_s, delay_s, SLICE(""), slice_of(body)};
    struct op op = {.code = OP_message_post, .key = claim_id_new()};

    op.in.message_post.client = slice_of(client);
    op.in.message_post.messages = &m;
    op.in.message_post.n = 1;
    must(fx, &op);
    assert_int_equal(op.out.message_post.n, 1);
    return op.out.message_post.ids[0];
}

static struct list messages_of(const struct op *op)
{
    return (struct list){op->out.messages.list, op->out.messages.n};
}

struct list fixture_list(struct fixture *fx, const char *client, struct message_id after,
                         uint32_t limit, unsigned flags)
{
    struct op op = {.code = OP_message_list};

    op.in.message_list.client = slice_of(client);
    op.in.message_list.after = after;
    op.in.message_list.limit = limit;
    op.in.message_list.echo = flags & WITH_OWN;
    op.in.message_list.include_claimed = flags & WITH_CLAIMED;
    op.in.message_list.include_delayed = flags & WITH_DELAYED;
    must(fx, &op);
    return messages_of(&op);
}

struct list fixture_get(struct fixture *fx, const struct message_id *ids, uint32_t n)
{
    struct op op = {.code = OP_message_get};

    op.in.message_get.ids = ids;
    op.in.message_get.n = n;
    must(fx, &op);
    return messages_of(&op);
}

struct list fixture_pop(struct fixture *fx, uint32_t limit)
{
    struct op op = {.code = OP_message_pop, .key = claim_id_new()};

    op.in.message_pop.limit = limit;
    must(fx, &op);
    return messages_of(&op);
}

struct list fixture_claim(struct fixture *fx, struct claim_id id, uint32_t limit, uint32_t ttl_s,
                          uint32_t grace_s)
{
    struct op op = {.code = OP_claim_create, .key = id};

    op.in.claim_create.limit = limit;
    op.in.claim_create.ttl_s = ttl_s;
    op.in.claim_create.grace_s = grace_s;
    must(fx, &op);
    return messages_of(&op);
}

enum status fixture_claim_get(struct fixture *fx, struct claim_id id, struct op *op)
{
    *op = (struct op){.code = OP_claim_get};
    op->in.claim_get.id = id;
    return fixture_run(fx, op);
}

enum status fixture_renew(struct fixture *fx, struct claim_id id, uint32_t ttl_s, uint32_t grace_s)
{
    struct op op = {.code = OP_claim_renew, .key = claim_id_new()};

    op.in.claim_renew.id = id;
    op.in.claim_renew.ttl_s = ttl_s;
    op.in.claim_renew.grace_s = grace_s;
    return fixture_run(fx, &op);
}

void fixture_release(struct fixture *fx, struct claim_id id)
{
    struct op op = {.code = OP_claim_release, .key = claim_id_new()};

    op.in.claim_release.id = id;
    must(fx, &op);
}

enum status fixture_delete(struct fixture *fx, enum delete_rule rule, struct message_id id,
                           const struct claim_id *claim)
{
    struct op op = {.code = OP_message_delete, .key = claim_id_new()};

    op.in.message_delete.ids = &id;
    op.in.message_delete.n = 1;
    op.in.message_delete.rule = rule;
    op.in.message_delete.claims = claim;
    op.in.message_delete.claims_n = claim != NULL;
    return fixture_run(fx, &op);
}

void fixture_simple(struct fixture *fx, enum op_code code)
{
    struct op op = {.code = code, .key = claim_id_new()};

    assert_true(code != OP_queue_purge);
    must(fx, &op);
}

void fixture_purge(struct fixture *fx, unsigned what)
{
    struct op op = {.code = OP_queue_purge, .key = claim_id_new()};

    op.in.queue_purge.what = what;
    must(fx, &op);
}

struct op fixture_stats(struct fixture *fx)
{
    struct op op = {.code = OP_queue_stats};

    must(fx, &op);
    return op;
}
