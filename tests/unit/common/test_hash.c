/* tests/unit/common/test_hash.c - tables whose keys others choose. */
#include "tests/support/cmocka_all.h"

#include "common/hash.h"

#include <stdbool.h>

enum { KEYS = 2000, KEY_BYTES_MAX = 8, BUCKET_BITS = 11, CHAIN_MAX = 20 };

struct entry {
    size_t len;
    char key[KEY_BYTES_MAX];
    UT_hash_handle hh;
};

/* make_key writes number i with 64 digits. */
static size_t make_key(unsigned i, char key[KEY_BYTES_MAX])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    size_t len = 0;

    do {
        key[len++] = digits[i & 63];
        i >>= 6;
    } while (i > 0);
    return len;
}

/* collides tells whether uthash's own hash puts a key into bucket 0. */
static bool collides(const char *key, size_t len)
{
    unsigned hash;

    HASH_JEN(key, len, hash);
    return (hash & ((1u << BUCKET_BITS) - 1)) == 0;
}

static struct entry *collect(void)
{
    struct entry *all = calloc(KEYS, sizeof(*all));
    size_t n = 0;

    assert_non_null(all);
    for (unsigned i = 0; n < KEYS; i++) {
        all[n].len = make_key(i, all[n].key);
        n += collides(all[n].key, all[n].len);
    }
    return all;
}

static unsigned longest_chain(const struct entry *table)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < table->hh.tbl->num_buckets; i++)
        if (table->hh.tbl->buckets[i].count > longest)
            longest = table->hh.tbl->buckets[i].count;
    return longest;
}

static void test_hash_keys_that_were_chosen_to_collide_do_not(void **state)
{
    struct entry *all = collect(), *table = NULL, *found;

    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        HASH_ADD_KEYPTR(hh, table, all[i].key, all[i].len, &all[i]);
    assert_non_null(table);
    assert_true(longest_chain(table) <= CHAIN_MAX); /* 2,000 without the secret */
    for (size_t i = 0; i < KEYS; i++) {
        HASH_FIND(hh, table, all[i].key, all[i].len, found);
        assert_ptr_equal(found, &all[i]);
    }
    HASH_CLEAR(hh, table);
    free(all);
}

/* 32 bits of 1,500 pairs: it fails for nothing once in a million runs. */
static void test_hash_is_of_all_bytes_and_of_nothing_else(void **state)
{
    char bytes[301] = {0};

    (void)state;
    assert_int_equal(hash_bytes(bytes, 0), hash_bytes(bytes + 7, 0));
    for (size_t len = 1; len + 1 < sizeof(bytes); len++) {
        unsigned before = hash_bytes(bytes, len);

        assert_int_equal(hash_bytes(bytes, len), before);
        for (size_t i = 0; i < len; i += 1 + len / 5) {
            bytes[i] = 1;
            assert_int_not_equal(hash_bytes(bytes, len), before);
            bytes[i] = 0;
        }
        bytes[len] = 1;
        assert_int_equal(hash_bytes(bytes, len), before);
        bytes[len] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_keys_that_were_chosen_to_collide_do_not),
        cmocka_unit_test(test_hash_is_of_all_bytes_and_of_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
