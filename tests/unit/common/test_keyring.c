/* tests/unit/common/test_keyring.c - the keys of [transport] message_encryption_keys. */
#include "tests/support/cmocka_all.h"

#include "common/config.h"
#include "common/keyring.h"

#include <stdio.h>

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "FFeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static void test_keyring_reads_keys_in_their_order(void **state)
{
    struct keyring k;
    const struct keyring_key *key;

    (void)state;
    assert_int_equal(keyring_read(SLICE("2026-b:" HEX_B " , a.1_X:" HEX_A), &k, NULL), ST_OK);
    assert_int_equal(k.n, 2);
    assert_slice(((struct slice){k.list[0].id, k.list[0].id_len}), "2026-b");
    assert_int_equal(k.list[0].bytes[0], 0xff);
    assert_int_equal(k.list[0].bytes[1], 0xee);
    key = keyring_find(&k, SLICE("a.1_X"));
    assert_ptr_equal(key, &k.list[1]);
    for (int i = 0; i < KEY_BYTES; i++)
        assert_int_equal(key->bytes[i], i);
    assert_null(keyring_find(&k, SLICE("a.1_")));
    assert_null(keyring_find(&k, SLICE("")));
    keyring_wipe(&k);
    assert_int_equal(k.n, 0);
    for (size_t i = 0; i < sizeof(k); i++)
        assert_int_equal(((unsigned char *)&k)[i], 0);
}

static void test_keyring_of_an_empty_text_is_empty(void **state)
{
    struct keyring k = {.n = 3};

    (void)state;
    assert_int_equal(keyring_read(SLICE(""), &k, NULL), ST_OK);
    assert_int_equal(k.n, 0);
}

static void test_keyring_refuses_what_is_no_key_and_tells_none(void **state)
{
    static const char *const bad[] = {
        "AES256",
        HEX_A,
        ":" HEX_A,
        "a:",
        "a:" HEX_A "00",
        "a:0" HEX_A,
        "a:g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "a:" HEX_A ",",
        ",a:" HEX_A,
        "a:" HEX_A ",a:" HEX_B,
        "a b:" HEX_A,
        "a\"b:" HEX_A,
        "\xc3\xa9:" HEX_A,
        "abcdefghijklmnopqrstuvwxyz0123456:" HEX_A,
        "a:" HEX_A " " HEX_B,
        "a::" HEX_A,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct failure f = {0};
        struct keyring k;

        if (keyring_read(slice_of(bad[i]), &k, &f) != ST_INVALID)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(k.n, 0);
        assert_true(f.text[0] != '\0');
        assert_null(strstr(f.text, "0102030405"));
        assert_null(strstr(f.text, "AES256"));
    }
}

static void test_keyring_is_bounded(void **state)
{
    char text[(KEYRING_MAX + 1) * 80] = "";
    size_t len = 0;
    struct keyring k;

    (void)state;
    for (int i = 0; i <= KEYRING_MAX; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%sk%d:" HEX_A, i == 0 ? "" : ",", i);
        assert_int_equal(keyring_read(slice_of(text), &k, NULL),
                         i < KEYRING_MAX ? ST_OK : ST_INVALID);
    }
}

static void test_keyring_is_checked_with_the_configuration_and_never_printed(void **state)
{
    struct slice section = SLICE("transport"), name = SLICE("message_encryption_keys");
    struct buffer out = {0};
    struct failure f = {0};
    struct config c;

    (void)state;
    config_init(&c);
    assert_int_equal(config_set(&c, section, name, SLICE("a:" HEX_A), &f), ST_OK);
    assert_int_equal(config_check(&c, &f), ST_OK);
    config_print(&c, false, &out);
    config_print(&c, true, &out);
    buffer_add_char(&out, '\0');
    assert_null(strstr(out.p, "0102030405"));
    assert_non_null(strstr(out.p, "message_encryption_keys = ***\n"));
    assert_int_equal(config_set(&c, section, name, SLICE("a:" HEX_A "00"), &f), ST_OK);
    assert_int_equal(config_check(&c, &f), ST_INVALID);
    assert_null(strstr(f.text, "0102030405"));
    assert_non_null(strstr(f.text, "[transport] message_encryption_keys: key 1 (a)"));
    buffer_fini(&out);
    config_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyring_reads_keys_in_their_order),
        cmocka_unit_test(test_keyring_of_an_empty_text_is_empty),
        cmocka_unit_test(test_keyring_refuses_what_is_no_key_and_tells_none),
        cmocka_unit_test(test_keyring_is_bounded),
        cmocka_unit_test(test_keyring_is_checked_with_the_configuration_and_never_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
