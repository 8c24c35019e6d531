/* router/api/collection.h - queues and topics: the same things in two name spaces.
 *
 * Below the API a topic is a queue: the catalog has its record, workers have its messages. Its name
 * there begins with a mark that sorts behind everything a queue's name may hold. So the two never meet,
 * be it in a key, a cache or a store, and a project's topics lie behind its queues in the catalog.
 */
#ifndef ROUTER_API_COLLECTION_H
#define ROUTER_API_COLLECTION_H

#include "common/arena.h"

enum collection { COLLECTION_QUEUES, COLLECTION_TOPICS, COLLECTION_COUNT };

/* collection_noun gives "queue" or "topic", for sentences. */
const char *collection_noun(enum collection c);

/* collection_record_name gives the name by which the catalog knows a member; in a, or name itself. */
struct slice collection_record_name(enum collection c, struct slice name, struct arena *a);

/* collection_member_name is the way back, from a record's name to that which users know. */
struct slice collection_member_name(struct slice record_name);

/* collection_end sorts behind all its members in the catalog, and before those of the next one. */
struct slice collection_end(enum collection c);

#endif
