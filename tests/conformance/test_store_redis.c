/* The conformance suite over the Redis store, on a server that the test run has started. */
#include "tests/conformance/store_conformance.h"

#include <stdlib.h>

int main(void)
{
    return store_conformance_run(getenv("NUSKU_TEST_REDIS_URI"));
}
