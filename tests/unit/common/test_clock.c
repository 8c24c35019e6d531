/* tests/unit/common/test_clock.c - the clocks, and waiting by them. */
#include "tests/support/cmocka_all.h"

#include "common/clock.h"

#include <stdlib.h>
#include <time.h>

static void test_clock_iso_writes_the_second_in_utc(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {1000, "1970-01-01T00:00:01Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {1456790399999, "2016-02-29T23:59:59Z"},
        {1795417689123, "2026-11-23T07:08:09Z"},
        {2147483648000, "2038-01-19T03:14:08Z"}, /* beyond 32 bits */
        {4102444800000, "2100-01-01T00:00:00Z"},
        {253402300799999, "9999-12-31T23:59:59Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_ISO_BYTES];

        clock_iso(cases[i].wall_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_clock_iso_writes_a_whole_text_for_any_number(void **state)
{
    static const int64_t times[] = {INT64_MAX, INT64_MIN, 253402300800000, -62167219200001};

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[CLOCK_ISO_BYTES + 1] = {[CLOCK_ISO_BYTES] = '#'};

        clock_iso(times[i], text);
        assert_true(strlen(text) < CLOCK_ISO_BYTES);
        assert_int_equal(text[CLOCK_ISO_BYTES], '#');
    }
}

static void test_clock_iso_does_not_depend_on_the_time_zone(void **state)
{
    char text[CLOCK_ISO_BYTES];

    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
    tzset();
    clock_iso(1000, text);
    unsetenv("TZ");
    tzset();
    assert_string_equal(text, "1970-01-01T00:00:01Z");
}

static void test_clock_wall_is_the_time_of_day_in_ms(void **state)
{
    time_t before = time(NULL);
    int64_t wall_ms = clock_wall_ms();
    time_t after = time(NULL);

    (void)state;
    /* time() may lag behind by a tick of the kernel */
    assert_in_range(wall_ms, (int64_t)before * 1000 - 100, ((int64_t)after + 1) * 1000 + 100);
}

static void test_clock_mono_never_goes_back(void **state)
{
    int64_t last = clock_mono_ms();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_mono_ms();

        assert_true(now >= last);
        last = now;
    }
}

static void test_clock_boot_is_not_behind_the_monotonic_one(void **state)
{
    int64_t mono_ms = clock_mono_ms();
    int64_t boot_ms = clock_boot_ms();

    (void)state;
    assert_true(boot_ms >= mono_ms); /* by as long as the machine has slept */
    assert_true(clock_boot_ms() >= boot_ms);
}

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool came;
};

static void *come(void *arg)
{
    struct meeting *m = arg;

    pthread_mutex_lock(&m->lock);
    m->came = true;
    pthread_cond_signal(&m->cond);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static void test_clock_wait_ends_at_its_time(void **state)
{
    struct meeting m = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    int64_t until_ms = clock_mono_ms() + 30;

    (void)state;
    pthread_mutex_lock(&m.lock);
    while (clock_wait(&m.cond, &m.lock, until_ms)) /* true would be a spurious wake-up */
        ;
    assert_true(clock_mono_ms() >= until_ms);
    while (clock_wait(&m.cond, &m.lock, until_ms)) /* in the past: at once */
        ;
    pthread_mutex_unlock(&m.lock);
}

static void test_clock_wait_ends_when_it_is_told(void **state)
{
    struct meeting m = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    int64_t until_ms = clock_mono_ms() + 20000;
    pthread_t thread;

    (void)state;
    pthread_mutex_lock(&m.lock);
    assert_int_equal(pthread_create(&thread, NULL, come, &m), 0);
    while (!m.came)
        assert_true(clock_wait(&m.cond, &m.lock, until_ms));
    pthread_mutex_unlock(&m.lock);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_iso_writes_the_second_in_utc),
        cmocka_unit_test(test_clock_iso_writes_a_whole_text_for_any_number),
        cmocka_unit_test(test_clock_iso_does_not_depend_on_the_time_zone),
        cmocka_unit_test(test_clock_wall_is_the_time_of_day_in_ms),
        cmocka_unit_test(test_clock_mono_never_goes_back),
        cmocka_unit_test(test_clock_boot_is_not_behind_the_monotonic_one),
        cmocka_unit_test(test_clock_wait_ends_at_its_time),
        cmocka_unit_test(test_clock_wait_ends_when_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
