/* common/config.h - the configuration of a process.
 *
 * Built from options.def. Read once, before threads start, and constant from then on.
 *
 * Where a value comes from, the later beating the earlier: the default of options.def; the files, in
 * the order given; the environment (NUSKU_<SECTION>__<OPTION>, upper case, anything but letters and
 * digits as '_'); `--option SECTION.NAME=VALUE`. An unknown option or a bad value is an error that
 * names its file and line: nothing is ignored silently.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
#define OPTION_BOOL(section, name, field, def, text)          bool field;
#define OPTION_INT(section, name, field, def, min, max, text) int64_t field;
#define OPTION_TEXT(section, name, field, def, text)          char *field;
#define OPTION_URI(section, name, field, def, of, text)       char *field;
#define OPTION_CHOICE(section, name, field, def, of, text)    char *field;
#define OPTION_SECRET(section, name, field, text)             char *field;
#include "common/options.def"
#undef OPTION_BOOL
#undef OPTION_INT
#undef OPTION_TEXT
#undef OPTION_URI
#undef OPTION_CHOICE
#undef OPTION_SECRET
};

/* config_init sets every option to its default; config_fini releases the texts. */
void config_init(struct config *c);
void config_fini(struct config *c);

/* config_load_file reads one INI file over c. ST_INVALID: f names the file and the line. */
enum status config_load_file(struct config *c, const char *path, struct failure *f);

/* config_load_environment applies the NUSKU_… variables of the process. */
enum status config_load_environment(struct config *c, struct failure *f);

/* config_set sets one option. ST_NOT_FOUND: no such option; ST_INVALID: a bad value. */
enum status config_set(struct config *c, struct slice section, struct slice name,
                       struct slice value, struct failure *f);

/* config_override applies "SECTION.NAME=VALUE"; the section may hold dots and colons. */
enum status config_override(struct config *c, const char *assignment, struct failure *f);

/* config_check looks at options that only make sense together. */
enum status config_check(const struct config *c, struct failure *f);

/* config_request_max gives the largest request body that is in force, in bytes. */
int64_t config_request_max(const struct config *c);

/* config_print appends the whole configuration as an INI file. With comments each option stands
 * under its text, its default and its bounds; secrets are shown as "***". */
void config_print(const struct config *c, bool comments, struct buffer *out);

/* config_store_uri and config_catalog_uri give the URI that is in force, in a: that of the chosen
 * driver, or for SQLite a file in state_path. */
struct slice config_store_uri(const struct config *c, struct arena *a);
struct slice config_catalog_uri(const struct config *c, struct arena *a);

/* config_use_store and config_use_catalog choose the driver by the URI's scheme and set its URI
 * (the --store and --catalog of `nusku dev`). ST_INVALID: no driver for that scheme. */
enum status config_use_store(struct config *c, struct slice uri, struct failure *f);
enum status config_use_catalog(struct config *c, struct slice uri, struct failure *f);

#endif
