/* tests/unit/common/test_jobs.c - a small pool of threads for calls that block. */
#include "tests/support/cmocka_all.h"

#include "common/jobs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ADDERS = 4, JOBS = 2000 };

/* What the jobs have done; all under the lock. changed is signalled after each change. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned run, next_of[ADDERS], out_of_order, begun, ended, at_gate;
    bool gate_open;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int begin(void **state)
{
    (void)state;
    seen.run = seen.out_of_order = seen.begun = seen.ended = seen.at_gate = 0;
    memset(seen.next_of, 0, sizeof(seen.next_of));
    seen.gate_open = false;
    return 0;
}

/* wait_for waits until a count has come to at least n; ctest's timeout ends what never comes. */
static void wait_for(const unsigned *count, unsigned n)
{
    pthread_mutex_lock(&seen.lock);
    while (*count < n)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static unsigned look(const unsigned *count)
{
    unsigned n;

    pthread_mutex_lock(&seen.lock);
    n = *count;
    pthread_mutex_unlock(&seen.lock);
    return n;
}

struct task {
    struct job job; /* first */
    unsigned adder, number;
    struct jobs *again; /* where it adds itself once more */
};

static void run_task(struct job *j, void *state)
{
    struct task *t = (struct task *)j;

    (void)state;
    pthread_mutex_lock(&seen.lock);
    if (t->number != seen.next_of[t->adder])
        seen.out_of_order++;
    seen.next_of[t->adder] = t->number + 1;
    seen.run++;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
    free(t); /* ours again */
}

static struct job *task_new(unsigned adder, unsigned number)
{
    struct task *t = calloc(1, sizeof(*t));

    if (t == NULL)
        abort();
    *t = (struct task){{.run = run_task}, adder, number, NULL};
    return &t->job;
}

/* run_gate keeps its thread busy until the gate is opened. */
static void run_gate(struct job *j, void *state)
{
    (void)state;
    pthread_mutex_lock(&seen.lock);
    seen.at_gate++;
    pthread_cond_broadcast(&seen.changed);
    while (!seen.gate_open)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
    free(j);
}

static struct job *gate_new(void)
{
    struct job *j = calloc(1, sizeof(*j));

    if (j == NULL)
        abort();
    j->run = run_gate;
    return j;
}

static void open_gate(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.gate_open = true;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

struct adder {
    pthread_t thread;
    struct jobs *jobs;
    unsigned number, refused;
};

static void *add_all(void *arg)
{
    struct adder *a = arg;

    for (unsigned i = 0; i < JOBS; i++) {
        struct job *j = task_new(a->number, i);

        if (jobs_add(a->jobs, j) != ST_OK) {
            a->refused++;
            free(j);
        }
    }
    return NULL;
}

static void add_from_several_threads(struct jobs *jobs)
{
    struct adder adders[ADDERS];

    for (unsigned i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){.jobs = jobs, .number = i};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_all, &adders[i]), 0);
    }
    for (unsigned i = 0; i < ADDERS; i++) {
        pthread_join(adders[i].thread, NULL);
        assert_int_equal(adders[i].refused, 0);
    }
}

static void test_jobs_run_once_each_whoever_added_them(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 3, .queue_max = ADDERS * JOBS});

    (void)state;
    add_from_several_threads(jobs);
    jobs_free(jobs);
    assert_int_equal(seen.run, ADDERS * JOBS);
}

static void test_jobs_of_one_thread_run_in_the_order_of_each_sender(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 1, .queue_max = ADDERS * JOBS});

    (void)state;
    add_from_several_threads(jobs);
    jobs_free(jobs);
    assert_int_equal(seen.run, ADDERS * JOBS);
    assert_int_equal(seen.out_of_order, 0);
}

static void test_jobs_run_without_being_waited_for(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 2, .queue_max = 10});

    (void)state;
    assert_int_equal(jobs_add(jobs, task_new(0, 0)), ST_OK);
    wait_for(&seen.run, 1);
    assert_int_equal(jobs_add(jobs, task_new(0, 1)), ST_OK);
    wait_for(&seen.run, 2);
    jobs_free(jobs);
}

static void test_jobs_run_side_by_side_on_all_threads(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 3, .queue_max = 10});

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs_add(jobs, gate_new()), ST_OK);
    wait_for(&seen.at_gate, 3); /* none of them has ended */
    open_gate();
    jobs_free(jobs);
}

static void test_jobs_add_refuses_when_queue_max_wait_already(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 1, .queue_max = 2});
    struct job *refused = task_new(0, 2);

    (void)state;
    assert_int_equal(jobs_add(jobs, gate_new()), ST_OK);
    wait_for(&seen.at_gate, 1); /* it runs, so that it doesn't wait any more */
    assert_int_equal(jobs_add(jobs, task_new(0, 0)), ST_OK);
    assert_int_equal(jobs_add(jobs, task_new(0, 1)), ST_OK);
    assert_int_equal(jobs_add(jobs, refused), ST_OVERLOADED);
    assert_int_equal(jobs_add(jobs, refused), ST_OVERLOADED);
    open_gate();
    wait_for(&seen.run, 2);
    assert_int_equal(jobs_add(jobs, refused), ST_OK); /* there is room again */
    jobs_free(jobs);
    assert_int_equal(seen.run, 3); /* the refusals were not taken */
    assert_int_equal(seen.out_of_order, 0);
}

static void test_jobs_free_runs_what_is_queued(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 1, .queue_max = 100});

    (void)state;
    assert_int_equal(jobs_add(jobs, gate_new()), ST_OK);
    wait_for(&seen.at_gate, 1);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(jobs_add(jobs, task_new(0, i)), ST_OK);
    assert_int_equal(look(&seen.run), 0);
    open_gate();
    jobs_free(jobs);
    assert_int_equal(seen.run, 100);
}

static void run_again(struct job *j, void *state)
{
    struct task *t = (struct task *)j;

    (void)state;
    if (--t->number > 0 && jobs_add(t->again, j) != ST_OK)
        abort();
    pthread_mutex_lock(&seen.lock);
    seen.run++;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void test_jobs_may_be_added_again_while_they_run(void **state)
{
    struct jobs *jobs =
        jobs_new(&(struct jobs_options){.name = "test", .threads = 2, .queue_max = 1});
    struct task t = {{.run = run_again}, 0, 5, jobs};

    (void)state;
    assert_int_equal(jobs_add(jobs, &t.job), ST_OK);
    wait_for(&seen.run, 5);
    jobs_free(jobs);
    assert_int_equal(seen.run, 5);
}

/* ---- The state of a thread -------------------------------------------------------------------- */

struct own {
    pthread_t thread;
    bool used;
};

static void *thread_begin(void *arg)
{
    struct own *own = calloc(1, sizeof(*own));

    if (own == NULL || arg != &seen)
        abort();
    own->thread = pthread_self();
    pthread_mutex_lock(&seen.lock);
    seen.begun++;
    pthread_mutex_unlock(&seen.lock);
    return own;
}

static void thread_end(void *state)
{
    struct own *own = state;

    pthread_mutex_lock(&seen.lock);
    if (pthread_equal(own->thread, pthread_self()))
        seen.ended++;
    pthread_mutex_unlock(&seen.lock);
    free(own);
}

static void run_with_state(struct job *j, void *state)
{
    struct own *own = state;

    pthread_mutex_lock(&seen.lock);
    if (own == NULL || !pthread_equal(own->thread, pthread_self()))
        seen.out_of_order++;
    seen.run++;
    pthread_mutex_unlock(&seen.lock);
    free(j);
}

static void test_jobs_carry_the_state_of_their_thread(void **state)
{
    struct jobs *jobs = jobs_new(&(struct jobs_options){.name = "test",
                                                        .threads = 3,
                                                        .queue_max = 100,
                                                        .thread_begin = thread_begin,
                                                        .thread_end = thread_end,
                                                        .arg = &seen});

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct job *j = calloc(1, sizeof(*j));

        assert_non_null(j);
        j->run = run_with_state;
        assert_int_equal(jobs_add(jobs, j), ST_OK);
    }
    jobs_free(jobs);
    assert_int_equal(seen.run, 100);
    assert_int_equal(seen.out_of_order, 0);
    assert_int_equal(seen.begun, 3);
    assert_int_equal(seen.ended, 3);
}

static void test_jobs_free_takes_null(void **state)
{
    (void)state;
    jobs_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_jobs_run_once_each_whoever_added_them, begin),
        cmocka_unit_test_setup(test_jobs_of_one_thread_run_in_the_order_of_each_sender, begin),
        cmocka_unit_test_setup(test_jobs_run_without_being_waited_for, begin),
        cmocka_unit_test_setup(test_jobs_run_side_by_side_on_all_threads, begin),
        cmocka_unit_test_setup(test_jobs_add_refuses_when_queue_max_wait_already, begin),
        cmocka_unit_test_setup(test_jobs_free_runs_what_is_queued, begin),
        cmocka_unit_test_setup(test_jobs_may_be_added_again_while_they_run, begin),
        cmocka_unit_test_setup(test_jobs_carry_the_state_of_their_thread, begin),
        cmocka_unit_test(test_jobs_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
