/* tests/unit/catalog/test_sqlite.c - the SQLite catalog's file, and what becomes of it. */
#include "tests/support/cmocka_all.h"

#include "catalog/catalog.h"
#include "catalog/migration.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[100], uri[120];

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/nusku-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/catalog.db", folder);
    snprintf(uri, sizeof(uri), "sqlite://%s", path);
    return 0;
}

static int end(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static bool file_exists(void)
{
    return access(path, F_OK) == 0;
}

static void delete_file(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < 3; i++) {
        char name[120];

        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static struct catalog *open_catalog(void)
{
    struct catalog *c = NULL;
    struct failure f = {0};

    if (catalog_open(slice_of(uri), &c, &f) != ST_OK)
        fail_msg("%s", f.text);
    return c;
}

static void prepare(struct catalog *c)
{
    struct failure f = {0};

    if (catalog_prepare(c, false, &f) != ST_OK)
        fail_msg("%s", f.text);
}

static void create(struct catalog *c, const char *name)
{
    struct queue_record *r;
    struct failure f = {0};
    bool created = false;

    if (c->ops->queue_create(c, SLICE("p"), slice_of(name), SLICE("{}"), SLICE(""), &r, &created,
                             &f) != ST_OK)
        fail_msg("%s", f.text);
    assert_true(created);
    queue_record_unref(r);
}

static enum status find(struct catalog *c, const char *name)
{
    struct queue_record *r = NULL;
    struct failure f = {0};
    enum status st = c->ops->queue_find(c, SLICE("p"), slice_of(name), &r, &f);

    queue_record_unref(r);
    return st;
}

/* assert_away calls what can be called: all of it says that the catalog is not there. */
static void assert_away(struct catalog *c)
{
    const struct worker_record worker = {.url = SLICE("u"), .host = SLICE("h")};
    const struct catalog_ops *ops = c->ops;
    struct arena a = {0};
    struct queue_record *r, **records;
    struct worker_record *workers;
    struct dropped_queue *dropped;
    struct change *changes;
    struct failure f;
    uint64_t big;
    uint32_t n;
    bool yes;
    struct slice p = SLICE("p"), q = SLICE("q"), empty = SLICE("{}");
    struct pool_record pool = {.name = q, .uri = q, .options = empty}, *pools;
    struct flavor_record flavor, *flavors;
    struct pool_use use;
    const enum status outcomes[] = {
        ops->queue_find(c, p, q, &r, &f),
        ops->queue_create(c, p, q, empty, SLICE(""), &r, &yes, &f),
        ops->queue_update(c, p, q, 1, empty, &r, &f),
        ops->queue_delete(c, p, q, &r, &f),
        ops->queue_list(c, p, SLICE(""), q, 5, &a, &records, &n, &f),
        ops->queue_count(c, p, q, &big, &f),
        ops->dropped_list(c, SLICE(""), 0, 5, &a, &dropped, &n, &f),
        ops->dropped_done(c, 1, &f),
        ops->pool_put(c, p, &pool, 0, &f),
        ops->pool_get(c, p, q, &a, &pool, &f),
        ops->pool_list(c, p, SLICE(""), 5, &a, &pools, &n, &f),
        ops->pool_delete(c, q, false, &a, &use, &f),
        ops->flavor_put(c, p, q, &q, 1, false, &n, &f),
        ops->flavor_get(c, p, q, &a, &flavor, &f),
        ops->flavor_list(c, p, SLICE(""), 5, &a, &flavors, &n, &f),
        ops->flavor_delete(c, p, q, &f),
        ops->worker_put(c, &worker, 1000, &f),
        ops->worker_remove(c, worker.id, &f),
        ops->worker_list(c, &a, &workers, &n, &f),
        ops->changes(c, 0, 5, &a, &changes, &n, &big, &yes, &f),
        ops->trim(c, &f),
    };

    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        if (outcomes[i] != ST_UNAVAILABLE)
            fail_msg("call %zu: %d", i, (int)outcomes[i]);
    arena_fini(&a);
}

static enum status wait_for_nothing(struct catalog *c)
{
    struct failure f;

    return c->ops->wait(c, 0, &f);
}

static void test_sqlite_calls_make_no_file(void **state)
{
    struct catalog *c = open_catalog();

    (void)state;
    assert_away(c);
    assert_int_equal(wait_for_nothing(c), ST_UNAVAILABLE);
    assert_false(file_exists());
    prepare(c);
    assert_true(file_exists());
    assert_int_equal(find(c, "q"), ST_NOT_FOUND);
    catalog_close(c);
}

static void test_sqlite_schema_of_no_file_is_none_and_makes_none(void **state)
{
    struct catalog *c = open_catalog();
    struct failure f = {0};
    int number = -1;

    (void)state;
    assert_int_equal(c->ops->schema(c, &number, &f), ST_OK);
    assert_int_equal(number, 0);
    assert_false(file_exists());
    catalog_close(c);
    assert_false(file_exists());
}

static void test_sqlite_folder_that_is_not_there_is_a_catalog_that_is_away(void **state)
{
    struct catalog *c = NULL;
    struct failure f = {0};
    int from;

    (void)state;
    assert_int_equal(catalog_open(SLICE("sqlite:///nowhere/at/all.db"), &c, &f), ST_OK);
    assert_away(c);
    assert_int_equal(c->ops->migrate(c, &from, &f), ST_UNAVAILABLE);
    assert_non_null(strstr(f.text, "/nowhere/at/all.db"));
    catalog_close(c);
}

static void test_sqlite_file_that_was_deleted_is_away(void **state)
{
    struct catalog *old = open_catalog(), *new = open_catalog();

    (void)state;
    prepare(old);
    create(old, "q");
    delete_file();
    assert_away(old); /* not what the deleted file says */
    assert_away(new);
    assert_int_equal(wait_for_nothing(old), ST_UNAVAILABLE);
    assert_false(file_exists());
    prepare(new);
    assert_int_equal(find(old, "q"), ST_NOT_FOUND);
    create(old, "q");
    assert_int_equal(find(new, "q"), ST_OK);
    catalog_close(old);
    catalog_close(new);
}

static void test_sqlite_file_that_took_its_place_is_opened(void **state)
{
    struct catalog *c = open_catalog(), *other;
    char aside[120];

    (void)state;
    prepare(c);
    create(c, "first");
    assert_int_equal(wait_for_nothing(c), ST_OK);
    assert_int_equal(wait_for_nothing(c), ST_TIMEOUT);
    snprintf(aside, sizeof(aside), "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    other = open_catalog();
    prepare(other);
    create(other, "second");
    assert_int_equal(find(c, "first"), ST_NOT_FOUND);
    assert_int_equal(find(c, "second"), ST_OK);
    assert_int_equal(wait_for_nothing(c), ST_OK); /* what is remembered is to be looked at */
    catalog_close(other);
    catalog_close(c);
}

static void test_sqlite_file_without_tables_is_away(void **state)
{
    struct catalog *c = open_catalog();
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    assert_away(c);
    prepare(c);
    create(c, "q");
    catalog_close(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sqlite_calls_make_no_file),
        TEST(test_sqlite_schema_of_no_file_is_none_and_makes_none),
        TEST(test_sqlite_folder_that_is_not_there_is_a_catalog_that_is_away),
        TEST(test_sqlite_file_that_was_deleted_is_away),
        TEST(test_sqlite_file_that_took_its_place_is_opened),
        TEST(test_sqlite_file_without_tables_is_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
