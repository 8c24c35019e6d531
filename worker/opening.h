/* worker/opening.h - opens a store without blocking the loop, also one whose driver waits for a disk. */
#ifndef WORKER_OPENING_H
#define WORKER_OPENING_H

#include "worker/store.h"

/* Embedded by whoever wants the store; stays where it is until opened has run. */
struct opening {
    /* opened runs on the loop, once, later. ST_OK: *store is open, and the receiver's. */
    void (*opened)(struct opening *o);
    enum status st;
    struct failure f;
    struct store *store;
    /* private: */
    const struct store_host *host;
    char *uri;
    uv_work_t work;
};

/* opening_start begins; opened is set, uri is copied. */
void opening_start(struct opening *o, const struct store_host *host, struct slice uri);

#endif
