/* Operations on subscriptions. */
#include "memory.h"

#include <string.h>

static struct slice own(struct slice from)
{
    char *p = must(malloc(from.len + 1));

    if (from.len > 0)
        memcpy(p, from.p, from.len);
    return (struct slice){p, from.len};
}

static void replace(struct slice *field, struct slice by)
{
    free((char *)field->p);
    *field = own(by);
}

static void remove_at(struct queue *q, size_t i)
{
    free((char *)q->subscriptions[i].subscriber.p);
    free((char *)q->subscriptions[i].options.p);
    q->subscriptions_n--;
    memmove(&q->subscriptions[i], &q->subscriptions[i + 1],
            (q->subscriptions_n - i) * sizeof(struct subscription));
}

void subscriptions_settle(struct queue *q, int64_t now_ms)
{
    for (size_t i = q->subscriptions_n; i > 0; i--) {
        const struct subscription *x = &q->subscriptions[i - 1];

        if (x->since_ms + x->ttl_s * 1000 <= now_ms)
            remove_at(q, i - 1);
    }
}

void subscriptions_empty(struct queue *q)
{
    while (q->subscriptions_n > 0)
        remove_at(q, q->subscriptions_n - 1);
}

static struct subscription *find(const struct queue *q, struct message_id id)
{
    for (size_t i = 0; i < q->subscriptions_n; i++)
        if (message_id_eq(q->subscriptions[i].id, id))
            return &q->subscriptions[i];
    return NULL;
}

static struct subscription *find_subscriber(const struct queue *q, struct slice subscriber)
{
    for (size_t i = 0; i < q->subscriptions_n; i++)
        if (slice_eq(q->subscriptions[i].subscriber, subscriber))
            return &q->subscriptions[i];
    return NULL;
}

static struct subscription *add(struct call *c)
{
    struct queue *q = c->queue;

    if (q->subscriptions_n == q->subscriptions_room) {
        q->subscriptions_room = q->subscriptions_room == 0 ? 16 : 2 * q->subscriptions_room;
        q->subscriptions =
            must(realloc(q->subscriptions, q->subscriptions_room * sizeof(struct subscription)));
    }
    q->subscriptions[q->subscriptions_n] = (struct subscription){
        .id = {q->epoch, queue_number(q, c->now_ms)},
        .since_ms = c->now_ms,
        .ttl_s = c->op->in.subscription_put.ttl_s,
        .subscriber = own(c->op->in.subscription_put.subscriber),
        .options = own(c->op->in.subscription_put.options),
    };
    return &q->subscriptions[q->subscriptions_n++];
}

void subscription_put(struct call *c)
{
    const struct answer *before = answer_find(c);
    struct answer *r;
    struct subscription *x = NULL;
    bool existed;

    if (before == NULL) {
        x = find_subscriber(c->queue, c->op->in.subscription_put.subscriber);
        existed = x != NULL;
        if (!existed && c->queue->subscriptions_n >= c->op->in.subscription_put.most) {
            refuse(c, ST_FULL, "the queue has as many subscriptions as it may have");
            return;
        }
        if (!existed)
            x = add(c);
        r = answer_keep(c, 1);
        r->ids = must(malloc(sizeof(*r->ids)));
        r->ids[0] = x->id;
        r->existed = existed;
        r->confirmed = x->confirmed;
        before = r;
    }
    c->op->out.subscription_put.id = before->ids[0];
    c->op->out.subscription_put.existed = before->existed;
    c->op->out.subscription_put.confirmed = before->confirmed;
}

static struct subscription show(const struct call *c, const struct subscription *x)
{
    struct subscription shown = *x;

    shown.subscriber = copy(c, x->subscriber);
    shown.options = copy(c, x->options);
    return shown;
}

static struct subscription *outcome(struct call *c, uint32_t limit)
{
    struct subscription *list =
        c->memory->host->arena_alloc(c->arena, limit * sizeof(struct subscription));

    c->op->out.subscriptions.list = list;
    return list;
}

void subscription_list(struct call *c)
{
    const struct queue *q = c->queue;
    struct message_id after = c->op->in.subscription_list.after;
    uint32_t limit = c->op->in.subscription_list.limit;
    struct subscription *list = outcome(c, limit);

    if (after.epoch > q->epoch)
        return;
    if (after.epoch < q->epoch) /* of an earlier life: before all */
        after.seq = 0;
    for (size_t i = 0; i < q->subscriptions_n && c->op->out.subscriptions.n < limit; i++)
        if (q->subscriptions[i].id.seq > after.seq)
            list[c->op->out.subscriptions.n++] = show(c, &q->subscriptions[i]);
}

void subscription_get(struct call *c)
{
    const struct subscription *x = find(c->queue, c->op->in.subscription_get.id);

    if (x == NULL) {
        refuse(c, ST_NOT_FOUND, "no such subscription");
        return;
    }
    outcome(c, 1)[0] = show(c, x);
    c->op->out.subscriptions.n = 1;
}

void subscription_update(struct call *c)
{
    const struct op *op = c->op;
    struct subscription *x = find(c->queue, op->in.subscription_update.id);
    struct slice subscriber = op->in.subscription_update.subscriber;
    const struct subscription *other;

    if (answer_find(c) != NULL)
        return;
    if (x == NULL) {
        refuse(c, ST_NOT_FOUND, "no such subscription");
        return;
    }
    other = subscriber.len == 0 ? NULL : find_subscriber(c->queue, subscriber);
    if (other != NULL && other != x) {
        refuse(c, ST_CONFLICT, "the subscriber has another subscription");
        return;
    }
    if (subscriber.len > 0 && other == NULL) {
        replace(&x->subscriber, subscriber);
        x->confirmed = false;
    }
    if (op->in.subscription_update.options.len > 0)
        replace(&x->options, op->in.subscription_update.options);
    if (op->in.subscription_update.ttl_s > 0) {
        x->ttl_s = op->in.subscription_update.ttl_s;
        x->since_ms = c->now_ms;
    }
    answer_keep(c, 0);
}

void subscription_delete(struct call *c)
{
    const struct subscription *x = find(c->queue, c->op->in.subscription_delete.id);

    if (x != NULL)
        remove_at(c->queue, (size_t)(x - c->queue->subscriptions));
}

void subscription_confirm(struct call *c)
{
    struct subscription *x = find(c->queue, c->op->in.subscription_confirm.id);

    if (answer_find(c) != NULL)
        return;
    if (x == NULL) {
        refuse(c, ST_NOT_FOUND, "no such subscription");
        return;
    }
    x->confirmed = c->op->in.subscription_confirm.confirmed;
    answer_keep(c, 0);
}
