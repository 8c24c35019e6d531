/* Operations on messages. */
#include "memory.h"

#include <string.h>

static void *outcome(const struct call *c, size_t bytes)
{
    return c->memory->host->arena_alloc(c->arena, bytes);
}

static struct item *make_item(const struct call *c, const struct new_message *m)
{
    struct item *x = must(calloc(1, sizeof(*x)));
    struct slice client = c->op->in.message_post.client;

    x->bytes = must(malloc(m->body.len + m->checksum.len + 1));
    if (m->body.len > 0)
        memcpy(x->bytes, m->body.p, m->body.len);
    if (m->checksum.len > 0)
        memcpy(x->bytes + m->body.len, m->checksum.p, m->checksum.len);
    x->client_len = client.len; /* at most CLIENT_ID_BYTES_MAX */
    if (client.len > 0)
        memcpy(x->client, client.p, client.len);
    x->m.body = (struct slice){x->bytes, m->body.len};
    x->m.checksum = (struct slice){x->bytes + m->body.len, m->checksum.len};
    x->m.created_ms = c->now_ms;
    x->m.expires_ms = c->now_ms + (int64_t)m->ttl_s * 1000;
    x->due_ms = m->delay_s == 0 ? 0 : c->now_ms + (int64_t)m->delay_s * 1000;
    return x;
}

void message_post(struct call *c)
{
    const struct answer *before = answer_find(c);
    uint32_t n = before != NULL ? before->n : c->op->in.message_post.n;
    struct message_id *ids = outcome(c, n * sizeof(*ids) + 1);
    struct answer *r;

    c->op->out.message_post.ids = ids;
    c->op->out.message_post.n = n;
    if (before != NULL) {
        memcpy(ids, before->ids, n * sizeof(*ids));
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct item *x = make_item(c, &c->op->in.message_post.messages[i]);

        queue_append(c->queue, x, c->now_ms);
        ids[i] = x->m.id = (struct message_id){c->queue->epoch, x->m.seq};
    }
    r = answer_keep(c, n);
    r->ids = must(malloc(n * sizeof(*ids) + 1));
    memcpy(r->ids, ids, n * sizeof(*ids));
}

/* place_of finds the number behind which a listing begins; false: behind everything. */
static bool place_of(const struct queue *q, struct message_id after, uint64_t *seq)
{
    const struct item *x = queue_find(q, after);

    *seq = after.epoch == q->epoch ? after.seq : x != NULL ? x->m.seq : 0;
    return after.epoch == q->epoch || x != NULL || after.epoch < q->epoch;
}

static bool is_listed(const struct call *c, const struct item *x)
{
    const struct op *op = c->op;

    if (!op->in.message_list.echo &&
        slice_eq((struct slice){x->client, x->client_len}, op->in.message_list.client))
        return false;
    if (item_is_claimed(x, c->now_ms))
        return op->in.message_list.include_claimed;
    return x->due_ms <= c->now_ms || op->in.message_list.include_delayed;
}

void message_list(struct call *c)
{
    uint32_t limit = c->op->in.message_list.limit, n = 0;
    struct message *found = outcome(c, limit * sizeof(*found));
    uint64_t after;

    if (!place_of(c->queue, c->op->in.message_list.after, &after))
        return;
    for (size_t i = 0; i < c->queue->items_n && n < limit; i++)
        if (c->queue->items[i]->m.seq > after && is_listed(c, c->queue->items[i]))
            found[n++] = item_show(c, c->queue->items[i]);
    c->op->out.messages.list = found;
    c->op->out.messages.n = n;
}

void message_get(struct call *c)
{
    struct message *found = outcome(c, c->op->in.message_get.n * sizeof(*found) + 1);

    c->op->out.messages.list = found;
    for (uint32_t i = 0; i < c->op->in.message_get.n; i++) {
        const struct item *x = queue_find(c->queue, c->op->in.message_get.ids[i]);

        if (x != NULL)
            found[c->op->out.messages.n++] = item_show(c, x);
    }
}

/* take moves free messages from the queue to the answer: they are kept while the pop may come again. */
static const struct answer *take(struct call *c)
{
    struct queue *q = c->queue;
    uint32_t limit = c->op->in.message_pop.limit;
    struct answer *r = answer_keep(c, 0);

    r->items = must(calloc(limit, sizeof(struct item *)));
    for (size_t i = 0; i < q->items_n && r->n < limit; i++) {
        if (!item_is_free(q->items[i], c->now_ms))
            continue;
        r->items[r->n++] = q->items[i];
        q->items[i] = NULL;
    }
    queue_compact(q);
    return r;
}

void message_pop(struct call *c)
{
    const struct answer *taken = answer_find(c);
    struct message *found;

    if (taken == NULL)
        taken = take(c);
    found = outcome(c, taken->n * sizeof(*found) + 1);
    for (uint32_t i = 0; i < taken->n; i++)
        found[i] = item_show(c, taken->items[i]);
    c->op->out.messages.list = found;
    c->op->out.messages.n = taken->n;
}

/* verdict says whether the rule lets a message go. */
static enum status verdict(struct call *c, const struct item *x)
{
    const struct claim_id *claims = c->op->in.message_delete.claims;

    switch (c->op->in.message_delete.rule) {
    case DELETE_ANY:
        return ST_OK;
    case DELETE_FREE:
        return item_is_claimed(x, c->now_ms) ? ST_CLAIMED : ST_OK;
    case DELETE_ONE:
        if (claim_find(c->queue, &claims[0], c->now_ms) == NULL)
            return ST_CLAIM_GONE;
        break;
    case DELETE_CLAIMED:
        break;
    }
    if (!item_is_claimed(x, c->now_ms))
        return ST_NOT_CLAIMED;
    for (uint32_t i = 0; i < c->op->in.message_delete.claims_n; i++)
        if (claim_id_eq(&claims[i], &x->m.claim_id))
            return ST_OK;
    return ST_CLAIMED;
}

static bool is_named(const struct op *op, const struct item *x)
{
    for (uint32_t i = 0; i < op->in.message_delete.n; i++)
        if (message_id_eq(op->in.message_delete.ids[i], x->m.id))
            return true;
    return false;
}

void message_delete(struct call *c)
{
    struct queue *q = c->queue;

    for (size_t i = 0; i < q->items_n; i++) {
        enum status st = is_named(c->op, q->items[i]) ? verdict(c, q->items[i]) : ST_OK;

        if (st != ST_OK) {
            refuse(c, st, "the message is not under that claim");
            return;
        }
    }
    for (size_t i = 0; i < q->items_n; i++) {
        if (!is_named(c->op, q->items[i]))
            continue;
        item_free(q->items[i]);
        q->items[i] = NULL;
    }
    queue_compact(q);
}

void queue_stats(struct call *c)
{
    const struct queue *q = c->queue;
    struct op *op = c->op;

    for (size_t i = 0; i < q->items_n; i++) {
        if (item_is_claimed(q->items[i], c->now_ms))
            op->out.queue_stats.claimed++;
        else
            op->out.queue_stats.free++;
    }
    op->out.queue_stats.any = q->items_n > 0;
    if (q->items_n == 0)
        return;
    op->out.queue_stats.oldest = q->items[0]->m.id;
    op->out.queue_stats.oldest_created_ms = q->items[0]->m.created_ms;
    op->out.queue_stats.newest = q->items[q->items_n - 1]->m.id;
    op->out.queue_stats.newest_created_ms = q->items[q->items_n - 1]->m.created_ms;
}
