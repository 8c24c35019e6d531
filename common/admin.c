#include "common/admin.h"

#include "common/log.h"
#include "common/mem.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_BYTES = 32 * 1024, /* for a request's head, and what is sent at a time */
    IDLE_S = 10,
    BACKLOG = 32,
};

struct admin {
    struct admin_options options;
    struct MHD_Daemon *daemon;
    char url[96];
};

/* ---- Answers ---------------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
                              struct slice body)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(body.len, (void *)body.p, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (r == NULL)
        return MHD_NO; /* closes the connection */
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer_line(struct MHD_Connection *c, unsigned status, const char *line)
{
    char text[160];

    snprintf(text, sizeof(text), "%s\n", line);
    return answer(c, status, "text/plain; charset=utf-8", slice_of(text));
}

static enum MHD_Result answer_metrics(struct admin *a, struct MHD_Connection *c)
{
    struct buffer b = {0};
    enum MHD_Result result;

    metrics_render(a->options.metrics, &b);
    result = answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", buffer_slice(&b));
    buffer_fini(&b);
    return result;
}

static enum MHD_Result on_request(void *admin, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **seen)
{
    static char head;
    struct admin *a = admin;
    const char *missing;

    (void)version;
    (void)body;
    if (*seen == NULL || *body_len > 0) { /* an answer before the end would close the connection */
        *seen = &head;
        *body_len = 0; /* a body is thrown away */
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD");
    if (strcmp(path, "/metrics") == 0)
        return answer_metrics(a, c);
    if (strcmp(path, "/healthz") == 0)
        return answer_line(c, MHD_HTTP_OK, "alive");
    if (strcmp(path, "/readyz") != 0)
        return answer_line(c, MHD_HTTP_NOT_FOUND, "/metrics, /healthz or /readyz");
    missing = a->options.missing(a->options.context);
    if (missing != NULL)
        return answer_line(c, MHD_HTTP_SERVICE_UNAVAILABLE, missing);
    return answer_line(c, MHD_HTTP_OK, "ready");
}

/* ---- Listening -------------------------------------------------------------------------------- */

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= 5 && text[digits] == '\0' && atoi(text) <= 65535;
}

/* split_address cuts ADDRESS:PORT in two; the brackets of an IPv6 address go. */
static bool split_address(const char *text, char host[64], char port[8])
{
    const char *colon = strrchr(text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);

    if (len == 0 || len >= 64 || !is_port(colon + 1))
        return false;
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* it is not clear where the address ends */
    }
    memcpy(host, text, len);
    host[len] = '\0';
    strcpy(port, colon + 1);
    return len > 0;
}

static void write_url(struct admin *a, int s)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[64] = "?", port[8] = "?";

    if (getsockname(s, (struct sockaddr *)&address, &len) == 0)
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(a->url, sizeof(a->url),
             address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
}

static enum status open_socket(const char *listen_on, int *fd, struct failure *f)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    char host[64], port[8];
    int on = 1, got, s;

    if (!split_address(listen_on, host, port))
        return fail(f, ST_INVALID, "admin_listen \"%s\": ADDRESS:PORT was expected", listen_on);
    got = getaddrinfo(host, port, &hints, &found);
    if (got != 0)
        return fail(f, ST_INVALID, "admin_listen \"%s\": %s", listen_on, gai_strerror(got));
    s = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s >= 0)
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* old connections don't count */
    if (s < 0 || bind(s, found->ai_addr, found->ai_addrlen) != 0 || listen(s, BACKLOG) != 0) {
        fail(f, ST_UNAVAILABLE, "admin_listen %s: %s", listen_on, strerror(errno));
        if (s >= 0)
            close(s);
        freeaddrinfo(found);
        return ST_UNAVAILABLE;
    }
    freeaddrinfo(found);
    *fd = s;
    return ST_OK;
}

enum status admin_start(const struct admin_options *options, struct admin **out, struct failure *f)
{
    struct admin *a;
    int s = -1;
    enum status st;

    *out = NULL;
    if (options->listen[0] == '\0')
        return ST_OK;
    st = open_socket(options->listen, &s, f);
    if (st != ST_OK)
        return st;
    a = mem_zalloc(sizeof(*a));
    a->options = *options;
    write_url(a, s);
    a->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, a,
                                 MHD_OPTION_LISTEN_SOCKET, (MHD_socket)s,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
    if (a->daemon == NULL) {
        close(s);
        free(a);
        return fail(f, ST_UNAVAILABLE, "admin_listen %s: no thread", options->listen);
    }
    log_info("ADMIN-LISTENING", "url=%s", a->url);
    *out = a;
    return ST_OK;
}

const char *admin_url(const struct admin *a)
{
    return a->url;
}

void admin_stop(struct admin *a)
{
    if (a == NULL)
        return;
    MHD_stop_daemon(a->daemon); /* closes the socket, too */
    free(a);
}
