#include "router/http/query.h"

#include "common/uri.h"

#include <ctype.h>

static size_t count(struct slice s, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.p[i] == c;
    return n;
}

struct query query_parse(struct slice text, struct arena *a)
{
    struct query q = {0};
    struct slice rest = text;
    size_t most = count(text, '&') + count(text, ',') + 1;

    if (text.len == 0)
        return q;
    q.list = arena_alloc(a, most * sizeof(*q.list));
    q.blank = arena_alloc(a, most * sizeof(*q.blank));
    while (rest.p != NULL) {
        struct slice value = slice_cut(&rest, '&');
        struct slice name = percent_decode(slice_cut(&value, '='), true, a);
        bool any = false, commas = value.len > 0 && memchr(value.p, ',', value.len) != NULL;

        while (value.p != NULL) {
            struct slice item = slice_cut(&value, ',');

            if (item.len == 0)
                continue;
            q.list[q.n++] = (struct query_item){name, percent_decode(item, true, a)};
            any = true;
        }
        if (!any && commas)
            q.blank[q.blank_n++] = name;
    }
    return q;
}

bool query_text(const struct query *q, const char *name, struct slice *value)
{
    bool found = false;

    for (size_t i = 0; i < q->n; i++) {
        if (slice_eq(q->list[i].name, slice_of(name))) {
            *value = q->list[i].value;
            found = true;
        }
    }
    return found;
}

size_t query_list(const struct query *q, const char *name, struct slice **values, bool *given,
                  struct arena *a)
{
    size_t n = 0;

    *values = arena_alloc(a, q->n * sizeof(**values));
    *given = false;
    for (size_t i = 0; i < q->n; i++)
        if (slice_eq(q->list[i].name, slice_of(name)))
            (*values)[n++] = q->list[i].value;
    for (size_t i = 0; i < q->blank_n; i++)
        *given |= slice_eq(q->blank[i], slice_of(name));
    *given |= n > 0;
    return n;
}

enum query_answer query_int(const struct query *q, const char *name, int64_t *value)
{
    struct slice text;
    bool negative;
    int64_t n = 0;

    if (!query_text(q, name, &text))
        return QUERY_ABSENT;
    negative = text.p[0] == '-';
    if (text.p[0] == '-' || text.p[0] == '+')
        text = slice_from(text, 1);
    if (text.len == 0)
        return QUERY_BAD;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return QUERY_BAD;
        n = n > (INT64_MAX - 9) / 10 ? INT64_MAX : n * 10 + (text.p[i] - '0');
    }
    *value = negative ? -n : n;
    return QUERY_GIVEN;
}

enum query_answer query_bool(const struct query *q, const char *name, bool *value)
{
    static const char *const yes[] = {"true", "True", "t", "yes", "y", "1", "on"};
    static const char *const no[] = {"false", "False", "f", "no", "n", "0", "off"};
    struct slice text;

    if (!query_text(q, name, &text))
        return QUERY_ABSENT;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (slice_eq(text, slice_of(yes[i])) || slice_eq(text, slice_of(no[i]))) {
            *value = slice_eq(text, slice_of(yes[i]));
            return QUERY_GIVEN;
        }
    }
    return QUERY_BAD;
}

static void add_encoded(struct buffer *out, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
            buffer_add_char(out, s.p[i]);
        } else {
            buffer_add_char(out, '%');
            buffer_add_char(out, hex[c >> 4]);
            buffer_add_char(out, hex[c & 15]);
        }
    }
}

void query_add(struct buffer *out, bool *first, struct slice name, struct slice value)
{
    buffer_add_char(out, *first ? '?' : '&');
    *first = false;
    add_encoded(out, name);
    buffer_add_char(out, '=');
    add_encoded(out, value);
}
