/* router/place.h - from (project, queue name) to the catalog's record, by the cache or the catalog.
 *
 * One per router thread. Questions for the same name that are open at the same time are asked once.
 * With create, a queue that is absent is made (the API's lazy creation), without metadata.
 */
#ifndef ROUTER_PLACE_H
#define ROUTER_PLACE_H

#include "catalog/service.h"

#include <sys/queue.h>

struct place;
struct lookup;

/* A question. Whoever asks embeds it and fills the first part. */
struct place_call {
    struct slice project, name; /* live until done */
    bool create;
    struct slice
        pool; /* with create, where the queue must be made; absent: where the catalog chooses */
    void (*done)(struct place_call *call); /* runs at most once, later, never inside place_find */
    /* the answer: */
    enum status st; /* ST_OK; ST_NOT_FOUND (not with create); ST_UNAVAILABLE, ST_TIMEOUT, … */
    struct failure f;
    struct queue_record *record; /* given with ST_OK */
    /* private: */
    TAILQ_ENTRY(place_call) waiting;
    struct lookup *lookup;
};

struct place *place_new(struct catalog_service *service, struct mailbox *mailbox,
                        int64_t timeout_ms);
void place_free(struct place *p);

/* place_find answers at once from the cache (true), or later by done (false). */
bool place_find(struct place *p, struct place_call *call);

/* place_forget is for questions whose client has gone: done will not run any more. */
void place_forget(struct place_call *call);

/* place_invalidate forgets a record that turned out to be of the past. */
void place_invalidate(struct place *p, const struct queue_record *record);

struct catalog_service *place_service(const struct place *p);
struct mailbox *place_mailbox(const struct place *p);
int64_t place_timeout_ms(const struct place *p);

#endif
