/* The Redis store: its connection and what waits for it. Redis 6.2 or later, one server (or the
 * primary of several). See redis.h for the other files and lua/base.lua for the layout. */
#include "worker/store/redis/redis.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/uri.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICK_MS = 100,
    CONNECT_MAX_MS = 2000,
    SILENT_MAX_MS = 6000, /* a request unanswered for so long: the connection is dead */
    RETRY_LEAST_MS = 100,
    RETRY_MOST_MS = 5000,
    MEASURE_EVERY_MS = 30000,
    LOSSES_MAX = 3, /* times that a request is sent again after a lost connection */
};

static struct redis_store *store_of(struct store *s)
{
    return (struct redis_store *)s;
}

/* own_ms is a clock that nobody sets: the wall clock may step between two looks at the server's, and a
 * step ahead would expire what is to live. */
static int64_t own_ms(const struct redis_store *s)
{
    return s->base.host->clock_is_fixed ? s->base.host->now_ms() : clock_boot_ms();
}

int64_t redis_now_ms(const struct redis_store *s)
{
    return own_ms(s) + s->offset_ms;
}

/* ---- Requests --------------------------------------------------------------------------------- */

static void redis_submit(struct store *base, struct op *op)
{
    request_gather(store_of(base), op);
}

/* begin sends, parks or refuses a request, as the connection is. */
static void begin(struct redis_store *s, struct request *r)
{
    switch (s->state) {
    case REDIS_UP:
        request_send(s, r);
        break;
    case REDIS_CONNECTING:
        TAILQ_INSERT_TAIL(&s->parked, r, link);
        break;
    case REDIS_AWAY:
        request_refuse(s, r, ST_UNAVAILABLE, s->why == NULL ? "not connected" : s->why);
        break;
    }
}

static void redis_flush(struct store *base)
{
    struct redis_store *s = store_of(base);
    struct request *r;

    if (TAILQ_EMPTY(&s->gathered))
        return;
    while ((r = TAILQ_FIRST(&s->gathered)) != NULL) {
        TAILQ_REMOVE(&s->gathered, r, link);
        begin(s, r);
    }
    if (s->state == REDIS_UP)
        redisAsyncHandleWrite(s->ac); /* now, not a turn later */
}

static bool past_deadline(const struct request *r)
{
    return clock_mono_ms() >= r->ops[0]->deadline_mono_ms;
}

void redis_on_reply(redisAsyncContext *ac, void *reply, void *data)
{
    struct request *r = data;
    struct redis_store *s = r->store;
    struct arena a = {0};

    (void)ac;
    TAILQ_REMOVE(&s->sent, r, link);
    if (reply == NULL) {
        /* The connection broke, the command may have been carried out. It is safe to send again:
         * the scripts recognise what they have done (struct op's key). */
        if (s->closing || ++r->losses > LOSSES_MAX || past_deadline(r))
            request_refuse(s, r, ST_UNAVAILABLE, "the connection broke");
        else
            TAILQ_INSERT_TAIL(&s->parked, r, link);
        return;
    }
    if (reply_take(s, r, reply, &a) == REPLY_DONE)
        request_done(s, r);
    else if (past_deadline(r))
        request_refuse(s, r, ST_TIMEOUT, "too much to settle");
    else
        request_send(s, r);
    arena_fini(&a);
}

/* ---- The connection --------------------------------------------------------------------------- */

static void set_state(struct redis_store *s, enum redis_state state)
{
    s->state = state;
    s->base.up = state == REDIS_UP;
    s->since_mono_ms = clock_mono_ms();
}

/* refuse_parked answers what waited for a connection that doesn't come. */
static void refuse_parked(struct redis_store *s)
{
    struct request_list list = TAILQ_HEAD_INITIALIZER(list);
    struct request *r;

    TAILQ_CONCAT(&list, &s->parked, link);
    while ((r = TAILQ_FIRST(&list)) != NULL) {
        TAILQ_REMOVE(&list, r, link);
        request_refuse(s, r, ST_UNAVAILABLE, s->why == NULL ? "not connected" : s->why);
    }
}

/* go_away is called when an attempt to connect has failed. */
static void go_away(struct redis_store *s, const char *why)
{
    if (s->state == REDIS_AWAY)
        return;
    if (s->was_up || s->why == NULL || strcmp(s->why, why) != 0)
        log_warn("REDIS-LOST", "server=%s reason=\"%s\"", s->address, why);
    s->was_up = false;
    free(s->why);
    s->why = mem_strdup(slice_of(why));
    s->retry_after_ms = s->retry_after_ms == 0 ? RETRY_LEAST_MS : s->retry_after_ms * 2;
    if (s->retry_after_ms > RETRY_MOST_MS)
        s->retry_after_ms = RETRY_MOST_MS;
    /* not all workers at the same moment */
    s->retry_after_ms += (int64_t)random_below((uint64_t)s->retry_after_ms / 4 + 1);
    set_state(s, REDIS_AWAY);
    refuse_parked(s);
}

static void drop_connection(struct redis_store *s)
{
    redisAsyncContext *ac = s->ac;

    s->ac = NULL;
    if (ac != NULL)
        redisAsyncFree(ac); /* runs the callbacks of what was sent, with NULL */
}

static void give_up_connection(struct redis_store *s, const char *why)
{
    drop_connection(s);
    go_away(s, why);
}

static void connect_now(struct redis_store *s);

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis_store *s = ac->data;
    const char *why;

    (void)status;
    if (s == NULL || s->ac != ac || s->closing)
        return;
    s->ac = NULL; /* hiredis frees it when this returns */
    why = s->setup_error != NULL  ? s->setup_error
          : ac->errstr[0] != '\0' ? ac->errstr
                                  : "closed by the server";
    if (s->state != REDIS_UP) { /* it broke while it was set up: no haste */
        go_away(s, why);
        return;
    }
    log_warn("REDIS-LOST", "server=%s reason=\"%s\" connecting again", s->address, why);
    s->was_up = false;
    set_state(s, REDIS_CONNECTING);
    connect_now(s); /* at once, the first time: what was sent waits for it */
}

/* on_setup takes the answers to AUTH and SELECT: a refusal is why the connection is not used. */
static void on_setup(redisAsyncContext *ac, void *data, void *store)
{
    struct redis_store *s = store;
    const redisReply *r = data;

    (void)ac;
    if (r == NULL || r->type != REDIS_REPLY_ERROR || s->setup_error != NULL)
        return;
    s->setup_error = mem_strdup((struct slice){r->str, r->len});
}

static void measure_clock(struct redis_store *s, const redisReply *r)
{
    int64_t server_ms;

    s->measured_mono_ms = clock_mono_ms();
    if (!s->base.host->clock_is_fixed && reply_time(r, &server_ms))
        s->offset_ms = server_ms - own_ms(s);
}

static void on_clock(redisAsyncContext *ac, void *reply, void *data)
{
    (void)ac;
    if (reply != NULL)
        measure_clock(data, reply);
}

/* on_ready comes after all that sets a connection up: it is good for use. */
static void on_ready(redisAsyncContext *ac, void *data, void *store)
{
    struct redis_store *s = store;
    redisReply *reply = data;
    struct request_list list = TAILQ_HEAD_INITIALIZER(list);
    struct request *r;

    if (reply == NULL || s->ac != ac)
        return;
    if (reply->type == REDIS_REPLY_ERROR && s->setup_error == NULL)
        s->setup_error = mem_strdup((struct slice){reply->str, reply->len});
    if (s->setup_error != NULL) {
        s->ac = NULL;
        ac->data = NULL;
        redisAsyncDisconnect(ac);
        go_away(s, s->setup_error);
        return;
    }
    measure_clock(s, reply);
    set_state(s, REDIS_UP);
    s->was_up = true;
    s->retry_after_ms = 0;
    log_info("REDIS-UP", "server=%s clock_offset_ms=%lld", s->address,
             (long long)(redis_now_ms(s) - s->base.host->now_ms()));
    /* not before: what is longer than 16 KiB breaks a connection that has no rights yet. A script that
     * is not taken is sent whole when it is needed. */
    for (int i = 0; i < SCRIPT_COUNT; i++)
        redisAsyncCommand(s->ac, NULL, NULL, "SCRIPT LOAD %b", scripts_get((enum script)i)->text.p,
                          scripts_get((enum script)i)->text.len);
    TAILQ_CONCAT(&list, &s->parked, link);
    while ((r = TAILQ_FIRST(&list)) != NULL) {
        TAILQ_REMOVE(&list, r, link);
        begin(s, r);
    }
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis_store *s = ac->data;

    if (s == NULL || s->ac != ac)
        return;
    if (status != REDIS_OK) {
        s->ac = NULL; /* hiredis frees it when this returns */
        go_away(s, ac->errstr);
        return;
    }
    if (s->host != NULL) /* a unix socket would take it for an error */
        redisEnableKeepAlive((redisContext *)&ac->c);
    free(s->setup_error);
    s->setup_error = NULL;
    if (s->password != NULL && s->user != NULL && s->user[0] != '\0')
        redisAsyncCommand(s->ac, on_setup, s, "AUTH %s %s", s->user, s->password);
    else if (s->password != NULL)
        redisAsyncCommand(s->ac, on_setup, s, "AUTH %s", s->password);
    if (s->database != 0)
        redisAsyncCommand(s->ac, on_setup, s, "SELECT %d", s->database);
    redisAsyncCommand(s->ac, on_ready, s, "TIME");
}

/* adopt takes the context of a connection that has begun. */
static void adopt(struct redis_store *s, redisAsyncContext *ac)
{
    if (ac == NULL) {
        go_away(s, "out of memory");
        return;
    }
    if (ac->err != 0) {
        char why[128];

        snprintf(why, sizeof(why), "%.120s", ac->errstr);
        redisAsyncFree(ac);
        go_away(s, why);
        return;
    }
    s->ac = ac;
    ac->data = s;
    if (!redis_attach(ac, s->base.host->loop)) {
        give_up_connection(s, "the loop refuses the socket");
        return;
    }
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
}

static void on_handle_closed(struct redis_store *s);

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct redis_store *s = req->data;
    char ip[INET6_ADDRSTRLEN] = "";

    s->resolving_now = false;
    if (s->closing) {
        uv_freeaddrinfo(found);
        on_handle_closed(s);
        return;
    }
    if (status != 0) {
        go_away(s, uv_strerror(status));
        return;
    }
    if (found->ai_family == AF_INET6)
        uv_ip6_name((struct sockaddr_in6 *)found->ai_addr, ip, sizeof(ip));
    else
        uv_ip4_name((struct sockaddr_in *)found->ai_addr, ip, sizeof(ip));
    uv_freeaddrinfo(found);
    adopt(s, redisAsyncConnect(ip, s->port));
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];

    return uv_inet_pton(AF_INET, host, bytes) == 0 || uv_inet_pton(AF_INET6, host, bytes) == 0;
}

static void connect_now(struct redis_store *s)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    int got;

    if (s->resolving_now)
        return;
    if (s->host == NULL) {
        adopt(s, redisAsyncConnectUnix(s->path));
        return;
    }
    if (is_address(s->host)) { /* needs no thread, which others may keep busy */
        adopt(s, redisAsyncConnect(s->host, s->port));
        return;
    }
    s->resolving.data = s;
    got = uv_getaddrinfo(s->base.host->loop, &s->resolving, on_resolved, s->host, NULL, &hints);
    if (got != 0)
        go_away(s, uv_strerror(got));
    else
        s->resolving_now = true;
}

/* refuse_late answers what has waited for a connection beyond its deadline. */
static void refuse_late(struct redis_store *s)
{
    struct request *r = TAILQ_FIRST(&s->parked);

    while (r != NULL) {
        struct request *next = TAILQ_NEXT(r, link);

        if (past_deadline(r)) {
            TAILQ_REMOVE(&s->parked, r, link);
            request_refuse(s, r, ST_TIMEOUT, "no connection by the deadline");
        }
        r = next;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct redis_store *s = timer->data;
    int64_t mono_ms = clock_mono_ms();
    struct request *oldest = TAILQ_FIRST(&s->sent);

    refuse_late(s);
    switch (s->state) {
    case REDIS_AWAY:
        if (mono_ms - s->since_mono_ms >= s->retry_after_ms) {
            set_state(s, REDIS_CONNECTING);
            connect_now(s);
        }
        break;
    case REDIS_CONNECTING:
        if (mono_ms - s->since_mono_ms >= CONNECT_MAX_MS && !s->resolving_now)
            give_up_connection(s, "no answer while connecting");
        break;
    case REDIS_UP:
        if (oldest != NULL && mono_ms - oldest->sent_mono_ms >= SILENT_MAX_MS)
            give_up_connection(s, "no answer for six seconds");
        else if (mono_ms - s->measured_mono_ms >= MEASURE_EVERY_MS) {
            s->measured_mono_ms = mono_ms;
            redisAsyncCommand(s->ac, on_clock, s, "TIME");
        }
        break;
    }
}

/* ---- Life ------------------------------------------------------------------------------------- */

static void free_store(struct redis_store *s)
{
    struct request *r;

    while ((r = TAILQ_FIRST(&s->spare)) != NULL) {
        TAILQ_REMOVE(&s->spare, r, link);
        request_free(r);
    }
    free(s->host);
    free(s->path);
    free(s->user);
    free(s->password);
    free(s->address);
    free(s->why);
    free(s->setup_error);
    free(s);
}

/* read_uri: redis://[user:password@]host[:port][/database], unix:///path[?db=N]. */
static enum status read_uri(struct redis_store *s, struct slice text, struct failure *f)
{
    struct arena a = {0};
    struct uri u;
    struct slice database, host;
    const char *name;
    enum status st = uri_parse(text, &u, &a, f);

    if (st != ST_OK)
        goto out;
    if (u.user.p != NULL)
        s->user = mem_strdup(u.user);
    if (u.password.p != NULL)
        s->password = mem_strdup(u.password);
    if (slice_eq(u.scheme, SLICE("unix"))) {
        s->path = mem_strdup(u.path);
        s->address = mem_strdup(u.path);
        database = slice_starts(u.query, SLICE("db=")) ? slice_from(u.query, 3) : SLICE("");
    } else {
        st = uri_host_port(&u, 6379, &name, &s->port, &a, f);
        if (st != ST_OK)
            goto out;
        host = name[0] == '\0' ? SLICE("127.0.0.1") : slice_of(name);
        s->host = mem_strdup(host);
        s->address = mem_strdup(arena_printf(&a, "%.*s:%d", SLICE_ARG(host), s->port));
        database = u.path.len > 0 ? slice_from(u.path, 1) : SLICE("");
    }
    for (size_t i = 0; i < database.len; i++) {
        if (database.p[i] < '0' || database.p[i] > '9' || i > 4) {
            st = fail(f, ST_INVALID, "\"%.*s\" is not the number of a database",
                      SLICE_ARG(database));
            goto out;
        }
        s->database = s->database * 10 + (database.p[i] - '0');
    }
out:
    arena_fini(&a);
    return st;
}

static enum status redis_open(const struct store_host *host, struct slice uri, struct store **out,
                              struct failure *f)
{
    struct redis_store *s = mem_zalloc(sizeof(*s));
    enum status st = read_uri(s, uri, f);

    TAILQ_INIT(&s->gathered);
    TAILQ_INIT(&s->parked);
    TAILQ_INIT(&s->sent);
    TAILQ_INIT(&s->spare);
    if (st != ST_OK) {
        free_store(s);
        return st;
    }
    s->base.ops = &store_redis;
    s->base.host = host;
    s->offset_ms = host->now_ms() - own_ms(s); /* until the server has said what time it is */
    uv_timer_init(host->loop, &s->timer);
    s->timer.data = s;
    s->handles_open = 1;
    uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
    set_state(s, REDIS_CONNECTING);
    connect_now(s);
    *out = &s->base;
    return ST_OK;
}

static void on_handle_closed(struct redis_store *s)
{
    if (--s->handles_open > 0)
        return;
    s->base.closed(&s->base);
    free_store(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static void redis_close(struct store *base)
{
    struct redis_store *s = store_of(base);
    struct request *r;

    s->closing = true;
    free(s->why);
    s->why = mem_strdup(SLICE("the store is closing"));
    while ((r = TAILQ_FIRST(&s->gathered)) != NULL) {
        TAILQ_REMOVE(&s->gathered, r, link);
        request_refuse(s, r, ST_UNAVAILABLE, s->why);
    }
    refuse_parked(s);
    drop_connection(s);
    if (s->resolving_now) {
        s->handles_open++;
        uv_cancel((uv_req_t *)&s->resolving);
    }
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static void redis_sweep_store(struct store *base)
{
    redis_sweep(store_of(base));
}

const struct store_ops store_redis = {
    .abi = STORE_ABI,
    .schemes = "redis|unix",
    .capabilities =
        CAPABILITY_FIFO | CAPABILITY_CLAIMS | CAPABILITY_AOD | CAPABILITY_HIGH_THROUGHPUT,
    .open = redis_open,
    .close = redis_close,
    .submit = redis_submit,
    .flush = redis_flush,
    .sweep = redis_sweep_store,
};
