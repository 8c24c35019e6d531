/* tests/unit/common/test_log.c - one line an event, on stderr. */
#include "tests/support/cmocka_all.h"

#include "common/log.h"
#include "common/slice.h"

#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* stderr goes into a pipe between capture_begin and capture_end. Assertions wait until after: what
 * they say goes to stderr, too. */
static int real_stderr, pipe_ends[2];

static void capture_begin(void)
{
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
}

/* capture_end gives what was written; it must fit the pipe. */
static struct slice capture_end(void)
{
    static char text[65536];
    size_t len = 0;
    ssize_t n;

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[1]);
    while (len < sizeof(text) && (n = read(pipe_ends[0], text + len, sizeof(text) - len)) > 0)
        len += (size_t)n;
    close(pipe_ends[0]);
    return (struct slice){text, len};
}

static int as_router(void **state)
{
    (void)state;
    log_setup("router", LOG_INFO);
    return 0;
}

/* after_time checks "2026-11-23T07:08:09.123Z " and gives what follows. */
static struct slice after_time(struct slice line)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

    assert_true(line.len > sizeof(form));
    for (size_t i = 0; i + 1 < sizeof(form); i++) {
        if (form[i] == 'd')
            assert_true(isdigit((unsigned char)line.p[i]));
        else
            assert_int_equal(line.p[i], form[i]);
    }
    return slice_from(line, sizeof(form) - 1);
}

static void test_log_line_has_time_level_process_id_and_text(void **state)
{
    struct slice text;

    (void)state;
    log_setup("worker", LOG_DEBUG);
    capture_begin();
    log_debug("A-ID", "n=%d", 1);
    log_info("B-ID", "s=%s", "x y");
    log_warn("C-ID", "reason=\"%s\"", "Connection refused");
    log_error("D-ID", "%s", "");
    text = capture_end();
    assert_slice(after_time(slice_cut(&text, '\n')), "DEBUG worker A-ID n=1");
    assert_slice(after_time(slice_cut(&text, '\n')), "INFO  worker B-ID s=x y");
    assert_slice(after_time(slice_cut(&text, '\n')),
                 "WARN  worker C-ID reason=\"Connection refused\"");
    assert_slice(after_time(slice_cut(&text, '\n')), "ERROR worker D-ID ");
    assert_slice(text, "");
}

static void test_log_hides_what_is_below_the_least_level(void **state)
{
    struct slice text;

    (void)state;
    log_setup("router", LOG_WARN);
    assert_false(log_enabled(LOG_DEBUG));
    assert_false(log_enabled(LOG_INFO));
    assert_true(log_enabled(LOG_WARN));
    assert_true(log_enabled(LOG_ERROR));
    capture_begin();
    log_debug("A", "a");
    log_info("B", "b");
    log_warn("C", "c");
    log_error("D", "d");
    text = capture_end();
    assert_slice(after_time(slice_cut(&text, '\n')), "WARN  router C c");
    assert_slice(after_time(slice_cut(&text, '\n')), "ERROR router D d");
    assert_slice(text, "");
}

static void test_log_line_cannot_be_forged_with_control_characters(void **state)
{
    struct slice text;

    (void)state;
    capture_begin();
    log_info("ID", "v=%s", "a\nb\r\tc\x1b[31m\x7f\x01\xc3\xa9");
    text = capture_end();
    assert_slice(after_time(slice_cut(&text, '\n')), "INFO  router ID v=a?b??c?[31m??\xc3\xa9");
    assert_slice(text, "");
}

/* Lengths around that of the line's buffer, so that each end of it is met. */
static void test_log_line_that_is_too_long_is_cut_and_stays_one_line(void **state)
{
    static char value[5000];
    size_t longest = 0;

    (void)state;
    memset(value, 'v', sizeof(value));
    for (int len = 900; len < 1100; len++) {
        struct slice text, line;

        capture_begin();
        log_info("ID", "%.*s", len, value);
        text = capture_end();
        line = after_time(slice_cut(&text, '\n'));
        assert_slice(text, "");
        assert_true(slice_starts(line, SLICE("INFO  router ID vvv")));
        assert_int_equal(line.p[line.len - 1], 'v');
        assert_true(line.len - strlen("INFO  router ID ") <= (size_t)len);
        if (line.len > longest)
            longest = line.len;
    }
    assert_in_range(longest, 950, 1024);
}

static void test_log_line_of_any_length_ends_in_one_newline(void **state)
{
    static char value[5000];
    struct slice text;

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    capture_begin();
    log_info("ID", "%s", value);
    log_info("ID", "next");
    text = capture_end();
    after_time(slice_cut(&text, '\n'));
    assert_slice(after_time(slice_cut(&text, '\n')), "INFO  router ID next");
    assert_slice(text, "");
}

enum { THREADS = 4, LINES = 60 };

static void *log_many(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_info("MANY", "%s %0100d", (const char *)arg, i);
    return NULL;
}

/* All that four threads write fits the pipe: 4 * 60 lines of less than 200 bytes. */
static void test_log_lines_of_threads_never_mix(void **state)
{
    static const char *const names[THREADS] = {"a", "b", "c", "d"};
    int next[THREADS] = {0};
    pthread_t threads[THREADS];
    struct slice text;

    (void)state;
    capture_begin();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, log_many, (void *)(uintptr_t)names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    text = capture_end();
    while (text.len > 0) {
        struct slice line = after_time(slice_cut(&text, '\n'));
        char expected[200];
        int who;

        assert_true(slice_starts(line, SLICE("INFO  router MANY ")));
        who = line.p[strlen("INFO  router MANY ")] - 'a';
        assert_in_range(who, 0, THREADS - 1);
        snprintf(expected, sizeof(expected), "INFO  router MANY %s %0100d", names[who],
                 next[who]++);
        assert_slice(line, expected);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(next[i], LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_log_line_has_time_level_process_id_and_text, as_router),
        cmocka_unit_test_setup(test_log_hides_what_is_below_the_least_level, as_router),
        cmocka_unit_test_setup(test_log_line_cannot_be_forged_with_control_characters, as_router),
        cmocka_unit_test_setup(test_log_line_that_is_too_long_is_cut_and_stays_one_line, as_router),
        cmocka_unit_test_setup(test_log_line_of_any_length_ends_in_one_newline, as_router),
        cmocka_unit_test_setup(test_log_lines_of_threads_never_mix, as_router),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
