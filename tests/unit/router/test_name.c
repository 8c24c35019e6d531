/* tests/unit/router/test_name.c - what may be a queue's name, and a project's id. */
#include "tests/support/cmocka_all.h"

#include "router/api/name.h"

static void test_name_of_a_queue_has_64_kinds_of_characters_and_the_dot(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

    (void)state;
    for (int c = 0; c < 256; c++) {
        char name[] = "qqq";
        bool fine = c != 0 && strchr(allowed, c) != NULL;

        for (size_t at = 0; at < 3; at++) {
            memcpy(name, "qqq", 3);
            name[at] = (char)c;
            if (name_is_queue((struct slice){name, 3}) != fine)
                fail_msg("character %d at %zu", c, at);
        }
    }
}

static void test_name_of_a_queue_has_1_to_64_characters(void **state)
{
    char name[100];

    (void)state;
    memset(name, 'q', sizeof(name));
    for (size_t len = 0; len < sizeof(name); len++)
        assert_int_equal(name_is_queue((struct slice){name, len}), len >= 1 && len <= 64);
    assert_false(name_is_queue(slice_of(NULL)));
}

static void test_name_of_a_queue_may_be_dots(void **state)
{
    (void)state;
    assert_true(name_is_queue(SLICE(".")));
    assert_true(name_is_queue(SLICE("..")));
    assert_true(name_is_queue(SLICE("a.b-c_D")));
    assert_false(name_is_queue(SLICE("a\n")));
    assert_false(name_is_queue(SLICE("a b")));
    assert_false(name_is_queue(SLICE("caf\xc3\xa9")));
}

static void test_name_of_a_project_is_any_bytes_up_to_256(void **state)
{
    char project[300];

    (void)state;
    for (size_t i = 0; i < sizeof(project); i++)
        project[i] = (char)i;
    for (size_t len = 0; len < sizeof(project); len++)
        assert_int_equal(name_is_project((struct slice){project, len}), len <= 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_of_a_queue_has_64_kinds_of_characters_and_the_dot),
        cmocka_unit_test(test_name_of_a_queue_has_1_to_64_characters),
        cmocka_unit_test(test_name_of_a_queue_may_be_dots),
        cmocka_unit_test(test_name_of_a_project_is_any_bytes_up_to_256),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
