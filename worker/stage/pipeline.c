#include "worker/stage/pipeline.h"

#include "common/json.h"
#include "common/python_json.h"
#include "worker/stage/sealed.h"

enum { FIRST_OF_JSON = 0x09 }; /* no JSON text begins with a smaller byte */

/* is_marked tells of bytes that are no JSON, and not meant to be. On the way in the mark of encryption is
 * encryption's alone. */
static bool is_marked(struct slice body, const struct stage_message *m)
{
    return body.len > 0 && (unsigned char)body.p[0] < FIRST_OF_JSON &&
           (m->stored != NULL || !sealed_is(body));
}

/* pass has one stage look at a message. A body that a filter makes must be one: JSON, which *json then is, or
 * marked as what another leave undoes (json->raw absent). */
static enum stage_verdict pass(const struct stage *stage, stage_pass_fn *fn,
                               const struct stage_message *m, struct slice *body, bool *made,
                               struct json *json, struct arena *a, struct failure *why)
{
    struct slice before = *body;
    enum stage_verdict verdict;

    why->st = ST_OK;
    why->text[0] = '\0';
    *json = (struct json){.type = JSON_NULL};
    verdict = fn == NULL ? STAGE_PASS : fn(stage->state, m, body, a, why);
    *made = verdict == STAGE_PASS && stage->ops != &stage_encryption &&
            (body->p != before.p || body->len != before.len);
    if (!*made || is_marked(*body, m))
        return verdict;
    if (json_check(*body, json, NULL) == ST_OK)
        return verdict;
    fail(why, ST_REFUSED, "stage %s: it makes bodies that are no JSON", stage->name);
    return STAGE_REJECT;
}

enum stage_verdict pipeline_enter(const struct pipeline *p, const struct op *op,
                                  const struct new_message *posted, struct new_message *m,
                                  struct arena *a, struct failure *why)
{
    const struct stage_message shown = {
        .queue = &op->queue,
        .client = op->in.message_post.client,
        .ttl_s = posted->ttl_s,
        .delay_s = posted->delay_s,
        .encrypt = op->in.message_post.encrypt,
    };

    *m = *posted;
    for (size_t i = 0; i < p->n; i++) {
        struct json json;
        bool made;
        enum stage_verdict verdict =
            pass(&p->list[i], p->list[i].ops->enter, &shown, &m->body, &made, &json, a, why);

        if (verdict != STAGE_PASS)
            return verdict;
        if (made && json.raw.p != NULL && posted->checksum.len > 0)
            m->checksum = json.type == JSON_NULL ? SLICE("") : python_json_md5(json, a);
    }
    return STAGE_PASS;
}

enum stage_verdict pipeline_leave(const struct pipeline *p, const struct op *op,
                                  const struct message *stored, struct slice *body, struct arena *a,
                                  struct failure *why)
{
    const struct stage_message shown = {.queue = &op->queue, .stored = stored};

    *body = stored->body;
    for (size_t i = p->n; i > 0; i--) {
        struct json json;
        bool made;
        enum stage_verdict verdict =
            pass(&p->list[i - 1], p->list[i - 1].ops->leave, &shown, body, &made, &json, a, why);

        if (verdict != STAGE_PASS)
            return verdict;
    }
    if (body->len > 0 && (unsigned char)body->p[0] >= FIRST_OF_JSON)
        return STAGE_PASS;
    fail(why, ST_REFUSED, "a stage is missing that a body has passed on its way in");
    return STAGE_REJECT;
}
