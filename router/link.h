/* router/link.h - one router thread's way to one worker (common/wire.md).
 *
 * A nng raw REQ socket with one dialer. Its descriptor is polled by the h2o loop. Operations gather in
 * a frame and leave together at the end of the turn. A link that has lost its pipe is of no use any
 * more: what nng still holds for it must not be delivered later, so it is closed and a new one made.
 *
 *     dialling --pipe--> greeting --first frame--> up --> down, and closed
 *
 * That a worker has gone is usually told by nng, at once. A worker that stands still, a network that
 * swallows everything, and a libnng 1.5.2 whose only reaping thread hangs (a read that it takes up
 * again while the pipe is being closed never ends) tell nothing. So a link whose worker owes something
 * is watched: after half of timeout_ms without a frame the worker is asked for a sign of life, and
 * after the other half the link is down. A link is up when the worker itself, not nng, has answered.
 *
 * All calls and callbacks belong to the loop's thread.
 */
#ifndef ROUTER_LINK_H
#define ROUTER_LINK_H

#include "common/jobs.h"
#include "common/mailbox.h"
#include "common/wire.h"
#include "router/metrics.h"

#include <h2o.h>

struct link;

struct link_options {
    h2o_loop_t *loop;
    struct mailbox *mailbox; /* drained on the loop */
    struct jobs *closers;    /* where sockets are closed: nng may wait for its threads */
    struct slice url;        /* of the worker */
    int64_t timeout_ms;      /* of silence, while the worker owes something */
    const struct router_meter *meter;
    void *context;

    /* on_up: the worker is reached; operations may be added from now on. */
    void (*on_up)(void *context, struct link *l);
    /* on_down: it is lost, or speaks another protocol. The link is to be closed. */
    void (*on_down)(void *context, struct link *l, const char *why);
    /* on_outcomes: a reply frame; r stands behind its header. */
    enum status (*on_outcomes)(void *context, struct link *l, struct wire_reader *r,
                               struct failure *f);
};

enum status link_open(const struct link_options *options, struct link **l, struct failure *f);

/* link_close drops the socket without waiting. No callback comes any more. */
void link_close(struct link *l);

/* link_add puts an operation into the frame of this turn. */
void link_add(struct link *l, const struct wire_op *w, const struct op *op);

/* link_expect: from now on the worker owes outcomes; called when it owed none until now. */
void link_expect(struct link *l);

/* link_watch looks after the worker's signs of life. owes: outcomes are due. May call on_down, after
 * which l is gone. Returns the milliseconds after which it wants to be called again. */
int64_t link_watch(struct link *l, bool owes, int64_t now_mono_ms);

/* link_flush sends the frame, once it has as many operations as were sent since the worker's last frame: a
 * frame costs both processes several changes of thread, whatever is in it, and the worker can do more at
 * once with many. After 3 ms it goes anyway. False: call again within a millisecond. */
bool link_flush(struct link *l, int64_t now_mono_ms);

#endif
