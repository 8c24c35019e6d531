/* tests/support/store_fixture.h - a store on a loop of its own, with a clock that tests move.
 *
 * Each call runs the loop until its operation is done and copies the outcome, so that tests read like
 * blocking code. */
#ifndef TESTS_SUPPORT_STORE_FIXTURE_H
#define TESTS_SUPPORT_STORE_FIXTURE_H

#include "common/arena.h"
#include "worker/store.h"

struct fixture {
    uv_loop_t loop;
    uv_poll_t mail;
    struct mailbox *mailbox;
    struct store_host host;
    struct store *store;
    struct arena arena;     /* of outcomes and arguments; released with the fixture */
    struct queue_ref queue; /* a new one for each test */
};

/* fixture_open opens the store of the URI; fixture_close closes it and drains the loop. */
void fixture_open(struct fixture *fx, const char *uri);
void fixture_close(struct fixture *fx);

/* The clock of all fixtures, ms. It stands still until a test moves it. */
int64_t fixture_now_ms(void);
void fixture_advance_ms(int64_t ms);

/* fixture_new_queue gives a queue that nobody has used: an epoch of its own. */
struct queue_ref fixture_new_queue(const char *name);

/* fixture_run carries out op and returns its status. */
enum status fixture_run(struct fixture *fx, struct op *op);

/* fixture_run_all submits all operations in one turn of the loop. */
void fixture_run_all(struct fixture *fx, struct op *ops, size_t n);

/* Operations on fx->queue. What fails the test is anything but ST_OK, unless a status is returned. */
struct message_id fixture_post(struct fixture *fx, const char *client, const char *body,
                               uint32_t ttl_s, uint32_t delay_s);

struct list {
    const struct message *m;
    uint32_t n;
};

enum { WITH_OWN = 1, WITH_CLAIMED = 2, WITH_DELAYED = 4 };
struct list fixture_list(struct fixture *fx, const char *client, struct message_id after,
                         uint32_t limit, unsigned flags);
struct list fixture_get(struct fixture *fx, const struct message_id *ids, uint32_t n);
struct list fixture_pop(struct fixture *fx, uint32_t limit);
struct list fixture_claim(struct fixture *fx, struct claim_id id, uint32_t limit, uint32_t ttl_s,
                          uint32_t grace_s);
enum status fixture_claim_get(struct fixture *fx, struct claim_id id, struct op *op);
enum status fixture_renew(struct fixture *fx, struct claim_id id, uint32_t ttl_s, uint32_t grace_s);
void fixture_release(struct fixture *fx, struct claim_id id);
enum status fixture_delete(struct fixture *fx, enum delete_rule rule, struct message_id id,
                           const struct claim_id *claim);
void fixture_purge(struct fixture *fx, unsigned what);
void fixture_simple(struct fixture *fx, enum op_code code); /* drop, ping */
struct op fixture_stats(struct fixture *fx);

#endif
