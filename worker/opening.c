#include "worker/opening.h"

#include "common/mem.h"

#include <stdlib.h>

static bool blocks(const struct opening *o)
{
    const struct store_ops *driver = store_find_driver(slice_of(o->uri), NULL);

    return driver != NULL && (driver->capabilities & STORE_OPEN_BLOCKS) != 0;
}

static void open_now(struct opening *o)
{
    o->st = store_open(o->host, slice_of(o->uri), &o->store, &o->f);
}

/* on_thread runs on a thread of the loop's pool. */
static void on_thread(uv_work_t *work)
{
    struct opening *o = work->data;

    if (blocks(o))
        open_now(o);
}

static void on_worked(uv_work_t *work, int status)
{
    struct opening *o = work->data;

    (void)status; /* nobody cancels it */
    if (!blocks(o))
        open_now(o);
    free(o->uri);
    o->uri = NULL;
    o->opened(o);
}

void opening_start(struct opening *o, const struct store_host *host, struct slice uri)
{
    o->host = host;
    o->uri = mem_strdup(uri);
    o->store = NULL;
    o->work.data = o;
    if (uv_queue_work(host->loop, &o->work, on_thread, on_worked) != 0)
        abort(); /* its only error is a function that is missing */
}
