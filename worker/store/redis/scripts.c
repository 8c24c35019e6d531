/* The scripts: each is lua/base.lua, then its own text, in which a line `-- @include NAME` stands for the
 * text of lua/NAME.lua (why: see there). */
#include "worker/store/redis/redis.h"

#include "common/buffer.h"
#include "common/mem.h"
#include "nusku_worker.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define INCLUDE "-- @include "

static struct script_text scripts[SCRIPT_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const bodies[SCRIPT_COUNT] = {
#define SCRIPT_BODY(name) [SCRIPT_##name] = embedded_##name##_lua,
    SCRIPTS(SCRIPT_BODY)
#undef SCRIPT_BODY
};

/* What may be included. */
#define PARTS(X)                                                                                   \
    X(claims)                                                                                      \
    X(due)                                                                                         \
    X(ids)                                                                                         \
    X(lists)                                                                                       \
    X(numbers)                                                                                     \
    X(odd)                                                                                         \
    X(posted)                                                                                      \
    X(queue)                                                                                       \
    X(records)                                                                                     \
    X(remove)                                                                                      \
    X(retries)                                                                                     \
    X(set_free)                                                                                    \
    X(settle)                                                                                      \
    X(subscriptions)                                                                               \
    X(take)                                                                                        \
    X(trim)                                                                                        \
    X(touched)

static const struct part {
    const char *name, *text;
} parts[] = {
#define PART_TEXT(name) {#name, embedded_##name##_lua},
    PARTS(PART_TEXT)
#undef PART_TEXT
};

static const char *part_text(struct slice name)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (slice_eq(name, slice_of(parts[i].name)))
            return parts[i].text;
    assert(0 && "a script includes what isn't there");
    return "";
}

/* add_text adds a text line by line, and what its lines include. */
static void add_text(struct buffer *b, struct slice text)
{
    while (text.p != NULL) {
        struct slice line = slice_cut(&text, '\n'), word = line;

        while (word.len > 0 && word.p[0] == ' ')
            word = slice_from(word, 1);
        if (slice_starts(word, SLICE(INCLUDE))) {
            add_text(b, slice_of(part_text(slice_from(word, strlen(INCLUDE)))));
            continue;
        }
        buffer_add(b, line);
        buffer_add_char(b, '\n');
    }
}

static void sha1_hex(struct slice text, char hex[41])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(text.p, text.len, digest, &len, EVP_sha1(), NULL) != 1 || len != 20)
        abort(); /* libcrypto without SHA1: EVALSHA cannot work */
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void make_all(void)
{
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        struct buffer b = {0};

        add_text(&b, slice_of(embedded_base_lua));
        add_text(&b, slice_of(bodies[i]));
        scripts[i].text = (struct slice){mem_strdup(buffer_slice(&b)), b.len}; /* for ever */
        buffer_fini(&b);
        sha1_hex(scripts[i].text, scripts[i].sha);
    }
}

const struct script_text *scripts_get(enum script which)
{
    pthread_once(&once, make_all);
    return &scripts[which];
}
