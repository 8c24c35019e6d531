/* tests/unit/worker/test_sealed.c - the form of encrypted bodies. */
#include "tests/unit/dice.h"

#include "worker/stage/sealed.h"

#include <stdio.h>

#define HEX_A "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "b:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct set {
    struct sealer *sealer;
    struct keyring keys;
    struct arena a;
};

static int begin(void **state)
{
    static struct set s;

    s = (struct set){.sealer = sealer_new()};
    assert_int_equal(keyring_read(SLICE(HEX_A "," HEX_B), &s.keys, NULL), ST_OK);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    struct set *s = *state;

    sealer_free(s->sealer);
    arena_fini(&s->a);
    return 0;
}

static struct slice sealed_of(struct set *s, size_t key, const char *project, struct slice body)
{
    return seal(s->sealer, &s->keys.list[key], slice_of(project), body, &s->a);
}

static enum status opened(struct set *s, const char *project, struct slice sealed,
                          struct slice *body)
{
    struct failure f = {0};
    enum status st = unseal(s->sealer, &s->keys, slice_of(project), sealed, body, &s->a, &f);

    assert_true(st == ST_OK || (f.st == st && f.text[0] != '\0'));
    return st;
}

/* The vectors of c2sp.org/XAES-256-GCM: one for either top bit of what the key encrypts zeros to. */
static void test_sealed_cipher_is_xaes_256_gcm(void **state)
{
    static const struct {
        unsigned char key;
        struct slice aad;
        const char *sealed;
    } vectors[] = {
        {0x01, SLICE_INIT(""), "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
        {0x03, SLICE_INIT("c2sp.org/XAES-256-GCM"),
         "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
    };
    const unsigned char *nonce = (const unsigned char *)"ABCDEFGHIJKLMNOPQRSTUVWX";
    struct set *s = *state;

    for (size_t i = 0; i < 2; i++) {
        unsigned char key[KEY_BYTES], out[12 + SEALED_TAG_BYTES];
        char hex[2 * sizeof(out) + 1];

        memset(key, vectors[i].key, sizeof(key));
        sealed_xaes(s->sealer, key, nonce, vectors[i].aad, SLICE("XAES-256-GCM"), out);
        for (size_t j = 0; j < sizeof(out); j++)
            snprintf(hex + 2 * j, 3, "%02x", out[j]);
        assert_string_equal(hex, vectors[i].sealed);
    }
}

static void test_sealed_body_comes_back(void **state)
{
    struct set *s = *state;
    struct dice d = dice_new("sealed body comes back");

    for (int i = 0; i < 200; i++) {
        size_t len = dice_below(&d, i % 20 == 0 ? 300000 : 200);
        char *bytes = arena_alloc(&s->a, len + 1);
        struct slice sealed, body;

        for (size_t j = 0; j < len; j++)
            bytes[j] = (char)dice_next(&d);
        sealed = sealed_of(s, dice_below(&d, 2), "project", (struct slice){bytes, len});
        assert_true(sealed_is(sealed));
        assert_int_equal(sealed.len, 3 + 1 + SEALED_NONCE_BYTES + len + SEALED_TAG_BYTES);
        assert_int_equal(opened(s, "project", sealed, &body), ST_OK);
        assert_true(slice_eq(body, (struct slice){bytes, len}));
    }
}

static void test_sealed_twice_differs_and_shows_nothing(void **state)
{
    struct slice body = SLICE("\"attack at dawn, attack at dawn\"");
    struct set *s = *state;
    struct slice one = sealed_of(s, 0, "p", body), two = sealed_of(s, 0, "p", body);

    assert_int_equal(one.len, two.len);
    assert_true(memcmp(one.p + 4, two.p + 4, SEALED_NONCE_BYTES) != 0);
    assert_true(memcmp(one.p + 4 + SEALED_NONCE_BYTES, two.p + 4 + SEALED_NONCE_BYTES, body.len) !=
                0);
    assert_null(memmem(one.p, one.len, "attack", 6));
}

static void test_sealed_belongs_to_its_project(void **state)
{
    struct set *s = *state;
    struct slice sealed = sealed_of(s, 0, "p", SLICE("1")), body;

    assert_int_equal(opened(s, "p", sealed, &body), ST_OK);
    assert_int_equal(opened(s, "P", sealed, &body), ST_REFUSED);
    assert_int_equal(opened(s, "", sealed, &body), ST_REFUSED);
    assert_int_equal(opened(s, "pp", sealed, &body), ST_REFUSED);
}

static void test_sealed_is_opened_by_its_key_alone(void **state)
{
    struct set *s = *state;
    struct slice by_a = sealed_of(s, 0, "p", SLICE("1")), by_b = sealed_of(s, 1, "p", SLICE("2"));
    struct slice body;
    struct failure f;

    assert_int_equal(opened(s, "p", by_a, &body), ST_OK);
    assert_slice(body, "1");
    assert_int_equal(opened(s, "p", by_b, &body), ST_OK);
    assert_slice(body, "2");
    s->keys.n = 1; /* b is gone */
    assert_int_equal(opened(s, "p", by_a, &body), ST_OK);
    assert_int_equal(unseal(s->sealer, &s->keys, SLICE("p"), by_b, &body, &s->a, &f), ST_NOT_FOUND);
    assert_non_null(strstr(f.text, "no key b,"));
    s->keys.list[0].bytes[31] ^= 1; /* another key of that name */
    assert_int_equal(unseal(s->sealer, &s->keys, SLICE("p"), by_a, &body, &s->a, &f), ST_REFUSED);
    assert_non_null(strstr(f.text, "key a "));
}

static void test_sealed_does_not_open_after_any_change(void **state)
{
    struct set *s = *state;
    struct slice sealed = sealed_of(s, 0, "p", SLICE("{\"a\": 1}")), body;
    char *bytes = arena_alloc(&s->a, sealed.len);

    for (size_t i = 0; i < sealed.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, sealed.p, sealed.len);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            assert_int_not_equal(opened(s, "p", (struct slice){bytes, sealed.len}, &body), ST_OK);
        }
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_not_equal(opened(s, "p", (struct slice){sealed.p, len}, &body), ST_OK);
    assert_int_equal(opened(s, "p", sealed, &body), ST_OK);
}

/* What stands in the head goes into the log. */
static void test_sealed_head_is_shown_only_if_it_is_a_name(void **state)
{
    struct set *s = *state;
    struct slice sealed = sealed_of(s, 0, "p", SLICE("1")), body;
    char *bytes = arena_alloc(&s->a, sealed.len);
    struct failure f;

    memcpy(bytes, sealed.p, sealed.len);
    for (int c = 0; c < 256; c++) {
        bytes[3] = (char)c;
        if (c == 'a' || c == 'b')
            continue;
        assert_int_not_equal(unseal(s->sealer, &s->keys, SLICE("p"),
                                    (struct slice){bytes, sealed.len}, &body, &s->a, &f),
                             ST_OK);
        for (const char *p = f.text; *p != '\0'; p++)
            assert_true(*p >= ' ' && *p <= '~' && *p != '"');
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sealed_cipher_is_xaes_256_gcm),
        TEST(test_sealed_body_comes_back),
        TEST(test_sealed_twice_differs_and_shows_nothing),
        TEST(test_sealed_belongs_to_its_project),
        TEST(test_sealed_is_opened_by_its_key_alone),
        TEST(test_sealed_does_not_open_after_any_change),
        TEST(test_sealed_head_is_shown_only_if_it_is_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
