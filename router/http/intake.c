#include "router/http/intake.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#include <stdlib.h>
#include <sys/socket.h>

enum {
    EVERY_MS = 50,
    CONNECTIONS_PER_MS =
        64, /* further apart with many connections: adding up takes its time, too */
    LOG_EVERY_MS = 1000,
};

/* A request of which a part is there. */
struct coming {
    h2o_req_t *req;
    struct timeval since;
    size_t bytes;
};

struct intake {
    h2o_context_t *ctx;
    size_t most, bytes, connections; /* when it was last added up */
    int64_t next_mono_ms;
    int64_t logged_mono_ms;
    uint64_t shed; /* since the last line in the log */
    struct coming *coming;
    size_t coming_n;
};

struct intake *intake_new(h2o_context_t *ctx, size_t most_bytes)
{
    struct intake *in = mem_zalloc(sizeof(*in));

    in->ctx = ctx;
    in->most = most_bytes;
    return in;
}

void intake_free(struct intake *in)
{
    free(in);
}

static h2o_socket_t *socket_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn);
}

static size_t bytes_of(h2o_req_t *req)
{
    const h2o_buffer_t *input = socket_of(req)->input;

    return input->bytes == NULL ? 0 : input->capacity;
}

static int add_up(h2o_req_t *req, void *data)
{
    struct intake *in = data;

    in->bytes += bytes_of(req);
    in->connections++;
    return 0;
}

static void measure(struct intake *in)
{
    in->bytes = in->connections = 0;
    in->ctx->globalconf->http1.callbacks.foreach_request(in->ctx, add_up, in);
    in->next_mono_ms = clock_mono_ms() + EVERY_MS + (int64_t)(in->connections / CONNECTIONS_PER_MS);
}

bool intake_is_full(struct intake *in)
{
    if (in->bytes > in->most && clock_mono_ms() >= in->next_mono_ms)
        measure(in);
    return in->bytes > in->most;
}

/* ---- Too much --------------------------------------------------------------------------------- */

static int gather(h2o_req_t *req, void *data)
{
    struct intake *in = data;

    if (h2o_socket_is_reading(socket_of(req)) && bytes_of(req) > 0)
        in->coming[in->coming_n++] =
            (struct coming){req, req->timestamps.request_begin_at, bytes_of(req)};
    return 0;
}

static int by_age(const void *a, const void *b)
{
    const struct timeval *x = &((const struct coming *)a)->since;
    const struct timeval *y = &((const struct coming *)b)->since;

    return timercmp(x, y, <) ? -1 : timercmp(x, y, >);
}

/* refuse answers a request whose head is there, and hangs up on one that hasn't come so far. */
static void refuse(h2o_req_t *req)
{
    h2o_socket_t *sock = socket_of(req);

    if (req->version == 0 || h2o_socket_is_writing(sock)) {
        shutdown(h2o_socket_get_fd(sock), SHUT_RDWR); /* h2o reads the end */
        return;
    }
    h2o_socket_read_stop(sock);
    h2o_send_error_503(req, "Service Unavailable", "too many requests",
                       H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
}

static void shed(struct intake *in)
{
    in->coming = mem_zalloc(in->connections * sizeof(*in->coming));
    in->coming_n = 0;
    in->ctx->globalconf->http1.callbacks.foreach_request(in->ctx, gather, in);
    qsort(in->coming, in->coming_n, sizeof(*in->coming), by_age);
    for (size_t i = 0; i < in->coming_n && in->bytes > in->most; i++) {
        in->bytes -= in->coming[i].bytes;
        in->shed++;
        refuse(in->coming[i].req);
    }
    free(in->coming);
}

static void tell(struct intake *in)
{
    int64_t mono_ms = clock_mono_ms();

    if (in->shed == 0 || mono_ms - in->logged_mono_ms < LOG_EVERY_MS)
        return;
    log_warn("REQUESTS-SHED", "requests=%llu connections=%zu", (unsigned long long)in->shed,
             in->connections);
    in->logged_mono_ms = mono_ms;
    in->shed = 0;
}

bool intake_turn(struct intake *in)
{
    bool over;

    if (clock_mono_ms() < in->next_mono_ms)
        return false;
    measure(in);
    over = in->bytes > in->most;
    if (over)
        shed(in);
    tell(in);
    return over;
}
