/* tests/fuzz/fuzz_uri.c - any bytes as the URI of a back end. Without its secrets it is still the same
 * place, and says no password. */
#include "tests/fuzz/fuzz.h"

#include "common/uri.h"

static void check_host(const struct uri *u, struct arena *a)
{
    struct failure f;
    const char *host;
    int port;

    if (uri_host_port(u, 6379, &host, &port, a, &f) != ST_OK) {
        assert(f.st == ST_INVALID && f.text[0] != '\0');
        return;
    }
    assert(strlen(host) <= u->hosts.len && port >= 0 && port <= 65535);
    assert(u->hosts.len > 0 || (host[0] == '\0' && port == 6379));
}

static void check_query(struct slice query, struct arena *a)
{
    while (query.p != NULL) {
        struct slice value = slice_cut(&query, '&');
        struct slice key = percent_decode(slice_cut(&value, '='), true, a);

        if (value.p != NULL && memmem(key.p, key.len, "password", 8) != NULL)
            assert(slice_eq(value, SLICE("***")));
    }
}

static void check_shown(struct slice text, const struct uri *u, struct arena *a)
{
    struct slice shown = uri_without_secret(text, a);
    struct uri v;

    assert(slice_eq(uri_without_secret(shown, a), shown));
    assert(uri_parse(shown, &v, a, NULL) == ST_OK);
    assert(slice_eq(u->scheme, v.scheme) && slice_eq(u->user, v.user));
    assert(slice_eq(u->hosts, v.hosts) && slice_eq(u->path, v.path));
    assert((u->password.p == NULL) == (v.password.p == NULL));
    assert(v.password.p == NULL || slice_eq(v.password, SLICE("***")));
    check_query(v.query, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size}, scheme = uri_scheme(text);
    struct arena a = {0};
    struct failure f;
    struct uri u;

    if (uri_parse(text, &u, &a, &f) != ST_OK) {
        assert(f.st == ST_INVALID && f.text[0] != '\0' && scheme.p == NULL);
    } else {
        assert(slice_eq(u.scheme, scheme) && scheme.len > 0);
        assert(u.path.len == 0 || u.path.p[0] == '/');
        assert(u.user.len + u.password.len + u.hosts.len + u.path.len + u.query.len <= size);
        check_host(&u, &a);
        check_shown(text, &u, &a);
    }
    arena_fini(&a);
    return 0;
}
