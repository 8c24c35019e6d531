/* router/api/name.h - what may be a queue's or a topic's name, and a project's id. */
#ifndef ROUTER_API_NAME_H
#define ROUTER_API_NAME_H

#include "common/slice.h"

enum { QUEUE_NAME_MAX = 64, PROJECT_ID_MAX = 256 };

/* A queue's name is 1..64 of A-Z a-z 0-9 _ - . (API v2, queues); a topic's as well. */
static inline bool name_is_queue(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-' || c == '.'))
            return false;
    }
    return name.len >= 1 && name.len <= QUEUE_NAME_MAX;
}

/* A pool's name is one of a queue, but none of the members that health has beside the pools. */
static inline bool name_is_pool(struct slice name)
{
    return name_is_queue(name) && !slice_eq(name, SLICE("catalog_reachable")) &&
           !slice_eq(name, SLICE("storage_reachable")) &&
           !slice_eq(name, SLICE("operation_status")) && !slice_eq(name, SLICE("message_volume"));
}

/* A project's id is any bytes, not too many. */
static inline bool name_is_project(struct slice project)
{
    return project.len <= PROJECT_ID_MAX;
}

#endif
