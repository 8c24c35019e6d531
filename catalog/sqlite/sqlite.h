/* catalog/sqlite/sqlite.h - what the files of this driver share: the connection, its prepared
 * statements, and how SQLite's results become outcomes. */
#ifndef CATALOG_SQLITE_SQLITE_H
#define CATALOG_SQLITE_SQLITE_H

#include "catalog/catalog.h"

#include <sqlite3.h>

/* A pool p, as a project (?1) sees it: the last two are its flavor there, and whether it is set aside. */
#define SQL_POOL_FACTS "p.name, p.uri, p.weight, p.options, p.capabilities, p.revision, "
#define SQL_POOL_COLUMNS                                                                           \
    SQL_POOL_FACTS "(SELECT flavor FROM flavor_pool WHERE project = ?1 AND pool = p.name), "       \
                   "EXISTS (SELECT 1 FROM flavor_pool WHERE pool = p.name)"
#define SQL_POOL_COLUMNS_OF_MARK SQL_POOL_FACTS "m.flavor, 1"

/* Every statement of the driver, prepared when it is first used. */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(NEXT_REVISION, "UPDATE revision SET n = n + 1 RETURNING n")                                  \
    X(REVISION, "SELECT n FROM revision")                                                          \
    X(CHANGE_ADD, "INSERT INTO change VALUES (?1, ?2, ?3, ?4)")                                    \
    X(CHANGES, "SELECT revision, kind, project, name FROM change WHERE revision > ?1 "             \
               "ORDER BY revision LIMIT ?2")                                                       \
    X(CHANGE_OLDEST, "SELECT min(revision) FROM change")                                           \
    X(TRIM, "DELETE FROM change WHERE revision <= (SELECT revision FROM change "                   \
            "ORDER BY revision DESC LIMIT 1 OFFSET ?1)")                                           \
    X(QUEUE_FIND, "SELECT project, name, pool, metadata, epoch, revision, created_ms "             \
                  "FROM queue WHERE project = ?1 AND name = ?2")                                   \
    X(QUEUE_ADD, "INSERT INTO queue VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)")                          \
    X(QUEUE_SET, "UPDATE queue SET metadata = ?3, revision = ?4 "                                  \
                 "WHERE project = ?1 AND name = ?2")                                               \
    X(QUEUE_REMOVE, "DELETE FROM queue WHERE project = ?1 AND name = ?2")                          \
    X(QUEUE_LIST, "SELECT project, name, pool, metadata, epoch, revision, created_ms "             \
                  "FROM queue WHERE project = ?1 AND name > ?2 AND name < ?3 "                     \
                  "ORDER BY name LIMIT ?4")                                                        \
    X(QUEUE_COUNT, "SELECT count(*) FROM queue WHERE project = ?1 AND name < ?2")                  \
    X(QUEUE_TOTALS, "SELECT pool, count(*) FROM queue GROUP BY pool ORDER BY pool LIMIT ?1")       \
    X(DROPPED_ADD, "INSERT INTO dropped VALUES (?1, ?2, ?3, ?4, ?5)")                              \
    X(DROPPED_LIST, "SELECT epoch, project, name, pool FROM dropped WHERE pool = ?3 "              \
                    "AND dropped_ms <= ?1 ORDER BY epoch LIMIT ?2")                                \
    X(DROPPED_REMOVE, "DELETE FROM dropped WHERE epoch = ?1")                                      \
    X(WORKER_RENEW, "UPDATE worker SET heartbeat_ms = ?6 WHERE id = ?1 AND url = ?2 "              \
                    "AND host = ?3 AND wire_version = ?4 AND pools = ?5")                          \
    X(WORKER_PUT, "INSERT OR REPLACE INTO worker VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                 \
    X(WORKER_REMOVE, "DELETE FROM worker WHERE id = ?1")                                           \
    X(WORKER_EXPIRE, "DELETE FROM worker WHERE heartbeat_ms NOT BETWEEN ?1 AND ?2")                \
    X(WORKER_LIST, "SELECT id, url, host, wire_version, pools, heartbeat_ms FROM worker "          \
                   "ORDER BY id")                                                                  \
    X(POOL_GET, "SELECT " SQL_POOL_COLUMNS " FROM pool p WHERE p.name = ?2")                       \
    X(POOL_LIST, "SELECT " SQL_POOL_COLUMNS " FROM pool p WHERE p.name > ?2 "                      \
                 "ORDER BY p.name LIMIT ?3")                                                       \
    X(POOL_EXISTS, "SELECT 1 FROM pool WHERE name = ?1")                                           \
    X(POOL_IS_AT, "SELECT 1 FROM pool WHERE name = ?1 AND revision = ?2")                          \
    X(POOL_TAKEN, "SELECT 1 FROM pool WHERE uri = ?1 AND name <> ?2")                              \
    X(POOL_PUT, "INSERT OR REPLACE INTO pool VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                     \
    X(POOL_USE, "SELECT (SELECT count(*) FROM queue WHERE pool = ?1 AND pool <> ''), "             \
                "(SELECT count(*) FROM dropped WHERE pool = ?1 AND project <> x'')")               \
    X(POOL_LAST_OF,                                                                                \
      "SELECT m.flavor FROM flavor_pool m "                                                        \
      "JOIN flavor f ON f.project = m.project AND f.name = m.flavor WHERE m.pool = ?1 "            \
      "AND NOT EXISTS (SELECT 1 FROM flavor_pool o WHERE o.project = m.project "                   \
      "AND o.flavor = m.flavor AND o.pool <> m.pool) ORDER BY m.project LIMIT 1")                  \
    X(POOL_FORGET_DROPPED, "DELETE FROM dropped WHERE pool = ?1")                                  \
    X(POOL_UNMARK, "DELETE FROM flavor_pool WHERE pool = ?1")                                      \
    X(POOL_REMOVE, "DELETE FROM pool WHERE name = ?1")                                             \
    X(MARK_PUT, "INSERT OR REPLACE INTO flavor_pool VALUES (?1, ?2, ?3)")                          \
    X(MARK_REMOVE, "DELETE FROM flavor_pool WHERE project = ?1 AND pool = ?2")                     \
    X(FLAVOR_EXISTS, "SELECT 1 FROM flavor WHERE project = ?1 AND name = ?2")                      \
    X(FLAVOR_PUT, "INSERT OR IGNORE INTO flavor VALUES (?1, ?2)")                                  \
    X(FLAVOR_EMPTY, "DELETE FROM flavor_pool WHERE project = ?1 AND flavor = ?2")                  \
    X(FLAVOR_POOLS, "SELECT " SQL_POOL_COLUMNS_OF_MARK " FROM flavor_pool m "                      \
                    "JOIN pool p ON p.name = m.pool WHERE m.project = ?1 AND m.flavor = ?2 "       \
                    "ORDER BY p.name")                                                             \
    X(FLAVOR_LIST, "SELECT name FROM flavor WHERE project = ?1 AND name > ?2 "                     \
                   "ORDER BY name LIMIT ?3")                                                       \
    X(FLAVOR_REMOVE, "DELETE FROM flavor WHERE project = ?1 AND name = ?2")                        \
    X(DATA_VERSION, "PRAGMA data_version")

enum statement {
#define STATEMENT_ENUM(name, sql) SQL_##name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        SQL_COUNT
};

struct sqlite_catalog {
    struct catalog base;
    char *path;
    sqlite3 *db; /* NULL: not open, the next statement tries */
    sqlite3_stmt *statements[SQL_COUNT];
    int64_t seen_version; /* of the last wait; -1 before the first */
};

static inline struct sqlite_catalog *sqlite_of(struct catalog *c)
{
    return (struct sqlite_catalog *)c;
}

/* trouble turns the database's last error into an outcome. */
enum status sqlite_trouble(struct sqlite_catalog *s, const char *doing, struct failure *f);

/* sqlite_use gives a statement, reset and ready to be bound; NULL with f filled. */
sqlite3_stmt *sqlite_use(struct sqlite_catalog *s, enum statement which, struct failure *f);

/* sqlite_run steps a bound statement that gives no rows, and resets it. */
enum status sqlite_run(struct sqlite_catalog *s, sqlite3_stmt *st, struct failure *f);

/* sqlite_begin opens a transaction that may write; sqlite_end commits it when st is ST_OK, else
 * undoes it, and returns the outcome of both. */
enum status sqlite_begin(struct sqlite_catalog *s, struct failure *f);
enum status sqlite_end(struct sqlite_catalog *s, enum status st, struct failure *f);

/* sqlite_note_change advances the revision and writes the change feed, inside a transaction. */
enum status sqlite_note_change(struct sqlite_catalog *s, enum change_kind kind,
                               struct slice project, struct slice name, uint64_t *revision,
                               struct failure *f);

void sqlite_bind_bytes(sqlite3_stmt *st, int at, struct slice s);  /* as BLOB, borrowed */
void sqlite_bind_string(sqlite3_stmt *st, int at, struct slice s); /* as TEXT, borrowed */
struct slice sqlite_bytes(sqlite3_stmt *st, int column);           /* valid until the next step */

/* The operations, by file; see catalog.h. */
enum status sqlite_queue_find(struct catalog *c, struct slice project, struct slice name,
                              struct queue_record **record, struct failure *f);
enum status sqlite_queue_create(struct catalog *c, struct slice project, struct slice name,
                                struct slice metadata, struct slice pool,
                                struct queue_record **record, bool *created, struct failure *f);
enum status sqlite_queue_update(struct catalog *c, struct slice project, struct slice name,
                                uint64_t revision, struct slice metadata,
                                struct queue_record **record, struct failure *f);
enum status sqlite_queue_delete(struct catalog *c, struct slice project, struct slice name,
                                struct queue_record **record, struct failure *f);
enum status sqlite_queue_list(struct catalog *c, struct slice project, struct slice after,
                              struct slice before, uint32_t limit, struct arena *a,
                              struct queue_record ***records, uint32_t *n, struct failure *f);
enum status sqlite_queue_count(struct catalog *c, struct slice project, struct slice before,
                               uint64_t *count, struct failure *f);
enum status sqlite_queue_totals(struct catalog *c, uint32_t limit, struct arena *a,
                                struct queue_total **list, uint32_t *n, struct failure *f);
enum status sqlite_dropped_list(struct catalog *c, struct slice pool, int64_t older_ms,
                                uint32_t limit, struct arena *a, struct dropped_queue **list,
                                uint32_t *n, struct failure *f);
enum status sqlite_dropped_done(struct catalog *c, uint64_t epoch, struct failure *f);
enum status sqlite_pool_put(struct catalog *c, struct slice project, const struct pool_record *pool,
                            uint64_t revision, struct failure *f);
enum status sqlite_pool_get(struct catalog *c, struct slice project, struct slice name,
                            struct arena *a, struct pool_record *pool, struct failure *f);
enum status sqlite_pool_list(struct catalog *c, struct slice project, struct slice after,
                             uint32_t limit, struct arena *a, struct pool_record **list,
                             uint32_t *n, struct failure *f);
enum status sqlite_pool_delete(struct catalog *c, struct slice name, bool abandon, struct arena *a,
                               struct pool_use *pool_use, struct failure *f);
enum status sqlite_flavor_put(struct catalog *c, struct slice project, struct slice name,
                              const struct slice *pools, uint32_t n, bool must_exist,
                              uint32_t *missing, struct failure *f);
enum status sqlite_flavor_get(struct catalog *c, struct slice project, struct slice name,
                              struct arena *a, struct flavor_record *flavor, struct failure *f);
enum status sqlite_flavor_list(struct catalog *c, struct slice project, struct slice after,
                               uint32_t limit, struct arena *a, struct flavor_record **list,
                               uint32_t *n, struct failure *f);
enum status sqlite_flavor_delete(struct catalog *c, struct slice project, struct slice name,
                                 struct failure *f);
enum status sqlite_worker_put(struct catalog *c, const struct worker_record *w, int64_t gone_ms,
                              struct failure *f);
enum status sqlite_worker_remove(struct catalog *c, const unsigned char id[UUID_BYTES],
                                 struct failure *f);
enum status sqlite_worker_list(struct catalog *c, struct arena *a, struct worker_record **list,
                               uint32_t *n, struct failure *f);
enum status sqlite_changes(struct catalog *c, uint64_t since, uint32_t limit, struct arena *a,
                           struct change **list, uint32_t *n, uint64_t *upto, bool *complete,
                           struct failure *f);
enum status sqlite_wait(struct catalog *c, int timeout_ms, struct failure *f);
enum status sqlite_trim(struct catalog *c, struct failure *f);

#endif
