#include "worker/store_thread.h"

#include "common/clock.h"
#include "common/mem.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

struct calls {
    struct thread_call *list;
    size_t n, room;
};

struct batch {
    struct mail mail;
    struct arena arena;
    struct calls calls;
};

struct thread_store {
    struct store base;
    const struct thread_driver *driver;
    void *state;
    pthread_t thread;

    struct calls gathered; /* on the loop: since the last flush */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct calls waiting; /* bounded by the worker's max_operations */
    bool sweep;
    bool stopping;

    struct mail goodbye; /* the thread's last: what it has mailed before is delivered before it */
};

static void add(struct calls *c, struct thread_call call)
{
    if (c->n == c->room) {
        c->room = c->room == 0 ? 64 : c->room * 2;
        c->list = mem_realloc(c->list, c->room * sizeof(*c->list));
    }
    c->list[c->n++] = call;
}

/* take_batch moves the oldest calls over. */
static void take_batch(struct thread_store *t, struct calls *to)
{
    size_t n = t->waiting.n < THREAD_BATCH_MAX ? t->waiting.n : THREAD_BATCH_MAX;

    for (size_t i = 0; i < n; i++)
        add(to, t->waiting.list[i]);
    memmove(t->waiting.list, t->waiting.list + n, (t->waiting.n - n) * sizeof(*t->waiting.list));
    t->waiting.n -= n;
}

static void deliver(struct mail *m)
{
    struct batch *b = (struct batch *)m;

    for (size_t i = 0; i < b->calls.n; i++)
        b->calls.list[i].op->done(b->calls.list[i].op);
    arena_fini(&b->arena);
    free(b->calls.list);
    free(b);
}

/* split_late moves the calls whose deadline has passed while they waited behind the others, whose
 * order is kept, and answers them. Returns how many are still to be run. */
static size_t split_late(struct calls *calls)
{
    int64_t mono_ms = clock_mono_ms();
    struct calls late = {0};
    size_t live = 0;

    for (size_t i = 0; i < calls->n; i++) {
        struct thread_call call = calls->list[i];

        if (call.op->deadline_mono_ms > mono_ms) {
            calls->list[live++] = call;
        } else {
            call.op->st = fail(&call.op->f, ST_TIMEOUT, "the store is too slow");
            add(&late, call);
        }
    }
    for (size_t i = 0; i < late.n; i++)
        calls->list[live + i] = late.list[i];
    free(late.list);
    return live;
}

/* put_back queues the calls that want to be run again, and takes them out of the batch. */
static void put_back(struct thread_store *t, struct calls *calls)
{
    size_t finished = 0;

    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < calls->n; i++) {
        if (calls->list[i].again)
            add(&t->waiting, calls->list[i]);
        else
            calls->list[finished++] = calls->list[i];
    }
    pthread_mutex_unlock(&t->lock);
    calls->n = finished;
}

static void run_batch(struct thread_store *t, struct batch *b)
{
    int64_t now_ms = t->base.host->now_ms();

    for (size_t i = 0; i < b->calls.n; i++) {
        b->calls.list[i].op->st = ST_OK;
        b->calls.list[i].op->now_ms = now_ms;
        b->calls.list[i].again = false;
    }
    t->driver->run(t->state, b->calls.list, split_late(&b->calls), now_ms, &b->arena);
    put_back(t, &b->calls);
    mailbox_post(t->base.host->mailbox, &b->mail);
}

/* say_goodbye runs on the loop when the thread has ended. */
static void say_goodbye(struct mail *m)
{
    struct thread_store *t =
        (struct thread_store *)((char *)m - offsetof(struct thread_store, goodbye));

    pthread_join(t->thread, NULL); /* it has nothing left to do */
    for (size_t i = 0; i < t->waiting.n; i++) {
        struct op *op = t->waiting.list[i].op;

        op->st = fail(&op->f, ST_UNAVAILABLE, "the store is closing");
        op->done(op);
    }
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t->gathered.list);
    free(t->waiting.list);
    t->base.closed(&t->base);
    free(t);
}

static void *work(void *arg)
{
    struct thread_store *t = arg;

    for (;;) {
        struct batch *b = NULL;
        bool sweep;

        pthread_mutex_lock(&t->lock);
        while (t->waiting.n == 0 && !t->sweep && !t->stopping)
            pthread_cond_wait(&t->wake, &t->lock);
        if (t->stopping) {
            pthread_mutex_unlock(&t->lock);
            t->driver->close(t->state); /* which may wait for the disk */
            t->goodbye.deliver = say_goodbye;
            mailbox_post(t->base.host->mailbox, &t->goodbye);
            return NULL;
        }
        sweep = t->sweep;
        t->sweep = false;
        if (t->waiting.n > 0) {
            b = mem_zalloc(sizeof(*b));
            b->mail.deliver = deliver;
            take_batch(t, &b->calls);
        }
        pthread_mutex_unlock(&t->lock);
        if (b != NULL)
            run_batch(t, b);
        if (sweep && t->driver->sweep(t->state, t->base.host->now_ms()))
            store_thread_sweep(&t->base); /* more of it after the next batch */
    }
}

enum status store_thread_open(const struct store_ops *ops, const struct thread_driver *driver,
                              const struct store_host *host, struct slice uri, struct store **s,
                              struct failure *f)
{
    struct thread_store *t = mem_zalloc(sizeof(*t));
    enum status st = driver->open(host, uri, &t->state, f);

    if (st != ST_OK) {
        free(t);
        return st;
    }
    t->base.ops = ops;
    t->base.host = host;
    t->base.up = true; /* its back end is embedded */
    t->driver = driver;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    if (pthread_create(&t->thread, NULL, work, t) != 0) {
        driver->close(t->state);
        pthread_cond_destroy(&t->wake);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return fail(f, ST_UNAVAILABLE, "no thread for the store");
    }
    pthread_setname_np(t->thread, "store");
    *s = &t->base;
    return ST_OK;
}

void store_thread_submit(struct store *s, struct op *op)
{
    struct thread_store *t = (struct thread_store *)s;

    add(&t->gathered, (struct thread_call){.op = op});
}

void store_thread_flush(struct store *s)
{
    struct thread_store *t = (struct thread_store *)s;

    if (t->gathered.n == 0)
        return;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->gathered.n; i++)
        add(&t->waiting, t->gathered.list[i]);
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    t->gathered.n = 0;
}

void store_thread_sweep(struct store *s)
{
    struct thread_store *t = (struct thread_store *)s;

    pthread_mutex_lock(&t->lock);
    t->sweep = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void store_thread_close(struct store *s)
{
    struct thread_store *t = (struct thread_store *)s;

    store_thread_flush(s);
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}
