/* worker/dropped.h - lives of queues that were dropped a moment ago.
 *
 * A router that has not heard of a deletion yet may still post to the queue: it would get a 201 for a
 * message that nobody can read. The worker that dropped the queue is the one that such a router asks,
 * too, so it remembers for a while, and sends the router back to the catalog (ST_QUEUE_GONE).
 */
#ifndef WORKER_DROPPED_H
#define WORKER_DROPPED_H

#include <stdbool.h>
#include <stdint.h>

struct dropped;

struct dropped *dropped_new(void);
void dropped_free(struct dropped *d);

/* dropped_add remembers an epoch from now_mono_ms on, for half a minute. The oldest of 65,536 goes. */
void dropped_add(struct dropped *d, uint64_t epoch, int64_t now_mono_ms);

bool dropped_has(struct dropped *d, uint64_t epoch, int64_t now_mono_ms);

#endif
