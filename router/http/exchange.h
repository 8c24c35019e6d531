/* router/http/exchange.h - one HTTP request and its response.
 *
 * Lives on the request's pool and ends with it: when the response is sent, or when the client goes
 * first, which abandons the call that is under way.
 */
#ifndef ROUTER_HTTP_EXCHANGE_H
#define ROUTER_HTTP_EXCHANGE_H

#include "router/api/api.h"
#include "router/http/query.h"

#include <h2o.h>

enum { SEGMENTS_MAX = 8 };

/* The headers that decide something; absent when not sent. */
struct http_headers {
    struct slice accept, content_type;
    struct slice client_id, project_id, tenant_id, tenant;
    struct slice extra_spec;
    struct slice auth_token;
    struct slice roles; /* of the caller */
    struct slice url_signature, url_expires, url_methods, url_paths;
    const char *repeated; /* one of the caller's that is there twice, with different values */
};

struct exchange {
    h2o_req_t *req;
    struct api *api;
    struct arena arena;
    struct buffer body; /* of the response */
    struct http_headers headers;
    struct slice method;
    struct slice path;                   /* as sent, without the query */
    struct slice segments[SEGMENTS_MAX]; /* decoded parts of the path */
    size_t segments_n;
    struct query query;
    struct slice query_text;      /* as sent */
    struct slice document;        /* the body: absent, or as sent */
    struct slice project;         /* once it is checked */
    struct slice client;          /* in its stored form */
    enum collection collection;   /* what the path leads into */
    struct slice queue_path;      /* /v2/queues/Q or /v2/topics/T, if the path has a name */
    bool is_signed;               /* let in by a pre-signed URL: no token, no roles */
    int verb;                     /* the method as an enum http_method */
    int resource;                 /* number in the table of routes; -1: no such path */
    int64_t began_mono_us;        /* when it was whole */
    bool answered;                /* a response was sent */
    struct api_call *call;        /* under way; NULL before and after */
    h2o_timeout_entry_t patience; /* linked while the response is being taken */
};

/* exchange_begin starts an operation of the API: fills what all calls have. call is the beginning of
 * the operation's own struct, in ex->arena. */
#define EXCHANGE_CALL(ex, type, done)                                                              \
    ((type *)exchange_begin((ex), arena_zalloc(&(ex)->arena, sizeof(type)), (done)))

struct api_call *exchange_begin(struct exchange *ex, void *call, void (*done)(struct api_call *));

/* exchange_end gives the exchange of a call that is done. */
struct exchange *exchange_end(struct api_call *call);

/* ---- Responses: each ends the exchange. A client that doesn't take one in client_timeout is let go ---- */

/* exchange_header adds a response header; name and value are copied. */
void exchange_header(struct exchange *ex, const char *name, struct slice value);

/* exchange_json sends ex->body as application/json. */
void exchange_json(struct exchange *ex, int status);

/* exchange_typed sends ex->body as another media type. */
void exchange_typed(struct exchange *ex, int status, const char *media_type);

/* exchange_empty sends no body: 201 says application/json all the same, 204 says nothing. */
void exchange_empty(struct exchange *ex, int status);

/* exchange_error sends an error; title or description may be NULL. */
void exchange_error(struct exchange *ex, int status, const char *title, const char *description);

/* exchange_fault sends the fault of a call that has failed. True if there was one. */
bool exchange_fault(struct exchange *ex, const struct api_call *call);

/* exchange_no_content is the done of calls that have nothing to say: 204, or their fault. */
void exchange_no_content(struct api_call *call);

/* ---- For responses that are made without an exchange ---- */

#define REQUEST_ID_HEADER "x-openstack-request-id"

void response_add_request_id(h2o_req_t *req);

/* response_vary adds a name to the Vary header. */
void response_vary(h2o_req_t *req, struct slice name);

/* response_has_body: false for HEAD, whose response tells the length alone. */
bool response_has_body(const h2o_req_t *req);

#endif
