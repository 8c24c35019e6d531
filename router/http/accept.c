#include "router/http/accept.h"

#include <stdbool.h>

/* read_q reads "0.75" as 750; what is no quality counts as 1, as lenient parsers have it. */
static int read_q(struct slice s)
{
    int q = 0, digit_value = 100;

    if (s.len == 0 || (s.p[0] != '0' && s.p[0] != '1'))
        return 1000;
    q = s.p[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < s.len && s.p[1] == '.' && digit_value > 0; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            break;
        q += (s.p[i] - '0') * digit_value;
        digit_value /= 10;
    }
    return q > 1000 ? 1000 : q;
}

/* specificity says how closely a range fits: 0 not at all, 1 anything, 2 the type, 3 exactly. */
static int specificity(struct slice range, struct slice media_type)
{
    struct slice rest = media_type, type = slice_cut(&rest, '/');

    if (slice_eq(range, SLICE("*/*")) || slice_eq(range, SLICE("*")))
        return 1;
    if (slice_eq_ci(range, media_type))
        return 3;
    return range.len == type.len + 2 && range.p[range.len - 1] == '*' &&
                   range.p[range.len - 2] == '/' &&
                   slice_eq_ci((struct slice){range.p, type.len}, type)
               ? 2
               : 0;
}

int accept_quality(struct slice accept, struct slice media_type)
{
    int best = 0, quality = 0;

    if (accept.len == 0)
        return 1000;
    while (accept.p != NULL) {
        struct slice parameters = slice_cut(&accept, ',');
        struct slice range = slice_trim(slice_cut(&parameters, ';'));
        int fit = specificity(range, media_type), q = 1000;

        while (parameters.p != NULL) {
            struct slice value = slice_trim(slice_cut(&parameters, ';'));
            struct slice name = slice_trim(slice_cut(&value, '='));

            if (slice_eq_ci(name, SLICE("q")) && value.p != NULL)
                q = read_q(slice_trim(value));
        }
        if (fit > best || (fit == best && fit > 0 && q > quality)) {
            best = fit;
            quality = q;
        }
    }
    return quality;
}
