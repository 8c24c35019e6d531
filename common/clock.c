#include "common/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_mono_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_mono_ms / 1000),
                             .tv_nsec = until_mono_ms % 1000 * 1000000};

    return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, &until) == 0;
}

void clock_iso(int64_t wall_ms, char text[CLOCK_ISO_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, CLOCK_ISO_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        strcpy(text, "1970-01-01T00:00:00Z"); /* beyond year 9999: no form of it would fit */
}
