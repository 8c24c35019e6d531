/* The URIs of subscribers. */
#include "router/api/subscriber.h"

#include "common/uri.h"

#include <ctype.h>

enum { PORT_MAX = 65535 };

static bool is_control(unsigned char c)
{
    return c < ' ' || c == 0x7f;
}

/* has_control tells of line breaks and their kind, which would write headers of requests and mails. */
static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_control((unsigned char)s.p[i]))
            return true;
    return false;
}

static bool scheme_is_allowed(struct slice scheme, const struct config *config)
{
    struct slice rest = slice_of(config->subscriber_types);

    while (rest.p != NULL) {
        struct slice type = slice_trim(slice_cut(&rest, ','));

        if (type.len > 0 && slice_eq_ci(type, scheme))
            return true;
    }
    return false;
}

/* is_host_name takes letters, digits and what may stand between them, percent-encoded or not. A name
 * beyond ASCII is for the resolver to encode. */
static bool is_host_name(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.p[i];

        if (!isalnum(c) && c < 0x80 && strchr("-._~%", c) == NULL)
            return false;
    }
    return host.len > 0;
}

/* is_bracketed takes an IPv6 address, whose zone may follow a '%'. */
static bool is_bracketed(struct slice host)
{
    bool colon = false;

    if (host.len < 4 || host.p[host.len - 1] != ']')
        return false;
    for (size_t i = 1; i < host.len - 1; i++) {
        unsigned char c = (unsigned char)host.p[i];

        colon |= c == ':';
        if (!isalnum(c) && strchr(":.%-_", c) == NULL)
            return false;
    }
    return colon;
}

static bool is_port(struct slice digits)
{
    unsigned port = 0;

    for (size_t i = 0; i < digits.len && port <= PORT_MAX; i++) {
        if (!isdigit((unsigned char)digits.p[i]))
            return false;
        port = port * 10 + (unsigned)(digits.p[i] - '0');
    }
    return digits.len == 0 || (port > 0 && port <= PORT_MAX);
}

/* after_scheme_has_host looks at what stands behind "http:". */
static bool after_scheme_has_host(struct slice rest)
{
    struct slice host, port = SLICE("");
    size_t len = 0, from = 0;

    if (!slice_starts(rest, SLICE("//")))
        return false;
    rest = slice_from(rest, 2);
    while (len < rest.len && strchr("/?#", rest.p[len]) == NULL)
        len++;
    for (size_t i = 0; i < len; i++) {
        if (rest.p[i] != '@')
            continue;
        if (from > 0)
            return false; /* readers would not agree on the host */
        from = i + 1;     /* a user before it */
    }
    host = (struct slice){rest.p + from, len - from};
    for (size_t i = host.len; i > 0 && host.p[i - 1] != ']'; i--) {
        if (host.p[i - 1] == ':') {
            port = slice_from(host, i);
            host.len = i - 1;
            break;
        }
    }
    if (host.len > 0 && host.p[0] == '[')
        return is_bracketed(host) && is_port(port);
    return is_host_name(host) && is_port(port);
}

/* is_address takes local@domain; which of them exist is the mailer's business. */
static bool is_address(struct slice text, struct arena *a)
{
    struct slice address = percent_decode(text, false, a);
    size_t at = address.len;

    for (size_t i = 0; i < address.len; i++) {
        if (address.p[i] == '@')
            at = i;
        if (is_control((unsigned char)address.p[i]) || strchr(" ,;<>()", address.p[i]) != NULL)
            return false;
    }
    return at > 0 && at + 1 < address.len;
}

/* are_addresses looks at what stands behind "mailto:" (RFC 6068): addresses, then header fields. */
static bool are_addresses(struct slice rest, struct arena *a)
{
    struct slice addresses = slice_cut(&rest, '?');

    while (addresses.p != NULL)
        if (!is_address(slice_cut(&addresses, ','), a))
            return false;
    return !has_control(percent_decode(rest, false, a));
}

static enum status check_target(struct slice scheme, struct slice rest, struct arena *a,
                                struct failure *f)
{
    bool trust =
        slice_eq_ci(scheme, SLICE("trust+http")) || slice_eq_ci(scheme, SLICE("trust+https"));
    bool web = trust || slice_eq_ci(scheme, SLICE("http")) || slice_eq_ci(scheme, SLICE("https"));

    if (web && !after_scheme_has_host(rest))
        return fail(f, ST_INVALID, "The subscriber must name a host: %.*s://host[:port][/path].",
                    SLICE_ARG(scheme));
    if (trust)
        return fail(f, ST_INVALID,
                    "A subscriber of the type %.*s needs the Keystone identity of the caller, for "
                    "which this service does not ask.",
                    SLICE_ARG(scheme));
    if (slice_eq_ci(scheme, SLICE("mailto")) && !are_addresses(rest, a))
        return fail(f, ST_INVALID, "The subscriber must name addresses: mailto:name@domain.");
    if (rest.len == 0)
        return fail(f, ST_INVALID, "The subscriber must name more than a scheme.");
    return ST_OK;
}

enum status subscriber_check(struct slice uri, const struct config *config, struct arena *a,
                             struct failure *f)
{
    struct slice rest = uri, scheme;

    if (uri.len > SUBSCRIBER_BYTES_MAX)
        return fail(f, ST_INVALID, "A subscriber has at most %d bytes.", SUBSCRIBER_BYTES_MAX);
    for (size_t i = 0; i < uri.len; i++)
        if (uri.p[i] == ' ' || is_control((unsigned char)uri.p[i]))
            return fail(f, ST_INVALID,
                        "A subscriber is a URI: blanks and control characters must be "
                        "percent-encoded.");
    scheme = slice_cut(&rest, ':');
    if (rest.p == NULL || !scheme_is_allowed(scheme, config))
        return fail(f, ST_INVALID,
                    "The subscriber type of subscription must be supported in the list [%s].",
                    config->subscriber_types);
    return check_target(scheme, rest, a, f);
}
