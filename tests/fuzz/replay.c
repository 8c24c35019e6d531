/* tests/fuzz/replay.c FOLDER... - gives every file of the folders to a fuzz target, once, in the order of
 * their names: so the corpus is a plain test in builds without libFuzzer. */
#include "tests/fuzz/fuzz.h"

#include "common/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* read_file reads into memory of exactly the file's size, so that AddressSanitizer sees its end. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    uint8_t *bytes;
    long end;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(file);
    *size = (size_t)end;
    bytes = mem_alloc(*size);
    if (fread(bytes, 1, *size, file) != *size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return bytes;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_file, alphasort);

    if (n <= 0) {
        fprintf(stderr, "%s: no corpus\n", folder);
        exit(1);
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        uint8_t *bytes;
        size_t size;

        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        bytes = read_file(path, &size);
        printf("%s\n", entries[i]->d_name);
        fflush(stdout); /* the last name is the one that crashed */
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
        free(entries[i]);
    }
    free(entries);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++)
        n += replay_folder(argv[i]);
    printf("%d inputs\n", n);
    return n > 0 ? 0 : 1;
}
