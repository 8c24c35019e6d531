#include "common/config_option.h"

#include "common/keyring.h"
#include "common/token.h"
#include "common/uri.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void config_init(struct config *c)
{
    *c = (struct config){0};
    for (const struct config_option *o = config_options; o->section != NULL; o++) {
        struct failure f;
        enum status st = option_set(o, c, slice_of(o->default_text), &f);

        assert(st == ST_OK); /* a default of options.def breaks its own bounds */
        (void)st;
    }
}

void config_fini(struct config *c)
{
    for (const struct config_option *o = config_options; o->section != NULL; o++)
        if (option_holds_text(o))
            free(*(char **)((char *)c + o->offset));
    *c = (struct config){0};
}

/* ---- Sources ---------------------------------------------------------------------------------- */

static bool section_exists(struct slice section)
{
    for (const struct config_option *o = config_options; o->section != NULL; o++)
        if (slice_eq(slice_of(o->section), section))
            return true;
    return false;
}

enum status config_set(struct config *c, struct slice section, struct slice name,
                       struct slice value, struct failure *f)
{
    const struct config_option *o = option_find(section, name);
    struct failure why;

    if (o == NULL && !section_exists(section))
        return fail(f, ST_NOT_FOUND, "there is no section [%.*s]", SLICE_ARG(section));
    if (o == NULL)
        return fail(f, ST_NOT_FOUND, "there is no option \"%.*s\" in section [%.*s]",
                    SLICE_ARG(name), SLICE_ARG(section));
    if (option_set(o, c, value, &why) != ST_OK)
        return fail(f, ST_INVALID, "[%s] %s: %s", o->section, o->name, why.text);
    return ST_OK;
}

/* environment_name writes NUSKU_<SECTION>__<OPTION>. */
static void environment_name(const struct config_option *o, char *to, size_t room)
{
    int n = snprintf(to, room, "NUSKU_%s__%s", o->section, o->name);

    assert(n > 0 && (size_t)n < room);
    for (char *p = to; *p != '\0'; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
}

static const struct config_option *option_of_environment(struct slice variable)
{
    for (const struct config_option *o = config_options; o->section != NULL; o++) {
        char name[160];

        environment_name(o, name, sizeof(name));
        if (slice_eq(slice_of(name), variable))
            return o;
    }
    return NULL;
}

enum status config_load_environment(struct config *c, struct failure *f)
{
    for (char **e = environ; *e != NULL; e++) {
        struct slice value = slice_of(*e);
        struct slice name = slice_cut(&value, '=');
        const struct config_option *o;
        struct failure why;

        if (!slice_starts(name, SLICE("NUSKU_")) || memmem(name.p, name.len, "__", 2) == NULL)
            continue;
        o = option_of_environment(name);
        if (o == NULL)
            return fail(f, ST_INVALID, "environment %.*s: no such option", SLICE_ARG(name));
        if (option_set(o, c, value, &why) != ST_OK)
            return fail(f, ST_INVALID, "environment %.*s: %s", SLICE_ARG(name), why.text);
    }
    return ST_OK;
}

enum status config_override(struct config *c, const char *assignment, struct failure *f)
{
    struct slice value = slice_of(assignment);
    struct slice left = slice_cut(&value, '=');
    struct slice name;
    size_t dot = left.len;

    while (dot > 0 && left.p[dot - 1] != '.')
        dot--;
    if (value.p == NULL || dot < 2 || dot == left.len)
        return fail(f, ST_INVALID, "SECTION.NAME=VALUE was expected");
    name = slice_from(left, dot);
    left.len = dot - 1;
    return config_set(c, left, name, value, f);
}

static enum status check_default(const char *what, int64_t value, int64_t most, struct failure *f)
{
    if (value <= most)
        return ST_OK;
    return fail(f, ST_INVALID, "[transport] default_%s = %lld is above max_%s = %lld", what,
                (long long)value, what, (long long)most);
}

int64_t config_request_max(const struct config *c)
{
    enum { MORE = 65536 }; /* what is a little too large gets an error that says what it is */
    int64_t most = c->max_messages_post_bytes;

    if (c->max_request_bytes != 0)
        return c->max_request_bytes;
    if (most < c->max_queue_metadata_bytes)
        most = c->max_queue_metadata_bytes;
    return most + MORE;
}

/* check_requests: a body that is allowed must be let in, and each thread must have room for it twice, as
 * buffers grow by doubling. */
static enum status check_requests(const struct config *c, struct failure *f)
{
    int64_t most = config_request_max(c);

    if (most < c->max_messages_post_bytes || most < c->max_queue_metadata_bytes)
        return fail(f, ST_INVALID, "[router] max_request_size is below a limit of [transport]");
    if (c->max_request_memory_bytes / c->router_threads < 2 * most)
        return fail(f, ST_INVALID,
                    "[router] max_request_memory must be at least %lld: two requests of %lld bytes "
                    "for each thread",
                    (long long)(2 * most * c->router_threads), (long long)most);
    return ST_OK;
}

/* is_origin: what a browser can send as one. */
static bool is_origin(struct slice text)
{
    struct slice scheme = uri_scheme(text);
    struct slice host = scheme.p == NULL ? SLICE("") : slice_from(text, scheme.len + 3);

    for (size_t i = 0; i < host.len; i++)
        if (host.p[i] <= ' ' || host.p[i] == 0x7f || memchr("/?#@", host.p[i], 4) != NULL)
            return false;
    return scheme.len > 0 && host.len > 0;
}

static enum status check_names(const char *name, struct slice list, struct failure *f)
{
    while (list.p != NULL) {
        struct slice item = slice_trim(slice_cut(&list, ','));

        if (item.len > 0 && !token_is(item))
            return fail(f, ST_INVALID, "[cors] %s: \"%.*s\" is no name", name, SLICE_ARG(item));
    }
    return ST_OK;
}

static enum status check_cors(const struct config *c, struct failure *f)
{
    struct slice origins = slice_of(c->cors_allowed_origin);
    enum status st;

    while (origins.p != NULL) {
        struct slice origin = slice_trim(slice_cut(&origins, ','));

        if (origin.len > 0 && !slice_eq(origin, SLICE("*")) && !is_origin(origin))
            return fail(
                f, ST_INVALID,
                "[cors] allowed_origin: \"%.*s\" is no origin: scheme://host[:port], with no "
                "slash behind it",
                SLICE_ARG(origin));
    }
    if ((st = check_names("expose_headers", slice_of(c->cors_expose_headers), f)) ||
        (st = check_names("allow_methods", slice_of(c->cors_allow_methods), f)))
        return st;
    return check_names("allow_headers", slice_of(c->cors_allow_headers), f);
}

/* check_keys: what is wrong with a key is told without it. */
static enum status check_keys(const struct config *c, struct failure *f)
{
    struct keyring keys;
    struct failure why;
    enum status st = keyring_read(slice_of(c->message_encryption_keys), &keys, &why);

    keyring_wipe(&keys);
    return st == ST_OK ? ST_OK : fail(f, st, "[transport] message_encryption_keys: %s", why.text);
}

enum status config_check(const struct config *c, struct failure *f)
{
    enum status st;

    if ((st = check_default("message_ttl", c->default_message_ttl_s, c->max_message_ttl_s, f)) ||
        (st = check_default("message_delay", c->default_message_delay_s, c->max_message_delay_s,
                            f)) ||
        (st = check_default("claim_ttl", c->default_claim_ttl_s, c->max_claim_ttl_s, f)) ||
        (st = check_default("claim_grace", c->default_claim_grace_s, c->max_claim_grace_s, f)))
        return st;
    if (c->min_length_client_id > c->max_length_client_id)
        return fail(f, ST_INVALID,
                    "[transport] min_length_client_id is above max_length_client_id");
    if ((st = check_requests(c, f)) != ST_OK || (st = check_cors(c, f)) != ST_OK)
        return st;
    if ((st = check_keys(c, f)) != ST_OK)
        return st;
    if (strcmp(c->message_store, "plugin") == 0 && c->store_plugin_uri[0] == '\0')
        return fail(f, ST_INVALID,
                    "[drivers] message_store = plugin needs [drivers:message_store:plugin] uri");
    if (c->heartbeat_timeout_s <= c->heartbeat_interval_s)
        return fail(f, ST_INVALID, "[worker] heartbeat_timeout must be above heartbeat_interval");
    return ST_OK;
}

/* ---- Which back ends -------------------------------------------------------------------------- */

struct slice config_store_uri(const struct config *c, struct arena *a)
{
    if (strcmp(c->message_store, "redis") == 0)
        return slice_of(c->store_redis_uri);
    if (strcmp(c->message_store, "plugin") == 0)
        return slice_of(c->store_plugin_uri);
    if (c->store_sqlite_uri[0] != '\0')
        return slice_of(c->store_sqlite_uri);
    return arena_printf(a, "sqlite://%s/messages.db", c->state_path);
}

struct slice config_catalog_uri(const struct config *c, struct arena *a)
{
    if (strcmp(c->management_store, "postgresql") == 0)
        return slice_of(c->catalog_postgresql_uri);
    if (c->catalog_sqlite_uri[0] != '\0')
        return slice_of(c->catalog_sqlite_uri);
    return arena_printf(a, "sqlite://%s/catalog.db", c->state_path);
}

/* use_uri finds the driver whose option takes uri: the ones of "drivers:<which>:<driver>". */
static enum status use_uri(struct config *c, const char *which, struct slice uri, struct failure *f)
{
    struct slice prefix = SLICE("drivers:");

    for (const struct config_option *o = config_options; o->section != NULL; o++) {
        struct slice driver = slice_of(o->section);
        enum status st;

        if (o->type != TYPE_URI || o->choices[0] == '\0' || !slice_starts(driver, prefix) ||
            !option_takes(o, uri_scheme(uri)))
            continue;
        driver = slice_from(driver, prefix.len);
        if (!slice_eq(slice_cut(&driver, ':'), slice_of(which)))
            continue;
        st = config_set(c, SLICE("drivers"), slice_of(which), driver, f);
        return st != ST_OK ? st : config_set(c, slice_of(o->section), slice_of(o->name), uri, f);
    }
    if (uri_scheme(uri).p == NULL)
        return fail(f, ST_INVALID, "a URI was expected, scheme://…");
    return fail(f, ST_INVALID, "no driver of %s takes \"%.*s://\"", which,
                SLICE_ARG(uri_scheme(uri)));
}

enum status config_use_store(struct config *c, struct slice uri, struct failure *f)
{
    struct slice plugin = SLICE("plugin");

    /* what no driver takes may be a plug-in's: it is known once that is loaded */
    if (use_uri(c, "message_store", uri, f) == ST_OK)
        return ST_OK;
    if (c->storage_plugins[0] == '\0' || uri_scheme(uri).p == NULL)
        return ST_INVALID;
    if (config_set(c, SLICE("drivers"), SLICE("message_store"), plugin, f) != ST_OK)
        return ST_INVALID;
    return config_set(c, SLICE("drivers:message_store:plugin"), SLICE("uri"), uri, f);
}

enum status config_use_catalog(struct config *c, struct slice uri, struct failure *f)
{
    return use_uri(c, "management_store", uri, f);
}
