/* catalog/metrics.h - what a process counts of its catalog (doc/operations.md has the list for users).
 *
 * Belongs to the catalog's service. Counting is for any thread; a NULL set counts nothing. */
#ifndef CATALOG_METRICS_H
#define CATALOG_METRICS_H

#include "catalog/cache.h"
#include "catalog/catalog.h"
#include "common/metrics.h"

struct catalog_metrics;

/* catalog_metrics_new adds them to a registry. Both, and the cache, live until nobody renders any more. */
struct catalog_metrics *catalog_metrics_new(struct metrics *registry, struct queue_cache *cache);
void catalog_metrics_free(struct catalog_metrics *m);

/* catalog_metrics_call counts a call and how long it took. */
void catalog_metrics_call(struct catalog_metrics *m, enum status st, int64_t us);

/* catalog_metrics_up notes whether the catalog answers. */
void catalog_metrics_up(struct catalog_metrics *m, bool up);

/* catalog_metrics_wanted tells whether queues should be counted now: somebody has scraped since the last
 * count, and that is long enough ago for what it took. */
bool catalog_metrics_wanted(struct catalog_metrics *m, int64_t now_mono_ms);

/* catalog_metrics_count counts queues by their pools, which reads all of them. */
void catalog_metrics_count(struct catalog_metrics *m, struct catalog *c);

#endif
