/* router/http/intake.h - a bound on the memory of a thread's requests.
 *
 * h2o reads a whole request before it shows it to anybody: nothing is known yet of who sends it or
 * whether it asks for something that exists. Each body has a limit, and there may be thousands of
 * connections. h2o has no hook where it takes memory to read into, so what is taken is added up from
 * time to time; between two times it may grow by what the network brings in. When it is too much,
 * those requests are refused that have been coming for longest, and new ones that bring a body.
 */
#ifndef ROUTER_HTTP_INTAKE_H
#define ROUTER_HTTP_INTAKE_H

#include <h2o.h>
#include <stdbool.h>

struct intake;

/* intake_new bounds what the requests of a context take to most_bytes. */
struct intake *intake_new(h2o_context_t *ctx, size_t most_bytes);
void intake_free(struct intake *in);

/* intake_turn comes after each turn of the loop. True: it has sent answers, which the next turn completes;
 * that one should not sleep. */
bool intake_turn(struct intake *in);

/* intake_is_full: no body should be taken on now. */
bool intake_is_full(struct intake *in);

#endif
