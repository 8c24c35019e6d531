#include "common/log.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *process_name = "nusku";
static enum log_level least_level = LOG_INFO;

void log_setup(const char *process, enum log_level least)
{
    process_name = process;
    least_level = least;
}

int log_enabled(enum log_level level)
{
    return level >= least_level;
}

/* The line is made in one buffer and leaves in one write, so that lines of threads never mix.
 * Control characters of untrusted values become '?': a value cannot forge a line. */
void log_line(enum log_level level, const char *id, const char *fmt, ...)
{
    static const char *const names[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
    char line[1024];
    char when[CLOCK_ISO_BYTES];
    int64_t now_ms = clock_wall_ms();
    size_t len;
    int n;
    va_list args;

    if (!log_enabled(level))
        return;
    clock_iso(now_ms, when);
    when[19] = '\0'; /* the milliseconds go before the Z */
    n = snprintf(line, sizeof(line), "%s.%03dZ %s %s %s ", when, (int)(now_ms % 1000), names[level],
                 process_name, id);
    len = n < 0 ? 0 : (size_t)n;
    va_start(args, fmt);
    n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
    va_end(args);
    if (n > 0)
        len += (size_t)n < sizeof(line) - len - 2 ? (size_t)n : sizeof(line) - len - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody left to tell */
}
