#include "router/dispatch.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "router/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    ATTEMPTS_MAX = 5, /* at a lost link each; the key makes it safe, the deadline bounds it */
    SLEEP_MAX_MS = 1000,
    FLUSH_RETRY_MS = 1, /* until a link that holds its frame is asked again */
    REDIAL_MS = 50,     /* after a link was lost at once again */
};

TAILQ_HEAD(routed_list, routed_op);

/* A worker of the set, and the link to it. */
struct worker_link {
    TAILQ_ENTRY(worker_link) next;
    struct dispatch *dispatch;
    struct worker_record worker; /* in arena */
    struct arena arena;
    uint64_t seed;     /* of its score */
    struct link *link; /* NULL: to be opened at redial_ms */
    int64_t redial_ms;
    bool up;
    struct routed_list outstanding;
};

struct slot {
    struct routed_op *op; /* NULL: free */
    uint32_t generation;  /* of its use: outcomes of earlier ones are not mistaken for this one's */
    uint32_t next_free;
};

struct dispatch {
    struct dispatch_options options;
    char host[128];
    TAILQ_HEAD(, worker_link) links;
    struct routed_list by_deadline; /* all that is outstanding; one timeout, so posting order */
    struct routed_list waiting;     /* for a worker */
    struct slot *slots;
    uint32_t first_free;
    uint32_t outstanding;
    uint32_t reached;
    struct arena arena; /* of outcomes, until they were taken */
    bool closing;
};

/* ---- Slots ------------------------------------------------------------------------------------ */

static void free_slot(struct dispatch *d, struct routed_op *r)
{
    struct slot *s = &d->slots[r->slot];

    s->op = NULL;
    s->generation++;
    s->next_free = d->first_free;
    d->first_free = r->slot;
}

static uint64_t number_of(const struct dispatch *d, const struct routed_op *r)
{
    return (uint64_t)d->slots[r->slot].generation << 32 | r->slot;
}

static struct op *find_op(void *context, uint64_t number, enum op_code code)
{
    struct dispatch *d = context;
    uint64_t slot = number & UINT32_MAX;
    struct slot *s;

    if (slot >= d->options.operations_max)
        return NULL;
    s = &d->slots[slot];
    if (s->op == NULL || s->generation != number >> 32 || s->op->op.code != code)
        return NULL;
    return &s->op->op;
}

/* take_out unlinks an operation from everything; its done may then be called. */
static void take_out(struct dispatch *d, struct routed_op *r)
{
    TAILQ_REMOVE(&d->by_deadline, r, by_deadline);
    TAILQ_REMOVE(r->link != NULL ? &r->link->outstanding : &d->waiting, r, by_link);
    r->link = NULL;
    free_slot(d, r);
    d->outstanding--;
}

static void finish(struct dispatch *d, struct routed_op *r)
{
    take_out(d, r);
    meter_operation(d->options.meter, r->op.code, r->op.st, clock_mono_us() - r->submitted_mono_us);
    r->op.done(&r->op);
}

/* ---- Choosing a worker ------------------------------------------------------------------------ */

static const struct served_pool *find_pool(const struct worker_record *w, struct slice pool)
{
    for (uint32_t i = 0; i < w->pools_n; i++)
        if (slice_eq(w->pools[i].name, pool))
            return &w->pools[i];
    return NULL;
}

/* hash_queue hashes what is to stay together: a queue, or a whole pool that wants one writer. */
static uint64_t hash_queue(const struct queue_ref *q, bool whole_pool)
{
    uint64_t h = XXH64(q->pool.p, q->pool.len, 0);

    if (whole_pool)
        return h;
    h = XXH64(q->project.p, q->project.len, h);
    return XXH64(q->name.p, q->name.len, h);
}

/* can_do tells whether a worker can carry an operation out. To try a store out needs no pool. */
static const struct served_pool *can_do(const struct worker_record *w, const struct op *op)
{
    static const struct served_pool none = {.single_writer = true};

    return op->code == OP_pool_probe ? &none : find_pool(w, op->queue.pool);
}

/* choose gives the link of the worker for an operation, NULL when none is reached. */
static struct worker_link *choose(struct dispatch *d, const struct op *op)
{
    uint64_t by_queue = hash_queue(&op->queue, false), by_pool = hash_queue(&op->queue, true);
    uint64_t highest = 0;
    struct worker_link *best = NULL, *l;

    TAILQ_FOREACH(l, &d->links, next)
    {
        const struct served_pool *pool = l->up ? can_do(&l->worker, op) : NULL;
        uint64_t score;

        if (pool == NULL)
            continue;
        score = XXH64(pool->single_writer ? &by_pool : &by_queue, sizeof(uint64_t), l->seed);
        if (best == NULL || score > highest) {
            highest = score;
            best = l;
        }
    }
    return best;
}

/* place_op gives an operation, that is in no list of a link, to a worker or to those that wait. */
static void place_op(struct dispatch *d, struct routed_op *r)
{
    int64_t left_ms = r->op.deadline_mono_ms - clock_mono_ms();
    struct wire_op w = {number_of(d, r), left_ms > 0 ? (uint32_t)left_ms : 0};

    r->link = choose(d, &r->op);
    if (r->link == NULL) {
        TAILQ_INSERT_TAIL(&d->waiting, r, by_link);
        return;
    }
    r->op.again = r->attempts++ > 0;
    if (r->op.again)
        METER(d->options.meter, retries, 1);
    if (TAILQ_EMPTY(&r->link->outstanding))
        link_expect(r->link->link);
    TAILQ_INSERT_TAIL(&r->link->outstanding, r, by_link);
    link_add(r->link->link, &w, &r->op);
}

/* place_waiting tries those that wait for a worker again: one has come, or serves other pools. */
static void place_waiting(struct dispatch *d)
{
    struct routed_list list = TAILQ_HEAD_INITIALIZER(list);
    struct routed_op *r;

    TAILQ_CONCAT(&list, &d->waiting, by_link);
    while ((r = TAILQ_FIRST(&list)) != NULL) {
        TAILQ_REMOVE(&list, r, by_link);
        place_op(d, r);
    }
}

/* ---- Links ------------------------------------------------------------------------------------ */

static void on_up(void *context, struct link *link)
{
    struct worker_link *l = context;
    struct dispatch *d = l->dispatch;

    (void)link;
    l->up = true;
    d->reached++;
    log_info("LINK-UP", "worker=%.*s", SLICE_ARG(l->worker.url));
    place_waiting(d);
}

/* lose_link closes a link and sends what was outstanding on it to others. */
static void lose_link(struct worker_link *l)
{
    struct dispatch *d = l->dispatch;
    struct routed_list list = TAILQ_HEAD_INITIALIZER(list);
    struct routed_op *r;

    if (l->up)
        d->reached--;
    l->up = false;
    if (l->link != NULL)
        link_close(l->link);
    l->link = NULL;
    TAILQ_CONCAT(&list, &l->outstanding, by_link);
    while ((r = TAILQ_FIRST(&list)) != NULL) {
        TAILQ_REMOVE(&list, r, by_link);
        r->link = NULL;
        if (r->attempts < ATTEMPTS_MAX && !d->closing) {
            place_op(d, r);
            continue;
        }
        TAILQ_INSERT_TAIL(&d->waiting, r, by_link); /* where take_out expects it */
        r->op.st = fail(&r->op.f, ST_UNAVAILABLE, "the workers go away one after the other");
        finish(d, r);
    }
}

static void on_down(void *context, struct link *link, const char *why)
{
    struct worker_link *l = context;

    (void)link;
    METER(l->dispatch->options.meter, links_lost, 1);
    log_warn("LINK-LOST", "worker=%.*s reason=\"%s\"", SLICE_ARG(l->worker.url), why);
    lose_link(l);
    l->redial_ms = clock_mono_ms() + REDIAL_MS;
}

static enum status on_outcomes(void *context, struct link *link, struct wire_reader *reader,
                               struct failure *f)
{
    struct worker_link *l = context;
    struct dispatch *d = l->dispatch;
    enum status st = ST_OK;

    (void)link;
    while (st == ST_OK && wire_read_more(reader)) {
        struct op *op;

        st = wire_read_outcome(reader, find_op, d, &op, &d->arena, f);
        if (op != NULL)
            finish(d, (struct routed_op *)op);
    }
    arena_fini(&d->arena);
    return st;
}

static void open_link(struct worker_link *l)
{
    struct dispatch *d = l->dispatch;
    struct link_options options = {
        .loop = d->options.loop,
        .mailbox = d->options.mailbox,
        .closers = d->options.closers,
        .url = l->worker.url,
        .timeout_ms = d->options.link_timeout_ms,
        .meter = d->options.meter,
        .context = l,
        .on_up = on_up,
        .on_down = on_down,
        .on_outcomes = on_outcomes,
    };
    struct failure f;

    if (link_open(&options, &l->link, &f) == ST_OK)
        return;
    l->link = NULL;
    METER(d->options.meter, links_lost, 1);
    log_warn("LINK-FAILED", "worker=%.*s reason=\"%s\"", SLICE_ARG(l->worker.url), f.text);
    l->redial_ms = clock_mono_ms() + SLEEP_MAX_MS;
}

/* ---- The set of workers ----------------------------------------------------------------------- */

/* can_reach tells whether a URL means anything here: inproc only within one process. */
static bool can_reach(const struct dispatch *d, const struct worker_record *w)
{
    return !slice_starts(w->url, SLICE("inproc://")) || slice_eq(w->host, slice_of(d->host));
}

static bool is_wanted(const struct dispatch *d, const struct worker_set *set,
                      const struct worker_link *l)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (memcmp(set->list[i].id, l->worker.id, UUID_BYTES) == 0 &&
            slice_eq(set->list[i].url, l->worker.url) && can_reach(d, &set->list[i]))
            return true;
    return false;
}

static void copy_worker(struct worker_link *l, const struct worker_record *w)
{
    struct arena fresh = {0};
    struct served_pool *pools = arena_alloc(&fresh, w->pools_n * sizeof(*pools));

    l->worker = *w;
    l->worker.url = arena_copy(&fresh, w->url);
    l->worker.host = arena_copy(&fresh, w->host);
    for (uint32_t i = 0; i < w->pools_n; i++) {
        pools[i] = w->pools[i];
        pools[i].name = arena_copy(&fresh, w->pools[i].name);
    }
    l->worker.pools = pools;
    arena_fini(&l->arena);
    l->arena = fresh;
}

static struct worker_link *find_link(struct dispatch *d, const struct worker_record *w)
{
    struct worker_link *l;

    TAILQ_FOREACH(l, &d->links, next)
    {
        if (memcmp(l->worker.id, w->id, UUID_BYTES) == 0)
            return l;
    }
    return NULL;
}

static void add_link(struct dispatch *d, const struct worker_record *w)
{
    struct worker_link *l = mem_zalloc(sizeof(*l));

    l->dispatch = d;
    TAILQ_INIT(&l->outstanding);
    copy_worker(l, w);
    l->seed = XXH64(w->id, UUID_BYTES, 0);
    TAILQ_INSERT_TAIL(&d->links, l, next);
    open_link(l);
}

static void remove_link(struct dispatch *d, struct worker_link *l)
{
    TAILQ_REMOVE(&d->links, l, next); /* first: what it has is not to come back to it */
    lose_link(l);
    arena_fini(&l->arena);
    free(l);
}

void dispatch_workers(struct dispatch *d, struct worker_set *set)
{
    struct worker_link *l = TAILQ_FIRST(&d->links);

    while (l != NULL) {
        struct worker_link *next = TAILQ_NEXT(l, next);

        if (!is_wanted(d, set, l)) {
            log_info("WORKER-GONE", "worker=%.*s", SLICE_ARG(l->worker.url));
            remove_link(d, l);
        }
        l = next;
    }
    for (uint32_t i = 0; i < set->n && !d->closing; i++) {
        const struct worker_record *w = &set->list[i];

        l = find_link(d, w);
        if (l != NULL)
            copy_worker(l, w); /* its pools may have changed */
        else if (can_reach(d, w) && w->wire_version == WIRE_VERSION)
            add_link(d, w);
        else if (w->wire_version != WIRE_VERSION)
            log_warn("WORKER-VERSION", "worker=%.*s speaks=%u ours=%d not used", SLICE_ARG(w->url),
                     w->wire_version, WIRE_VERSION);
    }
    place_waiting(d);
    worker_set_unref(set);
}

/* ---- Operations ------------------------------------------------------------------------------- */

enum status dispatch_submit(struct dispatch *d, struct routed_op *r)
{
    struct slot *s;

    if (d->closing)
        return fail(&r->op.f, ST_UNAVAILABLE, "the router is stopping");
    if (d->first_free == UINT32_MAX) {
        meter_operation(d->options.meter, r->op.code, ST_OVERLOADED, 0);
        return fail(&r->op.f, ST_OVERLOADED, "%u operations are outstanding",
                    d->options.operations_max);
    }
    r->slot = d->first_free;
    s = &d->slots[r->slot];
    d->first_free = s->next_free;
    s->op = r;
    r->attempts = 0;
    r->submitted_mono_us = clock_mono_us();
    r->op.deadline_mono_ms = r->submitted_mono_us / 1000 + d->options.timeout_ms;
    TAILQ_INSERT_TAIL(&d->by_deadline, r, by_deadline);
    d->outstanding++;
    place_op(d, r);
    return ST_OK;
}

void dispatch_forget(struct dispatch *d, struct routed_op *r)
{
    take_out(d, r);
}

/* end_late answers those whose deadline has come. */
static void end_late(struct dispatch *d, int64_t now_ms)
{
    struct routed_op *r;

    while ((r = TAILQ_FIRST(&d->by_deadline)) != NULL && r->op.deadline_mono_ms <= now_ms) {
        if (r->link == NULL && r->attempts == 0)
            r->op.st = fail(&r->op.f, ST_UNAVAILABLE, "no worker is reached");
        else
            r->op.st = fail(&r->op.f, ST_TIMEOUT, "no answer from a worker by the deadline");
        finish(d, r);
    }
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* tend opens a link that is to be opened, and watches one that is there. Returns when it is to be called
 * again, in milliseconds. */
static int64_t tend(struct worker_link *l, int64_t now_ms)
{
    int64_t wait_ms = SLEEP_MAX_MS;

    if (l->link == NULL && now_ms >= l->redial_ms)
        open_link(l);
    if (l->link != NULL)
        wait_ms = link_watch(l->link, !TAILQ_EMPTY(&l->outstanding), now_ms);
    return l->link == NULL ? l->redial_ms - now_ms : wait_ms;
}

int dispatch_turn(struct dispatch *d)
{
    int64_t now_ms = clock_mono_ms(), sleep_ms = SLEEP_MAX_MS;
    struct routed_op *first;
    struct worker_link *l;

    end_late(d, now_ms);
    METER_SET(d->options.meter, outstanding, d->outstanding);
    METER_SET(d->options.meter, links_up, d->reached);
    TAILQ_FOREACH(l, &d->links, next)
    {
        sleep_ms = lesser(sleep_ms, tend(l, now_ms));
    }
    /* only now: a link that was lost has given its operations to others */
    TAILQ_FOREACH(l, &d->links, next)
    {
        if (l->up && !link_flush(l->link, now_ms))
            sleep_ms = lesser(sleep_ms, FLUSH_RETRY_MS);
    }
    first = TAILQ_FIRST(&d->by_deadline);
    if (first != NULL)
        sleep_ms = lesser(sleep_ms, first->op.deadline_mono_ms - now_ms);
    return sleep_ms > 0 ? (int)sleep_ms : 0;
}

uint32_t dispatch_outstanding(const struct dispatch *d)
{
    return d->outstanding;
}

uint32_t dispatch_reached(const struct dispatch *d)
{
    return d->reached;
}

/* ---- Life ------------------------------------------------------------------------------------- */

struct dispatch *dispatch_new(const struct dispatch_options *options)
{
    struct dispatch *d = mem_zalloc(sizeof(*d));
    char name[64] = "?";

    d->options = *options;
    TAILQ_INIT(&d->links);
    TAILQ_INIT(&d->by_deadline);
    TAILQ_INIT(&d->waiting);
    d->slots = mem_zalloc(options->operations_max * sizeof(*d->slots));
    for (uint32_t i = 0; i < options->operations_max; i++)
        d->slots[i].next_free = i + 1 < options->operations_max ? i + 1 : UINT32_MAX;
    gethostname(name, sizeof(name) - 1);
    snprintf(d->host, sizeof(d->host), "%s/%d", name, (int)getpid());
    return d;
}

void dispatch_close(struct dispatch *d)
{
    struct worker_link *l;
    struct routed_op *r;

    d->closing = true;
    while ((l = TAILQ_FIRST(&d->links)) != NULL)
        remove_link(d, l);
    while ((r = TAILQ_FIRST(&d->waiting)) != NULL) {
        r->op.st = fail(&r->op.f, ST_UNAVAILABLE, "the router is stopping");
        finish(d, r);
    }
}

void dispatch_free(struct dispatch *d)
{
    assert(d->outstanding == 0);
    free(d->slots);
    free(d);
}
