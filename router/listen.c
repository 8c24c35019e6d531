#include "router/listen.h"

#include "common/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

struct listen_address {
    struct sockaddr_storage address;
    socklen_t len;
    size_t sockets; /* that will be */
    size_t opened;  /* that are */
};

static bool is_loopback(const struct sockaddr_storage *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

    if (a->ss_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

enum status listen_resolve(const char *host, int64_t port, size_t sockets,
                           struct listen_address **out, bool *loopback, struct failure *f)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    struct listen_address *a;
    char service[24];
    int got;

    snprintf(service, sizeof(service), "%lld", (long long)port);
    got = getaddrinfo(host[0] == '\0' ? NULL : host, service, &hints, &found);
    if (got != 0)
        return fail(f, ST_INVALID, "address \"%s\": %s", host, gai_strerror(got));
    a = mem_zalloc(sizeof(*a));
    memcpy(&a->address, found->ai_addr, found->ai_addrlen);
    a->len = found->ai_addrlen;
    a->sockets = sockets;
    freeaddrinfo(found);
    *loopback = is_loopback(&a->address);
    *out = a;
    return ST_OK;
}

/* begin_listening: the first socket of an address takes it for itself, so that it fails where another
 * server listens, of ours or not; only then are the address's other sockets let in beside it. (A test
 * before the bind would let two servers in that start together: the kernel decides in listen().) */
static bool begin_listening(struct listen_address *a, int s)
{
    int on = 1;

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* old connections don't count */
    if (a->opened > 0)
        setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (bind(s, (struct sockaddr *)&a->address, a->len) != 0 || listen(s, BACKLOG) != 0 ||
        getsockname(s, (struct sockaddr *)&a->address, &a->len) != 0)
        return false;
    if (a->opened == 0 && a->sockets > 1)
        setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    a->opened++;
    return true;
}

enum status listen_open(struct listen_address *a, int64_t slow_ms, int *fd, struct failure *f)
{
    int s = socket(a->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int timeout_ms = (int)slow_ms;
    char url[LISTEN_URL_BYTES];

    listen_url(a, url);
    if (s < 0)
        return fail(f, ST_UNAVAILABLE, "%s: %s", url, strerror(errno));
    setsockopt(s, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    if (!begin_listening(a, s)) {
        fail(f, ST_UNAVAILABLE, "%s: %s", url, strerror(errno));
        close(s);
        return ST_UNAVAILABLE;
    }
    *fd = s;
    return ST_OK;
}

void listen_url(const struct listen_address *a, char url[LISTEN_URL_BYTES])
{
    char host[64] = "?", port[8] = "?";

    getnameinfo((const struct sockaddr *)&a->address, a->len, host, sizeof(host), port,
                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(url, LISTEN_URL_BYTES,
             a->address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
}

void listen_free(struct listen_address *a)
{
    free(a);
}
