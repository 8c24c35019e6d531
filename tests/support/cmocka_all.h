/* tests/support/cmocka_all.h - cmocka with the headers that it wants before it. */
#ifndef TESTS_SUPPORT_CMOCKA_ALL_H
#define TESTS_SUPPORT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/slice.h"

/* fail is ours (common/status.h), so cmocka's macros of that name go. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#define assert_slice(s, text) assert_slice_at((s), (text), __FILE__, __LINE__)

static inline void assert_slice_at(struct slice s, const char *text, const char *file, int line)
{
    if (!slice_eq(s, slice_of(text))) {
        print_error("\"%.*s\" is not \"%s\"\n", SLICE_ARG(s), text);
        _fail(file, line);
    }
}

#endif
