/* catalog/pools_text.h - the pools that a worker serves, as one JSON text in its row:
 * [{"name": "", "single_writer": true}]. Shared by the drivers. */
#ifndef CATALOG_POOLS_TEXT_H
#define CATALOG_POOLS_TEXT_H

#include "catalog/catalog.h"

/* pools_text_write gives the text, in a. */
struct slice pools_text_write(const struct worker_record *w, struct arena *a);

/* pools_text_read fills w->pools, in a. A text that is damaged gives a worker without pools. */
void pools_text_read(struct slice text, struct worker_record *w, struct arena *a);

#endif
