#include "common/iso8601.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400, YEAR_MAX = 9999 };

struct moment {
    int year, month, day, hour, minute, second, offset_s;
};

/* ---- Taking it apart: each takes what it finds from the front of *s, or leaves it as it is ---- */

static bool take_char(struct slice *s, char c)
{
    if (s->len == 0 || s->p[0] != c)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static size_t digits(struct slice s)
{
    size_t n = 0;

    while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* take_number takes least to most digits, as many as there are. */
static bool take_number(struct slice *s, size_t least, size_t most, int *n)
{
    size_t len = digits(*s);

    if (len > most)
        len = most;
    if (len < least)
        return false;
    *n = 0;
    for (size_t i = 0; i < len; i++)
        *n = *n * 10 + (s->p[i] - '0');
    *s = slice_from(*s, len);
    return true;
}

/* take_date: YYYY-MM, YYYY-MM-DD (month and day of one digit or two) or YYYYMMDD. */
static bool take_date(struct slice *s, struct moment *m)
{
    m->month = m->day = 1;
    if (!take_number(s, 4, 4, &m->year))
        return false;
    if (!take_char(s, '-'))
        return take_number(s, 2, 2, &m->month) && take_number(s, 2, 2, &m->day);
    if (!take_number(s, 1, 2, &m->month))
        return false;
    if (s->len == 0)
        return true;
    return take_char(s, '-') && take_number(s, 1, 2, &m->day);
}

static bool take_fraction(struct slice *s)
{
    size_t n;

    if (!take_char(s, '.') && !take_char(s, ','))
        return true;
    n = digits(*s);
    *s = slice_from(*s, n);
    return n > 0;
}

/* take_offset: Z, or a sign, hours and perhaps minutes. */
static bool take_offset(struct slice *s, struct moment *m)
{
    bool behind = s->len > 0 && s->p[0] == '-';
    int hours, minutes = 0;

    if (s->len == 0 || take_char(s, 'Z'))
        return true;
    if ((!take_char(s, '+') && !take_char(s, '-')) || !take_number(s, 2, 2, &hours))
        return false;
    take_char(s, ':');
    if (s->len > 0 && !take_number(s, 2, 2, &minutes))
        return false;
    m->offset_s = (hours * 60 + minutes) * 60 * (behind ? -1 : 1);
    return hours < 24 && minutes < 60;
}

/* take_time: HH, HH:MM, HH:MM:SS with or without a fraction; the colons may be missing. */
static bool take_time(struct slice *s, struct moment *m)
{
    if (!take_number(s, 2, 2, &m->hour))
        return false;
    if (take_char(s, ':') || digits(*s) > 0) {
        if (!take_number(s, 2, 2, &m->minute))
            return false;
        if (take_char(s, ':') || digits(*s) > 0)
            if (!take_number(s, 1, 2, &m->second) || !take_fraction(s))
                return false;
    }
    return take_offset(s, m);
}

/* ---- Reckoning -------------------------------------------------------------------------------- */

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool exists(const struct moment *m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return m->year >= 1 && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
           m->day <= days[m->month - 1] + (m->month == 2 && is_leap(m->year)) && m->hour < 24 &&
           m->minute < 60 && m->second < 60;
}

static int64_t seconds_of(const struct moment *m)
{
    struct tm tm = {
        .tm_year = m->year - 1900,
        .tm_mon = m->month - 1,
        .tm_mday = m->day,
        .tm_hour = m->hour,
        .tm_min = m->minute,
        .tm_sec = m->second,
    };

    return (int64_t)timegm(&tm) - m->offset_s;
}

static bool in_years(int64_t wall_s)
{
    static const struct moment first = {.year = 1, .month = 1, .day = 1};
    static const struct moment last = {.year = YEAR_MAX, .month = 12, .day = 31};

    return wall_s >= seconds_of(&first) && wall_s < seconds_of(&last) + DAY_S;
}

bool iso8601_read(struct slice text, int64_t *wall_s)
{
    struct slice s = text;
    struct moment m = {0};

    if (digits(s) == s.len || !take_date(&s, &m))
        return false;
    if (s.len > 0 && ((!take_char(&s, 'T') && !take_char(&s, ' ')) || !take_time(&s, &m)))
        return false;
    if (s.len > 0 || !exists(&m))
        return false;
    *wall_s = seconds_of(&m);
    return in_years(*wall_s);
}

void iso8601_write(int64_t wall_s, char text[ISO8601_BYTES])
{
    time_t seconds = (time_t)wall_s;
    struct tm tm;

    assert(in_years(wall_s));
    gmtime_r(&seconds, &tm);
    snprintf(text, ISO8601_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u",
             (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)(tm.tm_mon + 1) % 100U,
             (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U, (unsigned)tm.tm_min % 100U,
             (unsigned)tm.tm_sec % 100U);
}
