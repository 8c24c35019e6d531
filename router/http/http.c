#include "router/http/http.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/uri.h"
#include "router/api/name.h"
#include "router/http/accept.h"
#include "router/http/access_log.h"
#include "router/http/chunked.h"
#include "router/http/cors.h"
#include "router/http/framing.h"
#include "router/http/http_status.h"
#include "router/http/render.h"
#include "router/http/rewrite.h"
#include "router/http/routes.h"
#include "router/http/share.h"

#include <assert.h>
#include <stdio.h>

/* The handler is one for all threads; what a thread needs is in its context's slot. */
struct http_handler {
    h2o_handler_t super; /* first */
    const struct config *config;
};

static struct http_handler *the_handler(h2o_context_t *ctx)
{
    return (struct http_handler *)ctx->globalconf->hosts[0]->paths.entries[0].handlers.entries[0];
}

void http_attach(h2o_context_t *ctx, struct http_thread *thread)
{
    h2o_context_set_handler_context(ctx, &the_handler(ctx)->super, thread);
}

struct http_thread *http_thread_of(h2o_context_t *ctx)
{
    return h2o_context_get_handler_context(ctx, &the_handler(ctx)->super);
}

/* ---- What came in ----------------------------------------------------------------------------- */

static struct slice slice_of_iovec(h2o_iovec_t v)
{
    return (struct slice){v.base, v.len};
}

/* The headers that matter. Those that say who calls may not say it in two ways: whoever authenticated the
 * caller in front of us may have looked at the other one. */
static const struct wanted {
    struct slice name;
    size_t offset;
    const char *once; /* what it is called to the caller */
} wanted[] = {
    {SLICE_INIT("accept"), offsetof(struct http_headers, accept), NULL},
    {SLICE_INIT("content-type"), offsetof(struct http_headers, content_type), NULL},
    {SLICE_INIT("client-id"), offsetof(struct http_headers, client_id), "Client-ID"},
    {SLICE_INIT("x-project-id"), offsetof(struct http_headers, project_id), "X-Project-ID"},
    {SLICE_INIT("x-tenant-id"), offsetof(struct http_headers, tenant_id), "X-Tenant-ID"},
    {SLICE_INIT("x-tenant"), offsetof(struct http_headers, tenant), "X-Tenant"},
    {SLICE_INIT("extra-spec"), offsetof(struct http_headers, extra_spec), NULL},
    {SLICE_INIT("x-auth-token"), offsetof(struct http_headers, auth_token), "X-Auth-Token"},
    {SLICE_INIT("x-roles"), offsetof(struct http_headers, roles), "X-Roles"},
    {SLICE_INIT("url-signature"), offsetof(struct http_headers, url_signature), "URL-Signature"},
    {SLICE_INIT("url-expires"), offsetof(struct http_headers, url_expires), "URL-Expires"},
    {SLICE_INIT("url-methods"), offsetof(struct http_headers, url_methods), "URL-Methods"},
    {SLICE_INIT("url-paths"), offsetof(struct http_headers, url_paths), "URL-Paths"},
};

static void take_header(struct http_headers *headers, const struct wanted *w, struct slice value)
{
    struct slice *to = (struct slice *)((char *)headers + w->offset);

    if (to->p == NULL)
        *to = value;
    else if (w->once != NULL && !slice_eq(*to, value))
        headers->repeated = w->once;
}

/* read_headers picks them out; the first of each counts. h2o has their names in lower case. */
static void read_headers(struct exchange *ex)
{
    const h2o_headers_t *headers = &ex->req->headers;

    for (size_t i = 0; i < headers->size; i++) {
        struct slice name = slice_of_iovec(*headers->entries[i].name);

        for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++) {
            if (!slice_eq(name, wanted[j].name))
                continue;
            take_header(&ex->headers, &wanted[j],
                        slice_trim(slice_of_iovec(headers->entries[i].value)));
            break;
        }
    }
}

struct slice http_target(const h2o_req_t *req)
{
    struct slice target = slice_of_iovec(req->input.path);
    size_t at;

    if (!slice_starts(target, SLICE("http://")))
        return target;
    for (at = strlen("http://"); at < target.len && target.p[at] != '/' && target.p[at] != '?';
         at++)
        ;
    return at < target.len && target.p[at] == '/' ? slice_from(target, at) : SLICE("/");
}

/* read_path takes the path apart. False: it has no form that any route has. */
static bool read_path(struct exchange *ex)
{
    struct slice whole = http_target(ex->req);
    struct slice rest;

    ex->path = slice_cut(&whole, '?');
    ex->query_text = whole;
    if (ex->path.len == 0 || ex->path.p[0] != '/')
        return false;
    rest = slice_from(ex->path, 1);
    while (rest.p != NULL) {
        if (ex->segments_n == SEGMENTS_MAX)
            return false;
        ex->segments[ex->segments_n++] = percent_decode(slice_cut(&rest, '/'), false, &ex->arena);
    }
    return true;
}

static void on_gone(void *p)
{
    struct exchange *ex = p;

    ex->api->exchanges--;
    if (!ex->answered)
        METER(ex->api->meter, requests_abandoned, 1);
    h2o_timeout_unlink(&ex->patience);
    if (ex->call != NULL)
        api_abandon(ex->call);
    buffer_fini(&ex->body);
    arena_fini(&ex->arena);
}

/* ---- Checks, in the order of the contract. Each ends the exchange and returns false. ----------- */

/* check_framing comes before all others: where this request ends is what the next one depends on. */
static bool check_framing(struct exchange *ex)
{
    h2o_socket_t *sock = ex->req->conn->callbacks->get_socket(ex->req->conn);
    const char *fault = framing_fault((struct slice){sock->input->bytes, sock->input->size},
                                      ex->req->version >= 0x101);

    if (fault == NULL)
        return true;
    ex->req->http1_is_persistent = 0;
    linger_after(http_thread_of(ex->req->conn->ctx)->linger, ex->req);
    exchange_error(ex, 400, "Invalid header value", fault);
    return false;
}

/* check_memory refuses what would be another body in memory while there are too many. */
static bool check_memory(struct exchange *ex)
{
    if (ex->document.len == 0 || !intake_is_full(http_thread_of(ex->req->conn->ctx)->intake))
        return true;
    exchange_error(ex, 503, "Service temporarily unavailable",
                   "The service is busy. Please try again in a few seconds.");
    return false;
}

/* check_signed lets a request in by its pre-signed URL, if it shows one. Whoever has that is nobody else:
 * what he says of himself is not believed. */
static bool check_signed(struct exchange *ex)
{
    if (!share_is_shown(ex))
        return true;
    if (!share_grants(ex)) {
        exchange_error(ex, 404, "404 Not Found", NULL);
        return false;
    }
    ex->is_signed = true;
    ex->headers.roles = ex->headers.auth_token = (struct slice){NULL, 0};
    return true;
}

static bool check_body_type(struct exchange *ex)
{
    if (ex->document.p == NULL ||
        !slice_eq_ci(ex->headers.content_type, SLICE("application/x-www-form-urlencoded")))
        return true;
    exchange_error(ex, 400, "Invalid Content-Type",
                   "The API doesn't take application/x-www-form-urlencoded; send Content-Type: "
                   "application/json.");
    return false;
}

static bool check_accept(struct exchange *ex)
{
    if (accept_quality(ex->headers.accept, SLICE("application/json")) > 0)
        return true;
    exchange_error(ex, 406, "406 Not Acceptable", "The API answers in application/json only.");
    return false;
}

static bool check_repeated(struct exchange *ex)
{
    char text[96];

    if (ex->headers.repeated == NULL)
        return true;
    snprintf(text, sizeof(text), "The %s header is there twice, with different values.",
             ex->headers.repeated);
    exchange_error(ex, 400, "Invalid header value", text);
    return false;
}

static bool check_client_length(struct exchange *ex)
{
    const struct config *c = ex->api->config;
    int64_t len = (int64_t)ex->headers.client_id.len;
    char text[96];

    if (len >= c->min_length_client_id && len <= c->max_length_client_id) {
        ex->client = ex->headers.client_id;
        return true;
    }
    snprintf(text, sizeof(text), "A client id must have at least %lld and at most %lld characters.",
             (long long)c->min_length_client_id, (long long)c->max_length_client_id);
    exchange_error(ex, 400, text, NULL);
    return false;
}

static bool check_client(struct exchange *ex)
{
    unsigned char *uuid;

    if (ex->headers.client_id.p == NULL) {
        exchange_error(ex, 400, "Missing header value", "The Client-ID header is required.");
        return false;
    }
    if (strcmp(ex->api->config->client_id_uuid_safe, "off") == 0)
        return check_client_length(ex);
    uuid = arena_alloc(&ex->arena, UUID_BYTES);
    if (!uuid_read(ex->headers.client_id, uuid)) {
        exchange_error(ex, 400, "Wrong UUID value", "The Client-ID header must be a UUID.");
        return false;
    }
    ex->client = (struct slice){(const char *)uuid, UUID_BYTES};
    return true;
}

static bool check_project(struct exchange *ex)
{
    const struct http_headers *h = &ex->headers;

    ex->project = h->project_id.p != NULL  ? h->project_id
                  : h->tenant_id.p != NULL ? h->tenant_id
                                           : h->tenant;
    if (ex->project.p == NULL) {
        exchange_error(ex, 400, "Project-Id Missing", "The X-Project-ID header is required.");
        return false;
    }
    if (ex->project.len == 0) {
        exchange_error(ex, 400, "Empty project header not allowed",
                       "The X-Project-ID header must not be empty.");
        return false;
    }
    return true;
}

/* check_queue refuses a bad name before a wrong method, as the contract wants; the API checks the name
 * again, for other transports. */
static bool check_queue(struct exchange *ex, const struct resource *r)
{
    struct http_fault fault =
        http_fault_of(ex->collection == COLLECTION_TOPICS ? FAULT_TOPIC_NAME : FAULT_QUEUE_NAME);

    if (!r->queue)
        return true;
    if (name_is_queue(ex->segments[2]) && name_is_project(ex->project)) {
        ex->queue_path = render_queue_path(ex->collection, ex->segments[2], &ex->arena);
        return true;
    }
    exchange_error(ex, fault.status, fault.title,
                   name_is_project(ex->project)
                       ? "The name of a queue or topic is made of 1 to 64 ASCII letters, digits, "
                         "underscores, dashes and dots."
                       : "A project id has at most 256 characters.");
    return false;
}

/* check_extra_spec: "plugin:data". One plugin is known, and does nothing. */
static bool check_extra_spec(struct exchange *ex)
{
    struct slice rest = ex->headers.extra_spec;
    struct slice plugin = slice_cut(&rest, ':');

    if (plugin.len == 0 || slice_eq(plugin, SLICE("messagecode")))
        return true;
    exchange_error(ex, 400, "Invalid API request", "The EXTRA-SPEC header names no known plugin.");
    return false;
}

static bool check_policy(struct exchange *ex, enum policy policy)
{
    char text[96];

    if (policy_allows(policy, ex->headers.roles))
        return true;
    snprintf(text, sizeof(text), "Your roles don't allow %s.", policy_name(policy));
    exchange_error(ex, 403, "Not authorized", text);
    return false;
}

/* ---- Dispatch --------------------------------------------------------------------------------- */

/* answer_options never refuses: a browser asks before it has anything to show. */
static void answer_options(struct exchange *ex, const struct resource *r)
{
    struct buffer allow = {0};

    if (r != NULL) {
        route_allow(r, false, &allow);
        exchange_header(ex, "allow", buffer_slice(&allow));
        buffer_fini(&allow);
    }
    exchange_empty(ex, 200);
}

static void run_handler(struct exchange *ex, const struct resource *r)
{
    int method = ex->verb;
    struct buffer allow = {0};

    if (method == METHOD_COUNT && !method_is_known(ex->method)) {
        exchange_error(ex, 400, "Bad request", "Unknown HTTP method.");
        return;
    }
    if (method < METHOD_COUNT && r->methods[method].handler != NULL) {
        if (!check_policy(ex, r->methods[method].policy))
            return;
        ex->query = query_parse(ex->query_text, &ex->arena);
        r->methods[method].handler(ex);
        return;
    }
    route_allow(r, true, &allow);
    exchange_header(ex, "allow", buffer_slice(&allow));
    buffer_fini(&allow);
    exchange_error(ex, 405, "405 Method Not Allowed", NULL);
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct exchange *ex = h2o_mem_alloc_shared(&req->pool, sizeof(*ex), on_gone);
    const struct resource *r;

    (void)self;
    *ex = (struct exchange){
        .req = req,
        .api = http_thread_of(req->conn->ctx)->api,
        .method = slice_of_iovec(req->input.method),
        .document = slice_of_iovec(req->entity),
        .resource = -1,
        .began_mono_us = clock_mono_us(),
    };
    ex->verb = (int)method_read(ex->method);
    ex->api->exchanges++;
    if (ex->api->config->access_log[0] != '\0')
        access_log_note(ex);
    read_headers(ex);
    if (!check_framing(ex) || !check_memory(ex))
        return 0;
    r = read_path(ex) ? route_find(ex) : NULL;
    if (r != NULL && !route_is_served(r, ex->api->config))
        r = NULL;
    if (r != NULL) {
        ex->collection = r->collection;
        ex->resource = route_number(r);
    }
    if (slice_eq(ex->method, SLICE("OPTIONS")))
        answer_options(ex, r);
    else if (r == NULL)
        exchange_error(ex, 404, "404 Not Found", NULL);
    else if (check_signed(ex) && check_body_type(ex) && check_accept(ex) &&
             (r->open || (check_repeated(ex) && check_client(ex) && check_project(ex))) &&
             check_queue(ex, r) && check_extra_spec(ex))
        run_handler(ex, r);
    return 0;
}

/* ---- Setting up -------------------------------------------------------------------------------- */

void http_configure(h2o_globalconf_t *globalconf, const struct config *config,
                    struct log_file *access_log)
{
    h2o_hostconf_t *host =
        h2o_config_register_host(globalconf, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    struct http_handler *handler =
        (struct http_handler *)h2o_create_handler(path, sizeof(struct http_handler));

    assert(chunked_is_used());
    handler->super.on_req = on_request;
    handler->config = config;
    /* of filters the one added last sees an answer first */
    cors_add(path, config);
    rewrite_add(path);
    cors_add(&host->fallback_path, config);
    rewrite_add(&host->fallback_path);
    if (access_log != NULL) {
        access_log_add(path, access_log);
        access_log_add(&host->fallback_path, access_log);
    }
}
