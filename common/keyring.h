/* common/keyring.h - the keys that bodies are encrypted with at rest, as [transport]
 * message_encryption_keys names them.
 *
 *   2026b:6f1c…(64 hex digits),2026a:09aa…      the first one encrypts, all of them decrypt
 *
 * The id of a key stands with each body, so a key can be replaced while what the old one has encrypted
 * is still about. Keys are secrets: no failure and no log shows one.
 */
#ifndef COMMON_KEYRING_H
#define COMMON_KEYRING_H

#include "common/slice.h"
#include "common/status.h"

enum {
    KEY_BYTES = 32, /* of AES-256 */
    KEY_ID_MAX = 32,
    KEYRING_MAX = 64,
};

struct keyring_key {
    char id[KEY_ID_MAX];
    size_t id_len;
    unsigned char bytes[KEY_BYTES];
};

struct keyring {
    struct keyring_key list[KEYRING_MAX];
    size_t n; /* 0: nothing can be encrypted, or decrypted */
};

/* keyring_read reads the option's text; an empty one gives an empty ring. ST_INVALID: f says which key is
 * wrong, by its place, and how. The ring then holds nothing. */
enum status keyring_read(struct slice text, struct keyring *k, struct failure *f);

/* keyring_wipe overwrites it. */
void keyring_wipe(struct keyring *k);

/* keyring_find gives the key of an id, NULL if there is none. */
const struct keyring_key *keyring_find(const struct keyring *k, struct slice id);

#endif
