/* common/status.h - the one vocabulary of outcomes, from a store's reply up to the HTTP status.
 *
 * The numbers travel on the wire (common/wire.md): append, never renumber, never reuse one.
 */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#define STATUS_MAP(X)                                                                              \
    X(OK, 0, "done")                                                                               \
    X(NOT_FOUND, 1, "no such queue, message, claim or record")                                     \
    X(CONFLICT, 2, "it exists already, or was changed meanwhile")                                  \
    X(INVALID, 3, "the request breaks a rule of the API")                                          \
    X(UNAVAILABLE, 4, "a back end or worker cannot be reached")                                    \
    X(TIMEOUT, 5, "no answer by the deadline; it may have happened")                               \
    X(OVERLOADED, 6, "too many operations are outstanding")                                        \
    X(INTERNAL, 7, "a bug of ours, or data damaged at rest")                                       \
    X(CLAIMED, 8, "the message is under a claim that was not named")                               \
    X(NOT_CLAIMED, 9, "a claim was named, but the message is not claimed")                         \
    X(CLAIM_GONE, 10, "the claim that was named is unknown or has expired")                        \
    X(QUEUE_GONE, 11, "this life of the queue has ended: look it up again")                        \
    X(REFUSED, 12, "a back end is reached, but refuses, or answers what it never should")          \
    X(FULL, 13, "there are as many as there may be")                                               \
    X(REJECTED, 14, "a message filter takes exception to a message: its reason is for the client")

enum status {
#define STATUS_ENUM(name, number, text) ST_##name = number,
    STATUS_MAP(STATUS_ENUM)
#undef STATUS_ENUM
};

/* STATUS_NUMBERS is how many there are: 0 to one less. */
#define STATUS_ONE(name, number, text) +1
enum { STATUS_NUMBERS = 0 STATUS_MAP(STATUS_ONE) };
#undef STATUS_ONE

enum { FAILURE_TEXT_BYTES = 240 };

/* struct failure says why, once, where it was first known, and travels with the operation. */
struct failure {
    enum status st;
    char text[FAILURE_TEXT_BYTES]; /* for the log and the operator: no secrets, no bodies */
};

/* fail fills f (NULL is allowed) and returns st: `return fail(f, ST_INVALID, "ttl %d", ttl_s);`.
 * A text that does not fit is cut. */
enum status fail(struct failure *f, enum status st, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* status_name returns "NOT_FOUND" and the like, "?" for a number from a newer peer. Never NULL. */
const char *status_name(enum status st);

/* status_text returns the sentence of the table above, "?" for an unknown number. Never NULL. */
const char *status_text(enum status st);

/* status_known tells whether a number from outside is one of ours. */
int status_known(long long number);

#endif
