/* Pools: listing, reading, putting, changing, removing. A store is tried out by a worker before it is taken. */
#include "router/api/call.h"

#include "catalog/placement.h"
#include "common/uri.h"
#include "router/api/name.h"

enum {
    PUT_ATTEMPTS = 32, /* when others change the same pool at the same time */
    FLAVOR_BYTES_MAX = 255,
};

/* ---- List and get ----------------------------------------------------------------------------- */

static enum status list_pools(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct pool_record *list;
    enum status st =
        c->ops->pool_list(c, job->project, job->name, job->limit, &job->arena, &list, &job->n, f);

    job->data = list;
    return st;
}

static void on_listed(struct api_call *owner, struct catalog_job *job)
{
    struct pool_list_call *c = CALL_OF(struct pool_list_call, owner);

    if (call_job_failed(owner, job))
        return;
    c->out.list = job->data;
    c->out.n = job->n;
    call_done(owner);
}

void api_pool_list(struct pool_list_call *c)
{
    struct catalog_job *job;
    uint32_t limit;

    if (!call_limit(&c->call, c->in.limit, c->call.api->config->max_pools_per_page, &limit))
        return;
    job = call_job(&c->call, call_place_of_marker(c->in.marker, c->call.arena));
    job->limit = limit;
    job->work = list_pools;
    job->finished = on_listed;
    call_run(&c->call, job);
}

/* unknown says so of a pool; a name that can't be one is not even looked up. */
static void unknown(struct api_call *c, struct slice name)
{
    call_fail(c, FAULT_NOT_FOUND, "Pool %.*s does not exist.",
              (int)(name.len < QUEUE_NAME_MAX ? name.len : QUEUE_NAME_MAX), name.p);
}

static enum status get_pool(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct pool_record *pool = arena_alloc(&job->arena, sizeof(*pool));

    job->data = pool;
    return c->ops->pool_get(c, job->project, job->name, &job->arena, pool, f);
}

static void on_got(struct api_call *owner, struct catalog_job *job)
{
    if (job->call.st == ST_NOT_FOUND) {
        unknown(owner, job->name);
        return;
    }
    if (call_job_failed(owner, job))
        return;
    CALL_OF(struct pool_get_call, owner)->out.record = job->data;
    call_done(owner);
}

void api_pool_get(struct pool_get_call *c)
{
    struct catalog_job *job;

    if (!name_is_queue(c->in.pool)) {
        unknown(&c->call, c->in.pool);
        return;
    }
    job = call_job(&c->call, c->in.pool);
    job->work = get_pool;
    job->finished = on_got;
    call_run(&c->call, job);
}

/* ---- What a document says --------------------------------------------------------------------- */

/* The members of a pool. Each reads its value into *p, and returns what is wrong with it, or NULL. */

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
            return false;
    return true;
}

static const char *read_uri(struct json v, struct pool_change *p, struct arena *a)
{
    p->has_uri = true;
    if (v.type != JSON_STRING)
        return "The uri of a pool must be a string.";
    p->uri = json_string(v, a);
    if (p->uri.len == 0 || p->uri.len > POOL_URI_MAX || !is_plain(p->uri))
        return "The uri of a pool has 1 to 255 characters, none of them blank.";
    return NULL;
}

static const char *read_weight(struct json v, struct pool_change *p, struct arena *a)
{
    int64_t n;

    (void)a;
    p->has_weight = true;
    if (!json_int(v, &n) || n < 0 || n > UINT32_MAX)
        return "The weight of a pool must be an integer, at least 0 and at most 4294967295.";
    p->weight = (uint32_t)n;
    return NULL;
}

static const char *read_flavor(struct json v, struct pool_change *p, struct arena *a)
{
    p->has_flavor = true;
    if (v.type != JSON_STRING)
        return "The flavor of a pool must be a string.";
    p->flavor = json_string(v, a);
    if (p->flavor.len > FLAVOR_BYTES_MAX || (p->flavor.len > 0 && !name_is_queue(p->flavor)))
        return "The flavor of a pool must be the name of one: at most 64 ASCII letters, digits, "
               "underscores, dashes and dots.";
    return NULL;
}

static const char *read_options(struct json v, struct pool_change *p, struct arena *a)
{
    (void)a;
    p->has_options = true;
    if (v.type != JSON_OBJECT)
        return "The options of a pool must be an object.";
    p->options = v.raw;
    return NULL;
}

static const struct member {
    struct slice name;
    const char *(*read)(struct json v, struct pool_change *p, struct arena *a);
} members[] = {
    {SLICE_INIT("uri"), read_uri},
    {SLICE_INIT("weight"), read_weight},
    {SLICE_INIT("flavor"), read_flavor},
    {SLICE_INIT("options"), read_options},
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static const struct member *find_member(struct slice raw_key)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (json_key_is(raw_key, members[i].name))
            return &members[i];
    return NULL;
}

/* read_members reads the known members of an object, the last of each. strict: others are refused. False:
 * the call has ended. */
static bool read_members(struct pool_put_call *c, struct json object, bool strict)
{
    struct json_walk w = json_members(object);
    struct json values[MEMBERS] = {0};

    while (json_next(&w)) {
        const struct member *m = find_member(w.key);

        if (m != NULL) {
            values[m - members] = w.value;
        } else if (strict) {
            call_fail(&c->call, FAULT_BODY, "A pool has uri, weight, flavor and options; not %.*s.",
                      (int)(w.key.len < 100 ? w.key.len : 100), w.key.p);
            return false;
        }
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        const char *wrong =
            values[i].raw.p == NULL ? NULL : members[i].read(values[i], &c->change, c->call.arena);

        if (wrong != NULL) {
            call_fail(&c->call, FAULT_BODY, "%s", wrong);
            return false;
        }
    }
    return true;
}

/* read_document reads what is to become of the pool. False: the call has ended. */
static bool read_document(struct pool_put_call *c)
{
    struct pool_change *p = &c->change;
    struct json object;

    if (!call_parse(&c->call, c->in.document, &object))
        return false;
    if (object.type != JSON_OBJECT) {
        call_fail(&c->call, FAULT_BODY, "A pool must be a JSON object.");
        return false;
    }
    *p = (struct pool_change){.flavor = SLICE(""), .options = SLICE("{}")};
    if (!read_members(c, object, !c->update))
        return false;
    if (!c->update && (!p->has_uri || !p->has_weight)) {
        call_fail(&c->call, FAULT_BODY, "A pool needs a uri and a weight.");
        return false;
    }
    if (!p->has_uri && !p->has_weight && !p->has_flavor && !p->has_options) {
        call_fail(&c->call, FAULT_BODY,
                  "One at least of uri, weight, flavor and options is needed.");
        return false;
    }
    return true;
}

/* ---- Put and update --------------------------------------------------------------------------- */

/* What the job has of the call. */
struct put_data {
    struct pool_change change;
    bool update;
    struct pool_record pool; /* as it is afterwards */
};

static void apply(struct put_data *d)
{
    const struct pool_change *change = &d->change;

    if (change->has_uri) {
        d->pool.uri = change->uri;
        d->pool.capabilities = change->capabilities;
    }
    if (change->has_weight)
        d->pool.weight = change->weight;
    if (change->has_flavor || !d->update)
        d->pool.flavor = change->flavor;
    if (change->has_options || !d->update)
        d->pool.options = change->options;
}

/* check_store refuses a store that can't do what is promised of the pool, or of the flavor that it joins. */
static enum status check_store(struct catalog_job *job, struct catalog *c, uint32_t was,
                               struct failure *f)
{
    struct put_data *d = job->data;
    enum fault fault = d->update ? FAULT_BODY : FAULT_POOL_CREATE;
    enum status st;

    if (d->update && d->pool.capabilities != was)
        return call_job_fault(job, fault, "The store at the new uri can't do what the pool's can.");
    if (d->update && !d->change.has_flavor)
        return ST_OK;
    st = placement_check_capabilities(c, job->project, &d->pool, f);
    if (st == ST_INVALID)
        return call_job_fault(job, fault, "Flavor %.*s: %s.", SLICE_ARG(d->pool.flavor), f->text);
    return st;
}

/* put_once makes the pool, or changes what is there. ST_NOT_FOUND: another was faster. */
static enum status put_once(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct put_data *d = job->data;
    uint32_t was = 0;
    enum status st = ST_OK;

    d->pool = (struct pool_record){.name = job->name};
    if (d->update) {
        st = c->ops->pool_get(c, job->project, job->name, &job->arena, &d->pool, f);
        if (st == ST_NOT_FOUND)
            return call_job_fault(job, FAULT_NOT_FOUND, "Pool %.*s does not exist.",
                                  SLICE_ARG(job->name));
        was = d->pool.capabilities;
    }
    apply(d);
    if (st == ST_OK)
        st = check_store(job, c, was, f);
    if (st != ST_OK || job->fault != FAULT_NONE)
        return st;
    st = c->ops->pool_put(c, job->project, &d->pool, d->pool.revision, f);
    if (st == ST_CONFLICT)
        return call_job_fault(job, FAULT_CONFLICT, "Another pool has this uri.");
    return st;
}

static enum status put_pool(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    enum status st = ST_NOT_FOUND;

    for (int i = 0; i < PUT_ATTEMPTS && st == ST_NOT_FOUND; i++)
        st = put_once(job, c, f);
    return st == ST_NOT_FOUND
               ? fail(f, ST_UNAVAILABLE, "the pool is changed by too many at the same time")
               : st;
}

static void on_put(struct api_call *owner, struct catalog_job *job)
{
    if (call_job_failed(owner, job))
        return;
    CALL_OF(struct pool_put_call, owner)->out.record = &((struct put_data *)job->data)->pool;
    call_done(owner);
}

static void put(struct pool_put_call *c)
{
    struct catalog_job *job = call_job(&c->call, c->in.pool);
    struct put_data *d = arena_zalloc(&job->arena, sizeof(*d));

    d->update = c->update;
    d->change = c->change;
    d->change.uri = arena_copy(&job->arena, c->change.uri);
    d->change.flavor = arena_copy(&job->arena, c->change.flavor);
    d->change.options = arena_copy(&job->arena, c->change.options);
    job->data = d;
    job->work = put_pool;
    job->finished = on_put;
    call_run(&c->call, job);
}

static void on_probed(struct api_call *call)
{
    struct pool_put_call *c = CALL_OF(struct pool_put_call, call);
    const struct op *op = &call->routed.op;
    struct slice uri;

    if (op->st == ST_OK) {
        c->change.capabilities = op->out.pool_probe.capabilities;
        put(c);
        return;
    }
    if (op->st != ST_INVALID) {
        call_fail_status(call, &op->f, op->st);
        return;
    }
    uri = uri_without_secret(c->change.uri, call->arena);
    call_fail(call, FAULT_BODY, "There is no store to be reached at %.*s: %s.", SLICE_ARG(uri),
              op->f.text);
}

static void begin_put(struct pool_put_call *c)
{
    if (!name_is_project(c->call.project)) {
        call_fail(&c->call, FAULT_REQUEST, "A project id has at most %d characters.",
                  PROJECT_ID_MAX);
        return;
    }
    if (!read_document(c))
        return;
    if (!c->change.has_uri) {
        put(c);
        return;
    }
    call_op(&c->call, OP_pool_probe)->in.pool_probe.uri = c->change.uri;
    call_route(&c->call, on_probed);
}

void api_pool_put(struct pool_put_call *c)
{
    c->update = false;
    if (!name_is_queue(c->in.pool)) {
        call_fail(&c->call, FAULT_REQUEST,
                  "A pool's name is made of 1 to %d ASCII letters, digits, underscores, dashes and "
                  "dots.",
                  QUEUE_NAME_MAX);
        return;
    }
    if (!name_is_pool(c->in.pool)) {
        call_fail(&c->call, FAULT_REQUEST, "%.*s is no name for a pool: health has a member of it.",
                  SLICE_ARG(c->in.pool));
        return;
    }
    begin_put(c);
}

void api_pool_update(struct pool_put_call *c)
{
    c->update = true;
    if (!name_is_queue(c->in.pool)) {
        unknown(&c->call, c->in.pool);
        return;
    }
    begin_put(c);
}

/* ---- Delete ----------------------------------------------------------------------------------- */

/* refuse_use says what keeps the pool. */
static enum status refuse_use(struct catalog_job *job, const struct pool_use *use)
{
    const char *name = job->name.p; /* NUL behind it */

    if (use->queues > 0)
        return call_job_fault(
            job, FAULT_DELETE_FORBIDDEN, "Pool %s can't be deleted: %llu queue%s on it.", name,
            (unsigned long long)use->queues, use->queues == 1 ? " lives" : "s live");
    if (use->dropped > 0)
        return call_job_fault(job, FAULT_DELETE_FORBIDDEN,
                              "Pool %s can't be deleted yet: the messages of %llu deleted queue%s "
                              "are still being removed from it.",
                              name, (unsigned long long)use->dropped, use->dropped == 1 ? "" : "s");
    return call_job_fault(job, FAULT_DELETE_FORBIDDEN,
                          "Pool %s can't be deleted: it is the last pool of flavor %.*s.", name,
                          SLICE_ARG(use->flavor));
}

static enum status delete_pool(struct catalog_job *job, struct catalog *c, struct failure *f)
{
    struct pool_use use;
    enum status st = c->ops->pool_delete(c, job->name, false, &job->arena, &use, f);

    if (st == ST_CONFLICT)
        return refuse_use(job, &use);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static void on_deleted(struct api_call *owner, struct catalog_job *job)
{
    if (!call_job_failed(owner, job))
        call_done(owner);
}

void api_pool_delete(struct pool_delete_call *c)
{
    struct catalog_job *job;

    if (!name_is_queue(c->in.pool)) { /* nor is there one */
        call_done(&c->call);
        return;
    }
    job = call_job(&c->call, c->in.pool);
    job->work = delete_pool;
    job->finished = on_deleted;
    call_run(&c->call, job);
}
