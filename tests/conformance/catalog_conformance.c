#include "tests/conformance/catalog_conformance.h"

#include "catalog/catalog.h"
#include "catalog/migration.h"
#include "catalog/service.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "tests/support/cmocka_all.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char *catalog_uri;

struct fixture {
    struct catalog *c;
    struct failure f;
    struct arena a;
    char project[64]; /* of this test alone, and of this run */
};

static struct catalog *open_catalog(void)
{
    struct catalog *c = NULL;
    struct failure f;

    if (catalog_open(slice_of(catalog_uri), &c, &f) != ST_OK)
        fail_msg("%s", f.text);
    return c;
}

static struct pool_record pool_of(struct fixture *fx, const char *name, uint32_t weight)
{
    return (struct pool_record){.name = slice_of(name),
                                .uri = arena_printf(&fx->a, "redis://:secret@%s/0", name),
                                .weight = weight,
                                .options = SLICE("{\"a\": 1.10}"),
                                .capabilities = 0x1900,
                                .flavor = SLICE("")};
}

static void put_pool(struct fixture *fx, const char *name, uint32_t weight)
{
    struct pool_record pool = pool_of(fx, name, weight);

    if (fx->c->ops->pool_put(fx->c, SLICE(""), &pool, 0, &fx->f) != ST_OK)
        fail_msg("%s", fx->f.text);
}

static int setup(void **state)
{
    static int number;
    struct fixture *fx = calloc(1, sizeof(*fx));

    fx->c = open_catalog();
    if (catalog_prepare(fx->c, true, &fx->f) != ST_OK)
        fail_msg("%s", fx->f.text);
    put_pool(fx, "pool", 1);
    snprintf(fx->project, sizeof(fx->project), "%d-%lld", number++, (long long)clock_wall_ms());
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    catalog_close(fx->c);
    arena_fini(&fx->a);
    free(fx);
    return 0;
}

#define PROJECT slice_of(fx->project)

static struct queue_record *create(struct fixture *fx, const char *name, const char *metadata,
                                   bool *created)
{
    struct queue_record *r = NULL;
    enum status st = fx->c->ops->queue_create(fx->c, PROJECT, slice_of(name), slice_of(metadata),
                                              SLICE("pool"), &r, created, &fx->f);

    if (st != ST_OK)
        fail_msg("%s", fx->f.text);
    return r;
}

static enum status find(struct fixture *fx, const char *name, struct queue_record **r)
{
    return fx->c->ops->queue_find(fx->c, PROJECT, slice_of(name), r, &fx->f);
}

/* ---- Queues ----------------------------------------------------------------------------------- */

static void test_catalog_migration_is_idempotent(void **state)
{
    struct fixture *fx = *state;
    int number = 0, from = 0;

    assert_int_equal(fx->c->ops->migrate(fx->c, &from, &fx->f), ST_OK);
    assert_int_equal(from, MIGRATION_LAST);
    assert_int_equal(fx->c->ops->schema(fx->c, &number, &fx->f), ST_OK);
    assert_int_equal(number, MIGRATION_LAST);
}

static void test_catalog_creates_a_queue_once(void **state)
{
    struct fixture *fx = *state;
    struct queue_record *first, *second, *found;
    bool created;

    assert_int_equal(find(fx, "q", &found), ST_NOT_FOUND);
    first = create(fx, "q", "{\"a\": 1.10, \"\\u00e9\": \"\xc3\xa9\"}", &created);
    assert_true(created);
    assert_slice(first->name, "q");
    assert_slice(first->project, fx->project);
    assert_slice(first->pool, "pool");
    assert_slice(first->metadata, "{\"a\": 1.10, \"\\u00e9\": \"\xc3\xa9\"}");
    assert_true(first->epoch == first->revision);
    assert_true(first->epoch > UINT64_C(1) << 40); /* begins far from an earlier catalog's */
    assert_true(first->created_ms > clock_wall_ms() - 60000);
    second = create(fx, "q", "{\"b\": 2}", &created);
    assert_false(created);
    assert_slice(second->metadata, "{\"a\": 1.10, \"\\u00e9\": \"\xc3\xa9\"}");
    assert_true(second->epoch == first->epoch);
    assert_int_equal(find(fx, "q", &found), ST_OK);
    assert_true(found->epoch == first->epoch && found->created_ms == first->created_ms);
    queue_record_unref(first);
    queue_record_unref(second);
    queue_record_unref(found);
}

static void test_catalog_keeps_odd_project_names(void **state)
{
    static const char *const projects[] = {"a b",   "a'b\"c",      "\xff\xfe",
                                           "{p}/q", "caf\xc3\xa9", "%s"};
    struct fixture *fx = *state;

    for (size_t i = 0; i < sizeof(projects) / sizeof(projects[0]); i++) {
        char project[64];
        struct queue_record *r;
        bool created;

        snprintf(project, sizeof(project), "%s%lld", projects[i], (long long)clock_wall_ms());
        memcpy(fx->project, project, sizeof(project));
        queue_record_unref(create(fx, "odd", "{}", &created));
        assert_true(created);
        assert_int_equal(find(fx, "odd", &r), ST_OK);
        assert_slice(r->project, project);
        queue_record_unref(r);
    }
}

static void test_catalog_updates_only_what_it_has_read(void **state)
{
    struct fixture *fx = *state;
    bool created;
    struct queue_record *old = create(fx, "q", "{}", &created), *changed, *none;

    assert_int_equal(fx->c->ops->queue_update(fx->c, PROJECT, SLICE("q"), old->revision,
                                              SLICE("{\"n\": 1}"), &changed, &fx->f),
                     ST_OK);
    assert_slice(changed->metadata, "{\"n\": 1}");
    assert_true(changed->revision > old->revision && changed->epoch == old->epoch);
    assert_slice(changed->pool, "pool");
    assert_true(changed->created_ms == old->created_ms);
    assert_int_equal(fx->c->ops->queue_update(fx->c, PROJECT, SLICE("q"), old->revision,
                                              SLICE("{\"n\": 2}"), &none, &fx->f),
                     ST_CONFLICT);
    assert_int_equal(fx->c->ops->queue_update(fx->c, PROJECT, SLICE("absent"), old->revision,
                                              SLICE("{}"), &none, &fx->f),
                     ST_NOT_FOUND);
    queue_record_unref(old);
    assert_int_equal(find(fx, "q", &old), ST_OK);
    assert_slice(old->metadata, "{\"n\": 1}");
    queue_record_unref(old);
    queue_record_unref(changed);
}

static void test_catalog_deletes_and_begins_a_new_life(void **state)
{
    struct fixture *fx = *state;
    bool created;
    struct queue_record *first = create(fx, "q", "{\"x\": 1}", &created), *gone, *second;
    struct dropped_queue *list;
    uint32_t n;
    bool noted = false;

    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("q"), &gone, &fx->f), ST_OK);
    assert_true(gone->epoch == first->epoch);
    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("q"), &second, &fx->f),
                     ST_NOT_FOUND);
    second = create(fx, "q", "{}", &created);
    assert_true(created);
    assert_true(second->epoch > first->epoch);
    assert_slice(second->metadata, "{}");

    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, SLICE("pool"), 0, 1000, &fx->a, &list, &n, &fx->f), ST_OK);
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].epoch != first->epoch)
            continue;
        noted = true;
        assert_slice(list[i].project, fx->project);
        assert_slice(list[i].name, "q");
        assert_slice(list[i].pool, "pool");
    }
    assert_true(noted);
    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, SLICE("pool"), 3600000, 1000, &fx->a, &list, &n, &fx->f),
        ST_OK);
    assert_int_equal(n, 0);
    assert_int_equal(fx->c->ops->dropped_done(fx->c, first->epoch, &fx->f), ST_OK);
    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, SLICE("pool"), 0, 1000, &fx->a, &list, &n, &fx->f), ST_OK);
    for (uint32_t i = 0; i < n; i++)
        assert_true(list[i].epoch != first->epoch);
    queue_record_unref(first);
    queue_record_unref(gone);
    queue_record_unref(second);
}

/* Topics have names behind this, see router/api/collection.h. */
#define QUEUES_END SLICE("~")

static void test_catalog_lists_in_byte_order(void **state)
{
    static const char *const names[] = {"b", "A", "a.b", "a-b", "Z_1", "a", "0", "aa"};
    static const char *const order[] = {"0", "A", "Z_1", "a", "a-b", "a.b", "aa", "b"};
    struct fixture *fx = *state;
    struct queue_record **list;
    struct slice after = SLICE("");
    uint32_t n, seen = 0;
    uint64_t count;
    bool created;

    for (size_t i = 0; i < 8; i++)
        queue_record_unref(create(fx, names[i], "{}", &created));
    do {
        assert_int_equal(
            fx->c->ops->queue_list(fx->c, PROJECT, after, QUEUES_END, 3, &fx->a, &list, &n, &fx->f),
            ST_OK);
        for (uint32_t i = 0; i < n; i++) {
            assert_slice(list[i]->name, order[seen++]);
            after = arena_copy(&fx->a, list[i]->name);
            queue_record_unref(list[i]);
        }
    } while (n == 3);
    assert_int_equal(seen, 8);
    assert_int_equal(fx->c->ops->queue_list(fx->c, PROJECT, SLICE("aab"), QUEUES_END, 10, &fx->a,
                                            &list, &n, &fx->f),
                     ST_OK);
    assert_int_equal(n, 1); /* the marker need not exist */
    queue_record_unref(list[0]);
    assert_int_equal(fx->c->ops->queue_count(fx->c, PROJECT, QUEUES_END, &count, &fx->f), ST_OK);
    assert_int_equal(count, 8);
    assert_int_equal(fx->c->ops->queue_count(fx->c, SLICE("nobody"), QUEUES_END, &count, &fx->f),
                     ST_OK);
    assert_int_equal(count, 0);
}

/* assert_listed expects names, of one letter each, between after and before. */
static void assert_listed(struct fixture *fx, const char *after, const char *before, uint32_t limit,
                          const char *const *names, uint32_t names_n)
{
    struct queue_record **list;
    uint32_t n;

    assert_int_equal(fx->c->ops->queue_list(fx->c, PROJECT, slice_of(after), slice_of(before),
                                            limit, &fx->a, &list, &n, &fx->f),
                     ST_OK);
    assert_int_equal(n, names_n);
    for (uint32_t i = 0; i < n; i++) {
        assert_slice(list[i]->name, names[i]);
        queue_record_unref(list[i]);
    }
}

static void test_catalog_lists_and_counts_between_two_names(void **state)
{
    static const char *const names[] = {"z", "~z", "a", "~a", "~", "~~"};
    static const char *const order[] = {"a", "z", "~", "~a", "~z", "~~"};
    struct fixture *fx = *state;
    uint64_t count;
    bool created;

    for (size_t i = 0; i < 6; i++)
        queue_record_unref(create(fx, names[i], "{}", &created));
    assert_listed(fx, "", "\x7f", 10, order, 6);
    assert_listed(fx, "", "~", 10, order, 2); /* neither end is in it */
    assert_listed(fx, "~", "\x7f", 10, order + 3, 3);
    assert_listed(fx, "~", "~z", 10, order + 3, 1);
    assert_listed(fx, "", "~", 1, order, 1);
    assert_listed(fx, "", "", 10, NULL, 0);
    assert_listed(fx, "~", "~", 10, NULL, 0);
    assert_listed(fx, "~\x7f", "\x7f", 10, NULL, 0);
    assert_listed(fx, "z", "a", 10, NULL, 0);
    assert_int_equal(fx->c->ops->queue_count(fx->c, PROJECT, QUEUES_END, &count, &fx->f), ST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(fx->c->ops->queue_count(fx->c, PROJECT, SLICE("\x7f"), &count, &fx->f), ST_OK);
    assert_int_equal(count, 6);
}

/* The names of a queue and a topic that are called the same differ by the mark in front. */
static void test_catalog_keeps_names_apart_that_differ_by_a_mark(void **state)
{
    struct fixture *fx = *state;
    struct queue_record *queue, *topic, *gone, *found;
    struct dropped_queue *list;
    bool created, queue_noted = false, topic_noted = false;
    uint32_t n;

    queue = create(fx, "x", "{\"q\": 1}", &created);
    assert_true(created);
    topic = create(fx, "~x", "{\"t\": 1}", &created);
    assert_true(created);
    assert_true(topic->epoch != queue->epoch);
    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("~x"), &gone, &fx->f), ST_OK);
    assert_true(gone->epoch == topic->epoch);
    assert_int_equal(find(fx, "~x", &found), ST_NOT_FOUND);
    assert_int_equal(find(fx, "x", &found), ST_OK);
    assert_slice(found->metadata, "{\"q\": 1}");
    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, SLICE("pool"), 0, 1000, &fx->a, &list, &n, &fx->f), ST_OK);
    for (uint32_t i = 0; i < n; i++) {
        queue_noted |= list[i].epoch == queue->epoch;
        if (list[i].epoch == topic->epoch) {
            topic_noted = true;
            assert_slice(list[i].name, "~x");
        }
    }
    assert_true(topic_noted && !queue_noted);
    queue_record_unref(queue);
    queue_record_unref(topic);
    queue_record_unref(gone);
    queue_record_unref(found);
}

/* ---- Changes ---------------------------------------------------------------------------------- */

static uint64_t revision(struct fixture *fx)
{
    struct change *list;
    uint64_t upto;
    uint32_t n;
    bool complete;

    assert_int_equal(fx->c->ops->changes(fx->c, 0, 10, &fx->a, &list, &n, &upto, &complete, &fx->f),
                     ST_OK);
    assert_int_equal(n, 0);
    return upto;
}

static void test_catalog_feed_tells_of_every_change_in_order(void **state)
{
    struct fixture *fx = *state;
    uint64_t before = revision(fx), upto;
    bool created, complete;
    struct queue_record *q = create(fx, "one", "{}", &created), *r;
    struct change *list;
    uint32_t n;

    assert_int_equal(fx->c->ops->queue_update(fx->c, PROJECT, SLICE("one"), q->revision,
                                              SLICE("{\"n\": 1}"), &r, &fx->f),
                     ST_OK);
    queue_record_unref(r);
    queue_record_unref(create(fx, "one", "{}", &created)); /* exists: no change */
    queue_record_unref(create(fx, "two", "{}", &created));
    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("one"), &r, &fx->f), ST_OK);
    queue_record_unref(r);
    queue_record_unref(q);
    assert_int_equal(
        fx->c->ops->changes(fx->c, before, 100, &fx->a, &list, &n, &upto, &complete, &fx->f),
        ST_OK);
    assert_true(complete);
    assert_int_equal(n, 4);
    assert_slice(list[0].name, "one");
    assert_slice(list[1].name, "one");
    assert_slice(list[2].name, "two");
    assert_slice(list[3].name, "one");
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(list[i].kind, CHANGE_QUEUE);
        assert_slice(list[i].project, fx->project);
        assert_true(list[i].revision > (i == 0 ? before : list[i - 1].revision));
    }
    assert_true(upto >= list[3].revision);
    /* a page at a time, and nothing after the last */
    assert_int_equal(
        fx->c->ops->changes(fx->c, before, 3, &fx->a, &list, &n, &upto, &complete, &fx->f), ST_OK);
    assert_int_equal(n, 3);
    assert_true(upto == list[2].revision);
    assert_int_equal(
        fx->c->ops->changes(fx->c, upto, 3, &fx->a, &list, &n, &upto, &complete, &fx->f), ST_OK);
    assert_int_equal(n, 1);
    /* from a past that the feed doesn't reach: everything is to be forgotten */
    assert_int_equal(fx->c->ops->changes(fx->c, 1, 3, &fx->a, &list, &n, &upto, &complete, &fx->f),
                     ST_OK);
    assert_false(complete);
    assert_int_equal(fx->c->ops->trim(fx->c, &fx->f), ST_OK);
}

static void *change_later(void *arg)
{
    struct fixture *fx = arg;
    struct fixture mine = {.c = open_catalog()};
    bool created;

    memcpy(mine.project, fx->project, sizeof(mine.project));
    queue_record_unref(create(&mine, "news", "{}", &created));
    catalog_close(mine.c);
    return NULL;
}

static void test_catalog_wait_hears_of_changes_of_others(void **state)
{
    struct fixture *fx = *state;
    pthread_t thread;

    while (fx->c->ops->wait(fx->c, 0, &fx->f) == ST_OK)
        ; /* what is old */
    assert_int_equal(fx->f.st, ST_TIMEOUT);
    pthread_create(&thread, NULL, change_later, fx);
    assert_int_equal(fx->c->ops->wait(fx->c, 10000, &fx->f), ST_OK);
    pthread_join(thread, NULL);
}

/* ---- Many at once ----------------------------------------------------------------------------- */

enum { RACERS = 6, ROUNDS = 15 };

struct racer {
    pthread_t thread;
    const char *project;
    int created, updated;
};

static void *race(void *arg)
{
    struct racer *me = arg;
    struct fixture fx = {.c = open_catalog()};

    snprintf(fx.project, sizeof(fx.project), "%s", me->project);
    for (int i = 0; i < ROUNDS; i++) {
        struct queue_record *r, *changed;
        char name[16];
        bool created;
        enum status st;

        snprintf(name, sizeof(name), "q%d", i);
        r = create(&fx, name, "{}", &created);
        me->created += created;
        st = fx.c->ops->queue_update(fx.c, slice_of(fx.project), slice_of(name), r->revision,
                                     SLICE("{\"n\": 1}"), &changed, &fx.f);
        if (st == ST_OK) {
            me->updated++;
            queue_record_unref(changed);
        } else if (st != ST_CONFLICT) {
            fprintf(stderr, "%s\n", fx.f.text);
            abort();
        }
        queue_record_unref(r);
    }
    catalog_close(fx.c);
    return NULL;
}

static void test_catalog_racing_writers_agree(void **state)
{
    struct fixture *fx = *state;
    struct racer racers[RACERS] = {0};
    uint64_t before = revision(fx), upto, last;
    struct change *list;
    int created = 0, updated = 0;
    uint32_t n;
    bool complete;

    for (int i = 0; i < RACERS; i++) {
        racers[i].project = fx->project;
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        created += racers[i].created;
        updated += racers[i].updated;
    }
    assert_int_equal(created, ROUNDS); /* each queue by exactly one */
    assert_true(updated >= ROUNDS);
    assert_int_equal(
        fx->c->ops->changes(fx->c, before, 1000, &fx->a, &list, &n, &upto, &complete, &fx->f),
        ST_OK);
    assert_int_equal(n, created + updated); /* no change without its line in the feed */
    last = before;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(list[i].revision > last);
        last = list[i].revision;
    }
}

struct follower {
    pthread_t thread;
    const char *project;
    uint64_t seen; /* the revision up to which the feed was read */
    int told;      /* changes of the project */
};

static void *follow(void *arg)
{
    struct follower *me = arg;
    struct catalog *c = open_catalog();
    struct arena a = {0};
    struct failure f;

    /* Follows the feed while others write: what it has seen is complete up to seen, always. */
    while (me->told < RACERS * ROUNDS) {
        struct change *list;
        uint64_t upto;
        uint32_t n;
        bool complete;

        if (c->ops->changes(c, me->seen, 7, &a, &list, &n, &upto, &complete, &f) != ST_OK ||
            !complete)
            abort();
        for (uint32_t i = 0; i < n; i++)
            me->told += slice_eq(list[i].project, slice_of(me->project));
        me->seen = upto;
        if (n == 0 && c->ops->wait(c, 5000, &f) == ST_TIMEOUT)
            break;
    }
    arena_fini(&a);
    catalog_close(c);
    return NULL;
}

static void *create_own(void *arg)
{
    struct racer *me = arg;
    struct fixture fx = {.c = open_catalog()};

    snprintf(fx.project, sizeof(fx.project), "%s", me->project);
    for (int i = 0; i < ROUNDS; i++) {
        char name[32];
        bool created;

        snprintf(name, sizeof(name), "own-%p-%d", (void *)me, i);
        queue_record_unref(create(&fx, name, "{}", &created));
    }
    catalog_close(fx.c);
    return NULL;
}

static void test_catalog_feed_misses_nothing_while_many_write(void **state)
{
    struct fixture *fx = *state;
    struct racer racers[RACERS] = {0};
    struct follower follower = {.project = fx->project, .seen = revision(fx)};

    pthread_create(&follower.thread, NULL, follow, &follower);
    for (int i = 0; i < RACERS; i++) {
        racers[i].project = fx->project;
        pthread_create(&racers[i].thread, NULL, create_own, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_join(follower.thread, NULL);
    assert_int_equal(follower.told, RACERS * ROUNDS);
}

/* ---- Workers ---------------------------------------------------------------------------------- */

static bool listed(struct fixture *fx, const unsigned char *id, struct worker_record *w)
{
    struct worker_record *list;
    uint32_t n;

    assert_int_equal(fx->c->ops->worker_list(fx->c, &fx->a, &list, &n, &fx->f), ST_OK);
    for (uint32_t i = 0; i < n; i++) {
        if (memcmp(list[i].id, id, UUID_BYTES) == 0) {
            *w = list[i];
            return true;
        }
    }
    return false;
}

static void test_catalog_registers_workers(void **state)
{
    struct fixture *fx = *state;
    struct served_pool pools[] = {{SLICE_INIT(""), true}, {SLICE_INIT("fast \"one\""), false}};
    struct worker_record w = {.url = SLICE("ipc:///run/x.sock"),
                              .host = SLICE("machine/7"),
                              .wire_version = 3,
                              .pools = pools,
                              .pools_n = 2};
    struct worker_record got = {0};
    uint64_t before;

    uuid_new(w.id);
    assert_int_equal(fx->c->ops->worker_put(fx->c, &w, 60000, &fx->f), ST_OK);
    assert_true(listed(fx, w.id, &got));
    assert_slice(got.url, "ipc:///run/x.sock");
    assert_slice(got.host, "machine/7");
    assert_int_equal(got.wire_version, 3);
    assert_int_equal(got.pools_n, 2);
    assert_slice(got.pools[1].name, "fast \"one\"");
    assert_true(got.pools[0].single_writer && !got.pools[1].single_writer);
    assert_true(got.silent_ms >= 0 && got.silent_ms < 10000);

    before = revision(fx);
    assert_int_equal(fx->c->ops->worker_put(fx->c, &w, 60000, &fx->f), ST_OK);
    assert_true(revision(fx) == before); /* a sign of life is no change */
    w.pools_n = 1;
    assert_int_equal(fx->c->ops->worker_put(fx->c, &w, 60000, &fx->f), ST_OK);
    assert_true(revision(fx) > before); /* other pools are one */
    before = revision(fx);
    assert_int_equal(fx->c->ops->worker_remove(fx->c, w.id, &fx->f), ST_OK);
    assert_true(revision(fx) > before);
    assert_false(listed(fx, w.id, &got));
    assert_int_equal(fx->c->ops->worker_remove(fx->c, w.id, &fx->f), ST_OK);
}

static void test_catalog_forgets_silent_workers(void **state)
{
    struct fixture *fx = *state;
    struct worker_record silent = {.url = SLICE("tcp://a:1"), .host = SLICE("a/1")};
    struct worker_record lively = {.url = SLICE("tcp://b:1"), .host = SLICE("b/1")};
    struct worker_record got = {0};

    uuid_new(silent.id);
    uuid_new(lively.id);
    assert_int_equal(fx->c->ops->worker_put(fx->c, &silent, 60000, &fx->f), ST_OK);
    do { /* until its silence is measurable */
        assert_true(listed(fx, silent.id, &got));
    } while (got.silent_ms < 20);
    assert_int_equal(fx->c->ops->worker_put(fx->c, &lively, 10, &fx->f), ST_OK);
    assert_false(listed(fx, silent.id, &got));
    assert_true(listed(fx, lively.id, &got));
    assert_int_equal(fx->c->ops->worker_remove(fx->c, lively.id, &fx->f), ST_OK);
}

/* ---- Pools ------------------------------------------------------------------------------------ */

/* own_name gives a name that no other test and no other run uses. */
static const char *own_name(struct fixture *fx, const char *suffix)
{
    return arena_printf(&fx->a, "%s-%s", fx->project, suffix).p;
}

static enum status get_pool(struct fixture *fx, const char *project, const char *name,
                            struct pool_record *pool)
{
    return fx->c->ops->pool_get(fx->c, slice_of(project), slice_of(name), &fx->a, pool, &fx->f);
}

static enum status delete_pool(struct fixture *fx, const char *name, bool abandon,
                               struct pool_use *use)
{
    return fx->c->ops->pool_delete(fx->c, slice_of(name), abandon, &fx->a, use, &fx->f);
}

static void test_catalog_pools_are_put_read_and_replaced(void **state)
{
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct pool_record pool = pool_of(fx, name, UINT32_MAX), got;
    struct pool_use use;
    uint64_t before = revision(fx);

    assert_int_equal(get_pool(fx, "", name, &got), ST_NOT_FOUND);
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, 0, &fx->f), ST_OK);
    assert_int_equal(get_pool(fx, fx->project, name, &got), ST_OK);
    assert_slice(got.name, name);
    assert_true(slice_eq(got.uri, pool.uri));
    assert_true(got.weight == UINT32_MAX);
    assert_slice(got.options, "{\"a\": 1.10}");
    assert_int_equal(got.capabilities, 0x1900);
    assert_slice(got.flavor, "");
    assert_false(got.set_aside);
    assert_true(got.revision > before);

    pool.weight = 0;
    pool.options = SLICE("{}");
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, got.revision, &fx->f), ST_OK);
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, got.revision, &fx->f),
                     ST_NOT_FOUND); /* it has another one now */
    assert_int_equal(get_pool(fx, fx->project, name, &got), ST_OK);
    assert_int_equal(got.weight, 0);
    assert_slice(got.options, "{}");
    assert_int_equal(delete_pool(fx, name, false, &use), ST_OK);
    assert_int_equal(delete_pool(fx, name, false, &use), ST_NOT_FOUND);
    assert_int_equal(get_pool(fx, fx->project, name, &got), ST_NOT_FOUND);
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, before, &fx->f), ST_NOT_FOUND);
}

static void test_catalog_pools_share_no_uri(void **state)
{
    struct fixture *fx = *state;
    const char *a = own_name(fx, "a"), *b = own_name(fx, "b");
    struct pool_record pool = pool_of(fx, a, 1), got;
    struct pool_use use;

    put_pool(fx, a, 1);
    put_pool(fx, b, 1);
    pool.name = slice_of(b);
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, 0, &fx->f), ST_CONFLICT);
    assert_int_equal(get_pool(fx, "", b, &got), ST_OK);
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, got.revision, &fx->f),
                     ST_CONFLICT);
    pool.name = slice_of(a); /* its own is no conflict */
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, 0, &fx->f), ST_OK);
    assert_int_equal(delete_pool(fx, a, false, &use), ST_OK);
    pool.name = slice_of(b); /* nor is that of one that has gone */
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, 0, &fx->f), ST_OK);
    assert_int_equal(delete_pool(fx, b, false, &use), ST_OK);
}

static void test_catalog_pools_are_listed_in_byte_order(void **state)
{
    static const char *const names[] = {"-", ".", "9", "A", "Z", "_", "a", "z"};
    enum { NAMES = sizeof(names) / sizeof(names[0]) };
    struct fixture *fx = *state;
    struct slice after = slice_of(own_name(fx, ""));
    struct pool_record *list;
    struct pool_use use;
    uint32_t n, found = 0;

    for (int i = NAMES - 1; i >= 0; i--)
        put_pool(fx, own_name(fx, names[i]), (uint32_t)i);
    for (;;) {
        assert_int_equal(
            fx->c->ops->pool_list(fx->c, SLICE(""), after, 3, &fx->a, &list, &n, &fx->f), ST_OK);
        assert_true(n <= 3);
        for (uint32_t i = 0; i < n && found < NAMES; i++, found++) {
            assert_slice(list[i].name, own_name(fx, names[found]));
            assert_int_equal(list[i].weight, found);
        }
        if (n < 3 || found == NAMES)
            break;
        after = list[n - 1].name;
    }
    assert_int_equal(found, NAMES);
    for (int i = 0; i < NAMES; i++)
        assert_int_equal(delete_pool(fx, own_name(fx, names[i]), false, &use), ST_OK);
}

static enum status create_in(struct fixture *fx, const char *name, const char *pool)
{
    struct queue_record *r = NULL;
    bool created;
    enum status st = fx->c->ops->queue_create(fx->c, PROJECT, slice_of(name), SLICE("{}"),
                                              slice_of(pool), &r, &created, &fx->f);

    queue_record_unref(r);
    return st;
}

static uint64_t delete_queue(struct fixture *fx, const char *name)
{
    struct queue_record *r;
    uint64_t epoch;

    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, slice_of(name), &r, &fx->f), ST_OK);
    epoch = r->epoch;
    queue_record_unref(r);
    return epoch;
}

static void test_catalog_pools_in_use_stay(void **state)
{
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct pool_record got;
    struct pool_use use;
    struct dropped_queue *list;
    uint64_t first, second;
    uint32_t n;

    assert_int_equal(create_in(fx, "q", name), ST_CONFLICT);
    put_pool(fx, name, 1);
    assert_int_equal(create_in(fx, "q", name), ST_OK);
    assert_int_equal(create_in(fx, "q", "none"), ST_OK); /* it exists: it is not made in there */
    assert_int_equal(create_in(fx, "r", name), ST_OK);
    assert_int_equal(delete_pool(fx, name, true, &use), ST_CONFLICT);
    assert_int_equal(use.queues, 2);
    assert_int_equal(use.dropped, 0);
    first = delete_queue(fx, "q");
    assert_int_equal(delete_pool(fx, name, false, &use), ST_CONFLICT);
    assert_true(use.queues == 1 && use.dropped == 1);
    second = delete_queue(fx, "r");
    assert_int_equal(delete_pool(fx, name, false, &use), ST_CONFLICT);
    assert_true(use.queues == 0 && use.dropped == 2 && use.flavor.len == 0);
    assert_int_equal(get_pool(fx, "", name, &got), ST_OK);

    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, slice_of(name), 0, 10, &fx->a, &list, &n, &fx->f), ST_OK);
    assert_true(n == 2 && list[0].epoch == first && list[1].epoch == second);
    assert_int_equal(fx->c->ops->dropped_done(fx->c, first, &fx->f), ST_OK);
    assert_int_equal(fx->c->ops->dropped_done(fx->c, second, &fx->f), ST_OK);
    assert_int_equal(delete_pool(fx, name, false, &use), ST_OK);
    assert_int_equal(create_in(fx, "q", name), ST_CONFLICT);
}

static void test_catalog_pools_are_abandoned_with_what_was_dropped(void **state)
{
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct dropped_queue *list;
    struct pool_use use;
    uint32_t n;

    put_pool(fx, name, 1);
    assert_int_equal(create_in(fx, "q", name), ST_OK);
    delete_queue(fx, "q");
    assert_int_equal(delete_pool(fx, name, false, &use), ST_CONFLICT);
    assert_int_equal(delete_pool(fx, name, true, &use), ST_OK);
    assert_int_equal(
        fx->c->ops->dropped_list(fx->c, slice_of(name), 0, 10, &fx->a, &list, &n, &fx->f), ST_OK);
    assert_int_equal(n, 0);
}

/* A racer makes queues in a pool while another removes it: whoever is first, the other is told. */
struct remover {
    pthread_t thread;
    const char *project, *pool;
    int made;
};

static void *fill_pool(void *arg)
{
    struct remover *me = arg;
    struct fixture fx = {.c = open_catalog()};

    snprintf(fx.project, sizeof(fx.project), "%s", me->project);
    for (int i = 0; i < ROUNDS; i++) {
        char name[96];
        enum status st;

        snprintf(name, sizeof(name), "%s-%p-%d", me->pool, (void *)me, i);
        st = create_in(&fx, name, me->pool);
        if (st == ST_CONFLICT)
            break;
        if (st != ST_OK)
            abort();
        me->made++;
    }
    catalog_close(fx.c);
    return NULL;
}

static void test_catalog_pool_is_not_removed_under_a_new_queue(void **state)
{
    struct fixture *fx = *state;

    for (int round = 0; round < 20; round++) {
        const char *name = own_name(fx, arena_printf(&fx->a, "r%d", round).p);
        struct remover racers[2] = {{.project = fx->project, .pool = name},
                                    {.project = fx->project, .pool = name}};
        struct pool_use use;
        enum status st;

        put_pool(fx, name, 1);
        for (int i = 0; i < 2; i++)
            pthread_create(&racers[i].thread, NULL, fill_pool, &racers[i]);
        st = delete_pool(fx, name, false, &use);
        for (int i = 0; i < 2; i++)
            pthread_join(racers[i].thread, NULL);
        if (st == ST_OK)
            assert_int_equal(racers[0].made + racers[1].made, 0);
        else
            assert_true(st == ST_CONFLICT && racers[0].made == ROUNDS && racers[1].made == ROUNDS);
    }
}

/* ---- Flavors ---------------------------------------------------------------------------------- */

static enum status put_flavor(struct fixture *fx, const char *project, const char *name,
                              const struct slice *pools, uint32_t n, bool exists, uint32_t *missing)
{
    return fx->c->ops->flavor_put(fx->c, slice_of(project), slice_of(name), pools, n, exists,
                                  missing, &fx->f);
}

static enum status get_flavor(struct fixture *fx, const char *project, const char *name,
                              struct flavor_record *flavor)
{
    return fx->c->ops->flavor_get(fx->c, slice_of(project), slice_of(name), &fx->a, flavor, &fx->f);
}

static void test_catalog_flavors_have_pools(void **state)
{
    struct fixture *fx = *state;
    const char *a = own_name(fx, "a"), *b = own_name(fx, "b");
    struct slice both[] = {slice_of(b), slice_of(a), slice_of(a)},
                 odd[] = {slice_of(a), SLICE("none")};
    struct flavor_record flavor;
    struct pool_record pool;
    struct pool_use use;
    uint32_t missing = 9;
    uint64_t before;

    put_pool(fx, a, 1);
    put_pool(fx, b, 7);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_NOT_FOUND);
    assert_int_equal(flavor.pools_n, 0);
    assert_int_equal(put_flavor(fx, fx->project, "f", odd, 2, true, &missing), ST_NOT_FOUND);
    assert_int_equal(put_flavor(fx, fx->project, "f", odd, 2, false, &missing), ST_INVALID);
    assert_int_equal(missing, 1);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_NOT_FOUND); /* all or nothing */
    assert_int_equal(flavor.pools_n, 0);

    before = revision(fx);
    assert_int_equal(put_flavor(fx, fx->project, "f", both, 3, false, &missing), ST_OK);
    assert_true(revision(fx) > before);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_OK);
    assert_int_equal(flavor.pools_n, 2);
    assert_slice(flavor.name, "f");
    assert_slice(flavor.pools[0].name, a);
    assert_slice(flavor.pools[1].name, b);
    assert_true(flavor.pools[1].weight == 7 && flavor.pools[1].set_aside);
    assert_int_equal(get_pool(fx, fx->project, a, &pool), ST_OK);
    assert_slice(pool.flavor, "f");
    assert_int_equal(get_flavor(fx, "other", "f", &flavor), ST_NOT_FOUND);

    assert_int_equal(put_flavor(fx, fx->project, "f", both, 1, true, &missing), ST_OK);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_OK);
    assert_int_equal(flavor.pools_n, 1); /* the other one has left it */
    assert_int_equal(get_pool(fx, fx->project, a, &pool), ST_OK);
    assert_true(pool.flavor.len == 0 && !pool.set_aside);
    assert_int_equal(delete_pool(fx, b, false, &use), ST_CONFLICT);
    assert_slice(use.flavor, "f");
    assert_int_equal(delete_pool(fx, a, false, &use), ST_OK);

    assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, SLICE("f"), &fx->f), ST_OK);
    assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, SLICE("f"), &fx->f), ST_NOT_FOUND);
    assert_int_equal(get_pool(fx, fx->project, b, &pool), ST_OK);
    assert_true(pool.flavor.len == 0 && !pool.set_aside);
    assert_int_equal(delete_pool(fx, b, false, &use), ST_OK);
}

static void test_catalog_flavors_of_projects_are_apart(void **state)
{
    struct fixture *fx = *state;
    const char *a = own_name(fx, "a"), *other = own_name(fx, "other");
    struct slice pools[] = {slice_of(a)};
    struct flavor_record flavor;
    struct pool_record pool;
    struct pool_use use;
    uint32_t missing;

    put_pool(fx, a, 1);
    assert_int_equal(put_flavor(fx, fx->project, "f", pools, 1, false, &missing), ST_OK);
    assert_int_equal(put_flavor(fx, other, "f", pools, 1, false, &missing), ST_OK);
    assert_int_equal(fx->c->ops->flavor_delete(fx->c, slice_of(other), SLICE("f"), &fx->f), ST_OK);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_OK);
    assert_int_equal(flavor.pools_n, 1);
    assert_int_equal(get_pool(fx, other, a, &pool), ST_OK);
    assert_true(pool.flavor.len == 0 && pool.set_aside); /* for the project that has the flavor */

    /* a pool is in one flavor of a project at most */
    assert_int_equal(put_flavor(fx, fx->project, "g", pools, 1, false, &missing), ST_OK);
    assert_int_equal(get_flavor(fx, fx->project, "f", &flavor), ST_OK);
    assert_int_equal(flavor.pools_n, 0);
    assert_int_equal(get_pool(fx, fx->project, a, &pool), ST_OK);
    assert_slice(pool.flavor, "g");
    assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, SLICE("g"), &fx->f), ST_OK);
    assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, SLICE("f"), &fx->f), ST_OK);
    assert_int_equal(delete_pool(fx, a, false, &use), ST_OK);
}

static void test_catalog_flavors_may_be_named_ahead(void **state)
{
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct pool_record pool = pool_of(fx, name, 1), got;
    struct flavor_record flavor;
    struct pool_use use;

    pool.flavor = SLICE("ahead");
    assert_int_equal(fx->c->ops->pool_put(fx->c, PROJECT, &pool, 0, &fx->f), ST_OK);
    assert_int_equal(get_flavor(fx, fx->project, "ahead", &flavor), ST_NOT_FOUND);
    assert_int_equal(flavor.pools_n, 1);
    assert_int_equal(get_pool(fx, "other", name, &got), ST_OK);
    assert_true(got.flavor.len == 0 && got.set_aside);
    assert_int_equal(delete_pool(fx, name, false, &use), ST_OK); /* no flavor depends on it */
    assert_int_equal(get_flavor(fx, fx->project, "ahead", &flavor), ST_NOT_FOUND);
    assert_int_equal(flavor.pools_n, 0);
}

static void test_catalog_flavors_are_listed_with_their_pools(void **state)
{
    static const char *const names[] = {"A", "a", "b"};
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct slice pools[] = {slice_of(name)};
    struct flavor_record *list;
    struct pool_use use;
    uint32_t n, missing;

    put_pool(fx, name, 1);
    for (int i = 2; i >= 0; i--)
        assert_int_equal(put_flavor(fx, fx->project, names[i], pools, 1, false, &missing), ST_OK);
    assert_int_equal(
        fx->c->ops->flavor_list(fx->c, PROJECT, SLICE(""), 2, &fx->a, &list, &n, &fx->f), ST_OK);
    assert_int_equal(n, 2);
    assert_slice(list[0].name, "A");
    assert_int_equal(list[0].pools_n, 1);
    assert_slice(list[0].pools[0].name, name);
    assert_slice(list[1].name, "a");
    assert_int_equal(list[1].pools_n, 0);
    assert_int_equal(
        fx->c->ops->flavor_list(fx->c, PROJECT, SLICE("a"), 2, &fx->a, &list, &n, &fx->f), ST_OK);
    assert_int_equal(n, 1);
    assert_slice(list[0].name, "b");
    for (int i = 0; i < 3; i++)
        assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, slice_of(names[i]), &fx->f),
                         ST_OK);
    assert_int_equal(delete_pool(fx, name, false, &use), ST_OK);
}

static void test_catalog_feed_tells_of_pools(void **state)
{
    struct fixture *fx = *state;
    const char *name = own_name(fx, "a");
    struct slice pools[] = {slice_of(name)};
    uint64_t before = revision(fx), upto;
    struct pool_use use;
    struct change *list;
    uint32_t n, missing;
    bool complete;

    put_pool(fx, name, 1);
    assert_int_equal(put_flavor(fx, fx->project, "f", pools, 1, false, &missing), ST_OK);
    assert_int_equal(fx->c->ops->flavor_delete(fx->c, PROJECT, SLICE("f"), &fx->f), ST_OK);
    assert_int_equal(delete_pool(fx, name, false, &use), ST_OK);
    assert_int_equal(
        fx->c->ops->changes(fx->c, before, 100, &fx->a, &list, &n, &upto, &complete, &fx->f),
        ST_OK);
    assert_int_equal(n, 4);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(list[i].kind, CHANGE_POOL);
    assert_slice(list[0].name, name);
    assert_slice(list[1].project, fx->project);
    assert_slice(list[1].name, "f");
    assert_slice(list[3].name, name);
}

/* ---- The service over it ---------------------------------------------------------------------- */

struct asked {
    struct catalog_call call;
    bool done;
};

static enum status ask_count(struct catalog_call *call, struct catalog *c, struct failure *f)
{
    uint64_t count;

    (void)call;
    return c->ops->queue_count(c, SLICE("nobody"), QUEUES_END, &count, f);
}

static void on_asked(struct catalog_call *call)
{
    ((struct asked *)call)->done = true;
}

static bool eventually(struct queue_cache *cache, struct slice project, struct slice name,
                       enum cache_answer wanted)
{
    int64_t until_ms = clock_mono_ms() + 10000;
    struct queue_record *r;

    while (clock_mono_ms() < until_ms) {
        enum cache_answer got = queue_cache_get(cache, project, name, &r);

        if (got == CACHE_FOUND)
            queue_record_unref(r);
        if (got == wanted)
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}

static void test_catalog_service_forgets_what_others_change(void **state)
{
    struct fixture *fx = *state;
    struct mailbox *box = mailbox_new();
    struct catalog_service_options options = {slice_of(catalog_uri), 2, 100, 60000, false, false};
    struct asked asked = {
        .call = {
            .reply_to = box, .deadline_mono_ms = INT64_MAX, .work = ask_count, .done = on_asked}};
    struct catalog_service *s;
    struct queue_cache *cache;
    struct queue_record *r;
    bool created;

    assert_int_equal(catalog_service_new(&options, &s, &fx->f), ST_OK);
    cache = catalog_service_cache(s);
    assert_int_equal(catalog_service_call(s, &asked.call), ST_OK);
    while (!asked.done)
        mailbox_drain(box);
    assert_int_equal(asked.call.st, ST_OK);

    /* absent is remembered, until another process makes the queue */
    do
        queue_cache_put(cache, queue_cache_ticket(cache), PROJECT, SLICE("q"), NULL);
    while (!eventually(cache, PROJECT, SLICE("q"), CACHE_ABSENT));
    queue_record_unref(create(fx, "q", "{}", &created));
    assert_true(eventually(cache, PROJECT, SLICE("q"), CACHE_MISS));

    /* and a record, until another process changes or deletes it */
    assert_int_equal(find(fx, "q", &r), ST_OK);
    queue_cache_put(cache, queue_cache_ticket(cache), PROJECT, SLICE("q"), r);
    queue_record_unref(r);
    assert_true(eventually(cache, PROJECT, SLICE("q"), CACHE_FOUND));
    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("q"), &r, &fx->f), ST_OK);
    queue_record_unref(r);
    assert_true(eventually(cache, PROJECT, SLICE("q"), CACHE_MISS));
    catalog_service_free(s);
    mailbox_free(box);
}

/* total gives how many queues a pool keeps; what the test's own database held before may be any. */
static uint64_t total(struct fixture *fx, struct slice pool)
{
    struct queue_total *list;
    uint64_t queues = 0;
    uint32_t n;

    assert_int_equal(fx->c->ops->queue_totals(fx->c, 1000, &fx->a, &list, &n, &fx->f), ST_OK);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            assert_true(slice_compare(list[i - 1].pool, list[i].pool) < 0);
        if (slice_eq(list[i].pool, pool))
            queues = list[i].queues;
    }
    return queues;
}

static void test_catalog_counts_queues_by_pool(void **state)
{
    struct fixture *fx = *state;
    uint64_t before = total(fx, SLICE("pool"));
    struct queue_total *list;
    struct queue_record *r;
    uint32_t n;
    bool created;

    queue_record_unref(create(fx, "a", "{}", &created));
    queue_record_unref(create(fx, "b", "{}", &created));
    assert_int_equal(total(fx, SLICE("pool")), before + 2);
    assert_int_equal(total(fx, SLICE("nobody's")), 0);
    assert_int_equal(fx->c->ops->queue_delete(fx->c, PROJECT, SLICE("a"), &r, &fx->f), ST_OK);
    queue_record_unref(r);
    assert_int_equal(total(fx, SLICE("pool")), before + 1);
    assert_int_equal(fx->c->ops->queue_totals(fx->c, 1, &fx->a, &list, &n, &fx->f), ST_OK);
    assert_int_equal(n, 1);
}

/* counted reads a line of the text that a registry renders; -1: it isn't there. */
static long long counted(struct metrics *m, const char *line)
{
    struct buffer out = {0};
    const char *at;
    long long n = -1;

    metrics_render(m, &out);
    buffer_add_char(&out, '\0');
    at = strstr(out.p, line);
    if (at != NULL)
        n = strtoll(at + strlen(line), NULL, 10);
    buffer_fini(&out);
    return n;
}

static void test_catalog_service_counts(void **state)
{
    struct fixture *fx = *state;
    struct mailbox *box = mailbox_new();
    struct metrics *metrics = metrics_new();
    struct catalog_service_options options = {slice_of(catalog_uri), 2, 100, 60000,
                                              .metrics = metrics};
    struct asked asked = {
        .call = {
            .reply_to = box, .deadline_mono_ms = INT64_MAX, .work = ask_count, .done = on_asked}};
    struct asked late = {
        .call = {.reply_to = box, .deadline_mono_ms = 0, .work = ask_count, .done = on_asked}};
    struct catalog_service *s;
    int64_t until_ms = clock_mono_ms() + 10000;
    struct queue_record *none;
    bool created;

    queue_record_unref(create(fx, "q", "{}", &created));
    assert_int_equal(catalog_service_new(&options, &s, &fx->f), ST_OK);
    assert_int_equal(catalog_service_call(s, &asked.call), ST_OK);
    assert_int_equal(catalog_service_call(s, &late.call), ST_OK);
    while (!asked.done || !late.done)
        mailbox_drain(box);
    assert_int_equal(counted(metrics, "\nnusku_catalog_calls_total{outcome=\"ok\"} "), 1);
    assert_int_equal(counted(metrics, "\nnusku_catalog_calls_total{outcome=\"timeout\"} "), 1);
    assert_int_equal(counted(metrics, "\nnusku_catalog_call_duration_seconds_count "), 2);
    assert_int_equal(queue_cache_get(catalog_service_cache(s), PROJECT, SLICE("q"), &none),
                     CACHE_MISS);
    assert_int_equal(counted(metrics, "\nnusku_catalog_cache_misses_total "), 1);
    /* a scrape has queues counted, for the next one */
    while (counted(metrics, "\nnusku_catalog_queues{pool=\"pool\"} ") < 1) {
        assert_true(clock_mono_ms() < until_ms);
        poll(NULL, 0, 1);
    }
    assert_int_equal(counted(metrics, "\nnusku_catalog_up "), 1);
    catalog_service_free(s);
    metrics_free(metrics);
    mailbox_free(box);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int catalog_conformance_run(const char *uri)
{
    const struct CMUnitTest tests[] = {
        TEST(test_catalog_migration_is_idempotent),
        TEST(test_catalog_creates_a_queue_once),
        TEST(test_catalog_keeps_odd_project_names),
        TEST(test_catalog_updates_only_what_it_has_read),
        TEST(test_catalog_deletes_and_begins_a_new_life),
        TEST(test_catalog_lists_in_byte_order),
        TEST(test_catalog_lists_and_counts_between_two_names),
        TEST(test_catalog_keeps_names_apart_that_differ_by_a_mark),
        TEST(test_catalog_feed_tells_of_every_change_in_order),
        TEST(test_catalog_wait_hears_of_changes_of_others),
        TEST(test_catalog_racing_writers_agree),
        TEST(test_catalog_feed_misses_nothing_while_many_write),
        TEST(test_catalog_registers_workers),
        TEST(test_catalog_forgets_silent_workers),
        TEST(test_catalog_pools_are_put_read_and_replaced),
        TEST(test_catalog_pools_share_no_uri),
        TEST(test_catalog_pools_are_listed_in_byte_order),
        TEST(test_catalog_pools_in_use_stay),
        TEST(test_catalog_pools_are_abandoned_with_what_was_dropped),
        TEST(test_catalog_pool_is_not_removed_under_a_new_queue),
        TEST(test_catalog_flavors_have_pools),
        TEST(test_catalog_flavors_of_projects_are_apart),
        TEST(test_catalog_flavors_may_be_named_ahead),
        TEST(test_catalog_flavors_are_listed_with_their_pools),
        TEST(test_catalog_feed_tells_of_pools),
        TEST(test_catalog_service_forgets_what_others_change),
        TEST(test_catalog_counts_queues_by_pool),
        TEST(test_catalog_service_counts),
    };

    if (uri == NULL) {
        print_message("no URI of a server to test with: skipped\n");
        return 77;
    }
    catalog_uri = uri;
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
