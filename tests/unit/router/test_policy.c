/* tests/unit/router/test_policy.c - who may do what. */
#include "tests/support/cmocka_all.h"

#include "router/api/policy.h"

static void test_policy_admins_are_told_by_their_role(void **state)
{
    static const struct {
        const char *roles;
        bool admin;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"admin", true},
        {"Admin", true},
        {"member,admin", true},
        {" member ,\tADMIN ", true},
        {"administrator", false},
        {"member", false},
        {"a,d,m,i,n", false},
        {",,", false},
        {"admin member", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice roles = slice_of(cases[i].roles);

        assert_int_equal(policy_allows(POLICY_POOLS_CREATE, roles), cases[i].admin);
        assert_int_equal(policy_allows(POLICY_FLAVORS_DELETE, roles), cases[i].admin);
        assert_true(policy_allows(POLICY_FLAVORS_GET, roles));
        assert_true(policy_allows(POLICY_NONE, roles));
    }
}

static void test_policy_names_are_those_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(policy_name(POLICY_QUEUES_GET_ALL), "queues:get_all");
    assert_string_equal(policy_name(POLICY_SUBSCRIPTION_CONFIRM), "subscription:confirm");
    assert_string_equal(policy_name(POLICY_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_admins_are_told_by_their_role),
        cmocka_unit_test(test_policy_names_are_those_of_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
