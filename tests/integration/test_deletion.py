"""Deleting messages: singly, by ids, by pop, and under message_delete_with_claim_id (sections 6.5
and 6.6).
"""

import pytest
from support.api import Client, new_queue, refused, together

BY_CLAIM = "transport.message_delete_with_claim_id=true"


def single(api, queue, message, claim=None):
    more = "" if claim is None else f"?claim_id={claim}"
    return api.delete(f"{queue}/messages/{message}{more}")


def exists(api, queue, message):
    return api.get(f"{queue}/messages/{message}").status == 200


def gone(answer):
    assert (answer.status, answer.raw) == (204, b"")
    return True


# One message: the table of 6.5

def test_unclaimed(api, queue):
    message, kept = api.fill(queue, 1, 2)
    assert gone(single(api, queue, message))
    assert not exists(api, queue, message)
    assert exists(api, queue, kept)
    assert gone(single(api, queue, message))


def test_delayed(api, queue):
    (message,) = api.fill(queue, 1, delay=900)
    assert gone(single(api, queue, message))
    assert not exists(api, queue, message)


def test_posted_by_another_client(api, queue):
    (message,) = api.other().fill(queue, 1)
    assert gone(single(api, queue, message))


@pytest.mark.parametrize("claim", [None, "", "x", "%00", "00000000-0000-0000-0000-000000000000"])
def test_unknown_message(api, queue, claim):
    """204 whatever claim_id says, in a queue that is there or not."""
    (known,) = api.fill(queue, 1)
    live = api.claim(queue).claim_id
    for value in (claim, live):
        assert gone(single(api, queue, "x", value))
        assert gone(single(api, queue, known[::-1], value))
        assert gone(single(api, new_queue(), known, value))
    assert exists(api, queue, known)


def test_deleted_message_with_its_claim(api, queue):
    (message,) = api.fill(queue, 1)
    claim = api.claim(queue).claim_id
    assert gone(single(api, queue, message, claim))
    assert gone(single(api, queue, message, claim))


@pytest.mark.parametrize("claim", [None, ""])
def test_claimed_without_claim_id(api, queue, claim):
    (message,) = api.fill(queue, 1)
    api.claim(queue)
    refused(single(api, queue, message, claim), 403, "Unable to delete")
    assert exists(api, queue, message)


def test_claimed_with_its_claim(api, queue):
    message, kept = api.fill(queue, 1, 2)
    claim = api.claim(queue)
    assert gone(single(api, queue, message, claim.claim_id))
    assert not exists(api, queue, message)
    assert api.get(claim.headers["Location"]).ids == [kept]


def test_any_client_may_use_the_claim(api, queue):
    (message,) = api.fill(queue, 1)
    claim = api.claim(queue).claim_id
    assert gone(single(api.other(), queue, message, claim))


@pytest.mark.parametrize("claim",
                         ["x", "%00", "-", "00000000-0000-0000-0000-000000000000", "a" * 2000,
                          "%FF", "0", "%20", "{message}", "{claim}x", "{claim}%00"])
def test_claimed_with_a_claim_that_is_none(api, queue, claim):
    (message,) = api.fill(queue, 1)
    live = api.claim(queue).claim_id
    refused(single(api, queue, message, claim.format(message=message, claim=live)), 400,
            "Unable to delete")
    assert exists(api, queue, message)


def test_claimed_with_a_released_claim(api, queue):
    (message,) = api.fill(queue, 1)
    old = api.claim(queue)
    api.delete(old.headers["Location"])
    api.claim(queue)
    refused(single(api, queue, message, old.claim_id), 400, "Unable to delete")
    assert exists(api, queue, message)


def test_unclaimed_with_a_released_claim(api, queue):
    (message,) = api.fill(queue, 1)
    claim = api.claim(queue)
    api.delete(claim.headers["Location"])
    refused(single(api, queue, message, claim.claim_id), 400, "Unable to delete")
    assert exists(api, queue, message)
    assert gone(single(api, queue, message))


def test_unclaimed_with_a_live_claim(api, queue):
    """The claim is valid but the message isn't claimed at all."""
    api.fill(queue, 1)
    claim = api.claim(queue).claim_id
    (message,) = api.fill(queue, 2)
    refused(single(api, queue, message, claim), 400, "Unable to delete")
    assert exists(api, queue, message)


@pytest.mark.parametrize("claim", ["x", "00000000-0000-0000-0000-000000000000"])
def test_unclaimed_with_a_claim_that_is_none(api, queue, claim):
    (message,) = api.fill(queue, 1)
    refused(single(api, queue, message, claim), 400, "Unable to delete")
    assert exists(api, queue, message)


def test_claimed_with_another_live_claim(api, queue):
    one, two = api.fill(queue, 1, 2)
    first, second = api.claim(queue, limit=1).claim_id, api.claim(queue, limit=1).claim_id
    refused(single(api, queue, one, second), 403, "Unable to delete")
    refused(single(api, queue, two, first), 403, "Unable to delete")
    assert exists(api, queue, one) and exists(api, queue, two)
    assert gone(single(api, queue, one, first))


def test_claimed_with_a_claim_from_elsewhere(api, queue):
    """A live claim of another queue or project holds nothing here."""
    (message,) = api.fill(queue, 1)
    api.claim(queue)
    stranger, elsewhere = Client(api.port), api.queue()
    stranger.fill(queue, 1)
    api.fill(elsewhere, 1)
    for claim in (stranger.claim(queue).claim_id, api.claim(elsewhere).claim_id):
        answer = single(api, queue, message, claim)
        assert answer.status in (400, 403)
        refused(answer, answer.status, "Unable to delete")
        assert exists(api, queue, message)


def test_other_parameters_are_ignored(api, queue):
    (message,) = api.fill(queue, 1)
    assert gone(api.delete(f"{queue}/messages/{message}?ids=x&pop=x&foo=1"))


# Several by ids

def bulk(api, queue, query):
    return api.delete(f"{queue}/messages{query}")


@pytest.mark.parametrize("query, title", [
    ("", None), ("?", None), ("?foo=1", None), ("?ids=", None), ("?pop=", None),
    ("?ids=&pop=", None), ("?claim_ids=x", None), ("?ids=x&pop=1", "Invalid API request"),
    ("?ids=,", "Invalid API request"), ("?ids=x" + ",x" * 20, "Invalid API request"),
    ("?ids=" + ",".join("3381af92-2b9e-11e3-b191-71861300734c" * 21), "Invalid API request"),
    ("?pop=0", "Invalid API request"), ("?pop=-1", "Invalid API request"),
    ("?pop=21", "Invalid API request"), ("?pop=9223372036854775807", "Invalid API request"),
    ("?pop=x", "Invalid parameter"), ("?pop=%20", "Invalid parameter"),
    ("?pop=1.5", "Invalid parameter"), ("?pop=true", "Invalid parameter"), ("?pop=1&pop=0", None),
    ("?pop=,", None),
])
@pytest.mark.parametrize("missing", [False, True])
def test_bad_query(api, query, title, missing):
    queue = new_queue() if missing else api.queue()
    if not missing:
        api.fill(queue, 1)
    refused(bulk(api, queue, query), 400, title)
    assert api.stats(queue)["total"] == (0 if missing else 1)


def test_by_ids(api, queue):
    ids = api.fill(queue, *range(6))
    assert gone(bulk(api, queue, f"?ids={ids[1]},x,{ids[4]},%00"))
    assert api.listed(queue) == [0, 2, 3, 5]
    assert gone(bulk(api, queue, f"?ids={ids[1]}"))
    assert gone(bulk(api, queue, "?ids=x,y"))
    assert gone(bulk(api, queue, f"?ids={ids[0]},{ids[0]}"))
    assert gone(bulk(api, new_queue(), f"?ids={ids[2]}"))
    assert api.listed(queue) == [2, 3, 5]


def test_twenty_ids(api, queue):
    ids = api.fill(queue, *range(21))
    refused(bulk(api, queue, f"?ids={','.join(ids)}"), 400, "Invalid API request")
    assert api.stats(queue)["total"] == 21
    assert gone(bulk(api, queue, f"?ids={','.join(ids[:20])}"))
    assert api.listed(queue) == [20]


@pytest.mark.parametrize("more", ["", "&claim_id=x", "&claim_ids=x", "&claim_ids=", "&claim_ids=,"])
def test_ids_need_no_claim(api, queue, more):
    """Claimed messages go without a claim id, and leave their claims; claim_ids means nothing."""
    ids = api.fill(queue, 1, 2, 3) + api.fill(queue, 4, delay=900)
    claim = api.claim(queue, limit=2)
    assert gone(bulk(api, queue, f"?ids={ids[0]},{ids[2]},{ids[3]}{more}"))
    assert api.everything(queue) == [2]
    assert api.get(claim.headers["Location"]).bodies == [2]
    assert api.stats(queue) == {"free": 0, "claimed": 1, "total": 1}


# Pop

def test_pop(api, queue):
    ids = api.fill(queue, *range(5))
    answer = bulk(api, queue, "?pop=3")
    assert answer.status == 200
    assert set(answer.json) == {"messages"}
    assert (answer.bodies, answer.ids) == ([0, 1, 2], ids[:3])
    for message in answer.json["messages"]:
        assert set(message) == {"id", "age", "ttl", "body", "claim_id", "claim_count"}
        assert message["claim_id"] is None
        assert (message["claim_count"], type(message["claim_count"])) == (0, int)
        assert message["ttl"] == 3600 and 0 <= message["age"] < 60
    assert not any(exists(api, queue, name) for name in ids[:3])
    assert bulk(api, queue, "?pop=20").bodies == [3, 4]
    answer = bulk(api, queue, "?pop=20")
    assert (answer.status, answer.json) == (200, {"messages": []})


@pytest.mark.parametrize("count", [1, 20])
def test_bounds_of_pop(api, queue, count):
    api.fill(queue, *range(30))
    assert bulk(api, queue, f"?pop={count}").bodies == list(range(count))


def test_pop_takes_only_what_is_free_and_due(api, queue):
    api.fill(queue, "claimed")
    api.fill(queue, "later", delay=900)
    api.claim(queue, limit=1)
    assert bulk(api, queue, "?pop=20").bodies == []
    api.other().fill(queue, "theirs")
    api.fill(queue, "mine")
    assert bulk(api, queue, "?pop=20").bodies == ["theirs", "mine"]
    assert api.everything(queue) == ["claimed", "later"]


def test_many_pop_at_once(api, queue):
    api.fill(queue, *range(200))
    came = []

    def work():
        client = api.other()
        while bodies := bulk(client, queue, "?pop=3").bodies:
            came.extend(bodies)
    together(8, work)
    assert sorted(came) == list(range(200))


def test_pop_with_empty_ids(api, queue):
    """An empty value is absent."""
    api.fill(queue, 1)
    assert bulk(api, queue, "?pop=1&ids=").bodies == [1]


def test_pop_tells_the_claim_count(api, queue):
    api.fill(queue, 1)
    for _ in range(3):
        api.delete(api.claim(queue).headers["Location"])
    (message,) = bulk(api, queue, "?pop=1").json["messages"]
    assert (message["claim_count"], message["claim_id"]) == (3, None)


# With message_delete_with_claim_id

@pytest.fixture
def strict(start):
    return Client(start(BY_CLAIM).port)


@pytest.fixture
def held(strict):
    """A queue with messages 0 1 under a claim, 2 under another, and 3 free."""
    queue = strict.queue()
    ids = strict.fill(queue, *range(4))
    first, second = strict.claim(queue, limit=2).claim_id, strict.claim(queue, limit=1).claim_id
    return queue, ids, first, second


@pytest.mark.parametrize("query, status, left", [
    ("?ids={0}", 400, [0, 1, 2, 3]),
    ("?ids={3}", 400, [0, 1, 2, 3]),
    ("?ids={0}&claim_ids=", 400, [0, 1, 2, 3]),
    ("?pop=1&claim_ids={first}", 400, [0, 1, 2, 3]),
    ("?claim_ids={first}", 400, [0, 1, 2, 3]),
    ("?ids={0}&claim_ids={first}", 204, [1, 2, 3]),
    ("?ids={0},{1}&claim_ids={first}", 204, [2, 3]),
    ("?ids={0},{1}&claim_ids={first},", 204, [2, 3]),
    ("?ids={0},{2}&claim_ids={first},{second}", 204, [1, 3]),
    ("?ids={2},{0}&claim_ids={first},{second},", 204, [1, 3]),
    ("?ids={0}&ids={2}&claim_ids={first}&claim_ids={second}", 204, [1, 3]),
    ("?ids={0}&claim_ids={second}", None, [0, 1, 2, 3]),
    ("?ids={0},{2}&claim_ids={first}", None, [0, 1, 2, 3]),
    ("?ids={0},{3}&claim_ids={first}", None, [0, 1, 2, 3]),
    ("?ids={3}&claim_ids={first}", None, [0, 1, 2, 3]),
    ("?ids={0}&claim_ids=x", None, [0, 1, 2, 3]),
    ("?ids={0}&claim_ids=%00", None, [0, 1, 2, 3]),
    ("?pop=1", 200, [0, 1, 2]),
])
def test_ids_need_their_claims(strict, held, query, status, left):
    queue, ids, first, second = held
    answer = bulk(strict, queue, query.format(*ids, first=first, second=second))
    if status in (200, 204):
        assert answer.status == status
    else:
        assert answer.status in ([400] if status else [400, 403])
        refused(answer, answer.status)
    assert strict.everything(queue) == left


def test_claims_that_ended_hold_nothing(strict, held):
    queue, ids, first, _ = held
    strict.delete(f"{queue}/claims/{first}")
    assert bulk(strict, queue, f"?ids={ids[0]}&claim_ids={first}").status in (400, 403)
    assert strict.everything(queue) == [0, 1, 2, 3]


def test_single_deletion_stays_as_it_is(strict, held):
    queue, ids, first, _ = held
    assert gone(single(strict, queue, ids[3]))
    assert gone(single(strict, queue, ids[0], first))
    refused(single(strict, queue, ids[1]), 403, "Unable to delete")
