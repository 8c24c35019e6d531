/* router/api/retry_policy.h - when a notification that failed is tried again: what a policy may hold. */
#ifndef ROUTER_API_RETRY_POLICY_H
#define ROUTER_API_RETRY_POLICY_H

#include "common/json.h"

enum {
    RETRIES_MAX = 1000,        /* of each phase */
    RETRY_DELAY_MAX_S = 86400, /* between two of them */
};

/* retry_policy_check checks the value of _retry_policy, of a queue or a subscription. ST_INVALID: f has a
 * sentence for the user. */
enum status retry_policy_check(struct json policy, struct failure *f);

#endif
