"""Answers that are packed where the client asks for it."""

import gzip
import json

import pytest
from support.api import Client, refused

ASKED = {"Accept-Encoding": "gzip"}
LEAST, MOST = 8192, 262144


@pytest.fixture
def page(api, queue):
    """The path of a list with this many bytes of bodies in it."""
    def make(size):
        for _ in range(2):
            api.fill(queue, "x" * (size // 2))
        return f"{queue}/messages?echo=true"
    return make


def unpacked(answer):
    assert answer.headers.get_all("Content-Encoding") == ["gzip"]
    assert answer.headers.get_all("Content-Length") == [str(len(answer.raw))]
    assert answer.headers.get_all("Content-Type") == ["application/json"]
    assert answer.headers.get_all("Vary") == ["Accept-Encoding"]
    return gzip.decompress(answer.raw)


def same(plain, packed):
    """But for ages, which grow."""
    plain, packed = json.loads(plain), json.loads(packed)
    for message in plain["messages"] + packed["messages"]:
        del message["age"]
    return plain == packed


@pytest.mark.parametrize("asked", ["gzip", "gzip, deflate", "GZIP", "br, *;q=0.1", "deflate;q=1.0, gzip;q=0.5", "gzip;q=0.001"])
def test_packed(api, page, asked):
    path = page(20000)
    plain, packed = api.get(path), api.get(path, headers={"Accept-Encoding": asked})
    assert same(plain.raw, unpacked(packed))
    assert len(packed.raw) < 1000
    assert plain.headers["Content-Encoding"] is None
    assert plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("asked", [None, "", "identity", "deflate, br", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5", "gzipped", "é"])
def test_not_asked(api, page, asked):
    answer = api.get(page(20000), headers={"Accept-Encoding": asked})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, None)
    assert len(answer.bodies) == 2
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_bounds(api, queue):
    """What is small is not worth it, what is large would keep others waiting."""
    path = f"{queue}/messages?echo=true"
    (message,) = api.fill(queue, "")
    rest = len(api.get(f"{path}").raw)
    for size, packed in ((LEAST - 1, False), (LEAST, True), (250000, True)):
        api.delete(f"{queue}/messages/{message}")
        (message,) = api.fill(queue, "x" * (size - rest))
        answer = api.get(path, headers=ASKED)
        assert (answer.headers["Content-Encoding"] == "gzip") == packed
        assert len(gzip.decompress(answer.raw) if packed else answer.raw) == size
        assert answer.headers["Vary"] == ("Accept-Encoding" if packed else None)
    api.fill(queue, "x" * (MOST - 250000))
    answer = api.get(path, headers=ASKED)
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (None, None)
    assert len(answer.raw) > MOST


def test_claims_and_pops(api, queue):
    api.fill(queue, *["x" * 5000] * 6)
    claim = api.post(f"{queue}/claims?limit=3", {}, ASKED)
    assert (claim.status, len(json.loads(unpacked(claim))["messages"])) == (201, 3)
    popped = api.delete(f"{queue}/messages?pop=3", headers=ASKED)
    assert [m["body"] for m in json.loads(unpacked(popped))["messages"]] == ["x" * 5000] * 3


def test_many_at_once(api, page):
    """One state packs them all, one after the other."""
    path = page(100000)
    first = unpacked(api.get(path, headers=ASKED))
    for n in range(20):
        assert same(first, unpacked(api.get(path, headers=ASKED)))
        assert api.get(path).status == 200


def test_errors_stay_plain(api):
    refused(api.get("/v2/queues?limit=0", headers=ASKED), 400)
    answer = api.put("/v2/queues/made", headers=ASKED)
    assert (answer.status, answer.raw, answer.headers["Content-Encoding"]) == (201, b"", None)


def test_off(start):
    api = Client(start("router.gzip_min_size=0").port)
    queue = api.queue()
    api.fill(queue, "x" * 50000)
    answer = api.get(f"{queue}/messages?echo=true", headers=ASKED)
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (None, None)


def test_other_least(start):
    api = Client(start("router.gzip_min_size=1", "cors.allowed_origin=https://a.example").port)
    packed = api.get("/v2/", headers={**ASKED, "Origin": "https://a.example"})
    assert packed.headers.get_all("Vary") == ["Accept-Encoding, Origin"]
    assert json.loads(gzip.decompress(packed.raw)) == api.get("/v2/").json
    # what gets no shorter stays as it is
    answer = api.get("/v2/queues", headers=ASKED)
    assert (answer.headers["Content-Encoding"], answer.json["queues"]) == (None, [])
