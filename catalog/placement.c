#include "catalog/placement.h"

enum { POOLS_AT_A_TIME = 100 };

void placement_consider(struct placement_choice *choice, const struct pool_record *pool,
                        dice_fn *dice)
{
    if (pool->weight == 0)
        return;
    choice->weight += pool->weight;
    if (dice(choice->weight) < pool->weight)
        choice->pool = pool->name;
}

/* ---- Without a flavor ------------------------------------------------------------------------- */

static enum status choose_among_all(struct catalog *c, dice_fn *dice, struct arena *a,
                                    struct placement_choice *choice, struct failure *f)
{
    struct slice after = SLICE("");
    uint32_t n;

    do {
        struct pool_record *list;
        enum status st = c->ops->pool_list(c, SLICE(""), after, POOLS_AT_A_TIME, a, &list, &n, f);

        if (st != ST_OK)
            return st;
        for (uint32_t i = 0; i < n; i++)
            if (!list[i].set_aside)
                placement_consider(choice, &list[i], dice);
        if (n > 0)
            after = list[n - 1].name;
    } while (n == POOLS_AT_A_TIME);
    return ST_OK;
}

/* ---- With one --------------------------------------------------------------------------------- */

static enum status choose_in_flavor(struct catalog *c, const struct placement *p, dice_fn *dice,
                                    struct arena *a, struct placement_choice *choice,
                                    struct failure *f)
{
    struct flavor_record flavor;
    enum status st = c->ops->flavor_get(c, p->project, p->flavor, a, &flavor, f);

    for (uint32_t i = 0; st == ST_OK && i < flavor.pools_n; i++)
        placement_consider(choice, &flavor.pools[i], dice);
    return st;
}

/* ---- Beside the dead letters ------------------------------------------------------------------ */

/* check_there looks whether a queue of this flavor may be made in that pool. Its weight doesn't matter: a
 * queue that belongs there comes. */
static enum status check_there(struct catalog *c, const struct placement *p, struct slice name,
                               struct arena *a, struct failure *f)
{
    struct pool_record pool = {.flavor = SLICE("")};
    enum status st = name.len == 0 ? ST_OK : c->ops->pool_get(c, p->project, name, a, &pool, f);

    if (st == ST_NOT_FOUND)
        return fail(f, ST_UNAVAILABLE, "the pool of the dead letter queue has gone");
    if (st != ST_OK)
        return st;
    if (p->flavor.len > 0 ? slice_eq(pool.flavor, p->flavor) : !pool.set_aside)
        return ST_OK;
    return fail(f, ST_INVALID,
                "_dead_letter_queue names a queue that lives in a pool of another flavor: give "
                "this one the same _flavor, or name a queue that does not exist yet");
}

/* find_dead_letters gives the pool of the dead letter queue, in a. ST_NOT_FOUND: it doesn't exist, and will be
 * made where it is needed. */
static enum status find_dead_letters(struct catalog *c, const struct placement *p, struct arena *a,
                                     struct slice *pool, struct failure *f)
{
    struct queue_record *r;
    enum status st = p->dead_letters.len == 0
                         ? ST_NOT_FOUND
                         : c->ops->queue_find(c, p->project, p->dead_letters, &r, f);

    if (st != ST_OK)
        return st;
    *pool = arena_copy(a, r->pool);
    queue_record_unref(r);
    return ST_OK;
}

enum status placement_choose(struct catalog *c, const struct placement *p, dice_fn *dice,
                             struct arena *a, struct slice *pool, struct failure *f)
{
    struct placement_choice choice = {.pool = {NULL, 0}};
    enum status st = p->flavor.len > 0 ? choose_in_flavor(c, p, dice, a, &choice, f)
                                       : choose_among_all(c, dice, a, &choice, f);

    if (st != ST_OK)
        return st;
    st = find_dead_letters(c, p, a, pool, f);
    if (st == ST_OK)
        return check_there(c, p, *pool, a, f);
    if (st != ST_NOT_FOUND)
        return st;
    if (choice.pool.p == NULL)
        return fail(f, ST_REFUSED, "no pool can take a new queue");
    *pool = choice.pool;
    return ST_OK;
}

/* ---- Joining a flavor ------------------------------------------------------------------------- */

enum status placement_check_capabilities(struct catalog *c, struct slice project,
                                         const struct pool_record *pool, struct failure *f)
{
    struct arena a = {0};
    struct flavor_record flavor = {.pools_n = 0};
    enum status st = pool->flavor.len == 0
                         ? ST_OK
                         : c->ops->flavor_get(c, project, pool->flavor, &a, &flavor, f);

    if (st == ST_NOT_FOUND)
        st = ST_OK; /* it is still to be made, but may have pools */
    for (uint32_t i = 0; i < flavor.pools_n && st == ST_OK; i++) {
        if (slice_eq(flavor.pools[i].name, pool->name))
            continue;
        if (flavor.pools[i].capabilities != pool->capabilities)
            st = fail(f, ST_INVALID, "the store can't do what the other pools of the flavor can");
        break;
    }
    arena_fini(&a);
    return st;
}
