/* Queues, what is in them, and what was answered. */
#include "memory.h"

#include <string.h>

enum { REMEMBER_MS = 20000 }; /* operations that may come again do so within 8 s */

void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

struct slice copy(const struct call *c, struct slice from)
{
    char *p = c->memory->host->arena_alloc(c->arena, from.len + 1);

    if (from.len > 0)
        memcpy(p, from.p, from.len);
    return (struct slice){p, from.len};
}

void refuse(struct call *c, enum status st, const char *why)
{
    c->op->st = c->memory->host->fail(&c->op->f, st, "%s", why);
}

/* ---- Queues ----------------------------------------------------------------------------------- */

struct queue *queue_get(struct memory *s, uint64_t epoch)
{
    struct queue *q = s->queues;

    while (q != NULL && q->epoch != epoch)
        q = q->next;
    if (q != NULL)
        return q;
    q = must(calloc(1, sizeof(*q)));
    q->epoch = epoch;
    q->next = s->queues;
    s->queues = q;
    return q;
}

void queue_drop(struct memory *s, uint64_t epoch)
{
    struct queue **at = &s->queues, *q;

    while (*at != NULL && (*at)->epoch != epoch)
        at = &(*at)->next;
    q = *at;
    if (q == NULL)
        return;
    *at = q->next;
    queue_empty(q);
    subscriptions_empty(q);
    free(q->items);
    free(q->claims);
    free(q->subscriptions);
    free(q);
}

void queue_empty(struct queue *q)
{
    for (size_t i = 0; i < q->items_n; i++)
        item_free(q->items[i]);
    q->items_n = q->claims_n = 0;
}

void queue_settle(struct queue *q, int64_t now_ms)
{
    for (size_t i = 0; i < q->items_n; i++) {
        if (q->items[i]->m.expires_ms > now_ms)
            continue;
        item_free(q->items[i]);
        q->items[i] = NULL;
    }
    queue_compact(q);
    for (size_t i = q->claims_n; i > 0; i--)
        if (q->claims[i - 1].end_ms <= now_ms)
            q->claims[i - 1] = q->claims[--q->claims_n];
    subscriptions_settle(q, now_ms);
}

uint64_t queue_number(struct queue *q, int64_t now_ms)
{
    q->last = now_ms > 0 && (uint64_t)now_ms > q->last ? (uint64_t)now_ms : q->last + 1;
    return q->last;
}

void queue_append(struct queue *q, struct item *x, int64_t now_ms)
{
    if (q->items_n == q->items_room) {
        q->items_room = q->items_room == 0 ? 64 : 2 * q->items_room;
        q->items = must(realloc(q->items, q->items_room * sizeof(struct item *)));
    }
    x->m.seq = queue_number(q, now_ms);
    q->items[q->items_n++] = x;
}

void queue_compact(struct queue *q)
{
    size_t n = 0;

    for (size_t i = 0; i < q->items_n; i++)
        if (q->items[i] != NULL)
            q->items[n++] = q->items[i];
    q->items_n = n;
}

/* A dead letter keeps its id, and has none of its new queue. */
struct item *queue_find(const struct queue *q, struct message_id id)
{
    for (size_t i = 0; i < q->items_n; i++)
        if (message_id_eq(q->items[i]->m.id, id))
            return q->items[i];
    return NULL;
}

/* ---- Items ------------------------------------------------------------------------------------ */

bool item_is_claimed(const struct item *x, int64_t now_ms)
{
    return x->claim_end_ms > now_ms;
}

bool item_is_free(const struct item *x, int64_t now_ms)
{
    return !item_is_claimed(x, now_ms) && x->due_ms <= now_ms;
}

void item_free(struct item *x)
{
    free(x->bytes);
    free(x);
}

struct message item_show(const struct call *c, const struct item *x)
{
    struct message m = x->m;

    m.claimed = item_is_claimed(x, c->now_ms);
    m.checksum = copy(c, x->m.checksum);
    m.body = copy(c, x->m.body);
    return m;
}

/* ---- Answers ---------------------------------------------------------------------------------- */

const struct answer *answer_find(const struct call *c)
{
    const struct answer *r = c->memory->answers;

    while (r != NULL && !claim_id_eq(&r->key, &c->op->key))
        r = r->next;
    return r != NULL && c->now_ms - r->at_ms <= REMEMBER_MS ? r : NULL;
}

struct answer *answer_keep(const struct call *c, uint32_t n)
{
    struct answer *r = must(calloc(1, sizeof(*r)));

    r->key = c->op->key;
    r->at_ms = c->now_ms;
    r->n = n;
    r->next = c->memory->answers;
    c->memory->answers = r;
    return r;
}

static void forget(struct answer **at)
{
    struct answer *r = *at;

    *at = r->next;
    for (uint32_t i = 0; r->items != NULL && i < r->n; i++)
        item_free(r->items[i]);
    free(r->items);
    free(r->ids);
    free(r);
}

void answers_forget(struct memory *s, int64_t now_ms)
{
    struct answer **at = &s->answers;

    while (*at != NULL) {
        if (now_ms - (*at)->at_ms > REMEMBER_MS)
            forget(at);
        else
            at = &(*at)->next;
    }
}

void answers_free(struct memory *s)
{
    while (s->answers != NULL)
        forget(&s->answers);
}
