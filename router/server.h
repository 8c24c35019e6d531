/* router/server.h - one thread of a router: an h2o loop, its connections, its links to the workers.
 *
 * Everything of a server belongs to its thread, from server_start until server_join returns. */
#ifndef ROUTER_SERVER_H
#define ROUTER_SERVER_H

#include "catalog/service.h"
#include "common/config.h"
#include "common/jobs.h"
#include "router/listen.h"
#include "router/metrics.h"

#include <h2o.h>

struct server;

/* What the servers of a router share; lives longer than they. */
struct server_options {
    const struct config *config;
    h2o_globalconf_t *globalconf;
    struct catalog_service *service;
    struct router_meter meter; /* of this server */
    struct jobs *closers;
    struct listen_address *address;
    int64_t connections_max;
    /* reached is called once, on the server's thread, when it first reaches a worker. */
    void (*reached)(void *context);
    void *context;
};

/* server_new opens a listening socket of its own. ST_UNAVAILABLE: the address can't be had. */
enum status server_new(const struct server_options *options, struct server **server,
                       struct failure *f);

void server_start(struct server *s);

/* server_stop, from any thread, takes no more connections and lets requests that have begun to come
 * be answered, for drain_timeout at most. server_join waits for the thread's end. */
void server_stop(struct server *s);
void server_join(struct server *s);

/* server_free comes when the closers are through. False: a connection would not go; what it uses of
 * h2o must stay. */
bool server_free(struct server *s);

#endif
