#include "worker/stage/sealed.h"

#include "common/mem.h"
#include "common/random.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum {
    FORM_XAES = 0x01,
    BLOCK_BYTES = 16,
    HEAD_BYTES = 3, /* before the key's id */
    LEAST_BYTES = HEAD_BYTES + 1 + SEALED_NONCE_BYTES + SEALED_TAG_BYTES,
    GCM_NONCE_BYTES = 12,
};

struct sealer {
    EVP_CIPHER_CTX *block; /* AES-256 of one block: derives keys */
    EVP_CIPHER_CTX *gcm;
    unsigned char ready[KEY_BYTES];    /* the key that block holds */
    unsigned char subkey[BLOCK_BYTES]; /* K1 of CMAC for it */
    bool any;                          /* it holds one */
};

/* must is for what fails without memory only. */
static void must(int ok)
{
    assert(ok == 1);
}

struct sealer *sealer_new(void)
{
    struct sealer *s = mem_zalloc(sizeof(*s));

    s->block = EVP_CIPHER_CTX_new();
    s->gcm = EVP_CIPHER_CTX_new();
    must(s->block != NULL && s->gcm != NULL);
    must(EVP_EncryptInit_ex(s->gcm, EVP_aes_256_gcm(), NULL, NULL, NULL));
    return s;
}

void sealer_free(struct sealer *s)
{
    EVP_CIPHER_CTX_free(s->block); /* both wipe what they hold */
    EVP_CIPHER_CTX_free(s->gcm);
    OPENSSL_cleanse(s, sizeof(*s));
    free(s);
}

static void encrypt_blocks(struct sealer *s, const unsigned char *in, unsigned char *out, int n)
{
    int len = 0;

    must(EVP_EncryptUpdate(s->block, out, &len, in, n * BLOCK_BYTES));
    assert(len == n * BLOCK_BYTES);
}

/* use_key makes K1: AES of zeros, shifted left by a bit, in the field of CMAC. */
static void use_key(struct sealer *s, const unsigned char key[KEY_BYTES])
{
    static const unsigned char zeros[BLOCK_BYTES];
    unsigned char l[BLOCK_BYTES];

    if (s->any && CRYPTO_memcmp(s->ready, key, KEY_BYTES) == 0)
        return;
    must(EVP_EncryptInit_ex(s->block, EVP_aes_256_ecb(), NULL, key, NULL));
    must(EVP_CIPHER_CTX_set_padding(s->block, 0));
    encrypt_blocks(s, zeros, l, 1);
    for (int i = 0; i < BLOCK_BYTES; i++)
        s->subkey[i] = (unsigned char)(l[i] << 1 | (i + 1 < BLOCK_BYTES ? l[i + 1] >> 7 : 0));
    s->subkey[BLOCK_BYTES - 1] ^= (unsigned char)(l[0] >> 7 ? 0x87 : 0);
    memcpy(s->ready, key, KEY_BYTES);
    s->any = true;
}

/* start derives the key of a nonce's first half, and gives it to gcm with the other half. */
static void start(struct sealer *s, const unsigned char key[KEY_BYTES],
                  const unsigned char nonce[SEALED_NONCE_BYTES], int encrypts)
{
    unsigned char m[2 * BLOCK_BYTES] = {0}, derived[KEY_BYTES];

    use_key(s, key);
    for (int i = 0; i < 2; i++) {
        unsigned char *block = m + i * BLOCK_BYTES;

        block[1] = (unsigned char)(i + 1);
        block[2] = 'X';
        memcpy(block + 4, nonce, GCM_NONCE_BYTES);
        for (int j = 0; j < BLOCK_BYTES; j++)
            block[j] ^= s->subkey[j];
    }
    encrypt_blocks(s, m, derived, 2);
    must(EVP_CipherInit_ex(s->gcm, NULL, NULL, derived, nonce + GCM_NONCE_BYTES, encrypts));
    OPENSSL_cleanse(derived, sizeof(derived));
}

/* feed hands bytes over; out NULL: they are authenticated only. A body is far smaller than INT_MAX: both ends
 * of the wire see to it. */
static void feed(struct sealer *s, struct slice bytes, unsigned char *out)
{
    int len = 0;

    assert(bytes.len <= INT_MAX);
    if (bytes.len > 0)
        must(EVP_CipherUpdate(s->gcm, out, &len, (const unsigned char *)bytes.p, (int)bytes.len));
}

static void encrypt_rest(struct sealer *s, struct slice text, unsigned char *out)
{
    int len = 0;

    feed(s, text, out);
    must(EVP_EncryptFinal_ex(s->gcm, out + text.len, &len));
    must(EVP_CIPHER_CTX_ctrl(s->gcm, EVP_CTRL_AEAD_GET_TAG, SEALED_TAG_BYTES, out + text.len));
}

void sealed_xaes(struct sealer *s, const unsigned char key[KEY_BYTES],
                 const unsigned char nonce[SEALED_NONCE_BYTES], struct slice aad, struct slice text,
                 unsigned char *out)
{
    start(s, key, nonce, 1);
    feed(s, aad, NULL);
    encrypt_rest(s, text, out);
}

struct slice seal(struct sealer *s, const struct keyring_key *key, struct slice project,
                  struct slice body, struct arena *a)
{
    size_t head = HEAD_BYTES + key->id_len, before = head + SEALED_NONCE_BYTES;
    size_t len = before + body.len + SEALED_TAG_BYTES;
    unsigned char *out = arena_alloc(a, len);

    out[0] = SEALED_MARK;
    out[1] = FORM_XAES;
    out[2] = (unsigned char)key->id_len;
    memcpy(out + HEAD_BYTES, key->id, key->id_len);
    random_bytes(out + head, SEALED_NONCE_BYTES);
    start(s, key->bytes, out + head, 1);
    feed(s, (struct slice){(char *)out, head}, NULL);
    feed(s, project, NULL);
    encrypt_rest(s, body, out + before);
    return (struct slice){(char *)out, len};
}

static enum status read_head(const struct keyring *keys, struct slice sealed, size_t *head,
                             const struct keyring_key **key, struct failure *f)
{
    struct slice id;

    if (sealed.len < LEAST_BYTES || sealed.p[0] != SEALED_MARK || sealed.p[1] != FORM_XAES)
        return fail(f, ST_INVALID, "an encrypted body of an unknown form");
    id = (struct slice){sealed.p + HEAD_BYTES, (unsigned char)sealed.p[2]};
    *head = HEAD_BYTES + id.len;
    if (id.len < 1 || id.len > KEY_ID_MAX ||
        sealed.len < *head + SEALED_NONCE_BYTES + SEALED_TAG_BYTES)
        return fail(f, ST_INVALID, "an encrypted body of an unknown form");
    for (size_t i = 0; i < id.len; i++) /* it goes into logs */
        if (id.p[i] <= ' ' || id.p[i] > '~' || id.p[i] == '"')
            return fail(f, ST_INVALID, "an encrypted body of an unknown form");
    *key = keyring_find(keys, id);
    if (*key == NULL)
        return fail(f, ST_NOT_FOUND, "there is no key %.*s, with which a body was encrypted",
                    SLICE_ARG(id));
    return ST_OK;
}

enum status unseal(struct sealer *s, const struct keyring *keys, struct slice project,
                   struct slice sealed, struct slice *body, struct arena *a, struct failure *f)
{
    const struct keyring_key *key;
    unsigned char *out, tag[SEALED_TAG_BYTES];
    size_t head = 0, before, len;
    int last = 0;
    enum status st = read_head(keys, sealed, &head, &key, f);

    if (st != ST_OK)
        return st;
    before = head + SEALED_NONCE_BYTES;
    len = sealed.len - before - SEALED_TAG_BYTES;
    out = arena_alloc(a, len + 1);
    memcpy(tag, sealed.p + before + len, sizeof(tag));
    start(s, key->bytes, (const unsigned char *)sealed.p + head, 0);
    must(EVP_CIPHER_CTX_ctrl(s->gcm, EVP_CTRL_AEAD_SET_TAG, SEALED_TAG_BYTES, tag));
    feed(s, (struct slice){sealed.p, head}, NULL);
    feed(s, project, NULL);
    feed(s, (struct slice){sealed.p + before, len}, out);
    if (EVP_DecryptFinal_ex(s->gcm, out + len, &last) != 1)
        return fail(f, ST_REFUSED,
                    "key %.*s is not the one with which a body was encrypted, or it is damaged",
                    (int)key->id_len, key->id);
    *body = (struct slice){(char *)out, len};
    return ST_OK;
}
