/* worker/stages.h - the pipeline of a worker: what messages pass between the listener and the pools.
 *
 * worker/stage.h is the contract of a stage; here is who calls them. An operation that no stage has to do
 * with goes straight on: that is every one without bodies, and a post as long as there are no filters and
 * its queue is not encrypted. Everything runs on the loop, but the passing itself if a stage blocks.
 */
#ifndef WORKER_STAGES_H
#define WORKER_STAGES_H

#include "common/mailbox.h"
#include "worker/stage.h"

struct stages;

struct stages_options {
    struct mailbox *mailbox; /* drained on the loop */
    /* submit hands an operation to its store. */
    void (*submit)(void *context, struct op *op);
    /* refuse answers one later, never inside; its st and f are set. */
    void (*refuse)(void *context, struct op *op);
    void *context;
};

struct stages *stages_new(const struct stages_options *options);

/* stages_read adds the stages of [stages] pipeline; keys is [transport] message_encryption_keys. ST_INVALID: f says
 * which one can't be had, and why. */
enum status stages_read(struct stages *s, struct slice pipeline, struct slice keys,
                        struct failure *f);

/* stages_add adds one behind the others. */
enum status stages_add(struct stages *s, struct slice name, const struct stage_ops *ops,
                       struct slice argument, struct failure *f);

/* stages_submit takes an operation: op->done runs once, later, never inside. */
void stages_submit(struct stages *s, struct op *op);

/* stages_stop waits for what is passing, if a stage blocks, and submits it: before the pools are closed, and
 * nothing may be submitted any more. stages_free comes after them. */
void stages_stop(struct stages *s);
void stages_free(struct stages *s);

#endif
