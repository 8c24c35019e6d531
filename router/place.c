#include "router/place.h"

#include "common/clock.h"
#include "common/hash.h"
#include "common/mem.h"

#include <stdlib.h>

TAILQ_HEAD(place_calls, place_call);

struct place {
    struct catalog_service *service;
    struct mailbox *mailbox;
    int64_t timeout_ms;
    struct lookup *lookups; /* under way, by key */
};

/* A question put to the catalog, for all that asked it meanwhile. */
struct lookup {
    struct catalog_call call; /* first */
    struct place *place;
    struct place_calls waiting;
    struct new_queue queue; /* borrows from key */
    bool create;
    struct queue_record *record;
    UT_hash_handle hh;
    size_t key_bytes;
    char key[]; /* how, pool, NUL, name, NUL, project */
};

/* What a lookup may do beside looking. */
enum how { LOOK, CREATE, CREATE_IN_POOL };

struct place *place_new(struct catalog_service *service, struct mailbox *mailbox,
                        int64_t timeout_ms)
{
    struct place *p = mem_zalloc(sizeof(*p));

    p->service = service;
    p->mailbox = mailbox;
    p->timeout_ms = timeout_ms;
    return p;
}

void place_free(struct place *p)
{
    struct lookup *l, *next;

    if (p == NULL)
        return;
    HASH_ITER(hh, p->lookups, l, next)
    {
        HASH_DEL(p->lookups, l);
        free(l);
    }
    free(p);
}

/* ask runs on a thread of the catalog. */
static enum status ask(struct catalog_call *call, struct catalog *c, struct failure *f)
{
    struct lookup *l = (struct lookup *)call;
    struct queue_cache *cache = catalog_service_cache(call->service);
    uint64_t ticket = queue_cache_ticket(cache);
    bool created;
    enum status st;

    if (l->create)
        return catalog_service_create(call->service, c, &l->queue, &l->record, &created, f);
    st = c->ops->queue_find(c, l->queue.project, l->queue.name, &l->record, f);
    if (st == ST_OK || st == ST_NOT_FOUND)
        queue_cache_put(cache, ticket, l->queue.project, l->queue.name,
                        st == ST_OK ? l->record : NULL);
    return st;
}

static void on_answer(struct catalog_call *call)
{
    struct lookup *l = (struct lookup *)call;
    struct place_call *c;

    HASH_DEL(l->place->lookups, l);
    while ((c = TAILQ_FIRST(&l->waiting)) != NULL) {
        TAILQ_REMOVE(&l->waiting, c, waiting);
        c->lookup = NULL;
        c->st = call->st;
        if (call->st == ST_OK)
            c->record = queue_record_ref(l->record);
        else
            c->f = call->f;
        c->done(c);
    }
    if (call->st == ST_OK)
        queue_record_unref(l->record);
    free(l);
}

/* add_to_key appends a part and a NUL, and returns where the next one begins. */
static char *add_to_key(char *at, struct slice part)
{
    if (part.len > 0)
        memcpy(at, part.p, part.len);
    at[part.len] = '\0';
    return at + part.len + 1;
}

/* make_key gives what tells lookups apart, allocated. Names hold no NUL. */
static struct slice make_key(const struct place_call *c)
{
    size_t bytes = 1 + c->pool.len + 1 + c->name.len + 1 + c->project.len + 1;
    char *key = mem_alloc(bytes);

    key[0] = (char)(!c->create ? LOOK : c->pool.p == NULL ? CREATE : CREATE_IN_POOL);
    add_to_key(add_to_key(add_to_key(key + 1, c->pool), c->name), c->project);
    return (struct slice){key, bytes};
}

static struct lookup *lookup_new(struct place *p, struct slice key, const struct place_call *c)
{
    struct lookup *l = mem_zalloc(sizeof(*l) + key.len);
    const char *pool = l->key + 1, *name = pool + c->pool.len + 1;

    l->place = p;
    TAILQ_INIT(&l->waiting);
    l->create = c->create;
    l->key_bytes = key.len;
    memcpy(l->key, key.p, key.len);
    l->queue = (struct new_queue){
        .name = {name, c->name.len},
        .project = {name + c->name.len + 1, c->project.len},
        .metadata = SLICE("{}"),
    };
    if (c->pool.p != NULL)
        l->queue.pool = (struct slice){pool, c->pool.len};
    l->call.reply_to = p->mailbox;
    l->call.deadline_mono_ms = clock_mono_ms() + p->timeout_ms;
    l->call.work = ask;
    l->call.done = on_answer;
    return l;
}

/* look_up joins a lookup that is under way, or begins one. */
static bool look_up(struct place *p, struct place_call *c)
{
    struct slice key = make_key(c);
    struct lookup *l;

    HASH_FIND(hh, p->lookups, key.p, key.len, l);
    if (l == NULL) {
        l = lookup_new(p, key, c);
        c->st = catalog_service_call(p->service, &l->call);
        if (c->st != ST_OK) {
            fail(&c->f, c->st, "too many questions wait for the catalog");
            free(l);
            free((char *)key.p);
            return true;
        }
        HASH_ADD_KEYPTR(hh, p->lookups, l->key, l->key_bytes, l);
    }
    free((char *)key.p);
    c->lookup = l;
    TAILQ_INSERT_TAIL(&l->waiting, c, waiting);
    return false;
}

bool place_find(struct place *p, struct place_call *c)
{
    c->lookup = NULL;
    switch (queue_cache_get(catalog_service_cache(p->service), c->project, c->name, &c->record)) {
    case CACHE_FOUND:
        c->st = ST_OK;
        return true;
    case CACHE_ABSENT:
        if (c->create)
            break;
        c->st = ST_NOT_FOUND;
        return true;
    case CACHE_MISS:
        break;
    }
    return look_up(p, c);
}

void place_forget(struct place_call *c)
{
    if (c->lookup != NULL)
        TAILQ_REMOVE(&c->lookup->waiting, c, waiting);
    c->lookup = NULL;
}

void place_invalidate(struct place *p, const struct queue_record *record)
{
    queue_cache_invalidate(catalog_service_cache(p->service), record->project, record->name,
                           record->revision + 1);
}

struct catalog_service *place_service(const struct place *p)
{
    return p->service;
}

struct mailbox *place_mailbox(const struct place *p)
{
    return p->mailbox;
}

int64_t place_timeout_ms(const struct place *p)
{
    return p->timeout_ms;
}
