/* memory.h - a message store in the worker's memory: an example of a back end of one's own.
 *
 *   [storage] plugin = memory
 *   [drivers] message_store = plugin
 *   [drivers:message_store:plugin] uri = memory://
 *
 * It does all that nusku/store.h asks for but two things: nothing outlives the worker, and an operation walks over
 * its whole queue. A real one keeps messages where several workers reach them, in an order that can be
 * searched.
 *
 *   memory.c        the driver: what the worker calls
 *   queue.c         queues, what is in them, and what was answered
 *   message.c       operations on messages, claim.c on claims, subscription.c on subscriptions
 *
 * It is a driver that blocks (nusku/store_thread.h): the worker calls it on a thread of its own, with all operations
 * that have come meanwhile. So it needs no locks, and might wait for a disk or a server. */
#ifndef MEMORY_H
#define MEMORY_H

#include <nusku/store_thread.h>

#include <stdlib.h>

/* A message. m's claim_count and id are as they are; claimed is reckoned from claim_end_ms. */
struct item {
    struct message m;
    int64_t due_ms; /* 0: at once, whatever becomes of the clock */
    int64_t claim_end_ms;
    size_t client_len;
    char client[CLIENT_ID_BYTES_MAX];
    char *bytes; /* of body and checksum */
};

struct claim {
    struct claim_id id;
    int64_t created_ms, end_ms;
    uint32_t ttl_s;
};

struct queue {
    struct queue *next;
    uint64_t epoch;
    uint64_t last;       /* number given out, to a message or a subscription */
    struct item **items; /* oldest first */
    size_t items_n, items_room;
    struct claim *claims;
    size_t claims_n, claims_room;
    struct subscription *subscriptions; /* oldest first; the bytes are their own */
    size_t subscriptions_n, subscriptions_room;
};

/* What an operation answered that may come again. */
struct answer {
    struct answer *next;
    struct claim_id key;
    int64_t at_ms;
    struct message_id *ids; /* of a post, or of the subscription */
    struct item **items;    /* of a pop */
    uint32_t n;
    bool existed, confirmed; /* of the subscription */
};

struct memory {
    const struct host_calls *host;
    struct queue *queues;
    struct answer *answers;
};

/* An operation being carried out. */
struct call {
    struct memory *memory;
    struct queue *queue;
    struct op *op;
    int64_t now_ms;
    struct arena *arena; /* of the outcome */
};

/* ---- queue.c ---------------------------------------------------------------------------------- */

/* must is for what fails without memory: then the worker ends, and is started again. */
void *must(void *p);

/* copy gives bytes of the outcome. */
struct slice copy(const struct call *c, struct slice from);

/* refuse gives the operation an outcome. */
void refuse(struct call *c, enum status st, const char *why);

struct queue *queue_get(struct memory *s, uint64_t epoch); /* made if it isn't there */
void queue_drop(struct memory *s, uint64_t epoch);
void queue_empty(struct queue *q); /* of messages and claims */

/* queue_settle removes what has ended: before each operation. */
void queue_settle(struct queue *q, int64_t now_ms);

/* queue_number gives the next number: they rise for ever, and across a restart while the clock does. */
uint64_t queue_number(struct queue *q, int64_t now_ms);

void queue_append(struct queue *q, struct item *x, int64_t now_ms);
void queue_compact(struct queue *q); /* closes the gaps (NULL) that items have left */
struct item *queue_find(const struct queue *q, struct message_id id);

bool item_is_claimed(const struct item *x, int64_t now_ms);
bool item_is_free(const struct item *x, int64_t now_ms);
void item_free(struct item *x);

/* item_show copies a message: what is stored may go before the outcome does. */
struct message item_show(const struct call *c, const struct item *x);

/* answer_find finds what the operation answered when it came first; answer_keep keeps it. */
const struct answer *answer_find(const struct call *c);
struct answer *answer_keep(const struct call *c, uint32_t n);
void answers_forget(struct memory *s, int64_t now_ms);
void answers_free(struct memory *s);

/* ---- The operations --------------------------------------------------------------------------- */

void message_post(struct call *c);
void message_list(struct call *c);
void message_get(struct call *c);
void message_delete(struct call *c);
void message_pop(struct call *c);
void queue_stats(struct call *c);

void claim_create(struct call *c);
void claim_get(struct call *c);
void claim_renew(struct call *c);
void claim_release(struct call *c);
struct claim *claim_find(struct queue *q, const struct claim_id *id,
                         int64_t now_ms); /* a live one */

void subscription_put(struct call *c);
void subscription_list(struct call *c);
void subscription_get(struct call *c);
void subscription_update(struct call *c);
void subscription_delete(struct call *c);
void subscription_confirm(struct call *c);
void subscriptions_settle(struct queue *q, int64_t now_ms);
void subscriptions_empty(struct queue *q);

#endif
