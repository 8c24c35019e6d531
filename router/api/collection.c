#include "router/api/collection.h"

#include <assert.h>

#define TOPIC_MARK "~"

static const struct words {
    const char *noun;
    struct slice end;
} words[COLLECTION_COUNT] = {
    [COLLECTION_QUEUES] = {"queue", SLICE_INIT(TOPIC_MARK)},
    [COLLECTION_TOPICS] = {"topic", SLICE_INIT("\x7f")},
};

const char *collection_noun(enum collection c)
{
    assert(c < COLLECTION_COUNT);
    return words[c].noun;
}

struct slice collection_record_name(enum collection c, struct slice name, struct arena *a)
{
    if (c == COLLECTION_QUEUES)
        return name;
    return arena_printf(a, TOPIC_MARK "%.*s", SLICE_ARG(name));
}

struct slice collection_member_name(struct slice record_name)
{
    return slice_starts(record_name, SLICE(TOPIC_MARK)) ? slice_from(record_name, 1) : record_name;
}

struct slice collection_end(enum collection c)
{
    assert(c < COLLECTION_COUNT);
    return words[c].end;
}
