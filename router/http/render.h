/* router/http/render.h - addresses, the JSON of messages, and the parameters that several handlers read. */
#ifndef ROUTER_HTTP_RENDER_H
#define ROUTER_HTTP_RENDER_H

#include "router/http/exchange.h"

/* render_collection gives "/v2/queues" or "/v2/topics". */
struct slice render_collection(enum collection c);

/* render_queue_path gives /v2/queues/Q or /v2/topics/T, in a. */
struct slice render_queue_path(enum collection c, struct slice name, struct arena *a);

/* In what follows queue_path is that of the queue or topic that the message is in.
 *
 * render_message appends a message as lists, claims and single reads show it. */
void render_message(struct buffer *out, struct slice queue_path, const struct message *m,
                    int64_t now_ms);

/* render_messages appends "messages": [...] of them. */
void render_messages(struct buffer *out, struct slice queue_path, const struct message *list,
                     uint32_t n, int64_t now_ms);

/* render_age_s gives whole seconds since a moment, never less than 0. */
int64_t render_age_s(int64_t since_ms, int64_t now_ms);

/* render_message_path appends /v2/queues/Q/messages/ID. */
void render_message_path(struct buffer *out, struct slice queue_path, struct message_id id);

/* render_next_link appends the link to a list's next page. */
void render_next_link(struct buffer *out, struct slice href);

/* A page of a list whose marker is the name of its last item: what was asked for, to be said again. */
struct named_page {
    const char *path; /* of the list */
    struct optional_int limit;
    bool detailed, detailed_given;
};

/* take_page reads limit and detailed. False: one is wrong, and the exchange has ended. */
bool take_page(struct exchange *ex, struct named_page *page);

/* render_next appends the members of the list "links": a link behind the last item, or none behind an empty
 * page (the absent slice). */
void render_next(struct buffer *out, const struct named_page *page, struct slice last);

/* take_int and take_bool read a parameter. False: it is wrong, and the exchange has ended. */
bool take_int(struct exchange *ex, const char *name, struct optional_int *value);
bool take_bool(struct exchange *ex, const char *name, bool *value, bool *given);

#endif
