#include "common/daemon.h"

#include "common/log.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { STOP_LEEWAY_S = 5 };

static sigset_t stopping(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
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

void daemon_begin(const struct config *c, const char *name)
{
    sigset_t set = stopping();

    log_setup(name, c->debug ? LOG_DEBUG : LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    raise_descriptor_limit();
    fix_thresholds();
}

void daemon_ready(const char *program, const char *url)
{
    printf("%s ready on %s\n", program, url);
    fflush(stdout);
    sd_notifyf(0, "READY=1\nSTATUS=serving on %s", url);
}

/* on_overdue ends a process that could not let go of something: a socket of nng that does not close, a
 * database that does not answer. It has nothing left to lose. */
static void on_overdue(int signal)
{
    static const char line[] = "STOP-OVERDUE something did not let go; leaving\n";

    (void)signal;
    if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
        _exit(1);
    _exit(0);
}

void daemon_wait(const struct config *c)
{
    sigset_t set = stopping();
    int got;

    while (sigwait(&set, &got) != 0)
        ;
    log_info("STOPPING", "answering what was begun");
    sd_notify(0, "STOPPING=1");
    signal(SIGALRM, on_overdue);
    alarm((unsigned)c->drain_timeout_s + STOP_LEEWAY_S);
}
