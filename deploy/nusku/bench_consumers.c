#include "deploy/nusku/bench_load.h"

#include "common/mem.h"
#include "deploy/nusku/bench_request.h"

#include <stdlib.h>

#define CLAIM "{\"ttl\": 300, \"grace\": 60}"

enum { PAUSE_MAX_MS = 10 };

struct consumer {
    struct http_connection http;
    struct bench_consumers *all;
    struct queue *queue; /* that it claims from */
    uint64_t sent_ns;
    size_t removing; /* messages */
    bool resting;    /* it failed: not again before the next tick */
};

struct queue {
    struct bench_consumers *all;
    const char *name;
    struct buffer claim; /* the request */
    size_t asking;       /* claims under way */
    size_t wanted;       /* claims that wait for a consumer */
    uint64_t pause_ms;
    uv_timer_t pausing;
};

struct bench_consumers {
    struct bench_load *load;
    struct consumer *consumers;
    size_t n;
    struct consumer **free; /* a stack */
    size_t free_n;
    struct queue *queues;
    size_t queues_n;
    size_t turn;   /* the queue that is served next */
    size_t wanted; /* of all queues */
    struct buffer removal;
    bool stopping;
};

/* ---- Who asks --------------------------------------------------------------------------------- */

static void on_claimed(struct http_connection *c, enum http_outcome outcome);

static struct queue *next_wanting(struct bench_consumers *all)
{
    struct queue *q;

    do {
        q = &all->queues[all->turn];
        all->turn = (all->turn + 1) % all->queues_n;
    } while (q->wanted == 0);
    return q;
}

static void serve(struct bench_consumers *all)
{
    while (!all->stopping && all->wanted > 0 && all->free_n > 0) {
        struct queue *q = next_wanting(all);
        struct consumer *c = all->free[--all->free_n];

        q->wanted--;
        all->wanted--;
        q->asking++;
        c->queue = q;
        c->sent_ns = uv_hrtime();
        http_send(&c->http, buffer_slice(&q->claim), on_claimed);
    }
}

static void want(struct queue *q, size_t claims)
{
    while (claims-- > 0 && q->asking + q->wanted < q->all->n) {
        q->wanted++;
        q->all->wanted++;
    }
}

static void on_pause_over(uv_timer_t *timer)
{
    struct queue *q = timer->data;

    want(q, 1);
    serve(q->all);
}

/* pause_longer: queues that stay empty are asked a thousand times a second, all of them together. */
static void pause_longer(struct queue *q)
{
    uint64_t most = q->all->queues_n > PAUSE_MAX_MS ? q->all->queues_n : PAUSE_MAX_MS;

    q->pause_ms = q->pause_ms == 0 ? 1 : q->pause_ms * 2;
    if (q->pause_ms > most)
        q->pause_ms = most;
    uv_timer_start(&q->pausing, on_pause_over, q->pause_ms, 0);
}

/* ---- Claims and deletions --------------------------------------------------------------------- */

static void set_free(struct consumer *c)
{
    c->all->free[c->all->free_n++] = c;
    serve(c->all);
}

static void on_removed(struct http_connection *http, enum http_outcome outcome)
{
    struct consumer *c = http->context;
    struct bench_load *l = c->all->load;
    uint64_t now = uv_hrtime();
    bool good = bench_note(l, &l->r->removal, http, outcome, 204, c->sent_ns, now);

    l->removals_under_way--;
    c->resting = !good;
    if (!good)
        return;
    l->r->removed_all += c->removing;
    if (bench_measured(l, now))
        l->r->removed += c->removing;
    set_free(c);
}

/* take counts what a claim brought, and deletes it. */
static void take(struct consumer *c, const struct bench_claim *claim, uint64_t now)
{
    struct bench_load *l = c->all->load;
    struct buffer *b = &c->all->removal;

    for (size_t i = 0; i < claim->n; i++)
        if (bench_measured(l, claim->due_ns[i]) && now >= claim->due_ns[i])
            histogram_add(&l->r->end_to_end, now - claim->due_ns[i]);
    l->r->claimed_all += claim->n;
    l->removals_under_way++;
    b->len = 0;
    bench_claim_removal(claim, b, l->o, c->queue->name);
    c->removing = claim->n;
    c->sent_ns = uv_hrtime();
    http_send(&c->http, buffer_slice(b), on_removed);
}

/* ask_on decides who asks the queue after a claim that brought n messages. */
static void ask_on(struct queue *q, size_t n)
{
    if (n > 0)
        q->pause_ms = 0;
    if (n == BENCH_CLAIM_MAX)
        want(q, 2);
    else if (q->asking + q->wanted == 0 && n > 0)
        want(q, 1);
    else if (q->asking + q->wanted == 0)
        pause_longer(q);
}

static void on_claimed(struct http_connection *http, enum http_outcome outcome)
{
    struct consumer *c = http->context;
    struct bench_load *l = c->all->load;
    struct bench_claim claim = {.n = 0};
    uint64_t now = uv_hrtime();

    c->queue->asking--;
    if (outcome == HTTP_ANSWERED && http->response.status == 204) {
        l->r->empty++;
        ask_on(c->queue, 0);
        set_free(c);
        return;
    }
    if (outcome == HTTP_ANSWERED && http->response.status == 201 &&
        !bench_claim_read(buffer_slice(&http->response.body), &claim))
        outcome = HTTP_BROKEN;
    c->resting = !bench_note(l, &l->r->claim, http, outcome, 201, c->sent_ns, now);
    if (!c->resting)
        take(c, &claim, now);
    ask_on(c->queue, claim.n);
    serve(c->all);
}

/* ---- Life ------------------------------------------------------------------------------------- */

static void init_queue(struct bench_consumers *all, struct queue *q, const char *name)
{
    struct bench_load *l = all->load;
    struct buffer path = {0};

    q->all = all;
    q->name = name;
    buffer_printf(&path, "/v2/queues/%s/claims?limit=%d", name, BENCH_CLAIM_MAX);
    bench_request_add(&q->claim, l->o, "POST", buffer_slice(&path), SLICE(CLAIM));
    buffer_fini(&path);
    uv_timer_init(&l->loop, &q->pausing);
    q->pausing.data = q;
}

struct bench_consumers *bench_consumers_new(struct bench_load *l)
{
    struct bench_consumers *all = mem_zalloc(sizeof(*all));

    all->load = l;
    all->n = (size_t)l->o->connections;
    all->queues_n = (size_t)l->o->queues;
    all->consumers = mem_zalloc(all->n * sizeof(*all->consumers));
    all->free = mem_zalloc(all->n * sizeof(struct consumer *));
    all->queues = mem_zalloc(all->queues_n * sizeof(*all->queues));
    for (size_t i = 0; i < all->queues_n; i++)
        init_queue(all, &all->queues[i], l->queues[i]);
    for (size_t i = 0; i < all->n; i++) {
        all->consumers[i].all = all;
        http_open(&all->consumers[i].http, &l->loop, &l->o->target, &all->consumers[i]);
        all->free[all->free_n++] = &all->consumers[i];
    }
    return all;
}

void bench_consumers_start(struct bench_consumers *all)
{
    for (size_t i = 0; i < all->queues_n; i++)
        want(&all->queues[i], 1);
    serve(all);
}

void bench_consumers_stop(struct bench_consumers *all)
{
    all->stopping = true;
    for (size_t i = 0; i < all->queues_n; i++)
        uv_timer_stop(&all->queues[i].pausing);
}

bool bench_consumers_busy(const struct bench_consumers *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (http_busy(&all->consumers[i].http))
            return true;
    return false;
}

void bench_consumers_tick(struct bench_consumers *all, uint64_t now_ns)
{
    for (size_t i = 0; i < all->n; i++) {
        struct consumer *c = &all->consumers[i];
        bool rested = c->resting;

        c->resting = false;
        http_expire(&c->http, now_ns);
        if (rested)
            set_free(c);
    }
}

void bench_consumers_close(struct bench_consumers *all)
{
    for (size_t i = 0; i < all->n; i++)
        http_close(&all->consumers[i].http);
    for (size_t i = 0; i < all->queues_n; i++)
        uv_close((uv_handle_t *)&all->queues[i].pausing, NULL);
}

void bench_consumers_free(struct bench_consumers *all)
{
    for (size_t i = 0; i < all->queues_n; i++)
        buffer_fini(&all->queues[i].claim);
    buffer_fini(&all->removal);
    free(all->consumers);
    free(all->free);
    free(all->queues);
    free(all);
}
