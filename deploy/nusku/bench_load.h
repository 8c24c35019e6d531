/* deploy/nusku/bench_load.h - what drives the load: posts by the clock, consumers, and the run around them.
 *
 * One loop, one thread. Posts and consumers have connections of their own, so that neither waits for the
 * other's.
 */
#ifndef DEPLOY_NUSKU_BENCH_LOAD_H
#define DEPLOY_NUSKU_BENCH_LOAD_H

#include "deploy/nusku/bench.h"

struct bench_load {
    const struct bench_options *o;
    struct bench_result *r;
    uv_loop_t loop;
    char **queues;               /* their names, as many as the options say */
    uint64_t start_ns;           /* the first post is due */
    uint64_t from_ns, until_ns;  /* the measured time; no post is due at its end or later */
    uint64_t posts_under_way;    /* sent, and not yet answered */
    uint64_t removals_under_way; /* requests */
};

/* bench_measured tells whether a moment belongs to the measured time. */
static inline bool bench_measured(const struct bench_load *l, uint64_t ns)
{
    return ns >= l->from_ns && ns < l->until_ns;
}

/* bench_note counts what came of a request; its latency, from since_ns on, if since_ns was measured. True:
 * the answer has the status that is wanted. */
bool bench_note(const struct bench_load *l, struct bench_calls *calls,
                const struct http_connection *c, enum http_outcome outcome, int wanted,
                uint64_t since_ns, uint64_t now_ns);

/* ---- Posts (bench_posts.c) ---- */

struct bench_posts;

struct bench_posts *bench_posts_new(struct bench_load *l);

/* bench_posts_turn sends what is due, as far as there are free connections, and wakes the loop for the next. */
void bench_posts_turn(struct bench_posts *p, uint64_t now_ns);

/* bench_posts_waiting counts the posts that are due by now_ns and not sent. */
uint64_t bench_posts_waiting(const struct bench_posts *p, uint64_t now_ns);

/* bench_posts_tick ends requests that take too long, and lets connections try again after a failure. */
void bench_posts_tick(struct bench_posts *p, uint64_t now_ns);

/* bench_posts_close forgets what is under way; bench_posts_free comes when the loop has turned after it. */
void bench_posts_close(struct bench_posts *p);
void bench_posts_free(struct bench_posts *p);

/* ---- Consumers (bench_consumers.c) ---- */

/* Consumers claim and delete. One asks an empty queue, at pauses that grow; when a claim comes back full, the
 * next are two. So the asking follows the load, and doesn't make it. */
struct bench_consumers;

struct bench_consumers *bench_consumers_new(struct bench_load *l);
void bench_consumers_start(struct bench_consumers *all);

/* bench_consumers_stop: no further claim is sent. */
void bench_consumers_stop(struct bench_consumers *all);

/* bench_consumers_busy tells of requests that are under way. */
bool bench_consumers_busy(const struct bench_consumers *all);
void bench_consumers_tick(struct bench_consumers *all, uint64_t now_ns);
void bench_consumers_close(struct bench_consumers *all);
void bench_consumers_free(struct bench_consumers *all);

#endif
