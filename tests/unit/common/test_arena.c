/* tests/unit/common/test_arena.c - memory that is released all at once. */
#include "tests/unit/dice.h"

#include "common/arena.h"

#include <stdalign.h>

static bool is_aligned(const void *p)
{
    return (uintptr_t)p % alignof(max_align_t) == 0;
}

static void test_arena_alloc_is_aligned_for_any_type(void **state)
{
    struct arena a = {0};

    (void)state;
    for (size_t bytes = 1; bytes < 100; bytes++)
        assert_true(is_aligned(arena_alloc(&a, bytes)));
    assert_true(is_aligned(arena_alloc(&a, 1000000)));
    assert_true(is_aligned(arena_alloc(&a, 1)));
    arena_fini(&a);
}

/* Each piece is filled with its number: pieces that overlap spoil each other. */
static void test_arena_pieces_do_not_overlap(void **state)
{
    enum { PIECES = 2000 };
    static struct {
        unsigned char *p;
        size_t bytes;
    } pieces[PIECES];
    struct dice dice = dice_new(__func__);
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i].bytes =
            dice_below(&dice, 200) == 0 ? dice_below(&dice, 200000) : dice_below(&dice, 300);
        pieces[i].bytes += 1;
        pieces[i].p = arena_alloc(&a, pieces[i].bytes);
        memset(pieces[i].p, (int)(i % 256), pieces[i].bytes);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t j = 0; j < pieces[i].bytes; j++)
            assert_int_equal(pieces[i].p[j], i % 256);
    arena_fini(&a);
}

static void test_arena_takes_pieces_larger_than_any_chunk(void **state)
{
    struct arena a = {0};
    char *p = arena_alloc(&a, 3 * 1024 * 1024);

    (void)state;
    memset(p, 'x', 3 * 1024 * 1024);
    p = arena_alloc(&a, 10);
    memset(p, 'y', 10);
    arena_fini(&a);
}

static void test_arena_zalloc_is_zeroed(void **state)
{
    struct arena a = {0};

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 100; i++) {
            char *p = arena_zalloc(&a, 100);

            for (size_t j = 0; j < 100; j++)
                assert_int_equal(p[j], 0);
            memset(p, 'x', 100);
        }
        arena_fini(&a); /* the second round gets used memory back */
    }
}

static void test_arena_copy_is_a_copy_followed_by_nul(void **state)
{
    struct arena a = {0};
    char text[] = "abc";
    struct slice copy = arena_copy(&a, (struct slice){text, 3});

    (void)state;
    text[0] = 'x';
    assert_slice(copy, "abc");
    assert_int_equal(copy.p[3], '\0');
    copy = arena_copy(&a, SLICE("a\0b"));
    assert_true(slice_eq(copy, SLICE("a\0b")));
    copy = arena_copy(&a, slice_of(NULL));
    assert_non_null(copy.p);
    assert_slice(copy, "");
    assert_int_equal(copy.p[0], '\0');
    arena_fini(&a);
}

static void test_arena_copy_keeps_its_nul_at_every_length(void **state)
{
    struct arena a = {0};
    char text[200];

    (void)state;
    memset(text, 'z', sizeof(text));
    for (size_t len = 0; len < sizeof(text); len++) {
        struct slice copy = arena_copy(&a, (struct slice){text, len});

        memset(arena_alloc(&a, 16), 'n', 16); /* the neighbour must not share the NUL */
        assert_int_equal(strlen(copy.p), len);
    }
    arena_fini(&a);
}

static void test_arena_printf_is_nul_terminated_at_any_length(void **state)
{
    struct arena a = {0};
    char text[3000];
    struct slice s;

    (void)state;
    memset(text, 'p', sizeof(text));
    s = arena_printf(&a, "%d-%s", 42, "x");
    assert_slice(s, "42-x");
    assert_int_equal(s.p[s.len], '\0');
    s = arena_printf(&a, "%s", "");
    assert_slice(s, "");
    for (int len = 0; len < (int)sizeof(text); len += 37) {
        s = arena_printf(&a, "%.*s", len, text);
        assert_int_equal(s.len, len);
        assert_int_equal(strlen(s.p), len);
    }
    arena_fini(&a);
}

static void test_arena_may_be_used_again_after_fini(void **state)
{
    struct arena a = {0};

    (void)state;
    arena_fini(&a); /* of nothing */
    memset(arena_alloc(&a, 5000), 'x', 5000);
    arena_fini(&a);
    assert_null(a.chunks);
    memset(arena_alloc(&a, 5000), 'y', 5000);
    arena_fini(&a);
}

/* arena_alloc is declared returns_nonnull: compilers count on it. */
static void test_arena_alloc_of_nothing_in_a_new_arena_is_not_null(void **state)
{
    struct arena a = {0};
    void *volatile p = arena_alloc(&a, 0);

    (void)state;
    assert_int_not_equal((uintptr_t)p, 0);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_alloc_is_aligned_for_any_type),
        cmocka_unit_test(test_arena_pieces_do_not_overlap),
        cmocka_unit_test(test_arena_takes_pieces_larger_than_any_chunk),
        cmocka_unit_test(test_arena_zalloc_is_zeroed),
        cmocka_unit_test(test_arena_copy_is_a_copy_followed_by_nul),
        cmocka_unit_test(test_arena_copy_keeps_its_nul_at_every_length),
        cmocka_unit_test(test_arena_printf_is_nul_terminated_at_any_length),
        cmocka_unit_test(test_arena_may_be_used_again_after_fini),
        cmocka_unit_test(test_arena_alloc_of_nothing_in_a_new_arena_is_not_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
