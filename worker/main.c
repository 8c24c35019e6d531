/* nusku-worker: owns the connections to the stores and carries out what routers ask. */
#include "catalog/catalog.h"
#include "common/admin.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/log.h"
#include "worker/worker.h"

#include <errno.h>
#include <pthread.h>

/* listen_to_admins serves metrics and health where [worker] admin_listen says. */
static struct admin *listen_to_admins(const struct config *config, struct metrics *metrics,
                                      struct worker *w)
{
    const struct admin_options options = {
        .listen = config->worker_admin_listen,
        .metrics = metrics,
        .missing = worker_missing,
        .context = w,
    };
    struct admin *a;
    struct failure f;

    if (admin_start(&options, &a, &f) != ST_OK)
        cli_die(f.st == ST_INVALID ? 2 : 1, "%s", f.text);
    return a;
}

static void prepare_catalog(const struct config *config)
{
    struct failure f;
    enum status st = catalog_start(config, false, &f);

    if (st == ST_INVALID || st == ST_CONFLICT)
        cli_die(1, "%s", f.text);
    if (st != ST_OK) /* it may come back; the registrar goes on trying */
        log_warn("CATALOG-LOST", "reason=\"%s\"", f.text);
}

static void *serve(void *arg)
{
    worker_run(arg);
    return NULL;
}

int main(int argc, char **argv)
{
    const struct cli cli = {
        .usage = "nusku-worker [OPTION]...",
        .text = "Serves Nusku's routers: keeps the connections to the message stores.",
    };
    struct metrics *metrics = metrics_new();
    struct config config;
    struct admin *admin;
    struct worker *w;
    struct failure f;
    pthread_t thread;

    config_init(&config);
    if (cli_parse(&cli, argc, argv, &config) != argc)
        cli_die(2, "\"%s\": no arguments were expected", argv[argc - 1]);
    if (config_check(&config, &f) != ST_OK)
        cli_die(2, "%s", f.text);
    daemon_begin(&config, "worker", HANGUP_IGNORED);
    prepare_catalog(&config);
    metrics_add_process(metrics);
    if (worker_new(&config, NULL, metrics, &w, &f) != ST_OK)
        cli_die(f.st == ST_INVALID ? 2 : 1, "%s", f.text);
    admin = listen_to_admins(&config, metrics, w);
    if (pthread_create(&thread, NULL, serve, w) != 0)
        cli_die(1, "no thread: %s", strerror(errno));
    daemon_ready("nusku-worker", worker_url(w));
    daemon_wait(&config);
    worker_stop(w);
    pthread_join(thread, NULL);
    admin_stop(admin);
    worker_free(w);
    metrics_free(metrics);
    config_fini(&config);
    return 0;
}
