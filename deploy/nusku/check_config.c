/* nusku check-config: what the daemons would run with. */
#include "deploy/nusku/nusku.h"

#include "common/cli.h"

#include <stdio.h>

#define SAMPLE_HEADING                                                                             \
    "# Configuration of nusku-router, nusku-worker and nusku: every option, with its default.\n"   \
    "# The environment (NUSKU_<SECTION>__<OPTION>) and --option SECTION.OPTION=VALUE beat it.\n"   \
    "# `nusku check-config` prints what is in force. See nusku.conf(5).\n\n"

int command_check_config(int argc, char **argv)
{
    const char *sample = NULL;
    const struct cli_option options[] = {
        {"sample", NULL, "print every option with its text, bounds and default instead", &sample},
    };
    const struct cli cli = {
        .usage = "nusku check-config [OPTION]...",
        .text = "Checks the configuration and prints what is in force, passwords hidden.\n"
                "Exit status 2: an option is unknown or a value is wrong.",
        .options = options,
        .options_n = 1,
    };
    struct config config;
    struct buffer out = {0};
    struct failure f;

    config_init(&config);
    if (cli_parse(&cli, argc, argv, &config) != argc)
        cli_die(2, "\"%s\": no arguments were expected", argv[argc - 1]);
    if (sample != NULL) {
        config_fini(&config);
        config_init(&config);
    } else if (config_check(&config, &f) != ST_OK) {
        cli_die(2, "%s", f.text);
    }
    if (sample != NULL)
        buffer_add_literal(&out, SAMPLE_HEADING);
    config_print(&config, sample != NULL, &out);
    fwrite(out.p, 1, out.len, stdout);
    buffer_fini(&out);
    config_fini(&config);
    return 0;
}
