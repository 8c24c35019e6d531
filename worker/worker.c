#include "worker/worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/mem.h"
#include "common/random.h"
#include "worker/dropped.h"
#include "worker/listener.h"
#include "worker/plugins.h"
#include "worker/pools.h"
#include "worker/registrar.h"
#include "worker/stages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DRAIN_POLL_MS = 20,
    DRAIN_MAX_MS = 8000, /* no operation has a later deadline */
};

struct worker {
    const struct config *config;
    uv_loop_t loop;
    struct mailbox *mailbox;
    uv_poll_t mail;
    uv_prepare_t turn_end;
    uv_timer_t sweeping;
    uv_timer_t draining;
    struct store_host host;
    struct worker_metrics *metrics;
    struct pools *pools; /* NULL once they are closed */
    struct stages *stages;
    struct dropped *dropped;
    struct listener *listener;
    struct registrar *registrar;
    char *socket_path; /* of an ipc listener that we made up, removed at the end */
    struct mail stop_mail;
    int64_t drain_until_ms;
};

/* ---- A turn of the loop ----------------------------------------------------------------------- */

/* is_gone tells of operations on queues that were dropped a moment ago, or that would bury messages in
 * one: their router has to look again. */
static bool is_gone(struct worker *w, const struct op *op, int64_t mono_ms)
{
    if (dropped_has(w->dropped, op->queue.epoch, mono_ms))
        return true;
    return op->code == OP_claim_create && op_buries(op) &&
           dropped_has(w->dropped, op->in.claim_create.dead_letter.target.epoch, mono_ms);
}

static void take(void *context, struct op *op)
{
    struct worker *w = context;
    int64_t mono_ms = clock_mono_ms();

    if (op->code == OP_queue_drop) {
        dropped_add(w->dropped, op->queue.epoch, mono_ms);
    } else if (is_gone(w, op, mono_ms)) {
        op->st = fail(&op->f, ST_QUEUE_GONE, "%s", status_text(ST_QUEUE_GONE));
        pools_refuse(w->pools, op);
        return;
    }
    stages_submit(w->stages, op);
}

static void submit(void *context, struct op *op)
{
    struct worker *w = context;

    pools_submit(w->pools, op);
}

static void refuse(void *context, struct op *op)
{
    struct worker *w = context;

    pools_refuse(w->pools, op);
}

/* At the end of a turn, before the loop sleeps: what was gathered goes to the stores, what was
 * answered to the routers. */
static void on_turn_end(uv_prepare_t *handle)
{
    struct worker *w = handle->data;

    if (w->pools != NULL)
        pools_flush(w->pools);
    if (w->listener != NULL)
        listener_flush(w->listener);
}

static void on_mail(uv_poll_t *handle, int status, int events)
{
    struct worker *w = handle->data;

    (void)status;
    (void)events;
    mailbox_turn(w->mailbox);
}

static void on_sweep(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    pools_sweep(w->pools);
}

/* ---- Stopping --------------------------------------------------------------------------------- */

static void on_pools_closed(void *context)
{
    struct worker *w = context;

    w->pools = NULL;
    listener_free(w->listener); /* only now operations that outlived the drain have ended */
    w->listener = NULL;
    uv_close((uv_handle_t *)&w->mail, NULL);
    uv_close((uv_handle_t *)&w->turn_end, NULL);
    uv_close((uv_handle_t *)&w->sweeping, NULL);
    uv_close((uv_handle_t *)&w->draining, NULL);
}

static void on_listener_closed(void *context)
{
    struct worker *w = context;

    stages_stop(w->stages);
    pools_close(w->pools, on_pools_closed, w);
}

static void on_drain(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    if (listener_outstanding(w->listener) > 0 && clock_mono_ms() < w->drain_until_ms)
        return;
    uv_timer_stop(timer);
    uv_timer_stop(&w->sweeping);
    listener_close(w->listener, on_listener_closed);
}

static void deliver_stop(struct mail *m)
{
    struct worker *w = (struct worker *)((char *)m - offsetof(struct worker, stop_mail));

    w->drain_until_ms = clock_mono_ms() + DRAIN_MAX_MS;
    uv_timer_start(&w->draining, on_drain, 0, DRAIN_POLL_MS);
}

void worker_stop(struct worker *w)
{
    registrar_stop(w->registrar); /* first: routers stop choosing it */
    w->stop_mail.deliver = deliver_stop;
    mailbox_post(w->mailbox, &w->stop_mail);
}

/* ---- Starting --------------------------------------------------------------------------------- */

/* make_url gives the listener a socket of its own in state_path, which only this user may enter. */
static enum status make_url(struct worker *w, char *url, size_t room, struct failure *f)
{
    const char *folder = w->config->state_path;
    unsigned char id[8];
    int n;

    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail(f, ST_UNAVAILABLE, "[DEFAULT] state_path %s: %s", folder, strerror(errno));
    random_bytes(id, sizeof(id));
    n = snprintf(url, room, "ipc://%s/worker-%d-%02x%02x%02x%02x.sock", folder, (int)getpid(),
                 id[0], id[1], id[2], id[3]);
    if (n < 0 || (size_t)n >= room)
        return fail(f, ST_INVALID, "[DEFAULT] state_path is too long for the name of a socket");
    w->socket_path = mem_strdup(slice_of(url + strlen("ipc://")));
    return ST_OK;
}

static enum status open_listener(struct worker *w, const char *url, struct failure *f)
{
    char made[108 + 6]; /* the longest path of a socket */
    struct listener_options options = {
        .loop = &w->loop,
        .mailbox = w->mailbox,
        .operations_max = (uint32_t)w->config->worker_max_operations,
        .take = take,
        .context = w,
        .metrics = w->metrics,
    };

    if (url == NULL && w->config->worker_listen[0] != '\0')
        url = w->config->worker_listen;
    if (url == NULL) {
        enum status st = make_url(w, made, sizeof(made), f);

        if (st != ST_OK)
            return st;
        url = made;
    }
    options.url = url;
    return listener_open(&options, &w->listener, f);
}

static void on_pools_found(void *context, const struct pool_record *list, uint32_t n)
{
    struct worker *w = context;

    pools_set(w->pools, list, n);
}

/* on_pools_changed tells routers, by the catalog. */
static void on_pools_changed(void *context)
{
    struct worker *w = context;
    struct arena a = {0};
    uint32_t n;
    const struct served_pool *served = pools_served(w->pools, &n, &a);

    registrar_serve(w->registrar, served, n);
    arena_fini(&a);
}

static void start_registrar(struct worker *w)
{
    struct arena a = {0};
    struct registrar_options options = {
        .catalog_uri = arena_copy(&a, config_catalog_uri(w->config, &a)).p,
        .url = w->config->worker_advertise[0] != '\0' ? w->config->worker_advertise
                                                      : listener_url(w->listener),
        .heartbeat_ms = w->config->heartbeat_interval_s * 1000,
        .gone_ms = w->config->heartbeat_timeout_s * 1000,
        .mailbox = w->mailbox,
        .drop = take,
        .pools_found = on_pools_found,
        .context = w,
        .metrics = w->metrics,
    };

    options.pools = pools_served(w->pools, &options.pools_n, &a);
    w->registrar = registrar_new(&options);
    arena_fini(&a);
}

static void start_handles(struct worker *w)
{
    uv_poll_init(&w->loop, &w->mail, mailbox_fd(w->mailbox));
    w->mail.data = w;
    uv_poll_start(&w->mail, UV_READABLE, on_mail);
    uv_prepare_init(&w->loop, &w->turn_end);
    w->turn_end.data = w;
    uv_prepare_start(&w->turn_end, on_turn_end);
    uv_timer_init(&w->loop, &w->sweeping);
    w->sweeping.data = w;
    uv_timer_start(&w->sweeping, on_sweep, (uint64_t)w->config->sweep_interval_ms,
                   (uint64_t)w->config->sweep_interval_ms);
    uv_timer_init(&w->loop, &w->draining);
    w->draining.data = w;
}

static enum status load_plugins(struct worker *w, struct failure *f)
{
    const struct config *c = w->config;
    enum status st = plugin_load_stores(slice_of(c->storage_plugins), f);

    return st != ST_OK ? st
                       : stages_read(w->stages, slice_of(c->stages_pipeline),
                                     slice_of(c->message_encryption_keys), f);
}

enum status worker_new(const struct config *config, const char *url, struct metrics *metrics,
                       struct worker **out, struct failure *f)
{
    struct worker *w = mem_zalloc(sizeof(*w));
    struct pools_options pools = {&w->host, config->worker_pools, on_pools_changed, w};
    struct arena a = {0};
    enum status st;

    w->config = config;
    setenv("UV_THREADPOOL_SIZE", "24",
           0); /* names are found while as many stores as may be are opened */
    if (uv_loop_init(&w->loop) != 0)
        abort(); /* no descriptors at start: as hopeless as no memory */
    w->mailbox = mailbox_new();
    w->host = (struct store_host){&w->loop, w->mailbox, clock_wall_ms, false, &plugin_host_calls};
    w->metrics = worker_metrics_new(metrics);
    pools.metrics = w->metrics;
    w->pools = pools_new(&pools);
    w->stages = stages_new(&(struct stages_options){w->mailbox, submit, refuse, w});
    w->dropped = dropped_new();
    start_handles(w);
    st = load_plugins(w, f);
    if (st == ST_OK)
        st = pools_open_default(w->pools, config_store_uri(config, &a), f);
    arena_fini(&a);
    if (st == ST_OK)
        st = open_listener(w, url, f);
    if (st == ST_OK) {
        start_registrar(w);
        *out = w;
        return ST_OK;
    }
    pools_close(w->pools, on_pools_closed, w);
    worker_run(w);
    worker_free(w);
    return st;
}

const char *worker_url(const struct worker *w)
{
    return listener_url(w->listener);
}

const char *worker_missing(void *worker)
{
    struct worker *w = worker;

    return metric_get(w->metrics->registered, 0, 0) > 0 ? NULL
                                                        : "the catalog does not list this worker";
}

void worker_run(struct worker *w)
{
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

void worker_free(struct worker *w)
{
    uv_loop_close(&w->loop);
    stages_free(w->stages);
    mailbox_free(w->mailbox);
    registrar_free(w->registrar);
    dropped_free(w->dropped);
    worker_metrics_free(w->metrics);
    if (w->socket_path != NULL)
        unlink(w->socket_path);
    free(w->socket_path);
    free(w);
}
