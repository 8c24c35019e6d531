#include "common/id.h"

#include "common/random.h"

enum { NUMBER_DIGITS = 11, DIGIT_BITS = 5 };

static const char digits32[] = "0123456789abcdefghijklmnopqrstuv";
static const char digits16[] = "0123456789abcdef";

/* Upper case is refused: one thing, one name. */
static int digit32(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'v')
        return c - 'a' + 10;
    return -1;
}

static int digit16(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void number_write(uint64_t n, char *text)
{
    for (int i = NUMBER_DIGITS - 1; i >= 0; i--, n >>= DIGIT_BITS)
        text[i] = digits32[n & 31];
}

static bool number_read(const char *text, uint64_t *n)
{
    *n = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        int d = digit32(text[i]);

        if (d < 0)
            return false;
        *n = *n << DIGIT_BITS | (uint64_t)d;
    }
    return true;
}

void message_id_write(struct message_id id, char text[MESSAGE_ID_TEXT])
{
    number_write(id.epoch, text);
    number_write(id.seq, text + NUMBER_DIGITS);
}

bool message_id_read(struct slice text, struct message_id *id)
{
    return text.len == MESSAGE_ID_TEXT && number_read(text.p, &id->epoch) &&
           number_read(text.p + NUMBER_DIGITS, &id->seq);
}

/* 26 digits hold 130 bits: the 128 of the id, then two zero bits. */
void claim_id_write(const struct claim_id *id, char text[CLAIM_ID_TEXT])
{
    unsigned held = 0;
    int bits = 0;
    size_t at = 0;

    for (size_t i = 0; i < CLAIM_ID_BYTES; i++) {
        held = (held << 8 | id->bytes[i]) & 0xfff;
        for (bits += 8; bits >= DIGIT_BITS; bits -= DIGIT_BITS)
            text[at++] = digits32[held >> (bits - DIGIT_BITS) & 31];
    }
    text[at] = digits32[held << (DIGIT_BITS - bits) & 31];
}

bool claim_id_read(struct slice text, struct claim_id *id)
{
    unsigned held = 0;
    int bits = 0;
    size_t at = 0;

    if (text.len != CLAIM_ID_TEXT)
        return false;
    for (size_t i = 0; i < CLAIM_ID_TEXT; i++) {
        int d = digit32(text.p[i]);

        if (d < 0)
            return false;
        held = (held << DIGIT_BITS | (unsigned)d) & 0xfff;
        bits += DIGIT_BITS;
        if (bits >= 8 && at < CLAIM_ID_BYTES) {
            id->bytes[at++] = (unsigned char)(held >> (bits - 8));
            bits -= 8;
        }
    }
    return (held & 3) == 0;
}

struct claim_id claim_id_new(void)
{
    struct claim_id id;

    random_bytes(id.bytes, sizeof(id.bytes));
    return id;
}

bool uuid_read(struct slice text, unsigned char uuid[UUID_BYTES])
{
    size_t nibbles = 0;

    /* As Python does: without "urn:" and "uuid:", braces at the ends, and dashes. */
    for (;;) {
        if (slice_starts(text, SLICE("urn:")))
            text = slice_from(text, 4);
        else if (slice_starts(text, SLICE("uuid:")))
            text = slice_from(text, 5);
        else if (slice_starts(text, SLICE("{")) || slice_starts(text, SLICE("}")))
            text = slice_from(text, 1);
        else
            break;
    }
    while (text.len > 0 && (text.p[text.len - 1] == '{' || text.p[text.len - 1] == '}'))
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int d = digit16(text.p[i]);

        if (text.p[i] == '-')
            continue;
        if (d < 0 || nibbles == 2 * UUID_BYTES)
            return false;
        if (nibbles % 2 == 0)
            uuid[nibbles / 2] = (unsigned char)(d << 4);
        else
            uuid[nibbles / 2] |= (unsigned char)d;
        nibbles++;
    }
    return nibbles == 2 * UUID_BYTES;
}

void uuid_write(const unsigned char uuid[UUID_BYTES], char text[UUID_TEXT])
{
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits16[uuid[i] >> 4];
        *text++ = digits16[uuid[i] & 15];
    }
}

void uuid_new(unsigned char uuid[UUID_BYTES])
{
    random_bytes(uuid, UUID_BYTES);
    uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);
}
