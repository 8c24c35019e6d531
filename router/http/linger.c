#include "router/http/linger.h"

#include "common/clock.h"
#include "common/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SILENCE_MS = 2000,
    LONGEST_MS = 30000,
};

struct lingering {
    LIST_ENTRY(lingering) link;
    struct lingerer *all;
    h2o_socket_t *sock;
    h2o_timeout_entry_t silence;
    int64_t until_mono_ms;
};

struct lingerer {
    h2o_loop_t *loop;
    h2o_timeout_t silence;
    LIST_HEAD(, lingering) list;
    int64_t count;
    bool stopped;
    void (*closed)(void *context);
    void *context;
};

struct lingerer *linger_new(h2o_loop_t *loop, void (*closed)(void *context), void *context)
{
    struct lingerer *l = mem_zalloc(sizeof(*l));

    l->loop = loop;
    l->closed = closed;
    l->context = context;
    LIST_INIT(&l->list);
    h2o_timeout_init(loop, &l->silence, SILENCE_MS);
    return l;
}

int64_t linger_count(const struct lingerer *l)
{
    return l->count;
}

static void end(struct lingering *c)
{
    struct lingerer *l = c->all;

    h2o_timeout_unlink(&c->silence);
    h2o_socket_close(c->sock);
    LIST_REMOVE(c, link);
    l->count--;
    free(c);
    l->closed(l->context);
}

static void on_silence(h2o_timeout_entry_t *entry)
{
    end(H2O_STRUCT_FROM_MEMBER(struct lingering, silence, entry));
}

static void on_more(h2o_socket_t *sock, const char *err)
{
    struct lingering *c = sock->data;

    if (err != NULL || clock_mono_ms() >= c->until_mono_ms) {
        end(c);
        return;
    }
    h2o_buffer_consume(&sock->input, sock->input->size);
    h2o_timeout_unlink(&c->silence);
    h2o_timeout_link(c->all->loop, &c->all->silence, &c->silence);
}

/* begin takes over the connection of a descriptor, which its owner is about to close. */
static void begin(struct lingerer *l, int fd)
{
    int own = dup(fd);
    struct lingering *c;

    if (own < 0)
        return; /* it may be reset */
    shutdown(own, SHUT_WR);
    c = mem_zalloc(sizeof(*c));
    c->all = l;
    c->until_mono_ms = clock_mono_ms() + LONGEST_MS;
    c->silence.cb = on_silence;
    c->sock = h2o_evloop_socket_create(l->loop, own, 0);
    c->sock->data = c;
    LIST_INSERT_HEAD(&l->list, c, link);
    l->count++;
    h2o_timeout_link(l->loop, &l->silence, &c->silence);
    h2o_socket_read_start(c->sock, on_more);
}

/* ---- The end of a request --------------------------------------------------------------------- */

/* Lies in the request's pool, which h2o clears just before it closes the socket. */
struct farewell {
    struct lingerer *all;
    h2o_req_t *req;
};

static void on_request_gone(void *p)
{
    struct farewell *f = p;
    h2o_socket_t *sock = f->req->conn->callbacks->get_socket(f->req->conn);

    if (!f->all->stopped && !f->req->http1_is_persistent)
        begin(f->all, h2o_socket_get_fd(sock));
}

void linger_after(struct lingerer *l, h2o_req_t *req)
{
    struct farewell *f = h2o_mem_alloc_shared(&req->pool, sizeof(*f), on_request_gone);

    *f = (struct farewell){l, req};
}

void linger_stop(struct lingerer *l)
{
    l->stopped = true;
    while (!LIST_EMPTY(&l->list))
        end(LIST_FIRST(&l->list));
}

void linger_free(struct lingerer *l)
{
    h2o_timeout_dispose(l->loop, &l->silence);
    free(l);
}
