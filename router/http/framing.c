#include "router/http/framing.h"

static struct slice cut_line(struct slice *rest)
{
    struct slice line = slice_cut(rest, '\n');

    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

const char *framing_fault(struct slice head)
{
    struct slice length = {NULL, 0};
    bool chunked = false;

    cut_line(&head); /* the request line */
    while (head.p != NULL) {
        struct slice value = cut_line(&head), name;

        if (value.len == 0)
            break;
        if (value.p[0] != 'c' && value.p[0] != 't')
            continue;
        name = slice_cut(&value, ':');
        if (slice_eq(name, SLICE("content-length"))) {
            value = slice_trim(value);
            if (length.p != NULL && !slice_eq(length, value))
                return "The Content-Length header is there twice, with different values.";
            length = value;
        } else if (slice_eq(name, SLICE("transfer-encoding"))) {
            if (chunked)
                return "The Transfer-Encoding header is there twice.";
            chunked = true;
        }
    }
    if (chunked && length.p != NULL)
        return "A request has a Content-Length or a Transfer-Encoding, not both.";
    return NULL;
}
