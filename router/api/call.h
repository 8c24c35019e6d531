/* router/api/call.h - the steps that operations are made of, for the files of this folder.
 *
 *   check the name and limits -> call_find (the record) -> call_route (a worker) -> call_done
 *
 * Each step either goes on in the function it is given, or ends the call itself with a fault.
 */
#ifndef ROUTER_API_CALL_H
#define ROUTER_API_CALL_H

#include "router/api/api.h"

/* The call that an operation's struct begins with, and back. */
#define CALL_OF(type, pointer) ((type *)(pointer))

/* call_done ends the call. Nothing may touch it afterwards. */
void call_done(struct api_call *c);

/* call_fail ends the call with a fault and a sentence for the user. */
void call_fail(struct api_call *c, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* call_fail_status ends the call with what the machinery said: unavailable, or a bug of ours. what
 * completes "… could not be …" for the user; the reason goes to the log. */
void call_fail_status(struct api_call *c, const struct failure *f, enum status st);

/* call_fail_no_pool ends the call because no pool can take the queue that it needs. */
void call_fail_no_pool(struct api_call *c);

/* call_check_name checks the name of the queue or topic and the project, by name.h. False: the call has ended. */
bool call_check_name(struct api_call *c, struct slice queue);

/* call_find looks the queue up. placed runs with c->record, NULL when there is no such queue. */
void call_find(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c));

/* call_create does the same, and makes the queue if it is absent. */
void call_create(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c));

/* call_find_target finds another queue of the project, or makes it in the pool of c->record, into c->target. */
void call_find_target(struct api_call *c, struct slice queue, void (*placed)(struct api_call *c));

/* call_route has a worker carry out c->routed.op, whose code, in and key are set; queue is filled from
 * c->record. routed_done runs with the outcome. When the record turns out to be of the past, placed
 * (of call_find or call_create) runs again with a fresh one. */
void call_route(struct api_call *c, void (*routed_done)(struct api_call *c));

/* call_try_route does the same, but returns a refusal instead of ending the call. */
enum status call_try_route(struct api_call *c, void (*routed_done)(struct api_call *c));

/* call_op gives the operation to be routed, cleared, with its code set; a key too if it changes
 * something. */
struct op *call_op(struct api_call *c, enum op_code code);

/* A job for the catalog. It owns what it needs, for the client may go while it runs. */
struct catalog_job {
    struct catalog_call call; /* first */
    struct api_call *owner;   /* NULL: abandoned */
    struct arena arena;
    enum status (*work)(struct catalog_job *job, struct catalog *c, struct failure *f);
    void (*finished)(struct api_call *owner, struct catalog_job *job); /* job->call.st says how */
    /* what goes in: */
    enum collection collection;
    struct slice project, name, metadata; /* name is that of the record */
    uint32_t limit;
    struct slice part;
    const struct config *config;
    void *data; /* whatever else the operation has, in arena */
    const struct metadata_filter *filters;
    size_t filters_n;
    bool with_count;
    /* what comes out: */
    struct queue_record *record; /* given */
    bool created;
    uint32_t n;                 /* of what data has */
    struct queue_record **list; /* given */
    uint32_t list_n;
    uint64_t count;
    enum fault fault; /* instead of all that: the request was wrong */
    struct slice description;
};

/* call_job_fault leaves what is wrong with the request in job, and returns ST_OK: the catalog did its part. */
enum status call_job_fault(struct catalog_job *job, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* call_job_failed ends the call if the job failed, or found a fault with the request. */
bool call_job_failed(struct api_call *c, const struct catalog_job *job);

/* call_job makes one with collection, project and name filled; call_run starts it. */
struct catalog_job *call_job(struct api_call *c, struct slice name);
void call_run(struct api_call *c, struct catalog_job *job);

/* call_parse parses a body into *v. False: the call has ended with FAULT_BODY. */
bool call_parse(struct api_call *c, struct slice document, struct json *v);

/* call_place_of_marker gives a text that sorts among names where the marker does, in a. */
struct slice call_place_of_marker(struct slice marker, struct arena *a);

/* call_limit checks an optional limit against 1..most and gives it, or the default of 10 (of all
 * lists), never more than most. False: the call has ended. */
bool call_limit(struct api_call *c, struct optional_int given, int64_t most, uint32_t *limit);

#endif
