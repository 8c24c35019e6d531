#include "common/config_option.h"

#include "common/mem.h"
#include "common/uri.h"

#include <errno.h>
#include <stdlib.h>

#define OPTION_BOOL(section, name, field, def, text)                                               \
    {section, name, TYPE_BOOL, offsetof(struct config, field), 0, 0, NULL, #def, text},
#define OPTION_INT(section, name, field, def, min, max, text)                                      \
    {section, name, TYPE_INT, offsetof(struct config, field), min, max, NULL, #def, text},
#define OPTION_TEXT(section, name, field, def, text)                                               \
    {section, name, TYPE_TEXT, offsetof(struct config, field), 0, 0, NULL, def, text},
#define OPTION_URI(section, name, field, def, of, text)                                            \
    {section, name, TYPE_URI, offsetof(struct config, field), 0, 0, of, def, text},
#define OPTION_CHOICE(section, name, field, def, of, text)                                         \
    {section, name, TYPE_CHOICE, offsetof(struct config, field), 0, 0, of, def, text},
#define OPTION_SECRET(section, name, field, text)                                                  \
    {section, name, TYPE_SECRET, offsetof(struct config, field), 0, 0, NULL, "", text},
const struct config_option config_options[] = {
#include "common/options.def"
    {.section = NULL},
};
#undef OPTION_BOOL
#undef OPTION_INT
#undef OPTION_TEXT
#undef OPTION_URI
#undef OPTION_CHOICE
#undef OPTION_SECRET

const struct config_option *option_find(struct slice section, struct slice name)
{
    for (const struct config_option *o = config_options; o->section != NULL; o++)
        if (slice_eq(slice_of(o->section), section) && slice_eq(slice_of(o->name), name))
            return o;
    return NULL;
}

bool option_holds_text(const struct config_option *o)
{
    return o->type != TYPE_BOOL && o->type != TYPE_INT;
}

bool option_takes(const struct config_option *o, struct slice word)
{
    struct slice rest = slice_of(o->choices);

    while (rest.p != NULL)
        if (slice_eq(slice_cut(&rest, '|'), word))
            return true;
    return false;
}

void option_add_choices(const struct config_option *o, struct buffer *out)
{
    struct slice rest = slice_of(o->choices);

    while (rest.p != NULL) {
        struct slice choice = slice_cut(&rest, '|');

        buffer_add(out, choice.len > 0 ? choice : SLICE("(empty)"));
        if (rest.p != NULL)
            buffer_add_literal(out, " or ");
    }
}

static enum status parse_bool(struct slice value, bool *out, struct failure *f)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (slice_eq_ci(value, slice_of(yes[i])) || slice_eq_ci(value, slice_of(no[i]))) {
            *out = slice_eq_ci(value, slice_of(yes[i]));
            return ST_OK;
        }
    }
    return fail(f, ST_INVALID, "\"%.*s\" is neither true nor false", SLICE_ARG(value));
}

static enum status parse_int(const struct config_option *o, struct slice value, int64_t *out,
                             struct failure *f)
{
    char digits[24];
    char *end;
    long long n;

    if (value.len == 0 || value.len >= sizeof(digits))
        return fail(f, ST_INVALID, "\"%.*s\" is not a number", SLICE_ARG(value));
    memcpy(digits, value.p, value.len);
    digits[value.len] = '\0';
    errno = 0;
    n = strtoll(digits, &end, 10);
    if (*end != '\0' || errno != 0)
        return fail(f, ST_INVALID, "\"%s\" is not a number", digits);
    if (n < o->least || n > o->most)
        return fail(f, ST_INVALID, "%lld is outside %lld..%lld", n, (long long)o->least,
                    (long long)o->most);
    *out = n;
    return ST_OK;
}

/* check_scheme keeps the URI itself out of the message: it may hold a password. */
static enum status check_scheme(const struct config_option *o, struct slice uri, struct failure *f)
{
    if (o->choices[0] == '\0' && uri_scheme(uri).p != NULL)
        return ST_OK;
    if (o->choices[0] == '\0')
        return fail(f, ST_INVALID, "a URI was expected, scheme://…");
    if (option_takes(o, uri_scheme(uri)))
        return ST_OK;
    return fail(f, ST_INVALID, "a URI was expected that begins with %s://", o->choices);
}

enum status option_set(const struct config_option *o, struct config *c, struct slice value,
                       struct failure *f)
{
    void *field = (char *)c + o->offset;
    char **text = field;

    switch (o->type) {
    case TYPE_BOOL:
        return parse_bool(value, field, f);
    case TYPE_INT:
        return parse_int(o, value, field, f);
    case TYPE_CHOICE:
        if (!option_takes(o, value))
            return fail(f, ST_INVALID, "\"%.*s\" is none of %s", SLICE_ARG(value), o->choices);
        break;
    case TYPE_URI:
        if (value.len > 0 && check_scheme(o, value, f) != ST_OK)
            return ST_INVALID;
        break;
    case TYPE_SECRET:
        if (slice_eq(value, SLICE("***")))
            return fail(f, ST_INVALID, "*** only stands for a secret where it is not to be seen");
        break;
    case TYPE_TEXT:
        break;
    }
    free(*text);
    *text = mem_strdup(value);
    return ST_OK;
}
