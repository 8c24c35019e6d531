"""Queues: names, those that nobody made, lists, stats and purge (sections 5.1, 5.3 to 5.5, 5.7 to
5.9). Metadata has a file of its own.
"""

import re
import urllib.parse

import pytest
from support.api import JSON_PATCH, SHOWN, Client, new_queue, query, refused, send, together, unique

NAMES = ["a", "Z", "0", "_", "-", "a.b", "a-b_c.d", ".hidden", "end.", "...", "n" * 64, "queues",
         "messages"]
BAD_NAMES = ["n" * 65, "a@b", "a%20b", "%20", "a%0A", "%0Aa", "a%00", "%00", "a%2Fb", "a:b", "a+b",
             "a,b", "a%C3%A9", "%E3%81%82", "%FF", "a%", "%zz", "a*", "a~b", "a'b", "%22", "%7B%7D",
             "a%3Fb", "n" * 5000]
ON_A_QUEUE = [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/stats"),
              ("POST", "/purge"), ("GET", "/messages"), ("POST", "/messages"),
              ("DELETE", "/messages"), ("GET", "/messages/x"), ("DELETE", "/messages/x"),
              ("POST", "/claims"), ("GET", "/claims/x"), ("PATCH", "/claims/x"),
              ("DELETE", "/claims/x")]


# Names

@pytest.mark.parametrize("name", NAMES)
def test_name(api, name):
    path = f"/v2/queues/{name}"
    answer = api.put(path, {"a": 1})
    assert (answer.status, answer.headers["Location"]) == (201, path)
    assert api.get(path).json == {**SHOWN, "a": 1}
    assert api.get("/v2/queues").json["queues"] == [{"name": name, "href": path}]
    (message,) = api.fill(path, "x")
    assert api.get(f"{path}/messages/{message}").json["href"] == f"{path}/messages/{message}"
    assert api.delete(path).status == 204
    assert api.queues() == []


@pytest.mark.parametrize("name", [".", ".."])
def test_name_of_dots_only(api, name):
    """Section 5.1: these pass, and their Location is not to be mangled."""
    answer = api.put(f"/v2/queues/{name}")
    assert answer.status == 201
    assert api.queues() == [name]
    assert answer.headers["Location"].rpartition("/")[2].replace("%2E", ".") == name
    assert api.put(answer.headers["Location"]).status == 204


def test_name_may_be_encoded(api):
    assert api.put("/v2/queues/%61%2Eb").status == 201
    assert api.put("/v2/queues/a.b").status == 204
    assert api.queues() == ["a.b"]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("method, path", ON_A_QUEUE)
def test_bad_name(api, method, path, name):
    if name == "a%2Fb":  # a path of more steps for a server that decodes first
        assert api.call(method, f"/v2/queues/{name}{path}").status in (400, 404)
        return
    refused(api.call(method, f"/v2/queues/{name}{path}"), 400, "Invalid queue identification")


def test_bad_name_that_is_not_encoded(api):
    headers = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items())
    request = f"PUT /v2/queues/é HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode()
    answer = send(api.port, request, "PUT")
    refused(answer, 400, "Invalid queue identification")


def test_name_has_case(api):
    for name in ("name", "Name"):
        assert api.put(f"/v2/queues/{name}", {"a": name}).status == 201
    assert api.get("/v2/queues/name").json["a"] == "name"
    assert api.queues() == ["Name", "name"]


def test_queue_belongs_to_its_project(api):
    queue, stranger = api.queue(a=1), Client(api.port)
    (message,) = api.fill(queue, "x")
    claim = api.claim(queue).claim_id
    assert stranger.queues() == []
    assert stranger.get(queue).json == SHOWN
    assert stranger.stats(queue)["total"] == 0
    assert stranger.everything(queue) == []
    assert stranger.put(queue, {"a": 2}).status == 201
    assert stranger.get(f"{queue}/messages/{message}").status == 404
    assert stranger.get(f"{queue}/messages?ids={message}").status == 404
    assert stranger.get(f"{queue}/claims/{claim}").status == 404
    assert stranger.call("PATCH", f"{queue}/claims/{claim}", {"ttl": 60}).status == 404
    assert stranger.delete(f"{queue}/claims/{claim}").status == 204
    assert stranger.delete(f"{queue}/messages/{message}").status == 204
    assert stranger.delete(f"{queue}/messages?ids={message}").status == 204
    assert stranger.post(f"{queue}/purge").status == 204
    assert stranger.delete(queue).status == 204
    assert api.get(queue).json["a"] == 1
    assert api.stats(queue) == {"free": 0, "claimed": 1, "total": 1}


# What a queue that nobody made answers

@pytest.mark.parametrize("method, path, body, status, answer", [
    ("GET", "", None, 200, SHOWN),
    ("GET", "/stats", None, 200, {"messages": {"claimed": 0, "free": 0, "total": 0}}),
    ("PATCH", "", [{"op": "add", "path": "/metadata/a", "value": 1}], 404, "Not found"),
    ("DELETE", "", None, 204, None),
    ("GET", "/messages", None, 200, {"messages": [], "links": []}),
    ("GET", "/messages?ids=x", None, 404, "Not found"),
    ("GET", "/messages/x", None, 404, "Not found"),
    ("DELETE", "/messages/x", None, 204, None),
    ("DELETE", "/messages/x?claim_id=y", None, 204, None),
    ("DELETE", "/messages?ids=x", None, 204, None),
    ("DELETE", "/messages?pop=1", None, 200, {"messages": []}),
    ("POST", "/claims", {"ttl": 100}, 204, None),
    ("POST", "/claims", None, 204, None),
    ("GET", "/claims/x", None, 404, "Not found"),
    ("PATCH", "/claims/x", {}, 404, "Not found"),
    ("DELETE", "/claims/x", None, 204, None),
    ("POST", "/purge", None, 204, None),
])
@pytest.mark.parametrize("state", ["never made", "deleted"])
def test_missing_queue(api, method, path, body, status, answer, state):
    queue = new_queue()
    if state == "deleted":
        assert api.put(queue, {"a": 1}).status == 201
        api.fill(queue, 1)
        assert api.delete(queue).status == 204
    headers = {"Content-Type": JSON_PATCH if path == "" else "application/json"}
    came = api.call(method, queue + path, body, headers)
    if isinstance(answer, str):
        refused(came, status, answer)
    elif answer is None:
        assert (came.status, came.raw) == (status, b"")
        assert came.headers["Location"] is None
    else:
        assert (came.status, came.json) == (status, answer)
    assert api.queues() == []


def test_missing_queue_is_made_by_a_post(api):
    queue = new_queue()
    api.fill(queue, 1)
    assert api.queues() == [queue.rpartition("/")[2]]
    assert api.get(queue).json == SHOWN
    assert api.put(queue).status == 204


def test_missing_queue_is_made_by_put(api):
    assert api.put(new_queue()).status == 201


# PUT and DELETE

@pytest.mark.parametrize("body, headers", [
    (None, {}), (b"", {}), (b"{}", {}), (b"{}", {"Content-Type": None}),
    (None, {"Content-Length": "0", "Content-Type": "application/json"}), (b' {"a": 1} \r\n', {}),
])
def test_put(api, body, headers):
    queue = new_queue()
    answer = api.put(queue, body, headers)
    assert (answer.status, answer.raw, answer.headers["Location"]) == (201, b"", queue)
    assert api.get(queue).json == {**SHOWN, **({"a": 1} if body and b"a" in body else {})}


@pytest.mark.parametrize("body", [None, b"{}", b'{"a": 2, "_default_message_ttl": 100}'])
def test_put_again_keeps_the_metadata(api, body):
    queue = api.queue(a=1, b=2)
    answer = api.put(queue, body)
    assert (answer.status, answer.raw, answer.headers["Location"]) == (204, b"", queue)
    assert api.get(queue).json == {**SHOWN, "a": 1, "b": 2}


@pytest.mark.parametrize("body",
                         [b"[]", b'"x"', b"  ", b"\r\n", b"1", b"null", b"true", b'[{"a": 1}]',
                          b"{", b'{"_default_message_ttl": 1}'])
@pytest.mark.parametrize("exists", [False, True])
def test_put_with_a_bad_body(api, body, exists):
    queue = api.queue(a=1) if exists else new_queue()
    title = "Invalid API request" if b"ttl" in body else "Invalid request body"
    refused(api.put(queue, body), 400, title)
    assert len(api.queues()) == exists
    assert api.get(queue).json == {**SHOWN, **({"a": 1} if exists else {})}


def test_many_make_one_queue(api):
    """One of them made it; the others found it."""
    queue, came = new_queue(), []
    together(8, lambda: came.append(api.put(queue).status))
    assert sorted(came) == [201] + [204] * 7


def test_delete(api):
    queue = api.queue(a=1)
    message, _ = api.fill(queue, 1, 2)
    claim = api.claim(queue, limit=1).claim_id
    answer = api.delete(queue)
    assert (answer.status, answer.raw) == (204, b"")
    assert api.queues() == []

    def is_gone():
        assert api.get(f"{queue}/claims/{claim}").status == 404
        assert api.call("PATCH", f"{queue}/claims/{claim}", {"ttl": 100}).status == 404
        assert api.get(f"{queue}/messages/{message}").status == 404
        assert api.everything(queue) == []
        assert api.stats(queue)["total"] == 0
    is_gone()
    assert api.put(queue).status == 201
    assert api.get(queue).json == SHOWN
    is_gone()
    assert api.claim(queue).status == 204
    assert api.delete(queue).status == 204
    assert api.delete(queue).status == 204


def test_delete_is_seen_at_once(api):
    """No answer after the 204 may come from before it; a stale one would be rare, so many times."""
    for n in range(300):
        queue = api.queue(n=n)
        api.fill(queue, 1)
        assert api.delete(queue).status == 204
        assert api.get(queue).json == SHOWN, n


def test_delete_leaves_other_queues_alone(api):
    kept, gone = api.queue(a=1), api.queue()
    api.fill(kept, 1, 2)
    api.fill(gone, 3)
    claim = api.claim(kept, limit=1).claim_id
    api.delete(gone)
    assert api.stats(kept) == {"free": 1, "claimed": 1, "total": 2}
    assert api.get(f"{kept}/claims/{claim}").status == 200


# Lists. Paging has a file of its own.

def names(answer):
    return [queue["name"] for queue in answer.json["queues"]]


def test_list_of_nothing(api):
    answer = api.get("/v2/queues")
    assert (answer.status, answer.json) == (200, {"queues": [], "links": []})


def test_list_is_ordered_by_bytes(api):
    ordered = ["-", ".", "0", "9", "A", "B", "_", "a", "aB", "ab", "b"]
    for name in ordered[::-1]:
        api.put(f"/v2/queues/{name}")
    assert names(api.get("/v2/queues?limit=20")) == ordered


def test_list_members(api):
    queue = api.queue(a=1)
    name = queue.rpartition("/")[2]
    (plain,) = api.get("/v2/queues").json["queues"]
    assert plain == {"name": name, "href": queue}
    (detailed,) = api.get("/v2/queues?detailed=true").json["queues"]
    assert detailed == {"name": name, "href": queue, "metadata": {**SHOWN, "a": 1}}


@pytest.mark.parametrize("asked, found", [
    ("alp", ["alpha", "alpha.x"]), ("ALP", []), ("ha.x", ["alpha.x", "betha.x"]),
    ("a.x", ["alpha.x", "betha.x"]), (".", ["alpha.x", "betha.x"]), ("l.ha", []), ("^alpha", []),
    ("alpha$", []), ("_", ["b_x"]), ("%25", []), ("*", []), ("%5B", []), ("(", []), ("%5C", []),
    ("", ["alpha", "alpha.x", "bXx", "b_x", "betha.x"]), ("b%5Fx", ["b_x"]), ("%27", []),
    ("a" * 300, []),
])
def test_name_is_a_plain_substring(api, asked, found):
    for name in ("alpha", "alpha.x", "betha.x", "b_x", "bXx"):
        api.put(f"/v2/queues/{name}")
    assert names(api.get(f"/v2/queues?name={asked}")) == found


def test_count(api):
    assert "count" not in api.get("/v2/queues?with_count=true").json
    for n in range(12):
        api.put(f"/v2/queues/q{n}", {"n": n})
    assert "count" not in api.get("/v2/queues").json
    assert "count" not in api.get("/v2/queues?with_count=false").json
    for filters in ("", "&limit=1", "&name=q1", "&n=3", "&n=nothing", "&marker=zzz"):
        count = api.get(f"/v2/queues?with_count=true{filters}").json["count"]
        assert (count, type(count)) == (12, int)


@pytest.mark.parametrize("asked, found", [
    ("n=30", ["int"]), ("n=%2B30", ["int"]), ("n=030", ["int"]), ("n=31", []),
    ("n=-5", ["negative"]), ("n=x", ["text"]), ("n=X", []), ("n=true", ["true"]), ("n=1", []),
    ("n=null", []), ("n=2.5", []), ("n=7", []), ("n=%5B%5D", []), ("n=a%2Cb", ["comma"]),
    ("n=30&m=1", ["int"]), ("n=30&m=2", []), ("n=30&name=in", ["int"]), ("n=30&name=text", []),
    ("nothing=30", []), ("n=9223372036854775807", ["long"]), ("n=9223372036854775808", []),
    ("n=%C3%A9", ["accent"]), ("%C3%A9=1", ["accent"]), ("a%20b=1", ["accent"]),
    ("n=x,30", ["int"]), ("n=30%00", []), ("n=%0030", []), ("n=30%00x", []), ("n=x%00", []),
    ("n=30&n=x", ["text"]), ("n=%22", ["quote"]), ("%22n=1", ["quote"]), ("$.n=30", []),
    ("n=",
     ["accent", "bool", "comma", "digits", "float", "int", "list", "long", "negative", "null"]),
])
def test_filter_on_metadata(api, asked, found):
    """By equality: a value that looks like an int matches ints only, others match strings only."""
    values = {"int": 30, "digits": "31", "negative": -5, "text": "x", "bool": True, "null": None,
              "float": 7.0, "list": [], "comma": "a,b", "long": 2 ** 63 - 1, "accent": "é",
              "true": "true", "quote": '"'}
    for name, value in values.items():
        more = {"accent": {"é": 1, "a b": 1}, "quote": {'"n': 1}}.get(name, {"m": 1})
        assert api.put(f"/v2/queues/{name}", {"n": value, **more}).status == 201
    answer = api.get(f"/v2/queues?{asked}")
    assert answer.status == 200
    assert names(answer) == found


@pytest.mark.parametrize("asked, found", [
    ("name=%00", 0), ("name=%FF", 0), ("name=q%00", 0), ("name=%C3%28", 0), ("name=%ED%A0%80", 0),
    ("marker=%FF", 0), ("marker=%00", 1), ("marker=q%00", 0), ("marker=q%FF", 0),
    ("marker=p%FF", 1), ("marker=" + "q" * 5000, 0), ("n=%00", 0), ("n=%FF", 0), ("n=x%00", 0),
    ("%00=x", 0), ("%FF=x", 0), ("n%00=x", 0), ("n=%ED%A0%80", 0), ("n=" + "x" * 5000, 0),
    ("x" * 5000 + "=x", 0), ("n=x", 1), ("&".join(f"k{n}=x" for n in range(500)), 0),
])
def test_odd_bytes_in_the_query(api, asked, found):
    """They match nothing, or come before or after everything."""
    api.put("/v2/queues/q", {"n": "x"})
    answer = api.get(f"/v2/queues?{asked}")
    assert answer.status == 200
    assert len(names(answer)) == found


def test_next_page_keeps_the_filters(api):
    for n in range(6):
        api.put(f"/v2/queues/q{n}", {"color": "a&b", "odd": n % 2})
    page = api.get("/v2/queues?limit=1&odd=1&name=q&color=a%26b&detailed=yes&with_count=1")
    came = []
    while page.next:
        came += names(page)
        assert "metadata" in page.json["queues"][0] and page.json["count"] == 6
        assert query(page.next) == {"limit": ["1"], "odd": ["1"], "name": ["q"], "color": ["a&b"],
                                    "detailed": ["true"], "with_count": ["true"],
                                    "marker": [came[-1]]}
        page = api.get(page.next)
    assert came == ["q1", "q3", "q5"]


# Stats

def test_stats_of_an_empty_queue(api, queue):
    zeros = {"messages": {"claimed": 0, "free": 0, "total": 0}}
    assert api.get(f"{queue}/stats").json == zeros
    api.fill(queue, 1)
    api.delete(f"{queue}/messages?pop=1")
    assert api.get(f"{queue}/stats").json == zeros


def test_stats(api, queue):
    ids = api.fill(queue, 1, 2, 3, 4) + api.fill(queue, 5, delay=900)
    claim = api.claim(queue, limit=2).claim_id
    stats = api.get(f"{queue}/stats").json
    assert set(stats) == {"messages"}
    assert set(stats["messages"]) == {"claimed", "free", "total", "oldest", "newest"}
    assert api.stats(queue) == {"claimed": 2, "free": 3, "total": 5}
    for which, message in (("oldest", ids[0]), ("newest", ids[-1])):
        shown = stats["messages"][which]
        assert set(shown) == {"href", "age", "created"}
        assert shown["href"] == f"{queue}/messages/{message}"
        assert type(shown["age"]) is int and 0 <= shown["age"] <= 60
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown["created"])
    api.delete(f"{queue}/messages/{ids[0]}?claim_id={claim}")
    api.delete(f"{queue}/messages/{ids[4]}")
    stats = api.get(f"{queue}/stats").json["messages"]
    assert stats["oldest"]["href"].endswith(ids[1])
    assert stats["newest"]["href"].endswith(ids[3])
    assert api.stats(queue) == {"claimed": 1, "free": 2, "total": 3}
    api.delete(f"{queue}/claims/{claim}")
    assert api.stats(queue) == {"claimed": 0, "free": 3, "total": 3}


def test_stats_of_one_message(api, queue):
    api.fill(queue, 1)
    stats = api.get(f"{queue}/stats").json["messages"]
    assert stats["oldest"] == stats["newest"]


# Purge

@pytest.mark.parametrize("body, left", [
    (None, 0), (b"", 0), ({"resource_types": ["messages"]}, 0),
    ({"resource_types": ["messages", "subscriptions"]}, 0),
    ({"resource_types": ["messages", "messages"]}, 0), ({"resource_types": ["subscriptions"]}, 4),
    ({"resource_types": []}, 4), ({"resource_types": ["messages"], "foo": 1}, 0),
])
def test_purge(api, body, left):
    """All go: free, claimed and delayed ones. The queue and its metadata stay."""
    queue = api.queue(a=1)
    api.fill(queue, 1, 2, 3)
    api.fill(queue, 4, delay=900)
    claim = api.claim(queue, limit=2).claim_id
    answer = api.post(f"{queue}/purge", body)
    assert (answer.status, answer.raw) == (204, b"")
    assert api.stats(queue)["total"] == left
    assert len(api.everything(queue)) == left
    assert api.get(queue).json == {**SHOWN, "a": 1}
    assert api.put(queue).status == 204
    if left == 0:
        answer = api.get(f"{queue}/claims/{claim}")
        assert answer.status == 404 or answer.json["messages"] == []
        api.fill(queue, 5)
        assert api.listed(queue) == [5]


def test_purge_of_many(api):
    queue, other = api.queue(), api.queue()
    api.fill(other, 1)
    api.fill(queue, *range(250))
    assert api.post(f"{queue}/purge").status == 204
    assert api.stats(queue)["total"] == 0
    assert api.stats(other)["total"] == 1


@pytest.mark.parametrize("body, title", [
    ({}, "Invalid API request"), ({"foo": ["messages"]}, "Invalid API request"),
    ({"resource_types": "messages"}, "Invalid API request"),
    ({"resource_types": {"messages": 1}}, "Invalid API request"),
    ({"resource_types": 1}, "Invalid API request"),
    ({"resource_types": None}, "Invalid API request"),
    ({"resource_types": ["topics"]}, "Invalid API request"),
    ({"resource_types": ["messages", "x"]}, "Invalid API request"),
    ({"resource_types": ["Messages"]}, "Invalid API request"),
    ({"resource_types": [1]}, "Invalid API request"),
    ({"resource_types": [None]}, "Invalid API request"),
    ({"resource_types": [["messages"]]}, "Invalid API request"),
    ({"resource_types": [{}]}, "Invalid API request"), ([], "Invalid API request"),
    (["resource_types"], "Invalid API request"), ([{"resource_types": []}], "Invalid API request"),
    (b"5", "Invalid request body"), (b"null", "Invalid request body"),
    (b"{", "Invalid request body"),
])
def test_purge_with_a_bad_body(api, queue, body, title):
    api.fill(queue, 1)
    refused(api.post(f"{queue}/purge", body), 400, title)
    assert api.stats(queue)["total"] == 1
    refused(api.post(f"{new_queue()}/purge", body), 400, title)
    assert len(api.queues()) == 1


def test_marker_in_the_list_is_encoded(api):
    """What stands in a next href can be asked for as it is."""
    key = unique("k&y=")
    for name in ("a", "b"):
        api.put(f"/v2/queues/{name}", {key: "v w"})
    asked = urllib.parse.urlencode({key: "v w", "limit": 1})
    page = api.get(f"/v2/queues?{asked}")
    assert names(page) == ["a"]
    assert names(api.get(page.next)) == ["b"]
