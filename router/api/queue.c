/* Queues: listing, metadata, deletion, statistics, purge, ping. */
#include "common/clock.h"
#include "router/api/call.h"
#include "router/api/metadata.h"
#include "router/api/name.h"

#include <errno.h>
#include <stdlib.h>

enum {
    UPDATE_ATTEMPTS = 8, /* when others change the same queue at the same time */
    FILTER_BATCH = 200,  /* queues read at a time when a filter picks few of them */
};

/* ---- List ------------------------------------------------------------------------------------- */

static bool contains(struct slice whole, struct slice part)
{
    return part.len == 0 || memmem(whole.p, whole.len, part.p, part.len) != NULL;
}

/* read_int reads what Python's int() would of a filter's value: a sign, digits, blanks around. */
static bool read_int(struct slice text, long long *n)
{
    char digits[24], *end;

    text = slice_trim(text);
    if (text.len == 0 || text.len >= sizeof(digits) || text.p[0] == ' ')
        return false;
    memcpy(digits, text.p, text.len);
    digits[text.len] = '\0';
    errno = 0;
    *n = strtoll(digits, &end, 10);
    return end == digits + text.len && errno == 0; /* none that is stored is larger */
}

/* matches compares one key: as ints if the wanted value looks like one, else as strings. */
static bool matches(struct json object, const struct metadata_filter *filter, struct arena *a)
{
    struct json_walk w = json_members(object);
    struct json v = {0};
    bool found = false;
    long long wanted;
    int64_t there;

    while (json_next(&w)) {
        if (json_key_is(w.key, filter->key)) {
            v = w.value;
            found = true;
        }
    }
    if (!found)
        return false;
    if (read_int(filter->value, &wanted))
        return json_int(v, &there) && there == wanted;
    return v.type == JSON_STRING && slice_eq(json_string(v, a), filter->value);
}

static bool wanted(const struct catalog_job *job, const struct queue_record *r, struct arena *a)
{
    struct json object;

    if (!contains(collection_member_name(r->name), job->part))
        return false;
    if (job->filters_n == 0)
        return true;
    if (json_check(r->metadata, &object, NULL) != ST_OK || object.type != JSON_OBJECT)
        return false;
    for (size_t i = 0; i < job->filters_n; i++)
        if (!matches(object, &job->filters[i], a))
            return false;
    return true;
}

/* list_queues reads pages of the catalog until enough queues have passed the filters. */
static enum status list_queues(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    bool filtered = job->filters_n > 0 || job->part.len > 0;
    uint32_t batch = filtered ? FILTER_BATCH : job->limit, got;
    struct slice after = job->name; /* the marker */
    struct slice end = collection_end(job->collection);
    enum status st;

    job->list = arena_alloc(&job->arena, job->limit * sizeof(struct queue_record *));
    do {
        struct arena a = {0};
        struct queue_record **page;

        st = c->ops->queue_list(c, job->project, after, end, batch, &a, &page, &got, f);
        for (uint32_t i = 0; st == ST_OK && i < got; i++) {
            if (i + 1 == got)
                after = arena_copy(&job->arena, page[i]->name);
            if (job->list_n < job->limit && wanted(job, page[i], &a))
                job->list[job->list_n++] = page[i];
            else
                queue_record_unref(page[i]);
        }
        arena_fini(&a);
        if (clock_mono_ms() >= job->call.deadline_mono_ms)
            st = fail(f, ST_TIMEOUT, "too many queues were looked at for a filter");
    } while (st == ST_OK && got == batch && job->list_n < job->limit);
    if (st == ST_OK && job->with_count)
        st = c->ops->queue_count(c, job->project, end, &job->count, f);
    return st;
}

static void on_listed(struct api_call *owner, struct catalog_job *job)
{
    struct queue_list_call *c = CALL_OF(struct queue_list_call, owner);

    if (job->call.st != ST_OK) {
        call_fail_status(owner, &job->call.f, job->call.st);
        return;
    }
    c->out.list = job->list;
    c->out.n = job->list_n;
    c->out.count = job->count;
    call_done(owner);
}

static void copy_filters(struct catalog_job *job, const struct metadata_filter *from, size_t n)
{
    struct metadata_filter *copy = arena_alloc(&job->arena, n * sizeof(*copy));

    for (size_t i = 0; i < n; i++)
        copy[i] = (struct metadata_filter){arena_copy(&job->arena, from[i].key),
                                           arena_copy(&job->arena, from[i].value)};
    job->filters = copy;
    job->filters_n = n;
}

void api_queue_list(struct queue_list_call *c)
{
    struct catalog_job *job;
    uint32_t limit;

    if (!call_limit(&c->call, c->in.limit, c->call.api->config->max_queues_per_page, &limit))
        return;
    job = call_job(&c->call, call_place_of_marker(c->in.marker, c->call.arena));
    job->limit = limit;
    job->part = arena_copy(&job->arena, c->in.name);
    copy_filters(job, c->in.filters, c->in.filters_n);
    job->with_count = c->in.with_count;
    job->work = list_queues;
    job->finished = on_listed;
    call_run(&c->call, job);
}

/* ---- Get -------------------------------------------------------------------------------------- */

static void got_queue(struct api_call *c)
{
    CALL_OF(struct queue_get_call, c)->out.record = c->record;
    call_done(c);
}

void api_queue_get(struct queue_get_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, got_queue);
}

/* ---- Create ----------------------------------------------------------------------------------- */

static bool check_size(struct api_call *c, struct slice document, enum fault fault)
{
    int64_t most = c->api->config->max_queue_metadata_bytes;

    if (document.p == NULL || (int64_t)document.len <= most)
        return true;
    call_fail(c, fault, "The metadata is too large: at most %lld bytes.", (long long)most);
    return false;
}

static struct slice text_of(struct json object, enum reserved which, struct arena *a)
{
    struct json v;

    return json_find(object, reserved_names[which].p, &v) && v.type == JSON_STRING
               ? json_string(v, a)
               : SLICE("");
}

/* read_wishes takes from metadata what decides in which pool a queue is made. */
static void read_wishes(struct slice metadata, struct new_queue *q, struct arena *a)
{
    struct json object;

    q->flavor = q->dead_letters = SLICE("");
    if (json_check(metadata, &object, NULL) != ST_OK || object.type != JSON_OBJECT)
        return;
    q->flavor = text_of(object, RESERVED_FLAVOR, a);
    q->dead_letters = text_of(object, RESERVED_DEAD_LETTERS, a);
}

/* check_flavor looks whether the project has a flavor; an unknown one is a fault of the request. */
static enum status check_flavor(struct catalog_job *job, struct catalog *c, struct slice flavor,
                                enum fault fault, struct failure *f)
{
    struct flavor_record record;
    enum status st = ST_OK;

    if (!catalog_service_pooling(job->call.service) || flavor.len == 0)
        return ST_OK;
    st = name_is_queue(flavor)
             ? c->ops->flavor_get(c, job->project, flavor, &job->arena, &record, f)
             : ST_NOT_FOUND;
    if (st == ST_NOT_FOUND)
        return call_job_fault(job, fault, "Flavor %.*s does not exist.",
                              (int)(flavor.len < 100 ? flavor.len : 100), flavor.p);
    return st;
}

static enum status create_queue(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct new_queue q = {.project = job->project, .name = job->name};
    struct buffer metadata = {0};
    enum status st;

    metadata_normalise(job->metadata, &metadata, &job->arena);
    q.metadata = buffer_slice(&metadata);
    read_wishes(q.metadata, &q, &job->arena);
    if (job->collection == COLLECTION_TOPICS)
        q.dead_letters = SLICE(""); /* nobody claims there */
    st = check_flavor(job, c, q.flavor, FAULT_REQUEST, f);
    if (st == ST_OK && job->fault == FAULT_NONE)
        st = catalog_service_create(job->call.service, c, &q, &job->record, &job->created, f);
    if (st == ST_INVALID)
        st = call_job_fault(job, FAULT_REQUEST, "%s.", f->text);
    else if (st == ST_NOT_FOUND) /* it went meanwhile */
        st = call_job_fault(job, FAULT_REQUEST, "Flavor %.*s does not exist.", SLICE_ARG(q.flavor));
    buffer_fini(&metadata);
    return st;
}

static void on_created(struct api_call *owner, struct catalog_job *job)
{
    if (call_job_failed(owner, job))
        return;
    CALL_OF(struct queue_create_call, owner)->out.created = job->created;
    call_done(owner);
}

/* read_metadata parses and checks the body of a creation; an absent one is no metadata. */
static bool read_metadata(struct queue_create_call *c, struct slice *metadata)
{
    struct failure f;
    struct json v;

    *metadata = SLICE("{}");
    if (c->in.document.len == 0)
        return true;
    if (!check_size(&c->call, c->in.document, FAULT_REQUEST) ||
        !call_parse(&c->call, c->in.document, &v))
        return false;
    if (v.type != JSON_OBJECT) {
        call_fail(&c->call, FAULT_BODY, "Metadata must be a JSON object.");
        return false;
    }
    if (metadata_check(v, c->call.api->config, &f) != ST_OK) {
        call_fail(&c->call, FAULT_REQUEST, "%s.", f.text);
        return false;
    }
    *metadata = v.raw;
    return true;
}

void api_queue_create(struct queue_create_call *c)
{
    struct catalog_job *job;
    struct slice metadata;

    if (!call_check_name(&c->call, c->in.queue) || !read_metadata(c, &metadata))
        return;
    job = call_job(&c->call, c->in.queue);
    job->metadata = arena_copy(&job->arena, metadata);
    job->work = create_queue;
    job->finished = on_created;
    call_run(&c->call, job);
}

/* ---- Update ----------------------------------------------------------------------------------- */

static enum status job_fault(struct catalog_job *job, enum fault fault, const struct failure *why)
{
    return call_job_fault(job, fault, "%s", why->text);
}

/* check_dead_letters refuses a dead letter queue that lives in another pool: messages move within a pool. */
static enum status check_dead_letters(struct catalog_job *job, struct catalog *c,
                                      struct slice dead_letters, const struct queue_record *source,
                                      struct failure *f)
{
    struct queue_record *target;
    enum status st = c->ops->queue_find(c, job->project, dead_letters, &target, f);

    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st; /* it will be made in the same pool */
    if (!slice_eq(target->pool, source->pool))
        call_job_fault(job, FAULT_BODY,
                       "Queue %.*s lives in another pool, where dead letters of this one can't go. "
                       "Name a queue that does not exist yet: it is made in the right one.",
                       SLICE_ARG(target->name));
    queue_record_unref(target);
    return ST_OK;
}

/* check_wishes looks at a flavor and a dead letter queue that a change sets. The queue stays in its pool. */
static enum status check_wishes(struct catalog_job *job, struct catalog *c, struct slice changed,
                                const struct queue_record *old, struct failure *f)
{
    struct new_queue was, is;
    enum status st = ST_OK;

    if (!catalog_service_pooling(job->call.service))
        return ST_OK;
    read_wishes(old->metadata, &was, &job->arena);
    read_wishes(changed, &is, &job->arena);
    if (!slice_eq(was.flavor, is.flavor))
        st = check_flavor(job, c, is.flavor, FAULT_NOT_FOUND, f);
    if (st == ST_OK && is.dead_letters.len > 0 && !slice_eq(was.dead_letters, is.dead_letters))
        st = check_dead_letters(job, c, is.dead_letters, old, f);
    return st;
}

/* change_once reads the record, applies the patch and writes it back; ST_CONFLICT: another was
 * faster. What is wrong with the request is left in job->fault. */
static enum status change_once(struct catalog_job *job, struct catalog *c, struct json patch,
                               struct failure *f)
{
    struct queue_record *old;
    struct buffer changed = {0};
    struct failure why;
    struct json object;
    enum status st = c->ops->queue_find(c, job->project, job->name, &old, f);

    if (st != ST_OK)
        return st;
    if (metadata_patch(old->metadata, patch, job->collection, &changed, &job->arena, &why) !=
        ST_OK) {
        job_fault(job, FAULT_CONFLICT, &why);
    } else if ((int64_t)changed.len > job->config->max_queue_metadata_bytes) {
        fail(&why, ST_INVALID, "The metadata would grow beyond %lld bytes.",
             (long long)job->config->max_queue_metadata_bytes);
        job_fault(job, FAULT_BODY, &why);
    } else if (json_check(buffer_slice(&changed), &object, &why) != ST_OK ||
               metadata_check(object, job->config, &why) != ST_OK) {
        job_fault(job, FAULT_BODY, &why);
    } else if ((st = check_wishes(job, c, buffer_slice(&changed), old, f)) == ST_OK &&
               job->fault == FAULT_NONE) {
        st = c->ops->queue_update(c, job->project, job->name, old->revision, buffer_slice(&changed),
                                  &job->record, f);
    }
    buffer_fini(&changed);
    queue_record_unref(old);
    return st;
}

static enum status change_queue(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct json patch;
    enum status st = json_check(job->metadata, &patch, f);

    for (int i = 0; i < UPDATE_ATTEMPTS; i++) {
        st = change_once(job, c, patch, f);
        if (st != ST_CONFLICT)
            break;
    }
    if (st == ST_OK && job->record != NULL)
        queue_cache_wrote(catalog_service_cache(job->call.service), job->record);
    if (st == ST_CONFLICT)
        st = fail(f, ST_UNAVAILABLE, "the queue is changed by too many at the same time");
    return st;
}

static void on_changed(struct api_call *owner, struct catalog_job *job)
{
    if (job->call.st == ST_NOT_FOUND) {
        struct slice name = collection_member_name(job->name);

        call_fail(owner, FAULT_NOT_FOUND, "There is no %s %.*s.", collection_noun(job->collection),
                  SLICE_ARG(name));
    } else if (job->call.st != ST_OK) {
        call_fail_status(owner, &job->call.f, job->call.st);
    } else if (job->fault != FAULT_NONE) {
        call_fail(owner, job->fault, "%.*s", SLICE_ARG(job->description));
    } else {
        CALL_OF(struct queue_update_call, owner)->out.record = job->record;
        call_done(owner);
    }
}

void api_queue_update(struct queue_update_call *c)
{
    struct catalog_job *job;
    struct failure f;
    struct json patch;

    if (!call_check_name(&c->call, c->in.queue) ||
        !check_size(&c->call, c->in.document, FAULT_BODY))
        return;
    if (c->in.document.len == 0) {
        call_fail(&c->call, FAULT_BODY, "A patch must not be empty.");
        return;
    }
    if (!call_parse(&c->call, c->in.document, &patch))
        return;
    if (metadata_patch_check(patch, c->call.arena, &f) != ST_OK) {
        call_fail(&c->call, FAULT_BODY, "%s", f.text);
        return;
    }
    job = call_job(&c->call, c->in.queue);
    job->metadata = arena_copy(&job->arena, patch.raw);
    job->config = c->call.api->config;
    job->work = change_queue;
    job->finished = on_changed;
    call_run(&c->call, job);
}

/* ---- Delete ----------------------------------------------------------------------------------- */

static enum status delete_queue(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct queue_cache *cache = catalog_service_cache(job->call.service);
    uint64_t ticket = queue_cache_ticket(cache);
    enum status st = c->ops->queue_delete(c, job->project, job->name, &job->record, f);

    if (st == ST_OK)
        queue_cache_removed(cache, job->record);
    else if (st == ST_NOT_FOUND)
        queue_cache_put(cache, ticket, job->project, job->name, NULL);
    return st;
}

static void on_dropped(struct api_call *c)
{
    call_done(c); /* whatever came of it: the catalog knows what is left to be dropped */
}

static void on_deleted(struct api_call *owner, struct catalog_job *job)
{
    if (job->call.st != ST_OK && job->call.st != ST_NOT_FOUND) {
        call_fail_status(owner, &job->call.f, job->call.st);
        return;
    }
    if (job->call.st == ST_NOT_FOUND) {
        call_done(owner);
        return;
    }
    owner->record = queue_record_ref(job->record);
    call_op(owner, OP_queue_drop);
    if (call_try_route(owner, on_dropped) != ST_OK)
        call_done(owner);
}

void api_queue_delete(struct queue_call *c)
{
    struct catalog_job *job;

    if (!call_check_name(&c->call, c->in.queue))
        return;
    job = call_job(&c->call, c->in.queue);
    job->work = delete_queue;
    job->finished = on_deleted;
    call_run(&c->call, job);
}

/* ---- Stats ------------------------------------------------------------------------------------ */

static void got_stats(struct api_call *c)
{
    if (c->routed.op.st != ST_OK) {
        call_fail_status(c, &c->routed.op.f, c->routed.op.st);
        return;
    }
    CALL_OF(struct queue_stats_call, c)->out.op = &c->routed.op;
    call_done(c);
}

static void found_for_stats(struct api_call *c)
{
    struct op *op = call_op(c, OP_queue_stats);

    if (c->record != NULL) {
        call_route(c, got_stats);
        return;
    }
    CALL_OF(struct queue_stats_call, c)->out.op = op; /* zeros */
    call_done(c);
}

void api_queue_stats(struct queue_stats_call *c)
{
    if (call_check_name(&c->call, c->in.queue))
        call_find(&c->call, c->in.queue, found_for_stats);
}

/* ---- Purge ------------------------------------------------------------------------------------ */

/* read_resources tells what is to be purged, of PURGE_…. False: the call has ended. */
static bool read_resources(struct queue_purge_call *c, uint32_t *what)
{
    struct json v, types;
    struct json_walk w;

    *what = PURGE_ALL;
    if (c->in.document.len == 0)
        return true;
    if (!call_parse(&c->call, c->in.document, &v))
        return false;
    if (v.type != JSON_OBJECT || !json_find(v, "resource_types", &types) ||
        types.type != JSON_ARRAY) {
        call_fail(&c->call, FAULT_REQUEST, "The body needs a list \"resource_types\".");
        return false;
    }
    *what = 0;
    w = json_members(types);
    while (json_next(&w)) {
        struct slice name =
            w.value.type == JSON_STRING ? json_string(w.value, c->call.arena) : SLICE("");

        if (slice_eq(name, SLICE("messages"))) {
            *what |= PURGE_MESSAGES;
        } else if (slice_eq(name, SLICE("subscriptions"))) {
            *what |= PURGE_SUBSCRIPTIONS;
        } else {
            call_fail(&c->call, FAULT_REQUEST,
                      "A resource type is \"messages\" or \"subscriptions\".");
            return false;
        }
    }
    return true;
}

static void purged(struct api_call *c)
{
    if (c->routed.op.st != ST_OK)
        call_fail_status(c, &c->routed.op.f, c->routed.op.st);
    else
        call_done(c);
}

static void found_for_purge(struct api_call *c)
{
    if (c->record == NULL) {
        call_done(c);
        return;
    }
    call_op(c, OP_queue_purge)->in.queue_purge.what = CALL_OF(struct queue_purge_call, c)->what;
    call_route(c, purged);
}

void api_queue_purge(struct queue_purge_call *c)
{
    if (!call_check_name(&c->call, c->in.queue) || !read_resources(c, &c->what))
        return;
    if (c->what != 0)
        call_find(&c->call, c->in.queue, found_for_purge);
    else
        call_done(&c->call);
}

/* ---- Ping ------------------------------------------------------------------------------------- */

/* With pooling no one store says whether the service works: a worker that is reached does. */
void api_ping(struct api_call *c)
{
    const struct config *config = c->api->config;

    if (config->pooling && !config->enable_virtual_pool) {
        if (dispatch_reached(c->api->dispatch) > 0)
            call_done(c);
        else
            call_fail(c, FAULT_UNAVAILABLE, "No worker is reached.");
        return;
    }
    call_op(c, OP_store_ping);
    call_route(c, purged);
}
