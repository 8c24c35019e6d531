/* Discovery and ping. */
#include "router/http/routes.h"

#include <stdio.h>

void http_versions(struct exchange *ex)
{
    buffer_add_literal(
        &ex->body,
        "{\"versions\": [{\"id\": \"2\", \"status\": \"CURRENT\", "
        "\"updated\": \"2014-9-24T04:06:47Z\", \"media-types\": [{\"base\": \"application/json\", "
        "\"type\": \"application/vnd.openstack.messaging-v2+json\"}], "
        "\"links\": [{\"href\": \"/v2/\", \"rel\": \"self\"}]}]}");
    exchange_json(ex, 300);
}

/* An entry of the home document (json-home): relation, template, its variables, methods. A variable is
 * documented under param/<name>, or under what stands behind its '='. */
struct entry {
    const char *rel;
    const char *template;
    const char *vars;
    const char *allow;
    bool posts;
    bool fixed; /* a path, no template */
    enum served_with with;
};

static const struct entry entries[] = {
    {"queues", "/queues{?marker,limit,detailed,name,with_count}",
     "marker limit=queue_limit detailed name with_count", "GET"},
    {"queue", "/queues/{queue_name}", "queue_name", "GET PUT DELETE PATCH"},
    {"queue_stats", "/queues/{queue_name}/stats", "queue_name", "GET"},
    {"queue_purge", "/queues/{queue_name}/purge", "queue_name", "POST", true},
    {"queue_share", "/queues/{queue_name}/share", "queue_name", "POST", true},
    {"messages",
     "/queues/{queue_name}/messages{?marker,limit,echo,include_claimed,include_delayed}",
     "queue_name marker limit=messages_limit echo include_claimed include_delayed", "GET"},
    {"post_messages", "/queues/{queue_name}/messages", "queue_name", "POST", true},
    {"messages_delete", "/queues/{queue_name}/messages{?ids,pop}", "queue_name ids pop", "DELETE"},
    {"message_delete", "/queues/{queue_name}/messages/{message_id}{?claim_id}",
     "queue_name message_id claim_id", "DELETE"},
    {"message_get", "/queues/{queue_name}/messages/{message_id}", "queue_name message_id", "GET"},
    {"claim", "/queues/{queue_name}/claims/{claim_id}", "queue_name claim_id", "GET"},
    {"post_claim", "/queues/{queue_name}/claims{?limit}", "queue_name limit=claim_limit", "POST",
     true},
    {"patch_claim", "/queues/{queue_name}/claims/{claim_id}", "queue_name claim_id", "PATCH", true},
    {"delete_claim", "/queues/{queue_name}/claims/{claim_id}", "queue_name claim_id", "DELETE"},
    {"subscriptions_get", "/queues/{queue_name}/subscriptions{?marker,limit}",
     "queue_name marker limit=subscription_limit", "GET"},
    {"subscriptions_post", "/queues/{queue_name}/subscriptions",
     "queue_name limit=subscription_limit", "POST", true},
    {"subscription", "/queues/{queue_name}/subscriptions/{subscriptions_id}",
     "queue_name subscriptions_id", "GET DELETE"},
    {"subscription_patch", "/queues/{queue_name}/subscriptions/{subscriptions_id}",
     "queue_name subscriptions_id", "PATCH", true},
    {"subscription_confirm", "/queues/{queue_name}/subscriptions/{subscriptions_id}/confirm",
     "queue_name subscriptions_id", "PUT"},
    {"topics", "/topics{?marker,limit,detailed,name}", "marker limit=topic_limit detailed name",
     "GET"},
    {"topic", "/topics/{topic_name}", "topic_name", "GET PUT DELETE PATCH"},
    {"topic_stats", "/topics/{topic_name}/stats", "topic_name", "GET"},
    {"topic_purge", "/topics/{topic_name}/purge", "topic_name", "POST", true},
    {"topic_messages",
     "/topics/{topic_name}/messages{?marker,limit,echo,include_claimed,include_delayed}",
     "topic_name marker limit=messages_limit echo include_claimed include_delayed", "GET"},
    {"topic_post_messages", "/topics/{topic_name}/messages", "topic_name", "POST", true},
    {"topic_messages_delete", "/topics/{topic_name}/messages{?ids,pop}", "topic_name ids pop",
     "DELETE"},
    {"topic_message_delete", "/topics/{topic_name}/messages/{message_id}", "topic_name message_id",
     "DELETE"},
    {"topic_message_get", "/topics/{topic_name}/messages/{message_id}", "topic_name message_id",
     "GET"},
    {"topic_subscriptions_get", "/topics/{topic_name}/subscriptions{?marker,limit}",
     "topic_name marker limit=subscription_limit", "GET"},
    {"topic_subscriptions_post", "/topics/{topic_name}/subscriptions", "topic_name", "POST", true},
    {"topic_subscription", "/topics/{topic_name}/subscriptions/{subscriptions_id}",
     "topic_name subscriptions_id", "GET DELETE"},
    {"topic_subscription_patch", "/topics/{topic_name}/subscriptions/{subscriptions_id}",
     "topic_name subscriptions_id", "PATCH", true},
    {"topic_subscription_confirm", "/topics/{topic_name}/subscriptions/{subscriptions_id}/confirm",
     "topic_name subscriptions_id", "PUT"},
    {"ping", "/ping", NULL, "GET"},
    {"pools", "/pools{?detailed,limit,marker}", "detailed limit=pool_limit marker", "GET",
     .with = SERVED_WITH_POOLING},
    {"pool", "/pools/{pool_name}", "pool_name", "GET PUT PATCH DELETE",
     .with = SERVED_WITH_POOLING},
    {"flavors", "/flavors{?detailed,limit,marker}", "detailed limit=flavor_limit marker", "GET",
     .with = SERVED_WITH_POOLING},
    {"flavor", "/flavors/{flavor_name}", "flavor_name", "GET PUT PATCH DELETE",
     .with = SERVED_WITH_POOLING},
    {"health", "/health", NULL, "GET", .fixed = true, .with = SERVED_WITH_ADMIN_MODE},
};

static void add_vars(struct buffer *b, const char *vars)
{
    struct slice rest = slice_of(vars);
    bool first = true;

    buffer_add_literal(b, ", \"href-vars\": {");
    while (rest.p != NULL) {
        struct slice meaning = slice_cut(&rest, ' ');
        struct slice name = slice_cut(&meaning, '=');

        buffer_printf(b, "%s\"%.*s\": \"param/%.*s\"", first ? "" : ", ", SLICE_ARG(name),
                      SLICE_ARG(meaning.p == NULL ? name : meaning));
        first = false;
    }
    buffer_add_char(b, '}');
}

static void add_entry(struct buffer *b, const struct entry *e)
{
    struct slice rest = slice_of(e->allow);
    bool first = true;

    buffer_printf(b, "\"rel/%s\": {\"%s\": \"/v2%s\"", e->rel, e->fixed ? "href" : "href-template",
                  e->template);
    if (e->vars != NULL)
        add_vars(b, e->vars);
    buffer_add_literal(b, ", \"hints\": {\"allow\": [");
    while (rest.p != NULL) {
        struct slice method = slice_cut(&rest, ' ');

        buffer_printf(b, "%s\"%.*s\"", first ? "" : ", ", SLICE_ARG(method));
        first = false;
    }
    buffer_add_literal(b, "], \"formats\": {\"application/json\": {}}");
    if (e->posts)
        buffer_add_literal(b, ", \"accept-post\": [\"application/json\"]");
    buffer_add_literal(b, "}}");
}

void http_home(struct exchange *ex)
{
    const char *before = "";

    buffer_add_literal(&ex->body, "{\"resources\": {");
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (!route_serves(entries[i].with, ex->api->config))
            continue;
        buffer_printf(&ex->body, "%s", before);
        add_entry(&ex->body, &entries[i]);
        before = ", ";
    }
    buffer_add_literal(&ex->body, "}}");
    exchange_header(ex, "cache-control", SLICE("max-age=86400"));
    exchange_typed(ex, 200, "application/json-home");
}

static void on_pinged(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);

    exchange_empty(ex, call->fault == FAULT_NONE ? 204 : 503);
}

/* HEAD is for balancers that ask whether the process serves; GET also asks the store. */
void http_ping(struct exchange *ex)
{
    struct api_call *c;

    if (slice_eq(ex->method, SLICE("HEAD"))) {
        exchange_empty(ex, 204);
        return;
    }
    c = EXCHANGE_CALL(ex, struct api_call, on_pinged);
    api_ping(c);
}
