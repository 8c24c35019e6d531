#include "router/api/signed_url.h"

#include "common/buffer.h"
#include "common/iso8601.h"
#include "common/token.h"
#include "router/api/name.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#define BETWEEN     "\\n" /* a backslash and an n */
#define PATH_PREFIX "/v2/queues/"

/* ---- What can be signed ----------------------------------------------------------------------- */

bool signed_url_resource(struct slice resource)
{
    return slice_eq(resource, SLICE("messages")) || slice_eq(resource, SLICE("claims")) ||
           slice_eq(resource, SLICE("subscriptions"));
}

struct slice signed_url_path(struct slice queue, struct slice resource, struct arena *a)
{
    return arena_printf(a, PATH_PREFIX "%.*s/%.*s", SLICE_ARG(queue), SLICE_ARG(resource));
}

/* take_path takes a path apart. False: it is none that signed_url_path makes. */
static bool take_path(struct slice path, struct slice *queue, struct slice *resource)
{
    if (!slice_starts(path, SLICE(PATH_PREFIX)))
        return false;
    *resource = slice_from(path, strlen(PATH_PREFIX));
    *queue = slice_cut(resource, '/');
    return name_is_queue(*queue) && signed_url_resource(*resource);
}

/* ---- Signing ---------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static void add_sorted(struct buffer *out, struct signed_list *l)
{
    if (l->n > 1)
        qsort(l->list, l->n, sizeof(l->list[0]), by_bytes);
    for (size_t i = 0; i < l->n; i++) {
        if (i > 0)
            buffer_add_char(out, ',');
        buffer_add(out, l->list[i]);
    }
}

static void write_hex(const unsigned char *bytes, size_t n, char *text)
{
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

void signed_url_sign(struct slice secret, struct signed_url *u, char signature[SIGNATURE_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char expires[ISO8601_BYTES];
    struct buffer text = {0};
    unsigned len = 0;

    iso8601_write(u->expires_s, expires);
    add_sorted(&text, &u->paths);
    buffer_add_literal(&text, BETWEEN);
    add_sorted(&text, &u->methods);
    buffer_add_literal(&text, BETWEEN);
    buffer_add(&text, u->project);
    buffer_add_literal(&text, BETWEEN);
    buffer_add(&text, slice_of(expires));
    if (HMAC(EVP_sha256(), secret.p, (int)secret.len, (const unsigned char *)text.p, text.len,
             digest, &len) == NULL ||
        len * 2 != SIGNATURE_TEXT)
        abort(); /* no memory, or a libcrypto without SHA-256: nothing may be taken for signed */
    buffer_fini(&text);
    write_hex(digest, len, signature);
}

/* ---- Verifying -------------------------------------------------------------------------------- */

/* split takes a list apart. False: it is empty, or too long. */
static bool split(struct slice text, struct signed_list *l, struct arena *a)
{
    *l = (struct signed_list){.list = arena_alloc(a, SIGNED_LIST_MAX * sizeof(struct slice))};
    if (text.len == 0)
        return false;
    while (text.p != NULL) {
        if (l->n == SIGNED_LIST_MAX)
            return false;
        l->list[l->n++] = slice_cut(&text, ',');
    }
    return true;
}

static bool grants_method(const struct signed_list *methods, struct slice method)
{
    bool granted = false;

    for (size_t i = 0; i < methods->n; i++) {
        if (!token_is(methods->list[i]))
            return false;
        granted |= slice_eq(methods->list[i], method);
    }
    return granted;
}

static bool grants_path(const struct signed_list *paths, struct slice queue, struct slice resource)
{
    bool granted = false;

    for (size_t i = 0; i < paths->n; i++) {
        struct slice q, r;

        if (!take_path(paths->list[i], &q, &r))
            return false;
        granted |= slice_eq(q, queue) && slice_eq(r, resource);
    }
    return granted;
}

bool signed_url_verify(struct slice secret, const struct shown_url *shown, struct slice method,
                       struct slice queue, struct slice resource, int64_t now_ms, struct arena *a)
{
    struct signed_url u = {.project = shown->project};
    char signature[SIGNATURE_TEXT];

    if (secret.len == 0 || shown->project.len == 0 || shown->signature.len != SIGNATURE_TEXT)
        return false;
    if (!split(shown->methods, &u.methods, a) || !grants_method(&u.methods, method) ||
        !split(shown->paths, &u.paths, a) || !grants_path(&u.paths, queue, resource))
        return false;
    if (!iso8601_read(shown->expires, &u.expires_s) || u.expires_s * 1000 <= now_ms)
        return false;
    signed_url_sign(secret, &u, signature);
    return CRYPTO_memcmp(signature, shown->signature.p, SIGNATURE_TEXT) == 0;
}
