#include "router/http/framing.h"

static struct slice cut_line(struct slice *rest)
{
    struct slice line = slice_cut(rest, '\n');

    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* What the headers say that matters here. */
struct framing {
    struct slice length; /* the first */
    bool lengths_differ;
    unsigned codings, hosts;
    bool folded;
};

static void read_line(struct framing *f, struct slice line)
{
    struct slice value = line, name;

    f->folded |= line.p[0] == ' ' || line.p[0] == '\t';
    if (line.p[0] != 'c' && line.p[0] != 't' && line.p[0] != 'h')
        return;
    name = slice_cut(&value, ':');
    if (slice_eq(name, SLICE("content-length"))) {
        value = slice_trim(value);
        f->lengths_differ |= f->length.p != NULL && !slice_eq(f->length, value);
        f->length = value;
    } else if (slice_eq(name, SLICE("transfer-encoding"))) {
        f->codings++;
    } else if (slice_eq(name, SLICE("host"))) {
        f->hosts++;
    }
}

const char *framing_fault(struct slice head, bool http_1_1)
{
    struct framing f = {0};
    struct slice line;

    cut_line(&head); /* the request line */
    while (head.p != NULL && (line = cut_line(&head)).len > 0)
        read_line(&f, line);
    if (f.folded)
        return "A header is folded over several lines.";
    if (f.lengths_differ)
        return "The Content-Length header is there twice, with different values.";
    if (f.codings > 1)
        return "The Transfer-Encoding header is there twice.";
    if (f.codings > 0 && f.length.p != NULL)
        return "A request has a Content-Length or a Transfer-Encoding, not both.";
    if (f.codings > 0 && !http_1_1)
        return "HTTP/1.0 has no Transfer-Encoding.";
    if (f.hosts > 1)
        return "The Host header is there twice.";
    return f.hosts == 0 && http_1_1 ? "The Host header is missing." : NULL;
}
