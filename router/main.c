/* nusku-router: serves the Messaging API to clients; the work is done by workers. */
#include "catalog/catalog.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/log.h"
#include "router/router.h"

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
    struct config config;
    struct router *r;
    struct failure f;

    config_init(&config);
    if (cli_parse(&cli, argc, argv, &config) != argc)
        cli_die(2, "\"%s\": no arguments were expected", argv[argc - 1]);
    if (config_check(&config, &f) != ST_OK)
        cli_die(2, "%s", f.text);
    daemon_begin(&config, "router", HANGUP_IGNORED);
    prepare_catalog(&config);
    if (router_start(&config, &r, &f) != ST_OK)
        cli_die(f.st == ST_INVALID ? 2 : 1, "%s", f.text);
    daemon_ready("nusku-router", router_url(r));
    daemon_wait(&config);
    router_stop(r);
    router_free(r);
    config_fini(&config);
    return 0;
}
