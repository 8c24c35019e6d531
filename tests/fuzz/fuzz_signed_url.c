/* tests/fuzz/fuzz_signed_url.c - any bytes as what a caller shows: paths, methods, expires, project and
 * signature, each on a line. Nothing passes but what the secret signed; and that passes only if it grants what
 * is asked for, in words that cannot be read otherwise. */
#include "tests/fuzz/fuzz.h"

#include "common/iso8601.h"
#include "router/api/signed_url.h"

#define SECRET SLICE("a secret that nobody has")

static struct signed_list split(struct slice text, struct arena *a)
{
    struct signed_list l = {arena_alloc(a, (text.len + 1) * sizeof(struct slice)), 0};

    while (text.p != NULL)
        l.list[l.n++] = slice_cut(&text, ',');
    return l;
}

static bool holds(struct slice text, const char *what)
{
    return text.len > 0 && memmem(text.p, text.len, what, strlen(what)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size}, get = SLICE("GET"), q = SLICE("q");
    struct shown_url shown = {.paths = slice_cut(&rest, '\n')};
    struct arena a = {0};
    struct signed_url u;
    char signature[SIGNATURE_TEXT];

    shown.methods = slice_cut(&rest, '\n');
    shown.expires = slice_cut(&rest, '\n');
    shown.project = slice_cut(&rest, '\n');
    shown.signature = rest;
    assert(!signed_url_verify(SECRET, &shown, get, q, SLICE("messages"), 0, &a));

    u = (struct signed_url){split(shown.paths, &a), split(shown.methods, &a), shown.project, 0};
    if (iso8601_read(shown.expires, &u.expires_s)) {
        signed_url_sign(SECRET, &u, signature);
        shown.signature = (struct slice){signature, SIGNATURE_TEXT};
        if (signed_url_verify(SECRET, &shown, get, q, SLICE("messages"), 0, &a)) {
            assert(u.expires_s > 0 && shown.project.len > 0);
            assert(holds(shown.paths, "/v2/queues/q/messages") && !holds(shown.paths, "\\"));
            assert(holds(shown.methods, "GET") && !holds(shown.methods, "\\"));
        }
    }
    arena_fini(&a);
    return 0;
}
