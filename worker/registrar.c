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
};

struct registrar {
    struct registrar_options options;
    char *uri, *url;
    struct arena arena; /* of options.pools */
    unsigned char id[UUID_BYTES];
    char host[128];
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
};

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

/* keep_house has the stores forget what was dropped. True: there is more of it. */
static bool keep_house(struct registrar *r, struct catalog *c)
{
    struct arena a = {0};
    struct dropped_queue *list;
    struct failure f;
    uint32_t n = 0, done = 0;

    if (c->ops->dropped_list(c, DROP_AFTER_MS, DROPS_AT_A_TIME, &a, &list, &n, &f) == ST_OK)
        while (done < n && drop_queue(r, &list[done]) == ST_OK &&
               c->ops->dropped_done(c, list[done].epoch, &f) == ST_OK)
            done++; /* else the store or the catalog is away: later */
    c->ops->trim(c, &f);
    arena_fini(&a);
    return done == DROPS_AT_A_TIME;
}

/* ---- Signs of life ---------------------------------------------------------------------------- */

static enum status put(struct registrar *r, struct catalog *c, struct failure *f)
{
    struct worker_record w = {
        .url = slice_of(r->url),
        .host = slice_of(r->host),
        .wire_version = WIRE_VERSION,
        .pools = r->options.pools,
        .pools_n = r->options.pools_n,
    };

    memcpy(w.id, r->id, UUID_BYTES);
    return c->ops->worker_put(c, &w, r->options.gone_ms, f);
}

/* wait_for sleeps, and returns false when the thread is to stop. */
static bool wait_for(struct registrar *r, int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms;
    bool go_on;

    pthread_mutex_lock(&r->lock);
    while (!r->stopping)
        if (!clock_wait(&r->wake, &r->lock, until_ms))
            break;
    go_on = !r->stopping;
    pthread_mutex_unlock(&r->lock);
    return go_on;
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
        if (!away && clock_mono_ms() - house_ms >= HOUSEKEEPING_MS) {
            more = keep_house(r, c);
            if (!more)
                house_ms = clock_mono_ms();
        } else {
            more = false;
        }
    } while (wait_for(r, more ? 0 : r->options.heartbeat_ms));
    if (c != NULL && c->ops->worker_remove(c, r->id, &f) != ST_OK)
        log_warn("WORKER-NOT-REMOVED", "reason=\"%s\" it will be taken for gone", f.text);
    catalog_close(c);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------- */

static void copy_pools(struct registrar *r)
{
    struct served_pool *copy = arena_alloc(&r->arena, r->options.pools_n * sizeof(*copy));

    for (uint32_t i = 0; i < r->options.pools_n; i++) {
        copy[i] = r->options.pools[i];
        copy[i].name = arena_copy(&r->arena, copy[i].name);
    }
    r->options.pools = copy;
}

struct registrar *registrar_new(const struct registrar_options *options)
{
    struct registrar *r = mem_zalloc(sizeof(*r));
    char name[64] = "?";

    r->options = *options;
    r->uri = mem_strdup(slice_of(options->catalog_uri));
    r->url = mem_strdup(slice_of(options->url));
    copy_pools(r);
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
