/* Pools and flavors in the SQLite catalog. Each change is a transaction that may write from its beginning, so
 * that what it has looked at stays as it was. */
#include "catalog/sqlite/sqlite.h"

/* ---- Statements ------------------------------------------------------------------------------- */

/* A statement's parameter: bytes as BLOB or TEXT, or a number. */
struct param {
    enum { PARAM_BYTES, PARAM_TEXT, PARAM_NUMBER } kind;
    struct slice bytes;
    int64_t number;
};

#define P_BYTES(s)  ((struct param){.kind = PARAM_BYTES, .bytes = (s)})
#define P_TEXT(s)   ((struct param){.kind = PARAM_TEXT, .bytes = (s)})
#define P_NUMBER(n) ((struct param){.kind = PARAM_NUMBER, .number = (int64_t)(n)})

/* use gives a statement with its parameters bound; NULL with f filled. */
static sqlite3_stmt *use(struct sqlite_catalog *s, enum statement which, const struct param *params,
                         int n, struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, which, f);

    for (int i = 0; st != NULL && i < n; i++) {
        switch (params[i].kind) {
        case PARAM_BYTES:
            sqlite_bind_bytes(st, i + 1, params[i].bytes);
            break;
        case PARAM_TEXT:
            sqlite_bind_string(st, i + 1, params[i].bytes);
            break;
        case PARAM_NUMBER:
            sqlite3_bind_int64(st, i + 1, params[i].number);
            break;
        }
    }
    return st;
}

static enum status run(struct sqlite_catalog *s, enum statement which, const struct param *params,
                       int n, struct failure *f)
{
    sqlite3_stmt *st = use(s, which, params, n, f);

    return st == NULL ? f->st : sqlite_run(s, st, f);
}

/* look steps a statement once. ST_OK: *st stands on a row, to be reset; ST_NOT_FOUND: there is none. */
static enum status look(struct sqlite_catalog *s, enum statement which, const struct param *params,
                        int n, sqlite3_stmt **st, struct failure *f)
{
    enum status result;

    *st = use(s, which, params, n, f);
    if (*st == NULL)
        return f->st;
    switch (sqlite3_step(*st)) {
    case SQLITE_ROW:
        return ST_OK;
    case SQLITE_DONE:
        result = fail(f, ST_NOT_FOUND, "no such pool or flavor");
        break;
    default:
        result = sqlite_trouble(s, sqlite3_sql(*st), f);
    }
    sqlite3_reset(*st);
    return result;
}

static enum status exists(struct sqlite_catalog *s, enum statement which,
                          const struct param *params, int n, struct failure *f)
{
    sqlite3_stmt *st;
    enum status result = look(s, which, params, n, &st, f);

    if (result == ST_OK)
        sqlite3_reset(st);
    return result;
}

/* ---- Reading pools ---------------------------------------------------------------------------- */

/* row_pool reads a row of SQL_POOL_COLUMNS. */
static struct pool_record row_pool(sqlite3_stmt *st, struct arena *a)
{
    return (struct pool_record){
        .name = arena_copy(a, sqlite_bytes(st, 0)),
        .uri = arena_copy(a, sqlite_bytes(st, 1)),
        .weight = (uint32_t)sqlite3_column_int64(st, 2),
        .options = arena_copy(a, sqlite_bytes(st, 3)),
        .capabilities = (uint32_t)sqlite3_column_int64(st, 4),
        .revision = (uint64_t)sqlite3_column_int64(st, 5),
        .flavor = arena_copy(a, sqlite_bytes(st, 6)),
        .set_aside = sqlite3_column_int(st, 7) != 0,
    };
}

/* read_pools reads all rows of a bound statement. */
static enum status read_pools(struct sqlite_catalog *s, sqlite3_stmt *st, struct arena *a,
                              struct pool_record **list, uint32_t *n, struct failure *f)
{
    enum { GROW = 16 };
    uint32_t room = 0;
    enum status result = ST_OK;
    int step;

    *n = 0;
    *list = NULL;
    while ((step = sqlite3_step(st)) == SQLITE_ROW) {
        if (*n == room) {
            struct pool_record *more = arena_alloc(a, (room + room / 2 + GROW) * sizeof(*more));

            if (room > 0)
                memcpy(more, *list, room * sizeof(*more));
            *list = more;
            room += room / 2 + GROW;
        }
        (*list)[(*n)++] = row_pool(st, a);
    }
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, sqlite3_sql(st), f);
    sqlite3_reset(st);
    return result;
}

enum status sqlite_pool_get(struct catalog *c, struct slice project, struct slice name,
                            struct arena *a, struct pool_record *pool, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    sqlite3_stmt *st;
    enum status result = look(sqlite_of(c), SQL_POOL_GET, params, 2, &st, f);

    if (result != ST_OK)
        return result;
    *pool = row_pool(st, a);
    sqlite3_reset(st);
    return ST_OK;
}

enum status sqlite_pool_list(struct catalog *c, struct slice project, struct slice after,
                             uint32_t limit, struct arena *a, struct pool_record **list,
                             uint32_t *n, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(after), P_NUMBER(limit)};
    sqlite3_stmt *st = use(sqlite_of(c), SQL_POOL_LIST, params, 3, f);

    *n = 0;
    return st == NULL ? f->st : read_pools(sqlite_of(c), st, a, list, n, f);
}

/* ---- Changing pools --------------------------------------------------------------------------- */

/* check_put looks whether a pool may be put: nobody else has its URI, and nobody was faster. */
static enum status check_put(struct sqlite_catalog *s, const struct pool_record *pool,
                             uint64_t revision, struct failure *f)
{
    struct param same[] = {P_BYTES(pool->name), P_NUMBER(revision)};
    struct param taken[] = {P_BYTES(pool->uri), P_BYTES(pool->name)};
    enum status st = revision == 0 ? ST_OK : exists(s, SQL_POOL_IS_AT, same, 2, f);

    if (st != ST_OK)
        return st;
    st = exists(s, SQL_POOL_TAKEN, taken, 2, f);
    if (st == ST_OK)
        return fail(f, ST_CONFLICT, "another pool has this URI");
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status set_flavor(struct sqlite_catalog *s, struct slice project, struct slice pool,
                              struct slice flavor, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(pool), P_BYTES(flavor)};

    return flavor.len > 0 ? run(s, SQL_MARK_PUT, params, 3, f)
                          : run(s, SQL_MARK_REMOVE, params, 2, f);
}

static enum status put_pool(struct sqlite_catalog *s, struct slice project,
                            const struct pool_record *pool, struct failure *f)
{
    uint64_t revision;
    enum status st = sqlite_note_change(s, CHANGE_POOL, SLICE(""), pool->name, &revision, f);
    struct param params[] = {P_BYTES(pool->name),          P_BYTES(pool->uri),
                             P_NUMBER(pool->weight),       P_TEXT(pool->options),
                             P_NUMBER(pool->capabilities), P_NUMBER(revision)};

    if (st == ST_OK)
        st = run(s, SQL_POOL_PUT, params, 6, f);
    return st == ST_OK ? set_flavor(s, project, pool->name, pool->flavor, f) : st;
}

enum status sqlite_pool_put(struct catalog *c, struct slice project, const struct pool_record *pool,
                            uint64_t revision, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    enum status st = sqlite_begin(s, f);

    if (st != ST_OK)
        return st;
    st = check_put(s, pool, revision, f);
    if (st == ST_OK)
        st = put_pool(s, project, pool, f);
    return sqlite_end(s, st, f);
}

/* read_use fills *use. ST_CONFLICT: something depends on the pool. */
static enum status read_use(struct sqlite_catalog *s, struct slice name, bool abandon,
                            struct arena *a, struct pool_use *pool_use, struct failure *f)
{
    struct param text[] = {P_TEXT(name)}, bytes[] = {P_BYTES(name)};
    sqlite3_stmt *st;
    enum status result = look(s, SQL_POOL_USE, text, 1, &st, f);

    *pool_use = (struct pool_use){.flavor = SLICE("")};
    if (result != ST_OK)
        return result;
    pool_use->queues = (uint64_t)sqlite3_column_int64(st, 0);
    pool_use->dropped = (uint64_t)sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    result = look(s, SQL_POOL_LAST_OF, bytes, 1, &st, f);
    if (result == ST_OK) {
        pool_use->flavor = arena_copy(a, sqlite_bytes(st, 0));
        sqlite3_reset(st);
    } else if (result != ST_NOT_FOUND) {
        return result;
    }
    if (pool_use->queues == 0 && (pool_use->dropped == 0 || abandon) && pool_use->flavor.len == 0)
        return ST_OK;
    return fail(f, ST_CONFLICT, "the pool is in use");
}

static enum status remove_pool(struct sqlite_catalog *s, struct slice name, struct failure *f)
{
    struct param text[] = {P_TEXT(name)}, bytes[] = {P_BYTES(name)};
    uint64_t revision;
    enum status st = sqlite_note_change(s, CHANGE_POOL, SLICE(""), name, &revision, f);

    if (st == ST_OK)
        st = run(s, SQL_POOL_FORGET_DROPPED, text, 1, f);
    if (st == ST_OK)
        st = run(s, SQL_POOL_UNMARK, bytes, 1, f);
    return st == ST_OK ? run(s, SQL_POOL_REMOVE, bytes, 1, f) : st;
}

enum status sqlite_pool_delete(struct catalog *c, struct slice name, bool abandon, struct arena *a,
                               struct pool_use *pool_use, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct param params[] = {P_BYTES(name)};
    enum status st = sqlite_begin(s, f);

    if (st != ST_OK)
        return st;
    st = exists(s, SQL_POOL_EXISTS, params, 1, f);
    if (st == ST_OK)
        st = read_use(s, name, abandon, a, pool_use, f);
    if (st == ST_OK)
        st = remove_pool(s, name, f);
    return sqlite_end(s, st, f);
}

/* ---- Flavors ---------------------------------------------------------------------------------- */

/* check_pools looks whether all of the pools are there; ST_INVALID otherwise. */
static enum status check_pools(struct sqlite_catalog *s, const struct slice *pools, uint32_t n,
                               uint32_t *missing, struct failure *f)
{
    for (uint32_t i = 0; i < n; i++) {
        struct param params[] = {P_BYTES(pools[i])};
        enum status st = exists(s, SQL_POOL_EXISTS, params, 1, f);

        if (st == ST_NOT_FOUND) {
            *missing = i;
            return fail(f, ST_INVALID, "no such pool");
        }
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static enum status put_flavor(struct sqlite_catalog *s, struct slice project, struct slice name,
                              const struct slice *pools, uint32_t n, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    uint64_t revision;
    enum status st = sqlite_note_change(s, CHANGE_POOL, project, name, &revision, f);

    if (st == ST_OK)
        st = run(s, SQL_FLAVOR_PUT, params, 2, f);
    if (st == ST_OK)
        st = run(s, SQL_FLAVOR_EMPTY, params, 2, f);
    for (uint32_t i = 0; i < n && st == ST_OK; i++)
        st = set_flavor(s, project, pools[i], name, f);
    return st;
}

enum status sqlite_flavor_put(struct catalog *c, struct slice project, struct slice name,
                              const struct slice *pools, uint32_t n, bool must_exist,
                              uint32_t *missing, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    enum status st = sqlite_begin(s, f);

    if (st != ST_OK)
        return st;
    if (must_exist)
        st = exists(s, SQL_FLAVOR_EXISTS, params, 2, f);
    if (st == ST_OK)
        st = check_pools(s, pools, n, missing, f);
    if (st == ST_OK)
        st = put_flavor(s, project, name, pools, n, f);
    return sqlite_end(s, st, f);
}

static enum status read_flavor(struct sqlite_catalog *s, struct slice project, struct arena *a,
                               struct flavor_record *flavor, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(flavor->name)};
    sqlite3_stmt *st = use(s, SQL_FLAVOR_POOLS, params, 2, f);
    struct pool_record *pools;
    enum status result;

    if (st == NULL)
        return f->st;
    result = read_pools(s, st, a, &pools, &flavor->pools_n, f);
    flavor->pools = pools;
    return result;
}

enum status sqlite_flavor_get(struct catalog *c, struct slice project, struct slice name,
                              struct arena *a, struct flavor_record *flavor, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    enum status st = exists(s, SQL_FLAVOR_EXISTS, params, 2, f);

    bool there = st == ST_OK;

    *flavor = (struct flavor_record){.name = arena_copy(a, name)};
    if (st == ST_OK || st == ST_NOT_FOUND)
        st = read_flavor(s, project, a, flavor, f);
    return st == ST_OK && !there ? fail(f, ST_NOT_FOUND, "no such flavor") : st;
}

enum status sqlite_flavor_list(struct catalog *c, struct slice project, struct slice after,
                               uint32_t limit, struct arena *a, struct flavor_record **list,
                               uint32_t *n, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(after), P_NUMBER(limit)};
    sqlite3_stmt *st = use(s, SQL_FLAVOR_LIST, params, 3, f);
    enum status result = ST_OK;
    int step;

    *n = 0;
    if (st == NULL)
        return f->st;
    *list = arena_zalloc(a, limit * sizeof(**list));
    while ((step = sqlite3_step(st)) == SQLITE_ROW && *n < limit)
        (*list)[(*n)++].name = arena_copy(a, sqlite_bytes(st, 0));
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, "list flavors", f);
    sqlite3_reset(st);
    for (uint32_t i = 0; i < *n && result == ST_OK; i++)
        result = read_flavor(s, project, a, &(*list)[i], f);
    return result;
}

enum status sqlite_flavor_delete(struct catalog *c, struct slice project, struct slice name,
                                 struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct param params[] = {P_BYTES(project), P_BYTES(name)};
    uint64_t revision;
    bool there;
    enum status st = sqlite_begin(s, f);

    if (st != ST_OK)
        return st;
    st = exists(s, SQL_FLAVOR_EXISTS, params, 2, f);
    there = st == ST_OK;
    if (st == ST_OK || st == ST_NOT_FOUND)
        st = run(s, SQL_FLAVOR_EMPTY, params, 2, f);
    if (st == ST_OK && (there || sqlite3_changes(s->db) > 0))
        st = sqlite_note_change(s, CHANGE_POOL, project, name, &revision, f);
    if (st == ST_OK)
        st = run(s, SQL_FLAVOR_REMOVE, params, 2, f);
    st = sqlite_end(s, st, f);
    return st == ST_OK && !there ? fail(f, ST_NOT_FOUND, "no such flavor") : st;
}
