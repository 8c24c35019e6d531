#include "worker/registrar.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    DROP_AFTER_MS = 15000, /* longer than any router's staleness and deadline together */
    DROPS_AT_A_TIME = 100,
    DROP_WAIT_MS = 6000,
    HOUSEKEEPING_MS = 10000, /* between two looks at what was dropped */
    FOLLOW_MS = 100, /* between two looks at what has changed, and until a stop is noticed */
    CHANGES_AT_A_TIME = 1000,
    POOLS_AT_A_TIME = 100,
};

struct registrar {
    struct registrar_options options;
    char *uri, *url;
    uint64_t seen; /* revision up to which changes were followed; the thread's own */
    unsigned char id[UUID_BYTES];
    char host[128];
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
    struct arena arena; /* of served */
    const struct served_pool *served;
    uint32_t served_n;
    bool served_anew; /* the catalog doesn't know them yet */
};

/* ---- What is served --------------------------------------------------------------------------- */

/* copy_served gives a copy of the list, in a. */
static const struct served_pool *copy_served(const struct served_pool *list, uint32_t n,
                                             struct arena *a)
{
    struct served_pool *copy = arena_alloc(a, n * sizeof(*copy));

    for (uint32_t i = 0; i < n; i++) {
        copy[i] = list[i];
        copy[i].name = arena_copy(a, list[i].name);
    }
    return copy;
}

void registrar_serve(struct registrar *r, const struct served_pool *pools, uint32_t n)
{
    pthread_mutex_lock(&r->lock);
    arena_fini(&r->arena);
    r->served = copy_served(pools, n, &r->arena);
    r->served_n = n;
    r->served_anew = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

/* read_served gives what is served at this moment, in a. registering: for the catalog, which knows it then. */
static const struct served_pool *read_served(struct registrar *r, bool registering, uint32_t *n,
                                             struct arena *a)
{
    const struct served_pool *copy;

    pthread_mutex_lock(&r->lock);
    copy = copy_served(r->served, r->served_n, a);
    *n = r->served_n;
    r->served_anew &= !registering;
    pthread_mutex_unlock(&r->lock);
    return copy;
}

/* ---- The catalog's pools ---------------------------------------------------------------------- */

struct pools_mail {
    struct mail mail; /* first */
    struct registrar *registrar;
    struct arena arena;
    struct pool_record *list;
    uint32_t n;
};

static void deliver_pools(struct mail *m)
{
    struct pools_mail *found = (struct pools_mail *)m;
    const struct registrar_options *o = &found->registrar->options;

    o->pools_found(o->context, found->list, found->n);
    arena_fini(&found->arena);
    free(found);
}

/* list_pools reads all pools, page by page. */
static enum status list_pools(struct catalog *c, struct pools_mail *to, struct failure *f)
{
    struct slice after = SLICE("");
    uint32_t n;

    do {
        struct pool_record *page, *all;
        enum status st =
            c->ops->pool_list(c, SLICE(""), after, POOLS_AT_A_TIME, &to->arena, &page, &n, f);

        if (st != ST_OK)
            return st;
        if (n == 0)
            break;
        all = arena_alloc(&to->arena, (to->n + n) * sizeof(*all));
        if (to->n > 0)
            memcpy(all, to->list, to->n * sizeof(*all));
        memcpy(all + to->n, page, n * sizeof(*all));
        to->list = all;
        to->n += n;
        after = page[n - 1].name;
    } while (n == POOLS_AT_A_TIME);
    return ST_OK;
}

static enum status tell_pools(struct registrar *r, struct catalog *c, struct failure *f)
{
    struct pools_mail *found = mem_zalloc(sizeof(*found));
    enum status st;

    found->mail.deliver = deliver_pools;
    found->registrar = r;
    st = list_pools(c, found, f);
    if (st == ST_OK) {
        mailbox_post(r->options.mailbox, &found->mail);
    } else {
        arena_fini(&found->arena);
        free(found);
    }
    return st;
}

/* follow reads the changes since the last time, and tells of the pools if any has changed. */
static enum status follow(struct registrar *r, struct catalog *c, struct failure *f)
{
    struct arena a = {0};
    bool news = r->seen == 0;
    uint64_t seen = r->seen;
    uint32_t n;
    enum status st;

    do {
        struct change *list;
        uint64_t upto;
        bool complete;

        st = c->ops->changes(c, seen, CHANGES_AT_A_TIME, &a, &list, &n, &upto, &complete, f);
        if (st != ST_OK)
            break;
        news |= !complete;
        for (uint32_t i = 0; i < n; i++)
            news |= list[i].kind == CHANGE_POOL;
        seen = upto;
        arena_fini(&a);
    } while (n == CHANGES_AT_A_TIME);
    arena_fini(&a);
    if (st == ST_OK && news)
        st = tell_pools(r, c, f);
    if (st == ST_OK)
        r->seen = seen; /* else all of it again */
    return st;
}

/* ---- Dropping --------------------------------------------------------------------------------- */

/* A drop that the thread waits for. Whoever is second frees it: the thread when it gives up first, or
 * the loop when it answers first. */
struct drop {
    struct op op; /* first */
    struct mail mail;
    struct registrar *registrar;
    struct arena arena;
    bool answered, abandoned; /* guarded by the registrar's lock */
};

static void free_drop(struct drop *d)
{
    arena_fini(&d->arena);
    free(d);
}

static void on_dropped(struct op *op)
{
    struct drop *d = (struct drop *)op;
    bool abandoned;

    pthread_mutex_lock(&d->registrar->lock);
    d->answered = true;
    abandoned = d->abandoned;
    pthread_cond_broadcast(&d->registrar->wake);
    pthread_mutex_unlock(&d->registrar->lock);
    if (abandoned)
        free_drop(d);
}

static void deliver_drop(struct mail *m)
{
    struct drop *d = (struct drop *)((char *)m - offsetof(struct drop, mail));

    d->registrar->options.drop(d->registrar->options.context, &d->op);
}

/* drop_queue has the store forget one life of a queue. */
static enum status drop_queue(struct registrar *r, const struct dropped_queue *q)
{
    struct drop *d = mem_zalloc(sizeof(*d));
    int64_t until_ms = clock_mono_ms() + DROP_WAIT_MS;
    enum status st = ST_TIMEOUT;
    bool answered;

    d->registrar = r;
    d->op.code = OP_queue_drop;
    d->op.key = claim_id_new();
    d->op.queue.pool = arena_copy(&d->arena, q->pool);
    d->op.queue.project = arena_copy(&d->arena, q->project);
    d->op.queue.name = arena_copy(&d->arena, q->name);
    d->op.queue.epoch = q->epoch;
    d->op.deadline_mono_ms = until_ms;
    d->op.done = on_dropped;
    d->mail.deliver = deliver_drop;
    mailbox_post(r->options.mailbox, &d->mail);
    pthread_mutex_lock(&r->lock);
    while (!d->answered && !r->stopping)
        if (!clock_wait(&r->wake, &r->lock, until_ms))
            break;
    answered = d->answered;
    d->abandoned = !answered;
    pthread_mutex_unlock(&r->lock);
    if (answered) {
        st = d->op.st;
        free_drop(d);
    }
    return st;
}

/* clear_pool has the store of a pool forget what was dropped there. True: there is more of it. */
static bool clear_pool(struct registrar *r, struct catalog *c, struct slice pool)
{
    struct arena a = {0};
    struct dropped_queue *list;
    struct failure f;
    uint32_t n = 0, done = 0;

    if (c->ops->dropped_list(c, pool, DROP_AFTER_MS, DROPS_AT_A_TIME, &a, &list, &n, &f) == ST_OK)
        while (done < n && drop_queue(r, &list[done]) == ST_OK &&
               c->ops->dropped_done(c, list[done].epoch, &f) == ST_OK) {
            metric_add(r->options.metrics->dropped, 0, 0, 1);
            done++; /* else the store or the catalog is away: later */
        }
    arena_fini(&a);
    return done == DROPS_AT_A_TIME;
}

/* keep_house does so in all pools that are served here: one that is away holds none of the others up. */
static bool keep_house(struct registrar *r, struct catalog *c)
{
    struct arena a = {0};
    struct failure f;
    uint32_t n;
    const struct served_pool *served = read_served(r, false, &n, &a);
    bool more = false;

    for (uint32_t i = 0; i < n; i++)
        more |= clear_pool(r, c, served[i].name);
    c->ops->trim(c, &f);
    arena_fini(&a);
    return more;
}

/* ---- Signs of life ---------------------------------------------------------------------------- */

static enum status put(struct registrar *r, struct catalog *c, struct failure *f)
{
    struct worker_record w = {
        .url = slice_of(r->url),
        .host = slice_of(r->host),
        .wire_version = WIRE_VERSION,
    };
    struct arena a = {0};
    enum status st;

    memcpy(w.id, r->id, UUID_BYTES);
    w.pools = read_served(r, true, &w.pools_n, &a);
    st = c->ops->worker_put(c, &w, r->options.gone_ms, f);
    arena_fini(&a);
    return st;
}

/* wait_for sleeps, not once something new is served, and returns false when the thread is to stop. */
static bool wait_for(struct registrar *r, int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms;
    bool go_on;

    pthread_mutex_lock(&r->lock);
    while (!r->stopping && !r->served_anew)
        if (!clock_wait(&r->wake, &r->lock, until_ms))
            break;
    go_on = !r->stopping;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

static bool has_news(struct registrar *r)
{
    bool yes;

    pthread_mutex_lock(&r->lock);
    yes = r->served_anew;
    pthread_mutex_unlock(&r->lock);
    return yes;
}

/* rest follows the catalog until the next sign of life is due, or something new is served. False: the thread is
 * to stop. */
static bool rest(struct registrar *r, struct catalog *c, int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms;
    struct failure f;

    for (;;) {
        int64_t left_ms = until_ms - clock_mono_ms();
        enum status st;

        if (!wait_for(r, 0))
            return false;
        if (left_ms <= 0 || has_news(r))
            return true;
        st = c->ops->wait(c, (int)(left_ms < FOLLOW_MS ? left_ms : FOLLOW_MS), &f);
        if (st == ST_OK)
            st = follow(r, c, &f);
        if (st == ST_TIMEOUT)
            continue;
        if (!wait_for(r, FOLLOW_MS)) /* others change the catalog all the time, or it is away */
            return false;
        if (st != ST_OK)
            return true;
    }
}

static void *work(void *arg)
{
    struct registrar *r = arg;
    struct catalog *c = NULL;
    int64_t house_ms = clock_mono_ms();
    bool known = false, away = false, more;
    struct failure f;

    do {
        enum status st = c != NULL ? ST_OK : catalog_open(slice_of(r->uri), &c, &f);

        if (st == ST_OK)
            st = put(r, c, &f);
        if (st == ST_OK && !known)
            log_info("WORKER-REGISTERED", "url=%s", r->url);
        if (st != ST_OK && !away)
            log_warn("CATALOG-LOST", "reason=\"%s\" routers that know this worker go on using it",
                     f.text);
        known |= st == ST_OK;
        away = st != ST_OK;
        metric_set(r->options.metrics->registered, 0, 0, !away);
        if (away)
            metric_add(r->options.metrics->heartbeats_failed, 0, 0, 1);
        if (!away && clock_mono_ms() - house_ms >= HOUSEKEEPING_MS) {
            more = keep_house(r, c);
            if (!more)
                house_ms = clock_mono_ms();
        } else {
            more = false;
        }
    } while (away ? wait_for(r, r->options.heartbeat_ms)
                  : rest(r, c, more ? 0 : r->options.heartbeat_ms));
    metric_set(r->options.metrics->registered, 0, 0, 0);
    if (c != NULL && c->ops->worker_remove(c, r->id, &f) != ST_OK)
        log_warn("WORKER-NOT-REMOVED", "reason=\"%s\" it will be taken for gone", f.text);
    catalog_close(c);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------- */

struct registrar *registrar_new(const struct registrar_options *options)
{
    struct registrar *r = mem_zalloc(sizeof(*r));
    char name[64] = "?";

    r->options = *options;
    r->uri = mem_strdup(slice_of(options->catalog_uri));
    r->url = mem_strdup(slice_of(options->url));
    r->served = copy_served(options->pools, options->pools_n, &r->arena);
    r->served_n = options->pools_n;
    uuid_new(r->id);
    gethostname(name, sizeof(name) - 1);
    snprintf(r->host, sizeof(r->host), "%s/%d", name, (int)getpid());
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    if (pthread_create(&r->thread, NULL, work, r) != 0)
        abort(); /* no threads at start: as hopeless as no memory */
    pthread_setname_np(r->thread, "registrar");
    return r;
}

void registrar_stop(struct registrar *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
}

void registrar_free(struct registrar *r)
{
    if (r == NULL)
        return;
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    arena_fini(&r->arena);
    free(r->uri);
    free(r->url);
    free(r);
}
