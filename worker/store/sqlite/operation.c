/* Operations that may come twice: what they answered is kept for ten to twenty seconds, which is
 * longer than any deadline (common/wire.md). */
#include "worker/store/sqlite/store_sqlite.h"

#include "common/wire.h"

enum { BUCKET_MS = 10000, FORGET_MAX = 5000 };

static struct slice key_bytes(const struct op *op)
{
    return (struct slice){(const char *)op->key.bytes, sizeof(op->key.bytes)};
}

struct one_op {
    struct op *op;
};

static struct op *find_op(void *context, uint64_t number, enum op_code code)
{
    struct op *op = ((struct one_op *)context)->op;

    (void)number;
    return code == op->code ? op : NULL;
}

/* The answer is kept in the form it has on the wire. */
bool sqlite_recall(struct sqlite_store *s, struct op *op, struct arena *a)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_RECALL);
    struct one_op one = {op};
    int64_t now_ms = op->now_ms;
    bool found;

    sqlite3_bind_int64(st, 1, s->now_ms / BUCKET_MS);
    sqlite_store_bind(st, 2, key_bytes(op));
    found = sqlite_store_step(s, st);
    if (found) {
        struct wire_reader r = {arena_copy(a, sqlite_store_bytes(st, 0))};
        struct op *read;

        if (wire_read_outcome(&r, find_op, &one, &read, a, &op->f) != ST_OK || read == NULL)
            op->st = fail(&op->f, ST_INTERNAL, "a damaged row in the table of operations");
        op->now_ms = now_ms;
    }
    sqlite3_reset(st);
    return found;
}

void sqlite_remember(struct sqlite_store *s, const struct op *op)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_REMEMBER);
    struct buffer b = {0};

    wire_add_outcome(&b, 0, op);
    sqlite3_bind_int64(st, 1, s->now_ms / BUCKET_MS);
    sqlite_store_bind(st, 2, key_bytes(op));
    sqlite_store_bind(st, 3, buffer_slice(&b));
    sqlite_store_run(s, st);
    buffer_fini(&b);
}

void sqlite_forget_operations(struct sqlite_store *s)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_FORGET);

    sqlite3_bind_int64(st, 1, s->now_ms / BUCKET_MS - 1);
    sqlite3_bind_int64(st, 2, FORGET_MAX);
    sqlite_store_run(s, st);
}
