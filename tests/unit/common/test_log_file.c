/* tests/unit/common/test_log_file.c - lines for a file, from threads that must not wait. */
#include "tests/support/cmocka_all.h"

#include "common/log_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 4, LINES = 2000, READ_MAX = 8 << 20 };

static char folder[] = "/tmp/nusku-test-XXXXXX";
static char path[64], other[64];

static int begin(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/access.log", folder);
    snprintf(other, sizeof(other), "%s/access.log.1", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

static struct log_file *open_log(const char *name)
{
    struct failure f = {0};
    struct log_file *file = NULL;

    if (log_file_open(name, &file, &f) != ST_OK)
        fail_msg("%s", f.text);
    return file;
}

/* read_all gives what a file holds; the test frees it. */
static char *read_all(const char *name)
{
    char *text = calloc(1, READ_MAX);
    FILE *file = fopen(name, "re");

    assert_non_null(file);
    assert_true(fread(text, 1, READ_MAX - 1, file) < READ_MAX - 1);
    fclose(file);
    return text;
}

static void assert_file(const char *name, const char *wanted)
{
    char *text = read_all(name);

    assert_string_equal(text, wanted);
    free(text);
}

static void test_log_file_has_what_was_added(void **state)
{
    struct log_file *file = open_log(path);
    struct stat st;

    (void)state;
    log_file_add(file, SLICE("one"));
    log_file_add(file, SLICE(""));
    log_file_add(file, SLICE("three"));
    log_file_close(file);
    assert_file(path, "one\n\nthree\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07, 0); /* not for all to read */

    file = open_log(path); /* goes on where it ended */
    log_file_add(file, SLICE("four"));
    log_file_close(file);
    assert_file(path, "one\n\nthree\nfour\n");
}

static void test_log_file_without_lines_is_empty(void **state)
{
    (void)state;
    log_file_close(open_log(path));
    assert_file(path, "");
}

static void test_log_file_that_cannot_be_made(void **state)
{
    struct log_file *file;
    struct failure f;

    (void)state;
    assert_int_equal(log_file_open("/nowhere/access.log", &file, &f), ST_UNAVAILABLE);
    assert_non_null(strstr(f.text, "/nowhere/access.log: "));
    assert_int_equal(log_file_open(folder, &file, &f), ST_UNAVAILABLE);
}

static void *add_lines(void *arg)
{
    struct log_file *file = arg;
    char line[32];

    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        log_file_add(file, slice_of(line));
    }
    return NULL;
}

static void test_log_file_keeps_lines_of_threads_whole(void **state)
{
    struct log_file *file = open_log(path);
    pthread_t threads[THREADS];
    int seen[LINES] = {0}, n;
    char *text, *save = NULL;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_lines, file), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_file_close(file);
    text = read_all(path);
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        assert_int_equal(sscanf(line, "line %d", &n), 1);
        seen[n]++;
    }
    for (int i = 0; i < LINES; i++)
        assert_int_equal(seen[i], THREADS);
    free(text);
}

/* wait_for_file waits until a file of that name is there and not empty. */
static void wait_for_file(const char *name)
{
    struct stat st;

    while (stat(name, &st) != 0 || st.st_size == 0)
        sched_yield();
}

static void test_log_file_is_made_anew_when_it_was_renamed(void **state)
{
    struct log_file *file = open_log(path);

    (void)state;
    log_file_add(file, SLICE("before"));
    wait_for_file(path);
    assert_int_equal(rename(path, other), 0);
    log_file_add(file, SLICE("after"));
    wait_for_file(path);
    assert_int_equal(unlink(path), 0);
    log_file_add(file, SLICE("last"));
    log_file_close(file);
    assert_file(other, "before\n");
    assert_file(path, "last\n");
}

/* A disk that is full for a while: lines are lost, and the next ones begin at a line's beginning. */
static void test_log_file_goes_on_when_there_is_room_again(void **state)
{
    enum { ROOM = 1000, LINE = 70 };
    struct rlimit whole, little;
    struct log_file *file = open_log(path);
    char line[LINE], said[512] = "", *text, *last;
    int told[2], real_stderr = dup(STDERR_FILENO);

    (void)state;
    memset(line, 'x', sizeof(line));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    dup2(told[1], STDERR_FILENO);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    little = (struct rlimit){.rlim_cur = ROOM, .rlim_max = whole.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    for (int i = 0; i < 100; i++)
        log_file_add(file, (struct slice){line, sizeof(line)});
    assert_true(read(told[0], said, sizeof(said) - 1) > 0); /* waits until some are lost */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    log_file_add(file, SLICE("last"));
    log_file_close(file);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(told[0]);
    close(told[1]);
    assert_non_null(strstr(said, "LOG-LINES-LOST"));
    assert_non_null(strstr(said, "reason=\"File too large\""));
    text = read_all(path);
    assert_int_equal(text[ROOM], '\n'); /* behind what fitted of the line that didn't */
    last = strstr(text, "last\n");
    assert_non_null(last);
    assert_int_equal(last[-1], '\n');
    assert_int_equal(last[5], '\0');
    free(text);
}

static void *close_log(void *file)
{
    log_file_close(file);
    return NULL;
}

/* Nobody reads the pipe: adding returns all the same, and what found no room is told. */
static void test_log_file_that_takes_nothing_keeps_nobody_waiting(void **state)
{
    int told[2], real_stderr = dup(STDERR_FILENO), reader;
    struct log_file *file;
    char line[1000], text[4096] = "", *drain = malloc(READ_MAX);
    unsigned long long lost = 0, n_lost, came = 0;
    pthread_t closer;
    ssize_t n;
    enum { MANY = 5000 };

    (void)state;
    memset(line, 'x', sizeof(line));
    assert_int_equal(mkfifo(path, 0600), 0);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    file = open_log(path);
    for (int i = 0; i < MANY; i++)
        log_file_add(file, (struct slice){line, sizeof(line)});
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    dup2(told[1], STDERR_FILENO);
    assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
    /* a reader comes, and takes all that is left */
    assert_int_equal(pthread_create(&closer, NULL, close_log, file), 0);
    while ((n = read(reader, drain, READ_MAX)) > 0)
        for (ssize_t i = 0; i < n; i++)
            came += drain[i] == '\n';
    pthread_join(closer, NULL);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(told[1]);
    assert_true(read(told[0], text, sizeof(text) - 1) > 0);
    close(told[0]);
    close(reader);
    free(drain);
    assert_non_null(strstr(text, "LOG-LINES-LOST"));
    for (const char *p = text; (p = strstr(p, "lines=")) != NULL; p++) {
        assert_int_equal(sscanf(p, "lines=%llu", &n_lost), 1);
        lost += n_lost;
    }
    assert_true(lost > 0 && came > 0);
    assert_int_equal(lost + came, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_log_file_has_what_was_added),
        TEST(test_log_file_without_lines_is_empty),
        TEST(test_log_file_that_cannot_be_made),
        TEST(test_log_file_keeps_lines_of_threads_whole),
        TEST(test_log_file_is_made_anew_when_it_was_renamed),
        TEST(test_log_file_goes_on_when_there_is_room_again),
        TEST(test_log_file_that_takes_nothing_keeps_nobody_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
