#include "router/http/exchange.h"

#include "common/clock.h"
#include "common/json.h"
#include "router/http/accept.h"
#include "router/http/http.h"
#include "router/http/http_status.h"

#include <string.h>
#include <sys/socket.h>

struct api_call *exchange_begin(struct exchange *ex, void *call, void (*done)(struct api_call *))
{
    struct api_call *c = call;

    c->api = ex->api;
    c->arena = &ex->arena;
    c->project = ex->project;
    c->collection = ex->collection;
    c->client = ex->client;
    c->done = done;
    c->owner = ex;
    ex->call = c;
    return c;
}

struct exchange *exchange_end(struct api_call *call)
{
    struct exchange *ex = call->owner;

    ex->call = NULL;
    return ex;
}

/* ---- Sending ---------------------------------------------------------------------------------- */

void exchange_header(struct exchange *ex, const char *name, struct slice value)
{
    h2o_iovec_t n = h2o_strdup(&ex->req->pool, name, strlen(name));
    h2o_iovec_t v = h2o_strdup(&ex->req->pool, value.p, value.len);

    h2o_add_header_by_str(&ex->req->pool, &ex->req->res.headers, n.base, n.len, 1, NULL, v.base,
                          v.len);
}

void response_add_request_id(h2o_req_t *req)
{
    char *text = h2o_mem_alloc_pool(&req->pool, 4 + UUID_TEXT);
    unsigned char uuid[UUID_BYTES];

    uuid_new(uuid);
    memcpy(text, "req-", 4);
    uuid_write(uuid, text + 4);
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT(REQUEST_ID_HEADER), 0, NULL,
                          text, 4 + UUID_TEXT);
}

void response_vary(h2o_req_t *req, struct slice name)
{
    ssize_t at = h2o_find_header(&req->res.headers, H2O_TOKEN_VARY, -1);
    h2o_iovec_t *value;

    if (at == -1) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_VARY, NULL, name.p, name.len);
        return;
    }
    value = &req->res.headers.entries[at].value;
    *value = h2o_concat(&req->pool, *value, h2o_iovec_init(H2O_STRLIT(", ")),
                        h2o_iovec_init(name.p, name.len));
}

bool response_has_body(const h2o_req_t *req)
{
    return !h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
}

/* on_patience_over ends the connection of a client that takes its answer too slowly. TCP_USER_TIMEOUT covers
 * only those that take nothing at all. */
static void on_patience_over(h2o_timeout_entry_t *entry)
{
    struct exchange *ex = H2O_STRUCT_FROM_MEMBER(struct exchange, patience, entry);

    shutdown(h2o_socket_get_fd(ex->req->conn->callbacks->get_socket(ex->req->conn)), SHUT_RDWR);
}

/* pack replaces the body by its packed form, if that is asked for and worth it. */
static void pack(struct exchange *ex)
{
    h2o_req_t *req = ex->req;
    size_t least = (size_t)ex->api->config->gzip_min_bytes;
    struct buffer packed = {0};
    ssize_t asked;

    if (least == 0 || ex->body.len < least || ex->body.len > GZIP_MAX)
        return;
    response_vary(req, SLICE("Accept-Encoding"));
    asked = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT_ENCODING, -1);
    if (asked == -1 ||
        !gzip_is_asked((struct slice){req->headers.entries[asked].value.base,
                                      req->headers.entries[asked].value.len}) ||
        !gzip_pack(http_thread_of(req->conn->ctx)->gzip, buffer_slice(&ex->body), &packed)) {
        buffer_fini(&packed);
        return;
    }
    buffer_fini(&ex->body);
    ex->body = packed;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_ENCODING, NULL,
                   H2O_STRLIT("gzip"));
}

static void count_answer(struct exchange *ex, int status)
{
    ex->answered = true;
    meter_request(ex->api->meter, ex->resource, ex->verb, status,
                  clock_mono_us() - ex->began_mono_us, ex->document.len, ex->body.len);
}

static void send_response(struct exchange *ex, int status, const char *media_type)
{
    static h2o_generator_t generator = {NULL, NULL};
    h2o_req_t *req = ex->req;
    h2o_iovec_t body;

    pack(ex);
    body = h2o_iovec_init(ex->body.p, ex->body.len);
    count_answer(ex, status);
    req->res.status = status;
    req->res.reason = http_reason(status);
    /* a 204 has no length, not even zero (RFC 9110, 8.6) */
    req->res.content_length = status == 204 ? SIZE_MAX : ex->body.len;
    if (media_type != NULL)
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, media_type,
                       strlen(media_type));
    response_add_request_id(req);
    ex->patience.cb = on_patience_over;
    h2o_timeout_link(req->conn->ctx->loop, &req->conn->ctx->http1.req_timeout, &ex->patience);
    h2o_start_response(req, &generator);
    h2o_send(req, &body, body.len > 0 && response_has_body(req) ? 1 : 0, H2O_SEND_STATE_FINAL);
}

void exchange_json(struct exchange *ex, int status)
{
    send_response(ex, status, "application/json");
}

void exchange_typed(struct exchange *ex, int status, const char *media_type)
{
    send_response(ex, status, media_type);
}

void exchange_empty(struct exchange *ex, int status)
{
    ex->body.len = 0;
    send_response(ex, status, status == 204 ? NULL : "application/json");
}

/* ---- Errors ----------------------------------------------------------------------------------- */

#define HELP_TEXT "Documentation related to this error"
#define HELP_URL  "https://docs.openstack.org/api-ref/message/"

static void write_json_error(struct exchange *ex, int status, struct slice title,
                             struct slice description)
{
    struct buffer *b = &ex->body;

    buffer_add_literal(b, "{\"title\": ");
    json_add_string(b, title);
    if (description.p != NULL) {
        buffer_add_literal(b, ", \"description\": ");
        json_add_string(b, description);
    }
    if (status == 406)
        buffer_add_literal(b, ", \"link\": {\"text\": \"" HELP_TEXT "\", \"href\": \"" HELP_URL
                              "\", \"rel\": \"help\"}");
    buffer_add_char(b, '}');
}

static void add_xml_text(struct buffer *b, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.p[i]) {
        case '<':
            buffer_add_literal(b, "&lt;");
            break;
        case '>':
            buffer_add_literal(b, "&gt;");
            break;
        case '&':
            buffer_add_literal(b, "&amp;");
            break;
        default:
            /* XML has no way to write control characters */
            buffer_add_char(b, (unsigned char)text.p[i] < ' ' ? '?' : text.p[i]);
        }
    }
}

static void write_xml_error(struct exchange *ex, int status, struct slice title,
                            struct slice description)
{
    struct buffer *b = &ex->body;

    buffer_add_literal(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error><title>");
    add_xml_text(b, title);
    buffer_add_literal(b, "</title>");
    if (description.p != NULL) {
        buffer_add_literal(b, "<description>");
        add_xml_text(b, description);
        buffer_add_literal(b, "</description>");
    }
    if (status == 406)
        buffer_add_literal(b, "<link><text>" HELP_TEXT "</text><href>" HELP_URL
                              "</href><rel>help</rel></link>");
    buffer_add_literal(b, "</error>");
}

/* error_type chooses what an error is written in, by what the client prefers; NULL: no body. */
static const char *error_type(struct slice accept)
{
    int json = accept_quality(accept, SLICE("application/json"));
    int xml = accept_quality(accept, SLICE("application/xml"));
    int text_xml = accept_quality(accept, SLICE("text/xml"));

    if (json > 0 && json >= xml && json >= text_xml)
        return "application/json";
    if (xml > 0 || text_xml > 0)
        return xml >= text_xml ? "application/xml" : "text/xml";
    if (memmem(accept.p, accept.len, "+json", 5) != NULL)
        return "application/json";
    return memmem(accept.p, accept.len, "+xml", 4) != NULL ? "application/xml" : NULL;
}

void exchange_error(struct exchange *ex, int status, const char *title, const char *description)
{
    const char *type = error_type(ex->headers.accept);
    struct slice t = slice_of(title == NULL ? http_reason(status) : title);

    ex->body.len = 0;
    if (type != NULL && strcmp(type, "application/json") == 0)
        write_json_error(ex, status, t, slice_of(description));
    else if (type != NULL)
        write_xml_error(ex, status, t, slice_of(description));
    response_vary(ex->req, SLICE("Accept"));
    if (status == 503)
        exchange_header(ex, "retry-after", SLICE("1"));
    send_response(ex, status, type);
}

bool exchange_fault(struct exchange *ex, const struct api_call *call)
{
    struct http_fault fault;

    if (call->fault == FAULT_NONE)
        return false;
    fault = http_fault_of(call->fault);
    exchange_error(ex, fault.status, fault.title, call->description.p); /* NUL behind it */
    return true;
}

void exchange_no_content(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    if (!exchange_fault(ex, call))
        exchange_empty(ex, 204);
}
