/* The conformance suite over the example of a store that comes as a plug-in, built out of the tree: its file is
 * the argument. */
#include "tests/conformance/store_conformance.h"

#include "worker/plugins.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct failure f = {.text = "the file of a plug-in was expected"};

    if (argc != 2 || plugin_load_stores(slice_of(argv[1]), &f) != ST_OK) {
        fprintf(stderr, "%s\n", f.text);
        return 1;
    }
    return store_conformance_run("memory://");
}
