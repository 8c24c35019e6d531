#include "common/jobs.h"

#include "common/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct jobs {
    struct jobs_options options;
    pthread_mutex_t lock; /* guards what follows up to threads */
    pthread_cond_t wake;
    struct job *head, **tail;
    size_t waiting;
    bool stopping;
    pthread_t threads[];
};

/* take waits for a job; NULL once the pool stops and nothing is left. */
static struct job *take(struct jobs *jobs)
{
    struct job *j;

    pthread_mutex_lock(&jobs->lock);
    while (jobs->head == NULL && !jobs->stopping)
        pthread_cond_wait(&jobs->wake, &jobs->lock);
    j = jobs->head;
    if (j != NULL) {
        jobs->head = j->next;
        if (jobs->head == NULL)
            jobs->tail = &jobs->head;
        jobs->waiting--;
    }
    pthread_mutex_unlock(&jobs->lock);
    return j;
}

static void *work(void *arg)
{
    struct jobs *jobs = arg;
    void *state = NULL;
    struct job *j;

    if (jobs->options.thread_begin != NULL)
        state = jobs->options.thread_begin(jobs->options.arg);
    while ((j = take(jobs)) != NULL)
        j->run(j, state);
    if (jobs->options.thread_end != NULL)
        jobs->options.thread_end(state);
    return NULL;
}

struct jobs *jobs_new(const struct jobs_options *options)
{
    struct jobs *jobs = mem_zalloc(sizeof(*jobs) + options->threads * sizeof(jobs->threads[0]));

    jobs->options = *options;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->wake, NULL);
    jobs->tail = &jobs->head;
    for (size_t i = 0; i < options->threads; i++) {
        if (pthread_create(&jobs->threads[i], NULL, work, jobs) != 0)
            abort(); /* no threads at start: as hopeless as no memory */
        pthread_setname_np(jobs->threads[i], options->name);
    }
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < jobs->options.threads; i++)
        pthread_join(jobs->threads[i], NULL);
    pthread_cond_destroy(&jobs->wake);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

enum status jobs_add(struct jobs *jobs, struct job *j)
{
    enum status st = ST_OVERLOADED;

    j->next = NULL;
    pthread_mutex_lock(&jobs->lock);
    if (jobs->waiting < jobs->options.queue_max) {
        *jobs->tail = j;
        jobs->tail = &j->next;
        jobs->waiting++;
        st = ST_OK;
        pthread_cond_signal(&jobs->wake);
    }
    pthread_mutex_unlock(&jobs->lock);
    return st;
}
