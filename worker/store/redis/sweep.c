/* The sweeper: asks the index of all queues which of them have something due, and runs the sweep
 * script on each. Several workers may do so at once; each visit is atomic and finds less to do. */
#include "worker/store/redis/redis.h"

#include "common/log.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    QUEUES_AT_A_TIME = 64,
    VISITS_MAX = 50, /* of one queue in one round, 200 messages and more each */
};

struct visit {
    struct redis_store *store;
    char *base;
    unsigned times;
    bool whole;
};

static void on_visited(redisAsyncContext *ac, void *r, void *data);

static void send_visit(struct visit *v)
{
    const struct script_text *script = scripts_get(SCRIPT_sweep);
    char now[24];
    const char *words[] = {v->whole ? "EVAL" : "EVALSHA",
                           v->whole ? script->text.p : script->sha,
                           "2",
                           v->base,
                           "nusku:due",
                           now};

    v->times++;
    snprintf(now, sizeof(now), "%lld", (long long)redis_now_ms(v->store));
    if (redisAsyncCommandArgv(v->store->ac, on_visited, v, 6, words, NULL) != REDIS_OK)
        on_visited(v->store->ac, NULL, v);
}

static void on_visited(redisAsyncContext *ac, void *data, void *visit)
{
    struct visit *v = visit;
    redisReply *r = data;
    bool again = false;

    (void)ac;
    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        again = !v->whole && strncmp(r->str, "NOSCRIPT", 8) == 0;
        if (!again && !v->store->sweep_told)
            log_warn("REDIS-SWEEP-FAILED", "reason=\"%s\"", r->str);
        v->store->sweep_told |= !again;
        v->whole = true;
    } else if (r != NULL && r->type == REDIS_REPLY_INTEGER) {
        again = r->integer == 1 && v->times < VISITS_MAX;
    }
    if (again && !v->store->closing) {
        send_visit(v);
        return;
    }
    free(v->base);
    free(v);
}

static void on_due(redisAsyncContext *ac, void *data, void *store)
{
    struct redis_store *s = store;
    redisReply *r = data;

    (void)ac;
    s->sweeping = false;
    if (r == NULL || r->type != REDIS_REPLY_ARRAY || s->closing)
        return;
    for (size_t i = 0; i < r->elements; i++) {
        struct visit *v;

        if (r->element[i]->type != REDIS_REPLY_STRING)
            continue;
        v = mem_zalloc(sizeof(*v));
        v->store = s;
        v->base = mem_strdup((struct slice){r->element[i]->str, r->element[i]->len});
        send_visit(v);
    }
}

void redis_sweep(struct redis_store *s)
{
    if (s->state != REDIS_UP || s->sweeping)
        return;
    s->sweep_told = false;
    s->sweeping =
        redisAsyncCommand(s->ac, on_due, s, "ZRANGEBYSCORE nusku:due -inf %lld LIMIT 0 %d",
                          (long long)redis_now_ms(s), QUEUES_AT_A_TIME) == REDIS_OK;
}
