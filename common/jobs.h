/* common/jobs.h - a small pool of threads for calls that block (catalog drivers, closing sockets).
 *
 * A job runs on some thread of the pool and says there what comes next, usually by posting mail to
 * the loop that asked. Each thread may carry a state of its own (a database connection).
 */
#ifndef COMMON_JOBS_H
#define COMMON_JOBS_H

#include "common/status.h"

#include <stddef.h>

struct job {
    struct job *next; /* private */
    /* run does the work. state is this thread's. The job is the receiver's again during run. */
    void (*run)(struct job *j, void *state);
};

struct jobs;

struct jobs_options {
    const char *name;                 /* of the threads, for ps and gdb; at most 15 characters */
    size_t threads;                   /* at least 1 */
    size_t queue_max;                 /* jobs that may wait */
    void *(*thread_begin)(void *arg); /* makes a thread's state, on that thread; may be NULL */
    void (*thread_end)(void *state);  /* releases it; may be NULL */
    void *arg;
};

struct jobs *jobs_new(const struct jobs_options *options);

/* jobs_free runs what is queued, then stops the threads and waits for them. */
void jobs_free(struct jobs *jobs);

/* jobs_add may be called from any thread and doesn't block. ST_OVERLOADED when queue_max jobs wait
 * already: the job is then not taken. */
enum status jobs_add(struct jobs *jobs, struct job *j);

#endif
