#include "common/wire.h"

#include <msgpack.h>

/* A list of MessagePack values being read off. The first thing that is wrong sets bad; reading then
 * goes on with zeros, and whoever began looks at bad once, at the end. */
struct items {
    const msgpack_object *next;
    size_t left;
    bool bad;
};

static const msgpack_object *take(struct items *it)
{
    if (it->left == 0) {
        it->bad = true;
        return NULL;
    }
    it->left--;
    return it->next++;
}

static uint64_t take_uint(struct items *it, uint64_t most)
{
    const msgpack_object *o = take(it);

    if (o == NULL || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > most) {
        it->bad = true;
        return 0;
    }
    return o->via.u64;
}

static uint32_t take_u32(struct items *it)
{
    return (uint32_t)take_uint(it, UINT32_MAX);
}

static bool take_bool(struct items *it)
{
    const msgpack_object *o = take(it);

    if (o == NULL || o->type != MSGPACK_OBJECT_BOOLEAN) {
        it->bad = true;
        return false;
    }
    return o->via.boolean;
}

static int64_t take_ms(struct items *it)
{
    return (int64_t)take_uint(it, INT64_MAX);
}

static struct slice bytes_of(struct items *it, const msgpack_object *o)
{
    if (o != NULL && o->type == MSGPACK_OBJECT_BIN)
        return (struct slice){o->via.bin.ptr, o->via.bin.size};
    if (o != NULL && o->type == MSGPACK_OBJECT_STR)
        return (struct slice){o->via.str.ptr, o->via.str.size};
    it->bad = true;
    return SLICE("");
}

static struct slice take_bytes(struct items *it)
{
    return bytes_of(it, take(it));
}

static struct items take_array(struct items *it)
{
    const msgpack_object *o = take(it);

    if (o == NULL || o->type != MSGPACK_OBJECT_ARRAY) {
        it->bad = true;
        return (struct items){0};
    }
    return (struct items){.next = o->via.array.ptr, .left = o->via.array.size};
}

static bool is_uint(const struct items *it)
{
    return it->left > 0 && it->next->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
}

static bool is_nil(const struct items *it)
{
    return it->left > 0 && it->next->type == MSGPACK_OBJECT_NIL;
}

static struct message_id take_id(struct items *it)
{
    struct message_id id;

    id.epoch = take_uint(it, MESSAGE_NUMBER_MAX);
    id.seq = take_uint(it, MESSAGE_NUMBER_MAX);
    return id;
}

static struct claim_id take_claim(struct items *it)
{
    struct slice bytes = take_bytes(it);
    struct claim_id id = {{0}};

    if (bytes.len == sizeof(id.bytes))
        memcpy(id.bytes, bytes.p, sizeof(id.bytes));
    else
        it->bad = true;
    return id;
}

/* take_ids reads all that is left as pairs, at most most of them. */
static const struct message_id *take_ids(struct items *it, size_t most, uint32_t *n,
                                         struct arena *a)
{
    struct message_id *ids;

    if (it->left % 2 != 0 || it->left / 2 > most) {
        it->bad = true;
        *n = 0;
        return NULL;
    }
    *n = (uint32_t)(it->left / 2);
    ids = arena_alloc(a, *n * sizeof(*ids));
    for (uint32_t i = 0; i < *n; i++)
        ids[i] = take_id(it);
    return ids;
}

static uint64_t big_endian(const char *p, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | (unsigned char)p[i];
    return n;
}

/* head_of tells of the value that begins at p how many bytes its head has (of at most left), how many
 * follow that are no values, and how many values. */
static bool head_of(const char *p, size_t left, size_t *head, uint64_t *bytes, uint64_t *values)
{
    /* From 0xc0 on: the bytes of a length behind the first, or of a number. */
    static const unsigned char sized[] = {0, 0, 0, 0, 1, 2, 4, 1, 2,  4, 4, 8, 1, 2, 4, 8,
                                          1, 2, 4, 8, 2, 3, 5, 9, 17, 1, 2, 4, 2, 4, 2, 4};
    unsigned char c = (unsigned char)p[0];

    *head = 1;
    *bytes = *values = 0;
    if (c >= 0xc0 && c < 0xe0)
        *head += sized[c - 0xc0];
    if (*head > left)
        return false;
    if (c >= 0x80 && c < 0x90)
        *values = 2 * (uint64_t)(c & 0x0f);
    else if (c >= 0x90 && c < 0xa0)
        *values = c & 0x0f;
    else if (c >= 0xa0 && c < 0xc0)
        *bytes = c & 0x1f;
    else if ((c >= 0xc4 && c <= 0xc6) || (c >= 0xd9 && c <= 0xdb))
        *bytes = big_endian(p + 1, *head - 1);
    else if (c >= 0xc7 && c <= 0xc9)
        *bytes = big_endian(p + 1, *head - 1) + 1; /* an extension has its type first */
    else if (c == 0xdc || c == 0xdd)
        *values = big_endian(p + 1, *head - 1);
    else if (c == 0xde || c == 0xdf)
        *values = 2 * big_endian(p + 1, *head - 1);
    return true;
}

/* is_whole tells whether the first value of s is there to its end. msgpack-c makes room for as many
 * values as an array announces; announced are no more than there are bytes. */
static bool is_whole(struct slice s)
{
    uint64_t awaited = 1;

    while (awaited > 0) {
        uint64_t bytes, values;
        size_t head;

        if (awaited > s.len || !head_of(s.p, s.len, &head, &bytes, &values))
            return false;
        s = slice_from(s, head);
        if (bytes > s.len)
            return false;
        s = slice_from(s, (size_t)bytes);
        awaited += values - 1;
    }
    return true;
}

/* next_array unpacks the next value of the frame, which must be an array. Its objects live in *u. */
static enum status next_array(struct wire_reader *r, msgpack_unpacked *u, struct items *it,
                              struct failure *f)
{
    size_t used = 0;

    if (!is_whole(r->rest) ||
        msgpack_unpack_next(u, r->rest.p, r->rest.len, &used) != MSGPACK_UNPACK_SUCCESS ||
        u->data.type != MSGPACK_OBJECT_ARRAY)
        return fail(f, ST_INVALID, "a frame that is not MessagePack arrays");
    *it = (struct items){.next = u->data.via.array.ptr, .left = u->data.via.array.size};
    r->rest = slice_from(r->rest, used);
    return ST_OK;
}

enum status wire_read_begin(struct wire_reader *r, struct slice frame, struct wire_header *h,
                            struct failure *f)
{
    msgpack_unpacked u;
    struct items it;
    enum status st;

    if (frame.len > WIRE_FRAME_MAX)
        return fail(f, ST_INVALID, "a frame of %zu bytes, the limit is %d", frame.len,
                    WIRE_FRAME_MAX);
    r->rest = frame;
    msgpack_unpacked_init(&u);
    st = next_array(r, &u, &it, f);
    if (st == ST_OK) {
        h->version = take_u32(&it);
        h->sent_ms = take_ms(&it);
        h->sequence = take_uint(&it, UINT64_MAX);
        if (it.bad)
            st = fail(f, ST_INVALID, "a frame with a damaged header");
        else if (h->version != WIRE_VERSION)
            st = fail(f, ST_INVALID, "a frame of protocol version %u, ours is %d", h->version,
                      WIRE_VERSION);
    }
    msgpack_unpacked_destroy(&u);
    return st;
}

static void read_posted(struct items *it, struct op *op, struct arena *a)
{
    struct new_message *messages;
    uint32_t n;

    op->in.message_post.client = take_bytes(it);
    op->in.message_post.encrypt = is_uint(it) && take_uint(it, WIRE_POST_ENCRYPT) != 0;
    if (op->in.message_post.client.len > CLIENT_ID_BYTES_MAX || it->left == 0 ||
        it->left > UINT32_MAX)
        it->bad = true;
    n = it->bad ? 0 : (uint32_t)it->left;
    messages = arena_alloc(a, n * sizeof(*messages));
    for (uint32_t i = 0; i < n && !it->bad; i++) {
        struct items m = take_array(it);

        messages[i].ttl_s = take_u32(&m);
        messages[i].delay_s = take_u32(&m);
        messages[i].checksum = take_bytes(&m);
        messages[i].body = take_bytes(&m);
        it->bad |= m.bad;
    }
    op->in.message_post.messages = messages;
    op->in.message_post.n = n;
}

static void read_listing(struct items *it, struct op *op)
{
    uint32_t flags;

    op->in.message_list.client = take_bytes(it);
    op->in.message_list.after = take_id(it);
    op->in.message_list.limit = (uint32_t)take_uint(it, WIRE_ITEMS_MAX);
    flags = take_u32(it);
    op->in.message_list.echo = flags & 1;
    op->in.message_list.include_claimed = flags & 2;
    op->in.message_list.include_delayed = flags & 4;
    if (op->in.message_list.limit == 0 || op->in.message_list.client.len > CLIENT_ID_BYTES_MAX)
        it->bad = true;
}

static void read_deletion(struct items *it, struct op *op, struct arena *a)
{
    struct items list;
    struct claim_id *claims;

    op->in.message_delete.rule = (enum delete_rule)take_uint(it, DELETE_CLAIMED);
    list = take_array(it);
    if (list.left > WIRE_ITEMS_MAX || it->bad) {
        it->bad = true;
        return;
    }
    op->in.message_delete.claims_n = (uint32_t)list.left;
    claims = arena_alloc(a, list.left * sizeof(*claims));
    for (size_t i = 0; list.left > 0; i++)
        claims[i] = take_claim(&list);
    op->in.message_delete.claims = claims;
    op->in.message_delete.ids = take_ids(it, WIRE_ITEMS_MAX, &op->in.message_delete.n, a);
    it->bad |= list.bad;
    if (op->in.message_delete.rule == DELETE_ONE && op->in.message_delete.claims_n != 1)
        it->bad = true;
    if ((op->in.message_delete.rule == DELETE_ONE || op->in.message_delete.rule == DELETE_FREE) &&
        op->in.message_delete.n != 1)
        it->bad = true;
}

static void read_claiming(struct items *it, struct op *op)
{
    struct dead_letter *dead = &op->in.claim_create.dead_letter;
    struct items list;

    op->in.claim_create.limit = (uint32_t)take_uint(it, WIRE_ITEMS_MAX);
    op->in.claim_create.ttl_s = take_u32(it);
    op->in.claim_create.grace_s = take_u32(it);
    if (op->in.claim_create.limit == 0)
        it->bad = true;
    *dead = (struct dead_letter){0};
    if (is_nil(it)) {
        take(it);
        return;
    }
    list = take_array(it);
    dead->active = true;
    dead->max_count = take_ms(&list);
    dead->ttl_s = take_u32(&list);
    dead->target.pool = op->queue.pool;
    dead->target.project = take_bytes(&list);
    dead->target.name = take_bytes(&list);
    dead->target.epoch = take_uint(&list, MESSAGE_NUMBER_MAX);
    it->bad |= list.bad;
}

/* read_purge: a router that knows of no subscriptions says nothing, and means messages. */
static void read_purge(struct items *it, struct op *op)
{
    op->in.queue_purge.what = it->left == 0 ? PURGE_MESSAGES : (uint32_t)take_uint(it, PURGE_ALL);
    it->bad |= op->in.queue_purge.what == 0;
}

static int64_t take_ttl(struct items *it)
{
    return (int64_t)take_uint(it, (uint64_t)SUBSCRIPTION_TTL_MAX_S);
}

static void read_new_subscription(struct items *it, struct op *op)
{
    op->in.subscription_put.most = take_u32(it);
    op->in.subscription_put.ttl_s = take_ttl(it);
    op->in.subscription_put.subscriber = take_bytes(it);
    op->in.subscription_put.options = take_bytes(it);
    if (op->in.subscription_put.most == 0 || op->in.subscription_put.subscriber.len == 0 ||
        op->in.subscription_put.options.len == 0)
        it->bad = true;
}

static void read_subscription_update(struct items *it, struct op *op)
{
    op->in.subscription_update.id = take_id(it);
    op->in.subscription_update.ttl_s = take_ttl(it);
    op->in.subscription_update.subscriber = take_bytes(it);
    op->in.subscription_update.options = take_bytes(it);
}

static void read_arguments(struct items *it, struct op *op, struct arena *a)
{
    switch (op->code) {
    case OP_message_post:
        read_posted(it, op, a);
        break;
    case OP_message_list:
        read_listing(it, op);
        break;
    case OP_message_get:
        op->in.message_get.ids = take_ids(it, WIRE_ITEMS_MAX, &op->in.message_get.n, a);
        break;
    case OP_message_delete:
        read_deletion(it, op, a);
        break;
    case OP_message_pop:
        op->in.message_pop.limit = (uint32_t)take_uint(it, WIRE_ITEMS_MAX);
        it->bad |= op->in.message_pop.limit == 0;
        break;
    case OP_claim_create:
        read_claiming(it, op);
        break;
    case OP_claim_get:
        op->in.claim_get.id = take_claim(it);
        break;
    case OP_claim_release:
        op->in.claim_release.id = take_claim(it);
        break;
    case OP_claim_renew:
        op->in.claim_renew.id = take_claim(it);
        op->in.claim_renew.ttl_s = take_u32(it);
        op->in.claim_renew.grace_s = take_u32(it);
        break;
    case OP_pool_probe:
        op->in.pool_probe.uri = take_bytes(it);
        it->bad |= op->in.pool_probe.uri.len > POOL_URI_MAX;
        break;
    case OP_queue_purge:
        read_purge(it, op);
        break;
    case OP_subscription_put:
        read_new_subscription(it, op);
        break;
    case OP_subscription_list:
        op->in.subscription_list.after = take_id(it);
        op->in.subscription_list.limit = (uint32_t)take_uint(it, WIRE_ITEMS_MAX);
        it->bad |= op->in.subscription_list.limit == 0;
        break;
    case OP_subscription_get:
        op->in.subscription_get.id = take_id(it);
        break;
    case OP_subscription_update:
        read_subscription_update(it, op);
        break;
    case OP_subscription_delete:
        op->in.subscription_delete.id = take_id(it);
        break;
    case OP_subscription_confirm:
        op->in.subscription_confirm.id = take_id(it);
        op->in.subscription_confirm.confirmed = take_bool(it);
        break;
    case OP_queue_stats:
    case OP_queue_drop:
    case OP_store_ping:
        break;
    }
}

enum status wire_read_op(struct wire_reader *r, struct wire_op *w, struct op *op, struct arena *a,
                         struct failure *f)
{
    msgpack_unpacked u;
    struct items it;
    struct slice key;
    uint64_t code;
    enum status st;

    msgpack_unpacked_init(&u);
    st = next_array(r, &u, &it, f);
    if (st != ST_OK)
        goto out;
    w->number = take_uint(&it, UINT64_MAX);
    code = take_uint(&it, UINT32_MAX);
    w->left_ms = take_u32(&it);
    op->again = take_bool(&it);
    key = take_bytes(&it);
    op->queue.pool = take_bytes(&it);
    op->queue.project = take_bytes(&it);
    op->queue.name = take_bytes(&it);
    op->queue.epoch = take_uint(&it, MESSAGE_NUMBER_MAX);
    if (it.bad || !op_known(code)) {
        st = fail(f, ST_INVALID, "a damaged operation, or one unknown here (code %llu)",
                  (unsigned long long)code);
        goto out;
    }
    op->code = (enum op_code)code;
    if (key.len != (op_changes(op->code) ? sizeof(op->key.bytes) : 0))
        it.bad = true;
    else if (key.len > 0)
        memcpy(op->key.bytes, key.p, key.len);
    read_arguments(&it, op, a);
    if (it.bad)
        st = fail(f, ST_INVALID, "a %s with damaged arguments", op_name(op->code));
out:
    msgpack_unpacked_destroy(&u);
    return st;
}

static void read_message(struct items *it, struct message *m)
{
    struct items list = take_array(it);

    *m = (struct message){0};
    m->id = take_id(&list);
    m->seq = take_uint(&list, MESSAGE_NUMBER_MAX);
    m->created_ms = take_ms(&list);
    m->expires_ms = take_ms(&list);
    m->claim_count = take_u32(&list);
    m->claimed = !is_nil(&list);
    if (m->claimed)
        m->claim_id = take_claim(&list);
    else
        take(&list);
    m->checksum = take_bytes(&list);
    m->body = take_bytes(&list);
    it->bad |= list.bad;
}

static void read_messages(struct items *it, struct op *op, struct arena *a)
{
    struct message *list;
    uint32_t n;

    op->out.messages.claim_created_ms = take_ms(it);
    op->out.messages.claim_ttl_s = take_u32(it);
    if (it->left > WIRE_ITEMS_MAX)
        it->bad = true;
    n = it->bad ? 0 : (uint32_t)it->left;
    list = arena_alloc(a, n * sizeof(*list));
    for (uint32_t i = 0; i < n; i++)
        read_message(it, &list[i]);
    op->out.messages.list = list;
    op->out.messages.n = n;
}

static void read_stats(struct items *it, struct op *op)
{
    op->out.queue_stats.claimed = take_uint(it, UINT64_MAX);
    op->out.queue_stats.free = take_uint(it, UINT64_MAX);
    op->out.queue_stats.any = it->left > 0;
    if (op->out.queue_stats.any) {
        op->out.queue_stats.oldest = take_id(it);
        op->out.queue_stats.oldest_created_ms = take_ms(it);
        op->out.queue_stats.newest = take_id(it);
        op->out.queue_stats.newest_created_ms = take_ms(it);
    }
}

static void read_subscription(struct items *it, struct subscription *s)
{
    struct items list = take_array(it);

    s->id = take_id(&list);
    s->since_ms = take_ms(&list);
    s->ttl_s = take_ttl(&list);
    s->confirmed = take_bool(&list);
    s->subscriber = take_bytes(&list);
    s->options = take_bytes(&list);
    it->bad |= list.bad;
}

static void read_subscriptions(struct items *it, struct op *op, struct arena *a)
{
    struct subscription *list;
    uint32_t n;

    if (it->left > WIRE_ITEMS_MAX || (op->code == OP_subscription_get && it->left == 0))
        it->bad = true;
    n = it->bad ? 0 : (uint32_t)it->left;
    list = arena_alloc(a, n * sizeof(*list));
    for (uint32_t i = 0; i < n; i++)
        read_subscription(it, &list[i]);
    op->out.subscriptions.list = list;
    op->out.subscriptions.n = n;
}

static void read_result(struct items *it, struct op *op, struct arena *a)
{
    memset(&op->out, 0, sizeof(op->out));
    switch (op->code) {
    case OP_message_post:
        op->out.message_post.ids = take_ids(it, UINT32_MAX, &op->out.message_post.n, a);
        break;
    case OP_message_list:
    case OP_message_get:
    case OP_message_pop:
    case OP_claim_create:
    case OP_claim_get:
        read_messages(it, op, a);
        break;
    case OP_queue_stats:
        read_stats(it, op);
        break;
    case OP_subscription_put:
        op->out.subscription_put.id = take_id(it);
        op->out.subscription_put.existed = take_bool(it);
        op->out.subscription_put.confirmed = take_bool(it);
        break;
    case OP_subscription_list:
    case OP_subscription_get:
        read_subscriptions(it, op, a);
        break;
    case OP_pool_probe:
        op->out.pool_probe.capabilities = take_u32(it);
        break;
    case OP_message_delete:
    case OP_claim_renew:
    case OP_claim_release:
    case OP_queue_purge:
    case OP_queue_drop:
    case OP_store_ping:
    case OP_subscription_update:
    case OP_subscription_delete:
    case OP_subscription_confirm:
        break;
    }
}

enum status wire_read_outcome(struct wire_reader *r, wire_find_fn *find, void *context,
                              struct op **found, struct arena *a, struct failure *f)
{
    msgpack_unpacked u;
    struct items it;
    uint64_t number, code, outcome;
    int64_t now_ms;
    enum status st;

    *found = NULL;
    msgpack_unpacked_init(&u);
    st = next_array(r, &u, &it, f);
    if (st != ST_OK)
        goto out;
    number = take_uint(&it, UINT64_MAX);
    code = take_uint(&it, UINT32_MAX);
    outcome = take_uint(&it, INT32_MAX);
    now_ms = take_ms(&it);
    if (it.bad || !op_known(code)) {
        st = fail(f, ST_INVALID, "a damaged outcome");
        goto out;
    }
    *found = find(context, number, (enum op_code)code);
    if (*found == NULL)
        goto out; /* given up on long ago */
    (*found)->now_ms = now_ms;
    /* a status from a newer worker is still a failure, of a kind that has no name here */
    (*found)->st = status_known((long long)outcome) ? (enum status)outcome : ST_INTERNAL;
    if ((*found)->st == ST_OK) {
        read_result(&it, *found, a);
    } else {
        struct slice reason = take_bytes(&it);

        fail(&(*found)->f, (*found)->st, "%.*s", SLICE_ARG(reason));
    }
    if (it.bad)
        (*found)->st =
            fail(&(*found)->f, ST_INTERNAL, "a damaged answer to %s", op_name((*found)->code));
out:
    msgpack_unpacked_destroy(&u);
    return st;
}
