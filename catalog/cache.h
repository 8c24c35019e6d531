/* catalog/cache.h - queue records kept near, and the knowledge that a queue is absent.
 *
 * Bounded: what was unused for longest goes first. One cache a process, shared by its threads under
 * one short lock. Never stale by itself: whoever watches the catalog invalidates it (service.h).
 *
 * Filling races with invalidation: a record that was read before a change may arrive after the
 * change was announced. So a reader takes a ticket first, and what it brings is only kept if
 * nothing with the same name was invalidated since.
 */
#ifndef CATALOG_CACHE_H
#define CATALOG_CACHE_H

#include "catalog/record.h"

#include <stdbool.h>
#include <stddef.h>

enum cache_answer { CACHE_MISS, CACHE_ABSENT, CACHE_FOUND };

struct queue_cache;

struct queue_cache *queue_cache_new(size_t most);
void queue_cache_free(struct queue_cache *cache);

/* queue_cache_get gives the record with CACHE_FOUND. */
enum cache_answer queue_cache_get(struct queue_cache *cache, struct slice project,
                                  struct slice name, struct queue_record **record);

uint64_t queue_cache_ticket(struct queue_cache *cache);

/* queue_cache_put remembers what was read: record, or with NULL that there is none. Borrows record. */
void queue_cache_put(struct queue_cache *cache, uint64_t ticket, struct slice project,
                     struct slice name, struct queue_record *record);

/* queue_cache_wrote remembers record because this process just wrote it, and queue_cache_removed that
 * it removed record: both count as invalidations, and give way only to what is newer, be it in the cache
 * or only announced. */
void queue_cache_wrote(struct queue_cache *cache, struct queue_record *record);
void queue_cache_removed(struct queue_cache *cache, const struct queue_record *record);

/* queue_cache_invalidate forgets what is older than a change of that revision. */
void queue_cache_invalidate(struct queue_cache *cache, struct slice project, struct slice name,
                            uint64_t revision);

/* queue_cache_clear forgets everything, also what readers are bringing. */
void queue_cache_clear(struct queue_cache *cache);

struct queue_cache_counts {
    size_t entries;
    uint64_t hits, misses, evictions;
};

struct queue_cache_counts queue_cache_counts(struct queue_cache *cache);

#endif
