/* The embedded message store: one SQLite file, nothing to install. All operations of a batch are one
 * transaction, so a commit (and its fsync) is shared by everybody who came in the meantime. */
#include "worker/store/sqlite/store_sqlite.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/uri.h"
#include "nusku_worker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LAYOUT = 2,
    BUSY_TIMEOUT_MS = 4000, /* another process may be committing */
};

static const char *const statement_text[SQL_COUNT] = {
#define STATEMENT_TEXT(name, sql) [SQL_##name] = (sql),
    STATEMENTS(STATEMENT_TEXT)
#undef STATEMENT_TEXT
};

/* ---- Statements ------------------------------------------------------------------------------- */

static void note_failure(struct sqlite_store *s, const char *doing)
{
    int code = sqlite3_errcode(s->db) & 0xff;
    bool ours = code == SQLITE_MISUSE || code == SQLITE_CONSTRAINT || code == SQLITE_RANGE ||
                code == SQLITE_ERROR;

    if (s->st == ST_OK)
        s->st = fail(&s->failed, ours ? ST_INTERNAL : ST_UNAVAILABLE, "sqlite: %.100s: %s", doing,
                     sqlite3_errmsg(s->db));
}

sqlite3_stmt *sqlite_store_use(struct sqlite_store *s, enum statement which)
{
    sqlite3_stmt **st = &s->statements[which];

    if (*st == NULL && sqlite3_prepare_v3(s->db, statement_text[which], -1,
                                          SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        note_failure(s, statement_text[which]);
    sqlite3_reset(*st);
    return *st;
}

bool sqlite_store_step(struct sqlite_store *s, sqlite3_stmt *st)
{
    int got;

    if (s->st != ST_OK)
        return false;
    got = sqlite3_step(st);
    if (got != SQLITE_ROW && got != SQLITE_DONE)
        note_failure(s, sqlite3_sql(st));
    return got == SQLITE_ROW;
}

void sqlite_store_run(struct sqlite_store *s, sqlite3_stmt *st)
{
    sqlite_store_step(s, st);
    sqlite3_reset(st);
}

void sqlite_store_bind(sqlite3_stmt *st, int at, struct slice bytes)
{
    sqlite3_bind_blob64(st, at, bytes.p == NULL ? "" : bytes.p, bytes.len, SQLITE_STATIC);
}

struct slice sqlite_store_bytes(sqlite3_stmt *st, int column)
{
    const void *p = sqlite3_column_blob(st, column);
    int len = sqlite3_column_bytes(st, column);

    return (struct slice){p == NULL ? "" : p, (size_t)len};
}

/* ---- Batches ---------------------------------------------------------------------------------- */

static bool queue_drop(struct sqlite_store *s, struct op *op)
{
    struct queue_row *q = queue_row_find(s, &op->queue);

    if (q != NULL)
        queue_row_forget(s, q);
    return true;
}

/* queue_purge lets go of the whole row where messages are to go, and takes what is to stay over into a
 * new one: the sweeper does the work. */
static bool queue_purge(struct sqlite_store *s, struct op *op)
{
    struct queue_row *q = queue_row_find(s, &op->queue), old;

    if (q == NULL)
        return true;
    if (op->in.queue_purge.what == PURGE_SUBSCRIPTIONS) {
        subscriptions_remove_all(s, q);
        return true;
    }
    old = *q;
    queue_row_forget(s, q);
    q = queue_row_get(s, &op->queue);
    if (q == NULL)
        return true;
    q->last = old.last; /* numbers go on rising */
    q->dirty = true;
    if (op->in.queue_purge.what == PURGE_MESSAGES && old.subscriptions > 0)
        subscriptions_move(s, old.id, old.subscriptions, q);
    return true;
}

/* carry_out runs one operation; false: again in the next batch. */
static bool carry_out(struct sqlite_store *s, struct op *op, struct arena *a)
{
    switch (op->code) {
    case OP_message_post:
        return sqlite_message_post(s, op, a);
    case OP_message_list:
        return sqlite_message_list(s, op, a);
    case OP_message_get:
        return sqlite_message_get(s, op, a);
    case OP_message_delete:
        return sqlite_message_delete(s, op, a);
    case OP_message_pop:
        return sqlite_message_pop(s, op, a);
    case OP_claim_create:
        return sqlite_claim_create(s, op, a);
    case OP_claim_get:
        return sqlite_claim_get(s, op, a);
    case OP_claim_renew:
        return sqlite_claim_renew(s, op, a);
    case OP_claim_release:
        return sqlite_claim_release(s, op, a);
    case OP_queue_stats:
        return sqlite_queue_stats(s, op, a);
    case OP_queue_purge:
        return queue_purge(s, op);
    case OP_queue_drop:
        return queue_drop(s, op);
    case OP_subscription_put:
        return sqlite_subscription_put(s, op, a);
    case OP_subscription_list:
        return sqlite_subscription_list(s, op, a);
    case OP_subscription_get:
        return sqlite_subscription_get(s, op, a);
    case OP_subscription_update:
        return sqlite_subscription_update(s, op, a);
    case OP_subscription_delete:
        return sqlite_subscription_delete(s, op, a);
    case OP_subscription_confirm:
        return sqlite_subscription_confirm(s, op, a);
    case OP_store_ping:
    case OP_pool_probe: /* never comes here */
        return true;
    }
    return true;
}

static void begin(struct sqlite_store *s, int64_t now_ms)
{
    s->st = ST_OK;
    s->now_ms = now_ms;
    sqlite_store_run(s, sqlite_store_use(s, SQL_BEGIN));
}

/* end commits, or undoes everything if anything has failed. No statement may go on reading after that:
 * it would keep the log from being checkpointed, and the next batch from being begun where another
 * process has written meanwhile. */
static void end(struct sqlite_store *s)
{
    queue_rows_write(s);
    queue_rows_release(s);
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_reset(s->statements[i]);
    sqlite_store_run(s, sqlite_store_use(s, SQL_COMMIT));
    if (s->st != ST_OK && !sqlite3_get_autocommit(s->db)) {
        sqlite3_stmt *undo = sqlite_store_use(s, SQL_ROLLBACK);

        sqlite3_step(undo);
        sqlite3_reset(undo);
    }
}

/* run_once runs calls as one transaction. On failure all of them carry the reason. */
static void run_once(struct sqlite_store *s, struct thread_call *calls, size_t n, int64_t now_ms,
                     struct arena *a)
{
    begin(s, now_ms);
    for (size_t i = 0; i < n && s->st == ST_OK; i++) {
        struct op *op = calls[i].op;

        op->st = ST_OK;
        memset(&op->out, 0, sizeof(op->out));
        calls[i].again = !carry_out(s, op, a);
    }
    end(s);
    if (s->st == ST_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        calls[i].again = false;
        calls[i].op->st = fail(&calls[i].op->f, s->st, "%s", s->failed.text);
    }
}

/* A batch that fails is undone, and its operations are tried once more, each on its own: one that
 * cannot be carried out (a full disk, a row too large) does not take the others with it. */
static void sqlite_run(void *state, struct thread_call *calls, size_t n, int64_t now_ms,
                       struct arena *a)
{
    struct sqlite_store *s = state;

    if (n == 0)
        return;
    run_once(s, calls, n, now_ms, a);
    if (s->st == ST_OK || n == 1) {
        if (s->st != ST_OK)
            log_warn("SQLITE-FAILED", "op=%s reason=\"%s\"", op_name(calls[0].op->code),
                     s->failed.text);
        return;
    }
    log_warn("SQLITE-BATCH-FAILED", "operations=%zu reason=\"%s\"", n, s->failed.text);
    for (size_t i = 0; i < n; i++)
        run_once(s, &calls[i], 1, now_ms, a);
}

static bool sqlite_sweep(void *state, int64_t now_ms)
{
    struct sqlite_store *s = state;
    bool more;

    begin(s, now_ms);
    more = queue_sweep(s);
    sqlite_forget_operations(s);
    end(s);
    if (s->st != ST_OK)
        log_warn("SQLITE-SWEEP-FAILED", "reason=\"%s\"", s->failed.text);
    return more && s->st == ST_OK;
}

/* ---- Opening ---------------------------------------------------------------------------------- */

static void sqlite_close(void *state)
{
    struct sqlite_store *s = state;

    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

static int read_layout(struct sqlite_store *s)
{
    sqlite3_stmt *st;
    int layout = -1;

    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        layout = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return layout;
}

/* What makes each layout out of the one before. */
static const char *const layouts[LAYOUT] = {embedded_schema_sql, embedded_schema_2_sql};

/* raise_layout makes the tables in a new file, and what is missing in one of an older layout; the layout
 * that the file has then. */
static int raise_layout(struct sqlite_store *s)
{
    int layout = read_layout(s);

    while (layout >= 0 && layout < LAYOUT) {
        char pragma[48];

        snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", layout + 1);
        if (sqlite3_exec(s->db, layouts[layout], NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(s->db, pragma, NULL, NULL, NULL) != SQLITE_OK)
            return layout;
        layout++;
    }
    return layout;
}

/* set_up gives the file its layout. Two processes may do it at once: the second finds it done. */
static enum status set_up(struct sqlite_store *s, struct failure *f)
{
    int layout;

    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    if (sqlite3_exec(s->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                     "PRAGMA cache_size = -65536; BEGIN IMMEDIATE",
                     NULL, NULL, NULL) != SQLITE_OK)
        return fail(f, ST_UNAVAILABLE, "sqlite: %s", sqlite3_errmsg(s->db));
    layout = raise_layout(s);
    if (layout == LAYOUT && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return ST_OK;
    if (layout > LAYOUT)
        return fail(f, ST_UNAVAILABLE, "sqlite: the file has layout %d, this version knows %d",
                    layout, LAYOUT);
    return fail(f, ST_UNAVAILABLE, "sqlite: %s", sqlite3_errmsg(s->db));
}

static enum status sqlite_open(const struct store_host *host, struct slice text, void **state,
                               struct failure *f)
{
    struct sqlite_store *s;
    struct arena a = {0};
    struct uri uri;
    enum status st = uri_parse(text, &uri, &a, f);

    (void)host;
    if (st == ST_OK && (uri.path.len < 2 || uri.hosts.len > 0))
        st = fail(f, ST_INVALID, "sqlite:///path/of/file was expected");
    if (st != ST_OK) {
        arena_fini(&a);
        return st;
    }
    s = mem_zalloc(sizeof(*s));
    if (sqlite3_open_v2(arena_copy(&a, uri.path).p, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        st =
            fail(f, ST_UNAVAILABLE, "sqlite: %.*s: %s", SLICE_ARG(uri.path), sqlite3_errmsg(s->db));
    else
        st = set_up(s, f);
    arena_fini(&a);
    if (st != ST_OK)
        sqlite_close(s);
    else
        *state = s;
    return st;
}

static const struct thread_driver driver = {
    .open = sqlite_open,
    .close = sqlite_close,
    .run = sqlite_run,
    .sweep = sqlite_sweep,
};

static enum status store_sqlite_open(const struct store_host *host, struct slice uri,
                                     struct store **s, struct failure *f)
{
    return store_thread_open(&store_sqlite, &driver, host, uri, s, f);
}

const struct store_ops store_sqlite = {
    .abi = STORE_ABI,
    .schemes = "sqlite",
    .capabilities = STORE_SINGLE_WRITER | STORE_OPEN_BLOCKS | CAPABILITY_FIFO | CAPABILITY_CLAIMS |
                    CAPABILITY_DURABILITY | CAPABILITY_AOD,
    .open = store_sqlite_open,
    .close = store_thread_close,
    .submit = store_thread_submit,
    .flush = store_thread_flush,
    .sweep = store_thread_sweep,
};
