/* tests/unit/catalog/test_record.c - what the catalog knows of a queue. */
#include "tests/support/cmocka_all.h"

#include "catalog/record.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static struct queue_record *record_of(const char *metadata)
{
    return queue_record_new(&(struct queue_row){.project = SLICE("p"),
                                                .name = SLICE("q"),
                                                .pool = SLICE(""),
                                                .metadata = slice_of(metadata),
                                                .epoch = 5,
                                                .revision = 6,
                                                .created_ms = 7});
}

static void test_record_is_a_copy_of_the_row(void **state)
{
    char project[] = "pro\0ject", name[] = "name", pool[] = "pool", metadata[] = "{\"a\": 1}";
    struct queue_row row = {.project = {project, 8},
                            .name = {name, 4},
                            .pool = {pool, 4},
                            .metadata = {metadata, 8},
                            .epoch = UINT64_C(1) << 40,
                            .revision = UINT64_C(1) << 41,
                            .created_ms = INT64_C(1) << 42};
    struct queue_record *r = queue_record_new(&row);

    (void)state;
    memset(project, 'x', 8);
    memset(name, 'x', 4);
    memset(pool, 'x', 4);
    memset(metadata, 'x', 8);
    assert_true(slice_eq(r->project, SLICE("pro\0ject")));
    assert_slice(r->name, "name");
    assert_slice(r->pool, "pool");
    assert_slice(r->metadata, "{\"a\": 1}");
    assert_true(r->epoch == UINT64_C(1) << 40);
    assert_true(r->revision == UINT64_C(1) << 41);
    assert_true(r->created_ms == INT64_C(1) << 42);
    queue_record_unref(r);
}

static void test_record_takes_empty_parts(void **state)
{
    struct queue_record *r = queue_record_new(&(struct queue_row){.name = SLICE("q")});

    (void)state;
    assert_slice(r->project, "");
    assert_slice(r->pool, "");
    assert_slice(r->metadata, "");
    queue_record_unref(r);
}

struct expected {
    int64_t max_post_bytes, default_ttl_s, default_delay_s, max_claim_count, dead_letter_ttl_s;
    const char *dead_letter_queue;
};

static const struct expected unset = {0, 0, -1, -1, 0, NULL};

static void check(const char *metadata, const struct expected *e)
{
    struct queue_record *r = record_of(metadata);
    const struct queue_attributes *a = &r->attributes;

    if (a->max_post_bytes != e->max_post_bytes || a->default_ttl_s != e->default_ttl_s ||
        a->default_delay_s != e->default_delay_s || a->max_claim_count != e->max_claim_count ||
        a->dead_letter_ttl_s != e->dead_letter_ttl_s ||
        (a->dead_letter_queue.p == NULL) != (e->dead_letter_queue == NULL) ||
        !slice_eq(a->dead_letter_queue, slice_of(e->dead_letter_queue)))
        fail_msg("%s gives %lld %lld %lld %lld %lld %.*s", metadata, (long long)a->max_post_bytes,
                 (long long)a->default_ttl_s, (long long)a->default_delay_s,
                 (long long)a->max_claim_count, (long long)a->dead_letter_ttl_s,
                 SLICE_ARG(a->dead_letter_queue));
    queue_record_unref(r);
}

static void test_record_reads_the_reserved_attributes(void **state)
{
    static const struct {
        const char *metadata;
        struct expected e;
    } cases[] = {
        {"{\"_max_messages_post_size\": 100, \"_default_message_ttl\": 60, "
         "\"_default_message_delay\": 30, \"_max_claim_count\": 3, "
         "\"_dead_letter_queue_messages_ttl\": 90, \"_dead_letter_queue\": \"dead.q-1_\"}",
         {100, 60, 30, 3, 90, "dead.q-1_"}},
        {"{\"_default_message_delay\": 0}", {0, 0, 0, -1, 0, NULL}},
        {"{\"_max_claim_count\": 0}", {0, 0, -1, 0, 0, NULL}},
        {"{\"_default_message_ttl\": 9223372036854775807}", {0, INT64_MAX, -1, -1, 0, NULL}},
        /* keys by their meaning, the last of equal ones */
        {"{\"_default_message_tt\\u006c\": 70}", {0, 70, -1, -1, 0, NULL}},
        {"{\"_default_message_ttl\": 60, \"_default_message_ttl\": 61}", {0, 61, -1, -1, 0, NULL}},
        {"{\"_default_message_ttl\": 60, \"_default_message_ttl\": null}", {0, 0, -1, -1, 0, NULL}},
        /* true and false are 1 and 0, as for Python */
        {"{\"_default_message_delay\": true, \"_max_claim_count\": false}", {0, 0, 1, 0, 0, NULL}},
        /* what is not at the top is the user's */
        {"{\"x\": {\"_default_message_ttl\": 60}, \"default_message_ttl\": 61}",
         {0, 0, -1, -1, 0, NULL}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(cases[i].metadata, &cases[i].e);
}

static void test_record_encrypts_only_when_it_is_told_to(void **state)
{
    static const struct {
        const char *metadata;
        bool encrypt;
    } cases[] = {
        {"{\"_enable_encrypt_messages\": true}", true},
        {"{\"_enable_encrypt_messages\": false}", false},
        {"{\"_enable_encrypt_messages\": null}", false},
        {"{\"_enable_encrypt_messages\": 1}", false},
        {"{\"_enable_encrypt_messages\": \"true\"}", false},
        {"{\"_enable_encrypt_messages\": false, \"_enable_encrypt_messages\": true}", true},
        {"{\"enable_encrypt_messages\": true}", false},
        {"{}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct queue_record *r = record_of(cases[i].metadata);

        assert_int_equal(r->attributes.encrypt, cases[i].encrypt);
        queue_record_unref(r);
    }
}

static void test_record_takes_null_and_wrong_types_for_unset(void **state)
{
    static const char *const names[] = {
        "_max_messages_post_size",         "_default_message_ttl",
        "_default_message_delay",          "_max_claim_count",
        "_dead_letter_queue_messages_ttl", "_dead_letter_queue",
    };
    static const char *const values[] = {"null", "60.0", "6e1", "[60]", "{}", "-60"};

    (void)state;
    check("{}", &unset);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            char metadata[100];

            snprintf(metadata, sizeof(metadata), "{\"%s\": %s}", names[i], values[j]);
            check(metadata, &unset);
        }
    }
    check("{\"_default_message_ttl\": \"60\"}", &unset);
    check("{\"_default_message_ttl\": 0}", &unset);
    check("{\"_max_messages_post_size\": 0}", &unset);
    check("{\"_dead_letter_queue_messages_ttl\": 0}", &unset);
    check("{\"_dead_letter_queue\": 60}", &unset);
    check("{\"_dead_letter_queue\": \"\"}", &unset);
}

static void test_record_of_damaged_metadata_has_no_attributes(void **state)
{
    static const char *const damaged[] = {"",
                                          "null",
                                          "[]",
                                          "60",
                                          "{\"_default_message_ttl\": 60",
                                          "{\"_default_message_ttl\": 60} x",
                                          "[\"_default_message_ttl\", 60]"};

    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        check(damaged[i], &unset);
}

static void test_record_ref_and_unref_take_null(void **state)
{
    (void)state;
    assert_null(queue_record_ref(NULL));
    queue_record_unref(NULL);
}

static void test_record_lives_until_the_last_unref(void **state)
{
    struct queue_record *r = record_of("{}");

    (void)state;
    assert_ptr_equal(queue_record_ref(r), r);
    queue_record_unref(r);
    assert_slice(r->name, "q"); /* AddressSanitizer would tell if it had gone */
    queue_record_unref(r);
}

enum { THREADS = 4, TURNS = 20000 };

static void *ref_and_unref(void *arg)
{
    struct queue_record *r = arg;
    size_t bytes = 0;

    for (int i = 0; i < TURNS; i++) {
        struct queue_record *mine = queue_record_ref(r);

        bytes += mine->name.len;
        queue_record_unref(mine);
    }
    queue_record_unref(r);
    return bytes == TURNS ? arg : NULL;
}

static void test_record_is_counted_from_any_thread(void **state)
{
    struct queue_record *r = record_of("{}");
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        queue_record_ref(r); /* each thread is given one */
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, r), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_ptr_equal(result, r);
    }
    assert_int_equal(r->refs, 1);
    queue_record_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_is_a_copy_of_the_row),
        cmocka_unit_test(test_record_takes_empty_parts),
        cmocka_unit_test(test_record_reads_the_reserved_attributes),
        cmocka_unit_test(test_record_encrypts_only_when_it_is_told_to),
        cmocka_unit_test(test_record_takes_null_and_wrong_types_for_unset),
        cmocka_unit_test(test_record_of_damaged_metadata_has_no_attributes),
        cmocka_unit_test(test_record_ref_and_unref_take_null),
        cmocka_unit_test(test_record_lives_until_the_last_unref),
        cmocka_unit_test(test_record_is_counted_from_any_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
