/* router/http/routes.h - which handler serves which path and method. */
#ifndef ROUTER_HTTP_ROUTES_H
#define ROUTER_HTTP_ROUTES_H

#include "router/api/policy.h"
#include "router/http/exchange.h"

enum http_method {
    METHOD_DELETE, /* in the order in which Allow lists them */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_PATCH,
    METHOD_POST,
    METHOD_PUT,
    METHOD_COUNT
};

typedef void http_handler_fn(struct exchange *ex);

struct route {
    http_handler_fn *handler; /* NULL: the resource does not know the method */
    enum policy policy;
};

/* Which services have a resource: it does not exist in others. */
enum served_with { SERVED_ALWAYS, SERVED_WITH_ADMIN_MODE, SERVED_WITH_POOLING };

struct resource {
    const char *path; /* parts in braces match anything */
    bool open;        /* needs no Client-ID and no project */
    enum collection collection;
    bool queue; /* its third part is the name of a queue, or of a topic */
    enum served_with with;
    struct route methods[METHOD_COUNT];
};

/* route_find matches ex->segments; NULL: no such path. */
const struct resource *route_find(const struct exchange *ex);

/* route_serves tells whether a service with this configuration has resources of that kind. */
bool route_serves(enum served_with with, const struct config *config);

/* route_is_served tells the same of a resource. */
bool route_is_served(const struct resource *r, const struct config *config);

/* route_allow writes the methods of a resource as Allow has them: in alphabetical order, and OPTIONS
 * last if it is to be named. */
void route_allow(const struct resource *r, bool with_options, struct buffer *out);

/* method_read gives METHOD_COUNT for what is no method of ours. */
enum http_method method_read(struct slice text);

/* method_name gives "GET" and the like. */
const char *method_name(enum http_method method);

/* method_is_known tells whether text is a method of HTTP or WebDAV, ours or not. */
bool method_is_known(struct slice text);

/* The resources themselves: for metrics, and tests of the documentation. route_number gives a resource's
 * place in the table. */
const struct resource *route_table(size_t *n);
int route_number(const struct resource *r);

/* Handlers, by file. The path's parts are in ex->segments. */
http_handler_fn http_versions, http_home, http_ping;             /* home.c */
http_handler_fn http_health;                                     /* health.c */
http_handler_fn http_queue_list, http_queue_get, http_queue_put; /* queues.c, of topics too */
http_handler_fn http_queue_patch, http_queue_delete, http_queue_stats, http_queue_purge;
http_handler_fn http_message_list, http_message_post, http_message_bulk_delete; /* messages.c */
http_handler_fn http_message_get, http_message_delete;
http_handler_fn http_claim_create, http_claim_get, http_claim_patch,
    http_claim_delete; /* claims.c */
http_handler_fn http_subscription_list, http_subscription_create,
    http_subscription_get; /* subscriptions.c */
http_handler_fn http_subscription_patch, http_subscription_delete, http_subscription_confirm;
http_handler_fn http_queue_share; /* share.c */
http_handler_fn http_pool_list, http_pool_get, http_pool_put, http_pool_patch,
    http_pool_delete; /* pools.c */
http_handler_fn http_flavor_list, http_flavor_get, http_flavor_put, http_flavor_patch,
    http_flavor_delete; /* flavors.c */

#endif
