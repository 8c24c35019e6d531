#include "router/api/policy.h"

#include <assert.h>

enum who { ANYONE, ADMIN };

static const struct rule {
    const char *name;
    enum who who;
} rules[POLICY_COUNT] = {
    [POLICY_NONE] = {"", ANYONE},
#define POLICY(name, text, who) [POLICY_##name] = {text, who},
#include "router/api/policy.def"
#undef POLICY
};

static bool has_role(struct slice roles, struct slice role)
{
    while (roles.p != NULL)
        if (slice_eq_ci(slice_trim(slice_cut(&roles, ',')), role))
            return true;
    return false;
}

bool policy_allows(enum policy policy, struct slice roles)
{
    assert(policy < POLICY_COUNT);
    return rules[policy].who == ANYONE || has_role(roles, SLICE("admin"));
}

const char *policy_name(enum policy policy)
{
    assert(policy < POLICY_COUNT);
    return rules[policy].name;
}
