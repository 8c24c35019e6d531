/* catalog/placement.h - in which pool a new queue is made.
 *
 * One of those that are not set aside for a flavor, or of those of the flavor that the queue asks for, with a
 * probability of its weight among all weights. A queue with dead letters is made where its dead letter queue
 * lives already, as messages move within a pool only.
 */
#ifndef CATALOG_PLACEMENT_H
#define CATALOG_PLACEMENT_H

#include "catalog/catalog.h"

/* What a new queue asks for. */
struct placement {
    struct slice project;
    struct slice flavor;       /* empty: none */
    struct slice dead_letters; /* name of its dead letter queue; empty: none */
};

/* Dice give a number below limit, which is 1 at least. random_below of common/random.h; tests bring theirs. */
typedef uint64_t dice_fn(uint64_t limit);

/* A choice among candidates that come one after the other. All zeros is ready for the first. */
struct placement_choice {
    struct slice pool; /* chosen so far, borrowed; absent: none */
    uint64_t weight;   /* of all so far */
};

/* placement_consider takes another candidate into account: of all that were considered, each is chosen with a
 * probability of its weight among all weights. */
void placement_consider(struct placement_choice *choice, const struct pool_record *pool,
                        dice_fn *dice);

/* placement_choose reads the catalog and gives the name of the pool, in a.
 *
 * ST_NOT_FOUND    the project has no such flavor
 * ST_REFUSED      no pool may be chosen
 * ST_INVALID      the dead letter queue lives where the queue may not; f has a sentence for the user */
enum status placement_choose(struct catalog *c, const struct placement *p, dice_fn *dice,
                             struct arena *a, struct slice *pool, struct failure *f);

/* placement_check_capabilities is for a pool that is to be in a flavor of project: ST_INVALID if its
 * capabilities differ from those of the flavor's first pool, itself aside. */
enum status placement_check_capabilities(struct catalog *c, struct slice project,
                                         const struct pool_record *pool, struct failure *f);

#endif
