#include "router/prober.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
    MESSAGES = 10,
    CLAIMED = 2,
    TTL_S = 60, /* should all else fail, they end by themselves */
    /* No operation is begun later, so none is under way when a worker drops what is left, 15 s after the
     * queue was deleted from the catalog. */
    ROUND_MS = 5000,
    POOLS_MAX = 257, /* as many as a worker opens, and the default store */
};

#define BODY SLICE("{\"event\": \"health\"}")

/* The operations of a probe. Two of them are no step of their own. */
enum act { PING, POST, CLAIM, COUNT, LIST, DELETE, RELEASE, DELETE_REST, DROP, END };

struct round;

struct probe {
    struct routed_op routed; /* first */
    struct round *round;
    struct pool_health *health;
    struct queue_record *record; /* NULL: the catalog made no queue */
    enum act act;
    int64_t began_mono_us;
    struct new_message messages[MESSAGES];
    struct message_id ids[MESSAGES];
    struct message_id claimed_id;
    struct claim_id claim;
};

struct round {
    struct catalog_call call; /* first */
    struct mail refused;      /* in its place, when the catalog has too much to do */
    struct prober *prober;
    struct arena arena;
    int64_t until_mono_ms;
    struct health_report report;
    struct pool_health *pools;
    struct probe *probes;
    uint32_t running;
};

struct prober {
    struct prober_options options;
    struct round *round; /* NULL: none is under way */
    TAILQ_HEAD(, probe_call) waiting;
};

const char *probe_step_name(enum probe_step step)
{
    static const char *const names[] = {
#define PROBE_STEP(name) [PROBE_##name] = #name,
        PROBE_STEPS(PROBE_STEP)
#undef PROBE_STEP
    };

    return names[step];
}

bool health_is_good(const struct health_report *report)
{
    if (!report->catalog_reachable)
        return false;
    for (uint32_t i = 0; i < report->n; i++) {
        const struct pool_health *p = &report->pools[i];

        if (!p->reachable)
            return false;
        for (int step = 0; step < PROBE_STEP_COUNT; step++)
            if (!p->steps[step].tried || !p->steps[step].succeeded)
                return false;
    }
    return true;
}

/* ---- Outcomes --------------------------------------------------------------------------------- */

/* note writes a step's outcome down; one that failed is named in the log. */
static void note(struct pool_health *h, enum probe_step step, bool succeeded, int64_t us,
                 const char *why)
{
    struct probe_outcome *o = &h->steps[step];
    bool failed_before = o->tried && !o->succeeded;
    char ref[UUID_TEXT + 1] = "";

    o->succeeded = succeeded && !failed_before;
    o->tried = true;
    o->us += us;
    if (succeeded)
        return;
    uuid_new(o->ref);
    uuid_write(o->ref, ref);
    log_warn("HEALTH-FAILED", "ref=%s pool=\"%.*s\" operation=%s reason=\"%s\"", ref,
             SLICE_ARG(h->pool), probe_step_name(step), why);
}

static bool step_of(enum act act, enum probe_step *step)
{
    static const enum probe_step steps[END] = {
        [POST] = PROBE_post_messages,   [CLAIM] = PROBE_claim_messages,
        [LIST] = PROBE_list_messages,   [DELETE] = PROBE_delete_messages,
        [RELEASE] = PROBE_delete_claim, [DELETE_REST] = PROBE_bulk_delete_messages,
        [DROP] = PROBE_delete_queue,
    };

    *step = steps[act];
    return act != PING && act != COUNT;
}

/* ---- The catalog's part ----------------------------------------------------------------------- */

/* make_queue makes a queue, and deletes it from the catalog at once. */
static enum status make_queue(struct probe *p, struct catalog *c, struct failure *f)
{
    int64_t began_us = clock_mono_us(), made_us;
    struct queue_record *deleted = NULL;
    unsigned char uuid[UUID_BYTES];
    char name[UUID_TEXT + 1] = "";
    bool created;
    enum status st;

    uuid_new(uuid);
    uuid_write(uuid, name);
    st = c->ops->queue_create(c, SLICE(""), slice_of(name), SLICE("{}"), p->health->pool,
                              &p->record, &created, f);
    made_us = clock_mono_us();
    note(p->health, PROBE_create_queue, st == ST_OK, made_us - began_us, f->text);
    if (st != ST_OK)
        return st;
    st = c->ops->queue_delete(c, SLICE(""), slice_of(name), &deleted, f);
    note(p->health, PROBE_delete_queue, st == ST_OK, clock_mono_us() - made_us, f->text);
    queue_record_unref(deleted);
    return st;
}

static void add_pool(struct round *r, struct slice name)
{
    struct probe *p = &r->probes[r->report.n];

    p->round = r;
    p->health = &r->pools[r->report.n++];
    p->health->pool = name;
}

/* add_pools adds those of the catalog. */
static enum status add_pools(struct round *r, struct catalog *c, struct failure *f)
{
    struct pool_record *list;
    uint32_t n = 0;
    enum status st = ST_OK;

    if (r->prober->options.config->pooling)
        st = c->ops->pool_list(c, SLICE(""), SLICE(""), POOLS_MAX - 1, &r->arena, &list, &n, f);
    for (uint32_t i = 0; st == ST_OK && i < n; i++)
        add_pool(r, list[i].name);
    return st;
}

/* prepare runs on a thread of the catalog. */
static enum status prepare(struct catalog_call *call, struct catalog *c, struct failure *f)
{
    struct round *r = (struct round *)call;
    enum status st = add_pools(r, c, f);

    for (uint32_t i = 0; st == ST_OK && i < r->report.n; i++)
        /* a pool that has just been removed, say, is no reason not to try the others */
        if (make_queue(&r->probes[i], c, f) == ST_UNAVAILABLE)
            st = ST_UNAVAILABLE;
    return st;
}

/* ---- A pool's part ---------------------------------------------------------------------------- */

static void perform(struct probe *p, enum act act);

static void end_round(struct round *r)
{
    struct prober *prober = r->prober;
    struct probe_call *c;

    prober->round = NULL; /* who asks from now on, asks anew */
    while ((c = TAILQ_FIRST(&prober->waiting)) != NULL) {
        TAILQ_REMOVE(&prober->waiting, c, waiting);
        c->done(c, &r->report);
    }
    for (uint32_t i = 0; i < r->report.n; i++)
        queue_record_unref(r->probes[i].record);
    arena_fini(&r->arena);
    free(r);
}

static void end_probe(struct probe *p)
{
    if (--p->round->running == 0)
        end_round(p->round);
}

static bool is_own(const struct message *list, uint32_t n, uint32_t wanted)
{
    for (uint32_t i = 0; i < n; i++)
        if (!slice_eq(list[i].body, BODY))
            return false;
    return n == wanted;
}

/* take looks at what came back, and keeps what later operations need. False: it is not what was asked for. */
static bool take(struct probe *p, const struct op *op)
{
    switch (p->act) {
    case POST:
        if (op->out.message_post.n != MESSAGES)
            return false;
        memcpy(p->ids, op->out.message_post.ids, sizeof(p->ids));
        return true;
    case CLAIM:
        if (!is_own(op->out.messages.list, op->out.messages.n, CLAIMED))
            return false;
        p->claimed_id = op->out.messages.list[0].id;
        p->claim = op->key;
        return true;
    case COUNT:
        p->health->free = op->out.queue_stats.free;
        p->health->claimed = op->out.queue_stats.claimed;
        return true;
    case LIST:
        return is_own(op->out.messages.list, op->out.messages.n, MESSAGES);
    default:
        return true;
    }
}

/* go_on chooses what comes next: behind a failure nothing but the queue's end. */
static void go_on(struct probe *p, bool succeeded)
{
    if (p->act == DROP || p->record == NULL)
        end_probe(p);
    else if (succeeded)
        perform(p, p->act + 1);
    else
        perform(p, DROP);
}

static void on_done(struct op *op)
{
    struct probe *p = (struct probe *)op;
    bool fits = op->st == ST_OK && take(p, op);
    enum probe_step step;

    if (p->act == PING)
        p->health->reachable = fits;
    if (step_of(p->act, &step))
        note(p->health, step, fits, clock_mono_us() - p->began_mono_us,
             op->st != ST_OK ? op->f.text : "the store gives back something else");
    go_on(p, fits || p->act == COUNT);
}

static void fill_post(struct probe *p, struct op *op)
{
    for (int i = 0; i < MESSAGES; i++)
        p->messages[i] = (struct new_message){.ttl_s = TTL_S, .body = BODY};
    op->code = OP_message_post;
    op->in.message_post.client = SLICE("nusku/health/000"); /* as long as a client's id */
    op->in.message_post.messages = p->messages;
    op->in.message_post.n = MESSAGES;
}

static void fill_deletion(struct op *op, const struct message_id *ids, uint32_t n,
                          enum delete_rule rule, const struct claim_id *claim)
{
    op->code = OP_message_delete;
    op->in.message_delete.ids = ids;
    op->in.message_delete.n = n;
    op->in.message_delete.rule = rule;
    op->in.message_delete.claims = claim;
    op->in.message_delete.claims_n = claim != NULL ? 1 : 0;
}

static void fill(struct probe *p, struct op *op)
{
    switch (p->act) {
    case POST:
        fill_post(p, op);
        break;
    case CLAIM:
        op->code = OP_claim_create;
        op->in.claim_create.limit = CLAIMED;
        op->in.claim_create.ttl_s = op->in.claim_create.grace_s = TTL_S;
        break;
    case COUNT:
        op->code = OP_queue_stats;
        break;
    case LIST:
        op->code = OP_message_list;
        op->in.message_list.client = SLICE("");
        op->in.message_list.limit = MESSAGES + 1;
        op->in.message_list.echo = op->in.message_list.include_claimed = true;
        break;
    case DELETE:
        fill_deletion(op, &p->claimed_id, 1, DELETE_ONE, &p->claim);
        break;
    case RELEASE:
        op->code = OP_claim_release;
        op->in.claim_release.id = p->claim;
        break;
    case DELETE_REST:
        fill_deletion(op, p->ids, MESSAGES, DELETE_ANY, NULL);
        break;
    case DROP:
        op->code = OP_queue_drop;
        break;
    default:
        op->code = OP_store_ping;
        break;
    }
}

/* perform begins an operation. */
static void perform(struct probe *p, enum act act)
{
    struct op *op = &p->routed.op;
    struct failure f;
    enum probe_step step;
    enum status st = ST_OK;

    p->act = act;
    *op = (struct op){.queue.pool = p->health->pool};
    if (p->record != NULL) {
        op->queue.project = p->record->project;
        op->queue.name = p->record->name;
        op->queue.epoch = p->record->epoch;
    }
    fill(p, op);
    if (op_changes(op->code))
        op->key = claim_id_new();
    op->done = on_done;
    p->began_mono_us = clock_mono_us();
    if (act != DROP && p->began_mono_us / 1000 >= p->round->until_mono_ms)
        st = fail(&f, ST_TIMEOUT, "the operations before took too long");
    else
        st = dispatch_submit(p->round->prober->options.dispatch, &p->routed);
    if (st == ST_OK)
        return;
    if (step_of(act, &step))
        note(p->health, step, false, 0, status_text(st));
    go_on(p, false);
}

/* ---- Rounds ----------------------------------------------------------------------------------- */

static void on_prepared(struct catalog_call *call)
{
    struct round *r = (struct round *)call;
    uint32_t n = r->report.n;

    r->report.catalog_reachable = call->st == ST_OK;
    r->report.pools = r->pools;
    r->running = n;
    if (n == 0)
        end_round(r);
    for (uint32_t i = 0; i < n; i++) { /* the last one that ends frees the round */
        if (!r->pools[i].steps[PROBE_create_queue].tried)
            note(&r->pools[i], PROBE_create_queue, false, 0, call->f.text);
        perform(&r->probes[i], PING);
    }
}

static void deliver_refused(struct mail *m)
{
    struct round *r = (struct round *)((char *)m - offsetof(struct round, refused));

    fail(&r->call.f, r->call.st, "too many questions wait for the catalog");
    on_prepared(&r->call);
}

static void begin_round(struct prober *p)
{
    struct round *r = mem_zalloc(sizeof(*r));
    int64_t now_ms = clock_mono_ms();
    enum status st;

    p->round = r;
    r->prober = p;
    r->until_mono_ms = now_ms + ROUND_MS;
    r->pools = arena_zalloc(&r->arena, POOLS_MAX * sizeof(*r->pools));
    r->probes = arena_zalloc(&r->arena, POOLS_MAX * sizeof(*r->probes));
    if (!p->options.config->pooling || p->options.config->enable_virtual_pool)
        add_pool(r, SLICE("")); /* queues can live in the default store */
    r->call.reply_to = p->options.mailbox;
    r->call.deadline_mono_ms = now_ms + p->options.config->operation_timeout_ms;
    r->call.work = prepare;
    r->call.done = on_prepared;
    st = catalog_service_call(p->options.service, &r->call);
    if (st == ST_OK)
        return;
    r->call.st = st;
    r->refused.deliver = deliver_refused;
    mailbox_post(p->options.mailbox, &r->refused);
}

void prober_ask(struct prober *p, struct probe_call *call)
{
    TAILQ_INSERT_TAIL(&p->waiting, call, waiting);
    if (p->round == NULL)
        begin_round(p);
}

void prober_forget(struct prober *p, struct probe_call *call)
{
    TAILQ_REMOVE(&p->waiting, call, waiting);
}

struct prober *prober_new(const struct prober_options *options)
{
    struct prober *p = mem_zalloc(sizeof(*p));

    p->options = *options;
    TAILQ_INIT(&p->waiting);
    return p;
}

void prober_free(struct prober *p)
{
    assert(p->round == NULL);
    free(p);
}
