"""Topics (section 10): what queues have, but for claims and pre-signed URLs, in a name space of
their own. Pages and headers are tested with those of queues, in files of their own.
"""

import pytest
from support.api import (JSON_PATCH, NOT_FOUND, SHOWN, SHOWN_OF_TOPICS, Client, query, refused,
                         send, together, unique)

ZEROS = {"messages": {"claimed": 0, "free": 0, "total": 0}}
BAD_NAMES = ["n" * 65, "a@b", "a%20b", "a%0A", "%00", "a%2Fb", "a%C3%A9", "%FF", "a~b", "~", "~a",
             "%7Ea", "a%", "n" * 5000, ""]
ON_A_TOPIC = [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/stats"),
              ("POST", "/purge"), ("GET", "/messages"), ("POST", "/messages"),
              ("DELETE", "/messages"), ("GET", "/messages/x"), ("DELETE", "/messages/x"),
              ("GET", "/subscriptions"), ("POST", "/subscriptions"), ("GET", "/subscriptions/x"),
              ("PATCH", "/subscriptions/x"), ("DELETE", "/subscriptions/x"),
              ("PUT", "/subscriptions/x/confirm")]
HOOK = "http://example.org/hook"


def new_topic():
    """The path of a topic that nobody made yet."""
    return f"/v2/topics/{unique('topic')}"


@pytest.fixture
def topic(api):
    path = new_topic()
    assert api.put(path).status == 201
    return path


@pytest.fixture
def twins(api):
    """(queue, topic) of the same name, with metadata and three messages each."""
    name = unique("twin")
    paths = f"/v2/queues/{name}", f"/v2/topics/{name}"
    for path in paths:
        assert api.put(path, {"of": path}).status == 201
        api.fill(path, *(f"{path} {n}" for n in range(3)))
    return paths


def names(answer):
    assert answer.status == 200
    return [topic["name"] for topic in answer.json["topics"]]


def topics(api):
    return names(api.get("/v2/topics?limit=20"))


# Names

@pytest.mark.parametrize("name", ["a", "Z", "0", "_", "-", ".", "..", "a.b-c_d", "n" * 64, "topics",
                                  "messages", "stats"])
def test_name(api, name):
    path = f"/v2/topics/{name}"
    answer = api.put(path, {"a": 1})
    assert (answer.status, answer.raw, answer.headers["Location"]) == (201, b"", path)
    assert api.get(path).json == {**SHOWN_OF_TOPICS, "a": 1}
    assert api.get("/v2/topics").json["topics"] == [{"name": name, "href": path}]
    (message,) = api.fill(path, "x")
    assert api.get(f"{path}/messages/{message}").json["href"] == f"{path}/messages/{message}"
    assert api.delete(path).status == 204
    assert topics(api) == []
    assert api.queues() == []


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("method, path", ON_A_TOPIC)
def test_bad_name(api, method, path, name):
    refused(api.call(method, f"/v2/topics/{name}{path}"), 400, "Invalid topic identification")


def test_bad_name_that_is_not_encoded(api):
    headers = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items())
    request = f"PUT /v2/topics/é HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode()
    refused(send(api.port, request, "PUT"), 400, "Invalid topic identification")


def test_no_queue_has_the_name_of_a_topic(api, topic):
    """Whatever a topic is called inside, no path of a queue leads to it."""
    name = topic.rpartition("/")[2]
    for queue in (f"/v2/queues/~{name}", f"/v2/queues/%7E{name}", f"/v2/queues/topics~{name}"):
        refused(api.delete(queue), 400, "Invalid queue identification")
    assert topics(api) == [name]


def test_topic_belongs_to_its_project(api, topic):
    (message,) = api.fill(topic, "x")
    stranger = Client(api.port)
    assert topics(stranger) == []
    assert stranger.get(topic).json == SHOWN_OF_TOPICS
    assert stranger.everything(topic) == []
    refused(stranger.get(f"{topic}/messages/{message}"), 404, "Not found")
    assert stranger.delete(f"{topic}/messages/{message}").status == 204
    assert stranger.post(f"{topic}/purge").status == 204
    assert stranger.delete(topic).status == 204
    assert api.everything(topic) == ["x"]


# What a topic that nobody made answers

@pytest.mark.parametrize("method, path, body, status, answer", [
    ("GET", "", None, 200, SHOWN_OF_TOPICS),
    ("GET", "/stats", None, 200, ZEROS),
    ("PATCH", "", [{"op": "add", "path": "/metadata/a", "value": 1}], 404, "Not found"),
    ("DELETE", "", None, 204, None),
    ("GET", "/messages", None, 200, {"messages": [], "links": []}),
    ("GET", "/messages?ids=x", None, 404, "Not found"),
    ("GET", "/messages/x", None, 404, "Not found"),
    ("GET", "/messages/", None, 404, "Not found"),
    ("DELETE", "/messages/x", None, 204, None),
    ("DELETE", "/messages/x?claim_id=y", None, 204, None),
    ("DELETE", "/messages?ids=x", None, 204, None),
    ("DELETE", "/messages?pop=1", None, 200, {"messages": []}),
    ("POST", "/purge", None, 204, None),
    ("GET", "/subscriptions", None, 200, {"subscriptions": [], "links": []}),
    ("GET", "/subscriptions/x", None, 404, "Not found"),
    ("PATCH", "/subscriptions/x", {"ttl": 100}, 404, "Not found"),
    ("DELETE", "/subscriptions/x", None, 204, None),
    ("PUT", "/subscriptions/x/confirm", {"confirmed": True}, 404, "Not found"),
])
@pytest.mark.parametrize("state", ["never made", "deleted", "a queue"])
def test_missing_topic(api, method, path, body, status, answer, state):
    topic = new_topic()
    if state == "deleted":
        assert api.put(topic, {"a": 1}).status == 201
        api.fill(topic, 1)
        assert api.delete(topic).status == 204
    elif state == "a queue":
        queue = topic.replace("topics", "queues")
        assert api.put(queue, {"a": 1}).status == 201
        api.fill(queue, 1)
    headers = {"Content-Type": JSON_PATCH if path == "" else "application/json"}
    came = api.call(method, topic + path, body, headers)
    if isinstance(answer, str):
        error = refused(came, status, answer)
        assert "queue" not in error["description"].lower()
    elif answer is None:
        assert (came.status, came.raw) == (status, b"")
    else:
        assert (came.status, came.json) == (status, answer)
    assert topics(api) == []
    if state == "a queue":
        assert api.listed(queue) == [1] and api.get(queue).json["a"] == 1


def test_missing_topic_is_made_by_a_post(api):
    topic = new_topic()
    api.fill(topic, 1)
    assert topics(api) == [topic.rpartition("/")[2]]
    assert api.queues() == []
    assert api.get(topic).json == SHOWN_OF_TOPICS
    assert api.put(topic).status == 204


def test_a_post_that_is_refused_makes_no_topic(api):
    refused(api.post(f"{new_topic()}/messages", {"messages": []}), 400, "Invalid API request")
    assert topics(api) == []


@pytest.mark.parametrize("path, method", [
    ("claims", "POST"), ("claims/x", "GET"), ("claims/x", "PATCH"), ("claims/x", "DELETE"),
    ("share", "POST"), ("stats/x", "GET"), ("other", "GET"),
])
def test_what_topics_have_not(api, topic, path, method):
    assert refused(api.call(method, f"{topic}/{path}", {}), 404, described=False) == NOT_FOUND


# PUT, PATCH and DELETE

@pytest.mark.parametrize("body", [None, b"", b'{"a": 2, "_default_message_ttl": 100}'])
def test_put_again_keeps_the_metadata(api, body):
    topic = new_topic()
    assert api.put(topic, {"a": 1}).status == 201
    answer = api.put(topic, body)
    assert (answer.status, answer.raw, answer.headers["Location"]) == (204, b"", topic)
    assert api.get(topic).json == {**SHOWN_OF_TOPICS, "a": 1}


@pytest.mark.parametrize("body, title", [
    *((bad, "Invalid request body") for bad in (b"[]", b'"x"', b"{", b"  ")),
    *((bad, "Invalid API request") for bad in (
        {"_max_messages_post_size": 0}, {"_default_message_ttl": 59},
        {"_default_message_delay": -1}, {"_max_claim_count": "x"}, {"_dead_letter_queue": 1},
        {"_dead_letter_queue_messages_ttl": 1}, {"_enable_encrypt_messages": 1}, {"_flavor": 1},
        {"_retry_policy": []}, {"a": "x" * 70000})),
])
def test_put_with_a_bad_body(api, body, title):
    """All reserved names are checked, those too that topics do not show."""
    topic = new_topic()
    refused(api.put(topic, body), 400, title)
    assert topics(api) == []


def test_many_make_one_topic(api):
    topic, came = new_topic(), []
    together(8, lambda: came.append(api.put(topic).status))
    assert sorted(came) == [201] + [204] * 7


def patch(op, name, *value):
    return [{"op": op, "path": f"/metadata/{name}", **({"value": value[0]} if value else {})}]


@pytest.mark.parametrize("metadata, changes, shown", [
    ({}, [], {}), ({}, patch("add", "a", 1), {"a": 1}),
    ({"a": 1}, patch("replace", "a", 2), {"a": 2}),
    ({"a": 1}, patch("remove", "a"), {}), ({}, patch("remove", "_default_message_ttl"), {}),
    ({}, patch("replace", "_default_message_ttl", 77), {"_default_message_ttl": 77}),
    ({"_default_message_ttl": 77}, patch("add", "_default_message_ttl", None), {}),
    ({}, patch("add", "_max_claim_count", 3), {"_max_claim_count": 3}),
    ({"_max_claim_count": 3}, patch("remove", "_max_claim_count"), {}),
    ({}, patch("add", "_dead_letter_queue", "x"), {"_dead_letter_queue": "x"}),
])
def test_patch(api, metadata, changes, shown):
    topic = new_topic()
    assert api.put(topic, metadata).status == 201
    answer = api.patch(topic, changes)
    assert (answer.status, answer.json) == (200, {**SHOWN_OF_TOPICS, **shown})
    assert api.get(topic).json == answer.json


@pytest.mark.parametrize("changes, status, title", [
    (b"", 400, "Invalid request body"), (b"{", 400, "Invalid request body"),
    ({}, 400, "Invalid request body"), ([1], 400, "Invalid request body"),
    ([{"op": "move", "path": "/metadata/a"}], 400, "Invalid request body"),
    ([{"op": "add", "path": "/metadata/a"}], 400, "Invalid request body"),
    ([{"op": "add", "path": 1, "value": 1}], 400, "Invalid request body"),
    (patch("add", "_default_message_ttl", 1), 400, "Invalid request body"),
    (patch("add", "_max_claim_count", -1), 400, "Invalid request body"),
    (patch("add", "a", "x" * 70000), 400, "Invalid request body"),
    (patch("replace", "b", 1), 409, "Resource conflict"),
    (patch("remove", "b"), 409, "Resource conflict"),
    (patch("remove", "_max_claim_count"), 409, "Resource conflict"),  # topics don't show it
    (patch("replace", "_dead_letter_queue", "x"), 409, "Resource conflict"),
])
def test_patch_that_is_refused(api, topic, changes, status, title):
    refused(api.patch(topic, changes), status, title)
    assert api.get(topic).json == SHOWN_OF_TOPICS


def test_patch_of_another_type(api, topic):
    answer = api.call("PATCH", topic, [], {"Content-Type": "application/json"})
    refused(answer, 415, "415 Unsupported Media Type")
    assert answer.headers["Accept-Patch"] == JSON_PATCH


def test_delete(api, topic):
    message, _ = api.fill(topic, 1, 2)
    answer = api.delete(topic)
    assert (answer.status, answer.raw) == (204, b"")
    assert api.put(topic).status == 201
    assert api.get(f"{topic}/messages/{message}").status == 404
    assert api.everything(topic) == []
    assert api.get(f"{topic}/stats").json == ZEROS


def test_delete_is_seen_at_once(api):
    for n in range(100):
        topic = new_topic()
        api.fill(topic, n)
        assert api.delete(topic).status == 204
        assert api.get(topic).json == SHOWN_OF_TOPICS, n
        assert api.everything(topic) == [], n


# Lists. Paging has a file of its own.

def test_list_is_ordered_by_bytes(api):
    ordered = ["-", ".", "0", "9", "A", "_", "a", "aB", "ab", "b"]
    for name in ordered[::-1]:
        api.put(f"/v2/topics/{name}")
    assert topics(api) == ordered


def test_list_members(api):
    topic = new_topic()
    api.put(topic, {"a": 1})
    name = topic.rpartition("/")[2]
    (plain,) = api.get("/v2/topics").json["topics"]
    assert plain == {"name": name, "href": topic}
    (detailed,) = api.get("/v2/topics?detailed=true").json["topics"]
    assert detailed == {"name": name, "href": topic, "metadata": {**SHOWN_OF_TOPICS, "a": 1}}


@pytest.mark.parametrize("parameter, value", [("limit", "0"), ("limit", "21"), ("limit", "x"),
                                              ("detailed", "maybe")])
def test_list_with_a_bad_parameter(api, parameter, value):
    refused(api.get(f"/v2/topics?{parameter}={value}"), 400,
            "Invalid API request" if value in ("0", "21") else "Invalid parameter")


@pytest.mark.parametrize("asked, found", [
    ("name=alp", ["alpha", "alpha.x"]), ("name=ALP", []), ("name=.", ["alpha.x"]), ("name=~", []),
    ("name=%7Ealpha", []), ("color=red", ["alpha", "beta"]), ("n=2", ["beta"]),
    ("color=red&name=al", ["alpha"]), ("color=none", []), ("name=%FF", []), ("%00=x", []),
    ("n=9223372036854775808", []),
])
def test_filters(api, asked, found):
    for name, metadata in (("alpha", {"color": "red", "n": 1}), ("alpha.x", {"color": "blue"}),
                           ("beta", {"color": "red", "n": 2})):
        api.put(f"/v2/topics/{name}", metadata)
        api.put(f"/v2/queues/{name}", {"color": "red", "n": 2})
    assert names(api.get(f"/v2/topics?{asked}")) == found


def test_filters_stay_in_the_link(api):
    for name in ("a", "b", "c"):
        api.put(f"/v2/topics/{name}", {"color": "red" if name != "b" else "blue"})
    page = api.get("/v2/topics?color=red&limit=1&detailed=1")
    assert names(page) == ["a"] and page.next.startswith("/v2/topics?")
    assert query(page.next) == {"marker": ["a"], "limit": ["1"], "detailed": ["true"],
                                "color": ["red"]}
    assert names(api.get(page.next)) == ["c"]


def test_there_is_no_count(api):
    """with_count is a filter like any other name here, as in the peer."""
    api.put("/v2/topics/plain")
    api.put("/v2/topics/odd", {"with_count": "true"})
    answer = api.get("/v2/topics?with_count=true")
    assert names(answer) == ["odd"]
    assert set(answer.json) == {"topics", "links"}
    assert query(answer.next)["with_count"] == ["true"]
    assert names(api.get("/v2/topics?with_count=maybe")) == []


# Stats and purge

def test_stats(api, topic):
    """An existing topic has all three numbers, an empty one too."""
    assert api.get(f"{topic}/stats").json == ZEROS
    ids = api.fill(topic, 1, 2, 3)
    came = api.get(f"{topic}/stats").json["messages"]
    assert {name: came[name] for name in ("free", "claimed", "total")} == {
        "free": 3, "claimed": 0, "total": 3}
    for edge, message in (("oldest", ids[0]), ("newest", ids[2])):
        assert set(came[edge]) == {"href", "age", "created"}
        assert came[edge]["href"] == f"{topic}/messages/{message}"
        assert api.get(came[edge]["href"]).json["id"] == message


@pytest.mark.parametrize("body, left", [
    (None, 0), ({"resource_types": ["messages"]}, 0), ({"resource_types": ["subscriptions"]}, 3),
    ({"resource_types": []}, 3), ({"resource_types": ["messages", "subscriptions"]}, 0),
])
def test_purge(api, topic, body, left):
    api.fill(topic, 1, 2)
    api.fill(topic, 3, delay=900)
    answer = api.post(f"{topic}/purge", body)
    assert (answer.status, answer.raw) == (204, b"")
    assert len(api.everything(topic)) == left
    assert topics(api) == [topic.rpartition("/")[2]]


@pytest.mark.parametrize("body", [{}, [], {"resource_types": "messages"}, {"resource_types": ["x"]},
                                  {"resource_types": [["messages"]]}])
def test_purge_with_a_bad_body(api, topic, body):
    api.fill(topic, 1)
    refused(api.post(f"{topic}/purge", body), 400, "Invalid API request")
    assert api.listed(topic) == [1]


# Messages

def test_post_and_read(api, topic):
    posted = {"messages": [{"body": {"n": 1}, "ttl": 100}, {"body": "2"}]}
    answer = api.post(f"{topic}/messages", posted)
    ids = [href.rpartition("/")[2] for href in answer.json["resources"]]
    assert answer.status == 201
    assert answer.json == {"resources": [f"{topic}/messages/{i}" for i in ids]}
    assert answer.headers["Location"] == f"{topic}/messages?ids={','.join(ids)}"
    by_ids = api.get(answer.headers["Location"])
    assert by_ids.bodies == [{"n": 1}, "2"] and set(by_ids.json) == {"messages"}
    single = api.get(f"{topic}/messages/{ids[0]}").json
    assert single == {"id": ids[0], "href": f"{topic}/messages/{ids[0]}", "ttl": 100,
                      "age": single["age"], "body": {"n": 1}}
    page = api.get(f"{topic}/messages?echo=true&limit=1")
    assert [m["href"] for m in page.json["messages"]] == [f"{topic}/messages/{ids[0]}"]
    assert page.next.startswith(f"{topic}/messages?")
    assert api.get(page.next).bodies == ["2"]
    assert api.get(f"{topic}/messages").bodies == []  # one's own


@pytest.mark.parametrize("body, title", [
    (b"{", "Invalid request body"), ({}, "Invalid API request"), ([], "Invalid API request"),
    ({"messages": 1}, "Invalid request body"), ({"messages": [1]}, "Invalid request body"),
    ({"messages": [{"ttl": 60}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": 59}]}, "Invalid API request"),
    ({"messages": [{"body": "x" * 300000}]}, "Invalid API request"),
])
def test_bad_post(api, topic, body, title):
    refused(api.post(f"{topic}/messages", body), 400, title)
    assert api.everything(topic) == []


def test_attributes_of_the_topic_count(api):
    topic = new_topic()
    api.put(topic, {"_default_message_ttl": 77, "_default_message_delay": 900,
                    "_max_messages_post_size": 100})
    (delayed,) = api.fill(topic, "x")
    assert api.get(f"{topic}/messages/{delayed}").json["ttl"] == 77
    assert api.listed(topic) == []
    assert api.everything(topic) == ["x"]
    refused(api.post(f"{topic}/messages", {"messages": [{"body": "x" * 100}]}), 400,
            "Invalid API request")


def test_delete_messages(api, topic):
    ids = api.fill(topic, *range(4))
    assert api.delete(f"{topic}/messages/{ids[0]}").status == 204
    assert api.delete(f"{topic}/messages?ids={ids[1]},x").status == 204
    assert api.listed(topic) == [2, 3]
    refused(api.delete(f"{topic}/messages"), 400, "Invalid API request")
    refused(api.delete(f"{topic}/messages?ids={ids[2]}&pop=1"), 400, "Invalid API request")
    refused(api.delete(f"{topic}/messages?pop=0"), 400, "Invalid API request")
    refused(api.delete(f"{topic}/messages/{ids[2]}?claim_id=x"), 400, "Unable to delete")
    popped = api.delete(f"{topic}/messages?pop=5")
    assert (popped.status, popped.bodies) == (200, [2, 3])
    assert "href" not in popped.json["messages"][0]
    assert api.everything(topic) == []


def test_topics_are_free_of_message_delete_with_claim_id(start):
    """There are no claims that could be named."""
    api, topic = Client(start("transport.message_delete_with_claim_id=true").port), new_topic()
    ids = api.fill(topic, 1, 2, 3)
    assert api.delete(f"{topic}/messages?ids={ids[0]}").status == 204
    assert api.delete(f"{topic}/messages?ids={ids[1]}&claim_ids=x").status == 204
    assert api.delete(f"{topic}/messages?pop=1&claim_ids=x").bodies == [3]
    refused(api.delete(f"{api.queue()}/messages?ids={ids[0]}"), 400, "Invalid API request")


# Subscriptions: those of queues are tested in a file of their own, by the same handlers

def subscribe(api, path, subscriber=HOOK, **members):
    """Makes a subscription and returns its path."""
    answer = api.post(f"{path}/subscriptions", {"subscriber": subscriber, **members})
    assert answer.status == 201, answer
    return f"{path}/subscriptions/{answer.json['subscription_id']}"


def subscribers(api, path):
    answer = api.get(f"{path}/subscriptions?limit=20")
    return [subscription["subscriber"] for subscription in answer.json["subscriptions"]]


def test_subscription(api):
    """All that is done to one, with addresses below the topic. Its creation makes the topic."""
    topic = new_topic()
    collection = f"{topic}/subscriptions"
    answer = api.post(collection, {"subscriber": HOOK, "ttl": 500})
    assert (answer.status, answer.headers["Location"]) == (201, collection)
    path = f"{collection}/{answer.json['subscription_id']}"
    assert topics(api) == [topic.rpartition("/")[2]] and api.queues() == []
    shown = api.get(path).json
    assert shown == {"id": path.rpartition("/")[2], "source": topic.rpartition("/")[2],
                     "subscriber": HOOK, "ttl": 500, "age": shown["age"], "options": {},
                     "confirmed": False}
    answer = api.patch(path, {"ttl": 1000})
    assert (answer.status, answer.headers["Location"]) == (204, path)
    answer = api.put(f"{path}/confirm", {"confirmed": True})
    assert (answer.status, answer.headers["Location"]) == (204, f"{path}/confirm")
    shown = api.get(path).json
    assert (shown["ttl"], shown["confirmed"]) == (1000, True)
    answer = api.post(collection, {"subscriber": HOOK})
    error = refused(answer, 409, "Resource conflict")
    assert "topic" in error["description"] and answer.headers["Location"] == collection
    assert api.delete(path).status == 204
    refused(api.get(path), 404, "Not found")


def test_subscriptions_are_paged(api, topic):
    hooks = [f"http://example.org/{n}" for n in range(5)]
    for hook in hooks:
        subscribe(api, topic, hook)
    came, page = [], api.get(f"{topic}/subscriptions?limit=2")
    while page.next:
        assert page.next.startswith(f"{topic}/subscriptions?")
        came += [subscription["subscriber"] for subscription in page.json["subscriptions"]]
        page = api.get(page.next)
    assert came == hooks


@pytest.mark.parametrize("body", [b"{", {}, [], {"subscriber": "ftp://a"}, {"subscriber": 1},
                                  {"subscriber": HOOK, "ttl": 59},
                                  {"subscriber": HOOK, "options": []}])
def test_bad_subscription(api, body):
    refused(api.post(f"{new_topic()}/subscriptions", body), 400)
    assert topics(api) == []


@pytest.mark.parametrize("types, left", [(["subscriptions"], (1, 0)), (["messages"], (0, 1)),
                                         (["messages", "subscriptions"], (0, 0)), ([], (1, 1))])
def test_purge_of_subscriptions(api, topic, types, left):
    api.fill(topic, 1)
    subscribe(api, topic)
    assert api.post(f"{topic}/purge", {"resource_types": types}).status == 204
    assert (len(api.everything(topic)), len(subscribers(api, topic))) == left


def test_subscriptions_go_with_the_topic(api, topic):
    subscribe(api, topic)
    assert api.delete(topic).status == 204
    assert api.put(topic).status == 201
    assert subscribers(api, topic) == []


def test_twins_share_no_subscriptions(api, twins):
    """Neither the subscriber, nor what is confirmed, nor the ids, nor the end."""
    for path in twins:
        assert api.put(f"{subscribe(api, path)}/confirm", {"confirmed": True}).status == 204
    for mine, others in (twins, twins[::-1]):
        (theirs,) = api.get(f"{others}/subscriptions").json["subscriptions"]
        path = f"{mine}/subscriptions/{theirs['id']}"
        refused(api.get(path), 404, "Not found")
        refused(api.patch(path, {"ttl": 77}), 404, "Not found")
        refused(api.put(f"{path}/confirm", {"confirmed": False}), 404, "Not found")
        assert api.delete(path).status == 204
        assert subscribers(api, others) == [HOOK]
        assert api.get(f"{others}/subscriptions").json["subscriptions"][0]["confirmed"] is True
    for gone, left in (twins, twins[::-1]):
        assert api.post(f"{gone}/purge", {"resource_types": ["subscriptions"]}).status == 204
        assert (subscribers(api, gone), subscribers(api, left)) == ([], [HOOK])
        subscribe(api, gone)


# A queue and a topic of one name

def test_twins_share_no_metadata(api, twins):
    queue, topic = twins
    assert api.get(queue).json == {**SHOWN, "of": queue}
    assert api.get(topic).json == {**SHOWN_OF_TOPICS, "of": topic}
    assert api.patch(topic, patch("replace", "of", 1)).status == 200
    assert api.get(queue).json == {**SHOWN, "of": queue}
    assert api.patch(queue, patch("add", "b", 1)).status == 200
    assert api.get(topic).json == {**SHOWN_OF_TOPICS, "of": 1}


def test_twins_are_listed_apart(api, twins):
    name = twins[0].rpartition("/")[2]
    assert api.queues() == topics(api) == [name]
    api.put("/v2/topics/another")
    assert api.get("/v2/queues?with_count=true&limit=20").json["count"] == 1
    assert topics(api) == ["another", name]
    for page in ("/v2/queues?limit=1", "/v2/queues?limit=1&name=twin", "/v2/queues?marker=~"):
        answer = api.get(page)
        while answer.next:
            assert [queue["name"] for queue in answer.json["queues"]] == [name]
            answer = api.get(answer.next)


def test_twins_share_no_messages(api, twins):
    for path in twins:
        assert api.listed(path) == [f"{path} {n}" for n in range(3)]
        assert api.stats(path) == {"free": 3, "claimed": 0, "total": 3}


def test_twins_share_no_ids(api, twins):
    queue, topic = twins
    for mine, others in ((queue, topic), (topic, queue)):
        for message in api.get(f"{others}/messages?echo=true").ids:
            refused(api.get(f"{mine}/messages/{message}"), 404, "Not found")
            refused(api.get(f"{mine}/messages?ids={message}"), 404, "Not found")
            assert api.delete(f"{mine}/messages/{message}").status == 204
            assert api.delete(f"{mine}/messages?ids={message}").status == 204
    assert len(api.listed(queue)) == len(api.listed(topic)) == 3


def test_twins_share_no_pop_and_no_claim(api, twins):
    queue, topic = twins
    claim = api.claim(queue, limit=2).claim_id
    assert api.stats(topic) == {"free": 3, "claimed": 0, "total": 3}
    (message, *_) = api.get(f"{topic}/messages?echo=true").ids
    refused(api.delete(f"{topic}/messages/{message}?claim_id={claim}"), 400, "Unable to delete")
    assert api.delete(f"{topic}/messages?pop=20").bodies == [f"{topic} {n}" for n in range(3)]
    assert api.stats(queue) == {"free": 1, "claimed": 2, "total": 3}
    assert api.get(f"{queue}/claims/{claim}").status == 200
    assert api.claim(queue).status == 201
    assert api.claim(queue).status == 204


@pytest.mark.parametrize("gone", [0, 1])
@pytest.mark.parametrize("how", ["delete", "purge"])
def test_twins_die_alone(api, twins, how, gone):
    path, left = twins[gone], twins[1 - gone]
    assert (api.delete(path) if how == "delete" else api.post(f"{path}/purge")).status == 204
    assert api.everything(path) == []
    assert api.listed(left) == [f"{left} {n}" for n in range(3)]
    assert api.get(left).json["of"] == left
    api.fill(path, "new")
    assert api.listed(path) == ["new"]
    assert len(api.listed(left)) == 3


def test_twins_share_no_markers(api, twins):
    """A marker of one stands behind or before all that the other has."""
    queue, topic = twins
    for mine, others in ((queue, topic), (topic, queue)):
        for message in api.get(f"{others}/messages?echo=true").ids:
            shown = api.get(f"{mine}/messages?echo=true&marker={message}").bodies
            assert shown in ([], [f"{mine} {n}" for n in range(3)])


def test_dead_letters_of_a_queue_go_to_no_topic(api):
    dead = unique("dead")
    api.put(f"/v2/topics/{dead}")
    queue = api.queue(_dead_letter_queue=dead, _max_claim_count=0)
    api.fill(queue, 1)
    assert api.claim(queue).status == 204
    assert api.listed(f"/v2/queues/{dead}") == [1]
    assert api.listed(f"/v2/topics/{dead}") == []


def test_a_topic_with_dead_letters_keeps_its_messages(api):
    """Topics have no claims, so nothing moves; the attributes are kept all the same."""
    topic = new_topic()
    assert api.put(topic, {"_dead_letter_queue": "dead", "_max_claim_count": 0}).status == 201
    api.fill(topic, 1)
    assert api.delete(f"{topic}/messages?pop=1").bodies == [1]
    assert api.queues() == []
