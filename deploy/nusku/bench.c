/* nusku bench: measures a service from outside, with a load that does not wait for it. */
#include "deploy/nusku/bench.h"

#include "common/cli.h"
#include "common/id.h"
#include "common/mem.h"
#include "common/uri.h"
#include "deploy/nusku/nusku.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { HEADERS_MAX = 32, URL_BYTES = 512 };

/* What the command line says, before it is understood. */
struct words {
    const char *url, *mode, *rate, *seconds, *warmup, *timeout, *connections, *queues, *body_bytes;
    const char *project, *header, *reconnect, *json;
    const char *headers[HEADERS_MAX];
    size_t headers_n;
};

/* ---- Reading words ---------------------------------------------------------------------------- */

static int64_t whole(const char *name, const char *text, int64_t otherwise, int64_t min,
                     int64_t max)
{
    char *end;
    long long n;

    if (text == NULL)
        return otherwise;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max)
        cli_die(2, "--%s %s: a number from %lld to %lld was expected", name, text, (long long)min,
                (long long)max);
    return n;
}

static double read_rate(const char *text)
{
    char *end;
    double rate;

    if (text == NULL)
        return 1000;
    rate = strtod(text, &end);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || !(rate == 0 || rate >= 0.01) ||
        rate > 1e6)
        cli_die(2, "--rate %s: 0, or a number from 0.01 to 1000000 was expected", text);
    return rate;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
    return true;
}

/* take_headers takes every --header out of argv, which cli_parse would read only the last of. Returns how
 * many words are left. */
static int take_headers(int argc, char **argv, struct words *w)
{
    int left = 1;

    for (int i = 1; i < argc; i++) {
        bool joined = strncmp(argv[i], "--header=", 9) == 0;

        if (!joined && (strcmp(argv[i], "--header") != 0 || i + 1 == argc)) {
            argv[left++] = argv[i];
            continue;
        }
        if (w->headers_n == HEADERS_MAX)
            cli_die(2, "too many --header");
        w->headers[w->headers_n++] = joined ? argv[i] + 9 : argv[++i];
    }
    argv[left] = NULL;
    return left;
}

static void parse(int argc, char **argv, struct words *w, struct config *config)
{
    const struct cli_option options[] = {
        {"url", "URL", "what to measure (default: where the configuration says it serves)",
         &w->url},
        {"mode", "post|cycle", "post only, or post, claim and delete (default: cycle)", &w->mode},
        {"rate", "N", "posts a second; 0: as many as connections allow (default: 1000)", &w->rate},
        {"seconds", "N", "how long to measure (default: 10)", &w->seconds},
        {"warmup", "N", "seconds before that, which don't count (default: 2)", &w->warmup},
        {"connections", "N", "for posts, and as many for consumers (default: 16)", &w->connections},
        {"queues", "N", "how many queues share the load (default: 4)", &w->queues},
        {"body-bytes", "N", "size of a message's body (default: 100)", &w->body_bytes},
        {"timeout", "N", "seconds until a request is given up (default: 10)", &w->timeout},
        {"project", "ID", "whose queues they are (default: bench)", &w->project},
        {"header", "'NAME: VALUE'", "send that with every request (repeatable)", &w->header},
        {"reconnect", NULL, "make a connection for each request", &w->reconnect},
        {"json", NULL, "print one JSON document instead of tables", &w->json},
    };
    const struct cli cli = {
        .usage = "nusku bench [OPTION]...",
        .text = "Measures a running service: posts messages at a constant rate, whether it keeps "
                "up or\n"
                "not, claims and deletes them, and tells how long that took. Deletes its queues.",
        .options = options,
        .options_n = sizeof(options) / sizeof(options[0]),
    };
    int n = take_headers(argc, argv, w);

    if (cli_parse(&cli, n, argv, config) != n)
        cli_die(2, "\"%s\": no arguments were expected", argv[n - 1]);
    if (w->header != NULL)
        cli_die(2, "--header: the name was expected in full");
    if (w->mode != NULL && strcmp(w->mode, "post") != 0 && strcmp(w->mode, "cycle") != 0)
        cli_die(2, "--mode %s: post or cycle was expected", w->mode);
}

static void read_options(const struct words *w, struct bench_options *o)
{
    o->rate = read_rate(w->rate);
    o->seconds = whole("seconds", w->seconds, 10, 1, 86400);
    o->warmup_s = whole("warmup", w->warmup, 2, 0, 3600);
    o->connections = whole("connections", w->connections, 16, 1, 10000);
    o->queues = whole("queues", w->queues, 4, 1, 1000);
    o->body_bytes = whole("body-bytes", w->body_bytes, 100, BENCH_BODY_MIN, 1000000);
    o->target.timeout_ns = (uint64_t)whole("timeout", w->timeout, 10, 1, 300) * BENCH_SECOND_NS;
    o->target.reconnect = w->reconnect != NULL;
    o->cycle = w->mode == NULL || strcmp(w->mode, "cycle") == 0;
    o->json = w->json != NULL;
}

/* ---- Where to --------------------------------------------------------------------------------- */

/* configured_url is where a router of this configuration serves. */
static const char *configured_url(const struct config *c)
{
    static char url[URL_BYTES];

    snprintf(url, sizeof(url), strchr(c->bind, ':') == NULL ? "http://%s:%d" : "http://[%s]:%d",
             c->bind, (int)c->port);
    return url;
}

static void resolve(const char *url, const char *host, int port, struct http_target *target)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char service[16];
    int code;

    snprintf(service, sizeof(service), "%d", port);
    code = getaddrinfo(host, service, &hints, &found);
    if (code != 0)
        cli_die(1, "--url %s: %s", url, gai_strerror(code));
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
}

/* use_url takes address, Host and the prefix of paths from http://HOST[:PORT][/PREFIX]. */
static void use_url(const char *url, struct bench_options *o)
{
    struct slice path = slice_of(url);
    struct arena a = {0};
    const char *host = "";
    struct failure f;
    struct uri u;
    int port = 0;

    if (uri_parse(path, &u, &a, &f) != ST_OK || !slice_eq(u.scheme, SLICE("http")) ||
        u.user.p != NULL || u.query.len > 0 || !is_printable(path) || strpbrk(url, " #") != NULL ||
        uri_host_port(&u, 80, &host, &port, &a, &f) != ST_OK || host[0] == '\0')
        cli_die(2, "--url %s: http://HOST[:PORT][/PREFIX] was expected", url);
    path = slice_from(path, (size_t)(u.hosts.p - url) + u.hosts.len);
    while (path.len > 0 && path.p[path.len - 1] == '/')
        path.len--;
    buffer_add(&o->prefix, path);
    buffer_printf(&o->headers, "Host: %.*s\r\n", SLICE_ARG(u.hosts));
    resolve(url, host, port, &o->target);
    o->url = url;
    arena_fini(&a);
}

/* add_header refuses what would change how the request is read. */
static void add_header(struct buffer *b, const char *text)
{
    static const char *const ours[] = {"Host", "Connection", "Content-Length", "Transfer-Encoding"};
    struct slice value = slice_of(text), name = slice_cut(&value, ':');

    if (value.p == NULL || name.len == 0 || !is_printable(slice_of(text)) ||
        memchr(name.p, ' ', name.len) != NULL)
        cli_die(2, "--header %s: NAME: VALUE was expected", text);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (slice_eq_ci(name, slice_of(ours[i])))
            cli_die(2, "--header %s: this header is not for you to set", text);
    buffer_printf(b, "%s\r\n", text);
}

static void add_headers(const struct words *w, struct buffer *b)
{
    const char *project = w->project == NULL ? "bench" : w->project;
    unsigned char uuid[UUID_BYTES];
    char id[UUID_TEXT];

    if (!is_printable(slice_of(project)) || project[0] == '\0')
        cli_die(2, "--project %s: an id was expected", project);
    uuid_new(uuid);
    uuid_write(uuid, id);
    buffer_printf(b, "X-Project-ID: %s\r\nClient-ID: %.*s\r\nAccept: application/json\r\n", project,
                  UUID_TEXT, id);
    if (w->reconnect != NULL)
        buffer_add_literal(b, "Connection: close\r\n");
    for (size_t i = 0; i < w->headers_n; i++)
        add_header(b, w->headers[i]);
}

/* allow_files lifts the limit of open files to what the system allows. */
static void allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int command_bench(int argc, char **argv)
{
    struct words w = {0};
    struct bench_options o = {0};
    struct bench_result *r = mem_zalloc(sizeof(*r)); /* too large for a stack */
    struct config config;
    int status;

    config_init(&config);
    parse(argc, argv, &w, &config);
    read_options(&w, &o);
    use_url(w.url == NULL ? configured_url(&config) : w.url, &o);
    add_headers(&w, &o.headers);
    allow_files();
    status = bench_run(&o, r) == ST_OK && bench_errors(r) == 0 ? 0 : 1;
    if (r->why.st != ST_OK)
        fprintf(stderr, "nusku: %s: %s\n", o.url, r->why.text);
    if (r->seconds > 0 || r->why.st == ST_OK)
        bench_report(&o, r);
    buffer_fini(&o.headers);
    buffer_fini(&o.prefix);
    config_fini(&config);
    free(r);
    return status;
}
