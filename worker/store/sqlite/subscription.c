/* Subscriptions in the SQLite store. One whose ttl is over is not there, whether it was removed yet or
 * not. */
#include "worker/store/sqlite/store_sqlite.h"

static int64_t end_ms(int64_t since_ms, int64_t ttl_s)
{
    return since_ms + ttl_s * 1000;
}

bool subscriptions_end(struct sqlite_store *s, struct queue_row *q)
{
    sqlite3_stmt *st;
    int n;

    if (q->subscriptions == 0)
        return true;
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_ENDED);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, s->now_ms);
    sqlite3_bind_int64(st, 3, SWEEP_MAX);
    sqlite_store_run(s, st);
    n = s->st == ST_OK ? sqlite3_changes(s->db) : 0;
    q->subscriptions -= n;
    q->dirty |= n > 0;
    return n < SWEEP_MAX;
}

int64_t subscriptions_next_end_ms(struct sqlite_store *s, const struct queue_row *q)
{
    sqlite3_stmt *st;
    int64_t at_ms = INT64_MAX;

    if (q->subscriptions == 0)
        return at_ms;
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_NEXT_END);
    sqlite3_bind_int64(st, 1, q->id);
    if (sqlite_store_step(s, st) && sqlite3_column_type(st, 0) != SQLITE_NULL)
        at_ms = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return at_ms;
}

void subscriptions_remove_all(struct sqlite_store *s, struct queue_row *q)
{
    sqlite3_stmt *st;

    if (q->subscriptions == 0)
        return;
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_REMOVE_ALL);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_run(s, st);
    q->subscriptions = 0;
    queue_row_emptied(s, q);
}

void subscriptions_move(struct sqlite_store *s, int64_t from, int64_t count, struct queue_row *to)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_SUBSCRIPTION_MOVE);

    sqlite3_bind_int64(st, 1, from);
    sqlite3_bind_int64(st, 2, to->id);
    sqlite_store_run(s, st);
    to->subscriptions = count;
    to->dirty = true;
    queue_row_expect(to, subscriptions_next_end_ms(s, to));
}

/* ---- Reading ---------------------------------------------------------------------------------- */

/* read_row copies the row that st stands on into a. */
static struct subscription read_row(sqlite3_stmt *st, uint64_t epoch, struct arena *a)
{
    return (struct subscription){
        .id = {epoch, (uint64_t)sqlite3_column_int64(st, 0)},
        .since_ms = sqlite3_column_int64(st, 1),
        .ttl_s = sqlite3_column_int64(st, 2),
        .confirmed = sqlite3_column_int64(st, 3) != 0,
        .subscriber = arena_copy(a, sqlite_store_bytes(st, 4)),
        .options = arena_copy(a, sqlite_store_bytes(st, 5)),
    };
}

/* find finds one that is alive by its id. */
static bool find(struct sqlite_store *s, struct queue_row *q, struct message_id id,
                 struct subscription *to, struct arena *a)
{
    sqlite3_stmt *st;
    bool found;

    if (q == NULL || id.epoch != q->epoch)
        return false;
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_FIND);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)id.seq);
    sqlite3_bind_int64(st, 3, s->now_ms);
    found = sqlite_store_step(s, st);
    if (found)
        *to = read_row(st, q->epoch, a);
    sqlite3_reset(st);
    return found;
}

/* find_by_subscriber does the same by the subscriber. */
static bool find_by_subscriber(struct sqlite_store *s, struct queue_row *q, struct slice subscriber,
                               struct subscription *to, struct arena *a)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_SUBSCRIPTION_OF);
    bool found;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_bind(st, 2, subscriber);
    found = sqlite_store_step(s, st);
    if (found)
        *to = read_row(st, q->epoch, a);
    sqlite3_reset(st);
    return found;
}

static bool none(struct op *op)
{
    op->st = fail(&op->f, ST_NOT_FOUND, "no such subscription");
    return true;
}

bool sqlite_subscription_list(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct message_id after = op->in.subscription_list.after;
    uint32_t limit = op->in.subscription_list.limit, n = 0;
    struct subscription *list;
    sqlite3_stmt *st;

    if (q == NULL || after.epoch > q->epoch)
        return true;
    if (!subscriptions_end(s, q))
        return false;
    list = arena_alloc(a, limit * sizeof(*list));
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_LIST);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, after.epoch == q->epoch ? (sqlite3_int64)after.seq : 0);
    sqlite3_bind_int64(st, 3, limit);
    while (n < limit && sqlite_store_step(s, st))
        list[n++] = read_row(st, q->epoch, a);
    sqlite3_reset(st);
    op->out.subscriptions.list = list;
    op->out.subscriptions.n = n;
    return true;
}

bool sqlite_subscription_get(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct subscription *one = arena_alloc(a, sizeof(*one));

    if (!find(s, queue_row_find(s, &op->queue), op->in.subscription_get.id, one, a))
        return none(op);
    op->out.subscriptions.list = one;
    op->out.subscriptions.n = 1;
    return true;
}

/* ---- Changing --------------------------------------------------------------------------------- */

/* write_row writes all of a subscription, as a new row or over its old one. */
static void write_row(struct sqlite_store *s, enum statement which, struct queue_row *q,
                      const struct subscription *sub)
{
    sqlite3_stmt *st = sqlite_store_use(s, which);

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)sub->id.seq);
    sqlite3_bind_int64(st, 3, sub->since_ms);
    sqlite3_bind_int64(st, 4, sub->ttl_s);
    sqlite3_bind_int64(st, 5, end_ms(sub->since_ms, sub->ttl_s));
    sqlite3_bind_int64(st, 6, sub->confirmed);
    sqlite_store_bind(st, 7, sub->subscriber);
    sqlite_store_bind(st, 8, sub->options);
    sqlite_store_run(s, st);
    queue_row_expect(q, end_ms(sub->since_ms, sub->ttl_s));
}

static void create(struct sqlite_store *s, struct queue_row *q, struct op *op)
{
    struct subscription sub = {
        .id = {q->epoch, queue_row_number(s, q)},
        .since_ms = s->now_ms,
        .ttl_s = op->in.subscription_put.ttl_s,
        .subscriber = op->in.subscription_put.subscriber,
        .options = op->in.subscription_put.options,
    };

    write_row(s, SQL_SUBSCRIPTION_ADD, q, &sub);
    q->subscriptions++;
    op->out.subscription_put.id = sub.id;
}

bool sqlite_subscription_put(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct subscription old;
    struct queue_row *q;

    if (sqlite_recall(s, op, a))
        return true;
    q = queue_row_get(s, &op->queue);
    if (q == NULL)
        return true;
    if (!subscriptions_end(s, q))
        return false;
    if (find_by_subscriber(s, q, op->in.subscription_put.subscriber, &old, a)) {
        op->out.subscription_put.id = old.id;
        op->out.subscription_put.existed = true;
        op->out.subscription_put.confirmed = old.confirmed;
    } else if (q->subscriptions >= (int64_t)op->in.subscription_put.most) {
        op->st = fail(&op->f, ST_FULL, "the queue has as many subscriptions as it may have");
        return true;
    } else {
        create(s, q, op);
    }
    sqlite_remember(s, op);
    return true;
}

bool sqlite_subscription_update(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct slice subscriber = op->in.subscription_update.subscriber;
    struct subscription sub, other;

    if (sqlite_recall(s, op, a))
        return true;
    if (!find(s, q, op->in.subscription_update.id, &sub, a))
        return none(op);
    if (!subscriptions_end(s, q))
        return false;
    if (subscriber.len > 0 && !slice_eq(subscriber, sub.subscriber)) {
        if (find_by_subscriber(s, q, subscriber, &other, a)) {
            op->st = fail(&op->f, ST_CONFLICT, "the subscriber has another subscription");
            return true;
        }
        sub.subscriber = subscriber;
        sub.confirmed = false;
    }
    if (op->in.subscription_update.options.len > 0)
        sub.options = op->in.subscription_update.options;
    if (op->in.subscription_update.ttl_s > 0) {
        sub.since_ms = s->now_ms;
        sub.ttl_s = op->in.subscription_update.ttl_s;
    }
    write_row(s, SQL_SUBSCRIPTION_SET, q, &sub);
    sqlite_remember(s, op);
    return true;
}

bool sqlite_subscription_confirm(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct subscription sub;

    if (sqlite_recall(s, op, a))
        return true;
    if (!find(s, q, op->in.subscription_confirm.id, &sub, a))
        return none(op);
    sub.confirmed = op->in.subscription_confirm.confirmed;
    write_row(s, SQL_SUBSCRIPTION_SET, q, &sub);
    sqlite_remember(s, op);
    return true;
}

bool sqlite_subscription_delete(struct sqlite_store *s, struct op *op, struct arena *a)
{
    struct queue_row *q = queue_row_find(s, &op->queue);
    struct message_id id = op->in.subscription_delete.id;
    sqlite3_stmt *st;

    (void)a;
    if (q == NULL || id.epoch != q->epoch)
        return true;
    st = sqlite_store_use(s, SQL_SUBSCRIPTION_REMOVE);
    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)id.seq);
    sqlite_store_run(s, st);
    if (s->st == ST_OK && sqlite3_changes(s->db) > 0) {
        q->subscriptions--;
        queue_row_emptied(s, q);
    }
    return true;
}
