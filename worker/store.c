#include "worker/store.h"

#include "common/uri.h"

static const struct store_ops *const drivers[] = {&store_redis, &store_sqlite};

const struct store_ops *store_find_driver(struct slice uri, struct failure *f)
{
    struct slice scheme = uri_scheme(uri);

    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        struct slice rest = slice_of(drivers[i]->schemes);

        while (rest.p != NULL)
            if (slice_eq(slice_cut(&rest, '|'), scheme))
                return drivers[i];
    }
    if (scheme.p == NULL) {
        fail(f, ST_INVALID, "not a URI: \"scheme://…\" was expected");
        return NULL;
    }
    fail(f, ST_INVALID, "no message store for \"%.*s://\"", SLICE_ARG(scheme));
    return NULL;
}

enum status store_open(const struct store_host *host, struct slice uri, struct store **s,
                       struct failure *f)
{
    const struct store_ops *driver = store_find_driver(uri, f);

    if (driver == NULL)
        return ST_INVALID;
    return driver->open(host, uri, s, f);
}

void store_close(struct store *s, void (*closed)(struct store *s), void *context)
{
    s->closed = closed;
    s->closed_context = context;
    s->ops->close(s);
}
