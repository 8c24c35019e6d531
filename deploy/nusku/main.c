/* nusku: the operator's and developer's tool. */
#include "deploy/nusku/nusku.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *text;
} commands[] = {
    {"dev", command_dev, "router and worker in one process, to develop against"},
    {"check-config", command_check_config, "print the configuration in force, or a sample"},
    {"catalog", command_catalog, "set up or upgrade the catalog's schema"},
    {"pool", command_pool, "show and change the pools among which queues are spread"},
    {"flavor", command_flavor, "show and change the names by which queues ask for pools"},
    {"bench", command_bench, "measure a running service with a load that doesn't wait for it"},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *to)
{
    fprintf(to, "Usage: nusku COMMAND [OPTION]...\n"
                "Runs and looks after Nusku, the OpenStack Messaging service.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-16s%s\n", commands[i].name, commands[i].text);
    fprintf(to, "\nnusku COMMAND --help says more, nusku --version which it is. The daemons are "
                "nusku-router and nusku-worker.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("nusku %s\n", NUSKU_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char title[64];

        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(title, sizeof(title), "nusku %s", commands[i].name);
        argv[1] = title; /* getopt's messages begin with it */
        return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "nusku: no command \"%s\". Try 'nusku --help'.\n", argv[1]);
    return 2;
}
