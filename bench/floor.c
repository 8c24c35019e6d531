/* bench/floor.c - the bare pipeline: what h2o, nng, hiredis and Redis cost when nothing is checked.
 *
 *   nusku-floor PORT REDIS_PORT
 *
 * A router answers POST /; its body goes over nng, in one frame a turn of the loop, to a worker, which
 * makes of each body one EVALSHA (INCR, HSET, two ZADD), and the reply comes back the same way. There
 * is no API, no catalog, no deadline, no failure that is got over: a measure for what our own code adds.
 * Two processes, as a router and a worker are.
 */
#include <arpa/inet.h>
#include <err.h>
#include <h2o.h>
#include <h2o/http1.h>
#include <hiredis/adapters/libuv.h>
#include <hiredis/hiredis.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

enum { SLOTS = 4096, FRAME_MAX = 1 << 20, QUEUED = 1024 };

static const char script[] = "local id = redis.call('INCR', KEYS[1] .. 'n')\n"
                             "redis.call('HSET', KEYS[1] .. 'm' .. id, 'b', ARGV[1])\n"
                             "redis.call('ZADD', KEYS[1] .. 'q', id, id)\n"
                             "redis.call('ZADD', KEYS[1] .. 'e', ARGV[2], id)\n"
                             "return id";

/* A frame of records: slot and length in four bytes each, then so many bytes. */
struct frame {
    size_t len;
    char bytes[FRAME_MAX];
};

static void frame_add(struct frame *f, uint32_t slot, const void *p, size_t len)
{
    uint32_t head[2] = {slot, (uint32_t)len};

    if (f->len + sizeof(head) + len > FRAME_MAX)
        errx(1, "a frame is full");
    memcpy(f->bytes + f->len, head, sizeof(head));
    memcpy(f->bytes + f->len + sizeof(head), p, len);
    f->len += sizeof(head) + len;
}

static void frame_send(struct frame *f, nng_socket socket, const void *header, size_t header_len)
{
    nng_msg *msg;

    if (f->len == 0)
        return;
    if (nng_msg_alloc(&msg, f->len) != 0)
        err(1, "memory");
    memcpy(nng_msg_body(msg), f->bytes, f->len);
    nng_msg_header_append(msg, header, header_len);
    if (nng_sendmsg(socket, msg, NNG_FLAG_NONBLOCK) != 0)
        errx(1, "nng has no room");
    f->len = 0;
}

/* frame_each calls on_record for each record of a message, and frees it. */
static void frame_each(nng_msg *msg, void (*on_record)(uint32_t slot, char *p, size_t len))
{
    char *p = nng_msg_body(msg), *end = p + nng_msg_len(msg);

    while (p < end) {
        uint32_t head[2];

        memcpy(head, p, sizeof(head));
        on_record(head[0], p + sizeof(head), head[1]);
        p += sizeof(head) + head[1];
    }
    nng_msg_free(msg);
}

static void socket_set(nng_socket socket)
{
    nng_socket_set_int(socket, NNG_OPT_RECVBUF, QUEUED);
    nng_socket_set_int(socket, NNG_OPT_SENDBUF, QUEUED);
    nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0);
}

static struct frame out; /* of this process: what leaves at the end of the turn */
static nng_socket link_socket;

/* ---- The worker ------------------------------------------------------------------------------- */

static redisAsyncContext *redis;
static char sha[64];
static char reply_header[64];
static size_t reply_header_len;

static void on_reply(redisAsyncContext *c, void *reply, void *slot)
{
    redisReply *r = reply;
    char text[32];

    (void)c;
    if (r == NULL || r->type != REDIS_REPLY_INTEGER)
        errx(1, "Redis: %s", r == NULL ? "gone" : r->str);
    frame_add(&out, (uint32_t)(uintptr_t)slot, text, (size_t)sprintf(text, "%lld", r->integer));
}

static void ask_redis(uint32_t slot, char *p, size_t len)
{
    redisAsyncCommand(redis, on_reply, (void *)(uintptr_t)slot, "EVALSHA %s 1 {floor} %b %d", sha,
                      p, len, 1800000000);
}

static void on_request_frame(uv_poll_t *handle, int status, int events)
{
    nng_msg *msg;

    (void)handle, (void)status, (void)events;
    for (int i = 0; i < 64 && nng_recvmsg(link_socket, &msg, NNG_FLAG_NONBLOCK) == 0; i++) {
        reply_header_len = nng_msg_header_len(msg);
        memcpy(reply_header, nng_msg_header(msg), reply_header_len);
        frame_each(msg, ask_redis);
    }
}

static void on_turn(uv_check_t *handle)
{
    (void)handle;
    frame_send(&out, link_socket, reply_header, reply_header_len);
}

static void load_script(int port)
{
    redisContext *c = redisConnect("127.0.0.1", port);
    redisReply *r = c == NULL || c->err ? NULL : redisCommand(c, "SCRIPT LOAD %s", script);

    if (r == NULL || r->type != REDIS_REPLY_STRING || r->len >= (int)sizeof(sha))
        errx(1, "no Redis on port %d", port);
    memcpy(sha, r->str, (size_t)r->len);
    freeReplyObject(r);
    redisFree(c);
}

static void worker(const char *url, int redis_port)
{
    static uv_poll_t readable;
    static uv_check_t turn;
    int fd;

    load_script(redis_port);
    redis = redisAsyncConnect("127.0.0.1", redis_port);
    redisLibuvAttach(redis, uv_default_loop());
    nng_rep0_open_raw(&link_socket);
    socket_set(link_socket);
    if (nng_listen(link_socket, url, NULL, 0) != 0 ||
        nng_socket_get_int(link_socket, NNG_OPT_RECVFD, &fd) != 0)
        errx(1, "%s: can't listen", url);
    uv_poll_init(uv_default_loop(), &readable, fd);
    uv_poll_start(&readable, UV_READABLE, on_request_frame);
    uv_check_init(uv_default_loop(), &turn);
    uv_check_start(&turn, on_turn);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* ---- The router ------------------------------------------------------------------------------- */

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context;
static h2o_req_t *slots[SLOTS];
static uint32_t free_slots[SLOTS], free_n;

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    uint32_t slot;

    (void)self;
    if (free_n == 0)
        errx(1, "more than %d requests at a time", SLOTS);
    slot = free_slots[--free_n];
    slots[slot] = req;
    frame_add(&out, slot, req->entity.base, req->entity.len);
    return 0;
}

static void answer(uint32_t slot, char *p, size_t len)
{
    static h2o_generator_t generator;
    h2o_req_t *req = slots[slot];
    h2o_iovec_t body = h2o_strdup(&req->pool, p, len);

    free_slots[free_n++] = slot;
    req->res.status = 201;
    req->res.reason = "Created";
    req->res.content_length = body.len;
    h2o_start_response(req, &generator);
    h2o_send(req, &body, 1, 1);
}

static void on_reply_frame(h2o_socket_t *sock, const char *error)
{
    nng_msg *msg;

    (void)sock, (void)error;
    for (int i = 0; i < 64 && nng_recvmsg(link_socket, &msg, NNG_FLAG_NONBLOCK) == 0; i++)
        frame_each(msg, answer);
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *sock;

    while (error == NULL && (sock = h2o_evloop_socket_accept(listener)) != NULL)
        h2o_accept(&accept_context, sock);
}

static void listen_http(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    h2o_socket_t *listener;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, SOMAXCONN) != 0)
        err(1, "port %d", port);
    listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_accept);
}

static void router(const char *url, int port)
{
    static const char request_id[] = {(char)0x80, 0, 0, 0};
    h2o_hostconf_t *host;
    h2o_pathconf_t *path;
    h2o_handler_t *handler;
    int fd;

    h2o_config_init(&config);
    config.server_name = h2o_iovec_init(H2O_STRLIT("floor"));
    host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    path = h2o_config_register_path(host, "/", 0);
    handler = h2o_create_handler(path, sizeof(*handler));
    handler->on_req = on_request;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accept_context.ctx = &context;
    accept_context.hosts = config.hosts;
    for (free_n = 0; free_n < SLOTS; free_n++)
        free_slots[free_n] = free_n;
    nng_req0_open_raw(&link_socket);
    socket_set(link_socket);
    if (nng_dial(link_socket, url, NULL, NNG_FLAG_NONBLOCK) != 0 ||
        nng_socket_get_int(link_socket, NNG_OPT_RECVFD, &fd) != 0)
        errx(1, "%s: can't dial", url);
    h2o_socket_read_start(
        h2o_evloop_socket_create(context.loop, dup(fd), H2O_SOCKET_FLAG_DONT_READ), on_reply_frame);
    listen_http(port);
    puts("ready");
    fflush(stdout);
    for (;;) {
        h2o_evloop_run(context.loop, INT32_MAX);
        frame_send(&out, link_socket, request_id, sizeof(request_id));
    }
}

int main(int argc, char **argv)
{
    char url[64];

    if (argc != 3)
        errx(2, "usage: nusku-floor PORT REDIS_PORT");
    signal(SIGPIPE, SIG_IGN);
    snprintf(url, sizeof(url), "ipc:///tmp/nusku-floor-%d.sock", getpid());
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        worker(url, atoi(argv[2]));
        return 0;
    }
    router(url, atoi(argv[1]));
}
