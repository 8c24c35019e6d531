#include "worker/pools.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/uri.h"
#include "worker/probe.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    POOLS_MAX = 256,   /* an embedded one has a thread */
    PROBES_MAX = 16,   /* at a time */
    RETRY_MS = 2000,   /* until a pool that could not be opened is tried again */
    RETIRE_MS = 10000, /* longer than any operation lives */
    TICK_MS = 200,
};

struct pool {
    TAILQ_ENTRY(pool) link;
    struct pools *pools;
    char *name;
    char *uri;           /* of the default one: NULL */
    struct store *store; /* NULL: not open */
    struct opening opening;
    bool is_opening;
    bool retired;
    bool told;      /* that it can't be opened */
    int64_t due_ms; /* when it is to be opened, or as a retired one closed */
    size_t series;  /* of metrics */
};

TAILQ_HEAD(pool_list, pool);

struct pools {
    struct pools_options options;
    struct pool_list list;    /* of the catalog, and the default one */
    struct pool_list retired; /* that are to be closed */
    size_t n;                 /* in list */
    uv_timer_t tick;
    bool too_many;       /* was told */
    struct op **refused; /* answered at the next flush */
    size_t refused_n, refused_room;
    size_t probes; /* under way */
    size_t holds;  /* what must end before this is freed: stores, openings, probes, the timer */
    bool closing;
    void (*closed)(void *context);
    void *context;
};

/* ---- Life ------------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer);

struct pools *pools_new(const struct pools_options *options)
{
    struct pools *p = mem_zalloc(sizeof(*p));

    p->options = *options;
    TAILQ_INIT(&p->list);
    TAILQ_INIT(&p->retired);
    uv_timer_init(options->host->loop, &p->tick);
    p->tick.data = p;
    p->holds = 1;
    return p;
}

/* let_go ends one hold. The last one frees everything. */
static void let_go(struct pools *p)
{
    void (*closed)(void *context) = p->closed;
    void *context = p->context;

    if (--p->holds > 0)
        return;
    free(p->refused);
    free(p);
    closed(context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void free_pool(struct pool *pool)
{
    free(pool->name);
    free(pool->uri);
    free(pool);
}

static void on_store_closed(struct store *s)
{
    struct pool *pool = s->closed_context;
    struct pools *p = pool->pools;

    free_pool(pool);
    let_go(p);
}

/* close_pool ends a pool that is in no list any more. One that is being opened ends when it is open. */
static void close_pool(struct pool *pool)
{
    if (pool->is_opening)
        return;
    if (pool->store != NULL)
        store_close(pool->store, on_store_closed, pool);
    else
        free_pool(pool);
}

static void close_all(struct pool_list *list)
{
    struct pool *pool;

    while ((pool = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, pool, link);
        close_pool(pool);
    }
}

void pools_close(struct pools *p, void (*closed)(void *context), void *context)
{
    pools_flush(p);
    p->closing = true;
    p->closed = closed;
    p->context = context;
    close_all(&p->list);
    close_all(&p->retired);
    uv_close((uv_handle_t *)&p->tick, on_timer_closed);
}

/* ---- Opening ---------------------------------------------------------------------------------- */

/* serves tells whether this worker is to serve a pool. */
static bool serves(const struct pools *p, struct slice name)
{
    struct slice rest = slice_of(p->options.only);

    if (rest.len == 0)
        return true;
    while (rest.p != NULL)
        if (slice_eq(slice_trim(slice_cut(&rest, ',')), name))
            return true;
    return false;
}

static struct pool *add_pool(struct pools *p, struct slice name)
{
    struct pool *pool = mem_zalloc(sizeof(*pool));

    pool->pools = p;
    pool->name = mem_strdup(name);
    pool->series = worker_metrics_pool(p->options.metrics, name);
    TAILQ_INSERT_TAIL(&p->list, pool, link);
    p->n++;
    return pool;
}

enum status pools_open_default(struct pools *p, struct slice uri, struct failure *f)
{
    struct store *store;
    enum status st;

    if (!serves(p, SLICE(POOLS_DEFAULT)))
        return ST_OK;
    st = store_open(p->options.host, uri, &store, f);
    if (st == ST_OK) {
        add_pool(p, SLICE(""))->store = store;
        p->holds++;
    }
    return st;
}

static void watch(struct pools *p)
{
    if (!p->closing)
        uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
}

static void tell(struct pool *pool, const char *id, const char *reason)
{
    struct arena a = {0};
    struct slice uri = uri_without_secret(slice_of(pool->uri), &a);

    if (reason == NULL)
        log_info(id, "pool=%s uri=%.*s", pool->name, SLICE_ARG(uri));
    else
        log_warn(id, "pool=%s uri=%.*s reason=\"%s\"", pool->name, SLICE_ARG(uri), reason);
    arena_fini(&a);
}

static void on_opened(struct opening *o)
{
    struct pool *pool = (struct pool *)((char *)o - offsetof(struct pool, opening));
    struct pools *p = pool->pools;

    pool->is_opening = false;
    if (o->st == ST_OK) {
        pool->store = o->store; /* the opening's hold is its from now on */
        if (pool->retired || p->closing) {
            close_pool(pool);
            return;
        }
        tell(pool, "POOL-OPENED", NULL);
        p->options.changed(p->options.context);
        return;
    }
    if (pool->retired || p->closing) {
        free_pool(pool);
    } else {
        if (!pool->told)
            tell(pool, "POOL-NOT-OPENED", o->f.text);
        pool->told = true;
        pool->due_ms = clock_mono_ms() + RETRY_MS;
        watch(p);
    }
    let_go(p);
}

static void open_pool(struct pool *pool)
{
    pool->is_opening = true;
    pool->pools->holds++;
    pool->opening.opened = on_opened;
    opening_start(&pool->opening, pool->pools->options.host, slice_of(pool->uri));
}

/* ---- Following the catalog -------------------------------------------------------------------- */

static const struct pool_record *find_record(const struct pool_record *list, uint32_t n,
                                             const struct pool *pool)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_eq(list[i].name, slice_of(pool->name)))
            return &list[i];
    return NULL;
}

static struct pool *find_pool(const struct pools *p, struct slice name)
{
    struct pool *pool;

    TAILQ_FOREACH(pool, &p->list, link)
    {
        if (slice_eq(slice_of(pool->name), name))
            return pool;
    }
    return NULL;
}

/* retire takes a pool out of service. What was submitted before is answered: it closes later. */
static void retire(struct pool *pool)
{
    struct pools *p = pool->pools;

    tell(pool, "POOL-RETIRED", NULL);
    worker_metrics_pool_gone(p->options.metrics, pool->series);
    TAILQ_REMOVE(&p->list, pool, link);
    p->n--;
    pool->retired = true;
    if (pool->store == NULL) {
        close_pool(pool);
        return;
    }
    pool->due_ms = clock_mono_ms() + RETIRE_MS;
    TAILQ_INSERT_TAIL(&p->retired, pool, link);
    watch(p);
}

static bool retire_missing(struct pools *p, const struct pool_record *list, uint32_t n)
{
    struct pool *pool = TAILQ_FIRST(&p->list);
    bool any = false;

    while (pool != NULL) {
        struct pool *next = TAILQ_NEXT(pool, link);
        const struct pool_record *r = pool->uri == NULL ? NULL : find_record(list, n, pool);

        if (pool->uri != NULL && (r == NULL || !slice_eq(r->uri, slice_of(pool->uri)))) {
            retire(pool);
            any = true;
        }
        pool = next;
    }
    return any;
}

void pools_set(struct pools *p, const struct pool_record *list, uint32_t n)
{
    bool any;

    if (p->closing)
        return;
    any = retire_missing(p, list, n);
    for (uint32_t i = 0; i < n; i++) {
        struct pool *pool;

        if (!serves(p, list[i].name) || find_pool(p, list[i].name) != NULL)
            continue;
        if (p->n >= POOLS_MAX) {
            if (!p->too_many)
                log_warn("TOO-MANY-POOLS", "pool=%.*s a worker serves at most %d",
                         SLICE_ARG(list[i].name), POOLS_MAX);
            p->too_many = true;
            break;
        }
        pool = add_pool(p, list[i].name);
        pool->uri = mem_strdup(list[i].uri);
        open_pool(pool);
    }
    if (any)
        p->options.changed(p->options.context);
}

/* on_tick opens what could not be opened before, and closes what has retired. */
static void on_tick(uv_timer_t *timer)
{
    struct pools *p = timer->data;
    int64_t now_ms = clock_mono_ms();
    struct pool *pool;
    bool more = false;

    TAILQ_FOREACH(pool, &p->list, link)
    {
        if (pool->store != NULL || pool->is_opening)
            continue;
        if (pool->due_ms <= now_ms)
            open_pool(pool);
        more = true;
    }
    while ((pool = TAILQ_FIRST(&p->retired)) != NULL && pool->due_ms <= now_ms) {
        TAILQ_REMOVE(&p->retired, pool, link);
        close_pool(pool);
    }
    if (!more && TAILQ_EMPTY(&p->retired))
        uv_timer_stop(timer);
}

const struct served_pool *pools_served(const struct pools *p, uint32_t *n, struct arena *a)
{
    struct served_pool *served = arena_alloc(a, p->n * sizeof(*served));
    const struct pool *pool;

    *n = 0;
    TAILQ_FOREACH(pool, &p->list, link)
    {
        if (pool->store != NULL)
            served[(*n)++] =
                (struct served_pool){arena_copy(a, slice_of(pool->name)),
                                     (pool->store->ops->capabilities & STORE_SINGLE_WRITER) != 0};
    }
    return served;
}

/* ---- Probing ---------------------------------------------------------------------------------- */

struct pool_probe {
    struct probe probe; /* first */
    struct pools *pools;
    struct op *op;
};

static void on_probed(struct probe *probe)
{
    struct pool_probe *asked = (struct pool_probe *)probe;
    struct pools *p = asked->pools;
    struct op *op = asked->op;

    op->st = probe->st;
    op->f = probe->f;
    op->now_ms = p->options.host->now_ms();
    op->out.pool_probe.capabilities = probe->capabilities;
    free(asked);
    p->probes--;
    op->done(op);
    let_go(p);
}

static void start_probe(struct pools *p, struct op *op)
{
    struct pool_probe *asked;

    if (p->probes == PROBES_MAX || p->closing) {
        op->st = fail(&op->f, ST_OVERLOADED, "%d stores are being tried out", PROBES_MAX);
        pools_refuse(p, op);
        return;
    }
    asked = mem_zalloc(sizeof(*asked));
    asked->probe.done = on_probed;
    asked->pools = p;
    asked->op = op;
    p->probes++;
    p->holds++;
    probe_start(&asked->probe, p->options.host, op->in.pool_probe.uri, op->deadline_mono_ms);
}

/* ---- Operations ------------------------------------------------------------------------------- */

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
    const struct pool *pool;

    if (op->code == OP_pool_probe) {
        start_probe(p, op);
        return;
    }
    pool = find_pool(p, op->queue.pool);
    if (pool != NULL && pool->store != NULL) {
        pool->store->ops->submit(pool->store, op);
        return;
    }
    op->st =
        fail(&op->f, ST_UNAVAILABLE, "pool \"%.*s\" is not served here", SLICE_ARG(op->queue.pool));
    pools_refuse(p, op);
}

static void flush_list(struct pool_list *list)
{
    struct pool *pool;

    TAILQ_FOREACH(pool, list, link)
    {
        if (pool->store != NULL)
            pool->store->ops->flush(pool->store);
    }
}

void pools_flush(struct pools *p)
{
    struct pool *pool;

    flush_list(&p->list);
    flush_list(&p->retired);
    TAILQ_FOREACH(pool, &p->list, link)
    {
        metric_set(p->options.metrics->store_up, 0, pool->series,
                   pool->store != NULL && pool->store->up);
    }
    while (p->refused_n > 0) {
        struct op *op = p->refused[--p->refused_n];

        op->done(op);
    }
}

void pools_sweep(struct pools *p)
{
    struct worker_metrics *metrics = p->options.metrics;
    struct pool *pool;

    TAILQ_FOREACH(pool, &p->list, link)
    {
        if (pool->store == NULL)
            continue;
        pool->store->ops->sweep(pool->store);
        metric_add(metrics->sweeps, 0, pool->series, 1);
    }
}
