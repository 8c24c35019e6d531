#include "common/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/nusku/nusku.conf"

enum { OWN_OPTIONS_MAX = 16, LIST_MAX = 64, SHARED = 256 };
enum { CONFIG_FILE = SHARED, OPTION, HELP, VERSION };

void cli_die(int status, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

static void print_option(const char *name, const char *argument, const char *text)
{
    char left[64];

    snprintf(left, sizeof(left), "  --%s%s%s", name, argument == NULL ? "" : " ",
             argument == NULL ? "" : argument);
    printf("%-34s%s\n", left, text);
}

static void help(const struct cli *cli)
{
    printf("Usage: %s\n%s\n\n", cli->usage, cli->text);
    for (size_t i = 0; i < cli->options_n; i++)
        print_option(cli->options[i].name, cli->options[i].argument, cli->options[i].text);
    print_option("config-file", "FILE", "read FILE (repeatable); default: " DEFAULT_FILE);
    print_option("option", "SECTION.NAME=VALUE", "set one configuration option (repeatable)");
    print_option("help", NULL, "print this");
    print_option("version", NULL, "print the version");
    printf("\n`nusku check-config` prints every configuration option and its value in force.\n");
}

/* Options given on the command line, applied after the files and the environment. */
struct lists {
    const char *files[LIST_MAX];
    size_t files_n;
    const char *overrides[LIST_MAX];
    size_t overrides_n;
};

static void keep(const char **list, size_t *n, const char *what)
{
    if (*n == LIST_MAX)
        cli_die(2, "too many %s", what);
    list[(*n)++] = optarg;
}

static void apply(const struct lists *l, struct config *c)
{
    struct failure f;

    for (size_t i = 0; i < l->files_n; i++)
        if (config_load_file(c, l->files[i], &f) != ST_OK)
            cli_die(2, "%s", f.text);
    if (l->files_n == 0 && access(DEFAULT_FILE, R_OK) == 0 &&
        config_load_file(c, DEFAULT_FILE, &f) != ST_OK)
        cli_die(2, "%s", f.text);
    if (config_load_environment(c, &f) != ST_OK)
        cli_die(2, "%s", f.text);
    for (size_t i = 0; i < l->overrides_n; i++)
        if (config_override(c, l->overrides[i], &f) != ST_OK)
            cli_die(2, "--option %s: %s", l->overrides[i], f.text);
}

static size_t make_table(const struct cli *cli, struct option *table)
{
    static const struct option shared[] = {
        {"config-file", required_argument, NULL, CONFIG_FILE},
        {"option", required_argument, NULL, OPTION},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {NULL, 0, NULL, 0},
    };
    size_t n = 0;

    for (; n < cli->options_n && n < OWN_OPTIONS_MAX; n++)
        table[n] = (struct option){
            cli->options[n].name,
            cli->options[n].argument != NULL ? required_argument : no_argument, NULL, (int)n};
    memcpy(table + n, shared, sizeof(shared));
    return n;
}

int cli_parse(const struct cli *cli, int argc, char **argv, struct config *c)
{
    struct option table[OWN_OPTIONS_MAX + 5];
    struct lists l = {0};
    int got;

    make_table(cli, table);
    while ((got = getopt_long(argc, argv, "+", table, NULL)) != -1) {
        switch (got) {
        case CONFIG_FILE:
            keep(l.files, &l.files_n, "--config-file");
            break;
        case OPTION:
            keep(l.overrides, &l.overrides_n, "--option");
            break;
        case HELP:
            help(cli);
            exit(0);
        case VERSION:
            printf("nusku %s\n", NUSKU_VERSION);
            exit(0);
        case '?':
            fprintf(stderr, "Try '%s --help'.\n", argv[0]);
            exit(2);
        default:
            *cli->options[got].value = optarg == NULL ? "" : optarg;
        }
    }
    apply(&l, c);
    return optind;
}
