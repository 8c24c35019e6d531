/* tests/fuzz/fuzz_id.c - any bytes as the text of an id, and as an id itself. A message id and a claim id
 * have one text each; a client id may have several, and comes out in the form of RFC 4122. */
#include "tests/fuzz/fuzz.h"

#include "common/id.h"

static void check_texts(struct slice text)
{
    char message_text[MESSAGE_ID_TEXT], claim_text[CLAIM_ID_TEXT], uuid_text[UUID_TEXT];
    unsigned char uuid[UUID_BYTES], uuid_back[UUID_BYTES];
    struct message_id message;
    struct claim_id claim;

    if (message_id_read(text, &message)) {
        assert(message.epoch <= MESSAGE_NUMBER_MAX && message.seq <= MESSAGE_NUMBER_MAX);
        message_id_write(message, message_text);
        assert(slice_eq(text, (struct slice){message_text, MESSAGE_ID_TEXT}));
    }
    if (claim_id_read(text, &claim)) {
        claim_id_write(&claim, claim_text);
        assert(slice_eq(text, (struct slice){claim_text, CLAIM_ID_TEXT}));
    }
    if (uuid_read(text, uuid)) {
        uuid_write(uuid, uuid_text);
        assert(uuid_read((struct slice){uuid_text, UUID_TEXT}, uuid_back));
        assert(memcmp(uuid, uuid_back, UUID_BYTES) == 0);
    }
}

static struct message_id take_message_id(const uint8_t *data)
{
    struct message_id id;

    memcpy(&id, data, sizeof(id));
    id.epoch &= MESSAGE_NUMBER_MAX;
    id.seq &= MESSAGE_NUMBER_MAX;
    return id;
}

static int sign(int64_t n)
{
    return (n > 0) - (n < 0);
}

/* check_order: ids sort as their texts do. */
static void check_order(struct message_id a, struct message_id b)
{
    char a_text[MESSAGE_ID_TEXT], b_text[MESSAGE_ID_TEXT];
    int order =
        a.epoch != b.epoch ? sign((int64_t)(a.epoch - b.epoch)) : sign((int64_t)(a.seq - b.seq));
    struct message_id back;

    message_id_write(a, a_text);
    message_id_write(b, b_text);
    assert(sign(memcmp(a_text, b_text, MESSAGE_ID_TEXT)) == order);
    assert(message_id_read((struct slice){a_text, MESSAGE_ID_TEXT}, &back));
    assert(message_id_eq(a, back));
}

static void check_claim(const uint8_t *data)
{
    char text[CLAIM_ID_TEXT];
    struct claim_id id, back;

    memcpy(id.bytes, data, CLAIM_ID_BYTES);
    claim_id_write(&id, text);
    assert(claim_id_read((struct slice){text, CLAIM_ID_TEXT}, &back));
    assert(claim_id_eq(&id, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_texts((struct slice){(const char *)data, size});
    if (size >= 2 * sizeof(struct message_id)) {
        check_order(take_message_id(data), take_message_id(data + sizeof(struct message_id)));
        check_claim(data);
    }
    return 0;
}
