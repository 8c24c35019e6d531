/* router/http/http_status.h - the one place that knows both the API's faults and HTTP's numbers. */
#ifndef ROUTER_HTTP_HTTP_STATUS_H
#define ROUTER_HTTP_HTTP_STATUS_H

#include "router/api/api.h"

struct http_fault {
    int status;
    const char *title;
};

/* http_fault_of gives status and title of every fault but FAULT_NONE. */
struct http_fault http_fault_of(enum fault fault);

/* http_reason gives the phrase of a status that we send, "Unknown" for others. */
const char *http_reason(int status);

#endif
