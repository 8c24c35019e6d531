/* tests/unit/catalog/test_placement.c - in which pool a new queue is made, with dice that are loaded. */
#include "tests/support/cmocka_all.h"

#include "catalog/placement.h"
#include "common/capability.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Choosing --------------------------------------------------------------------------------- */

static uint64_t thrown, limit_seen;

/* fixed_dice gives what the test put in thrown, and keeps the limit. */
static uint64_t fixed_dice(uint64_t limit)
{
    limit_seen = limit;
    return thrown % limit;
}

/* chosen considers pools of these weights, named a, b, …, each with its throw. NULL: none was chosen. */
static const char *chosen(const uint32_t *weights, const uint64_t *throws, size_t n)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct placement_choice choice = {.pool = {NULL, 0}};

    for (size_t i = 0; i < n; i++) {
        struct pool_record pool = {.name = slice_of(names[i]), .weight = weights[i]};

        thrown = throws[i];
        placement_consider(&choice, &pool, fixed_dice);
    }
    return choice.pool.p;
}

static void test_placement_takes_the_only_one(void **state)
{
    (void)state;
    assert_string_equal(chosen((uint32_t[]){1}, (uint64_t[]){0}, 1), "a");
    assert_string_equal(chosen((uint32_t[]){UINT32_MAX}, (uint64_t[]){UINT32_MAX - 1}, 1), "a");
    assert_null(chosen(NULL, NULL, 0));
}

static void test_placement_never_takes_weight_0(void **state)
{
    (void)state;
    assert_null(chosen((uint32_t[]){0, 0}, (uint64_t[]){0, 0}, 2));
    assert_string_equal(chosen((uint32_t[]){0, 1, 0}, (uint64_t[]){0, 0, 0}, 3), "b");
}

static void test_placement_goes_by_weight(void **state)
{
    const uint32_t weights[] = {2, 3, 5};

    (void)state;
    /* the last one whose throw is below its weight: of 10 throws for c, 5 take it; of 5 for b, 3 */
    assert_string_equal(chosen(weights, (uint64_t[]){0, 3, 5}, 3), "a");
    assert_string_equal(chosen(weights, (uint64_t[]){0, 2, 5}, 3), "b");
    assert_string_equal(chosen(weights, (uint64_t[]){0, 2, 4}, 3), "c");
    assert_true(limit_seen == 10);
}

static void test_placement_weights_do_not_overflow(void **state)
{
    const uint32_t weights[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};

    (void)state;
    chosen(weights, (uint64_t[]){0, 0, 0}, 3);
    assert_true(limit_seen == 3 * (uint64_t)UINT32_MAX);
}

/* ---- With a catalog --------------------------------------------------------------------------- */

struct fixture {
    struct catalog *c;
    struct arena a;
    struct failure f;
    char folder[32];
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof(*fx));
    char uri[64];

    strcpy(fx->folder, "/tmp/nusku-test-XXXXXX");
    assert_non_null(mkdtemp(fx->folder));
    snprintf(uri, sizeof(uri), "sqlite://%s/c.db", fx->folder);
    assert_int_equal(catalog_open(slice_of(uri), &fx->c, &fx->f), ST_OK);
    assert_int_equal(catalog_prepare(fx->c, false, &fx->f), ST_OK);
    *state = fx;
    thrown = 0;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;
    char command[64];

    catalog_close(fx->c);
    arena_fini(&fx->a);
    snprintf(command, sizeof(command), "rm -rf %s", fx->folder);
    assert_int_equal(system(command), 0);
    free(fx);
    return 0;
}

static void put(struct fixture *fx, const char *name, uint32_t weight, const char *flavor,
                uint32_t capabilities)
{
    struct pool_record pool = {.name = slice_of(name),
                               .uri = slice_of(name),
                               .weight = weight,
                               .options = SLICE("{}"),
                               .capabilities = capabilities,
                               .flavor = slice_of(flavor)};

    assert_int_equal(fx->c->ops->pool_put(fx->c, SLICE("p"), &pool, 0, &fx->f), ST_OK);
}

static void put_flavor(struct fixture *fx, const char *name, const char *pool)
{
    struct slice pools[] = {slice_of(pool)};
    uint32_t missing;

    assert_int_equal(fx->c->ops->flavor_put(fx->c, SLICE("p"), slice_of(name), pools, 1, false,
                                            &missing, &fx->f),
                     ST_OK);
}

static void make_queue(struct fixture *fx, const char *name, const char *pool)
{
    struct queue_record *r;
    bool created;

    assert_int_equal(fx->c->ops->queue_create(fx->c, SLICE("p"), slice_of(name), SLICE("{}"),
                                              slice_of(pool), &r, &created, &fx->f),
                     ST_OK);
    queue_record_unref(r);
}

static enum status choose(struct fixture *fx, const char *flavor, const char *dead_letters,
                          struct slice *pool)
{
    struct placement p = {SLICE("p"), slice_of(flavor), slice_of(dead_letters)};

    return placement_choose(fx->c, &p, fixed_dice, &fx->a, pool, &fx->f);
}

static void test_placement_without_pools_is_refused(void **state)
{
    struct fixture *fx = *state;
    struct slice pool;

    assert_int_equal(choose(fx, "", "", &pool), ST_REFUSED);
    put(fx, "idle", 0, "", 0);
    put(fx, "gold", 1, "f", 0);
    assert_int_equal(choose(fx, "", "", &pool),
                     ST_REFUSED); /* one is set aside, one has no share */
}

static void test_placement_keeps_flavors_apart(void **state)
{
    struct fixture *fx = *state;
    struct slice pool;

    put(fx, "plain", 1, "", 0);
    put(fx, "gold", 100, "", 0);
    assert_int_equal(choose(fx, "f", "", &pool), ST_NOT_FOUND);
    put_flavor(fx, "f", "gold");
    assert_int_equal(choose(fx, "f", "", &pool), ST_OK);
    assert_slice(pool, "gold");
    assert_int_equal(choose(fx, "", "", &pool), ST_OK);
    assert_slice(pool, "plain");
    put(fx, "gold", 0, "f", 0);
    assert_int_equal(choose(fx, "f", "", &pool), ST_REFUSED);
}

static void test_placement_reads_all_pages(void **state)
{
    enum { POOLS = 205 };
    struct fixture *fx = *state;
    struct slice pool;

    for (int i = 0; i < POOLS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "p%03d", i);
        put(fx, name, 1, "", 0);
    }
    assert_int_equal(choose(fx, "", "", &pool), ST_OK); /* each throw takes the newest */
    assert_slice(pool, "p204");
    assert_true(limit_seen == POOLS);
}

static void test_placement_stays_with_dead_letters(void **state)
{
    struct fixture *fx = *state;
    struct slice pool;

    put(fx, "plain", 1, "", 0);
    put(fx, "drained", 0, "", 0);
    put(fx, "gold", 1, "", 0);
    put_flavor(fx, "f", "gold");
    make_queue(fx, "in-drained", "drained");
    make_queue(fx, "in-gold", "gold");
    make_queue(fx, "in-default", "");
    assert_int_equal(choose(fx, "", "nobody", &pool), ST_OK);
    assert_slice(pool, "plain");
    assert_int_equal(choose(fx, "", "in-drained", &pool), ST_OK);
    assert_slice(pool, "drained");
    assert_int_equal(choose(fx, "", "in-default", &pool), ST_OK);
    assert_slice(pool, "");
    assert_int_equal(choose(fx, "f", "in-gold", &pool), ST_OK);
    assert_slice(pool, "gold");
    assert_int_equal(choose(fx, "", "in-gold", &pool), ST_INVALID);
    assert_int_equal(choose(fx, "f", "in-drained", &pool), ST_INVALID);
    assert_int_equal(choose(fx, "f", "in-default", &pool), ST_INVALID);
    assert_int_equal(choose(fx, "none", "in-gold", &pool), ST_NOT_FOUND);
}

static enum status join(struct fixture *fx, const char *name, const char *flavor,
                        uint32_t capabilities)
{
    struct pool_record pool = {
        .name = slice_of(name), .flavor = slice_of(flavor), .capabilities = capabilities};

    return placement_check_capabilities(fx->c, SLICE("p"), &pool, &fx->f);
}

static void test_placement_flavors_have_one_kind_of_pool(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(join(fx, "a", "f", CAPABILITY_FIFO), ST_OK); /* the first one */
    put(fx, "a", 1, "f", CAPABILITY_FIFO);
    assert_int_equal(join(fx, "b", "f", CAPABILITY_FIFO), ST_OK);
    assert_int_equal(join(fx, "b", "f", CAPABILITY_FIFO | CAPABILITY_AOD), ST_INVALID);
    assert_int_equal(join(fx, "b", "g", CAPABILITY_AOD), ST_OK);
    assert_int_equal(join(fx, "b", "", CAPABILITY_AOD), ST_OK);
    assert_int_equal(join(fx, "a", "f", CAPABILITY_AOD), ST_OK); /* itself aside */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placement_takes_the_only_one),
        cmocka_unit_test(test_placement_never_takes_weight_0),
        cmocka_unit_test(test_placement_goes_by_weight),
        cmocka_unit_test(test_placement_weights_do_not_overflow),
        TEST(test_placement_without_pools_is_refused),
        TEST(test_placement_keeps_flavors_apart),
        TEST(test_placement_reads_all_pages),
        TEST(test_placement_stays_with_dead_letters),
        TEST(test_placement_flavors_have_one_kind_of_pool),
    };

    return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
