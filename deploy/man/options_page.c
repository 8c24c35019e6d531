/* Writes nusku.conf(5) to stdout: the text of the page's file, with every option of options.def in
 * place of its line "@OPTIONS@". A tool of the build. */
#include "common/config_option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* put writes text as roff shows it: backslashes and hyphens are themselves, and no line of text
 * begins with a control character. */
static void put(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else if (p == text && (*p == '.' || *p == '\''))
            printf("\\&%c", *p);
        else
            putchar(*p);
    }
    putchar('\n');
}

static void put_option(const struct config_option *o)
{
    puts(".TP");
    fputs(".B ", stdout);
    put(o->name);
    put(o->text);
    if (o->type == TYPE_INT)
        printf("From %lld to %lld.\n", (long long)o->least, (long long)o->most);
    if (o->type == TYPE_CHOICE) {
        struct buffer choices = {0};

        option_add_choices(o, &choices);
        printf("%.*s.\n", SLICE_ARG(buffer_slice(&choices)));
        buffer_fini(&choices);
    }
    fputs("Default: ", stdout);
    put(o->default_text[0] == '\0' ? "empty." : o->default_text);
}

static void put_options(void)
{
    const char *section = "";

    for (const struct config_option *o = config_options; o->section != NULL; o++) {
        if (strcmp(section, o->section) != 0)
            printf(".SS [%s]\n", o->section);
        section = o->section;
        put_option(o);
    }
}

int main(int argc, char **argv)
{
    FILE *page = argc == 2 ? fopen(argv[1], "re") : NULL;
    char line[1024];

    if (page == NULL) {
        fprintf(stderr, "usage: options_page FILE\n");
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof(line), page) != NULL) {
        if (strcmp(line, "@OPTIONS@\n") == 0)
            put_options();
        else
            fputs(line, stdout);
    }
    fclose(page);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
