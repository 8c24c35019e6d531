#include "deploy/nusku/bench.h"

#include "common/json.h"

#include <stdio.h>

/* The kinds of times that are reported. */
enum { ROWS = 5 };

struct row {
    const char *name; /* in the table */
    const char *key;  /* in JSON */
    const struct histogram *times;
    bool shown;
};

static void list_rows(const struct bench_options *o, const struct bench_result *r,
                      struct row rows[ROWS])
{
    rows[0] = (struct row){"post", "post", &r->post.latency, true};
    rows[1] = (struct row){"  of it: waiting to be sent", "wait", &r->wait, o->rate > 0};
    rows[2] = (struct row){"claim", "claim", &r->claim.latency, o->cycle};
    rows[3] = (struct row){"delete", "delete", &r->removal.latency, o->cycle};
    rows[4] = (struct row){"end to end", "end_to_end", &r->end_to_end, o->cycle};
}

static double ms_at(const struct histogram *h, uint32_t millionths)
{
    return (double)histogram_at(h, millionths) / 1e6;
}

static double rate_of(const struct bench_result *r, uint64_t n)
{
    return r->seconds > 0 ? (double)n / r->seconds : 0;
}

/* ---- For people ------------------------------------------------------------------------------- */

static void print_heading(const struct bench_options *o, const struct bench_result *r)
{
    printf("%s %s: ", o->cycle ? "post, claim, delete on" : "post on", o->url);
    if (o->rate > 0)
        printf("%g posts a second", o->rate);
    else
        printf("closed loop");
    printf(" for %.4g s%s, %lld connections%s, %lld queue%s, bodies of %lld bytes\n", r->seconds,
           r->interrupted ? " (interrupted)" : "", (long long)o->connections,
           o->cycle ? " for posts and as many for consumers" : "", (long long)o->queues,
           o->queues == 1 ? "" : "s", (long long)o->body_bytes);
}

static void print_table(const struct bench_options *o, const struct bench_result *r)
{
    static const uint32_t columns[] = {500000, 900000, 990000, 999000, HISTOGRAM_ALL};
    struct row rows[ROWS];

    printf("\n%-28s%10s%10s%10s%10s%10s%10s\n", o->rate > 0 ? "ms" : "ms (closed loop)", "count",
           "p50", "p90", "p99", "p99.9", "max");
    list_rows(o, r, rows);
    for (size_t i = 0; i < ROWS; i++) {
        if (!rows[i].shown)
            continue;
        printf("%-28s%10llu", rows[i].name, (unsigned long long)rows[i].times->n);
        for (size_t j = 0; j < sizeof(columns) / sizeof(columns[0]); j++)
            printf("%10.3f", ms_at(rows[i].times, columns[j]));
        printf("\n");
    }
}

static void print_faults(const char *what, const struct bench_calls *c)
{
    for (int status = 0; status < 600; status++)
        if (c->wrong[status] > 0)
            printf("%s: %llu answered with %d\n", what, (unsigned long long)c->wrong[status],
                   status);
    if (c->refused > 0)
        printf("%s: %llu without a connection\n", what, (unsigned long long)c->refused);
    if (c->broken > 0)
        printf("%s: %llu on a connection that broke\n", what, (unsigned long long)c->broken);
    if (c->timeouts > 0)
        printf("%s: %llu without an answer in time\n", what, (unsigned long long)c->timeouts);
}

static void print_errors(const struct bench_result *r)
{
    if (bench_errors(r) == 0) {
        printf("no errors\n");
        return;
    }
    print_faults("post", &r->post);
    print_faults("claim", &r->claim);
    print_faults("delete", &r->removal);
    if (r->unsent > 0)
        printf("post: %llu never sent\n", (unsigned long long)r->unsent);
    if (r->missing > 0)
        printf("%llu messages were posted and not found again\n", (unsigned long long)r->missing);
}

static void print_report(const struct bench_options *o, const struct bench_result *r)
{
    print_heading(o, r);
    print_table(o, r);
    printf("\nposted  %.1f a second, %llu in all\n", rate_of(r, r->posted),
           (unsigned long long)r->post.good);
    if (o->cycle)
        printf("deleted %.1f a second, %llu in all; claimed %llu; %llu claims found nothing\n",
               rate_of(r, r->removed), (unsigned long long)r->removed_all,
               (unsigned long long)r->claimed_all, (unsigned long long)r->empty);
    print_errors(r);
}

/* ---- For programs ----------------------------------------------------------------------------- */

static void add_times(struct buffer *b, const struct histogram *h)
{
    static const uint32_t points[] = {0,      100000, 250000, 500000, 750000, 900000,       950000,
                                      990000, 995000, 999000, 999500, 999900, HISTOGRAM_ALL};

    buffer_printf(b, "{\"count\": %llu", (unsigned long long)h->n);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        buffer_printf(b, ", \"%g\": %.4f", points[i] / 1e4, ms_at(h, points[i]));
    buffer_add_char(b, '}');
}

static void add_calls(struct buffer *b, const char *key, const struct bench_calls *c)
{
    const char *comma = "";

    buffer_printf(
        b,
        ", \"%s\": {\"good\": %llu, \"refused\": %llu, \"broken\": %llu, \"timeouts\": %llu, "
        "\"wrong\": {",
        key, (unsigned long long)c->good, (unsigned long long)c->refused,
        (unsigned long long)c->broken, (unsigned long long)c->timeouts);
    for (int status = 0; status < 600; status++) {
        if (c->wrong[status] == 0)
            continue;
        buffer_printf(b, "%s\"%d\": %llu", comma, status, (unsigned long long)c->wrong[status]);
        comma = ", ";
    }
    buffer_add_literal(b, "}}");
}

static void add_options(struct buffer *b, const struct bench_options *o)
{
    buffer_add_literal(b, "{\"url\": ");
    json_add_string(b, slice_of(o->url));
    buffer_printf(b,
                  ", \"mode\": \"%s\", \"rate\": %.10g, \"closed_loop\": %s, \"warmup\": %lld, "
                  "\"connections\": %lld, \"queues\": %lld, \"body_bytes\": %lld",
                  o->cycle ? "cycle" : "post", o->rate, o->rate > 0 ? "false" : "true",
                  (long long)o->warmup_s, (long long)o->connections, (long long)o->queues,
                  (long long)o->body_bytes);
}

static void print_json(const struct bench_options *o, const struct bench_result *r)
{
    struct row rows[ROWS];
    struct buffer b = {0};
    const char *comma = "";

    add_options(&b, o);
    buffer_printf(
        &b,
        ", \"seconds\": %.6f, \"interrupted\": %s, \"posted_per_s\": %.3f, "
        "\"deleted_per_s\": %.3f, \"claimed\": %llu, \"deleted\": %llu, \"empty_claims\": %llu, "
        "\"unsent\": %llu, \"missing\": %llu, \"errors\": %llu",
        r->seconds, r->interrupted ? "true" : "false", rate_of(r, r->posted),
        rate_of(r, r->removed), (unsigned long long)r->claimed_all,
        (unsigned long long)r->removed_all, (unsigned long long)r->empty,
        (unsigned long long)r->unsent, (unsigned long long)r->missing,
        (unsigned long long)bench_errors(r));
    add_calls(&b, "post", &r->post);
    add_calls(&b, "claim", &r->claim);
    add_calls(&b, "delete", &r->removal);
    buffer_add_literal(&b, ", \"ms\": {");
    list_rows(o, r, rows);
    for (size_t i = 0; i < ROWS; i++) {
        if (!rows[i].shown)
            continue;
        buffer_printf(&b, "%s\"%s\": ", comma, rows[i].key);
        add_times(&b, rows[i].times);
        comma = ", ";
    }
    buffer_add_literal(&b, "}}\n");
    fwrite(b.p, 1, b.len, stdout);
    buffer_fini(&b);
}

void bench_report(const struct bench_options *o, const struct bench_result *r)
{
    if (o->json)
        print_json(o, r);
    else
        print_report(o, r);
}
