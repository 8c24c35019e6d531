/* The catalog in one SQLite file: the embedded default. Several processes of one machine may share
 * it (write-ahead log, a writer at a time); for several machines there is PostgreSQL. */
#include "catalog/sqlite/sqlite.h"

#include "catalog/migration.h"
#include "common/mem.h"
#include "common/uri.h"
#include "nusku_catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000 };

static const char *const statement_text[SQL_COUNT] = {
#define STATEMENT_TEXT(name, sql) [SQL_##name] = (sql),
    STATEMENTS(STATEMENT_TEXT)
#undef STATEMENT_TEXT
};

static const struct migration migrations[MIGRATION_LAST] = {
    {"0001_sqlite", embedded_0001_sqlite_sql},
    {"0002_sqlite", embedded_0002_sqlite_sql},
};

enum status sqlite_trouble(struct sqlite_catalog *s, const char *doing, struct failure *f)
{
    int code = sqlite3_errcode(s->db) & 0xff;
    const char *why = sqlite3_errmsg(s->db);
    /* a file that was emptied, or not prepared yet */
    bool bare = slice_starts(slice_of(why), SLICE("no such table"));
    /* misuse and constraints are bugs of ours; all else is the file, the disk or another process */
    bool ours = code == SQLITE_MISUSE || code == SQLITE_CONSTRAINT || code == SQLITE_RANGE ||
                (code == SQLITE_ERROR && !bare);

    return fail(f, ours ? ST_INTERNAL : ST_UNAVAILABLE, "catalog: %s: %s", doing, why);
}

/* ---- The connection --------------------------------------------------------------------------- */

static void disconnect(struct sqlite_catalog *s)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
    s->seen_version = -1;
}

/* connect_file opens the file. flags may be SQLITE_OPEN_CREATE, or 0: a file that isn't there stays so. */
static enum status connect_file(struct sqlite_catalog *s, int flags, struct failure *f)
{
    enum status st = ST_OK;

    if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags,
                        NULL) != SQLITE_OK) {
        st = fail(f, ST_UNAVAILABLE, "catalog: %s: %s", s->path, sqlite3_errmsg(s->db));
    } else {
        sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
        /* 256 KiB of pages: each thread has a connection, and the records that matter are cached as such */
        if (sqlite3_exec(s->db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                         "PRAGMA cache_size = -256",
                         NULL, NULL, NULL) != SQLITE_OK)
            st = sqlite_trouble(s, "set up", f);
    }
    if (st != ST_OK)
        disconnect(s);
    return st;
}

/* reach sees to it that the file is open which has the name now. What was opened may have been deleted
 * or replaced meanwhile: nobody else would ever see what is written there. Not inside a transaction. */
static enum status reach(struct sqlite_catalog *s, int flags, struct failure *f)
{
    int moved = 0;

    if (s->db != NULL && sqlite3_get_autocommit(s->db) &&
        sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
        disconnect(s);
    return s->db != NULL ? ST_OK : connect_file(s, flags, f);
}

/* ---- Statements ------------------------------------------------------------------------------- */

sqlite3_stmt *sqlite_use(struct sqlite_catalog *s, enum statement which, struct failure *f)
{
    sqlite3_stmt **st = &s->statements[which];

    if (reach(s, 0, f) != ST_OK)
        return NULL;
    if (*st == NULL && sqlite3_prepare_v3(s->db, statement_text[which], -1,
                                          SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
        sqlite_trouble(s, "prepare", f);
        return NULL;
    }
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    return *st;
}

enum status sqlite_run(struct sqlite_catalog *s, sqlite3_stmt *st, struct failure *f)
{
    enum status result = ST_OK;

    if (sqlite3_step(st) != SQLITE_DONE)
        result = sqlite_trouble(s, sqlite3_sql(st), f);
    sqlite3_reset(st);
    return result;
}

static enum status run_simple(struct sqlite_catalog *s, enum statement which, struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, which, f);

    return st == NULL ? f->st : sqlite_run(s, st, f);
}

enum status sqlite_begin(struct sqlite_catalog *s, struct failure *f)
{
    return run_simple(s, SQL_BEGIN, f);
}

enum status sqlite_end(struct sqlite_catalog *s, enum status st, struct failure *f)
{
    struct failure ignored;

    if (st == ST_OK)
        st = run_simple(s, SQL_COMMIT, f);
    if (st != ST_OK && s->db != NULL && !sqlite3_get_autocommit(s->db))
        run_simple(s, SQL_ROLLBACK, &ignored); /* the first failure is the one that counts */
    return st;
}

enum status sqlite_note_change(struct sqlite_catalog *s, enum change_kind kind,
                               struct slice project, struct slice name, uint64_t *revision,
                               struct failure *f)
{
    sqlite3_stmt *st = sqlite_use(s, SQL_NEXT_REVISION, f);

    if (st == NULL)
        return f->st;
    if (sqlite3_step(st) != SQLITE_ROW)
        return sqlite_trouble(s, "advance the revision", f);
    *revision = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    st = sqlite_use(s, SQL_CHANGE_ADD, f);
    if (st == NULL)
        return f->st;
    sqlite3_bind_int64(st, 1, (sqlite3_int64)*revision);
    sqlite3_bind_int(st, 2, (int)kind);
    sqlite_bind_bytes(st, 3, project);
    sqlite_bind_bytes(st, 4, name);
    return sqlite_run(s, st, f);
}

void sqlite_bind_bytes(sqlite3_stmt *st, int at, struct slice s)
{
    sqlite3_bind_blob64(st, at, s.p == NULL ? "" : s.p, s.len, SQLITE_STATIC);
}

void sqlite_bind_string(sqlite3_stmt *st, int at, struct slice s)
{
    sqlite3_bind_text64(st, at, s.p == NULL ? "" : s.p, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

struct slice sqlite_bytes(sqlite3_stmt *st, int column)
{
    const void *p = sqlite3_column_blob(st, column);
    int len = sqlite3_column_bytes(st, column);

    return (struct slice){p == NULL ? "" : p, (size_t)len};
}

/* ---- Opening and the schema ------------------------------------------------------------------- */

static void sqlite_close(struct catalog *c)
{
    struct sqlite_catalog *s = sqlite_of(c);

    disconnect(s);
    free(s->path);
    free(s);
}

static enum status sqlite_open(struct slice text, struct catalog **c, struct failure *f)
{
    struct sqlite_catalog *s;
    struct arena a = {0};
    struct uri uri;
    enum status st = uri_parse(text, &uri, &a, f);

    if (st == ST_OK && (uri.path.len < 2 || uri.hosts.len > 0))
        st = fail(f, ST_INVALID, "sqlite:///path/of/file was expected");
    if (st == ST_OK) {
        s = mem_zalloc(sizeof(*s));
        s->base.ops = &catalog_sqlite;
        s->path = mem_strdup(uri.path);
        s->seen_version = -1;
        *c = &s->base;
    }
    arena_fini(&a);
    return st;
}

static enum status sqlite_schema(struct catalog *c, int *number, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    sqlite3_stmt *st;
    enum status result = reach(s, 0, f);

    *number = 0;
    if (result != ST_OK)
        return access(s->path, F_OK) != 0 && errno == ENOENT ? ST_OK : result;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK)
        return sqlite_trouble(s, "read the schema's number", f);
    if (sqlite3_step(st) == SQLITE_ROW)
        *number = sqlite3_column_int(st, 0);
    else
        result = sqlite_trouble(s, "read the schema's number", f);
    sqlite3_finalize(st);
    return result;
}

/* The number of the last migration is the file's user_version, which is part of the transaction. Nobody
 * else makes the file: one that is not there any more is a catalog that is away, not an empty one. */
static enum status sqlite_migrate(struct catalog *c, int *from, struct failure *f)
{
    struct sqlite_catalog *s = sqlite_of(c);
    enum status st = reach(s, SQLITE_OPEN_CREATE, f);

    if (st == ST_OK)
        st = sqlite_begin(s, f);
    if (st != ST_OK)
        return st;
    st = sqlite_schema(c, from, f);
    for (int i = *from; st == ST_OK && i < MIGRATION_LAST; i++) {
        char number[40];

        snprintf(number, sizeof(number), "PRAGMA user_version = %d", i + 1);
        if (sqlite3_exec(s->db, migrations[i].sql, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(s->db, number, NULL, NULL, NULL) != SQLITE_OK)
            st = sqlite_trouble(s, migrations[i].name, f);
    }
    return sqlite_end(s, st, f);
}

const struct catalog_ops catalog_sqlite = {
    .abi = CATALOG_ABI,
    .schemes = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .migrate = sqlite_migrate,
    .schema = sqlite_schema,
    .queue_find = sqlite_queue_find,
    .queue_create = sqlite_queue_create,
    .queue_update = sqlite_queue_update,
    .queue_delete = sqlite_queue_delete,
    .queue_list = sqlite_queue_list,
    .queue_count = sqlite_queue_count,
    .queue_totals = sqlite_queue_totals,
    .dropped_list = sqlite_dropped_list,
    .dropped_done = sqlite_dropped_done,
    .pool_put = sqlite_pool_put,
    .pool_get = sqlite_pool_get,
    .pool_list = sqlite_pool_list,
    .pool_delete = sqlite_pool_delete,
    .flavor_put = sqlite_flavor_put,
    .flavor_get = sqlite_flavor_get,
    .flavor_list = sqlite_flavor_list,
    .flavor_delete = sqlite_flavor_delete,
    .worker_put = sqlite_worker_put,
    .worker_remove = sqlite_worker_remove,
    .worker_list = sqlite_worker_list,
    .changes = sqlite_changes,
    .wait = sqlite_wait,
    .trim = sqlite_trim,
};
