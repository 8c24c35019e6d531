/* common/config_option.h - one option of the configuration: a row of options.def, and what can be done
 * with its value. For common/config*.c only. */
#ifndef COMMON_CONFIG_OPTION_H
#define COMMON_CONFIG_OPTION_H

#include "common/config.h"

#include <stddef.h>

enum option_type { TYPE_BOOL, TYPE_INT, TYPE_TEXT, TYPE_URI, TYPE_CHOICE, TYPE_SECRET };

struct config_option {
    const char *section;
    const char *name;
    enum option_type type;
    size_t offset; /* of the field in struct config */
    int64_t least, most;
    const char *choices;      /* "a|b": of a choice, or the schemes of a URI ("": any) */
    const char *default_text; /* as in a file */
    const char *text;
};

/* In the order of options.def; the last one is followed by a section NULL. */
extern const struct config_option config_options[];

/* option_find: NULL if there is none. */
const struct config_option *option_find(struct slice section, struct slice name);

/* option_holds_text tells whether the field is a char * that the configuration owns. */
bool option_holds_text(const struct config_option *o);

/* option_takes tells whether word is among the choices, or the schemes, of o. */
bool option_takes(const struct config_option *o, struct slice word);

/* option_add_choices appends the choices as people read them: "sqlite or redis". */
void option_add_choices(const struct config_option *o, struct buffer *out);

/* option_set parses value into c. ST_INVALID: a bad value; f doesn't name the option. */
enum status option_set(const struct config_option *o, struct config *c, struct slice value,
                       struct failure *f);

#endif
