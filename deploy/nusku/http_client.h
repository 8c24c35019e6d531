/* deploy/nusku/http_client.h - one connection of an HTTP/1.1 client, on a libuv loop.
 *
 * One request at a time, no pipelining, nothing is sent twice. The connection is made when the first
 * request needs it, and again when the server has closed it meanwhile. All calls come from the loop's thread.
 */
#ifndef DEPLOY_NUSKU_HTTP_CLIENT_H
#define DEPLOY_NUSKU_HTTP_CLIENT_H

#include "common/buffer.h"
#include "deploy/nusku/response.h"

#include <sys/socket.h>
#include <uv.h>

/* What came of a request. */
enum http_outcome {
    HTTP_ANSWERED, /* response has it */
    HTTP_REFUSED,  /* no connection: nothing was sent */
    HTTP_BROKEN,   /* the connection broke first, or what came was no answer */
    HTTP_TIMEOUT,  /* nothing until the timeout; the connection is closed */
};

struct http_target {
    struct sockaddr_storage address;
    uint64_t timeout_ns; /* for connecting, sending and the answer together */
    bool reconnect;      /* a connection of its own for each request */
};

struct http_connection;

/* http_done hears what came of a request, and may send the next one. The response is there until then. */
typedef void http_done(struct http_connection *c, enum http_outcome outcome);

struct http_connection {
    struct response response;
    void *context; /* the owner's */

    /* private */
    uv_loop_t *loop;
    const struct http_target *target;
    struct http_socket *socket; /* NULL: not connected */
    http_done *done;            /* NULL: no request is under way */
    uint64_t deadline_ns;
    bool hopeless; /* no socket could be made: the next http_expire says so */
    struct buffer out;
};

/* http_open connects nothing yet. The target is borrowed until http_close. */
void http_open(struct http_connection *c, uv_loop_t *loop, const struct http_target *target,
               void *context);

/* http_send copies the request, and calls done later, never before it returns. None may be under way. */
void http_send(struct http_connection *c, struct slice request, http_done *done);

/* http_expire ends a request whose time is over at now_ns (uv_hrtime). Call it every now and then. */
void http_expire(struct http_connection *c, uint64_t now_ns);

/* http_close forgets a request that is under way. The loop has to turn once more for the socket. */
void http_close(struct http_connection *c);

static inline bool http_busy(const struct http_connection *c)
{
    return c->done != NULL;
}

#endif
