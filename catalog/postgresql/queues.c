/* Queues and dropped queues in the PostgreSQL catalog. */
#include "catalog/postgresql/postgresql.h"

/* row_record makes a record of a row of SQL_QUEUE_COLUMNS. */
static struct queue_record *row_record(const PGresult *r, int row)
{
    struct queue_row parts = {
        .project = postgresql_bytes(r, row, 0),
        .name = postgresql_bytes(r, row, 1),
        .pool = postgresql_bytes(r, row, 2),
        .metadata = postgresql_bytes(r, row, 3),
        .epoch = (uint64_t)postgresql_number(r, row, 4),
        .revision = (uint64_t)postgresql_number(r, row, 5),
        .created_ms = postgresql_number(r, row, 6),
    };

    return queue_record_new(&parts);
}

/* run_record runs a statement that gives a queue or nothing; ST_NOT_FOUND for nothing. */
static enum status run_record(struct postgresql_catalog *p, enum statement which,
                              const struct param *params, int n, struct queue_record **record,
                              struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_run(p, which, params, n, &r, f);

    if (st != ST_OK)
        return st;
    if (PQntuples(r) == 0)
        st = fail(f, ST_NOT_FOUND, "no such queue");
    else
        *record = row_record(r, 0);
    PQclear(r);
    return st;
}

enum status postgresql_queue_find(struct catalog *c, struct slice project, struct slice name,
                                  struct queue_record **record, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};

    return run_record(postgresql_of(c), SQL_QUEUE_FIND, params, 2, record, f);
}

/* check_pool: the default store is no pool of the catalog, and always there. */
static enum status check_pool(struct postgresql_catalog *p, struct slice pool, struct failure *f)
{
    struct param params[] = {P_BYTES(pool)};
    PGresult *r;
    enum status st = ST_OK;

    if (pool.len == 0)
        return ST_OK;
    st = postgresql_run(p, SQL_POOL_EXISTS, params, 1, &r, f);
    if (st != ST_OK)
        return st;
    if (PQntuples(r) == 0)
        st = fail(f, ST_CONFLICT, "there is no such pool");
    PQclear(r);
    return st;
}

/* Looking first keeps creations of what exists, the common case, away from the revision's lock. If
 * another process creates or deletes the queue between the two steps, they are taken again. The statement
 * that adds the queue holds its pool meanwhile; when it adds nothing, the pool may be why. */
enum status postgresql_queue_create(struct catalog *c, struct slice project, struct slice name,
                                    struct slice metadata, struct slice pool,
                                    struct queue_record **record, bool *created, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name), P_BYTES(pool), P_BYTES(metadata)};

    *created = false;
    for (int i = 0; i < 3; i++) {
        enum status st = postgresql_queue_find(c, project, name, record, f);

        if (st != ST_NOT_FOUND)
            return st;
        st = run_record(postgresql_of(c), SQL_QUEUE_ADD, params, 4, record, f);
        if (st != ST_NOT_FOUND) {
            *created = st == ST_OK;
            return st;
        }
        st = check_pool(postgresql_of(c), pool, f);
        if (st != ST_OK)
            return st;
    }
    return fail(f, ST_UNAVAILABLE, "the queue is created and deleted all the time");
}

enum status postgresql_queue_update(struct catalog *c, struct slice project, struct slice name,
                                    uint64_t revision, struct slice metadata,
                                    struct queue_record **record, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name), P_NUMBER(revision),
                             P_BYTES(metadata)};
    struct queue_record *there;
    enum status st = run_record(postgresql_of(c), SQL_QUEUE_SET, params, 4, record, f);

    if (st != ST_NOT_FOUND)
        return st;
    st = postgresql_queue_find(c, project, name, &there, f);
    if (st != ST_OK)
        return st;
    queue_record_unref(there);
    return fail(f, ST_CONFLICT, "the queue was changed meanwhile");
}

enum status postgresql_queue_delete(struct catalog *c, struct slice project, struct slice name,
                                    struct queue_record **record, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(name)};

    return run_record(postgresql_of(c), SQL_QUEUE_REMOVE, params, 2, record, f);
}

enum status postgresql_queue_list(struct catalog *c, struct slice project, struct slice after,
                                  struct slice before, uint32_t limit, struct arena *a,
                                  struct queue_record ***records, uint32_t *n, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(after), P_BYTES(before), P_NUMBER(limit)};
    PGresult *r;
    enum status st = postgresql_run(postgresql_of(c), SQL_QUEUE_LIST, params, 4, &r, f);

    *n = 0;
    if (st != ST_OK)
        return st;
    *records = arena_alloc(a, (size_t)PQntuples(r) * sizeof(**records));
    for (int row = 0; row < PQntuples(r); row++)
        (*records)[(*n)++] = row_record(r, row);
    PQclear(r);
    return ST_OK;
}

enum status postgresql_queue_count(struct catalog *c, struct slice project, struct slice before,
                                   uint64_t *count, struct failure *f)
{
    struct param params[] = {P_BYTES(project), P_BYTES(before)};
    PGresult *r;
    enum status st = postgresql_run(postgresql_of(c), SQL_QUEUE_COUNT, params, 2, &r, f);

    if (st != ST_OK)
        return st;
    *count = (uint64_t)postgresql_number(r, 0, 0);
    PQclear(r);
    return ST_OK;
}

enum status postgresql_queue_totals(struct catalog *c, uint32_t limit, struct arena *a,
                                    struct queue_total **list, uint32_t *n, struct failure *f)
{
    struct param params[] = {P_NUMBER(limit)};
    PGresult *r;
    enum status st = postgresql_run(postgresql_of(c), SQL_QUEUE_TOTALS, params, 1, &r, f);

    *n = 0;
    if (st != ST_OK)
        return st;
    *list = arena_alloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++)
        (*list)[(*n)++] = (struct queue_total){arena_copy(a, postgresql_bytes(r, row, 0)),
                                               (uint64_t)postgresql_number(r, row, 1)};
    PQclear(r);
    return ST_OK;
}

enum status postgresql_dropped_list(struct catalog *c, struct slice pool, int64_t older_ms,
                                    uint32_t limit, struct arena *a, struct dropped_queue **list,
                                    uint32_t *n, struct failure *f)
{
    struct param params[] = {P_NUMBER(older_ms), P_NUMBER(limit), P_BYTES(pool)};
    PGresult *r;
    enum status st = postgresql_run(postgresql_of(c), SQL_DROPPED_LIST, params, 3, &r, f);

    *n = 0;
    if (st != ST_OK)
        return st;
    *list = arena_alloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++) {
        (*list)[(*n)++] = (struct dropped_queue){
            .epoch = (uint64_t)postgresql_number(r, row, 0),
            .project = arena_copy(a, postgresql_bytes(r, row, 1)),
            .name = arena_copy(a, postgresql_bytes(r, row, 2)),
            .pool = arena_copy(a, postgresql_bytes(r, row, 3)),
        };
    }
    PQclear(r);
    return ST_OK;
}

enum status postgresql_dropped_done(struct catalog *c, uint64_t epoch, struct failure *f)
{
    struct param params[] = {P_NUMBER(epoch)};

    return postgresql_run(postgresql_of(c), SQL_DROPPED_REMOVE, params, 1, NULL, f);
}
