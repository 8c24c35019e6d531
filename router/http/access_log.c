#include "router/http/access_log.h"

#include "common/clock.h"
#include "router/http/http.h"

#include <netdb.h>
#include <stdio.h>

enum {
    TEXT_MAX = 512, /* of what a client sends */
    ADDRESS_BYTES = NI_MAXHOST,
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

static void add_text(struct buffer *out, const char *name, struct slice text)
{
    struct slice shown = {text.p, text.len < TEXT_MAX ? text.len : TEXT_MAX};

    buffer_printf(out, " %s=", name);
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char c = (unsigned char)shown.p[i];

        if (c > ' ' && c < 0x7f && c != '"')
            buffer_add_char(out, (char)c);
        else
            buffer_printf(out, "%%%02X", c);
    }
    if (text.len == 0)
        buffer_add_char(out, '-');
    if (text.len > TEXT_MAX)
        buffer_add_literal(out, "...");
}

void access_log_line(const struct access *a, struct buffer *out)
{
    char when[CLOCK_ISO_BYTES];

    clock_iso(a->wall_ms, when);
    buffer_printf(out, "%.19s.%03dZ %.*s", when, (int)(a->wall_ms % 1000),
                  SLICE_ARG(a->request_id.len > 0 ? a->request_id : SLICE("-")));
    add_text(out, "client", a->client);
    add_text(out, "project", a->project);
    add_text(out, "method", a->method);
    add_text(out, "path", a->path);
    if (a->status == 0)
        buffer_add_literal(out, " status=-");
    else
        buffer_printf(out, " status=%d", a->status);
    buffer_printf(out, " bytes=%llu ms=%lld", (unsigned long long)a->bytes,
                  (long long)a->duration_ms);
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

static struct slice address_of(h2o_req_t *req, char text[ADDRESS_BYTES])
{
    struct sockaddr_storage peer;
    socklen_t len = req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&peer);
    size_t n = len == 0 ? SIZE_MAX : h2o_socket_getnumerichost((struct sockaddr *)&peer, len, text);

    return n == SIZE_MAX ? SLICE("") : (struct slice){text, n};
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
    char address[ADDRESS_BYTES];
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
