/* router/api/api.h - the operations of the Messaging API, without a transport (D2).
 *
 * Each is one function that takes a typed call and completes it: api_<operation>(call). HTTP and
 * WebSocket fill the call, and translate what comes out. Nothing here knows of either.
 *
 *   whoever asks      fills call.api, arena, project, collection, client, done and in; calls
 *                     api_<operation>
 *   the operation     checks, asks the catalog for the queue, has a worker do the work
 *   at the end        done runs, once, perhaps inside api_<operation>. fault says how it went; with
 *                     FAULT_NONE out is filled. Slices of out live until done returns.
 *
 * The call and all that `in` points at live until done, or until api_abandon.
 *
 * A new operation: its struct here, its function in the file of its resource, a line for each
 * transport (router/http/routes.c); if workers learn something new, common/ops.def too.
 */
#ifndef ROUTER_API_API_H
#define ROUTER_API_API_H

#include "common/arena.h"
#include "common/config.h"
#include "common/json.h"
#include "router/api/collection.h"
#include "router/api/signed_url.h"
#include "router/dispatch.h"
#include "router/metrics.h"
#include "router/place.h"
#include "router/prober.h"

/* How a call can fail, as the API tells it apart. router/http/http_status.c gives status and title. */
enum fault {
    FAULT_NONE,
    FAULT_QUEUE_NAME,           /* the name or the project breaks a rule */
    FAULT_TOPIC_NAME,           /* the same of a topic */
    FAULT_REQUEST,              /* a value is out of bounds, or values don't go together */
    FAULT_BODY,                 /* the body is not what it should be */
    FAULT_DELETE,               /* a claim was named that doesn't fit */
    FAULT_DELETE_FORBIDDEN,     /* the message is under a claim */
    FAULT_SUBSCRIPTION_UPDATE,  /* nothing in the body that a subscription has */
    FAULT_SUBSCRIPTION_CONFIRM, /* the body is no object */
    FAULT_NOT_FOUND,
    FAULT_CONFLICT,
    FAULT_POOL_CREATE,   /* the store doesn't fit its flavor */
    FAULT_FLAVOR_CREATE, /* a pool is unknown, or none is named */
    FAULT_FLAVOR_UPDATE, /* a pool is unknown */
    FAULT_UNAVAILABLE,   /* now; later perhaps */
    FAULT_INTERNAL,      /* a bug of ours */
    FAULT_COUNT
};

/* What a thread's calls share. */
struct api {
    const struct config *config;
    struct dispatch *dispatch;
    struct place *place;
    struct prober *prober;
    const struct router_meter *meter;
    uint64_t exchanges; /* requests being answered */
};

struct api_call {
    struct api *api;
    struct arena *arena; /* of the call: lives a little longer than it */
    struct slice project;
    enum collection collection; /* what in.queue names */
    struct slice client;        /* Client-ID in its stored form */
    void *owner;                /* whoever asks: untouched here */
    void (*done)(struct api_call *call);

    enum fault fault;
    struct slice description; /* for the user, when there is a fault */

    /* private: */
    enum { API_IDLE, API_PLACING, API_ROUTING, API_CATALOG, API_PROBING } state;
    struct slice queue_name;
    bool create;
    struct place_call place;
    struct routed_op routed;
    struct queue_record *record; /* of the queue, once it is found */
    struct queue_record *target; /* of its dead letter queue, if it has one */
    void (*placed)(struct api_call *call);
    void (*target_placed)(struct api_call *call);
    void (*routed_done)(struct api_call *call);
    struct catalog_job *job;
    unsigned gone; /* times that the record was of the past */
};

/* api_abandon ends a call whose client has gone: done will not run any more. A change that is under
 * way may still happen. */
void api_abandon(struct api_call *call);

struct optional_int {
    bool given;
    int64_t value;
};

/* ---- Queues, and topics by call.collection (queue.c) ------------------------------------------ */

struct metadata_filter {
    struct slice key, value;
};

struct queue_list_call {
    struct api_call call;
    struct {
        struct slice marker; /* absent or empty: from the beginning */
        struct optional_int limit;
        struct slice name; /* part of the name; absent: any */
        bool with_count;
        const struct metadata_filter *filters;
        size_t filters_n;
    } in;
    struct {
        struct queue_record **list; /* collection_member_name gives what they are called */
        uint32_t n;
        uint64_t count; /* of all queues of the project, with with_count */
    } out;
};

struct queue_get_call {
    struct api_call call;
    struct {
        struct slice queue;
    } in;
    struct {
        const struct queue_record *record; /* NULL: it doesn't exist, the defaults are shown */
    } out;
};

struct queue_create_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document; /* absent or empty: no metadata */
    } in;
    struct {
        bool created;
    } out;
};

struct queue_update_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document; /* a JSON patch */
    } in;
    struct {
        const struct queue_record *record; /* as it is now */
    } out;
};

struct queue_call { /* delete */
    struct api_call call;
    struct {
        struct slice queue;
    } in;
};

struct queue_stats_call {
    struct api_call call;
    struct {
        struct slice queue;
    } in;
    struct {
        const struct op *op; /* OP_queue_stats */
    } out;
};

struct queue_purge_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document; /* absent or empty: everything */
    } in;
    uint32_t what; /* private */
};

void api_queue_list(struct queue_list_call *c);
void api_queue_get(struct queue_get_call *c);
void api_queue_create(struct queue_create_call *c);
void api_queue_update(struct queue_update_call *c);
void api_queue_delete(struct queue_call *c);
void api_queue_stats(struct queue_stats_call *c);
void api_queue_purge(struct queue_purge_call *c);

/* share (share.c): a pre-signed URL for a queue, which need not exist. */
struct share_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document;
    } in;
    struct {
        struct signed_url url; /* its lists sorted */
        char signature[SIGNATURE_TEXT];
    } out;
};

void api_share(struct share_call *c);

/* api_ping asks whether the default store answers; where queues go to pools, whether a worker is reached. */
void api_ping(struct api_call *c);

/* ---- Messages (message.c) --------------------------------------------------------------------- */

struct message_post_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document;
    } in;
    struct {
        const struct message_id *ids; /* of those that were kept: a message filter may drop some */
        uint32_t n;
    } out;
    struct new_message *messages; /* private */
    uint32_t messages_n;          /* private */
};

struct message_list_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice marker; /* absent or empty: from the beginning */
        struct optional_int limit;
        bool echo, include_claimed, include_delayed;
    } in;
    struct {
        const struct message *list;
        uint32_t n;
        int64_t now_ms;
        struct message_id next; /* the marker after the last one; with n > 0 */
    } out;
    uint32_t limit; /* private */
};

/* message_get: by ids, and of a single one. */
struct message_get_call {
    struct api_call call;
    struct {
        struct slice queue;
        const struct slice *ids;
        size_t n;
    } in;
    struct {
        const struct message *list;
        uint32_t n; /* at least 1: none is FAULT_NOT_FOUND */
        int64_t now_ms;
    } out;
};

/* message_delete: one. claim absent or empty: none is named. */
struct message_delete_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice id;
        struct slice claim;
    } in;
};

struct message_delete_many_call {
    struct api_call call;
    struct {
        struct slice queue;
        const struct slice *ids;
        size_t n;
        bool claims_given;
        const struct slice *claims;
        size_t claims_n;
    } in;
};

struct message_pop_call {
    struct api_call call;
    struct {
        struct slice queue;
        int64_t limit;
        bool claims_given; /* refused when deletion needs claims */
    } in;
    struct {
        const struct message *list;
        uint32_t n;
        int64_t now_ms;
    } out;
};

void api_message_post(struct message_post_call *c);
void api_message_list(struct message_list_call *c);
void api_message_get(struct message_get_call *c);
void api_message_delete(struct message_delete_call *c);
void api_message_delete_many(struct message_delete_many_call *c);
void api_message_pop(struct message_pop_call *c);

/* ---- Claims (claim.c) ------------------------------------------------------------------------- */

struct claim_create_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct optional_int limit;
        struct slice document; /* absent or empty: the defaults */
    } in;
    struct {
        struct claim_id id;
        const struct message *list;
        uint32_t n; /* 0: nothing was free, there is no claim */
        int64_t now_ms;
    } out;
    uint32_t limit;         /* private */
    int64_t ttl_s, grace_s; /* private */
};

struct claim_get_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice claim;
    } in;
    struct {
        int64_t created_ms;
        uint32_t ttl_s;
        const struct message *list;
        uint32_t n;
        int64_t now_ms;
    } out;
};

struct claim_renew_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice claim;
        struct slice document;
    } in;
    int64_t ttl_s, grace_s; /* private */
};

struct claim_release_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice claim;
    } in;
};

void api_claim_create(struct claim_create_call *c);
void api_claim_get(struct claim_get_call *c);
void api_claim_renew(struct claim_renew_call *c);
void api_claim_release(struct claim_release_call *c);

/* ---- Subscriptions (subscription.c) ----------------------------------------------------------- */

/* What a body gives. Empty slices and 0: not given. */
struct subscription_terms {
    struct slice subscriber;
    struct slice options;
    int64_t ttl_s;
};

/* subscription_create: an unconfirmed subscription of the subscriber is given back as it is; a confirmed one is
 * FAULT_CONFLICT. */
struct subscription_create_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice document;
    } in;
    struct {
        struct message_id id;
    } out;
    struct subscription_terms terms; /* private */
};

struct subscription_list_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice marker; /* absent or empty: from the beginning */
        struct optional_int limit;
    } in;
    struct {
        const struct subscription *list;
        uint32_t n;
        int64_t now_ms;
    } out;
    uint32_t limit; /* private */
};

struct subscription_get_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice id;
    } in;
    struct {
        const struct subscription *subscription;
        int64_t now_ms;
    } out;
};

struct subscription_update_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice id;
        struct slice document;
    } in;
    struct subscription_terms terms; /* private */
};

struct subscription_confirm_call {
    struct api_call call;
    struct {
        struct slice queue;
        struct slice id;
        struct slice document;
    } in;
    bool confirmed; /* private */
};

struct subscription_call { /* delete */
    struct api_call call;
    struct {
        struct slice queue;
        struct slice id;
    } in;
};

void api_subscription_create(struct subscription_create_call *c);
void api_subscription_list(struct subscription_list_call *c);
void api_subscription_get(struct subscription_get_call *c);
void api_subscription_update(struct subscription_update_call *c);
void api_subscription_confirm(struct subscription_confirm_call *c);
void api_subscription_delete(struct subscription_call *c);

/* ---- Pools (pool.c) --------------------------------------------------------------------------- */

struct pool_list_call {
    struct api_call call;
    struct {
        struct slice marker; /* absent or empty: from the beginning */
        struct optional_int limit;
    } in;
    struct {
        const struct pool_record *list;
        uint32_t n;
    } out;
};

struct pool_get_call {
    struct api_call call;
    struct {
        struct slice pool;
    } in;
    struct {
        const struct pool_record *record;
    } out;
};

/* What a document says of a pool; the absent members of a change stay as they are. */
struct pool_change {
    bool has_uri, has_weight, has_flavor, has_options;
    struct slice uri;
    uint32_t weight;
    struct slice flavor;   /* empty: none */
    struct slice options;  /* raw */
    uint32_t capabilities; /* of the store at uri */
};

struct pool_put_call { /* put and update */
    struct api_call call;
    struct {
        struct slice pool;
        struct slice document;
    } in;
    struct {
        const struct pool_record *record; /* as it is now */
    } out;
    struct pool_change change; /* private */
    bool update;               /* private */
};

struct pool_delete_call {
    struct api_call call;
    struct {
        struct slice pool;
    } in;
};

void api_pool_list(struct pool_list_call *c);
void api_pool_get(struct pool_get_call *c);
void api_pool_put(struct pool_put_call *c);
void api_pool_update(struct pool_put_call *c);
void api_pool_delete(struct pool_delete_call *c);

/* ---- Flavors (flavor.c) ----------------------------------------------------------------------- */

struct flavor_list_call {
    struct api_call call;
    struct {
        struct slice marker; /* absent or empty: from the beginning */
        struct optional_int limit;
    } in;
    struct {
        const struct flavor_record *list;
        uint32_t n;
    } out;
};

struct flavor_get_call {
    struct api_call call;
    struct {
        struct slice flavor;
    } in;
    struct {
        const struct flavor_record *record;
    } out;
};

struct flavor_put_call { /* put and update */
    struct api_call call;
    struct {
        struct slice flavor;
        struct slice document;
    } in;
    struct {
        const struct flavor_record *record; /* as it is now; of an update */
    } out;
};

struct flavor_delete_call {
    struct api_call call;
    struct {
        struct slice flavor;
    } in;
};

void api_flavor_list(struct flavor_list_call *c);
void api_flavor_get(struct flavor_get_call *c);
void api_flavor_put(struct flavor_put_call *c);
void api_flavor_update(struct flavor_put_call *c);
void api_flavor_delete(struct flavor_delete_call *c);
/* ---- Health (health.c) ------------------------------------------------------------------------ */

struct health_call {
    struct api_call call;
    struct {
        const struct health_report *report;
    } out;
    struct probe_call probe; /* private */
};

/* api_health tries out the catalog and the stores. Never a fault: the report says what is wrong. */
void api_health(struct health_call *c);

#endif
