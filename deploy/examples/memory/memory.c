/* The driver: what the worker calls, on the thread that it gives the store. */
#include "memory.h"

#include <string.h>

static void purge(struct call *c)
{
    if (c->op->in.queue_purge.what & PURGE_MESSAGES)
        queue_empty(c->queue);
    if (c->op->in.queue_purge.what & PURGE_SUBSCRIPTIONS)
        subscriptions_empty(c->queue);
}

/* run carries out an operation on a queue, which may have been made for it a moment ago. */
static void run(struct call *c)
{
    queue_settle(c->queue, c->now_ms);
    switch (c->op->code) {
    case OP_message_post:
        message_post(c);
        break;
    case OP_message_list:
        message_list(c);
        break;
    case OP_message_get:
        message_get(c);
        break;
    case OP_message_delete:
        message_delete(c);
        break;
    case OP_message_pop:
        message_pop(c);
        break;
    case OP_claim_create:
        claim_create(c);
        break;
    case OP_claim_get:
        claim_get(c);
        break;
    case OP_claim_renew:
        claim_renew(c);
        break;
    case OP_claim_release:
        claim_release(c);
        break;
    case OP_queue_stats:
        queue_stats(c);
        break;
    case OP_queue_purge:
        purge(c);
        break;
    case OP_subscription_put:
        subscription_put(c);
        break;
    case OP_subscription_list:
        subscription_list(c);
        break;
    case OP_subscription_get:
        subscription_get(c);
        break;
    case OP_subscription_update:
        subscription_update(c);
        break;
    case OP_subscription_delete:
        subscription_delete(c);
        break;
    case OP_subscription_confirm:
        subscription_confirm(c);
        break;
    default:
        refuse(c, ST_REFUSED, "the memory store does not know the operation");
    }
}

static void memory_run(void *state, struct thread_call *calls, size_t n, int64_t now_ms,
                       struct arena *a)
{
    struct memory *s = state;

    for (size_t i = 0; i < n; i++) {
        struct call c = {.memory = s, .op = calls[i].op, .now_ms = now_ms, .arena = a};

        memset(&c.op->out, 0, sizeof(c.op->out));
        if (c.op->code == OP_queue_drop) {
            queue_drop(s, c.op->queue.epoch);
        } else if (c.op->code != OP_store_ping) {
            c.queue = queue_get(s, c.op->queue.epoch);
            run(&c);
        }
    }
}

static bool memory_sweep(void *state, int64_t now_ms)
{
    struct memory *s = state;

    for (struct queue *q = s->queues; q != NULL; q = q->next)
        queue_settle(q, now_ms);
    answers_forget(s, now_ms);
    return false;
}

static enum status memory_open(const struct store_host *host, struct slice uri, void **state,
                               struct failure *f)
{
    struct memory *s;

    if (!slice_eq(uri, SLICE("memory://")))
        return host->calls->fail(f, ST_INVALID, "\"memory://\" has nothing behind it");
    s = must(calloc(1, sizeof(*s)));
    s->host = host->calls;
    *state = s;
    return ST_OK;
}

static void memory_close(void *state)
{
    struct memory *s = state;

    while (s->queues != NULL)
        queue_drop(s, s->queues->epoch);
    answers_free(s);
    free(s);
}

static const struct thread_driver memory_driver = {
    .open = memory_open,
    .close = memory_close,
    .run = memory_run,
    .sweep = memory_sweep,
};

NUSKU_EXPORT const struct store_ops nusku_store_plugin = {
    .abi = STORE_ABI,
    .schemes = "memory",
    /* single writer: each worker has a memory of its own */
    .capabilities = STORE_SINGLE_WRITER | CAPABILITY_FIFO | CAPABILITY_CLAIMS,
    .driver = &memory_driver,
};
