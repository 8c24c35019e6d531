/* Workers, the change feed, and waiting for changes in the SQLite catalog. */
#include "catalog/sqlite/sqlite.h"

#include "catalog/pools_text.h"
#include "common/clock.h"

#include <time.h>

enum {
    POLL_EVERY_MS = 20
}; /* a few microseconds of CPU each: the file's version is in shared memory */

static void bind_worker(sqlite3_stmt *st, const struct worker_record *w, struct slice pools,
                        int64_t now_ms)
{
    sqlite_bind_bytes(st, 1, (struct slice){(const char *)w->id, sizeof(w->id)});
    sqlite_bind_string(st, 2, w->url);
    sqlite_bind_string(st, 3, w->host);
    sqlite3_bind_int64(st, 4, w->wire_version);
    sqlite_bind_string(st, 5, pools);
    sqlite3_bind_int64(st, 6, now_ms);
}

static enum status run_worker(struct sqlite_catalog *s, enum statement which,
                              const struct worker_record *w, struct slice pools, int64_t now_ms,
                              struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, which, f);

    if (st == NULL)
        return f->st;
    bind_worker(st, w, pools, now_ms);
    return sqlite_run(s, st, f);
}

/* expire_workers removes those that are silent, and those of whom the last boot was the end. */
static enum status expire_workers(struct sqlite_catalog *s, int64_t gone_ms, int64_t now_ms,
                                  bool *any, struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, SQL_WORKER_EXPIRE, f);
    enum status result;

    if (st == NULL)
        return f->st;
    sqlite3_bind_int64(st, 1, now_ms - gone_ms);
    sqlite3_bind_int64(st, 2, now_ms);
    result = sqlite_run(s, st, f);
    *any = result == ST_OK && sqlite3_changes(s->db) > 0;
    return result;
}

enum status sqlite_worker_put(struct catalog *c, const struct worker_record *w, int64_t gone_ms,
                              struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    struct arena a = {0};
    struct slice pools = pools_text_write(w, &a);
    uint64_t revision;
    bool changed = false;
    enum status st = sqlite_begin(s, f);

    if (st == ST_OK) {
        int64_t now_ms = clock_mono_ms(); /* not earlier: nobody's heartbeat is to be later */

        st = run_worker(s, SQL_WORKER_RENEW, w, pools, now_ms, f);
        if (st == ST_OK && sqlite3_changes(s->db) == 0) {
            changed = true;
            st = run_worker(s, SQL_WORKER_PUT, w, pools, now_ms, f);
        }
        if (st == ST_OK) {
            bool expired = false;

            st = expire_workers(s, gone_ms, now_ms, &expired, f);
            changed |= expired;
        }
        if (st == ST_OK && changed)
            st = sqlite_note_change(s, CHANGE_WORKER, SLICE(""), SLICE(""), &revision, f);
        st = sqlite_end(s, st, f);
    }
    arena_fini(&a);
    return st;
}

enum status sqlite_worker_remove(struct catalog *c, const unsigned char id[UUID_BYTES],
                                 struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *remove;
    uint64_t revision;
    enum status st = sqlite_begin(s, f);

    if (st != ST_OK)
        return st;
    remove = sqlite_use(s, SQL_WORKER_REMOVE, f);
    if (remove == NULL)
        return sqlite_end(s, f->st, f);
    sqlite_bind_bytes(remove, 1, (struct slice){(const char *)id, UUID_BYTES});
    st = sqlite_run(s, remove, f);
    if (st == ST_OK && sqlite3_changes(s->db) > 0)
        st = sqlite_note_change(s, CHANGE_WORKER, SLICE(""), SLICE(""), &revision, f);
    return sqlite_end(s, st, f);
}

/* silence_ms tells how long ago a heartbeat was that was read just now. */
static int64_t silence_ms(int64_t heartbeat_ms)
{
    int64_t now_ms = clock_mono_ms();

    return heartbeat_ms <= now_ms ? now_ms - heartbeat_ms : INT64_MAX;
}

enum status sqlite_worker_list(struct catalog *c, struct arena *a, struct worker_record **list,
                               uint32_t *n, struct failure *f)
{
    enum { GROW = 16 };
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_WORKER_LIST, f);
    uint32_t room = 0;
    enum status result = ST_OK;
    int step;

    *n = 0;
    *list = NULL;
    if (st == NULL)
        return f->st;
    while ((step = sqlite3_step(st)) == SQLITE_ROW) {
        struct worker_record *w;
        struct slice id = sqlite_bytes(st, 0);

        if (id.len != UUID_BYTES)
            continue;
        if (*n == room) {
            struct worker_record *more = arena_alloc(a, (room + GROW) * sizeof(*more));

            if (room > 0)
                memcpy(more, *list, room * sizeof(*more));
            *list = more;
            room += GROW;
        }
        w = &(*list)[(*n)++];
        *w = (struct worker_record){
            .url = arena_copy(a, sqlite_bytes(st, 1)),
            .host = arena_copy(a, sqlite_bytes(st, 2)),
            .wire_version = (uint32_t)sqlite3_column_int64(st, 3),
            .silent_ms = silence_ms(sqlite3_column_int64(st, 5)),
        };
        memcpy(w->id, id.p, UUID_BYTES);
        pools_text_read(sqlite_bytes(st, 4), w, a);
    }
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, "list workers", f);
    sqlite3_reset(st);
    return result;
}

/* read_number reads one integer of one row; an SQL NULL (min of nothing) leaves it as it is. */
static enum status read_number(struct sqlite_catalog *s, enum statement which, uint64_t *n,
                               struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, which, f);
    enum status result = ST_OK;

    if (st == NULL)
        return f->st;
    if (sqlite3_step(st) != SQLITE_ROW)
        result = sqlite_trouble(s, sqlite3_sql(st), f);
    else if (sqlite3_column_type(st, 0) != SQLITE_NULL)
        *n = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return result;
}

static enum status read_changes(struct sqlite_catalog *s, uint64_t since, uint32_t limit,
                                struct arena *a, struct change **list, uint32_t *n,
                                struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, SQL_CHANGES, f);
    enum status result = ST_OK;
    int step;

    if (st == NULL)
        return f->st;
    *list = arena_alloc(a, limit * sizeof(**list));
    sqlite3_bind_int64(st, 1, (sqlite3_int64)since);
    sqlite3_bind_int64(st, 2, limit);
    while ((step = sqlite3_step(st)) == SQLITE_ROW && *n < limit) {
        (*list)[(*n)++] = (struct change){
            .revision = (uint64_t)sqlite3_column_int64(st, 0),
            .kind = (enum change_kind)sqlite3_column_int(st, 1),
            .project = arena_copy(a, sqlite_bytes(st, 2)),
            .name = arena_copy(a, sqlite_bytes(st, 3)),
        };
    }
    if (step != SQLITE_DONE)
        result = sqlite_trouble(s, "read changes", f);
    sqlite3_reset(st);
    return result;
}

/* One read transaction is not needed: the revision is read first, and rows only ever follow it. */
enum status sqlite_changes(struct catalog *c, uint64_t since, uint32_t limit, struct arena *a,
                           struct change **list, uint32_t *n, uint64_t *upto, bool *complete,
                           struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    uint64_t oldest = UINT64_MAX;
    enum status st = read_number(s, SQL_REVISION, upto, f);

    *n = 0;
    *list = NULL;
    *complete = true;
    if (st != ST_OK || since == 0 || since == *upto)
        return st;
    st = read_number(s, SQL_CHANGE_OLDEST, &oldest, f);
    if (st != ST_OK)
        return st;
    if (since > *upto || oldest > since + 1) {
        *complete = false;
        return ST_OK;
    }
    st = read_changes(s, since, limit, a, list, n, f);
    /* revisions become visible in their order: up to the last one seen nothing is missing */
    if (*n > 0 && (*n == limit || (*list)[*n - 1].revision > *upto))
        *upto = (*list)[*n - 1].revision;
    return st;
}

enum status sqlite_wait(struct catalog *c, int timeout_ms, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    int64_t until_ms = clock_mono_ms() + timeout_ms;

    for (;;) {
        uint64_t version = 0;
        enum status st = read_number(s, SQL_DATA_VERSION, &version, f);

        if (st != ST_OK)
            return st;
        if ((int64_t)version != s->seen_version) {
            s->seen_version = (int64_t)version;
            return ST_OK;
        }
        if (clock_mono_ms() >= until_ms)
            return fail(f, ST_TIMEOUT, "nothing changed");
        nanosleep(&(struct timespec){.tv_nsec = POLL_EVERY_MS * 1000000L}, NULL);
    }
}

enum status sqlite_trim(struct catalog *c, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st = sqlite_use(s, SQL_TRIM, f);

    if (st == NULL)
        return f->st;
    sqlite3_bind_int64(st, 1, CATALOG_CHANGES_KEPT);
    return sqlite_run(s, st, f);
}
