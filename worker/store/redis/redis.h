/* worker/store/redis/redis.h - what the files of this driver share.
 *
 *   store_redis.c  the connection: made, lost, made again; what waits for it
 *   gather.c       operations into requests, several of one kind into one
 *   request.c      requests into commands
 *   reply.c        answers into outcomes
 *   loop.c         hiredis on libuv's loop
 *   scripts.c      the Lua scripts, put together and known by their SHA1
 *   lua/           the scripts; lua/base.lua says how a queue lies in Redis
 *
 * One connection a loop, everything pipelined. A request is one command: one operation, or operations of
 * one kind on one queue that came one behind the other in one turn of the loop.
 */
#ifndef WORKER_STORE_REDIS_REDIS_H
#define WORKER_STORE_REDIS_REDIS_H

#include "common/arena.h"
#include "worker/store.h"

#include <hiredis/async.h>
#include <sys/queue.h>

#define SCRIPTS(X)                                                                                 \
    X(post)                                                                                        \
    X(list)                                                                                        \
    X(get)                                                                                         \
    X(delete)                                                                                      \
    X(pop)                                                                                         \
    X(claim)                                                                                       \
    X(claim_get)                                                                                   \
    X(claim_renew)                                                                                 \
    X(claim_release)                                                                               \
    X(stats)                                                                                       \
    X(purge)                                                                                       \
    X(drop)                                                                                        \
    X(subscription_put)                                                                            \
    X(subscription_list)                                                                           \
    X(subscription_get)                                                                            \
    X(subscription_update)                                                                         \
    X(subscription_delete)                                                                         \
    X(subscription_confirm)                                                                        \
    X(sweep)

enum script {
#define SCRIPT_ENUM(name) SCRIPT_##name,
    SCRIPTS(SCRIPT_ENUM)
#undef SCRIPT_ENUM
        SCRIPT_COUNT
};

/* scripts_get gives a script's whole text and the 40 hex digits of its SHA1; made once. */
struct script_text {
    struct slice text;
    char sha[41];
};

const struct script_text *scripts_get(enum script which);

struct redis_store;

/* One command on its way. */
struct request {
    TAILQ_ENTRY(request) link;
    struct redis_store *store;
    struct op **ops; /* one, or several that merge */
    uint32_t n, room;
    size_t weight;   /* of the operations, see weight_of */
    bool whole;      /* send the script itself: the server doesn't know it (any more) */
    unsigned losses; /* times that the connection broke under it */
    int64_t sent_mono_ms;
    /* A listing that goes on where an earlier call stopped: */
    int64_t from; /* -1: from its marker */
    struct message *list;
    uint32_t list_n;
    struct arena arena; /* of the list */
};

TAILQ_HEAD(request_list, request);

enum redis_state {
    REDIS_CONNECTING, /* requests are parked: they are sent if it succeeds, refused if not */
    REDIS_UP,
    REDIS_AWAY, /* waiting to connect again; requests are refused at once */
};

struct redis_store {
    struct store base;
    redisAsyncContext *ac; /* NULL while there is no connection, not even a beginning one */
    enum redis_state state;
    char *host; /* NULL: a unix socket */
    int port;
    char *path;
    char *user, *password;
    int database;
    char *address; /* what it is called in the log, without a secret */

    uv_timer_t timer; /* looks after deadlines and reconnection */
    uv_getaddrinfo_t resolving;
    bool resolving_now;
    int64_t since_mono_ms; /* of the state */
    int64_t retry_after_ms;
    bool was_up; /* since the last line in the log */
    bool closing;
    int handles_open; /* uv handles and requests that hold the store */

    int64_t offset_ms; /* the server's clock minus our boot time */
    int64_t measured_mono_ms;

    struct request_list gathered; /* in this turn of the loop */
    struct request_list parked;   /* waiting for the connection */
    struct request_list sent;
    struct request_list spare; /* done with, kept for the next */
    bool sweeping;
    bool sweep_told;  /* in this round */
    uint64_t refused; /* operations, since the last line in the log about it */
    int64_t tell_again_mono_ms;
    char *why;         /* of the last failure to connect */
    char *setup_error; /* that the server gave while this connection was set up */
};

/* redis_now_ms is the clock that all workers share: the server's. */
int64_t redis_now_ms(const struct redis_store *s);

/* request_merges tells whether the script serves several operations: posts, claims, deletions. */
static inline bool request_merges(enum op_code code)
{
    return code == OP_message_post || code == OP_claim_create || code == OP_message_delete;
}

/* request_gather puts an operation into a request of this turn: into one that it may join, else into one of
 * its own (gather.c). */
void request_gather(struct redis_store *s, struct op *op);

/* request_done gives the outcomes to whoever waits, request_refuse one and the same to all. r is then the
 * store's again. request_free is for spare ones, at the end. */
void request_done(struct redis_store *s, struct request *r);
void request_refuse(struct redis_store *s, struct request *r, enum status st, const char *why);
void request_free(struct request *r);

/* request_send hands the command to hiredis; the reply comes to redis_on_reply. */
void request_send(struct redis_store *s, struct request *r);

/* reply_take fills the outcomes of r's operations. REPLY_AGAIN: the same request is to be sent once
 * more. What is refused is logged. Slices of the outcomes point into reply, or into r's arena. */
enum reply_verdict { REPLY_DONE, REPLY_AGAIN };
enum reply_verdict reply_take(struct redis_store *s, struct request *r, const redisReply *reply,
                              struct arena *a);

/* reply_time reads the answer to TIME; false: it is something else. */
bool reply_time(const redisReply *reply, int64_t *now_ms);

/* redis_on_reply is hiredis' callback for requests. */
void redis_on_reply(redisAsyncContext *ac, void *reply, void *request);

/* redis_attach has the loop serve a connection that has begun; false: it doesn't take the socket. */
bool redis_attach(redisAsyncContext *ac, uv_loop_t *loop);

/* redis_sweep starts a round of the sweeper; sweep.c. */
void redis_sweep(struct redis_store *s);

#endif
