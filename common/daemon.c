#include "common/daemon.h"

#include "common/log.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { STOP_LEEWAY_S = 5 };

static sigset_t stopping; /* the signals that do */

static void choose_signals(enum daemon_hangup hangup)
{
    struct sigaction was;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGINT);
    if (hangup == HANGUP_IGNORED)
        signal(SIGHUP, SIG_IGN);
    else if (sigaction(SIGHUP, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
        sigaddset(&stopping, SIGHUP);
}

/* fix_thresholds keeps malloc from learning: after the first large answer that it frees it would take all
 * later ones from its heap, and keep there what they leave. */
static void fix_thresholds(void)
{
    enum { LARGE_BYTES = 256 * 1024 };

    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BYTES);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void daemon_begin(const struct config *c, const char *name, enum daemon_hangup hangup)
{
    log_setup(name, c->debug ? LOG_DEBUG : LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    choose_signals(hangup);
    pthread_sigmask(SIG_BLOCK, &stopping, NULL);
    raise_descriptor_limit();
    fix_thresholds();
}

void daemon_ready(const char *program, const char *url)
{
    printf("%s ready on %s\n", program, url);
    fflush(stdout);
    sd_notifyf(0, "READY=1\nSTATUS=serving on %s", url);
}

/* leave ends the process from a signal's handler. */
static void leave(const char *line, int status)
{
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        _exit(1);
    _exit(status);
}

/* on_hurry ends a process that was told to stop a second time. */
static void on_hurry(int signal)
{
    (void)signal;
    leave("STOP-HURRIED leaving without answering what was begun\n", 1);
}

/* on_overdue ends a process that could not let go of something: a socket of nng that does not close, a
 * database that does not answer. It has nothing left to lose. */
static void on_overdue(int signal)
{
    (void)signal;
    leave("STOP-OVERDUE something did not let go; leaving\n", 0);
}

/* hear_hurry lets signals through to this thread alone: the others have them blocked. */
static void hear_hurry(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGTERM, on_hurry);
    signal(SIGINT, on_hurry);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void daemon_wait(const struct config *c)
{
    int got;

    while (sigwait(&stopping, &got) != 0)
        ;
    log_info("STOPPING", "answering what was begun");
    hear_hurry();
    sd_notify(0, "STOPPING=1");
    signal(SIGALRM, on_overdue);
    alarm((unsigned)c->drain_timeout_s + STOP_LEEWAY_S);
}
