/* worker/stage.h - a stage of the pipeline that messages pass between routers and stores: a message
 * filter. Encryption is one; plug-ins bring others (worker/plugin.h).
 *
 *   router ── post ──▶ stage 1 ─▶ stage 2 ─▶ store        enter, in the order of [stages] pipeline
 *   router ◀── list, get, claim, pop ── 1 ◀── 2 ◀── store    leave, in the reverse order
 *
 * Verdicts  PASS: go on with *body, which the stage may have replaced (by bytes of the arena, or its own
 *           that never change). DROP: the message is left out; on the way in it is never stored, its post
 *           succeeds, and the client is told the ids of those that were kept. REJECT, on the way in: the
 *           whole post is refused, and nothing of it is stored; with fail(why, ST_REJECTED, reason) the client
 *           gets 400 with the reason, with ST_REFUSED 503. REJECT, on the way out: the message can't be
 *           read. A list, a look-up by id and the reading of a claim then fail with 503. A new claim is
 *           answered with the others, and holds this one until it ends; a pop is answered with the others,
 *           and puts this one back at the end of the queue. Nothing is lost.
 * Bodies    JSON text, unless a stage before made something else of them. A body that a stage makes is JSON, or
 *           begins with a byte below 0x09 which its leave knows (0x01 is that of encryption): whatever
 *           comes to the router must be JSON. A new JSON body on the way in gets a checksum of its own,
 *           if its message had one.
 * Dead      Messages that become dead letters don't pass: what was made in one queue of a project must be
 *   letters readable in another one.
 * Retries   A post may come again (worker/store.h), and passes again. It need not become the same: if the
 *           first one was carried out, its answer is repeated whatever the stages say now.
 * Time      enter and leave run on the worker's event loop, which serves all queues: some microseconds, no
 *           waiting, no input or output. A stage with STAGE_BLOCKS may take its time: then all messages
 *           pass the pipeline on a thread of its own, one post or answer after the other. A router gives up after
 *           [router] operation_timeout.
 * Threads   All calls of a stage come from one thread at a time; open and close from the loop's.
 */
#ifndef WORKER_STAGE_H
#define WORKER_STAGE_H

#include "common/op.h"
#include "worker/plugin.h"

struct stage_message {
    const struct queue_ref *queue;
    struct slice client; /* on the way in: who posts, in its stored form */
    uint32_t ttl_s;      /* on the way in */
    uint32_t delay_s;    /* on the way in */
    bool encrypt;        /* on the way in: the queue wants its bodies encrypted at rest */
    const struct message
        *stored; /* on the way out; its body is the one in the store. NULL on the way in */
};

enum stage_verdict { STAGE_PASS, STAGE_DROP, STAGE_REJECT };

enum stage_flag {
    STAGE_BLOCKS = 1, /* enter or leave may wait */
};

/* Version 1: the first. */
#define STAGE_ABI                                                                                  \
    PLUGIN_ABI(1, sizeof(struct stage_message) + sizeof(struct queue_ref) +                        \
                      sizeof(struct message) + sizeof(struct host_calls) +                         \
                      sizeof(struct stage_ops))

typedef enum stage_verdict stage_pass_fn(void *state, const struct stage_message *m,
                                         struct slice *body, struct arena *a, struct failure *why);

struct stage_ops {
    unsigned abi;   /* STAGE_ABI */
    unsigned flags; /* of enum stage_flag */

    /* open makes the stage's state. argument is what stands behind its name in [stages] pipeline, absent if
     * nothing does. ST_INVALID: f says what is wrong with it, and the worker ends. */
    enum status (*open)(const struct host_calls *host, struct slice argument, void **state,
                        struct failure *f);
    void (*close)(void *state);

    stage_pass_fn *enter; /* NULL: all messages pass */
    stage_pass_fn *leave; /* NULL: all messages pass */
};

extern const struct stage_ops stage_encryption;

#endif
