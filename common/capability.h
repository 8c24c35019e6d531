/* common/capability.h - what a store promises, as the API names it. A store's driver states it, the catalog
 * keeps it with each pool, flavors show it.
 *
 * The numbers lie in catalogs and on the wire: append, never renumber. The low bits are the store contract's own
 * (worker/store.h). */
#ifndef COMMON_CAPABILITY_H
#define COMMON_CAPABILITY_H

/* Name in C, bit, name in the API: in the order in which the API lists them. */
#define CAPABILITY_MAP(X)                                                                          \
    X(FIFO, 1u << 8, "FIFO")                        /* messages keep their order */                \
    X(CLAIMS, 1u << 9, "CLAIMS")                    /* messages can be claimed */                  \
    X(DURABILITY, 1u << 10, "DURABILITY")           /* what is acknowledged is on disk, always */  \
    X(AOD, 1u << 11, "AOD")                         /* each message is delivered once at least */  \
    X(HIGH_THROUGHPUT, 1u << 12, "HIGH_THROUGHPUT") /* many clients at once make it no slower */

enum capability {
#define CAPABILITY_ENUM(name, bit, text) CAPABILITY_##name = (bit),
    CAPABILITY_MAP(CAPABILITY_ENUM)
#undef CAPABILITY_ENUM
#define CAPABILITY_BIT(name, bit, text) (bit) |
        CAPABILITY_ALL = CAPABILITY_MAP(CAPABILITY_BIT) 0
#undef CAPABILITY_BIT
};

#endif
