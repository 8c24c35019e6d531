/* common/mailbox.h - how other threads hand things to an event loop.
 *
 * Many threads post, one loop takes. The loop polls mailbox_fd for reading (level-triggered) and then
 * calls mailbox_turn. Used for everything that happens off the loop: nng's pipe events, finished
 * catalog calls, finished operations of blocking stores.
 */
#ifndef COMMON_MAILBOX_H
#define COMMON_MAILBOX_H

struct mail {
    struct mail *next;               /* private */
    void (*deliver)(struct mail *m); /* runs on the loop; m is the receiver's again */
};

struct mailbox;

struct mailbox *mailbox_new(void);

/* mailbox_free forgets mail that was not drained; nobody may post any more. */
void mailbox_free(struct mailbox *box);

int mailbox_fd(const struct mailbox *box);

/* mailbox_post may be called from any thread, takes m until it is delivered, and never blocks. The
 * number of mails is bounded by their senders: each mail is embedded in something bounded. */
void mailbox_post(struct mailbox *box, struct mail *m);

/* mailbox_turn delivers, in the order of posting, what has come before the call, but no more than
 * MAILBOX_TURN: the rest leaves the mailbox readable, so that a loop gets to its other work between. */
enum { MAILBOX_TURN = 32 };
void mailbox_turn(struct mailbox *box);

/* mailbox_drain delivers all that has come before the call, for when no other turn may come. */
void mailbox_drain(struct mailbox *box);

#endif
