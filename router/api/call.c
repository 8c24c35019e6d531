#include "router/api/call.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "router/api/name.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DEFAULT_LIMIT = 10, /* of a page or claim, whatever the configured maximum */
    GONE_MAX = 3,       /* times that a record may turn out to be of the past */
};

void call_done(struct api_call *c)
{
    struct queue_record *record = c->record, *target = c->target;

    c->state = API_IDLE;
    c->record = c->target = NULL;
    c->done(c);
    queue_record_unref(record); /* out may have pointed into it */
    queue_record_unref(target);
}

void call_fail(struct api_call *c, enum fault fault, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    c->fault = fault;
    c->description = arena_copy(c->arena, slice_of(text));
    call_done(c);
}

void call_fail_status(struct api_call *c, const struct failure *f, enum status st)
{
    if (st == ST_INTERNAL) {
        log_error("API-BUG", "reason=\"%s\"", f->text);
        call_fail(c, FAULT_INTERNAL, "The service met a condition that it does not understand.");
        return;
    }
    log_debug("API-UNAVAILABLE", "status=%s reason=\"%s\"", status_name(st), f->text);
    if (st == ST_REFUSED) {
        call_fail(c, FAULT_UNAVAILABLE,
                  "The back end is reached, but refuses to work; the operator's log says why.");
        return;
    }
    call_fail(c, FAULT_UNAVAILABLE, "%s. Please try again in a few seconds.",
              st == ST_TIMEOUT      ? "The back end did not answer in time"
              : st == ST_OVERLOADED ? "The service is busy"
                                    : "The back end cannot be reached");
}

void call_fail_no_pool(struct api_call *c)
{
    call_fail(c, FAULT_UNAVAILABLE,
              "There is no pool for a new queue. Please try again when the operator has made one.");
}

/* ---- Checks ----------------------------------------------------------------------------------- */

bool call_check_name(struct api_call *c, struct slice queue)
{
    enum fault fault = c->collection == COLLECTION_TOPICS ? FAULT_TOPIC_NAME : FAULT_QUEUE_NAME;

    if (!name_is_project(c->project)) {
        call_fail(c, fault, "A project id has at most %d characters.", PROJECT_ID_MAX);
        return false;
    }
    if (!name_is_queue(queue)) {
        call_fail(c, fault,
                  "A %s name is made of 1 to %d ASCII letters, digits, underscores, dashes and "
                  "dots.",
                  collection_noun(c->collection), QUEUE_NAME_MAX);
        return false;
    }
    return true;
}

bool call_parse(struct api_call *c, struct slice document, struct json *v)
{
    struct failure f;

    if (document.p == NULL) {
        call_fail(c, FAULT_BODY, "A request body is needed.");
        return false;
    }
    if (json_check(document, v, &f) != ST_OK) {
        call_fail(c, FAULT_BODY, "The request body could not be parsed: %s.", f.text);
        return false;
    }
    if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) {
        call_fail(c, FAULT_BODY, "The request body must be a JSON object or array.");
        return false;
    }
    return true;
}

/* Databases take valid text only, and a marker may be any bytes. What decides is the first byte that no name
 * has. */
struct slice call_place_of_marker(struct slice marker, struct arena *a)
{
    size_t n = 0;

    while (n < marker.len && name_is_queue((struct slice){marker.p + n, 1}))
        n++;
    if (n == marker.len || marker.p[n] == '\0')
        return arena_copy(a, (struct slice){marker.p, n});
    return arena_printf(a, "%.*s%c", (int)n, marker.p,
                        (unsigned char)marker.p[n] > 126 ? 127 : marker.p[n]);
}

bool call_limit(struct api_call *c, struct optional_int given, int64_t most, uint32_t *limit)
{
    if (!given.given) {
        *limit = most < DEFAULT_LIMIT ? (uint32_t)most : DEFAULT_LIMIT;
        return true;
    }
    if (given.value < 1 || given.value > most) {
        call_fail(c, FAULT_REQUEST, "The limit must be at least 1 and at most %lld.",
                  (long long)most);
        return false;
    }
    *limit = (uint32_t)given.value;
    return true;
}

/* ---- Finding the queue ------------------------------------------------------------------------ */

static struct api_call *call_of_place(struct place_call *p)
{
    return (struct api_call *)((char *)p - offsetof(struct api_call, place));
}

/* ask puts a question whose other members are filled. */
static void ask(struct api_call *c, struct place_call question)
{
    c->place = question;
    c->place.project = c->project;
    c->place.name = collection_record_name(c->collection, question.name, c->arena);
    c->state = API_PLACING;
    if (place_find(c->api->place, &c->place))
        c->place.done(&c->place);
}

/* take_record gives the answer's record, NULL when the queue is absent. False: the call has ended. */
static bool take_record(struct api_call *c, struct queue_record **record)
{
    c->state = API_IDLE;
    if (c->place.st == ST_REFUSED) {
        call_fail_no_pool(c);
        return false;
    }
    if (c->place.st != ST_OK && c->place.st != ST_NOT_FOUND) {
        call_fail_status(c, &c->place.f, c->place.st);
        return false;
    }
    queue_record_unref(*record);
    *record = c->place.st == ST_OK ? c->place.record : NULL;
    return true;
}

static void on_placed(struct place_call *p)
{
    struct api_call *c = call_of_place(p);

    if (take_record(c, &c->record))
        c->placed(c);
}

static void on_target_placed(struct place_call *p)
{
    struct api_call *c = call_of_place(p);

    if (take_record(c, &c->target))
        c->target_placed(c);
}

static void find(struct api_call *c, struct slice queue, bool create,
                 void (*placed)(struct api_call *c))
{
    c->queue_name = queue;
    c->create = create;
    c->placed = placed;
    ask(c, (struct place_call){.name = queue, .create = create, .done = on_placed});
}

void call_find(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c))
{
    find(c, queue, false, placed);
}

void call_create(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c))
{
    find(c, queue, true, placed);
}

void call_find_target(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c))
{
    c->target_placed = placed;
    ask(c, (struct place_call){
               .name = queue, .create = true, .pool = c->record->pool, .done = on_target_placed});
}

/* ---- Asking a worker -------------------------------------------------------------------------- */

struct op *call_op(struct api_call *c, enum op_code code)
{
    struct op *op = &c->routed.op;

    *op = (struct op){.code = code};
    if (op_changes(code))
        op->key = claim_id_new();
    return op;
}

static void on_routed(struct op *op)
{
    struct api_call *c = (struct api_call *)((char *)op - offsetof(struct api_call, routed));

    c->state = API_IDLE;
    if (op->st == ST_QUEUE_GONE && c->record != NULL && ++c->gone < GONE_MAX) {
        place_invalidate(c->api->place, c->record);
        if (c->target != NULL)
            place_invalidate(c->api->place, c->target);
        find(c, c->queue_name, c->create, c->placed);
        return;
    }
    c->routed_done(c);
}

enum status call_try_route(struct api_call *c, void (*routed_done)(struct api_call *c))
{
    struct op *op = &c->routed.op;
    enum status st;

    if (c->record != NULL) {
        op->queue = (struct queue_ref){.pool = c->record->pool,
                                       .project = c->record->project,
                                       .name = c->record->name,
                                       .epoch = c->record->epoch};
    }
    op->done = on_routed;
    c->routed_done = routed_done;
    c->state = API_ROUTING;
    st = dispatch_submit(c->api->dispatch, &c->routed);
    if (st != ST_OK)
        c->state = API_IDLE;
    return st;
}

void call_route(struct api_call *c, void (*routed_done)(struct api_call *c))
{
    enum status st = call_try_route(c, routed_done);

    if (st != ST_OK)
        call_fail_status(c, &c->routed.op.f, st);
}

/* ---- Asking the catalog ----------------------------------------------------------------------- */

static void free_job(struct catalog_job *job)
{
    queue_record_unref(job->record);
    for (uint32_t i = 0; i < job->list_n; i++)
        queue_record_unref(job->list[i]);
    arena_fini(&job->arena);
    free(job);
}

static enum status work(struct catalog_call *call, struct catalog *c, struct failure *f)
{
    struct catalog_job *job = (struct catalog_job *)call;

    return job->work(job, c, f);
}

static void on_worked(struct catalog_call *call)
{
    struct catalog_job *job = (struct catalog_job *)call;
    struct api_call *owner = job->owner;

    if (owner != NULL) {
        owner->state = API_IDLE;
        owner->job = NULL;
        job->finished(owner, job);
    }
    free_job(job);
}

enum status call_job_fault(struct catalog_job *job, enum fault fault, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    job->fault = fault;
    job->description = arena_copy(&job->arena, slice_of(text));
    return ST_OK;
}

bool call_job_failed(struct api_call *c, const struct catalog_job *job)
{
    if (job->call.st == ST_REFUSED)
        call_fail_no_pool(c);
    else if (job->call.st != ST_OK)
        call_fail_status(c, &job->call.f, job->call.st);
    else if (job->fault != FAULT_NONE)
        call_fail(c, job->fault, "%.*s", SLICE_ARG(job->description));
    else
        return false;
    return true;
}

struct catalog_job *call_job(struct api_call *c, struct slice name)
{
    struct catalog_job *job = mem_zalloc(sizeof(*job));

    job->owner = c;
    job->collection = c->collection;
    job->project = arena_copy(&job->arena, c->project);
    job->name = arena_copy(&job->arena, collection_record_name(c->collection, name, c->arena));
    return job;
}

void call_run(struct api_call *c, struct catalog_job *job)
{
    struct failure f;
    enum status st;

    job->call.reply_to = place_mailbox(c->api->place);
    job->call.deadline_mono_ms = clock_mono_ms() + place_timeout_ms(c->api->place);
    job->call.work = work;
    job->call.done = on_worked;
    c->job = job;
    c->state = API_CATALOG;
    st = catalog_service_call(place_service(c->api->place), &job->call);
    if (st == ST_OK)
        return;
    free_job(job);
    c->job = NULL;
    fail(&f, st, "too many questions wait for the catalog");
    call_fail_status(c, &f, st);
}

void api_abandon(struct api_call *c)
{
    switch (c->state) {
    case API_IDLE:
        break;
    case API_PLACING:
        place_forget(&c->place);
        break;
    case API_ROUTING:
        dispatch_forget(c->api->dispatch, &c->routed);
        break;
    case API_CATALOG:
        c->job->owner = NULL;
        break;
    case API_PROBING:
        prober_forget(c->api->prober, &CALL_OF(struct health_call, c)->probe);
        break;
    }
    c->state = API_IDLE;
    queue_record_unref(c->record);
    queue_record_unref(c->target);
    c->record = c->target = NULL;
}
