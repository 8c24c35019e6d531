"""Encrypted queues (section 6.7): nothing of it shows to clients, on any path."""

import hashlib

import pytest
from support.api import SHOWN, Client, new_queue, refused

KEYS = "transport.message_encryption_keys=b:" + "0123456789abcdef" * 4 + ",a:" + "ff" * 32
BODIES = ["text", {"a": [1, {"b": None}]}, 1234567890123456789, None, "", "\u00e9\U0001f426", [], False]


@pytest.fixture
def api(start):
    return Client(start(KEYS).port)


@pytest.fixture
def queue(api):
    return api.queue(_enable_encrypt_messages=True)


def test_the_attribute_is_shown(api, queue):
    assert api.get(queue).json == {**SHOWN, "_enable_encrypt_messages": True}
    assert api.get(new_queue()).json["_enable_encrypt_messages"] is False


def test_without_a_key_it_is_refused(server):
    api = Client(server.port)
    error = refused(api.put(new_queue(), {"_enable_encrypt_messages": True}), 400, "Invalid API request")
    assert "no key" in error["description"]
    queue = api.queue()
    patch = [{"op": "add", "path": "/metadata/_enable_encrypt_messages", "value": True}]
    error = refused(api.patch(queue, patch), 400)
    assert "no key" in error["description"]
    assert api.get(queue).json == SHOWN


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_every_path_gives_the_body_as_it_was_posted(api, queue, body):
    (name,) = api.fill(queue, body)
    assert api.get(f"{queue}/messages?echo=true").bodies == [body]
    assert api.get(f"{queue}/messages?ids={name}").bodies == [body]
    assert api.get(f"{queue}/messages/{name}").json["body"] == body
    claim = api.claim(queue)
    assert claim.bodies == [body]
    assert api.get(claim.headers["Location"]).bodies == [body]
    assert api.listed(queue, "echo=true&include_claimed=true") == [body]
    assert api.delete(claim.headers["Location"]).status == 204
    assert api.delete(f"{queue}/messages?pop=1").bodies == [body]


def test_bodies_keep_their_bytes(api, queue):
    raw = b'{"messages": [{"body": {"b" : 1.10, "a":\t"\\u00e9"}}]}'
    assert api.post(f"{queue}/messages", raw).status == 201
    assert b'{"b" : 1.10, "a":\t"\\u00e9"}' in api.get(f"{queue}/messages?echo=true").raw


def test_many_messages_in_order(api, queue):
    bodies = [{"n": n, "pad": "x" * (n * 37 % 500)} for n in range(20)]
    api.fill(queue, *bodies)
    assert api.listed(queue) == bodies
    assert api.claim(queue, limit=5).bodies == bodies[:5]
    assert api.delete(f"{queue}/messages?pop=20").bodies == bodies[5:]


def test_messages_show_no_mark_of_it(api, queue):
    api.fill(queue, 1)
    (message,) = api.get(f"{queue}/messages?echo=true").json["messages"]
    assert set(message) == {"id", "href", "ttl", "age", "body"}


def test_the_limit_counts_the_clear_body(api):
    queue = api.queue(_enable_encrypt_messages=True, _max_messages_post_size=1000)
    body = b'{"messages": [{"body": "%s"}]}'
    fitting = body % (b"x" * (1000 - len(body) + 2))
    assert len(fitting) == 1000
    assert api.post(f"{queue}/messages", fitting).status == 201
    refused(api.post(f"{queue}/messages", fitting + b" "), 400, "Invalid API request")


def test_the_largest_body(api, queue):
    body = "y" * 262000
    api.fill(queue, body)
    assert api.listed(queue) == [body]


def test_what_the_queue_says_counts_for_new_messages_only(api):
    """Old ones are read whatever it says now."""
    queue = api.queue()
    switch = [{"op": "add", "path": "/metadata/_enable_encrypt_messages", "value": None}]
    api.fill(queue, "clear")
    for value in (True, False):
        switch[0]["value"] = value
        assert api.patch(queue, switch).status == 200
        api.fill(queue, f"encrypted: {value}")
    assert api.listed(queue) == ["clear", "encrypted: True", "encrypted: False"]
    assert api.delete(f"{queue}/messages?pop=3").bodies == ["clear", "encrypted: True", "encrypted: False"]


def test_dead_letters_are_read_in_their_new_queue(api):
    dead = api.queue()
    queue = api.queue(_enable_encrypt_messages=True, _max_claim_count=1,
                      _dead_letter_queue=dead.rpartition("/")[2])
    (name,) = api.fill(queue, {"poison": 1})
    claim = api.claim(queue)
    assert api.delete(claim.headers["Location"]).status == 204
    assert api.claim(queue).status == 204
    assert api.listed(dead) == [{"poison": 1}]
    assert api.get(f"{dead}/messages/{name}").json["body"] == {"poison": 1}
    assert api.claim(dead).bodies == [{"poison": 1}]


def test_checksums_are_of_the_clear_body(start):
    api = Client(start(KEYS, "DEFAULT.enable_checksum=true").port)
    queue = api.queue(_enable_encrypt_messages=True)
    api.fill(queue, "abc")
    digest = "MD5:" + hashlib.md5(b'"abc"').hexdigest()
    assert api.get(f"{queue}/messages?echo=true").json["messages"][0]["checksum"] == digest
    assert api.claim(queue).json["messages"][0]["checksum"] == digest


def test_stats_and_purge(api, queue):
    api.fill(queue, 1, 2, 3)
    api.claim(queue, limit=1)
    assert api.stats(queue) == {"free": 2, "claimed": 1, "total": 3}
    assert set(api.get(f"{queue}/stats").json["messages"]["oldest"]) == {"href", "age", "created"}
    assert api.post(f"{queue}/purge").status == 204
    assert api.everything(queue) == []
