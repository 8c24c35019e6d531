/* worker/store/sqlite/store_sqlite.h - what the files of this driver share. Everything runs on the
 * one thread of the store (store_thread.h), inside the transaction of the batch.
 *
 * A function that fails leaves the reason in s->failed, and the whole batch is undone: each then
 * returns at once, so that callers may look once, at the end. */
#ifndef WORKER_STORE_SQLITE_STORE_SQLITE_H
#define WORKER_STORE_SQLITE_STORE_SQLITE_H

#include "worker/store_thread.h"

#include <sqlite3.h>

enum message_state { STATE_FREE = 0, STATE_DELAYED = 1, STATE_CLAIMED = 2 };

enum {
    SETTLE_MAX = 5000, /* messages that one operation settles before it waits for the next batch */
    SWEEP_MAX = 2000,  /* messages that one sweep removes */
};

#define SQL_MESSAGE_COLUMNS                                                                        \
    "id, state, seq, created_ms, expires_ms, claim_count, claim, id_epoch, id_seq, client, "       \
    "checksum, body"

#define SQL_SUBSCRIPTION_COLUMNS "seq, since_ms, ttl_s, confirmed, subscriber, options"

/* Every statement of the driver, prepared when it is first used. */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(QUEUE_FIND, "SELECT id, last, total, claimed, due_ms, subscriptions FROM queue "             \
                  "WHERE epoch = ?1")                                                              \
    X(QUEUE_ADD, "INSERT INTO queue (epoch, project, name, last, total, claimed, due_ms) "         \
                 "VALUES (?1, ?2, ?3, 0, 0, 0, ?4)")                                               \
    X(QUEUE_SET, "UPDATE queue SET last = ?2, total = ?3, claimed = ?4, due_ms = ?5, "             \
                 "subscriptions = ?6 WHERE id = ?1")                                               \
    X(QUEUE_FORGET, "UPDATE queue SET epoch = NULL, due_ms = 0 WHERE id = ?1")                     \
    X(QUEUE_DUE, "SELECT id, epoch FROM queue WHERE due_ms <= ?1 ORDER BY due_ms LIMIT 1")         \
    X(QUEUE_REMOVE, "DELETE FROM queue WHERE id = ?1")                                             \
    X(POST, "INSERT INTO message (queue, state, seq, created_ms, expires_ms, until_ms, "           \
            "claim_count, client, checksum, body) "                                                \
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9)")                                      \
    X(BY_SEQ, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 "                      \
              "AND state IN (0, 1, 2) AND seq = ?2")                                               \
    X(BY_ALIAS, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 "                    \
                "AND id_epoch = ?2 AND id_seq = ?3")                                               \
    X(BY_STATE, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 AND state = ?2 "     \
                "AND seq > ?3 ORDER BY seq LIMIT ?4")                                              \
    X(BY_CLAIM, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 AND claim = ?2 "     \
                "ORDER BY seq")                                                                    \
    X(OLDEST, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 AND state = ?2 "       \
              "ORDER BY seq LIMIT 1")                                                              \
    X(NEWEST, "SELECT " SQL_MESSAGE_COLUMNS " FROM message WHERE queue = ?1 AND state = ?2 "       \
              "ORDER BY seq DESC LIMIT 1")                                                         \
    X(HOLD, "UPDATE message SET state = 2, claim = ?2, claim_count = claim_count + 1, "            \
            "expires_ms = ?3 WHERE id = ?1")                                                       \
    X(PROLONG, "UPDATE message SET expires_ms = ?4 WHERE queue = ?1 AND claim = ?2 "               \
               "AND +expires_ms < ?3") /* the plus: by the index of the claim, not of expiry */    \
    X(FREE, "UPDATE message SET state = 0, claim = NULL WHERE queue = ?1 AND claim = ?2")          \
    X(MAKE_READY, "UPDATE message SET state = 0 WHERE id IN (SELECT id FROM message "              \
                  "WHERE queue = ?1 AND state = 1 AND until_ms <= ?2 LIMIT ?3)")                   \
    X(BURY, "UPDATE message SET queue = ?2, state = 0, seq = ?3, expires_ms = ?4, "                \
            "claim_count = 0, claim = NULL, id_epoch = ?5, id_seq = ?6 WHERE id = ?1")             \
    X(REMOVE, "DELETE FROM message WHERE id = ?1")                                                 \
    X(EXPIRE_UNCLAIMED,                                                                            \
      "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE queue = ?1 "                  \
      "AND expires_ms <= ?2 AND claim IS NULL ORDER BY expires_ms LIMIT ?3)")                      \
    X(EXPIRED, "SELECT id, claim FROM message WHERE queue = ?1 AND expires_ms <= ?2 "              \
               "ORDER BY expires_ms LIMIT ?3")                                                     \
    X(NEXT_EXPIRY, "SELECT min(expires_ms) FROM message WHERE queue = ?1")                         \
    X(ANY_OF,                                                                                      \
      "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE queue = ?1 LIMIT ?2)")        \
    X(CLAIM_ADD, "INSERT INTO claim VALUES (?1, ?2, ?3, ?4, ?5)")                                  \
    X(CLAIM_FIND, "SELECT created_ms, ttl_s FROM claim WHERE queue = ?1 AND id = ?2 "              \
                  "AND end_ms > ?3")                                                               \
    X(CLAIM_SET, "UPDATE claim SET created_ms = ?3, ttl_s = ?4, end_ms = ?5 "                      \
                 "WHERE queue = ?1 AND id = ?2")                                                   \
    X(CLAIM_ENDED, "SELECT id FROM claim WHERE queue = ?1 AND end_ms <= ?2 "                       \
                   "ORDER BY end_ms LIMIT 1")                                                      \
    X(CLAIM_REMOVE, "DELETE FROM claim WHERE queue = ?1 AND id = ?2")                              \
    X(CLAIM_HOLDS, "SELECT 1 FROM message WHERE queue = ?1 AND claim = ?2 LIMIT 1")                \
    X(CLAIM_ANY_OF, "DELETE FROM claim WHERE queue = ?1 AND id IN (SELECT id FROM claim "          \
                    "WHERE queue = ?1 LIMIT ?2)")                                                  \
    X(SUBSCRIPTION_ADD, "INSERT INTO subscription (queue, seq, since_ms, ttl_s, end_ms, "          \
                        "confirmed, subscriber, options) "                                         \
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                 \
    X(SUBSCRIPTION_SET, "UPDATE subscription SET since_ms = ?3, ttl_s = ?4, end_ms = ?5, "         \
                        "confirmed = ?6, subscriber = ?7, options = ?8 "                           \
                        "WHERE queue = ?1 AND seq = ?2")                                           \
    X(SUBSCRIPTION_FIND, "SELECT " SQL_SUBSCRIPTION_COLUMNS " FROM subscription "                  \
                         "WHERE queue = ?1 AND seq = ?2 AND end_ms > ?3")                          \
    X(SUBSCRIPTION_OF, "SELECT " SQL_SUBSCRIPTION_COLUMNS " FROM subscription "                    \
                       "WHERE queue = ?1 AND subscriber = ?2")                                     \
    X(SUBSCRIPTION_LIST, "SELECT " SQL_SUBSCRIPTION_COLUMNS " FROM subscription "                  \
                         "WHERE queue = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")                    \
    X(SUBSCRIPTION_ENDED, "DELETE FROM subscription WHERE id IN (SELECT id FROM subscription "     \
                          "WHERE queue = ?1 AND end_ms <= ?2 LIMIT ?3)")                           \
    X(SUBSCRIPTION_NEXT_END, "SELECT min(end_ms) FROM subscription WHERE queue = ?1")              \
    X(SUBSCRIPTION_REMOVE, "DELETE FROM subscription WHERE queue = ?1 AND seq = ?2")               \
    X(SUBSCRIPTION_REMOVE_ALL, "DELETE FROM subscription WHERE queue = ?1")                        \
    X(SUBSCRIPTION_MOVE, "UPDATE subscription SET queue = ?2 WHERE queue = ?1")                    \
    X(SUBSCRIPTION_ANY_OF, "DELETE FROM subscription WHERE id IN (SELECT id FROM subscription "    \
                           "WHERE queue = ?1 LIMIT ?2)")                                           \
    X(RECALL, "SELECT answer FROM operation WHERE bucket IN (?1, ?1 - 1) AND key = ?2")            \
    X(REMEMBER, "INSERT INTO operation VALUES (?1, ?2, ?3)")                                       \
    X(FORGET, "DELETE FROM operation WHERE (bucket, key) IN (SELECT bucket, key FROM operation "   \
              "WHERE bucket < ?1 LIMIT ?2)")

enum statement {
#define STATEMENT_ENUM(name, sql) SQL_##name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        SQL_COUNT
};

/* A row of the table queue, kept for the length of a batch and written back at its end. */
struct queue_row {
    struct queue_row *next;
    int64_t id;
    uint64_t epoch;
    uint64_t last;
    int64_t total, claimed;
    int64_t subscriptions;
    int64_t due_ms;
    bool settled; /* nothing more is due at this batch's time */
    bool dirty;
};

struct sqlite_store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    struct queue_row *rows; /* that this batch has met */
    int64_t now_ms;         /* of this batch */
    enum status st;         /* ST_OK, or why the batch must be undone */
    struct failure failed;
};

/* A message as it was read; its slices live until the statement is stepped or reset. */
struct message_row {
    int64_t id;
    enum message_state state;
    struct message message;
    bool has_alias;
    struct slice client;
};

/* ---- statements (store_sqlite.c) ---- */

/* use gives a statement, reset. It is never NULL, but stepping it after a failure does nothing. */
sqlite3_stmt *sqlite_store_use(struct sqlite_store *s, enum statement which);

/* step returns true for a row. run steps a statement that gives none. */
bool sqlite_store_step(struct sqlite_store *s, sqlite3_stmt *st);
void sqlite_store_run(struct sqlite_store *s, sqlite3_stmt *st);
void sqlite_store_bind(sqlite3_stmt *st, int at, struct slice bytes);
struct slice sqlite_store_bytes(sqlite3_stmt *st, int column);

/* ---- queues (queue.c) ---- */

/* queue_row_find gives the row of a queue, NULL if there is none (or the batch has failed).
 * queue_row_get makes one if needed: NULL only if the batch has failed. */
struct queue_row *queue_row_find(struct sqlite_store *s, const struct queue_ref *queue);
struct queue_row *queue_row_get(struct sqlite_store *s, const struct queue_ref *queue);

/* queue_row_number gives out the queue's next number. */
uint64_t queue_row_number(struct sqlite_store *s, struct queue_row *q);

/* queue_row_expect makes sure that the sweeper looks by then. */
void queue_row_expect(struct queue_row *q, int64_t at_ms);

/* queue_row_emptied makes sure that the row of a queue that holds nothing any more goes, in time. */
void queue_row_emptied(struct sqlite_store *s, struct queue_row *q);

/* queue_row_settle does what became due: expiry, ends of claims, ends of delays. False: there is
 * more than one operation should do. */
bool queue_row_settle(struct sqlite_store *s, struct queue_row *q);

/* queue_row_forget lets go of everything in the queue at once; the sweeper does the work. */
void queue_row_forget(struct sqlite_store *s, struct queue_row *q);

/* queue_rows_write writes changed rows back; queue_rows_release forgets them all. */
void queue_rows_write(struct sqlite_store *s);
void queue_rows_release(struct sqlite_store *s);

/* queue_sweep removes what has expired or was forgotten. True: there is more. */
bool queue_sweep(struct sqlite_store *s);

/* ---- messages (message.c) ---- */

void message_row_read(sqlite3_stmt *st, uint64_t epoch, struct message_row *m);

/* message_row_find finds a message that is alive by the id that clients know. The slices of *m live
 * until the next call. */
bool message_row_find(struct sqlite_store *s, struct queue_row *q, struct message_id id,
                      struct message_row *m);

/* message_keep copies a message's slices into a. */
struct message message_keep(const struct message *m, struct arena *a);

/* message_remove deletes a message and takes it out of its claim. */
void message_remove(struct sqlite_store *s, struct queue_row *q, int64_t id, bool claimed,
                    const struct claim_id *claim);

/* Operations; false: to be run again in the next batch. */
bool sqlite_message_post(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_message_list(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_message_get(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_message_delete(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_message_pop(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_queue_stats(struct sqlite_store *s, struct op *op, struct arena *a);

/* ---- claims (claim.c) ---- */

/* claim_free ends a claim: its messages are free again. */
void claim_free(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim);

/* claim_left forgets a claim that holds nothing any more. */
void claim_left(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim);

bool sqlite_claim_create(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_claim_get(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_claim_renew(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_claim_release(struct sqlite_store *s, struct op *op, struct arena *a);

/* ---- subscriptions (subscription.c) ---- */

/* subscriptions_end removes those whose ttl is over. False: there are more than one operation should
 * remove. */
bool subscriptions_end(struct sqlite_store *s, struct queue_row *q);

/* subscriptions_next_end_ms tells when the next one's ttl is over; INT64_MAX: there is none. */
int64_t subscriptions_next_end_ms(struct sqlite_store *s, const struct queue_row *q);

void subscriptions_remove_all(struct sqlite_store *s, struct queue_row *q);

/* subscriptions_move gives all count of a forgotten row to another one, which has none. */
void subscriptions_move(struct sqlite_store *s, int64_t from, int64_t count, struct queue_row *to);

bool sqlite_subscription_put(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_subscription_list(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_subscription_get(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_subscription_update(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_subscription_delete(struct sqlite_store *s, struct op *op, struct arena *a);
bool sqlite_subscription_confirm(struct sqlite_store *s, struct op *op, struct arena *a);

/* ---- operations that may come twice (operation.c) ---- */

/* recall gives what was answered to op the first time, in a: ids for a post, messages for a pop, and so on. */
bool sqlite_recall(struct sqlite_store *s, struct op *op, struct arena *a);
void sqlite_remember(struct sqlite_store *s, const struct op *op);
void sqlite_forget_operations(struct sqlite_store *s);

#endif
