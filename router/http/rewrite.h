/* router/http/rewrite.h - errors that h2o makes itself, said as the API does.
 *
 * A body that is too large, a broken length: h2o answers before any handler runs, in plain text. A
 * filter turns that into JSON with the usual headers; and size is a 400 here. What h2o can't parse at
 * all it answers past every filter, as text: that stays so.
 */
#ifndef ROUTER_HTTP_REWRITE_H
#define ROUTER_HTTP_REWRITE_H

#include <h2o.h>

void rewrite_add(h2o_pathconf_t *path);

#endif
