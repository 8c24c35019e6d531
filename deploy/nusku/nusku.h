/* deploy/nusku/nusku.h - the subcommands of the tool. Each gets the arguments after its name, parses
 * them, and returns an exit status: 0 done, 1 it failed, 2 the command line or configuration is wrong. */
#ifndef DEPLOY_NUSKU_NUSKU_H
#define DEPLOY_NUSKU_NUSKU_H

int command_dev(int argc, char **argv);          /* dev.c */
int command_check_config(int argc, char **argv); /* check_config.c */
int command_catalog(int argc, char **argv);      /* catalog.c */
int command_pool(int argc, char **argv);         /* pool.c */
int command_flavor(int argc, char **argv);       /* pool.c */
int command_bench(int argc, char **argv);        /* bench.c */

#endif
