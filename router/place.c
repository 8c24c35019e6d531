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
    struct slice project, name;
    bool create;
    struct queue_record *record;
    UT_hash_handle hh;
    size_t key_bytes;
    char key[]; /* create, name, NUL, project */
};

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
        return catalog_service_create(call->service, c, l->project, l->name, SLICE("{}"),
                                      &l->record, &created, f);
    st = c->ops->queue_find(c, l->project, l->name, &l->record, f);
    if (st == ST_OK || st == ST_NOT_FOUND)
        queue_cache_put(cache, ticket, l->project, l->name, st == ST_OK ? l->record : NULL);
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

static struct lookup *lookup_new(struct place *p, const char *key, size_t key_bytes,
                                 const struct place_call *c)
{
    struct lookup *l = mem_zalloc(sizeof(*l) + key_bytes);

    l->place = p;
    TAILQ_INIT(&l->waiting);
    l->create = c->create;
    l->key_bytes = key_bytes;
    memcpy(l->key, key, key_bytes);
    l->name = (struct slice){l->key + 1, c->name.len};
    l->project = (struct slice){l->key + 2 + c->name.len, c->project.len};
    l->call.reply_to = p->mailbox;
    l->call.deadline_mono_ms = clock_mono_ms() + p->timeout_ms;
    l->call.work = ask;
    l->call.done = on_answer;
    return l;
}

/* look_up joins a lookup that is under way, or begins one. */
static bool look_up(struct place *p, struct place_call *c)
{
    size_t key_bytes = 2 + c->name.len + c->project.len;
    char *key = mem_alloc(key_bytes);
    struct lookup *l;

    key[0] = (char)c->create;
    memcpy(key + 1, c->name.p, c->name.len);
    key[1 + c->name.len] = '\0';
    if (c->project.len > 0)
        memcpy(key + 2 + c->name.len, c->project.p, c->project.len);
    HASH_FIND(hh, p->lookups, key, key_bytes, l);
    if (l == NULL) {
        l = lookup_new(p, key, key_bytes, c);
        c->st = catalog_service_call(p->service, &l->call);
        if (c->st != ST_OK) {
            fail(&c->f, c->st, "too many questions wait for the catalog");
            free(l);
            free(key);
            return true;
        }
        HASH_ADD_KEYPTR(hh, p->lookups, l->key, l->key_bytes, l);
    }
    free(key);
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
