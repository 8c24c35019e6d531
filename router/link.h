/* router/link.h - one router thread's way to one worker (common/wire.md).
 *
 * A nng raw REQ socket with one dialer. Its descriptor is polled by the h2o loop. Operations gather in
 * a frame and leave together at the end of the turn. A link that has lost its pipe is of no use any
 * more: what nng still holds for it must not be delivered later, so it is closed and a new one made.
 *
 * All calls and callbacks belong to the loop's thread.
 */
#ifndef ROUTER_LINK_H
#define ROUTER_LINK_H

#include "common/jobs.h"
#include "common/mailbox.h"
#include "common/wire.h"

#include <h2o.h>

struct link;

struct link_options {
    h2o_loop_t *loop;
    struct mailbox *mailbox; /* drained on the loop */
    struct jobs *closers;    /* where sockets are closed: nng may wait for its threads */
    struct slice url;        /* of the worker */
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

/* link_flush sends the frame. False: nng has no room now; call again soon. */
bool link_flush(struct link *l);

#endif
