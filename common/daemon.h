/* common/daemon.h - how a process of ours begins, says that it serves, and is told to stop.
 *
 * daemon_begin comes before threads start. Then one thread, usually the first, sits in daemon_wait. */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include "common/config.h"

/* What SIGHUP means: nothing to a daemon, as there is nothing to read again; the end to a program in a
 * terminal that is closed, unless it was started to outlive that (nohup). */
enum daemon_hangup { HANGUP_IGNORED, HANGUP_STOPS };

/* daemon_begin sets the log up under name (borrowed for ever), blocks the signals that stop, ignores
 * SIGPIPE (writes say so themselves), and lifts the limit of open files to what the system allows. */
void daemon_begin(const struct config *c, const char *name, enum daemon_hangup hangup);

/* daemon_ready prints "PROGRAM ready on URL", and tells systemd if it started us. */
void daemon_ready(const char *program, const char *url);

/* daemon_wait returns when SIGTERM, SIGINT or a SIGHUP that stops comes. The process then has the drain
 * timeout and five seconds to end; after that it ends with 0 wherever it is. Another SIGTERM or SIGINT ends it
 * at once, with 1. */
void daemon_wait(const struct config *c);

#endif
