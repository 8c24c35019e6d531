#include "worker/store.h"

#include "common/uri.h"
#include "worker/store_thread.h"

enum { DRIVERS_MAX = 32 };

static const struct store_ops *drivers[DRIVERS_MAX] = {&store_redis, &store_sqlite};
static size_t drivers_n = 2;

/* What drivers that block have got from the worker. */
static struct store_ops threaded[DRIVERS_MAX];

static const struct store_ops *find_scheme(struct slice scheme)
{
    for (size_t i = 0; i < drivers_n; i++) {
        struct slice rest = slice_of(drivers[i]->schemes);

        while (rest.p != NULL)
            if (slice_eq(slice_cut(&rest, '|'), scheme))
                return drivers[i];
    }
    return NULL;
}

static const struct store_ops *with_thread(const struct store_ops *driver)
{
    struct store_ops *ops = &threaded[drivers_n];

    *ops = *driver;
    ops->close = store_thread_close;
    ops->submit = store_thread_submit;
    ops->flush = store_thread_flush;
    ops->sweep = store_thread_sweep;
    return ops;
}

enum status store_add_driver(const struct store_ops *driver, struct failure *f)
{
    struct slice rest = slice_of(driver->schemes);

    if (drivers_n == DRIVERS_MAX)
        return fail(f, ST_INVALID, "there may be %d message stores at most", DRIVERS_MAX);
    while (rest.p != NULL) {
        struct slice scheme = slice_cut(&rest, '|');

        if (find_scheme(scheme) != NULL)
            return fail(f, ST_CONFLICT, "there is a message store for \"%.*s://\" already",
                        SLICE_ARG(scheme));
    }
    drivers[drivers_n] = driver->driver != NULL ? with_thread(driver) : driver;
    drivers_n++;
    return ST_OK;
}

const struct store_ops *store_find_driver(struct slice uri, struct failure *f)
{
    struct slice scheme = uri_scheme(uri);
    const struct store_ops *driver = find_scheme(scheme);

    if (driver != NULL)
        return driver;
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
    if (driver->driver != NULL)
        return store_thread_open(driver, driver->driver, host, uri, s, f);
    return driver->open(host, uri, s, f);
}

void store_close(struct store *s, void (*closed)(struct store *s), void *context)
{
    s->closed = closed;
    s->closed_context = context;
    s->ops->close(s);
}
