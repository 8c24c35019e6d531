/* common/daemon.h - how a process of ours begins, says that it serves, and is told to stop.
 *
 * daemon_begin comes before threads start. Then one thread, usually the first, sits in daemon_wait. */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include "common/config.h"

/* daemon_begin sets the log up under name (borrowed for ever), blocks SIGTERM and SIGINT, ignores
 * SIGPIPE (writes say so themselves), and lifts the limit of open files to what the system allows. */
void daemon_begin(const struct config *c, const char *name);

/* daemon_ready prints "PROGRAM ready on URL", and tells systemd if it started us. */
void daemon_ready(const char *program, const char *url);

/* daemon_wait returns when SIGTERM or SIGINT comes. The process then has the drain timeout and five seconds
 * to end; after that it ends with 0 wherever it is. */
void daemon_wait(const struct config *c);

#endif
