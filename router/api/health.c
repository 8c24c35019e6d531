/* Health: of the catalog and of the stores. */
#include "router/api/call.h"

static void on_probed(struct probe_call *probe, const struct health_report *report)
{
    struct health_call *c =
        (struct health_call *)((char *)probe - offsetof(struct health_call, probe));

    c->call.state = API_IDLE;
    c->out.report = report;
    call_done(&c->call);
}

void api_health(struct health_call *c)
{
    c->probe.done = on_probed;
    c->call.state = API_PROBING;
    prober_ask(c->call.api->prober, &c->probe);
}
