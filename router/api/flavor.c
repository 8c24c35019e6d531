/* Flavors: listing, reading, putting, changing, removing. */
#include "router/api/call.h"

#include "router/api/name.h"

enum { POOLS_MAX = 1000 /* of a flavor */ };

/* ---- List and get ----------------------------------------------------------------------------- */

static enum status list_flavors(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct flavor_record *list;
    enum status st =
        c->ops->flavor_list(c, job->project, job->name, job->limit, &job->arena, &list, &job->n, f);

    job->data = list;
    return st;
}

static void on_listed(struct api_call *owner, struct catalog_job *job)
{
    struct flavor_list_call *c = CALL_OF(struct flavor_list_call, owner);

    if (call_job_failed(owner, job))
        return;
    c->out.list = job->data;
    c->out.n = job->n;
    call_done(owner);
}

void api_flavor_list(struct flavor_list_call *c)
{
    struct catalog_job *job;
    uint32_t limit;

    if (!call_limit(&c->call, c->in.limit, c->call.api->config->max_flavors_per_page, &limit))
        return;
    job = call_job(&c->call, call_place_of_marker(c->in.marker, c->call.arena));
    job->limit = limit;
    job->work = list_flavors;
    job->finished = on_listed;
    call_run(&c->call, job);
}

/* unknown says so of a flavor; a name that can't be one is not even looked up. */
static void unknown(struct api_call *c, struct slice name)
{
    call_fail(c, FAULT_NOT_FOUND, "Flavor %.*s does not exist.",
              (int)(name.len < QUEUE_NAME_MAX ? name.len : QUEUE_NAME_MAX), name.p);
}

static enum status get_flavor(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct flavor_record *flavor = arena_alloc(&job->arena, sizeof(*flavor));

    job->data = flavor;
    return c->ops->flavor_get(c, job->project, job->name, &job->arena, flavor, f);
}

static void on_got(struct api_call *owner, struct catalog_job *job)
{
    if (job->call.st == ST_NOT_FOUND) {
        unknown(owner, job->name);
        return;
    }
    if (call_job_failed(owner, job))
        return;
    CALL_OF(struct flavor_get_call, owner)->out.record = job->data;
    call_done(owner);
}

void api_flavor_get(struct flavor_get_call *c)
{
    struct catalog_job *job;

    if (!name_is_queue(c->in.flavor)) {
        unknown(&c->call, c->in.flavor);
        return;
    }
    job = call_job(&c->call, c->in.flavor);
    job->work = get_flavor;
    job->finished = on_got;
    call_run(&c->call, job);
}

/* ---- Put and update --------------------------------------------------------------------------- */

/* What the job has of the call. */
struct put_data {
    const struct slice *pools;
    uint32_t n;
    bool update;
    struct flavor_record flavor; /* as it is afterwards; of an update */
};

/* check_members refuses what a flavor doesn't have. False: the call has ended. */
static bool check_members(struct api_call *c, struct json object)
{
    struct json_walk w = json_members(object);
    struct json capabilities;

    while (json_next(&w)) {
        if (json_key_is(w.key, SLICE("pool_list")) || json_key_is(w.key, SLICE("capabilities")))
            continue;
        call_fail(c, FAULT_BODY, "A flavor has pool_list and capabilities; not %.*s.",
                  (int)(w.key.len < 100 ? w.key.len : 100), w.key.p);
        return false;
    }
    if (!json_find(object, "capabilities", &capabilities) || capabilities.type == JSON_OBJECT)
        return true;
    call_fail(c, FAULT_BODY, "The capabilities of a flavor must be an object.");
    return false;
}

/* find_list finds the list of pools in a document. False: the call has ended. */
static bool find_list(struct flavor_put_call *c, bool update, struct json *list)
{
    struct json object;

    if (!call_parse(&c->call, c->in.document, &object))
        return false;
    if (object.type != JSON_OBJECT) {
        call_fail(&c->call, FAULT_BODY, "A flavor must be a JSON object.");
        return false;
    }
    if (!update && !check_members(&c->call, object))
        return false;
    if (!json_find(object, "pool_list", list) || list->type != JSON_ARRAY) {
        call_fail(&c->call, FAULT_BODY, "A flavor needs a pool_list, the names of its pools.");
        return false;
    }
    return true;
}

/* read_list gives the names of the pools, in the call's arena. False: the call has ended. */
static bool read_list(struct api_call *c, struct json list, struct put_data *d)
{
    struct json_walk w = json_members(list);
    size_t n = json_count(list);
    struct slice *pools;

    if (n == 0) {
        call_fail(c, FAULT_FLAVOR_CREATE, "The pool_list of a flavor must not be empty.");
        return false;
    }
    if (n > POOLS_MAX) {
        call_fail(c, FAULT_BODY, "A flavor has at most %d pools.", POOLS_MAX);
        return false;
    }
    pools = arena_alloc(c->arena, n * sizeof(*pools));
    while (json_next(&w)) {
        if (w.value.type != JSON_STRING) {
            call_fail(c, FAULT_BODY, "The pool_list of a flavor is made of names.");
            return false;
        }
        pools[d->n++] = json_string(w.value, c->arena);
    }
    d->pools = pools;
    return true;
}

/* names_for_catalog gives the names as the catalog may be asked for them. One that no pool can have becomes
 * the empty one, which no pool has. */
static const struct slice *names_for_catalog(struct catalog_job *job)
{
    const struct put_data *d = job->data;
    struct slice *names = arena_alloc(&job->arena, d->n * sizeof(*names));

    for (uint32_t i = 0; i < d->n; i++)
        names[i] = name_is_queue(d->pools[i]) ? d->pools[i] : SLICE("");
    return names;
}

static enum status put_flavor(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct put_data *d = job->data;
    uint32_t missing = 0;
    enum status st = c->ops->flavor_put(c, job->project, job->name, names_for_catalog(job), d->n,
                                        d->update, &missing, f);

    if (st == ST_NOT_FOUND)
        return call_job_fault(job, FAULT_NOT_FOUND, "Flavor %.*s does not exist.",
                              SLICE_ARG(job->name));
    if (st == ST_INVALID) {
        struct slice pool = d->pools[missing];

        return call_job_fault(job, d->update ? FAULT_FLAVOR_UPDATE : FAULT_FLAVOR_CREATE,
                              "Flavor %.*s could not be %s, error:Pool %.*s does not exist",
                              SLICE_ARG(job->name), d->update ? "updated" : "created",
                              (int)(pool.len < 255 ? pool.len : 255), pool.p);
    }
    if (st == ST_OK && d->update)
        st = c->ops->flavor_get(c, job->project, job->name, &job->arena, &d->flavor, f);
    if (st == ST_NOT_FOUND) /* and gone again */
        return call_job_fault(job, FAULT_NOT_FOUND, "Flavor %.*s does not exist.",
                              SLICE_ARG(job->name));
    return st;
}

static void on_put(struct api_call *owner, struct catalog_job *job)
{
    if (call_job_failed(owner, job))
        return;
    CALL_OF(struct flavor_put_call, owner)->out.record = &((struct put_data *)job->data)->flavor;
    call_done(owner);
}

static void put(struct flavor_put_call *c, bool update)
{
    struct put_data read = {.update = update}, *d;
    struct catalog_job *job;
    struct slice *pools;
    struct json list;

    if (!name_is_project(c->call.project)) {
        call_fail(&c->call, FAULT_REQUEST, "A project id has at most %d characters.",
                  PROJECT_ID_MAX);
        return;
    }
    if (!find_list(c, update, &list) || !read_list(&c->call, list, &read))
        return;
    job = call_job(&c->call, c->in.flavor);
    job->data = d = arena_alloc(&job->arena, sizeof(*d));
    *d = read;
    d->pools = pools = arena_alloc(&job->arena, d->n * sizeof(*pools));
    for (uint32_t i = 0; i < d->n; i++)
        pools[i] = arena_copy(&job->arena, read.pools[i]);
    job->work = put_flavor;
    job->finished = on_put;
    call_run(&c->call, job);
}

void api_flavor_put(struct flavor_put_call *c)
{
    if (!name_is_queue(c->in.flavor)) {
        call_fail(&c->call, FAULT_REQUEST,
                  "A flavor's name is made of 1 to %d ASCII letters, digits, underscores, dashes "
                  "and dots.",
                  QUEUE_NAME_MAX);
        return;
    }
    put(c, false);
}

void api_flavor_update(struct flavor_put_call *c)
{
    if (name_is_queue(c->in.flavor))
        put(c, true);
    else
        unknown(&c->call, c->in.flavor);
}

/* ---- Delete ----------------------------------------------------------------------------------- */

static enum status delete_flavor(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    enum status st = c->ops->flavor_delete(c, job->project, job->name, f);

    return st == ST_NOT_FOUND ? ST_OK : st;
}

static void on_deleted(struct api_call *owner, struct catalog_job *job)
{
    if (!call_job_failed(owner, job))
        call_done(owner);
}

void api_flavor_delete(struct flavor_delete_call *c)
{
    struct catalog_job *job;

    if (!name_is_queue(c->in.flavor)) { /* nor is there one */
        call_done(&c->call);
        return;
    }
    job = call_job(&c->call, c->in.flavor);
    job->work = delete_flavor;
    job->finished = on_deleted;
    call_run(&c->call, job);
}
