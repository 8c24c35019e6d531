/* The catalog in PostgreSQL: for clusters of several machines. Changes are announced by NOTIFY, so
 * that routers drop what they remember within milliseconds. */
#include "catalog/postgresql/postgresql.h"

#include "catalog/migration.h"
#include "common/mem.h"
#include "common/uri.h"
#include "nusku_catalog.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARAMS_MAX = 8, MIGRATION_LOCK = 0x6e75736b /* "nusk", for pg_advisory_xact_lock */ };

static const char *const statement_text[SQL_COUNT] = {
#define STATEMENT_TEXT(name, sql) [SQL_##name] = (sql),
    STATEMENTS(STATEMENT_TEXT)
#undef STATEMENT_TEXT
};

static const struct migration migrations[MIGRATION_LAST] = {
    {"0001_postgresql", embedded_0001_postgresql_sql},
    {"0002_postgresql", embedded_0002_postgresql_sql},
};

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* "relation exists, skipping" and the like: nobody's business */
}

void postgresql_disconnect(struct postgresql_catalog *p)
{
    PQfinish(p->db);
    p->db = NULL;
    p->listening = false;
    memset(p->prepared, 0, sizeof(p->prepared));
}

/* trouble copies the first line of a message of libpq. */
static enum status trouble(enum status st, const char *message, struct failure *f)
{
    return fail(f, st, "catalog: %.*s", (int)strcspn(message, "\n"), message);
}

enum status postgresql_connect(struct postgresql_catalog *p, struct failure *f)
{
    /* bounds on how long a dead server can hold a thread; what the URI says beats them */
    static const char *const names[] = {"connect_timeout", "tcp_user_timeout", "application_name",
                                        "options",         "dbname",           NULL};
    const char *values[] = {"3", "5000", "nusku", "-c statement_timeout=5000", p->uri, NULL};

    if (p->db != NULL && PQstatus(p->db) == CONNECTION_OK)
        return ST_OK;
    postgresql_disconnect(p);
    p->db = PQconnectdbParams(names, values, 1);
    if (PQstatus(p->db) != CONNECTION_OK) {
        trouble(ST_UNAVAILABLE, PQerrorMessage(p->db), f);
        postgresql_disconnect(p);
        return ST_UNAVAILABLE;
    }
    PQsetNoticeProcessor(p->db, ignore_notice, NULL);
    return ST_OK;
}

/* check_result looks at what came back; on failure the result is cleared. A connection in doubt is
 * given up, so that the next call begins afresh. */
static enum status check_result(struct postgresql_catalog *p, PGresult **r, struct failure *f)
{
    ExecStatusType got = PQresultStatus(*r);
    const char *state;
    enum status st;

    if (got == PGRES_TUPLES_OK || got == PGRES_COMMAND_OK)
        return ST_OK;
    state = PQresultErrorField(*r, PG_DIAG_SQLSTATE);
    /* class 23 constraint, 42 syntax or access, 22 data: ours; the rest is the server's condition */
    st = state != NULL && (strncmp(state, "42", 2) == 0 || strncmp(state, "22", 2) == 0 ||
                           strncmp(state, "23", 2) == 0)
             ? ST_INTERNAL
             : ST_UNAVAILABLE;
    trouble(st,
            PQresultErrorMessage(*r)[0] != '\0' ? PQresultErrorMessage(*r) : PQerrorMessage(p->db),
            f);
    PQclear(*r);
    *r = NULL;
    postgresql_disconnect(p);
    return st;
}

static enum status prepare(struct postgresql_catalog *p, enum statement which, const char *name,
                           struct failure *f)
{
    PGresult *r;
    enum status st;

    if (p->prepared[which])
        return ST_OK;
    r = PQprepare(p->db, name, statement_text[which], 0, NULL);
    st = check_result(p, &r, f);
    if (st == ST_OK) {
        PQclear(r);
        p->prepared[which] = true;
    }
    return st;
}

enum status postgresql_run(struct postgresql_catalog *p, enum statement which,
                           const struct param *params, int n, PGresult **result, struct failure *f)
{
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    char digits[PARAMS_MAX][24];
    char name[16];
    PGresult *r;
    enum status st = postgresql_connect(p, f);

    assert(n <= PARAMS_MAX);
    snprintf(name, sizeof(name), "s%d", (int)which);
    if (st == ST_OK)
        st = prepare(p, which, name, f);
    if (st != ST_OK)
        return st;
    for (int i = 0; i < n; i++) {
        if (params[i].is_number) {
            snprintf(digits[i], sizeof(digits[i]), "%lld", (long long)params[i].number);
            values[i] = digits[i];
            lengths[i] = 0;
            formats[i] = 0;
        } else {
            values[i] = params[i].bytes.p == NULL ? "" : params[i].bytes.p;
            lengths[i] = (int)params[i].bytes.len;
            formats[i] = 1;
        }
    }
    r = PQexecPrepared(p->db, name, n, values, lengths, formats, 1);
    st = check_result(p, &r, f);
    if (st == ST_OK && result != NULL)
        *result = r;
    else
        PQclear(r);
    return st;
}

enum status postgresql_exec(struct postgresql_catalog *p, const char *sql, struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_connect(p, f);

    if (st != ST_OK)
        return st;
    r = PQexec(p->db, sql);
    st = check_result(p, &r, f);
    PQclear(r);
    return st;
}

struct slice postgresql_bytes(const PGresult *r, int row, int column)
{
    return (struct slice){PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column)};
}

int64_t postgresql_number(const PGresult *r, int row, int column)
{
    uint64_t n = 0;

    if (PQgetlength(r, row, column) == sizeof(n))
        memcpy(&n, PQgetvalue(r, row, column), sizeof(n));
    return (int64_t)be64toh(n);
}

/* ---- Opening and the schema ------------------------------------------------------------------- */

static void postgresql_close(struct catalog *c)
{
    struct postgresql_catalog *p = postgresql_of(c);

    postgresql_disconnect(p);
    free(p->uri);
    free(p);
}

static enum status postgresql_open(struct slice uri, struct catalog **c, struct failure *f)
{
    struct postgresql_catalog *p;
    char *text = mem_strdup(uri);
    char *error = NULL;
    PQconninfoOption *parsed = PQconninfoParse(text, &error);

    if (parsed == NULL) {
        enum status st = trouble(ST_INVALID, error == NULL ? "a wrong URI" : error, f);

        PQfreemem(error);
        free(text);
        return st;
    }
    PQconninfoFree(parsed);
    p = mem_zalloc(sizeof(*p));
    p->base.ops = &catalog_postgresql;
    p->uri = text;
    *c = &p->base;
    return ST_OK;
}

/* ask_int runs a query of one number. */
static enum status ask_int(struct postgresql_catalog *p, const char *sql, int *number,
                           struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_connect(p, f);

    if (st != ST_OK)
        return st;
    r = PQexec(p->db, sql);
    st = check_result(p, &r, f);
    if (st == ST_OK)
        *number = atoi(PQgetvalue(r, 0, 0));
    PQclear(r);
    return st;
}

static enum status read_schema(struct postgresql_catalog *p, int *number, struct failure *f)
{
    int there;
    enum status st =
        ask_int(p, "SELECT (to_regclass('migration') IS NOT NULL)::INTEGER", &there, f);

    *number = 0;
    if (st != ST_OK || !there)
        return st;
    return ask_int(p, "SELECT coalesce(max(number), 0) FROM migration", number, f);
}

static enum status postgresql_schema(struct catalog *c, int *number, struct failure *f)
{
    return read_schema(postgresql_of(c), number, f);
}

static enum status apply(struct postgresql_catalog *p, int from, struct failure *f)
{
    enum status st = ST_OK;

    for (int i = from; st == ST_OK && i < MIGRATION_LAST; i++) {
        char note[128];

        snprintf(note, sizeof(note), "INSERT INTO migration (number, name) VALUES (%d, '%s')",
                 i + 1, migrations[i].name);
        st = postgresql_exec(p, migrations[i].sql, f);
        if (st == ST_OK)
            st = postgresql_exec(p, note, f);
    }
    return st;
}

/* One transaction under one lock: a second machine waits, and then finds nothing to do. */
static enum status postgresql_migrate(struct catalog *c, int *from, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    char lock[64];
    enum status st = postgresql_exec(p, "BEGIN", f);

    snprintf(lock, sizeof(lock), "SELECT pg_advisory_xact_lock(%d)", MIGRATION_LOCK);
    if (st == ST_OK)
        st = postgresql_exec(p, lock, f);
    if (st == ST_OK)
        st = postgresql_exec(p,
                             "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, "
                             "name TEXT NOT NULL, applied TIMESTAMPTZ NOT NULL DEFAULT now())",
                             f);
    if (st == ST_OK)
        st = read_schema(p, from, f);
    if (st == ST_OK)
        st = apply(p, *from, f);
    if (st == ST_OK)
        st = postgresql_exec(p, "COMMIT", f);
    return st; /* a failure has closed the connection, and with it the transaction */
}

const struct catalog_ops catalog_postgresql = {
    .abi = CATALOG_ABI,
    .schemes = "postgresql|postgres",
    .open = postgresql_open,
    .close = postgresql_close,
    .migrate = postgresql_migrate,
    .schema = postgresql_schema,
    .queue_find = postgresql_queue_find,
    .queue_create = postgresql_queue_create,
    .queue_update = postgresql_queue_update,
    .queue_delete = postgresql_queue_delete,
    .queue_list = postgresql_queue_list,
    .queue_count = postgresql_queue_count,
    .queue_totals = postgresql_queue_totals,
    .dropped_list = postgresql_dropped_list,
    .dropped_done = postgresql_dropped_done,
    .pool_put = postgresql_pool_put,
    .pool_get = postgresql_pool_get,
    .pool_list = postgresql_pool_list,
    .pool_delete = postgresql_pool_delete,
    .flavor_put = postgresql_flavor_put,
    .flavor_get = postgresql_flavor_get,
    .flavor_list = postgresql_flavor_list,
    .flavor_delete = postgresql_flavor_delete,
    .worker_put = postgresql_worker_put,
    .worker_remove = postgresql_worker_remove,
    .worker_list = postgresql_worker_list,
    .changes = postgresql_changes,
    .wait = postgresql_wait,
    .trim = postgresql_trim,
};
