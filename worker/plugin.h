/* worker/plugin.h - shared objects that a worker loads: message stores and message filters of others.
 *
 * A store exports   const struct store_ops nusku_store_plugin   (worker/store.h, [storage] plugin)
 * A filter exports  const struct stage_ops nusku_stage_plugin   (worker/stage.h, [stages] pipeline)
 *
 * ABI       Both begin with a number, STORE_ABI or STAGE_ABI: a version in the upper half, and in the
 *           lower one the sizes of what is handed over. A worker takes what was built with its own
 *           number, and nothing else; so a plug-in is built anew for each release that changes it.
 * Symbols   A worker exports none. What a plug-in may call stands in struct host_calls; of the headers it
 *           may use types and inline functions. It is loaded with all its symbols bound: a function
 *           that nobody has is an error at the start, not later.
 * Life      Loaded once, before the first store is opened; never unloaded.
 * Trust     A plug-in is part of the worker: it sees every message in clear, and can end the process.
 */
#ifndef WORKER_PLUGIN_H
#define WORKER_PLUGIN_H

#include "common/arena.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/status.h"

/* PLUGIN_ABI joins a version and a size to a number. */
#define PLUGIN_ABI(version, bytes) ((unsigned)(version) << 16 | ((unsigned)(bytes)&0xffff))

/* NUSKU_EXPORT stands before what a plug-in exports, so that the rest may be built hidden. */
#define NUSKU_EXPORT __attribute__((visibility("default")))

/* What a worker does for a plug-in; valid for ever. What is called like a function of a header does what
 * is said there. */
struct host_calls {
    /* memory that goes with the operation: results, changed bodies; never NULL */
    void *(*arena_alloc)(struct arena *a, size_t bytes);
    enum status (*fail)(struct failure *f, enum status st, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
    /* any thread; no bodies, no secrets */
    void (*log_line)(enum log_level level, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
    /* any thread: a store with threads of its own gets back to the loop by it */
    void (*mailbox_post)(struct mailbox *box, struct mail *m);
};

#endif
