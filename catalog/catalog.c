#include "catalog/catalog.h"

#include "catalog/migration.h"
#include "common/log.h"
#include "common/uri.h"

static const struct catalog_ops *const drivers[] = {&catalog_sqlite, &catalog_postgresql};

static const struct catalog_ops *find_driver(struct slice scheme)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        struct slice rest = slice_of(drivers[i]->schemes);

        while (rest.p != NULL)
            if (slice_eq(slice_cut(&rest, '|'), scheme))
                return drivers[i];
    }
    return NULL;
}

enum status catalog_open(struct slice uri, struct catalog **c, struct failure *f)
{
    struct slice scheme = uri_scheme(uri);
    const struct catalog_ops *driver = find_driver(scheme);

    if (driver == NULL)
        return fail(f, ST_INVALID, "no catalog driver for \"%.*s://\"", SLICE_ARG(scheme));
    return driver->open(uri, c, f);
}

enum status catalog_prepare(struct catalog *c, bool upgrade, struct failure *f)
{
    int found, from;
    enum status st = c->ops->schema(c, &found, f);

    if (st != ST_OK)
        return st;
    if (found == MIGRATION_LAST)
        return ST_OK;
    if (found > MIGRATION_LAST)
        return fail(f, ST_CONFLICT,
                    "the catalog's schema is number %d, this version knows up to %d: a newer "
                    "release has been here",
                    found, MIGRATION_LAST);
    if (found > 0 && !upgrade)
        return fail(f, ST_CONFLICT,
                    "the catalog's schema is number %d, this version needs %d: run `nusku catalog "
                    "migrate`",
                    found, MIGRATION_LAST);
    st = c->ops->migrate(c, &from, f);
    if (st == ST_OK)
        log_info("CATALOG-MIGRATED", "from=%d to=%d", from, MIGRATION_LAST);
    return st;
}

enum status catalog_start(const struct config *config, bool upgrade, struct failure *f)
{
    struct arena a = {0};
    struct catalog *c = NULL;
    enum status st = catalog_open(config_catalog_uri(config, &a), &c, f);

    if (st == ST_OK)
        st = catalog_prepare(c, upgrade, f);
    catalog_close(c);
    arena_fini(&a);
    return st;
}
