/* nusku pool, nusku flavor: the catalog's pools and flavors from the shell, by the rules of the API. */
#include "deploy/nusku/nusku.h"

#include "catalog/placement.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/uri.h"
#include "router/api/name.h"
#include "worker/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROBE_MS = 5000,
    PAGE = 100,
    WEIGHT_DIGITS_MAX = 10,
    FLAVOR_POOLS_MAX = 1000, /* as in the API */
};

/* What both commands work with. */
struct admin {
    struct config config;
    struct catalog *c;
    struct arena a;
    struct failure f;
    const char *project, *weight, *flavor, *abandon, *secrets;
    char **words; /* what stands behind the action */
    int words_n;
};

static void must(const struct admin *m, enum status st)
{
    if (st != ST_OK)
        cli_die(st == ST_INVALID ? 2 : 1, "%s", m->f.text);
}

static struct slice project_of(const struct admin *m)
{
    return slice_of(m->project == NULL ? "" : m->project);
}

/* name_at gives a word that must be a name. */
static struct slice name_at(const struct admin *m, int i, const char *what)
{
    struct slice name = slice_of(m->words[i]);

    if (!name_is_queue(name))
        cli_die(2,
                "\"%s\": the name of a %s is made of 1 to %d ASCII letters, digits, "
                "underscores, dashes and dots",
                m->words[i], what, QUEUE_NAME_MAX);
    return name;
}

/* ---- Trying a store out ----------------------------------------------------------------------- */

/* A loop of our own, for as long as it takes. */
struct trial {
    struct probe probe; /* first */
    struct store_host host;
    uv_loop_t loop;
    uv_poll_t mail;
};

static void on_mail(uv_poll_t *handle, int status, int events)
{
    struct trial *t = handle->data;

    (void)status;
    (void)events;
    mailbox_turn(t->host.mailbox);
}

static void on_probed(struct probe *p)
{
    uv_close((uv_handle_t *)&((struct trial *)p)->mail, NULL); /* the loop ends with it */
}

/* try_out finds what the store at a URI can do; the program ends if there is none. */
static uint32_t try_out(struct slice uri)
{
    struct trial t = {.probe = {.done = on_probed}};
    struct arena a = {0};
    struct slice shown = uri_without_secret(uri, &a);

    if (uv_loop_init(&t.loop) != 0)
        cli_die(1, "no event loop");
    t.host = (struct store_host){&t.loop, mailbox_new(), clock_wall_ms, false};
    uv_poll_init(&t.loop, &t.mail, mailbox_fd(t.host.mailbox));
    t.mail.data = &t;
    uv_poll_start(&t.mail, UV_READABLE, on_mail);
    probe_start(&t.probe, &t.host, uri, clock_mono_ms() + PROBE_MS);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    uv_loop_close(&t.loop);
    mailbox_free(t.host.mailbox);
    if (t.probe.st != ST_OK)
        cli_die(1, "there is no store to be reached at %.*s: %s", SLICE_ARG(shown), t.probe.f.text);
    arena_fini(&a);
    return t.probe.capabilities;
}

/* ---- Pools ------------------------------------------------------------------------------------ */

static uint32_t weight_of(const struct admin *m, uint32_t unset)
{
    char *end;
    unsigned long long n;

    if (m->weight == NULL)
        return unset;
    errno = 0;
    n = strtoull(m->weight, &end, 10);
    if (m->weight[0] < '0' || m->weight[0] > '9' || *end != '\0' || errno != 0 ||
        strlen(m->weight) > WEIGHT_DIGITS_MAX || n > UINT32_MAX)
        cli_die(2, "--weight %s: a number from 0 to %u was expected", m->weight, UINT32_MAX);
    return (uint32_t)n;
}

static void set_flavor(const struct admin *m, struct pool_record *pool)
{
    if (m->flavor == NULL)
        return;
    pool->flavor = slice_of(m->flavor);
    if (m->project == NULL)
        cli_die(2, "--flavor needs --project: flavors are a project's own");
    if (pool->flavor.len > 0 && !name_is_queue(pool->flavor))
        cli_die(2, "--flavor %s: no flavor has such a name", m->flavor);
}

static void put_pool(struct admin *m, const struct pool_record *pool, uint64_t revision)
{
    enum status st = ST_OK;

    if (m->flavor != NULL)
        st = placement_check_capabilities(m->c, project_of(m), pool, &m->f);
    if (st == ST_OK)
        st = m->c->ops->pool_put(m->c, project_of(m), pool, revision, &m->f);
    must(m, st);
}

static void pool_list(struct admin *m)
{
    struct slice after = SLICE("");
    uint32_t n;

    printf("%-24s %10s  %-24s %s\n", "NAME", "WEIGHT", m->project == NULL ? "SET ASIDE" : "FLAVOR",
           "URI");
    do {
        struct pool_record *list;

        must(m, m->c->ops->pool_list(m->c, project_of(m), after, PAGE, &m->a, &list, &n, &m->f));
        for (uint32_t i = 0; i < n; i++) {
            struct slice uri =
                m->secrets != NULL ? list[i].uri : uri_without_secret(list[i].uri, &m->a);
            struct slice mark = m->project != NULL  ? list[i].flavor
                                : list[i].set_aside ? SLICE("for a flavor")
                                                    : SLICE("");

            printf("%-24.*s %10u  %-24.*s %.*s\n", SLICE_ARG(list[i].name), list[i].weight,
                   SLICE_ARG(mark), SLICE_ARG(uri));
            after = list[i].name;
        }
    } while (n == PAGE);
}

static void pool_add(struct admin *m)
{
    struct pool_record pool = {.options = SLICE("{}"), .flavor = SLICE("")}, there;

    pool.name = name_at(m, 0, "pool");
    if (!name_is_pool(pool.name))
        cli_die(2, "\"%s\" is no name for a pool: health has a member of it", m->words[0]);
    pool.uri = slice_of(m->words[1]);
    pool.weight = weight_of(m, 1);
    set_flavor(m, &pool);
    if (pool.uri.len == 0 || pool.uri.len > POOL_URI_MAX)
        cli_die(2, "a URI has 1 to %d characters", POOL_URI_MAX);
    if (m->c->ops->pool_get(m->c, SLICE(""), pool.name, &m->a, &there, &m->f) == ST_OK)
        cli_die(1, "there is a pool \"%s\" already; `nusku pool set` changes it", m->words[0]);
    pool.capabilities = try_out(pool.uri);
    put_pool(m, &pool, 0);
    if (!m->config.pooling)
        fprintf(stderr, "nusku: [DEFAULT] pooling is off: no queue goes there until it is on\n");
}

static void pool_set(struct admin *m)
{
    struct pool_record pool;
    enum status st;

    if (m->weight == NULL && m->flavor == NULL)
        cli_die(2, "pool set: --weight or --flavor is needed");
    st = m->c->ops->pool_get(m->c, project_of(m), name_at(m, 0, "pool"), &m->a, &pool, &m->f);
    if (st == ST_NOT_FOUND)
        cli_die(1, "there is no pool \"%s\"", m->words[0]);
    must(m, st);
    pool.weight = weight_of(m, pool.weight);
    set_flavor(m, &pool);
    put_pool(m, &pool, pool.revision);
}

static void pool_remove(struct admin *m)
{
    struct pool_use use;
    enum status st;

    st =
        m->c->ops->pool_delete(m->c, name_at(m, 0, "pool"), m->abandon != NULL, &m->a, &use, &m->f);
    if (st == ST_NOT_FOUND)
        cli_die(1, "there is no pool \"%s\"", m->words[0]);
    if (st == ST_CONFLICT && use.queues > 0)
        cli_die(1, "pool %s stays: queues live on it, %llu of them", m->words[0],
                (unsigned long long)use.queues);
    if (st == ST_CONFLICT && use.flavor.len > 0)
        cli_die(1, "pool %s stays: it is the last pool of flavor %.*s", m->words[0],
                SLICE_ARG(use.flavor));
    if (st == ST_CONFLICT)
        cli_die(1,
                "pool %s stays for now: messages of %llu deleted queues are still being removed "
                "from it. If the store has gone for good: --abandon",
                m->words[0], (unsigned long long)use.dropped);
    must(m, st);
}

/* ---- Flavors ---------------------------------------------------------------------------------- */

static void flavor_list(struct admin *m)
{
    struct slice after = SLICE("");
    uint32_t n;

    printf("%-24s %s\n", "NAME", "POOLS");
    do {
        struct flavor_record *list;

        must(m, m->c->ops->flavor_list(m->c, project_of(m), after, PAGE, &m->a, &list, &n, &m->f));
        for (uint32_t i = 0; i < n; i++) {
            printf("%-24.*s", SLICE_ARG(list[i].name));
            for (uint32_t j = 0; j < list[i].pools_n; j++)
                printf(" %.*s", SLICE_ARG(list[i].pools[j].name));
            putchar('\n');
            after = list[i].name;
        }
    } while (n == PAGE);
}

static void flavor_put(struct admin *m)
{
    struct slice name, *pools;
    uint32_t missing = 0;
    enum status st;

    name = name_at(m, 0, "flavor");
    pools = arena_alloc(&m->a, (size_t)m->words_n * sizeof(*pools));
    for (int i = 1; i < m->words_n; i++)
        pools[i - 1] = name_at(m, i, "pool");
    st = m->c->ops->flavor_put(m->c, project_of(m), name, pools, (uint32_t)m->words_n - 1, false,
                               &missing, &m->f);
    if (st == ST_INVALID)
        cli_die(1, "there is no pool \"%s\"", m->words[1 + missing]);
    must(m, st);
}

static void flavor_remove(struct admin *m)
{
    enum status st;

    st = m->c->ops->flavor_delete(m->c, project_of(m), name_at(m, 0, "flavor"), &m->f);
    if (st == ST_NOT_FOUND)
        cli_die(1, "the project has no flavor \"%s\"", m->words[0]);
    must(m, st);
}

/* ---- The commands ----------------------------------------------------------------------------- */

struct action {
    const char *name;
    void (*run)(struct admin *m);
    int least, most; /* words behind it */
    const char *usage;
};

static void open_admin(struct admin *m)
{
    log_setup("nusku", LOG_ERROR); /* what goes wrong is said at the end */
    must(m, config_check(&m->config, &m->f));
    must(m, catalog_open(config_catalog_uri(&m->config, &m->a), &m->c, &m->f));
    must(m, catalog_prepare(m->c, false, &m->f));
}

/* run_action finds the action behind the options, and runs it on the catalog. */
static int run_action(struct admin *m, int at, int argc, char **argv, const struct action *actions,
                      const char *choices)
{
    while (at < argc && actions->name != NULL && strcmp(actions->name, argv[at]) != 0)
        actions++;
    if (at == argc || actions->name == NULL)
        cli_die(2, "%s was expected", choices);
    m->words = argv + at + 1;
    m->words_n = argc - at - 1;
    if (m->words_n < actions->least || m->words_n > actions->most)
        cli_die(2, "%s was expected; options go in front of it", actions->usage);
    open_admin(m);
    actions->run(m);
    catalog_close(m->c);
    arena_fini(&m->a);
    config_fini(&m->config);
    return 0;
}

int command_pool(int argc, char **argv)
{
    static const struct action actions[] = {{"list", pool_list, 0, 0, "pool list"},
                                            {"add", pool_add, 2, 2, "pool add NAME URI"},
                                            {"set", pool_set, 1, 1, "pool set NAME"},
                                            {"remove", pool_remove, 1, 1, "pool remove NAME"},
                                            {NULL, NULL, 0, 0, NULL}};
    struct admin m = {0};
    const struct cli_option options[] = {
        {"weight", "N", "add, set: the share of new queues that it gets (default: 1)", &m.weight},
        {"flavor", "NAME", "add, set: the flavor of --project that it is in; empty: none",
         &m.flavor},
        {"project", "ID", "whose flavors are meant", &m.project},
        {"abandon", NULL, "remove: leave there what is left of deleted queues", &m.abandon},
        {"show-passwords", NULL, "list: show URIs as they are", &m.secrets},
    };
    const struct cli cli = {
        .usage = "nusku pool [OPTION]... list|add NAME URI|set NAME|remove NAME",
        .text = "Shows and changes the pools among which new queues are spread. The store of a new "
                "pool\n"
                "must answer. A pool on which queues live stays.",
        .options = options,
        .options_n = sizeof(options) / sizeof(options[0]),
    };
    int at;

    config_init(&m.config);
    at = cli_parse(&cli, argc, argv, &m.config);
    return run_action(&m, at, argc, argv, actions, "pool: list, add, set or remove");
}

int command_flavor(int argc, char **argv)
{
    static const struct action actions[] = {
        {"list", flavor_list, 0, 0, "flavor list"},
        {"put", flavor_put, 2, 1 + FLAVOR_POOLS_MAX, "flavor put NAME POOL..."},
        {"remove", flavor_remove, 1, 1, "flavor remove NAME"},
        {NULL, NULL, 0, 0, NULL}};
    struct admin m = {0};
    const struct cli_option options[] = {
        {"project", "ID", "whose flavors they are; must be given", &m.project},
    };
    const struct cli cli = {
        .usage = "nusku flavor --project ID [OPTION]... list|put NAME POOL...|remove NAME",
        .text = "Shows and changes the flavors of a project: names for some of the pools, by which "
                "its\n"
                "queues ask for them. put gives a flavor these pools and no others.",
        .options = options,
        .options_n = sizeof(options) / sizeof(options[0]),
    };
    int at;

    config_init(&m.config);
    at = cli_parse(&cli, argc, argv, &m.config);
    if (m.project == NULL)
        cli_die(2, "flavor: --project is needed");
    return run_action(&m, at, argc, argv, actions, "flavor: list, put or remove");
}
