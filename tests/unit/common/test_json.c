/* tests/unit/common/test_json.c - JSON that stays the bytes it came as. */
#include "tests/unit/dice.h"

#include "common/json.h"
#include "common/utf8.h"

#include <stdio.h>

/* checked gives the top value of a document that must be valid. */
static struct json checked(struct slice text)
{
    struct failure f = {0};
    struct json top;

    if (json_check(text, &top, &f) != ST_OK)
        fail_msg("refused: %.*s (%s)", SLICE_ARG(text), f.text);
    return top;
}

static struct json parse(const char *text)
{
    return checked(slice_of(text));
}

/* is_valid checks a copy that ends where its memory ends, so that AddressSanitizer sees a step over
 * the end. */
static bool is_valid(struct slice text)
{
    char *copy = malloc(text.len + 1);
    struct json top;
    bool valid;

    if (text.len > 0)
        memcpy(copy + 1, text.p, text.len);
    valid = json_check((struct slice){copy + 1, text.len}, &top, NULL) == ST_OK;
    free(copy);
    return valid;
}

/* ---- What is JSON ----------------------------------------------------------------------------- */

static void test_json_check_accepts_what_is_json(void **state)
{
    static const struct {
        struct slice text;
        enum json_type type;
    } cases[] = {
        {SLICE_INIT("null"), JSON_NULL},
        {SLICE_INIT("true"), JSON_BOOL},
        {SLICE_INIT("false"), JSON_BOOL},
        {SLICE_INIT("{}"), JSON_OBJECT},
        {SLICE_INIT("[]"), JSON_ARRAY},
        {SLICE_INIT("\"\""), JSON_STRING},
        {SLICE_INIT("0"), JSON_NUMBER},
        {SLICE_INIT("-0"), JSON_NUMBER},
        {SLICE_INIT("10"), JSON_NUMBER},
        {SLICE_INIT("-1"), JSON_NUMBER},
        {SLICE_INIT("9223372036854775807"), JSON_NUMBER},
        {SLICE_INIT("-9223372036854775808"), JSON_NUMBER},
        {SLICE_INIT("0.0"), JSON_NUMBER},
        {SLICE_INIT("0.10"), JSON_NUMBER},
        {SLICE_INIT("-0.0"), JSON_NUMBER},
        {SLICE_INIT("1e5"), JSON_NUMBER},
        {SLICE_INIT("1E5"), JSON_NUMBER},
        {SLICE_INIT("0e0"), JSON_NUMBER},
        {SLICE_INIT("1e+05"), JSON_NUMBER},
        {SLICE_INIT("1.5E-007"), JSON_NUMBER},
        {SLICE_INIT("1e999"), JSON_NUMBER},
        {SLICE_INIT("9223372036854775808.0"), JSON_NUMBER}, /* a float: as large as it likes */
        {SLICE_INIT("92233720368547758080e0"), JSON_NUMBER},
        {SLICE_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uABCD\\uabcd\""), JSON_STRING},
        {SLICE_INIT("\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\""), JSON_STRING},
        {SLICE_INIT("\"\\ud7ff\\ue000\\uffff\""), JSON_STRING},
        {SLICE_INIT("\"\x7f/\""), JSON_STRING},
        {SLICE_INIT("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""), JSON_STRING},
        {SLICE_INIT(" \t\r\n [ 1 , 2 ] \t\r\n "), JSON_ARRAY},
        {SLICE_INIT(" { \"a\" : 1 , \"\" : { } } "), JSON_OBJECT},
        {SLICE_INIT("{\"a\":1,\"a\":2}"), JSON_OBJECT},
        {SLICE_INIT("[[],{},[[]],[{}],{\"a\":[]},\"]\",\"}\"]"), JSON_ARRAY},
        {SLICE_INIT("[{\"a\":1},[1,2],{\"b\":2},[[{\"c\":[3]}]]]"), JSON_ARRAY},
        {SLICE_INIT("[true,false,null,0,\"\"]"), JSON_ARRAY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(checked(cases[i].text).type, cases[i].type);
        assert_true(is_valid(cases[i].text));
    }
}

static void test_json_check_refuses_everything_else(void **state)
{
    static const struct slice cases[] = {
        /* nothing, or too much */
        SLICE_INIT(""),
        SLICE_INIT(" "),
        SLICE_INIT("\n\t"),
        SLICE_INIT("1 2"),
        SLICE_INIT("1,"),
        SLICE_INIT("{}{}"),
        SLICE_INIT("[]]"),
        SLICE_INIT("{}}"),
        SLICE_INIT("null x"),
        SLICE_INIT("[] #"),
        SLICE_INIT("[1]\0"),
        SLICE_INIT("\0"),
        SLICE_INIT("1\0"),
        SLICE_INIT("\xef\xbb\xbf{}"),
        SLICE_INIT("{}\xef\xbb\xbf"),
        SLICE_INIT("\x0c{}"),
        SLICE_INIT("\xc2\xa0{}"),
        SLICE_INIT("/* */ {}"),
        SLICE_INIT("// x\n{}"),
        SLICE_INIT("\xff\xfe{\0}\0"),
        /* words */
        SLICE_INIT("nul"),
        SLICE_INIT("tru"),
        SLICE_INIT("fals"),
        SLICE_INIT("True"),
        SLICE_INIT("NULL"),
        SLICE_INIT("nulll"),
        SLICE_INIT("truefalse"),
        SLICE_INIT("undefined"),
        SLICE_INIT("NaN"),
        SLICE_INIT("nan"),
        SLICE_INIT("Infinity"),
        SLICE_INIT("-Infinity"),
        SLICE_INIT("inf"),
        SLICE_INIT("[NaN]"),
        SLICE_INIT("-NaN"),
        /* numbers */
        SLICE_INIT("-"),
        SLICE_INIT("+1"),
        SLICE_INIT("--1"),
        SLICE_INIT("- 1"),
        SLICE_INIT("00"),
        SLICE_INIT("01"),
        SLICE_INIT("-01"),
        SLICE_INIT("00.5"),
        SLICE_INIT("1."),
        SLICE_INIT("1.e5"),
        SLICE_INIT(".5"),
        SLICE_INIT("-.5"),
        SLICE_INIT("1e"),
        SLICE_INIT("1e+"),
        SLICE_INIT("1e-"),
        SLICE_INIT("1e5.5"),
        SLICE_INIT("1e+-5"),
        SLICE_INIT("1.2.3"),
        SLICE_INIT("0x10"),
        SLICE_INIT("1_000"),
        SLICE_INIT("1 000"),
        SLICE_INIT("1f"),
        SLICE_INIT("[1a]"),
        SLICE_INIT("\xd9\xa1"),
        SLICE_INIT("9223372036854775808"),
        SLICE_INIT("-9223372036854775809"),
        SLICE_INIT("9223372036854775810"),
        SLICE_INIT("92233720368547758070"),
        SLICE_INIT("18446744073709551616"),
        SLICE_INIT("18446744073709551617"),
        SLICE_INIT("100000000000000000000000000000000000000000000000000"),
        SLICE_INIT("{\"a\":[{\"b\":9223372036854775808}]}"),
        /* brackets, commas, colons, keys */
        SLICE_INIT("["),
        SLICE_INIT("{"),
        SLICE_INIT("]"),
        SLICE_INIT("}"),
        SLICE_INIT("[}"),
        SLICE_INIT("{]"),
        SLICE_INIT("[1"),
        SLICE_INIT("[1,"),
        SLICE_INIT("[,"),
        SLICE_INIT("[,1]"),
        SLICE_INIT("[1,]"),
        SLICE_INIT("[1,,2]"),
        SLICE_INIT("[1 2]"),
        SLICE_INIT("[1:2]"),
        SLICE_INIT("[\"a\":1]"),
        SLICE_INIT("[1}"),
        SLICE_INIT("{\"a\":1]"),
        SLICE_INIT("{\"a\"}"),
        SLICE_INIT("{\"a\":}"),
        SLICE_INIT("{\"a\":1,}"),
        SLICE_INIT("{,}"),
        SLICE_INIT("{:1}"),
        SLICE_INIT("{\"a\" 1}"),
        SLICE_INIT("{\"a\",1}"),
        SLICE_INIT("{\"a\"::1}"),
        SLICE_INIT("{\"a\":1 \"b\":2}"),
        SLICE_INIT("{\"a\":1,,\"b\":2}"),
        SLICE_INIT("{a:1}"),
        SLICE_INIT("{1:1}"),
        SLICE_INIT("{'a':1}"),
        SLICE_INIT("{null:1}"),
        SLICE_INIT("{[]:1}"),
        SLICE_INIT("{\"a\":1"),
        SLICE_INIT("{\"a\":"),
        SLICE_INIT("{\"a\""),
        SLICE_INIT("{\"a"),
        SLICE_INIT("{\"a\":[}]"),
        SLICE_INIT("[{]}"),
        SLICE_INIT("[[1]"),
        SLICE_INIT("[{}"),
        SLICE_INIT("[{},{\"a\":1,2}]"),
        SLICE_INIT("{\"a\":{},[]}"),
        SLICE_INIT("[[],1:2]"),
        /* strings */
        SLICE_INIT("\""),
        SLICE_INIT("\"a"),
        SLICE_INIT("'a'"),
        SLICE_INIT("\"a\"b\""),
        SLICE_INIT("\"\\"),
        SLICE_INIT("\"\\\""),
        SLICE_INIT("\"\\x41\""),
        SLICE_INIT("\"\\a\""),
        SLICE_INIT("\"\\0\""),
        SLICE_INIT("\"\\'\""),
        SLICE_INIT("\"\\\0\""),
        SLICE_INIT("\"\\U0041\""),
        SLICE_INIT("\"\\u\""),
        SLICE_INIT("\"\\u004\""),
        SLICE_INIT("\"\\u00\"41\""),
        SLICE_INIT("\"\\u00g1\""),
        SLICE_INIT("\"\\u-041\""),
        SLICE_INIT("\"\\u 041\""),
        SLICE_INIT("\"\\u{41}\""),
        SLICE_INIT("\"\\u0041"),
        SLICE_INIT("\"a\nb\""),
        SLICE_INIT("\"a\tb\""),
        SLICE_INIT("\"a\0b\""),
        SLICE_INIT("\"\x1f\""),
        SLICE_INIT("{\"a\nb\":1}"),
        SLICE_INIT("{\"\\x\":1}"),
        /* surrogates */
        SLICE_INIT("\"\\ud800\""),
        SLICE_INIT("\"\\udbff\""),
        SLICE_INIT("\"\\udc00\""),
        SLICE_INIT("\"\\udfff\""),
        SLICE_INIT("\"\\ude00\\ud83d\""),
        SLICE_INIT("\"\\ud83dx\""),
        SLICE_INIT("\"\\ud83d\\n\""),
        SLICE_INIT("\"\\ud83d\\u0041\""),
        SLICE_INIT("\"\\ud83d\\ud83d\""),
        SLICE_INIT("\"\\ud83d\\u\""),
        SLICE_INIT("\"\\ud83d\\ude0"),
        SLICE_INIT("\"\\ud83d"),
        SLICE_INIT("\"\\ud83d\\"),
        SLICE_INIT("\"\\ud83d\xf0\x9f\x98\x80\""),
        SLICE_INIT("{\"\\ud800\":1}"),
        SLICE_INIT("[\"\\uD800\"]"),
        /* not UTF-8 */
        SLICE_INIT("\"\x80\""),
        SLICE_INIT("\"\xbf\""),
        SLICE_INIT("\"\xc0\x80\""),
        SLICE_INIT("\"\xc1\xbf\""),
        SLICE_INIT("\"\xc3\""),
        SLICE_INIT("\"\xc3(\""),
        SLICE_INIT("\"\xe0\x80\x80\""),
        SLICE_INIT("\"\xe0\x9f\xbf\""),
        SLICE_INIT("\"\xe2\x82\""),
        SLICE_INIT("\"\xe2(\xac\""),
        SLICE_INIT("\"\xed\xa0\x80\""),
        SLICE_INIT("\"\xed\xbf\xbf\""),
        SLICE_INIT("\"\xf0\x80\x80\x80\""),
        SLICE_INIT("\"\xf0\x8f\xbf\xbf\""),
        SLICE_INIT("\"\xf0\x9f\x98\""),
        SLICE_INIT("\"\xf4\x90\x80\x80\""),
        SLICE_INIT("\"\xf5\x80\x80\x80\""),
        SLICE_INIT("\"\xff\""),
        SLICE_INIT("\"\xfe\""),
        SLICE_INIT("\"caf\xe9\""),
        SLICE_INIT("{\"\xff\":1}"),
        SLICE_INIT("\xc3\xa9"),
        SLICE_INIT("\"\xc3"),
        SLICE_INIT("\"\xe2\x82"),
        SLICE_INIT("\"\xf0\x9f\x98"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (is_valid(cases[i]))
            fail_msg("case %zu was accepted: %.*s", i, SLICE_ARG(cases[i]));
}

static void test_json_check_refuses_the_absent_document(void **state)
{
    struct failure f = {0};
    struct json top;

    (void)state;
    assert_int_equal(json_check(slice_of(NULL), &top, &f), ST_INVALID);
    assert_string_not_equal(f.text, "");
}

/* Strings are read eight bytes at a time: no byte may be missed, wherever it stands. */
static void test_json_check_sees_each_byte_of_a_string(void **state)
{
    enum { LENGTH = 25 };

    (void)state;
    for (size_t len = 1; len <= LENGTH; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[LENGTH + 2];
                bool plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';

                memset(text, 'x', sizeof(text));
                text[0] = text[len + 1] = '"';
                text[at + 1] = (char)byte;
                /* a backslash before x, and before the quote that should close, is wrong as well */
                assert_int_equal(is_valid((struct slice){text, len + 2}), plain);
            }
        }
    }
}

static void test_json_walk_ends_a_string_at_its_quote(void **state)
{
    (void)state;
    for (int before = 0; before < 20; before++) {
        for (int after = 0; after < 20; after++) {
            char text[128];
            struct json_walk w;

            snprintf(text, sizeof(text), "[\"%.*s\\\"%.*s\",7]", before, "xxxxxxxxxxxxxxxxxxxx",
                     after, "yyyyyyyyyyyyyyyyyyyy");
            w = json_members(parse(text));
            assert_true(json_next(&w));
            assert_int_equal(w.value.raw.len, before + after + 4);
            assert_true(json_next(&w));
            assert_true(slice_eq(w.value.raw, SLICE("7")));
            assert_false(json_next(&w));
        }
    }
}

static void test_json_check_names_the_byte_at_which_it_went_wrong(void **state)
{
    static const struct {
        const char *text, *where;
    } cases[] = {
        {"[1,]", "byte 3"},
        {"  tru", "byte 2"},
        {"{} x", "byte 2"},
        {"{\"a\":1", "byte 6"},
        {"[1,99999999999999999999]", "byte 3"},
        {"\"ab\xff\"", "byte 3"},
        {"[1 2]", "byte 3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};
        struct json top;

        assert_int_equal(json_check(slice_of(cases[i].text), &top, &f), ST_INVALID);
        assert_int_equal(f.st, ST_INVALID);
        if (strstr(f.text, cases[i].where) == NULL)
            fail_msg("%s: \"%s\" does not say %s", cases[i].text, f.text, cases[i].where);
    }
}

static void test_json_check_refuses_every_beginning_of_a_document(void **state)
{
    static const struct slice text =
        SLICE_INIT("{\"a\\u00e9\":[1,-2.5e+3,true,false,null,\"x\\ud83d\\ude00\\n\xe2\x82\xac\"],"
                   "\"b\" : {\"c\":[[],{}]}}");

    (void)state;
    assert_true(is_valid(text));
    for (size_t len = 0; len < text.len; len++)
        assert_false(is_valid((struct slice){text.p, len}));
}

/* nested writes n brackets, the i-th one as pick says: '[' or '{'. */
static void nested(struct buffer *b, size_t n, bool (*is_object)(size_t i))
{
    for (size_t i = 0; i < n; i++)
        buffer_add(b, !is_object(i) ? SLICE("[") : i + 1 < n ? SLICE("{\"k\":") : SLICE("{"));
    for (size_t i = n; i > 0; i--)
        buffer_add_char(b, is_object(i - 1) ? '}' : ']');
}

static bool never(size_t i)
{
    return i == SIZE_MAX;
}

static bool always(size_t i)
{
    return i != SIZE_MAX;
}

static bool every_third(size_t i)
{
    return i % 3 == 1;
}

static void test_json_check_takes_depth_512_and_refuses_513(void **state)
{
    bool (*const shapes[])(size_t) = {never, always, every_third};

    (void)state;
    assert_int_equal(JSON_DEPTH_MAX, 512);
    for (size_t i = 0; i < 3; i++) {
        for (size_t depth = 511; depth <= 514; depth++) {
            struct buffer b = {0};

            nested(&b, depth, shapes[i]);
            assert_int_equal(is_valid(buffer_slice(&b)), depth <= 512);
            buffer_fini(&b);
        }
    }
}

static void test_json_check_counts_depth_not_brackets(void **state)
{
    struct buffer b = {0};

    (void)state;
    buffer_add_char(&b, '[');
    for (int i = 0; i < 2000; i++)
        buffer_add_literal(&b, "[{}],");
    nested(&b, 511, every_third);
    buffer_add_char(&b, ']');
    assert_true(is_valid(buffer_slice(&b)));
    buffer_fini(&b);
}

static void test_json_check_survives_a_million_brackets(void **state)
{
    struct buffer b = {0};

    (void)state;
    memset(buffer_reserve(&b, 1000000), '[', 1000000);
    b.len = 1000000;
    assert_false(is_valid(buffer_slice(&b)));
    buffer_fini(&b);
}

static void test_json_check_gives_the_top_value_without_space_around_it(void **state)
{
    struct slice text = SLICE(" \n [1, 2]\t ");
    struct json top = checked(text);

    (void)state;
    assert_slice(top.raw, "[1, 2]");
    assert_ptr_equal(top.raw.p, text.p + 3); /* borrowed */
    assert_slice(parse("  -1.50 ").raw, "-1.50");
    assert_slice(parse("\t\"a b\"").raw, "\"a b\"");
}

/* ---- Walking ---------------------------------------------------------------------------------- */

static void test_json_walk_gives_members_in_order_with_their_bytes(void **state)
{
    struct json_walk w =
        json_members(parse("{ \"a\" : 1.50 , \"b\\\"]\" :[ 1,{} ], \"\":\"x\\\\\",\"\\u0061\":true,"
                           "\"o\":{\"p\":[\"}\"]}, \"z\":null }"));
    static const struct {
        const char *key, *value;
        enum json_type type;
    } expected[] = {
        {"a", "1.50", JSON_NUMBER},
        {"b\\\"]", "[ 1,{} ]", JSON_ARRAY},
        {"", "\"x\\\\\"", JSON_STRING},
        {"\\u0061", "true", JSON_BOOL},
        {"o", "{\"p\":[\"}\"]}", JSON_OBJECT},
        {"z", "null", JSON_NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(json_next(&w));
        assert_slice(w.key, expected[i].key);
        assert_non_null(w.key.p);
        assert_slice(w.value.raw, expected[i].value);
        assert_int_equal(w.value.type, expected[i].type);
    }
    assert_false(json_next(&w));
    assert_false(json_next(&w));
}

static void test_json_walk_gives_elements_without_keys(void **state)
{
    static const char *const expected[] = {"1", "-2e5", "\"a,b\"", "[3,[4]]", "{\"k\":5}", "false"};
    struct json_walk w = json_members(parse("[1,-2e5 ,\"a,b\",\n[3,[4]], {\"k\":5} , false\t]"));

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(json_next(&w));
        assert_null(w.key.p);
        assert_slice(w.value.raw, expected[i]);
    }
    assert_false(json_next(&w));
}

static void test_json_walk_of_the_empty_gives_nothing(void **state)
{
    static const char *const empty[] = {"{}", "[]", "{ }", "[ \n ]"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct json_walk w = json_members(parse(empty[i]));

        assert_false(json_next(&w));
    }
}

static void test_json_count_counts_members_and_elements(void **state)
{
    (void)state;
    assert_int_equal(json_count(parse("[]")), 0);
    assert_int_equal(json_count(parse("{ }")), 0);
    assert_int_equal(json_count(parse("[0]")), 1);
    assert_int_equal(json_count(parse("[[1,2],[3],{\"a\":4}]")), 3);
    assert_int_equal(json_count(parse("{\"a\":[1,2],\"a\":{}}")), 2);
}

/* ---- Finding ---------------------------------------------------------------------------------- */

static void test_json_find_gives_the_member_of_that_name(void **state)
{
    struct json object = parse("{\"ab\": 1, \"a\": 2, \"\": 3, \"x\": {\"in\": 4}, \"abc\": 5}"), v;

    (void)state;
    assert_true(json_find(object, "a", &v));
    assert_slice(v.raw, "2");
    assert_true(json_find(object, "ab", &v));
    assert_slice(v.raw, "1");
    assert_true(json_find(object, "", &v));
    assert_slice(v.raw, "3");
    assert_false(json_find(object, "in", &v)); /* deeper down */
    assert_false(json_find(object, "A", &v));
    assert_false(json_find(object, "abcd", &v));
    assert_false(json_find(parse("{}"), "a", &v));
}

static void test_json_find_gives_the_last_of_equal_keys(void **state)
{
    struct json object = parse("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4,\"b\\u0000\":5}"), v;

    (void)state;
    assert_true(json_find(object, "a", &v));
    assert_slice(v.raw, "4");
    assert_true(json_find(object, "b", &v));
    assert_slice(v.raw, "2");
}

static void test_json_find_each_gives_what_json_find_does(void **state)
{
    static const struct slice names[] = {SLICE_INIT("a"), SLICE_INIT(""), SLICE_INIT("none"),
                                         SLICE_INIT("\xc3\xa9"), SLICE_INIT("a")};
    static const char *const objects[] = {
        "{}",
        "{\"a\": 1, \"b\": 2, \"\": {\"none\": 3}}",
        "{\"\\u0061\": 1, \"a\": 2, \"\\u00e9\": [], \"\\u0061b\": 3}",
        "{\"a\": 1, \"\": 2, \"a\": null, \"\": 3, \"\\u0061\": 4}",
    };
    enum { N = sizeof(names) / sizeof(names[0]) };

    (void)state;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        struct json object = parse(objects[i]), each[N], one;

        json_find_each(object, names, each, N);
        for (size_t n = 0; n < N; n++) {
            bool found = json_find(object, names[n].p, &one);

            assert_ptr_equal(each[n].raw.p, found ? one.raw.p : NULL);
            assert_true(!found || (each[n].raw.len == one.raw.len && each[n].type == one.type));
        }
    }
}

static void test_json_key_is_compares_by_meaning(void **state)
{
    static const struct {
        struct slice raw, name;
        bool same;
    } cases[] = {
        {SLICE_INIT("abc"), SLICE_INIT("abc"), true},
        {SLICE_INIT("abc"), SLICE_INIT("ab"), false},
        {SLICE_INIT("ab"), SLICE_INIT("abc"), false},
        {SLICE_INIT(""), SLICE_INIT(""), true},
        {SLICE_INIT(""), SLICE_INIT("a"), false},
        {SLICE_INIT("\\u0061bc"), SLICE_INIT("abc"), true},
        {SLICE_INIT("ab\\u0063"), SLICE_INIT("abc"), true},
        {SLICE_INIT("ab\\u0063"), SLICE_INIT("ab"), false},
        {SLICE_INIT("ab\\u0063"), SLICE_INIT("abcd"), false},
        {SLICE_INIT("\\u00E9"), SLICE_INIT("\xc3\xa9"), true},
        {SLICE_INIT("\\u00e9"), SLICE_INIT("\xc3"), false},
        {SLICE_INIT("\\ud83d\\ude00"), SLICE_INIT("\xf0\x9f\x98\x80"), true},
        {SLICE_INIT("\\ud83d\\ude00"), SLICE_INIT("\xf0\x9f\x98\x81"), false},
        {SLICE_INIT("\\/\\\\\\\"\\b\\f\\n\\r\\t"), SLICE_INIT("/\\\"\b\f\n\r\t"), true},
        {SLICE_INIT("\\u0000"), SLICE_INIT("\0"), true},
        {SLICE_INIT("\\u0000"), SLICE_INIT(""), false},
        {SLICE_INIT("\\n"), SLICE_INIT("\\n"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (json_key_is(cases[i].raw, cases[i].name) != cases[i].same)
            fail_msg("case %zu: %.*s", i, SLICE_ARG(cases[i].raw));
}

/* ---- Scalars ---------------------------------------------------------------------------------- */

static void test_json_int_reads_numbers_without_point_and_exponent(void **state)
{
    static const struct {
        const char *text;
        int64_t n;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-7", -7},
        {"1234567890", 1234567890},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", -INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t n = 1;

        assert_true(json_int(parse(cases[i].text), &n));
        assert_true(n == cases[i].n);
    }
}

static void test_json_int_is_nothing_else(void **state)
{
    static const char *const others[] = {"1.0",  "0.5",  "1e2",   "1E2", "-0.0",
                                         "true", "null", "\"1\"", "[1]", "{}"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int64_t n;

        assert_false(json_int(parse(others[i]), &n));
    }
}

static void test_json_is_true_is_true_for_true_alone(void **state)
{
    (void)state;
    assert_true(json_is_true(parse("true")));
    assert_false(json_is_true(parse("false")));
    assert_false(json_is_true(parse("null")));
    assert_false(json_is_true(parse("1")));
    assert_false(json_is_true(parse("\"true\"")));
    assert_false(json_is_true(parse("\"ab\"")));
}

static void test_json_string_resolves_escapes(void **state)
{
    static const struct {
        const char *text;
        struct slice meaning;
    } cases[] = {
        {"\"\"", SLICE_INIT("")},
        {"\"plain\"", SLICE_INIT("plain")},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", SLICE_INIT("\"\\/\b\f\n\r\t")},
        {"\"\\u0000\"", SLICE_INIT("\0")},
        {"\"a\\u0000b\\u007f\"", SLICE_INIT("a\0b\x7f")},
        {"\"\\u0080\\u07FF\"", SLICE_INIT("\xc2\x80\xdf\xbf")},
        {"\"\\u0800\\uffff\"", SLICE_INIT("\xe0\xa0\x80\xef\xbf\xbf")},
        {"\"\\ud7ff\\ue000\"", SLICE_INIT("\xed\x9f\xbf\xee\x80\x80")},
        {"\"\\ud800\\udc00\"", SLICE_INIT("\xf0\x90\x80\x80")},
        {"\"\\uDBFF\\uDFFF\"", SLICE_INIT("\xf4\x8f\xbf\xbf")},
        {"\"x\\ud83d\\ude00y\"", SLICE_INIT("x\xf0\x9f\x98\x80y")},
        {"\"\xf0\x9f\x98\x80\\u00e9\"", SLICE_INIT("\xf0\x9f\x98\x80\xc3\xa9")},
        {"\"\\\\u0041\"", SLICE_INIT("\\u0041")},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json v = parse(cases[i].text);

        if (!slice_eq(json_string(v, &a), cases[i].meaning))
            fail_msg("%s", cases[i].text);
        assert_true(slice_eq(json_unescape((struct slice){v.raw.p + 1, v.raw.len - 2}, &a),
                             cases[i].meaning));
    }
    arena_fini(&a);
}

/* ---- Writing ---------------------------------------------------------------------------------- */

static void test_json_add_string_escapes_what_must_be_escaped(void **state)
{
    static const struct {
        struct slice text;
        const char *written;
    } cases[] = {
        {SLICE_INIT(""), "\"\""},
        {SLICE_INIT("a/b"), "\"a/b\""},
        {SLICE_INIT("\"\\"), "\"\\\"\\\\\""},
        {SLICE_INIT("\0\x01\n\x1f\x7f"), "\"\\u0000\\u0001\\u000a\\u001f\x7f\""},
        {SLICE_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        /* not UTF-8: U+FFFD for each byte that is part of nothing */
        {SLICE_INIT("\xff"), "\"\xef\xbf\xbd\""},
        {SLICE_INIT("a\xe2\x82z"), "\"a\xef\xbf\xbd\xef\xbf\xbdz\""},
        {SLICE_INIT("\xc3"), "\"\xef\xbf\xbd\""},
        {SLICE_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {SLICE_INIT("\xc0\xaf\xc3\xa9"), "\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\""},
        {SLICE_INIT("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer b = {0};

        json_add_string(&b, cases[i].text);
        assert_slice(buffer_slice(&b), cases[i].written);
        buffer_fini(&b);
    }
}

static void test_json_add_string_of_any_bytes_is_json_and_reads_back(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 5000; i++) {
        char bytes[40];
        size_t len = dice_below(&dice, sizeof(bytes));
        struct buffer b = {0};
        struct arena a = {0};
        struct slice back;

        for (size_t j = 0; j < len; j++)
            bytes[j] = (char)(i % 2 == 0 ? dice_next(&dice) : dice_below(&dice, 128));
        json_add_string(&b, (struct slice){bytes, len});
        back = json_string(checked(buffer_slice(&b)), &a);
        assert_true(utf8_valid(back));
        if (utf8_valid((struct slice){bytes, len}))
            assert_true(slice_eq(back, (struct slice){bytes, len}));
        arena_fini(&a);
        buffer_fini(&b);
    }
}

static void test_json_utf8_valid_knows_every_bound(void **state)
{
    static const struct {
        struct slice bytes;
        bool valid;
    } cases[] = {
        {SLICE_INIT(""), true},
        {SLICE_INIT("\0\x7f"), true},
        {SLICE_INIT("\x80"), false},
        {SLICE_INIT("\xc1\xbf"), false},
        {SLICE_INIT("\xc2\x80"), true},
        {SLICE_INIT("\xdf\xbf"), true},
        {SLICE_INIT("\xdf\xc0"), false},
        {SLICE_INIT("\xdf\x7f"), false},
        {SLICE_INIT("\xe0\x9f\xbf"), false},
        {SLICE_INIT("\xe0\xa0\x80"), true},
        {SLICE_INIT("\xe1\x80\x80"), true},
        {SLICE_INIT("\xe1\x80\xc0"), false},
        {SLICE_INIT("\xed\x9f\xbf"), true},
        {SLICE_INIT("\xed\xa0\x80"), false},
        {SLICE_INIT("\xee\x80\x80"), true},
        {SLICE_INIT("\xef\xbf\xbf"), true},
        {SLICE_INIT("\xf0\x8f\xbf\xbf"), false},
        {SLICE_INIT("\xf0\x90\x80\x80"), true},
        {SLICE_INIT("\xf0\x90\x80\x7f"), false},
        {SLICE_INIT("\xf0\x90\xc0\x80"), false},
        {SLICE_INIT("\xf4\x8f\xbf\xbf"), true},
        {SLICE_INIT("\xf4\x90\x80\x80"), false},
        {SLICE_INIT("\xf5\x80\x80\x80"), false},
        {SLICE_INIT("\xf8\x88\x80\x80\x80"), false},
        {SLICE_INIT("a\xc3"), false},
        {SLICE_INIT("a\xe2\x82"), false},
        {SLICE_INIT("a\xf0\x9f\x98"), false},
        {SLICE_INIT("\xef\xbb\xbfz"), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (utf8_valid(cases[i].bytes) != cases[i].valid)
            fail_msg("case %zu", i);
    assert_true(utf8_valid(slice_of(NULL)));
}

/* ---- Random documents ------------------------------------------------------------------------- */

/* A random document is written twice: text has white space wherever it may stand, plain has none.
 * What is walked out of text must come to plain. */
struct maker {
    struct dice *dice;
    struct buffer text, plain;
};

static void make_space(struct maker *m)
{
    static const char space[] = " \t\r\n";

    while (dice_below(m->dice, 4) == 0)
        buffer_add_char(&m->text, space[dice_below(m->dice, 4)]);
}

static void make_token(struct maker *m, struct slice token)
{
    make_space(m);
    buffer_add(&m->text, token);
    buffer_add(&m->plain, token);
    make_space(m);
}

static struct slice pick(struct dice *dice, const struct slice *from, size_t n)
{
    return from[dice_below(dice, n)];
}

static void make_string(struct maker *m)
{
    static const struct slice pieces[] = {
        SLICE_INIT("a"),        SLICE_INIT("key"),
        SLICE_INIT(" "),        SLICE_INIT("\\n"),
        SLICE_INIT("\\\""),     SLICE_INIT("\\\\"),
        SLICE_INIT("\\/"),      SLICE_INIT("\\u0000"),
        SLICE_INIT("\\u00e9"),  SLICE_INIT("\\ud83d\\ude00"),
        SLICE_INIT("\xc3\xa9"), SLICE_INIT("\xf0\x9f\x98\x80"),
        SLICE_INIT("]"),        SLICE_INIT("}"),
        SLICE_INIT(","),        SLICE_INIT("\x7f"),
    };
    struct buffer b = {0};

    buffer_add_char(&b, '"');
    for (size_t n = dice_below(m->dice, 6); n > 0; n--)
        buffer_add(&b, pick(m->dice, pieces, sizeof(pieces) / sizeof(pieces[0])));
    buffer_add_char(&b, '"');
    make_token(m, buffer_slice(&b));
    buffer_fini(&b);
}

static void make_value(struct maker *m, unsigned depth)
{
    static const struct slice scalars[] = {
        SLICE_INIT("null"),
        SLICE_INIT("true"),
        SLICE_INIT("false"),
        SLICE_INIT("0"),
        SLICE_INIT("-0"),
        SLICE_INIT("17"),
        SLICE_INIT("-9223372036854775808"),
        SLICE_INIT("1.10"),
        SLICE_INIT("-1e-7"),
        SLICE_INIT("0.5E+3"),
    };
    size_t kind = dice_below(m->dice, depth == 0 ? 2 : 4);
    bool object = kind == 3;

    if (kind == 0) {
        make_token(m, pick(m->dice, scalars, sizeof(scalars) / sizeof(scalars[0])));
        return;
    }
    if (kind == 1) {
        make_string(m);
        return;
    }
    make_token(m, object ? SLICE("{") : SLICE("["));
    for (size_t i = 0, n = dice_below(m->dice, 5); i < n; i++) {
        if (i > 0)
            make_token(m, SLICE(","));
        if (object) {
            make_string(m);
            make_token(m, SLICE(":"));
        }
        make_value(m, depth - 1);
    }
    make_token(m, object ? SLICE("}") : SLICE("]"));
}

/* walk_out writes a checked value without white space, and reads all of it on the way. */
static void walk_out(struct buffer *out, struct json v, struct slice whole)
{
    struct arena a = {0};
    struct json_walk w;
    struct json found;
    bool first = true;
    int64_t n;

    assert_true(v.raw.p >= whole.p && v.raw.p + v.raw.len <= whole.p + whole.len);
    if (v.type == JSON_STRING)
        assert_true(utf8_valid(json_string(v, &a)));
    if (v.type == JSON_NUMBER)
        json_int(v, &n);
    if (v.type != JSON_OBJECT && v.type != JSON_ARRAY) {
        buffer_add(out, v.raw);
        arena_fini(&a);
        return;
    }
    buffer_add_char(out, v.type == JSON_OBJECT ? '{' : '[');
    w = json_members(v);
    while (json_next(&w)) {
        if (!first)
            buffer_add_char(out, ',');
        first = false;
        if (v.type == JSON_OBJECT) {
            assert_true(json_key_is(w.key, json_unescape(w.key, &a)));
            buffer_add_char(out, '"');
            buffer_add(out, w.key);
            buffer_add_literal(out, "\":");
        }
        walk_out(out, w.value, whole);
    }
    buffer_add_char(out, v.type == JSON_OBJECT ? '}' : ']');
    if (v.type == JSON_OBJECT)
        json_find(v, "key", &found);
    arena_fini(&a);
}

static void mutate(struct dice *dice, struct buffer *b)
{
    static const char bytes[] = "\"\\{}[],: \n0123456789.-+eEtfnu\x80\xc3\xe2\xed\xf0\xff";

    for (size_t n = 1 + dice_below(dice, 3); n > 0 && b->len > 0; n--) {
        size_t at = dice_below(dice, b->len);

        switch (dice_below(dice, 4)) {
        case 0: /* another byte */
            b->p[at] = (char)dice_next(dice);
            break;
        case 1: /* one that means something */
            b->p[at] = bytes[dice_below(dice, sizeof(bytes))];
            break;
        case 2: /* cut out */
            memmove(b->p + at, b->p + at + 1, b->len - at - 1);
            b->len--;
            break;
        case 3: /* doubled */
            buffer_add_char(b, '\0');
            memmove(b->p + at + 1, b->p + at, b->len - at - 1);
            break;
        }
    }
}

/* check_mutant checks a spoilt document; if it happens to be JSON, it is walked. */
static bool check_mutant(struct slice text)
{
    char *copy = malloc(text.len + 1);
    struct slice exact = {copy + 1, text.len};
    struct buffer out = {0};
    struct json top;
    bool valid;

    if (text.len > 0)
        memcpy(copy + 1, text.p, text.len);
    valid = json_check(exact, &top, NULL) == ST_OK;
    if (valid) {
        walk_out(&out, top, exact);
        assert_true(is_valid(buffer_slice(&out)));
    }
    buffer_fini(&out);
    free(copy);
    return valid;
}

static void test_json_random_documents_are_valid_and_walk_out_as_written(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 1500; i++) {
        struct maker m = {.dice = &dice};
        struct buffer out = {0};
        struct slice text;

        make_value(&m, 1 + (unsigned)i % 6);
        text = buffer_slice(&m.text);
        assert_true(is_valid(text));
        walk_out(&out, checked(text), text);
        assert_true(slice_eq(buffer_slice(&out), buffer_slice(&m.plain)));
        buffer_fini(&out);
        buffer_fini(&m.text);
        buffer_fini(&m.plain);
    }
}

static void test_json_mutated_documents_are_refused_or_walk_all_the_same(void **state)
{
    struct dice dice = dice_new(__func__);
    unsigned refused = 0, valid = 0;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        struct maker m = {.dice = &dice};

        make_value(&m, 1 + (unsigned)i % 4);
        mutate(&dice, &m.text);
        *(check_mutant(buffer_slice(&m.text)) ? &valid : &refused) += 1;
        buffer_fini(&m.text);
        buffer_fini(&m.plain);
    }
    assert_true(refused > 500 && valid > 100); /* else the mutations are no good */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_check_accepts_what_is_json),
        cmocka_unit_test(test_json_check_refuses_everything_else),
        cmocka_unit_test(test_json_check_refuses_the_absent_document),
        cmocka_unit_test(test_json_check_sees_each_byte_of_a_string),
        cmocka_unit_test(test_json_walk_ends_a_string_at_its_quote),
        cmocka_unit_test(test_json_check_names_the_byte_at_which_it_went_wrong),
        cmocka_unit_test(test_json_check_refuses_every_beginning_of_a_document),
        cmocka_unit_test(test_json_check_takes_depth_512_and_refuses_513),
        cmocka_unit_test(test_json_check_counts_depth_not_brackets),
        cmocka_unit_test(test_json_check_survives_a_million_brackets),
        cmocka_unit_test(test_json_check_gives_the_top_value_without_space_around_it),
        cmocka_unit_test(test_json_walk_gives_members_in_order_with_their_bytes),
        cmocka_unit_test(test_json_walk_gives_elements_without_keys),
        cmocka_unit_test(test_json_walk_of_the_empty_gives_nothing),
        cmocka_unit_test(test_json_count_counts_members_and_elements),
        cmocka_unit_test(test_json_find_gives_the_member_of_that_name),
        cmocka_unit_test(test_json_find_gives_the_last_of_equal_keys),
        cmocka_unit_test(test_json_find_each_gives_what_json_find_does),
        cmocka_unit_test(test_json_key_is_compares_by_meaning),
        cmocka_unit_test(test_json_int_reads_numbers_without_point_and_exponent),
        cmocka_unit_test(test_json_int_is_nothing_else),
        cmocka_unit_test(test_json_is_true_is_true_for_true_alone),
        cmocka_unit_test(test_json_string_resolves_escapes),
        cmocka_unit_test(test_json_add_string_escapes_what_must_be_escaped),
        cmocka_unit_test(test_json_add_string_of_any_bytes_is_json_and_reads_back),
        cmocka_unit_test(test_json_utf8_valid_knows_every_bound),
        cmocka_unit_test(test_json_random_documents_are_valid_and_walk_out_as_written),
        cmocka_unit_test(test_json_mutated_documents_are_refused_or_walk_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
