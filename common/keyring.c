#include "common/keyring.h"

#include <openssl/crypto.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_id(struct slice id, struct keyring_key *key)
{
    if (id.len < 1 || id.len > KEY_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '-' && c != '_' && c != '.')
            return false;
        key->id[i] = c;
    }
    key->id_len = id.len;
    return true;
}

static bool read_bytes(struct slice hex, struct keyring_key *key)
{
    if (hex.len != (size_t)2 * KEY_BYTES)
        return false;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        int high = hex_value(hex.p[2 * i]), low = hex_value(hex.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        key->bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static enum status read_key(struct slice word, struct keyring *k, struct failure *f)
{
    struct slice hex = word, id = slice_cut(&hex, ':');
    struct keyring_key *key = &k->list[k->n];
    size_t place = k->n + 1;

    if (k->n == KEYRING_MAX)
        return fail(f, ST_INVALID, "there may be %d keys at most", KEYRING_MAX);
    if (hex.p == NULL || !read_id(id, key)) /* the id isn't shown: it may be a key that has none */
        return fail(f, ST_INVALID, "key %zu: ID:KEY was expected", place);
    if (!read_bytes(hex, key))
        return fail(f, ST_INVALID, "key %zu (%.*s): its %d bytes are wanted as %d hex digits",
                    place, SLICE_ARG(id), KEY_BYTES, 2 * KEY_BYTES);
    if (keyring_find(k, id) != NULL)
        return fail(f, ST_INVALID, "key %zu (%.*s): there is one of that name already", place,
                    SLICE_ARG(id));
    k->n++;
    return ST_OK;
}

enum status keyring_read(struct slice text, struct keyring *k, struct failure *f)
{
    struct slice rest = text;

    *k = (struct keyring){.n = 0};
    while (text.len > 0 && rest.p != NULL) {
        if (read_key(slice_trim(slice_cut(&rest, ',')), k, f) != ST_OK) {
            keyring_wipe(k);
            return ST_INVALID;
        }
    }
    return ST_OK;
}

void keyring_wipe(struct keyring *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

const struct keyring_key *keyring_find(const struct keyring *k, struct slice id)
{
    for (size_t i = 0; i < k->n; i++)
        if (slice_eq((struct slice){k->list[i].id, k->list[i].id_len}, id))
            return &k->list[i];
    return NULL;
}
