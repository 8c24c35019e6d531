"""Queue attributes, free and reserved, and the JSON patch that changes them (sections 5.2, 5.6)."""

import json

import pytest
from support.api import JSON_PATCH, SHOWN, new_queue, refused

MAX_TTL, MAX_POST, MAX_DELAY = 1209600, 262144, 900
NUMBERS = ["_max_messages_post_size", "_default_message_ttl", "_default_message_delay",
           "_max_claim_count", "_dead_letter_queue_messages_ttl"]

GOOD = [
    ("_max_messages_post_size", 1), ("_max_messages_post_size", MAX_POST),
    ("_default_message_ttl", 60), ("_default_message_ttl", MAX_TTL),
    ("_default_message_delay", 0), ("_default_message_delay", 1),
    ("_default_message_delay", MAX_DELAY), ("_dead_letter_queue", "dead"),
    ("_dead_letter_queue", "dead.letters-1_x"), ("_dead_letter_queue", "d" * 64),
    ("_max_claim_count", 1), ("_max_claim_count", 2 ** 31 - 1),
    ("_dead_letter_queue_messages_ttl", 60), ("_dead_letter_queue_messages_ttl", MAX_TTL),
    ("_enable_encrypt_messages", False),
]
RETRY = [
    {}, {"retries_with_no_delay": 0, "minimum_delay_retries": 7, "maximum_delay_retries": 9},
    {"minimum_delay": 20}, {"maximum_delay": 15}, {"minimum_delay": 1, "maximum_delay": 11},
    *({"retry_backoff_function": f} for f in ("linear", "arithmetic", "exponential", "geometric")),
    {"ignore_subscription_override": True}, {"ignore_subscription_override": False},
    {"unknown": [1, {"kept": None}]},
]
BAD = [
    *((name, value) for name in NUMBERS for value in ("1", "", "x", [], {}, [60], 60.0, 1e2, -1)),
    ("_max_messages_post_size", 0), ("_max_messages_post_size", MAX_POST + 1),
    ("_default_message_ttl", 0), ("_default_message_ttl", 59), ("_default_message_ttl", True),
    ("_default_message_ttl", MAX_TTL + 1), ("_default_message_delay", MAX_DELAY + 1),
    ("_default_message_ttl", 2 ** 63 - 1), ("_default_message_ttl", False),
    ("_dead_letter_queue_messages_ttl", 0), ("_dead_letter_queue_messages_ttl", 59),
    ("_dead_letter_queue_messages_ttl", MAX_TTL + 1), ("_max_messages_post_size", False),
    *(("_dead_letter_queue", value) for value in (1, True, [], {}, "a b", "a@b", "d" * 65, "é")),
    *(("_enable_encrypt_messages", value) for value in ("true", "", 1, 0, [], {})),
    *(("_flavor", value) for value in (1, True, [], {})),
    *(("_retry_policy", value) for value in (1, "x", "", [], True, [{}])),
    *(("_retry_policy", {name: value})
      for name in ("retries_with_no_delay", "minimum_delay_retries", "minimum_delay",
                   "maximum_delay", "maximum_delay_retries")
      for value in ("1", 1.0, [], {})),
    ("_retry_policy", {"minimum_delay": 21}), ("_retry_policy", {"maximum_delay": 14}),
    ("_retry_policy", {"minimum_delay": 5, "maximum_delay": 5}),
    *(("_retry_policy", {"retry_backoff_function": f}) for f in ("cubic", "", "Linear", 1, [], {})),
    *(("_retry_policy", {"ignore_subscription_override": v}) for v in ("true", 1, [], {})),
]


def names(parameter):
    return str(parameter)[:60]


def add(name, value):
    return [{"op": "add", "path": "/metadata/" + name.replace("~", "~0").replace("/", "~1"),
             "value": value}]


# Attributes

@pytest.mark.parametrize("name, value", GOOD, ids=names)
def test_good_value(api, name, value):
    queue = api.queue(**{name: value})
    assert api.get(queue).json == {**SHOWN, name: value}
    queue = api.queue(a=1)
    answer = api.patch(queue, add(name, value))
    assert (answer.status, answer.json) == (200, {**SHOWN, "a": 1, name: value})
    assert api.get(queue).json == answer.json


@pytest.mark.parametrize("policy", RETRY, ids=names)
def test_good_retry_policy(api, policy):
    queue = api.queue(_retry_policy=policy)
    assert api.get(queue).json == {**SHOWN, "_retry_policy": policy}
    assert api.patch(api.queue(), add("_retry_policy", policy)).json["_retry_policy"] == policy


@pytest.mark.parametrize("name, value", BAD, ids=names)
def test_bad_value_in_put(api, name, value):
    queue = new_queue()
    refused(api.put(queue, {"a": 1, name: value}), 400, "Invalid API request")
    assert api.queues() == []
    queue = api.queue(a=1)
    refused(api.put(queue, {name: value}), 400, "Invalid API request")
    assert api.get(queue).json == {**SHOWN, "a": 1}


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("name, value", BAD, ids=names)
def test_bad_value_in_patch(api, op, name, value):
    queue = api.queue(a=1, _flavor="f", _retry_policy={})
    change = [*add("a", 2), {**add(name, value)[0], "op": op}]
    refused(api.patch(queue, change), 400, "Invalid request body")
    assert api.get(queue).json == {**SHOWN, "a": 1, "_flavor": "f", "_retry_policy": {}}


@pytest.mark.parametrize("name", ["minimum_delay", "maximum_delay", "retries_with_no_delay"])
def test_null_in_retry_policy(api, name):
    """Refused or taken for unset, but no fault of the server."""
    assert api.put(new_queue(), {"_retry_policy": {name: None}}).status in (201, 400)


@pytest.mark.parametrize("name", SHOWN)
def test_null_means_unset(api, name):
    queue = api.queue(**{name: None})
    assert api.get(queue).json == SHOWN
    assert api.patch(queue, add(name, None)).json == SHOWN
    queue = api.queue(**{name: dict(GOOD)[name]})
    assert api.patch(queue, add(name, None)).json == SHOWN
    (detailed,) = [q for q in api.get("/v2/queues?detailed=1").json["queues"] if q["href"] == queue]
    assert detailed["metadata"] == SHOWN


def test_claim_count_of_zero(api):
    """Valid (7.5); falsy, so it may be shown as the default."""
    assert api.get(api.queue(_max_claim_count=0)).json["_max_claim_count"] in (0, None)


def test_true_counts_as_one(api):
    assert api.get(api.queue(_default_message_delay=True)).json["_default_message_delay"] == 1


def test_attributes_not_shown_by_default(api):
    queue = api.queue(_flavor="f", _retry_policy={"minimum_delay": 7})
    assert api.get(queue).json == {**SHOWN, "_flavor": "f", "_retry_policy": {"minimum_delay": 7}}


@pytest.mark.parametrize("value", [
    None, True, 0, -1, 2 ** 63 - 1, -2 ** 63, 1.5, "", "text", "é😀", '"\\/\b\n\u0001', "\0", [],
    {}, [1, [None, {"a": []}]], {"z": 1, "a": {"m": None}},
])
def test_free_keys(api, value):
    for key in ("a", "é", "with space", "a/b", "a~b", '"', "\\", "_own", "x" * 300, "a.b", "$a",
                "a\0b"):
        queue = api.queue(**{key: value})
        came = api.get(queue).json
        assert came == {**SHOWN, key: value}
        assert json.dumps(came[key]) == json.dumps(value)  # order of keys, 1 and true apart
        assert api.patch(queue, [{"op": "remove", "path": add(key, 0)[0]["path"]}]).json == SHOWN


def test_empty_key(api):
    assert api.get(api.queue(**{"": 1})).json == {**SHOWN, "": 1}


def test_duplicate_keys(api):
    queue = new_queue()
    assert api.put(queue, b'{"a": 1, "_default_message_ttl": 1, "a": 2, "_default_message_ttl": 99}'
                   ).status == 201
    assert api.get(queue).json == {**SHOWN, "a": 2, "_default_message_ttl": 99}


# The request of PATCH

@pytest.mark.parametrize("kind", [JSON_PATCH, f"{JSON_PATCH}; charset=utf-8",
                                  f"{JSON_PATCH};charset=UTF-8"])
def test_media_type(api, queue, kind):
    assert api.patch(queue, add("a", 1), {"Content-Type": kind}).status == 200


@pytest.mark.parametrize("kind", [None, "", "application/json", "text/plain", JSON_PATCH + "x",
                                  "application/json-patch+json", f"text/plain, {JSON_PATCH}",
                                  "application/openstack-messaging-v2.1-json-patch"])
@pytest.mark.parametrize("body", [json.dumps(add("a", 1)).encode(), b"", b"{", None])
def test_other_media_type(api, queue, kind, body):
    """Told before an empty or a bad body is."""
    answer = api.patch(queue, body, {"Content-Type": kind})
    error = refused(answer, 415, "415 Unsupported Media Type")
    assert JSON_PATCH in error["description"]
    assert answer.headers["Accept-Patch"] == JSON_PATCH
    assert api.get(queue).json == SHOWN


def test_size_is_checked_before_the_media_type(api, queue):
    body = json.dumps(add("a", "x" * 65536)).encode()
    refused(api.patch(queue, body, {"Content-Type": "text/plain"}), 400, "Invalid request body")
    refused(api.patch(queue, body), 400, "Invalid request body")


def op(**members):
    return {"op": "add", "path": "/metadata/a", "value": 1, **members}


BAD_PATCHES = [
    b"", b" ", b"{", b"null", b"1", b'"x"', b"{}", b'{"op": "add"}', b"[", b"[1]", b"[null]",
    b"[[]]",
    b'["add"]', [{}], [{"path": "/metadata/a", "value": 1}], [{"op": "add", "value": 1}],
    [{"op": "add", "path": "/metadata/a"}], [{"op": "replace", "path": "/metadata/a"}],
    *([op(op=name)] for name in ("test", "move", "copy", "", "ADD", "Add", None, 1, [], {})),
    *([op(path=path)] for path in (None, 1, True, [], {}, ["/metadata/a"], ["metadata", "a"])),
    *([{"op": kind, "path": path, "value": 1}]
      for kind in ("add", "replace", "remove")
      for path in ("", "/", "//", "metadata/a", "/metadata", "/metadata/", "/metadata//", "/a",
                   "//a", "/metadata//a", "/metadata/a/", "/metadata/a/b", "/other/a", "a",
                   "/metadata/a~", "/metadata/a~2", "/metadata/~a", "/~metadata/a", "/ /a",
                   "/metadata/ ")),
    [op(), op(op="test")], [op(), 1], [op(path="/metadata/b"), op(path="/b")],
]


@pytest.mark.parametrize("body", BAD_PATCHES, ids=names)
def test_bad_patch(api, body):
    """400 with or without the queue: the operations are looked at first."""
    queue = api.queue(a=0)
    refused(api.patch(queue, body), 400, "Invalid request body")
    assert api.get(queue).json == {**SHOWN, "a": 0}
    refused(api.patch(new_queue(), body), 400, "Invalid request body")


def test_patch_without_a_body(api, queue):
    refused(api.patch(queue), 400, "Invalid request body")


def test_patch_of_a_missing_queue(api):
    queue = new_queue()
    for patch in ([], add("a", 1), [{"op": "remove", "path": "/metadata/a"}],
                  add("_default_message_ttl", 1)):
        refused(api.patch(queue, patch), 404, "Not found")
    assert api.queues() == []


@pytest.mark.parametrize("path, key", [
    ("/metadata/b", "b"), ("/METADATA/b", "b"), ("/MetaData/B", "B"), ("/metadata/a~1b", "a/b"),
    ("/metadata/a~0b", "a~b"), ("/metadata/~01", "~1"), ("/metadata/~0~1~0", "~/~"),
    ("/ metadata / b ", "b"), ("/metadata/b c", "b c"), ("/metadata/é", "é"),
    ("/metadata/😀", "😀"),
    ("/metadata/0", "0"), ("/metadata/-", "-"), ("/metadata/metadata", "metadata"),
])
def test_path(api, queue, path, key):
    answer = api.patch(queue, [op(path=path, value="v")])
    assert (answer.status, answer.json) == (200, {**SHOWN, key: "v"})
    assert api.patch(queue, [op(op="replace", path=path, value=2)]).json[key] == 2
    assert api.patch(queue, [{"op": "remove", "path": path}]).json == SHOWN


# What the operations do

@pytest.mark.parametrize("patch, after", [
    ([], {"a": 1, "b": 2}),
    ([op(value=5)], {"a": 5, "b": 2}),
    ([op(path="/metadata/c")], {"a": 1, "b": 2, "c": 1}),
    ([op(path="/metadata/c", value=None)], {"a": 1, "b": 2, "c": None}),
    ([op(op="replace", value=None)], {"a": None, "b": 2}),
    ([op(op="replace", value={"x": [1]})], {"a": {"x": [1]}, "b": 2}),
    ([op(op="remove")], {"b": 2}),
    ([{"op": "remove", "path": "/metadata/a", "value": 1, "from": "/x", "foo": 2}], {"b": 2}),
    ([op(foo=1, **{"from": "x"})], {"a": 1, "b": 2}),
    ([op(op="remove"), op(value=3)], {"a": 3, "b": 2}),
    ([op(path="/metadata/c"), op(op="replace", path="/metadata/c", value=3)],
     {"a": 1, "b": 2, "c": 3}),
    ([op(path="/metadata/c"), op(op="remove", path="/metadata/c")], {"a": 1, "b": 2}),
    ([op(value=n) for n in range(50)], {"a": 49, "b": 2}),
])
def test_patch(api, patch, after):
    queue = api.queue(a=1, b=2)
    answer = api.patch(queue, patch)
    assert (answer.status, answer.json) == (200, {**SHOWN, **after})
    assert answer.headers["Content-Type"] == "application/json"
    assert api.get(queue).json == answer.json


@pytest.mark.parametrize("change", [
    {"op": "remove", "path": "/metadata/none"},
    {"op": "replace", "path": "/metadata/none", "value": 1},
    {"op": "remove", "path": "/metadata/_flavor"},
    {"op": "replace", "path": "/metadata/_retry_policy", "value": {}},
    {"op": "remove", "path": "/metadata/A"},
])
def test_patch_of_a_key_that_is_not_there(api, change):
    queue = api.queue(a=1)
    for patch in ([change], [op(value=5), change], [change, op(value=5)]):
        refused(api.patch(queue, patch), 409, "Resource conflict")
        assert api.get(queue).json == {**SHOWN, "a": 1}


def test_remove_twice(api):
    queue = api.queue(a=1)
    refused(api.patch(queue, [op(op="remove"), op(op="remove")]), 409, "Resource conflict")
    assert api.get(queue).json == {**SHOWN, "a": 1}


@pytest.mark.parametrize("name", SHOWN)
def test_shown_attribute_that_is_not_stored(api, queue, name):
    """Clients remove and replace what they see, stored or not."""
    path = f"/metadata/{name}"
    remove = [{"op": "remove", "path": path}]
    assert api.patch(queue, remove).json == SHOWN
    value = dict(GOOD)[name]
    answer = api.patch(queue, [{"op": "replace", "path": path, "value": value}])
    assert (answer.status, answer.json) == (200, {**SHOWN, name: value})
    assert api.patch(queue, remove).json == SHOWN
    assert api.patch(queue, remove).json == SHOWN


def test_client_that_writes_back_what_it_saw(api, queue):
    seen = api.get(queue).json
    patch = [{"op": "replace", "path": f"/metadata/{name}", "value": value}
             for name, value in seen.items() if value is not None]
    answer = api.patch(queue, patch)
    assert (answer.status, answer.json) == (200, SHOWN)


def test_patch_is_seen_at_once(api):
    """No answer after the 200 may come from before it; a stale one would be rare, so many times."""
    queue = api.queue(n=0)
    for n in range(1, 400):
        assert api.patch(queue, add("n", n)).json["n"] == n
        assert api.get(queue).json["n"] == n


def test_patched_default_counts_at_once(api):
    queue = api.queue()
    for ttl in range(60, 360):
        assert api.patch(queue, add("_default_message_ttl", ttl)).status == 200
        (message,) = api.fill(queue, 1)
        assert api.get(f"{queue}/messages/{message}").json["ttl"] == ttl
