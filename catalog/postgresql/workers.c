/* Workers, the change feed, and waiting for changes in the PostgreSQL catalog. */
#include "catalog/postgresql/postgresql.h"

#include "catalog/pools_text.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>

static enum status run_counted(struct postgresql_catalog *p, enum statement which,
                               const struct param *params, int n, bool *any, struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_run(p, which, params, n, &r, f);

    if (st != ST_OK)
        return st;
    *any = PQcmdTuples(r)[0] != '\0' && strcmp(PQcmdTuples(r), "0") != 0;
    PQclear(r);
    return ST_OK;
}

enum status postgresql_worker_put(struct catalog *c, const struct worker_record *w, int64_t gone_ms,
                                  struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct arena a = {0};
    struct param params[] = {
        P_BYTES(((struct slice){(const char *)w->id, UUID_BYTES})),
        P_BYTES(w->url),
        P_BYTES(w->host),
        P_NUMBER(w->wire_version),
        P_BYTES(pools_text_write(w, &a)),
    };
    struct param gone[] = {P_NUMBER(gone_ms)};
    bool renewed = false, expired = false;
    enum status st = postgresql_run(p, SQL_BEGIN, NULL, 0, NULL, f);

    if (st == ST_OK)
        st = run_counted(p, SQL_WORKER_RENEW, params, 5, &renewed, f);
    if (st == ST_OK && !renewed)
        st = postgresql_run(p, SQL_WORKER_PUT, params, 5, NULL, f);
    if (st == ST_OK)
        st = run_counted(p, SQL_WORKER_EXPIRE, gone, 1, &expired, f);
    if (st == ST_OK && (!renewed || expired))
        st = postgresql_run(p, SQL_NOTE_WORKERS, NULL, 0, NULL, f);
    if (st == ST_OK)
        st = postgresql_run(p, SQL_COMMIT, NULL, 0, NULL, f);
    arena_fini(&a);
    return st; /* a failure has closed the connection, and with it the transaction */
}

enum status postgresql_worker_remove(struct catalog *c, const unsigned char id[UUID_BYTES],
                                     struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_BYTES(((struct slice){(const char *)id, UUID_BYTES}))};
    bool removed = false;
    enum status st = postgresql_run(p, SQL_BEGIN, NULL, 0, NULL, f);

    if (st == ST_OK)
        st = run_counted(p, SQL_WORKER_REMOVE, params, 1, &removed, f);
    if (st == ST_OK && removed)
        st = postgresql_run(p, SQL_NOTE_WORKERS, NULL, 0, NULL, f);
    if (st == ST_OK)
        st = postgresql_run(p, SQL_COMMIT, NULL, 0, NULL, f);
    return st;
}

enum status postgresql_worker_list(struct catalog *c, struct arena *a, struct worker_record **list,
                                   uint32_t *n, struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_run(postgresql_of(c), SQL_WORKER_LIST, NULL, 0, &r, f);

    *n = 0;
    if (st != ST_OK)
        return st;
    *list = arena_zalloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++) {
        struct slice id = postgresql_bytes(r, row, 0);
        struct worker_record *w = &(*list)[*n];

        if (id.len != UUID_BYTES)
            continue;
        memcpy(w->id, id.p, UUID_BYTES);
        w->url = arena_copy(a, postgresql_bytes(r, row, 1));
        w->host = arena_copy(a, postgresql_bytes(r, row, 2));
        w->wire_version = (uint32_t)postgresql_number(r, row, 3);
        w->silent_ms = postgresql_number(r, row, 5);
        pools_text_read(postgresql_bytes(r, row, 4), w, a);
        (*n)++;
    }
    PQclear(r);
    return ST_OK;
}

static enum status read_number(struct postgresql_catalog *p, enum statement which, uint64_t *n,
                               struct failure *f)
{
    PGresult *r;
    enum status st = postgresql_run(p, which, NULL, 0, &r, f);

    if (st != ST_OK)
        return st;
    if (PQntuples(r) == 1)
        *n = (uint64_t)postgresql_number(r, 0, 0);
    else
        st = fail(f, ST_INTERNAL, "catalog: the table of the revision is damaged");
    PQclear(r);
    return st;
}

static enum change_kind kind_of(const PGresult *r, int row)
{
    const unsigned char *p = (const unsigned char *)PQgetvalue(r, row, 1); /* INTEGER, big-endian */

    return (enum change_kind)(PQgetlength(r, row, 1) == 4 ? p[3] : 0);
}

enum status postgresql_changes(struct catalog *c, uint64_t since, uint32_t limit, struct arena *a,
                               struct change **list, uint32_t *n, uint64_t *upto, bool *complete,
                               struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    struct param params[] = {P_NUMBER(since), P_NUMBER(limit)};
    uint64_t oldest;
    PGresult *r;
    enum status st = read_number(p, SQL_REVISION, upto, f);

    *n = 0;
    *list = NULL;
    *complete = true;
    if (st != ST_OK || since == 0 || since == *upto)
        return st;
    st = read_number(p, SQL_CHANGE_OLDEST, &oldest, f);
    if (st != ST_OK)
        return st;
    if (since > *upto || oldest > since + 1) {
        *complete = false;
        return ST_OK;
    }
    st = postgresql_run(p, SQL_CHANGES, params, 2, &r, f);
    if (st != ST_OK)
        return st;
    *list = arena_alloc(a, (size_t)PQntuples(r) * sizeof(**list));
    for (int row = 0; row < PQntuples(r); row++) {
        (*list)[(*n)++] = (struct change){
            .revision = (uint64_t)postgresql_number(r, row, 0),
            .kind = kind_of(r, row),
            .project = arena_copy(a, postgresql_bytes(r, row, 2)),
            .name = arena_copy(a, postgresql_bytes(r, row, 3)),
        };
    }
    PQclear(r);
    /* revisions become visible in their order: up to the last one seen nothing is missing */
    if (*n > 0 && (*n == limit || (*list)[*n - 1].revision > *upto))
        *upto = (*list)[*n - 1].revision;
    return ST_OK;
}

/* notified takes what announcements have arrived. */
static bool notified(struct postgresql_catalog *p)
{
    PGnotify *note;
    bool any = false;

    while ((note = PQnotifies(p->db)) != NULL) {
        PQfreemem(note);
        any = true;
    }
    return any;
}

enum status postgresql_wait(struct catalog *c, int timeout_ms, struct failure *f)
{
    struct postgresql_catalog *p = postgresql_of(c);
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    enum status st = postgresql_connect(p, f);

    if (st != ST_OK)
        return st;
    if (!p->listening) {
        st = postgresql_exec(p, "LISTEN nusku", f);
        p->listening = st == ST_OK;
        return st; /* a new connection: anything may have changed before it listened */
    }
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(p->db), .events = POLLIN};
        int64_t left_ms = until_ms - clock_mono_ms();

        if (notified(p))
            return ST_OK;
        if (left_ms <= 0)
            return fail(f, ST_TIMEOUT, "nothing changed");
        if (poll(&fd, 1, (int)left_ms) < 0 && errno != EINTR)
            return fail(f, ST_UNAVAILABLE, "catalog: poll: %s", strerror(errno));
        if (fd.revents != 0 && PQconsumeInput(p->db) == 0) {
            postgresql_disconnect(p);
            return fail(f, ST_UNAVAILABLE, "catalog: the connection broke");
        }
    }
}

enum status postgresql_trim(struct catalog *c, struct failure *f)
{
    struct param params[] = {P_NUMBER(CATALOG_CHANGES_KEPT)};

    return postgresql_run(postgresql_of(c), SQL_TRIM, params, 1, NULL, f);
}
