/* tests/fuzz/fuzz_sealed.c - any bytes as the keys of the configuration, and as a body that a store gives: what
 * opens is only what was sealed. */
#include "tests/fuzz/fuzz.h"

#include "worker/stage/sealed.h"

#define KEYS "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void check_keys(struct slice text)
{
    struct failure f = {0};
    struct keyring k;

    if (keyring_read(text, &k, &f) != ST_OK) {
        assert(k.n == 0 && f.text[0] != '\0');
        return;
    }
    assert(k.n <= KEYRING_MAX && (k.n > 0 || text.len == 0));
    for (size_t i = 0; i < k.n; i++) {
        struct slice id = {k.list[i].id, k.list[i].id_len};

        assert(id.len >= 1 && id.len <= KEY_ID_MAX && keyring_find(&k, id) == &k.list[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {(const char *)data, size}, sealed, body;
    struct sealer *s = sealer_new();
    struct failure f = {0};
    struct arena a = {0};
    struct keyring k;
    enum status st;

    check_keys(input);
    st = keyring_read(SLICE(KEYS), &k, NULL);
    assert(st == ST_OK);
    st = unseal(s, &k, SLICE("p"), input, &body, &a, &f); /* nobody finds a tag by chance */
    assert(st == ST_INVALID || st == ST_NOT_FOUND || st == ST_REFUSED);
    assert(f.st == st && f.text[0] != '\0');
    sealed = seal(s, &k.list[0], input, input, &a);
    st = unseal(s, &k, input, sealed, &body, &a, &f);
    assert(st == ST_OK && slice_eq(body, input));
    sealer_free(s);
    arena_fini(&a);
    return 0;
}
