/* router/router.h - a router: threads that serve clients, and what they share.
 *
 * Stateless: whatever a router knows is the catalog's or a worker's. Each thread has an h2o loop, a
 * listening socket of its own on the same port, links of its own to every worker. */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "common/config.h"
#include "common/metrics.h"

struct router;

/* router_start binds and starts the threads. ST_INVALID: the configuration forbids it; ST_UNAVAILABLE:
 * the address cannot be had. Borrows config, and the registry in which it counts. */
enum status router_start(const struct config *config, struct metrics *metrics, struct router **r,
                         struct failure *f);

/* router_url gives http://address:port, the port being the real one. */
const char *router_url(const struct router *r);

/* router_wait waits until every thread reaches a worker, at most timeout_ms. */
bool router_wait(struct router *r, int timeout_ms);

/* router_missing says what keeps it from serving: NULL when every thread reaches a worker now. From any
 * thread, until router_free. */
const char *router_missing(void *router);

/* router_stop takes no more connections, lets requests under way be answered, and ends the threads. */
void router_stop(struct router *r);

void router_free(struct router *r);

#endif
