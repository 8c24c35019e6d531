/* tests/fuzz/fuzz_subscription.c - any bytes as a subscriber, and after a newline as the options of its
 * subscription. */
#include "tests/fuzz/fuzz.h"

#include "router/api/subscriber.h"

static struct config config = {
    .subscriber_types = "http,https,mailto,trust+http,trust+https",
    .max_subscription_options_bytes = 16384,
};

/* What is taken goes into requests and mails: it holds no line break, and says where to go. */
static void check_taken(struct slice uri)
{
    assert(uri.len > 4 && uri.len <= SUBSCRIBER_BYTES_MAX);
    for (size_t i = 0; i < uri.len; i++)
        assert((unsigned char)uri.p[i] > ' ' && uri.p[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size}, uri = slice_cut(&rest, '\n');
    struct arena a = {0};
    struct failure f = {0};
    struct json v;

    if (subscriber_check(uri, &config, &a, &f) == ST_OK)
        check_taken(uri);
    else
        assert(f.st == ST_INVALID && f.text[0] != '\0');
    if (rest.p != NULL && json_check(rest, &v, &f) == ST_OK &&
        subscription_options_check(v, &config, &a, &f) != ST_OK)
        assert(f.st == ST_INVALID && f.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
