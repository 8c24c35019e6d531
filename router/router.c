#include "router/router.h"

#include "common/clock.h"
#include "common/mem.h"
#include "router/http/http.h"
#include "router/metrics.h"
#include "router/server.h"

#include <pthread.h>
#include <stdlib.h>

enum { CATALOG_THREADS = 4 };

struct router {
    const struct config *config;
    h2o_globalconf_t globalconf;
    struct catalog_service *service;
    struct router_metrics *metrics;
    struct jobs *closers;
    struct log_file *access_log; /* NULL: none */
    struct listen_address *address;
    char url[LISTEN_URL_BYTES];
    struct server **servers;
    size_t n;
    pthread_mutex_t lock; /* guards reaching */
    pthread_cond_t reached;
    size_t reaching; /* servers that reach a worker */
};

static void on_reached(void *context)
{
    struct router *r = context;

    pthread_mutex_lock(&r->lock);
    r->reaching++;
    pthread_cond_broadcast(&r->reached);
    pthread_mutex_unlock(&r->lock);
}

static void configure_h2o(struct router *r)
{
    h2o_config_init(&r->globalconf);
    r->globalconf.server_name = h2o_iovec_init(H2O_STRLIT("Nusku/" NUSKU_VERSION));
    r->globalconf.max_request_entity_size = (size_t)config_request_max(r->config);
    r->globalconf.http1.req_timeout = (uint64_t)r->config->client_timeout_s * 1000;
    r->globalconf.http1.upgrade_to_http2 = 0; /* this h2o lacks the rapid reset fix */
    http_configure(&r->globalconf, r->config, r->access_log);
}

/* check_exposure: without authentication only this machine may come in, unless it is wanted. */
static enum status check_exposure(const struct config *c, bool loopback, struct failure *f)
{
    bool open = c->auth_strategy[0] == '\0' || strcmp(c->auth_strategy, "noauth") == 0;

    if (!open || loopback || c->insecure_public_noauth)
        return ST_OK;
    return fail(f, ST_INVALID,
                "%s is not a loopback address, and callers are not authenticated: anybody could "
                "read every project's queues. Set [DEFAULT] insecure_public_noauth = true if that "
                "is what you want",
                c->bind);
}

static enum status open_servers(struct router *r, struct failure *f)
{
    struct jobs_options closers = {.name = "closer", .threads = 1, .queue_max = SIZE_MAX};
    struct server_options options = {
        .config = r->config,
        .globalconf = &r->globalconf,
        .service = r->service,
        .closers = r->closers = jobs_new(&closers),
        .address = r->address,
        .connections_max = (r->config->max_connections + (int64_t)r->n - 1) / (int64_t)r->n,
        .reached = on_reached,
        .context = r,
    };
    enum status st = ST_OK;

    for (size_t i = 0; i < r->n && st == ST_OK; i++) {
        options.meter = (struct router_meter){r->metrics, i};
        st = server_new(&options, &r->servers[i], f);
    }
    return st;
}

enum status router_start(const struct config *config, struct metrics *metrics, struct router **out,
                         struct failure *f)
{
    struct router *r = mem_zalloc(sizeof(*r));
    struct arena a = {0};
    struct catalog_service_options service = {
        .uri = config_catalog_uri(config, &a),
        .threads = CATALOG_THREADS,
        .cache_most = (size_t)config->queue_cache_size,
        .worker_gone_ms = config->heartbeat_timeout_s * 1000,
        .pooling = config->pooling,
        .virtual_pool = config->enable_virtual_pool,
        .metrics = metrics,
    };
    bool loopback;
    enum status st;

    r->config = config;
    r->n = (size_t)config->router_threads;
    r->metrics = router_metrics_new(metrics, r->n);
    r->servers = mem_zalloc(r->n * sizeof(struct server *));
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->reached, NULL);
    st = config->access_log[0] == '\0' ? ST_OK
                                       : log_file_open(config->access_log, &r->access_log, f);
    configure_h2o(r);
    if (st == ST_OK)
        st = listen_resolve(config->bind, config->port, r->n, &r->address, &loopback, f);
    if (st == ST_OK)
        st = check_exposure(config, loopback, f);
    if (st == ST_OK)
        st = catalog_service_new(&service, &r->service, f);
    arena_fini(&a);
    if (st == ST_OK)
        st = open_servers(r, f);
    if (st != ST_OK)
        return st; /* the process ends */
    listen_url(r->address, r->url);
    for (size_t i = 0; i < r->n; i++)
        server_start(r->servers[i]);
    *out = r;
    return ST_OK;
}

const char *router_url(const struct router *r)
{
    return r->url;
}

bool router_wait(struct router *r, int timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    bool all;

    pthread_mutex_lock(&r->lock);
    while (r->reaching < r->n)
        if (!clock_wait(&r->reached, &r->lock, until_ms))
            break;
    all = r->reaching == r->n;
    pthread_mutex_unlock(&r->lock);
    return all;
}

const char *router_missing(void *router)
{
    struct router *r = router;

    for (size_t i = 0; i < r->n; i++)
        if (metric_get(r->metrics->links_up, i, 0) == 0)
            return "no worker is reached";
    return NULL;
}

/* ---- Stopping --------------------------------------------------------------------------------- */

void router_stop(struct router *r)
{
    for (size_t i = 0; i < r->n; i++)
        server_stop(r->servers[i]);
    for (size_t i = 0; i < r->n; i++)
        server_join(r->servers[i]);
    catalog_service_stop(r->service);
    jobs_free(r->closers); /* sockets are closed: no more mail of theirs */
    r->closers = NULL;
}

void router_free(struct router *r)
{
    bool all = true;

    for (size_t i = 0; i < r->n; i++)
        all &= server_free(r->servers[i]);
    catalog_service_free(r->service);
    listen_free(r->address);
    pthread_cond_destroy(&r->reached);
    pthread_mutex_destroy(&r->lock);
    if (!all)
        return;
    h2o_config_dispose(&r->globalconf);
    if (r->access_log != NULL)
        log_file_close(r->access_log);
    router_metrics_free(r->metrics);
    free(r->servers);
    free(r);
}
