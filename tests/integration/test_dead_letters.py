"""Claim counts and dead letter queues (section 7.5)."""

import pytest
from support.api import SHOWN, Client, refused, unique


def source(api, count, target=None, **metadata):
    """A queue whose messages go to another after count claims, and the path of the other."""
    target = target or unique("dead")
    queue = api.queue(_max_claim_count=count, _dead_letter_queue=target, **metadata)
    return queue, f"/v2/queues/{target}"


def take(api, queue, limit=10):
    """Claims and gives back; returns the bodies."""
    answer = api.claim(queue, limit=limit)
    if answer.status == 204:
        return []
    assert answer.status == 201 and answer.json["messages"]
    assert api.delete(answer.headers["Location"]).status == 204
    return answer.bodies


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_moves_on_the_claim_after_the_last(api, count):
    queue, dead = source(api, count)
    api.put(dead)
    (name,) = api.fill(queue, {"a": 1}, ttl=1000)
    for _ in range(count):
        assert take(api, queue) == [{"a": 1}]
        assert api.everything(dead) == []
    answer = api.claim(queue)
    assert (answer.status, answer.raw, answer.headers["Location"]) == (204, b"", None)
    assert api.everything(queue) == []
    assert api.get(f"{queue}/messages/{name}").status == 404
    assert api.stats(queue)["total"] == 0
    moved = api.get(f"{dead}/messages/{name}").json
    assert moved == {"id": name, "href": f"{dead}/messages/{name}", "ttl": 1000, "body": {"a": 1},
                     "age": moved["age"]}
    assert api.get(f"{dead}/messages?echo=1").ids == [name]


def test_moved_message_is_free(api):
    """It is under no claim: to be listed, counted, claimed, popped and deleted as any other."""
    queue, dead = source(api, 1)
    (name,) = api.fill(queue, 1)
    take(api, queue)
    assert api.claim(queue).status == 204
    assert api.stats(dead) == {"free": 1, "claimed": 0, "total": 1}
    assert api.listed(dead) == [1]
    assert take(api, dead) == [1]
    assert api.delete(f"{dead}/messages/{name}").status == 204
    api.fill(queue, 2)
    take(api, queue)
    take(api, queue)
    assert api.delete(f"{dead}/messages?pop=1").bodies == [2]


def test_missing_target_is_made(api):
    queue, dead = source(api, 1)
    api.fill(queue, 1)
    take(api, queue)
    take(api, queue)
    assert dead.rpartition("/")[2] in api.queues()
    assert api.get(dead).json == SHOWN
    assert api.everything(dead) == [1]


def test_target_that_was_deleted_meanwhile(api):
    queue, dead = source(api, 1)
    api.put(dead)
    api.fill(dead, "gone")
    api.fill(queue, 1)
    take(api, queue)
    api.delete(dead)
    take(api, queue)
    assert dead.rpartition("/")[2] in api.queues()
    assert api.everything(dead) == [1]


@pytest.mark.parametrize("name", ["dead.letters", "a.b.c", "D_-.", "d" * 64])
def test_name_of_the_target(api, name):
    queue, dead = source(api, 1, name)
    api.fill(queue, 1)
    take(api, queue)
    take(api, queue)
    assert api.everything(dead) == [1]
    assert name in api.queues()


def test_target_keeps_what_it_has(api):
    queue, dead = source(api, 1)
    api.put(dead, {"a": 1})
    api.fill(dead, "before")
    ids = api.fill(queue, 1, 2, 3)
    take(api, queue)
    take(api, queue)
    api.fill(dead, "after")
    assert api.everything(dead) == ["before", 1, 2, 3, "after"]
    assert api.get(f"{dead}/messages?echo=1").ids[1:4] == ids
    assert api.get(dead).json == {**SHOWN, "a": 1}


def test_target_is_of_the_same_project(api):
    queue, dead = source(api, 1)
    stranger = Client(api.port)
    stranger.put(dead)
    api.fill(queue, 1)
    take(api, queue)
    take(api, queue)
    assert stranger.everything(dead) == []
    assert api.everything(dead) == [1]


@pytest.mark.parametrize("ttl", [60, 5000])
def test_ttl_of_dead_letters(api, ttl):
    queue, dead = source(api, 1, _dead_letter_queue_messages_ttl=ttl)
    (name,) = api.fill(queue, 1, ttl=1000)
    take(api, queue)
    take(api, queue)
    message = api.get(f"{dead}/messages/{name}").json
    assert message["ttl"] in range(ttl, ttl + 5)  # counted from posting, so a second may pass


def test_fresh_messages_are_claimed_beside_dead_ones(api):
    queue, dead = source(api, 1)
    api.fill(queue, "old")
    take(api, queue)
    api.fill(queue, "new")
    assert api.claim(queue).bodies == ["new"]
    assert api.everything(dead) == ["old"]


def test_each_message_has_its_count(api):
    queue, dead = source(api, 2)
    api.fill(queue, "a")
    take(api, queue)
    api.fill(queue, "b")
    assert take(api, queue) == ["a", "b"]
    assert take(api, queue) == ["b"]
    assert take(api, queue) == []
    assert api.everything(dead) == ["a", "b"]


@pytest.mark.parametrize("metadata", [{"_max_claim_count": 1}, {"_dead_letter_queue": "dead"},
                                      {"_max_claim_count": None, "_dead_letter_queue": "dead"},
                                      {"_max_claim_count": 1, "_dead_letter_queue": None}, {}])
def test_one_attribute_alone_does_nothing(api, metadata):
    queue = api.queue(**metadata)
    api.fill(queue, 1)
    for _ in range(4):
        assert take(api, queue) == [1]
    assert len(api.queues()) == 1


@pytest.mark.parametrize("first, second", [
    ({"_max_claim_count": 2}, ("_dead_letter_queue", "dead")),
    ({"_dead_letter_queue": "dead"}, ("_max_claim_count", 2)),
    ({"_dead_letter_queue": "dead", "_max_claim_count": 9}, ("_max_claim_count", 2)),
])
def test_counts_from_before_count(api, first, second):
    """The count is kept while only one of the attributes is set, too."""
    queue = api.queue(**first)
    api.fill(queue, 1)
    take(api, queue)
    take(api, queue)
    name, value = second
    patch = [{"op": "add", "path": f"/metadata/{name}", "value": value}]
    assert api.patch(queue, patch).status == 200
    assert take(api, queue) == []
    assert api.everything("/v2/queues/dead") == [1]


def test_removing_an_attribute_ends_it(api):
    queue, _ = source(api, 1)
    api.fill(queue, 1)
    take(api, queue)
    assert api.patch(queue, [{"op": "remove", "path": "/metadata/_max_claim_count"}]).status == 200
    assert take(api, queue) == [1]


def test_renewing_leaves_the_count(api):
    """Neither another claim nor a new start."""
    queue, dead = source(api, 2)
    api.fill(queue, 1)
    for _ in range(2):
        location = api.claim(queue).headers["Location"]
        for _ in range(3):
            assert api.call("PATCH", location, {"ttl": 100}).status == 204
        api.delete(location)
    assert take(api, queue) == []
    assert api.everything(dead) == [1]


@pytest.mark.parametrize("claims, popped", [(0, True), (1, True)])
def test_pop_is_no_claim(api, claims, popped):
    queue, dead = source(api, 1)
    api.fill(queue, 1)
    for _ in range(claims):
        take(api, queue)
    (message,) = api.delete(f"{queue}/messages?pop=1").json["messages"]
    assert (message["body"], message["claim_count"]) == (1, claims)
    assert api.everything(dead) == []


def test_live_claims_are_not_counted_again(api):
    """A claim that finds everything held changes nothing."""
    queue, dead = source(api, 1)
    api.fill(queue, 1)
    held = api.claim(queue)
    for _ in range(3):
        assert api.claim(queue).status == 204
    assert api.get(held.headers["Location"]).bodies == [1]
    assert api.everything(dead) == []


def test_delayed_messages_do_not_move(api):
    queue, dead = source(api, 0)
    api.fill(queue, 1, delay=900)
    assert api.claim(queue).status == 204
    assert api.everything(queue) == [1]
    assert api.everything(dead) == []


def test_checks_of_the_attributes(api, queue):
    for bad in ({"_max_claim_count": -1}, {"_dead_letter_queue": 5}, {"_dead_letter_queue": "a b"}):
        refused(api.put(f"/v2/queues/{unique('q')}", bad), 400, "Invalid API request")
