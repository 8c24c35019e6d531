/* router/api/signed_url.h - pre-signed URLs: what lets a caller without a token use one queue.
 *
 * Whoever may share a queue gets a signature (share.c) over paths, methods, project and a moment, and hands
 * all five on. A request that shows them is let in, where they grant what it asks for, until that moment.
 * For every transport; nothing here keeps anything.
 *
 * Signed is, as the API's other services do it, HMAC-SHA256 over
 *
 *   paths, methods, project, expires       with the two characters \ and n between them
 *
 * where paths and methods are sorted and joined by commas. That has one meaning only as long as no path and
 * no method holds a comma or a backslash. So paths are those of signed_url_path, methods are tokens, and others
 * are neither signed nor believed. */
#ifndef ROUTER_API_SIGNED_URL_H
#define ROUTER_API_SIGNED_URL_H

#include "common/arena.h"

#include <stdint.h>

enum {
    SIGNATURE_TEXT = 64,  /* lower-case hexadecimal digits */
    SIGNED_LIST_MAX = 64, /* items of one list; what there are to name are far less */
};

struct signed_list {
    struct slice *list;
    size_t n;
};

/* What a signature is over. */
struct signed_url {
    struct signed_list paths, methods; /* in any order: signing sorts them */
    struct slice project;
    int64_t expires_s; /* wall time, of the years 1 to 9999 */
};

/* The same as a caller shows it: lists joined by commas. What is absent is not shown. */
struct shown_url {
    struct slice paths, methods, project, expires, signature;
};

/* signed_url_path makes, in a, the path that grants a resource of a queue: /v2/queues/QUEUE/RESOURCE. */
struct slice signed_url_path(struct slice queue, struct slice resource, struct arena *a);

/* signed_url_resource tells whether URLs can be signed for a resource: messages, claims, subscriptions. */
bool signed_url_resource(struct slice resource);

/* signed_url_sign sorts the lists of u and writes their signature. secret isn't empty. */
void signed_url_sign(struct slice secret, struct signed_url *u, char signature[SIGNATURE_TEXT]);

/* signed_url_verify tells whether shown is what signed_url_sign signed with that secret, is still valid at
 * now_ms, and grants the method on this resource of this queue, or on what is below it. An empty secret
 * verifies nothing. The comparison of signatures takes the same time for all. */
bool signed_url_verify(struct slice secret, const struct shown_url *shown, struct slice method,
                       struct slice queue, struct slice resource, int64_t now_ms, struct arena *a);

#endif
