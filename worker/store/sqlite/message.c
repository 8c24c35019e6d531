/* Messages in the SQLite store. */
#include "worker/store/sqlite/store_sqlite.h"

void message_row_read(sqlite3_stmt *st, uint64_t epoch, struct message_row *m)
{
    struct slice claim = sqlite_store_bytes(st, 6);

    *m = (struct message_row){
        .id = sqlite3_column_int64(st, 0),
        .state = (enum message_state)sqlite3_column_int(st, 1),
        .has_alias = sqlite3_column_type(st, 7) != SQLITE_NULL,
        .client = sqlite_store_bytes(st, 9),
        .message =
            {
                .seq = (uint64_t)sqlite3_column_int64(st, 2),
                .created_ms = sqlite3_column_int64(st, 3),
                .expires_ms = sqlite3_column_int64(st, 4),
                .claim_count = (uint32_t)sqlite3_column_int64(st, 5),
                .claimed = claim.len == CLAIM_ID_BYTES,
                .checksum = sqlite_store_bytes(st, 10),
                .body = sqlite_store_bytes(st, 11),
            },
    };
    if (m->message.claimed)
        memcpy(m->message.claim_id.bytes, claim.p, CLAIM_ID_BYTES);
    m->message.id = (struct message_id){epoch, m->message.seq};
    if (m->has_alias) {
        m->message.id.epoch = (uint64_t)sqlite3_column_int64(st, 7);
        m->message.id.seq = (uint64_t)sqlite3_column_int64(st, 8);
    }
}

bool message_row_find(struct sqlite_store *s, struct queue_row *q, struct message_id id,
                      struct message_row *m)
{
    sqlite3_stmt *st;

    if (id.epoch == q->epoch) {
        st = sqlite_store_use(s, SQL_BY_SEQ);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)id.seq);
    } else {
        st = sqlite_store_use(s, SQL_BY_ALIAS);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)id.epoch);
        sqlite3_bind_int64(st, 3, (sqlite3_int64)id.seq);
    }
    sqlite3_bind_int64(st, 1, q->id);
    if (!sqlite_store_step(s, st))
        return false;
    message_row_read(st, q->epoch, m);
    /* a dead letter goes by the id it came with, not by its place here */
    return m->message.expires_ms > s->now_ms && (id.epoch != q->epoch || !m->has_alias);
}

struct message message_keep(const struct message *m, struct arena *a)
{
    struct message kept = *m;

    kept.checksum = arena_copy(a, m->checksum);
    kept.body = arena_copy(a, m->body);
    return kept;
}

void message_remove(struct sqlite_store *s, struct queue_row *q, int64_t id, bool claimed,
                    const struct claim_id *claim)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_REMOVE);

    sqlite3_bind_int64(st, 1, id);
    sqlite_store_run(s, st);
    q->total--;
    q->claimed -= claimed;
    q->dirty = true;
    if (claimed)
        claim_left(s, q, claim);
}

/* ---- Post ------------------------------------------------------------------------------------- */

static uint64_t post_one(struct sqlite_store *s, struct queue_row *q, struct slice client,
                         const struct new_message *m)
{
    uint64_t seq = queue_row_number(s, q);
    int64_t expires_ms = s->now_ms + (int64_t)m->ttl_s * 1000;
    sqlite3_stmt *st = sqlite_store_use(s, SQL_POST);

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int(st, 2, m->delay_s > 0 ? STATE_DELAYED : STATE_FREE);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)seq);
    sqlite3_bind_int64(st, 4, s->now_ms);
    sqlite3_bind_int64(st, 5, expires_ms);
    sqlite3_bind_int64(st, 6, s->now_ms + (int64_t)m->delay_s * 1000);
    sqlite_store_bind(st, 7, client);
    sqlite3_bind_text64(st, 8, m->checksum.len == 0 ? "" : m->checksum.p, m->checksum.len,
                        SQLITE_STATIC, SQLITE_UTF8);
    sqlite_store_bind(st, 9, m->body);
    sqlite_store_run(s, st);
    q->total++;
    queue_row_expect(q, expires_ms);
    return seq;
}

bool sqlite_message_post(struct sqlite_store *s, struct op *op, struct arena *a)
{
    uint32_t n = op->in.message_post.n;
    struct queue_row *q;
    struct message_id *ids;

    if (sqlite_recall(s, op, a))
        return true;
    q = queue_row_get(s, &op->queue);
    if (q == NULL)
        return true;
    ids = arena_alloc(a, n * sizeof(*ids));
    for (uint32_t i = 0; i < n; i++) {
        ids[i].epoch = q->epoch;
        ids[i].seq = post_one(s, q, op->in.message_post.client, &op->in.message_post.messages[i]);
    }
    op->out.message_post.ids = ids;
    op->out.message_post.n = n;
    sqlite_remember(s, op);
    return true;
}

/* ---- Read ------------------------------------------------------------------------------------- */

/* A listing merges up to three states; each is a cursor over the index of its state. */
struct cursor {
    enum message_state state;
    struct message_row row; /* the one it stands on; slices are copied */
    bool ended;
    uint64_t after;
};

enum { CHUNK = 32 };

/* cursor_next steps to the next message of the state that the client may see. A statement is shared
 * by the cursors, so each step is a search of its own: the cost of an index look-up. */
static void cursor_next(struct sqlite_store *s, struct queue_row *q, struct cursor *c,
                        const struct op *op, struct arena *a)
{
    for (;;) {
        sqlite3_stmt *st = sqlite_store_use(s, SQL_BY_STATE);
        bool any = false;

        sqlite3_bind_int64(st, 1, q->id);
        sqlite3_bind_int(st, 2, (int)c->state);
        sqlite3_bind_int64(st, 3, (sqlite3_int64)c->after);
        sqlite3_bind_int64(st, 4, CHUNK); /* own messages are skipped without searching anew */
        while (sqlite_store_step(s, st)) {
            any = true;
            message_row_read(st, q->epoch, &c->row);
            c->after = c->row.message.seq;
            if (op->in.message_list.echo || !slice_eq(c->row.client, op->in.message_list.client)) {
                c->row.message = message_keep(&c->row.message, a);
                return;
            }
        }
        if (!any) {
            c->ended = true;
            return;
        }
    }
}

/* list_start finds the number after which a listing begins; false: after everything. */
static bool list_start(struct sqlite_store *s, struct queue_row *q, struct message_id after,
                       uint64_t *seq)
{
    struct message_row m;

    *seq = after.seq;
    if (after.epoch == q->epoch)
        return true;
    if (message_row_find(s, q, after, &m)) {
        *seq = m.message.seq;
        return true;
    }
    *seq = 0;
    return after.epoch < q->epoch;
}

bool sqlite_message_list(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct cursor cursors[3];
    struct message *list;
    size_t n = 0;
    uint64_t after;

    if (q == NULL)
        return true;
    if (!queue_row_settle(s, q))
        return false;
    if (!list_start(s, q, op->in.message_list.after, &after))
        return true;
    cursors[n++] = (struct cursor){.state = STATE_FREE, .after = after};
    if (op->in.message_list.include_delayed)
        cursors[n++] = (struct cursor){.state = STATE_DELAYED, .after = after};
    if (op->in.message_list.include_claimed)
        cursors[n++] = (struct cursor){.state = STATE_CLAIMED, .after = after};
    for (size_t i = 0; i < n; i++)
        cursor_next(s, q, &cursors[i], op, a);
    list = arena_alloc(a, op->in.message_list.limit * sizeof(*list));
    op->out.messages.list = list;
    while (op->out.messages.n < op->in.message_list.limit && s->st == ST_OK) {
        struct cursor *first = NULL;

        for (size_t i = 0; i < n; i++)
            if (!cursors[i].ended &&
                (first == NULL || cursors[i].row.message.seq < first->row.message.seq))
                first = &cursors[i];
        if (first == NULL)
            break;
        list[op->out.messages.n++] = first->row.message;
        if (op->out.messages.n < op->in.message_list.limit)
            cursor_next(s, q, first, op, a);
    }
    return true;
}

/* hide_ended_claim: a claim that has ended, but was not settled yet, holds nothing. */
static void hide_ended_claim(struct sqlite_store *s, struct queue_row *q, struct message *m)
{
    sqlite3_stmt *st;

    if (!m->claimed || q->settled)
        return;
    st = sqlite_store_use(s, SQL_CLAIM_FIND);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_bind(st, 2, (struct slice){(const char *)m->claim_id.bytes, CLAIM_ID_BYTES});
    sqlite3_bind_int64(st, 3, s->now_ms);
    m->claimed = sqlite_store_step(s, st);
    sqlite3_reset(st);
}

bool sqlite_message_get(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct message *list = arena_alloc(a, op->in.message_get.n * sizeof(*list));

    op->out.messages.list = list;
    for (uint32_t i = 0; q != NULL && i < op->in.message_get.n; i++) {
        struct message_row m;

        if (!message_row_find(s, q, op->in.message_get.ids[i], &m))
            continue;
        list[op->out.messages.n] = message_keep(&m.message, a);
        hide_ended_claim(s, q, &list[op->out.messages.n]);
        op->out.messages.n++;
    }
    return true;
}

static bool edge(struct sqlite_store *s, struct queue_row *q, enum statement which,
                 enum message_state state, struct message_row *m)
{
    sqlite3_stmt *st = sqlite_store_use(s, which);
    bool found;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int(st, 2, (int)state);
    found = sqlite_store_step(s, st);
    if (found)
        message_row_read(st, q->epoch, m);
    sqlite3_reset(st);
    return found;
}

bool sqlite_queue_stats(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct message_row oldest = {0}, newest = {0}, m;
    bool any = false;

    (void)a;
    if (q == NULL)
        return true;
    if (!queue_row_settle(s, q))
        return false;
    for (int state = STATE_FREE; state <= STATE_CLAIMED; state++) {
        if (!edge(s, q, SQL_OLDEST, (enum message_state)state, &m))
            continue;
        if (!any || m.message.seq < oldest.message.seq)
            oldest = m;
        if (edge(s, q, SQL_NEWEST, (enum message_state)state, &m) &&
            (!any || m.message.seq > newest.message.seq))
            newest = m;
        any = true;
    }
    op->out.queue_stats.claimed = (uint64_t)q->claimed;
    op->out.queue_stats.free = (uint64_t)(q->total - q->claimed);
    op->out.queue_stats.any = any;
    op->out.queue_stats.oldest = oldest.message.id;
    op->out.queue_stats.oldest_created_ms = oldest.message.created_ms;
    op->out.queue_stats.newest = newest.message.id;
    op->out.queue_stats.newest_created_ms = newest.message.created_ms;
    return true;
}

/* ---- Delete ----------------------------------------------------------------------------------- */

static bool is_named(const struct op *op, const struct claim_id *claim)
{
    for (uint32_t i = 0; i < op->in.message_delete.claims_n; i++)
        if (claim_id_eq(&op->in.message_delete.claims[i], claim))
            return true;
    return false;
}

static bool claim_is_live(struct sqlite_store *s, struct queue_row *q, const struct claim_id *claim)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_CLAIM_FIND);
    bool live;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_bind(st, 2, (struct slice){(const char *)claim->bytes, CLAIM_ID_BYTES});
    sqlite3_bind_int64(st, 3, s->now_ms);
    live = sqlite_store_step(s, st);
    sqlite3_reset(st);
    return live;
}

/* verdict says whether the rule lets a message go. The queue is settled: a claim that is there is
 * live. */
static enum status verdict(struct sqlite_store *s, struct queue_row *q, struct op *op,
                           const struct message *m)
{
    switch (op->in.message_delete.rule) {
    case DELETE_ANY:
        return ST_OK;
    case DELETE_FREE:
        return m->claimed ? ST_CLAIMED : ST_OK;
    case DELETE_ONE:
        if (!claim_is_live(s, q, &op->in.message_delete.claims[0]))
            return ST_CLAIM_GONE;
        break;
    case DELETE_CLAIMED:
        break;
    }
    if (!m->claimed)
        return ST_NOT_CLAIMED;
    return is_named(op, &m->claim_id) ? ST_OK : ST_CLAIMED;
}

bool sqlite_message_delete(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct message_row *found = arena_alloc(a, op->in.message_delete.n * sizeof(*found));
    uint32_t n = 0;

    if (q == NULL)
        return true;
    if (!queue_row_settle(s, q))
        return false;
    for (uint32_t i = 0; i < op->in.message_delete.n; i++) {
        enum status st;
        bool twice = false;

        if (!message_row_find(s, q, op->in.message_delete.ids[i], &found[n]))
            continue;
        for (uint32_t j = 0; j < n; j++)
            twice |= found[j].id == found[n].id;
        if (twice)
            continue;
        st = verdict(s, q, op, &found[n].message);
        if (st != ST_OK) {
            op->st = fail(&op->f, st, "%s", status_text(st));
            return true;
        }
        n++;
    }
    for (uint32_t i = 0; i < n; i++)
        message_remove(s, q, found[i].id, found[i].message.claimed, &found[i].message.claim_id);
    return true;
}

bool sqlite_message_pop(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q;
    struct message *list;
    int64_t *ids;
    sqlite3_stmt *st;
    uint32_t n = 0;

    if (sqlite_recall(s, op, a))
        return true;
    q = queue_row_find(s, &op->queue);
    if (q == NULL)
        return true;
    if (!queue_row_settle(s, q))
        return false;
    list = arena_alloc(a, op->in.message_pop.limit * sizeof(*list));
    ids = arena_alloc(a, op->in.message_pop.limit * sizeof(*ids));
    st = sqlite_store_use(s, SQL_BY_STATE);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int(st, 2, STATE_FREE);
    sqlite3_bind_int64(st, 3, 0);
    sqlite3_bind_int64(st, 4, op->in.message_pop.limit);
    while (n < op->in.message_pop.limit && sqlite_store_step(s, st)) {
        struct message_row m;

        message_row_read(st, q->epoch, &m);
        ids[n] = m.id;
        list[n++] = message_keep(&m.message, a);
    }
    sqlite3_reset(st);
    for (uint32_t i = 0; i < n; i++)
        message_remove(s, q, ids[i], false, NULL);
    op->out.messages.list = list;
    op->out.messages.n = n;
    if (n > 0)
        sqlite_remember(s, op);
    return true;
}
