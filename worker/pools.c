#include "worker/pools.h"

#include "common/mem.h"

#include <stdlib.h>

enum { POOLS_MAX = 64 };

struct pool {
    char *name;
    struct store *store;
};

struct pools {
    const struct store_host *host;
    struct pool list[POOLS_MAX];
    size_t n;
    struct op **refused; /* answered at the next flush */
    size_t refused_n, refused_room;
    size_t open; /* while closing: stores that have not closed yet */
    void (*closed)(void *context);
    void *context;
};

struct pools *pools_new(const struct store_host *host)
{
    struct pools *p = mem_zalloc(sizeof(*p));

    p->host = host;
    return p;
}

enum status pools_open(struct pools *p, struct slice name, struct slice uri, struct failure *f)
{
    struct store *store;
    enum status st;

    if (p->n == POOLS_MAX)
        return fail(f, ST_OVERLOADED, "a worker opens at most %d pools", POOLS_MAX);
    st = store_open(p->host, uri, &store, f);
    if (st == ST_OK)
        p->list[p->n++] = (struct pool){mem_strdup(name), store};
    return st;
}

static struct store *find_store(const struct pools *p, struct slice name)
{
    for (size_t i = 0; i < p->n; i++)
        if (slice_eq(slice_of(p->list[i].name), name))
            return p->list[i].store;
    return NULL;
}

void pools_refuse(struct pools *p, struct op *op)
{
    if (p->refused_n == p->refused_room) {
        p->refused_room = p->refused_room == 0 ? 16 : p->refused_room * 2;
        p->refused = mem_realloc(p->refused, p->refused_room * sizeof(struct op *));
    }
    p->refused[p->refused_n++] = op;
}

void pools_submit(struct pools *p, struct op *op)
{
    struct store *store = find_store(p, op->queue.pool);

    if (store != NULL) {
        store->ops->submit(store, op);
        return;
    }
    op->st =
        fail(&op->f, ST_UNAVAILABLE, "pool \"%.*s\" is not served here", SLICE_ARG(op->queue.pool));
    pools_refuse(p, op);
}

void pools_flush(struct pools *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->list[i].store->ops->flush(p->list[i].store);
    while (p->refused_n > 0) {
        struct op *op = p->refused[--p->refused_n];

        op->done(op);
    }
}

void pools_sweep(struct pools *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->list[i].store->ops->sweep(p->list[i].store);
}

const struct served_pool *pools_served(const struct pools *p, uint32_t *n, struct arena *a)
{
    struct served_pool *served = arena_alloc(a, p->n * sizeof(*served));

    for (size_t i = 0; i < p->n; i++) {
        unsigned can = p->list[i].store->ops->capabilities;

        served[i] = (struct served_pool){arena_copy(a, slice_of(p->list[i].name)),
                                         (can & STORE_SINGLE_WRITER) != 0};
    }
    *n = (uint32_t)p->n;
    return served;
}

static void free_pools(struct pools *p)
{
    void (*closed)(void *context) = p->closed;
    void *context = p->context;

    for (size_t i = 0; i < p->n; i++)
        free(p->list[i].name);
    free(p->refused);
    free(p);
    closed(context);
}

static void on_closed(struct store *s)
{
    struct pools *p = s->closed_context;

    if (--p->open == 0)
        free_pools(p);
}

void pools_close(struct pools *p, void (*closed)(void *context), void *context)
{
    pools_flush(p);
    p->closed = closed;
    p->context = context;
    p->open = p->n;
    if (p->n == 0) {
        free_pools(p);
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        store_close(p->list[i].store, on_closed, p);
}
