/* worker/worker.h - a worker: stores, a listener for routers, a registrar, on one event loop.
 *
 * worker_new sets it up, worker_run serves on the calling thread until worker_stop, which any thread
 * may call once. A worker may be killed at any instant: it holds nothing that is not in a store. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "common/config.h"
#include "common/metrics.h"

struct worker;

/* worker_new opens the default store and the listener. url NULL: as configured. Borrows config, and the
 * registry in which it counts. */
enum status worker_new(const struct config *config, const char *url, struct metrics *metrics,
                       struct worker **w, struct failure *f);

/* worker_url is where it listens. */
const char *worker_url(const struct worker *w);

/* worker_missing says what keeps it from serving: NULL while routers can find it. From any thread, until
 * worker_free. */
const char *worker_missing(void *worker);

void worker_run(struct worker *w);

/* worker_stop takes the worker out of the catalog, lets it answer what it has begun, and makes
 * worker_run return. */
void worker_stop(struct worker *w);

void worker_free(struct worker *w);

#endif
