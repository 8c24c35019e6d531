/* tests/unit/router/test_metadata.c - a queue's metadata: reserved attributes, showing, patching. */
#include "tests/support/cmocka_all.h"

#include "router/api/metadata.h"

#include <stdio.h>

static struct config config;

static int begin(void **state)
{
    static struct arena a;

    config_init(&config);
    arena_alloc(&a, 1);
    *state = &a;
    return 0;
}

static int end(void **state)
{
    arena_fini(*state);
    config_fini(&config);
    return 0;
}

static struct json parse(struct slice text)
{
    struct failure f = {0};
    struct json v;

    if (json_check(text, &v, &f) != ST_OK)
        fail_msg("%.*s: %s", SLICE_ARG(text), f.text);
    return v;
}

/* ---- Checking --------------------------------------------------------------------------------- */

static bool is_fine(const char *object, struct failure *f)
{
    enum status st;

    *f = (struct failure){0};
    st = metadata_check(parse(slice_of(object)), &config, f);
    assert_true(st == ST_OK || (st == ST_INVALID && f->text[0] != '\0'));
    return st == ST_OK;
}

/* check_values tries values of one attribute; a refusal must name it. */
static void check_values(const char *name, const char *const *values, size_t n, bool fine)
{
    for (size_t i = 0; i < n; i++) {
        char object[256];
        struct failure f;

        snprintf(object, sizeof(object), "{\"x\": 1, \"%s\": %s}", name, values[i]);
        if (is_fine(object, &f) != fine)
            fail_msg("%s was %s", object, fine ? f.text : "taken");
        if (!fine && strstr(f.text, name) == NULL)
            fail_msg("%s: \"%s\" does not name it", object, f.text);
    }
}

#define CHECK_VALUES(name, fine, ...)                                                              \
    check_values((name), (const char *const[]){__VA_ARGS__},                                       \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), (fine))

static void test_metadata_check_takes_free_keys_of_any_kind(void **state)
{
    static const char *const objects[] = {
        "{}",
        "{\"a\": 1, \"b\": [], \"c\": {\"_default_message_ttl\": 5}, \"\": null}",
        "{\"_unknown\": -1, \"default_message_ttl\": \"x\", \"_DEFAULT_MESSAGE_TTL\": 5}",
    };
    struct failure f;

    (void)state;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        assert_true(is_fine(objects[i], &f));
}

static void test_metadata_check_holds_numbers_to_their_bounds(void **state)
{
    (void)state;
    CHECK_VALUES("_max_messages_post_size", true, "1", "262144", "1000");
    CHECK_VALUES("_max_messages_post_size", false, "0", "262145", "-1", "9223372036854775807");
    CHECK_VALUES("_default_message_ttl", true, "60", "1209600");
    CHECK_VALUES("_default_message_ttl", false, "59", "1209601", "0", "-60");
    CHECK_VALUES("_default_message_delay", true, "0", "900");
    CHECK_VALUES("_default_message_delay", false, "901", "-1");
    CHECK_VALUES("_dead_letter_queue_messages_ttl", true, "60", "1209600");
    CHECK_VALUES("_dead_letter_queue_messages_ttl", false, "59", "1209601", "0");
    CHECK_VALUES("_max_claim_count", true, "0", "1", "100");
    CHECK_VALUES("_max_claim_count", false, "-1", "9223372036854775807");
}

static void test_metadata_check_bounds_are_those_of_the_configuration(void **state)
{
    (void)state;
    config.max_message_ttl_s = 100;
    config.max_message_delay_s = 7;
    config.max_messages_post_bytes = 50;
    CHECK_VALUES("_default_message_ttl", true, "100");
    CHECK_VALUES("_default_message_ttl", false, "101");
    CHECK_VALUES("_dead_letter_queue_messages_ttl", true, "100");
    CHECK_VALUES("_dead_letter_queue_messages_ttl", false, "101");
    CHECK_VALUES("_default_message_delay", true, "7");
    CHECK_VALUES("_default_message_delay", false, "8");
    CHECK_VALUES("_max_messages_post_size", true, "50");
    CHECK_VALUES("_max_messages_post_size", false, "51");
}

static void test_metadata_check_refuses_numbers_of_the_wrong_type(void **state)
{
    static const char *const names[] = {"_max_messages_post_size", "_default_message_ttl",
                                        "_default_message_delay", "_max_claim_count",
                                        "_dead_letter_queue_messages_ttl"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK_VALUES(names[i], false, "\"60\"", "\"\"", "60.0", "6e1", "[]", "[60]", "{}",
                     "{\"a\": 60}");
        CHECK_VALUES(names[i], true, "null");
    }
}

static void test_metadata_check_wants_a_queue_name_for_dead_letters(void **state)
{
#define NAME_64 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    (void)state;
    CHECK_VALUES("_dead_letter_queue", true, "\"dead\"", "\"a.b-c_D\"", "\"" NAME_64 "\"", "null");
    CHECK_VALUES("_dead_letter_queue", false, "\"\"", "\"a b\"", "\"" NAME_64 "x\"",
                 "\"caf\xc3\xa9\"", "5", "true", "[]", "[\"dead\"]", "{}", "\"a/b\"");
}

static void test_metadata_check_promises_encryption_only_with_a_key(void **state)
{
    (void)state;
    CHECK_VALUES("_enable_encrypt_messages", true, "false", "null");
    CHECK_VALUES("_enable_encrypt_messages", false, "true", "1", "0", "\"true\"", "\"\"", "[]",
                 "{}");
    assert_int_equal(config_set(&config, SLICE("transport"), SLICE("message_encryption_keys"),
                                SLICE("a:00"), NULL),
                     ST_OK);
    CHECK_VALUES("_enable_encrypt_messages", true, "true", "false", "null");
    CHECK_VALUES("_enable_encrypt_messages", false, "1", "0", "\"true\"", "\"\"", "[]", "{}");
}

static void test_metadata_check_wants_a_string_for_a_flavor(void **state)
{
    (void)state;
    CHECK_VALUES("_flavor", true, "\"gold\"", "null");
    CHECK_VALUES("_flavor", false, "5", "true", "[]", "[\"gold\"]", "{}");
}

static void test_metadata_check_looks_into_the_retry_policy(void **state)
{
    (void)state;
    CHECK_VALUES(
        "_retry_policy", true, "null", "{}", "{\"unknown\": [1]}",
        "{\"retries_with_no_delay\": 0, \"minimum_delay_retries\": 1, \"minimum_delay\": 5, "
        "\"maximum_delay\": 15, \"maximum_delay_retries\": 9, \"retry_backoff_function\": "
        "\"exponential\", \"ignore_subscription_override\": true}",
        "{\"retry_backoff_function\": \"linear\"}", "{\"retry_backoff_function\": \"arithmetic\"}",
        "{\"retry_backoff_function\": \"geometric\"}", "{\"ignore_subscription_override\": false}",
        "{\"minimum_delay\": 20}", "{\"maximum_delay\": 15}",
        "{\"minimum_delay\": 100, \"maximum_delay\": 110}");
    CHECK_VALUES("_retry_policy", false, "[]", "\"\"", "5", "true", "false",
                 "{\"minimum_delay\": 21}", /* 30 is the default of the other */
                 "{\"maximum_delay\": 14}", /* 5 is */
                 "{\"minimum_delay\": 100, \"maximum_delay\": 109}", "{\"minimum_delay\": null}",
                 "{\"maximum_delay\": \"30\"}", "{\"maximum_delay\": 30.0}",
                 "{\"retries_with_no_delay\": null}", "{\"minimum_delay_retries\": \"3\"}",
                 "{\"maximum_delay_retries\": []}", "{\"retry_backoff_function\": \"Linear\"}",
                 "{\"retry_backoff_function\": \"\"}", "{\"retry_backoff_function\": 1}",
                 "{\"retry_backoff_function\": null}", "{\"retry_backoff_function\": \"cubic\"}",
                 "{\"ignore_subscription_override\": 1}",
                 "{\"ignore_subscription_override\": \"true\"}",
                 "{\"ignore_subscription_override\": null}");
}

static void test_metadata_check_counts_the_last_of_equal_keys(void **state)
{
    struct failure f;

    (void)state;
    assert_true(is_fine("{\"_default_message_ttl\": 5, \"_default_message_ttl\": 60}", &f));
    assert_false(is_fine("{\"_default_message_ttl\": 60, \"_default_message_ttl\": 5}", &f));
    assert_false(is_fine("{\"_default_message_tt\\u006c\": 5}", &f));
}

/* ---- Showing ---------------------------------------------------------------------------------- */

static const char *const shown_names[] = {
    "_max_messages_post_size",         "_default_message_ttl",
    "_default_message_delay",          "_dead_letter_queue",
    "_dead_letter_queue_messages_ttl", "_max_claim_count",
    "_enable_encrypt_messages",
};

enum { SHOWN = sizeof(shown_names) / sizeof(shown_names[0]) };

static struct queue_record *record_of(const char *metadata)
{
    return queue_record_new(
        &(struct queue_row){.name = SLICE("q"), .metadata = slice_of(metadata)});
}

/* show gives the object that is shown, in a. */
static struct json show_of(enum collection of, const char *metadata, struct arena *a)
{
    struct queue_record *record = metadata == NULL ? NULL : record_of(metadata);
    struct buffer out = {0};
    struct slice shown;

    buffer_add_literal(&out, "x"); /* it appends */
    metadata_show(&out, record, of, &config);
    queue_record_unref(record);
    shown = arena_copy(a, buffer_slice(&out));
    buffer_fini(&out);
    assert_int_equal(shown.p[0], 'x');
    return parse(slice_from(shown, 1));
}

static struct json show(const char *metadata, struct arena *a)
{
    return show_of(COLLECTION_QUEUES, metadata, a);
}

static void assert_member(struct json object, const char *name, const char *raw)
{
    struct json v;

    if (!json_find(object, name, &v))
        fail_msg("%s is missing", name);
    assert_slice(v.raw, raw);
}

static void assert_defaults(struct json shown)
{
    static const char *const defaults[] = {"262144", "3600", "0", "null", "null", "null", "false"};

    assert_int_equal(json_count(shown), SHOWN);
    for (size_t i = 0; i < SHOWN; i++)
        assert_member(shown, shown_names[i], defaults[i]);
}

static void test_metadata_show_of_nothing_is_the_seven_defaults(void **state)
{
    (void)state;
    assert_defaults(show(NULL, *state));
    assert_defaults(show("{}", *state));
}

static void test_metadata_show_takes_defaults_from_the_configuration(void **state)
{
    struct json shown;

    config.max_messages_post_bytes = 11;
    config.default_message_ttl_s = 77;
    config.default_message_delay_s = 8;
    shown = show("{\"_default_message_delay\": null}", *state);
    assert_int_equal(json_count(shown), SHOWN);
    assert_member(shown, "_max_messages_post_size", "11");
    assert_member(shown, "_default_message_ttl", "77");
    assert_member(shown, "_default_message_delay", "8");
}

static void test_metadata_show_puts_defaults_in_place_of_null(void **state)
{
    struct buffer all_null = {0};

    for (size_t i = 0; i < SHOWN; i++)
        buffer_printf(&all_null, "%s\"%s\": null", i == 0 ? "{" : ", ", shown_names[i]);
    buffer_add(&all_null, (struct slice){"}", 2});
    assert_defaults(show(all_null.p, *state));
    buffer_fini(&all_null);
}

static void test_metadata_show_keeps_what_is_stored_byte_for_byte(void **state)
{
    struct json shown =
        show("{\"b\": 1.10, \"_default_message_ttl\": 60, \"a\\u00e9\": {\"x\" :[1 ,2]}, "
             "\"n\": null, \"_dead_letter_queue\": \"dead\", \"_flavor\": \"gold\"}",
             *state);

    assert_int_equal(json_count(shown), SHOWN + 4);
    assert_member(shown, "b", "1.10");
    assert_member(shown, "_default_message_ttl", "60");
    assert_member(shown, "a\xc3\xa9", "{\"x\" :[1 ,2]}");
    assert_member(shown, "n", "null");
    assert_member(shown, "_dead_letter_queue", "\"dead\"");
    assert_member(shown, "_flavor", "\"gold\"");
    assert_member(shown, "_max_messages_post_size", "262144");
}

static void test_metadata_show_keeps_the_order_and_every_blank(void **state)
{
    static const struct {
        const char *metadata, *shown;
    } cases[] = {
        {"{}", "{\"_max_messages_post_size\": 262144, \"_default_message_ttl\": 3600, "
               "\"_default_message_delay\": 0, \"_dead_letter_queue\": null, "
               "\"_dead_letter_queue_messages_ttl\": null, \"_max_claim_count\": null, "
               "\"_enable_encrypt_messages\": false}"},
        {"{\"z\": 1, \"_enable_encrypt_messages\": null, \"_max_claim_count\": 3, "
         "\"_default_message_ttl\": null, \"\\u000a\": null, \"a\": [1 ,2]}",
         "{\"z\": 1, \"_enable_encrypt_messages\": false, \"_max_claim_count\": 3, "
         "\"_default_message_ttl\": 3600, \"\\u000a\": null, \"a\": [1 ,2], "
         "\"_max_messages_post_size\": 262144, \"_default_message_delay\": 0, "
         "\"_dead_letter_queue\": null, \"_dead_letter_queue_messages_ttl\": null}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_slice(show(cases[i].metadata, *state).raw, cases[i].shown);
}

/* The loop shows twenty queues of 64 KB in one answer: it must not look at what it copies. */
static void test_metadata_show_does_not_read_what_it_copies(void **state)
{
    struct queue_record *record =
        record_of("{\"key\": 1, \"_default_message_ttl\": null, \"key 2\": 2}");
    struct buffer out = {0};
    char *garbage = strstr((char *)(uintptr_t)record->metadata.p, "\"key 2\"");

    (void)state;
    memcpy(garbage, "\"{[\\\n\"\"", 7);
    metadata_show(&out, record, COLLECTION_QUEUES, &config);
    assert_true(slice_starts(buffer_slice(&out),
                             SLICE("{\"key\": 1, \"_default_message_ttl\": 3600, "
                                   "\"{[\\\n\"\": 2, \"_max_messages_post_size\": 262144, ")));
    buffer_fini(&out);
    queue_record_unref(record);
}

/* Rows of development versions hold documents as they were sent. */
static void test_metadata_show_of_what_was_not_normalised_means_the_same(void **state)
{
    struct json shown = show("{\"a\": 1, \"_max_claim_count\": 5, \"a\": 2, "
                             "\"_max_claim_coun\\u0074\": 6, \"_default_message_ttl\": 60, "
                             "\"_default_message_ttl\": null, \"\\u0061\": 3}",
                             *state);

    assert_member(shown, "a", "3");
    assert_member(shown, "_max_claim_count", "6");
    assert_member(shown, "_default_message_ttl", "3600");
    assert_defaults(show("{ }", *state));
    assert_defaults(show(" {\r\n\t} ", *state));
    assert_member(show("\n{ \"a\" : 1 } ", *state), "a", "1");
}

static void test_metadata_show_of_a_damaged_row_is_the_defaults(void **state)
{
    static const char *const damaged[] = {"", "{", "null", "[]", "[1]", "{\"a\": 1} x"};

    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_defaults(show(damaged[i], *state));
}

/* A topic shows three of the seven; what is stored beside them is shown as it is. */
static void test_metadata_show_of_a_topic_has_three_defaults(void **state)
{
    static const struct {
        const char *metadata, *shown;
    } cases[] = {
        {NULL, "{\"_max_messages_post_size\": 262144, \"_default_message_ttl\": 3600, "
               "\"_default_message_delay\": 0}"},
        {"{}", "{\"_max_messages_post_size\": 262144, \"_default_message_ttl\": 3600, "
               "\"_default_message_delay\": 0}"},
        {"{\"_enable_encrypt_messages\": null, \"_default_message_ttl\": null, \"a\": 1, "
         "\"_max_claim_count\": 3}",
         "{\"_enable_encrypt_messages\": null, \"_default_message_ttl\": 3600, \"a\": 1, "
         "\"_max_claim_count\": 3, \"_max_messages_post_size\": 262144, "
         "\"_default_message_delay\": 0}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_slice(show_of(COLLECTION_TOPICS, cases[i].metadata, *state).raw, cases[i].shown);
}

/* ---- Normalising ------------------------------------------------------------------------------ */

static void test_metadata_normalise_has_each_key_once(void **state)
{
    static const struct {
        const char *metadata, *stored;
    } cases[] = {
        {"{}", "{}"},
        {"{ \n}", "{}"},
        {"{\"a\":1 , \"b\" : 1.10}", "{\"a\": 1, \"b\": 1.10}"},
        {"{\"a\": 1, \"_max_claim_count\": 5, \"a\": 2, \"_max_claim_coun\\u0074\": 6, "
         "\"\\u0061\": 3}",
         "{\"a\": 3, \"_max_claim_count\": 6}"},
        {"{\"\\u00e9\\n\\/\": {\"x\" :1,\"x\":2}}", "{\"\xc3\xa9\\u000a/\": {\"x\" :1,\"x\":2}}"},
        {"{\"_default_message_ttl\": null}", "{\"_default_message_ttl\": null}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = {0};

        metadata_normalise(slice_of(cases[i].metadata), &out, *state);
        assert_slice(buffer_slice(&out), cases[i].stored);
        buffer_fini(&out);
    }
}

/* ---- Checking a patch ------------------------------------------------------------------------- */

static bool is_patch(const char *patch, struct arena *a, struct failure *f)
{
    enum status st;

    *f = (struct failure){0};
    st = metadata_patch_check(parse(slice_of(patch)), a, f);
    assert_true(st == ST_OK || (st == ST_INVALID && f->text[0] != '\0'));
    return st == ST_OK;
}

static void test_metadata_patch_check_takes_the_changes_of_the_contract(void **state)
{
    static const char *const fine[] = {
        "[]",
        "[{\"op\": \"add\", \"path\": \"/metadata/a\", \"value\": 1}]",
        "[{\"op\": \"replace\", \"path\": \"/metadata/a\", \"value\": null}]",
        "[{\"op\": \"remove\", \"path\": \"/metadata/a\"}]",
        "[{\"op\": \"remove\", \"path\": \"/metadata/a\", \"value\": 1}]",
        "[{\"value\": {\"x\": []}, \"path\": \"/metadata/a\", \"op\": \"add\", \"extra\": 1}]",
        "[{\"op\": \"add\", \"path\": \"/METADATA/a\", \"value\": 1}]",
        "[{\"op\": \"add\", \"path\": \"/MetaData/a\", \"value\": 1}]",
        "[{\"op\": \"add\", \"path\": \"/ metadata / a \", \"value\": 1}]",
        "[{\"op\": \"add\", \"path\": \"/metadata/~0~1a~01\", \"value\": 1}]",
        "[{\"op\": \"add\", \"path\": \"/metadata/a b\\u00e9\\n\", \"value\": 1}]",
        "[{\"op\": \"\\u0061dd\", \"path\": \"\\/metadata\\/a\", \"value\": 1}]",
        "[{\"op\": \"test\", \"op\": \"add\", \"path\": 5, \"path\": \"/metadata/a\", \"value\": "
        "1}]",
        "[{\"op\": \"add\", \"path\": \"/metadata/metadata\", \"value\": 1}, "
        "{\"op\": \"remove\", \"path\": \"/metadata/metadata\"}]",
    };
    struct failure f;

    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (!is_patch(fine[i], *state, &f))
            fail_msg("%s: %s", fine[i], f.text);
}

static void test_metadata_patch_check_refuses_everything_else(void **state)
{
    static const char *const documents[] = {"{}",  "null",   "\"x\"", "5",         "true",
                                            "[5]", "[null]", "[[]]",  "[\"add\"]", "[{}]"};
    static const char *const changes[] = {
        /* op */
        "\"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": null, \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": 1, \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": \"\", \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": \"Add\", \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": \"test\", \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": \"move\", \"path\": \"/metadata/a\", \"value\": 1",
        "\"op\": \"copy\", \"path\": \"/metadata/a\", \"from\": \"/metadata/b\", \"value\": 1",
        "\"op\": \"add\", \"op\": \"test\", \"path\": \"/metadata/a\", \"value\": 1",
        /* value */
        "\"op\": \"add\", \"path\": \"/metadata/a\"",
        "\"op\": \"replace\", \"path\": \"/metadata/a\"",
        /* path */
        "\"op\": \"add\", \"value\": 1",
        "\"op\": \"add\", \"path\": null, \"value\": 1",
        "\"op\": \"add\", \"path\": 5, \"value\": 1",
        "\"op\": \"add\", \"path\": [\"metadata\", \"a\"], \"value\": 1",
        "\"op\": \"add\", \"path\": \"\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"metadata/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \" /metadata/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata//\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"//a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"//metadata/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata//a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/a/\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/a/b\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/  \", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/ /a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/other/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadat/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata~1a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"~1metadata/a\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/~\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/a~\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/a~2\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/metadata/~~0\", \"value\": 1",
        "\"op\": \"add\", \"path\": \"/~metadata/a\", \"value\": 1",
        "\"op\": \"remove\", \"path\": \"/other/a\"",
        "\"op\": \"remove\", \"path\": \"/metadata\"",
        "\"op\": \"remove\"",
    };
    struct failure f;

    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        if (is_patch(documents[i], *state, &f))
            fail_msg("%s was taken", documents[i]);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        static const char *const frames[] = {
            "[{%s}]", "[{\"op\": \"add\", \"path\": \"/metadata/ok\", \"value\": 1}, {%s}]"};

        for (size_t j = 0; j < 2; j++) {
            char patch[512];
            const char *at = strstr(frames[j], "%s");

            snprintf(patch, sizeof(patch), "%.*s%s%s", (int)(at - frames[j]), frames[j], changes[i],
                     at + 2);
            if (is_patch(patch, *state, &f))
                fail_msg("%s was taken", patch);
        }
    }
}

/* ---- Applying a patch ------------------------------------------------------------------------- */

#define ADD(key, value) "{\"op\": \"add\", \"path\": \"/metadata/" key "\", \"value\": " value "}"
#define REPLACE(key, value)                                                                        \
    "{\"op\": \"replace\", \"path\": \"/metadata/" key "\", \"value\": " value "}"
#define REMOVE(key) "{\"op\": \"remove\", \"path\": \"/metadata/" key "\"}"

static void test_metadata_patch_gives_the_changed_object(void **state)
{
    static const struct {
        const char *metadata, *patch, *result;
    } cases[] = {
        {"{}", "[]", "{}"},
        {"{\"a\":1 , \"b\" : 1.10}", "[]", "{\"a\": 1, \"b\": 1.10}"},
        {"{}", "[" ADD("a", "1") "]", "{\"a\": 1}"},
        {"{\"a\": 1, \"b\": 2}", "[" ADD("a", "[3 ,4]") "]", "{\"a\": [3 ,4], \"b\": 2}"},
        {"{\"a\": 1}", "[" ADD("b", "null") "]", "{\"a\": 1, \"b\": null}"},
        {"{\"a\": 1, \"b\": 2}", "[" REPLACE("a", "\"x\"") "]", "{\"a\": \"x\", \"b\": 2}"},
        {"{\"a\": null}", "[" REPLACE("a", "1") "]", "{\"a\": 1}"},
        {"{\"a\": 1, \"b\": 2}", "[" REMOVE("a") "]", "{\"b\": 2}"},
        {"{\"a\": 1}", "[" REMOVE("a") "]", "{}"},
        {"{\"a\": null}", "[" REMOVE("a") "]", "{}"},
        /* shown attributes count as there */
        {"{}", "[" REPLACE("_default_message_ttl", "60") "]", "{\"_default_message_ttl\": 60}"},
        {"{}", "[" REPLACE("_max_claim_count", "null") "]", "{\"_max_claim_count\": null}"},
        {"{\"a\": 1}", "[" REMOVE("_default_message_ttl") "]", "{\"a\": 1}"},
        {"{\"_default_message_ttl\": 60}", "[" REMOVE("_default_message_ttl") "]", "{}"},
        {"{\"_default_message_ttl\": 60}",
         "[" REMOVE("_default_message_ttl") ", " REMOVE("_default_message_ttl") "]", "{}"},
        /* one after the other */
        {"{}", "[" ADD("a", "1") ", " REPLACE("a", "2") ", " ADD("b", "3") ", " REMOVE("a") "]",
         "{\"b\": 3}"},
        {"{\"a\": 1}", "[" REMOVE("a") ", " ADD("a", "2") "]", "{\"a\": 2}"},
        /* duplicates: the last counts, in the place of the first */
        {"{\"a\": 1, \"b\": 2, \"a\": 3}", "[]", "{\"a\": 3, \"b\": 2}"},
        {"{\"a\": 1, \"b\": 2, \"a\": 3}", "[" REMOVE("a") "]", "{\"b\": 2}"},
        {"{}",
         "[{\"op\": \"add\", \"path\": \"/metadata/a\", \"path\": \"/metadata/b\", "
         "\"value\": 1, \"value\": 2}]",
         "{\"b\": 2}"},
        /* names by their meaning */
        {"{\"\\u0061\": 1}", "[" REPLACE("a", "2") "]", "{\"a\": 2}"},
        {"{\"a\": 1}", "[" REMOVE("\\u0061") "]", "{}"},
        {"{}", "[" ADD("a~1b~0c~01", "1") "]", "{\"a/b~c~1\": 1}"},
        {"{\"a/b\": 1}", "[" REMOVE("a~1b") "]", "{}"},
        {"{}", "[" ADD("\\\"\\\\\\n", "1") "]", "{\"\\\"\\\\\\u000a\": 1}"},
        {"{}", "[" ADD(" a b ", "1") "]", "{\"a b\": 1}"},
        {"{\"a\": 1}", "[{\"op\": \"remove\", \"path\": \"/METADATA /a \"}]", "{}"},
        {"{\"a\": 1, \"A\": 2}", "[" REMOVE("A") "]", "{\"a\": 1}"},
        {"{}", "[" ADD("\xc3\xa9", "1") "]", "{\"\xc3\xa9\": 1}"},
        /* a damaged row is no metadata */
        {"{\"a\"", "[" ADD("b", "1") "]", "{\"b\": 1}"},
        {"[1]", "[" ADD("b", "1") "]", "{\"b\": 1}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json patch = parse(slice_of(cases[i].patch));
        struct failure f = {0};
        struct buffer out = {0};

        if (metadata_patch_check(patch, *state, &f) != ST_OK ||
            metadata_patch(slice_of(cases[i].metadata), patch, COLLECTION_QUEUES, &out, *state,
                           &f) != ST_OK)
            fail_msg("%s on %s: %s", cases[i].patch, cases[i].metadata, f.text);
        assert_slice(buffer_slice(&out), cases[i].result);
        buffer_fini(&out);
    }
}

static void test_metadata_patch_of_what_is_not_there_is_a_conflict(void **state)
{
    static const struct {
        const char *metadata, *patch, *key;
    } cases[] = {
        {"{}", "[" REPLACE("a", "1") "]", "\"a\""},
        {"{}", "[" REMOVE("a") "]", "\"a\""},
        {"{\"b\": 1}", "[" REMOVE("a") "]", "\"a\""},
        {"{\"A\": 1}", "[" REMOVE("a") "]", "\"a\""},
        {"{\"a\": 1}", "[" REMOVE("a") ", " REMOVE("a") "]", "\"a\""},
        {"{\"a\": 1}", "[" REMOVE("a") ", " REPLACE("a", "1") "]", "\"a\""},
        {"{\"a\": 1}", "[" ADD("b", "1") ", " REPLACE("c", "1") ", " ADD("d", "1") "]", "\"c\""},
        {"{}", "[" REMOVE("_flavor") "]", "\"_flavor\""}, /* reserved, but not always shown */
        {"{}", "[" REPLACE("_retry_policy", "{}") "]", "\"_retry_policy\""},
        {"{}", "[" REPLACE("metadata", "1") "]", "\"metadata\""},
        {"{\"a~1b\": 1}", "[" REMOVE("a~1b") "]", "\"a/b\""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json patch = parse(slice_of(cases[i].patch));
        struct failure f = {0};
        struct buffer out = {0};

        assert_int_equal(metadata_patch_check(patch, *state, &f), ST_OK);
        if (metadata_patch(slice_of(cases[i].metadata), patch, COLLECTION_QUEUES, &out, *state,
                           &f) != ST_CONFLICT)
            fail_msg("%s on %s was done", cases[i].patch, cases[i].metadata);
        assert_int_equal(out.len, 0);
        if (strstr(f.text, cases[i].key) == NULL)
            fail_msg("\"%s\" does not name %s", f.text, cases[i].key);
        buffer_fini(&out);
    }
}

static void test_metadata_patch_of_each_shown_attribute_finds_it(void **state)
{
    for (size_t i = 0; i < SHOWN; i++) {
        struct slice text =
            arena_printf(*state,
                         "[{\"op\": \"replace\", \"path\": \"/metadata/%s\", \"value\": null}, "
                         "{\"op\": \"remove\", \"path\": \"/metadata/%s\"}, "
                         "{\"op\": \"remove\", \"path\": \"/metadata/%s\"}]",
                         shown_names[i], shown_names[i], shown_names[i]);
        struct buffer out = {0};

        assert_int_equal(
            metadata_patch(SLICE("{\"a\": 1}"), parse(text), COLLECTION_QUEUES, &out, *state, NULL),
            ST_OK);
        assert_slice(buffer_slice(&out), "{\"a\": 1}");
        buffer_fini(&out);
    }
}

static void test_metadata_patch_of_a_topic_finds_what_topics_show(void **state)
{
    for (size_t i = 0; i < SHOWN; i++) {
        struct slice text = arena_printf(
            *state, "[{\"op\": \"remove\", \"path\": \"/metadata/%s\"}]", shown_names[i]);
        struct buffer out = {0};
        struct failure f;

        assert_int_equal(
            metadata_patch(SLICE("{}"), parse(text), COLLECTION_TOPICS, &out, *state, &f),
            i < 3 ? ST_OK : ST_CONFLICT);
        buffer_fini(&out);
    }
}

static void test_metadata_patch_with_many_keys_takes_no_square_of_time(void **state)
{
    enum { KEYS = 20000 };
    struct buffer metadata = {0}, patch = {0}, out = {0};

    buffer_add_char(&metadata, '{');
    buffer_add_char(&patch, '[');
    for (int i = 0; i < KEYS; i++) {
        buffer_printf(&metadata, "%s\"k%d\": %d", i == 0 ? "" : ", ", i, i);
        buffer_printf(&patch, "%s" REMOVE("k%d"), i == 0 ? "" : ", ", KEYS - 1 - i);
    }
    buffer_add_char(&metadata, '}');
    buffer_add_char(&patch, ']');
    assert_int_equal(metadata_patch(buffer_slice(&metadata), parse(buffer_slice(&patch)),
                                    COLLECTION_QUEUES, &out, *state, NULL),
                     ST_OK);
    assert_slice(buffer_slice(&out), "{}");
    buffer_fini(&out);
    buffer_fini(&patch);
    buffer_fini(&metadata);
}

/* minimum_delay + 10 must not be reckoned in a number that it doesn't fit. */
static void test_metadata_check_survives_the_largest_minimum_delay(void **state)
{
    (void)state;
    CHECK_VALUES(
        "_retry_policy", false, "{\"minimum_delay\": 9223372036854775807}",
        "{\"minimum_delay\": 9223372036854775798, \"maximum_delay\": 9223372036854775807}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_metadata_check_takes_free_keys_of_any_kind),
        TEST(test_metadata_check_holds_numbers_to_their_bounds),
        TEST(test_metadata_check_bounds_are_those_of_the_configuration),
        TEST(test_metadata_check_refuses_numbers_of_the_wrong_type),
        TEST(test_metadata_check_wants_a_queue_name_for_dead_letters),
        TEST(test_metadata_check_promises_encryption_only_with_a_key),
        TEST(test_metadata_check_wants_a_string_for_a_flavor),
        TEST(test_metadata_check_looks_into_the_retry_policy),
        TEST(test_metadata_check_counts_the_last_of_equal_keys),
        TEST(test_metadata_show_of_nothing_is_the_seven_defaults),
        TEST(test_metadata_show_takes_defaults_from_the_configuration),
        TEST(test_metadata_show_puts_defaults_in_place_of_null),
        TEST(test_metadata_show_keeps_what_is_stored_byte_for_byte),
        TEST(test_metadata_show_keeps_the_order_and_every_blank),
        TEST(test_metadata_show_does_not_read_what_it_copies),
        TEST(test_metadata_show_of_what_was_not_normalised_means_the_same),
        TEST(test_metadata_show_of_a_damaged_row_is_the_defaults),
        TEST(test_metadata_show_of_a_topic_has_three_defaults),
        TEST(test_metadata_normalise_has_each_key_once),
        TEST(test_metadata_patch_check_takes_the_changes_of_the_contract),
        TEST(test_metadata_patch_check_refuses_everything_else),
        TEST(test_metadata_patch_gives_the_changed_object),
        TEST(test_metadata_patch_of_what_is_not_there_is_a_conflict),
        TEST(test_metadata_patch_of_each_shown_attribute_finds_it),
        TEST(test_metadata_patch_of_a_topic_finds_what_topics_show),
        TEST(test_metadata_patch_with_many_keys_takes_no_square_of_time),
        TEST(test_metadata_check_survives_the_largest_minimum_delay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
