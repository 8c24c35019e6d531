/* common/wire.h - frames between routers and workers; common/wire.md is the contract.
 *
 * Encoding appends to a buffer: a header first, then as many operations (or outcomes) as the tick
 * has. Decoding borrows the frame: slices of the decoded operation point into it. Any bytes may
 * come in: what is not the protocol gives ST_INVALID and nothing else.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/op.h"

enum {
    WIRE_VERSION = 1,
    WIRE_FRAME_MAX = 256 * 1024 * 1024, /* bytes; both ends refuse more */
    WIRE_FRAME_FULL = 256 * 1024,       /* bytes from which a frame is sent without waiting */
    WIRE_WINDOW = 48,                   /* reply frames beyond the last acknowledged one */
    WIRE_ACK_EVERY = 16,                /* reply frames after which a router acknowledges */
    WIRE_LATE_MS = 1000,                /* beyond left_ms: grace for the measuring, see wire.md */
    WIRE_LINK_ENDS = 0,                 /* sequence of a reply: the router is to close the link */
    WIRE_ITEMS_MAX = 4096,              /* ids or claims in one operation */
    WIRE_POST_ENCRYPT = 1,              /* flag of a message_post */
};

struct wire_header {
    uint32_t version;
    int64_t sent_ms;   /* by the sender's clock_boot_ms */
    uint64_t sequence; /* of a reply; acknowledged, in a request */
};

/* One operation as it lies on the wire beside what struct op holds. */
struct wire_op {
    uint64_t number;
    uint32_t left_ms;
};

void wire_add_header(struct buffer *b, const struct wire_header *h);
void wire_add_op(struct buffer *b, const struct wire_op *w, const struct op *op);

/* wire_add_outcome writes op's st, f, now_ms and out. */
void wire_add_outcome(struct buffer *b, uint64_t number, const struct op *op);

/* struct wire_reader walks a frame. wire_read_begin reads the header. */
struct wire_reader {
    struct slice rest;
};

enum status wire_read_begin(struct wire_reader *r, struct slice frame, struct wire_header *h,
                            struct failure *f);

/* wire_read_more tells whether another operation or outcome follows. */
static inline bool wire_read_more(const struct wire_reader *r)
{
    return r->rest.len > 0;
}

/* wire_read_op reads the next operation: op->code, queue, key and in, from a; the rest stays. After
 * ST_INVALID the frame is not to be read further: where the next operation begins is unknown. */
enum status wire_read_op(struct wire_reader *r, struct wire_op *w, struct op *op, struct arena *a,
                         struct failure *f);

/* wire_read_outcome reads the next outcome. op is asked for by its number and filled with st, f,
 * now_ms and out; find gives NULL for a number that is not (or no longer) outstanding, or whose
 * code differs: the outcome is then read over and *found is NULL. */
typedef struct op *wire_find_fn(void *context, uint64_t number, enum op_code code);

enum status wire_read_outcome(struct wire_reader *r, wire_find_fn *find, void *context,
                              struct op **found, struct arena *a, struct failure *f);

#endif
