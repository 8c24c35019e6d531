#include "worker/plugins.h"

#include "common/mem.h"
#include "worker/store_thread.h"

#include <dlfcn.h>
#include <stdlib.h>

const struct host_calls plugin_host_calls = {
    .arena_alloc = arena_alloc,
    .fail = fail,
    .log_line = log_line,
    .mailbox_post = mailbox_post,
};

/* find_symbol loads a file and gives what it exports under the name: a struct that begins with the number of
 * the ABI. The file stays loaded. */
static const void *find_symbol(struct slice word, const char *name, unsigned abi, struct failure *f)
{
    struct arena a = {0};
    bool is_path = memchr(word.p, '/', word.len) != NULL;
    const char *path = is_path
                           ? arena_copy(&a, word).p
                           : arena_printf(&a, "%s/%.*s.so", NUSKU_PLUGIN_DIR, SLICE_ARG(word)).p;
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const void *symbol = file == NULL ? NULL : dlsym(file, name);

    if (file == NULL) {
        fail(f, ST_INVALID, "plug-in %s", dlerror()); /* which begins with the path */
    } else if (symbol == NULL) {
        fail(f, ST_INVALID, "plug-in %s: it has no symbol %s", path, name);
    } else if (*(const unsigned *)symbol != abi) {
        unsigned has = *(const unsigned *)symbol;

        fail(f, ST_INVALID, "plug-in %s: built for ABI %u.%u, this worker has %u.%u", path,
             has >> 16, has & 0xffff, abi >> 16, abi & 0xffff);
        symbol = NULL;
    }
    if (file != NULL && symbol == NULL)
        dlclose(file);
    arena_fini(&a);
    return symbol;
}

const struct stage_ops *plugin_load_stage(struct slice word, struct failure *f)
{
    const struct stage_ops *ops = find_symbol(word, "nusku_stage_plugin", STAGE_ABI, f);

    if (ops != NULL && (ops->open == NULL || ops->close == NULL)) {
        fail(f, ST_INVALID, "plug-in %.*s: it lacks open or close", SLICE_ARG(word));
        return NULL;
    }
    return ops;
}

static bool is_complete(const struct store_ops *ops)
{
    const struct thread_driver *d = ops->driver;

    if (ops->schemes == NULL || ops->schemes[0] == '\0')
        return false;
    if (d != NULL)
        return d->open != NULL && d->close != NULL && d->run != NULL && d->sweep != NULL;
    return ops->open != NULL && ops->close != NULL && ops->submit != NULL && ops->flush != NULL &&
           ops->sweep != NULL;
}

static enum status load_store(struct slice word, struct failure *f)
{
    const struct store_ops *ops = find_symbol(word, "nusku_store_plugin", STORE_ABI, f);
    struct failure why;

    if (ops == NULL)
        return ST_INVALID;
    if (!is_complete(ops))
        return fail(f, ST_INVALID, "plug-in %.*s: it lacks its schemes or a function",
                    SLICE_ARG(word));
    if (store_add_driver(ops, &why) != ST_OK)
        return fail(f, ST_INVALID, "plug-in %.*s: %s", SLICE_ARG(word), why.text);
    return ST_OK;
}

enum status plugin_load_stores(struct slice words, struct failure *f)
{
    struct slice rest = slice_trim(words);
    struct failure why;

    while (words.len > 0 && rest.p != NULL) {
        struct slice word = slice_trim(slice_cut(&rest, ','));

        if (word.len == 0)
            return fail(f, ST_INVALID, "[storage] plugin: a name or a path was expected");
        if (load_store(word, &why) != ST_OK)
            return fail(f, ST_INVALID, "[storage] %s", why.text);
    }
    return ST_OK;
}
