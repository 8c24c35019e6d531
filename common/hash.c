#include "common/hash.h"

#include "common/random.h"

#include <pthread.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static unsigned char secret[XXH3_SECRET_DEFAULT_SIZE];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void draw_secret(void)
{
    random_bytes(secret, sizeof(secret));
}

unsigned hash_bytes(const void *bytes, size_t len)
{
    pthread_once(&once, draw_secret);
    return (unsigned)XXH3_64bits_withSecret(bytes, len, secret, sizeof(secret));
}
