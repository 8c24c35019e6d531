/* router/http/linger.h - closing a connection on which more may come.
 *
 * Who closes a socket while bytes come in has the kernel answer them with a reset, and a reset takes back
 * what the client has not read yet: it would see a broken connection in place of the error that says
 * why. So after such an answer only our direction is closed, and what comes is thrown away until the
 * client has closed too, was silent for a while, or goes on for too long (RFC 9112, 9.6).
 *
 * h2o doesn't do that, but lets its socket go when its request ends: the connection lives on in another
 * descriptor. Everything belongs to the thread of the loop.
 */
#ifndef ROUTER_HTTP_LINGER_H
#define ROUTER_HTTP_LINGER_H

#include <h2o.h>

struct lingerer;

/* linger_new: closed is called, with context, whenever a connection has ended. */
struct lingerer *linger_new(h2o_loop_t *loop, void (*closed)(void *context), void *context);

/* linger_after has the connection of a request linger when h2o closes it. */
void linger_after(struct lingerer *l, h2o_req_t *req);

/* linger_count gives the connections that linger now. */
int64_t linger_count(const struct lingerer *l);

/* linger_stop ends all of them; none follow. linger_free comes behind it. */
void linger_stop(struct lingerer *l);
void linger_free(struct lingerer *l);

#endif
