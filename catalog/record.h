/* catalog/record.h - what the catalog knows of a queue.
 *
 * A record is immutable and counted: threads share it, the cache replaces it. The last unref frees
 * it. Its slices live as long as it does.
 */
#ifndef CATALOG_RECORD_H
#define CATALOG_RECORD_H

#include "common/slice.h"

#include <stdint.h>

/* The reserved keys of metadata; everything else is the user's. Those before RESERVED_SHOWN are shown
 * with every queue, those before RESERVED_SHOWN_TOPIC with every topic, in this order where they are missing. */
enum reserved {
    RESERVED_MAX_POST, /* _max_messages_post_size */
    RESERVED_TTL,      /* _default_message_ttl */
    RESERVED_DELAY,    /* _default_message_delay */
    RESERVED_SHOWN_TOPIC,
    RESERVED_DEAD_LETTERS = RESERVED_SHOWN_TOPIC, /* _dead_letter_queue */
    RESERVED_DEAD_LETTERS_TTL,                    /* _dead_letter_queue_messages_ttl */
    RESERVED_MAX_CLAIMS,                          /* _max_claim_count */
    RESERVED_ENCRYPT,                             /* _enable_encrypt_messages */
    RESERVED_SHOWN,
    RESERVED_FLAVOR = RESERVED_SHOWN, /* _flavor */
    RESERVED_RETRY,                   /* _retry_policy */
    RESERVED_COUNT
};

extern const struct slice reserved_names[RESERVED_COUNT];

/* The reserved metadata that the service acts on. An attribute that is unset, null or of the wrong type
 * has the value given here. */
struct queue_attributes {
    int64_t max_post_bytes;         /* _max_messages_post_size; 0 unset */
    int64_t default_ttl_s;          /* _default_message_ttl; 0 unset */
    int64_t default_delay_s;        /* _default_message_delay; -1 unset */
    int64_t max_claim_count;        /* _max_claim_count; -1 unset */
    int64_t dead_letter_ttl_s;      /* _dead_letter_queue_messages_ttl; 0 unset */
    struct slice dead_letter_queue; /* _dead_letter_queue; absent when unset */
    bool encrypt;                   /* _enable_encrypt_messages */
};

struct queue_record {
    struct slice project;
    struct slice name;
    struct slice pool;     /* empty: the default store */
    struct slice metadata; /* a JSON object, as the router made it of what the user sent */
    uint64_t epoch;        /* names this life of the queue; never used again */
    uint64_t revision;     /* of the catalog, at this record's last change */
    int64_t created_ms;    /* wall time */
    struct queue_attributes attributes;
    struct slice object; /* the metadata, without blanks around it; absent if it is damaged */
    struct slice shown[RESERVED_SHOWN]; /* the raw values in it; absent where there is none */
    int refs;                           /* private */
};

/* The parts of a record, borrowed; queue_record_new copies them and reads the metadata,
 * in one walk, so that no event loop has to. */
struct queue_row {
    struct slice project, name, pool, metadata;
    uint64_t epoch, revision;
    int64_t created_ms;
};

struct queue_record *queue_record_new(const struct queue_row *row);

/* queue_record_ref returns r, which may be NULL. Both may be called from any thread. */
struct queue_record *queue_record_ref(struct queue_record *r);
void queue_record_unref(struct queue_record *r);

#endif
