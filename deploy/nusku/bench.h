/* deploy/nusku/bench.h - the parts of `nusku bench`: what it is told, what it does, what it reports.
 *
 * All times are nanoseconds of uv_hrtime. Latencies of posts count from the moment at which the post was
 * due, whether it could be sent then or not; those of claims and deletions from their sending.
 */
#ifndef DEPLOY_NUSKU_BENCH_H
#define DEPLOY_NUSKU_BENCH_H

#include "common/buffer.h"
#include "common/status.h"
#include "deploy/nusku/histogram.h"
#include "deploy/nusku/http_client.h"

enum {
    BENCH_SECOND_NS = 1000000000,
    BENCH_CLAIM_MAX = 20, /* messages in a claim, ids in a deletion */
    BENCH_BODY_MIN =
        42, /* bytes of a message's body: the time at which it was due, and its names */
    BENCH_WAITING = 100000, /* posts that may be due and not yet sent */
};

struct bench_options {
    const char *url;
    struct http_target target;
    struct buffer headers; /* lines of every request, each with its CRLF */
    struct buffer
        prefix;  /* of every path: what the URL has behind its host, without a slash at its end */
    double rate; /* posts a second; 0: closed loop */
    int64_t seconds, warmup_s;
    int64_t connections; /* for posts; mode cycle has as many again for its consumers */
    int64_t queues;
    int64_t body_bytes;
    bool cycle;
    bool json;
};

/* What came of one kind of request. */
struct bench_calls {
    struct histogram latency; /* of good answers and timeouts inside the measured time */
    uint64_t good;            /* of the whole run, as all that follow */
    uint64_t refused, broken, timeouts;
    uint64_t wrong[600]; /* by status */
};

struct bench_result {
    struct bench_calls post, claim, removal;
    struct histogram wait;       /* from due to sent */
    struct histogram end_to_end; /* from due to claimed */
    double seconds;              /* the measured time; shorter when interrupted */
    uint64_t posted, removed;    /* messages inside the measured time */
    uint64_t claimed_all, removed_all;
    uint64_t empty;  /* claims that found nothing */
    uint64_t unsent; /* posts that were due and never sent */
    uint64_t
        missing; /* messages that were posted, and not claimed within the timeout after the end */
    bool interrupted;   /* by SIGINT or SIGTERM */
    struct failure why; /* the queues could not be made: nothing was measured */
};

/* bench_run makes queues, drives them, and deletes them. r is all zeros. Blocks until it is over, and takes
 * SIGINT and SIGTERM meanwhile: the first ends the measuring, another one the waiting for answers. */
enum status bench_run(const struct bench_options *o, struct bench_result *r);

/* bench_errors counts all that went wrong: wrong answers, none, unsent posts, missing messages. */
uint64_t bench_errors(const struct bench_result *r);

/* bench_report writes the tables, or one JSON document, to stdout. */
void bench_report(const struct bench_options *o, const struct bench_result *r);

#endif
