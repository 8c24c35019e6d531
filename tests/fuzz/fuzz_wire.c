/* tests/fuzz/fuzz_wire.c - any bytes as a frame, both of a router and of a worker. What was read from it
 * is written again, and must be readable. */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"

/* read_again reads an operation back from its own form. */
static void read_again(const struct wire_op *w, const struct op *op)
{
    struct op back = {.code = op->code};
    struct arena a = {0};
    struct buffer b = {0};
    struct wire_reader r;
    struct wire_op w_back;
    enum status st;

    wire_add_op(&b, w, op);
    r.rest = buffer_slice(&b);
    st = wire_read_op(&r, &w_back, &back, &a, NULL);
    assert(st == ST_OK && !wire_read_more(&r));
    assert(w_back.number == w->number && w_back.left_ms == w->left_ms && back.code == op->code);
    buffer_fini(&b);
    arena_fini(&a);
}

static void read_request(struct slice frame)
{
    struct arena a = {0};
    struct wire_header h;
    struct wire_reader r;
    struct failure f;

    if (wire_read_begin(&r, frame, &h, &f) == ST_OK) {
        assert(h.version == WIRE_VERSION);
        while (wire_read_more(&r)) {
            struct op op = {.code = (enum op_code)0};
            struct wire_op w;

            if (wire_read_op(&r, &w, &op, &a, &f) != ST_OK) {
                assert(f.st == ST_INVALID);
                break;
            }
            read_again(&w, &op);
        }
    }
    arena_fini(&a);
}

/* find takes every outcome for the answer to something; now and then one is not outstanding. */
static struct op *find(void *context, uint64_t number, enum op_code code)
{
    struct op *op = context;

    memset(op, 0x5a, sizeof(*op)); /* what is not filled in would show */
    op->code = code;
    return number % 16 == 15 ? NULL : op;
}

/* outcome_again reads an outcome back from its own form. */
static void outcome_again(const struct op *op)
{
    struct op back = {.code = op->code}, *found;
    struct arena a = {0};
    struct buffer b = {0};
    struct wire_reader r;
    enum status st;

    wire_add_outcome(&b, 1, op);
    r.rest = buffer_slice(&b);
    st = wire_read_outcome(&r, find, &back, &found, &a, NULL);
    assert(st == ST_OK && found == &back && !wire_read_more(&r));
    assert(back.st == op->st && back.now_ms == op->now_ms);
    buffer_fini(&b);
    arena_fini(&a);
}

static void read_reply(struct slice frame)
{
    struct arena a = {0};
    struct wire_header h;
    struct wire_reader r;
    struct failure f;
    struct op op, *found;

    if (wire_read_begin(&r, frame, &h, &f) == ST_OK) {
        while (wire_read_more(&r)) {
            if (wire_read_outcome(&r, find, &op, &found, &a, &f) != ST_OK) {
                assert(found == NULL && f.st == ST_INVALID);
                break;
            }
            if (found != NULL)
                outcome_again(found);
        }
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice frame = {(const char *)data, size};

    read_request(frame);
    read_reply(frame);
    return 0;
}
