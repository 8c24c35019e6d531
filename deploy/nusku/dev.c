/* nusku dev: router and worker in one process, linked by nng's inproc transport. */
#include "deploy/nusku/nusku.h"

#include "catalog/catalog.h"
#include "common/admin.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/mem.h"
#include "router/router.h"
#include "worker/worker.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_WAIT_MS = 10000 };

static void must(enum status st, const struct failure *f)
{
    if (st != ST_OK)
        cli_die(st == ST_INVALID ? 2 : 1, "%s", f->text);
}

static void set(struct config *c, struct slice section, struct slice name, struct slice value)
{
    struct failure f;

    must(config_set(c, section, name, value, &f), &f);
}

/* use_listen reads ADDR:PORT; an IPv6 address stands in brackets. */
static void use_listen(struct config *c, const char *text)
{
    struct slice address = slice_of(text), port;
    size_t colon = address.len;

    while (colon > 0 && address.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        cli_die(2, "--listen %s: ADDR:PORT was expected", text);
    port = slice_from(address, colon);
    address.len = colon - 1;
    if (address.len > 0 && address.p[0] == '[') {
        if (address.p[address.len - 1] != ']')
            cli_die(2, "--listen %s: an IPv6 address needs its closing bracket", text);
        address = (struct slice){address.p + 1, address.len - 2};
    }
    set(c, SLICE("drivers:transport:wsgi"), SLICE("bind"), address);
    set(c, SLICE("drivers:transport:wsgi"), SLICE("port"), port);
}

/* use_data makes the folder, and takes it for everything of which no URI says otherwise. NULL: the
 * configured one, or if that is the system's, one in this folder. */
static void use_data(struct config *c, const char *folder)
{
    struct config defaults;
    char path[PATH_MAX];

    if (folder == NULL) {
        config_init(&defaults);
        folder = strcmp(c->state_path, defaults.state_path) == 0 ? "nusku-data" : c->state_path;
        config_fini(&defaults);
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        cli_die(1, "--data %s: %s", folder, strerror(errno));
    if (realpath(folder, path) == NULL || access(path, W_OK) != 0)
        cli_die(1, "--data %s: %s", folder, strerror(errno));
    set(c, SLICE("DEFAULT"), SLICE("state_path"), slice_of(path));
}

static void *serve(void *arg)
{
    worker_run(arg);
    return NULL;
}

/* A router and its worker, for the listener of the two. */
struct pair {
    struct router *router;
    struct worker *worker;
};

static const char *pair_missing(void *context)
{
    struct pair *p = context;
    const char *missing = router_missing(p->router);

    return missing != NULL ? missing : worker_missing(p->worker);
}

static struct admin *listen_to_admins(const struct config *config, struct metrics *metrics,
                                      struct pair *p)
{
    const struct admin_options options = {
        .listen = config->router_admin_listen,
        .metrics = metrics,
        .missing = pair_missing,
        .context = p,
    };
    struct admin *a;
    struct failure f;

    must(admin_start(&options, &a, &f), &f);
    return a;
}

static void run(const struct config *config)
{
    struct metrics *metrics = metrics_new();
    char url[64];
    struct failure f;
    struct worker *w;
    struct router *r;
    struct admin *admin;
    pthread_t thread;

    snprintf(url, sizeof(url), "inproc://nusku-dev-%d", (int)getpid());
    must(catalog_start(config, true, &f), &f);
    metrics_add_process(metrics);
    must(worker_new(config, url, metrics, &w, &f), &f);
    if (pthread_create(&thread, NULL, serve, w) != 0)
        cli_die(1, "no thread: %s", strerror(errno));
    must(router_start(config, metrics, &r, &f), &f);
    admin = listen_to_admins(config, metrics, &(struct pair){r, w});
    if (!router_wait(r, READY_WAIT_MS))
        log_warn("NO-WORKER", "the router does not reach the worker of its own process");
    daemon_ready("nusku dev", router_url(r));
    daemon_wait(config);
    router_stop(r);
    worker_stop(w);
    pthread_join(thread, NULL);
    admin_stop(admin);
    worker_free(w);
    router_free(r);
    metrics_free(metrics);
}

int command_dev(int argc, char **argv)
{
    const char *data = NULL, *address = NULL, *store = NULL, *catalog = NULL;
    const struct cli_option options[] = {
        {"data", "DIR", "where catalog and messages lie (default: ./nusku-data)", &data},
        {"listen", "ADDR:PORT", "where to serve (default: 127.0.0.1:8888)", &address},
        {"store", "URI", "keep messages there: sqlite:///FILE, redis://HOST[:PORT][/DB]", &store},
        {"catalog", "URI", "keep the catalog there: sqlite:///FILE, postgresql://...", &catalog},
    };
    const struct cli cli = {
        .usage = "nusku dev [OPTION]...",
        .text =
            "Runs a router and a worker in one process. Without --store and --catalog everything\n"
            "lies in two SQLite files under --data.",
        .options = options,
        .options_n = sizeof(options) / sizeof(options[0]),
    };
    struct config config;
    struct failure f;

    config_init(&config);
    if (cli_parse(&cli, argc, argv, &config) != argc)
        cli_die(2, "\"%s\": no arguments were expected", argv[argc - 1]);
    use_data(&config, data);
    if (address != NULL)
        use_listen(&config, address);
    if (store != NULL)
        must(config_use_store(&config, slice_of(store), &f), &f);
    if (catalog != NULL)
        must(config_use_catalog(&config, slice_of(catalog), &f), &f);
    must(config_check(&config, &f), &f);
    daemon_begin(&config, "dev", HANGUP_STOPS);
    run(&config);
    config_fini(&config);
    return 0;
}
