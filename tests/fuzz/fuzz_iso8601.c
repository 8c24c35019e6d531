/* tests/fuzz/fuzz_iso8601.c - any bytes as a moment. */
#include "tests/fuzz/fuzz.h"

#include "common/iso8601.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t wall_s, back;
    char text[ISO8601_BYTES];

    if (!iso8601_read((struct slice){(const char *)data, size}, &wall_s))
        return 0;
    iso8601_write(wall_s, text);
    assert(strlen(text) == ISO8601_BYTES - 1);
    assert(iso8601_read(slice_of(text), &back) && back == wall_s);
    return 0;
}
