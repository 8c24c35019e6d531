/* Operations on claims. */
#include "memory.h"

static bool holds(const struct claim *c, const struct item *x, int64_t now_ms)
{
    return item_is_claimed(x, now_ms) && claim_id_eq(&x->m.claim_id, &c->id);
}

/* A claim lives until it ends, or its last message is gone. */
struct claim *claim_find(struct queue *q, const struct claim_id *id, int64_t now_ms)
{
    for (size_t i = 0; i < q->claims_n; i++) {
        struct claim *claim = &q->claims[i];

        if (!claim_id_eq(&claim->id, id))
            continue;
        for (size_t j = 0; j < q->items_n; j++)
            if (holds(claim, q->items[j], now_ms))
                return claim;
    }
    return NULL;
}

static struct claim *add_claim(struct queue *q, const struct claim_id *id)
{
    if (q->claims_n == q->claims_room) {
        q->claims_room = q->claims_room == 0 ? 16 : 2 * q->claims_room;
        q->claims = must(realloc(q->claims, q->claims_room * sizeof(struct claim)));
    }
    q->claims[q->claims_n] = (struct claim){.id = *id};
    return &q->claims[q->claims_n++];
}

static void set_terms(struct claim *claim, uint32_t ttl_s, int64_t now_ms)
{
    claim->created_ms = now_ms;
    claim->ttl_s = ttl_s;
    claim->end_ms = now_ms + (int64_t)ttl_s * 1000;
}

static void hold(const struct claim *claim, struct item *x, uint32_t grace_s)
{
    x->m.claim_id = claim->id;
    x->claim_end_ms = claim->end_ms;
    if (x->m.expires_ms < claim->end_ms)
        x->m.expires_ms = claim->end_ms + (int64_t)grace_s * 1000;
}

static void bury(struct call *c, struct item *x)
{
    const struct dead_letter *dead = &c->op->in.claim_create.dead_letter;

    x->m.claim_count = 0;
    x->claim_end_ms = 0;
    if (dead->ttl_s > 0)
        x->m.expires_ms = c->now_ms + (int64_t)dead->ttl_s * 1000;
    queue_append(queue_get(c->memory, dead->target.epoch), x, c->now_ms);
}

static void show(struct call *c, const struct claim *claim)
{
    struct queue *q = c->queue;
    struct message *found = c->memory->host->arena_alloc(c->arena, q->items_n * sizeof(*found) + 1);
    uint32_t n = 0;

    for (size_t i = 0; i < q->items_n; i++)
        if (holds(claim, q->items[i], c->now_ms))
            found[n++] = item_show(c, q->items[i]);
    c->op->out.messages.list = found;
    c->op->out.messages.n = n;
    c->op->out.messages.claim_created_ms = claim->created_ms;
    c->op->out.messages.claim_ttl_s = claim->ttl_s;
}

static struct claim *claim_free_ones(struct call *c)
{
    struct queue *q = c->queue;
    struct op *op = c->op;
    struct claim *claim = add_claim(q, &op->key);
    uint32_t n = 0;

    set_terms(claim, op->in.claim_create.ttl_s, c->now_ms);
    for (size_t i = 0; i < q->items_n && n < op->in.claim_create.limit; i++) {
        struct item *x = q->items[i];

        if (!item_is_free(x, c->now_ms))
            continue;
        if (op_buries(op) && x->m.claim_count >= op->in.claim_create.dead_letter.max_count) {
            q->items[i] = NULL;
            bury(c, x);
            continue;
        }
        hold(claim, x, op->in.claim_create.grace_s);
        x->m.claim_count++;
        n++;
    }
    queue_compact(q);
    return claim;
}

/* The claim's id is the operation's key: one that is there has come before. */
void claim_create(struct call *c)
{
    struct claim *claim = claim_find(c->queue, &c->op->key, c->now_ms);

    show(c, claim != NULL ? claim : claim_free_ones(c));
}

void claim_get(struct call *c)
{
    const struct claim *claim = claim_find(c->queue, &c->op->in.claim_get.id, c->now_ms);

    if (claim == NULL)
        refuse(c, ST_NOT_FOUND, "no such claim");
    else
        show(c, claim);
}

void claim_renew(struct call *c)
{
    struct claim *claim = claim_find(c->queue, &c->op->in.claim_renew.id, c->now_ms);

    if (claim == NULL) {
        refuse(c, ST_NOT_FOUND, "no such claim");
        return;
    }
    set_terms(claim, c->op->in.claim_renew.ttl_s, c->now_ms);
    for (size_t i = 0; i < c->queue->items_n; i++)
        if (holds(claim, c->queue->items[i], c->now_ms))
            hold(claim, c->queue->items[i], c->op->in.claim_renew.grace_s);
}

void claim_release(struct call *c)
{
    struct queue *q = c->queue;
    struct claim *claim = claim_find(q, &c->op->in.claim_release.id, c->now_ms);

    if (claim == NULL)
        return;
    for (size_t i = 0; i < q->items_n; i++)
        if (holds(claim, q->items[i], c->now_ms))
            q->items[i]->claim_end_ms = 0;
    *claim = q->claims[--q->claims_n];
}
