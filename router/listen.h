/* router/listen.h - the listening sockets of the REST API. */
#ifndef ROUTER_LISTEN_H
#define ROUTER_LISTEN_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTEN_URL_BYTES = 96 };

/* listen_resolve resolves a configured address, on which there will be so many sockets. *loopback tells
 * whether it is one of this machine alone. */
struct listen_address;

enum status listen_resolve(const char *host, int64_t port, size_t sockets,
                           struct listen_address **address, bool *loopback, struct failure *f);

/* listen_open opens one more socket on the address; after the first the port is known, and shared among
 * the sockets of this process alone. ST_UNAVAILABLE: another server is there. slow_ms: after so long
 * without progress the kernel gives a connection up (clients that don't read). */
enum status listen_open(struct listen_address *address, int64_t slow_ms, int *fd,
                        struct failure *f);

/* listen_url writes http://host:port with the real port. */
void listen_url(const struct listen_address *address, char url[LISTEN_URL_BYTES]);

void listen_free(struct listen_address *address);

#endif
