/* catalog/pool.h - pools and flavors: which stores there are for queues, and which of them a queue may choose.
 *
 * A pool is one store, by its URI. A flavor names some of the pools, for one project; a pool is in one
 * flavor of a project at most. What is in a flavor of any project is set aside: only queues that ask for the
 * flavor go there.
 */
#ifndef CATALOG_POOL_H
#define CATALOG_POOL_H

#include "common/arena.h"
#include "common/slice.h"

#include <stdint.h>

/* A pool as the catalog has it. What a project sees of its flavors depends on the project that asks. */
struct pool_record {
    struct slice name;
    struct slice uri;      /* may hold a password: never in a log as it is */
    uint32_t weight;       /* the share of new queues that it gets; 0: none */
    struct slice options;  /* a JSON object, for whoever reads it */
    uint32_t capabilities; /* of enum capability, as a worker found them */
    struct slice flavor;   /* that it is in, of the project that asks; empty: none */
    bool set_aside;        /* it is in a flavor, be it of another project; read only */
    uint64_t revision;     /* of the catalog, at its last change; read only */
};

/* A flavor with its pools, by name. */
struct flavor_record {
    struct slice name;
    const struct pool_record *pools;
    uint32_t pools_n;
};

/* What keeps a pool from being removed. */
struct pool_use {
    uint64_t queues;     /* that live there */
    uint64_t dropped;    /* that were deleted, and whose messages are not all gone yet */
    struct slice flavor; /* whose last pool it is; empty: none */
};

#endif
