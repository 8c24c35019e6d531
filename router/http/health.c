/* GET /v2/health: what became of trying out the catalog and the stores. */
#include "router/http/routes.h"

#include "common/json.h"

/* add_seconds writes microseconds as the API has them: seconds, with a fraction. */
static void add_seconds(struct buffer *b, int64_t us)
{
    buffer_printf(b, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

static void add_outcome(struct buffer *b, const char *name, const struct probe_outcome *o)
{
    char ref[UUID_TEXT];

    buffer_printf(b, "\"%s\": {\"succeeded\": %s, \"seconds\": ", name,
                  o->succeeded ? "true" : "false");
    add_seconds(b, o->us);
    buffer_add_literal(b, ", \"ref\": ");
    if (o->succeeded) {
        buffer_add_literal(b, "null");
    } else {
        uuid_write(o->ref, ref);
        json_add_string(b, (struct slice){ref, UUID_TEXT});
    }
    buffer_add_char(b, '}');
}

/* add_pool writes the members of a pool's object. */
static void add_pool(struct buffer *b, const struct pool_health *h)
{
    const char *before = "";

    buffer_printf(b, "\"storage_reachable\": %s, \"operation_status\": {",
                  h->reachable ? "true" : "false");
    for (int step = 0; step < PROBE_STEP_COUNT; step++) {
        if (!h->steps[step].tried)
            continue;
        buffer_printf(b, "%s", before);
        add_outcome(b, probe_step_name((enum probe_step)step), &h->steps[step]);
        before = ", ";
    }
    buffer_printf(b, "}, \"message_volume\": {\"free\": %llu, \"claimed\": %llu, \"total\": %llu}",
                  (unsigned long long)h->free, (unsigned long long)h->claimed,
                  (unsigned long long)(h->free + h->claimed));
}

static void on_health(struct api_call *call)
{
    struct exchange *ex = exchange_end(call);
    const struct health_report *report = ((struct health_call *)call)->out.report;
    bool good = health_is_good(report);
    struct buffer *b = &ex->body;

    buffer_printf(b, "{\"catalog_reachable\": %s", report->catalog_reachable ? "true" : "false");
    for (uint32_t i = 0; i < report->n; i++) {
        buffer_add_literal(b, ", ");
        if (report->pools[i].pool.len == 0) { /* the default store */
            add_pool(b, &report->pools[i]);
            continue;
        }
        json_add_string(b, report->pools[i].pool);
        buffer_add_literal(b, ": {");
        add_pool(b, &report->pools[i]);
        buffer_add_char(b, '}');
    }
    buffer_add_char(b, '}');
    if (!good)
        exchange_header(ex, "retry-after", SLICE("1"));
    exchange_json(ex, good ? 200 : 503);
}

void http_health(struct exchange *ex)
{
    api_health(EXCHANGE_CALL(ex, struct health_call, on_health));
}
