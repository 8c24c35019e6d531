/* deploy/nusku/bench_request.h - the requests of `nusku bench`, and what it reads from a claim's answer. */
#ifndef DEPLOY_NUSKU_BENCH_REQUEST_H
#define DEPLOY_NUSKU_BENCH_REQUEST_H

#include "deploy/nusku/bench.h"

/* A post with a gap for the time at which it was due. */
struct bench_post {
    struct buffer bytes;
    size_t due_at;
};

/* bench_request_add appends a whole request: method, the path behind the prefix, a body or the absent slice. */
void bench_request_add(struct buffer *b, const struct bench_options *o, const char *method,
                       struct slice path, struct slice body);

/* bench_post_init writes the post of one message to a queue; bench_post_due fills its gap. */
void bench_post_init(struct bench_post *p, const struct bench_options *o, const char *queue);
struct slice bench_post_due(struct bench_post *p, uint64_t due_ns);

/* What a claim took. Everything borrows from the answer. */
struct bench_claim {
    struct slice id;
    size_t n;
    struct slice ids[BENCH_CLAIM_MAX];
    uint64_t due_ns[BENCH_CLAIM_MAX];
};

/* bench_claim_read reads the answer to a claim. False: it is none of messages of ours. */
bool bench_claim_read(struct slice document, struct bench_claim *claim);

/* bench_claim_removal appends the request that deletes what the claim took. */
void bench_claim_removal(const struct bench_claim *claim, struct buffer *b,
                         const struct bench_options *o, const char *queue);

#endif
