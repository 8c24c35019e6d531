/* router/http/framing.h - whether a request says in one way only where it ends, and to whom it goes.
 *
 * Two lengths, or a length beside chunks, may mean another thing to a proxy in front of us than to us:
 * what it takes for a body we would take for a request (RFC 9112, 6.3 and 11.2). h2o picks one of them
 * in silence, and doesn't hand these headers on, so its buffer is read again. The same goes for what
 * else RFC 9112 has a server refuse since others may read it otherwise: folded headers, chunks in
 * HTTP/1.0, no Host in HTTP/1.1, and several anywhere.
 */
#ifndef ROUTER_HTTP_FRAMING_H
#define ROUTER_HTTP_FRAMING_H

#include "common/slice.h"

#include <stdbool.h>

/* framing_fault reads the head of a request, up to its empty line, with header names in lower case.
 * http_1_1: it is not of HTTP/1.0. NULL: nothing is wrong; else a sentence that says what is. */
const char *framing_fault(struct slice head, bool http_1_1);

#endif
