/* worker/stage/sealed.h - the form that an encrypted body has at rest.
 *
 *   0x01   sealed: no JSON begins so
 *   0x01   form: XAES-256-GCM
 *   n      1 byte: length of the key's id
 *   id     n bytes
 *   nonce  24 random bytes
 *   text   as long as the body
 *   tag    16 bytes
 *
 * XAES-256-GCM (c2sp.org/XAES-256-GCM) is AES-256-GCM under a key derived from the first half of the nonce.
 * With plain AES-256-GCM and its nonces of 96 random bits a key is good for 2^32 messages, which a busy queue
 * sees within days; here any number is.
 *
 * Authenticated with it: all before the nonce, and the project. So a body can't be put into another project;
 * it can move between the queues of its own, as dead letters do.
 */
#ifndef WORKER_STAGE_SEALED_H
#define WORKER_STAGE_SEALED_H

#include "common/arena.h"
#include "common/keyring.h"

enum {
    SEALED_MARK = 0x01,
    SEALED_NONCE_BYTES = 24,
    SEALED_TAG_BYTES = 16,
};

static inline bool sealed_is(struct slice body)
{
    return body.len > 0 && body.p[0] == SEALED_MARK;
}

/* struct sealer keeps what OpenSSL makes anew for each key otherwise. One thread at a time. */
struct sealer;

struct sealer *sealer_new(void);
void sealer_free(struct sealer *s);

/* seal gives the sealed form of body, in a. */
struct slice seal(struct sealer *s, const struct keyring_key *key, struct slice project,
                  struct slice body, struct arena *a);

/* unseal gives the body, in a. ST_INVALID: it is no sealed form. ST_NOT_FOUND: the ring has no such key.
 * ST_REFUSED: it is not what was sealed with that key for this project. f names the key's id, if it is one. */
enum status unseal(struct sealer *s, const struct keyring *keys, struct slice project,
                   struct slice sealed, struct slice *body, struct arena *a, struct failure *f);

/* sealed_xaes is the cipher alone, for the test of its vectors: out has room for len bytes and the tag. */
void sealed_xaes(struct sealer *s, const unsigned char key[KEY_BYTES],
                 const unsigned char nonce[SEALED_NONCE_BYTES], struct slice aad, struct slice text,
                 unsigned char *out);

#endif
