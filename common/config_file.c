/* Configuration files: [section], name = value or name: value, # and ; before comments. A comment behind
 * something begins with a blank and ';'. What is no such line is an error: nothing is skipped. */
#include "common/config.h"

#include <errno.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 65536 };

struct reader {
    struct config *config;
    struct buffer section; /* empty before the first */
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.p[0]))
        s = slice_from(s, 1);
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

static struct slice cut_comment(struct slice s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.p[i] == ';' && is_blank(s.p[i - 1]))
            return (struct slice){s.p, i};
    return s;
}

static enum status no_line(struct failure *f)
{
    return fail(f, ST_INVALID, "neither a [section] nor name = value");
}

static enum status read_section(struct reader *r, struct slice text, struct failure *f)
{
    struct slice rest = slice_from(text, 1), name = slice_cut(&rest, ']');

    if (name.len == 0 || rest.p == NULL || (trim(rest).len > 0 && trim(rest).p[0] != '#'))
        return no_line(f);
    r->section.len = 0;
    buffer_add(&r->section, name);
    return ST_OK;
}

static enum status read_option(struct reader *r, struct slice text, struct failure *f)
{
    struct slice name = {text.p, 0}, value;

    while (name.len < text.len && text.p[name.len] != '=' && text.p[name.len] != ':')
        name.len++;
    if (name.len == text.len)
        return no_line(f);
    value = trim(slice_from(text, name.len + 1));
    name = trim(name);
    if (r->section.len == 0)
        return fail(f, ST_INVALID, "\"%.*s\" stands before the first [section]", SLICE_ARG(name));
    if (value.len > 0 && value.p[0] == ';')
        return fail(f, ST_INVALID, "a value can't begin with ';', a comment has a blank before it");
    return config_set(r->config, buffer_slice(&r->section), name, value, f);
}

static enum status read_line(struct reader *r, struct slice line, struct failure *f)
{
    struct slice text = trim(line);

    if (line.len > LINE_BYTES_MAX)
        return fail(f, ST_INVALID, "the line is longer than %d bytes", LINE_BYTES_MAX);
    if (line.len > 0 && memchr(line.p, '\0', line.len) != NULL)
        return fail(f, ST_INVALID, "the line holds a NUL byte");
    if (text.len == 0 || text.p[0] == '#' || text.p[0] == ';')
        return ST_OK;
    if (is_blank(line.p[0])) /* elsewhere it would be more of the last value */
        return fail(f, ST_INVALID, "the line is indented; a value has one line");
    text = trim(cut_comment(text));
    return text.p[0] == '[' ? read_section(r, text, f) : read_option(r, text, f);
}

/* next_line reads a line without its end, or as much of it as shows that it is too long. False: there is
 * none, or it can't be read. */
static bool next_line(FILE *file, struct buffer *line)
{
    int c;

    line->len = 0;
    while ((c = getc(file)) != EOF && c != '\n' && line->len <= LINE_BYTES_MAX)
        buffer_add_char(line, (char)c);
    return c != EOF || line->len > 0;
}

static enum status read_lines(struct reader *r, FILE *file, const char *path, struct failure *f)
{
    struct slice mark = SLICE("\xef\xbb\xbf"); /* of the byte order, before the first line */
    struct buffer bytes = {0};
    enum status st = ST_OK;

    for (int number = 1; st == ST_OK && next_line(file, &bytes); number++) {
        struct slice line = buffer_slice(&bytes);
        struct failure why;

        if (number == 1 && slice_starts(line, mark))
            line = slice_from(line, mark.len);
        if (read_line(r, line, &why) != ST_OK)
            st = fail(f, ST_INVALID, "%s:%d: %s", path, number, why.text);
    }
    if (st == ST_OK && ferror(file))
        st = fail(f, ST_INVALID, "%s: %s", path, strerror(errno));
    buffer_fini(&bytes);
    return st;
}

enum status config_load_file(struct config *c, const char *path, struct failure *f)
{
    struct reader r = {.config = c};
    FILE *file = fopen(path, "re");
    enum status st;

    if (file == NULL)
        return fail(f, ST_INVALID, "%s: %s", path, strerror(errno));
    st = read_lines(&r, file, path, f);
    buffer_fini(&r.section);
    fclose(file);
    return st;
}
