#include "catalog/pools_text.h"

#include "common/json.h"

struct slice pools_text_write(const struct worker_record *w, struct arena *a)
{
    struct buffer b = {0};
    struct slice text;

    buffer_add_char(&b, '[');
    for (uint32_t i = 0; i < w->pools_n; i++) {
        buffer_add(&b, i == 0 ? SLICE("{\"name\": ") : SLICE(", {\"name\": "));
        json_add_string(&b, w->pools[i].name);
        buffer_printf(&b, ", \"single_writer\": %s}", w->pools[i].single_writer ? "true" : "false");
    }
    buffer_add_char(&b, ']');
    text = arena_copy(a, buffer_slice(&b));
    buffer_fini(&b);
    return text;
}

void pools_text_read(struct slice text, struct worker_record *w, struct arena *a)
{
    struct served_pool *pools;
    struct json_walk walk;
    struct json list, v;

    w->pools = NULL;
    w->pools_n = 0;
    text = arena_copy(a, text); /* the names point into it */
    if (json_check(text, &list, NULL) != ST_OK || list.type != JSON_ARRAY)
        return;
    pools = arena_zalloc(a, json_count(list) * sizeof(*pools));
    w->pools = pools;
    walk = json_members(list);
    while (json_next(&walk)) {
        struct served_pool *pool = &pools[w->pools_n];

        if (walk.value.type != JSON_OBJECT || !json_find(walk.value, "name", &v) ||
            v.type != JSON_STRING)
            continue;
        pool->name = json_string(v, a);
        pool->single_writer = json_find(walk.value, "single_writer", &v) && json_is_true(v);
        w->pools_n++;
    }
}
