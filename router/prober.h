/* router/prober.h - finds out whether the catalog and the stores do their work, by having them do some.
 *
 * A round makes a queue in each pool, posts to it, claims, lists, deletes, and has it forgotten again. The
 * queue belongs to the project with the empty name, which no client can have. It is deleted from the
 * catalog as soon as it is made: so whatever becomes of the round, of this router or of a store in the
 * middle of it, the catalog knows what is left to be dropped, and a worker drops it (worker/registrar.h).
 *
 * One per router thread, on its loop. Whoever asks while a round is under way gets the outcome of that
 * one, so any number of questions at a time is one round's work.
 */
#ifndef ROUTER_PROBER_H
#define ROUTER_PROBER_H

#include "catalog/service.h"
#include "common/config.h"
#include "router/dispatch.h"

struct prober;

/* What is tried out, in this order, with the names of the API. */
#define PROBE_STEPS(X)                                                                             \
    X(create_queue)                                                                                \
    X(post_messages)                                                                               \
    X(claim_messages)                                                                              \
    X(list_messages)                                                                               \
    X(delete_messages)                                                                             \
    X(delete_claim)                                                                                \
    X(bulk_delete_messages)                                                                        \
    X(delete_queue)

enum probe_step {
#define PROBE_STEP(name) PROBE_##name,
    PROBE_STEPS(PROBE_STEP)
#undef PROBE_STEP
        PROBE_STEP_COUNT
};

const char *probe_step_name(enum probe_step step);

struct probe_outcome {
    bool tried; /* what comes behind a failure isn't, but for delete_queue */
    bool succeeded;
    int64_t us;                    /* that it took */
    unsigned char ref[UUID_BYTES]; /* names the failure in the log */
};

struct pool_health {
    struct slice pool; /* empty: the default store */
    bool reachable;
    struct probe_outcome steps[PROBE_STEP_COUNT];
    uint64_t free,
        claimed; /* messages of the probe, as the store counted them in the middle of it */
};

struct health_report {
    bool catalog_reachable;
    const struct pool_health *pools;
    uint32_t n;
};

/* health_is_good: nothing is away and nothing has failed. */
bool health_is_good(const struct health_report *report);

/* A question. Whoever asks embeds it and fills done. */
struct probe_call {
    /* runs once, later, never inside prober_ask; the report lives until it returns */
    void (*done)(struct probe_call *call, const struct health_report *report);
    TAILQ_ENTRY(probe_call) waiting; /* private */
};

struct prober_options {
    const struct config *config;
    struct catalog_service *service;
    struct mailbox *mailbox; /* drained on the loop */
    struct dispatch *dispatch;
};

struct prober *prober_new(const struct prober_options *options);

/* prober_free comes when the dispatch is closed and the mailbox drained. */
void prober_free(struct prober *p);

void prober_ask(struct prober *p, struct probe_call *call);

/* prober_forget is for questions whose client has gone; the round goes on to its end. */
void prober_forget(struct prober *p, struct probe_call *call);

#endif
