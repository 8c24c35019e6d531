#include "deploy/nusku/bench_load.h"

#include "common/mem.h"
#include "deploy/nusku/bench_request.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct poster {
    struct http_connection http;
    struct bench_posts *all;
    uint64_t due_ns; /* of the post that is under way */
    bool resting;    /* it failed: not again before the next tick */
};

struct bench_posts {
    struct bench_load *load;
    struct bench_post *requests; /* one a queue */
    struct poster *posters;
    size_t n;
    struct poster **ring; /* the free ones, the longest free first */
    size_t ring_at, ring_n;
    uint64_t next; /* the number of the post that is sent next; the first is 0 */
    int clock;     /* a timerfd: the loop's own timers count milliseconds */
    uv_poll_t waking;
    uint64_t armed_ns; /* for when */
};

/* ---- When ------------------------------------------------------------------------------------- */

static uint64_t due_of(const struct bench_posts *p, uint64_t number)
{
    return p->load->start_ns + (uint64_t)((double)number * BENCH_SECOND_NS / p->load->o->rate);
}

/* due_before counts the posts that are due before a moment. */
static uint64_t due_before(const struct bench_posts *p, uint64_t ns)
{
    uint64_t n;

    if (ns <= p->load->start_ns)
        return 0;
    n = (uint64_t)((double)(ns - p->load->start_ns) * p->load->o->rate / BENCH_SECOND_NS);
    while (n > 0 && due_of(p, n - 1) >= ns) /* what was rounded away, or up */
        n--;
    while (due_of(p, n) < ns)
        n++;
    return n;
}

uint64_t bench_posts_waiting(const struct bench_posts *p, uint64_t now_ns)
{
    uint64_t until = p->load->until_ns, due;

    if (p->load->o->rate <= 0)
        return 0;
    due = due_before(p, now_ns < until ? now_ns : until);
    return due > p->next ? due - p->next : 0;
}

/* wake_at has the loop turn at that moment. */
static void wake_at(struct bench_posts *p, uint64_t ns)
{
    struct itimerspec at = {
        .it_value = {(time_t)(ns / BENCH_SECOND_NS), (long)(ns % BENCH_SECOND_NS)}};

    if (ns == p->armed_ns)
        return;
    p->armed_ns = ns;
    timerfd_settime(p->clock, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    struct bench_posts *p = handle->data;
    uint64_t times;

    (void)status;
    (void)events;
    if (read(p->clock, &times, sizeof(times)) < 0 && errno != EAGAIN)
        abort(); /* a timerfd gives nothing else */
}

/* ---- Sending ---------------------------------------------------------------------------------- */

static void put_free(struct bench_posts *p, struct poster *poster)
{
    p->ring[(p->ring_at + p->ring_n++) % p->n] = poster;
}

static struct poster *take_free(struct bench_posts *p)
{
    struct poster *poster = p->ring[p->ring_at];

    p->ring_at = (p->ring_at + 1) % p->n;
    p->ring_n--;
    return poster;
}

static void on_posted(struct http_connection *c, enum http_outcome outcome)
{
    struct poster *poster = c->context;
    struct bench_load *l = poster->all->load;
    uint64_t now = uv_hrtime();
    bool good = bench_note(l, &l->r->post, c, outcome, 201, poster->due_ns, now);

    l->posts_under_way--;
    if (good && bench_measured(l, now))
        l->r->posted++;
    poster->resting = !good;
    if (good)
        put_free(poster->all, poster);
}

static void post(struct bench_posts *p, uint64_t due_ns)
{
    struct poster *poster = take_free(p);
    struct bench_load *l = p->load;

    poster->due_ns = due_ns;
    if (bench_measured(l, due_ns))
        histogram_add(&l->r->wait, uv_hrtime() - due_ns);
    l->posts_under_way++;
    http_send(&poster->http, bench_post_due(&p->requests[p->next % (size_t)l->o->queues], due_ns),
              on_posted);
    p->next++;
}

/* has_room: in the closed loop consumers have to follow. */
static bool has_room(const struct bench_load *l)
{
    uint64_t most = (uint64_t)l->o->connections * BENCH_CLAIM_MAX;

    return !l->o->cycle || l->posts_under_way + l->r->post.good < l->r->claimed_all + most;
}

static void turn_closed(struct bench_posts *p, uint64_t now_ns)
{
    while (p->ring_n > 0 && now_ns < p->load->until_ns && has_room(p->load))
        post(p, now_ns);
}

void bench_posts_turn(struct bench_posts *p, uint64_t now_ns)
{
    uint64_t waiting = bench_posts_waiting(p, now_ns);

    if (p->load->o->rate <= 0) {
        turn_closed(p, now_ns);
        return;
    }
    if (waiting > BENCH_WAITING) {
        p->load->r->unsent += waiting - BENCH_WAITING;
        p->next += waiting - BENCH_WAITING;
    }
    while (p->ring_n > 0 && bench_posts_waiting(p, now_ns) > 0)
        post(p, due_of(p, p->next));
    if (p->ring_n > 0 && due_of(p, p->next) < p->load->until_ns)
        wake_at(p, due_of(p, p->next));
}

/* ---- Life ------------------------------------------------------------------------------------- */

struct bench_posts *bench_posts_new(struct bench_load *l)
{
    struct bench_posts *p = mem_zalloc(sizeof(*p));

    p->load = l;
    p->n = (size_t)l->o->connections;
    p->requests = mem_zalloc((size_t)l->o->queues * sizeof(*p->requests));
    for (size_t i = 0; i < (size_t)l->o->queues; i++)
        bench_post_init(&p->requests[i], l->o, l->queues[i]);
    p->posters = mem_zalloc(p->n * sizeof(*p->posters));
    p->ring = mem_zalloc(p->n * sizeof(struct poster *));
    for (size_t i = 0; i < p->n; i++) {
        p->posters[i].all = p;
        http_open(&p->posters[i].http, &l->loop, &l->o->target, &p->posters[i]);
        put_free(p, &p->posters[i]);
    }
    p->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->clock < 0 || uv_poll_init(&l->loop, &p->waking, p->clock) != 0)
        abort(); /* no descriptors at start: as hopeless as no memory */
    p->waking.data = p;
    uv_poll_start(&p->waking, UV_READABLE, on_wake);
    return p;
}

void bench_posts_tick(struct bench_posts *p, uint64_t now_ns)
{
    for (size_t i = 0; i < p->n; i++) {
        struct poster *poster = &p->posters[i];

        if (poster->resting)
            put_free(p, poster);
        poster->resting = false;
        http_expire(&poster->http, now_ns);
    }
}

void bench_posts_close(struct bench_posts *p)
{
    for (size_t i = 0; i < p->n; i++)
        http_close(&p->posters[i].http);
    uv_close((uv_handle_t *)&p->waking, NULL);
}

void bench_posts_free(struct bench_posts *p)
{
    for (size_t i = 0; i < (size_t)p->load->o->queues; i++)
        buffer_fini(&p->requests[i].bytes);
    close(p->clock);
    free(p->requests);
    free(p->posters);
    free(p->ring);
    free(p);
}
