/* common/id.h - the identifiers that clients see, and their text forms.
 *
 * A message id is (epoch, seq): the epoch names one life of one queue (unique in the catalog, so it
 * binds the id to its project and queue), seq the place in that queue. As text both are numbers of
 * eleven digits of base 32 (0-9, a-v), so that ids of a queue sort, as bytes, in posting order.
 *
 *   0000vq2k4t1 00s5d8rm02g      (written without the space)
 *
 * A claim id is 16 random bytes, written as 26 digits of base 32. A client id is a UUID (16 bytes),
 * or free text when the configuration allows it.
 */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include "common/slice.h"

#include <stdint.h>

enum {
    CLAIM_ID_BYTES = 16,
    CLAIM_ID_TEXT = 26,
    MESSAGE_ID_TEXT = 22,
    UUID_BYTES = 16,
    UUID_TEXT = 36,
    CLIENT_ID_BYTES_MAX = 64, /* a client id in its stored form */
};

/* The largest number that a message id can carry: 55 bits. Stores number with fewer. */
#define MESSAGE_NUMBER_MAX ((UINT64_C(1) << 55) - 1)

struct message_id {
    uint64_t epoch;
    uint64_t seq;
};

struct claim_id {
    unsigned char bytes[CLAIM_ID_BYTES];
};

void message_id_write(struct message_id id, char text[MESSAGE_ID_TEXT]);

/* message_id_read refuses everything that message_id_write does not produce. */
bool message_id_read(struct slice text, struct message_id *id);

static inline bool message_id_eq(struct message_id a, struct message_id b)
{
    return a.epoch == b.epoch && a.seq == b.seq;
}

void claim_id_write(const struct claim_id *id, char text[CLAIM_ID_TEXT]);
bool claim_id_read(struct slice text, struct claim_id *id);

static inline bool claim_id_eq(const struct claim_id *a, const struct claim_id *b)
{
    return memcmp(a->bytes, b->bytes, CLAIM_ID_BYTES) == 0;
}

/* claim_id_new makes an unguessable one. */
struct claim_id claim_id_new(void);

/* uuid_read takes the forms that Python's uuid.UUID takes: any case, with or without dashes, with
 * "urn:uuid:" before and braces around it. */
bool uuid_read(struct slice text, unsigned char uuid[UUID_BYTES]);

/* uuid_write gives the form of RFC 4122, lower case. */
void uuid_write(const unsigned char uuid[UUID_BYTES], char text[UUID_TEXT]);

/* uuid_new makes a random one (version 4). */
void uuid_new(unsigned char uuid[UUID_BYTES]);

#endif
