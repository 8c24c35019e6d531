/* worker/stage/pipeline.h - one message on its way through all stages, and what a stage may make of it. For
 * worker/stages.c, on whichever thread that is. */
#ifndef WORKER_STAGE_PIPELINE_H
#define WORKER_STAGE_PIPELINE_H

#include "worker/stage.h"

enum { STAGES_MAX = 16 };

struct stage {
    char *name;
    const struct stage_ops *ops;
    void *state;
};

struct pipeline {
    struct stage list[STAGES_MAX];
    size_t n;
};

/* pipeline_enter makes of a message of the post op what the store is to get: with STAGE_PASS in *m, whose slices
 * are the message's own or from a. */
enum stage_verdict pipeline_enter(const struct pipeline *p, const struct op *op,
                                  const struct new_message *posted, struct new_message *m,
                                  struct arena *a, struct failure *why);

/* pipeline_leave makes of a message of an answer to op what the client is to get: with STAGE_PASS *body is JSON. */
enum stage_verdict pipeline_leave(const struct pipeline *p, const struct op *op,
                                  const struct message *stored, struct slice *body, struct arena *a,
                                  struct failure *why);

#endif
