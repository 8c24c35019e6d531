#include "common/config_option.h"

#include "common/uri.h"

static void add_comment(struct buffer *out, struct slice text)
{
    while (text.len > 0) {
        size_t width = text.len <= 96 ? text.len : 96;

        while (width < text.len && width > 0 && text.p[width] != ' ')
            width--;
        buffer_printf(out, "# %.*s\n", (int)width, text.p);
        text = slice_from(text, width);
        text = slice_trim(text);
    }
}

/* add_value writes " value", or nothing for one that is empty. */
static void add_value(const struct config *c, const struct config_option *o, struct buffer *out)
{
    const void *field = (const char *)c + o->offset;

    if (option_holds_text(o) && **(char *const *)field == '\0')
        return;
    buffer_add_char(out, ' ');
    switch (o->type) {
    case TYPE_BOOL:
        buffer_printf(out, "%s", *(const bool *)field ? "true" : "false");
        break;
    case TYPE_INT:
        buffer_add_int(out, *(const int64_t *)field);
        break;
    case TYPE_URI: {
        struct arena a = {0};

        buffer_add(out, uri_without_secret(slice_of(*(char *const *)field), &a));
        arena_fini(&a);
        break;
    }
    case TYPE_SECRET:
        buffer_add_literal(out, "***");
        break;
    case TYPE_TEXT:
    case TYPE_CHOICE:
        buffer_add(out, slice_of(*(char *const *)field));
        break;
    }
}

void config_print(const struct config *c, bool comments, struct buffer *out)
{
    const char *section = NULL;

    for (const struct config_option *o = config_options; o->section != NULL; o++) {
        if (section == NULL || strcmp(o->section, section) != 0)
            buffer_printf(out, "%s[%s]\n", section == NULL ? "" : "\n", o->section);
        section = o->section;
        if (comments) {
            buffer_add_char(out, '\n');
            add_comment(out, slice_of(o->text));
            if (o->type == TYPE_INT)
                buffer_printf(out, "# %lld to %lld.\n", (long long)o->least, (long long)o->most);
            if (o->type == TYPE_CHOICE) {
                buffer_add_literal(out, "# ");
                option_add_choices(o, out);
                buffer_add_literal(out, ".\n");
            }
            buffer_add_char(out, '#');
        }
        buffer_printf(out, "%s =", o->name);
        add_value(c, o, out);
        buffer_add_char(out, '\n');
    }
}
