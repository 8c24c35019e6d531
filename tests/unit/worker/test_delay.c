/* tests/unit/worker/test_delay.c - delay between two clocks. */
#include "tests/support/cmocka_all.h"

#include "worker/delay.h"

enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS };
#define DAY_MS (INT64_C(24) * HOUR_MS)

/* What the peer's clock shows when ours shows 0. */
static const int64_t differences[] = {0, HOUR_MS, -HOUR_MS, INT64_C(1) << 50};

static void test_delay_is_what_exceeds_the_least(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        struct delay d = {0};
        int64_t peer_ms = differences[i];

        assert_int_equal(delay_measure(&d, peer_ms, 5), 0); /* five ms under way */
        assert_int_equal(delay_measure(&d, peer_ms + 10, 15), 0);
        assert_int_equal(delay_measure(&d, peer_ms + 20, 32), 7);
        assert_int_equal(delay_measure(&d, peer_ms + 30, 33), 0); /* three */
        assert_int_equal(delay_measure(&d, peer_ms + 40, 45), 2);
    }
}

static void test_delay_of_frames_that_lay_in_a_stopped_process(void **state)
{
    struct delay d = {0};

    (void)state;
    assert_int_equal(delay_measure(&d, HOUR_MS, 0), 0);
    for (int64_t sent_ms = 0; sent_ms < 20 * SECOND_MS; sent_ms += SECOND_MS)
        assert_in_range(delay_measure(&d, HOUR_MS + sent_ms, 20 * SECOND_MS),
                        20 * SECOND_MS - sent_ms - 20, 20 * SECOND_MS - sent_ms);
}

static void test_delay_is_found_after_any_silence(void **state)
{
    struct delay d = {0};

    (void)state;
    delay_measure(&d, 0, 0);
    /* hours without a frame; then one that lay for a minute */
    assert_in_range(delay_measure(&d, 30 * DAY_MS, 30 * DAY_MS + 60 * SECOND_MS), 59 * SECOND_MS,
                    60 * SECOND_MS);
}

static void test_delay_of_a_first_frame_that_was_late_is_made_good(void **state)
{
    struct delay d = {0};

    (void)state;
    assert_int_equal(delay_measure(&d, 0, HOUR_MS), 0);
    assert_int_equal(delay_measure(&d, HOUR_MS, HOUR_MS), 0); /* a prompt one */
    assert_int_equal(delay_measure(&d, HOUR_MS, HOUR_MS + 500), 500);
}

/* drift sends a frame a second for two days to a clock that is faster by so many millionths. */
static int64_t most_delay_of_drift(int64_t millionths)
{
    struct delay d = {0};
    int64_t most_ms = 0;

    for (int64_t sent_ms = 0; sent_ms < 2 * DAY_MS; sent_ms += SECOND_MS) {
        int64_t now_ms = sent_ms + sent_ms / 1000000 * millionths;
        int64_t delay_ms = delay_measure(&d, sent_ms, now_ms);

        most_ms = delay_ms > most_ms ? delay_ms : most_ms;
    }
    return most_ms;
}

static void test_delay_is_none_where_clocks_drift(void **state)
{
    static const int64_t millionths[] = {0, 100, -100, 500, -500};

    (void)state;
    for (size_t i = 0; i < sizeof(millionths) / sizeof(millionths[0]); i++)
        assert_in_range(most_delay_of_drift(millionths[i]), 0, SECOND_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay_is_what_exceeds_the_least),
        cmocka_unit_test(test_delay_of_frames_that_lay_in_a_stopped_process),
        cmocka_unit_test(test_delay_is_found_after_any_silence),
        cmocka_unit_test(test_delay_of_a_first_frame_that_was_late_is_made_good),
        cmocka_unit_test(test_delay_is_none_where_clocks_drift),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
