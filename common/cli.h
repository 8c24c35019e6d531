/* common/cli.h - the options that all programs share.
 *
 *   --config-file FILE             may be given again; without it, /etc/nusku/nusku.conf if it exists
 *   --option SECTION.NAME=VALUE    may be given again; beats the files and the environment
 *   --help, --version
 */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include "common/config.h"

/* What a program adds: options of its own, each with a value or without. */
struct cli_option {
    const char *name;     /* "listen" for --listen */
    const char *argument; /* "ADDR:PORT", NULL: takes none */
    const char *text;     /* for --help */
    const char **value;   /* set to the argument, or to "" for an option without one */
};

struct cli {
    const char *usage; /* "nusku-worker [OPTION]..." */
    const char *text;  /* what it is, a sentence or two */
    const struct cli_option *options;
    size_t options_n;
};

/* cli_parse reads argv into c (which is config_init'ed), files and environment included, and the
 * program's own options. Returns the number of the first argument that is not an option. Exits: 0
 * after --help and --version, 2 with a message on stderr when something is wrong. */
int cli_parse(const struct cli *cli, int argc, char **argv, struct config *c);

/* cli_die prints "program: message" and exits. */
void cli_die(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

#endif
