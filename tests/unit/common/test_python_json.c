/* tests/unit/common/test_python_json.c - JSON as Python's json.dumps writes it.
 *
 * What is expected here was written by Python: json.dumps(json.loads(text)). */
#include "tests/support/cmocka_all.h"

#include "common/python_json.h"

struct vector {
    const char *text, *python;
};

static void check(const struct vector *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buffer out = {0};
        struct json v;

        assert_int_equal(json_check(slice_of(vectors[i].text), &v, NULL), ST_OK);
        python_json_write(&out, v);
        if (!slice_eq(buffer_slice(&out), slice_of(vectors[i].python)))
            fail_msg("%s became %.*s, Python writes %s", vectors[i].text,
                     SLICE_ARG(buffer_slice(&out)), vectors[i].python);
        buffer_fini(&out);
    }
}

#define CHECK(vectors) check((vectors), sizeof(vectors) / sizeof((vectors)[0]))

static void test_python_json_writes_integers_as_they_are(void **state)
{
    static const struct vector vectors[] = {
        {"0", "0"},
        {"-0", "0"},
        {"-17", "-17"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_writes_floats_in_their_shortest_form(void **state)
{
    static const struct vector vectors[] = {
        {"2.50", "2.5"},
        {"1.0", "1.0"},
        {"100.0", "100.0"},
        {"2e0", "2.0"},
        {"1e1", "10.0"},
        {"1E5", "100000.0"},
        {"-0.0", "-0.0"},
        {"0.1", "0.1"},
        {"4.35", "4.35"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"123456.789", "123456.789"},
        {"-1.5e-10", "-1.5e-10"},
        {"1.5e300", "1.5e+300"},
        {"9.5367431640625e-07", "9.5367431640625e-07"},
        {"3.141592653589793238462643383279502884197169399375105820974944592307816406286",
         "3.141592653589793"},
        {"9007199254740993.0", "9007199254740992.0"},
        {"12345678901234567890.0", "1.2345678901234567e+19"},
        {"123456789012345680.0", "1.2345678901234568e+17"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"5e-324", "5e-324"},
        {"1e23", "1e+23"},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_uses_an_exponent_below_1e_4_and_from_1e16_on(void **state)
{
    static const struct vector vectors[] = {
        {"0.001", "0.001"},
        {"0.0001", "0.0001"},
        {"0.000123", "0.000123"},
        {"0.00001234", "1.234e-05"},
        {"1e-5", "1e-05"},
        {"1e-7", "1e-07"},
        {"1e15", "1000000000000000.0"},
        {"999999999999999.9", "999999999999999.9"},
        {"9999999999999998.0", "9999999999999998.0"},
        {"1e16", "1e+16"},
        {"1e22", "1e+22"},
        {"1e100", "1e+100"},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_writes_floats_out_of_range_as_python_reads_them(void **state)
{
    static const struct vector vectors[] = {
        {"1e999", "Infinity"}, {"-1e999", "-Infinity"}, {"1e-999", "0.0"}, {"-1e-999", "-0.0"}};

    (void)state;
    CHECK(vectors);
}

static void test_python_json_writes_strings_in_ascii(void **state)
{
    static const struct vector vectors[] = {
        {"\"\"", "\"\""},
        {"\"a~ b\"", "\"a~ b\""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0000\\u001f\\u007f\x7f\"", "\"\\u0000\\u001f\\u007f\\u007f\""},
        {"\"\\u0041\"", "\"A\""},
        {"\"\xc3\xa9\\u00E9\"", "\"\\u00e9\\u00e9\""},
        {"\"\xe2\x82\xac\\uFFFF\"", "\"\\u20ac\\uffff\""},
        {"\"\\ud83d\\ude00\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\\ud83d\\ude00\""},
        {"\"\xf4\x8f\xbf\xbf\"", "\"\\udbff\\udfff\""},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_separates_with_comma_blank_and_colon_blank(void **state)
{
    static const struct vector vectors[] = {
        {"[true,false,null]", "[true, false, null]"},
        {" [ 1 ,2\n] ", "[1, 2]"},
        {"[[],{},[[]], {\"a\" : [ ]}]", "[[], {}, [[]], {\"a\": []}]"},
        {"{\"b\":1,\"a\":[1,2.50,true,null,\"\xc3\xa9\"]}",
         "{\"b\": 1, \"a\": [1, 2.5, true, null, \"\\u00e9\"]}"},
        {"{\"\\u00e9\\n\":null,\"\":0}", "{\"\\u00e9\\n\": null, \"\": 0}"},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_puts_the_last_of_equal_keys_where_the_first_was(void **state)
{
    static const struct vector vectors[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\": 3, \"b\": 2}"},
        {"{\"\\u0061\":1,\"b\":2,\"a\":{\"x\":[]}}", "{\"a\": {\"x\": []}, \"b\": 2}"},
        {"{\"a\":{\"k\":1,\"k\":2},\"a\":{\"k\":3}}", "{\"a\": {\"k\": 3}}"},
    };

    (void)state;
    CHECK(vectors);
}

static void test_python_json_takes_a_document_of_full_depth(void **state)
{
    struct buffer b = {0}, out = {0};
    struct json v;

    (void)state;
    for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
        buffer_add_literal(&b, "[{\"k\":");
    b.len -= 4; /* the innermost is empty */
    for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
        buffer_add_literal(&b, "}]");
    assert_int_equal(json_check(buffer_slice(&b), &v, NULL), ST_OK);
    python_json_write(&out, v);
    assert_int_equal(out.len, b.len + JSON_DEPTH_MAX / 2 - 1); /* a blank after each colon */
    buffer_fini(&out);
    buffer_fini(&b);
}

static void test_python_json_md5_is_that_of_the_contract(void **state)
{
    static const struct vector vectors[] = {
        {"{\"b\":1,\"a\":[1,2.50,true,null,\"\xc3\xa9\"]}", "MD5:d766d3f620e57b32792c6a42a245dbd9"},
        {"\"abc\"", "MD5:ebd9f4c7b06cb0aaf5d13d80e49d8b90"},
        {"{}", "MD5:99914b932bd37a50b983c5e7c90ae93b"},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct json v;

        assert_int_equal(json_check(slice_of(vectors[i].text), &v, NULL), ST_OK);
        assert_slice(python_json_md5(v, &a), vectors[i].python);
    }
    arena_fini(&a);
}

/* Below a power of two doubles lie closer than above it. There the shortest text that reads back the
 * same may not be the number rounded to that many digits. */
static void test_python_json_writes_powers_of_two_in_their_shortest_form(void **state)
{
    static const struct vector vectors[] = {
        {"5.9604644775390625e-08", "5.960464477539063e-08"},        /* 2**-24 */
        {"5.6843418860808015e-14", "5.684341886080802e-14"},        /* 2**-44 */
        {"618970019642690137449562112.0", "6.189700196426902e+26"}, /* 2**89 */
        {"0.5", "0.5"},
        {"1125899906842624.0", "1125899906842624.0"},
    };

    (void)state;
    CHECK(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_json_writes_integers_as_they_are),
        cmocka_unit_test(test_python_json_writes_floats_in_their_shortest_form),
        cmocka_unit_test(test_python_json_uses_an_exponent_below_1e_4_and_from_1e16_on),
        cmocka_unit_test(test_python_json_writes_floats_out_of_range_as_python_reads_them),
        cmocka_unit_test(test_python_json_writes_strings_in_ascii),
        cmocka_unit_test(test_python_json_separates_with_comma_blank_and_colon_blank),
        cmocka_unit_test(test_python_json_puts_the_last_of_equal_keys_where_the_first_was),
        cmocka_unit_test(test_python_json_takes_a_document_of_full_depth),
        cmocka_unit_test(test_python_json_md5_is_that_of_the_contract),
        cmocka_unit_test(test_python_json_writes_powers_of_two_in_their_shortest_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
