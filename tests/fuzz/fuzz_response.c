/* tests/fuzz/fuzz_response.c - any bytes as the answer of a server: how they are cut changes nothing, and
 * what is refused stays refused. The first byte says where the cut is. */
#include "tests/fuzz/fuzz.h"

#include "deploy/nusku/response.h"

static void check(const struct response *r, enum response_verdict verdict)
{
    assert((verdict == RESPONSE_BAD) == (r->fault != NULL));
    assert(r->body.len <= RESPONSE_BODY_MAX && r->line.len <= RESPONSE_HEAD_MAX);
    if (verdict == RESPONSE_DONE)
        assert(r->status >= 200 && r->status < 600);
    if (verdict == RESPONSE_BAD)
        assert(!r->keep);
}

static void check_same(const struct response *a, const struct response *b)
{
    assert(a->fault == b->fault && a->keep == b->keep);
    if (a->fault != NULL)
        return;
    assert(a->status == b->status);
    assert(slice_eq(buffer_slice(&a->body), buffer_slice(&b->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct response whole = {0}, cut = {0};
    struct slice bytes, first;
    enum response_verdict verdict;

    if (size == 0)
        return 0;
    bytes = (struct slice){(const char *)data + 1, size - 1};
    first = (struct slice){bytes.p, bytes.len == 0 ? 0 : data[0] % bytes.len};
    verdict = response_take(&whole, bytes);
    check(&whole, verdict);
    response_take(&cut, first);
    assert(response_take(&cut, slice_from(bytes, first.len)) == verdict);
    check_same(&whole, &cut);
    if (verdict != RESPONSE_MORE)
        assert(response_take(&whole, SLICE("x")) == RESPONSE_BAD);
    verdict = response_end(&cut);
    assert(verdict != RESPONSE_MORE);
    check(&cut, verdict);
    response_fini(&whole);
    response_fini(&cut);
    return 0;
}
