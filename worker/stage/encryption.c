/* The stage "encryption": bodies of queues with _enable_encrypt_messages are encrypted at rest. What was
 * encrypted is decrypted whatever the queue says now. */
#include "worker/stage.h"
#include "worker/stage/sealed.h"

#include "common/mem.h"

#include <stdlib.h>

struct encryption {
    struct keyring keys;
    struct sealer *sealer;
};

/* argument: [transport] message_encryption_keys. */
static enum status encryption_open(const struct host_calls *host, struct slice argument,
                                   void **state, struct failure *f)
{
    struct encryption *e = mem_zalloc(sizeof(*e));
    enum status st = keyring_read(argument, &e->keys, f);

    (void)host;
    if (st != ST_OK) {
        free(e);
        return st;
    }
    e->sealer = sealer_new();
    *state = e;
    return ST_OK;
}

static void encryption_close(void *state)
{
    struct encryption *e = state;

    sealer_free(e->sealer);
    keyring_wipe(&e->keys);
    free(e);
}

static enum stage_verdict encryption_enter(void *state, const struct stage_message *m,
                                           struct slice *body, struct arena *a, struct failure *why)
{
    struct encryption *e = state;

    if (!m->encrypt)
        return STAGE_PASS;
    if (e->keys.n == 0) {
        fail(why, ST_REFUSED, "this worker has no key to encrypt with");
        return STAGE_REJECT;
    }
    *body = seal(e->sealer, &e->keys.list[0], m->queue->project, *body, a);
    return STAGE_PASS;
}

static enum stage_verdict encryption_leave(void *state, const struct stage_message *m,
                                           struct slice *body, struct arena *a, struct failure *why)
{
    struct encryption *e = state;

    if (!sealed_is(*body) ||
        unseal(e->sealer, &e->keys, m->queue->project, *body, body, a, why) == ST_OK)
        return STAGE_PASS;
    return STAGE_REJECT;
}

const struct stage_ops stage_encryption = {
    .abi = STAGE_ABI,
    .open = encryption_open,
    .close = encryption_close,
    .enter = encryption_enter,
    .leave = encryption_leave,
};
