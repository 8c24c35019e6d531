/* tests/unit/catalog/test_cache.c - queue records kept near. */
#include "tests/unit/dice.h"

#include "catalog/cache.h"

#include <pthread.h>
#include <stdio.h>

static struct queue_record *record_new(const char *project, const char *name, uint64_t revision)
{
    return queue_record_new(&(struct queue_row){.project = slice_of(project),
                                                .name = slice_of(name),
                                                .metadata = SLICE("{}"),
                                                .epoch = 1,
                                                .revision = revision});
}

/* put brings a record that was just read, with a ticket that was just taken. */
static void put(struct queue_cache *cache, const char *name, uint64_t revision)
{
    struct queue_record *r = record_new("p", name, revision);

    queue_cache_put(cache, queue_cache_ticket(cache), SLICE("p"), slice_of(name), r);
    queue_record_unref(r);
}

static void put_late(struct queue_cache *cache, uint64_t ticket, const char *name,
                     uint64_t revision)
{
    struct queue_record *r = record_new("p", name, revision);

    queue_cache_put(cache, ticket, SLICE("p"), slice_of(name), r);
    queue_record_unref(r);
}

static void put_absent(struct queue_cache *cache, const char *name)
{
    queue_cache_put(cache, queue_cache_ticket(cache), SLICE("p"), slice_of(name), NULL);
}

static void invalidate(struct queue_cache *cache, const char *name, uint64_t revision)
{
    queue_cache_invalidate(cache, SLICE("p"), slice_of(name), revision);
}

static void wrote(struct queue_cache *cache, const char *name, uint64_t revision)
{
    struct queue_record *r = record_new("p", name, revision);

    queue_cache_wrote(cache, r);
    queue_record_unref(r);
}

/* removed tells of the removal of a record; its revision is that of its last change. */
static void removed(struct queue_cache *cache, const char *name, uint64_t revision)
{
    struct queue_record *r = record_new("p", name, revision);

    queue_cache_removed(cache, r);
    queue_record_unref(r);
}

enum { MISS = -2, ABSENT = -1 };

/* look gives the revision of what is cached, or one of the two above. */
static int64_t look_in(struct queue_cache *cache, const char *project, const char *name)
{
    struct queue_record *r = NULL;
    int64_t revision;

    switch (queue_cache_get(cache, slice_of(project), slice_of(name), &r)) {
    case CACHE_MISS:
        return MISS;
    case CACHE_ABSENT:
        return ABSENT;
    case CACHE_FOUND:
        break;
    }
    assert_slice(r->name, name);
    assert_slice(r->project, project);
    revision = (int64_t)r->revision;
    queue_record_unref(r);
    return revision;
}

static int64_t look(struct queue_cache *cache, const char *name)
{
    return look_in(cache, "p", name);
}

static int begin(void **state)
{
    *state = queue_cache_new(100);
    return 0;
}

static int end(void **state)
{
    queue_cache_free(*state);
    return 0;
}

/* ---- Keeping ---------------------------------------------------------------------------------- */

static void test_cache_gives_what_was_put(void **state)
{
    assert_int_equal(look(*state, "q"), MISS);
    put(*state, "q", 5);
    assert_int_equal(look(*state, "q"), 5);
    assert_int_equal(look(*state, "r"), MISS);
}

static void test_cache_knows_that_a_queue_is_absent(void **state)
{
    struct queue_record *r = (struct queue_record *)1;

    put_absent(*state, "q");
    assert_int_equal(queue_cache_get(*state, SLICE("p"), SLICE("q"), &r), CACHE_ABSENT);
    assert_int_equal(look(*state, "r"), MISS);
    put(*state, "q", 5);
    assert_int_equal(look(*state, "q"), 5);
    put_absent(*state, "q");
    assert_int_equal(look(*state, "q"), ABSENT);
}

static void test_cache_keeps_projects_and_names_apart(void **state)
{
    static const struct {
        struct slice project, name;
    } keys[] = {
        {SLICE_INIT("ab"), SLICE_INIT("c")},  {SLICE_INIT("a"), SLICE_INIT("bc")},
        {SLICE_INIT("bc"), SLICE_INIT("a")},  {SLICE_INIT("c"), SLICE_INIT("ab")},
        {SLICE_INIT("abc"), SLICE_INIT("q")}, {SLICE_INIT(""), SLICE_INIT("abc")},
        {SLICE_INIT("q"), SLICE_INIT("abc")},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct queue_record *r = record_new(keys[i].project.p, keys[i].name.p, i);

        assert_int_equal(look_in(*state, keys[i].project.p, keys[i].name.p), MISS);
        queue_cache_put(*state, queue_cache_ticket(*state), keys[i].project, keys[i].name, r);
        queue_record_unref(r);
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_int_equal(look_in(*state, keys[i].project.p, keys[i].name.p), i);
}

static void test_cache_takes_names_of_full_length_and_none_beyond(void **state)
{
    char project[258], name[67]; /* a topic's has a mark in front of 64 characters */

    memset(project, 'p', sizeof(project));
    memset(name, 'n', sizeof(name));
    for (size_t i = 0; i < 4; i++) {
        struct slice p = {project, 256 + i % 2}, n = {name, 65 + i / 2};
        struct queue_record *r = record_new("p", "q", 1), *found;

        queue_cache_put(*state, queue_cache_ticket(*state), p, n, r);
        queue_record_unref(r);
        if (i > 0) { /* longer than the API has them: not kept, but no harm either */
            assert_int_equal(queue_cache_get(*state, p, n, &found), CACHE_MISS);
            queue_cache_invalidate(*state, p, n, 2);
            continue;
        }
        assert_int_equal(queue_cache_get(*state, p, n, &found), CACHE_FOUND);
        queue_record_unref(found);
    }
    assert_int_equal(queue_cache_counts(*state).entries, 1);
}

static void test_cache_borrows_what_is_put_and_gives_what_is_got(void **state)
{
    struct queue_record *r = record_new("p", "q", 1), *mine;

    queue_cache_put(*state, queue_cache_ticket(*state), SLICE("p"), SLICE("q"), r);
    assert_int_equal(r->refs, 2);
    assert_int_equal(queue_cache_get(*state, SLICE("p"), SLICE("q"), &mine), CACHE_FOUND);
    assert_ptr_equal(mine, r);
    assert_int_equal(r->refs, 3);
    queue_cache_clear(*state);
    assert_int_equal(r->refs, 2); /* what others hold lives on */
    queue_record_unref(mine);
    queue_record_unref(r);
}

/* ---- Bound ------------------------------------------------------------------------------------ */

static void test_cache_drops_what_was_unused_for_longest(void **state)
{
    struct queue_cache *cache = queue_cache_new(3);

    (void)state;
    put(cache, "a", 1);
    put(cache, "b", 2);
    put_absent(cache, "c");
    assert_int_equal(look(cache, "a"), 1); /* b is the oldest now */
    put(cache, "d", 4);
    assert_int_equal(queue_cache_counts(cache).evictions, 1);
    assert_int_equal(look(cache, "b"), MISS);
    assert_int_equal(look(cache, "c"), ABSENT);
    assert_int_equal(look(cache, "a"), 1);
    assert_int_equal(look(cache, "d"), 4);
    put(cache, "c", 5); /* renewed, in no new place */
    assert_int_equal(queue_cache_counts(cache).evictions, 1);
    put(cache, "e", 6);
    assert_int_equal(look(cache, "a"), MISS);
    assert_int_equal(look(cache, "c"), 5);
    assert_int_equal(queue_cache_counts(cache).entries, 3);
    assert_int_equal(queue_cache_counts(cache).evictions, 2);
    queue_cache_free(cache);
}

static void test_cache_never_holds_more_than_its_bound(void **state)
{
    (void)state;
    for (size_t most = 1; most <= 20; most += 19) {
        struct queue_cache *cache = queue_cache_new(most);

        for (uint64_t i = 0; i < 500; i++) {
            char name[16];

            snprintf(name, sizeof(name), "q%d", (int)i);
            put(cache, name, i);
            assert_true(queue_cache_counts(cache).entries <= most);
            assert_int_equal(look(cache, name), i);
        }
        assert_int_equal(queue_cache_counts(cache).entries, most);
        assert_int_equal(queue_cache_counts(cache).evictions, 500 - most);
        queue_cache_free(cache);
    }
}

static void test_cache_counts_hits_and_misses(void **state)
{
    struct queue_cache_counts counts;

    look(*state, "a");
    put(*state, "a", 1);
    put_absent(*state, "b");
    look(*state, "a");
    look(*state, "b"); /* that it is absent was known */
    look(*state, "c");
    counts = queue_cache_counts(*state);
    assert_int_equal(counts.entries, 2);
    assert_int_equal(counts.hits, 2);
    assert_int_equal(counts.misses, 2);
    assert_int_equal(counts.evictions, 0);
}

/* ---- Invalidation ----------------------------------------------------------------------------- */

static void test_cache_invalidation_forgets_what_is_older(void **state)
{
    put(*state, "older", 9);
    put(*state, "same", 10);
    put(*state, "newer", 11);
    put_absent(*state, "absent");
    put(*state, "other", 1);
    invalidate(*state, "older", 10);
    invalidate(*state, "same", 10);
    invalidate(*state, "newer", 10);
    invalidate(*state, "absent", 10);
    assert_int_equal(look(*state, "older"), MISS);
    assert_int_equal(look(*state, "same"), 10); /* it is that change */
    assert_int_equal(look(*state, "newer"), 11);
    assert_int_equal(look(*state, "absent"), MISS);
    assert_int_equal(look(*state, "other"), 1);
    assert_int_equal(queue_cache_counts(*state).entries, 3);
}

static void test_cache_put_keeps_the_later_of_two_answers(void **state)
{
    put(*state, "q", 5);
    put(*state, "q", 4);
    assert_int_equal(look(*state, "q"), 5);
    put(*state, "q", 6);
    assert_int_equal(look(*state, "q"), 6);
    put(*state, "q", 6);
    assert_int_equal(look(*state, "q"), 6);
    assert_int_equal(queue_cache_counts(*state).entries, 1);
}

static void test_cache_put_after_an_invalidation_of_the_same_queue_is_not_kept(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    invalidate(*state, "q", 10);
    put_late(*state, ticket, "q", 9); /* read before the change, brought after it */
    assert_int_equal(look(*state, "q"), MISS);
    queue_cache_put(*state, ticket, SLICE("p"), SLICE("q"), NULL);
    assert_int_equal(look(*state, "q"), MISS);
    put(*state, "q", 10); /* with a new ticket */
    assert_int_equal(look(*state, "q"), 10);
}

static void test_cache_put_after_an_invalidation_of_another_queue_is_kept(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    invalidate(*state, "other", 10);
    queue_cache_invalidate(*state, SLICE("project"), SLICE("q"), 10);
    put_late(*state, ticket, "q", 9);
    assert_int_equal(look(*state, "q"), 9);
}

static void test_cache_put_remembers_each_of_several_invalidations(void **state)
{
    for (int which = 0; which < 50; which++) {
        uint64_t ticket = queue_cache_ticket(*state);
        char name[16];

        for (int i = 0; i < 50; i++) {
            snprintf(name, sizeof(name), "q%d", i);
            invalidate(*state, i == which ? "q" : name, 10);
        }
        put_late(*state, ticket, "q", 9);
        assert_int_equal(look(*state, "q"), MISS);
    }
}

/* invalidate_others announces n changes of other queues. */
static void invalidate_others(struct queue_cache *cache, int n)
{
    for (int i = 0; i < n; i++) {
        char name[16];

        snprintf(name, sizeof(name), "other%d", i);
        invalidate(cache, name, 10);
    }
}

static void test_cache_put_is_kept_while_all_invalidations_are_remembered(void **state)
{
    uint64_t ticket;

    invalidate_others(*state, 5000); /* before the ticket: they don't matter */
    invalidate(*state, "q", 10);
    ticket = queue_cache_ticket(*state);
    invalidate_others(*state, 1000);
    put_late(*state, ticket, "q", 11);
    assert_int_equal(look(*state, "q"), 11);
}

static void test_cache_put_is_not_kept_when_invalidations_were_forgotten(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    invalidate(*state, "q", 10);
    invalidate_others(*state, 5000); /* more than are remembered: "q" is no longer among them */
    put_late(*state, ticket, "q", 9);
    assert_int_equal(look(*state, "q"), MISS);
    queue_cache_put(*state, ticket, SLICE("p"), SLICE("q"), NULL);
    assert_int_equal(look(*state, "q"), MISS);
}

/* With every number of invalidations around the size of the ring: the one of "q" comes first, and must
 * never be missed. */
static void test_cache_ring_never_loses_an_invalidation_at_its_ends(void **state)
{
    for (int n = 1020; n < 1030; n++) {
        uint64_t ticket = queue_cache_ticket(*state);

        invalidate(*state, "q", 10);
        invalidate_others(*state, n);
        put_late(*state, ticket, "q", 9);
        assert_int_equal(look(*state, "q"), MISS);
    }
}

static void test_cache_clear_forgets_all_and_what_is_on_its_way(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    put(*state, "a", 1);
    put_absent(*state, "b");
    queue_cache_clear(*state);
    assert_int_equal(look(*state, "a"), MISS);
    assert_int_equal(look(*state, "b"), MISS);
    assert_int_equal(queue_cache_counts(*state).entries, 0);
    put_late(*state, ticket, "c", 1);
    assert_int_equal(look(*state, "c"), MISS);
    put(*state, "d", 1); /* with a new ticket */
    assert_int_equal(look(*state, "d"), 1);
}

static void test_cache_free_takes_null(void **state)
{
    (void)state;
    queue_cache_free(NULL);
}

/* ---- What this process writes ----------------------------------------------------------------- */

static void test_cache_gives_what_was_written_at_once(void **state)
{
    wrote(*state, "new", 5);
    assert_int_equal(look(*state, "new"), 5);
    put(*state, "changed", 5);
    wrote(*state, "changed", 6);
    assert_int_equal(look(*state, "changed"), 6);
    put_absent(*state, "made");
    wrote(*state, "made", 7);
    assert_int_equal(look(*state, "made"), 7);
    removed(*state, "made", 7);
    assert_int_equal(look(*state, "made"), ABSENT);
    removed(*state, "never seen", 7);
    assert_int_equal(look(*state, "never seen"), ABSENT);
    wrote(*state, "made", 9); /* its next life */
    assert_int_equal(look(*state, "made"), 9);
    assert_int_equal(look_in(*state, "another", "made"), MISS);
    assert_int_equal(queue_cache_counts(*state).entries, 4);
}

static void test_cache_a_write_counts_as_an_invalidation(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    put(*state, "q", 8);
    wrote(*state, "q", 9);
    put_late(*state, ticket, "q", 8);
    assert_int_equal(look(*state, "q"), 9);
    queue_cache_put(*state, ticket, SLICE("p"), SLICE("q"), NULL); /* read before it was made */
    assert_int_equal(look(*state, "q"), 9);
    put_late(*state, ticket, "other", 3);
    assert_int_equal(look(*state, "other"), 3);
}

static void test_cache_a_removal_counts_as_an_invalidation(void **state)
{
    uint64_t ticket = queue_cache_ticket(*state);

    removed(*state, "q", 9);
    put_late(*state, ticket, "q", 9); /* read before it was removed */
    assert_int_equal(look(*state, "q"), ABSENT);
    put(*state, "q", 12); /* with a new ticket: its next life */
    assert_int_equal(look(*state, "q"), 12);
}

/* What was written gets lost for lack of room, but not the knowledge that it was written. */
static void test_cache_a_write_counts_when_its_record_was_evicted(void **state)
{
    struct queue_cache *cache = queue_cache_new(1);
    uint64_t ticket = queue_cache_ticket(cache);

    (void)state;
    wrote(cache, "q", 9);
    wrote(cache, "other", 10);
    assert_int_equal(look(cache, "q"), MISS);
    assert_int_equal(look(cache, "other"), 10);
    assert_int_equal(queue_cache_counts(cache).entries, 1);
    put_late(cache, ticket, "q", 8);
    assert_int_equal(look(cache, "q"), MISS);
    removed(cache, "q", 9);
    assert_int_equal(look(cache, "q"), ABSENT);
    assert_int_equal(queue_cache_counts(cache).entries, 1);
    assert_int_equal(queue_cache_counts(cache).evictions, 2);
    queue_cache_free(cache);
}

static void test_cache_a_write_gives_way_to_what_is_newer_in_the_cache(void **state)
{
    put(*state, "q", 10);
    wrote(*state, "q", 9);
    assert_int_equal(look(*state, "q"), 10);
    removed(*state, "q", 9); /* an earlier life of it */
    assert_int_equal(look(*state, "q"), 10);
    wrote(*state, "q", 10);
    assert_int_equal(look(*state, "q"), 10);
}

static void test_cache_a_write_stays_when_it_is_announced(void **state)
{
    wrote(*state, "before", 9);
    invalidate(*state, "before", 9);
    assert_int_equal(look(*state, "before"), 9);
    invalidate(*state, "after", 9); /* the announcement was quicker than the writer */
    wrote(*state, "after", 9);
    assert_int_equal(look(*state, "after"), 9);
    invalidate(*state, "after", 10);
    assert_int_equal(look(*state, "after"), MISS);
}

/* A writer's thread may come so late that what others did after it was announced already. */
static void test_cache_a_late_write_is_not_kept(void **state)
{
    put(*state, "changed", 8);
    invalidate(*state, "changed", 10); /* by another process, after our 9 */
    wrote(*state, "changed", 9);
    assert_int_equal(look(*state, "changed"), MISS);

    invalidate(*state, "made again", 12);
    removed(*state, "made again", 9);
    assert_int_equal(look(*state, "made again"), MISS);

    removed(*state, "removed", 9); /* by another thread, before this one came to tell of 9 */
    wrote(*state, "removed", 9);
    assert_int_equal(look(*state, "removed"), ABSENT);
    wrote(*state, "removed", 11);
    assert_int_equal(look(*state, "removed"), 11);
}

static void test_cache_does_not_remember_a_late_write_longer_than_others(void **state)
{
    char name[16];

    invalidate(*state, "q", 10);
    for (int i = 0; i < 1500; i++) { /* beyond what is remembered */
        snprintf(name, sizeof(name), "q%d", i);
        invalidate(*state, name, 20);
    }
    wrote(*state, "q", 11);
    assert_int_equal(look(*state, "q"), 11);
}

static void test_cache_takes_no_write_of_an_impossible_name(void **state)
{
    char name[67];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    wrote(*state, name, 1);
    removed(*state, name, 1);
    assert_int_equal(look(*state, name), MISS);
    assert_int_equal(queue_cache_counts(*state).entries, 0);
}

/* ---- Threads ---------------------------------------------------------------------------------- */

/* Several threads read a "catalog" of a few queues through the cache while others change it. A change
 * is made first and announced then; after the last announcement nothing stale may be left. */
enum { QUEUES = 8, READERS = 3, WRITERS = 2, TURNS = 4000 };

struct market {
    struct queue_cache *cache;
    pthread_mutex_t lock;
    uint64_t revision[QUEUES], last; /* of the catalog */
};

struct trader {
    pthread_t thread;
    struct market *market;
    struct dice dice;
};

static const char *const names[QUEUES] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static void *read_through(void *arg)
{
    struct trader *t = arg;
    struct market *m = t->market;

    for (int i = 0; i < TURNS; i++) {
        size_t which = dice_below(&t->dice, QUEUES);
        struct slice name = slice_of(names[which]);
        uint64_t ticket = queue_cache_ticket(m->cache), revision;
        struct queue_record *r;

        if (queue_cache_get(m->cache, SLICE("p"), name, &r) != CACHE_FOUND) {
            pthread_mutex_lock(&m->lock);
            revision = m->revision[which];
            pthread_mutex_unlock(&m->lock);
            r = record_new("p", names[which], revision);
            queue_cache_put(m->cache, ticket, SLICE("p"), name, r);
        }
        queue_record_unref(r);
        if (i % 500 == 0)
            queue_cache_counts(m->cache);
    }
    return NULL;
}

static void *change_all(void *arg)
{
    struct trader *t = arg;
    struct market *m = t->market;

    for (int i = 0; i < TURNS; i++) {
        size_t which = dice_below(&t->dice, QUEUES);
        uint64_t revision;

        pthread_mutex_lock(&m->lock);
        revision = m->revision[which] = ++m->last;
        pthread_mutex_unlock(&m->lock);
        if (i % 2 == 0)
            queue_cache_invalidate(m->cache, SLICE("p"), slice_of(names[which]), revision);
        else
            wrote(m->cache, names[which], revision);
        if (i % 1000 == 999)
            queue_cache_clear(m->cache);
    }
    return NULL;
}

static void test_cache_holds_nothing_stale_after_threads_have_raced(void **state)
{
    struct dice dice = dice_new(__func__);
    struct market m = {.cache = queue_cache_new(QUEUES - 2), .lock = PTHREAD_MUTEX_INITIALIZER};
    struct trader traders[READERS + WRITERS];

    (void)state;
    for (size_t i = 0; i < READERS + WRITERS; i++) {
        traders[i] = (struct trader){.market = &m, .dice = {dice_next(&dice)}};
        assert_int_equal(pthread_create(&traders[i].thread, NULL,
                                        i < READERS ? read_through : change_all, &traders[i]),
                         0);
    }
    for (size_t i = 0; i < READERS + WRITERS; i++)
        pthread_join(traders[i].thread, NULL);
    for (size_t i = 0; i < QUEUES; i++) {
        int64_t cached = look(m.cache, names[i]);

        assert_true(cached == MISS || cached == (int64_t)m.revision[i]);
    }
    assert_true(queue_cache_counts(m.cache).entries <= QUEUES - 2);
    queue_cache_free(m.cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cache_gives_what_was_put),
        TEST(test_cache_knows_that_a_queue_is_absent),
        TEST(test_cache_keeps_projects_and_names_apart),
        TEST(test_cache_takes_names_of_full_length_and_none_beyond),
        TEST(test_cache_borrows_what_is_put_and_gives_what_is_got),
        cmocka_unit_test(test_cache_drops_what_was_unused_for_longest),
        cmocka_unit_test(test_cache_never_holds_more_than_its_bound),
        TEST(test_cache_counts_hits_and_misses),
        TEST(test_cache_invalidation_forgets_what_is_older),
        TEST(test_cache_put_keeps_the_later_of_two_answers),
        TEST(test_cache_put_after_an_invalidation_of_the_same_queue_is_not_kept),
        TEST(test_cache_put_after_an_invalidation_of_another_queue_is_kept),
        TEST(test_cache_put_remembers_each_of_several_invalidations),
        TEST(test_cache_put_is_kept_while_all_invalidations_are_remembered),
        TEST(test_cache_put_is_not_kept_when_invalidations_were_forgotten),
        TEST(test_cache_ring_never_loses_an_invalidation_at_its_ends),
        TEST(test_cache_clear_forgets_all_and_what_is_on_its_way),
        TEST(test_cache_gives_what_was_written_at_once),
        TEST(test_cache_a_write_counts_as_an_invalidation),
        TEST(test_cache_a_removal_counts_as_an_invalidation),
        TEST(test_cache_a_write_counts_when_its_record_was_evicted),
        TEST(test_cache_a_write_gives_way_to_what_is_newer_in_the_cache),
        TEST(test_cache_a_write_stays_when_it_is_announced),
        TEST(test_cache_a_late_write_is_not_kept),
        TEST(test_cache_does_not_remember_a_late_write_longer_than_others),
        TEST(test_cache_takes_no_write_of_an_impossible_name),
        cmocka_unit_test(test_cache_free_takes_null),
        cmocka_unit_test(test_cache_holds_nothing_stale_after_threads_have_raced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
