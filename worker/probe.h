/* worker/probe.h - is there a store at a URI, does it answer, and what can it do? */
#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

#include "worker/opening.h"

/* Embedded by whoever asks; stays where it is until done has run. */
struct probe {
    /* done runs on the loop, once, later, when the store is closed again. */
    void (*done)(struct probe *p);
    enum status st;   /* ST_OK; ST_INVALID: no driver takes the URI, or nothing answers there */
    struct failure f; /* why; no secrets */
    uint32_t capabilities; /* of enum capability */
    /* private: */
    const struct store_host *host;
    struct opening opening;
    struct op op;
    int64_t deadline_mono_ms;
};

/* probe_start opens the store, asks whether it answers by the deadline, and closes it. done is set. A file that
 * an embedded store makes stays. */
void probe_start(struct probe *p, const struct store_host *host, struct slice uri,
                 int64_t deadline_mono_ms);

#endif
