#include "router/http/routes.h"

/* The REST API v2. A new route is a line here and a handler in the file of its resource. They are compared in
 * turn: what is asked for most comes first. */
static const struct resource resources[] = {
    {"/v2/queues/{queue}/messages", .queue = true,
     .methods = {[METHOD_GET] = {http_message_list, POLICY_MESSAGES_GET_ALL},
                 [METHOD_POST] = {http_message_post, POLICY_MESSAGES_CREATE},
                 [METHOD_DELETE] = {http_message_bulk_delete, POLICY_MESSAGES_DELETE_ALL}}},
    {"/v2/queues/{queue}/messages/{id}", .queue = true,
     .methods = {[METHOD_GET] = {http_message_get, POLICY_MESSAGES_GET},
                 [METHOD_DELETE] = {http_message_delete, POLICY_MESSAGES_DELETE}}},
    {"/v2/queues/{queue}/claims", .queue = true,
     .methods = {[METHOD_POST] = {http_claim_create, POLICY_CLAIMS_CREATE}}},
    {"/v2/queues/{queue}/claims/{id}", .queue = true,
     .methods = {[METHOD_GET] = {http_claim_get, POLICY_CLAIMS_GET},
                 [METHOD_PATCH] = {http_claim_patch, POLICY_CLAIMS_UPDATE},
                 [METHOD_DELETE] = {http_claim_delete, POLICY_CLAIMS_DELETE}}},
    {"/", .open = true, .methods = {[METHOD_GET] = {http_versions}}},
    {"/v2/", .methods = {[METHOD_GET] = {http_home}}},
    {"/v2/ping", .methods = {[METHOD_GET] = {http_ping, POLICY_PING_GET},
                             [METHOD_HEAD] = {http_ping, POLICY_PING_GET}}},
    {"/v2/queues", .methods = {[METHOD_GET] = {http_queue_list, POLICY_QUEUES_GET_ALL}}},
    {"/v2/queues/{queue}", .queue = true,
     .methods = {[METHOD_GET] = {http_queue_get, POLICY_QUEUES_GET},
                 [METHOD_PUT] = {http_queue_put, POLICY_QUEUES_CREATE},
                 [METHOD_PATCH] = {http_queue_patch, POLICY_QUEUES_UPDATE},
                 [METHOD_DELETE] = {http_queue_delete, POLICY_QUEUES_DELETE}}},
    {"/v2/queues/{queue}/stats", .queue = true,
     .methods = {[METHOD_GET] = {http_queue_stats, POLICY_QUEUES_STATS}}},
    {"/v2/queues/{queue}/purge", .queue = true,
     .methods = {[METHOD_POST] = {http_queue_purge, POLICY_QUEUES_PURGE}}},
    {"/v2/queues/{queue}/share", .queue = true,
     .methods = {[METHOD_POST] = {http_queue_share, POLICY_QUEUES_SHARE}}},
    {"/v2/queues/{queue}/subscriptions", .queue = true,
     .methods = {[METHOD_GET] = {http_subscription_list, POLICY_SUBSCRIPTION_GET_ALL},
                 [METHOD_POST] = {http_subscription_create, POLICY_SUBSCRIPTION_CREATE}}},
    {"/v2/queues/{queue}/subscriptions/{id}", .queue = true,
     .methods = {[METHOD_GET] = {http_subscription_get, POLICY_SUBSCRIPTION_GET},
                 [METHOD_PATCH] = {http_subscription_patch, POLICY_SUBSCRIPTION_UPDATE},
                 [METHOD_DELETE] = {http_subscription_delete, POLICY_SUBSCRIPTION_DELETE}}},
    {"/v2/queues/{queue}/subscriptions/{id}/confirm", .queue = true,
     .methods = {[METHOD_PUT] = {http_subscription_confirm, POLICY_SUBSCRIPTION_CONFIRM}}},
    {"/v2/topics", .collection = COLLECTION_TOPICS,
     .methods = {[METHOD_GET] = {http_queue_list, POLICY_TOPICS_GET_ALL}}},
    {"/v2/topics/{topic}", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_queue_get, POLICY_TOPICS_GET},
                 [METHOD_PUT] = {http_queue_put, POLICY_TOPICS_CREATE},
                 [METHOD_PATCH] = {http_queue_patch, POLICY_TOPICS_UPDATE},
                 [METHOD_DELETE] = {http_queue_delete, POLICY_TOPICS_DELETE}}},
    {"/v2/topics/{topic}/stats", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_queue_stats, POLICY_TOPICS_STATS}}},
    {"/v2/topics/{topic}/purge", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_POST] = {http_queue_purge, POLICY_TOPICS_PURGE}}},
    {"/v2/topics/{topic}/messages", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_message_list, POLICY_MESSAGES_GET_ALL},
                 [METHOD_POST] = {http_message_post, POLICY_MESSAGES_CREATE},
                 [METHOD_DELETE] = {http_message_bulk_delete, POLICY_MESSAGES_DELETE_ALL}}},
    {"/v2/topics/{topic}/messages/{id}", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_message_get, POLICY_MESSAGES_GET},
                 [METHOD_DELETE] = {http_message_delete, POLICY_MESSAGES_DELETE}}},
    {"/v2/topics/{topic}/subscriptions", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_subscription_list, POLICY_SUBSCRIPTION_GET_ALL},
                 [METHOD_POST] = {http_subscription_create, POLICY_SUBSCRIPTION_CREATE}}},
    {"/v2/topics/{topic}/subscriptions/{id}", .collection = COLLECTION_TOPICS, .queue = true,
     .methods = {[METHOD_GET] = {http_subscription_get, POLICY_SUBSCRIPTION_GET},
                 [METHOD_PATCH] = {http_subscription_patch, POLICY_SUBSCRIPTION_UPDATE},
                 [METHOD_DELETE] = {http_subscription_delete, POLICY_SUBSCRIPTION_DELETE}}},
    {"/v2/topics/{topic}/subscriptions/{id}/confirm", .collection = COLLECTION_TOPICS,
     .queue = true,
     .methods = {[METHOD_PUT] = {http_subscription_confirm, POLICY_SUBSCRIPTION_CONFIRM}}},
    {"/v2/pools", .with = SERVED_WITH_POOLING,
     .methods = {[METHOD_GET] = {http_pool_list, POLICY_POOLS_GET_ALL}}},
    {"/v2/pools/{pool}", .with = SERVED_WITH_POOLING,
     .methods = {[METHOD_GET] = {http_pool_get, POLICY_POOLS_GET},
                 [METHOD_PUT] = {http_pool_put, POLICY_POOLS_CREATE},
                 [METHOD_PATCH] = {http_pool_patch, POLICY_POOLS_UPDATE},
                 [METHOD_DELETE] = {http_pool_delete, POLICY_POOLS_DELETE}}},
    {"/v2/flavors", .with = SERVED_WITH_POOLING,
     .methods = {[METHOD_GET] = {http_flavor_list, POLICY_FLAVORS_GET_ALL}}},
    {"/v2/flavors/{flavor}", .with = SERVED_WITH_POOLING,
     .methods = {[METHOD_GET] = {http_flavor_get, POLICY_FLAVORS_GET},
                 [METHOD_PUT] = {http_flavor_put, POLICY_FLAVORS_CREATE},
                 [METHOD_PATCH] = {http_flavor_patch, POLICY_FLAVORS_UPDATE},
                 [METHOD_DELETE] = {http_flavor_delete, POLICY_FLAVORS_DELETE}}},
    {"/v2/health", .with = SERVED_WITH_ADMIN_MODE,
     .methods = {[METHOD_GET] = {http_health, POLICY_HEALTH_GET}}},
};

static const char *const method_names[METHOD_COUNT] = {
    [METHOD_DELETE] = "DELETE", [METHOD_GET] = "GET",   [METHOD_HEAD] = "HEAD",
    [METHOD_PATCH] = "PATCH",   [METHOD_POST] = "POST", [METHOD_PUT] = "PUT",
};

static bool matches(const char *path, const struct exchange *ex)
{
    struct slice rest = slice_of(path + 1);
    size_t i = 0;

    for (; rest.p != NULL; i++) {
        struct slice part = slice_cut(&rest, '/');

        if (i == ex->segments_n)
            return false;
        if ((part.len == 0 || part.p[0] != '{') && !slice_eq(part, ex->segments[i]))
            return false;
    }
    return i == ex->segments_n;
}

const struct resource *route_find(const struct exchange *ex)
{
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
        if (matches(resources[i].path, ex))
            return &resources[i];
    return NULL;
}

bool route_serves(enum served_with with, const struct config *config)
{
    return with == SERVED_ALWAYS ||
           (config->admin_mode && (with == SERVED_WITH_ADMIN_MODE || config->pooling));
}

bool route_is_served(const struct resource *r, const struct config *config)
{
    return route_serves(r->with, config);
}

const struct resource *route_table(size_t *n)
{
    *n = sizeof(resources) / sizeof(resources[0]);
    return resources;
}

int route_number(const struct resource *r)
{
    return (int)(r - resources);
}

void route_allow(const struct resource *r, bool with_options, struct buffer *out)
{
    const char *before = "";

    for (int i = 0; i < METHOD_COUNT; i++) {
        if (r->methods[i].handler == NULL)
            continue;
        buffer_printf(out, "%s%s", before, method_names[i]);
        before = ", ";
    }
    if (with_options)
        buffer_printf(out, "%sOPTIONS", before);
}

enum http_method method_read(struct slice text)
{
    int i = 0;

    while (i < METHOD_COUNT && !slice_eq(text, slice_of(method_names[i])))
        i++;
    return (enum http_method)i;
}

const char *method_name(enum http_method method)
{
    return method_names[method];
}

bool method_is_known(struct slice text)
{
    static const char *const others[] = {
        "CONNECT", "OPTIONS",   "TRACE",  "CHECKIN",         "CHECKOUT", "COPY",
        "LOCK",    "MKCOL",     "MOVE",   "REPORT",          "PROPFIND", "PROPPATCH",
        "UNLOCK",  "UNCHECKIN", "UPDATE", "VERSION-CONTROL",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (slice_eq(text, slice_of(others[i])))
            return true;
    return method_read(text) != METHOD_COUNT;
}
