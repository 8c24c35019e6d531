#include "common/log_file.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WAITING_BYTES = 1 << 20, /* more than a second of lines at full load */
    EVERY_MS = 100,
    TELL_EVERY_MS = 10000,
    MODE = 0640,
};

struct log_file {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows up to closing */
    pthread_cond_t wake;
    struct buffer waiting;
    uint64_t lost; /* lines that found no room */
    bool closing;
    /* of the thread: */
    char *path; /* NULL: stderr */
    int fd;
    struct buffer writing;
    bool torn;       /* the file ends within a line */
    uint64_t untold; /* lines lost since the log told of any */
    int told_errno;
    int64_t tell_mono_ms;
};

void log_file_add(struct log_file *file, struct slice line)
{
    pthread_mutex_lock(&file->lock);
    if (file->waiting.len + line.len + 1 > WAITING_BYTES) {
        file->lost++;
    } else {
        if (file->waiting.len == 0)
            pthread_cond_signal(&file->wake);
        buffer_add(&file->waiting, line);
        buffer_add_char(&file->waiting, '\n');
    }
    pthread_mutex_unlock(&file->lock);
}

/* ---- The thread ------------------------------------------------------------------------------- */

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE);
}

/* follow_path opens the file anew if another one, or none, has its name. */
static void follow_path(struct log_file *file)
{
    struct stat named, opened;
    int fd;

    if (file->path == NULL)
        return;
    if (file->fd >= 0 && stat(file->path, &named) == 0 && fstat(file->fd, &opened) == 0 &&
        named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
        return;
    fd = open_path(file->path);
    if (fd < 0)
        return; /* into the old one, then */
    if (file->fd >= 0)
        close(file->fd);
    file->fd = fd;
    file->torn = false;
}

static uint64_t count_lines(struct slice text)
{
    uint64_t n = 0;

    while (text.len > 0) {
        slice_cut(&text, '\n');
        n++;
    }
    return n;
}

/* put writes text and gives what could not be written; errno says why. */
static struct slice put(struct log_file *file, struct slice text)
{
    while (text.len > 0) {
        ssize_t n = write(file->fd, text.p, text.len);

        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            text = slice_from(text, (size_t)n);
    }
    return text;
}

static void write_out(struct log_file *file)
{
    struct slice rest = buffer_slice(&file->writing);

    follow_path(file);
    if (file->torn && put(file, SLICE("\n")).len == 0)
        file->torn = false;
    rest = put(file, rest);
    if (rest.len > 0) {
        file->told_errno = errno;
        file->untold += count_lines(rest);
        file->torn |= rest.len < file->writing.len && rest.p[-1] != '\n';
    }
    file->writing.len = 0;
}

static void tell(struct log_file *file, bool last)
{
    int64_t mono_ms = clock_mono_ms();

    if (file->untold == 0 || (mono_ms < file->tell_mono_ms && !last))
        return;
    log_warn("LOG-LINES-LOST", "file=\"%s\" lines=%llu reason=\"%s\"",
             file->path == NULL ? "stderr" : file->path, (unsigned long long)file->untold,
             file->told_errno == 0 ? "it takes them too slowly" : strerror(file->told_errno));
    file->untold = 0;
    file->told_errno = 0;
    file->tell_mono_ms = mono_ms + TELL_EVERY_MS;
}

/* gather waits for lines, a little longer for more of them, and takes them. False: it was the last time. */
static bool gather(struct log_file *file)
{
    struct buffer empty = file->writing;
    bool go_on;
    int64_t until_ms;

    pthread_mutex_lock(&file->lock);
    while (file->waiting.len == 0 && !file->closing)
        pthread_cond_wait(&file->wake, &file->lock);
    until_ms = clock_mono_ms() + EVERY_MS;
    while (!file->closing && clock_wait(&file->wake, &file->lock, until_ms))
        ;
    file->writing = file->waiting;
    file->waiting = empty;
    file->untold += file->lost;
    file->lost = 0;
    go_on = !file->closing;
    pthread_mutex_unlock(&file->lock);
    return go_on;
}

static void *work(void *arg)
{
    struct log_file *file = arg;
    bool go_on;

    do {
        go_on = gather(file);
        write_out(file);
        tell(file, !go_on);
    } while (go_on);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------- */

enum status log_file_open(const char *path, struct log_file **out, struct failure *f)
{
    bool is_stderr = strcmp(path, "stderr") == 0;
    int fd = is_stderr ? STDERR_FILENO : open_path(path);
    struct log_file *file;

    if (fd < 0)
        return fail(f, ST_UNAVAILABLE, "%s: %s", path, strerror(errno));
    file = mem_zalloc(sizeof(*file));
    file->path = is_stderr ? NULL : mem_strdup(slice_of(path));
    file->fd = fd;
    pthread_mutex_init(&file->lock, NULL);
    pthread_cond_init(&file->wake, NULL);
    if (pthread_create(&file->thread, NULL, work, file) != 0)
        abort(); /* no threads at start: as hopeless as no memory */
    pthread_setname_np(file->thread, "log-file");
    *out = file;
    return ST_OK;
}

void log_file_close(struct log_file *file)
{
    pthread_mutex_lock(&file->lock);
    file->closing = true;
    pthread_cond_signal(&file->wake);
    pthread_mutex_unlock(&file->lock);
    pthread_join(file->thread, NULL);
    if (file->path != NULL)
        close(file->fd);
    pthread_cond_destroy(&file->wake);
    pthread_mutex_destroy(&file->lock);
    buffer_fini(&file->waiting);
    buffer_fini(&file->writing);
    free(file->path);
    free(file);
}
