/* Claims in the SQLite store. */
#include "worker/store/sqlite/store_sqlite.h"

enum { BURY_MAX = 200 }; /* messages that one claim moves to the dead letters */

static struct slice id_bytes(const struct claim_id *id)
{
    return (struct slice){(const char *)id->bytes, sizeof(id->bytes)};
}

/* use_for binds the two parameters that the statements about a claim begin with. */
static sqlite3_stmt *use_for(struct sqlite_store *s, enum statement which, struct queue_row *q,
                             const struct claim_id *claim)
{
    sqlite3_stmt *st = sqlite_store_use(s, which);

    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_bind(st, 2, id_bytes(claim));
    return st;
}

void claim_free(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim)
{
    sqlite_store_run(s, use_for(s, SQL_FREE, q, claim));
    if (s->st == ST_OK) {
        q->claimed -= sqlite3_changes(s->db);
        q->dirty = true;
    }
    sqlite_store_run(s, use_for(s, SQL_CLAIM_REMOVE, q, claim));
}

void claim_left(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim)
{
    sqlite3_stmt *st = use_for(s, SQL_CLAIM_HOLDS, q, claim);
    bool holds = sqlite_store_step(s, st);

    sqlite3_reset(st);
    if (!holds)
        sqlite_store_run(s, use_for(s, SQL_CLAIM_REMOVE, q, claim));
}

/* find_live reads a claim that has not ended. */
static bool find_live(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim,
                      int64_t *created_ms, uint32_t *ttl_s)
{
    sqlite3_stmt *st = use_for(s, SQL_CLAIM_FIND, q, claim);
    bool found;

    sqlite3_bind_int64(st, 3, s->now_ms);
    found = sqlite_store_step(s, st);
    if (found) {
        *created_ms = sqlite3_column_int64(st, 0);
        *ttl_s = (uint32_t)sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return found;
}

/* read_held gives the messages of a claim, oldest first. */
static void read_held(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim,
                      struct op *op, struct arena *a)
{
    sqlite3_stmt *st = use_for(s, SQL_BY_CLAIM, q, claim);
    struct message *list = NULL;
    uint32_t n = 0, room = 0;

    while (sqlite_store_step(s, st)) {
        struct message_row m;

        if (n == room) {
            struct message *more = arena_alloc(a, (room + 32) * sizeof(*more));

            if (n > 0)
                memcpy(more, list, n * sizeof(*more));
            list = more;
            room += 32;
        }
        message_row_read(st, q->epoch, &m);
        list[n++] = message_keep(&m.message, a);
    }
    sqlite3_reset(st);
    op->out.messages.list = list;
    op->out.messages.n = n;
}

static void add_claim(struct sqlite_store *s, enum statement which, struct queue_row *q,
                      const struct claim_id *claim, uint32_t ttl_s)
{
    sqlite3_stmt *st = use_for(s, which, q, claim);

    sqlite3_bind_int64(st, 3, s->now_ms);
    sqlite3_bind_int64(st, 4, ttl_s);
    sqlite3_bind_int64(st, 5, s->now_ms + (int64_t)ttl_s * 1000);
    sqlite_store_run(s, st);
}

static void hold(struct sqlite_store *s, struct queue_row *q, struct op *op, struct message_row *m)
{
    int64_t end_ms = s->now_ms + (int64_t)op->in.claim_create.ttl_s * 1000;
    sqlite3_stmt *st = sqlite_store_use(s, SQL_HOLD);

    if (m->message.expires_ms < end_ms)
        m->message.expires_ms = end_ms + (int64_t)op->in.claim_create.grace_s * 1000;
    m->message.claim_count++;
    m->message.claimed = true;
    m->message.claim_id = op->key;
    sqlite3_bind_int64(st, 1, m->id);
    sqlite_store_bind(st, 2, id_bytes(&op->key));
    sqlite3_bind_int64(st, 3, m->message.expires_ms);
    sqlite_store_run(s, st);
    q->claimed++;
    q->dirty = true;
}

/* bury moves a message to the end of the dead letter queue. It keeps its id, body and age. */
static void bury(struct sqlite_store *s, struct queue_row *q, struct queue_row *target,
                 const struct dead_letter *dead, const struct message_row *m)
{
    int64_t expires_ms =
        dead->ttl_s > 0 ? s->now_ms + (int64_t)dead->ttl_s * 1000 : m->message.expires_ms;
    sqlite3_stmt *st = sqlite_store_use(s, SQL_BURY);

    sqlite3_bind_int64(st, 1, m->id);
    sqlite3_bind_int64(st, 2, target->id);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)queue_row_number(s, target));
    sqlite3_bind_int64(st, 4, expires_ms);
    sqlite3_bind_int64(st, 5, (sqlite3_int64)m->message.id.epoch);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)m->message.id.seq);
    sqlite_store_run(s, st);
    q->total--;
    target->total++;
    q->dirty = target->dirty = true;
    queue_row_expect(target, expires_ms);
}

/* read_free reads up to limit free messages, oldest first, into a. */
static uint32_t read_free(struct sqlite_store *s, struct queue_row *q, uint32_t limit,
                          struct message_row *rows, struct arena *a)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_BY_STATE);
    uint32_t n = 0;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int(st, 2, STATE_FREE);
    sqlite3_bind_int64(st, 3, 0);
    sqlite3_bind_int64(st, 4, limit);
    while (n < limit && sqlite_store_step(s, st)) {
        message_row_read(st, q->epoch, &rows[n]);
        rows[n].message = message_keep(&rows[n].message, a);
        n++;
    }
    sqlite3_reset(st);
    return n;
}

bool sqlite_claim_create(struct sqlite_store *s, struct op *op, struct arena *a)
{
    const struct dead_letter *dead = &op->in.claim_create.dead_letter;
    uint32_t limit = op->in.claim_create.limit, n, buried = 0;
    struct queue_row *q = queue_row_find(s, &op->queue), *target = NULL;
    struct message_row *rows;
    struct message *list;
    int64_t created_ms;
    uint32_t ttl_s;

    if (q == NULL)
        return true;
    if (find_live(s, q, &op->key, &created_ms, &ttl_s)) {
        read_held(s, q, &op->key, op, a); /* the same operation again: the same answer */
        return true;
    }
    if (!queue_row_settle(s, q))
        return false;
    rows = arena_alloc(a, limit * sizeof(*rows));
    list = arena_alloc(a, limit * sizeof(*list));
    op->out.messages.list = list;
    do {
        uint32_t moved = 0;

        n = read_free(s, q, limit - op->out.messages.n, rows, a);
        for (uint32_t i = 0; i < n && s->st == ST_OK; i++) {
            if (op_buries(op) && rows[i].message.claim_count >= dead->max_count) {
                if (target == NULL)
                    target = queue_row_get(s, &dead->target);
                if (target != NULL)
                    bury(s, q, target, dead, &rows[i]);
                moved++;
            } else {
                hold(s, q, op, &rows[i]);
                list[op->out.messages.n++] = rows[i].message;
            }
        }
        buried += moved;
        if (moved == 0)
            break;
    } while (op->out.messages.n < limit && buried < BURY_MAX && s->st == ST_OK);
    if (op->out.messages.n > 0)
        add_claim(s, SQL_CLAIM_ADD, q, &op->key, op->in.claim_create.ttl_s);
    return op->out.messages.n > 0 || buried < BURY_MAX;
}

bool sqlite_claim_get(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    const struct claim_id *id = &op->in.claim_get.id;
    int64_t created_ms;
    uint32_t ttl_s;

    if (q == NULL || !find_live(s, q, id, &created_ms, &ttl_s)) {
        op->st = fail(&op->f, ST_NOT_FOUND, "no such claim");
        return true;
    }
    read_held(s, q, id, op, a);
    op->out.messages.claim_created_ms = created_ms;
    op->out.messages.claim_ttl_s = ttl_s;
    return true;
}

bool sqlite_claim_renew(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    const struct claim_id *id = &op->in.claim_renew.id;
    int64_t end_ms = s->now_ms + (int64_t)op->in.claim_renew.ttl_s * 1000;
    int64_t created_ms;
    uint32_t ttl_s;
    sqlite3_stmt *st;

    (void)a;
    if (q == NULL || !find_live(s, q, id, &created_ms, &ttl_s)) {
        op->st = fail(&op->f, ST_NOT_FOUND, "no such claim");
        return true;
    }
    add_claim(s, SQL_CLAIM_SET, q, id, op->in.claim_renew.ttl_s);
    st = use_for(s, SQL_PROLONG, q, id);
    sqlite3_bind_int64(st, 3, end_ms);
    sqlite3_bind_int64(st, 4, end_ms + (int64_t)op->in.claim_renew.grace_s * 1000);
    sqlite_store_run(s, st);
    return true;
}

bool sqlite_claim_release(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);

    (void)a;
    if (q != NULL)
        claim_free(s, q, &op->in.claim_release.id);
    return true;
}
