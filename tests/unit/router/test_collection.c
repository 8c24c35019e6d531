/* tests/unit/router/test_collection.c - queues and topics, and what the catalog calls them. */
#include "tests/support/cmocka_all.h"

#include "router/api/collection.h"
#include "router/api/name.h"

static void test_collection_names_of_records_lead_back_to_their_members(void **state)
{
    static const char *const names[] = {"x", ".", "..", "-", "queues", "topics", "a.b-c_D"};
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice name = slice_of(names[i]);
        struct slice queue = collection_record_name(COLLECTION_QUEUES, name, &a);
        struct slice topic = collection_record_name(COLLECTION_TOPICS, name, &a);

        assert_slice(queue,
                     names[i]); /* as it is: catalogs hold queues from before there were topics */
        assert_false(slice_eq(queue, topic));
        assert_false(name_is_queue(topic)); /* no queue can be called that */
        assert_slice(collection_member_name(queue), names[i]);
        assert_slice(collection_member_name(topic), names[i]);
    }
    arena_fini(&a);
}

/* Whatever the names, all queues stand before the end of queues, and all topics behind it. */
static void test_collection_ends_part_queues_from_topics(void **state)
{
    struct slice queues_end = collection_end(COLLECTION_QUEUES);
    struct slice topics_end = collection_end(COLLECTION_TOPICS);
    struct arena a = {0};

    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = {(char)c, 'z'};
        struct slice name = {text, sizeof(text)}, topic;

        if (!name_is_queue(name))
            continue;
        topic = collection_record_name(COLLECTION_TOPICS, name, &a);
        assert_true(slice_compare(name, queues_end) < 0);
        assert_true(slice_compare(queues_end, topic) < 0);
        assert_true(slice_compare(topic, topics_end) < 0);
    }
    /* a list of topics from its beginning is one behind the empty name */
    assert_true(slice_eq(collection_record_name(COLLECTION_TOPICS, SLICE(""), &a), queues_end));
    arena_fini(&a);
}

static void test_collection_has_a_noun(void **state)
{
    (void)state;
    assert_string_equal(collection_noun(COLLECTION_QUEUES), "queue");
    assert_string_equal(collection_noun(COLLECTION_TOPICS), "topic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collection_names_of_records_lead_back_to_their_members),
        cmocka_unit_test(test_collection_ends_part_queues_from_topics),
        cmocka_unit_test(test_collection_has_a_noun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
