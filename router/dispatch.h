/* router/dispatch.h - gets operations carried out by some live worker (D4, D5, D6).
 *
 * One per router thread, with links of its own to every worker. The worker for a queue is the one
 * whose (worker, pool, project, queue) hashes highest among those that are reached: a queue's
 * operations meet in one worker while it lives, and spread over the others when it goes.
 *
 * An operation whose link is lost is sent again, under the same key, to the next worker; one that
 * finds no worker waits for one. Either way its deadline holds: then it ends with ST_TIMEOUT or
 * ST_UNAVAILABLE. Outstanding operations are bounded.
 */
#ifndef ROUTER_DISPATCH_H
#define ROUTER_DISPATCH_H

#include "catalog/service.h"
#include "common/jobs.h"
#include "common/op.h"
#include "router/metrics.h"

#include <h2o.h>
#include <sys/queue.h>

struct dispatch;
struct worker_link;

struct dispatch_options {
    h2o_loop_t *loop;
    struct mailbox *mailbox; /* drained on the loop */
    struct jobs *closers;
    uint32_t operations_max; /* outstanding */
    int64_t timeout_ms;      /* of every operation */
    int64_t link_timeout_ms; /* of a worker that owes answers and is silent */
    const struct router_meter *meter;
};

/* An operation on its way. Whoever asks embeds it, fills op's code, queue, key, in and done, and keeps
 * everything that in points at until done. */
struct routed_op {
    struct op op; /* first */
    /* private: */
    TAILQ_ENTRY(routed_op) by_deadline;
    TAILQ_ENTRY(routed_op) by_link; /* of its link, or of those that wait for one */
    struct worker_link *link;
    uint32_t slot;
    unsigned attempts;
    int64_t submitted_mono_us;
};

struct dispatch *dispatch_new(const struct dispatch_options *options);

/* dispatch_close drops the links; what is outstanding ends with ST_UNAVAILABLE. dispatch_free comes
 * when the mailbox has been drained after that and the closers are through. */
void dispatch_close(struct dispatch *d);
void dispatch_free(struct dispatch *d);

/* dispatch_workers takes over a new set of workers; set is taken. */
void dispatch_workers(struct dispatch *d, struct worker_set *set);

/* dispatch_submit starts an operation. ST_OK: done will run, later, never inside. Else: it won't. */
enum status dispatch_submit(struct dispatch *d, struct routed_op *r);

/* dispatch_forget is for operations whose client has gone: done will not run any more. */
void dispatch_forget(struct dispatch *d, struct routed_op *r);

/* dispatch_turn ends a turn of the loop: sends the frames, ends what is late. Returns the
 * milliseconds for which the loop may sleep. */
int dispatch_turn(struct dispatch *d);

/* dispatch_outstanding counts operations under way; dispatch_reached the workers with a link up. */
uint32_t dispatch_outstanding(const struct dispatch *d);
uint32_t dispatch_reached(const struct dispatch *d);

#endif
