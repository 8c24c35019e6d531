#include "deploy/nusku/bench_load.h"

#include "common/mem.h"
#include "common/random.h"
#include "deploy/nusku/bench_request.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 50, LEAD_NS = 20000000, NAME_BYTES = 48 };

/* PREPARE and CLEAN belong to the clerk: one connection, one queue after the other. */
enum phase { PREPARE, MEASURE, DRAIN, STOP, CLEAN, OVER };

struct run {
    struct bench_load load;
    enum phase phase;
    struct bench_posts *posts;
    struct bench_consumers *consumers; /* NULL: mode post */
    struct http_connection clerk;
    int64_t queue, made; /* that the clerk is at; that it has made */
    uv_prepare_t turn;
    uv_timer_t tick;
    uv_signal_t interrupt, terminate;
};

bool bench_note(const struct bench_load *l, struct bench_calls *calls,
                const struct http_connection *c, enum http_outcome outcome, int wanted,
                uint64_t since_ns, uint64_t now_ns)
{
    bool good = outcome == HTTP_ANSWERED && c->response.status == wanted;

    calls->good += good;
    calls->refused += outcome == HTTP_REFUSED;
    calls->broken += outcome == HTTP_BROKEN;
    calls->timeouts += outcome == HTTP_TIMEOUT;
    if (outcome == HTTP_ANSWERED && !good)
        calls->wrong[c->response.status]++;
    if ((good || outcome == HTTP_TIMEOUT) && bench_measured(l, since_ns))
        histogram_add(&calls->latency, now_ns - since_ns);
    return good;
}

static uint64_t wrong_calls(const struct bench_calls *c)
{
    uint64_t n = c->refused + c->broken + c->timeouts;

    for (size_t i = 0; i < sizeof(c->wrong) / sizeof(c->wrong[0]); i++)
        n += c->wrong[i];
    return n;
}

uint64_t bench_errors(const struct bench_result *r)
{
    return wrong_calls(&r->post) + wrong_calls(&r->claim) + wrong_calls(&r->removal) + r->unsent +
           r->missing;
}

/* ---- The clerk -------------------------------------------------------------------------------- */

static void make_queue(struct run *run);
static void delete_queue(struct run *run);

static const char *outcome_text(enum http_outcome outcome)
{
    static const char *const texts[] = {"answered", "no connection", "no HTTP, or it broke off",
                                        "no answer in time"};

    return texts[outcome];
}

/* give_up notes what the clerk heard instead of what it wanted. */
static void give_up(struct run *run, const char *doing, enum http_outcome outcome)
{
    const struct response *answer = &run->clerk.response;

    if (outcome == HTTP_ANSWERED)
        fail(&run->load.r->why, ST_UNAVAILABLE, "%s: answered with %d: %.*s", doing, answer->status,
             answer->body.len < 120 ? (int)answer->body.len : 120, buffer_slice(&answer->body).p);
    else
        fail(&run->load.r->why, ST_UNAVAILABLE, "%s: %s", doing, outcome_text(outcome));
}

static void ask_clerk(struct run *run, const char *method, struct slice body, http_done *done)
{
    struct buffer path = {0}, request = {0};

    buffer_printf(&path, "/v2/queues/%s", run->load.queues[run->queue]);
    bench_request_add(&request, run->load.o, method, buffer_slice(&path), body);
    http_send(&run->clerk, buffer_slice(&request), done);
    buffer_fini(&path);
    buffer_fini(&request);
}

static void clean(struct run *run)
{
    run->phase = CLEAN;
    run->queue = 0;
    delete_queue(run);
}

static void begin(struct run *run)
{
    struct bench_load *l = &run->load;

    run->phase = MEASURE;
    l->start_ns = uv_hrtime() + LEAD_NS;
    l->from_ns = l->start_ns + (uint64_t)l->o->warmup_s * BENCH_SECOND_NS;
    l->until_ns = l->from_ns + (uint64_t)l->o->seconds * BENCH_SECOND_NS;
    run->posts = bench_posts_new(l);
    if (!l->o->cycle)
        return;
    run->consumers = bench_consumers_new(l);
    bench_consumers_start(run->consumers);
}

static void on_made(struct http_connection *c, enum http_outcome outcome)
{
    struct run *run = c->context;
    int status = outcome == HTTP_ANSWERED ? c->response.status : 0;

    if (status == 201 || status == 204) {
        run->made = ++run->queue;
        make_queue(run);
        return;
    }
    give_up(run, "making a queue", outcome);
    clean(run);
}

static void make_queue(struct run *run)
{
    if (run->load.r->interrupted)
        clean(run);
    else if (run->queue == run->load.o->queues)
        begin(run);
    else
        ask_clerk(run, "PUT", SLICE("{}"), on_made);
}

static void on_deleted(struct http_connection *c, enum http_outcome outcome)
{
    struct run *run = c->context;

    if ((outcome != HTTP_ANSWERED || c->response.status != 204) && run->load.r->why.st == ST_OK)
        give_up(run, "deleting a queue", outcome);
    run->queue++;
    if (outcome == HTTP_ANSWERED)
        delete_queue(run);
    else
        run->phase = OVER; /* the others would wait as long */
}

static void delete_queue(struct run *run)
{
    if (run->queue == run->made)
        run->phase = OVER;
    else
        ask_clerk(run, "DELETE", (struct slice){NULL, 0}, on_deleted);
}

/* ---- The run ---------------------------------------------------------------------------------- */

/* is_drained tells whether every message that was posted has come through. */
static bool is_drained(const struct run *run, uint64_t now_ns)
{
    const struct bench_load *l = &run->load;

    if (l->posts_under_way > 0 || bench_posts_waiting(run->posts, now_ns) > 0)
        return false;
    return run->consumers == NULL ||
           (l->r->claimed_all >= l->r->post.good && l->removals_under_way == 0);
}

static void stop(struct run *run, uint64_t now_ns)
{
    struct bench_load *l = &run->load;

    run->phase = STOP;
    l->r->unsent += bench_posts_waiting(run->posts, now_ns);
    if (run->consumers == NULL)
        return;
    bench_consumers_stop(run->consumers);
    if (l->r->claimed_all < l->r->post.good)
        l->r->missing = l->r->post.good - l->r->claimed_all;
}

static void on_turn(uv_prepare_t *handle)
{
    struct run *run = handle->data;
    uint64_t now = uv_hrtime(), until = run->load.until_ns;

    if (run->phase == MEASURE || run->phase == DRAIN)
        bench_posts_turn(run->posts, now);
    if (run->phase == MEASURE && now >= until)
        run->phase = DRAIN;
    if (run->phase == DRAIN &&
        (is_drained(run, now) || now >= until + run->load.o->target.timeout_ns))
        stop(run, now);
    if (run->phase == STOP && run->load.posts_under_way == 0 &&
        (run->consumers == NULL || !bench_consumers_busy(run->consumers)))
        clean(run);
    if (run->phase == OVER)
        uv_stop(&run->load.loop);
}

static void on_tick(uv_timer_t *timer)
{
    struct run *run = timer->data;
    uint64_t now = uv_hrtime();

    if (run->posts != NULL)
        bench_posts_tick(run->posts, now);
    if (run->consumers != NULL)
        bench_consumers_tick(run->consumers, now);
    http_expire(&run->clerk, now);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    struct bench_load *l = &run->load;
    uint64_t now = uv_hrtime();

    (void)number;
    if (l->r->interrupted)
        run->phase = OVER;
    l->r->interrupted = true;
    if (run->phase != MEASURE || now >= l->until_ns)
        return;
    l->until_ns = now;
    if (l->from_ns > now)
        l->from_ns = now;
}

/* ---- Life ------------------------------------------------------------------------------------- */

static void name_queues(struct bench_load *l)
{
    unsigned char id[6];

    random_bytes(id, sizeof(id));
    l->queues = mem_zalloc((size_t)l->o->queues * sizeof(char *));
    for (int64_t i = 0; i < l->o->queues; i++) {
        l->queues[i] = mem_alloc(NAME_BYTES);
        snprintf(l->queues[i], NAME_BYTES, "bench-%02x%02x%02x%02x%02x%02x-%lld", id[0], id[1],
                 id[2], id[3], id[4], id[5], (long long)i);
    }
}

static void start_handles(struct run *run)
{
    uv_loop_t *loop = &run->load.loop;

    uv_prepare_init(loop, &run->turn);
    uv_timer_init(loop, &run->tick);
    uv_signal_init(loop, &run->interrupt);
    uv_signal_init(loop, &run->terminate);
    run->turn.data = run->tick.data = run->interrupt.data = run->terminate.data = run;
    uv_prepare_start(&run->turn, on_turn);
    uv_timer_start(&run->tick, on_tick, TICK_MS, TICK_MS);
    uv_signal_start(&run->interrupt, on_signal, SIGINT);
    uv_signal_start(&run->terminate, on_signal, SIGTERM);
}

static void close_all(struct run *run)
{
    uv_close((uv_handle_t *)&run->turn, NULL);
    uv_close((uv_handle_t *)&run->tick, NULL);
    uv_close((uv_handle_t *)&run->interrupt, NULL);
    uv_close((uv_handle_t *)&run->terminate, NULL);
    http_close(&run->clerk);
    if (run->posts != NULL)
        bench_posts_close(run->posts);
    if (run->consumers != NULL)
        bench_consumers_close(run->consumers);
    uv_run(&run->load.loop, UV_RUN_DEFAULT);
}

static void free_all(struct run *run)
{
    struct bench_load *l = &run->load;

    if (run->posts != NULL)
        bench_posts_free(run->posts);
    if (run->consumers != NULL)
        bench_consumers_free(run->consumers);
    for (int64_t i = 0; i < l->o->queues; i++)
        free(l->queues[i]);
    free(l->queues);
    uv_loop_close(&l->loop);
}

enum status bench_run(const struct bench_options *o, struct bench_result *r)
{
    struct run run = {.load = {.o = o, .r = r}};

    if (uv_loop_init(&run.load.loop) != 0)
        abort(); /* no descriptors at start: as hopeless as no memory */
    signal(SIGPIPE, SIG_IGN);
    name_queues(&run.load);
    start_handles(&run);
    http_open(&run.clerk, &run.load.loop, &o->target, &run);
    make_queue(&run);
    uv_run(&run.load.loop, UV_RUN_DEFAULT);
    if (run.posts != NULL)
        r->seconds = (double)(run.load.until_ns - run.load.from_ns) / BENCH_SECOND_NS;
    close_all(&run);
    free_all(&run);
    return r->why.st;
}
