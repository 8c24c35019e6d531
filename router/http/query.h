/* router/http/query.h - the query string, by the API's rules.
 *
 * A parameter without a value is absent. Literal commas and repeated parameters both make lists, and
 * a scalar takes the last item; an encoded comma (%2C) is part of a value. */
#ifndef ROUTER_HTTP_QUERY_H
#define ROUTER_HTTP_QUERY_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/slice.h"

#include <stdint.h>

struct query_item {
    struct slice name;  /* decoded */
    struct slice value; /* decoded, not empty */
};

struct query {
    struct query_item *list; /* in the order given; a list of n values is n items */
    size_t n;
    struct slice *blank; /* names of parameters with nothing but commas: "ids=," */
    size_t blank_n;
};

/* query_parse reads what follows the '?'. All lives in a or text. */
struct query query_parse(struct slice text, struct arena *a);

/* query_text gives the last value of a parameter; false: absent. */
bool query_text(const struct query *q, const char *name, struct slice *value);

/* query_list gives all values; *given also tells of a list that is there but empty ("ids=,"). */
size_t query_list(const struct query *q, const char *name, struct slice **values, bool *given,
                  struct arena *a);

/* A number is decimal with an optional sign; one that is too large for its type comes out as the
 * largest (or smallest), which every bound refuses. QUERY_BAD: something else is written there. */
enum query_answer { QUERY_ABSENT, QUERY_GIVEN, QUERY_BAD };

enum query_answer query_int(const struct query *q, const char *name, int64_t *value);

/* true: true True t yes y 1 on; false: false False f no n 0 off; QUERY_BAD: anything else. */
enum query_answer query_bool(const struct query *q, const char *name, bool *value);

/* query_add appends "name=value" with '?' or '&' before it, the value percent-encoded. */
void query_add(struct buffer *out, bool *first, struct slice name, struct slice value);

#endif
