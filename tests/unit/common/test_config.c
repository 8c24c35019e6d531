/* tests/unit/common/test_config.c - the configuration of a process. */
#include "tests/support/cmocka_all.h"

#include "common/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum kind { KIND_BOOL, KIND_INT, KIND_TEXT, KIND_URI, KIND_CHOICE, KIND_SECRET };

/* The options once more, from the same table as the product's. */
static const struct {
    const char *section, *name, *def, *text;
    int64_t least, most;
    const char *choices; /* of a choice; the schemes of a URI */
    enum kind kind;
} options[] = {
#define OPTION_BOOL(section, name, field, def, text)                                               \
    {section, name, #def, text, 0, 0, NULL, KIND_BOOL},
#define OPTION_INT(section, name, field, def, min, max, text)                                      \
    {section, name, #def, text, min, max, NULL, KIND_INT},
#define OPTION_TEXT(section, name, field, def, text)                                               \
    {section, name, def, text, 0, 0, NULL, KIND_TEXT},
#define OPTION_URI(section, name, field, def, of, text)                                            \
    {section, name, def, text, 0, 0, of, KIND_URI},
#define OPTION_CHOICE(section, name, field, def, of, text)                                         \
    {section, name, def, text, 0, 0, of, KIND_CHOICE},
#define OPTION_SECRET(section, name, field, text)                                                  \
    {section, name, "", text, 0, 0, NULL, KIND_SECRET},
#include "common/options.def"
#undef OPTION_BOOL
#undef OPTION_INT
#undef OPTION_TEXT
#undef OPTION_URI
#undef OPTION_CHOICE
#undef OPTION_SECRET
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static void assert_same(const struct config *a, const struct config *b)
{
#define SAME(section, name, same)                                                                  \
    if (!(same))                                                                                   \
        fail_msg("[%s] %s differs", section, name);
#define OPTION_BOOL(section, name, field, def, text) SAME(section, name, a->field == b->field)
#define OPTION_INT(section, name, field, def, min, max, text)                                      \
    SAME(section, name, a->field == b->field)
#define OPTION_TEXT(section, name, field, def, text)                                               \
    SAME(section, name, !strcmp(a->field, b->field))
#define OPTION_URI(section, name, field, def, of, text)                                            \
    SAME(section, name, !strcmp(a->field, b->field))
#define OPTION_CHOICE(section, name, field, def, of, text)                                         \
    SAME(section, name, !strcmp(a->field, b->field))
#define OPTION_SECRET(section, name, field, text) SAME(section, name, !strcmp(a->field, b->field))
#include "common/options.def"
#undef OPTION_BOOL
#undef OPTION_INT
#undef OPTION_TEXT
#undef OPTION_URI
#undef OPTION_CHOICE
#undef OPTION_SECRET
}

static int begin(void **state)
{
    static struct config c;

    config_init(&c);
    *state = &c;
    return 0;
}

static int end(void **state)
{
    config_fini(*state);
    return 0;
}

static const char *file_path; /* of the last file that load has read, which is gone */

/* load reads a file of that content. */
static enum status load(struct config *c, struct slice content, struct failure *f)
{
    static char path[64];
    enum status st;
    FILE *file;
    int fd;

    strcpy(path, "/tmp/nusku-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.p, 1, content.len, file), content.len);
    fclose(file);
    st = config_load_file(c, path, f);
    unlink(path);
    file_path = path;
    return st;
}

static void must_load(struct config *c, struct slice content)
{
    struct failure f = {0};

    if (load(c, content, &f) != ST_OK)
        fail_msg("%s", f.text);
}

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- Defaults --------------------------------------------------------------------------------- */

static void test_config_init_sets_every_default(void **state)
{
    const struct config *c = *state;

#define OPTION_BOOL(section, name, field, def, text)          assert_int_equal(c->field, def);
#define OPTION_INT(section, name, field, def, min, max, text) assert_true(c->field == def);
#define OPTION_TEXT(section, name, field, def, text)          assert_string_equal(c->field, def);
#define OPTION_URI(section, name, field, def, of, text)       assert_string_equal(c->field, def);
#define OPTION_CHOICE(section, name, field, def, of, text)    assert_string_equal(c->field, def);
#define OPTION_SECRET(section, name, field, text)             assert_string_equal(c->field, "");
#include "common/options.def"
#undef OPTION_BOOL
#undef OPTION_INT
#undef OPTION_TEXT
#undef OPTION_URI
#undef OPTION_CHOICE
#undef OPTION_SECRET
    assert_int_equal(config_check(c, NULL), ST_OK);
}

static void test_config_defaults_are_those_of_the_api(void **state)
{
    const struct config *c = *state;

    assert_int_equal(c->max_messages_per_page, 20);
    assert_int_equal(c->max_queues_per_page, 20);
    assert_int_equal(c->max_messages_per_claim_or_pop, 20);
    assert_int_equal(c->max_queue_metadata_bytes, 65536);
    assert_int_equal(c->max_messages_post_bytes, 262144);
    assert_int_equal(c->max_message_ttl_s, 1209600);
    assert_int_equal(c->max_message_delay_s, 900);
    assert_int_equal(c->max_claim_ttl_s, 43200);
    assert_int_equal(c->max_claim_grace_s, 43200);
    assert_int_equal(c->default_message_ttl_s, 3600);
    assert_int_equal(c->default_message_delay_s, 0);
    assert_int_equal(c->default_claim_ttl_s, 300);
    assert_int_equal(c->default_claim_grace_s, 60);
    assert_int_equal(c->port, 8888);
    assert_string_equal(c->bind, "127.0.0.1");
}

/* ---- Values ----------------------------------------------------------------------------------- */

static enum status set(struct config *c, const char *section, const char *name, const char *value,
                       struct failure *f)
{
    return config_set(c, slice_of(section), slice_of(name), slice_of(value), f);
}

static void test_config_set_takes_good_values(void **state)
{
    struct config *c = *state;
    static const char *const yes[] = {"true", "True", "1", "yes", "ON"};
    static const char *const no[] = {"false", "FALSE", "0", "no", "off"};

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(set(c, "DEFAULT", "debug", yes[i], NULL), ST_OK);
        assert_true(c->debug);
        assert_int_equal(set(c, "DEFAULT", "debug", no[i], NULL), ST_OK);
        assert_false(c->debug);
    }
    assert_int_equal(set(c, "drivers:transport:wsgi", "port", "0", NULL), ST_OK);
    assert_int_equal(c->port, 0);
    assert_int_equal(set(c, "drivers:transport:wsgi", "port", "65535", NULL), ST_OK);
    assert_int_equal(c->port, 65535);
    assert_int_equal(set(c, "drivers", "message_store", "redis", NULL), ST_OK);
    assert_string_equal(c->message_store, "redis");
    assert_int_equal(set(c, "DEFAULT", "auth_strategy", "noauth", NULL), ST_OK);
    assert_int_equal(set(c, "DEFAULT", "auth_strategy", "", NULL), ST_OK);
    assert_string_equal(c->auth_strategy, "");
    assert_int_equal(set(c, "DEFAULT", "state_path", "/a b=c;d", NULL), ST_OK);
    assert_string_equal(c->state_path, "/a b=c;d");
    assert_int_equal(set(c, "drivers:message_store:sqlite", "uri", "sqlite:///x", NULL), ST_OK);
    assert_int_equal(set(c, "drivers:message_store:sqlite", "uri", "", NULL), ST_OK);
    assert_string_equal(c->store_sqlite_uri, "");
}

static void test_config_set_refuses_bad_values_and_keeps_the_old_one(void **state)
{
    static const struct {
        const char *section, *name, *value;
    } cases[] = {
        {"DEFAULT", "debug", ""},
        {"DEFAULT", "debug", "maybe"},
        {"DEFAULT", "debug", "truee"},
        {"DEFAULT", "debug", "2"},
        {"drivers:transport:wsgi", "port", ""},
        {"drivers:transport:wsgi", "port", "-1"},
        {"drivers:transport:wsgi", "port", "65536"},
        {"drivers:transport:wsgi", "port", "8888x"},
        {"drivers:transport:wsgi", "port", "x"},
        {"drivers:transport:wsgi", "port", "80 80"},
        {"drivers:transport:wsgi", "port", "0x50"},
        {"drivers:transport:wsgi", "port", "80.0"},
        {"drivers:transport:wsgi", "port", "99999999999999999999"},
        {"drivers:transport:wsgi", "port", "18446744073709551617"},
        {"drivers:transport:wsgi", "port", "00000000000000000000000000000080"},
        {"transport", "max_message_ttl", "59"},
        {"drivers", "message_store", ""},
        {"drivers", "message_store", "mongodb"},
        {"drivers", "message_store", "sqlite|redis"},
        {"drivers", "message_store", "Redis"},
        {"drivers", "message_store", "redi"},
        {"drivers:message_store:redis", "uri", "127.0.0.1:6379"},
        {"drivers:message_store:redis", "uri", "redis:"},
        {"drivers:message_store:redis", "uri", "sqlite:///x"},
        {"drivers:message_store:redis", "uri", "rediss://h"},
        {"drivers:message_store:redis", "uri", "://h"},
    };
    struct config before;

    config_init(&before);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};

        if (set(*state, cases[i].section, cases[i].name, cases[i].value, &f) != ST_INVALID)
            fail_msg("[%s] %s = %s was taken", cases[i].section, cases[i].name, cases[i].value);
        assert_true(holds(f.text, cases[i].section) && holds(f.text, cases[i].name));
        assert_same(*state, &before);
    }
    config_fini(&before);
}

static void test_config_set_does_not_know_other_options(void **state)
{
    struct failure f = {0};

    assert_int_equal(set(*state, "transport", "debug", "true", &f), ST_NOT_FOUND);
    assert_true(holds(f.text, "\"debug\"") && holds(f.text, "[transport]"));
    assert_int_equal(set(*state, "nothing", "debug", "true", &f), ST_NOT_FOUND);
    assert_true(holds(f.text, "[nothing]"));
    assert_int_equal(set(*state, "default", "debug", "true", &f), ST_NOT_FOUND);
    assert_int_equal(set(*state, "DEFAULT", "Debug", "true", &f), ST_NOT_FOUND);
    assert_int_equal(set(*state, "", "debug", "true", &f), ST_NOT_FOUND);
}

/* ---- Files ------------------------------------------------------------------------------------ */

static void test_config_file_is_read_over_what_is_there(void **state)
{
    struct config *c = *state;

    must_load(c, SLICE("# a comment\n"
                       "; another\n"
                       "[DEFAULT]\n"
                       "debug = true\n"
                       "state_path=/x/y\r\n"
                       "\n"
                       "[transport]\n"
                       "max_message_ttl\t=\t100   \n"
                       "max_message_ttl = 200\n"
                       "[drivers:message_store:redis]\n"
                       "uri = redis://me:p=w@h/1?a=b:c\n"
                       "[DEFAULT]\n"
                       "auth_strategy =\n"
                       "[drivers]\n"
                       "message_store: redis"));
    assert_true(c->debug);
    assert_string_equal(c->state_path, "/x/y");
    assert_int_equal(c->max_message_ttl_s, 200);
    assert_string_equal(c->store_redis_uri, "redis://me:p=w@h/1?a=b:c");
    assert_string_equal(c->message_store, "redis");
    assert_int_equal(c->max_claim_ttl_s, 43200); /* not spoken of */
    must_load(c, SLICE("[DEFAULT]\ndebug = off\n"));
    assert_false(c->debug);
    assert_string_equal(c->state_path, "/x/y");
    must_load(c, SLICE("# nothing but a comment"));
}

static void test_config_file_errors_name_the_file_and_the_line(void **state)
{
    static const struct {
        const char *content;
        const char *where;
        const char *what;
    } cases[] = {
        {"[transport]\n\nmax_message_ttl = 5\n", ":3: ", "max_message_ttl"},
        {"[transport]\nmax_message_ttl = x\n", ":2: ", "\"x\""},
        {"[transport]\nmax_message_tttl = 100\n", ":2: ", "max_message_tttl"},
        {"# one\n# two\n[transpot]\nmax_message_ttl = 100\n", ":4: ", "[transpot]"},
        {"[DEFAULT]\ndebug = true\nmax_message_ttl = 100\n", ":3: ", "max_message_ttl"},
        {"debug = true\n", ":1: ", "debug"},
        {"\n\ndebug = true\n[DEFAULT]\n", ":3: ", "debug"},
        {"[DEFAULT]\ndebug\n", ":2: ", ""},
        {"[DEFAULT]\n\n\n[drivers\n", ":4: ", ""},
        {"[DEFAULT]\ndebug = \n", ":2: ", "debug"},
        {"[drivers]\nmessage_store = mongodb\n", ":2: ", "mongodb"},
        /* the first error is the one that is told */
        {"[DEFAULT]\ndebug = x\nport = y\n", ":2: ", "debug"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};

        if (load(*state, slice_of(cases[i].content), &f) != ST_INVALID)
            fail_msg("was taken: %s", cases[i].content);
        if (strncmp(f.text, file_path, strlen(file_path)) != 0 ||
            strncmp(f.text + strlen(file_path), cases[i].where, strlen(cases[i].where)) != 0 ||
            !holds(f.text, cases[i].what))
            fail_msg("case %zu: \"%s\" does not say %s%s", i, f.text, cases[i].where,
                     cases[i].what);
    }
}

static void test_config_file_that_is_not_there_is_an_error(void **state)
{
    struct failure f = {0};

    assert_int_equal(config_load_file(*state, "/nowhere/nusku.conf", &f), ST_INVALID);
    assert_true(holds(f.text, "/nowhere/nusku.conf"));
}

/* load_line reads a file whose third line has that many bytes. */
static enum status load_line(struct config *c, size_t bytes, struct failure *f)
{
    static const char name[] = "state_path = /";
    struct buffer content = {0};
    enum status st;

    buffer_add_literal(&content, "# 1\n[DEFAULT]\n");
    buffer_add_literal(&content, "state_path = /");
    for (size_t i = sizeof(name) - 1; i < bytes; i++)
        buffer_add_char(&content, (char)('a' + i % 26));
    buffer_add_literal(&content, "\ndebug = true\n");
    st = load(c, buffer_slice(&content), f);
    buffer_fini(&content);
    return st;
}

/* A line is taken whole or refused: a value that was cut would be another value. */
static void test_config_file_lines_are_never_cut(void **state)
{
    enum { MOST = 65536 };
    static const size_t good[] = {100, 198, 199, 200, 255, 256, 1000, 4096, 65535, MOST};
    static const size_t bad[] = {MOST + 1, MOST + 2, 2 * MOST, 100 * MOST};
    struct config *c = *state;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct failure f = {0};

        if (load_line(c, good[i], &f) != ST_OK)
            fail_msg("%s", f.text);
        assert_int_equal(strlen(c->state_path), good[i] - strlen("state_path = "));
        assert_true(c->debug);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct failure f = {0};

        assert_int_equal(load_line(c, bad[i], &f), ST_INVALID);
        assert_true(holds(f.text, ":3: the line is longer than 65536 bytes"));
        assert_int_equal(strlen(c->state_path), MOST - strlen("state_path = "));
    }
}

static void test_config_file_takes_a_uri_of_many_hosts(void **state)
{
    struct config *c = *state;
    struct buffer uri = {0}, content = {0};

    buffer_add_literal(&uri, "postgresql://nusku:secret@");
    for (int i = 0; i < 9; i++)
        buffer_printf(&uri, "%sdb%d.messaging.example.org:5432", i == 0 ? "" : ",", i);
    buffer_add_literal(&uri, "/nusku?sslmode=verify-full&sslrootcert=/etc/nusku/tls/ca.pem");
    buffer_add(&uri, (struct slice){"", 1});
    buffer_printf(&content, "[drivers:management_store:postgresql]\nuri = %s\n", uri.p);
    must_load(c, buffer_slice(&content));
    assert_string_equal(c->catalog_postgresql_uri, uri.p);
    buffer_fini(&content);
    buffer_fini(&uri);
}

static void test_config_file_with_a_nul_byte_says_so(void **state)
{
    static const struct slice contents[] = {
        SLICE_INIT("[DEFAULT]\nstate_path = /x\0y\n"), SLICE_INIT("[DEFAULT]\n# comment\0\n"),
        SLICE_INIT("[DEFAULT]\n\0"), SLICE_INIT("[DEFAULT]\nstate_path = /x\0")};

    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        struct failure f = {0};

        assert_int_equal(load(*state, contents[i], &f), ST_INVALID);
        if (!holds(f.text, ":2: the line holds a NUL byte"))
            fail_msg("%s", f.text);
    }
}

static void test_config_file_takes_the_usual_ways_to_write_a_line(void **state)
{
    static const char *const good[] = {
        "\xef\xbb\xbf[DEFAULT]\nstate_path=/x",
        "[DEFAULT]\r\nstate_path = /x\r\n\r\n",
        "[DEFAULT] ; as usual\nstate_path \t:\t /x  \t; here\n",
        "[DEFAULT] # as usual\nstate_path = /x ;\n",
        "[DEFAULT]  \n \t \n   # indented\n\t; too\nstate_path = /x\n",
        "[DEFAULT]\nstate_path = /x ; a = b ; c",
    };
    static const char *const bad[] = {
        "[DEFAULT] x\n",
        "[DEFAULT]x\n",
        "[DEFAULT ;]\n",
        "[DEFAULT]\nstate_path ; = /x\n",
        "[DEFAULT]\nstate_path\n",
        "[ DEFAULT ]\nstate_path = /x\n",
        "[DEFAULT]\n= /x\n",
        "[]\nstate_path = /x\n",
        "[DEFAULT]\n\xef\xbb\xbfstate_path = /x\n",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct config *c = *state;

        set(c, "DEFAULT", "state_path", "", NULL);
        must_load(c, slice_of(good[i]));
        assert_string_equal(c->state_path, "/x");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct failure f = {0};

        if (load(*state, slice_of(bad[i]), &f) != ST_INVALID)
            fail_msg("was taken: %s", bad[i]);
    }
}

static void test_config_file_may_end_without_a_newline(void **state)
{
    struct config *c = *state;

    must_load(c, SLICE("[DEFAULT]\nstate_path = /end"));
    assert_string_equal(c->state_path, "/end");
}

/* ---- Environment and --option ----------------------------------------------------------------- */

static void test_config_environment_beats_what_is_there(void **state)
{
    struct config *c = *state;
    struct failure f = {0};

    must_load(c, SLICE("[DEFAULT]\nstate_path = /file\n[transport]\nmax_message_ttl = 100\n"));
    setenv("NUSKU_DEFAULT__STATE_PATH", "/environment", 1);
    setenv("NUSKU_DRIVERS_TRANSPORT_WSGI__PORT", "1234", 1);
    setenv("NUSKU_DRIVERS_MESSAGE_STORE_REDIS__URI", "redis://env", 1);
    assert_int_equal(config_load_environment(c, &f), ST_OK);
    unsetenv("NUSKU_DEFAULT__STATE_PATH");
    unsetenv("NUSKU_DRIVERS_TRANSPORT_WSGI__PORT");
    unsetenv("NUSKU_DRIVERS_MESSAGE_STORE_REDIS__URI");
    assert_string_equal(c->state_path, "/environment");
    assert_int_equal(c->port, 1234);
    assert_string_equal(c->store_redis_uri, "redis://env");
    assert_int_equal(c->max_message_ttl_s, 100);
    assert_int_equal(config_override(c, "DEFAULT.state_path=/option", &f), ST_OK);
    assert_string_equal(c->state_path, "/option");
}

static void test_config_environment_errors_name_the_variable(void **state)
{
    struct failure f = {0};

    setenv("NUSKU_TRANSPORT__MAX_MESSAGE_TTL", "5", 1);
    assert_int_equal(config_load_environment(*state, &f), ST_INVALID);
    unsetenv("NUSKU_TRANSPORT__MAX_MESSAGE_TTL");
    assert_true(holds(f.text, "NUSKU_TRANSPORT__MAX_MESSAGE_TTL"));
}

static void test_config_override_sets_an_option_of_any_section(void **state)
{
    struct config *c = *state;

    assert_int_equal(config_override(c, "transport.max_message_ttl=100", NULL), ST_OK);
    assert_int_equal(c->max_message_ttl_s, 100);
    assert_int_equal(config_override(c, "drivers:transport:wsgi.port=7", NULL), ST_OK);
    assert_int_equal(c->port, 7);
    assert_int_equal(
        config_override(c, "drivers:message_store:redis.uri=redis://a.b:1/2?x=y.z=1", NULL), ST_OK);
    assert_string_equal(c->store_redis_uri, "redis://a.b:1/2?x=y.z=1");
    assert_int_equal(config_override(c, "worker.listen=", NULL), ST_OK);
    assert_string_equal(c->worker_listen, "");
    assert_int_equal(config_override(c, "DEFAULT.state_path==", NULL), ST_OK);
    assert_string_equal(c->state_path, "=");
}

static void test_config_override_refuses_other_forms(void **state)
{
    static const char *const refused[] = {"",
                                          "=",
                                          "debug=true",
                                          ".debug=true",
                                          "DEFAULT.=true",
                                          "DEFAULT.debug",
                                          ".=",
                                          "DEFAULT debug=true"};
    struct failure f = {0};

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (config_override(*state, refused[i], &f) != ST_INVALID)
            fail_msg("%s was taken", refused[i]);
    assert_int_equal(config_override(*state, "DEFAULT.debug=x", &f), ST_INVALID);
    assert_int_equal(config_override(*state, "DEFAULT.nothing=1", &f), ST_NOT_FOUND);
    assert_int_equal(config_override(*state, "a.b:c.nothing=1", &f), ST_NOT_FOUND);
    assert_true(holds(f.text, "[a.b:c]")); /* the last dot parts the section from the name */
}

/* ---- What must go together -------------------------------------------------------------------- */

static void test_config_check_looks_at_options_together(void **state)
{
    static const struct {
        const char *assignment[2];
        const char *what; /* NULL: it is fine */
    } cases[] = {
        {{"transport.max_message_ttl=3600"}, NULL},
        {{"transport.max_message_ttl=3599"}, "message_ttl"},
        {{"transport.default_message_delay=900"}, NULL},
        {{"transport.default_message_delay=901"}, "message_delay"},
        {{"transport.max_claim_ttl=299"}, "claim_ttl"},
        {{"transport.default_claim_grace=43201"}, "claim_grace"},
        {{"transport.max_length_client_id=9"}, "client_id"},
        {{"transport.max_length_client_id=10"}, NULL},
        {{"transport.max_messages_post_size=16777216", "router.max_request_size=16777215"},
         "max_request_size"},
        {{"transport.max_queue_metadata=16777216", "router.max_request_size=16777215"},
         "max_request_size"},
        {{"transport.max_queue_metadata=16777216", "router.max_request_size=16777216"}, NULL},
        {{"transport.max_queue_metadata=16777216"}, NULL},
        {{"router.max_request_size=134217728"}, NULL},
        {{"router.max_request_size=134217729"}, "max_request_memory"},
        {{"router.max_request_memory=1048576"}, NULL},
        {{"router.max_request_memory=1048576", "router.threads=2"}, "max_request_memory"},
        {{"worker.heartbeat_interval=15"}, "heartbeat"},
        {{"worker.heartbeat_interval=14"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};
        struct config c;
        enum status st;

        config_init(&c);
        for (size_t j = 0; j < 2 && cases[i].assignment[j] != NULL; j++)
            assert_int_equal(config_override(&c, cases[i].assignment[j], &f), ST_OK);
        st = config_check(&c, &f);
        config_fini(&c);
        if (st != (cases[i].what == NULL ? ST_OK : ST_INVALID) ||
            (cases[i].what != NULL && !holds(f.text, cases[i].what)))
            fail_msg("%s: %s %s", cases[i].assignment[0], status_name(st), f.text);
    }
}

static void test_config_request_max_follows_the_limits_of_bodies(void **state)
{
    static const struct {
        const char *assignment;
        int64_t max;
    } cases[] = {
        {"transport.max_messages_post_size=262144", 262144 + 65536},
        {"transport.max_messages_post_size=2", 65536 + 65536},
        {"transport.max_messages_post_size=16777216", 16777216 + 65536},
        {"transport.max_queue_metadata=16777216", 16777216 + 65536},
        {"router.max_request_size=300000", 300000},
        {"router.max_request_size=0", 262144 + 65536},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure f = {0};
        struct config c;

        config_init(&c);
        assert_int_equal(config_override(&c, cases[i].assignment, &f), ST_OK);
        assert_int_equal(config_request_max(&c), cases[i].max);
        config_fini(&c);
    }
}

/* ---- Showing ---------------------------------------------------------------------------------- */

/* change_all gives every option a value that is not its default, and no secret. */
static void change_all(struct config *c)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct slice choices = slice_of(options[i].choices), choice = SLICE("");
        char value[64];
        struct failure f;

        switch (options[i].kind) {
        case KIND_BOOL:
            strcpy(value, strcmp(options[i].def, "true") == 0 ? "false" : "true");
            break;
        case KIND_INT:
            snprintf(value, sizeof(value), "%lld",
                     (long long)(atoll(options[i].def) == options[i].most ? options[i].least
                                                                          : options[i].most));
            break;
        case KIND_TEXT:
            snprintf(value, sizeof(value), "/changed %zu", i);
            break;
        case KIND_URI:
            choice = slice_cut(&choices, '|');
            snprintf(value, sizeof(value), "%.*s://me@host-%zu:7/1?x=y",
                     SLICE_ARG(choice.len > 0 ? choice : SLICE("any")), i);
            break;
        case KIND_CHOICE:
            while (choices.p != NULL &&
                   (choice.len == 0 || slice_eq(choice, slice_of(options[i].def))))
                choice = slice_cut(&choices, '|');
            snprintf(value, sizeof(value), "%.*s", SLICE_ARG(choice));
            break;
        case KIND_SECRET:
            continue; /* is shown as what it is not */
        }
        assert_string_not_equal(value, options[i].def);
        if (set(c, options[i].section, options[i].name, value, &f) != ST_OK)
            fail_msg("%s", f.text);
    }
}

static void test_config_printed_loads_back_to_the_same(void **state)
{
    struct buffer out = {0};
    struct config back;

    change_all(*state);
    config_print(*state, false, &out);
    config_init(&back);
    must_load(&back, buffer_slice(&out));
    assert_same(*state, &back);
    config_fini(&back);
    buffer_fini(&out);
}

static void test_config_printed_defaults_load_back_to_the_same(void **state)
{
    struct buffer out = {0};
    struct config back;

    config_print(*state, false, &out);
    config_init(&back);
    change_all(&back);
    must_load(&back, buffer_slice(&out));
    assert_same(*state, &back);
    config_fini(&back);
    buffer_fini(&out);
}

static void test_config_print_hides_passwords(void **state)
{
    struct config *c = *state;
    size_t uris = 0, secrets = 0, stars = 0, hidden = 0;
    struct buffer out = {0};

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct slice schemes = slice_of(options[i].choices), scheme;
        char value[100];

        if (options[i].kind == KIND_SECRET) {
            assert_int_equal(set(c, options[i].section, options[i].name, "hunter2", NULL), ST_OK);
            secrets++;
        }
        if (options[i].kind != KIND_URI)
            continue;
        uris++;
        scheme = slice_cut(&schemes, '|');
        snprintf(value, sizeof(value), "%.*s://me:hunter2@h:1/2?password=hunter2&x=y",
                 SLICE_ARG(scheme.len > 0 ? scheme : SLICE("any")));
        assert_int_equal(set(c, options[i].section, options[i].name, value, NULL), ST_OK);
    }
    config_print(c, false, &out);
    config_print(c, true, &out);
    buffer_add_char(&out, '\0');
    assert_false(holds(out.p, "hunter2"));
    for (const char *p = out.p; (p = strstr(p, "://me:***@h:1/2?password=***&x=y")) != NULL; p++)
        stars++;
    assert_int_equal(stars, 2 * uris);
    for (const char *p = out.p; (p = strstr(p, " = ***\n")) != NULL; p++)
        hidden++;
    assert_int_equal(hidden, 2 * secrets);
    buffer_fini(&out);
}

/* Whoever makes a configuration of what was printed must not end with a secret that everybody knows. */
static void test_config_refuses_a_secret_as_it_is_printed(void **state)
{
    struct failure f = {0};
    size_t secrets = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].kind != KIND_SECRET)
            continue;
        secrets++;
        assert_int_equal(set(*state, options[i].section, options[i].name, "***", &f), ST_INVALID);
        assert_int_equal(set(*state, options[i].section, options[i].name, "****", &f), ST_OK);
        assert_int_equal(set(*state, options[i].section, options[i].name, "", &f), ST_OK);
    }
    assert_true(secrets > 0);
}

/* A scheme that no driver takes may be a plug-in's. */
static void test_config_takes_any_store_once_there_is_a_plugin(void **state)
{
    struct config *c = *state;
    struct arena a = {0};
    struct failure f = {0};

    assert_int_equal(set(c, "drivers:message_store:plugin", "uri", "memory", &f), ST_INVALID);
    assert_int_equal(set(c, "drivers:message_store:plugin", "uri", "memory://x", &f), ST_OK);
    assert_int_equal(set(c, "drivers", "message_store", "plugin", &f), ST_OK);
    assert_slice(config_store_uri(c, &a), "memory://x");
    assert_int_equal(config_check(c, &f), ST_OK);
    assert_int_equal(set(c, "drivers:message_store:plugin", "uri", "", &f), ST_OK);
    assert_int_equal(config_check(c, &f), ST_INVALID); /* the plug-in wants a URI */

    assert_int_equal(config_use_store(c, SLICE("memory://y"), &f), ST_INVALID);
    assert_int_equal(set(c, "storage", "plugin", "memory", &f), ST_OK);
    assert_int_equal(config_use_store(c, SLICE("memory"), &f), ST_INVALID);
    assert_int_equal(config_use_store(c, SLICE("memory://y"), &f), ST_OK);
    assert_slice(config_store_uri(c, &a), "memory://y");
    assert_int_equal(config_use_store(c, SLICE("redis://h"), &f), ST_OK);
    assert_slice(config_store_uri(c, &a), "redis://h");
    arena_fini(&a);
}

static void test_config_errors_do_not_tell_a_uri_that_may_hold_a_password(void **state)
{
    struct failure f = {0};

    assert_int_equal(
        set(*state, "drivers:message_store:redis", "uri", "postgresql://me:hunter2@h", &f),
        ST_INVALID);
    assert_false(holds(f.text, "hunter2"));
    assert_int_equal(config_use_store(*state, SLICE("mongodb://me:hunter2@h"), &f), ST_INVALID);
    assert_false(holds(f.text, "hunter2"));
}

static void add_choices(struct buffer *b, struct slice choices)
{
    const char *before = " ";

    while (choices.p != NULL) {
        struct slice choice = slice_cut(&choices, '|');

        if (choice.len == 0)
            choice = SLICE("(empty)");
        buffer_printf(b, "%s%.*s", before, SLICE_ARG(choice));
        before = " or ";
    }
    buffer_add_char(b, '.');
}

/* The sample holds each option under its section, with its text, its bounds and its default, in lines
 * that fit a screen (a default may be longer); options are comments, so that as it stands it changes nothing. */
static void test_config_sample_tells_all_of_each_option(void **state)
{
    struct buffer out = {0}, comment = {0};
    struct slice rest, section = SLICE("");
    size_t i = 0;

    config_print(*state, true, &out);
    rest = buffer_slice(&out);
    while (rest.p != NULL) {
        struct slice line = slice_cut(&rest, '\n'), value;

        assert_true(line.len <= 100 || !slice_starts(line, SLICE("# ")));
        if (line.len == 0) {
            comment.len = 0;
        } else if (line.p[0] == '[') {
            section = (struct slice){line.p + 1, line.len - 2};
        } else if (slice_starts(line, SLICE("# "))) {
            buffer_add(&comment, slice_from(line, comment.len == 0 ? 2 : 1));
        } else {
            struct buffer wanted = {0};

            assert_int_equal(line.p[0], '#');
            value = slice_from(line, 1);
            assert_true(i < OPTION_COUNT);
            assert_slice(section, options[i].section);
            assert_slice(slice_trim(slice_cut(&value, '=')), options[i].name);
            assert_slice(slice_trim(value), options[i].def);
            buffer_add(&wanted, slice_of(options[i].text));
            if (options[i].kind == KIND_INT)
                buffer_printf(&wanted, " %lld to %lld.", (long long)options[i].least,
                              (long long)options[i].most);
            if (options[i].kind == KIND_CHOICE)
                add_choices(&wanted, slice_of(options[i].choices));
            buffer_add_char(&wanted, '\0');
            assert_slice(buffer_slice(&comment), wanted.p);
            buffer_fini(&wanted);
            i++;
        }
    }
    assert_int_equal(i, OPTION_COUNT);
    buffer_fini(&comment);
    buffer_fini(&out);
}

static void test_config_sample_loads_as_the_defaults(void **state)
{
    struct buffer out = {0}, uncommented = {0};
    struct slice rest;
    struct config c;

    config_print(*state, true, &out);
    config_init(&c);
    must_load(&c, buffer_slice(&out));
    assert_same(*state, &c);
    change_all(&c);
    rest = buffer_slice(&out);
    while (rest.p != NULL) {
        struct slice line = slice_cut(&rest, '\n');
        bool option = line.len > 1 && line.p[0] == '#' && line.p[1] != ' ';

        buffer_add(&uncommented, slice_from(line, option ? 1 : 0));
        buffer_add_char(&uncommented, '\n');
    }
    must_load(&c, buffer_slice(&uncommented));
    assert_same(*state, &c);
    config_fini(&c);
    buffer_fini(&uncommented);
    buffer_fini(&out);
}

/* ---- Which back ends -------------------------------------------------------------------------- */

static void test_config_uris_are_those_of_the_chosen_drivers(void **state)
{
    struct config *c = *state;
    struct arena a = {0};

    assert_int_equal(set(c, "DEFAULT", "state_path", "/s", NULL), ST_OK);
    assert_slice(config_store_uri(c, &a), "sqlite:///s/messages.db");
    assert_slice(config_catalog_uri(c, &a), "sqlite:///s/catalog.db");
    assert_int_equal(set(c, "drivers:message_store:sqlite", "uri", "sqlite:///m", NULL), ST_OK);
    assert_int_equal(set(c, "drivers:management_store:sqlite", "uri", "sqlite:///c", NULL), ST_OK);
    assert_slice(config_store_uri(c, &a), "sqlite:///m");
    assert_slice(config_catalog_uri(c, &a), "sqlite:///c");
    assert_int_equal(set(c, "drivers", "message_store", "redis", NULL), ST_OK);
    assert_int_equal(set(c, "drivers", "management_store", "postgresql", NULL), ST_OK);
    assert_slice(config_store_uri(c, &a), "redis://127.0.0.1:6379/0");
    assert_slice(config_catalog_uri(c, &a), "postgresql://nusku@127.0.0.1/nusku");
    arena_fini(&a);
}

static void test_config_use_chooses_the_driver_by_scheme(void **state)
{
    static const struct {
        const char *uri, *store, *catalog; /* the driver, NULL: none for that scheme */
    } cases[] = {
        {"redis://h:1/2", "redis", NULL},
        {"unix:///run/redis.sock", "redis", NULL},
        {"sqlite:///x.db", "sqlite", "sqlite"},
        {"postgresql://u@h/d", NULL, "postgresql"},
        {"postgres://u@h/d", NULL, "postgresql"},
        {"mongodb://h", NULL, NULL},
        {"/x.db", NULL, NULL},
        {"", NULL, NULL},
    };
    struct config *c = *state;
    struct arena a = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice uri = slice_of(cases[i].uri);
        struct failure f = {0};

        if (cases[i].store == NULL) {
            assert_int_equal(config_use_store(c, uri, &f), ST_INVALID);
            assert_string_not_equal(f.text, "");
        } else {
            assert_int_equal(config_use_store(c, uri, &f), ST_OK);
            assert_string_equal(c->message_store, cases[i].store);
            assert_slice(config_store_uri(c, &a), cases[i].uri);
        }
        if (cases[i].catalog == NULL) {
            assert_int_equal(config_use_catalog(c, uri, &f), ST_INVALID);
        } else {
            assert_int_equal(config_use_catalog(c, uri, &f), ST_OK);
            assert_string_equal(c->management_store, cases[i].catalog);
            assert_slice(config_catalog_uri(c, &a), cases[i].uri);
        }
    }
    arena_fini(&a);
}

/* ---- Nothing is ignored silently -------------------------------------------------------------- */

/* An indented line is an option or a section, or an error; it is not more of the value before it. */
static void test_config_file_does_not_take_an_indented_line_for_a_value(void **state)
{
    static const char *const contents[] = {
        "[DEFAULT]\n  state_path = /x\n  debug = true\n",
        "[DEFAULT]\nstate_path = /x\n  debug = true\n",
        "[DEFAULT]\nstate_path = /x\n\tdebug = true\n",
        "[DEFAULT]\ndebug = true\nstate_path = /x\n  /y\n",
        "[DEFAULT]\ndebug = true\nstate_path = /x\n  [DEFAULT]\n",
    };
    struct config *c = *state;

    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        struct failure f;

        if (load(c, slice_of(contents[i]), &f) != ST_OK)
            continue;
        assert_string_equal(c->state_path, "/x");
        assert_true(c->debug);
    }
}

/* A comment behind a value begins with a blank, so this would be a value, and meant as none. */
static void test_config_file_does_not_take_a_comment_for_a_value(void **state)
{
    struct config *c = *state;
    struct failure f;

    must_load(c, SLICE("[DEFAULT]\ndebug = true ; a\nstate_path = /x ;b\n"));
    assert_string_equal(c->state_path, "/x");
    must_load(c, SLICE("[DEFAULT]\nstate_path = ; none\n"));
    assert_string_equal(c->state_path, "");
    assert_int_equal(load(c, SLICE("[DEFAULT]\ndebug = true\nstate_path =; /x\n"), &f), ST_INVALID);
    assert_true(holds(f.text, ":3: a value can't begin with ';'"));
}

static void test_config_file_that_cannot_be_read_is_an_error(void **state)
{
    struct failure f = {0};

    /* a folder can be opened, but not read */
    assert_int_equal(config_load_file(*state, "/", &f), ST_INVALID);
}

static void test_config_environment_refuses_an_unknown_option(void **state)
{
    struct failure f = {0};
    enum status st;

    setenv("NUSKU_TRANSPORT__MAX_MESSAGE_TTTL", "100", 1);
    st = config_load_environment(*state, &f);
    unsetenv("NUSKU_TRANSPORT__MAX_MESSAGE_TTTL");
    assert_int_not_equal(st, ST_OK);
    assert_true(holds(f.text, "NUSKU_TRANSPORT__MAX_MESSAGE_TTTL"));
}

/* What follows a line that could not be read is read in the wrong section: what is said of it only
 * misleads. */
static void test_config_file_error_that_is_told_is_the_first(void **state)
{
    struct failure f = {0};

    assert_int_equal(load(*state, SLICE("[DEFAULT]\n\n[drivers\nmessage_store = redis\n"), &f),
                     ST_INVALID);
    if (!holds(f.text, ":3: "))
        fail_msg("%s", f.text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config_init_sets_every_default),
        TEST(test_config_defaults_are_those_of_the_api),
        TEST(test_config_set_takes_good_values),
        TEST(test_config_set_refuses_bad_values_and_keeps_the_old_one),
        TEST(test_config_set_does_not_know_other_options),
        TEST(test_config_file_is_read_over_what_is_there),
        TEST(test_config_file_errors_name_the_file_and_the_line),
        TEST(test_config_file_that_is_not_there_is_an_error),
        TEST(test_config_file_lines_are_never_cut),
        TEST(test_config_file_takes_a_uri_of_many_hosts),
        TEST(test_config_file_with_a_nul_byte_says_so),
        TEST(test_config_file_takes_the_usual_ways_to_write_a_line),
        TEST(test_config_file_may_end_without_a_newline),
        TEST(test_config_environment_beats_what_is_there),
        TEST(test_config_environment_errors_name_the_variable),
        TEST(test_config_override_sets_an_option_of_any_section),
        TEST(test_config_override_refuses_other_forms),
        TEST(test_config_check_looks_at_options_together),
        TEST(test_config_request_max_follows_the_limits_of_bodies),
        TEST(test_config_printed_loads_back_to_the_same),
        TEST(test_config_printed_defaults_load_back_to_the_same),
        TEST(test_config_print_hides_passwords),
        TEST(test_config_refuses_a_secret_as_it_is_printed),
        TEST(test_config_takes_any_store_once_there_is_a_plugin),
        TEST(test_config_errors_do_not_tell_a_uri_that_may_hold_a_password),
        TEST(test_config_sample_tells_all_of_each_option),
        TEST(test_config_sample_loads_as_the_defaults),
        TEST(test_config_uris_are_those_of_the_chosen_drivers),
        TEST(test_config_use_chooses_the_driver_by_scheme),
        TEST(test_config_file_does_not_take_an_indented_line_for_a_value),
        TEST(test_config_file_does_not_take_a_comment_for_a_value),
        TEST(test_config_file_that_cannot_be_read_is_an_error),
        TEST(test_config_environment_refuses_an_unknown_option),
        TEST(test_config_file_error_that_is_told_is_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
