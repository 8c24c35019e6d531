/* tests/unit/common/test_metrics.c - counting, and the text that Prometheus reads. */
#include "tests/support/cmocka_all.h"

#include "common/metrics.h"

#include <pthread.h>
#include <stdio.h>

static int make(void **state)
{
    *state = metrics_new();
    return 0;
}

static int drop(void **state)
{
    metrics_free(*state);
    return 0;
}

static void assert_rendered(struct metrics *m, const char *text)
{
    struct buffer out = {0};

    metrics_render(m, &out);
    assert_slice(buffer_slice(&out), text);
    buffer_fini(&out);
}

static void test_an_empty_registry_renders_nothing(void **state)
{
    assert_rendered(*state, "");
}

static void test_a_counter_and_a_gauge(void **state)
{
    struct metric *c = metrics_add(
        *state,
        &(struct metric_options){.type = METRIC_COUNTER, .name = "posts_total", .help = "Posts."});
    struct metric *g = metrics_add(
        *state, &(struct metric_options){.type = METRIC_GAUGE, .name = "links", .help = "Links."});

    metric_add(c, 0, 0, 2);
    metric_add(c, 0, 0, 3);
    metric_set(g, 0, 0, 7);
    metric_set(g, 0, 0, 4);
    assert_int_equal(metric_value(c, 0), 5);
    assert_int_equal(metric_get(g, 0, 0), 4);
    assert_rendered(*state, "# HELP posts_total Posts.\n"
                            "# TYPE posts_total counter\n"
                            "posts_total 5\n"
                            "# HELP links Links.\n"
                            "# TYPE links gauge\n"
                            "links 4\n");
}

static void test_numbers_are_exact(void **state)
{
    struct metric *m = metrics_add(*state, &(struct metric_options){.type = METRIC_COUNTER,
                                                                    .name = "t",
                                                                    .help = "T.",
                                                                    .scale = METRIC_MICROSECONDS});
    static const struct {
        uint64_t cell;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "0.000001"},
        {10, "0.00001"},
        {100000, "0.1"},
        {999999, "0.999999"},
        {1000000, "1"},
        {1000010, "1.00001"},
        {12345678, "12.345678"},
        {UINT64_MAX, "18446744073709.551615"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[96];

        snprintf(text, sizeof(text), "# HELP t T.\n# TYPE t counter\nt %s\n", cases[i].text);
        metric_set(m, 0, 0, cases[i].cell);
        assert_rendered(*state, text);
    }
}

static bool label(const void *context, size_t series, struct buffer *out)
{
    const char *const *names = context;

    if (names[series] == NULL)
        return false;
    metrics_label(out, "name", slice_of(names[series]));
    metrics_label_lower(out, "upper", SLICE("ABC_xyz"));
    return true;
}

static void test_labels_are_escaped(void **state)
{
    static const char *const names[] = {"a\\b\"c\nd", "plain", NULL};
    struct metric *m = metrics_add(*state, &(struct metric_options){.type = METRIC_GAUGE,
                                                                    .name = "g",
                                                                    .help = "Back\\slash\n\"q\"",
                                                                    .series = 3,
                                                                    .labels = label,
                                                                    .context = names});

    metric_set(m, 0, 1, 8);
    metric_set(m, 0, 2, 9); /* there is no such series now */
    assert_rendered(*state, "# HELP g Back\\\\slash\\n\"q\"\n"
                            "# TYPE g gauge\n"
                            "g{name=\"a\\\\b\\\"c\\nd\",upper=\"abc_xyz\"} 0\n"
                            "g{name=\"plain\",upper=\"abc_xyz\"} 8\n");
}

static bool label_pool(const void *context, size_t series, struct buffer *out)
{
    (void)context;
    metrics_label_pool(out, series == 0 ? SLICE("") : SLICE("fast"));
    return true;
}

static void test_sparse_series_show_themselves_when_they_are_not_zero(void **state)
{
    struct metric *m = metrics_add(*state, &(struct metric_options){.type = METRIC_COUNTER,
                                                                    .name = "c",
                                                                    .help = "C.",
                                                                    .series = 2,
                                                                    .sparse = true,
                                                                    .labels = label_pool});

    assert_rendered(*state, ""); /* no head without a series either */
    metric_add(m, 0, 1, 1);
    assert_rendered(*state, "# HELP c C.\n# TYPE c counter\nc{pool=\"fast\"} 1\n");
    metric_add(m, 0, 0, 2);
    assert_rendered(*state, "# HELP c C.\n# TYPE c counter\n"
                            "c{pool=\"(default)\"} 2\nc{pool=\"fast\"} 1\n");
}

static void test_a_histogram(void **state)
{
    static const uint64_t bounds[] = {1000, 2500000};
    struct metric *m = metrics_add(*state, &(struct metric_options){.type = METRIC_HISTOGRAM,
                                                                    .name = "h",
                                                                    .help = "H.",
                                                                    .scale = METRIC_MICROSECONDS,
                                                                    .series = 2,
                                                                    .sparse = true,
                                                                    .labels = label_pool,
                                                                    .bounds = bounds,
                                                                    .bounds_n = 2});
    static const uint64_t values[] = {0, 1000, 1001, 2500000, 2500001};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        metric_observe(m, 0, 1, values[i]);
    assert_int_equal(metric_value(m, 0), 0);
    assert_int_equal(metric_value(m, 1), 5);
    assert_rendered(*state, "# HELP h H.\n"
                            "# TYPE h histogram\n"
                            "h_bucket{pool=\"fast\",le=\"0.001\"} 2\n"
                            "h_bucket{pool=\"fast\",le=\"2.5\"} 4\n"
                            "h_bucket{pool=\"fast\",le=\"+Inf\"} 5\n"
                            "h_sum{pool=\"fast\"} 5.002002\n"
                            "h_count{pool=\"fast\"} 5\n");
}

static void test_durations_have_rising_bounds(void **state)
{
    (void)state;
    for (size_t i = 1; i < METRIC_DURATION_BOUNDS; i++)
        assert_true(metric_duration_bounds[i] > metric_duration_bounds[i - 1]);
}

static void test_shards_lie_apart_and_are_added_up(void **state)
{
    struct metric *m = metrics_add(
        *state,
        &(struct metric_options){.type = METRIC_COUNTER, .name = "c", .help = "C.", .shards = 3});

    for (size_t shard = 0; shard < 3; shard++)
        metric_add(m, shard, 0, shard + 1);
    assert_int_equal(metric_value(m, 0), 6);
    assert_int_equal(metric_get(m, 2, 0), 3);
    assert_true((char *)metric_cell(m, 1, 0) - (char *)metric_cell(m, 0, 0) >= 64);
    assert_int_equal((uintptr_t)metric_cell(m, 0, 0) % 64, 0);
}

enum { THREADS = 4, TIMES = 20000 };

static void *count(void *metric)
{
    for (int i = 0; i < TIMES; i++) {
        metric_add(metric, 0, 0, 1);
        metric_add(metric, 1, 0, 2);
    }
    return NULL;
}

static void test_nothing_is_lost_among_threads(void **state)
{
    struct metric *m = metrics_add(
        *state,
        &(struct metric_options){.type = METRIC_COUNTER, .name = "c", .help = "C.", .shards = 2});
    struct buffer out = {0};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, m), 0);
    metrics_render(*state, &out); /* meanwhile */
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(m, 0), THREADS * TIMES * 3);
    buffer_fini(&out);
}

static void set_nine(void *metric)
{
    metric_set(metric, 0, 0, 9);
}

static void test_what_is_kept_elsewhere_is_collected_first(void **state)
{
    struct metric *m = metrics_add(
        *state, &(struct metric_options){.type = METRIC_GAUGE, .name = "g", .help = "G."});

    metrics_collect(*state, set_nine, m);
    assert_int_equal(metric_value(m, 0), 0);
    assert_rendered(*state, "# HELP g G.\n# TYPE g gauge\ng 9\n");
}

static void test_the_process_shows_what_it_takes(void **state)
{
    struct buffer out = {0};

    metrics_add_process(*state);
    metrics_render(*state, &out);
    buffer_add_char(&out, '\0');
    for (const char *const *name =
             (const char *const[]){"\nnusku_build_info{version=\"",
                                   "\nprocess_resident_memory_bytes ", "\nprocess_open_fds ",
                                   "\nprocess_cpu_seconds_total ", NULL};
         *name != NULL; name++) {
        const char *at = strstr(out.p, *name);

        if (at == NULL)
            fail_msg("%s is missing", *name);
        assert_int_not_equal(at[strlen(*name)], '-');
    }
    assert_null(strstr(out.p, "process_resident_memory_bytes 0\n"));
    assert_null(strstr(out.p, "process_open_fds 0\n"));
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_registry_renders_nothing, make, drop),
        cmocka_unit_test_setup_teardown(test_a_counter_and_a_gauge, make, drop),
        cmocka_unit_test_setup_teardown(test_numbers_are_exact, make, drop),
        cmocka_unit_test_setup_teardown(test_labels_are_escaped, make, drop),
        cmocka_unit_test_setup_teardown(test_sparse_series_show_themselves_when_they_are_not_zero,
                                        make, drop),
        cmocka_unit_test_setup_teardown(test_a_histogram, make, drop),
        cmocka_unit_test(test_durations_have_rising_bounds),
        cmocka_unit_test_setup_teardown(test_shards_lie_apart_and_are_added_up, make, drop),
        cmocka_unit_test_setup_teardown(test_nothing_is_lost_among_threads, make, drop),
        cmocka_unit_test_setup_teardown(test_what_is_kept_elsewhere_is_collected_first, make, drop),
        cmocka_unit_test_setup_teardown(test_the_process_shows_what_it_takes, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
