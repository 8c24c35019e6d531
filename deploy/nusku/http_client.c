#include "deploy/nusku/http_client.h"

#include "common/mem.h"

#include <assert.h>
#include <stdlib.h>

/* A socket outlives its connection until libuv has closed it. */
struct http_socket {
    uv_tcp_t tcp;
    uv_connect_t connecting;
    uv_write_t writing;
    struct http_connection *owner; /* NULL: given up */
    bool unsent;                   /* a part of the request still waits for room */
};

static void free_socket(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop(struct http_connection *c)
{
    if (c->socket == NULL)
        return;
    c->socket->owner = NULL;
    uv_close((uv_handle_t *)&c->socket->tcp, free_socket);
    c->socket = NULL;
}

/* finish is the last thing a callback does: done may have sent the next request. */
static void finish(struct http_connection *c, enum http_outcome outcome)
{
    http_done *done = c->done;

    if (outcome != HTTP_ANSWERED || !c->response.keep || c->target->reconnect || c->socket->unsent)
        drop(c);
    c->done = NULL;
    c->hopeless = false;
    done(c, outcome);
}

/* ---- Reading ---------------------------------------------------------------------------------- */

/* The loop has one thread, and reads one socket at a time. */
static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    static char bytes[65536];

    (void)handle;
    (void)suggested;
    *room = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct http_socket *s = stream->data;
    struct http_connection *c = s->owner;
    enum response_verdict verdict;

    if (c == NULL || n == 0)
        return;
    if (c->done == NULL) { /* closed by the server while nothing was asked, or it talks unasked */
        drop(c);
        return;
    }
    verdict = n < 0 ? response_end(&c->response)
                    : response_take(&c->response, (struct slice){room->base, (size_t)n});
    if (verdict != RESPONSE_MORE)
        finish(c, verdict == RESPONSE_DONE ? HTTP_ANSWERED : HTTP_BROKEN);
}

/* ---- Sending ---------------------------------------------------------------------------------- */

static void on_written(uv_write_t *writing, int status)
{
    struct http_socket *s = writing->data;

    (void)status;
    s->unsent = false;
}

/* write_out sends what stands in out. An error is seen by the reading, which comes next. */
static void write_out(struct http_connection *c)
{
    uv_stream_t *stream = (uv_stream_t *)&c->socket->tcp;
    uv_buf_t bytes = uv_buf_init(c->out.p, (unsigned)c->out.len);
    int n = uv_try_write(stream, &bytes, 1);

    if (n < 0)
        n = 0;
    if ((size_t)n == c->out.len)
        return;
    bytes = uv_buf_init(c->out.p + n, (unsigned)(c->out.len - (size_t)n));
    c->socket->writing.data = c->socket;
    c->socket->unsent = uv_write(&c->socket->writing, stream, &bytes, 1, on_written) == 0;
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct http_socket *s = connecting->data;

    if (s->owner == NULL)
        return;
    if (status < 0) {
        finish(s->owner, HTTP_REFUSED);
        return;
    }
    uv_tcp_nodelay(&s->tcp, 1);
    uv_read_start((uv_stream_t *)&s->tcp, give_room, on_read);
    write_out(s->owner);
}

static void connect_to(struct http_connection *c)
{
    struct http_socket *s = mem_zalloc(sizeof(*s));

    if (uv_tcp_init(c->loop, &s->tcp) != 0) {
        free(s);
        c->hopeless = true;
        return;
    }
    s->tcp.data = s;
    s->connecting.data = s;
    s->owner = c;
    c->socket = s;
    c->hopeless = uv_tcp_connect(&s->connecting, &s->tcp,
                                 (const struct sockaddr *)&c->target->address, on_connected) != 0;
}

/* ---- The connection --------------------------------------------------------------------------- */

void http_open(struct http_connection *c, uv_loop_t *loop, const struct http_target *target,
               void *context)
{
    *c = (struct http_connection){.loop = loop, .target = target, .context = context};
}

void http_send(struct http_connection *c, struct slice request, http_done *done)
{
    assert(c->done == NULL);
    c->done = done;
    c->deadline_ns = uv_hrtime() + c->target->timeout_ns;
    response_begin(&c->response);
    c->out.len = 0;
    buffer_add(&c->out, request);
    if (c->socket == NULL)
        connect_to(c);
    else
        write_out(c);
}

void http_expire(struct http_connection *c, uint64_t now_ns)
{
    if (c->done == NULL)
        return;
    if (c->hopeless)
        finish(c, HTTP_REFUSED);
    else if (now_ns >= c->deadline_ns)
        finish(c, HTTP_TIMEOUT);
}

void http_close(struct http_connection *c)
{
    drop(c);
    c->done = NULL;
    buffer_fini(&c->out);
    response_fini(&c->response);
}
