#include "common/mailbox.h"

#include "common/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t lock; /* guards head and tail; never held during delivery */
    struct mail *head, **tail;
    int fd; /* readable while there is mail */
};

struct mailbox *mailbox_new(void)
{
    struct mailbox *box = mem_zalloc(sizeof(*box));

    pthread_mutex_init(&box->lock, NULL);
    box->tail = &box->head;
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->fd < 0) {
        perror("nusku: eventfd");
        abort();
    }
    return box;
}

void mailbox_free(struct mailbox *box)
{
    if (box == NULL)
        return;
    close(box->fd);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

int mailbox_fd(const struct mailbox *box)
{
    return box->fd;
}

void mailbox_post(struct mailbox *box, struct mail *m)
{
    bool first;

    m->next = NULL;
    pthread_mutex_lock(&box->lock);
    first = box->head == NULL;
    *box->tail = m;
    box->tail = &m->next;
    if (first) {
        uint64_t one = 1;
        ssize_t n = write(box->fd, &one, sizeof(one));

        (void)n; /* an eventfd that is not drained holds far below its limit: this cannot fail */
    }
    pthread_mutex_unlock(&box->lock);
}

/* take takes the oldest mails out, at most that many. */
static struct mail *take(struct mailbox *box, size_t most)
{
    struct mail *first, **end = &box->head;
    uint64_t count;
    ssize_t n;

    pthread_mutex_lock(&box->lock);
    while (*end != NULL && most-- > 0)
        end = &(*end)->next;
    first = box->head;
    if (*end == NULL) {
        n = read(box->fd, &count, sizeof(count)); /* EAGAIN: there was none */
        (void)n;
        box->head = NULL;
        box->tail = &box->head;
    } else {
        box->head = *end;
        *end = NULL;
    }
    pthread_mutex_unlock(&box->lock);
    return first;
}

static void deliver(struct mail *m)
{
    while (m != NULL) {
        struct mail *next = m->next;

        m->deliver(m);
        m = next;
    }
}

void mailbox_turn(struct mailbox *box)
{
    deliver(take(box, MAILBOX_TURN));
}

void mailbox_drain(struct mailbox *box)
{
    deliver(take(box, SIZE_MAX));
}
