#include "catalog/record.h"

#include "common/json.h"
#include "common/mem.h"

#include <stdlib.h>

static struct slice place(char **at, struct slice s)
{
    char *p = *at;

    if (s.len > 0)
        memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    *at += s.len + 1;
    return (struct slice){p, s.len};
}

static int64_t int_attribute(struct json object, const char *name, int64_t least, int64_t unset)
{
    struct json v;
    int64_t n;

    if (!json_find(object, name, &v) || !json_int_or_bool(v, &n) || n < least)
        return unset;
    return n;
}

/* The metadata was checked when it was written; a damaged row gives a queue without attributes. */
static void read_attributes(struct queue_record *r)
{
    struct queue_attributes *to = &r->attributes;
    struct json object, v;

    *to = (struct queue_attributes){.default_delay_s = -1, .max_claim_count = -1};
    if (json_check(r->metadata, &object, NULL) != ST_OK || object.type != JSON_OBJECT)
        return;
    to->max_post_bytes = int_attribute(object, "_max_messages_post_size", 1, 0);
    to->default_ttl_s = int_attribute(object, "_default_message_ttl", 1, 0);
    to->default_delay_s = int_attribute(object, "_default_message_delay", 0, -1);
    to->max_claim_count = int_attribute(object, "_max_claim_count", 0, -1);
    to->dead_letter_ttl_s = int_attribute(object, "_dead_letter_queue_messages_ttl", 1, 0);
    /* names are plain ASCII: written with escapes it is the same name, but nobody does */
    if (json_find(object, "_dead_letter_queue", &v) && v.type == JSON_STRING && v.raw.len > 2 &&
        memchr(v.raw.p, '\\', v.raw.len) == NULL)
        to->dead_letter_queue = (struct slice){v.raw.p + 1, v.raw.len - 2};
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
    read_attributes(r);
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
