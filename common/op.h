/* common/op.h - one operation: what a router asks and a worker's store answers.
 *
 * The same struct lives on both sides of a link. The router fills queue, key, deadline and in; the
 * wire carries them; the worker's store fills st, f and out; the wire carries those back.
 *
 * Memory: slices in `in` are borrowed from whoever made the operation and live until done returns.
 * Slices in `out` are borrowed from whoever completes it and live only until done returns.
 */
#ifndef COMMON_OP_H
#define COMMON_OP_H

#include "common/id.h"
#include "common/slice.h"
#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

enum op_code {
#define OP(name, number, changes) OP_##name = number,
#include "common/ops.def"
#undef OP
};

enum { POOL_URI_MAX = 255 /* bytes */ };
/* OP_NUMBERS is one more than the largest of the numbers. */
union op_numbers {
#define OP(name, number, changes) char name[(number) + 1];
#include "common/ops.def"
#undef OP
};
enum { OP_NUMBERS = sizeof(union op_numbers) };

/* op_name returns "claim_create" and the like, "?" for a number from a newer peer. Never NULL. */
const char *op_name(enum op_code code);

/* op_known tells whether a number from outside is an operation. */
bool op_known(uint64_t number);

/* op_changes tells whether the operation may change the store. */
bool op_changes(enum op_code code);

/* Which queue: one life of it. project and name are for people (keys that an operator reads); the
 * epoch alone makes it unique. */
struct queue_ref {
    struct slice pool; /* empty: the default store of the configuration */
    struct slice project;
    struct slice name;
    uint64_t epoch;
};

/* A message as a store gives it. */
struct message {
    struct message_id id; /* as clients know it; a dead-lettered one keeps its first id */
    uint64_t seq;         /* place in this queue: what a marker means */
    int64_t created_ms;   /* wall time, ms */
    int64_t expires_ms;   /* wall time, ms */
    uint32_t claim_count; /* times it has been claimed */
    bool claimed;         /* under a live claim, which claim_id names */
    struct claim_id claim_id;
    struct slice checksum; /* "MD5:…" or empty */
    struct slice body;     /* JSON text, as posted; between stages and store what they made of it */
};

/* A message to be posted. */
struct new_message {
    uint32_t ttl_s;
    uint32_t delay_s;
    struct slice checksum;
    struct slice body;
};

/* Who is told of the messages that are posted to a queue. Its id has the form of a message's: numbers
 * that rise in the order of creation, so that the id is a marker even when the subscription has gone. */
struct subscription {
    struct message_id id;
    int64_t since_ms;        /* wall time, ms, of its creation, or of the last change of its ttl */
    int64_t ttl_s;           /* from since_ms on; at most SUBSCRIPTION_TTL_MAX_S */
    bool confirmed;          /* the subscriber has agreed */
    struct slice subscriber; /* a URI, as it was given; unique in its queue */
    struct slice options;    /* a JSON object, as it was given */
};

/* Beyond it no sum of a time and a ttl in milliseconds is exact in every back end. */
#define SUBSCRIPTION_TTL_MAX_S INT64_C(253402300799)

/* What a purge deletes; at least one of them. */
enum { PURGE_MESSAGES = 1, PURGE_SUBSCRIPTIONS = 2, PURGE_ALL = 3 };

/* How ids and claims must fit together for a deletion. */
enum delete_rule {
    DELETE_ANY = 0,     /* bulk: claimed or not */
    DELETE_FREE = 1,    /* one id without a claim: ST_CLAIMED if it is under one */
    DELETE_ONE = 2,     /* one id with one claim id, which must be the one it is under */
    DELETE_CLAIMED = 3, /* bulk: every message that exists is under one of the claims, else nothing
                            is deleted */
};

/* Dead-lettering for a claim: messages claimed max_count times already move to the target. */
struct dead_letter {
    bool active;
    int64_t max_count;       /* at least 0 */
    uint32_t ttl_s;          /* new life in the target, 0: what is left of the old one */
    struct queue_ref target; /* in the same pool */
};

struct op {
    enum op_code code;
    struct queue_ref queue;

    /* The operation's identity (D6): the store that sees it twice changes nothing and answers the
     * same. For claim_create it is the claim id. All zero for operations that don't need one. */
    struct claim_id key;

    /* It was sent before, and may have been carried out. One that was not may still come late, after
     * its repetition: stores look for either. */
    bool again;

    int64_t deadline_mono_ms; /* this process's monotonic clock */

    union {
        struct {
            struct slice client;
            const struct new_message *messages;
            uint32_t n; /* at least 1; 0 only from a worker's stages to a store (worker/store.h) */
            bool encrypt; /* the queue wants its bodies encrypted at rest (worker/stage.h) */
        } message_post;
        struct {
            struct slice client;     /* whose messages are hidden unless echo */
            struct message_id after; /* {0, 0}: from the beginning */
            uint32_t limit;
            bool echo;
            bool include_claimed;
            bool include_delayed;
        } message_list;
        struct {
            const struct message_id *ids;
            uint32_t n;
        } message_get;
        struct {
            const struct message_id *ids;
            uint32_t n;
            enum delete_rule rule;
            const struct claim_id *claims; /* one for DELETE_ONE, any number for DELETE_CLAIMED */
            uint32_t claims_n;
        } message_delete;
        struct {
            uint32_t limit;
        } message_pop;
        struct {
            uint32_t limit;
            uint32_t ttl_s;
            uint32_t grace_s;
            struct dead_letter dead_letter;
        } claim_create; /* the claim id is op->key */
        struct {
            struct claim_id id;
        } claim_get;
        struct {
            struct claim_id id;
            uint32_t ttl_s;
            uint32_t grace_s;
        } claim_renew;
        struct {
            struct claim_id id;
        } claim_release;
        struct {
            uint32_t what; /* of PURGE_… */
        } queue_purge;
        struct {
            uint32_t most; /* subscriptions that the queue may have; at least 1 */
            int64_t ttl_s;
            struct slice subscriber; /* not empty */
            struct slice options;    /* not empty */
        } subscription_put;
        struct {
            struct message_id after; /* {0, 0}: from the beginning */
            uint32_t limit;
        } subscription_list;
        struct {
            struct message_id id;
        } subscription_get;
        struct {
            struct message_id id;
            int64_t ttl_s;           /* 0: as it is; else it counts from now */
            struct slice subscriber; /* empty: as it is; a new one has yet to confirm */
            struct slice options;    /* empty: as they are; else they replace the old ones */
        } subscription_update;
        struct {
            struct message_id id;
        } subscription_delete;
        struct {
            struct message_id id;
            bool confirmed;
        } subscription_confirm;
        struct {
            struct slice uri; /* may hold a password; the operation belongs to no queue */
        } pool_probe;
    } in;

    /* The outcome. With anything but ST_OK only f says more. */
    enum status st;
    struct failure f;
    int64_t now_ms; /* the store's wall time when it answered */

    union {
        struct {
            const struct message_id *ids; /* of the messages, in posting order */
            uint32_t n;
        } message_post;
        /* message_list, message_get, message_pop, claim_create, claim_get */
        struct {
            const struct message *list;
            uint32_t n;
            int64_t claim_created_ms; /* claim_get: creation or last renewal */
            uint32_t claim_ttl_s;     /* claim_get */
        } messages;
        struct {
            uint64_t claimed;
            uint64_t free;
            bool any; /* oldest and newest are set */
            struct message_id oldest, newest;
            int64_t oldest_created_ms, newest_created_ms;
        } queue_stats;
        struct {
            struct message_id id;
            bool existed;   /* it is the subscriber's old one, unchanged */
            bool confirmed; /* which is so only if it existed */
        } subscription_put;
        /* subscription_list, and subscription_get with one */
        struct {
            const struct subscription *list;
            uint32_t n;
        } subscriptions;
        struct {
            uint32_t capabilities; /* of enum capability */
        } pool_probe;
    } out;

    /* done is called exactly once, on the loop that the operation belongs to. */
    void (*done)(struct op *op);
};

/* op_buries tells whether a claim_create moves messages to a dead letter queue. A queue cannot be its
 * own: its messages would go round for ever. */
static inline bool op_buries(const struct op *op)
{
    return op->in.claim_create.dead_letter.active &&
           op->in.claim_create.dead_letter.target.epoch != op->queue.epoch;
}

#endif
