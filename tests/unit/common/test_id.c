/* tests/unit/common/test_id.c - identifiers and their text forms. */
#include "tests/unit/dice.h"

#include "common/id.h"

static struct slice message_text(struct message_id id)
{
    static char text[MESSAGE_ID_TEXT];

    message_id_write(id, text);
    return (struct slice){text, sizeof(text)};
}

static struct slice claim_text(struct claim_id id)
{
    static char text[CLAIM_ID_TEXT];

    claim_id_write(&id, text);
    return (struct slice){text, sizeof(text)};
}

static bool is_digit32(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'v');
}

/* ---- Message ids ------------------------------------------------------------------------------ */

static void test_id_message_is_two_numbers_of_eleven_digits(void **state)
{
    (void)state;
    assert_slice(message_text((struct message_id){0, 0}), "0000000000000000000000");
    assert_slice(message_text((struct message_id){31, 32}), "0000000000v00000000010");
    assert_slice(message_text((struct message_id){1, 33}), "0000000000100000000011");
    assert_slice(message_text((struct message_id){MESSAGE_NUMBER_MAX, MESSAGE_NUMBER_MAX}),
                 "vvvvvvvvvvvvvvvvvvvvvv");
}

static void test_id_message_reads_back_what_was_written(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct message_id id = {dice_bits(&dice, 55), dice_bits(&dice, 55)}, back;

        assert_true(message_id_read(message_text(id), &back));
        assert_true(back.epoch == id.epoch && back.seq == id.seq);
        assert_true(message_id_eq(id, back));
    }
}

static void test_id_message_sorts_as_bytes_in_posting_order(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t epoch = dice_bits(&dice, 55), one = dice_bits(&dice, 55);
        uint64_t other = i % 2 == 0 ? one + 1 : dice_bits(&dice, 55);
        char text[MESSAGE_ID_TEXT];
        int order;

        other &= MESSAGE_NUMBER_MAX;
        message_id_write((struct message_id){epoch, one}, text);
        order = slice_compare((struct slice){text, sizeof(text)},
                              message_text((struct message_id){epoch, other}));
        assert_int_equal((order > 0) - (order < 0), (one > other) - (one < other));
    }
}

/* What is read gives the same text when written again: no id has a second name. */
static void test_id_message_read_refuses_what_write_does_not_produce(void **state)
{
    static const char *const refused[] = {
        "",
        "0",
        "000000000000000000000",
        "00000000000000000000000",
        "00000000000000000000000000000000000000000000",
    };
    struct message_id id;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(message_id_read(slice_of(refused[i]), &id));
    assert_false(message_id_read(slice_of(NULL), &id));
    for (size_t at = 0; at < MESSAGE_ID_TEXT; at++) {
        for (int c = 0; c < 256; c++) {
            char text[MESSAGE_ID_TEXT];
            bool read;

            memset(text, '7', sizeof(text));
            text[at] = (char)c;
            read = message_id_read((struct slice){text, sizeof(text)}, &id);
            assert_int_equal(read, is_digit32(c));
            if (read)
                assert_memory_equal(message_text(id).p, text, sizeof(text));
        }
    }
}

static void test_id_message_eq_looks_at_both_numbers(void **state)
{
    (void)state;
    assert_true(message_id_eq((struct message_id){1, 2}, (struct message_id){1, 2}));
    assert_false(message_id_eq((struct message_id){1, 2}, (struct message_id){1, 3}));
    assert_false(message_id_eq((struct message_id){1, 2}, (struct message_id){3, 2}));
}

/* ---- Claim ids -------------------------------------------------------------------------------- */

/* The text is base32hex of RFC 4648, lower case, without padding. */
static void test_id_claim_is_26_digits_of_base_32(void **state)
{
    struct claim_id id = {{0}};

    (void)state;
    assert_slice(claim_text(id), "00000000000000000000000000");
    memset(id.bytes, 0xff, sizeof(id.bytes));
    assert_slice(claim_text(id), "vvvvvvvvvvvvvvvvvvvvvvvvvs");
    for (size_t i = 0; i < sizeof(id.bytes); i++)
        id.bytes[i] = (unsigned char)(i * 17);
    assert_slice(claim_text(id), "008i4cq4alj7f24platspnfevs");
}

static void test_id_claim_reads_back_what_was_written(void **state)
{
    struct dice dice = dice_new(__func__);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t halves[2] = {dice_bits(&dice, 64), dice_bits(&dice, 64)};
        struct claim_id id, back;

        memcpy(id.bytes, halves, sizeof(id.bytes));
        assert_true(claim_id_read(claim_text(id), &back));
        assert_memory_equal(back.bytes, id.bytes, sizeof(id.bytes));
        assert_true(claim_id_eq(&id, &back));
    }
}

static void test_id_claim_read_refuses_what_write_does_not_produce(void **state)
{
    static const char *const refused[] = {
        "",
        "0",
        "0000000000000000000000000",
        "000000000000000000000000000",
        "00000000-0000-0000-0000-000000000000",
    };
    struct claim_id id;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(claim_id_read(slice_of(refused[i]), &id));
    for (size_t at = 0; at < CLAIM_ID_TEXT; at++) {
        size_t read_n = 0;

        for (int c = 0; c < 256; c++) {
            char text[CLAIM_ID_TEXT];

            memset(text, '8', sizeof(text));
            text[at] = (char)c;
            if (!claim_id_read((struct slice){text, sizeof(text)}, &id))
                continue;
            read_n++;
            assert_memory_equal(claim_text(id).p, text, sizeof(text));
        }
        /* the last digit holds two bits that are always zero */
        assert_int_equal(read_n, at == CLAIM_ID_TEXT - 1 ? 8 : 32);
    }
}

static void test_id_claim_new_is_another_each_time(void **state)
{
    struct claim_id one = claim_id_new(), two = claim_id_new();

    (void)state;
    assert_false(claim_id_eq(&one, &two));
}

/* ---- UUIDs ------------------------------------------------------------------------------------ */

#define PLAIN "12345678-9abc-def0-1234-56789abcdef0"

static void test_id_uuid_read_takes_the_forms_that_python_takes(void **state)
{
    static const unsigned char bytes[UUID_BYTES] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                                    0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
    static const char *const taken[] = {
        PLAIN,
        "123456789abcdef0123456789abcdef0",
        "12345678-9ABC-DEF0-1234-56789ABCDEF0",
        "123456789ABCdef0123456789abcDEF0",
        "{" PLAIN "}",
        "{123456789abcdef0123456789abcdef0}",
        "{" PLAIN,
        PLAIN "}",
        "{{" PLAIN "}}",
        "}" PLAIN "{",
        "urn:uuid:" PLAIN,
        "urn:uuid:123456789abcdef0123456789abcdef0",
        "urn:uuid:{" PLAIN "}",
        "urn:" PLAIN,
        "uuid:" PLAIN,
        "1-2-3-4-56789abcdef0123456789abcdef0",
        "-123456789abcdef0123456789abcdef0-",
        "{-123456789abcdef0123456789abcdef0-}",
        "--------123456789abcdef0123456789abcdef0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        unsigned char uuid[UUID_BYTES] = {0};

        if (!uuid_read(slice_of(taken[i]), uuid))
            fail_msg("\"%s\" was refused", taken[i]);
        assert_memory_equal(uuid, bytes, sizeof(bytes));
    }
}

static void test_id_uuid_read_refuses_everything_else(void **state)
{
    static const char *const refused[] = {
        "",
        "-",
        "{}",
        "urn:uuid:",
        "12345678-9abc-def0-1234-56789abcdef",   /* a digit short */
        "12345678-9abc-def0-1234-56789abcdef01", /* a digit too many */
        "12345678-9abc-def0-1234-56789abcdef0" PLAIN,
        "12345678-9abc-def0-1234-56789abcdefg",
        " " PLAIN,
        PLAIN " ",
        "(" PLAIN ")",
        "URN:UUID:" PLAIN, /* Python compares these with regard to case */
        "uuid:urn:" PLAIN "0",
        "12345678_9abc_def0_1234_56789abcdef0",
        "1234567{89abcdef0123456789abcdef0}",
        "not-a-uuid",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        unsigned char uuid[UUID_BYTES];

        if (uuid_read(slice_of(refused[i]), uuid))
            fail_msg("\"%s\" was taken", refused[i]);
    }
    for (int c = 0; c < 256; c++) {
        char text[] = PLAIN;
        unsigned char uuid[UUID_BYTES];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        text[20] = (char)c;
        assert_int_equal(uuid_read((struct slice){text, UUID_TEXT}, uuid), hex);
    }
}

static void test_id_uuid_write_gives_the_lower_case_form_with_dashes(void **state)
{
    unsigned char uuid[UUID_BYTES];
    char text[UUID_TEXT];

    (void)state;
    assert_true(uuid_read(SLICE("{123456789ABCDEF0123456789ABCDEF0}"), uuid));
    uuid_write(uuid, text);
    assert_slice(((struct slice){text, sizeof(text)}), PLAIN);
}

static void test_id_uuid_new_is_random_and_of_version_4(void **state)
{
    unsigned char seen[UUID_BYTES] = {0}, first[UUID_BYTES], uuid[UUID_BYTES];

    (void)state;
    uuid_new(first);
    for (int i = 0; i < 200; i++) {
        uuid_new(uuid);
        assert_memory_not_equal(uuid, first, sizeof(uuid));
        assert_int_equal(uuid[6] >> 4, 4);
        assert_int_equal(uuid[8] >> 6, 2);
        for (size_t j = 0; j < sizeof(uuid); j++)
            seen[j] |= uuid[j];
    }
    /* 200 throws leave no bit zero that may be one */
    for (size_t j = 0; j < sizeof(seen); j++)
        assert_int_equal(seen[j], j == 6 ? 0x4f : j == 8 ? 0xbf : 0xff);
}

/* uuid.UUID("{urn:uuid:…}") works in Python: it drops the two words first, wherever they stand, and
 * the braces after that. */
static void test_id_uuid_read_takes_braces_around_the_prefix_as_python_does(void **state)
{
    static const char *const taken[] = {"{urn:uuid:" PLAIN "}", "{uuid:" PLAIN "}",
                                        ("uuid:urn:" PLAIN)};

    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        unsigned char uuid[UUID_BYTES];

        if (!uuid_read(slice_of(taken[i]), uuid))
            fail_msg("\"%s\" was refused", taken[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_message_is_two_numbers_of_eleven_digits),
        cmocka_unit_test(test_id_message_reads_back_what_was_written),
        cmocka_unit_test(test_id_message_sorts_as_bytes_in_posting_order),
        cmocka_unit_test(test_id_message_read_refuses_what_write_does_not_produce),
        cmocka_unit_test(test_id_message_eq_looks_at_both_numbers),
        cmocka_unit_test(test_id_claim_is_26_digits_of_base_32),
        cmocka_unit_test(test_id_claim_reads_back_what_was_written),
        cmocka_unit_test(test_id_claim_read_refuses_what_write_does_not_produce),
        cmocka_unit_test(test_id_claim_new_is_another_each_time),
        cmocka_unit_test(test_id_uuid_read_takes_the_forms_that_python_takes),
        cmocka_unit_test(test_id_uuid_read_refuses_everything_else),
        cmocka_unit_test(test_id_uuid_write_gives_the_lower_case_form_with_dashes),
        cmocka_unit_test(test_id_uuid_new_is_random_and_of_version_4),
        cmocka_unit_test(test_id_uuid_read_takes_braces_around_the_prefix_as_python_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
