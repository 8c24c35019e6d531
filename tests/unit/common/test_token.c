/* tests/unit/common/test_token.c - tokens of HTTP. */
#include "tests/support/cmocka_all.h"

#include "common/token.h"

static void test_token_is_what_a_method_is_made_of(void **state)
{
    static const char *const good[] = {"GET", "get", "X-y_9", "!#$%&'*+-.^_`|~", NULL};
    static const char *const bad[] = {"",      "GET,PUT",    "GET\\nx", "GET ", " GET", "GE\nT",
                                      "GET\\", "G\xc3\x89T", "a/b",     "(a)",  "\"",   NULL};

    (void)state;
    for (size_t i = 0; good[i] != NULL; i++)
        assert_true(token_is(slice_of(good[i])));
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(token_is(slice_of(bad[i])));
    assert_false(token_is((struct slice){"GET\0", 4}));
    assert_false(token_is((struct slice){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_is_what_a_method_is_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
