#include "worker/listener.h"

#include "common/clock.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/wire.h"
#include "worker/delay.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FRAMES_A_TURN = 64,   /* received before others get their turn */
    QUEUED_FRAMES = 1024, /* in nng's queues of the socket */
    HEADER_MAX = 64,
    RETRY_MS = 2, /* until a frame that nng had no room for is tried again */
};

/* A router's thread, as far as a worker sees it: one pipe. */
struct peer {
    uint32_t pipe;
    unsigned char header[HEADER_MAX]; /* of nng: sends a message down this pipe */
    size_t header_len;
    struct buffer out; /* the frame being filled; empty when nothing is to say */
    uint64_t sequence; /* of the last frame sent */
    uint64_t acknowledged;
    struct delay delay; /* of its frames */
    uint32_t late;      /* operations that were discarded */
    int64_t late_ms;    /* the longest of their delays */
    UT_hash_handle hh;
};

struct listener {
    struct listener_options options;
    nng_socket socket;
    char *url;
    uv_poll_t readable;
    uv_timer_t retry;
    struct peer *peers;
    uint32_t outstanding;
    int handles_open;
    void (*closed)(void *context);
};

/* A frame that was received; the operations point into it. */
struct frame {
    nng_msg *msg;
    struct arena arena;
    uint32_t refs;
};

struct taken_op {
    struct op op; /* first */
    struct listener *listener;
    struct frame *frame;
    uint32_t pipe;
    uint64_t number;
    int64_t taken_mono_us;
};

/* ---- Peers ------------------------------------------------------------------------------------ */

static struct peer *find_peer(struct listener *l, uint32_t pipe)
{
    struct peer *p;

    HASH_FIND(hh, l->peers, &pipe, sizeof(pipe), p);
    return p;
}

static void add_peer(struct listener *l, uint32_t pipe)
{
    struct peer *p = mem_zalloc(sizeof(*p));

    p->pipe = pipe;
    HASH_ADD(hh, l->peers, pipe, sizeof(p->pipe), p);
    metric_set(l->options.metrics->peers, 0, 0, HASH_COUNT(l->peers));
}

static void remove_peer(struct listener *l, struct peer *p)
{
    if (p->late > 0)
        log_warn("LINK-LATE",
                 "pipe=%u operations=%u delay_ms=%lld discarded, and the link given up", p->pipe,
                 p->late, (long long)p->late_ms);
    HASH_DEL(l->peers, p);
    metric_set(l->options.metrics->peers, 0, 0, HASH_COUNT(l->peers));
    buffer_fini(&p->out);
    free(p);
}

/* nng tells of pipes on its own threads; the loop hears of it by mail. */
struct pipe_mail {
    struct mail mail;
    struct listener *listener;
    uint32_t pipe;
    bool added;
};

static void deliver_pipe(struct mail *m)
{
    struct pipe_mail *p = (struct pipe_mail *)m;
    struct peer *peer = find_peer(p->listener, p->pipe);

    if (p->added && peer == NULL)
        add_peer(p->listener, p->pipe);
    else if (!p->added && peer != NULL)
        remove_peer(p->listener, peer);
    free(p);
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct listener *l = arg;
    struct pipe_mail *p = mem_zalloc(sizeof(*p));

    p->mail.deliver = deliver_pipe;
    p->listener = l;
    p->pipe = (uint32_t)nng_pipe_id(pipe);
    p->added = event == NNG_PIPE_EV_ADD_PRE;
    mailbox_post(l->options.mailbox, &p->mail);
}

/* ---- Outcomes --------------------------------------------------------------------------------- */

static void begin_frame(struct peer *p)
{
    uint64_t sequence = p->late == 0 ? p->sequence + 1 : WIRE_LINK_ENDS;
    struct wire_header h = {WIRE_VERSION, clock_boot_ms(), sequence};

    if (p->out.len == 0)
        wire_add_header(&p->out, &h);
}

static void unref_frame(struct frame *frame)
{
    if (--frame->refs > 0)
        return;
    nng_msg_free(frame->msg);
    arena_fini(&frame->arena);
    free(frame);
}

/* answer writes an outcome into the frame of the peer; if that has gone, nobody needs it. */
static void answer(struct listener *l, uint32_t pipe, uint64_t number, const struct op *op)
{
    struct peer *p = find_peer(l, pipe);

    if (p == NULL)
        return;
    begin_frame(p);
    wire_add_outcome(&p->out, number, op);
}

static void on_done(struct op *op)
{
    struct taken_op *t = (struct taken_op *)op;
    struct listener *l = t->listener;

    l->outstanding--;
    worker_metrics_done(l->options.metrics, op, clock_mono_us() - t->taken_mono_us);
    answer(l, t->pipe, t->number, op);
    unref_frame(t->frame);
}

/* send_frame hands the peer's frame to nng. False: no room now. */
static bool send_frame(struct listener *l, struct peer *p)
{
    nng_msg *msg;

    if (nng_msg_alloc(&msg, p->out.len) != 0)
        abort(); /* out of memory */
    memcpy(nng_msg_body(msg), p->out.p, p->out.len);
    nng_msg_header_append(msg, p->header, p->header_len);
    if (nng_sendmsg(l->socket, msg, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(msg);
        return false;
    }
    p->sequence++;
    p->out.len = 0;
    return true;
}

static void on_retry(uv_timer_t *timer)
{
    listener_flush(timer->data);
}

void listener_flush(struct listener *l)
{
    struct peer *p, *next;
    bool full = false;

    metric_set(l->options.metrics->outstanding, 0, 0, l->outstanding);
    HASH_ITER(hh, l->peers, p, next)
    {
        /* beyond the window nng would drop frames silently: wait for the router, see wire.md */
        if (p->out.len > 0 && p->sequence - p->acknowledged < WIRE_WINDOW)
            full |= !send_frame(l, p);
    }
    if (full)
        uv_timer_start(&l->retry, on_retry, RETRY_MS, 0);
}

/* ---- Frames ----------------------------------------------------------------------------------- */

/* take_op starts one operation of a frame. */
static void take_op(struct listener *l, struct peer *p, struct frame *frame, struct taken_op *t,
                    const struct wire_op *w)
{
    t->listener = l;
    t->frame = frame;
    t->pipe = p->pipe;
    t->number = w->number;
    t->taken_mono_us = clock_mono_us();
    t->op.deadline_mono_ms = t->taken_mono_us / 1000 + w->left_ms;
    t->op.done = on_done;
    if (l->outstanding >= l->options.operations_max) {
        t->op.st = fail(&t->op.f, ST_OVERLOADED, "the worker has %u operations outstanding",
                        l->outstanding);
        worker_metrics_done(l->options.metrics, &t->op, 0);
        answer(l, p->pipe, w->number, &t->op);
        return;
    }
    l->outstanding++;
    frame->refs++;
    l->options.take(l->options.context, &t->op);
}

/* take_header also gives the frame's delay.
 *
 * The first frame on a pipe is what the delay of others is measured by, and may have been late itself.
 * It is a greeting, and a router that gets no answer to it within half of its link_timeout closes the
 * link: so no operation follows one that was later than that, and the first frame that comes promptly
 * puts the measure right. */
static void take_header(struct peer *p, const struct wire_header *h, int64_t *delay_ms)
{
    if (h->sequence > p->acknowledged)
        p->acknowledged = h->sequence < p->sequence ? h->sequence : p->sequence;
    *delay_ms = delay_measure(&p->delay, h->sent_ms, clock_boot_ms());
}

/* discard leaves a late operation out: it lay in a stopped process, and its router has long given it
 * up. Should it be the measure that is wrong (a virtual machine stood still, and its clock with it), a
 * new link gets a new one: so the router is told to end this one. What it still waits for, and the
 * answers that were gathered for it, it asks for again. */
static void discard(struct listener *l, struct peer *p, int64_t delay_ms)
{
    metric_add(l->options.metrics->late_operations, 0, 0, 1);
    if (p->late++ == 0) {
        metric_add(l->options.metrics->late_links, 0, 0, 1);
        p->out.len = 0;
    }
    begin_frame(p);
    if (delay_ms > p->late_ms)
        p->late_ms = delay_ms;
}

static void take_frame(struct listener *l, struct peer *p, struct frame *frame)
{
    struct slice bytes = {nng_msg_body(frame->msg), nng_msg_len(frame->msg)};
    int64_t delay_ms = 0;
    struct wire_header h;
    struct wire_reader r;
    struct failure f;
    uint64_t operations = 0;
    enum status st = wire_read_begin(&r, bytes, &h, &f);

    if (st == ST_OK)
        take_header(p, &h, &delay_ms);
    if (st == ST_OK && !wire_read_more(&r))
        begin_frame(p); /* the router asks for a sign of life: an answer, if only an empty one */
    while (st == ST_OK && wire_read_more(&r)) {
        struct taken_op *t = arena_zalloc(&frame->arena, sizeof(*t));
        struct wire_op w;

        st = wire_read_op(&r, &w, &t->op, &frame->arena, &f);
        if (st == ST_OK && delay_ms > (int64_t)w.left_ms + WIRE_LATE_MS)
            discard(l, p, delay_ms);
        else if (st == ST_OK)
            take_op(l, p, frame, t, &w);
        operations++;
    }
    if (operations > 0)
        metric_observe(l->options.metrics->batch, 0, 0, operations);
    if (st != ST_OK) {
        log_error("LINK-GARBAGE", "pipe=%u reason=\"%s\" closing it", p->pipe, f.text);
        nng_pipe_close((nng_pipe){p->pipe});
    }
}

static void receive(struct listener *l, nng_msg *msg)
{
    uint32_t pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(msg));
    struct peer *p = find_peer(l, pipe);
    struct frame *frame;

    if (p == NULL) {
        mailbox_drain(l->options.mailbox); /* news of the pipe may still lie there */
        p = find_peer(l, pipe);
    }
    if (p == NULL || nng_msg_header_len(msg) > HEADER_MAX) {
        nng_msg_free(msg); /* its router has gone */
        return;
    }
    p->header_len = nng_msg_header_len(msg);
    memcpy(p->header, nng_msg_header(msg), p->header_len);
    frame = mem_zalloc(sizeof(*frame));
    frame->msg = msg;
    frame->refs = 1;
    take_frame(l, p, frame);
    unref_frame(frame);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct listener *l = handle->data;

    (void)status;
    (void)events;
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        nng_msg *msg;

        if (nng_recvmsg(l->socket, &msg, NNG_FLAG_NONBLOCK) != 0)
            return;
        receive(l, msg);
    }
}

/* ---- Life ------------------------------------------------------------------------------------- */

static enum status trouble(const char *doing, const char *url, int code, struct failure *f)
{
    return fail(f, ST_UNAVAILABLE, "%s %s: %s", doing, url, nng_strerror(code));
}

/* find_url learns the port that the system has chosen. */
static enum status find_url(struct listener *l, nng_listener listener, struct failure *f)
{
    int port = 0;
    struct slice given = slice_of(l->options.url);

    if (given.len < 2 || !slice_starts(given, SLICE("tcp://")) ||
        memcmp(given.p + given.len - 2, ":0", 2) != 0) {
        l->url = mem_strdup(given);
        return ST_OK;
    }
    if (nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) != 0)
        return fail(f, ST_INTERNAL, "%s: the port is not known", l->options.url);
    l->url = mem_alloc(given.len + 8);
    snprintf(l->url, given.len + 8, "%.*s:%d", (int)given.len - 2, given.p, port);
    return ST_OK;
}

static enum status set_up(struct listener *l, struct failure *f)
{
    nng_listener listener;
    int code, fd;

    nng_socket_set_int(l->socket, NNG_OPT_RECVBUF, QUEUED_FRAMES);
    nng_socket_set_int(l->socket, NNG_OPT_SENDBUF, QUEUED_FRAMES);
    nng_socket_set_size(l->socket, NNG_OPT_RECVMAXSZ, WIRE_FRAME_MAX);
    nng_pipe_notify(l->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, l);
    nng_pipe_notify(l->socket, NNG_PIPE_EV_REM_POST, on_pipe, l);
    code = nng_listen(l->socket, l->options.url, &listener, 0);
    if (code != 0)
        return trouble("listen on", l->options.url, code, f);
    code = nng_socket_get_int(l->socket, NNG_OPT_RECVFD, &fd);
    if (code != 0)
        return trouble("poll", l->options.url, code, f);
    uv_poll_init(l->options.loop, &l->readable, fd);
    l->readable.data = l;
    uv_poll_start(&l->readable, UV_READABLE, on_readable);
    uv_timer_init(l->options.loop, &l->retry);
    l->retry.data = l;
    l->handles_open = 2;
    return find_url(l, listener, f);
}

enum status listener_open(const struct listener_options *options, struct listener **out,
                          struct failure *f)
{
    struct listener *l = mem_zalloc(sizeof(*l));
    int code = nng_rep0_open_raw(&l->socket);
    enum status st;

    if (code != 0) {
        free(l);
        return trouble("open a socket for", options->url, code, f);
    }
    l->options = *options;
    st = set_up(l, f);
    if (st != ST_OK) {
        nng_close(l->socket);
        free(l->url);
        free(l);
        return st;
    }
    *out = l;
    return ST_OK;
}

const char *listener_url(const struct listener *l)
{
    return l->url;
}

uint32_t listener_outstanding(const struct listener *l)
{
    return l->outstanding;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    struct peer *p, *next;

    if (--l->handles_open > 0)
        return;
    nng_close(l->socket); /* waits for nng's callbacks: no mail comes after it */
    mailbox_drain(l->options.mailbox);
    HASH_ITER(hh, l->peers, p, next) remove_peer(l, p);
    l->closed(l->options.context);
}

void listener_close(struct listener *l, void (*closed)(void *context))
{
    listener_flush(l);
    l->closed = closed;
    uv_close((uv_handle_t *)&l->readable, on_handle_closed);
    uv_close((uv_handle_t *)&l->retry, on_handle_closed);
}

void listener_free(struct listener *l)
{
    if (l == NULL || l->outstanding > 0)
        return;
    free(l->url);
    free(l);
}
