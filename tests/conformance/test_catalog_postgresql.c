/* The conformance suite over the PostgreSQL catalog, on an empty database that the test run has made. */
#include "tests/conformance/catalog_conformance.h"

#include <stdlib.h>

int main(void)
{
    return catalog_conformance_run(getenv("NUSKU_TEST_POSTGRESQL_URI"));
}
