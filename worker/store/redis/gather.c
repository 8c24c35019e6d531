/* Requests: what operations of one turn of the loop become, and how they join. */
#include "worker/store/redis/redis.h"

#include "common/mem.h"

#include <stdlib.h>

enum {
    MERGE_BYTES_MAX = 1024 * 1024,
    MERGE_MESSAGE_BYTES = 8 * 1024, /* a message that is claimed or deleted counts as so many */
    MERGE_OPS_MAX = 256,
    MERGE_LOOK_BACK = 16, /* gathered requests that are looked at for one to join */
    SPARE_ROOM_MAX = 64,
};

static struct request *request_new(struct redis_store *s)
{
    struct request *r = TAILQ_FIRST(&s->spare);

    if (r != NULL) {
        TAILQ_REMOVE(&s->spare, r, link);
        return r;
    }
    r = mem_zalloc(sizeof(*r));
    r->store = s;
    r->from = -1;
    return r;
}

void request_free(struct request *r)
{
    arena_fini(&r->arena);
    free(r->ops);
    free(r);
}

void request_done(struct redis_store *s, struct request *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        r->ops[i]->done(r->ops[i]);
    if (r->room > SPARE_ROOM_MAX) {
        request_free(r);
        return;
    }
    arena_fini(&r->arena);
    *r = (struct request){.store = s, .ops = r->ops, .room = r->room, .from = -1};
    TAILQ_INSERT_HEAD(&s->spare, r, link);
}

void request_refuse(struct redis_store *s, struct request *r, enum status st, const char *why)
{
    for (uint32_t i = 0; i < r->n; i++)
        r->ops[i]->st = fail(&r->ops[i]->f, st, "redis %s: %s", s->address, why);
    request_done(s, r);
}

static void request_add(struct request *r, struct op *op, size_t weight)
{
    if (r->n == r->room) {
        r->room = r->room == 0 ? 4 : r->room * 2;
        r->ops = mem_realloc(r->ops, r->room * sizeof(struct op *));
    }
    r->ops[r->n++] = op;
    r->weight += weight;
}

/* weight_of says what an operation asks of a script, in bytes of bodies or about so. */
static size_t weight_of(const struct op *op)
{
    size_t weight = 0;

    switch (op->code) {
    case OP_message_post:
        for (uint32_t i = 0; i < op->in.message_post.n; i++)
            weight += op->in.message_post.messages[i].body.len;
        return weight;
    case OP_claim_create:
        return op->in.claim_create.limit * MERGE_MESSAGE_BYTES;
    case OP_message_delete:
        return op->in.message_delete.n * MERGE_MESSAGE_BYTES;
    default:
        return 0;
    }
}

/* same_burial tells whether two claims of a queue agree on its dead letters: its metadata may have been
 * changed between them. */
static bool same_burial(const struct op *a, const struct op *b)
{
    const struct dead_letter *x = &a->in.claim_create.dead_letter;
    const struct dead_letter *y = &b->in.claim_create.dead_letter;

    return op_buries(a) == op_buries(b) && x->max_count == y->max_count && x->ttl_s == y->ttl_s &&
           x->target.epoch == y->target.epoch;
}

static bool can_join(const struct request *r, const struct op *op, size_t weight)
{
    const struct op *first = r->ops[0];

    return first->code == op->code && r->n < MERGE_OPS_MAX &&
           r->weight + weight <= MERGE_BYTES_MAX &&
           (op->code != OP_claim_create || same_burial(first, op));
}

/* find_mergeable finds a request of this turn that an operation may join: the last one of its queue, and
 * of its kind, so that the order of operations on the queue is kept. */
static struct request *find_mergeable(struct redis_store *s, const struct op *op, size_t weight)
{
    struct request *r;
    int looked = 0;

    if (!request_merges(op->code))
        return NULL;
    TAILQ_FOREACH_REVERSE(r, &s->gathered, request_list, link)
    {
        if (r->ops[0]->queue.epoch == op->queue.epoch)
            return can_join(r, op, weight) ? r : NULL;
        if (++looked == MERGE_LOOK_BACK)
            return NULL;
    }
    return NULL;
}

void request_gather(struct redis_store *s, struct op *op)
{
    size_t weight = weight_of(op);
    struct request *r = find_mergeable(s, op, weight);

    if (r == NULL) {
        r = request_new(s);
        TAILQ_INSERT_TAIL(&s->gathered, r, link);
    }
    request_add(r, op, weight);
}
