"""Posting messages, and reading them in lists, by ids and singly (sections 6.1 to 6.5, the delay of
6.6).
"""

import re

import pytest
from support.api import Client, new_queue, query, refused, together

MEMBERS = {"id", "href", "ttl", "age", "body"}
MAX_TTL = 1209600
BAD_IDS = ["x", "-", "%00", "%20", "..", "%2E%2E", "%FF", "%C3%A9", "0", "a" * 2000, "a%2Fb", "*",
           "%25",
           "5245432e1b8a4d5a9c3b0d6e", "00000000-0000-0000-0000-000000000000", "%27", "'", ":", "~"]


# POST

def test_post(api, queue):
    answer = api.post(f"{queue}/messages", {"messages": [
        {"body": "first", "ttl": 60}, {"body": None}, {"body": {"third": 3}, "ttl": 3000}]})
    assert answer.status == 201
    assert set(answer.json) == {"resources"}
    ids = [href.rpartition("/")[2] for href in answer.json["resources"]]
    assert answer.json["resources"] == [f"{queue}/messages/{i}" for i in ids]
    assert answer.headers["Location"] == f"{queue}/messages?ids={','.join(ids)}"
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", i) for i in ids)
    by_ids = api.get(answer.headers["Location"])
    assert by_ids.bodies == ["first", None, {"third": 3}]
    assert [m["ttl"] for m in by_ids.json["messages"]] == [60, 3600, 3000]


@pytest.mark.parametrize("count", [1, 20, 21, 50, 500])
def test_post_of_many(api, queue, count):
    """Only the size limits the number; the order stays."""
    ids = api.fill(queue, *range(count))
    assert len(set(ids)) == count
    assert api.stats(queue)["total"] == count
    assert api.get(f"{queue}/messages?echo=true&limit=1").bodies == [0]
    assert api.get(f"{queue}/messages/{ids[-1]}").json["body"] == count - 1


def test_order_over_posts_of_several_clients(api, queue):
    clients = [api, api.other(), api.other()]
    for n in range(18):
        clients[n % 3].fill(queue, n)
    assert api.listed(queue) == list(range(18))


@pytest.mark.parametrize("ttl", [60, 61, MAX_TTL])
def test_ttl(api, queue, ttl):
    (message,) = api.fill(queue, 1, ttl=ttl)
    assert api.get(f"{queue}/messages/{message}").json["ttl"] == ttl


def test_ttl_of_the_queue(api):
    queue = api.queue(_default_message_ttl=77)
    api.fill(queue, 1)
    api.fill(queue, 2, ttl=99)
    messages = api.get(f"{queue}/messages?echo=true").json["messages"]
    assert [m["ttl"] for m in messages] == [77, 99]


def message(**members):
    return {"messages": [{"body": 1, **members}]}


SHAPE, VALUE = "Invalid request body", "Invalid API request"
BAD_POSTS = [
    ([], VALUE), ([{"body": 1, "ttl": 60}], VALUE), ({}, VALUE), ({"message": []}, VALUE),
    (["messages"], VALUE), ({"body": 1, "ttl": 60}, VALUE), ({"Messages": [{"body": 1}]}, VALUE),
    ({"messages": None}, SHAPE), ({"messages": 1}, SHAPE), ({"messages": "x"}, SHAPE),
    ({"messages": {}}, SHAPE), ({"messages": {"body": 1}}, SHAPE), ({"messages": True}, SHAPE),
    ({"messages": ""}, SHAPE), ({"messages": []}, VALUE),
    ({"messages": [1]}, None), ({"messages": ["x"]}, None), ({"messages": [None]}, None),
    ({"messages": [[]]}, None), ({"messages": [True]}, None), ({"messages": ["body"]}, None),
    ({"messages": [["body"]]}, None), ({"messages": [{"body": 1}, 1]}, None),
    ({"messages": [{}]}, SHAPE), ({"messages": [{"ttl": 60}]}, SHAPE),
    ({"messages": [{"Body": 1}]}, SHAPE), ({"messages": [{"body": 1}, {"ttl": 60}]}, SHAPE),
    *((message(ttl=ttl), SHAPE) for ttl in ("60", "", None, 60.0, 6e2, [], {}, [60])),
    *((message(ttl=ttl), VALUE) for ttl in (59, 0, -1, MAX_TTL + 1, 2 ** 63 - 1, -2 ** 63, True,
                                            False)),
    *((message(delay=delay), SHAPE) for delay in ("1", "", None, 1.0, [], {}, [1])),
    *((message(delay=delay), VALUE) for delay in (-1, 901, 2 ** 63 - 1)),
    (b"", SHAPE), (b"{", SHAPE), (b"5", SHAPE), (None, SHAPE),
]


@pytest.mark.parametrize("body, title", BAD_POSTS, ids=lambda v: str(v)[:50])
def test_bad_post(api, body, title):
    """A 400 stores nothing and makes no queue."""
    queue = new_queue()
    refused(api.post(f"{queue}/messages", body), 400, title)
    assert api.queues() == []
    queue = api.queue(_default_message_delay=1)
    refused(api.post(f"{queue}/messages", body), 400, title)
    assert api.stats(queue)["total"] == 0


def test_bad_message_among_good_ones(api, queue):
    good = [{"body": n} for n in range(5)]
    for bad in ({"body": 1, "ttl": 1}, {"body": 1, "ttl": "x"}, {}, 1, {"body": 1, "delay": -1}):
        refused(api.post(f"{queue}/messages", {"messages": [*good, bad]}), 400)
        refused(api.post(f"{queue}/messages", {"messages": [bad, *good]}), 400)
    assert api.stats(queue)["total"] == 0


@pytest.mark.parametrize("delay", [0, 1, 900, True])
def test_good_delay(api, queue, delay):
    api.fill(queue, 1, delay=delay)
    api.fill(api.queue(_default_message_delay=5), 1, delay=delay)


def test_unknown_members_are_dropped(api, queue):
    body = {"messages": [{"body": 1, "ttl": 60, "foo": "x", "id": "mine", "age": 50,
                          "claim_id": "c", "href": "/", "checksum": "MD5:0"}], "foo": [1]}
    assert api.post(f"{queue}/messages", body).status == 201
    (shown,) = api.get(f"{queue}/messages?echo=true").json["messages"]
    assert set(shown) == MEMBERS
    assert shown["id"] != "mine" and shown["age"] < 50


# The message object

def test_members(api, queue):
    (name,) = api.fill(queue, "x", ttl=500)
    (pop_queue, claim_queue) = (api.queue(), api.queue())
    api.fill(pop_queue, "x", ttl=500)
    api.fill(claim_queue, "x", ttl=500)
    single = api.get(f"{queue}/messages/{name}")
    assert single.status == 200
    for shown in (single.json, api.get(f"{queue}/messages?ids={name}").json["messages"][0],
                  api.get(f"{queue}/messages?echo=true").json["messages"][0]):
        assert set(shown) == MEMBERS
        assert shown == {"id": name, "href": f"{queue}/messages/{name}", "ttl": 500, "body": "x",
                         "age": shown["age"]}
        assert type(shown["age"]) is int and 0 <= shown["age"] < 60
        assert type(shown["ttl"]) is int
    (claimed,) = api.claim(claim_queue).json["messages"]
    assert set(claimed) == MEMBERS
    (popped,) = api.delete(f"{pop_queue}/messages?pop=1").json["messages"]
    assert set(popped) == MEMBERS - {"href"} | {"claim_id", "claim_count"}
    assert (popped["claim_id"], popped["claim_count"]) == (None, 0)
    assert (popped["body"], popped["ttl"]) == ("x", 500)


def test_href_has_the_claim_while_it_lasts(api, queue):
    (name,) = api.fill(queue, "x")
    plain = f"{queue}/messages/{name}"

    def hrefs():
        return {api.get(plain).json["href"],
                api.get(f"{queue}/messages?ids={name}").json["messages"][0]["href"],
                api.get(f"{queue}/messages?echo=1&include_claimed=1").json["messages"][0]["href"]}
    assert hrefs() == {plain}
    claim = api.claim(queue)
    assert hrefs() == {f"{plain}?claim_id={claim.claim_id}"}
    assert claim.json["messages"][0]["href"] == f"{plain}?claim_id={claim.claim_id}"
    assert api.get(claim.headers["Location"]).json["messages"][0]["href"] in hrefs()
    api.delete(claim.headers["Location"])
    assert hrefs() == {plain}


# Lists

def test_list_of_nothing(api, queue):
    answer = api.get(f"{queue}/messages")
    assert (answer.status, answer.json) == (200, {"messages": [], "links": []})


def test_echo(api, queue):
    other = api.other()
    api.fill(queue, "mine")
    other.fill(queue, "theirs")
    assert api.listed(queue, "") == ["theirs"]
    assert api.listed(queue, "echo=false") == ["theirs"]
    assert api.listed(queue, "echo=true") == ["mine", "theirs"]
    assert other.listed(queue, "") == ["mine"]
    assert api.other().listed(queue, "") == ["mine", "theirs"]


def test_include_claimed(api, queue):
    api.fill(queue, 1, 2, 3)
    claim = api.claim(queue, limit=2)
    assert api.listed(queue) == [3]
    assert api.listed(queue, "echo=1&include_claimed=false") == [3]
    assert api.listed(queue, "echo=1&include_claimed=true") == [1, 2, 3]
    assert api.listed(queue, "include_claimed=true") == []
    assert api.other().listed(queue, "include_claimed=true") == [1, 2, 3]
    api.delete(claim.headers["Location"])
    assert api.listed(queue) == [1, 2, 3]


@pytest.mark.parametrize("default", [None, 0, 1, 300])
def test_include_delayed(api, default):
    """A message's own delay counts, whatever the queue says; 0 is at once."""
    queue = api.queue(_default_message_delay=default)
    api.fill(queue, "now", delay=0)
    api.fill(queue, "later", delay=900)
    assert api.listed(queue) == ["now"]
    assert api.listed(queue, "echo=1&include_delayed=false") == ["now"]
    assert api.listed(queue, "echo=1&include_delayed=true") == ["now", "later"]
    assert api.listed(queue, "include_delayed=true") == []


def test_delay_of_the_queue(api):
    queue = api.queue(_default_message_delay=300)
    api.fill(queue, "later")
    api.fill(queue, "now", delay=0)
    assert api.listed(queue) == ["now"]
    assert api.claim(queue).bodies == ["now"]
    assert api.delete(f"{queue}/messages?pop=5").bodies == []
    assert api.everything(queue) == ["later", "now"]
    assert api.stats(queue) == {"free": 1, "claimed": 1, "total": 2}


def test_delayed_message_is_found_by_id_only(api, queue):
    """Also behind messages that are due."""
    api.fill(queue, "now")
    (name,) = api.fill(queue, "later", delay=900)
    api.fill(queue, "then")
    assert api.get(f"{queue}/messages/{name}").json["body"] == "later"
    assert api.get(f"{queue}/messages?ids={name}").bodies == ["later"]
    assert api.claim(queue, limit=20).bodies == ["now", "then"]
    assert api.claim(queue).status == 204
    assert api.delete(f"{queue}/messages?pop=20").bodies == []
    assert api.delete(f"{queue}/messages/{name}").status == 204
    assert api.get(f"{queue}/messages/{name}").status == 404


# By ids

def test_by_ids(api, queue):
    ids = api.fill(queue, *"abcde")
    answer = api.get(f"{queue}/messages?ids={ids[3]},{ids[0]},none,%00,{ids[2]}")
    assert answer.status == 200
    assert set(answer.json) == {"messages"}
    assert answer.bodies == ["d", "a", "c"]


def test_by_ids_shows_all_states(api, queue):
    """Own messages, claimed and delayed ones; the switches of lists don't matter."""
    ids = api.fill(queue, "claimed", "own") + api.fill(queue, "delayed", delay=900)
    claim = api.claim(queue, limit=1)
    for more in ("", "&echo=false&include_claimed=false&include_delayed=false"):
        answer = api.get(f"{queue}/messages?ids={','.join(ids)}{more}")
        assert answer.bodies == ["claimed", "own", "delayed"]
    assert answer.json["messages"][0]["href"].endswith(f"?claim_id={claim.claim_id}")


@pytest.mark.parametrize("count, status", [(1, 200), (20, 200), (21, 400), (700, 400)])
def test_number_of_ids(api, queue, count, status):
    ids = api.fill(queue, *range(count))
    answer = api.get(f"{queue}/messages?ids={','.join(ids)}")
    assert answer.status == status
    if status == 200:
        assert answer.ids == ids
    else:
        refused(answer, 400, "Invalid API request")


def test_number_of_ids_counts_unknown_ones(api, queue):
    (name,) = api.fill(queue, 1)
    refused(api.get(f"{queue}/messages?ids={name}{',x' * 20}"), 400, "Invalid API request")
    refused(api.get(f"{new_queue()}/messages?ids=x{',x' * 20}"), 400, "Invalid API request")


@pytest.mark.parametrize("ids",
                         ["x", "x,y", "%00", "5245432e1b8a4d5a9c3b0d6e", "a" * 2000, "%FF", "*"])
def test_by_ids_finds_none(api, queue, ids):
    api.fill(queue, 1)
    refused(api.get(f"{queue}/messages?ids={ids}"), 404, "Not found")
    refused(api.get(f"{new_queue()}/messages?ids={ids}"), 404, "Not found")


# One message

@pytest.mark.parametrize("name", BAD_IDS)
def test_no_such_message(api, queue, name):
    api.fill(queue, 1)
    encoded_slash = "%2F" in name  # another path for a server that decodes first
    refused(api.get(f"{queue}/messages/{name}"), 404, described=not encoded_slash)
    status = api.delete(f"{queue}/messages/{name}").status
    assert status == 204 or encoded_slash and status == 404
    assert api.stats(queue)["total"] == 1


def test_message_in_each_state(api, queue):
    (claimed, own) = api.fill(queue, "claimed", "own")
    (delayed,) = api.fill(queue, "delayed", delay=900)
    api.claim(queue, limit=1)
    for client in (api, api.other()):
        for name, body in ((claimed, "claimed"), (own, "own"), (delayed, "delayed")):
            answer = client.get(f"{queue}/messages/{name}?limit=x&echo=maybe&ids=a&claim_id=b")
            assert (answer.status, answer.json["body"]) == (200, body)


def test_id_means_nothing_elsewhere(api, queue):
    """Ids are found in their project and queue only, whatever else exists there."""
    (name,) = api.fill(queue, 1)
    elsewhere, stranger = api.queue(), Client(api.port)
    stranger.put(queue)
    stranger.fill(queue, 2)
    api.fill(elsewhere, 3)
    for client, path in ((api, elsewhere), (stranger, queue)):
        refused(client.get(f"{path}/messages/{name}"), 404, "Not found")
        refused(client.get(f"{path}/messages?ids={name}"), 404, "Not found")
        assert client.delete(f"{path}/messages/{name}").status == 204
        assert client.delete(f"{path}/messages?ids={name}").status == 204
        assert client.get(f"{path}/messages?marker={name}").status == 200
    assert api.get(f"{queue}/messages/{name}").status == 200


# Markers. Paging has a file of its own.

@pytest.mark.parametrize("state", ["there", "deleted", "popped"])
def test_id_is_a_marker(api, queue, state):
    ids = api.fill(queue, *range(5))
    if state == "deleted":
        api.delete(f"{queue}/messages/{ids[1]}")
    elif state == "popped":
        api.delete(f"{queue}/messages?pop=2")
    assert api.get(f"{queue}/messages?echo=1&marker={ids[1]}").bodies == [2, 3, 4]
    answer = api.get(f"{queue}/messages?echo=1&marker={ids[4]}")
    assert answer.json == {"messages": [], "links": []}


@pytest.mark.parametrize("marker", BAD_IDS)
def test_garbage_marker(api, queue, marker):
    api.fill(queue, 1)
    answer = api.get(f"{queue}/messages?echo=1&marker={marker}")
    assert (answer.status, answer.json) == (200, {"messages": [], "links": []})


@pytest.mark.parametrize("end", ["delete", "purge", "pop"])
def test_numbering_does_not_restart(api, end):
    """A marker from before misses nothing that came after."""
    queue = api.queue()
    api.fill(queue, *range(10))
    marker = query(api.get(f"{queue}/messages?echo=1").next)["marker"][0]
    if end == "delete":
        api.delete(queue)
    elif end == "purge":
        api.post(f"{queue}/purge")
    else:
        api.delete(f"{queue}/messages?pop=10")
    api.fill(queue, "new")
    assert api.get(f"{queue}/messages?echo=1&marker={marker}").bodies == ["new"]


def test_many_clients_post_at_once(api, queue):
    """Nothing is lost or doubled, and each client's own order holds."""
    def work():
        client = api.other()
        for n in range(25):
            client.fill(queue, [client.headers["Client-ID"], n])
    together(8, work)
    came, page = [], api.get(f"{queue}/messages?limit=20")
    while page.next:
        came += page.bodies
        page = api.get(page.next)
    assert len(came) == 200
    for worker in {worker for worker, _ in came}:
        assert [n for w, n in came if w == worker] == list(range(25))
