/* router/api/policy.h - who may do what, for every transport. The rules: policy.def. */
#ifndef ROUTER_API_POLICY_H
#define ROUTER_API_POLICY_H

#include "common/slice.h"

#include <stdbool.h>

enum policy {
    POLICY_NONE, /* no rule: for documents that need no identity */
#define POLICY(name, text, who) POLICY_##name,
#include "router/api/policy.def"
#undef POLICY
    POLICY_COUNT
};

/* policy_allows tells whether a caller with these roles (names separated by commas; blanks around them
 * and their case don't count) may do it. */
bool policy_allows(enum policy policy, struct slice roles);

/* policy_name gives "queues:get_all" and the like, "" for POLICY_NONE. */
const char *policy_name(enum policy policy);

#endif
