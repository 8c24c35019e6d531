"""Subscriptions: making, listing, reading, changing, confirming and deleting them (section 8), and what
purges and deletions of their queue do to them. Deliveries are no part of this.
"""

import json
import re

import pytest
from support.api import Client, new_queue, query, refused, together, unique
from support.clock import LIBRARIES, Clock
from support.servers import Nusku

VALUE, SHAPE = "Invalid API request", "Invalid request body"
HOOK = "http://receiver.example/hook"
BAD_IDS = ["x", "-", "%00", "%FF", "..", "a" * 2000, "00000000-0000-0000-0000-000000000000", "%20",
           "*", "0" * 22, "v" * 22]


def subscribe(api, queue, subscriber=HOOK, **members):
    """Makes a subscription and returns its path."""
    answer = api.post(f"{queue}/subscriptions", {"subscriber": subscriber, **members})
    assert answer.status == 201, answer
    return f"{queue}/subscriptions/{answer.json['subscription_id']}"


def shown(api, path):
    answer = api.get(path)
    assert answer.status == 200
    return answer.json


def confirm(api, path, confirmed=True):
    return api.put(f"{path}/confirm", {"confirmed": confirmed})


def subscribers(api, queue, parameters="limit=20"):
    answer = api.get(f"{queue}/subscriptions?{parameters}")
    assert answer.status == 200
    return [s["subscriber"] for s in answer.json["subscriptions"]]


# POST

def test_create(api, queue):
    options = {"post_data": "x", "post_headers": {"X-A": "é"}, "mine": [1.5, None, {"ü": "\n"}]}
    answer = api.post(f"{queue}/subscriptions",
                      {"subscriber": HOOK, "ttl": 500, "options": options, "foo": 1})
    assert answer.status == 201
    assert answer.headers["Location"] == f"{queue}/subscriptions"
    assert list(answer.json) == ["subscription_id"]
    name = answer.json["subscription_id"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    subscription = shown(api, f"{queue}/subscriptions/{name}")
    assert subscription == {"id": name, "source": queue.rpartition("/")[2], "subscriber": HOOK,
                            "ttl": 500, "age": subscription["age"], "options": options,
                            "confirmed": False}
    assert type(subscription["age"]) is int and 0 <= subscription["age"] < 60
    assert api.get(f"{queue}/subscriptions").json["subscriptions"][0] == subscription
    assert api.other().get(f"{queue}/subscriptions/{name}").json == subscription


def test_defaults(api, queue):
    for members in ({}, {"options": {}}, {"options": None}):
        subscription = shown(api, subscribe(api, queue, unique("http://a"), **members))
        assert (subscription["ttl"], subscription["options"]) == (3600, {})


def test_options_keep_their_form(api, queue):
    text = b'{"n": 1.10, "big": 9223372036854775807, "e": "\\u00e9/", "k": 1, "k": 2}'
    answer = api.post(f"{queue}/subscriptions", b'{"subscriber": "http://a", "options": ' + text + b"}")
    assert text in api.get(f"{queue}/subscriptions/{answer.json['subscription_id']}").raw


@pytest.mark.parametrize("subscriber", [
    "http://trigger.example", "https://a:8443/x?y=z", "HTTP://a", "mailto:aa@example.com",
    "mailto:a@b.example,c@d.example?subject=hello%20you", "http://10.1.2.3:9999/",
    "http://[::1]/", "http://user:password@a/", "http://bücher.example/", "http://a/" + "x" * 4000,
])
def test_subscribers(api, queue, subscriber):
    assert shown(api, subscribe(api, queue, subscriber))["subscriber"] == subscriber


@pytest.mark.parametrize("ttl", [60, 61, 10 ** 10])
def test_ttl(api, queue, ttl):
    assert shown(api, subscribe(api, queue, ttl=ttl))["ttl"] == ttl


def test_create_makes_the_queue(api):
    queue = new_queue()
    subscribe(api, queue)
    assert api.queues() == [queue.rpartition("/")[2]]


MISSING, DICT, TYPE = "Missing parameter", "Subscriptions must be a dict.", "must be supported in the list"
BAD_BODIES = [
    (b"{", SHAPE, "body could not be parsed"), (b"\xff", SHAPE, "body could not be parsed"),
    (b"5", SHAPE, None), (b'"x"', SHAPE, None), (b"null", SHAPE, None), (b" ", SHAPE, None),
    ([], VALUE, DICT), ([{"subscriber": HOOK}], VALUE, DICT),
]
BAD_MEMBERS = [
    ({"subscriber": "ftp://a"}, TYPE), ({"subscriber": "a"}, TYPE), ({"subscriber": ""}, TYPE),
    ({"subscriber": 1}, None), ({"subscriber": []}, None), ({"subscriber": {}}, None),
    ({"subscriber": False}, None), ({"subscriber": "http:"}, None),
    ({"subscriber": "http://"}, None), ({"subscriber": "http://:80/"}, None),
    ({"subscriber": "mailto:"}, None), ({"subscriber": "mailto:nobody"}, None),
    ({"subscriber": "http://a\nb"}, None), ({"subscriber": "http://a b"}, None),
    ({"subscriber": "http://a\0"}, None), ({"subscriber": "mailto:a@b%0Abcc:c@d"}, None),
    ({"subscriber": "http://a/" + "x" * 5000}, None),
    ({"subscriber": "trust+http://a"}, "Keystone"), ({"subscriber": "trust+https://a"}, "Keystone"),
    *(({"options": v}, "must be a dict") for v in ([], "", "x", 0, 1, False, [{}])),
    ({"options": {"post_data": 1}}, "post_data"), ({"options": {"post_headers": []}}, None),
    ({"options": {"post_headers": {"a": 1}}}, "post_headers"),
    ({"options": {"post_headers": {"a": "b\r\nc: d"}}}, "post_headers"),
    ({"options": {"post_headers": {"a b": "c"}}}, "post_headers"),
    ({"options": {"post_headers": {"Transfer-Encoding": "chunked"}}}, "post_headers"),
    ({"options": {"from": "a\nb"}}, "from"), ({"options": {"subject": 1}}, "subject"),
    ({"options": {"trust_id": "x"}}, "trust_id"), ({"options": {"a": "x" * 16384}}, "16384"),
    *(({"options": {"_retry_policy": v}}, "_retry_policy")
      for v in ([], "", 1, {"minimum_delay": -1}, {"minimum_delay": 21}, {"maximum_delay": 14},
                {"minimum_delay": None}, {"retries_with_no_delay": True},
                {"retries_with_no_delay": 10 ** 9}, {"retry_backoff_function": "x"})),
    *(({"ttl": v}, "must be an integer") for v in ("60", 60.0, [], {}, "")),
    *(({"ttl": v}, "60") for v in (59, 0, -1, True, False, 99999999999999999, 2 ** 63 - 1)),
]


@pytest.mark.parametrize("body, title, text", [
    (None, VALUE, MISSING), (b"", VALUE, MISSING), ({}, VALUE, MISSING),
    ({"ttl": 60, "options": {}}, VALUE, MISSING), *BAD_BODIES,
    ({"subscriber": None}, VALUE, None), ({"subscriber": HOOK, "ttl": None}, VALUE,
                                          "must be an integer"),
    *(({"subscriber": HOOK, **members}, VALUE, text) for members, text in BAD_MEMBERS),
], ids=lambda v: str(v)[:60])
def test_bad_body(api, queue, body, title, text):
    error = refused(api.post(f"{queue}/subscriptions", body), 400, title)
    assert text is None or text in error["description"]
    refused(api.post(f"{new_queue()}/subscriptions", body), 400, title)
    assert subscribers(api, queue) == []
    assert len(api.queues()) == 1


def test_again_while_unconfirmed(api, queue):
    path = subscribe(api, queue, ttl=500, options={"a": 1})
    before = shown(api, path)
    assert subscribe(api, queue, ttl=1000, options={"b": 2}) == path
    assert {**shown(api, path), "age": 0} == {**before, "age": 0}
    assert subscribers(api, queue) == [HOOK]


def test_again_once_confirmed(api, queue):
    path = subscribe(api, queue)
    assert confirm(api, path).status == 204
    answer = api.post(f"{queue}/subscriptions", {"subscriber": HOOK, "ttl": 1000})
    refused(answer, 409, "Resource conflict")
    assert answer.headers["Location"] == f"{queue}/subscriptions"
    assert shown(api, path)["ttl"] == 3600
    assert confirm(api, path, False).status == 204
    assert subscribe(api, queue) == path


def test_subscribers_are_compared_exactly(api, queue):
    names = ["http://a", "HTTP://a", "http://a/", "http://A"]
    assert len({subscribe(api, queue, name) for name in names}) == 4
    assert subscribers(api, queue) == names


def test_many_subscribe_at_once(api, queue):
    paths = []
    together(8, lambda: paths.append(subscribe(api.other(), queue)))
    assert len(paths) == 8 and len(set(paths)) == 1
    assert subscribers(api, queue) == [HOOK]


def test_most_subscriptions(start):
    api = Client(start("transport.max_subscriptions_per_queue=3").port)
    queue = api.queue()
    paths = [subscribe(api, queue, f"http://{n}") for n in range(3)]
    error = refused(api.post(f"{queue}/subscriptions", {"subscriber": "http://3"}), 400, VALUE)
    assert "3" in error["description"]
    assert subscribe(api, queue, "http://2") == paths[2]
    api.delete(paths[0])
    subscribe(api, queue, "http://3")
    assert subscribers(api, queue) == ["http://1", "http://2", "http://3"]
    subscribe(api, api.queue(), "http://3")


def test_options_of_the_service(start):
    api = Client(start("transport.subscriber_types=https", "transport.default_subscription_ttl=77",
                       "transport.max_subscriptions_per_page=12",
                       "transport.max_subscription_options_size=20").port)
    queue = api.queue()
    error = refused(api.post(f"{queue}/subscriptions", {"subscriber": HOOK}), 400, VALUE)
    assert TYPE in error["description"] and "https" in error["description"]
    assert shown(api, subscribe(api, queue, "https://a"))["ttl"] == 77
    refused(api.post(f"{queue}/subscriptions",
                     {"subscriber": "https://b", "options": {"abc": "x" * 20}}), 400, VALUE)
    assert api.get(f"{queue}/subscriptions?limit=12").status == 200
    refused(api.get(f"{queue}/subscriptions?limit=13"), 400, VALUE)


# GET …/subscriptions

def test_list_of_none(api, queue):
    for path in (queue, new_queue()):
        answer = api.get(f"{path}/subscriptions")
        assert (answer.status, answer.json) == (200, {"subscriptions": [], "links": []})
    assert len(api.queues()) == 1


@pytest.mark.parametrize("limit", [1, 4, 5, 15, 20])
def test_pages(api, queue, limit):
    names = [f"http://{(n * 7) % 15}" for n in range(15)]
    for name in names:
        subscribe(api, queue, name)
    seen, path = [], f"{queue}/subscriptions?limit={limit}"
    while path:
        answer = api.get(path)
        page = answer.json["subscriptions"]
        assert len(page) <= limit and (len(page) == limit or len(seen) + len(page) == 15 or not page)
        if answer.next:
            assert answer.next.partition("?")[0] == f"{queue}/subscriptions"
            assert query(answer.next) == {"marker": [page[-1]["id"]], "limit": [str(limit)]}
        seen += [s["subscriber"] for s in page]
        path = answer.next
    assert seen == names


def test_default_page(api, queue):
    for n in range(12):
        subscribe(api, queue, f"http://{n}")
    answer = api.get(f"{queue}/subscriptions")
    assert len(answer.json["subscriptions"]) == 10
    assert set(query(answer.next)) == {"marker"}
    assert subscribers(api, queue, answer.next.partition("?")[2]) == ["http://10", "http://11"]


@pytest.mark.parametrize("limit, title", [
    ("0", VALUE), ("-1", VALUE), ("21", VALUE), ("9223372036854775807", VALUE),
    ("x", "Invalid parameter"), ("1.5", "Invalid parameter"), ("%20", "Invalid parameter"),
])
def test_bad_limit(api, queue, limit, title):
    for path in (queue, new_queue()):
        refused(api.get(f"{path}/subscriptions?limit={limit}"), 400, title)


def test_marker_outlives_its_subscription(api, queue):
    paths = [subscribe(api, queue, f"http://{n}") for n in range(3)]
    marker = paths[1].rpartition("/")[2]
    assert api.delete(paths[1]).status == 204
    assert subscribers(api, queue, f"marker={marker}") == ["http://2"]
    assert subscribers(api, queue, f"marker={paths[0].rpartition('/')[2]}") == ["http://2"]
    assert subscribers(api, queue, f"marker={paths[2].rpartition('/')[2]}") == []


@pytest.mark.parametrize("marker", ["x", "%00", "..", "a" * 2000, "%FF", "zzz"])
def test_unknown_marker(api, queue, marker):
    subscribe(api, queue)
    answer = api.get(f"{queue}/subscriptions?marker={marker}")
    assert (answer.status, answer.json) == (200, {"subscriptions": [], "links": []})


def test_unknown_parameters(api, queue):
    """python-zaqarclient sends detailed=False."""
    subscribe(api, queue)
    answer = api.get(f"{queue}/subscriptions?limit=20&detailed=False&foo=1")
    assert len(answer.json["subscriptions"]) == 1
    assert set(query(answer.next)) == {"marker", "limit"}


# One subscription

@pytest.mark.parametrize("name", BAD_IDS)
def test_no_such_subscription(api, queue, name):
    path = subscribe(api, queue)
    for where in (queue, new_queue()):
        refused(api.get(f"{where}/subscriptions/{name}"), 404, "Not found")
        refused(api.call("PATCH", f"{where}/subscriptions/{name}", {"ttl": 60}), 404, "Not found")
        refused(api.put(f"{where}/subscriptions/{name}/confirm", {"confirmed": True}), 404,
                "Not found")
        answer = api.delete(f"{where}/subscriptions/{name}")
        assert (answer.status, answer.raw) == (204, b"")
    assert shown(api, path)["confirmed"] is False
    assert len(api.queues()) == 1


def test_empty_id(api, queue):
    subscribe(api, queue)
    assert api.get(f"{queue}/subscriptions/").status == 404


def test_subscription_means_nothing_elsewhere(api, queue):
    name = subscribe(api, queue).rpartition("/")[2]
    elsewhere, stranger = api.queue(), Client(api.port)
    stranger.put(queue)
    (message,) = api.fill(queue, 1)
    for client, path in ((api, f"{elsewhere}/subscriptions/{name}"),
                         (stranger, f"{queue}/subscriptions/{name}"),
                         (api, f"{queue}/subscriptions/{message}")):
        refused(client.get(path), 404, "Not found")
        refused(client.call("PATCH", path, {"ttl": 99}), 404, "Not found")
        refused(confirm(client, path), 404, "Not found")
        assert client.delete(path).status == 204
    assert {**shown(api, f"{queue}/subscriptions/{name}"), "age": 0} == {
        "id": name, "source": queue.rpartition("/")[2], "subscriber": HOOK, "ttl": 3600, "age": 0,
        "options": {}, "confirmed": False}


def test_delete(api, queue):
    path = subscribe(api, queue)
    for _ in range(2):
        answer = api.delete(path)
        assert (answer.status, answer.raw) == (204, b"")
    refused(api.get(path), 404, "Not found")
    assert subscribers(api, queue) == []
    assert subscribe(api, queue) != path


# PATCH

@pytest.mark.parametrize("change", [
    {"subscriber": "http://b"}, {"ttl": 1000}, {"options": {"b": [2]}}, {"options": {}},
    {"ttl": 60, "options": {"c": 3}, "subscriber": "mailto:a@b", "foo": None},
    {"subscriber": None, "ttl": 61, "options": None},
], ids=str)
def test_patch(api, queue, change):
    """What isn't named stays; null counts as not named: the CLI sends it."""
    path = subscribe(api, queue, ttl=500, options={"a": 1})
    before = shown(api, path)
    answer = api.call("PATCH", path, change)
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["Location"] == path
    change = {name: value for name, value in change.items() if value is not None}
    assert {**shown(api, path), "age": 0} == {**before, **change, "age": 0}


def test_patch_of_any_media_type(api, queue):
    path = subscribe(api, queue)
    for kind in ("application/json", "text/plain", None):
        assert api.call("PATCH", path, {"ttl": 90}, {"Content-Type": kind}).status == 204


@pytest.mark.parametrize("body, title, text", [
    (None, VALUE, None), (b"", VALUE, None), ({}, VALUE, None), *BAD_BODIES,
    ({"foo": 1}, "Unable to update subscription", None),
    ({"project": "x", "id": "y", "confirmed": True}, "Unable to update subscription", None),
    ({"ttl": None}, "Unable to update subscription", None),
    *((members, VALUE, text) for members, text in BAD_MEMBERS),
    *(({**members, "ttl": 90}, VALUE, text) for members, text in BAD_MEMBERS if "ttl" not in members),
], ids=lambda v: str(v)[:60])
def test_bad_patch(api, queue, body, title, text):
    path = subscribe(api, queue, options={"a": 1})
    before = shown(api, path)
    error = refused(api.call("PATCH", path, body), 400, title)
    assert text is None or text in error["description"]
    if text == DICT:
        assert error["description"] == DICT
    assert {**shown(api, path), "age": 0} == {**before, "age": 0}
    refused(api.call("PATCH", f"{new_queue()}/subscriptions/x", body), 400, title)


def test_patch_to_a_taken_subscriber(api, queue):
    first, second = subscribe(api, queue, "http://a"), subscribe(api, queue, "http://b")
    answer = api.call("PATCH", second, {"subscriber": "http://a", "ttl": 90})
    refused(answer, 409, "Resource conflict")
    assert (shown(api, second)["subscriber"], shown(api, second)["ttl"]) == ("http://b", 3600)
    assert api.call("PATCH", second, {"subscriber": "http://b"}).status == 204
    api.delete(first)
    assert api.call("PATCH", second, {"subscriber": "http://a"}).status == 204
    assert subscribe(api, queue, "http://b") != second


def test_new_subscriber_has_yet_to_confirm(api, queue):
    """The peer takes the confirmation of the one for that of the other."""
    path = subscribe(api, queue)
    confirm(api, path)
    for change, confirmed in (({"ttl": 90}, True), ({"subscriber": HOOK}, True),
                              ({"options": {"a": 1}}, True), ({"subscriber": "http://b"}, False)):
        assert api.call("PATCH", path, change).status == 204
        assert shown(api, path)["confirmed"] is confirmed


# PUT …/confirm

def test_confirm(api, queue):
    path = subscribe(api, queue)
    before = shown(api, path)
    for confirmed in (True, True, False, False, True):
        answer = confirm(api, path, confirmed)
        assert (answer.status, answer.raw) == (204, b"")
        assert answer.headers["Location"] == f"{path}/confirm"
        assert {**shown(api, path), "age": 0} == {**before, "age": 0, "confirmed": confirmed}


def test_confirm_with_a_message_code(api, queue):
    path = subscribe(api, queue)
    answer = api.put(f"{path}/confirm", {"confirmed": True}, {"EXTRA-SPEC": "messagecode:123456"})
    assert answer.status == 204


@pytest.mark.parametrize("body, title, text", [
    *((body, VALUE, "The 'confirmed' should be boolean.")
      for body in (None, b"", {}, {"confirmed": None}, {"confirmed": 1}, {"confirmed": "true"},
                   {"confirmed": []}, {"foo": True})),
    ([], "Unable to confirm subscription", None), ([True], "Unable to confirm subscription", None),
    (b"{", SHAPE, None), (b"true", SHAPE, None), (b"null", SHAPE, None),
], ids=str)
def test_bad_confirmation(api, queue, body, title, text):
    path = subscribe(api, queue)
    error = refused(api.put(f"{path}/confirm", body), 400, title)
    assert text is None or error["description"] == text
    assert shown(api, path)["confirmed"] is False


# What happens to the queue

@pytest.mark.parametrize("body, left", [
    (None, 0), ({"resource_types": ["messages", "subscriptions"]}, 0),
    ({"resource_types": ["subscriptions"]}, 0), ({"resource_types": ["messages"]}, 25),
    ({"resource_types": []}, 25),
])
def test_purge(api, queue, body, left):
    """All go, not ten of them."""
    for n in range(25):
        subscribe(api, queue, f"http://{n}")
    messages = api.fill(queue, 1, 2)
    assert api.post(f"{queue}/purge", body).status == 204
    seen, path = 0, f"{queue}/subscriptions"
    while path:
        answer = api.get(path)
        seen, path = seen + len(answer.json["subscriptions"]), answer.next
    assert seen == left
    kept = body is not None and "messages" not in body["resource_types"]
    assert api.stats(queue)["total"] == (len(messages) if kept else 0)
    subscribe(api, queue, "http://0")


def test_subscriptions_go_with_their_queue(api, queue):
    path = subscribe(api, queue)
    assert api.delete(queue).status == 204
    refused(api.get(path), 404, "Not found")
    assert subscribers(api, queue) == []
    assert api.put(queue).status == 201
    refused(api.get(path), 404, "Not found")
    refused(confirm(api, path), 404, "Not found")
    assert subscribers(api, queue) == []
    assert subscribe(api, queue) != path


def test_messages_and_subscriptions_do_not_mix(api, queue):
    path = subscribe(api, queue)
    api.fill(queue, 1, 2)
    assert api.stats(queue)["total"] == 2
    name = path.rpartition("/")[2]
    refused(api.get(f"{queue}/messages/{name}"), 404)
    assert api.delete(f"{queue}/messages?pop=10").bodies == [1, 2]
    assert subscribers(api, queue) == [HOOK]


# Time

@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")
def test_subscriptions_end_in_time(tmp_path):
    """On SQLite, as other stores have clocks of their own."""
    clock = Clock(tmp_path)
    with Nusku(env=clock.env(), options=["worker.heartbeat_interval=1"]) as server:
        api = Client(server.port)
        queue = api.queue()
        short, long = subscribe(api, queue, "http://a", ttl=100), subscribe(api, queue, ttl=1000)
        clock.move(90)
        assert 90 <= shown(api, short)["age"] <= 99
        assert api.call("PATCH", long, {"ttl": 150}).status == 204
        assert shown(api, long)["age"] <= 9  # counts from now
        clock.move(20)
        refused(api.get(short), 404, "Not found")
        refused(confirm(api, short), 404, "Not found")
        refused(api.call("PATCH", short, {"ttl": 100}), 404, "Not found")
        assert subscribers(api, queue) == [HOOK]
        assert subscribe(api, queue, "http://a") != short
        clock.move(140)
        refused(api.get(long), 404, "Not found")
        assert subscribers(api, queue) == ["http://a"]


def test_bodies_of_any_length(api, queue):
    """A body of a few hundred KiB is refused, and nothing is kept of it."""
    for size in (20000, 200000, 300000):
        body = json.dumps({"subscriber": HOOK, "options": {"a": "x" * size}}).encode()
        assert api.post(f"{queue}/subscriptions", body).status == 400
    assert subscribers(api, queue) == []
