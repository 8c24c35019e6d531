/* common/log_file.h - lines for a file, one for each of many events, from threads that must not wait.
 *
 * Lines are added to a buffer of bounded size; a thread writes it out ten times a second. When the file
 * can't take them as fast, or not at all, lines are lost, and the log tells how many: a slow disk slows
 * down nobody. A file that was renamed or deleted (logrotate) is made anew. */
#ifndef COMMON_LOG_FILE_H
#define COMMON_LOG_FILE_H

#include "common/slice.h"
#include "common/status.h"

struct log_file;

/* log_file_open opens a file for appending, or makes it; "stderr" is where the log goes. ST_UNAVAILABLE:
 * it can't be opened. */
enum status log_file_open(const char *path, struct log_file **file, struct failure *f);

/* log_file_add adds a line, without its newline; from any thread. */
void log_file_add(struct log_file *file, struct slice line);

/* log_file_close writes what is there and frees it; nobody may be adding any more. */
void log_file_close(struct log_file *file);

#endif
