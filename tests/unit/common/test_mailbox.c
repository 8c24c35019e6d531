/* tests/unit/common/test_mailbox.c - how other threads hand things to an event loop. */
#include "tests/support/cmocka_all.h"

#include "common/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

enum { SENDERS = 4, MAILS = 5000, PATIENCE_MS = 20000 };

struct letter {
    struct mail mail; /* first */
    unsigned sender, number;
};

/* What has come, as the receiving thread sees it. */
static unsigned delivered, next_of[SENDERS], out_of_order;

static void on_letter(struct mail *m)
{
    struct letter *l = (struct letter *)m;

    if (l->number != next_of[l->sender])
        out_of_order++;
    next_of[l->sender] = l->number + 1;
    delivered++;
    free(l); /* ours again: nothing may touch it after deliver */
}

static struct letter *letter_new(unsigned sender, unsigned number)
{
    struct letter *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->mail.deliver = on_letter;
    l->sender = sender;
    l->number = number;
    return l;
}

static bool readable(const struct mailbox *box, int timeout_ms)
{
    struct pollfd p = {.fd = mailbox_fd(box), .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN) != 0;
}

static int begin(void **state)
{
    delivered = out_of_order = 0;
    memset(next_of, 0, sizeof(next_of));
    *state = mailbox_new();
    return 0;
}

static int end(void **state)
{
    mailbox_free(*state);
    return 0;
}

struct sender {
    pthread_t thread;
    struct mailbox *box;
    unsigned number;
};

static void *post_all(void *arg)
{
    struct sender *s = arg;

    for (unsigned i = 0; i < MAILS; i++) {
        struct letter *l = calloc(1, sizeof(*l));

        if (l == NULL)
            abort();
        *l = (struct letter){{.deliver = on_letter}, s->number, i};
        mailbox_post(s->box, &l->mail);
    }
    return NULL;
}

static void test_mailbox_delivers_all_mail_of_several_threads_in_their_order(void **state)
{
    struct sender senders[SENDERS];

    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].box = *state;
        senders[i].number = i;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, post_all, &senders[i]), 0);
    }
    while (delivered < SENDERS * MAILS && readable(*state, PATIENCE_MS))
        mailbox_turn(*state);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(delivered, SENDERS * MAILS);
    assert_int_equal(out_of_order, 0);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(next_of[i], MAILS);
    assert_false(readable(*state, 0));
}

static void test_mailbox_is_readable_while_there_is_mail(void **state)
{
    assert_false(readable(*state, 0));
    mailbox_post(*state, &letter_new(0, 0)->mail);
    assert_true(readable(*state, 0));
    mailbox_post(*state, &letter_new(0, 1)->mail);
    assert_true(readable(*state, 0));
    assert_true(readable(*state, 0)); /* looking takes nothing away */
    mailbox_drain(*state);
    assert_int_equal(delivered, 2);
    assert_int_equal(out_of_order, 0);
    assert_false(readable(*state, 0));
    mailbox_post(*state, &letter_new(0, 2)->mail);
    assert_true(readable(*state, 0));
    mailbox_drain(*state);
    assert_int_equal(delivered, 3);
}

static void test_mailbox_drain_of_nothing_does_nothing_and_does_not_wait(void **state)
{
    mailbox_drain(*state);
    mailbox_drain(*state);
    assert_int_equal(delivered, 0);
    assert_false(readable(*state, 0));
}

struct returning {
    struct mail mail; /* first */
    struct mailbox *box;
    unsigned times;
};

static void on_returning(struct mail *m)
{
    struct returning *r = (struct returning *)m;

    r->times++;
    mailbox_post(r->box, m);
}

/* However much has come at once, a loop gets to its other work in between. */
static void test_mailbox_turn_is_bounded_and_the_rest_keeps_it_readable(void **state)
{
    enum { MANY = 2 * MAILBOX_TURN + 1 };

    for (unsigned i = 0; i < MANY; i++)
        mailbox_post(*state, &letter_new(0, i)->mail);
    mailbox_turn(*state);
    assert_int_equal(delivered, MAILBOX_TURN);
    assert_true(readable(*state, 0));
    mailbox_post(*state, &letter_new(0, MANY)->mail); /* behind those that wait */
    mailbox_turn(*state);
    mailbox_turn(*state);
    assert_int_equal(delivered, MANY + 1);
    assert_int_equal(out_of_order, 0);
    assert_false(readable(*state, 0));
}

static void test_mailbox_turn_of_just_as_many_leaves_nothing(void **state)
{
    for (unsigned i = 0; i < MAILBOX_TURN; i++)
        mailbox_post(*state, &letter_new(0, i)->mail);
    mailbox_turn(*state);
    assert_int_equal(delivered, MAILBOX_TURN);
    assert_false(readable(*state, 0));
    mailbox_post(*state, &letter_new(0, MAILBOX_TURN)->mail);
    assert_true(readable(*state, 0));
    mailbox_turn(*state);
    assert_int_equal(delivered, MAILBOX_TURN + 1);
    assert_int_equal(out_of_order, 0);
}

static void test_mailbox_drain_delivers_all_at_once(void **state)
{
    for (unsigned i = 0; i < 5 * MAILBOX_TURN; i++)
        mailbox_post(*state, &letter_new(0, i)->mail);
    mailbox_drain(*state);
    assert_int_equal(delivered, 5 * MAILBOX_TURN);
    assert_false(readable(*state, 0));
}

/* A loop that drains must come to an end, whatever its mail does. */
static void test_mailbox_drain_leaves_what_is_posted_meanwhile_to_the_next(void **state)
{
    struct returning r = {.mail.deliver = on_returning, .box = *state};

    mailbox_post(*state, &r.mail);
    for (unsigned i = 1; i <= 3; i++) {
        mailbox_drain(*state);
        assert_int_equal(r.times, i);
        assert_true(readable(*state, 0));
    }
}

static void test_mailbox_free_forgets_what_was_not_drained(void **state)
{
    struct mailbox *box = mailbox_new();
    struct letter *l = letter_new(0, 0);

    (void)state;
    mailbox_post(box, &l->mail);
    mailbox_free(box);
    assert_int_equal(delivered, 0);
    free(l);
    mailbox_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_mailbox_delivers_all_mail_of_several_threads_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(test_mailbox_is_readable_while_there_is_mail, begin, end),
        cmocka_unit_test_setup_teardown(
            test_mailbox_drain_of_nothing_does_nothing_and_does_not_wait, begin, end),
        cmocka_unit_test_setup_teardown(
            test_mailbox_drain_leaves_what_is_posted_meanwhile_to_the_next, begin, end),
        cmocka_unit_test_setup_teardown(test_mailbox_turn_is_bounded_and_the_rest_keeps_it_readable,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_mailbox_turn_of_just_as_many_leaves_nothing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_mailbox_drain_delivers_all_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_mailbox_free_forgets_what_was_not_drained, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
