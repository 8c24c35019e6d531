#include "common/wire.h"

#include <assert.h>
#include <msgpack.h>

static int write_to_buffer(void *data, const char *bytes, size_t len)
{
    buffer_add(data, (struct slice){bytes, len});
    return 0;
}

static void pack_bin(msgpack_packer *p, const void *bytes, size_t len)
{
    msgpack_pack_bin(p, len);
    msgpack_pack_bin_body(p, bytes, len);
}

static void pack_slice(msgpack_packer *p, struct slice s)
{
    pack_bin(p, s.p, s.len);
}

static void pack_text(msgpack_packer *p, struct slice s)
{
    msgpack_pack_str(p, s.len);
    msgpack_pack_str_body(p, s.p, s.len);
}

static void pack_id(msgpack_packer *p, struct message_id id)
{
    msgpack_pack_uint64(p, id.epoch);
    msgpack_pack_uint64(p, id.seq);
}

static void pack_claim(msgpack_packer *p, const struct claim_id *id)
{
    pack_bin(p, id->bytes, sizeof(id->bytes));
}

/* Wall times are positive here: 1970 has passed. */
static void pack_ms(msgpack_packer *p, int64_t ms)
{
    msgpack_pack_uint64(p, ms < 0 ? 0 : (uint64_t)ms);
}

void wire_add_header(struct buffer *b, const struct wire_header *h)
{
    msgpack_packer p;

    msgpack_packer_init(&p, b, write_to_buffer);
    msgpack_pack_array(&p, 3);
    msgpack_pack_uint32(&p, h->version);
    pack_ms(&p, h->sent_ms);
    msgpack_pack_uint64(&p, h->sequence);
}

enum { OP_MEMBERS = 9 }; /* number … epoch, before the arguments */

static size_t argument_count(const struct op *op)
{
    switch (op->code) {
    case OP_message_post:
        return 1 + (size_t)op->in.message_post.encrypt + op->in.message_post.n;
    case OP_message_list:
        return 5;
    case OP_message_get:
        return 2 * (size_t)op->in.message_get.n;
    case OP_message_delete:
        return 2 + 2 * (size_t)op->in.message_delete.n;
    case OP_message_pop:
        return 1;
    case OP_claim_create:
        return 4;
    case OP_claim_get:
    case OP_claim_release:
    case OP_pool_probe:
        return 1;
    case OP_claim_renew:
        return 3;
    case OP_queue_purge:
        return 1;
    case OP_queue_stats:
    case OP_queue_drop:
    case OP_store_ping:
        return 0;
    case OP_subscription_put:
        return 4;
    case OP_subscription_list:
    case OP_subscription_confirm:
        return 3;
    case OP_subscription_get:
    case OP_subscription_delete:
        return 2;
    case OP_subscription_update:
        return 5;
    }
    assert(0 && "an operation without a wire form");
    return 0;
}

static void pack_posted(msgpack_packer *p, const struct op *op)
{
    pack_slice(p, op->in.message_post.client);
    if (op->in.message_post.encrypt)
        msgpack_pack_uint32(p, WIRE_POST_ENCRYPT);
    for (uint32_t i = 0; i < op->in.message_post.n; i++) {
        const struct new_message *m = &op->in.message_post.messages[i];

        msgpack_pack_array(p, 4);
        msgpack_pack_uint32(p, m->ttl_s);
        msgpack_pack_uint32(p, m->delay_s);
        pack_text(p, m->checksum);
        pack_slice(p, m->body);
    }
}

static void pack_listing(msgpack_packer *p, const struct op *op)
{
    unsigned flags = (op->in.message_list.echo ? 1u : 0) |
                     (op->in.message_list.include_claimed ? 2u : 0) |
                     (op->in.message_list.include_delayed ? 4u : 0);

    pack_slice(p, op->in.message_list.client);
    pack_id(p, op->in.message_list.after);
    msgpack_pack_uint32(p, op->in.message_list.limit);
    msgpack_pack_uint32(p, flags);
}

static void pack_deletion(msgpack_packer *p, const struct op *op)
{
    msgpack_pack_uint32(p, op->in.message_delete.rule);
    msgpack_pack_array(p, op->in.message_delete.claims_n);
    for (uint32_t i = 0; i < op->in.message_delete.claims_n; i++)
        pack_claim(p, &op->in.message_delete.claims[i]);
    for (uint32_t i = 0; i < op->in.message_delete.n; i++)
        pack_id(p, op->in.message_delete.ids[i]);
}

static void pack_claiming(msgpack_packer *p, const struct op *op)
{
    const struct dead_letter *dead = &op->in.claim_create.dead_letter;

    msgpack_pack_uint32(p, op->in.claim_create.limit);
    msgpack_pack_uint32(p, op->in.claim_create.ttl_s);
    msgpack_pack_uint32(p, op->in.claim_create.grace_s);
    if (!dead->active) {
        msgpack_pack_nil(p);
        return;
    }
    msgpack_pack_array(p, 5);
    msgpack_pack_uint64(p, (uint64_t)dead->max_count);
    msgpack_pack_uint32(p, dead->ttl_s);
    pack_slice(p, dead->target.project);
    pack_text(p, dead->target.name);
    msgpack_pack_uint64(p, dead->target.epoch);
}

static void pack_bool(msgpack_packer *p, bool b)
{
    if (b)
        msgpack_pack_true(p);
    else
        msgpack_pack_false(p);
}

static void pack_new_subscription(msgpack_packer *p, const struct op *op)
{
    msgpack_pack_uint32(p, op->in.subscription_put.most);
    msgpack_pack_uint64(p, (uint64_t)op->in.subscription_put.ttl_s);
    pack_slice(p, op->in.subscription_put.subscriber);
    pack_slice(p, op->in.subscription_put.options);
}

static void pack_subscription_update(msgpack_packer *p, const struct op *op)
{
    pack_id(p, op->in.subscription_update.id);
    msgpack_pack_uint64(p, (uint64_t)op->in.subscription_update.ttl_s);
    pack_slice(p, op->in.subscription_update.subscriber);
    pack_slice(p, op->in.subscription_update.options);
}

static void pack_arguments(msgpack_packer *p, const struct op *op)
{
    switch (op->code) {
    case OP_message_post:
        pack_posted(p, op);
        break;
    case OP_message_list:
        pack_listing(p, op);
        break;
    case OP_message_get:
        for (uint32_t i = 0; i < op->in.message_get.n; i++)
            pack_id(p, op->in.message_get.ids[i]);
        break;
    case OP_message_delete:
        pack_deletion(p, op);
        break;
    case OP_message_pop:
        msgpack_pack_uint32(p, op->in.message_pop.limit);
        break;
    case OP_claim_create:
        pack_claiming(p, op);
        break;
    case OP_claim_get:
        pack_claim(p, &op->in.claim_get.id);
        break;
    case OP_claim_release:
        pack_claim(p, &op->in.claim_release.id);
        break;
    case OP_claim_renew:
        pack_claim(p, &op->in.claim_renew.id);
        msgpack_pack_uint32(p, op->in.claim_renew.ttl_s);
        msgpack_pack_uint32(p, op->in.claim_renew.grace_s);
        break;
    case OP_pool_probe:
        pack_slice(p, op->in.pool_probe.uri);
        break;
    case OP_queue_purge:
        msgpack_pack_uint32(p, op->in.queue_purge.what);
        break;
    case OP_subscription_put:
        pack_new_subscription(p, op);
        break;
    case OP_subscription_list:
        pack_id(p, op->in.subscription_list.after);
        msgpack_pack_uint32(p, op->in.subscription_list.limit);
        break;
    case OP_subscription_get:
        pack_id(p, op->in.subscription_get.id);
        break;
    case OP_subscription_update:
        pack_subscription_update(p, op);
        break;
    case OP_subscription_delete:
        pack_id(p, op->in.subscription_delete.id);
        break;
    case OP_subscription_confirm:
        pack_id(p, op->in.subscription_confirm.id);
        pack_bool(p, op->in.subscription_confirm.confirmed);
        break;
    case OP_queue_stats:
    case OP_queue_drop:
    case OP_store_ping:
        break;
    }
}

void wire_add_op(struct buffer *b, const struct wire_op *w, const struct op *op)
{
    msgpack_packer p;

    msgpack_packer_init(&p, b, write_to_buffer);
    msgpack_pack_array(&p, OP_MEMBERS + argument_count(op));
    msgpack_pack_uint64(&p, w->number);
    msgpack_pack_uint32(&p, op->code);
    msgpack_pack_uint32(&p, w->left_ms);
    pack_bool(&p, op->again);
    pack_bin(&p, op->key.bytes, op_changes(op->code) ? sizeof(op->key.bytes) : 0);
    pack_text(&p, op->queue.pool);
    pack_slice(&p, op->queue.project);
    pack_text(&p, op->queue.name);
    msgpack_pack_uint64(&p, op->queue.epoch);
    pack_arguments(&p, op);
}

enum { OUTCOME_MEMBERS = 4 }; /* number … store_now_ms, before the result */

static void pack_message(msgpack_packer *p, const struct message *m)
{
    msgpack_pack_array(p, 9);
    pack_id(p, m->id);
    msgpack_pack_uint64(p, m->seq);
    pack_ms(p, m->created_ms);
    pack_ms(p, m->expires_ms);
    msgpack_pack_uint32(p, m->claim_count);
    if (m->claimed)
        pack_claim(p, &m->claim_id);
    else
        msgpack_pack_nil(p);
    pack_text(p, m->checksum);
    pack_slice(p, m->body);
}

static void pack_subscription(msgpack_packer *p, const struct subscription *s)
{
    msgpack_pack_array(p, 7);
    pack_id(p, s->id);
    pack_ms(p, s->since_ms);
    msgpack_pack_uint64(p, (uint64_t)s->ttl_s);
    pack_bool(p, s->confirmed);
    pack_slice(p, s->subscriber);
    pack_slice(p, s->options);
}

static size_t result_count(const struct op *op)
{
    switch (op->code) {
    case OP_message_post:
        return 2 * (size_t)op->out.message_post.n;
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        return 2 + (size_t)op->out.messages.n;
    case OP_queue_stats:
        return op->out.queue_stats.any ? 8 : 2;
    case OP_subscription_put:
        return 4;
    case OP_subscription_list:
    case OP_subscription_get:
        return op->out.subscriptions.n;
    case OP_pool_probe:
        return 1;
    default:
        return 0;
    }
}

static void pack_result(msgpack_packer *p, const struct op *op)
{
    switch (op->code) {
    case OP_message_post:
        for (uint32_t i = 0; i < op->out.message_post.n; i++)
            pack_id(p, op->out.message_post.ids[i]);
        break;
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        pack_ms(p, op->out.messages.claim_created_ms);
        msgpack_pack_uint32(p, op->out.messages.claim_ttl_s);
        for (uint32_t i = 0; i < op->out.messages.n; i++)
            pack_message(p, &op->out.messages.list[i]);
        break;
    case OP_queue_stats:
        msgpack_pack_uint64(p, op->out.queue_stats.claimed);
        msgpack_pack_uint64(p, op->out.queue_stats.free);
        if (op->out.queue_stats.any) {
            pack_id(p, op->out.queue_stats.oldest);
            pack_ms(p, op->out.queue_stats.oldest_created_ms);
            pack_id(p, op->out.queue_stats.newest);
            pack_ms(p, op->out.queue_stats.newest_created_ms);
        }
        break;
    case OP_subscription_put:
        pack_id(p, op->out.subscription_put.id);
        pack_bool(p, op->out.subscription_put.existed);
        pack_bool(p, op->out.subscription_put.confirmed);
        break;
    case OP_subscription_list:
    case OP_subscription_get:
        for (uint32_t i = 0; i < op->out.subscriptions.n; i++)
            pack_subscription(p, &op->out.subscriptions.list[i]);
        break;
    case OP_pool_probe:
        msgpack_pack_uint32(p, op->out.pool_probe.capabilities);
        break;
    default:
        break;
    }
}

void wire_add_outcome(struct buffer *b, uint64_t number, const struct op *op)
{
    msgpack_packer p;

    msgpack_packer_init(&p, b, write_to_buffer);
    msgpack_pack_array(&p, OUTCOME_MEMBERS + (op->st == ST_OK ? result_count(op) : 1));
    msgpack_pack_uint64(&p, number);
    msgpack_pack_uint32(&p, op->code);
    msgpack_pack_uint32(&p, op->st);
    pack_ms(&p, op->now_ms);
    if (op->st == ST_OK)
        pack_result(&p, op);
    else
        pack_text(&p, slice_of(op->f.text));
}
