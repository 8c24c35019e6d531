#include "catalog/service.h"

#include "catalog/metrics.h"
#include "catalog/placement.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    CALLS_MAX = 4096, /* that may wait for a thread */
    WAIT_MS = 500,    /* longest sleep of the watcher: workers are listed anew after it */
    RETRY_MS = 500,   /* between attempts while the catalog is away */
    CHANGES_AT_A_TIME = 1000,
    CHOICES_MAX = 8,          /* of a pool that has gone until the queue was to be made in it */
    NO_POOL_EVERY_MS = 10000, /* between two lines that say that there is none */
};

struct catalog_service {
    char *uri;
    int64_t worker_gone_ms;
    bool pooling, virtual_pool;
    struct jobs *jobs;
    struct queue_cache *cache;
    struct catalog_metrics *metrics; /* NULL: nothing is counted */
    struct job count_job;
    bool counting; /* count_job is with the threads */

    pthread_t watcher;
    pthread_mutex_t lock; /* guards what follows */
    bool stopping;
    struct worker_watch *watches;
    struct worker_set *workers; /* NULL until they were listed once */
    int64_t no_pool_ms;         /* when it was said last that there is none; 0: never */
};

/* ---- Calls ------------------------------------------------------------------------------------ */

/* A thread's handle is opened by its first call, and again after it could not be. */
struct thread_state {
    struct catalog_service *service;
    struct catalog *catalog;
};

static void *thread_begin(void *arg)
{
    struct thread_state *t = mem_zalloc(sizeof(*t));

    t->service = arg;
    return t;
}

static void thread_end(void *state)
{
    struct thread_state *t = state;

    catalog_close(t->catalog);
    free(t);
}

static enum status open_handle(const char *uri, struct catalog **c, struct failure *f)
{
    return *c != NULL ? ST_OK : catalog_open(slice_of(uri), c, f);
}

static void deliver_call(struct mail *m)
{
    struct catalog_call *call =
        (struct catalog_call *)((char *)m - offsetof(struct catalog_call, mail));

    call->done(call);
}

static void run_call(struct job *j, void *state)
{
    struct catalog_call *call =
        (struct catalog_call *)((char *)j - offsetof(struct catalog_call, job));
    struct thread_state *t = state;
    int64_t began_us = clock_mono_us();

    if (began_us / 1000 >= call->deadline_mono_ms)
        call->st = fail(&call->f, ST_TIMEOUT, "the catalog is too slow");
    else if ((call->st = open_handle(t->service->uri, &t->catalog, &call->f)) == ST_OK)
        call->st = call->work(call, t->catalog, &call->f);
    catalog_metrics_call(t->service->metrics, call->st, clock_mono_us() - began_us);
    call->mail.deliver = deliver_call;
    mailbox_post(call->reply_to, &call->mail);
}

enum status catalog_service_call(struct catalog_service *service, struct catalog_call *call)
{
    call->service = service;
    call->job.run = run_call;
    return jobs_add(service->jobs, &call->job);
}

/* tell_no_pool says it to the operator, not once for each queue that is refused. */
static void tell_no_pool(struct catalog_service *service, struct slice flavor)
{
    int64_t now_ms = clock_mono_ms();
    bool due;

    pthread_mutex_lock(&service->lock);
    due = service->no_pool_ms == 0 || now_ms - service->no_pool_ms >= NO_POOL_EVERY_MS;
    if (due)
        service->no_pool_ms = now_ms;
    pthread_mutex_unlock(&service->lock);
    if (due)
        log_warn("NO-POOL", "flavor=\"%.*s\" no pool can take a new queue", SLICE_ARG(flavor));
}

/* choose_pool gives the pool for a new queue, in a. */
static enum status choose_pool(struct catalog_service *service, struct catalog *c,
                               const struct new_queue *q, struct arena *a, struct slice *pool,
                               struct failure *f)
{
    struct placement p = {q->project, q->flavor, q->dead_letters};
    enum status st;

    *pool = SLICE("");
    if (q->pool.p != NULL)
        *pool = q->pool;
    if (q->pool.p != NULL || !service->pooling)
        return ST_OK;
    st = placement_choose(c, &p, random_below, a, pool, f);
    if (st != ST_REFUSED)
        return st;
    if (service->virtual_pool && q->flavor.len == 0) {
        *pool = SLICE("");
        return ST_OK;
    }
    tell_no_pool(service, q->flavor);
    return st;
}

/* create_once makes the queue in a pool that is chosen now. ST_CONFLICT: it has gone meanwhile. */
static enum status create_once(struct catalog_service *service, struct catalog *c,
                               const struct new_queue *q, struct queue_record **record,
                               bool *created, struct failure *f)
{
    struct arena a = {0};
    struct slice pool;
    enum status st = choose_pool(service, c, q, &a, &pool, f);

    if (st == ST_OK)
        st = c->ops->queue_create(c, q->project, q->name, q->metadata, pool, record, created, f);
    arena_fini(&a);
    return st;
}

enum status catalog_service_create(struct catalog_service *service, struct catalog *c,
                                   const struct new_queue *q, struct queue_record **record,
                                   bool *created, struct failure *f)
{
    uint64_t ticket = queue_cache_ticket(service->cache);
    enum status st = ST_NOT_FOUND;

    *created = false;
    if (service->pooling) /* a queue that exists needs no pool, perhaps there is none */
        st = c->ops->queue_find(c, q->project, q->name, record, f);
    if (st == ST_NOT_FOUND)
        st = ST_CONFLICT;
    for (int i = 0; i < CHOICES_MAX && st == ST_CONFLICT; i++)
        st = create_once(service, c, q, record, created, f);
    if (st == ST_OK && *created)
        queue_cache_wrote(service->cache, *record);
    else if (st == ST_OK)
        queue_cache_put(service->cache, ticket, q->project, q->name, *record);
    return st == ST_CONFLICT ? fail(f, ST_UNAVAILABLE, "pools come and go all the time") : st;
}

bool catalog_service_pooling(const struct catalog_service *service)
{
    return service->pooling;
}

struct queue_cache *catalog_service_cache(struct catalog_service *service)
{
    return service->cache;
}

/* ---- Watching --------------------------------------------------------------------------------- */

void worker_set_unref(struct worker_set *set)
{
    if (set == NULL || __atomic_sub_fetch(&set->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    arena_fini(&set->arena);
    free(set);
}

struct workers_mail {
    struct mail mail;
    struct worker_watch *watch;
    struct worker_set *set;
};

static void deliver_workers(struct mail *m)
{
    struct workers_mail *w = (struct workers_mail *)m;

    w->watch->on_workers(w->watch, w->set);
    free(w);
}

/* tell is called with the lock held. */
static void tell(struct worker_watch *watch, struct worker_set *set)
{
    struct workers_mail *w = mem_zalloc(sizeof(*w));

    __atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
    w->mail.deliver = deliver_workers;
    w->watch = watch;
    w->set = set;
    mailbox_post(watch->reply_to, &w->mail);
}

void catalog_service_watch(struct catalog_service *service, struct worker_watch *watch)
{
    pthread_mutex_lock(&service->lock);
    watch->next = service->watches;
    service->watches = watch;
    if (service->workers != NULL)
        tell(watch, service->workers);
    pthread_mutex_unlock(&service->lock);
}

static bool same_worker(const struct worker_record *a, const struct worker_record *b)
{
    if (memcmp(a->id, b->id, UUID_BYTES) != 0 || !slice_eq(a->url, b->url) ||
        a->wire_version != b->wire_version || a->pools_n != b->pools_n)
        return false;
    for (uint32_t i = 0; i < a->pools_n; i++)
        if (!slice_eq(a->pools[i].name, b->pools[i].name) ||
            a->pools[i].single_writer != b->pools[i].single_writer)
            return false;
    return true;
}

/* same_set compares without regard to signs of life. Lists are ordered by id. */
static bool same_set(const struct worker_set *a, const struct worker_set *b)
{
    if (a == NULL || a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_worker(&a->list[i], &b->list[i]))
            return false;
    return true;
}

static enum status list_workers(struct catalog_service *service, struct catalog *c,
                                struct failure *f)
{
    struct worker_set *set = mem_zalloc(sizeof(*set));
    uint32_t live = 0;
    enum status st;

    set->refs = 1;
    st = c->ops->worker_list(c, &set->arena, &set->list, &set->n, f);
    if (st != ST_OK) {
        worker_set_unref(set);
        return st;
    }
    for (uint32_t i = 0; i < set->n; i++)
        if (set->list[i].silent_ms < service->worker_gone_ms)
            set->list[live++] = set->list[i];
    set->n = live;
    pthread_mutex_lock(&service->lock);
    if (same_set(service->workers, set)) {
        worker_set_unref(set);
    } else {
        worker_set_unref(service->workers);
        service->workers = set;
        for (struct worker_watch *w = service->watches; w != NULL; w = w->next)
            tell(w, set);
    }
    pthread_mutex_unlock(&service->lock);
    return ST_OK;
}

/* follow_feed applies what happened since *seen. */
static enum status follow_feed(struct catalog_service *service, struct catalog *c, uint64_t *seen,
                               struct failure *f)
{
    struct arena a = {0};
    struct change *list;
    uint64_t upto;
    uint32_t n;
    bool complete;
    enum status st;

    do {
        st = c->ops->changes(c, *seen, CHANGES_AT_A_TIME, &a, &list, &n, &upto, &complete, f);
        if (st != ST_OK)
            break;
        if (*seen == 0 || !complete)
            queue_cache_clear(service->cache);
        for (uint32_t i = 0; i < n; i++)
            if (list[i].kind == CHANGE_QUEUE)
                queue_cache_invalidate(service->cache, list[i].project, list[i].name,
                                       list[i].revision);
        *seen = upto;
    } while (n == CHANGES_AT_A_TIME);
    arena_fini(&a);
    return st;
}

/* count_queues runs on a thread of the service. */
static void count_queues(struct job *j, void *state)
{
    struct thread_state *t = state;
    struct catalog_service *service = t->service;
    struct failure f;

    (void)j;
    if (open_handle(service->uri, &t->catalog, &f) == ST_OK)
        catalog_metrics_count(service->metrics, t->catalog);
    __atomic_store_n(&service->counting, false, __ATOMIC_RELEASE);
}

/* start_count has the queues counted, not on the watcher's own thread: it may take a while. */
static void start_count(struct catalog_service *service)
{
    if (__atomic_load_n(&service->counting, __ATOMIC_ACQUIRE) ||
        !catalog_metrics_wanted(service->metrics, clock_mono_ms()))
        return;
    service->count_job.run = count_queues;
    __atomic_store_n(&service->counting, true, __ATOMIC_RELEASE);
    if (jobs_add(service->jobs, &service->count_job) != ST_OK)
        __atomic_store_n(&service->counting, false, __ATOMIC_RELEASE); /* they have enough to do */
}

static bool stopping(struct catalog_service *service)
{
    bool yes;

    pthread_mutex_lock(&service->lock);
    yes = service->stopping;
    pthread_mutex_unlock(&service->lock);
    return yes;
}

static void *watch(void *arg)
{
    struct catalog_service *service = arg;
    struct catalog *c = NULL;
    uint64_t seen = 0;
    bool away = false;

    while (!stopping(service)) {
        struct failure f;
        enum status st = open_handle(service->uri, &c, &f);

        if (st == ST_OK)
            st = c->ops->wait(c, away || seen == 0 ? 0 : WAIT_MS, &f);
        if (st == ST_OK || st == ST_TIMEOUT)
            st = follow_feed(service, c, &seen, &f);
        if (st == ST_OK)
            st = list_workers(service, c, &f);
        if (st != ST_OK && !away)
            log_warn("CATALOG-LOST", "reason=\"%s\" cached queues go on serving", f.text);
        if (st == ST_OK && away)
            log_info("CATALOG-BACK", "revision=%llu", (unsigned long long)seen);
        away = st != ST_OK;
        catalog_metrics_up(service->metrics, !away);
        if (!away)
            start_count(service);
        if (away)
            nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
    }
    catalog_close(c);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------- */

enum status catalog_service_new(const struct catalog_service_options *options,
                                struct catalog_service **service, struct failure *f)
{
    struct catalog_service *s = mem_zalloc(sizeof(*s));
    struct jobs_options jobs = {
        .name = "catalog",
        .threads = options->threads,
        .queue_max = CALLS_MAX,
        .thread_begin = thread_begin,
        .thread_end = thread_end,
        .arg = s,
    };

    s->uri = mem_strdup(options->uri);
    s->worker_gone_ms = options->worker_gone_ms;
    s->pooling = options->pooling;
    s->virtual_pool = options->virtual_pool;
    s->cache = queue_cache_new(options->cache_most);
    if (options->metrics != NULL)
        s->metrics = catalog_metrics_new(options->metrics, s->cache);
    pthread_mutex_init(&s->lock, NULL);
    s->jobs = jobs_new(&jobs);
    if (pthread_create(&s->watcher, NULL, watch, s) != 0) {
        jobs_free(s->jobs);
        s->jobs = NULL;
        s->stopping = true; /* nothing to join */
        catalog_service_free(s);
        return fail(f, ST_UNAVAILABLE, "no thread for the catalog's watcher");
    }
    pthread_setname_np(s->watcher, "catalog-watch");
    *service = s;
    return ST_OK;
}

void catalog_service_stop(struct catalog_service *service)
{
    bool first;

    pthread_mutex_lock(&service->lock);
    first = !service->stopping;
    service->stopping = true;
    pthread_mutex_unlock(&service->lock);
    if (!first)
        return;
    pthread_join(service->watcher, NULL); /* first: it has work for the others */
    jobs_free(service->jobs);
}

void catalog_service_free(struct catalog_service *service)
{
    if (service == NULL)
        return;
    catalog_service_stop(service);
    worker_set_unref(service->workers);
    catalog_metrics_free(service->metrics);
    queue_cache_free(service->cache);
    pthread_mutex_destroy(&service->lock);
    free(service->uri);
    free(service);
}
