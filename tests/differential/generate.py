"""Scenarios: short sequences of requests, made from a seed.

A scenario lives in a project of its own. Its later steps refer to what earlier answers of the same side
gave: <m3.0> is the id of the first message that step 3 posted, <c5> the claim that step 5 made, <s6> the
subscription of step 6, <n7> the next link of the list in step 7. What an answer did not give is replaced by text that names nothing.

What is drawn comes from decks: each card is dealt once before any is dealt again, so that a run of a few
hundred scenarios sees them all, whatever the seed. The same seed makes the same scenarios.
"""

import dataclasses
import hashlib
import hmac
import json
import random
import uuid

PATCH_TYPE = "application/openstack-messaging-v2.0-json-patch"

# The options of the two pairs of servers. What is not named has its default.
SETUPS = {
    "default": {},
    "altered": {
        "DEFAULT.enable_checksum": True,
        "transport.message_delete_with_claim_id": True,
        "transport.max_queues_per_page": 4,
        "transport.max_messages_per_page": 12,
        "transport.max_messages_per_claim_or_pop": 11,
        "transport.max_queue_metadata": 300,
        "transport.max_messages_post_size": 500,
        "transport.max_message_ttl": 5000,
        "transport.max_message_delay": 400,
        "transport.max_claim_ttl": 2000,
        "transport.max_subscriptions_per_page": 5,
        "transport.default_subscription_ttl": 900,
        "transport.max_claim_grace": 1000,
        "transport.default_message_ttl": 1800,
        "transport.default_claim_ttl": 200,
        "transport.default_claim_grace": 90,
        "transport.client_id_uuid_safe": "off",
    },
}

DEFAULTS = {
    "max_queues_per_page": 20,
    "max_messages_per_page": 20,
    "max_messages_per_claim_or_pop": 20,
    "max_subscriptions_per_page": 20,
    "max_queue_metadata": 65536,
    "max_messages_post_size": 262144,
    "max_message_ttl": 1209600,
    "max_message_delay": 900,
    "max_claim_ttl": 43200,
    "max_claim_grace": 43200,
    "default_claim_ttl": 300,
    "default_claim_grace": 60,
}


@dataclasses.dataclass
class Step:
    """A request. Texts may hold references."""

    label: str  # what it is about, for reports
    method: str
    path: str  # with the query
    body: str | bytes | None = None
    headers: dict = dataclasses.field(default_factory=dict)  # None takes a default header away
    wait: float = 0  # seconds before it
    chunked: bool = False
    client: int = 0
    project: int = 0


@dataclasses.dataclass
class Scenario:
    number: int
    kind: str
    setup: str
    projects: list
    clients: list
    steps: list


class Decks:
    """Deals each card of a list once, in random order, before it shuffles again."""

    def __init__(self, rng):
        self.rng = rng
        self.left = {}

    def draw(self, name, cards):
        if not self.left.get(name):
            self.left[name] = self.rng.sample(range(len(cards)), len(cards))
        return cards[self.left[name].pop()]


# ---- Cards --------------------------------------------------------------------------------------

NAMES = ["q", "orders", "A-b_9", "0", "n" * 64, "_", "-"]
BAD_NAMES = ["", "x" * 65, "a%20b", "a@b", "caf%C3%A9", "a%2Fb", "a%0A", "%00", "a~b", "a:b", "a,b"]
ODD_NAMES = ["a.b", ".", "..", "v2.0", "a.b.c"]

# Documents that are no JSON, or none that the API takes anywhere.
BROKEN = [
    "", " ", "{", "nope", "{\"a\": 1,}", "[1 2]", "{'a': 1}", "{\"a\": 1} x", "\ufeff{}", b"{\"a\": \"\xff\"}",
    "{\"a\": 9223372036854775808}", "{\"a\": [{\"b\": -9223372036854775809}]}", "{\"a\": NaN}",
    "{\"a\": -Infinity}", "{\"a\": \"\\ud800\"}", "{\"a\": \"\x01\"}", "{\"a\": 01}", "{\"a\": \"\\x\"}",
    "[" * 5000 + "]" * 5000, "3", "null", "\"text\"", "true", "1.5", "/**/{}",
]

# JSON values for bodies of messages and for metadata; all of them come back as they went.
VALUES = [
    "null", "true", "false", "0", "-1", "1.5", "-0.0", "1e3", "1E-7", "123456789012345678",
    "9223372036854775807", "-9223372036854775808", "\"\"", "\"text\"", "\"caf\u00e9 \u4e2d \U0001f600\"",
    "\"\\u00e9\\ud83d\\ude00\\n\\t\\\"\\\\\\/\"", "[]", "{}", "[1, [2, [3, {\"a\": []}]]]",
    "{\"id\": \"x\", \"age\": 99, \"href\": \"/v2/queues/q/messages/1\", \"b\": {\"ttl\": 1}}",
    "{\"a\": 1, \"b\": 2, \"a\": 3}", " { \"a\" :\t1 ,\r\n\"b\":[ ] } ", "0.1", "1e22", "1e16", "1.0",
    "5e-324", "1.7976931348623157e308", "\"\\u007f\\u0080\\u2028\"", "\"\\u0000\"", "100000000000000000000.0",
    "{\"\": {\"\": null}}", "[true, false, null, \"true\"]", "\"<\\/script>&amp;'\"",
]

NOT_INTS = ["1.0", "\"100\"", "null", "[]", "{}", "true", "\"\"", "false", "1e2"]

CLIENT_IDS = ["", "nope", "{0}-", "g{0}", "{{{0}}}", "urn:uuid:{0}", "{0}0", " {0} ", "URN:UUID:{0}",
              "{upper}", "{dashed}", "{{{dashed}}}", "x" * 9, "x" * 10, "x" * 36, "x" * 37, "0" * 32]

ACCEPTS = ["*/*", "application/*", "application/json", "text/plain", "text/xml", "application/xml",
           "application/json;q=0", "text/html, application/json;q=0.1", "text/*;q=0.9, */*;q=0.1",
           "application/json; charset=utf-8", "nope", "", "image/png, */*;q=0", "application/vnd.x+xml",
           "application/vnd.x+json", "APPLICATION/JSON", "text/xml;q=0.5, application/xml;q=0.7"]

BAD_INTS = ["1_0", "%D9%A1", "x", "1.5", "%20", "--1", "1e1", "+", "0x1", "true", "1%202"]
GOOD_BOOLS = ["true", "True", "t", "yes", "y", "1", "on", "false", "False", "f", "no", "n", "0", "off"]
BAD_BOOLS = ["TRUE", "None", "maybe", "2", "%20true", "FALSE"]

ROUTES = [
    ("/", "GET"), ("/v2/", "GET"), ("/v2/ping", "GET HEAD"), ("/v2/queues", "GET"),
    ("/v2/queues/q", "GET PUT PATCH DELETE"), ("/v2/queues/q/stats", "GET"),
    ("/v2/queues/q/purge", "POST"), ("/v2/queues/q/share", "POST"), ("/v2/queues/q/messages", "GET POST DELETE"),
    ("/v2/queues/q/messages/x", "GET DELETE"), ("/v2/queues/q/claims", "POST"),
    ("/v2/queues/q/claims/x", "GET PATCH DELETE"),
    ("/v2/queues/q/subscriptions", "GET POST"), ("/v2/queues/q/subscriptions/x", "GET PATCH DELETE"),
    ("/v2/queues/q/subscriptions/x/confirm", "PUT"),
]
NO_ROUTES = ["/v2", "/v2/queues/", "//v2/queues", "/v2//queues", "/v2/queues/q/", "/v2/queues/q//",
             "/v2/queues/q/messages/", "/v2/queues/q/claims/", "/v2/queues/q/stats/", "/v1/queues",
             "/v1", "/v2/nope", "/v2/queues/q/nope", "/v2/queues/q/messages/x/y", "/V2/queues", "/v3/",
             "/v2/ping/", "/v2/queues/q/claims/x/", "/v2/queues/q/messages/x/", "/index.html",
             "/v2/%71ueues", "/v2/queues/%71", "/v2/queues/q/messages/%2e%2e", "/v2/queues?", "/?x=1",
             "/v2/homepage", "/v2/queues/q/subscription"]
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "FOO", "get", "TRACE"]

# Attributes of a queue: name, values that pass, values that don't. {x} is a limit of the setup.
ATTRIBUTES = [
    ("_max_messages_post_size", ["1", "100", "{max_messages_post_size}", "null"],
     ["0", "-1", "{max_messages_post_size}1", *NOT_INTS]),
    ("_default_message_ttl", ["60", "61", "{max_message_ttl}", "null"],
     ["0", "59", "-1", "{max_message_ttl}1", *NOT_INTS]),
    ("_default_message_delay", ["0", "1", "{max_message_delay}", "null"],
     ["-1", "{max_message_delay}1", *NOT_INTS]),
    ("_dead_letter_queue", ["\"dead\"", "null", "\"\\u0064ead\""], ["1", "[]", "{}", "true", "\"a b\"", "\"\"", "false"]),
    ("_max_claim_count", ["0", "1", "5", "null"], ["-1", *NOT_INTS]),
    ("_dead_letter_queue_messages_ttl", ["60", "{max_message_ttl}", "null"],
     ["0", "59", "{max_message_ttl}1", *NOT_INTS]),
    ("_enable_encrypt_messages", ["false", "null"], ["1", "0", "\"\"", "\"x\"", "[]", "{}", "[1]"]),
    ("_flavor", ["null"], ["1", "[]", "\"\"", "\"gold\"", "false"]),
    ("_retry_policy", [
        "{}", "null", "{\"x\": 1}", "{\"retries_with_no_delay\": 1, \"minimum_delay_retries\": 0}",
        "{\"minimum_delay\": 1, \"maximum_delay\": 11}", "{\"maximum_delay\": 15}",
        "{\"retry_backoff_function\": \"geometric\"}",
        "{\"retry_backoff_function\": \"l\\u0069near\"}", "{\"minimum_delay\": 1, \"minimum_delay\": 2}", "{\"ignore_subscription_override\": true}"],
     ["[]", "1", "\"x\"", "0", "\"\"", "{\"minimum_delay\": 21}", "{\"maximum_delay\": 14}",
      "{\"retry_backoff_function\": \"cubic\"}", "{\"retry_backoff_function\": 1}",
      "{\"ignore_subscription_override\": 1}", "{\"minimum_delay\": \"5\"}", "{\"maximum_delay\": null}",
      "{\"retries_with_no_delay\": null}", "{\"maximum_delay_retries\": 1.0}",
      "{\"minimum_delay_retries\": -1}", "{\"retry_backoff_function\": null}",
      "{\"ignore_subscription_override\": null}"]),
]

# Patches: each {} is replaced by a key. Those that pass on a queue with metadata {"a": 1}, then others.
PATCHES = [
    "[]", "[{{\"op\": \"add\", \"path\": \"/metadata/{0}\", \"value\": {1}}}]",
    "[{{\"op\": \"add\", \"path\": \"/METADATA/{0}\", \"value\": {1}, \"extra\": 1}}]",
    "[{{\"op\": \"replace\", \"path\": \"/metadata/a\", \"value\": {1}}}]",
    "[{{\"op\": \"replace\", \"path\": \"/metadata/_default_message_ttl\", \"value\": 100}}]",
    "[{{\"op\": \"remove\", \"path\": \"/metadata/_default_message_ttl\"}}]",
    "[{{\"op\": \"remove\", \"path\": \"/metadata/a\", \"value\": 1}}]",
    "[{{\"op\": \"add\", \"path\": \"/metadata/{0}\", \"value\": 1}},"
    " {{\"op\": \"replace\", \"path\": \"/metadata/{0}\", \"value\": {1}}},"
    " {{\"op\": \"remove\", \"path\": \"/metadata/{0}\"}}]",
    "[{{\"op\": \"add\", \"path\": \"/metadata/ s~1l~0t \", \"value\": {1}}}]",
    "[{{\"op\": \"add\", \"path\": \"/ metadata /{0}\", \"value\": {1}}}]",
]
BAD_PATCHES = [
    "{}", "[1]", "[[]]", "[null]", "[{}]", "[{\"op\": \"add\"}]", "[{\"path\": \"/metadata/a\"}]",
    "[{\"op\": \"test\", \"path\": \"/metadata/a\", \"value\": 1}]",
    "[{\"op\": \"move\", \"path\": \"/metadata/a\", \"from\": \"/metadata/b\"}]",
    "[{\"op\": \"ADD\", \"path\": \"/metadata/a\", \"value\": 1}]",
    "[{\"op\": 1, \"path\": \"/metadata/a\", \"value\": 1}]",
    "[{\"op\": [], \"path\": \"/metadata/a\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/a\"}]", "[{\"op\": \"replace\", \"path\": \"/metadata/a\"}]",
    "[{\"op\": \"add\", \"path\": 1, \"value\": 1}]", "[{\"op\": \"add\", \"path\": null, \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": [\"metadata\", \"a\"], \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"\", \"value\": 1}]", "[{\"op\": \"add\", \"path\": \"/\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"metadata/a\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata//a\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/a/b\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/a/\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/a~2\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/a~\", \"value\": 1}]",
    "[{\"op\": \"add\", \"path\": \"/meta/a\", \"value\": 1}]",
    "[{\"op\": \"replace\", \"path\": \"/meta/a\", \"value\": 1}]",
    "[{\"op\": \"remove\", \"path\": \"/meta/a\"}]",
    "[{\"op\": \"remove\", \"path\": \"/metadata/missing\"}]",
    "[{\"op\": \"replace\", \"path\": \"/metadata/missing\", \"value\": 1}]",
    "[{\"op\": \"replace\", \"path\": \"/metadata/_flavor\", \"value\": null}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/b\", \"value\": 1},"
    " {\"op\": \"remove\", \"path\": \"/metadata/missing\"}]",
    "[{\"op\": \"add\", \"path\": \"/metadata/b\", \"value\": 1}, 3]",
    "[{\"op\": \"add\", \"path\": \"/metadata/ \", \"value\": 1}]",
]
PATCH_TYPES = [PATCH_TYPE + "; charset=utf-8", PATCH_TYPE.upper(), "application/json", "", None,
               "application/openstack-messaging-v2.0-json-patch2"]

# Documents for a post that are refused. {v} is a message that would pass.
BAD_POSTS = [
    "[]", "{{}}", "[{v}]", "[\"messages\"]", "{{\"messages\": {v}}}", "{{\"messages\": []}}",
    "{{\"messages\": null}}", "{{\"messages\": \"x\"}}", "{{\"messages\": 1}}", "{{\"messages\": {{}}}}",
    "{{\"messages\": [1]}}", "{{\"messages\": [null]}}", "{{\"messages\": [[]]}}", "{{\"messages\": [\"x\"]}}",
    "{{\"messages\": [{{}}]}}", "{{\"messages\": [{v}, {{}}]}}", "{{\"messages\": [{{\"ttl\": 100}}]}}",
    "{{\"messages\": [{v}, {{\"body\": 1, \"ttl\": 59}}]}}", "{{\"message\": [{v}]}}",
    "{{\"messages\": [{v}, 7]}}", "{{\"Messages\": [{v}]}}", "{{\"messages\": [[\"body\", \"ttl\"]]}}",
]
BAD_TTLS = ["59", "0", "-1", "{max_message_ttl}1", "9223372036854775807", *NOT_INTS]
GOOD_TTLS = ["60", "61", "300", "{max_message_ttl}"]

BAD_CLAIMS = ["[]", "[1]", "{\"ttl\": 59}", "{\"grace\": 59}", "{\"ttl\": -1}", "{\"grace\": 0}",
              "{\"ttl\": 99999999}", "{\"grace\": 99999999}", "{\"ttl\": 100, \"grace\": 59}",
              *(f"{{\"ttl\": {v}}}" for v in NOT_INTS), *(f"{{\"grace\": {v}}}" for v in NOT_INTS),
              "{\"ttl\": null, \"grace\": null}", "[\"ttl\", \"grace\"]"]
GOOD_CLAIMS = [None, "", "{}", "{\"ttl\": 60, \"grace\": 60}", "{\"ttl\": 100}", "{\"grace\": 300}",
               "{\"limit\": 1, \"x\": [2]}", "{\"ttl\": 1, \"ttl\": 200}"]

BAD_PURGES = ["{}", "[]", "{\"resource_types\": \"messages\"}", "{\"resource_types\": [\"claims\"]}",
              "{\"resource_types\": [\"messages\", \"x\"]}", "{\"resource_types\": 1}",
              "{\"resource_types\": null}", "{\"resource_types\": [[]]}", "{\"resource_types\": [1]}",
              "{\"resource_types\": {\"messages\": 1}}", "[\"resource_types\"]", "3",
              "{\"resource_types\": [null]}", "{\"resource_types\": \"\"}", "{\"resource_types\": {}}"]
GOOD_PURGES = [None, "", "{\"resource_types\": [\"messages\"]}", "{\"resource_types\": []}",
               "{\"resource_types\": [\"subscriptions\"]}",
               "{\"resource_types\": [\"messages\", \"subscriptions\", \"messages\"], \"x\": 1}"]

SECRET = "test"  # by which both sign URLs
LATER = "2100-01-01T00:00:00"
GOOD_SHARES = [
    "{\"expires\": \"2100-01-01\"}", "{\"paths\": [], \"methods\": [], \"expires\": \"2100-01-01T00:00:00Z\"}",
    "{\"paths\": [\"messages\", \"claims\"], \"methods\": [\"POST\", \"GET\"], \"expires\": \"2100-01-01T00:00:00\"}",
    "{\"paths\": null, \"methods\": null, \"expires\": \"2100-01-01 01:30:00.5+01:30\"}",
    "{\"paths\": [\"subscriptions\", \"subscriptions\"], \"expires\": \"21000101T0000-0200\"}",
    "{\"methods\": [\"get\", \"FOO\", \"FOO\"], \"expires\": \"2100-1-2T03\"}",
    "{\"expires\": \"2020-01-01\", \"expires\": \"2100-02\"}",
]
BAD_SHARES = [
    "[]", "[1]", "[{}]", "{\"path\": [\"messages\"]}", "{\"project\": \"p\"}", "{\"\": 1}", "{\"paths\": [\"stats\"]}",
    "{\"paths\": [\"Messages\"]}", "{\"paths\": \"messages\"}", "{\"paths\": 1}", "{\"paths\": true}", "{\"paths\": [1]}",
    "{\"paths\": [[]]}", "{\"paths\": {\"x\": 1}}", "{\"paths\": [\"messages\", \"share\"]}", "{\"methods\": \"GET\"}",
    "{\"methods\": {\"GET\": 1}}", "{\"methods\": 1}", "{\"methods\": [1]}", "{\"methods\": [\"GET\", null]}",
    "{\"methods\": [[]]}", "{\"expires\": 4102444800}", "{\"expires\": \"4102444800\"}", "{\"expires\": \"2100\"}",
    "{\"expires\": \"21000101\"}", "{\"expires\": \"\"}", "{\"expires\": \"soon\"}", "{\"expires\": 1.5}",
    "{\"expires\": true}", "{\"expires\": false}", "{\"expires\": []}", "{\"expires\": {}}", "{\"expires\": \"2020-01-01\"}",
    "{\"expires\": \"2100-02-29\"}", "{\"expires\": \"2100-01-01T24:00\"}", "{\"expires\": \"2100-01-01T00:00:60\"}",
    "{\"methods\": [\"GET,PUT\"], \"expires\": \"2100-01-01\"}", "{\"methods\": [\"\"], \"expires\": \"2100-01-01\"}",
    "{\"methods\": [\"a b\"], \"expires\": \"2100-01-01\"}", "{\"expires\": \"2100-01-01T00:00:00 Z\"}",
]

# Requests that show a URL: what it is signed for (paths with {q}, methods, expires), what is shown otherwise than it was
# signed, and the request.
SHOWN = [
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/messages?echo=true"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/messages/nope"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "POST", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/stats"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/nope"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {}, "GET", "/v2/ping"),
    (["/v2/queues/{q}/claims"], ["POST", "GET"], LATER, {}, "POST", "/v2/queues/{q}/claims"),
    (["/v2/queues/{q}/claims"], ["POST", "GET"], LATER, {}, "GET", "/v2/queues/{q}/claims/nope"),
    (["/v2/queues/{q}/messages", "/v2/queues/{q}/claims"], ["GET", "POST"], LATER, {}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["get"], LATER, {}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], "2020-01-01T00:00:00", {}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Signature": "0" * 64}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Signature": ""}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Signature": None}, "GET", "/v2/queues/{q}/stats"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Expires": "2100-01-01"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Expires": "2100-01-01T01:00+01"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Expires": "2100-01-02"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Expires": "4102444800"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Expires": ""}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Methods": "GET,POST"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET", "POST"], LATER, {"URL-Methods": "POST,GET"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET", "POST"], LATER, {"URL-Methods": "POST, GET"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Methods": None}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Paths": None}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"URL-Paths": "/v2/queues/other/messages"}, "GET", "/v2/queues/other/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"X-Project-ID": "somebody"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"Client-ID": None}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}/messages"], ["GET"], LATER, {"Accept": "text/plain"}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/other/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/.*/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/messages"),
    (["/v2/queues/{q}"], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/stats"),
    (["/v2/queues/a.b/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/aXb/messages"),
    (["/v2/queues/a.b/messages"], ["GET"], LATER, {}, "GET", "/v2/queues/a.b/messages"),
    (["("], ["GET"], LATER, {}, "GET", "/v2/queues/{q}/messages"),
]


def signature(paths, methods, project, expires):
    text = r"\n".join([",".join(sorted(paths)), ",".join(sorted(methods)), project, expires])
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


UNKNOWN_IDS = ["nope", "50b68a50d6f5b8c8a7c62b01", "00000000-0000-0000-0000-000000000000", "x" * 200,
               "%2A", "caf%C3%A9", "1", "-", "%20", "queues_set", "03b0g1hg0030paih9kt000"]


# Subscriptions. Members of a body that pass, then those that don't, each beside a subscriber that is fine.
SUBSCRIBERS = ["http://a.example", "https://a.example:8443/x?y=z#f", "mailto:a@b.example", "HTTP://a.example",
               "http://a.example/", "mailto:a@b,c@d?subject=x", "http://10.0.0.7/", "http://[::1]:80/"]
GOOD_MEMBERS = ["\"ttl\": 60", "\"ttl\": 3600", "\"ttl\": 10000000000", "\"options\": {}",
                "\"options\": {\"a\": [1.5, null]}, \"ttl\": 100", "\"x\": 1, \"ttl\": 70",
                "\"options\": {\"post_data\": \"x\", \"post_headers\": {\"X-A\": \"b\"}}",
                "\"options\": {\"from\": \"a@b\", \"subject\": \"caf\u00e9\"}",
                "\"options\": {\"_retry_policy\": {\"minimum_delay\": 1, \"maximum_delay\": 11}}",
                "\"options\": {\"_retry_policy\": {}}", "\"ttl\": 1, \"ttl\": 90"]
BAD_MEMBERS = ["\"ttl\": 59", "\"ttl\": -1", "\"ttl\": \"60\"", "\"ttl\": 60.5", "\"ttl\": true",
               "\"ttl\": 99999999999999999", "\"ttl\": [1]", "\"ttl\": {\"a\": 1}", "\"options\": [1]",
               "\"options\": \"x\"", "\"options\": 1", "\"options\": true",
               "\"options\": {\"_retry_policy\": [1]}", "\"options\": {\"_retry_policy\": \"x\"}",
               "\"options\": {\"_retry_policy\": {\"minimum_delay\": 21}}",
               "\"options\": {\"_retry_policy\": {\"retry_backoff_function\": \"cubic\"}}",
               "\"subscriber\": \"ftp://a\"", "\"subscriber\": \"a\"", "\"subscriber\": \"fake:x\""]
EMPTY_MEMBERS = ["\"ttl\": 0", "\"ttl\": false", "\"ttl\": \"\"", "\"ttl\": []", "\"options\": []",
                 "\"options\": \"\"", "\"options\": 0", "\"options\": false", "\"subscriber\": \"\"",
                 "\"subscriber\": 1", "\"subscriber\": [\"http://a\"]", "\"subscriber\": {}",
                 "\"subscriber\": true", "\"subscriber\": 0"]
LOOSE_MEMBERS = ["\"subscriber\": \"http:\"", "\"subscriber\": \"http:///x\"", "\"subscriber\": \"mailto:\"",
                 "\"subscriber\": \"mailto:x\"", "\"subscriber\": \"http://a b\"",
                 "\"options\": {\"post_data\": 1}", "\"options\": {\"post_headers\": [1]}",
                 "\"options\": {\"post_headers\": {\"a\": 1}}", "\"options\": {\"from\": \"a\\nb\"}",
                 "\"options\": {\"subject\": 1}", "\"options\": {\"trust_id\": \"x\"}",
                 "\"options\": {\"_retry_policy\": {\"minimum_delay\": -1}}",
                 "\"options\": {\"_retry_policy\": {\"minimum_delay\": true}}",
                 "\"options\": {\"_retry_policy\": {\"maximum_delay\": 1000000}}",
                 "\"options\": {\"_retry_policy\": []}", "\"subscriber\": \"trust+http://a\""]
ODD_SUBSCRIPTIONS = [None, "", "{}", "{\"ttl\": 100}", "[]", "[{\"subscriber\": \"http://a\"}]",
                     "{\"subscriber\": null}", "{\"subscriber\": \"http://a\", \"ttl\": null}",
                     "{\"subscriber\": \"http://nulls\", \"options\": null}"]
ODD_CHANGES = [None, "", "{}", "[]", "[1]", "{\"x\": 1}", "{\"project\": \"p\"}", "{\"confirmed\": true}",
               "{\"subscriber\": null, \"ttl\": 90, \"options\": null}", "{\"ttl\": null}"]
CONFIRMATIONS = ["{\"confirmed\": true}", "{\"confirmed\": true}", "{\"confirmed\": false}",
                 "{\"confirmed\": true, \"x\": 1}"]
BAD_CONFIRMATIONS = [None, "", "{}", "[]", "[true]", "{\"confirmed\": 1}", "{\"confirmed\": null}",
                     "{\"confirmed\": \"true\"}", "{\"x\": true}", "3"]


# Queries that are written oddly.
ODD_QUERIES = ["limit=2&limit", "%6Cimit=1", "limit=1;echo=true", "&&limit=2&", "=1", "limit==1", "limit",
               "LIMIT=1", "limit=1&&marker", "echo=true=1", "limit=%31", "limit=2%2C1", "?limit=1", "limit=,",
               "limit=1,", "limit=,2", "echo=true,false", "marker=,", "detailed=t%72ue", "li%mit=1", "limit=%zz"]

# Documents that are written oddly and yet pass: posts.
ODD_POSTS = ["{\"m\\u0065ssages\": [{\"b\\u006fdy\": 1}]}", "{\"messages\": 1, \"messages\": [{\"body\": 2}]}",
             "{\"messages\": [{\"body\": 1, \"body\": 2, \"ttl\": 3, \"ttl\": 100}]}", "{\"messages\": [{\"body\": 1}], \"x\": {}}",
             "\n\t {\"messages\"\r:[{\"body\" :{} }]}\n ", "{\"messages\": [{\"ttl\": 60, \"body\": null}]}",
             "{\"messages\": [{\"body\": {\"\\u0061\": 1, \"a\": 2}}]}", "{\"messages\": [{\"body\": -0}]}"]


class Maker:
    """Makes scenarios. Attributes that change with each: steps, queues, and what is referred to."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.decks = Decks(self.rng)
        self.number = 0

    def draw(self, name, cards=None):
        return self.decks.draw(name, globals()[name] if cards is None else cards)

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    # ---- A scenario ----

    def scenario(self):
        kind = self.draw("kinds", [*KINDS, "corners", "corners"])
        self.setup = self.draw("setup " + kind, ["default", "altered"])
        self.limits = {**DEFAULTS, **{name.split(".")[1]: value
                                      for name, value in SETUPS[self.setup].items()}}
        self.steps = []
        self.messages = []  # (queue, reference)
        self.claims = []  # (queue, reference)
        self.subscriptions = []  # (queue, reference)
        self.nexts = []  # references
        self.queues = self.rng.sample(NAMES, 2)
        unique = f"{self.number}-{self.rng.getrandbits(32):08x}"
        self.projects = [f"p{unique}", f"other {unique}"]
        clients = [uuid.UUID(int=self.rng.getrandbits(128), version=4).hex for _ in range(2)]
        KINDS[kind](self)
        made = Scenario(self.number, kind, self.setup, self.projects, clients, self.steps)
        self.number += 1
        return made

    def add(self, label, method, path, body=None, **more):
        """Adds a step and returns its number."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        more.setdefault("client", self.rng.randrange(2))
        self.steps.append(Step(label, method, path, body, **more))
        return len(self.steps) - 1

    def mix(self, least, most, *weights):
        """Adds steps of the given kinds: (weight, function)…"""
        functions = [f for _, f in weights]
        until = len(self.steps) + self.rng.randint(least, most)
        while len(self.steps) < until:
            self.rng.choices(functions, [w for w, _ in weights])[0](self)

    def queue(self):
        return self.rng.choice(self.queues)

    def limit_text(self, text):
        """Fills in the limits: {max_message_ttl} is it, {max_message_ttl}1 is one more."""
        for name, value in self.limits.items():
            text = text.replace("{" + name + "}1", str(value + 1)) if isinstance(value, int) else text
            text = text.replace("{" + name + "}", str(value))
        return text

    # ---- Queries ----

    def integer(self, name, most):
        kind = self.rng.random()
        if kind < 0.5:
            return f"{name}={self.rng.randint(1, most)}"
        if kind < 0.75:
            return f"{name}={self.draw(f'int {name}', [0, -1, most, most + 1, '+1', '007', '9' * 30, ''])}"
        if kind < 0.85:
            return f"{name}={self.draw('BAD_INTS')}"
        return self.draw("double int", [f"{name}=0&{name}=2", f"{name}=2,1", f"{name}=2&{name}=x"])

    def boolean(self, name, bad=10):
        if self.chance(bad):
            return f"{name}={self.draw('BAD_BOOLS')}"
        return f"{name}={self.draw('GOOD_BOOLS')}" if self.chance(90) else f"{name}="

    def query(self, *parts):
        """Joins those parts that are not empty, in random order."""
        chosen = [p for p in parts if p]
        self.rng.shuffle(chosen)
        return "?" + "&".join(chosen) if chosen else ""

    def maybe(self, percent, function, *arguments):
        return function(*arguments) if self.chance(percent) else ""

    # ---- Queues ----

    def attribute(self, bad=25):
        name, good, wrong = self.draw("ATTRIBUTES")
        is_bad = self.chance(bad)
        value = self.draw(f"{name} {is_bad}", wrong if is_bad else good)
        return name, self.limit_text(value), is_bad

    def put_queue(self, name=None):
        name = name or self.queue()
        kind = self.rng.random()
        label, body = "put queue", self.draw("no body", [None, "", "{}"])
        if kind < 0.25:
            key = self.draw("put key", ["b", "b", "a", "", "\\u0062", "caf\u00e9", "_x", "/~", "_default_ttl"])
            label, body = "put queue with metadata", f"{{\"a\": {self.draw('VALUES')}, \"{key}\": 2}}"
        elif kind < 0.65:
            key, value, is_bad = self.attribute(40)
            label = f"put queue, {'bad' if is_bad else 'good'} {key}"
            body = f"{{\"{key}\": {value}, \"a\": 1}}"
        elif kind < 0.8:
            label, body = "put queue, broken", self.draw("put broken", [*BROKEN, "[]", "[{}]"])
        elif kind < 0.85:
            extra = self.rng.randint(0, 1)
            room = self.limits["max_queue_metadata"] + extra - len("{\"a\": \"\"}")
            label, body = f"put queue, size limit + {extra}", f"{{\"a\": \"{'x' * room}\"}}"
        self.add(label, "PUT", f"/v2/queues/{name}", body)

    def plain_queue(self, metadata=None):
        """A queue that is surely there."""
        name = self.queue()
        self.add("put queue", "PUT", f"/v2/queues/{name}", metadata)
        return name

    def get_queue(self):
        self.add("get queue", "GET", f"/v2/queues/{self.queue()}")

    def delete_queue(self):
        self.add("delete queue", "DELETE", f"/v2/queues/{self.queue()}")

    def patch_queue(self):
        kind = self.rng.random()
        headers = {"Content-Type": PATCH_TYPE}
        if kind < 0.4:
            key = self.draw("patch key", ["b", "a", "_flavor", "_x", "~1", "caf\u00e9", "\\u0062"])
            value = self.draw("VALUES") if key != "_flavor" else "null"
            label, body = "patch queue", self.draw("PATCHES").format(key, value)
        elif kind < 0.6:
            key, value, is_bad = self.attribute(50)
            label = f"patch queue, {'bad' if is_bad else 'good'} {key}"
            body = f"[{{\"op\": \"{self.rng.choice(['add', 'add', 'replace'])}\"," \
                   f" \"path\": \"/metadata/{key}\", \"value\": {value}}}]"
        elif kind < 0.85:
            label, body = "bad patch", self.draw("BAD_PATCHES")
        elif kind < 0.93:
            label, body = "patch queue, broken", self.draw("patch broken", BROKEN)
        else:
            label, body = "patch queue, other type", self.draw("type patch", ["[]", None, "x"])
            headers["Content-Type"] = self.draw("PATCH_TYPES")
        self.add(label, "PATCH", f"/v2/queues/{self.queue()}", body, headers=headers)

    def list_queues(self):
        marker = self.draw("queue marker", ["q", "zzz", "0", "A", "%20", "orders", "caf%C3%A9", "", "x" * 64])
        query = self.query(
            self.maybe(40, self.integer, "limit", self.limits["max_queues_per_page"]),
            self.maybe(30, lambda: f"marker={marker}"),
            self.maybe(40, self.boolean, "detailed"),
            self.maybe(20, self.boolean, "with_count"),
            self.maybe(8, self.draw, "ODD_QUERIES"))
        number = self.add("list queues", "GET", f"/v2/queues{query}")
        self.nexts.append(f"<n{number}>")

    def filter_queues(self):
        query = self.draw("filter", ["name=q", "name=zzz", "name=.", "name=", "a=1", "a=x", "a=1&b=2", "a=%201",
                                     "a=", "a=1,2", "nope=1", "name=q&a=1", "a=1&limit=1", "b=2&detailed=t"])
        self.add("list queues, filtered", "GET", f"/v2/queues?{query}")

    def follow(self):
        if self.nexts:
            number = self.add("follow next", "GET", self.rng.choice(self.nexts))
            self.nexts.append(f"<n{number}>")

    def stats(self):
        self.add("stats", "GET", f"/v2/queues/{self.queue()}/stats")

    def purge(self, bad=50):
        kind = self.rng.random()
        if kind < 0.5:
            label, body = "purge", self.draw("GOOD_PURGES")
        elif kind < 0.85:
            label, body = "bad purge", self.draw("BAD_PURGES")
        else:
            label, body = "purge, broken", self.draw("purge broken", BROKEN)
        self.add(label, "POST", f"/v2/queues/{self.queue()}/purge", body)

    # ---- Messages ----

    def message(self, delay=None):
        ttl = f", \"ttl\": {self.limit_text(self.draw('GOOD_TTLS'))}" if self.chance(40) else ""
        more = self.draw("more", ["", "", "", ", \"x\": 1", ", \"id\": \"1\", \"claim\": {}"])
        wait = "" if delay is None else f", \"delay\": {delay}"
        return f"{{\"body\": {self.draw('VALUES')}{ttl}{more}{wait}}}"

    def post(self, queue=None, most=3, client=None, delay=None):
        """A post that passes, if it is not too large."""
        queue = queue or self.queue()
        n = self.rng.randint(1, most)
        body = "{\"messages\": [" + ", ".join(self.message(delay) for _ in range(n)) + "]}"
        more = {} if client is None else {"client": client}
        number = self.add("post", "POST", f"/v2/queues/{queue}/messages", body, **more)
        self.messages += [(queue, f"<m{number}.{i}>") for i in range(n)]

    def bad_post(self):
        kind = self.rng.random()
        if kind < 0.4:
            label, body = "bad post", self.draw("BAD_POSTS").format(v="{\"body\": 1, \"ttl\": 100}")
        elif kind < 0.7:
            label, ttl = "post, bad ttl", self.limit_text(self.draw("BAD_TTLS"))
            body = f"{{\"messages\": [{{\"body\": 1, \"ttl\": {ttl}}}]}}"
        elif kind < 0.8:
            extra = self.rng.randint(0, 1)
            room = self.limits["max_messages_post_size"] + extra - len("{\"messages\": [{\"body\": \"\"}]}")
            label, body = f"post, size limit + {extra}", f"{{\"messages\": [{{\"body\": \"{'x' * room}\"}}]}}"
        else:
            label, body = "post, broken", self.draw("post broken", [*BROKEN, None])
        self.add(label, "POST", f"/v2/queues/{self.queue()}/messages", body)

    def broken_value(self):
        """Values that only a message's body could hold."""
        value = self.draw("broken value", ["NaN", "Infinity", "1e400", "\"\\ud800\"", "\"\\udc00x\"",
                                           "9223372036854775808", "1" * 400, "0." + "1" * 400,
                                           "[" * 90 + "]" * 90, "[" * 300 + "]" * 300])
        if len(value) > 300 and self.setup == "altered":
            value = "1e400"
        body = f"{{\"messages\": [{{\"body\": {value}}}]}}" if self.chance(60) else self.draw("ODD_POSTS")
        self.add("post, odd value", "POST", f"/v2/queues/{self.queue()}/messages", body)

    def chunked(self):
        path, method, body = self.draw("chunked", [
            ("messages", "POST", "{\"messages\": [{\"body\": 1}]}"), ("claims", "POST", "{\"ttl\": 7}"),
            ("purge", "POST", "{\"resource_types\": [\"nothing\"]}")])
        self.add("chunked body", method, f"/v2/queues/{self.queue()}/{path}", body, chunked=True)

    def list_messages(self):
        marker = self.rng.choice([r for _, r in self.messages] or ["nope"])
        query = self.query(
            self.maybe(40, self.integer, "limit", self.limits["max_messages_per_page"]),
            self.maybe(15, lambda: f"marker={self.rng.choice([marker, self.draw('UNKNOWN_IDS')])}"),
            self.maybe(75, self.boolean, "echo", 5),
            self.maybe(15, self.boolean, "include_claimed"),
            self.maybe(15, self.boolean, "include_delayed"),
            self.maybe(5, lambda: "ids="),
            self.maybe(8, self.draw, "ODD_QUERIES"))
        number = self.add("list messages", "GET", f"/v2/queues/{self.queue()}/messages{query}")
        self.nexts.append(f"<n{number}>")

    def list_all(self):
        flags = [f"{name}={self.rng.choice(['true', 'false'])}"
                 for name in ("include_claimed", "include_delayed") if self.chance(30)]
        number = self.add("list messages", "GET",
                          f"/v2/queues/{self.queue()}/messages{self.query('echo=true', *flags)}")
        self.nexts.append(f"<n{number}>")

    def bad_delay(self):
        delay = self.limit_text(self.draw("bad delay", ["-1", "{max_message_delay}1", *NOT_INTS]))
        self.add("post, bad delay", "POST", f"/v2/queues/{self.queue()}/messages",
                 f"{{\"messages\": [{{\"body\": 1, \"delay\": {delay}}}]}}")

    def reference(self, unknown=15):
        """(queue, id) of a message that was posted, or of none."""
        if not self.messages or self.chance(unknown):
            return self.queue(), self.draw("UNKNOWN_IDS")
        queue, reference = self.rng.choice(self.messages)
        return (self.queue() if self.chance(5) else queue), reference

    def ids(self, unknown=15):
        queue, first = self.reference(unknown)
        own = [r for q, r in self.messages if q == queue] or [first]
        n = self.rng.randint(1, 3)
        ids = [first, *(self.rng.choice(own) if not self.chance(unknown) else self.draw("UNKNOWN_IDS")
                        for _ in range(n - 1))]
        kind = self.rng.random()
        if kind < 0.6:
            return queue, "ids=" + ",".join(ids)
        if kind < 0.9:
            return queue, "&".join(f"ids={i}" for i in ids)
        most = self.limits["max_messages_per_page"]
        return queue, "ids=" + self.draw("odd ids", [",", ",,x", "x,", ",".join(["x"] * most),
                                                     ",".join(["x"] * (most + 1)), "", "x%2Cy",
                                                     ",".join([first] * 2), ",".join(first * 3)])

    def get_many(self):
        queue, ids = self.ids()
        self.add("get by ids", "GET", f"/v2/queues/{queue}/messages{self.query(ids, self.maybe(20, self.boolean, 'echo'))}")

    def get_message(self):
        queue, reference = self.reference()
        self.add("get message", "GET", f"/v2/queues/{queue}/messages/{reference}")

    def claim_reference(self):
        if not self.claims or self.chance(25):
            return self.draw("unknown claim", ["nope", "00000000-0000-0000-0000-000000000000", "",
                                               "caf%C3%A9", "x" * 200, "3o26fe0rd5p8llgmfbueo48nfc",
                                               "0123456789abcdef0123456789abcdef"])
        return self.rng.choice(self.claims)[1]

    def delete_message(self):
        queue, reference = self.reference()
        form = self.draw("claim form", ["?claim_id={0}"] * 5 + [
            "?claim_id=nope&claim_id={0}", "?claim_id=nope,{0}", "?claim_id={0},", "?claim_id=", "?claim%5Fid={0}"])
        query = form.format(self.claim_reference()) if self.chance(50) else ""
        self.add("delete message", "DELETE", f"/v2/queues/{queue}/messages/{reference}{query}")

    def delete_many(self):
        kind = self.rng.random()
        most = self.limits["max_messages_per_claim_or_pop"]
        queue, ids = self.ids()
        if kind < 0.5:
            label, query = "delete by ids", self.query(
                ids, self.maybe(60, lambda: f"claim_ids={self.claim_reference()}"))
        elif kind < 0.85:
            label, query = "pop", self.query(self.integer("pop", most))
        else:
            label, query = "bulk delete", self.draw("bulk", [
                "", "?ids=x&pop=1", "?pop=1&claim_ids=x", "?ids=&pop=", "?ids=x&claim_ids=", "?claim_ids=x",
                "?ids=x&claim_ids=,", "?ids=x&pop=0", "?ids=,&pop=1", "?ids=x&claim_ids=a,b,c,"])
        self.add(label, "DELETE", f"/v2/queues/{queue}/messages{query}")

    def pop(self):
        self.add("pop", "DELETE", f"/v2/queues/{self.queue()}/messages?pop={self.rng.randint(1, 3)}")

    # ---- Claims ----

    def claim(self, queue=None, body=None, limit=None):
        queue = queue or self.queue()
        if body is None:
            body = self.draw("GOOD_CLAIMS")
        query = f"?limit={limit or self.rng.randint(1, 4)}"
        number = self.add("claim", "POST", f"/v2/queues/{queue}/claims{query}", body)
        self.claims.append((queue, f"<c{number}>"))

    def bad_claim(self):
        kind = self.rng.random()
        most = self.limits["max_messages_per_claim_or_pop"]
        query = self.query(self.maybe(50, self.integer, "limit", most))
        if kind < 0.6:
            label, body = "bad claim", self.draw("BAD_CLAIMS")
        else:
            label, body = "claim, broken", self.draw("claim broken", BROKEN)
        self.add(label, "POST", f"/v2/queues/{self.queue()}/claims{query}", body)

    def on_claim(self, method, label, body=None):
        queue, claim = self.rng.choice(self.claims) if self.claims else (self.queue(), "nope")
        if self.chance(15):
            claim = self.claim_reference()
        if self.chance(5):
            queue = self.queue()
        self.add(label, method, f"/v2/queues/{queue}/claims/{claim}", body)

    def get_claim(self):
        self.on_claim("GET", "get claim")

    def release(self):
        self.on_claim("DELETE", "release")

    def renew(self):
        self.on_claim("PATCH", "renew", self.draw("renew", [c for c in GOOD_CLAIMS if c]))

    def bad_renew(self):
        kind = self.rng.random()
        if kind < 0.6:
            self.on_claim("PATCH", "bad renewal", self.draw("bad renew", BAD_CLAIMS))
        else:
            self.on_claim("PATCH", "renewal, broken", self.draw("renew broken", [*BROKEN, None]))

    def delete_claimed(self):
        """Deletes a message under its own claim, so far as that can be told."""
        if self.claims and self.messages:
            queue, claim = self.rng.choice(self.claims)
            self.add("delete claimed", "DELETE",
                     f"/v2/queues/{queue}/messages/{self.rng.choice(self.messages)[1]}?claim_id={claim}")

    # ---- Subscriptions ----

    def subscribe(self, queue=None):
        """A subscription that is made, or found."""
        queue = queue or self.queue()
        more = f", {self.draw('GOOD_MEMBERS')}" if self.chance(60) else ""
        number = self.add("subscribe", "POST", f"/v2/queues/{queue}/subscriptions",
                          f"{{\"subscriber\": \"{self.draw('SUBSCRIBERS')}\"{more}}}")
        self.subscriptions.append((queue, f"<s{number}>"))

    def bad_subscribe(self):
        kind = self.rng.random()
        if kind < 0.75:
            deck = self.rng.choice(["BAD_MEMBERS", "BAD_MEMBERS", "EMPTY_MEMBERS", "LOOSE_MEMBERS"])
            label, body = "subscribe, bad", f"{{\"subscriber\": \"http://bad\", {self.draw('post ' + deck, globals()[deck])}}}"
        elif kind < 0.9:
            label, body = "subscribe, odd", self.draw("ODD_SUBSCRIPTIONS")
        else:
            label, body = "subscribe, broken", self.draw("subscribe broken", BROKEN)
        self.add(label, "POST", f"/v2/queues/{self.queue()}/subscriptions", body)

    def list_subscriptions(self):
        marker = self.rng.choice(self.subscriptions)[1] if self.subscriptions and self.chance(70) else \
            self.draw("UNKNOWN_IDS")
        query = self.query(
            self.maybe(50, self.integer, "limit", self.limits["max_subscriptions_per_page"]),
            self.maybe(30, lambda: f"marker={marker}"), self.maybe(10, lambda: "detailed=False"))
        number = self.add("list subscriptions", "GET", f"/v2/queues/{self.queue()}/subscriptions{query}")
        self.nexts.append(f"<n{number}>")

    def on_subscription(self, method, label, body=None, suffix=""):
        queue, name = self.rng.choice(self.subscriptions) if self.subscriptions else (self.queue(), "nope")
        if self.chance(10):
            name = self.draw("UNKNOWN_IDS")
        if self.chance(5):
            queue = self.queue()
        self.add(label, method, f"/v2/queues/{queue}/subscriptions/{name}{suffix}", body)

    def get_subscription(self):
        self.on_subscription("GET", "get subscription")

    def unsubscribe(self):
        self.on_subscription("DELETE", "unsubscribe")

    def change_subscription(self):
        members = [self.draw("change", GOOD_MEMBERS)]
        if self.chance(40):
            members.append(f"\"subscriber\": \"{self.draw('SUBSCRIBERS')}\"")
        self.on_subscription("PATCH", "change subscription", "{" + ", ".join(members) + "}")

    def bad_change(self):
        kind = self.rng.random()
        if kind < 0.7:
            deck = self.rng.choice(["BAD_MEMBERS", "BAD_MEMBERS", "EMPTY_MEMBERS", "LOOSE_MEMBERS"])
            label, body = "change subscription, bad", f"{{{self.draw('change ' + deck, globals()[deck])}}}"
        elif kind < 0.9:
            label, body = "change subscription, odd", self.draw("ODD_CHANGES")
        else:
            label, body = "change subscription, broken", self.draw("change broken", BROKEN)
        self.on_subscription("PATCH", label, body)

    def confirm(self):
        self.on_subscription("PUT", "confirm", self.draw("CONFIRMATIONS"), "/confirm")

    def bad_confirm(self):
        if self.chance(70):
            label, body = "confirm, bad", self.draw("BAD_CONFIRMATIONS")
        else:
            label, body = "confirm, broken", self.draw("confirm broken", BROKEN)
        self.on_subscription("PUT", label, body, "/confirm")

    # ---- Headers and routes ----

    def route(self):
        path, methods = self.draw("ROUTES")
        return path, self.rng.choice(methods.split())

    def client_header(self):
        path, method = self.route()
        value = self.draw("CLIENT_IDS")
        own = uuid.UUID(int=self.rng.getrandbits(128))
        value = value.format(own.hex, upper=own.hex.upper(), dashed=str(own))
        headers = {"Client-ID": value if self.chance(85) else None}
        if self.chance(20):
            method = "PUT"  # a wrong method for most routes: the header is checked first
        self.add("client id", method, path, headers=headers)

    def project_header(self):
        path, method = self.route()
        project = self.projects[0]
        longest = f"{project} {len(self.steps)} ".ljust(256, "x")
        headers = self.draw("project", [
            {"X-Project-ID": None}, {"X-Project-ID": ""}, {"X-Project-ID": longest},
            {"X-Project-ID": longest + "x"}, {"X-Project-ID": f" {project}  x "},
            {"X-Project-ID": None, "X-Tenant-Id": project}, {"X-Project-ID": None, "X-Tenant": project},
            {"X-Project-ID": None, "X-Tenant-Id": "", "X-Tenant": project},
            {"X-Project-ID": "", "X-Tenant-Id": project}, {"X-Tenant-Id": "x"}, {"X-Project-ID": f"a.b/c:d {project}"},
        ])
        self.add("project", method, path, headers=headers)

    def accept_header(self):
        path, method = self.route()
        if self.chance(20):
            path = "/v2/nope"
        headers = {"Accept": self.draw("ACCEPTS")}
        if self.chance(20):
            headers["Client-ID"] = None
        self.add("accept", method, path, headers=headers)

    def type_header(self):
        path, method = self.route()
        value = self.draw("types", [
            "application/x-www-form-urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED", "text/plain", "",
            "application/x-www-form-urlencoded; charset=utf-8", "nonsense", "application/json"])
        self.add("content type", method, path, self.draw("typed", ["{}", None, "", "a=b"]),
                 headers={"Content-Type": value})

    def extra_spec(self):
        path, method = self.route()
        value = self.draw("specs", ["", ":", ":x", "messagecode:x", "messagecode", "nope:x", "nope", "a:b:c"])
        self.add("extra spec", method, path, headers={"EXTRA-SPEC": value})

    def share(self):
        kind = self.rng.random()
        label, body = "share", self.draw("GOOD_SHARES")
        if kind < 0.5:
            label, body = "bad share", self.draw("BAD_SHARES")
        elif kind < 0.6:
            label, body = "share, broken", self.draw("share broken", [*BROKEN, None])
        self.add(label, "POST", f"/v2/queues/{self.queue()}/share", body)

    def show(self):
        paths, methods, expires, otherwise, method, path = self.draw("SHOWN")
        queue = self.queue()
        paths = [p.replace("{q}", queue) for p in paths]
        headers = {"URL-Signature": signature(paths, methods, self.projects[0], expires), "URL-Expires": expires,
                   "URL-Methods": ",".join(methods), "URL-Paths": ",".join(paths), **otherwise}
        self.add("pre-signed", method, path.replace("{q}", queue), headers=headers)

    def odd_method(self):
        path, _ = self.draw("method ROUTES", ROUTES)
        headers = {"Client-ID": None} if self.chance(15) else {}
        self.add("method", self.draw("METHODS"), path, headers=headers)

    def odd_path(self):
        method = self.draw("path method", ["GET", "GET", "POST", "OPTIONS", "DELETE", "PUT"])
        headers = {"Client-ID": None} if self.chance(15) else {}
        self.add("path", method, self.draw("NO_ROUTES"), headers=headers)

    def odd_name(self):
        name = self.draw("odd name", [*BAD_NAMES, *ODD_NAMES])
        suffix, method = self.draw("named", [("", "GET"), ("", "PUT"), ("", "DELETE"), ("", "PATCH"),
                                             ("/stats", "GET"), ("/purge", "POST"), ("/messages", "GET"),
                                             ("/messages/x", "GET"), ("/claims", "POST"),
                                             ("/claims/x", "DELETE"), ("/messages", "DELETE")])
        self.add("queue name", method, f"/v2/queues/{name}{suffix}")

    def odd_length(self):
        path, method = self.draw("lengths", [("/v2/queues/q", "PUT"), ("/v2/queues/q/messages", "POST"),
                                             ("/v2/queues", "GET")])
        self.add("length", method, path, headers={"Content-Length": self.draw("length", ["x", "-1", "", "1.0"])})

    def open_documents(self):
        path = self.draw("open", ["/", "/v2/", "/v2/ping"])
        headers = {"Client-ID": None, "X-Project-ID": None} if self.chance(40) else {}
        self.add("documents", self.rng.choice(["GET", "GET", "HEAD"]), path, headers=headers)


# ---- Kinds of scenarios -------------------------------------------------------------------------

def protocol(m):
    """Headers, routes, methods, documents."""
    m.mix(12, 20, (2, Maker.client_header), (2, Maker.project_header), (2, Maker.accept_header),
          (2, Maker.type_header), (1, Maker.extra_spec), (2, Maker.odd_method), (3, Maker.odd_path),
          (3, Maker.odd_name), (1, Maker.odd_length), (1, Maker.open_documents))


def queues(m):
    """Queues and their metadata, good and bad."""
    m.mix(12, 22, (4, Maker.put_queue), (2, Maker.get_queue), (6, Maker.patch_queue),
          (1, Maker.delete_queue), (1, Maker.list_queues))


def queue_pages(m):
    """Lists of queues, page by page."""
    for name in m.rng.sample([*NAMES, "b", "c", "Q", "z9"], m.rng.randint(2, 7)):
        m.add("put queue", "PUT", f"/v2/queues/{name}", m.draw("listed", [None, {"a": 1}, {"a": "x", "b": 2}]))
    m.mix(6, 12, (4, Maker.list_queues), (4, Maker.follow), (1, Maker.delete_queue))


def filters(m):
    """Lists of queues that are filtered."""
    for metadata in ({"a": 1, "b": 2}, {"a": "x"}):
        name = m.queues.pop()
        m.add("put queue", "PUT", f"/v2/queues/{name}", metadata)
    m.mix(3, 6, (1, Maker.filter_queues))


def posts(m):
    """Posting, good and bad, with the queue's own rules."""
    name = m.plain_queue(m.draw("posts to", [None, {"_default_message_ttl": 100},
                                             {"_max_messages_post_size": 90}, {"_default_message_ttl": None}]))
    m.queues = [name, name, m.rng.choice(m.queues)]
    m.mix(8, 16, (3, Maker.post), (5, Maker.bad_post), (1, Maker.broken_value), (2, Maker.get_message),
          (1, Maker.list_messages), (1, Maker.stats))


def reading(m):
    """Listing, paging and reading messages."""
    m.queues = [m.plain_queue()]
    for _ in range(m.rng.randint(1, 3)):
        m.post(most=6)
    m.mix(6, 14, (4, Maker.list_messages), (4, Maker.follow), (2, Maker.get_many), (2, Maker.get_message),
          (1, Maker.post), (1, Maker.delete_message), (1, Maker.stats), (1, Maker.claim))


def deleting(m):
    """Deleting one by one, many, and popping."""
    m.queues = [m.plain_queue()]
    m.post(most=6)
    m.post(most=6)
    m.mix(6, 14, (4, Maker.delete_message), (5, Maker.delete_many), (2, Maker.claim), (1, Maker.post),
          (2, Maker.get_message), (1, Maker.stats), (1, Maker.get_claim))


def claiming(m):
    """The life of claims."""
    m.queues = [m.plain_queue()]
    m.post(most=6)
    m.mix(8, 18, (3, Maker.claim), (2, Maker.bad_claim), (3, Maker.get_claim), (3, Maker.renew),
          (2, Maker.bad_renew), (1, Maker.release), (2, Maker.delete_message), (2, Maker.get_message),
          (1, Maker.post), (1, Maker.stats), (1, Maker.pop))


def purging(m):
    """Purge, deletion and what is left."""
    m.mix(10, 18, (4, Maker.post), (5, Maker.purge), (1, Maker.delete_queue), (3, Maker.stats),
          (2, Maker.list_messages), (1, Maker.list_queues), (2, Maker.claim), (1, Maker.get_message))


def sharing(m):
    """Pre-signed URLs, good and bad."""
    m.mix(14, 24, (4, Maker.share), (8, Maker.show), (1, Maker.post), (1, Maker.put_queue))


def releasing(m):
    """Claims that overlap, are released, emptied, and outlive their queue."""
    m.queues = [m.plain_queue()]
    m.post(most=8)
    m.post(most=8)
    for _ in range(m.rng.randint(2, 3)):
        m.claim(limit=m.rng.randint(1, 3))
    m.mix(5, 10, (3, Maker.release), (3, Maker.claim), (2, Maker.get_claim), (2, Maker.delete_message),
          (1, Maker.renew), (2, Maker.list_all), (1, Maker.pop), (1, Maker.stats), (1, Maker.delete_claimed))
    if m.chance(40):
        m.delete_queue()
        m.plain_queue()
        m.mix(2, 5, (3, Maker.get_claim), (1, Maker.renew), (1, Maker.release), (1, Maker.stats),
              (1, Maker.post), (1, Maker.list_all))


def subscribing(m):
    """The life of subscriptions."""
    m.queues = [m.plain_queue()]
    m.subscribe()
    m.mix(8, 16, (4, Maker.subscribe), (5, Maker.bad_subscribe), (2, Maker.list_subscriptions),
          (2, Maker.get_subscription), (3, Maker.change_subscription), (4, Maker.bad_change), (2, Maker.confirm),
          (2, Maker.bad_confirm), (1, Maker.unsubscribe), (1, Maker.follow))


def strangers(m):
    """Ids in the wrong queue and the wrong project."""
    first, second = m.queues
    for queue in (first, second):
        m.add("put queue", "PUT", f"/v2/queues/{queue}")
    m.add("put queue", "PUT", f"/v2/queues/{first}", project=1)
    m.post(first, most=4)
    m.claim(first, limit=1)
    for _ in range(m.rng.randint(3, 6)):
        queue, project = m.rng.choice([(second, 0), (first, 1), (second, 1), (first, 0)])
        _, message = m.rng.choice(m.messages)
        _, claim = m.rng.choice(m.claims)
        label, method, path, body = m.draw("stranger", [
            ("get message", "GET", f"messages/{message}", None),
            ("get by ids", "GET", f"messages?ids={message}", None),
            ("delete message", "DELETE", f"messages/{message}", None),
            ("delete message", "DELETE", f"messages/{message}?claim_id={claim}", None),
            ("delete by ids", "DELETE", f"messages?ids={message}&claim_ids={claim}", None),
            ("list messages", "GET", f"messages?echo=true&marker={message}", None),
            ("get claim", "GET", f"claims/{claim}", None),
            ("renew", "PATCH", f"claims/{claim}", "{}"),
            ("release", "DELETE", f"claims/{claim}", None),
        ])
        m.add(label + " of another", method, f"/v2/queues/{queue}/{path}", body, project=project)
        m.add("get message", "GET", f"/v2/queues/{first}/messages/{message}")
    m.queues = [first]
    m.mix(1, 3, (1, Maker.list_all), (1, Maker.stats), (1, Maker.get_claim))


def delaying(m):
    """Messages that are delayed, by the queue or by themselves."""
    short = m.draw("short delay", [True, False, False])
    rules = [{"_default_message_delay": 1}, None] if short else \
        [{"_default_message_delay": 300}, None, {"_default_message_delay": 0}]
    m.queues = [m.plain_queue(m.draw(f"delay of queue {short}", rules))]
    delays = [1, 0] if short else [None, 0, 300]
    for _ in range(m.rng.randint(1, 3)):
        m.post(most=3, delay=m.draw(f"delay {short}", delays))
    m.stats()
    m.steps[-1].wait = 2.1 if short else 0
    m.mix(3, 7, (3, Maker.list_all), (1, Maker.claim), (1, Maker.pop), (1, Maker.stats), (1, Maker.get_message),
          (1, Maker.purge), (1, Maker.bad_delay))


def aging(m):
    """Messages and claims that are some seconds old."""
    m.queues = [m.plain_queue()]
    m.add("post", "POST", f"/v2/queues/{m.queues[0]}/messages",
          {"messages": [{"body": 1, "ttl": 60}, {"body": 2, "ttl": 200}, {"body": 3, "ttl": 3600}]})
    m.messages = [(m.queues[0], f"<m1.{i}>") for i in range(3)]
    m.stats()
    m.steps[-1].wait = 2.1
    m.claim(body=m.draw("aging claim", ["{\"ttl\": 100, \"grace\": 100}", "{\"ttl\": 60, \"grace\": 60}",
                                        "{\"ttl\": 300, \"grace\": 60}"]), limit=3)
    m.mix(2, 4, (1, Maker.get_claim), (1, Maker.renew), (1, Maker.get_message), (1, Maker.release),
          (1, Maker.list_all), (1, Maker.pop), (1, Maker.stats))


def dead_letters(m):
    """Messages that are claimed too often."""
    source, target = m.queues
    m.queues = [source]
    if m.chance(60):
        m.add("put queue", "PUT", f"/v2/queues/{target}")
    m.add("put queue", "PUT", f"/v2/queues/{source}", m.draw("dead letter rules", [
        {"_dead_letter_queue": target, "_max_claim_count": 1},
        {"_dead_letter_queue": target, "_max_claim_count": 2},
        {"_dead_letter_queue": target, "_max_claim_count": 0},
        {"_dead_letter_queue": target, "_max_claim_count": 1, "_dead_letter_queue_messages_ttl": 90},
        {"_dead_letter_queue": target, "_max_claim_count": None}, {"_max_claim_count": 1},
        {"_dead_letter_queue": target}]))
    m.post(source, most=3)
    for _ in range(m.rng.randint(2, 3)):
        m.claim(limit=3)
        m.add("release", "DELETE", f"/v2/queues/{source}/claims/{m.claims[-1][1]}")
    m.queues = [source, target]
    m.mix(4, 7, (3, Maker.list_all), (2, Maker.stats), (2, Maker.get_message), (1, Maker.claim), (2, Maker.pop))


def corners(m):
    """Rare things, each as a fixed script: what the other kinds would meet by chance only."""
    for _ in range(4):
        m.draw("QUIET")(m)
    m.draw("PARTING")(m)


def anything(m):
    """All of it, most often on queues that are there."""
    for name in m.queues:
        if m.chance(75):
            m.add("put queue", "PUT", f"/v2/queues/{name}")
    m.mix(12, 25, (4, Maker.put_queue), (2, Maker.get_queue), (2, Maker.patch_queue),
          (1, Maker.delete_queue), (1, Maker.list_queues), (1, Maker.stats), (1, Maker.purge), (6, Maker.post),
          (2, Maker.bad_post), (3, Maker.list_messages), (2, Maker.get_many), (2, Maker.get_message),
          (2, Maker.delete_message), (2, Maker.delete_many), (3, Maker.claim), (1, Maker.bad_claim),
          (2, Maker.get_claim), (2, Maker.renew), (1, Maker.release), (1, Maker.follow), (1, Maker.chunked))


# ---- Corners ------------------------------------------------------------------------------------
# Scripts for corners(). Each works on a queue of its own, so that several fit into a scenario.

def fresh(m, metadata=None):
    """A new queue of its own."""
    name = f"c{len(m.steps)}"
    m.add("put queue", "PUT", f"/v2/queues/{name}", metadata)
    return name


def put(m, metadata):
    m.add("put queue", "PUT", f"/v2/queues/c{len(m.steps)}", metadata)


def patch(m, queue, *changes):
    m.add("patch queue", "PATCH", f"/v2/queues/{queue}", json.dumps(changes), headers={"Content-Type": PATCH_TYPE})


def post_plain(m, queue, n, **more):
    """Posts n messages and returns the number of the step."""
    delay = {"delay": more.pop("delay")} if "delay" in more else {}
    return m.add("post", "POST", f"/v2/queues/{queue}/messages",
                 {"messages": [{"body": i, **delay} for i in range(n)]}, **more)


def claim_plain(m, queue, limit, body=None):
    return m.add("claim", "POST", f"/v2/queues/{queue}/claims?limit={limit}", body)


def blank_after_header(m):
    m.add("client id", "GET", "/v2/queues", headers={"Client-ID": str(uuid.uuid5(uuid.NAMESPACE_DNS, "x")) + " "})


def capital_accept(m):
    m.add("accept", "GET", "/v2/queues", headers={"Accept": "APPLICATION/JSON"})


def emptied_claim(m):
    queue = fresh(m)
    posted = post_plain(m, queue, 1)
    claimed = claim_plain(m, queue, 5)
    m.add("delete claimed", "DELETE", f"/v2/queues/{queue}/messages/<m{posted}.0>?claim_id=<c{claimed}>")
    m.add("get claim", "GET", f"/v2/queues/{queue}/claims/<c{claimed}>")


def refused_post(m):
    name = f"c{len(m.steps)}"
    m.add("bad post", "POST", f"/v2/queues/{name}/messages", {"messages": []})
    m.add("list queues", "GET", "/v2/queues?marker=b&limit=4")


def dotted_name(m):
    m.add("put queue", "PUT", "/v2/queues/dot.ted")
    m.add("list queues", "GET", "/v2/queues?marker=do&limit=1")


def purged_claim(m):
    queue = fresh(m)
    post_plain(m, queue, 3)
    claim_plain(m, queue, 1)
    m.add("purge", "POST", f"/v2/queues/{queue}/purge")
    m.add("stats", "GET", f"/v2/queues/{queue}/stats")
    m.add("list messages", "GET", f"/v2/queues/{queue}/messages?echo=true")


def doubled_id(m):
    queue = fresh(m)
    posted = post_plain(m, queue, 2)
    m.add("get by ids", "GET", f"/v2/queues/{queue}/messages?ids=<m{posted}.0>,<m{posted}.1>,<m{posted}.0>")


def zero_count(m):
    queue = fresh(m, {"_max_claim_count": 0})
    m.add("get queue", "GET", f"/v2/queues/{queue}")


def short_client_id(m):
    m.add("client id", "GET", "/v2/queues", headers={"Client-ID": "x" * 9})


def two_slashes(m):
    m.add("path", "GET", "//v2/queues")


def no_length(m):
    m.add("length", "GET", "/v2/queues", headers={"Content-Length": ""})


def name_with(text):
    def script(m):
        m.add("queue name", "GET", f"/v2/queues/a{text}/stats")
    return script


def comma_parameter(m):
    m.add("list queues", "GET", "/v2/queues?limit=,")


def typed_patch(m):
    m.add("patch queue, other type", "PATCH", f"/v2/queues/{fresh(m)}", "[]",
          headers={"Content-Type": PATCH_TYPE.upper() + "; charset=utf-8"})


def escaped_name(m):
    put(m, "{\"_dead_letter_queue\": \"\\u0064ead\"}")


def behind_dead_letters(m):
    queue = fresh(m, {"_dead_letter_queue": "dead", "_max_claim_count": 1})
    post_plain(m, queue, 2)
    claimed = claim_plain(m, queue, 2)
    m.add("release", "DELETE", f"/v2/queues/{queue}/claims/<c{claimed}>")
    post_plain(m, queue, 1)
    claim_plain(m, queue, 2)


def counted_claims(m):
    queue = fresh(m)
    post_plain(m, queue, 2)
    claimed = claim_plain(m, queue, 1)
    m.add("release", "DELETE", f"/v2/queues/{queue}/claims/<c{claimed}>")
    m.add("pop", "DELETE", f"/v2/queues/{queue}/messages?pop=2")


def others_page(m):
    queue = fresh(m)
    post_plain(m, queue, 3, client=0)
    post_plain(m, queue, 1, client=1)
    m.add("list messages", "GET", f"/v2/queues/{queue}/messages?limit=2", client=0)


def default_sizes(m):
    """More messages than a page or claim takes that is given no limit."""
    queue = fresh(m)
    for _ in range(2):
        post_plain(m, queue, 8)
    number = m.add("list messages", "GET", f"/v2/queues/{queue}/messages?echo=true")
    number = m.add("follow next", "GET", f"<n{number}>")
    m.add("follow next", "GET", f"<n{number}>")
    m.add("claim", "POST", f"/v2/queues/{queue}/claims")


def key_as_id(m):
    """The name of a key of the peer's store in the place of an id."""
    queue = fresh(m)
    m.add("get message", "GET", f"/v2/queues/{queue}/messages/{m.projects[0]}.{queue}")


def foreign_letters(m):
    for name in ("caf\u00e9 1", "\u00fc\u00df", "v1.2"):
        m.add("put queue", "PUT", "/v2/queues/c", headers={"X-Project-ID": f"{name} {m.projects[0]}"})
        m.add("list queues", "GET", "/v2/queues", headers={"X-Project-ID": f"{name} {m.projects[0]}"})


def negative_count(m):
    put(m, {"_max_claim_count": -1})


def encrypted(m):
    queue = fresh(m, {"_enable_encrypt_messages": True})
    m.add("get queue", "GET", f"/v2/queues/{queue}")
    posted = m.add("post", "POST", f"/v2/queues/{queue}/messages",
                   {"messages": [{"body": body} for body in ("text", {"a": [1]}, 7)]})
    m.add("list messages", "GET", f"/v2/queues/{queue}/messages?echo=true")
    m.add("get message", "GET", f"/v2/queues/{queue}/messages/<m{posted}.1>")
    m.add("stats", "GET", f"/v2/queues/{queue}/stats")
    claimed = claim_plain(m, queue, 1)
    m.add("get claim", "GET", f"/v2/queues/{queue}/claims/<c{claimed}>")
    m.add("pop", "DELETE", f"/v2/queues/{queue}/messages?pop=1")


def wrong_flavor(m):
    put(m, {"_flavor": 1})


def wrong_dead_letter_queue(m):
    put(m, {"_dead_letter_queue": "no queue"})


def wrong_retries(m):
    put(m, {"_retry_policy": {"retries_with_no_delay": -1}})


def empty_attribute(m):
    put(m, {"_retry_policy": ""})


def grown_metadata(m):
    size = m.limits["max_queue_metadata"] - 50
    patch(m, fresh(m, {"a": "x" * size}), {"op": "add", "path": "/metadata/b", "value": "x" * 50})


def removed_elsewhere(m):
    patch(m, fresh(m, {"a": 1}), {"op": "remove", "path": "/meta/a"})


def blank_key(m):
    patch(m, fresh(m), {"op": "add", "path": "/metadata/ ", "value": 1})


def half_a_pair(m):
    m.add("post, odd value", "POST", f"/v2/queues/{fresh(m)}/messages",
          "{\"messages\": [{\"body\": \"\\udc00x\"}]}")


def no_number(m):
    m.add("post, odd value", "POST", f"/v2/queues/{fresh(m)}/messages", "{\"messages\": [{\"body\": NaN}]}")


def deep_value(m):
    m.add("claim, broken", "POST", f"/v2/queues/{fresh(m)}/claims", "[" * 5000 + "]" * 5000)


def null_terms(m):
    queue = fresh(m)
    post_plain(m, queue, 1)
    claim_plain(m, queue, 1, {"ttl": None, "grace": None})


def low_grace(m):
    queue = fresh(m)
    post_plain(m, queue, 1)
    claimed = claim_plain(m, queue, 1)
    m.add("bad renewal", "PATCH", f"/v2/queues/{queue}/claims/<c{claimed}>", {"ttl": 100, "grace": 59})


def released_first(m):
    queue = fresh(m)
    post_plain(m, queue, 4)
    first = claim_plain(m, queue, 1)
    claim_plain(m, queue, 1)
    m.add("release", "DELETE", f"/v2/queues/{queue}/claims/<c{first}>")
    claim_plain(m, queue, 3)


def delayed_behind_due(m):
    queue = fresh(m, {"_default_message_delay": 300})
    post_plain(m, queue, 1, delay=0)
    post_plain(m, queue, 1)
    claim_plain(m, queue, 5)


def popped_dead_letter(m):
    dead = fresh(m)
    queue = fresh(m, {"_dead_letter_queue": dead, "_max_claim_count": 0})
    post_plain(m, queue, 1)
    m.add("pop", "DELETE", f"/v2/queues/{queue}/messages?pop=1")


def chunks(m):
    m.add("chunked body", "POST", f"/v2/queues/{fresh(m)}/messages", "{\"messages\": [{\"body\": 1}]}",
          chunked=True)


def outlived_claim(m):
    queue = fresh(m)
    post_plain(m, queue, 1)
    claimed = claim_plain(m, queue, 1)
    m.add("delete queue", "DELETE", f"/v2/queues/{queue}")
    m.add("put queue", "PUT", f"/v2/queues/{queue}")
    m.add("get claim", "GET", f"/v2/queues/{queue}/claims/<c{claimed}>")


def subscribe_plain(m, queue, subscriber="http://a.example", **members):
    return m.add("subscribe", "POST", f"/v2/queues/{queue}/subscriptions",
                 json.dumps({"subscriber": subscriber, **members}))


def lazy_subscription(m):
    """On a queue that nobody made."""
    queue = f"c{len(m.steps)}"
    m.add("list subscriptions", "GET", f"/v2/queues/{queue}/subscriptions")
    made = subscribe_plain(m, queue)
    m.add("get subscription", "GET", f"/v2/queues/{queue}/subscriptions/<s{made}>")
    m.add("list queues", "GET", "/v2/queues?marker=b&limit=4")


def refused_subscription(m):
    name = f"c{len(m.steps)}"
    m.add("subscribe, bad", "POST", f"/v2/queues/{name}/subscriptions", {"subscriber": "ftp://a"})
    m.add("list queues", "GET", "/v2/queues?marker=b&limit=4")


def confirmed_subscriber(m):
    """One that is confirmed can't be had twice; a new subscriber has yet to confirm."""
    queue = fresh(m)
    made = subscribe_plain(m, queue)
    path = f"/v2/queues/{queue}/subscriptions/<s{made}>"
    m.add("confirm", "PUT", f"{path}/confirm", {"confirmed": True})
    subscribe_plain(m, queue)
    m.add("change subscription", "PATCH", path, {"subscriber": "http://b.example"})
    m.add("get subscription", "GET", path)


def outlived_subscription(m):
    queue = fresh(m)
    made = subscribe_plain(m, queue)
    m.add("delete queue", "DELETE", f"/v2/queues/{queue}")
    m.add("put queue", "PUT", f"/v2/queues/{queue}")
    m.add("get subscription", "GET", f"/v2/queues/{queue}/subscriptions/<s{made}>")


def purged_subscriptions(m):
    queue = fresh(m)
    for n in range(12):
        subscribe_plain(m, queue, f"http://{n}")
    m.add("purge", "POST", f"/v2/queues/{queue}/purge", {"resource_types": ["subscriptions"]})
    m.add("list subscriptions", "GET", f"/v2/queues/{queue}/subscriptions")


def ordered_subscriptions(m):
    queue = fresh(m)
    for n in range(4):
        subscribe_plain(m, queue, f"http://{n}")
    m.add("list subscriptions", "GET", f"/v2/queues/{queue}/subscriptions")


def unknown_subscription_marker(m):
    queue = fresh(m)
    subscribe_plain(m, queue)
    m.add("list subscriptions", "GET", f"/v2/queues/{queue}/subscriptions?marker=nope")


def ended_subscription(m):
    """One that ends at once, where that is let pass, and another behind it."""
    queue = fresh(m)
    subscribe_plain(m, queue, "http://ends.example", ttl=0)
    subscribe_plain(m, queue)


def null_options(m):
    queue = fresh(m)
    made = subscribe_plain(m, queue, options=None)
    m.add("get subscription", "GET", f"/v2/queues/{queue}/subscriptions/<s{made}>")


def trusted_subscriber(m):
    subscribe_plain(m, fresh(m), "trust+http://a.example")


def large_options(m):
    subscribe_plain(m, fresh(m), options={"a": "x" * 16384})


QUIET = [encrypted, null_options, lazy_subscription, ended_subscription, refused_subscription, confirmed_subscriber, outlived_subscription,
         purged_subscriptions, ordered_subscriptions, unknown_subscription_marker, blank_after_header, capital_accept, emptied_claim, refused_post, dotted_name, purged_claim,
         others_page, default_sizes, key_as_id, foreign_letters, outlived_claim, doubled_id, zero_count,
         short_client_id, two_slashes, no_length, name_with("%0A"), name_with("%2Fb"), comma_parameter,
         typed_patch]
PARTING = [large_options, trusted_subscriber, negative_count, wrong_flavor, wrong_dead_letter_queue, wrong_retries,
           empty_attribute, grown_metadata, removed_elsewhere, blank_key, half_a_pair, no_number, deep_value,
           null_terms, low_grace, released_first, delayed_behind_due, popped_dead_letter, chunks,
           counted_claims, escaped_name, behind_dead_letters]

KINDS = {f.__name__: f for f in (
    protocol, queues, queue_pages, filters, posts, reading, deleting, claiming, releasing, purging, sharing,
    subscribing, strangers, delaying, aging, dead_letters, corners, anything)}


def scenarios(seed, count):
    maker = Maker(seed)
    return [maker.scenario() for _ in range(count)]
