#include "common/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status fail(struct failure *f, enum status st, const char *fmt, ...)
{
    va_list args;

    if (f == NULL)
        return st;
    f->st = st;
    va_start(args, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, args);
    va_end(args);
    return st;
}

const char *status_name(enum status st)
{
    switch (st) {
#define STATUS_NAME(name, number, text)                                                            \
    case ST_##name:                                                                                \
        return #name;
        STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "?";
}

const char *status_text(enum status st)
{
    switch (st) {
#define STATUS_TEXT(name, number, text)                                                            \
    case ST_##name:                                                                                \
        return text;
        STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "?";
}

int status_known(long long number)
{
#define STATUS_COUNT(name, number, text) +1
    return number >= 0 && number < STATUS_MAP(STATUS_COUNT);
#undef STATUS_COUNT
}
