/* Queues and dropped queues in the SQLite catalog. */
#include "catalog/sqlite/sqlite.h"

#include "common/clock.h"

/* row_record makes a record of a statement's row: project, name, pool, metadata, epoch, … */
static struct queue_record *row_record(sqlite3_stmt *st)
{
    struct queue_row row = {
        .project = sqlite_bytes(st, 0),
        .name = sqlite_bytes(st, 1),
        .pool = sqlite_bytes(st, 2),
        .metadata = sqlite_bytes(st, 3),
        .epoch = (uint64_t)sqlite3_column_int64(st, 4),
        .revision = (uint64_t)sqlite3_column_int64(st, 5),
        .created_ms = sqlite3_column_int64(st, 6),
    };

    return queue_record_new(&row);
}

enum status sqlite_queue_find(struct catalog *c, struct slice project, struct slice name,
                              struct queue_record **record, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_QUEUE_FIND, f);
    enum status result = ST_OK;

    if (st == NULL)
        return f->st;
    sqlite_bind_bytes(st, 1, project);
    sqlite_bind_bytes(st, 2, name);
    switch (sqlite3_step(st)) {
    case SQLITE_ROW:
        *record = row_record(st);
        break;
    case SQLITE_DONE:
        result = fail(f, ST_NOT_FOUND, "no such queue");
        break;
    default:
        result = sqlite_trouble(s, "find a queue", f);
    }
    sqlite3_reset(st);
    return result;
}

static enum status add_queue(struct sqlite_catalog *s, const struct queue_row *row,
                             struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, SQL_QUEUE_ADD, f);

    if (st == NULL)
        return f->st;
    sqlite_bind_bytes(st, 1, row->project);
    sqlite_bind_bytes(st, 2, row->name);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)row->epoch);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite_bind_string(st, 5, row->pool);
    sqlite_bind_string(st, 6, row->metadata);
    return sqlite_run(s, st, f);
}

/* check_pool: the default store is no pool of the catalog, and always there. */
static enum status check_pool(struct sqlite_catalog *s, struct slice pool, struct failure *f)
{
    sqlite3_stmt *st;
    int step;

    if (pool.len == 0)
        return ST_OK;
    st = sqlite_use(s, SQL_POOL_EXISTS, f);
    if (st == NULL)
        return f->st;
    sqlite_bind_bytes(st, 1, pool);
    step = sqlite3_step(st);
    sqlite3_reset(st);
    if (step == SQLITE_DONE)
        return fail(f, ST_CONFLICT, "there is no such pool");
    return step == SQLITE_ROW ? ST_OK : sqlite_trouble(s, "look for a pool", f);
}

enum status sqlite_queue_create(struct catalog *c, struct slice project, struct slice name,
                                struct slice metadata, struct slice pool,
                                struct queue_record **record, bool *created, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct queue_row row = {project, name, pool, metadata, 0, 0, clock_wall_ms()};
    enum status st = sqlite_begin(s, f);

    *created = false;
    if (st != ST_OK)
        return st;
    st = sqlite_queue_find(c, project, name, record, f);
    if (st != ST_NOT_FOUND)
        return sqlite_end(s, st, f);
    st = check_pool(s, pool, f);
    if (st == ST_OK)
        st = sqlite_note_change(s, CHANGE_QUEUE, project, name, &row.revision, f);
    row.epoch = row.revision;
    if (st == ST_OK)
        st = add_queue(s, &row, f);
    st = sqlite_end(s, st, f);
    if (st == ST_OK) {
        *record = queue_record_new(&row);
        *created = true;
    }
    return st;
}

/* find_for_change opens a transaction and reads the record; on failure the transaction is over. */
static enum status find_for_change(struct catalog *c, struct slice project, struct slice name,
                                   struct queue_record **record, struct failure *f)
{
    enum status st = sqlite_begin(sqlite_of(c), f);

    if (st != ST_OK)
        return st;
    st = sqlite_queue_find(c, project, name, record, f);
    return st == ST_OK ? ST_OK : sqlite_end(sqlite_of(c), st, f);
}

enum status sqlite_queue_update(struct catalog *c, struct slice project, struct slice name,
                                uint64_t revision, struct slice metadata,
                                struct queue_record **record, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct queue_record *old;
    struct queue_row row;
    sqlite3_stmt *set;
    enum status st = find_for_change(c, project, name, &old, f);

    if (st != ST_OK)
        return st;
    row = (struct queue_row){project, name, old->pool, metadata, old->epoch, 0, old->created_ms};
    if (old->revision != revision)
        st = fail(f, ST_CONFLICT, "the queue was changed meanwhile");
    if (st == ST_OK)
        st = sqlite_note_change(s, CHANGE_QUEUE, project, name, &row.revision, f);
    if (st == ST_OK) {
        set = sqlite_use(s, SQL_QUEUE_SET, f);
        if (set == NULL) {
            st = f->st;
        } else {
            sqlite_bind_bytes(set, 1, project);
            sqlite_bind_bytes(set, 2, name);
            sqlite_bind_string(set, 3, metadata);
            sqlite3_bind_int64(set, 4, (sqlite3_int64)row.revision);
            st = sqlite_run(s, set, f);
        }
    }
    st = sqlite_end(s, st, f);
    if (st == ST_OK)
        *record = queue_record_new(&row);
    queue_record_unref(old);
    return st;
}

static enum status note_dropped(struct sqlite_catalog *s, const struct queue_record *r,
                                struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, SQL_DROPPED_ADD, f);

    if (st == NULL)
        return f->st;
    sqlite3_bind_int64(st, 1, (sqlite3_int64)r->epoch);
    sqlite_bind_bytes(st, 2, r->project);
    sqlite_bind_bytes(st, 3, r->name);
    sqlite_bind_string(st, 4, r->pool);
    sqlite3_bind_int64(st, 5, clock_wall_ms());
    return sqlite_run(s, st, f);
}

enum status sqlite_queue_delete(struct catalog *c, struct slice project, struct slice name,
                                struct queue_record **record, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct queue_record *old;
    uint64_t revision;
    sqlite3_stmt *remove;
    enum status st = find_for_change(c, project, name, &old, f);

    if (st != ST_OK)
        return st;
    st = sqlite_note_change(s, CHANGE_QUEUE, project, name, &revision, f);
    if (st == ST_OK)
        st = note_dropped(s, old, f);
    if (st == ST_OK) {
        remove = sqlite_use(s, SQL_QUEUE_REMOVE, f);
        if (remove == NULL) {
            st = f->st;
        } else {
            sqlite_bind_bytes(remove, 1, project);
            sqlite_bind_bytes(remove, 2, name);
            st = sqlite_run(s, remove, f);
        }
    }
    st = sqlite_end(s, st, f);
    if (st == ST_OK)
        *record = old;
    else
        queue_record_unref(old);
    return st;
}

enum status sqlite_queue_list(struct catalog *c, struct slice project, struct slice after,
                              struct slice before, uint32_t limit, struct arena *a,
                              struct queue_record ***records, uint32_t *n, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_QUEUE_LIST, f);
    enum status result = ST_OK;
    int step;

    *n = 0;
    if (st == NULL)
        return f->st;
    *records = arena_alloc(a, limit * sizeof(**records));
    sqlite_bind_bytes(st, 1, project);
    sqlite_bind_bytes(st, 2, after);
    sqlite_bind_bytes(st, 3, before);
    sqlite3_bind_int64(st, 4, limit);
    while ((step = sqlite3_step(st)) == SQLITE_ROW && *n < limit)
        (*records)[(*n)++] = row_record(st);
    if (step != SQLITE_DONE) {
        result = sqlite_trouble(s, "list queues", f);
        while (*n > 0)
            queue_record_unref((*records)[--*n]);
    }
    sqlite3_reset(st);
    return result;
}

enum status sqlite_queue_count(struct catalog *c, struct slice project, struct slice before,
                               uint64_t *count, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_QUEUE_COUNT, f);
    enum status result = ST_OK;

    if (st == NULL)
        return f->st;
    sqlite_bind_bytes(st, 1, project);
    sqlite_bind_bytes(st, 2, before);
    if (sqlite3_step(st) == SQLITE_ROW)
        *count = (uint64_t)sqlite3_column_int64(st, 0);
    else
        result = sqlite_trouble(s, "count queues", f);
    sqlite3_reset(st);
    return result;
}

enum status sqlite_queue_totals(struct catalog *c, uint32_t limit, struct arena *a,
                                struct queue_total **list, uint32_t *n, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_QUEUE_TOTALS, f);
    enum status result = ST_OK;
    int step;

    *n = 0;
    if (st == NULL)
        return f->st;
    *list = arena_alloc(a, limit * sizeof(**list));
    sqlite3_bind_int64(st, 1, limit);
    while ((step = sqlite3_step(st)) == SQLITE_ROW && *n < limit)
        (*list)[(*n)++] = (struct queue_total){arena_copy(a, sqlite_bytes(st, 0)),
                                               (uint64_t)sqlite3_column_int64(st, 1)};
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, "count queues by pool", f);
    sqlite3_reset(st);
    return result;
}

enum status sqlite_dropped_list(struct catalog *c, struct slice pool, int64_t older_ms,
                                uint32_t limit, struct arena *a, struct dropped_queue **list,
                                uint32_t *n, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_DROPPED_LIST, f);
    enum status result = ST_OK;
    int step;

    *n = 0;
    if (st == NULL)
        return f->st;
    *list = arena_alloc(a, limit * sizeof(**list));
    sqlite3_bind_int64(st, 1, clock_wall_ms() - older_ms);
    sqlite3_bind_int64(st, 2, limit);
    sqlite_bind_string(st, 3, pool);
    while ((step = sqlite3_step(st)) == SQLITE_ROW && *n < limit) {
        (*list)[(*n)++] = (struct dropped_queue){
            .epoch = (uint64_t)sqlite3_column_int64(st, 0),
            .project = arena_copy(a, sqlite_bytes(st, 1)),
            .name = arena_copy(a, sqlite_bytes(st, 2)),
            .pool = arena_copy(a, sqlite_bytes(st, 3)),
        };
    }
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, "list dropped queues", f);
    sqlite3_reset(st);
    return result;
}

enum status sqlite_dropped_done(struct catalog *c, uint64_t epoch, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_DROPPED_REMOVE, f);

    if (st == NULL)
        return f->st;
    sqlite3_bind_int64(st, 1, (sqlite3_int64)epoch);
    return sqlite_run(s, st, f);
}
