#include "worker/probe.h"

#include "common/capability.h"

#include <stddef.h>

static void on_closed(struct store *s)
{
    struct probe *p = s->closed_context;

    p->done(p);
}

static void on_answer(struct op *op)
{
    struct probe *p = (struct probe *)((char *)op - offsetof(struct probe, op));

    p->st = op->st == ST_OK ? ST_OK : fail(&p->f, ST_INVALID, "%s", op->f.text);
    p->capabilities = p->opening.store->ops->capabilities & CAPABILITY_ALL;
    store_close(p->opening.store, on_closed, p);
}

static void on_opened(struct opening *o)
{
    struct probe *p = (struct probe *)((char *)o - offsetof(struct probe, opening));

    if (o->st != ST_OK) {
        p->st = fail(&p->f, ST_INVALID, "%s", o->f.text);
        p->done(p);
        return;
    }
    p->op = (struct op){
        .code = OP_store_ping, .deadline_mono_ms = p->deadline_mono_ms, .done = on_answer};
    o->store->ops->submit(o->store, &p->op);
    o->store->ops->flush(o->store);
}

void probe_start(struct probe *p, const struct store_host *host, struct slice uri,
                 int64_t deadline_mono_ms)
{
    p->host = host;
    p->deadline_mono_ms = deadline_mono_ms;
    p->opening.opened = on_opened;
    opening_start(&p->opening, host, uri);
}
