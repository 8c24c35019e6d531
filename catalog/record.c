#include "catalog/record.h"

#include "common/json.h"
#include "common/mem.h"

#include <stdlib.h>

const struct slice reserved_names[RESERVED_COUNT] = {
    [RESERVED_MAX_POST] = SLICE_INIT("_max_messages_post_size"),
    [RESERVED_TTL] = SLICE_INIT("_default_message_ttl"),
    [RESERVED_DELAY] = SLICE_INIT("_default_message_delay"),
    [RESERVED_DEAD_LETTERS] = SLICE_INIT("_dead_letter_queue"),
    [RESERVED_DEAD_LETTERS_TTL] = SLICE_INIT("_dead_letter_queue_messages_ttl"),
    [RESERVED_MAX_CLAIMS] = SLICE_INIT("_max_claim_count"),
    [RESERVED_ENCRYPT] = SLICE_INIT("_enable_encrypt_messages"),
    [RESERVED_FLAVOR] = SLICE_INIT("_flavor"),
    [RESERVED_RETRY] = SLICE_INIT("_retry_policy"),
};

static struct slice place(char **at, struct slice s)
{
    char *p = *at;

    if (s.len > 0)
        memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    *at += s.len + 1;
    return (struct slice){p, s.len};
}

/* int_of reads a value, which may be absent. */
static int64_t int_of(struct json v, int64_t least, int64_t unset)
{
    int64_t n;

    return v.raw.p != NULL && json_int_or_bool(v, &n) && n >= least ? n : unset;
}

static void read_attributes(struct queue_attributes *to, const struct json values[RESERVED_SHOWN])
{
    struct json name = values[RESERVED_DEAD_LETTERS];

    to->max_post_bytes = int_of(values[RESERVED_MAX_POST], 1, 0);
    to->default_ttl_s = int_of(values[RESERVED_TTL], 1, 0);
    to->default_delay_s = int_of(values[RESERVED_DELAY], 0, -1);
    to->max_claim_count = int_of(values[RESERVED_MAX_CLAIMS], 0, -1);
    to->dead_letter_ttl_s = int_of(values[RESERVED_DEAD_LETTERS_TTL], 1, 0);
    to->encrypt = values[RESERVED_ENCRYPT].raw.p != NULL && json_is_true(values[RESERVED_ENCRYPT]);
    /* names are plain ASCII: written with escapes it is the same name, but nobody does */
    if (name.raw.p != NULL && name.type == JSON_STRING && name.raw.len > 2 &&
        memchr(name.raw.p, '\\', name.raw.len) == NULL)
        to->dead_letter_queue = (struct slice){name.raw.p + 1, name.raw.len - 2};
}

/* The metadata was checked when it was written; a damaged row gives a queue without any. */
static void read_metadata(struct queue_record *r)
{
    struct json object, values[RESERVED_SHOWN] = {0};

    r->attributes = (struct queue_attributes){0};
    r->object = (struct slice){0};
    if (json_check(r->metadata, &object, NULL) == ST_OK && object.type == JSON_OBJECT) {
        json_find_each(object, reserved_names, values, RESERVED_SHOWN);
        r->object = object.raw;
    }
    read_attributes(&r->attributes, values);
    for (size_t i = 0; i < RESERVED_SHOWN; i++)
        r->shown[i] = values[i].raw;
}

struct queue_record *queue_record_new(const struct queue_row *row)
{
    struct queue_record *r = mem_alloc(sizeof(*r) + row->project.len + row->name.len +
                                       row->pool.len + row->metadata.len + 4);
    char *at = (char *)(r + 1);

    r->project = place(&at, row->project);
    r->name = place(&at, row->name);
    r->pool = place(&at, row->pool);
    r->metadata = place(&at, row->metadata);
    r->epoch = row->epoch;
    r->revision = row->revision;
    r->created_ms = row->created_ms;
    r->refs = 1;
    read_metadata(r);
    return r;
}

struct queue_record *queue_record_ref(struct queue_record *r)
{
    if (r != NULL)
        __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

void queue_record_unref(struct queue_record *r)
{
    if (r != NULL && __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(r);
}
