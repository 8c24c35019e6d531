/* router/api/metadata.h - a queue's metadata: the reserved attributes, the patch, how it is shown.
 *
 * Metadata is one flat JSON object that stays the bytes it was sent as. Everything here works on
 * checked documents and may run on any thread. */
#ifndef ROUTER_API_METADATA_H
#define ROUTER_API_METADATA_H

#include "common/config.h"
#include "common/json.h"

/* metadata_check checks the reserved attributes of an object. ST_INVALID: f has a sentence for the
 * user. */
enum status metadata_check(struct json object, const struct config *config, struct failure *f);

/* metadata_show appends the object with every reserved attribute that is always shown, the default in
 * place of what is missing or null. metadata may be NULL: only the defaults. */
void metadata_show(struct buffer *out, const struct slice *metadata, const struct config *config);

/* metadata_patch_check checks a JSON patch by itself. ST_INVALID with a sentence for the user. */
enum status metadata_patch_check(struct json patch, struct arena *a, struct failure *f);

/* metadata_patch applies a checked patch to metadata and appends the result to out. ST_CONFLICT: it
 * replaces or removes what isn't there. */
enum status metadata_patch(struct slice metadata, struct json patch, struct buffer *out,
                           struct arena *a, struct failure *f);

#endif
