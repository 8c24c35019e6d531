#include "router/link.h"

#include "common/clock.h"
#include "common/mem.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    FRAMES_A_TURN = 64,
    QUEUED_FRAMES = 1024,
    DIAL_LEAST_MS = 20, /* between attempts to reach a worker */
    DIAL_MOST_MS = 500,
    UNWATCHED_MS = 60000,
    HOLD_MS = 3, /* how long operations gather at most while others are unanswered */
};

#define REQUEST_ID 0x80000000u /* REQ's rules ask for one with the top bit; see wire.md */

/* What nng's threads may touch. It outlives the link: the last mail frees it. */
struct link_events {
    struct mailbox *mailbox;
    struct jobs *closers;
    nng_socket socket;
    nng_dialer dialer;
    struct link *link; /* NULL once the link is closed; of the loop's thread */
    struct job close_job;
    struct mail closed_mail;
};

struct link {
    struct link_options options;
    struct link_events *events;
    h2o_socket_t *readable;
    struct buffer out;     /* the frame being filled; empty when nothing is to say */
    uint64_t received;     /* sequence of the last reply frame */
    uint64_t acknowledged; /* of the last one that we told the worker of */
    bool connected;        /* there is a pipe */
    bool up;
    int64_t quiet_from_ms; /* since when nothing has come that was due */
    int64_t asked_ms;      /* when a sign of life was asked for since then; 0: not yet */
    uint32_t gathered;     /* operations in the frame being filled */
    uint32_t unanswered;   /* operations sent since the last frame came */
    int64_t held_ms;       /* since when the frame is held back; 0: it is not */
};

/* ---- Frames out ------------------------------------------------------------------------------- */

static void begin_frame(struct link *l)
{
    struct wire_header h = {WIRE_VERSION, clock_boot_ms(), l->received};

    if (l->out.len > 0)
        return;
    wire_add_header(&l->out, &h);
    l->acknowledged = l->received;
}

/* send_frame: false: nng has no room now. */
static bool send_frame(struct link *l)
{
    nng_msg *msg;

    if (l->out.len == 0 && l->received - l->acknowledged >= WIRE_ACK_EVERY)
        begin_frame(l); /* nothing to ask, but the worker's window must move on */
    if (l->out.len == 0)
        return true;
    if (nng_msg_alloc(&msg, l->out.len) != 0)
        abort(); /* out of memory */
    memcpy(nng_msg_body(msg), l->out.p, l->out.len);
    nng_msg_header_append_u32(msg, REQUEST_ID);
    if (nng_sendmsg(l->events->socket, msg, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(msg);
        return false;
    }
    METER(l->options.meter, frames_sent, 1);
    METER(l->options.meter, sent_bytes, l->out.len);
    l->out.len = 0;
    l->unanswered += l->gathered;
    l->gathered = 0;
    l->held_ms = 0;
    return true;
}

void link_add(struct link *l, const struct wire_op *w, const struct op *op)
{
    begin_frame(l);
    wire_add_op(&l->out, w, op);
    l->gathered++;
    if (l->out.len >= WIRE_FRAME_FULL)
        send_frame(l);
}

bool link_flush(struct link *l, int64_t now_ms)
{
    if (l->out.len > 0 && l->gathered < l->unanswered) {
        if (l->held_ms == 0)
            l->held_ms = now_ms;
        if (now_ms - l->held_ms < HOLD_MS)
            return false;
    }
    return send_frame(l);
}

/* ---- Signs of life ---------------------------------------------------------------------------- */

/* ask_for_life sends a frame without operations, which a worker answers at once. It goes alone: behind
 * what is gathered, if there is room for both. */
static void ask_for_life(struct link *l, int64_t now_ms)
{
    l->asked_ms = now_ms;
    if (!send_frame(l))
        return; /* no room: the worker has enough to answer, or is dead */
    begin_frame(l);
    send_frame(l);
}

static void expect(struct link *l, int64_t now_ms)
{
    l->quiet_from_ms = now_ms;
    l->asked_ms = 0;
}

void link_expect(struct link *l)
{
    expect(l, clock_mono_ms());
}

int64_t link_watch(struct link *l, bool owes, int64_t now_ms)
{
    int64_t half_ms = l->options.timeout_ms / 2, left_ms;
    char why[64];

    if (!l->connected || (l->up && !owes))
        return UNWATCHED_MS;
    if (l->asked_ms == 0 && now_ms - l->quiet_from_ms >= half_ms)
        ask_for_life(l, now_ms);
    /* from the question, not from the silence: it may be us who stood still */
    left_ms = half_ms - (now_ms - (l->asked_ms != 0 ? l->asked_ms : l->quiet_from_ms));
    if (left_ms > 0)
        return left_ms;
    snprintf(why, sizeof(why), "no sign of life for %lld ms",
             (long long)(now_ms - l->quiet_from_ms));
    l->options.on_down(l->options.context, l, why);
    return UNWATCHED_MS;
}

/* ---- Pipe events ------------------------------------------------------------------------------ */

struct pipe_mail {
    struct mail mail;
    struct link_events *events;
    bool up;
};

static void deliver_pipe(struct mail *m)
{
    struct pipe_mail *p = (struct pipe_mail *)m;
    struct link *l = p->events->link;
    bool up = p->up;

    free(p);
    if (l == NULL)
        return;
    l->connected = up;
    if (up && !l->up) { /* greet it: the link is up when it answers */
        int64_t now_ms = clock_mono_ms();

        expect(l, now_ms);
        ask_for_life(l, now_ms);
    } else if (!up && l->up) {
        l->options.on_down(l->options.context, l, "the connection broke");
    }
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct link_events *e = arg;
    struct pipe_mail *p = mem_zalloc(sizeof(*p));

    (void)pipe;
    p->mail.deliver = deliver_pipe;
    p->events = e;
    p->up = event == NNG_PIPE_EV_ADD_POST;
    mailbox_post(e->mailbox, &p->mail);
}

/* ---- Frames in -------------------------------------------------------------------------------- */

static enum status take_frame(struct link *l, struct slice bytes, struct failure *f)
{
    struct wire_header h;
    struct wire_reader r;
    enum status st = wire_read_begin(&r, bytes, &h, f);

    if (st != ST_OK)
        return st;
    if (h.sequence == WIRE_LINK_ENDS)
        return fail(f, ST_UNAVAILABLE, "frames reach it late");
    if (h.sequence != l->received + 1)
        return fail(f, ST_INVALID, "reply frame %llu follows %llu", (unsigned long long)h.sequence,
                    (unsigned long long)l->received);
    METER(l->options.meter, frames_received, 1);
    METER(l->options.meter, received_bytes, bytes.len);
    l->received = h.sequence;
    l->unanswered = 0;
    expect(l, clock_mono_ms());
    if (!l->up) {
        l->up = true;
        l->options.on_up(l->options.context, l);
    }
    return l->options.on_outcomes(l->options.context, l, &r, f);
}

static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct link_events *e = sock->data;

    (void)err;
    for (int i = 0; i < FRAMES_A_TURN && e->link != NULL; i++) {
        struct link *l = e->link;
        struct failure f;
        enum status st;
        nng_msg *msg;

        if (nng_recvmsg(e->socket, &msg, NNG_FLAG_NONBLOCK) != 0)
            return;
        st = take_frame(l, (struct slice){nng_msg_body(msg), nng_msg_len(msg)}, &f);
        nng_msg_free(msg);
        if (st != ST_OK && e->link != NULL)
            l->options.on_down(l->options.context, l, f.text);
    }
}

/* ---- Life ------------------------------------------------------------------------------------- */

static void deliver_closed(struct mail *m)
{
    free((char *)m - offsetof(struct link_events, closed_mail));
}

/* close_socket runs on a thread that may wait. Mail of the pipe comes before this one, so whoever
 * gets this one is the last to use the events. */
static void close_socket(struct job *j, void *state)
{
    struct link_events *e =
        (struct link_events *)((char *)j - offsetof(struct link_events, close_job));

    (void)state;
    nng_close(e->socket);
    e->closed_mail.deliver = deliver_closed;
    mailbox_post(e->mailbox, &e->closed_mail);
}

static void close_events(struct link_events *e)
{
    e->link = NULL;
    nng_dialer_close(e->dialer); /* without waiting: nothing dials, should nng_close hang */
    e->close_job.run = close_socket;
    if (jobs_add(e->closers, &e->close_job) != ST_OK)
        close_socket(&e->close_job, NULL);
}

static enum status dial(struct link_events *e, const char *url, int *fd, struct failure *f)
{
    int code;

    nng_socket_set_int(e->socket, NNG_OPT_RECVBUF, QUEUED_FRAMES);
    nng_socket_set_int(e->socket, NNG_OPT_SENDBUF, QUEUED_FRAMES);
    nng_socket_set_size(e->socket, NNG_OPT_RECVMAXSZ, WIRE_FRAME_MAX);
    nng_socket_set_ms(e->socket, NNG_OPT_RECONNMINT, DIAL_LEAST_MS);
    nng_socket_set_ms(e->socket, NNG_OPT_RECONNMAXT, DIAL_MOST_MS);
    nng_pipe_notify(e->socket, NNG_PIPE_EV_ADD_POST, on_pipe, e);
    nng_pipe_notify(e->socket, NNG_PIPE_EV_REM_POST, on_pipe, e);
    code = nng_socket_get_int(e->socket, NNG_OPT_RECVFD, fd);
    if (code == 0)
        code = nng_dialer_create(&e->dialer, e->socket, url);
    if (code == 0)
        code = nng_dialer_start(e->dialer, NNG_FLAG_NONBLOCK);
    if (code != 0)
        return fail(f, ST_UNAVAILABLE, "%s: %s", url, nng_strerror(code));
    return ST_OK;
}

enum status link_open(const struct link_options *options, struct link **out, struct failure *f)
{
    struct link_events *e = mem_zalloc(sizeof(*e));
    struct link *l;
    char *url;
    int code = nng_req0_open_raw(&e->socket), fd;
    enum status st;

    if (code != 0) {
        free(e);
        return fail(f, ST_UNAVAILABLE, "open a socket: %s", nng_strerror(code));
    }
    e->mailbox = options->mailbox;
    e->closers = options->closers;
    url = mem_strdup(options->url);
    st = dial(e, url, &fd, f);
    free(url);
    if (st == ST_OK)
        fd = dup(fd); /* h2o closes what it polls, and nng keeps its own */
    if (st != ST_OK || fd < 0) {
        close_events(e);
        return st != ST_OK ? st : fail(f, ST_UNAVAILABLE, "no descriptor for a link");
    }
    l = mem_zalloc(sizeof(*l));
    l->options = *options;
    l->events = e;
    e->link = l;
    l->readable = h2o_evloop_socket_create(options->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    l->readable->data = e;
    h2o_socket_read_start(l->readable, on_readable);
    *out = l;
    return ST_OK;
}

void link_close(struct link *l)
{
    h2o_socket_read_stop(l->readable);
    h2o_socket_close(l->readable);
    close_events(l->events);
    buffer_fini(&l->out);
    free(l);
}
