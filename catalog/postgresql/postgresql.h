/* catalog/postgresql/postgresql.h - what the files of this driver share: the connection, which comes
 * back by itself, and statements with their parameters. */
#ifndef CATALOG_POSTGRESQL_POSTGRESQL_H
#define CATALOG_POSTGRESQL_POSTGRESQL_H

#include "catalog/catalog.h"

#include <libpq-fe.h>

/* Wall time of the server: one clock for all machines. */
#define SQL_NOW_MS "floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT"

#define SQL_QUEUE_COLUMNS "project, name, pool, metadata, epoch, revision, created_ms"

/* Every statement of the driver, prepared when it is first used on a connection.
 *
 * A change is one statement: it locks the queue's row, then takes the revision (a row lock that is
 * held until the commit, so that revisions become visible in their order), then writes. */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN")                                                                              \
    X(COMMIT, "COMMIT")                                                                            \
    X(REVISION, "SELECT n FROM revision")                                                          \
    X(NOTE_WORKERS, "WITH r AS (UPDATE revision SET n = n + 1 RETURNING n), "                      \
                    "c AS (INSERT INTO change SELECT n, 2, '', '' FROM r) "                        \
                    "SELECT pg_notify('nusku', '')")                                               \
    X(CHANGES, "SELECT revision, kind, project, name FROM change WHERE revision > $1::BIGINT "     \
               "ORDER BY revision LIMIT $2::BIGINT")                                               \
    X(CHANGE_OLDEST, "SELECT coalesce(min(revision), 9223372036854775807) FROM change")            \
    X(TRIM, "DELETE FROM change WHERE revision <= (SELECT revision FROM change "                   \
            "ORDER BY revision DESC LIMIT 1 OFFSET $1::BIGINT)")                                   \
    X(QUEUE_FIND, "SELECT " SQL_QUEUE_COLUMNS " FROM queue WHERE project = $1::BYTEA "             \
                  "AND name = $2::TEXT")                                                           \
    X(QUEUE_ADD, "WITH r AS (UPDATE revision SET n = n + 1 RETURNING n), "                         \
                 "q AS (INSERT INTO queue (project, name, pool, metadata, epoch, revision, "       \
                 "created_ms) SELECT $1::BYTEA, $2::TEXT, $3::TEXT, $4::TEXT, n, n, " SQL_NOW_MS   \
                 " FROM r ON CONFLICT DO NOTHING RETURNING " SQL_QUEUE_COLUMNS "), "               \
                 "c AS (INSERT INTO change SELECT revision, 1, project, name FROM q) "             \
                 "SELECT q.*, pg_notify('nusku', '') FROM q")                                      \
    X(QUEUE_SET,                                                                                   \
      "WITH k AS (SELECT 1 FROM queue WHERE project = $1::BYTEA AND name = $2::TEXT "              \
      "AND revision = $3::BIGINT FOR UPDATE), "                                                    \
      "r AS (UPDATE revision SET n = n + 1 WHERE EXISTS (SELECT 1 FROM k) "                        \
      "RETURNING n), "                                                                             \
      "q AS (UPDATE queue SET metadata = $4::TEXT, revision = r.n FROM r "                         \
      "WHERE project = $1::BYTEA AND name = $2::TEXT RETURNING " SQL_QUEUE_COLUMNS "), "           \
      "c AS (INSERT INTO change SELECT revision, 1, project, name FROM q) "                        \
      "SELECT q.*, pg_notify('nusku', '') FROM q")                                                 \
    X(QUEUE_REMOVE,                                                                                \
      "WITH k AS (SELECT 1 FROM queue WHERE project = $1::BYTEA "                                  \
      "AND name = $2::TEXT FOR UPDATE), "                                                          \
      "r AS (UPDATE revision SET n = n + 1 WHERE EXISTS (SELECT 1 FROM k) "                        \
      "RETURNING n), "                                                                             \
      "q AS (DELETE FROM queue USING r WHERE project = $1::BYTEA "                                 \
      "AND name = $2::TEXT RETURNING " SQL_QUEUE_COLUMNS "), "                                     \
      "d AS (INSERT INTO dropped SELECT epoch, project, name, pool, " SQL_NOW_MS " FROM q), "      \
      "c AS (INSERT INTO change SELECT r.n, 1, $1::BYTEA, $2::TEXT FROM r) "                       \
      "SELECT q.*, pg_notify('nusku', '') FROM q")                                                 \
    X(QUEUE_LIST, "SELECT " SQL_QUEUE_COLUMNS " FROM queue WHERE project = $1::BYTEA "             \
                  "AND name > $2::TEXT AND name < $3::TEXT ORDER BY name LIMIT $4::BIGINT")        \
    X(QUEUE_COUNT, "SELECT count(*) FROM queue WHERE project = $1::BYTEA AND name < $2::TEXT")     \
    X(DROPPED_LIST, "SELECT epoch, project, name, pool FROM dropped "                              \
                    "WHERE dropped_ms <= " SQL_NOW_MS " - $1::BIGINT ORDER BY epoch "              \
                    "LIMIT $2::BIGINT")                                                            \
    X(DROPPED_REMOVE, "DELETE FROM dropped WHERE epoch = $1::BIGINT")                              \
    X(WORKER_RENEW, "UPDATE worker SET heartbeat_ms = " SQL_NOW_MS " WHERE id = $1::BYTEA "        \
                    "AND url = $2::TEXT AND host = $3::TEXT AND wire_version = $4::INTEGER "       \
                    "AND pools = $5::TEXT")                                                        \
    X(WORKER_PUT, "INSERT INTO worker VALUES ($1::BYTEA, $2::TEXT, $3::TEXT, $4::INTEGER, "        \
                  "$5::TEXT, " SQL_NOW_MS ") ON CONFLICT (id) DO UPDATE SET url = excluded.url, "  \
                  "host = excluded.host, wire_version = excluded.wire_version, "                   \
                  "pools = excluded.pools, heartbeat_ms = excluded.heartbeat_ms")                  \
    X(WORKER_REMOVE, "DELETE FROM worker WHERE id = $1::BYTEA")                                    \
    X(WORKER_EXPIRE, "DELETE FROM worker WHERE heartbeat_ms < " SQL_NOW_MS " - $1::BIGINT")        \
    X(WORKER_LIST, "SELECT id, url, host, wire_version::BIGINT, pools, " SQL_NOW_MS                \
                   " - heartbeat_ms FROM worker ORDER BY id")

enum statement {
#define STATEMENT_ENUM(name, sql) SQL_##name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        SQL_COUNT
};

struct postgresql_catalog {
    struct catalog base;
    char *uri;
    PGconn *db;               /* NULL before the first call and after a loss */
    bool prepared[SQL_COUNT]; /* on this connection */
    bool listening;           /* LISTEN was sent on this connection */
};

static inline struct postgresql_catalog *postgresql_of(struct catalog *c)
{
    return (struct postgresql_catalog *)c;
}

/* A parameter: bytes go in binary, numbers as digits. */
struct param {
    struct slice bytes;
    int64_t number;
    bool is_number;
};

#define P_BYTES(s)  ((struct param){.bytes = (s)})
#define P_NUMBER(n) ((struct param){.number = (int64_t)(n), .is_number = true})

/* postgresql_connect makes sure that there is a connection. */
enum status postgresql_connect(struct postgresql_catalog *p, struct failure *f);

/* postgresql_disconnect gives the connection up; the next call makes a new one. */
void postgresql_disconnect(struct postgresql_catalog *p);

/* postgresql_run executes a statement. *result (binary format; the caller clears it) is set on ST_OK
 * and may be NULL if nobody wants it. */
enum status postgresql_run(struct postgresql_catalog *p, enum statement which,
                           const struct param *params, int n, PGresult **result, struct failure *f);

/* postgresql_exec runs statements given as text, without parameters or rows. */
enum status postgresql_exec(struct postgresql_catalog *p, const char *sql, struct failure *f);

struct slice postgresql_bytes(const PGresult *r, int row, int column); /* until PQclear */
int64_t postgresql_number(const PGresult *r, int row, int column);     /* of a BIGINT */

/* The operations, by file; see catalog.h. */
enum status postgresql_queue_find(struct catalog *c, struct slice project, struct slice name,
                                  struct queue_record **record, struct failure *f);
enum status postgresql_queue_create(struct catalog *c, struct slice project, struct slice name,
                                    struct slice metadata, struct slice pool,
                                    struct queue_record **record, bool *created, struct failure *f);
enum status postgresql_queue_update(struct catalog *c, struct slice project, struct slice name,
                                    uint64_t revision, struct slice metadata,
                                    struct queue_record **record, struct failure *f);
enum status postgresql_queue_delete(struct catalog *c, struct slice project, struct slice name,
                                    struct queue_record **record, struct failure *f);
enum status postgresql_queue_list(struct catalog *c, struct slice project, struct slice after,
                                  struct slice before, uint32_t limit, struct arena *a,
                                  struct queue_record ***records, uint32_t *n, struct failure *f);
enum status postgresql_queue_count(struct catalog *c, struct slice project, struct slice before,
                                   uint64_t *count, struct failure *f);
enum status postgresql_dropped_list(struct catalog *c, int64_t older_ms, uint32_t limit,
                                    struct arena *a, struct dropped_queue **list, uint32_t *n,
                                    struct failure *f);
enum status postgresql_dropped_done(struct catalog *c, uint64_t epoch, struct failure *f);
enum status postgresql_worker_put(struct catalog *c, const struct worker_record *w, int64_t gone_ms,
                                  struct failure *f);
enum status postgresql_worker_remove(struct catalog *c, const unsigned char id[UUID_BYTES],
                                     struct failure *f);
enum status postgresql_worker_list(struct catalog *c, struct arena *a, struct worker_record **list,
                                   uint32_t *n, struct failure *f);
enum status postgresql_changes(struct catalog *c, uint64_t since, uint32_t limit, struct arena *a,
                               struct change **list, uint32_t *n, uint64_t *upto, bool *complete,
                               struct failure *f);
enum status postgresql_wait(struct catalog *c, int timeout_ms, struct failure *f);
enum status postgresql_trim(struct catalog *c, struct failure *f);

#endif
