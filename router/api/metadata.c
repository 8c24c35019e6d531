#include "router/api/metadata.h"

#include "common/hash.h"

#include <assert.h>

/* ---- Entries ---------------------------------------------------------------------------------- */

/* An object taken apart: the last of each key, in the order of their first appearance. Found by hash,
 * for an object may have ten thousand keys. */
struct entry {
    struct slice key;   /* its meaning */
    struct slice value; /* raw */
    UT_hash_handle hh;
};

struct entries {
    struct entry *list; /* of uthash, which keeps the order of insertion */
    struct arena *a;
};

static struct entry *find_entry(struct entries *e, struct slice key)
{
    struct entry *found;

    HASH_FIND(hh, e->list, key.p, key.len, found);
    return found;
}

static void set_entry(struct entries *e, struct slice key, struct slice value)
{
    struct entry *entry = find_entry(e, key);

    if (entry == NULL) {
        entry = arena_zalloc(e->a, sizeof(*entry));
        entry->key = key;
        HASH_ADD_KEYPTR(hh, e->list, entry->key.p, entry->key.len, entry);
    }
    entry->value = value;
}

static void take_apart(struct entries *e, struct json object)
{
    struct json_walk w = json_members(object);

    while (json_next(&w))
        set_entry(e, json_unescape(w.key, e->a), w.value.raw);
}

/* take_apart_text is for documents that were checked when they were written; a damaged one is empty. */
static void take_apart_text(struct entries *e, struct slice text)
{
    struct json object;

    if (json_check(text, &object, NULL) == ST_OK && object.type == JSON_OBJECT)
        take_apart(e, object);
}

/* put_together writes the object, and ends the life of the entries. */
static void put_together(struct entries *e, struct buffer *out)
{
    buffer_add_char(out, '{');
    for (const struct entry *entry = e->list; entry != NULL; entry = entry->hh.next) {
        if (entry != e->list)
            buffer_add_literal(out, ", ");
        json_add_string(out, entry->key);
        buffer_add_literal(out, ": ");
        buffer_add(out, entry->value);
    }
    buffer_add_char(out, '}');
    HASH_CLEAR(hh, e->list);
}

void metadata_normalise(struct slice metadata, struct buffer *out, struct arena *a)
{
    struct entries e = {.a = a};

    take_apart_text(&e, metadata);
    put_together(&e, out);
}

/* ---- Showing ---------------------------------------------------------------------------------- */

/* shown_of gives how many of the reserved attributes are always shown. */
static enum reserved shown_of(enum collection c)
{
    return c == COLLECTION_TOPICS ? RESERVED_SHOWN_TOPIC : RESERVED_SHOWN;
}

static void add_default(struct buffer *out, enum reserved which, const struct config *c)
{
    switch (which) {
    case RESERVED_MAX_POST:
        buffer_add_int(out, c->max_messages_post_bytes);
        break;
    case RESERVED_TTL:
        buffer_add_int(out, c->default_message_ttl_s);
        break;
    case RESERVED_DELAY:
        buffer_add_int(out, c->default_message_delay_s);
        break;
    case RESERVED_ENCRYPT:
        buffer_add_literal(out, "false");
        break;
    default:
        buffer_add_literal(out, "null");
    }
}

static bool is_null(struct slice raw)
{
    return slice_eq(raw, SLICE("null"));
}

/* is_empty looks for the bracket that ends every object. */
static bool is_empty(struct slice object)
{
    return strspn(object.p + 1, " \t\r\n") == object.len - 2;
}

/* next_null finds the first of n shown attributes at or after *at that is null; n: none. */
static enum reserved next_null(const struct queue_record *r, enum reserved n, const char *at)
{
    enum reserved next = n;

    for (enum reserved i = 0; i < n; i++)
        if (is_null(r->shown[i]) && r->shown[i].p >= at &&
            (next == n || r->shown[i].p < r->shown[next].p))
            next = i;
    return next;
}

/* add_stored copies the object up to its closing bracket, with defaults in place of nulls. */
static void add_stored(struct buffer *out, const struct queue_record *r, enum reserved n,
                       const struct config *c)
{
    const char *at = r->object.p, *end = at + r->object.len - 1;
    enum reserved null;

    while ((null = next_null(r, n, at)) != n) {
        buffer_add(out, (struct slice){at, (size_t)(r->shown[null].p - at)});
        add_default(out, null, c);
        at = r->shown[null].p + r->shown[null].len;
    }
    buffer_add(out, (struct slice){at, (size_t)(end - at)});
}

void metadata_show(struct buffer *out, const struct queue_record *record, enum collection of,
                   const struct config *c)
{
    enum reserved n = shown_of(of);
    bool stored = record != NULL && record->object.p != NULL;
    bool first = !stored || is_empty(record->object);

    if (stored)
        add_stored(out, record, n, c);
    else
        buffer_add_char(out, '{');
    for (enum reserved i = 0; i < n; i++) {
        if (stored && record->shown[i].p != NULL)
            continue;
        buffer_add(out, first ? SLICE("\"") : SLICE(", \""));
        buffer_add(out, reserved_names[i]);
        buffer_add_literal(out, "\": ");
        add_default(out, i, c);
        first = false;
    }
    buffer_add_char(out, '}');
}

/* ---- Patching --------------------------------------------------------------------------------- */

static enum status bad_path(struct failure *f, const char *why)
{
    return fail(f, ST_INVALID, "The path of a change %s", why);
}

/* unescape_token resolves ~0 and ~1 of a JSON pointer's token, and trims blanks. */
static enum status unescape_token(struct slice raw, struct slice *token, struct arena *a,
                                  struct failure *f)
{
    char *out = arena_alloc(a, raw.len);
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        if (raw.p[i] != '~') {
            out[len++] = raw.p[i];
            continue;
        }
        if (++i == raw.len || (raw.p[i] != '0' && raw.p[i] != '1'))
            return bad_path(f, "has a ~ that is neither ~0 nor ~1.");
        out[len++] = raw.p[i] == '0' ? '~' : '/';
    }
    *token = slice_trim((struct slice){out, len});
    return token->len > 0 ? ST_OK : bad_path(f, "has an empty part.");
}

/* read_path reads "/metadata/<key>". */
static enum status read_path(struct json path, struct slice *key, struct arena *a,
                             struct failure *f)
{
    struct slice rest, first;
    enum status st;

    if (path.type != JSON_STRING)
        return bad_path(f, "must be a string.");
    rest = json_string(path, a);
    if (rest.len == 0 || rest.p[0] != '/')
        return bad_path(f, "must begin with a slash.");
    rest = slice_from(rest, 1);
    st = unescape_token(slice_cut(&rest, '/'), &first, a, f);
    if (st != ST_OK)
        return st;
    if (!slice_eq_ci(first, SLICE("metadata")))
        return bad_path(f, "must begin with /metadata.");
    if (rest.p == NULL || memchr(rest.p, '/', rest.len) != NULL)
        return bad_path(f, "must have two parts: /metadata/<key>.");
    return unescape_token(rest, key, a, f);
}

static bool is_shown(struct slice key, enum collection of)
{
    for (size_t i = 0; i < shown_of(of); i++)
        if (slice_eq(reserved_names[i], key))
            return true;
    return false;
}

enum change { CHANGE_ADD, CHANGE_REPLACE, CHANGE_REMOVE };

/* read_change reads one element of a patch. */
static enum status read_change(struct json element, enum change *what, struct slice *key,
                               struct json *value, struct arena *a, struct failure *f)
{
    static const char *const names[] = {"add", "replace", "remove"};
    struct json op, path;
    struct slice name;
    size_t i;

    if (element.type != JSON_OBJECT)
        return fail(f, ST_INVALID, "A change must be an object.");
    if (!json_find(element, "op", &op) || op.type != JSON_STRING)
        return fail(f, ST_INVALID, "A change needs an \"op\": add, remove or replace.");
    name = json_string(op, a);
    for (i = 0; i < 3; i++)
        if (slice_eq(name, slice_of(names[i])))
            break;
    if (i == 3)
        return fail(f, ST_INVALID, "The \"op\" of a change must be add, remove or replace.");
    *what = (enum change)i;
    if (!json_find(element, "path", &path))
        return fail(f, ST_INVALID, "A change needs a \"path\".");
    if (read_path(path, key, a, f) != ST_OK)
        return ST_INVALID;
    if (*what != CHANGE_REMOVE && !json_find(element, "value", value))
        return fail(f, ST_INVALID, "A change of kind \"%s\" needs a \"value\".", names[i]);
    return ST_OK;
}

enum status metadata_patch_check(struct json patch, struct arena *a, struct failure *f)
{
    struct json_walk w;

    if (patch.type != JSON_ARRAY)
        return fail(f, ST_INVALID, "A patch must be an array of changes.");
    w = json_members(patch);
    while (json_next(&w)) {
        enum change what;
        struct slice key;
        struct json value;

        if (read_change(w.value, &what, &key, &value, a, f) != ST_OK)
            return ST_INVALID;
    }
    return ST_OK;
}

enum status metadata_patch(struct slice metadata, struct json patch, enum collection of,
                           struct buffer *out, struct arena *a, struct failure *f)
{
    struct entries e = {.a = a};
    struct json_walk w = json_members(patch);

    take_apart_text(&e, metadata);
    while (json_next(&w)) {
        enum change what;
        struct slice key;
        struct json value;
        struct entry *there;
        enum status st = read_change(w.value, &what, &key, &value, a, f);

        assert(st == ST_OK); /* metadata_patch_check has seen it */
        (void)st;
        there = find_entry(&e, key);
        if (what != CHANGE_ADD && there == NULL && !is_shown(key, of)) {
            HASH_CLEAR(hh, e.list);
            return fail(f, ST_CONFLICT, "There is no \"%.*s\" to %s.",
                        (int)(key.len < 100 ? key.len : 100), key.p,
                        what == CHANGE_REPLACE ? "replace" : "remove");
        }
        if (what != CHANGE_REMOVE)
            set_entry(&e, key, value.raw);
        else if (there != NULL)
            HASH_DEL(e.list, there);
    }
    put_together(&e, out);
    return ST_OK;
}
