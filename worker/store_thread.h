/* worker/store_thread.h - turns a blocking driver into a store that never blocks.
 *
 * The loop gathers operations; one thread per store takes all that have gathered, hands them to the
 * driver as a batch, and mails the outcomes back. While a batch runs the next one gathers, so a slow
 * disk makes batches larger, not the line longer: group commit by itself.
 *
 * A driver is a table of functions that all run on that one thread.
 */
#ifndef WORKER_STORE_THREAD_H
#define WORKER_STORE_THREAD_H

#include "common/arena.h"
#include "worker/store.h"

enum { THREAD_BATCH_MAX = 512 };

/* An operation on its way through the thread. */
struct thread_call {
    struct op *op;
    bool again; /* set by run: not finished, to be run in the next batch */
};

struct thread_driver {
    /* open runs before the thread's life, on whatever thread opens the store; close is the last that the
     * thread does. */
    enum status (*open)(const struct store_host *host, struct slice uri, void **state,
                        struct failure *f);
    void (*close)(void *state);

    /* run carries out n operations, in order, and fills their outcomes; results live in a, which
     * lives until every op->done has returned. All that is answered ST_OK is durable when run
     * returns. */
    void (*run)(void *state, struct thread_call *calls, size_t n, int64_t now_ms, struct arena *a);

    /* sweep removes a bounded number of expired messages. True: there is more. */
    bool (*sweep)(void *state, int64_t now_ms);
};

/* The functions of a struct store_ops; open needs the driver. */
enum status store_thread_open(const struct store_ops *ops, const struct thread_driver *driver,
                              const struct store_host *host, struct slice uri, struct store **s,
                              struct failure *f);
void store_thread_close(struct store *s);
void store_thread_submit(struct store *s, struct op *op);
void store_thread_flush(struct store *s);
void store_thread_sweep(struct store *s);

#endif
