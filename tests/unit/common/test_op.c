/* tests/unit/common/test_op.c - the table of operations. */
#include "tests/support/cmocka_all.h"

#include "common/op.h"

/* The numbers travel on the wire. A line is added here with each operation; none is ever changed. */
static const struct {
    int number;
    const char *name;
    bool changes;
} expected[] = {
    {1, "message_post", true},
    {2, "message_list", false},
    {3, "message_get", false},
    {4, "message_delete", true},
    {5, "message_pop", true},
    {6, "claim_create", true},
    {7, "claim_get", false},
    {8, "claim_renew", true},
    {9, "claim_release", true},
    {10, "queue_stats", false},
    {11, "queue_purge", true},
    {12, "queue_drop", true},
    {13, "store_ping", false},
    {14, "subscription_put", true},
    {15, "subscription_list", false},
    {16, "subscription_get", false},
    {17, "subscription_update", true},
    {18, "subscription_delete", true},
    {19, "subscription_confirm", true},
    {20, "pool_probe", false},
};

enum { EXPECTED = sizeof(expected) / sizeof(expected[0]) };

static void test_op_numbers_names_and_effects_never_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++) {
        enum op_code code = (enum op_code)expected[i].number;

        assert_string_equal(op_name(code), expected[i].name);
        assert_int_equal(op_changes(code), expected[i].changes);
    }
}

static void test_op_known_tells_ours_from_all_other_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++)
        assert_true(op_known((uint64_t)expected[i].number));
    assert_false(op_known(0));
    assert_false(op_known(EXPECTED + 1));
    assert_false(op_known((UINT64_C(1) << 32) + 1)); /* 1 in the low half */
    assert_false(op_known(UINT64_MAX));
}

static void test_op_name_of_an_unknown_number_is_a_question_mark(void **state)
{
    (void)state;
    assert_string_equal(op_name((enum op_code)0), "?");
    assert_string_equal(op_name((enum op_code)(EXPECTED + 1)), "?");
    assert_false(op_changes((enum op_code)0));
}

static void test_op_buries_unless_the_queue_is_its_own_dead_letter_queue(void **state)
{
    struct op op = {.code = OP_claim_create, .queue.epoch = 7};

    (void)state;
    op.in.claim_create.dead_letter.target.epoch = 8;
    assert_false(op_buries(&op));
    op.in.claim_create.dead_letter.active = true;
    assert_true(op_buries(&op));
    op.in.claim_create.dead_letter.target.epoch = 7;
    assert_false(op_buries(&op));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_op_numbers_names_and_effects_never_change),
        cmocka_unit_test(test_op_known_tells_ours_from_all_other_numbers),
        cmocka_unit_test(test_op_name_of_an_unknown_number_is_a_question_mark),
        cmocka_unit_test(test_op_buries_unless_the_queue_is_its_own_dead_letter_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
