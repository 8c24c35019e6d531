/* tests/fuzz/fuzz_query.c - any bytes as a query string. */
#include "tests/fuzz/fuzz.h"

#include "common/uri.h"
#include "router/http/query.h"

/* check_written writes the items and reads them again: they are the same. */
static void check_written(const struct query *q, struct arena *a)
{
    struct buffer out = {0};
    struct query back;
    bool first = true;

    for (size_t i = 0; i < q->n; i++)
        query_add(&out, &first, q->list[i].name, q->list[i].value);
    if (q->n > 0) {
        back = query_parse(slice_from(buffer_slice(&out), 1), a);
        assert(back.n == q->n && back.blank_n == 0);
        for (size_t i = 0; i < q->n; i++) {
            assert(slice_eq(back.list[i].name, q->list[i].name));
            assert(slice_eq(back.list[i].value, q->list[i].value));
        }
    }
    buffer_fini(&out);
}

static void check_values(const struct query *q, const char *name, struct arena *a)
{
    struct slice text, *list;
    enum query_answer answer;
    bool given, yes;
    int64_t n;
    size_t found = query_list(q, name, &list, &given, a);

    assert(found == 0 || given);
    assert(query_text(q, name, &text) == (found > 0));
    if (found > 0)
        assert(text.len > 0 && slice_eq(text, list[found - 1]));
    answer = query_int(q, name, &n);
    assert((answer == QUERY_ABSENT) == (found == 0));
    answer = query_bool(q, name, &yes);
    assert((answer == QUERY_ABSENT) == (found == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"limit", "ids", "a", ""};
    struct slice text = {(const char *)data, size};
    struct arena a = {0};
    struct query q;

    assert(percent_decode(text, false, &a).len <= text.len);
    assert(percent_decode(text, true, &a).len <= text.len);
    q = query_parse(text, &a);
    for (size_t i = 0; i < q.n; i++)
        assert(q.list[i].value.len > 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_values(&q, names[i], &a);
    check_written(&q, &a);
    arena_fini(&a);
    return 0;
}
