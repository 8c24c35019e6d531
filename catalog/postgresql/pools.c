/* Pools and flavors in the PostgreSQL catalog.
 *
 * Changes follow one another, by a lock for all of them: they are rare. What they must not be mixed with
 * is the creation of queues, which holds its pool's row until it is over: whoever changes or removes a pool
 * locks that row first, and takes the revision last, as everybody does. */
#include "catalog/postgresql/postgresql.h"

/* ---- Steps of a change ------------------------------------------------------------------------ */

/* ask runs a statement. ST_OK: *r has rows, to be cleared; ST_NOT_FOUND: it has none. */
static enum status ask(struct postgresql_catalog *p, enum statement which,
                       const struct param *params, int n, PGresult **r, struct failure *f)
{
    enum status st = postgresql_run(p, which, params, n, r, f);

    if (st != ST_OK || PQntuples(*r) > 0)
        return st;
    PQclear(*r);
    return fail(f, ST_NOT_FOUND, "no such pool or flavor");
}

static enum status exists(struct postgresql_catalog *p, enum statement which,
                          const struct param *params, int n, struct failure *f)
{
    PGresult *r;
    enum status st = ask(p, which, params, n, &r, f);

    if (st == ST_OK)
        PQclear(r);
    return st;
}

static enum status begin(struct postgresql_catalog *p, struct failure *f)
{
    enum status st = postgresql_run(p, SQL_BEGIN, NULL, 0, NULL, f);

    return st == ST_OK ? postgresql_run(p, SQL_POOL_LOCK, NULL, 0, NULL, f) : st;
}

/* end commits when st is ST_OK, else it undoes everything, and returns the outcome of both. */
static enum status end(struct postgresql_catalog *p, enum status st, struct failure *f)
{
    struct failure ignored;

    if (st == ST_OK)
        return postgresql_run(p, SQL_COMMIT, NULL, 0, NULL, f);
    if (p->db != NULL) /* else the connection has gone, and the transaction with it */
        postgresql_run(p, SQL_ROLLBACK, NULL, 0, NULL, &ignored);
    return st;
}

static enum status note_change(struct postgresql_catalog *p, struct slice project,
                               struct slice name, uint64_t *revision, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    PGresult *r;
    enum status st = ask(p, SQL_NOTE_POOL, params, 2, &r, f);

    if (st != ST_OK)
        return st;
    *revision = (uint64_t)postgresql_number(r, 0, 0);
    PQclear(r);
    return ST_OK;
}

/* ---- Reading pools ---------------------------------------------------------------------------- */

/* row_pool reads a row of SQL_POOL_COLUMNS. */
static struct pool_record row_pool(const PGresult *r, int row, struct arena *a)
{
    return (struct pool_record){
        .name = arena_copy(a, postgresql_bytes(r, row, 0)),
        .uri = arena_copy(a, postgresql_bytes(r, row, 1)),
        .weight = (uint32_t)postgresql_number(r, row, 2),
        .options = arena_copy(a, postgresql_bytes(r, row, 3)),
        .capabilities = (uint32_t)postgresql_number(r, row, 4),
        .revision = (uint64_t)postgresql_number(r, row, 5),
        .flavor = arena_copy(a, postgresql_bytes(r, row, 6)),
        .set_aside = postgresql_number(r, row, 7) != 0,
    };
}

static enum status read_pools(struct postgresql_catalog *p, enum statement which,
                              const struct param *params, int params_n, struct arena *a,
                              struct pool_record **list, uint32_t *n, struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_run(p, which, params, params_n, &r, f);

    *n = 0;
    *list = NULL;
    if (st != ST_OK)
        return st;
    *list = arena_alloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++)
        (*list)[(*n)++] = row_pool(r, row, a);
    PQclear(r);
    return ST_OK;
}

enum status postgresql_pool_get(struct catalog *c, struct slice project, struct slice name,
                                struct arena *a, struct pool_record *pool, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    PGresult *r;
    enum status st = ask(postgresql_of(c), SQL_POOL_GET, params, 2, &r, f);

    if (st != ST_OK)
        return st;
    *pool = row_pool(r, 0, a);
    PQclear(r);
    return ST_OK;
}

enum status postgresql_pool_list(struct catalog *c, struct slice project, struct slice after,
                                 uint32_t limit, struct arena *a, struct pool_record **list,
                                 uint32_t *n, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(after), P_NUMBER(limit)};

    return read_pools(postgresql_of(c), SQL_POOL_LIST, params, 3, a, list, n, f);
}

/* ---- Changing pools --------------------------------------------------------------------------- */

/* check_put locks the pool, if it is there, and looks whether it may be put: nobody else has its URI, and
 * nobody was faster. */
static enum status check_put(struct postgresql_catalog *p, const struct pool_record *pool,
                             uint64_t revision, struct failure *f)
{
    struct param same[] = {P_BYTES(pool->name), P_NUMBER(revision)};
    struct param taken[] = {P_BYTES(pool->uri), P_BYTES(pool->name)};
    enum status st = exists(p, SQL_POOL_HOLD, same, 1, f);

    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    st = revision == 0 ? ST_OK : exists(p, SQL_POOL_IS_AT, same, 2, f);
    if (st != ST_OK)
        return st;
    st = exists(p, SQL_POOL_TAKEN, taken, 2, f);
    if (st == ST_OK)
        return fail(f, ST_CONFLICT, "another pool has this URI");
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status set_flavor(struct postgresql_catalog *p, struct slice project, struct slice pool,
                              struct slice flavor, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(pool), P_BYTES(flavor)};

    return flavor.len > 0 ? postgresql_run(p, SQL_MARK_PUT, params, 3, NULL, f)
                          : postgresql_run(p, SQL_MARK_REMOVE, params, 2, NULL, f);
}

static enum status put_pool(struct postgresql_catalog *p, struct slice project,
                            const struct pool_record *pool, struct failure *f)
{
    uint64_t revision = 0;
    enum status st = note_change(p, SLICE(""), pool->name, &revision, f);
    struct param params[] = {P_BYTES(pool->name),          P_BYTES(pool->uri),
                             P_NUMBER(pool->weight),       P_BYTES(pool->options),
                             P_NUMBER(pool->capabilities), P_NUMBER(revision)};

    if (st == ST_OK)
        st = postgresql_run(p, SQL_POOL_PUT, params, 6, NULL, f);
    return st == ST_OK ? set_flavor(p, project, pool->name, pool->flavor, f) : st;
}

enum status postgresql_pool_put(struct catalog *c, struct slice project,
                                const struct pool_record *pool, uint64_t revision,
                                struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    enum status st = begin(p, f);

    if (st == ST_OK)
        st = check_put(p, pool, revision, f);
    if (st == ST_OK)
        st = put_pool(p, project, pool, f);
    return end(p, st, f);
}

/* read_use fills *use. ST_CONFLICT: something depends on the pool. */
static enum status read_use(struct postgresql_catalog *p, struct slice name, bool abandon,
                            struct arena *a, struct pool_use *use, struct failure *f)
{
    struct param params[] = {P_BYTES(name)};
    PGresult *r;
    enum status st = ask(p, SQL_POOL_USE, params, 1, &r, f);

    *use = (struct pool_use){.flavor = SLICE("")};
    if (st != ST_OK)
        return st;
    use->queues = (uint64_t)postgresql_number(r, 0, 0);
    use->dropped = (uint64_t)postgresql_number(r, 0, 1);
    PQclear(r);
    st = ask(p, SQL_POOL_LAST_OF, params, 1, &r, f);
    if (st == ST_OK) {
        use->flavor = arena_copy(a, postgresql_bytes(r, 0, 0));
        PQclear(r);
    } else if (st != ST_NOT_FOUND) {
        return st;
    }
    if (use->queues == 0 && (use->dropped == 0 || abandon) && use->flavor.len == 0)
        return ST_OK;
    return fail(f, ST_CONFLICT, "the pool is in use");
}

static enum status remove_pool(struct postgresql_catalog *p, struct slice name, struct failure *f)
{
    struct param params[] = {P_BYTES(name)};
    uint64_t revision;
    enum status st = postgresql_run(p, SQL_POOL_FORGET_DROPPED, params, 1, NULL, f);

    if (st == ST_OK)
        st = postgresql_run(p, SQL_POOL_UNMARK, params, 1, NULL, f);
    if (st == ST_OK)
        st = postgresql_run(p, SQL_POOL_REMOVE, params, 1, NULL, f);
    return st == ST_OK ? note_change(p, SLICE(""), name, &revision, f) : st;
}

enum status postgresql_pool_delete(struct catalog *c, struct slice name, bool abandon,
                                   struct arena *a, struct pool_use *use, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(name)};
    enum status st = begin(p, f);

    if (st == ST_OK)
        st = exists(p, SQL_POOL_HOLD, params, 1, f); /* waits for queues that are being made */
    if (st == ST_OK)
        st = read_use(p, name, abandon, a, use, f);
    if (st == ST_OK)
        st = remove_pool(p, name, f);
    return end(p, st, f);
}

/* ---- Flavors ---------------------------------------------------------------------------------- */

/* check_pools looks whether all of the pools are there; ST_INVALID otherwise. */
static enum status check_pools(struct postgresql_catalog *p, const struct slice *pools, uint32_t n,
                               uint32_t *missing, struct failure *f)
{
    for (uint32_t i = 0; i < n; i++) {
        struct param params[] = {P_BYTES(pools[i])};
        enum status st = exists(p, SQL_POOL_EXISTS, params, 1, f);

        if (st == ST_NOT_FOUND) {
            *missing = i;
            return fail(f, ST_INVALID, "no such pool");
        }
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static enum status put_flavor(struct postgresql_catalog *p, struct slice project, struct slice name,
                              const struct slice *pools, uint32_t n, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    uint64_t revision;
    enum status st = postgresql_run(p, SQL_FLAVOR_PUT, params, 2, NULL, f);

    if (st == ST_OK)
        st = postgresql_run(p, SQL_FLAVOR_EMPTY, params, 2, NULL, f);
    for (uint32_t i = 0; i < n && st == ST_OK; i++)
        st = set_flavor(p, project, pools[i], name, f);
    return st == ST_OK ? note_change(p, project, name, &revision, f) : st;
}

enum status postgresql_flavor_put(struct catalog *c, struct slice project, struct slice name,
                                  const struct slice *pools, uint32_t n, bool must_exist,
                                  uint32_t *missing, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    enum status st = begin(p, f);

    if (st == ST_OK && must_exist)
        st = exists(p, SQL_FLAVOR_EXISTS, params, 2, f);
    if (st == ST_OK)
        st = check_pools(p, pools, n, missing, f);
    if (st == ST_OK)
        st = put_flavor(p, project, name, pools, n, f);
    return end(p, st, f);
}

static enum status read_flavor(struct postgresql_catalog *p, struct slice project, struct arena *a,
                               struct flavor_record *flavor, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(flavor->name)};
    struct pool_record *pools;
    enum status st = read_pools(p, SQL_FLAVOR_POOLS, params, 2, a, &pools, &flavor->pools_n, f);

    flavor->pools = pools;
    return st;
}

enum status postgresql_flavor_get(struct catalog *c, struct slice project, struct slice name,
                                  struct arena *a, struct flavor_record *flavor, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    enum status st = exists(p, SQL_FLAVOR_EXISTS, params, 2, f);

    bool there = st == ST_OK;

    *flavor = (struct flavor_record){.name = arena_copy(a, name)};
    if (st == ST_OK || st == ST_NOT_FOUND)
        st = read_flavor(p, project, a, flavor, f);
    return st == ST_OK && !there ? fail(f, ST_NOT_FOUND, "no such flavor") : st;
}

enum status postgresql_flavor_list(struct catalog *c, struct slice project, struct slice after,
                                   uint32_t limit, struct arena *a, struct flavor_record **list,
                                   uint32_t *n, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(after), P_NUMBER(limit)};
    PGresult *r;
    enum status st = postgresql_run(p, SQL_FLAVOR_LIST, params, 3, &r, f);

    *n = 0;
    if (st != ST_OK)
        return st;
    *list = arena_zalloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++)
        (*list)[(*n)++].name = arena_copy(a, postgresql_bytes(r, row, 0));
    PQclear(r);
    for (uint32_t i = 0; i < *n && st == ST_OK; i++)
        st = read_flavor(p, project, a, &(*list)[i], f);
    return st;
}

enum status postgresql_flavor_delete(struct catalog *c, struct slice project, struct slice name,
                                     struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    uint64_t revision;
    bool there;
    enum status st = begin(p, f);

    if (st == ST_OK)
        st = exists(p, SQL_FLAVOR_EXISTS, params, 2, f);
    there = st == ST_OK;
    if (st == ST_OK || st == ST_NOT_FOUND)
        st = postgresql_run(p, SQL_FLAVOR_EMPTY, params, 2, NULL, f);
    if (st == ST_OK)
        st = postgresql_run(p, SQL_FLAVOR_REMOVE, params, 2, NULL, f);
    if (st == ST_OK)
        st = note_change(p, project, name, &revision, f);
    st = end(p, st, f);
    return st == ST_OK && !there ? fail(f, ST_NOT_FOUND, "no such flavor") : st;
}
