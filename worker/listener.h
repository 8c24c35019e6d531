/* worker/listener.h - the worker's end of the links: frames in, operations out to the stores, outcomes
 * back (common/wire.md).
 *
 * One nng raw REP socket. Its descriptor is polled by the loop, which receives without blocking: one
 * hand-over between threads less than with nng's callbacks. Outcomes of one turn of the loop that go
 * to the same router leave as one frame.
 */
#ifndef WORKER_LISTENER_H
#define WORKER_LISTENER_H

#include "common/mailbox.h"
#include "common/op.h"
#include "worker/metrics.h"

#include <uv.h>

struct listener;

struct listener_options {
    uv_loop_t *loop;
    struct mailbox *mailbox;
    const char *url;         /* ipc://, tcp:// (port 0: any free one), inproc:// */
    uint32_t operations_max; /* outstanding; further ones are answered ST_OVERLOADED */
    /* take starts an operation. op->done must be called later, never inside take. */
    void (*take)(void *context, struct op *op);
    void *context;
    struct worker_metrics *metrics;
};

enum status listener_open(const struct listener_options *options, struct listener **l,
                          struct failure *f);

/* listener_url is where routers reach it: options->url with the real port. */
const char *listener_url(const struct listener *l);

/* listener_flush sends what has been answered; called at the end of each turn of the loop. */
void listener_flush(struct listener *l);

/* listener_outstanding counts operations that were taken and not answered. */
uint32_t listener_outstanding(const struct listener *l);

/* listener_close stops listening, drops the pipes and calls closed from the loop. Operations that are
 * still outstanding go on, and nobody hears what becomes of them. */
void listener_close(struct listener *l, void (*closed)(void *context));

/* listener_free comes when it is closed and the stores are, too. One of which operations are outstanding even
 * then is left to the end of the process. */
void listener_free(struct listener *l);

#endif
