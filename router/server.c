#include "router/server.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/mem.h"
#include "router/dispatch.h"
#include "router/http/http.h"
#include "router/place.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 16,
    NO_DESCRIPTOR_PAUSE_MS = 100,
};

struct server {
    struct server_options options;
    pthread_t thread;
    h2o_loop_t *loop;
    h2o_context_t ctx;
    h2o_accept_ctx_t accept_ctx;
    h2o_timeout_t pause_timeout;
    h2o_timeout_entry_t pause;
    h2o_socket_t *listener; /* NULL once the server stops */
    bool accepting;
    int64_t connections;
    struct mailbox *mailbox;
    h2o_socket_t *mail;
    struct dispatch *dispatch;
    struct place *place;
    struct prober *prober;
    struct api api;
    struct http_thread http;
    struct worker_watch watch;
    struct mail stop_mail;
    int64_t stop_by_ms; /* 0 while the server runs */
    int quiet_turns;    /* of a server that stops */
};

/* ---- Connections ------------------------------------------------------------------------------ */

static void on_connection(h2o_socket_t *listener, const char *err);

static bool is_crowded(const struct server *s)
{
    return s->connections + linger_count(s->http.linger) >= s->options.connections_max;
}

static void resume_accepting(struct server *s)
{
    if (s->listener == NULL || s->accepting || is_crowded(s))
        return;
    s->accepting = true;
    h2o_socket_read_start(s->listener, on_connection);
}

static void pause_accepting(struct server *s)
{
    s->accepting = false;
    h2o_socket_read_stop(s->listener);
}

static void on_pause_over(h2o_timeout_entry_t *entry)
{
    resume_accepting(H2O_STRUCT_FROM_MEMBER(struct server, pause, entry));
}

static void on_socket_closed(void *data)
{
    struct server *s = data;

    s->connections--;
    resume_accepting(s);
}

static void on_lingering_closed(void *server)
{
    resume_accepting(server);
}

/* accept_waiting takes a turn's share of what waits in the listen queue. */
static void accept_waiting(struct server *s)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        h2o_socket_t *sock;

        if (is_crowded(s)) {
            pause_accepting(s); /* further ones wait in the listen queue */
            return;
        }
        sock = h2o_evloop_socket_accept(s->listener);
        if (sock == NULL) {
            if (errno == EMFILE || errno == ENFILE) {
                log_warn("NO-DESCRIPTOR", "connections=%lld", (long long)s->connections);
                pause_accepting(s);
                h2o_timeout_link(s->loop, &s->pause_timeout, &s->pause);
            }
            return;
        }
        s->connections++;
        sock->on_close.cb = on_socket_closed;
        sock->on_close.data = s;
        h2o_accept(&s->accept_ctx, sock);
    }
}

static void on_connection(h2o_socket_t *listener, const char *err)
{
    if (err == NULL)
        accept_waiting(listener->data);
}

/* ---- The loop --------------------------------------------------------------------------------- */

static void on_mail(h2o_socket_t *sock, const char *err)
{
    struct server *s = sock->data;

    (void)err;
    mailbox_turn(s->mailbox);
}

static void on_workers(struct worker_watch *watch, struct worker_set *set)
{
    dispatch_workers(H2O_STRUCT_FROM_MEMBER(struct server, watch, watch)->dispatch, set);
}

static void deliver_stop(struct mail *m)
{
    struct server *s = H2O_STRUCT_FROM_MEMBER(struct server, stop_mail, m);

    s->stop_by_ms = clock_mono_ms() + s->options.config->drain_timeout_s * 1000;
    if (s->accepting) {
        accept_waiting(s); /* closing the listener would reset those that the kernel has accepted */
        h2o_socket_read_stop(s->listener);
    }
    h2o_socket_close(s->listener);
    s->listener = NULL;
    s->accepting = false;
    /* connections close after their next answer (the function for it would also start HTTP/2's) */
    s->ctx.shutdown_requested = 1;
}

/* is_arriving tells of a connection on which a part of a request has come. */
static int is_arriving(h2o_req_t *req, void *data)
{
    bool *any = data;

    *any |= req->conn->callbacks->get_socket(req->conn)->input->size > 0;
    return *any;
}

/* drained: nothing is being answered or on its way in, for two turns, as what the kernel holds at the
 * end of one is read in the next. */
static bool drained(struct server *s)
{
    bool arriving = false;

    if (s->stop_by_ms == 0)
        return false;
    if (clock_mono_ms() >= s->stop_by_ms)
        return true;
    s->ctx.globalconf->http1.callbacks.foreach_request(&s->ctx, is_arriving, &arriving);
    s->quiet_turns = s->api.exchanges == 0 && !arriving ? s->quiet_turns + 1 : 0;
    return s->quiet_turns > 2;
}

static int hang_up(h2o_req_t *req, void *data)
{
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);

    (void)data;
    shutdown(h2o_socket_get_fd(sock), SHUT_RDWR); /* the loop reads the end, and closes it */
    return 0;
}

/* turn runs the loop once. */
static int turn(struct server *s, int sleep_ms)
{
    if (h2o_evloop_run(s->loop, sleep_ms) != 0 && errno != EINTR)
        abort(); /* epoll itself fails: nothing can be served any more */
    sleep_ms = dispatch_turn(s->dispatch);
    METER_SET(&s->options.meter, requests_in_progress, s->api.exchanges);
    METER_SET(&s->options.meter, connections, (uint64_t)s->connections);
    return intake_turn(s->http.intake) ? 0 : sleep_ms;
}

/* close_connections ends those that are idle, and those whose answer took too long. */
static void close_connections(struct server *s)
{
    enum { TURNS = 50, TURN_MS = 10 };

    linger_stop(s->http.linger);
    s->ctx.globalconf->http1.callbacks.foreach_request(&s->ctx, hang_up, NULL);
    for (int i = 0; i < TURNS && s->connections > 0; i++)
        turn(s, TURN_MS);
}

static void *serve(void *arg)
{
    enum { STOPPING_SLEEP_MS = 20 };
    struct server *s = arg;
    bool reached = false;
    int sleep_ms = 0;

    catalog_service_watch(s->options.service, &s->watch);
    while (!drained(s)) {
        if (s->stop_by_ms != 0 && sleep_ms > STOPPING_SLEEP_MS)
            sleep_ms = STOPPING_SLEEP_MS;
        sleep_ms = turn(s, sleep_ms);
        if (!reached && dispatch_reached(s->dispatch) > 0) {
            reached = true;
            s->options.reached(s->options.context);
        }
    }
    dispatch_close(s->dispatch);
    close_connections(s);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------- */

enum status server_new(const struct server_options *options, struct server **out, struct failure *f)
{
    const struct config *config = options->config;
    struct dispatch_options dispatch = {
        .closers = options->closers,
        .operations_max = (uint32_t)config->max_operations,
        .timeout_ms = config->operation_timeout_ms,
        .link_timeout_ms = config->link_timeout_ms,
    };
    struct server *s;
    int fd;
    enum status st = listen_open(options->address, config->client_timeout_s * 1000, &fd, f);

    if (st != ST_OK)
        return st;
    s = mem_zalloc(sizeof(*s));
    s->options = *options;
    s->loop = h2o_evloop_create();
    h2o_context_init(&s->ctx, s->loop, options->globalconf);
    s->accept_ctx = (h2o_accept_ctx_t){.ctx = &s->ctx, .hosts = options->globalconf->hosts};
    s->mailbox = mailbox_new();
    s->mail =
        h2o_evloop_socket_create(s->loop, dup(mailbox_fd(s->mailbox)), H2O_SOCKET_FLAG_DONT_READ);
    s->mail->data = s;
    h2o_socket_read_start(s->mail, on_mail);
    dispatch.loop = s->loop;
    dispatch.mailbox = s->mailbox;
    dispatch.meter = &s->options.meter;
    s->dispatch = dispatch_new(&dispatch);
    s->place = place_new(options->service, s->mailbox, config->operation_timeout_ms);
    s->prober = prober_new(&(struct prober_options){.config = config,
                                                    .service = options->service,
                                                    .mailbox = s->mailbox,
                                                    .dispatch = s->dispatch});
    s->api = (struct api){.config = config,
                          .dispatch = s->dispatch,
                          .place = s->place,
                          .prober = s->prober,
                          .meter = &s->options.meter};
    s->http = (struct http_thread){
        .api = &s->api,
        .intake = intake_new(&s->ctx,
                             (size_t)(config->max_request_memory_bytes / config->router_threads)),
        .linger = linger_new(s->loop, on_lingering_closed, s),
        .gzip = gzip_new(),
    };
    http_attach(&s->ctx, &s->http);
    s->watch = (struct worker_watch){.reply_to = s->mailbox, .on_workers = on_workers};
    h2o_timeout_init(s->loop, &s->pause_timeout, NO_DESCRIPTOR_PAUSE_MS);
    s->pause.cb = on_pause_over;
    s->listener = h2o_evloop_socket_create(s->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    s->listener->data = s;
    resume_accepting(s);
    *out = s;
    return ST_OK;
}

void server_start(struct server *s)
{
    if (pthread_create(&s->thread, NULL, serve, s) != 0)
        abort(); /* no threads at start: as hopeless as no memory */
    pthread_setname_np(s->thread, "router");
}

void server_stop(struct server *s)
{
    s->stop_mail.deliver = deliver_stop;
    mailbox_post(s->mailbox, &s->stop_mail);
}

void server_join(struct server *s)
{
    pthread_join(s->thread, NULL);
}

bool server_free(struct server *s)
{
    mailbox_drain(s->mailbox);
    prober_free(s->prober);
    place_free(s->place);
    dispatch_free(s->dispatch);
    h2o_socket_read_stop(s->mail);
    h2o_socket_close(s->mail);
    mailbox_free(s->mailbox);
    if (s->connections > 0)
        return false;
    intake_free(s->http.intake);
    linger_free(s->http.linger);
    gzip_free(s->http.gzip);
    h2o_timeout_unlink(&s->pause);
    h2o_timeout_dispose(s->loop, &s->pause_timeout);
    h2o_context_dispose(&s->ctx);
    h2o_evloop_destroy(s->loop);
    free(s);
    return true;
}
