/* common/log.h - one line an event, on stderr, for people and for grep.
 *
 *   2026-11-23T07:08:09.123Z WARN  router REDIS-LOST host=127.0.0.1:6379 reason="Connection refused"
 *
 * The id (REDIS-LOST) is stable; what follows is key=value. Secrets, tokens and message bodies never
 * reach a log. Whoever gives up on an operation logs it, once. Any thread may log.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* log_setup names the process in every line (borrowed for ever) and hides what is below least. */
void log_setup(const char *process, enum log_level least);

/* log_enabled lets a caller skip the making of an expensive line. */
int log_enabled(enum log_level level);

void log_line(enum log_level level, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
