/* tests/fuzz/fuzz_config.c - any bytes as a configuration file. What was read from one is printed, and read
 * again it is the same. Lines are given to --option and --store, too. */
#include "tests/fuzz/fuzz.h"

#include "common/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* file_of gives the path of a file that holds these bytes and nothing else. */
static const char *file_of(struct slice bytes)
{
    static char path[32];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("nusku.conf", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    assert(fd >= 0 && ftruncate(fd, 0) == 0);
    assert(pwrite(fd, bytes.p, bytes.len, 0) == (ssize_t)bytes.len);
    return path;
}

static void check_failure(const struct failure *f)
{
    assert(f->st == ST_INVALID || f->st == ST_NOT_FOUND);
    assert(f->text[0] != '\0');
}

static void check_uris(const struct config *c)
{
    struct arena a = {0};

    assert(config_store_uri(c, &a).p != NULL);
    assert(config_catalog_uri(c, &a).p != NULL);
    arena_fini(&a);
}

/* check_printed reads c back from its own form, unless a line of it became too long by its blanks, or by
 * what stands for a password. */
static void check_printed(const struct config *c)
{
    struct buffer once = {0}, twice = {0};
    struct config back;
    struct failure f;
    enum status st;

    config_print(c, false, &once);
    config_init(&back);
    st = config_load_file(&back, file_of(buffer_slice(&once)), &f);
    config_print(&back, false, &twice);
    if (st == ST_OK)
        assert(slice_eq(buffer_slice(&once), buffer_slice(&twice)));
    else
        assert(strstr(f.text, "the line is longer") != NULL);
    config_fini(&back);
    buffer_fini(&once);
    buffer_fini(&twice);
}

static void check_file(struct slice text)
{
    struct config c;
    struct failure f;
    const char *path = file_of(text);

    config_init(&c);
    if (config_load_file(&c, path, &f) == ST_OK) {
        if (config_check(&c, &f) != ST_OK)
            check_failure(&f);
        check_uris(&c);
        check_printed(&c);
    } else {
        check_failure(&f);
        assert(slice_starts(slice_of(f.text), slice_of(path)));
    }
    config_fini(&c);
}

static void check_line(struct slice line)
{
    struct arena a = {0};
    struct slice word = arena_copy(&a, line);
    struct config c;
    struct failure f;

    config_init(&c);
    if (config_override(&c, word.p, &f) != ST_OK)
        check_failure(&f);
    if (config_use_store(&c, word, &f) != ST_OK)
        check_failure(&f);
    if (config_use_catalog(&c, word, &f) != ST_OK)
        check_failure(&f);
    check_uris(&c);
    config_fini(&c);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size}, rest = text;

    check_file(text);
    check_line(slice_cut(&rest, '\n'));
    return 0;
}
