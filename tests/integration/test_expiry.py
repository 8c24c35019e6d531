"""What time does: messages, claims and delays that end (sections 6.5 to 6.8, 7.2 to 7.5, 5.8).

The server runs under libfaketime with a clock that only the tests move, on SQLite, as other stores
have clocks of their own.
"""

import datetime

import pytest
from support.api import Client, query, refused
from support.clock import LIBRARIES, Clock
from support.servers import Nusku, wait_for

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")


@pytest.fixture(scope="module")
def faked(tmp_path_factory):
    clock = Clock(tmp_path_factory.mktemp("clock"))
    with Nusku(env=clock.env(), options=["worker.heartbeat_interval=1"]) as server:
        yield server, clock
        assert server.process.poll() is None, server.text()[-4000:]


@pytest.fixture
def api(faked):
    return Client(faked[0].port)


@pytest.fixture
def clock(faked):
    return faked[1]


def is_gone(api, queue, name):
    refused(api.get(f"{queue}/messages/{name}"), 404, "Not found")
    refused(api.get(f"{queue}/messages?ids={name}"), 404, "Not found")
    assert api.everything(queue) == []
    assert api.delete(f"{queue}/messages?pop=20").bodies == []
    assert api.claim(queue).status == 204
    stats = {"messages": {"free": 0, "claimed": 0, "total": 0}}
    assert api.get(f"{queue}/stats").json == stats
    assert api.delete(f"{queue}/messages/{name}").status == 204
    return True


def test_the_clock_moves(api, clock, queue):
    """Ages, and the times that stats tell, are those of the moved clock."""
    (name,) = api.fill(queue, 1, ttl=1000)
    first = api.get(f"{queue}/stats").json["messages"]["oldest"]
    clock.move(500)
    api.fill(queue, 2, ttl=1000)
    message = api.get(f"{queue}/messages/{name}").json
    assert 500 <= message["age"] <= 510 and message["ttl"] == 1000
    stats = api.get(f"{queue}/stats").json["messages"]
    assert stats["oldest"] == {**first, "age": stats["oldest"]["age"]}
    assert 500 <= stats["oldest"]["age"] <= 510 and stats["newest"]["age"] <= 10
    old, new = (datetime.datetime.fromisoformat(stats[which]["created"][:-1])
                for which in ("oldest", "newest"))
    assert 499 <= (new - old).total_seconds() <= 511
    (popped, _) = api.delete(f"{queue}/messages?pop=2").json["messages"]
    assert 500 <= popped["age"] <= 510


# Messages

@pytest.mark.parametrize("ttl", [60, 3600, 1209600])
def test_message_expires(api, clock, queue, ttl):
    """Exactly: 10 seconds before the end all is there, 1 second after it nothing."""
    (name,) = api.fill(queue, 1, ttl=ttl)
    clock.move(ttl - 10)
    assert api.get(f"{queue}/messages/{name}").json["age"] in range(ttl - 10, ttl)
    assert api.listed(queue) == [1]
    clock.move(11)
    assert is_gone(api, queue, name)


@pytest.mark.parametrize("source", ["default", "queue"])
def test_default_ttl(api, clock, source):
    queue = api.queue(_default_message_ttl=100 if source == "queue" else None)
    (name,) = api.fill(queue, 1)
    clock.move(95 if source == "queue" else 3595)
    assert api.listed(queue) == [1]
    clock.move(6)
    assert is_gone(api, queue, name)


def test_only_the_expired_go(api, clock, queue):
    for n in range(10):
        api.fill(queue, n, ttl=100 if n % 2 else 1000)
    clock.move(101)
    assert api.listed(queue) == [0, 2, 4, 6, 8]
    stats = api.get(f"{queue}/stats").json["messages"]
    assert stats["total"] == 5
    assert stats["oldest"]["age"] >= 101
    assert api.claim(queue, limit=20).bodies == [0, 2, 4, 6, 8]


def test_expired_marker(api, clock, queue):
    ids = api.fill(queue, 1, 2, ttl=60) + api.fill(queue, 3, 4, ttl=1000)
    page = api.get(f"{queue}/messages?echo=1&limit=2")
    clock.move(61)
    assert api.get(page.next).bodies == [3, 4]
    assert api.get(f"{queue}/messages?echo=1&marker={ids[0]}").bodies == [3, 4]
    wait_for(lambda: api.stats(queue)["total"] == 2)
    assert api.get(page.next).bodies == [3, 4]


def test_numbering_goes_on_after_expiry(api, clock, queue):
    api.fill(queue, *range(5), ttl=60)
    marker = query(api.get(f"{queue}/messages?echo=1").next)["marker"][0]
    clock.move(100000)
    assert api.everything(queue) == []
    api.fill(queue, "new")
    assert api.get(f"{queue}/messages?echo=1&marker={marker}").bodies == ["new"]


def test_expired_message_is_deleted_whatever_claim_is_named(api, clock, queue):
    (name,) = api.fill(queue, 1, ttl=60)
    clock.move(61)
    for claim in ("x", "", "00000000-0000-0000-0000-000000000000"):
        assert api.delete(f"{queue}/messages/{name}?claim_id={claim}").status == 204


# Delay

@pytest.mark.parametrize("way", ["message", "queue"])
def test_delay(api, clock, way):
    queue = api.queue(_default_message_delay=300 if way == "queue" else None)
    more = {} if way == "queue" else {"delay": 300}
    (name,) = api.fill(queue, "late", **more)
    clock.move(295)
    assert api.listed(queue) == []
    assert api.claim(queue).status == 204
    assert api.delete(f"{queue}/messages?pop=1").bodies == []
    assert api.stats(queue) == {"free": 1, "claimed": 0, "total": 1}
    clock.move(6)
    assert api.listed(queue) == ["late"]
    assert api.other().listed(queue, "") == ["late"]
    assert api.get(f"{queue}/messages/{name}").json["age"] in range(301, 310)
    assert api.claim(queue).bodies == ["late"]


def test_due_messages_are_popped(api, clock, queue):
    api.fill(queue, "late", delay=100)
    api.fill(queue, "later", delay=200)
    clock.move(101)
    assert api.delete(f"{queue}/messages?pop=5").bodies == ["late"]
    clock.move(100)
    assert api.delete(f"{queue}/messages?pop=5").bodies == ["later"]


def test_life_counts_from_posting(api, clock, queue):
    """Not from the end of the delay."""
    (name,) = api.fill(queue, 1, ttl=100, delay=90)
    clock.move(95)
    assert api.listed(queue) == [1]
    clock.move(6)
    assert is_gone(api, queue, name)


def test_delay_longer_than_life(api, clock, queue):
    (name,) = api.fill(queue, 1, ttl=60, delay=900)
    clock.move(61)
    assert is_gone(api, queue, name)
    clock.move(900)
    assert api.claim(queue).status == 204


# Claims

def test_claim_ends(api, clock, queue):
    """Its messages are free again by themselves, and nothing shows the claim any more."""
    ids = api.fill(queue, 1, 2, ttl=1000)
    claim = api.claim(queue, ttl=100)
    location = claim.headers["Location"]
    clock.move(95)
    assert api.get(location).json["age"] in range(95, 100)
    assert api.claim(queue).status == 204
    assert api.stats(queue) == {"free": 0, "claimed": 2, "total": 2}
    clock.move(6)
    refused(api.get(location), 404, "Not found")
    refused(api.call("PATCH", location, {}), 404, "Not found")
    assert api.stats(queue) == {"free": 2, "claimed": 0, "total": 2}
    assert api.listed(queue) == [1, 2]
    for answer in (api.get(f"{queue}/messages?echo=1"),
                   api.get(f"{queue}/messages?ids={','.join(ids)}"),
                   api.get(f"{queue}/messages?echo=1&include_claimed=1")):
        hrefs = [message["href"] for message in answer.json["messages"]]
        assert hrefs == [f"{queue}/messages/{name}" for name in ids]
    assert api.get(f"{queue}/messages/{ids[0]}").json["href"] == f"{queue}/messages/{ids[0]}"
    assert api.delete(location).status == 204
    assert api.claim(queue).ids == ids


def test_messages_of_an_ended_claim_are_popped(api, clock, queue):
    api.fill(queue, 1)
    api.claim(queue, ttl=60)
    clock.move(61)
    (message,) = api.delete(f"{queue}/messages?pop=1").json["messages"]
    assert (message["body"], message["claim_id"], message["claim_count"]) == (1, None, 1)


def test_deleting_with_an_ended_claim(api, clock, queue):
    one, two, three = api.fill(queue, 1, 2, 3)
    claim = api.claim(queue, ttl=60).claim_id
    clock.move(61)
    refused(api.delete(f"{queue}/messages/{one}?claim_id={claim}"), 400, "Unable to delete")
    assert api.delete(f"{queue}/messages/{one}").status == 204
    again = api.claim(queue, limit=1)
    assert again.ids == [two]
    refused(api.delete(f"{queue}/messages/{two}?claim_id={claim}"), 400, "Unable to delete")
    refused(api.delete(f"{queue}/messages/{two}"), 403, "Unable to delete")
    refused(api.delete(f"{queue}/messages/{three}?claim_id={again.claim_id}"), 400,
            "Unable to delete")
    assert api.delete(f"{queue}/messages/{two}?claim_id={again.claim_id}").status == 204


def test_releasing_an_ended_claim_leaves_the_next_alone(api, clock, queue):
    api.fill(queue, 1)
    old = api.claim(queue, ttl=60).headers["Location"]
    clock.move(61)
    new = api.claim(queue).headers["Location"]
    assert api.delete(old).status == 204
    assert api.get(new).bodies == [1]
    assert api.claim(queue).status == 204


def test_renewing_restarts_the_claim(api, clock, queue):
    (name,) = api.fill(queue, 1, ttl=1000)
    location = api.claim(queue, ttl=100).headers["Location"]
    clock.move(90)
    assert api.call("PATCH", location, {"ttl": 200}).status == 204
    assert api.get(location).json["age"] in range(0, 5)
    clock.move(190)
    assert api.get(location).bodies == [1]
    assert api.claim(queue).status == 204
    clock.move(11)
    assert api.get(location).status == 404
    assert api.claim(queue).ids == [name]


# What a claim adds to the life of a message

def test_extended_life_is_lived(api, clock, queue):
    """120 + a claim of 777 with 60 of grace: the message is there until 837."""
    (name,) = api.fill(queue, 1, ttl=120)
    location = api.claim(queue, ttl=777, grace=60).headers["Location"]
    clock.move(770)
    assert api.get(location).bodies == [1]
    assert api.get(f"{queue}/messages/{name}").json["age"] >= 770
    clock.move(8)
    assert api.get(location).status == 404
    assert api.listed(queue) == [1]
    clock.move(50)
    assert api.listed(queue) == [1]
    clock.move(15)
    assert is_gone(api, queue, name)


def test_ttl_less_age_is_the_rest_of_life(api, clock, queue):
    """Also after an extension of an aged message."""
    (name,) = api.fill(queue, 1, ttl=300)
    clock.move(200)
    (claimed,) = api.claim(queue, ttl=500, grace=100).json["messages"]
    assert claimed["ttl"] - claimed["age"] in range(598, 602)
    message = api.get(f"{queue}/messages/{name}").json
    assert message["ttl"] in range(800, 810)
    clock.move(590)
    assert api.get(f"{queue}/messages/{name}").status == 200
    clock.move(21)
    assert is_gone(api, queue, name)


@pytest.mark.parametrize("end", ["release", "expiry"])
def test_extended_life_stays(api, clock, queue, end):
    (name,) = api.fill(queue, 1, ttl=60)
    location = api.claim(queue, ttl=100, grace=1000).headers["Location"]
    if end == "release":
        api.delete(location)
    clock.move(1090)
    assert api.listed(queue) == [1]
    clock.move(20)
    assert is_gone(api, queue, name)


def test_renewing_extends_the_life(api, clock, queue):
    (name,) = api.fill(queue, 1, ttl=100)
    location = api.claim(queue, ttl=60, grace=60).headers["Location"]
    clock.move(50)
    assert api.call("PATCH", location, {"ttl": 1000, "grace": 500}).status == 204
    clock.move(1490)
    assert api.listed(queue) == [1]
    clock.move(20)
    assert is_gone(api, queue, name)


@pytest.mark.parametrize("change", ["claim and release", "renew"])
def test_life_is_not_started_again(api, clock, queue, change):
    """Where the message outlives the claim, its end stays where it was."""
    (name,) = api.fill(queue, 1, ttl=1000)
    clock.move(500)
    location = api.claim(queue, ttl=100, grace=60).headers["Location"]
    if change == "renew":
        clock.move(50)
        assert api.call("PATCH", location, {"ttl": 100, "grace": 60}).status == 204
    api.delete(location)
    clock.move(490 if change != "renew" else 440)
    assert api.listed(queue) == [1]
    clock.move(15)
    assert is_gone(api, queue, name)


def test_claimed_message_within_the_grace_is_left_alone(api, clock, queue):
    """It outlives the claim, if not the grace; so its end stays, too."""
    (name,) = api.fill(queue, 1, ttl=200)
    api.claim(queue, ttl=100, grace=1000)
    clock.move(195)
    assert api.listed(queue) == [1]
    clock.move(6)
    assert is_gone(api, queue, name)


# Dead letters

def dead_letter(api, **metadata):
    queue = api.queue(_max_claim_count=1, _dead_letter_queue="dead", **metadata)
    return queue, "/v2/queues/dead"


def test_claims_that_end_count(api, clock):
    queue, dead = dead_letter(api)
    api.fill(queue, 1)
    api.claim(queue, ttl=60)
    clock.move(61)
    assert api.claim(queue).status == 204
    assert api.everything(queue) == []
    assert api.everything(dead) == [1]
    assert api.stats(dead) == {"free": 1, "claimed": 0, "total": 1}


def test_moved_message_keeps_its_age(api, clock):
    queue, dead = dead_letter(api)
    (name,) = api.fill(queue, 1, ttl=1000)
    api.claim(queue, ttl=100)
    clock.move(101)
    assert api.claim(queue).status == 204
    message = api.get(f"{dead}/messages/{name}").json
    assert message["age"] in range(101, 110) and message["ttl"] == 1000
    clock.move(890)
    assert api.listed(dead) == [1]
    clock.move(10)
    assert is_gone(api, dead, name)


@pytest.mark.parametrize("before, after", [(1000, 100), (60, 5000)])
def test_ttl_of_dead_letters_is_lived(api, clock, before, after):
    queue, dead = dead_letter(api, _dead_letter_queue_messages_ttl=after)
    (name,) = api.fill(queue, 1, ttl=before)
    api.delete(api.claim(queue, ttl=60, grace=60).headers["Location"])
    assert api.claim(queue).status == 204
    message = api.get(f"{dead}/messages/{name}").json
    assert message["ttl"] - message["age"] in range(after - 2, after + 1)
    clock.move(after - 10)
    assert api.listed(dead) == [1]
    clock.move(15)
    assert is_gone(api, dead, name)


def test_ttl_of_dead_letters_is_no_sentence(api, clock):
    """A message older than the new ttl is not lost by the move that is to keep it."""
    queue, dead = dead_letter(api, _dead_letter_queue_messages_ttl=60)
    api.fill(queue, 1, ttl=1000)
    api.claim(queue, ttl=100)
    clock.move(101)
    assert api.claim(queue).status == 204
    assert api.listed(dead) == [1]


# All together

def test_storage_is_given_back(api, clock, queue):
    """A queue whose messages all ended is as good as new."""
    for _ in range(10):
        api.fill(queue, *range(50), ttl=60)
    api.claim(queue, limit=20, ttl=60)
    clock.move(1000)
    assert api.stats(queue)["total"] == 0
    assert api.everything(queue) == []
    api.fill(queue, "x")
    assert api.claim(queue).bodies == ["x"]
