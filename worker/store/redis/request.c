/* Operations into commands: which script, which keys, which arguments (lua/ says what they mean). */
#include "worker/store/redis/redis.h"

#include "common/buffer.h"
#include "common/clock.h"

#include <assert.h>
#include <ctype.h>

enum { BUCKET_MS = 10000 }; /* see recall() in lua/base.lua */

/* The words of a command. They live in the arena until the command is handed over. */
struct words {
    const char **p;
    size_t *len;
    int n, room;
    struct arena a;
};

static void add(struct words *w, struct slice s)
{
    if (w->n == w->room) {
        int room = w->room == 0 ? 32 : w->room * 2;
        const char **p = arena_alloc(&w->a, (size_t)room * sizeof(*p));
        size_t *len = arena_alloc(&w->a, (size_t)room * sizeof(*len));

        if (w->n > 0) {
            memcpy(p, w->p, (size_t)w->n * sizeof(*p));
            memcpy(len, w->len, (size_t)w->n * sizeof(*len));
        }
        w->p = p;
        w->len = len;
        w->room = room;
    }
    w->p[w->n] = s.p == NULL ? "" : s.p;
    w->len[w->n++] = s.len;
}

static void add_uint(struct words *w, uint64_t n)
{
    char *end = (char *)arena_alloc(&w->a, 32) + 32;
    char *p = end;

    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    add(w, (struct slice){p, (size_t)(end - p)});
}

static void add_int(struct words *w, int64_t n)
{
    if (n < 0)
        add(w, arena_printf(&w->a, "%lld", (long long)n));
    else
        add_uint(w, (uint64_t)n);
}

static void add_claim(struct words *w, const struct claim_id *id)
{
    add(w, (struct slice){(const char *)id->bytes, sizeof(id->bytes)});
}

static void add_id(struct words *w, struct message_id id)
{
    add_uint(w, id.epoch);
    add_uint(w, id.seq);
}

/* escape writes what may stand in a hash tag and in a key that people read; %XX for the rest. */
static void escape(struct buffer *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (isalnum(c) || c == '-' || c == '_' || c == '.')
            buffer_add_char(b, s.p[i]);
        else
            buffer_printf(b, "%%%02X", c);
    }
}

static struct slice key_base(const struct queue_ref *queue, struct arena *a)
{
    struct buffer b = {0};
    struct slice base;

    buffer_add_literal(&b, "nusku:{");
    escape(&b, queue->project);
    buffer_add_char(&b, '/');
    escape(&b, queue->name);
    buffer_add_char(&b, '/');
    buffer_add_uint(&b, queue->epoch);
    buffer_add_literal(&b, "}:");
    base = arena_copy(a, buffer_slice(&b));
    buffer_fini(&b);
    return base;
}

static enum script script_of(enum op_code code)
{
    switch (code) {
    case OP_message_post:
        return SCRIPT_post;
    case OP_message_list:
        return SCRIPT_list;
    case OP_message_get:
        return SCRIPT_get;
    case OP_message_delete:
        return SCRIPT_delete;
    case OP_message_pop:
        return SCRIPT_pop;
    case OP_claim_create:
        return SCRIPT_claim;
    case OP_claim_get:
        return SCRIPT_claim_get;
    case OP_claim_renew:
        return SCRIPT_claim_renew;
    case OP_claim_release:
        return SCRIPT_claim_release;
    case OP_queue_stats:
        return SCRIPT_stats;
    case OP_queue_purge:
        return SCRIPT_purge;
    case OP_queue_drop:
        return SCRIPT_drop;
    case OP_subscription_put:
        return SCRIPT_subscription_put;
    case OP_subscription_list:
        return SCRIPT_subscription_list;
    case OP_subscription_get:
        return SCRIPT_subscription_get;
    case OP_subscription_update:
        return SCRIPT_subscription_update;
    case OP_subscription_delete:
        return SCRIPT_subscription_delete;
    case OP_subscription_confirm:
        return SCRIPT_subscription_confirm;
    case OP_store_ping:
    case OP_pool_probe:
        break;
    }
    assert(0 && "an operation without a script");
    return SCRIPT_post;
}

/* comes_again tells whether something in the request may have been carried out before. */
static bool comes_again(const struct request *r)
{
    bool again = r->losses > 0;

    for (uint32_t i = 0; i < r->n; i++)
        again |= r->ops[i]->again;
    return again;
}

static void add_posts(struct words *w, const struct request *r, int64_t now_ms)
{
    add_int(w, now_ms / BUCKET_MS);
    add_uint(w, comes_again(r));
    add_uint(w, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct op *op = r->ops[i];

        add_claim(w, &op->key);
        add(w, op->in.message_post.client);
        add_uint(w, op->in.message_post.n);
        for (uint32_t j = 0; j < op->in.message_post.n; j++) {
            const struct new_message *m = &op->in.message_post.messages[j];

            add_uint(w, m->ttl_s);
            add_uint(w, m->delay_s);
            add(w, m->checksum);
            add(w, m->body);
        }
    }
}

static void add_listing(struct words *w, const struct request *r, const struct op *op)
{
    add(w, op->in.message_list.client);
    add_id(w, op->in.message_list.after);
    add_uint(w, op->in.message_list.limit - r->list_n);
    add_uint(w, op->in.message_list.echo);
    add_uint(w, op->in.message_list.include_claimed);
    add_uint(w, op->in.message_list.include_delayed);
    add_int(w, r->from);
}

static void add_deletions(struct words *w, const struct request *r)
{
    add_uint(w, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct op *op = r->ops[i];

        add_uint(w, op->in.message_delete.rule);
        add_uint(w, op->in.message_delete.claims_n);
        add_uint(w, op->in.message_delete.n);
        for (uint32_t j = 0; j < op->in.message_delete.claims_n; j++)
            add_claim(w, &op->in.message_delete.claims[j]);
        for (uint32_t j = 0; j < op->in.message_delete.n; j++)
            add_id(w, op->in.message_delete.ids[j]);
    }
}

static void add_claimings(struct words *w, const struct request *r)
{
    const struct dead_letter *dead = &r->ops[0]->in.claim_create.dead_letter;

    add_int(w, op_buries(r->ops[0]) ? dead->max_count : -1);
    add_uint(w, dead->ttl_s);
    add_uint(w, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct op *op = r->ops[i];

        add_claim(w, &op->key);
        add_uint(w, op->in.claim_create.limit);
        add_uint(w, op->in.claim_create.ttl_s);
        add_uint(w, op->in.claim_create.grace_s);
    }
}

static void add_new_subscription(struct words *w, const struct op *op, int64_t now_ms)
{
    add_int(w, now_ms / BUCKET_MS);
    add_claim(w, &op->key);
    add_uint(w, op->in.subscription_put.most);
    add_int(w, op->in.subscription_put.ttl_s);
    add(w, op->in.subscription_put.subscriber);
    add(w, op->in.subscription_put.options);
}

static void add_subscription_update(struct words *w, const struct op *op, int64_t now_ms)
{
    add_id(w, op->in.subscription_update.id);
    add_int(w, now_ms / BUCKET_MS);
    add_claim(w, &op->key);
    add_int(w, op->in.subscription_update.ttl_s);
    add(w, op->in.subscription_update.subscriber);
    add(w, op->in.subscription_update.options);
}

static void add_arguments(struct words *w, const struct request *r, int64_t now_ms)
{
    const struct op *op = r->ops[0];

    switch (op->code) {
    case OP_message_post:
        add_posts(w, r, now_ms);
        break;
    case OP_message_list:
        add_listing(w, r, op);
        break;
    case OP_message_get:
        for (uint32_t i = 0; i < op->in.message_get.n; i++)
            add_id(w, op->in.message_get.ids[i]);
        break;
    case OP_message_delete:
        add_deletions(w, r);
        break;
    case OP_message_pop:
        add_int(w, now_ms / BUCKET_MS);
        add_uint(w, comes_again(r));
        add_claim(w, &op->key);
        add_uint(w, op->in.message_pop.limit);
        break;
    case OP_claim_create:
        add_claimings(w, r);
        break;
    case OP_claim_get:
        add_claim(w, &op->in.claim_get.id);
        break;
    case OP_claim_renew:
        add_claim(w, &op->in.claim_renew.id);
        add_uint(w, op->in.claim_renew.ttl_s);
        add_uint(w, op->in.claim_renew.grace_s);
        break;
    case OP_claim_release:
        add_claim(w, &op->in.claim_release.id);
        break;
    case OP_queue_drop:
        add_int(w, now_ms / BUCKET_MS);
        break;
    case OP_queue_purge:
        add_uint(w, op->in.queue_purge.what);
        break;
    case OP_subscription_put:
        add_new_subscription(w, op, now_ms);
        break;
    case OP_subscription_list:
        add_id(w, op->in.subscription_list.after);
        add_uint(w, op->in.subscription_list.limit);
        break;
    case OP_subscription_get:
        add_id(w, op->in.subscription_get.id);
        break;
    case OP_subscription_update:
        add_subscription_update(w, op, now_ms);
        break;
    case OP_subscription_delete:
        add_id(w, op->in.subscription_delete.id);
        break;
    case OP_subscription_confirm:
        add_id(w, op->in.subscription_confirm.id);
        add_int(w, now_ms / BUCKET_MS);
        add_claim(w, &op->key);
        add_uint(w, op->in.subscription_confirm.confirmed);
        break;
    case OP_queue_stats:
    case OP_store_ping:
    case OP_pool_probe:
        break;
    }
}

/* EVALSHA sha keys base nusku:due [dead base] now epoch argument… */
static void add_command(struct words *w, const struct request *r, int64_t now_ms)
{
    const struct op *op = r->ops[0];
    const struct script_text *script = scripts_get(script_of(op->code));
    bool buries = op->code == OP_claim_create && op_buries(op);

    add(w, r->whole ? SLICE("EVAL") : SLICE("EVALSHA"));
    add(w, r->whole ? script->text : slice_of(script->sha));
    add_uint(w, buries ? 3 : 2);
    add(w, key_base(&op->queue, &w->a));
    add(w, SLICE("nusku:due"));
    if (buries)
        add(w, key_base(&op->in.claim_create.dead_letter.target, &w->a));
    add_int(w, now_ms);
    add_uint(w, op->queue.epoch);
    add_arguments(w, r, now_ms);
}

void request_send(struct redis_store *s, struct request *r)
{
    struct words w = {0};

    for (uint32_t i = 0; i < r->n; i++)
        r->ops[i]->now_ms = redis_now_ms(s);
    if (r->ops[0]->code == OP_store_ping)
        add(&w, SLICE("PING"));
    else
        add_command(&w, r, r->ops[0]->now_ms);
    r->sent_mono_ms = clock_mono_ms();
    TAILQ_INSERT_TAIL(&s->sent, r, link);
    /* fails only while the connection is going down, when it runs all callbacks with NULL anyway;
     * this one would be forgotten, so it is parked as they are */
    if (redisAsyncCommandArgv(s->ac, redis_on_reply, r, w.n, w.p, w.len) != REDIS_OK)
        redis_on_reply(s->ac, NULL, r);
    arena_fini(&w.a);
}
