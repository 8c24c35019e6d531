/* common/python_json.h - JSON as Python's json.dumps writes it, for checksums.
 *
 * A message's checksum is the MD5 of its body in that form: ", " and ": " between, everything beyond
 * ASCII as \uxxxx, floats in their shortest form, the last of equal keys in the place of the first. */
#ifndef COMMON_PYTHON_JSON_H
#define COMMON_PYTHON_JSON_H

#include "common/json.h"

/* python_json_write appends the form; v is of a checked document. */
void python_json_write(struct buffer *out, struct json v);

/* python_json_md5 gives "MD5:" and 32 hex digits, in a. */
struct slice python_json_md5(struct json v, struct arena *a);

#endif
