/* common/json.h - JSON that stays the bytes it came as (D3).
 *
 * A document from outside is checked once, whole: UTF-8, syntax (RFC 8259), depth, the range of
 * integers. After that its parts are slices of the same bytes: walking a checked document cannot
 * fail, nothing is decoded that nobody reads, and a message body leaves as it arrived, with its big
 * integers, `1.10`, key order and escapes. No tree is built and nothing is allocated.
 *
 * Refused by choice, as the API's contract has it: NaN and Infinity, lone surrogates (\ud800 without
 * its pair), integers beyond signed 64 bits anywhere, a byte order mark, depth beyond the limit.
 * Duplicate keys: the last one counts.
 *
 * Why not a library: none of Debian's gives the byte range of each part of a document, and a check
 * this strict would be a second pass beside theirs (ARCHITECTURE.md, dependencies).
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/slice.h"
#include "common/status.h"

#include <stdint.h>

enum { JSON_DEPTH_MAX = 512 };

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value of a checked document: raw is its bytes, without the white space around it. */
struct json {
    enum json_type type;
    struct slice raw;
};

/* json_check checks a whole document and gives its top value, which borrows from text.
 * ST_INVALID, with the byte at which it went wrong, otherwise. */
enum status json_check(struct slice text, struct json *top, struct failure *f);

/* Walking: `struct json_walk w = json_members(object); while (json_next(&w)) … w.key, w.value`.
 * The key is raw: the bytes between the quotes, escapes not resolved. For arrays it is absent. */
struct json_walk {
    struct slice key;
    struct json value;
    struct slice rest; /* private */
    bool object;       /* private */
};

struct json_walk json_members(struct json object_or_array);
bool json_next(struct json_walk *w);

/* json_find gives the last member of that name; false when there is none. Names with escapes are
 * compared by their meaning. */
bool json_find(struct json object, const char *name, struct json *value);

/* json_find_each does the same for n names in one walk; values[i].raw is absent when there is none. */
void json_find_each(struct json object, const struct slice *names, struct json *values, size_t n);

/* json_key_is compares a raw key with a plain name by meaning. */
bool json_key_is(struct slice raw_key, struct slice name);

/* json_count counts the elements of an array or the members of an object. */
size_t json_count(struct json object_or_array);

/* json_int reads a number written as an integer (no point, no exponent), as Python tells ints from
 * floats. False for everything else. */
bool json_int(struct json v, int64_t *n);

/* json_int_or_bool takes true and false for 1 and 0 too, as Python does. */
bool json_int_or_bool(struct json v, int64_t *n);

static inline bool json_is_true(struct json v)
{
    return v.type == JSON_BOOL && v.raw.len == 4;
}

/* json_string resolves a string's escapes into a; it may hold NUL bytes. v is a JSON_STRING. */
struct slice json_string(struct json v, struct arena *a);

/* json_unescape does the same for a raw key. */
struct slice json_unescape(struct slice raw_key, struct arena *a);

/* json_add_string appends text as a JSON string with its quotes. Bytes that are not UTF-8 become
 * U+FFFD, so that what we send is always JSON. */
void json_add_string(struct buffer *b, struct slice text);

#endif
