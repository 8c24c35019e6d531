/* nusku-router: serves the Messaging API to clients; the work is done by workers. */
#include "catalog/catalog.h"
#include "common/admin.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/log.h"
#include "router/router.h"

/* listen_to_admins serves metrics and health where [router] admin_listen says. */
static struct admin *listen_to_admins(const struct config *config, struct metrics *metrics,
                                      struct router *r)
{
    const struct admin_options options = {
        .listen = config->router_admin_listen,
        .metrics = metrics,
        .missing = router_missing,
        .context = r,
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
    if (st != ST_OK) /* it may come back; clients get 503 until then */
        log_warn("CATALOG-LOST", "reason=\"%s\"", f.text);
}

int main(int argc, char **argv)
{
    const struct cli cli = {
        .usage = "nusku-router [OPTION]...",
        .text = "Serves the OpenStack Messaging API v2 over HTTP. Workers do the work.",
    };
    struct metrics *metrics = metrics_new();
    struct config config;
    struct admin *admin;
    struct router *r;
    struct failure f;

    config_init(&config);
    if (cli_parse(&cli, argc, argv, &config) != argc)
        cli_die(2, "\"%s\": no arguments were expected", argv[argc - 1]);
    if (config_check(&config, &f) != ST_OK)
        cli_die(2, "%s", f.text);
    daemon_begin(&config, "router", HANGUP_IGNORED);
    prepare_catalog(&config);
    metrics_add_process(metrics);
    if (router_start(&config, metrics, &r, &f) != ST_OK)
        cli_die(f.st == ST_INVALID ? 2 : 1, "%s", f.text);
    admin = listen_to_admins(&config, metrics, r);
    daemon_ready("nusku-router", router_url(r));
    daemon_wait(&config);
    router_stop(r);
    admin_stop(admin);
    router_free(r);
    metrics_free(metrics);
    config_fini(&config);
    return 0;
}
