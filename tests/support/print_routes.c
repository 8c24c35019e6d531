/* tests/support/print_routes.c - prints the table of routes as JSON, for tests that are not written in C.
 *
 *   [{"path": "/v2/ping", "open": false, "with": "always", "methods": {"GET": "ping:get", ...}}, ...]
 */
#include "router/http/routes.h"

#include <stdio.h>

static const char *const with_names[] = {
    [SERVED_ALWAYS] = "always",
    [SERVED_WITH_ADMIN_MODE] = "admin_mode",
    [SERVED_WITH_POOLING] = "pooling",
};

static void print_methods(const struct resource *r)
{
    static const char *const names[] = {"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"};
    const char *before = "";

    _Static_assert(sizeof(names) / sizeof(names[0]) == METHOD_COUNT, "names of all methods");
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        const struct route *route = &r->methods[method_read(slice_of(names[i]))];

        if (route->handler == NULL)
            continue;
        printf("%s\"%s\": \"%s\"", before, names[i], policy_name(route->policy));
        before = ", ";
    }
}

int main(void)
{
    const struct resource *table;
    size_t n;

    table = route_table(&n);
    for (size_t i = 0; i < n; i++) {
        printf("%s{\"path\": \"%s\", \"open\": %s, \"with\": \"%s\", \"methods\": {",
               i == 0 ? "[" : ",\n ", table[i].path, table[i].open ? "true" : "false",
               with_names[table[i].with]);
        print_methods(&table[i]);
        printf("}}");
    }
    printf("]\n");
    return 0;
}
