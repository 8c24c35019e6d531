/* common/admin.h - a listener for those who run the service, apart from the one for clients.
 *
 *   GET /metrics   what the process counts, for Prometheus
 *   GET /healthz   200: the process is alive
 *   GET /readyz    200: it can do its work; 503 and a line that says what is missing
 *
 * libmicrohttpd on a thread of its own: whoever scrapes waits for no event loop, and none waits for him.
 * Connections, their memory and their idle time are bounded. There is no authentication and nothing
 * secret in the answers; the address is for loopback or a network of the operators.
 */
#ifndef COMMON_ADMIN_H
#define COMMON_ADMIN_H

#include "common/metrics.h"
#include "common/status.h"

struct admin;

struct admin_options {
    const char *listen; /* ADDRESS:PORT, an IPv6 address in brackets; port 0: any free one */
    struct metrics *metrics;
    /* missing says what the process lacks to do its work, NULL: nothing. Runs on the listener's thread. */
    const char *(*missing)(void *context);
    void *context;
};

/* admin_start listens. ST_INVALID: the address is none; ST_UNAVAILABLE: it can't be had. Whoever blocks
 * signals does so before. An empty address means no listener: *a is NULL. */
enum status admin_start(const struct admin_options *options, struct admin **a, struct failure *f);

/* admin_url gives http://address:port, the port being the real one. */
const char *admin_url(const struct admin *a);

/* admin_stop ends the thread; what the options name may go after it. NULL is allowed. */
void admin_stop(struct admin *a);

#endif
