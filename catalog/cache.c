#include "catalog/cache.h"

#include "common/hash.h"
#include "common/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    PROJECT_BYTES_MAX = 256, /* of the API; longer ones are never looked up */
    NAME_BYTES_MAX = 1 + 64, /* with the mark of a topic */
    KEY_BYTES_MAX = PROJECT_BYTES_MAX + 1 + NAME_BYTES_MAX,
    RECENT = 1024, /* invalidations remembered for the sake of readers under way */
};

struct entry {
    struct queue_record *record; /* NULL: the queue is absent */
    TAILQ_ENTRY(entry) by_use;
    UT_hash_handle hh;
    size_t key_bytes;
    char key[];
};

struct queue_cache {
    pthread_mutex_t lock; /* guards all below */
    struct entry *entries;
    TAILQ_HEAD(by_use_head, entry) by_use; /* the one used last stands first */
    size_t most;
    /* The last RECENT invalidations: number i is in recent[i % RECENT]. */
    struct {
        uint64_t revision; /* of the change */
        unsigned hash;     /* of the key */
    } recent[RECENT];
    uint64_t invalidations; /* so far: the ticket */
    struct queue_cache_counts counts;
};

/* make_key writes name, NUL, project: names hold no NUL. 0 if it can't be a key. */
static size_t make_key(struct slice project, struct slice name, char key[KEY_BYTES_MAX])
{
    if (project.len > PROJECT_BYTES_MAX || name.len > NAME_BYTES_MAX)
        return 0;
    memcpy(key, name.p, name.len);
    key[name.len] = '\0';
    if (project.len > 0)
        memcpy(key + name.len + 1, project.p, project.len);
    return name.len + 1 + project.len;
}

static unsigned hash_key(const char *key, size_t bytes)
{
    unsigned hash;

    HASH_VALUE(key, bytes, hash);
    return hash;
}

struct queue_cache *queue_cache_new(size_t most)
{
    struct queue_cache *cache = mem_zalloc(sizeof(*cache));

    pthread_mutex_init(&cache->lock, NULL);
    TAILQ_INIT(&cache->by_use);
    cache->most = most;
    return cache;
}

static void drop(struct queue_cache *cache, struct entry *e)
{
    HASH_DELETE(hh, cache->entries, e);
    TAILQ_REMOVE(&cache->by_use, e, by_use);
    queue_record_unref(e->record);
    free(e);
    cache->counts.entries--;
}

static void drop_all(struct queue_cache *cache)
{
    struct entry *e;

    while ((e = TAILQ_FIRST(&cache->by_use)) != NULL)
        drop(cache, e);
}

void queue_cache_free(struct queue_cache *cache)
{
    if (cache == NULL)
        return;
    drop_all(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

enum cache_answer queue_cache_get(struct queue_cache *cache, struct slice project,
                                  struct slice name, struct queue_record **record)
{
    char key[KEY_BYTES_MAX];
    size_t bytes = make_key(project, name, key);
    enum cache_answer answer = CACHE_MISS;
    struct entry *e = NULL;

    if (bytes == 0)
        return CACHE_MISS;
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->entries, key, bytes, e);
    if (e != NULL) {
        cache->counts.hits++;
        answer = e->record == NULL ? CACHE_ABSENT : CACHE_FOUND;
        *record = queue_record_ref(e->record);
        if (e != TAILQ_FIRST(&cache->by_use)) {
            TAILQ_REMOVE(&cache->by_use, e, by_use);
            TAILQ_INSERT_HEAD(&cache->by_use, e, by_use);
        }
    } else {
        cache->counts.misses++;
    }
    pthread_mutex_unlock(&cache->lock);
    return answer;
}

uint64_t queue_cache_ticket(struct queue_cache *cache)
{
    uint64_t ticket;

    pthread_mutex_lock(&cache->lock);
    ticket = cache->invalidations;
    pthread_mutex_unlock(&cache->lock);
    return ticket;
}

/* invalidated_since tells whether a key was, or may have been, invalidated after the ticket. */
static bool invalidated_since(const struct queue_cache *cache, uint64_t ticket, unsigned hash)
{
    if (cache->invalidations - ticket > RECENT)
        return true;
    for (uint64_t i = ticket; i < cache->invalidations; i++)
        if (cache->recent[i % RECENT].hash == hash)
            return true;
    return false;
}

/* changed_after tells whether a change of a key after that revision is remembered. */
static bool changed_after(const struct queue_cache *cache, uint64_t revision, unsigned hash)
{
    for (size_t i = 0; i < RECENT; i++)
        if (cache->recent[i].revision > revision && cache->recent[i].hash == hash)
            return true;
    return false;
}

static void note_change(struct queue_cache *cache, unsigned hash, uint64_t revision)
{
    size_t at = cache->invalidations++ % RECENT;

    cache->recent[at].revision = revision;
    cache->recent[at].hash = hash;
}

/* set puts record, or the knowledge that there is none, in place of e, which may be NULL. */
static void set(struct queue_cache *cache, struct entry *e, const char *key, size_t bytes,
                struct queue_record *record)
{
    if (e != NULL)
        drop(cache, e);
    if (cache->counts.entries == cache->most) {
        drop(cache, TAILQ_LAST(&cache->by_use, by_use_head));
        cache->counts.evictions++;
    }
    e = mem_alloc(sizeof(*e) + bytes);
    e->record = queue_record_ref(record);
    e->key_bytes = bytes;
    memcpy(e->key, key, bytes);
    HASH_ADD_KEYPTR(hh, cache->entries, e->key, e->key_bytes, e);
    TAILQ_INSERT_HEAD(&cache->by_use, e, by_use);
    cache->counts.entries++;
}

/* is_newer tells whether e holds a record that was written after that revision. */
static bool is_newer(const struct entry *e, uint64_t revision)
{
    return e != NULL && e->record != NULL && e->record->revision > revision;
}

void queue_cache_put(struct queue_cache *cache, uint64_t ticket, struct slice project,
                     struct slice name, struct queue_record *record)
{
    char key[KEY_BYTES_MAX];
    size_t bytes = make_key(project, name, key);
    struct entry *e = NULL;

    if (bytes == 0)
        return;
    pthread_mutex_lock(&cache->lock);
    if (!invalidated_since(cache, ticket, hash_key(key, bytes))) {
        HASH_FIND(hh, cache->entries, key, bytes, e);
        if (record == NULL || !is_newer(e, record->revision)) /* of two readers the later stays */
            set(cache, e, key, bytes, record);
    }
    pthread_mutex_unlock(&cache->lock);
}

/* note_write notes what this process did to a queue: kept is the record to remember, NULL for none. Its
 * thread may come late, after what others did next was announced. */
static void note_write(struct queue_cache *cache, const struct queue_record *of,
                       struct queue_record *kept)
{
    char key[KEY_BYTES_MAX];
    size_t bytes = make_key(of->project, of->name, key);
    uint64_t revision = kept != NULL ? of->revision : of->revision + 1; /* of a removal: at least */
    struct entry *e = NULL;
    unsigned hash;

    if (bytes == 0)
        return;
    hash = hash_key(key, bytes);
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->entries, key, bytes, e);
    if (!is_newer(e, of->revision) && !changed_after(cache, revision, hash))
        set(cache, e, key, bytes, kept);
    note_change(cache, hash, revision);
    pthread_mutex_unlock(&cache->lock);
}

void queue_cache_wrote(struct queue_cache *cache, struct queue_record *record)
{
    note_write(cache, record, record);
}

void queue_cache_removed(struct queue_cache *cache, const struct queue_record *record)
{
    note_write(cache, record, NULL);
}

void queue_cache_invalidate(struct queue_cache *cache, struct slice project, struct slice name,
                            uint64_t revision)
{
    char key[KEY_BYTES_MAX];
    size_t bytes = make_key(project, name, key);
    struct entry *e = NULL;

    if (bytes == 0)
        return;
    pthread_mutex_lock(&cache->lock);
    note_change(cache, hash_key(key, bytes), revision);
    HASH_FIND(hh, cache->entries, key, bytes, e);
    if (e != NULL && (e->record == NULL || e->record->revision < revision))
        drop(cache, e);
    pthread_mutex_unlock(&cache->lock);
}

void queue_cache_clear(struct queue_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->invalidations += RECENT + 1;
    drop_all(cache);
    pthread_mutex_unlock(&cache->lock);
}

struct queue_cache_counts queue_cache_counts(struct queue_cache *cache)
{
    struct queue_cache_counts counts;

    pthread_mutex_lock(&cache->lock);
    counts = cache->counts;
    pthread_mutex_unlock(&cache->lock);
    return counts;
}
