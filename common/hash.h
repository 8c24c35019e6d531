/* common/hash.h - uthash for keys that others may choose. Include it in place of <uthash.h>.
 *
 * uthash's own hash has no secret: whoever sends keys can find thousands that fall into one chain, and
 * every look-up then walks all of it. Here the hash is XXH3 with a secret that the process draws when it
 * first hashes, so that nobody outside knows which keys meet. Hence a hash means nothing to another
 * process, nor to the next one.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdlib.h>

/* hash_bytes may be called from any thread. */
unsigned hash_bytes(const void *bytes, size_t len);

#define uthash_fatal(message)           abort()
#define HASH_FUNCTION(key, len, result) ((result) = hash_bytes((key), (len)))
#include <uthash.h>

#endif
