/* The scripts: each is lua/base.lua, then lua/messages.lua for all but post, then its own text. */
#include "worker/store/redis/redis.h"

#include "common/buffer.h"
#include "nusku_worker.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct script_text scripts[SCRIPT_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const bodies[SCRIPT_COUNT] = {
#define SCRIPT_BODY(name) [SCRIPT_##name] = embedded_##name##_lua,
    SCRIPTS(SCRIPT_BODY)
#undef SCRIPT_BODY
};

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

        buffer_add(&b, slice_of(embedded_base_lua));
        if (i != SCRIPT_post) /* the most frequent one does without: it is made anew at each call */
            buffer_add(&b, slice_of(embedded_messages_lua));
        buffer_add(&b, slice_of(bodies[i]));
        scripts[i].text = buffer_slice(&b); /* for ever */
        sha1_hex(scripts[i].text, scripts[i].sha);
    }
}

const struct script_text *scripts_get(enum script which)
{
    pthread_once(&once, make_all);
    return &scripts[which];
}
