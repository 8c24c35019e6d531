/* worker/store.h - what a back end for messages must do, and may rely on.
 *
 * Threads   Everything is called on the worker's loop thread, and op->done must run there.
 * Blocking  Never. A driver whose client library blocks is written against store_thread.h instead,
 *           which gives it a thread and turns batches of operations over to it.
 * Calls     submit takes the operation: op->done runs exactly once, later, never inside submit.
 *           Before that the driver fills op->st (and op->f unless it is ST_OK), op->now_ms and
 *           op->out, whose slices need to live only until done returns.
 * Ticks     submit may gather; flush is called at the end of each turn of the loop and sends what
 *           was gathered. Operations of one queue are carried out in the order of submit.
 * Time      *_s are whole seconds, *_ms milliseconds since 1970 UTC. "Now" is the back end's clock
 *           where it has one that all workers share, else host->now_ms().
 * Retries   An operation may come again within 8 s under the same op->key, through another worker
 *           too, and then has op->again set; and the one without it may be late and come last.
 *           Change nothing the second time and answer as the first time (message_post, message_pop,
 *           claim_create, subscription_put, subscription_update, subscription_confirm). The other operations are such that doing them twice is doing them once.
 * Cost      O(k log n) for k messages touched of n in the queue. Claimed, delayed and expired
 *           messages are never walked over: each is settled once, when its time has come.
 * Atomic    Each operation is all or nothing, and durable as the back end is configured to be
 *           once it is answered ST_OK.
 * Errors    ST_UNAVAILABLE: not reached, or lost on the way (it may have happened: the router asks
 *           again, under the same key). ST_TIMEOUT: not begun by op->deadline_mono_ms. ST_REFUSED: the
 *           back end is there, but won't (full, read-only, in the middle of something); the
 *           store logs it. Others below.
 *
 * What the operations mean, by op->code (arguments and results: common/op.h):
 *
 *   message_post    appends all messages or none. Ids rise in posting order, per queue, for ever:
 *                   also across a queue that was emptied. A message can be claimed, popped and
 *                   listed delay_s after its posting, and is gone ttl_s after it. Without any message
 *                   (stages have dropped them) nothing is appended, but the operation is known when
 *                   it comes again: which may then have another number of messages, whatever came
 *                   first is answered.
 *   message_list    up to limit messages after the marker, oldest first. Without echo those of
 *                   client are left out, and the page is filled with others. The marker need not
 *                   exist any more. One of an earlier life of the queue (a smaller epoch) stands
 *                   before all messages, one of a later life behind all.
 *   message_get     those that exist, in the order asked for, claimed or delayed or not.
 *   message_delete  by op.h's delete_rule. ST_CLAIMED, ST_NOT_CLAIMED, ST_CLAIM_GONE: nothing was
 *                   deleted. Ids that don't exist are no error.
 *   message_pop     takes and deletes up to limit free, due messages, oldest first.
 *   claim_create    holds up to limit free, due messages, oldest first, for ttl_s, under the claim
 *                   id op->key. A message that would end before the claim lives on to the claim's
 *                   end plus grace_s. Each claim counts. With dead letters, a message that was
 *                   claimed max_count times already moves to the end of the target instead, with
 *                   its id, body and creation time. None free is ST_OK and no claim.
 *   claim_get       the claim's age and ttl and the messages still in it. ST_NOT_FOUND: unknown,
 *                   ended, or all of its messages deleted.
 *   claim_renew     starts the claim anew from now. ST_NOT_FOUND.
 *   claim_release   frees its messages at once. An unknown claim is no error.
 *   queue_stats     what exists and has not expired. Delayed messages count as free.
 *   queue_purge     deletes every message and claim, every subscription, or both, by what.
 *   queue_drop      purges, and leaves nothing behind in the back end.
 *   store_ping      ST_OK if the back end answers.
 *
 * Subscriptions belong to one life of a queue. They are there until their ttl is over, exactly, and are
 * found by id or subscriber, whose bytes are compared.
 *
 *   subscription_put      creates one, not confirmed, behind all others of the queue. If the subscriber
 *                         has one, it stays as it is, and its id and state are answered. ST_FULL: it
 *                         would be one more than `most`.
 *   subscription_list     up to limit, in the order of creation, after the marker, for which the same
 *                         holds as for messages.
 *   subscription_get      ST_NOT_FOUND.
 *   subscription_update   changes what is given. A ttl counts from now. A new subscriber has yet to
 *                         confirm. ST_NOT_FOUND; ST_CONFLICT: the subscriber has another one.
 *   subscription_delete   one that doesn't exist is no error.
 *   subscription_confirm  sets whether the subscriber has agreed. ST_NOT_FOUND.
 *
 * To come with deliveries, and laid out now (ARCHITECTURE.md, "The outbox"), so that what is stored today
 * can stay: message_post also appends its messages to the queue's outbox if the queue has subscriptions, in
 * the same script or transaction; a delayed message enters when it becomes due. The worker then asks its
 * own stores, by operations that never travel:
 *
 *   outbox_find    queues of the store that have something to be delivered by now, from an index that all
 *                  queues share, as the sweeper has one.
 *   outbox_lease   up to limit deliveries of one queue, each a subscription with an entry, for lease_ms. A
 *                  subscription is leased whole, to one worker at a time: its first attempts are in order.
 *                  With `confirmed only` those that are not confirmed are passed over.
 *   outbox_ack     these deliveries are done: the subscription's place moves on behind them.
 *   outbox_retry   this one failed: it is set aside with its attempts so far and the time of the next, and the
 *                  place moves on, so that a failure holds nobody up.
 *   outbox_give_up this one is not tried any more: counted, and gone.
 *
 * All are O(k log n), are done twice as once, and take a lease's id: one that has ended changes nothing.
 *
 * (pool_probe is for no store: the worker opens the one that it names.)
 */
#ifndef WORKER_STORE_H
#define WORKER_STORE_H

#include "common/capability.h"
#include "common/op.h"
#include "worker/plugin.h"

#include <uv.h>

/* Add a line here for each change.
 *   1 first
 *   2 subscriptions; queue_purge tells what it is to delete
 *   3 struct store has up */
#define STORE_ABI                                                                                  \
    PLUGIN_ABI(3, sizeof(struct op) + sizeof(struct message) + sizeof(struct new_message) +        \
                      sizeof(struct subscription) + sizeof(struct store_host) +                    \
                      sizeof(struct store) + sizeof(struct store_ops))

enum store_capability {
    /* One process at a time should write: all queues of the pool go to one worker while it lives. */
    STORE_SINGLE_WRITER = 1,
    /* open may wait, for a disk or for another process, and may be called on any thread. */
    STORE_OPEN_BLOCKS = 2,
};

/* What a store may use of the worker; lives longer than the store. */
struct store_host {
    uv_loop_t *loop;
    struct mailbox *mailbox;        /* drained on the loop: for drivers with threads */
    int64_t (*now_ms)(void);        /* wall clock; tests move it */
    bool clock_is_fixed;            /* tests: don't measure the back end's clock against it */
    const struct host_calls *calls; /* for plug-ins */
};

struct thread_driver;

struct store {
    const struct store_ops *ops;
    const struct store_host *host;
    void (*closed)(struct store *s); /* set by store_close */
    void *closed_context;
    bool up; /* the driver says whether it is connected; for metrics */
};

struct store_ops {
    unsigned abi;        /* STORE_ABI, else the driver is refused */
    const char *schemes; /* of URIs, separated by '|' */
    unsigned
        capabilities; /* of enum store_capability, and of enum capability: what clients are promised */

    /* open reads the URI and starts connecting, without waiting: operations answer ST_UNAVAILABLE
     * until the back end is there. ST_INVALID: the URI is wrong. ST_UNAVAILABLE: an embedded back
     * end can't be opened. */
    enum status (*open)(const struct store_host *host, struct slice uri, struct store **s,
                        struct failure *f);

    /* close answers what is outstanding with ST_UNAVAILABLE, releases everything, and calls
     * s->closed, last, from the loop. */
    void (*close)(struct store *s);

    void (*submit)(struct store *s, struct op *op);
    void (*flush)(struct store *s);

    /* sweep starts to remove expired messages, a bounded amount, in the background. Called every
     * second or so. */
    void (*sweep)(struct store *s);

    /* Instead of the functions above: a driver that blocks (worker/store_thread.h). The worker gives it a
     * thread. */
    const struct thread_driver *driver;
};

extern const struct store_ops store_redis, store_sqlite;

/* store_add_driver adds one to those that are built in, for good: before any thread looks for one.
 * ST_CONFLICT: one of its schemes has a driver already. */
enum status store_add_driver(const struct store_ops *driver, struct failure *f);

/* store_find_driver finds the driver for a URI by its scheme; NULL and f if there is none. */
const struct store_ops *store_find_driver(struct slice uri, struct failure *f);

enum status store_open(const struct store_host *host, struct slice uri, struct store **s,
                       struct failure *f);

/* store_close calls closed, which finds context in s->closed_context, when all is released. */
void store_close(struct store *s, void (*closed)(struct store *s), void *context);

#endif
