#include "router/http/chunked.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

enum { DIGITS_MAX = 15 };

enum state {
    IN_SIZE, /* 0: where it begins */
    BEHIND_SIZE,
    IN_EXTENSION,
    SIZE_LF,
    IN_DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    IN_TRAILER_LINE,
    TRAILER_LINE_LF,
    LAST_LF,
};

enum verdict { MORE, DONE, BROKEN };

static enum verdict go_on(struct phr_chunked_decoder *d, enum state state)
{
    d->state = (char)state;
    return MORE;
}

/* expect takes the one character that may stand here. */
static enum verdict expect(struct phr_chunked_decoder *d, char c, char wanted, enum state next)
{
    return c == wanted ? go_on(d, next) : BROKEN;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum verdict behind_size(struct phr_chunked_decoder *d, char c)
{
    if (c == ' ' || c == '\t')
        return go_on(d, BEHIND_SIZE);
    return c == ';' ? go_on(d, IN_EXTENSION) : expect(d, c, '\r', SIZE_LF);
}

static enum verdict in_size(struct phr_chunked_decoder *d, char c)
{
    int digit = hex(c);

    if (digit < 0)
        return d->hex_count == 0 ? BROKEN : behind_size(d, c);
    if (d->hex_count == DIGITS_MAX)
        return BROKEN;
    d->hex_count++;
    d->bytes_left_in_chunk = d->bytes_left_in_chunk * 16 + (size_t)digit;
    return MORE;
}

/* in_line takes what stands in an extension or a trailer: no control character but the tab. */
static enum verdict in_line(struct phr_chunked_decoder *d, char c, enum state same, enum state next)
{
    if (c == '\r')
        return go_on(d, next);
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f ? BROKEN : go_on(d, same);
}

static enum verdict size_lf(struct phr_chunked_decoder *d, char c)
{
    d->hex_count = 0;
    return expect(d, c, '\n', d->bytes_left_in_chunk == 0 ? TRAILER : IN_DATA);
}

static enum verdict step(struct phr_chunked_decoder *d, char c)
{
    switch ((enum state)d->state) {
    case IN_SIZE:
        return in_size(d, c);
    case BEHIND_SIZE:
        return behind_size(d, c);
    case IN_EXTENSION:
        return in_line(d, c, IN_EXTENSION, SIZE_LF);
    case SIZE_LF:
        return size_lf(d, c);
    case DATA_CR:
        return expect(d, c, '\r', DATA_LF);
    case DATA_LF:
        return expect(d, c, '\n', IN_SIZE);
    case TRAILER:
        return in_line(d, c, IN_TRAILER_LINE, LAST_LF);
    case IN_TRAILER_LINE:
        return in_line(d, c, IN_TRAILER_LINE, TRAILER_LINE_LF);
    case TRAILER_LINE_LF:
        return expect(d, c, '\n', TRAILER);
    case LAST_LF:
        return c == '\n' ? DONE : BROKEN;
    case IN_DATA: /* phr_decode_chunked */
        break;
    }
    return BROKEN;
}

/* take_data moves what is there of a chunk's data to where the body ends so far, and gives its length. */
static size_t take_data(struct phr_chunked_decoder *d, char *to, const char *from, size_t len)
{
    if (len > d->bytes_left_in_chunk)
        len = d->bytes_left_in_chunk;
    memmove(to, from, len);
    d->bytes_left_in_chunk -= len;
    if (d->bytes_left_in_chunk == 0)
        go_on(d, DATA_CR);
    return len;
}

ssize_t phr_decode_chunked(struct phr_chunked_decoder *d, char *bytes, size_t *size)
{
    size_t from = 0, to = 0, rest;
    enum verdict verdict = MORE;

    assert(d->consume_trailer);
    while (from < *size && verdict == MORE) {
        if (d->state == IN_DATA) {
            size_t len = take_data(d, bytes + to, bytes + from, *size - from);

            from += len;
            to += len;
        } else {
            verdict = step(d, bytes[from++]);
        }
    }
    rest = *size - from;
    memmove(bytes + to, bytes + from, rest);
    *size = to;
    return verdict == DONE ? (ssize_t)rest : verdict == MORE ? -2 : -1;
}

bool chunked_is_used(void)
{
    ssize_t (*used)(struct phr_chunked_decoder *, char *, size_t *);

    *(void **)&used = dlsym(RTLD_DEFAULT, "phr_decode_chunked"); /* where libh2o's call leads */
    return used == phr_decode_chunked;
}
