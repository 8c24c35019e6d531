#include "common/uri.h"

#include "common/buffer.h"

#include <stdint.h>
#include <stdlib.h>

struct slice uri_scheme(struct slice text)
{
    struct slice rest = text;
    struct slice scheme = slice_cut(&rest, ':');

    if (rest.p == NULL || scheme.len == 0 || !slice_starts(rest, SLICE("//")))
        return (struct slice){NULL, 0};
    return scheme;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct slice percent_decode(struct slice text, bool plus_is_space, struct arena *a)
{
    char *out;
    size_t len = 0;

    if (text.len == 0 || (memchr(text.p, '%', text.len) == NULL &&
                          (!plus_is_space || memchr(text.p, '+', text.len) == NULL)))
        return text;
    out = arena_alloc(a, text.len);
    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;

        if (text.p[i] == '%' && text.len - i > 2) {
            high = hex_digit(text.p[i + 1]);
            low = hex_digit(text.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[len++] = plus_is_space && text.p[i] == '+' ? ' ' : text.p[i];
        }
    }
    return (struct slice){out, len};
}

/* authority_end finds where the part after "//" ends: at the first '/', '?' or the end. */
static size_t authority_end(struct slice rest)
{
    for (size_t i = 0; i < rest.len; i++)
        if (rest.p[i] == '/' || rest.p[i] == '?')
            return i;
    return rest.len;
}

/* last_at finds the '@' that ends the credentials, SIZE_MAX if there is none. */
static size_t last_at(struct slice authority)
{
    for (size_t i = authority.len; i > 0; i--)
        if (authority.p[i - 1] == '@')
            return i - 1;
    return SIZE_MAX;
}

enum status uri_parse(struct slice text, struct uri *u, struct arena *a, struct failure *f)
{
    struct slice rest, authority;
    size_t at;

    *u = (struct uri){.scheme = uri_scheme(text), .path = SLICE(""), .query = SLICE("")};
    if (u->scheme.p == NULL)
        return fail(f, ST_INVALID, "not a URI: \"scheme://…\" was expected");
    rest = slice_from(text, u->scheme.len + 3);
    authority = (struct slice){rest.p, authority_end(rest)};
    rest = slice_from(rest, authority.len);
    at = last_at(authority);
    u->hosts = authority;
    if (at != SIZE_MAX) {
        struct slice secret = {authority.p, at};
        struct slice user = slice_cut(&secret, ':');

        u->user = percent_decode(user, false, a);
        if (secret.p != NULL)
            u->password = percent_decode(secret, false, a);
        u->hosts = slice_from(authority, at + 1);
    }
    u->path = percent_decode(slice_cut(&rest, '?'), false, a);
    if (rest.p != NULL)
        u->query = rest;
    return ST_OK;
}

enum status uri_host_port(const struct uri *u, int default_port, const char **host, int *port,
                          struct arena *a, struct failure *f)
{
    struct slice hosts = u->hosts;
    struct slice first = slice_cut(&hosts, ',');
    struct slice name = first, number = {NULL, 0};
    long n = default_port;
    char *end;

    if (first.len > 0 && first.p[0] == '[') {
        name = slice_from(first, 1);
        number = name;
        name = slice_cut(&number, ']');
        if (number.p == NULL || (number.len > 0 && number.p[0] != ':'))
            return fail(f, ST_INVALID, "an IPv6 address needs its closing bracket");
        number = number.len > 0 ? slice_from(number, 1) : (struct slice){NULL, 0};
    } else {
        number = first;
        name = slice_cut(&number, ':');
    }
    if (number.p != NULL) {
        struct slice copy = arena_copy(a, number);

        n = strtol(copy.p, &end, 10);
        if (number.len == 0 || *end != '\0' || n < 0 || n > 65535)
            return fail(f, ST_INVALID, "\"%.*s\" is not a port", SLICE_ARG(number));
    }
    *host = arena_copy(a, name).p;
    *port = (int)n;
    return ST_OK;
}

/* is_secret tells of query keys whose values are passwords: libpq's password and sslpassword. */
static bool is_secret(struct slice key, struct arena *a)
{
    struct slice plain = percent_decode(key, true, a);

    return memmem(plain.p, plain.len, "password", 8) != NULL;
}

static void add_query_without_secrets(struct buffer *out, struct slice query, struct arena *a)
{
    char before = '?';

    while (query.p != NULL) {
        struct slice value = slice_cut(&query, '&');
        struct slice key = slice_cut(&value, '=');

        buffer_add_char(out, before);
        buffer_add(out, key);
        if (value.p != NULL) {
            buffer_add_char(out, '=');
            buffer_add(out, is_secret(key, a) ? SLICE("***") : value);
        }
        before = '&';
    }
}

struct slice uri_without_secret(struct slice text, struct arena *a)
{
    struct slice scheme = uri_scheme(text), rest = text, authority, shown;
    struct buffer out = {0};
    size_t at;

    if (scheme.p == NULL)
        return text;
    rest = slice_from(text, scheme.len + 3);
    authority = (struct slice){rest.p, authority_end(rest)};
    at = last_at(authority);
    buffer_add(&out, (struct slice){text.p, scheme.len + 3});
    if (at != SIZE_MAX && memchr(authority.p, ':', at) != NULL) {
        struct slice user = {authority.p, at};

        buffer_add(&out, slice_cut(&user, ':'));
        buffer_add(&out, SLICE(":***"));
        rest = slice_from(rest, at);
    }
    buffer_add(&out, slice_cut(&rest, '?'));
    add_query_without_secrets(&out, rest, a);
    shown = arena_copy(a, buffer_slice(&out));
    buffer_fini(&out);
    return shown;
}
