#include "worker/stages.h"

#include "common/clock.h"
#include "common/jobs.h"
#include "common/log.h"
#include "common/mem.h"
#include "worker/plugins.h"
#include "worker/stage/pipeline.h"

#include <assert.h>
#include <stdlib.h>

enum {
    PUT_BACK_MS =
        5000, /* with an operation's longest life less than until its queue may be dropped */
    PASSING_MAX = 1048576, /* more than a worker ever has outstanding ([worker] max_operations) */
    TELL_EVERY_MS = 60000, /* of one and the same trouble */
};

struct stages {
    struct stages_options options;
    struct pipeline pipeline;
    bool filters;      /* there are stages beside encryption */
    bool encryption;   /* there is that one */
    struct jobs *jobs; /* if a stage blocks: one thread */
    bool stopped;
    struct failure told;
    int64_t told_mono_ms;
};

/* An operation on its way through the stages. The stores see a copy of it. */
struct staged {
    struct op op; /* first */
    struct op *asked;
    struct stages *stages;
    struct arena arena;      /* of what the stages make */
    struct failure rejected; /* st is not ST_OK: a post was rejected, or messages can't be read */
    struct message *unread;  /* those */
    uint32_t unread_n;
    struct job job; /* if a stage blocks */
    struct mail mail;
};

/* ---- Life ------------------------------------------------------------------------------------- */

struct stages *stages_new(const struct stages_options *options)
{
    struct stages *s = mem_zalloc(sizeof(*s));

    s->options = *options;
    return s;
}

static void start_thread(struct stages *s)
{
    const struct jobs_options options = {.name = "stages", .threads = 1, .queue_max = PASSING_MAX};

    if (s->jobs == NULL)
        s->jobs = jobs_new(&options);
}

enum status stages_add(struct stages *s, struct slice name, const struct stage_ops *ops,
                       struct slice argument, struct failure *f)
{
    struct stage *stage = &s->pipeline.list[s->pipeline.n];
    struct failure why = {0};

    if (s->pipeline.n == STAGES_MAX)
        return fail(f, ST_INVALID, "there may be %d stages at most", STAGES_MAX);
    if (ops->open(&plugin_host_calls, argument, &stage->state, &why) != ST_OK)
        return fail(f, ST_INVALID, "stage %.*s: %s", SLICE_ARG(name), why.text);
    stage->name = mem_strdup(name);
    stage->ops = ops;
    s->pipeline.n++;
    if (ops == &stage_encryption)
        s->encryption = true;
    else
        s->filters = true;
    if (ops->flags & STAGE_BLOCKS)
        start_thread(s);
    return ST_OK;
}

static enum status read_stage(struct stages *s, struct slice word, struct slice keys,
                              struct failure *f)
{
    struct slice argument = word, name = slice_trim(slice_cut(&argument, '='));
    const struct stage_ops *ops;

    if (name.len == 0)
        return fail(f, ST_INVALID, "a name of a stage was expected");
    if (slice_eq(name, SLICE("encryption"))) {
        if (argument.p != NULL || s->encryption)
            return fail(f, ST_INVALID, "encryption may stand there once, and takes no argument");
        return stages_add(s, name, &stage_encryption, keys, f);
    }
    ops = plugin_load_stage(name, f);
    return ops == NULL ? ST_INVALID : stages_add(s, name, ops, slice_trim(argument), f);
}

enum status stages_read(struct stages *s, struct slice pipeline, struct slice keys,
                        struct failure *f)
{
    struct slice rest = slice_trim(pipeline);
    struct failure why;

    while (pipeline.len > 0 && rest.p != NULL)
        if (read_stage(s, slice_trim(slice_cut(&rest, ',')), keys, &why) != ST_OK)
            return fail(f, ST_INVALID, "[stages] pipeline: %s", why.text);
    if (keys.len > 0 && !s->encryption)
        return fail(f, ST_INVALID,
                    "[stages] pipeline: there are message_encryption_keys, so encryption must be "
                    "part of it");
    return ST_OK;
}

void stages_stop(struct stages *s)
{
    s->stopped = true;
    if (s->jobs != NULL) {
        jobs_free(s->jobs);
        s->jobs = NULL;
        mailbox_drain(s->options.mailbox);
    }
}

void stages_free(struct stages *s)
{
    stages_stop(s);
    for (size_t i = 0; i < s->pipeline.n; i++) {
        s->pipeline.list[i].ops->close(s->pipeline.list[i].state);
        free(s->pipeline.list[i].name);
    }
    free(s);
}

/* tell logs a trouble, and the same one once a minute at most. */
static void tell(struct stages *s, const struct failure *f)
{
    int64_t now_ms = clock_mono_ms();

    if (strcmp(s->told.text, f->text) == 0 && now_ms < s->told_mono_ms + TELL_EVERY_MS)
        return;
    s->told = *f;
    s->told_mono_ms = now_ms;
    log_error("STAGE-REFUSED", "reason=\"%s\"", f->text);
}

/* ---- Passing ---------------------------------------------------------------------------------- */

/* enter_all has a post pass: what is left of it stands in t->op then. A reason that no client should see, or
 * none, gives one that it may. */
static void enter_all(struct staged *t)
{
    const struct new_message *posted = t->op.in.message_post.messages;
    uint32_t n = t->op.in.message_post.n, kept = 0;
    struct new_message *messages = arena_alloc(&t->arena, n * sizeof(*messages));
    struct failure why;

    for (uint32_t i = 0; i < n; i++) {
        enum stage_verdict verdict = pipeline_enter(&t->stages->pipeline, &t->op, &posted[i],
                                                    &messages[kept], &t->arena, &why);

        kept += verdict == STAGE_PASS;
        if (verdict == STAGE_REJECT) {
            t->rejected = why;
            if (why.st != ST_REFUSED && why.st != ST_UNAVAILABLE)
                t->rejected.st = ST_REJECTED;
            if (why.st == ST_OK || why.text[0] == '\0')
                fail(&t->rejected, t->rejected.st, "A message filter refuses it.");
            kept = 0;
            break;
        }
    }
    t->op.in.message_post.messages = messages;
    t->op.in.message_post.n = kept;
}

/* leave_all has an answer pass. The list is made anew from the first message on that is not as it was. */
static void leave_all(struct staged *t)
{
    const struct message *given = t->op.out.messages.list;
    uint32_t n = t->op.out.messages.n, kept = 0;
    struct message *list = NULL;
    struct failure why;

    for (uint32_t i = 0; i < n; i++) {
        struct slice body;
        enum stage_verdict verdict =
            pipeline_leave(&t->stages->pipeline, &t->op, &given[i], &body, &t->arena, &why);

        if (list == NULL &&
            (verdict != STAGE_PASS || body.p != given[i].body.p || body.len != given[i].body.len)) {
            list = arena_alloc(&t->arena, n * sizeof(*list));
            if (i > 0)
                memcpy(list, given, i * sizeof(*list));
        }
        if (verdict == STAGE_REJECT) {
            if (t->unread == NULL)
                t->unread = arena_alloc(&t->arena, n * sizeof(*t->unread));
            t->unread[t->unread_n++] = given[i];
            fail(&t->rejected, ST_REFUSED, "%s", why.text);
        }
        if (verdict != STAGE_PASS)
            continue;
        if (list != NULL) {
            list[kept] = given[i];
            list[kept].body = body;
        }
        kept++;
    }
    if (list != NULL)
        t->op.out.messages.list = list;
    t->op.out.messages.n = kept;
}

/* ---- Answers ---------------------------------------------------------------------------------- */

static void take_outcome(struct staged *t)
{
    t->asked->st = t->op.st;
    t->asked->now_ms = t->op.now_ms;
    t->asked->out = t->op.out;
    if (t->op.st != ST_OK)
        t->asked->f = t->op.f;
}

static void finish(struct staged *t)
{
    t->asked->done(t->asked);
    arena_fini(&t->arena);
    free(t);
}

/* keep copies messages, which end with the store's operation. */
static struct message *keep(const struct message *list, uint32_t n, struct arena *a)
{
    struct message *kept = arena_alloc(a, n * sizeof(*kept));

    for (uint32_t i = 0; i < n; i++) {
        kept[i] = list[i];
        kept[i].checksum = arena_copy(a, list[i].checksum);
        kept[i].body = arena_copy(a, list[i].body);
    }
    return kept;
}

static void on_put_back(struct op *op)
{
    struct staged *t = (struct staged *)op;

    if (op->st != ST_OK)
        log_error(
            "STAGE-LOST",
            "messages=%u reason=\"%s\" they were popped, can't be read, and can't be put back",
            t->unread_n, op->f.text);
    finish(t);
}

/* put_back posts what was popped and can't be read: as it is, for the rest of its life. The key follows from
 * the pop's: if that comes again, this does nothing the second time. */
static void put_back(struct staged *t)
{
    struct op *asked = t->asked;
    struct new_message *messages = arena_alloc(&t->arena, t->unread_n * sizeof(*messages));
    struct message *unread = keep(t->unread, t->unread_n, &t->arena);

    asked->out.messages.list = keep(asked->out.messages.list, asked->out.messages.n, &t->arena);
    for (uint32_t i = 0; i < t->unread_n; i++) {
        int64_t left_ms = unread[i].expires_ms - asked->now_ms;

        messages[i] = (struct new_message){
            .ttl_s = left_ms < 1000 ? 1 : (uint32_t)(left_ms / 1000),
            .checksum = unread[i].checksum,
            .body = unread[i].body,
        };
    }
    t->op = (struct op){
        .code = OP_message_post,
        .queue = asked->queue,
        .key = asked->key,
        .again = true, /* the pop may be the second one */
        /* its own: the pop's may have come, and its messages are taken already */
        .deadline_mono_ms = clock_mono_ms() + PUT_BACK_MS,
        .in.message_post = {.client = SLICE(""), .messages = messages, .n = t->unread_n},
        .done = on_put_back,
    };
    for (size_t i = 0; i < sizeof(t->op.key.bytes); i++)
        t->op.key.bytes[i] ^= 0xff;
    if (t->stages
            ->stopped) { /* the links are closed: the router asks another worker, which does it */
        finish(t);
        return;
    }
    t->stages->options.submit(t->stages->options.context, &t->op);
}

/* answer gives what was read, and sees to what can't be: worker/stage.h says what becomes of it. */
static void answer(struct staged *t)
{
    struct op *asked = t->asked;
    bool taken = asked->code == OP_message_pop || asked->code == OP_claim_create;

    take_outcome(t);
    if (t->unread_n > 0) {
        tell(t->stages, &t->rejected);
        if (!taken || asked->out.messages.n == 0) {
            asked->st = ST_REFUSED;
            asked->f = t->rejected;
        }
        if (asked->code == OP_message_pop) {
            put_back(t);
            return;
        }
    }
    finish(t);
}

/* ---- On the loop, or on the thread ------------------------------------------------------------ */

static void on_posted(struct op *op)
{
    struct staged *t = (struct staged *)op;

    take_outcome(t);
    if (t->rejected.st != ST_OK && op->st == ST_OK && op->out.message_post.n == 0) {
        t->asked->st = t->rejected.st;
        t->asked->f = t->rejected;
    }
    finish(t);
}

/* entered goes on with a post that has passed. If nothing is left of it, its key still goes to the store: a post
 * that comes again is answered as it was the first time, whatever filters say now. */
static void entered(struct staged *t)
{
    const struct stages_options *options = &t->stages->options;

    if (t->rejected.st == ST_REFUSED)
        tell(t->stages, &t->rejected);
    if (t->rejected.st != ST_OK && !t->asked->again) {
        t->asked->st = t->rejected.st;
        t->asked->f = t->rejected;
        options->refuse(options->context, t->asked);
        arena_fini(&t->arena);
        free(t);
        return;
    }
    t->op.done = on_posted;
    options->submit(options->context, &t->op);
}

static struct staged *staged_of_mail(struct mail *m)
{
    return (struct staged *)((char *)m - offsetof(struct staged, mail));
}

static struct staged *staged_of_job(struct job *j)
{
    return (struct staged *)((char *)j - offsetof(struct staged, job));
}

static void deliver_entered(struct mail *m)
{
    entered(staged_of_mail(m));
}

static void deliver_left(struct mail *m)
{
    answer(staged_of_mail(m));
}

static void run_enter(struct job *j, void *state)
{
    struct staged *t = staged_of_job(j);

    (void)state;
    enter_all(t);
    mailbox_post(t->stages->options.mailbox, &t->mail);
}

static void run_leave(struct job *j, void *state)
{
    struct staged *t = staged_of_job(j);

    (void)state;
    leave_all(t);
    mailbox_post(t->stages->options.mailbox, &t->mail);
}

static void on_thread(struct staged *t, void (*run)(struct job *j, void *state),
                      void (*deliver)(struct mail *m))
{
    enum status st;

    t->job.run = run;
    t->mail.deliver = deliver;
    st = jobs_add(t->stages->jobs, &t->job);
    assert(st == ST_OK); /* each operation waits once, and the worker bounds them */
    (void)st;
}

static void on_read(struct op *op)
{
    struct staged *t = (struct staged *)op;

    if (op->st != ST_OK || op->out.messages.n == 0) {
        take_outcome(t);
        finish(t);
        return;
    }
    if (t->stages->jobs != NULL) {
        op->out.messages.list = keep(op->out.messages.list, op->out.messages.n, &t->arena);
        on_thread(t, run_leave, deliver_left);
        return;
    }
    leave_all(t);
    answer(t);
}

static struct staged *staged_new(struct stages *s, struct op *op)
{
    struct staged *t = mem_alloc(sizeof(*t));

    t->op = *op;
    t->asked = op;
    t->stages = s;
    t->arena = (struct arena){0};
    t->rejected.st = ST_OK;
    t->unread = NULL;
    t->unread_n = 0;
    return t;
}

static void post(struct stages *s, struct op *op)
{
    struct staged *t;

    if (op->in.message_post.encrypt && !s->encryption) {
        op->st = fail(&op->f, ST_REFUSED, "this worker does not encrypt");
        tell(s, &op->f);
        s->options.refuse(s->options.context, op);
        return;
    }
    t = staged_new(s, op);
    if (s->jobs == NULL) {
        enter_all(t);
        entered(t);
    } else {
        on_thread(t, run_enter, deliver_entered);
    }
}

void stages_submit(struct stages *s, struct op *op)
{
    struct staged *t;

    switch (op->code) {
    case OP_message_post:
        if (s->filters || op->in.message_post.encrypt) {
            post(s, op);
            return;
        }
        break;
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        t = staged_new(s, op);
        t->op.done = on_read;
        op = &t->op;
        break;
    case OP_message_delete:
    case OP_claim_renew:
    case OP_claim_release:
    case OP_queue_stats:
    case OP_queue_purge:
    case OP_queue_drop:
    case OP_store_ping:
    case OP_subscription_put:
    case OP_subscription_list:
    case OP_subscription_get:
    case OP_subscription_update:
    case OP_subscription_delete:
    case OP_subscription_confirm:
    case OP_pool_probe:
        break;
    }
    s->options.submit(s->options.context, op);
}
