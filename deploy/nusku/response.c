#include "deploy/nusku/response.h"

#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

enum { STATUS_LINE, HEADER, CHUNK_SIZE, CHUNK_END, TRAILER, SIZED, CHUNK, UNTIL_CLOSE, DONE, BAD };

enum {
    CHUNK_DIGITS_MAX = 7,
    LENGTH_DIGITS_MAX = 8
}; /* beyond RESPONSE_BODY_MAX, far from overflow */

void response_begin(struct response *r)
{
    struct buffer body = r->body, line = r->line;

    body.len = 0;
    line.len = 0;
    *r = (struct response){.body = body, .line = line};
}

void response_fini(struct response *r)
{
    buffer_fini(&r->body);
    buffer_fini(&r->line);
}

static void refuse(struct response *r, const char *fault)
{
    r->part = BAD;
    r->fault = fault;
    r->keep = false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- The head --------------------------------------------------------------------------------- */

/* take_status_line reads "HTTP/1.1 200 OK"; the words may be missing, with their blank. */
static void take_status_line(struct response *r, struct slice line)
{
    if (line.len < 12 || !slice_starts(line, SLICE("HTTP/1.")) ||
        (line.p[7] != '0' && line.p[7] != '1') || line.p[8] != ' ' || !is_digit(line.p[9]) ||
        !is_digit(line.p[10]) || !is_digit(line.p[11]) || (line.len > 12 && line.p[12] != ' ')) {
        refuse(r, "this is no status line of HTTP/1");
        return;
    }
    r->old = line.p[7] == '0';
    r->status = (line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + (line.p[11] - '0');
    r->keep = !r->old;
    r->part = HEADER;
    if (r->status < 100 || r->status > 599 || r->status == 101)
        refuse(r, "the status is none of an answer");
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];

        if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
            (c == '\0' || strchr(TOKEN_MARKS, c) == NULL))
            return false;
    }
    return name.len > 0;
}

static void take_length(struct response *r, struct slice value)
{
    uint64_t n = 0;

    if (r->length_given) {
        refuse(r, "Content-Length is there twice");
        return;
    }
    for (size_t i = 0; i < value.len && i <= LENGTH_DIGITS_MAX; i++)
        n = is_digit(value.p[i]) ? n * 10 + (uint64_t)(value.p[i] - '0') : UINT32_MAX;
    if (value.len == 0 || value.len > LENGTH_DIGITS_MAX || n > RESPONSE_BODY_MAX)
        refuse(r, "Content-Length is no length, or too large");
    r->length_given = true;
    r->left = n;
}

static void take_connection(struct response *r, struct slice value)
{
    while (value.p != NULL) {
        struct slice word = slice_trim(slice_cut(&value, ','));

        if (slice_eq_ci(word, SLICE("close")))
            r->keep = false;
        else if (r->old && slice_eq_ci(word, SLICE("keep-alive")))
            r->keep = true;
    }
}

static void take_header(struct response *r, struct slice line)
{
    struct slice value = line, name = slice_cut(&value, ':');

    if (value.p == NULL || !is_name(name)) {
        refuse(r, "this is no header");
        return;
    }
    value = slice_trim(value);
    if (slice_eq_ci(name, SLICE("content-length"))) {
        take_length(r, value);
    } else if (slice_eq_ci(name, SLICE("connection"))) {
        take_connection(r, value);
    } else if (slice_eq_ci(name, SLICE("transfer-encoding"))) {
        if (r->chunked || r->old || !slice_eq_ci(value, SLICE("chunked")))
            refuse(r, "Transfer-Encoding is not plainly chunked");
        r->chunked = true;
    }
}

/* end_head decides by what the body ends. */
static void end_head(struct response *r)
{
    bool bare = r->status < 200 || r->status == 204 || r->status == 304;

    if (r->chunked && r->length_given) {
        refuse(r, "a Content-Length beside chunks");
    } else if (bare && (r->chunked || r->left > 0)) {
        refuse(r, "a body where none may be");
    } else if (r->status < 200) {
        r->length_given = false;
        r->part = STATUS_LINE;
    } else if (bare || (r->length_given && r->left == 0)) {
        r->part = DONE;
    } else if (r->chunked) {
        r->part = CHUNK_SIZE;
    } else {
        r->part = r->length_given ? SIZED : UNTIL_CLOSE;
        r->keep &= r->length_given;
    }
}

/* ---- Chunks ----------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_chunk_size(struct response *r, struct slice line)
{
    struct slice digits = slice_cut(&line, ';');
    uint64_t n = 0;

    digits = slice_trim(digits);
    for (size_t i = 0; i < digits.len && i <= CHUNK_DIGITS_MAX; i++) {
        int digit = hex_digit(digits.p[i]);

        n = digit < 0 ? UINT32_MAX : n * 16 + (uint64_t)digit;
    }
    if (digits.len == 0 || digits.len > CHUNK_DIGITS_MAX || n > RESPONSE_BODY_MAX - r->body.len) {
        refuse(r, "the size of a chunk is none, or too large");
        return;
    }
    r->left = n;
    r->part = n == 0 ? TRAILER : CHUNK;
}

/* ---- Bytes ------------------------------------------------------------------------------------ */

static void take_whole_line(struct response *r, struct slice line)
{
    switch (r->part) {
    case STATUS_LINE:
        take_status_line(r, line);
        break;
    case HEADER:
        if (line.len == 0)
            end_head(r);
        else
            take_header(r, line);
        break;
    case CHUNK_SIZE:
        take_chunk_size(r, line);
        break;
    case CHUNK_END:
        r->part = CHUNK_SIZE;
        if (line.len > 0)
            refuse(r, "a chunk is longer than it said");
        break;
    default: /* TRAILER */
        if (line.len == 0)
            r->part = DONE;
    }
}

/* is_clean tells whether a line has nothing in it that would end it, or make it another, elsewhere. */
static bool is_clean(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
            return false;
    return true;
}

/* take_line gathers bytes up to a line's end. */
static void take_line(struct response *r, struct slice *bytes)
{
    const char *end = memchr(bytes->p, '\n', bytes->len);
    size_t n = end == NULL ? bytes->len : (size_t)(end - bytes->p) + 1;
    struct slice line;

    r->head_bytes += n;
    if (r->head_bytes > RESPONSE_HEAD_MAX) {
        refuse(r, "the head has no end");
        return;
    }
    buffer_add(&r->line, (struct slice){bytes->p, n});
    *bytes = slice_from(*bytes, n);
    if (end == NULL)
        return;
    line = buffer_slice(&r->line);
    r->line.len = 0;
    if (line.len < 2 || line.p[line.len - 2] != '\r') {
        refuse(r, "a line ends without CR");
        return;
    }
    line.len -= 2;
    if (is_clean(line))
        take_whole_line(r, line);
    else
        refuse(r, "control characters in a line");
}

static void take_body(struct response *r, struct slice *bytes)
{
    uint64_t room = r->part == UNTIL_CLOSE ? RESPONSE_BODY_MAX - r->body.len : r->left;
    size_t n = bytes->len < room ? bytes->len : (size_t)room;

    if (n == 0) {
        refuse(r, "the body has no end");
        return;
    }
    buffer_add(&r->body, (struct slice){bytes->p, n});
    *bytes = slice_from(*bytes, n);
    if (r->part == UNTIL_CLOSE)
        return;
    r->left -= n;
    if (r->left == 0)
        r->part = r->part == CHUNK ? CHUNK_END : DONE;
}

static enum response_verdict verdict(const struct response *r)
{
    if (r->part == BAD)
        return RESPONSE_BAD;
    return r->part == DONE ? RESPONSE_DONE : RESPONSE_MORE;
}

enum response_verdict response_take(struct response *r, struct slice bytes)
{
    while (bytes.len > 0 && r->part != BAD) {
        if (r->part == DONE)
            refuse(r, "bytes follow the answer");
        else if (r->part < SIZED)
            take_line(r, &bytes);
        else
            take_body(r, &bytes);
    }
    return verdict(r);
}

enum response_verdict response_end(struct response *r)
{
    if (r->part == UNTIL_CLOSE)
        r->part = DONE;
    else if (r->part != DONE && r->part != BAD)
        refuse(r, "the connection was closed before the answer's end");
    r->keep = false;
    return verdict(r);
}
