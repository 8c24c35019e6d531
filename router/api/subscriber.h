/* router/api/subscriber.h - who may be a subscriber, and what the options of a subscription may be.
 *
 * Both come from outside and are used much later, when nobody is there to be told: what can't be
 * delivered to is refused now. Nothing is looked up: where a name leads is checked at delivery. */
#ifndef ROUTER_API_SUBSCRIBER_H
#define ROUTER_API_SUBSCRIBER_H

#include "common/config.h"
#include "common/json.h"

enum { SUBSCRIBER_BYTES_MAX = 4096 };

/* subscriber_check checks a URI: its scheme against [transport] subscriber_types, then what it needs to
 * be reached. http, https: a host. mailto: addresses. trust+http, trust+https: a host, and the caller's
 * Keystone identity. ST_INVALID: f has a sentence for the user. Temporary memory comes from a. */
enum status subscriber_check(struct slice uri, const struct config *config, struct arena *a,
                             struct failure *f);

/* subscription_options_check checks an object of options: its size, and the members that mean something.
 * Others are kept for whoever wrote them. ST_INVALID as above. */
enum status subscription_options_check(struct json options, const struct config *config,
                                       struct arena *a, struct failure *f);

#endif
