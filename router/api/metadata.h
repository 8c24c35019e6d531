/* router/api/metadata.h - a queue's or topic's metadata: the reserved attributes, the patch, how it is shown.
 *
 * Metadata is one flat JSON object, whose values stay the bytes they were sent as. It is stored with each
 * key once, so that showing it is copying it. Everything here works on checked documents and may run on
 * any thread; but what takes an object of ten thousand keys apart (normalise, patch) is not for a loop. */
#ifndef ROUTER_API_METADATA_H
#define ROUTER_API_METADATA_H

#include "catalog/record.h"
#include "common/config.h"
#include "common/json.h"
#include "router/api/collection.h"

/* metadata_check checks the reserved attributes of an object. ST_INVALID: f has a sentence for the
 * user. */
enum status metadata_check(struct json object, const struct config *config, struct failure *f);

/* metadata_normalise appends the object as it is stored: of equal keys the last value, in the place of
 * the first; keys with no more escapes than they need; a blank behind each comma and colon. */
void metadata_normalise(struct slice metadata, struct buffer *out, struct arena *a);

/* metadata_show appends the record's metadata with every reserved attribute that members of its collection
 * always show, the default in place of what is missing or null. record may be NULL: only the defaults. It
 * copies, and parses nothing. */
void metadata_show(struct buffer *out, const struct queue_record *record, enum collection of,
                   const struct config *config);

/* metadata_patch_check checks a JSON patch by itself. ST_INVALID with a sentence for the user. */
enum status metadata_patch_check(struct json patch, struct arena *a, struct failure *f);

/* metadata_patch applies a checked patch to metadata and appends the result, normalised, to out. ST_CONFLICT: it
 * replaces or removes what is neither there nor always shown. */
enum status metadata_patch(struct slice metadata, struct json patch, enum collection of,
                           struct buffer *out, struct arena *a, struct failure *f);

#endif
