/* nusku catalog: the schema of the catalog. */
#include "deploy/nusku/nusku.h"

#include "catalog/catalog.h"
#include "catalog/migration.h"
#include "common/cli.h"

#include <stdio.h>
#include <string.h>

int command_catalog(int argc, char **argv)
{
    const struct cli cli = {
        .usage = "nusku catalog [OPTION]... init|migrate",
        .text =
            "init and migrate bring the catalog's schema to this version, from nothing or from\n"
            "an older one. Doing it twice, or from two machines at once, does no harm.",
    };
    struct config config;
    struct arena a = {0};
    struct catalog *c = NULL;
    struct failure f;
    int from, at;

    config_init(&config);
    at = cli_parse(&cli, argc, argv, &config);
    if (at == argc || (strcmp(argv[at], "init") != 0 && strcmp(argv[at], "migrate") != 0))
        cli_die(2, "catalog: init or migrate was expected");
    if (at + 1 != argc)
        cli_die(2, "catalog: \"%s\" stands behind %s; options go in front of it", argv[at + 1],
                argv[at]);
    if (catalog_open(config_catalog_uri(&config, &a), &c, &f) != ST_OK ||
        c->ops->migrate(c, &from, &f) != ST_OK)
        cli_die(f.st == ST_INVALID ? 2 : 1, "%s", f.text);
    if (from == MIGRATION_LAST)
        printf("The catalog is up to date: schema %d.\n", from);
    else
        printf("The catalog is at schema %d, from %d.\n", MIGRATION_LAST, from);
    catalog_close(c);
    arena_fini(&a);
    config_fini(&config);
    return 0;
}
