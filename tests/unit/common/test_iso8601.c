/* tests/unit/common/test_iso8601.c - moments as users write them. */
#include "tests/support/cmocka_all.h"

#include "common/iso8601.h"

static void test_iso8601_reads_what_is_written(void **state)
{
    static const struct {
        const char *text, *moment;
    } cases[] = {
        {"2100-01-01T00:00:00", "2100-01-01T00:00:00"},
        {"2100-01-01T00:00:00Z", "2100-01-01T00:00:00"},
        {"2100-01-01 00:00:00", "2100-01-01T00:00:00"},
        {"2100-01-01", "2100-01-01T00:00:00"},
        {"2100-1-2", "2100-01-02T00:00:00"},
        {"2100-02", "2100-02-01T00:00:00"},
        {"2100-2", "2100-02-01T00:00:00"},
        {"21000102T03", "2100-01-02T03:00:00"},
        {"21000102T0304", "2100-01-02T03:04:00"},
        {"21000102T030405", "2100-01-02T03:04:05"},
        {"2100-01-02T03:04:5", "2100-01-02T03:04:05"},
        {"2100-01-02T03Z", "2100-01-02T03:00:00"},
        {"2100-01-02T03:04Z", "2100-01-02T03:04:00"},
        /* a fraction is cut off, however long */
        {"2100-01-02T03:04:05.9", "2100-01-02T03:04:05"},
        {"2100-01-02T03:04:05,999999999999999999999Z", "2100-01-02T03:04:05"},
        /* offsets */
        {"2100-01-02T03:04:05+01:00", "2100-01-02T02:04:05"},
        {"2100-01-02T03:04:05-01:30", "2100-01-02T04:34:05"},
        {"2100-01-02T03:04:05+0530", "2100-01-01T21:34:05"},
        {"2100-01-02T03:04:05+01", "2100-01-02T02:04:05"},
        {"2100-01-02T03:04:05.5-23:59", "2100-01-03T03:03:05"},
        {"2100-01-02T03+01", "2100-01-02T02:00:00"},
        {"2100-12-31T23:30:00-01:00", "2101-01-01T00:30:00"},
        /* leap years */
        {"2096-02-29", "2096-02-29T00:00:00"},
        {"2000-02-29T23:59:59", "2000-02-29T23:59:59"},
        /* the ends */
        {"0001-01-01", "0001-01-01T00:00:00"},
        {"9999-12-31T23:59:59.999", "9999-12-31T23:59:59"},
        {"1969-12-31T23:59:59", "1969-12-31T23:59:59"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ISO8601_BYTES];
        int64_t wall_s;

        if (!iso8601_read(slice_of(cases[i].text), &wall_s))
            fail_msg("\"%s\" was refused", cases[i].text);
        iso8601_write(wall_s, text);
        assert_string_equal(text, cases[i].moment);
    }
}

static void test_iso8601_counts_from_1970(void **state)
{
    int64_t wall_s;

    (void)state;
    assert_true(iso8601_read(SLICE("1970-01-01T00:00:01"), &wall_s));
    assert_int_equal(wall_s, 1);
    assert_true(iso8601_read(SLICE("2100-01-01"), &wall_s));
    assert_int_equal(wall_s, 4102444800);
}

static void test_iso8601_refuses_everything_else(void **state)
{
    static const char *const texts[] = {
        "",
        "tomorrow",
        /* numbers are no dates */
        "0",
        "2100",
        "21000102",
        "4102444800",
        "-1",
        "1e9",
        /* no such day, hour, … */
        "2100-13-01",
        "2100-00-01",
        "2100-01-00",
        "2100-01-32",
        "2100-04-31",
        "2100-02-29", /* no leap year */
        "2099-02-29",
        "0000-01-01",
        "2100-01-01T24:00:00",
        "2100-01-01T23:60:00",
        "2100-01-01T23:59:60",
        "2100-01-01T00:00:00+24:00",
        "2100-01-01T00:00:00+01:60",
        /* beyond the years when reckoned in UTC */
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        /* other forms */
        "2100-01-01T",
        "2100-01-01 ",
        " 2100-01-01",
        "2100-01-01\n",
        "2100-01-01T00:00:00 Z",
        "2100-01-01T00:00:00z",
        "2100-01-01t00:00:00",
        "2100-01-01T1",
        "2100-01-01T10:",
        "2100-01-01T10:1",
        "2100-01-01T10:10:",
        "2100-01-01T10:10:10.",
        "2100-01-01T10:10.5",
        "2100-01-01T10:10:10+",
        "2100-01-01T10:10:10+1",
        "2100-01-01T10:10:10+01:0",
        "2100-01-01T10:10:10+010203",
        "2100-01-01T10:10:10ZZ",
        "2100-001",
        "2100-01-",
        "2100-",
        "21-01-01",
        "02100-01-01",
        "2100/01/01",
        "2100-W01-1",
        "2100-01-01T10:10:10\xd9\xa1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t wall_s;

        if (iso8601_read(slice_of(texts[i]), &wall_s))
            fail_msg("\"%s\" was taken for %lld", texts[i], (long long)wall_s);
    }
}

static void test_iso8601_reads_what_it_writes(void **state)
{
    (void)state;
    for (int64_t wall_s = -62135596800; wall_s < 253402300800; wall_s += 86400 * 367 + 3661) {
        char text[ISO8601_BYTES];
        int64_t back;

        iso8601_write(wall_s, text);
        assert_true(iso8601_read(slice_of(text), &back));
        assert_int_equal(back, wall_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso8601_reads_what_is_written),
        cmocka_unit_test(test_iso8601_counts_from_1970),
        cmocka_unit_test(test_iso8601_refuses_everything_else),
        cmocka_unit_test(test_iso8601_reads_what_it_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
