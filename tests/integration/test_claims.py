"""Claims: making, reading, renewing and releasing them, and what they do to messages (sections 7.1
to 7.4). What time does to them has a file of its own.
"""

import re

import pytest
from support.api import Client, new_queue, refused, together

MAXIMUM = 43200
SHAPE, VALUE = "Invalid request body", "Invalid API request"
BAD_IDS = ["x", "-", "%00", "%FF", "..", "a" * 2000, "00000000-0000-0000-0000-000000000000", "%20",
           "*"]


def state(api, location):
    answer = api.get(location)
    assert answer.status == 200
    return answer.json


# POST

def test_claim(api, queue):
    ids = api.fill(queue, *range(12), ttl=500)
    answer = api.post(f"{queue}/claims", {"ttl": 100, "grace": 60})
    assert answer.status == 201
    location = answer.headers["Location"]
    claim = re.fullmatch(re.escape(f"{queue}/claims/") + r"([A-Za-z0-9_-]+)", location)[1]
    assert set(answer.json) == {"messages"}
    assert (answer.bodies, answer.ids) == (list(range(10)), ids[:10])
    for name, message in zip(ids, answer.json["messages"]):
        assert message == {"id": name, "href": f"{queue}/messages/{name}?claim_id={claim}",
                           "ttl": 500, "age": message["age"], "body": message["body"]}
        assert 0 <= message["age"] < 60
    second = api.post(f"{queue}/claims")
    assert second.bodies == [10, 11]
    assert second.headers["Location"] != location


@pytest.mark.parametrize("limit", [1, 7, 20])
def test_limit(api, queue, limit):
    api.fill(queue, *range(25))
    assert api.post(f"{queue}/claims?limit={limit}").bodies == list(range(limit))


@pytest.mark.parametrize("limit, title", [
    ("0", VALUE), ("-1", VALUE), ("21", VALUE), ("9223372036854775807", VALUE),
    ("x", "Invalid parameter"), ("1.5", "Invalid parameter"), ("%20", "Invalid parameter"),
])
def test_bad_limit(api, queue, limit, title):
    api.fill(queue, 1)
    refused(api.post(f"{queue}/claims?limit={limit}"), 400, title)
    refused(api.post(f"{queue}/claims?limit={limit}", {"ttl": 100}), 400, title)
    refused(api.post(f"{new_queue()}/claims?limit={limit}"), 400, title)
    assert api.stats(queue)["claimed"] == 0


def test_unknown_parameters_and_members(api, queue):
    """openstacksdk puts its limit into the body, where it means nothing."""
    api.fill(queue, *range(5))
    answer = api.post(f"{queue}/claims?foo=1&ids=x", {"limit": 1, "ttl": 100, "foo": None})
    assert answer.bodies == list(range(5))


@pytest.mark.parametrize("body, ttl", [
    (None, 300), (b"", 300), ({}, 300), ({"grace": 100}, 300), ({"ttl": 100}, 100),
    ({"ttl": 60, "grace": 60}, 60), ({"ttl": MAXIMUM, "grace": MAXIMUM}, MAXIMUM),
])
def test_body(api, queue, body, ttl):
    api.fill(queue, 1)
    answer = api.post(f"{queue}/claims", body)
    assert answer.status == 201
    assert state(api, answer.headers["Location"])["ttl"] == ttl


BAD_BODIES = [
    ({"ttl": 59}, VALUE), ({"ttl": 0}, VALUE), ({"ttl": -1}, VALUE), ({"ttl": MAXIMUM + 1}, VALUE),
    ({"ttl": 2 ** 63 - 1}, VALUE), ({"grace": 59}, VALUE), ({"grace": 0}, VALUE),
    ({"grace": -1}, VALUE), ({"grace": MAXIMUM + 1}, VALUE), ({"ttl": 100, "grace": 59}, VALUE),
    ({"ttl": "100"}, SHAPE), ({"ttl": 100.0}, SHAPE), ({"ttl": []}, SHAPE), ({"ttl": {}}, SHAPE),
    ({"grace": "100"}, SHAPE), ({"grace": 100.0}, SHAPE), ({"grace": [100]}, SHAPE),
    ({"ttl": 100, "grace": ""}, SHAPE), ([], SHAPE), ([1], SHAPE), ([{"ttl": 100}], SHAPE),
    (b"{", SHAPE), (b"5", SHAPE), (b"null", SHAPE), (b'"x"', SHAPE), (b" ", SHAPE),
]


@pytest.mark.parametrize("body, title", BAD_BODIES, ids=lambda v: str(v)[:40])
def test_bad_body(api, queue, body, title):
    api.fill(queue, 1)
    refused(api.post(f"{queue}/claims", body), 400, title)
    refused(api.post(f"{new_queue()}/claims", body), 400, title)
    assert api.stats(queue)["claimed"] == 0
    assert len(api.queues()) == 1


@pytest.mark.parametrize("body", [{"ttl": None, "grace": None}, {"ttl": None}, {"grace": None}])
def test_null_is_refused_or_absent(api, queue, body):
    api.fill(queue, 1)
    answer = api.post(f"{queue}/claims", body)
    assert answer.status in (201, 400)
    if answer.status == 201:
        assert state(api, answer.headers["Location"])["ttl"] == 300


def test_nothing_to_claim(api, queue):
    for path in (queue, new_queue()):
        for body in (None, {"ttl": 100}):
            answer = api.post(f"{path}/claims", body)
            assert (answer.status, answer.raw, answer.headers["Location"]) == (204, b"", None)
    assert len(api.queues()) == 1


def test_own_messages_are_claimed_too(api, queue):
    api.fill(queue, "mine")
    api.other().fill(queue, "theirs")
    assert api.claim(queue).bodies == ["mine", "theirs"]


def test_claims_never_overlap(api, queue):
    ids = api.fill(queue, *range(8))
    first, second = api.claim(queue, limit=5), api.claim(queue, limit=5)
    assert first.ids + second.ids == ids
    assert api.claim(queue).status == 204


def test_releasing_one_leaves_the_others(api, queue):
    """The peer handed out messages of other live claims once an earlier claim was released."""
    api.fill(queue, *range(6))
    claims = [api.claim(queue, limit=2) for _ in range(3)]
    api.delete(claims[0].headers["Location"])
    assert api.claim(queue, limit=20).bodies == [0, 1]
    assert state(api, claims[1].headers["Location"])["messages"][0]["body"] == 2
    assert api.claim(queue).status == 204
    api.delete(claims[1].headers["Location"])
    assert api.claim(queue, limit=20).bodies == [2, 3]
    assert [m["body"] for m in state(api, claims[2].headers["Location"])["messages"]] == [4, 5]


def test_many_claim_at_once(api, queue):
    api.fill(queue, *range(200))
    came = []

    def work():
        client = api.other()
        while (answer := client.claim(queue, limit=3)).status == 201:
            came.extend(answer.bodies)
        assert answer.status == 204
    together(8, work)
    assert sorted(came) == list(range(200))


# What a claim does to messages

def test_hold(api, queue):
    (name,) = api.fill(queue, 1)
    claim = api.claim(queue)
    assert api.claim(queue).status == 204
    assert api.delete(f"{queue}/messages?pop=1").bodies == []
    assert api.listed(queue) == []
    assert api.listed(queue, "echo=1&include_claimed=1") == [1]
    assert api.get(f"{queue}/messages/{name}").json["body"] == 1
    assert api.get(f"{queue}/messages?ids={name}").bodies == [1]
    assert api.stats(queue) == {"free": 0, "claimed": 1, "total": 1}
    api.delete(claim.headers["Location"])
    assert api.stats(queue) == {"free": 1, "claimed": 0, "total": 1}
    assert api.listed(queue) == [1]
    assert api.claim(queue).bodies == [1]


def about(ttl):
    """The life is counted from posting, so a second may pass."""
    return range(ttl, ttl + 5)


@pytest.mark.parametrize("ttl, claim, grace, after", [
    (120, 777, 60, 837), (60, 61, 60, 121), (60, 300, 60, 360), (121, 122, 60, 182),
    (60, MAXIMUM, MAXIMUM, 2 * MAXIMUM),
])
def test_life_is_extended(api, queue, ttl, claim, grace, after):
    (name,) = api.fill(queue, 1, ttl=ttl)
    answer = api.claim(queue, ttl=claim, grace=grace)
    assert answer.json["messages"][0]["ttl"] in about(after)
    assert api.get(f"{queue}/messages/{name}").json["ttl"] in about(after)
    api.delete(answer.headers["Location"])
    assert api.get(f"{queue}/messages/{name}").json["ttl"] in about(after)


def test_life_is_extended_by_the_default_grace(api, queue):
    api.fill(queue, 1, ttl=60)
    assert api.post(f"{queue}/claims").json["messages"][0]["ttl"] in about(360)


@pytest.mark.parametrize("ttl, claim, grace",
                         [(400, 300, 300), (3600, 60, MAXIMUM), (200, 100, 60)])
def test_longer_life_is_left_alone(api, queue, ttl, claim, grace):
    """Also where it ends within the grace."""
    (name,) = api.fill(queue, 1, ttl=ttl)
    assert api.claim(queue, ttl=claim, grace=grace).json["messages"][0]["ttl"] == ttl
    assert api.get(f"{queue}/messages/{name}").json["ttl"] == ttl


# GET

def test_get(api, queue):
    ids = api.fill(queue, 1, 2, 3)
    claim = api.claim(queue, limit=2, ttl=100)
    location = claim.headers["Location"]
    shown = state(api, location)
    assert set(shown) == {"age", "ttl", "href", "messages"}
    assert (shown["ttl"], shown["href"]) == (100, location)
    assert type(shown["age"]) is int and 0 <= shown["age"] < 60
    assert [m["id"] for m in shown["messages"]] == ids[:2]
    for message in shown["messages"]:
        assert set(message) == {"id", "href", "ttl", "age", "body"}
        assert message["href"] == f"{queue}/messages/{message['id']}?claim_id={claim.claim_id}"
    assert api.other().get(location).json == shown
    api.delete(shown["messages"][0]["href"])
    assert [m["id"] for m in state(api, location)["messages"]] == ids[1:2]
    api.delete(shown["messages"][1]["href"])
    answer = api.get(location)
    assert answer.status == 404 or answer.json["messages"] == []


@pytest.mark.parametrize("name", BAD_IDS)
def test_no_such_claim(api, queue, name):
    api.fill(queue, 1)
    live = api.claim(queue)
    for path in (queue, new_queue()):
        refused(api.get(f"{path}/claims/{name}"), 404, "Not found")
        refused(api.call("PATCH", f"{path}/claims/{name}", {"ttl": 100}), 404, "Not found")
        answer = api.delete(f"{path}/claims/{name}")
        assert (answer.status, answer.raw) == (204, b"")
    assert state(api, live.headers["Location"])["messages"]


def test_claim_means_nothing_elsewhere(api, queue):
    api.fill(queue, 1)
    claim = api.claim(queue).claim_id
    elsewhere, stranger = api.queue(), Client(api.port)
    stranger.put(queue)
    for client, path in ((api, elsewhere), (stranger, queue)):
        refused(client.get(f"{path}/claims/{claim}"), 404, "Not found")
        refused(client.call("PATCH", f"{path}/claims/{claim}", {}), 404, "Not found")
        assert client.delete(f"{path}/claims/{claim}").status == 204
    assert state(api, f"{queue}/claims/{claim}")["messages"][0]["body"] == 1


# PATCH and DELETE

@pytest.mark.parametrize("body, ttl", [
    ({}, 300), ({"ttl": 100}, 100), ({"grace": 100}, 300),
    ({"ttl": MAXIMUM, "grace": MAXIMUM}, MAXIMUM),
    ({"ttl": 60, "grace": 60}, 60), ({"foo": 1, "ttl": 99}, 99),
])
def test_patch(api, queue, body, ttl):
    """What is missing takes the default, not the current value."""
    api.fill(queue, 1, 2)
    location = api.claim(queue, ttl=1000, grace=1000).headers["Location"]
    answer = api.call("PATCH", location, body)
    assert (answer.status, answer.raw) == (204, b"")
    assert state(api, location)["ttl"] == ttl
    assert len(state(api, location)["messages"]) == 2


@pytest.mark.parametrize("ttl, body, after", [
    (60, {"ttl": 1000, "grace": 100}, 1100), (60, {}, 360), (60, {"ttl": 500}, 560),
    (3600, {"ttl": 1000, "grace": 1000}, 3600), (700, {}, 700),
])
def test_patch_extends_the_life(api, queue, ttl, body, after):
    (name,) = api.fill(queue, 1, ttl=ttl)
    location = api.claim(queue, ttl=60, grace=60).headers["Location"]
    assert api.call("PATCH", location, body).status == 204
    assert api.get(f"{queue}/messages/{name}").json["ttl"] in about(after)


@pytest.mark.parametrize("body, title", [(None, SHAPE), (b"", SHAPE), *BAD_BODIES],
                         ids=lambda v: str(v)[:40])
def test_bad_patch(api, queue, body, title):
    """Errors of the body come before the claim is looked for."""
    api.fill(queue, 1)
    location = api.claim(queue, ttl=1000).headers["Location"]
    for path in (location, f"{queue}/claims/x", f"{new_queue()}/claims/x"):
        refused(api.call("PATCH", path, body), 400, title)
    assert state(api, location)["ttl"] == 1000


def test_release(api, queue):
    (one, two) = api.fill(queue, 1, 2)
    claim = api.claim(queue)
    location = claim.headers["Location"]
    api.delete(f"{queue}/messages/{one}?claim_id={claim.claim_id}")
    answer = api.delete(location)
    assert (answer.status, answer.raw) == (204, b"")
    assert api.listed(queue) == [2]
    refused(api.get(location), 404, "Not found")
    refused(api.call("PATCH", location, {}), 404, "Not found")
    assert api.delete(location).status == 204
    assert api.delete(f"{queue}/messages/{two}").status == 204


def test_released_messages_keep_their_place(api, queue):
    api.fill(queue, *range(4))
    api.delete(api.claim(queue, limit=2).headers["Location"])
    assert api.claim(queue).bodies == list(range(4))


def test_any_client_may_renew_and_release(api, queue):
    api.fill(queue, 1)
    location = api.claim(queue).headers["Location"]
    assert api.other().call("PATCH", location, {"ttl": 99}).status == 204
    assert api.other().delete(location).status == 204
    assert api.stats(queue)["free"] == 1
