/* The rows of the table queue: numbers, counts, and what time does to a queue's messages. */
#include "worker/store/sqlite/store_sqlite.h"

#include "common/mem.h"

#include <stdlib.h>

enum {
    PER_MS = 4096,         /* numbers in a millisecond */
    STEP = 8,              /* between two numbers: those of the Redis store leave room for lanes */
    IDLE_MS = 3600 * 1000, /* an empty queue remembers its last number for so long */
};

#define EPOCH_MS INT64_C(1577836800000) /* 2020-01-01 */

/* number_of_time is 0 for a clock that stands before all numbers, as after a boot without a battery. */
static uint64_t number_of_time(int64_t now_ms)
{
    return now_ms > EPOCH_MS ? (uint64_t)(now_ms - EPOCH_MS) * PER_MS : 0;
}

/* read_last takes a number that no message id can carry for damage: the next one is given by the clock. */
static uint64_t read_last(sqlite3_stmt *st, int column)
{
    uint64_t last = (uint64_t)sqlite3_column_int64(st, column);

    return last <= MESSAGE_NUMBER_MAX ? last : 0;
}

static struct queue_row *keep_row(struct sqlite_store *s, const struct queue_row *row)
{
    struct queue_row *q = mem_alloc(sizeof(*q));

    *q = *row;
    q->next = s->rows;
    s->rows = q;
    return q;
}

static void release_row(struct sqlite_store *s, struct queue_row *q)
{
    struct queue_row **at = &s->rows;

    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    free(q);
}

void queue_rows_release(struct sqlite_store *s)
{
    while (s->rows != NULL)
        release_row(s, s->rows);
}

struct queue_row *queue_row_find(struct sqlite_store *s, const struct queue_ref *queue)
{
    sqlite3_stmt *st;
    struct queue_row row;
    bool found;

    for (struct queue_row *q = s->rows; q != NULL; q = q->next)
        if (q->epoch == queue->epoch)
            return q;
    st = sqlite_store_use(s, SQL_QUEUE_FIND);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)queue->epoch);
    found = sqlite_store_step(s, st);
    if (found) {
        row = (struct queue_row){
            .id = sqlite3_column_int64(st, 0),
            .epoch = queue->epoch,
            .last = read_last(st, 1),
            .total = sqlite3_column_int64(st, 2),
            .claimed = sqlite3_column_int64(st, 3),
            .due_ms = sqlite3_column_int64(st, 4),
            .subscriptions = sqlite3_column_int64(st, 5),
        };
    }
    sqlite3_reset(st);
    return found ? keep_row(s, &row) : NULL;
}

struct queue_row *queue_row_get(struct sqlite_store *s, const struct queue_ref *queue)
{
    struct queue_row *q = queue_row_find(s, queue);
    sqlite3_stmt *st;

    if (q != NULL || s->st != ST_OK)
        return q;
    st = sqlite_store_use(s, SQL_QUEUE_ADD);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)queue->epoch);
    sqlite_store_bind(st, 2, queue->project);
    sqlite_store_bind(st, 3, queue->name);
    sqlite3_bind_int64(st, 4, s->now_ms + IDLE_MS);
    sqlite_store_run(s, st);
    if (s->st != ST_OK)
        return NULL;
    return keep_row(s, &(struct queue_row){
                           .id = sqlite3_last_insert_rowid(s->db),
                           .epoch = queue->epoch,
                           .due_ms = s->now_ms + IDLE_MS,
                       });
}

uint64_t queue_row_number(struct sqlite_store *s, struct queue_row *q)
{
    uint64_t by_clock = number_of_time(s->now_ms);

    q->last = q->last / STEP * STEP + STEP;
    if (q->last < by_clock)
        q->last = by_clock;
    q->dirty = true;
    return q->last;
}

void queue_row_expect(struct queue_row *q, int64_t at_ms)
{
    if (at_ms < q->due_ms) {
        q->due_ms = at_ms;
        q->dirty = true;
    }
}

void queue_row_emptied(struct sqlite_store *s, struct queue_row *q)
{
    q->dirty = true;
    queue_row_expect(q, s->now_ms + IDLE_MS);
}

/* ---- What time does --------------------------------------------------------------------------- */

/* expire_unclaimed removes expired messages that no claim holds, all in one statement. */
static size_t expire_unclaimed(struct sqlite_store *s, struct queue_row *q, size_t most)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_EXPIRE_UNCLAIMED);
    int n;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, s->now_ms);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)most);
    sqlite_store_run(s, st);
    n = s->st == ST_OK ? sqlite3_changes(s->db) : 0;
    q->total -= n;
    q->dirty |= n > 0;
    return (size_t)n;
}

/* expire removes up to about most expired messages, and takes those that are claimed out of their claims. */
static size_t expire(struct sqlite_store *s, struct queue_row *q, size_t most)
{
    struct {
        int64_t id;
        bool claimed;
        struct claim_id claim;
    } gone[64];
    size_t n, all = expire_unclaimed(s, q, most);

    if (all >= most)
        return all;
    do {
        sqlite3_stmt *st = sqlite_store_use(s, SQL_EXPIRED);

        sqlite3_bind_int64(st, 1, q->id);
        sqlite3_bind_int64(st, 2, s->now_ms);
        sqlite3_bind_int64(st, 3, sizeof(gone) / sizeof(gone[0]));
        for (n = 0; n < sizeof(gone) / sizeof(gone[0]) && sqlite_store_step(s, st); n++) {
            struct slice claim = sqlite_store_bytes(st, 1);

            gone[n].id = sqlite3_column_int64(st, 0);
            gone[n].claimed = claim.len == CLAIM_ID_BYTES;
            if (gone[n].claimed)
                memcpy(gone[n].claim.bytes, claim.p, CLAIM_ID_BYTES);
        }
        sqlite3_reset(st);
        for (size_t i = 0; i < n; i++)
            message_remove(s, q, gone[i].id, gone[i].claimed, &gone[i].claim);
        all += n;
    } while (n == sizeof(gone) / sizeof(gone[0]) && all < most);
    return all;
}

/* end_claim frees the messages of one claim that has ended. Returns how many they were, and one; 0: no
 * claim has ended. */
static size_t end_claim(struct sqlite_store *s, struct queue_row *q)
{
    int64_t claimed = q->claimed;
    struct claim_id claim = {{0}};
    sqlite3_stmt *st = sqlite_store_use(s, SQL_CLAIM_ENDED);
    bool found;

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, s->now_ms);
    found = sqlite_store_step(s, st);
    if (found && sqlite_store_bytes(st, 0).len == CLAIM_ID_BYTES)
        memcpy(claim.bytes, sqlite_store_bytes(st, 0).p, CLAIM_ID_BYTES);
    sqlite3_reset(st);
    if (!found)
        return 0;
    claim_free(s, q, &claim);
    return (size_t)(claimed - q->claimed) + 1;
}

static size_t make_ready(struct sqlite_store *s, struct queue_row *q, size_t most)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_MAKE_READY);

    sqlite3_bind_int64(st, 1, q->id);
    sqlite3_bind_int64(st, 2, s->now_ms);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)most);
    sqlite_store_run(s, st);
    return s->st == ST_OK ? (size_t)sqlite3_changes(s->db) : 0;
}

bool queue_row_settle(struct sqlite_store *s, struct queue_row *q)
{
    size_t done, n = 1;

    if (q->settled)
        return true;
    done = expire(s, q, SETTLE_MAX);
    while (done < SETTLE_MAX && n > 0) {
        n = end_claim(s, q);
        done += n;
    }
    if (done < SETTLE_MAX)
        done += make_ready(s, q, SETTLE_MAX - done);
    q->settled = done < SETTLE_MAX;
    return q->settled;
}

void queue_row_forget(struct sqlite_store *s, struct queue_row *q)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_QUEUE_FORGET);

    sqlite3_bind_int64(st, 1, q->id);
    sqlite_store_run(s, st);
    release_row(s, q);
}

void queue_rows_write(struct sqlite_store *s)
{
    for (struct queue_row *q = s->rows; q != NULL; q = q->next) {
        sqlite3_stmt *st;

        if (!q->dirty)
            continue;
        st = sqlite_store_use(s, SQL_QUEUE_SET);
        sqlite3_bind_int64(st, 1, q->id);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)q->last);
        sqlite3_bind_int64(st, 3, q->total);
        sqlite3_bind_int64(st, 4, q->claimed);
        sqlite3_bind_int64(st, 5, q->due_ms);
        sqlite3_bind_int64(st, 6, q->subscriptions);
        sqlite_store_run(s, st);
        q->dirty = false;
    }
}

/* ---- Sweeping --------------------------------------------------------------------------------- */

static int remove_any(struct sqlite_store *s, enum statement which, int64_t queue)
{
    sqlite3_stmt *st = sqlite_store_use(s, which);

    sqlite3_bind_int64(st, 1, queue);
    sqlite3_bind_int64(st, 2, SWEEP_MAX);
    sqlite_store_run(s, st);
    return s->st == ST_OK ? sqlite3_changes(s->db) : 0;
}

static void remove_row(struct sqlite_store *s, int64_t id)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_QUEUE_REMOVE);

    sqlite3_bind_int64(st, 1, id);
    sqlite_store_run(s, st);
}

/* sweep_forgotten removes some of what is left of a queue that was purged or dropped; the row goes last. */
static int sweep_forgotten(struct sqlite_store *s, int64_t id)
{
    int n = remove_any(s, SQL_ANY_OF, id);

    if (n == 0)
        n = remove_any(s, SQL_CLAIM_ANY_OF, id);
    if (n == 0)
        n = remove_any(s, SQL_SUBSCRIPTION_ANY_OF, id);
    if (n == 0)
        remove_row(s, id);
    return n + 1;
}

static int64_t next_expiry_ms(struct sqlite_store *s, int64_t queue)
{
    sqlite3_stmt *st = sqlite_store_use(s, SQL_NEXT_EXPIRY);
    int64_t at_ms = INT64_MAX;

    sqlite3_bind_int64(st, 1, queue);
    if (sqlite_store_step(s, st) && sqlite3_column_type(st, 0) != SQLITE_NULL)
        at_ms = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return at_ms;
}

/* next_due_ms tells when the sweeper is to look again. */
static int64_t next_due_ms(struct sqlite_store *s, const struct queue_row *q)
{
    int64_t at_ms = q->total > 0 ? next_expiry_ms(s, q->id) : s->now_ms + IDLE_MS;
    int64_t end_ms = subscriptions_next_end_ms(s, q);

    if (q->subscriptions > 0 && (q->total == 0 || end_ms < at_ms))
        at_ms = end_ms;
    return at_ms;
}

static int sweep_queue(struct sqlite_store *s, uint64_t epoch)
{
    struct queue_ref ref = {.epoch = epoch};
    struct queue_row *q = queue_row_find(s, &ref);
    int64_t subscriptions;
    int n;

    if (q == NULL)
        return 0;
    subscriptions = q->subscriptions;
    n = (int)expire(s, q, SWEEP_MAX);
    subscriptions_end(s, q);
    n += (int)(subscriptions - q->subscriptions);
    if (q->total == 0 && q->subscriptions == 0 && n == 0) {
        /* it was empty for an hour, or emptied before it was due: no clock steps back further */
        remove_row(s, q->id);
        release_row(s, q);
        return 1;
    }
    q->due_ms = next_due_ms(s, q);
    q->dirty = true;
    queue_rows_write(s); /* the next look for a due queue must not find it again */
    return n + 1;
}

bool queue_sweep(struct sqlite_store *s)
{
    int done = 0;

    while (done < SWEEP_MAX && s->st == ST_OK) {
        sqlite3_stmt *st = sqlite_store_use(s, SQL_QUEUE_DUE);
        int64_t id = 0;
        uint64_t epoch = 0;
        bool found, forgotten = false;

        sqlite3_bind_int64(st, 1, s->now_ms);
        found = sqlite_store_step(s, st);
        if (found) {
            id = sqlite3_column_int64(st, 0);
            forgotten = sqlite3_column_type(st, 1) == SQLITE_NULL;
            epoch = (uint64_t)sqlite3_column_int64(st, 1);
        }
        sqlite3_reset(st);
        if (!found)
            return false;
        done += forgotten ? sweep_forgotten(s, id) : sweep_queue(s, epoch);
    }
    return true;
}
