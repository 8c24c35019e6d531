/* hiredis on libuv's loop. The adapter that comes with hiredis ignores errors on a descriptor, so a
 * connection that is refused or reset would go unnoticed until it has been silent for too long. */
#include "worker/store/redis/redis.h"

#include "common/mem.h"

#include <stdlib.h>

struct attachment {
    uv_poll_t poll;
    redisAsyncContext *ac; /* NULL once hiredis has let go */
    int events;
};

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct attachment *t)
{
    if (t->events != 0)
        uv_poll_start(&t->poll, t->events, on_event);
    else
        uv_poll_stop(&t->poll);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct attachment *t = poll->data;

    if (status != 0)
        events = UV_READABLE; /* reading tells what is wrong */
    if (t->ac != NULL && (events & UV_READABLE) != 0)
        redisAsyncHandleRead(t->ac);
    if (t->ac != NULL && (events & UV_WRITABLE) != 0)
        redisAsyncHandleWrite(t->ac);
    if (t->ac != NULL && status != 0)
        watch(t); /* nothing was wrong, but libuv has stopped */
}

static void add_read(void *attachment)
{
    struct attachment *t = attachment;

    t->events |= UV_READABLE;
    watch(t);
}

static void del_read(void *attachment)
{
    struct attachment *t = attachment;

    t->events &= ~UV_READABLE;
    watch(t);
}

static void add_write(void *attachment)
{
    struct attachment *t = attachment;

    t->events |= UV_WRITABLE;
    watch(t);
}

static void del_write(void *attachment)
{
    struct attachment *t = attachment;

    t->events &= ~UV_WRITABLE;
    watch(t);
}

static void on_closed(uv_handle_t *poll)
{
    free(poll->data);
}

static void cleanup(void *attachment)
{
    struct attachment *t = attachment;

    t->ac = NULL;
    uv_close((uv_handle_t *)&t->poll, on_closed);
}

bool redis_attach(redisAsyncContext *ac, uv_loop_t *loop)
{
    struct attachment *t = mem_zalloc(sizeof(*t));

    if (uv_poll_init(loop, &t->poll, ac->c.fd) != 0) {
        free(t);
        return false;
    }
    t->poll.data = t;
    t->ac = ac;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
    ac->ev.data = t;
    return true;
}
