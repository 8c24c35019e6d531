#include "router/http/http_status.h"

struct http_fault http_fault_of(enum fault fault)
{
    static const struct http_fault faults[FAULT_COUNT] = {
        [FAULT_NONE] = {200, "OK"},
        [FAULT_QUEUE_NAME] = {400, "Invalid queue identification"},
        [FAULT_TOPIC_NAME] = {400, "Invalid topic identification"},
        [FAULT_REQUEST] = {400, "Invalid API request"},
        [FAULT_BODY] = {400, "Invalid request body"},
        [FAULT_DELETE] = {400, "Unable to delete"},
        [FAULT_DELETE_FORBIDDEN] = {403, "Unable to delete"},
        [FAULT_SUBSCRIPTION_UPDATE] = {400, "Unable to update subscription"},
        [FAULT_SUBSCRIPTION_CONFIRM] = {400, "Unable to confirm subscription"},
        [FAULT_NOT_FOUND] = {404, "Not found"},
        [FAULT_CONFLICT] = {409, "Resource conflict"},
        [FAULT_POOL_CREATE] = {400, "Unable to create pool"},
        [FAULT_FLAVOR_CREATE] = {400, "Unable to create"},
        [FAULT_FLAVOR_UPDATE] = {400, "updatefail"},
        [FAULT_UNAVAILABLE] = {503, "Service temporarily unavailable"},
        [FAULT_INTERNAL] = {500, "Internal server error"},
    };

    return faults[fault];
}

const char *http_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 300:
        return "Multiple Choices";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 415:
        return "Unsupported Media Type";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Unknown";
    }
}
