/* tests/unit/router/test_query.c - the query string, by the API's rules. */
#include "tests/unit/dice.h"

#include "router/http/query.h"

static int make_arena(void **state)
{
    static struct arena a;

    *state = &a;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

/* ---- Items ------------------------------------------------------------------------------------ */

static void test_query_parse_gives_the_items_in_order(void **state)
{
    static const struct {
        const char *text;
        const char *items; /* each as name=value; */
    } cases[] = {
        {"", ""},
        {"a=1", "a=1;"},
        {"a=1&b=2", "a=1;b=2;"},
        {"b=2&a=1&b=3", "b=2;a=1;b=3;"},
        {"&&a=1&&b=2&", "a=1;b=2;"},
        /* without a value: absent */
        {"a", ""},
        {"a=", ""},
        {"a&b=&c=1", "c=1;"},
        /* literal commas make lists, encoded ones don't; empty items are dropped */
        {"ids=1,2,3", "ids=1;ids=2;ids=3;"},
        {"ids=1,2&ids=3", "ids=1;ids=2;ids=3;"},
        {"ids=,1,,2,", "ids=1;ids=2;"},
        {"ids=,", ""},
        {"a=1%2C2,3", "a=1,2;a=3;"},
        {"a=%2c", "a=,;"},
        /* decoding */
        {"a+b=c+d", "a b=c d;"},
        {"a%20b=c%2Bd", "a b=c+d;"},
        {"%61=%3D", "a==;"},
        {"a=b=c", "a=b=c;"},
        {"a%3Db=c", "a=b=c;"},
        {"a=x%26y", "a=x&y;"},
        {"a=%", "a=%;"},
        {"a=%4", "a=%4;"},
        {"a=%zz", "a=%zz;"},
        {"=x", "=x;"},
        {"a=%C3%A9", "a=\xc3\xa9;"},
        {"?a=1", "?a=1;"},
        {"a=1;b=2", "a=1;b=2;"},
        {"a=1?b#c", "a=1?b#c;"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query q = query_parse(slice_of(cases[i].text), *state);
        struct buffer items = {0};

        for (size_t j = 0; j < q.n; j++) {
            assert_true(q.list[j].value.len > 0);
            buffer_printf(&items, "%.*s=%.*s;", SLICE_ARG(q.list[j].name),
                          SLICE_ARG(q.list[j].value));
        }
        if (!slice_eq(buffer_slice(&items), slice_of(cases[i].items)))
            fail_msg("%s gives %.*s", cases[i].text, SLICE_ARG(buffer_slice(&items)));
        buffer_fini(&items);
    }
}

static void test_query_parse_of_an_absent_query_has_no_items(void **state)
{
    struct query q = query_parse(slice_of(NULL), *state);
    struct slice value;

    assert_int_equal(q.n, 0);
    assert_int_equal(q.blank_n, 0);
    assert_false(query_text(&q, "a", &value));
}

static void test_query_text_gives_the_last_value(void **state)
{
    static const struct {
        const char *text, *value; /* of "a"; NULL: absent */
    } cases[] = {
        {"a=1", "1"},    {"a=1&a=2", "2"}, {"a=1,2", "2"}, {"a=1&a=2,3&b=4", "3"},
        {"a=1&a=", "1"}, {"a=1&a=,", "1"}, {"a=1,", "1"},  {"b=1", NULL},
        {"a", NULL},     {"a=", NULL},     {"a=,", NULL},  {"A=1", NULL},
        {"aa=1", NULL},  {"%61=1", "1"},   {"=1", NULL},   {"a=+", " "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query q = query_parse(slice_of(cases[i].text), *state);
        struct slice value = {NULL, 0};

        if (query_text(&q, "a", &value) != (cases[i].value != NULL) ||
            !slice_eq(value, slice_of(cases[i].value)))
            fail_msg("%s gives \"%.*s\"", cases[i].text, SLICE_ARG(value));
    }
}

static void test_query_list_gives_all_values_and_tells_empty_from_absent(void **state)
{
    static const struct {
        const char *text, *values;
        bool given;
    } cases[] = {
        {"ids=1,2,3", "1 2 3 ", true},
        {"ids=1&ids=2&x=9&ids=3,4", "1 2 3 4 ", true},
        {"ids=1%2C2", "1,2 ", true},
        {"ids=,,1,,", "1 ", true},
        {"ids=,", "", true},
        {"ids=,,,", "", true},
        {"x=1&ids=,", "", true},
        {"ids=", "", false},
        {"ids", "", false},
        {"x=,", "", false},
        {"x=1", "", false},
        {"", "", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query q = query_parse(slice_of(cases[i].text), *state);
        struct buffer joined = {0};
        struct slice *values;
        bool given = !cases[i].given;
        size_t n = query_list(&q, "ids", &values, &given, *state);

        for (size_t j = 0; j < n; j++)
            buffer_printf(&joined, "%.*s ", SLICE_ARG(values[j]));
        if (given != cases[i].given || !slice_eq(buffer_slice(&joined), slice_of(cases[i].values)))
            fail_msg("%s gives %.*s", cases[i].text, SLICE_ARG(buffer_slice(&joined)));
        buffer_fini(&joined);
    }
}

/* ---- Values ----------------------------------------------------------------------------------- */

static void test_query_int_is_decimal_with_an_optional_sign(void **state)
{
    static const struct {
        const char *text;
        enum query_answer answer;
        int64_t value;
    } cases[] = {
        {"n=0", QUERY_GIVEN, 0},
        {"n=20", QUERY_GIVEN, 20},
        {"n=-1", QUERY_GIVEN, -1},
        {"n=%2B7", QUERY_GIVEN, 7},
        {"n=-0", QUERY_GIVEN, 0},
        {"n=007", QUERY_GIVEN, 7},
        {"n=5&n=6", QUERY_GIVEN, 6},
        {"n=5,6", QUERY_GIVEN, 6},
        {"n=1000000000000", QUERY_GIVEN, 1000000000000},
        {"n=9223372036854775807", QUERY_GIVEN, INT64_MAX},
        {"n=9223372036854775808", QUERY_GIVEN, INT64_MAX},
        {"n=99999999999999999999999999", QUERY_GIVEN, INT64_MAX},
        {"n=18446744073709551626", QUERY_GIVEN, INT64_MAX}, /* 10 in its low half */
        {"n=", QUERY_ABSENT, 0},
        {"n", QUERY_ABSENT, 0},
        {"m=5", QUERY_ABSENT, 0},
        {"", QUERY_ABSENT, 0},
        {"n=-", QUERY_BAD, 0},
        {"n=%2B", QUERY_BAD, 0},
        {"n=--5", QUERY_BAD, 0},
        {"n=%2B-5", QUERY_BAD, 0},
        {"n=5x", QUERY_BAD, 0},
        {"n=x5", QUERY_BAD, 0},
        {"n=5.0", QUERY_BAD, 0},
        {"n=1e1", QUERY_BAD, 0},
        {"n=0x10", QUERY_BAD, 0},
        {"n=5%20", QUERY_BAD, 0},
        {"n=5%00", QUERY_BAD, 0},
        {"n=1_0", QUERY_BAD, 0},
        {"n=%D9%A1", QUERY_BAD, 0}, /* a digit of another script */
        {"n=ten", QUERY_BAD, 0},
        {"n=5&n=x", QUERY_BAD, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query q = query_parse(slice_of(cases[i].text), *state);
        int64_t value = 0;

        if (query_int(&q, "n", &value) != cases[i].answer || value != cases[i].value)
            fail_msg("%s gives %lld", cases[i].text, (long long)value);
    }
}

static void test_query_int_that_is_too_small_comes_out_far_below_zero(void **state)
{
    static const char *const texts[] = {"n=-9223372036854775807", "n=-9223372036854775809",
                                        "n=-99999999999999999999999999"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct query q = query_parse(slice_of(texts[i]), *state);
        int64_t value = 0;

        assert_int_equal(query_int(&q, "n", &value), QUERY_GIVEN);
        assert_true(value <= -INT64_MAX);
    }
}

static void test_query_bool_knows_seven_words_for_each(void **state)
{
    static const char *const yes[] = {"true", "True", "t", "yes", "y", "1", "on"};
    static const char *const no[] = {"false", "False", "f", "no", "n", "0", "off"};
    static const char *const bad[] = {"TRUE", "FALSE", "None",  "maybe",   "2",  "T",   "Yes",
                                      "On",   "tru",   "truee", "%20true", "-1", "null"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool value;
        struct query q = query_parse(arena_printf(*state, "b=%s", bad[i]), *state);

        if (query_bool(&q, "b", &value) != QUERY_BAD)
            fail_msg("%s was taken", bad[i]);
    }
    for (size_t i = 0; i < 7; i++) {
        bool value = false;
        struct query q = query_parse(arena_printf(*state, "b=%s", yes[i]), *state);

        assert_int_equal(query_bool(&q, "b", &value), QUERY_GIVEN);
        assert_true(value);
        q = query_parse(arena_printf(*state, "b=%s", no[i]), *state);
        assert_int_equal(query_bool(&q, "b", &value), QUERY_GIVEN);
        assert_false(value);
    }
}

static void test_query_bool_without_a_value_is_absent(void **state)
{
    static const char *const absent[] = {"", "b", "b=", "c=true"};

    for (size_t i = 0; i < 4; i++) {
        struct query q = query_parse(slice_of(absent[i]), *state);
        bool value;

        assert_int_equal(query_bool(&q, "b", &value), QUERY_ABSENT);
    }
}

/* ---- Writing ---------------------------------------------------------------------------------- */

static void test_query_add_encodes_what_is_not_unreserved(void **state)
{
    struct buffer out = {0};
    bool first = true;

    (void)state;
    buffer_add_literal(&out, "/v2/queues");
    query_add(&out, &first, SLICE("marker"), SLICE("a-b_c.d~9Z"));
    assert_false(first);
    query_add(&out, &first, SLICE("x y"), SLICE("a b&c=d,e+f/%?#\xc3\xa9"));
    query_add(&out, &first, SLICE("e"), SLICE("\0"));
    assert_slice(buffer_slice(&out), "/v2/queues?marker=a-b_c.d~9Z"
                                     "&x%20y=a%20b%26c%3Dd%2Ce%2Bf%2F%25%3F%23%C3%A9&e=%00");
    buffer_fini(&out);
}

static void test_query_parse_reads_back_what_query_add_wrote(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct slice names[6], values[6];
        struct arena a = {0};
        struct buffer out = {0};
        struct query q;
        bool first = true;
        size_t n = 1 + dice_below(&dice, 6);

        for (size_t j = 0; j < 2 * n; j++) {
            size_t len = 1 + dice_below(&dice, 8);
            char *bytes = arena_alloc(&a, len);

            for (size_t k = 0; k < len; k++)
                bytes[k] = (char)(dice_below(&dice, 2) == 0 ? "&=,+% ?"[dice_below(&dice, 7)]
                                                            : (char)dice_next(&dice));
            (j < n ? names : values)[j % n] = (struct slice){bytes, len};
        }
        for (size_t j = 0; j < n; j++)
            query_add(&out, &first, names[j], values[j]);
        q = query_parse(slice_from(buffer_slice(&out), 1), &a);
        assert_int_equal(q.n, n);
        assert_int_equal(q.blank_n, 0);
        for (size_t j = 0; j < n; j++) {
            assert_true(slice_eq(q.list[j].name, names[j]));
            assert_true(slice_eq(q.list[j].value, values[j]));
        }
        buffer_fini(&out);
        arena_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_parse_gives_the_items_in_order),
        cmocka_unit_test(test_query_parse_of_an_absent_query_has_no_items),
        cmocka_unit_test(test_query_text_gives_the_last_value),
        cmocka_unit_test(test_query_list_gives_all_values_and_tells_empty_from_absent),
        cmocka_unit_test(test_query_int_is_decimal_with_an_optional_sign),
        cmocka_unit_test(test_query_int_that_is_too_small_comes_out_far_below_zero),
        cmocka_unit_test(test_query_bool_knows_seven_words_for_each),
        cmocka_unit_test(test_query_bool_without_a_value_is_absent),
        cmocka_unit_test(test_query_add_encodes_what_is_not_unreserved),
        cmocka_unit_test(test_query_parse_reads_back_what_query_add_wrote),
    };

    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
