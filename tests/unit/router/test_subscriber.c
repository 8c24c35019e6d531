/* tests/unit/router/test_subscriber.c - who may be a subscriber, and what its options may be. */
#include "tests/support/cmocka_all.h"

#include "router/api/retry_policy.h"
#include "router/api/subscriber.h"

#include <stdlib.h>

static struct config config;
static struct arena arena;

static bool is_taken(struct slice uri)
{
    struct failure f = {0};
    enum status st = subscriber_check(uri, &config, &arena, &f);

    if (st != ST_OK && (st != ST_INVALID || f.text[0] == '\0'))
        fail_msg("refused without a reason");
    return st == ST_OK;
}

#define CHECK_URIS(taken, ...)                                                                     \
    do {                                                                                           \
        static const char *const uris[] = {__VA_ARGS__};                                           \
        for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)                                \
            if (is_taken(slice_of(uris[i])) != (taken))                                            \
                fail_msg("%s", uris[i]);                                                           \
    } while (0)

static void test_subscriber_on_the_web_names_a_host(void **state)
{
    (void)state;
    CHECK_URIS(true, "http://a", "https://a.example", "HTTP://A", "hTTps://a:8443/x?y=z#f",
               "http://user:password@a.example:80/", "http://10.0.0.7", "http://[::1]",
               "http://[fe80::1%25eth0]:8080/x", "http://a?x=@y", "http://a#@", "http://a:/",
               "http://b\xc3\xbc"
               "cher.example/\xc3\xa9",
               "http://a_b-c.d~e");
    CHECK_URIS(false, "http:", "http:/", "http://", "http:///path", "http://?x=y", "http://#f",
               "http://:80", "http://user@", "http://user@:80/", "http://a@b@c", "http:a.example",
               "http:/a.example", "http://a:x", "http://a:0", "http://a:65536",
               "http://a:99999999999999999999", "http://a:80:80", "http://[::1", "http://[]",
               "http://[::1]x", "http://[::1]:x", "http://[abcd]", "http://a\\b", "http://a\"b",
               "http://a<b", "http://(a)");
}

static void test_subscriber_by_mail_names_addresses(void **state)
{
    (void)state;
    CHECK_URIS(true, "mailto:a@b", "MAILTO:a@b.example", "mailto:a@b,c@d", "mailto:a%40b@c",
               "mailto:a+b@c?subject=x%20y", "mailto:a%40b");
    CHECK_URIS(false, "mailto:", "mailto:a", "mailto:@b", "mailto:a@", "mailto:a@b,", "mailto:,a@b",
               "mailto:a@b,c", "mailto:?subject=x", "mailto:a@b%0Acc:c@d", "mailto:a%20b@c",
               "mailto:a@b?subject=x%0d%0abcc:c@d", "mailto:a@b%00", "mailto:<a@b>");
}

static void test_subscriber_of_a_trust_needs_an_identity(void **state)
{
    struct failure f;

    (void)state;
    CHECK_URIS(false, "trust+http://a", "trust+https://a", "TRUST+HTTP://a", "trust+http:");
    assert_int_equal(subscriber_check(SLICE("trust+https://a"), &config, &arena, &f), ST_INVALID);
    assert_non_null(strstr(f.text, "Keystone"));
}

static void test_subscriber_is_of_a_type_that_is_allowed(void **state)
{
    char *before = config.subscriber_types;
    struct failure f;

    (void)state;
    CHECK_URIS(false, "", ":", "a", "://a", "ftp://a", "httpx://a", "htt://a", "http", " http://a",
               "trust+ftp://a", "https,mailto://a", "/path", "javascript:x");
    assert_int_equal(subscriber_check(SLICE("ftp://a"), &config, &arena, &f), ST_INVALID);
    assert_non_null(strstr(f.text, "must be supported in the list"));
    config.subscriber_types = " https , amqp,";
    CHECK_URIS(true, "https://a", "amqp:x", "AMQP://");
    CHECK_URIS(false, "http://a", "mailto:a@b", "amqp:", "://a", "", "https:");
    config.subscriber_types = before;
}

static void test_subscriber_has_no_blanks_and_no_control_characters(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char uri[] = "http://a/x";
        bool fine = c > ' ' && c != 0x7f;

        uri[9] = (char)c;
        if (is_taken((struct slice){uri, 10}) != fine)
            fail_msg("character %d", c);
    }
}

static void test_subscriber_has_a_bounded_length(void **state)
{
    static char uri[SUBSCRIBER_BYTES_MAX + 1] = "http://a/";

    (void)state;
    memset(uri + 9, 'x', sizeof(uri) - 9);
    assert_true(is_taken((struct slice){uri, SUBSCRIBER_BYTES_MAX}));
    assert_false(is_taken((struct slice){uri, SUBSCRIBER_BYTES_MAX + 1}));
}

/* ---- Options ---------------------------------------------------------------------------------- */

static enum status check_options(const char *text, struct failure *f)
{
    struct json v;

    assert_int_equal(json_check(slice_of(text), &v, f), ST_OK);
    return subscription_options_check(v, &config, &arena, f);
}

#define CHECK_OPTIONS(wanted, ...)                                                                 \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        struct failure why;                                                                        \
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)                              \
            if (check_options(texts[i], &why) != (wanted))                                         \
                fail_msg("%s", texts[i]);                                                          \
    } while (0)

static void test_options_are_an_object_of_anything(void **state)
{
    struct failure f;

    (void)state;
    CHECK_OPTIONS(ST_OK, "{}", "{\"a\": 1, \"b\": [null, {}], \"\": \"\"}");
    CHECK_OPTIONS(ST_INVALID, "[]", "\"\"", "1", "null", "false", "[{}]");
    check_options("[]", &f);
    assert_non_null(strstr(f.text, "must be a dict"));
}

static void test_options_for_requests(void **state)
{
    (void)state;
    CHECK_OPTIONS(ST_OK, "{\"post_data\": \"\"}", "{\"post_data\": \"a\\n\\u0000\\u00e9\"}",
                  "{\"post_headers\": {}}",
                  "{\"post_headers\": {\"X-Auth-Token\": \"x\\ty\", \"a!#$%&'*+-.^_`|~z\": \"\"}}",
                  "{\"post_headers\": {\"Content-Type\": \"text/\\u00e9\"}}",
                  "{\"post_\\u0064ata\": \"x\"}");
    CHECK_OPTIONS(
        ST_INVALID, "{\"post_data\": 1}", "{\"post_data\": {}}", "{\"post_data\": null}",
        "{\"post_headers\": []}", "{\"post_headers\": \"a: b\"}", "{\"post_headers\": {\"a\": 1}}",
        "{\"post_headers\": {\"a\": null}}", "{\"post_headers\": {\"a\": \"b\\r\\nc: d\"}}",
        "{\"post_headers\": {\"a\": \"b\\u0000\"}}", "{\"post_headers\": {\"\": \"b\"}}",
        "{\"post_headers\": {\"a b\": \"c\"}}", "{\"post_headers\": {\"a:\": \"c\"}}",
        "{\"post_headers\": {\"a\\n\": \"c\"}}", "{\"post_headers\": {\"a\\u0000\": \"c\"}}",
        "{\"post_headers\": {\"\\u00e9\": \"c\"}}",
        "{\"post_headers\": {\"Content-Length\": \"0\"}}",
        "{\"post_headers\": {\"transfer-encoding\": \"chunked\"}}",
        "{\"post_headers\": {\"ok\": \"1\", \"CONNECTION\": \"close\"}}",
        "{\"p\\u006fst_data\": 1}");
}

static void test_options_for_mail(void **state)
{
    (void)state;
    CHECK_OPTIONS(ST_OK, "{\"from\": \"a@b\", \"subject\": \"\\u00fcber\"}", "{\"subject\": \"\"}");
    CHECK_OPTIONS(ST_INVALID, "{\"from\": 1}", "{\"subject\": []}", "{\"from\": \"a\\nbcc: c@d\"}",
                  "{\"subject\": \"a\\rb\"}", "{\"subject\": \"a\\u0000\"}", "{\"from\": null}");
}

static void test_options_never_name_a_trust(void **state)
{
    (void)state;
    CHECK_OPTIONS(ST_INVALID, "{\"trust_id\": \"x\"}", "{\"trust_id\": null}", "{\"trust_id\": 1}",
                  "{\"trust_id\": \"x\", \"trust_id\": null}", "{\"trust\\u005fid\": \"x\"}");
}

static void test_options_have_a_bounded_size(void **state)
{
    int64_t before = config.max_subscription_options_bytes;

    (void)state;
    config.max_subscription_options_bytes = 9;
    CHECK_OPTIONS(ST_OK, "{\"a\": 12}", "  {\"a\": 12}  ");
    CHECK_OPTIONS(ST_INVALID, "{\"a\": 123}");
    config.max_subscription_options_bytes = before;
}

static void test_options_hold_a_retry_policy(void **state)
{
    (void)state;
    CHECK_OPTIONS(ST_OK, "{\"_retry_policy\": {}}", "{\"_retry_policy\": null}",
                  "{\"_retry_policy\": {\"minimum_delay\": 0, \"retries_with_no_delay\": 1000}}",
                  "{\"_retry_policy\": {\"minimum_delay\": 86390, \"maximum_delay\": 86400}}");
    CHECK_OPTIONS(ST_INVALID, "{\"_retry_policy\": []}", "{\"_retry_policy\": \"\"}",
                  "{\"_retry_policy\": false}", "{\"_retry_policy\": {\"minimum_delay\": -1}}",
                  "{\"_retry_policy\": {\"minimum_delay\": true}}",
                  "{\"_retry_policy\": {\"maximum_delay\": 86401}}",
                  "{\"_retry_policy\": {\"retries_with_no_delay\": 1001}}",
                  "{\"_retry_policy\": {\"minimum_delay_retries\": 1001}}",
                  "{\"_retry_policy\": {\"maximum_delay_retries\": 9223372036854775807}}",
                  "{\"_retry_policy\": {\"minimum_delay\": 21}}",
                  "{\"_retry_policy\": {\"retry_backoff_function\": \"cubic\"}}",
                  "{\"_retry_policy\": {\"ignore_subscription_override\": 0}}");
}

static int set_up(void **state)
{
    (void)state;
    config_init(&config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    config_fini(&config);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscriber_on_the_web_names_a_host),
        cmocka_unit_test(test_subscriber_by_mail_names_addresses),
        cmocka_unit_test(test_subscriber_of_a_trust_needs_an_identity),
        cmocka_unit_test(test_subscriber_is_of_a_type_that_is_allowed),
        cmocka_unit_test(test_subscriber_has_no_blanks_and_no_control_characters),
        cmocka_unit_test(test_subscriber_has_a_bounded_length),
        cmocka_unit_test(test_options_are_an_object_of_anything),
        cmocka_unit_test(test_options_for_requests),
        cmocka_unit_test(test_options_for_mail),
        cmocka_unit_test(test_options_never_name_a_trust),
        cmocka_unit_test(test_options_have_a_bounded_size),
        cmocka_unit_test(test_options_hold_a_retry_policy),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
