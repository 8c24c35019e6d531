/* router/http/access_log.h - a line for each request that was answered, or whose client went away.
 *
 *   2026-11-23T07:08:09.123Z req-9c5b94b1-35ad-49bb-b118-8e8fc24abf80 client=10.0.0.5 project=p method=GET
 *   path=/v2/queues/q/messages status=200 bytes=57 ms=3                                  (all in one line)
 *
 * The moment is that of the line. What is unknown is "-". Queries are left out: they may hold what users
 * store. So are headers and bodies. */
#ifndef ROUTER_HTTP_ACCESS_LOG_H
#define ROUTER_HTTP_ACCESS_LOG_H

#include "common/log_file.h"
#include "router/http/exchange.h"

/* access_log_add has the requests of a path logged to a file, which lives as long. */
void access_log_add(h2o_pathconf_t *path, struct log_file *file);

/* access_log_note tells the log which exchange a request is. */
void access_log_note(struct exchange *ex);

/* What a line says; absent or 0 is unknown. */
struct access {
    int64_t wall_ms, duration_ms;
    struct slice request_id, client, project, method, path;
    int status;
    uint64_t bytes; /* of the body, as it was sent */
};

/* access_log_line appends the line, without a newline. What would break it stands there as %XX, what is too
 * long is cut. */
void access_log_line(const struct access *a, struct buffer *out);

#endif
