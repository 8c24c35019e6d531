/* catalog/postgresql/postgresql.h - what the files of this driver share: the connection, which comes
 * back by itself, and statements with their parameters. */
#ifndef CATALOG_POSTGRESQL_POSTGRESQL_H
#define CATALOG_POSTGRESQL_POSTGRESQL_H

#include "catalog/catalog.h"

#include <libpq-fe.h>

/* Wall time of the server: one clock for all machines. */
#define SQL_NOW_MS "floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT"

#define SQL_QUEUE_COLUMNS "project, name, pool, metadata, epoch, revision, created_ms"

/* A pool p, as a project ($1) sees it: the last two are its flavor there, and whether it is set aside. */
#define SQL_POOL_FACTS "p.name, p.uri, p.weight, p.options, p.capabilities, p.revision, "
#define SQL_POOL_COLUMNS                                                                           \
    SQL_POOL_FACTS                                                                                 \
    "(SELECT flavor FROM flavor_pool WHERE project = $1::BYTEA AND pool = p.name), "               \
    "(SELECT count(*) FROM flavor_pool WHERE pool = p.name)"
#define SQL_POOL_COLUMNS_OF_MARK SQL_POOL_FACTS "m.flavor, 1::BIGINT"

/* Every statement of the driver, prepared when it is first used on a connection.
 *
 * A change is one statement: it locks the queue's row, then takes the revision (a row lock that is
 * held until the commit, so that revisions become visible in their order), then writes. */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN")                                                                              \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
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
    X(QUEUE_ADD, "WITH k AS (SELECT 1 FROM pool WHERE name = $3::TEXT FOR SHARE), "                \
                 "r AS (UPDATE revision SET n = n + 1 WHERE $3::TEXT = '' "                        \
                 "OR EXISTS (SELECT 1 FROM k) RETURNING n), "                                      \
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
    X(QUEUE_TOTALS, "SELECT pool, count(*) FROM queue GROUP BY pool ORDER BY pool COLLATE \"C\" "  \
                    "LIMIT $1::BIGINT")                                                            \
    X(DROPPED_LIST, "SELECT epoch, project, name, pool FROM dropped WHERE pool = $3::TEXT "        \
                    "AND dropped_ms <= " SQL_NOW_MS " - $1::BIGINT ORDER BY epoch "                \
                    "LIMIT $2::BIGINT")                                                            \
    X(DROPPED_REMOVE, "DELETE FROM dropped WHERE epoch = $1::BIGINT")                              \
    X(NOTE_POOL, "WITH r AS (UPDATE revision SET n = n + 1 RETURNING n), "                         \
                 "c AS (INSERT INTO change SELECT n, 3, $1::BYTEA, $2::TEXT FROM r) "              \
                 "SELECT n, pg_notify('nusku', '') FROM r")                                        \
    X(POOL_LOCK, "SELECT pg_advisory_xact_lock(1886351212)") /* "pool" */                          \
    X(POOL_HOLD, "SELECT 1 FROM pool WHERE name = $1::TEXT FOR UPDATE")                            \
    X(POOL_GET, "SELECT " SQL_POOL_COLUMNS " FROM pool p WHERE p.name = $2::TEXT")                 \
    X(POOL_LIST, "SELECT " SQL_POOL_COLUMNS " FROM pool p WHERE p.name > $2::TEXT "                \
                 "ORDER BY p.name LIMIT $3::BIGINT")                                               \
    X(POOL_EXISTS, "SELECT 1 FROM pool WHERE name = $1::TEXT")                                     \
    X(POOL_IS_AT, "SELECT 1 FROM pool WHERE name = $1::TEXT AND revision = $2::BIGINT")            \
    X(POOL_TAKEN, "SELECT 1 FROM pool WHERE uri = $1::BYTEA AND name <> $2::TEXT")                 \
    X(POOL_PUT, "INSERT INTO pool VALUES ($1::TEXT, $2::BYTEA, $3::BIGINT, $4::TEXT, $5::BIGINT, " \
                "$6::BIGINT) ON CONFLICT (name) DO UPDATE SET uri = excluded.uri, "                \
                "weight = excluded.weight, options = excluded.options, "                           \
                "capabilities = excluded.capabilities, revision = excluded.revision")              \
    X(POOL_USE, "SELECT (SELECT count(*) FROM queue WHERE pool = $1::TEXT AND pool <> ''), "       \
                "(SELECT count(*) FROM dropped WHERE pool = $1::TEXT AND project <> '')")          \
    X(POOL_LAST_OF,                                                                                \
      "SELECT m.flavor FROM flavor_pool m "                                                        \
      "JOIN flavor f ON f.project = m.project AND f.name = m.flavor WHERE m.pool = $1::TEXT "      \
      "AND NOT EXISTS (SELECT 1 FROM flavor_pool o WHERE o.project = m.project "                   \
      "AND o.flavor = m.flavor AND o.pool <> m.pool) ORDER BY m.project LIMIT 1")                  \
    X(POOL_FORGET_DROPPED, "DELETE FROM dropped WHERE pool = $1::TEXT")                            \
    X(POOL_UNMARK, "DELETE FROM flavor_pool WHERE pool = $1::TEXT")                                \
    X(POOL_REMOVE, "DELETE FROM pool WHERE name = $1::TEXT")                                       \
    X(MARK_PUT, "INSERT INTO flavor_pool VALUES ($1::BYTEA, $2::TEXT, $3::TEXT) "                  \
                "ON CONFLICT (project, pool) DO UPDATE SET flavor = excluded.flavor")              \
    X(MARK_REMOVE, "DELETE FROM flavor_pool WHERE project = $1::BYTEA AND pool = $2::TEXT")        \
    X(FLAVOR_EXISTS, "SELECT 1 FROM flavor WHERE project = $1::BYTEA AND name = $2::TEXT")         \
    X(FLAVOR_PUT, "INSERT INTO flavor VALUES ($1::BYTEA, $2::TEXT) ON CONFLICT DO NOTHING")        \
    X(FLAVOR_EMPTY, "DELETE FROM flavor_pool WHERE project = $1::BYTEA AND flavor = $2::TEXT")     \
    X(FLAVOR_POOLS, "SELECT " SQL_POOL_COLUMNS_OF_MARK " FROM flavor_pool m "                      \
                    "JOIN pool p ON p.name = m.pool WHERE m.project = $1::BYTEA "                  \
                    "AND m.flavor = $2::TEXT ORDER BY p.name")                                     \
    X(FLAVOR_LIST, "SELECT name FROM flavor WHERE project = $1::BYTEA AND name > $2::TEXT "        \
                   "ORDER BY name LIMIT $3::BIGINT")                                               \
    X(FLAVOR_REMOVE, "DELETE FROM flavor WHERE project = $1::BYTEA AND name = $2::TEXT")           \
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
enum status postgresql_queue_totals(struct catalog *c, uint32_t limit, struct arena *a,
                                    struct queue_total **list, uint32_t *n, struct failure *f);
enum status postgresql_dropped_list(struct catalog *c, struct slice pool, int64_t older_ms,
                                    uint32_t limit, struct arena *a, struct dropped_queue **list,
                                    uint32_t *n, struct failure *f);
enum status postgresql_dropped_done(struct catalog *c, uint64_t epoch, struct failure *f);
enum status postgresql_pool_put(struct catalog *c, struct slice project,
                                const struct pool_record *pool, uint64_t revision,
                                struct failure *f);
enum status postgresql_pool_get(struct catalog *c, struct slice project, struct slice name,
                                struct arena *a, struct pool_record *pool, struct failure *f);
enum status postgresql_pool_list(struct catalog *c, struct slice project, struct slice after,
                                 uint32_t limit, struct arena *a, struct pool_record **list,
                                 uint32_t *n, struct failure *f);
enum status postgresql_pool_delete(struct catalog *c, struct slice name, bool abandon,
                                   struct arena *a, struct pool_use *use, struct failure *f);
enum status postgresql_flavor_put(struct catalog *c, struct slice project, struct slice name,
                                  const struct slice *pools, uint32_t n, bool must_exist,
                                  uint32_t *missing, struct failure *f);
enum status postgresql_flavor_get(struct catalog *c, struct slice project, struct slice name,
                                  struct arena *a, struct flavor_record *flavor, struct failure *f);
enum status postgresql_flavor_list(struct catalog *c, struct slice project, struct slice after,
                                   uint32_t limit, struct arena *a, struct flavor_record **list,
                                   uint32_t *n, struct failure *f);
enum status postgresql_flavor_delete(struct catalog *c, struct slice project, struct slice name,
                                     struct failure *f);
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
