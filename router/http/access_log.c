#include "router/http/access_log.h"

#include "common/clock.h"
#include "router/http/http.h"

#include <arpa/inet.h>

enum {
    TEXT_MAX = 512,   /* of what a client sends */
    LINE_BYTES = 512, /* most are shorter */
};

struct access_logger {
    h2o_logger_t super; /* first */
    struct log_file *file;
};

/* A prefilter that does nothing: it is how h2o lets something hang on a request. */
struct note {
    h2o_req_prefilter_t super; /* first */
    struct exchange *ex;
};

/* ---- The line --------------------------------------------------------------------------------- */

/* add_text writes what a client may have made up. */
static void add_text(struct buffer *out, struct slice text)
{
    size_t n = text.len < TEXT_MAX ? text.len : TEXT_MAX;
    char *to = buffer_reserve(out, 3 * n);

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c > ' ' && c < 0x7f && c != '"') {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[c >> 4];
            *to++ = "0123456789ABCDEF"[c & 15];
        }
    }
    out->len = (size_t)(to - out->p);
    if (n == 0)
        buffer_add_char(out, '-');
    if (n < text.len)
        buffer_add_literal(out, "...");
}

static void add_when(struct buffer *out, int64_t wall_ms)
{
    char when[CLOCK_ISO_BYTES];
    int ms = (int)(wall_ms % 1000);

    clock_iso(wall_ms, when);
    when[19] = '.'; /* where the Z was */
    buffer_add(out, (struct slice){when, 20});
    buffer_add_char(out, (char)('0' + ms / 100));
    buffer_add_char(out, (char)('0' + ms / 10 % 10));
    buffer_add_char(out, (char)('0' + ms % 10));
    buffer_add_literal(out, "Z ");
}

void access_log_line(const struct access *a, struct buffer *out)
{
    add_when(out, a->wall_ms);
    add_text(out, a->request_id);
    buffer_add_literal(out, " client=");
    add_text(out, a->client);
    buffer_add_literal(out, " project=");
    add_text(out, a->project);
    buffer_add_literal(out, " method=");
    add_text(out, a->method);
    buffer_add_literal(out, " path=");
    add_text(out, a->path);
    buffer_add_literal(out, " status=");
    if (a->status == 0)
        buffer_add_char(out, '-');
    else
        buffer_add_int(out, a->status);
    buffer_add_literal(out, " bytes=");
    buffer_add_uint(out, a->bytes);
    buffer_add_literal(out, " ms=");
    buffer_add_int(out, a->duration_ms);
}

/* ---- What h2o knows --------------------------------------------------------------------------- */

static void pass_on(h2o_req_prefilter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    h2o_setup_next_prefilter(self, req, slot);
}

void access_log_note(struct exchange *ex)
{
    struct note *note = (struct note *)h2o_add_prefilter(ex->req, sizeof(*note));

    note->super.on_setup_ostream = pass_on;
    note->ex = ex;
}

static const struct exchange *noted(const h2o_req_t *req)
{
    for (const h2o_req_prefilter_t *p = req->prefilters; p != NULL; p = p->next)
        if (p->on_setup_ostream == pass_on)
            return ((const struct note *)p)->ex;
    return NULL;
}

static int64_t ms_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

static struct slice address_of(h2o_req_t *req, char text[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage peer = {0};
    const void *address = &((const struct sockaddr_in *)&peer)->sin_addr;

    if (req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&peer) == 0)
        return SLICE("");
    if (peer.ss_family == AF_INET6)
        address = &((const struct sockaddr_in6 *)&peer)->sin6_addr;
    else if (peer.ss_family != AF_INET)
        return SLICE("");
    return slice_of(inet_ntop(peer.ss_family, address, text, INET6_ADDRSTRLEN));
}

static void log_access(h2o_logger_t *self, h2o_req_t *req)
{
    const struct exchange *ex = noted(req);
    ssize_t id = h2o_find_header_by_str(&req->res.headers, H2O_STRLIT(REQUEST_ID_HEADER), -1);
    struct slice target = http_target(req);
    struct access a = {
        .wall_ms = clock_wall_ms(),
        .method = {req->input.method.base, req->input.method.len},
        .status = req->res.status,
        .bytes = req->bytes_sent,
    };
    struct timeval end = req->timestamps.response_end_at;
    char address[INET6_ADDRSTRLEN];
    struct buffer line = {0};

    if (req->version == 0)
        return; /* a connection that was closed between requests, or within the head of one */
    if (id != -1)
        a.request_id = (struct slice){req->res.headers.entries[id].value.base,
                                      req->res.headers.entries[id].value.len};
    else
        a.status = 0; /* nothing was sent */
    a.client = address_of(req, address);
    a.path = slice_cut(&target, '?');
    if (ex != NULL)
        a.project = ex->project;
    a.duration_ms =
        (end.tv_sec != 0 ? ms_of(end) : a.wall_ms) - ms_of(req->timestamps.request_begin_at);
    if (a.duration_ms < 0)
        a.duration_ms = 0; /* the clock was set */
    buffer_reserve(&line, LINE_BYTES);
    access_log_line(&a, &line);
    log_file_add(((struct access_logger *)self)->file, buffer_slice(&line));
    buffer_fini(&line);
}

void access_log_add(h2o_pathconf_t *path, struct log_file *file)
{
    struct access_logger *logger = (struct access_logger *)h2o_create_logger(path, sizeof(*logger));

    logger->super.log_access = log_access;
    logger->file = file;
}
