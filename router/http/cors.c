#include "router/http/cors.h"

#include "common/buffer.h"
#include "router/http/exchange.h"

#include <stdio.h>

struct cors_filter {
    h2o_filter_t super; /* first */
    const struct config *config;
};

/* What a request says of it; absent when not sent. */
struct cors_request {
    struct slice origin, method, headers;
    bool two_origins;
};

/* ---- What is allowed -------------------------------------------------------------------------- */

static bool lists(const char *list, struct slice wanted, bool (*same)(struct slice, struct slice))
{
    struct slice rest = slice_of(list);

    while (rest.p != NULL)
        if (same(slice_trim(slice_cut(&rest, ',')), wanted))
            return wanted.len > 0;
    return false;
}

bool cors_origin(const struct config *config, struct slice origin, struct slice *as)
{
    *as = origin;
    if (lists(config->cors_allowed_origin, origin, slice_eq))
        return true;
    *as = SLICE("*");
    return origin.len > 0 && lists(config->cors_allowed_origin, *as, slice_eq);
}

bool cors_preflight(const struct config *config, struct slice method, struct slice headers)
{
    static const char always[] = "Accept,Accept-Language,Content-Type,Cache-Control,"
                                 "Content-Language,Expires,Last-Modified,Pragma";

    if (!lists(config->cors_allow_methods, method, slice_eq))
        return false;
    while (headers.p != NULL) {
        struct slice name = slice_trim(slice_cut(&headers, ','));

        if (name.len > 0 && !lists(config->cors_allow_headers, name, slice_eq_ci) &&
            !lists(always, name, slice_eq_ci))
            return false;
    }
    return true;
}

/* ---- Headers ---------------------------------------------------------------------------------- */

static void read_request(const h2o_req_t *req, struct cors_request *r)
{
    for (size_t i = 0; i < req->headers.size; i++) {
        const h2o_header_t *h = &req->headers.entries[i];
        struct slice name = {h->name->base, h->name->len};
        struct slice value = slice_trim((struct slice){h->value.base, h->value.len});

        if (slice_eq(name, SLICE("origin"))) {
            r->two_origins |= r->origin.p != NULL;
            r->origin = value;
        } else if (slice_eq(name, SLICE("access-control-request-method"))) {
            r->method = value;
        } else if (slice_eq(name, SLICE("access-control-request-headers"))) {
            r->headers = value;
        }
    }
}

static void add(h2o_req_t *req, const char *name, struct slice value)
{
    h2o_iovec_t v = h2o_strdup(&req->pool, value.p, value.len);

    h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 1, NULL, v.base,
                          v.len);
}

/* add_list adds a header of names with commas between them and nothing else. */
static void add_list(h2o_req_t *req, const char *name, struct slice list)
{
    struct buffer b = {0};

    while (list.p != NULL) {
        struct slice item = slice_trim(slice_cut(&list, ','));

        if (item.len == 0)
            continue;
        if (b.len > 0)
            buffer_add_char(&b, ',');
        buffer_add(&b, item);
    }
    if (b.len > 0)
        add(req, name, buffer_slice(&b));
    buffer_fini(&b);
}

static void add_origin(h2o_req_t *req, const struct config *config, struct slice origin)
{
    response_vary(req, SLICE("Origin"));
    add(req, "access-control-allow-origin", origin);
    if (config->cors_allow_credentials)
        add(req, "access-control-allow-credentials", SLICE("true"));
}

static void answer_preflight(h2o_req_t *req, const struct config *config,
                             const struct cors_request *r, struct slice origin)
{
    char seconds[24];

    if (r->method.p == NULL || !cors_preflight(config, r->method, r->headers))
        return;
    add_origin(req, config, origin);
    if (config->cors_max_age_s > 0) {
        snprintf(seconds, sizeof(seconds), "%lld", (long long)config->cors_max_age_s);
        add(req, "access-control-max-age", slice_of(seconds));
    }
    add(req, "access-control-allow-methods", r->method);
    add_list(req, "access-control-allow-headers", r->headers);
}

static void on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    const struct config *config = ((struct cors_filter *)self)->config;
    struct cors_request r = {0};
    struct slice origin;

    read_request(req, &r);
    if (!r.two_origins && cors_origin(config, r.origin, &origin)) {
        if (h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("OPTIONS"))) {
            answer_preflight(req, config, &r, origin);
        } else {
            add_origin(req, config, origin);
            add_list(req, "access-control-expose-headers", slice_of(config->cors_expose_headers));
        }
    }
    h2o_setup_next_ostream(req, slot);
}

void cors_add(h2o_pathconf_t *path, const struct config *config)
{
    struct cors_filter *filter;

    if (config->cors_allowed_origin[0] == '\0')
        return;
    filter = (struct cors_filter *)h2o_create_filter(path, sizeof(*filter));
    filter->super.on_setup_ostream = on_setup;
    filter->config = config;
}
