/* worker/plugins.h - loads what worker/plugin.h describes. Before the worker's loop runs, on one thread. */
#ifndef WORKER_PLUGINS_H
#define WORKER_PLUGINS_H

#include "worker/stage.h"
#include "worker/store.h"

extern const struct host_calls plugin_host_calls;

/* plugin_load_stores loads the plug-ins of a list (words as in [storage] plugin) and adds their stores to those
 * that store_open knows. ST_INVALID: f names the file and says what is wrong with it. */
enum status plugin_load_stores(struct slice words, struct failure *f);

/* plugin_load_stage loads one filter; NULL and f if it can't be had. */
const struct stage_ops *plugin_load_stage(struct slice word, struct failure *f);

#endif
