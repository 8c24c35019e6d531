/* The conformance suite over the SQLite store, on a file that is made for it. */
#include "tests/conformance/store_conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    char folder[] = "/tmp/nusku-test-XXXXXX", uri[128], command[128];
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(uri, sizeof(uri), "sqlite://%s/messages.db", folder);
    failed = store_conformance_run(uri);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0)
        return 1;
    return failed;
}
