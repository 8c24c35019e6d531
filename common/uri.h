/* common/uri.h - the URIs by which back ends are named.
 *
 *   scheme://[user[:password]@]host[:port][,host[:port]…][/path][?key=value[&…]]
 *
 *   redis://:secret@10.0.0.7:6379/2        sqlite:///var/lib/nusku/store.db      unix:///run/redis.sock
 */
#ifndef COMMON_URI_H
#define COMMON_URI_H

#include "common/arena.h"
#include "common/slice.h"
#include "common/status.h"

struct uri {
    struct slice scheme;
    struct slice user;     /* percent-decoded, absent when not given */
    struct slice password; /* the same */
    struct slice hosts;    /* as written: host[:port] and so on, may be empty */
    struct slice path;     /* percent-decoded, with its leading '/', or empty */
    struct slice query;    /* as written, without the '?' */
};

/* uri_parse borrows text and takes decoded parts from a. ST_INVALID without "scheme://". */
enum status uri_parse(struct slice text, struct uri *u, struct arena *a, struct failure *f);

/* uri_scheme gives what stands before "://", or the absent slice. */
struct slice uri_scheme(struct slice text);

/* uri_host_port splits the first of u->hosts: the host as a C string from a ("" when none is given;
 * brackets around IPv6 are taken off), the port or the given default. */
enum status uri_host_port(const struct uri *u, int default_port, const char **host, int *port,
                          struct arena *a, struct failure *f);

/* uri_without_secret writes text with its passwords (the query may hold one) as "***", for logs; from a. */
struct slice uri_without_secret(struct slice text, struct arena *a);

/* percent_decode gives the bytes that %XX stand for; plus_is_space for query strings. A '%' that
 * two hex digits don't follow stays as it is. Borrows text where nothing is to decode. */
struct slice percent_decode(struct slice text, bool plus_is_space, struct arena *a);

#endif
