/* tests/fuzz/fuzz_framing.c - any bytes as the head of a request: what stands in it can't hide a second
 * length, and what says nothing of lengths changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "common/buffer.h"
#include "router/http/framing.h"

/* fault_with gives the fault of the head with lines put in after its first line. */
static const char *fault_with(struct slice head, struct slice lines)
{
    struct slice rest = head, first = slice_cut(&rest, '\n');
    struct buffer out = {0};
    const char *fault;

    buffer_add(&out, first);
    buffer_add_char(&out, '\n');
    buffer_add(&out, lines);
    buffer_add(&out, rest);
    fault = framing_fault(buffer_slice(&out), false);
    buffer_fini(&out);
    return fault;
}

/* whole_head cuts off what follows the empty line that ends the head. */
static struct slice whole_head(struct slice text)
{
    struct slice rest = text;

    slice_cut(&rest, '\n');
    while (rest.p != NULL) {
        struct slice line = slice_cut(&rest, '\n');

        if (rest.p != NULL && (line.len == 0 || slice_eq(line, SLICE("\r"))))
            return (struct slice){text.p, (size_t)(rest.p - text.p)};
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice head = {(const char *)data, size};
    const char *fault = framing_fault(head, false);

    assert(fault == NULL || fault[0] != '\0');
    assert(framing_fault(whole_head(head), false) == fault);
    assert(fault_with(head, SLICE("accept: */*\r\nx: content-length: 7\r\n")) == fault);
    assert(fault_with(head, SLICE("content-length: 1\r\ncontent-length: 2\r\n")) != NULL);
    assert(fault_with(head, SLICE("content-length: 1\ntransfer-encoding: chunked\n")) != NULL);
    assert(fault_with(head, SLICE("host: a\r\nhost: a\r\n")) != NULL);
    assert(fault_with(head, SLICE("x: a\r\n b\r\n")) != NULL);
    assert(fault_with(head, SLICE("transfer-encoding: a\r\ntransfer-encoding: a\r\n")) != NULL);
    if (fault != NULL)
        assert(fault_with(head, SLICE("content-length: 1\r\n")) != NULL);
    return 0;
}
