"""The documents from which clients find their way, and ping (sections 3 and 12)."""

import re

import pytest
from support.api import Client, refused, render, send

VERSIONS = {"versions": [{
    "id": "2",
    "status": "CURRENT",
    "updated": "2014-9-24T04:06:47Z",
    "media-types": [{"base": "application/json",
                     "type": "application/vnd.openstack.messaging-v2+json"}],
    "links": [{"href": "/v2/", "rel": "self"}],
}]}

Q = "/v2/queues/{queue_name}"
T = "/v2/topics/{topic_name}"

# rel: path, variables of the query, {variable: its name after param/ where that differs}, methods,
# whether it takes a body by POST.
RELS = {
    "rel/queues": ("/v2/queues", "marker limit detailed", {"limit": "queue_limit"}, "GET", False),
    "rel/queue": (Q, "", {}, "GET PUT DELETE PATCH", False),
    "rel/queue_stats": (f"{Q}/stats", "", {}, "GET", False),
    "rel/queue_share": (f"{Q}/share", "", {}, "POST", True),
    "rel/queue_purge": (f"{Q}/purge", "", {}, "POST", True),
    "rel/messages": (f"{Q}/messages", "marker limit echo include_claimed",
                     {"limit": "messages_limit"}, "GET", False),
    "rel/post_messages": (f"{Q}/messages", "", {}, "POST", True),
    "rel/messages_delete": (f"{Q}/messages", "ids pop", {}, "DELETE", False),
    "rel/message_delete": (f"{Q}/messages/{{message_id}}", "", {"claim": "claim_id"}, "DELETE",
                           False),
    "rel/message_get": (f"{Q}/messages/{{message_id}}", "", {}, "GET", False),
    "rel/claim": (f"{Q}/claims/{{claim_id}}", "", {}, "GET", False),
    "rel/post_claim": (f"{Q}/claims", "limit", {"limit": "claim_limit"}, "POST", True),
    "rel/patch_claim": (f"{Q}/claims/{{claim_id}}", "", {}, "PATCH", True),
    "rel/delete_claim": (f"{Q}/claims/{{claim_id}}", "", {}, "DELETE", False),
    "rel/topics": ("/v2/topics", "marker limit detailed name", {"limit": "topic_limit"}, "GET",
                   False),
    "rel/topic": (T, "", {}, "GET PUT DELETE PATCH", False),
    "rel/topic_stats": (f"{T}/stats", "", {}, "GET", False),
    "rel/topic_purge": (f"{T}/purge", "", {}, "POST", True),
    "rel/topic_messages": (f"{T}/messages", "marker limit echo include_claimed include_delayed",
                           {"limit": "messages_limit"}, "GET", False),
    "rel/topic_post_messages": (f"{T}/messages", "", {}, "POST", True),
    "rel/topic_messages_delete": (f"{T}/messages", "ids pop", {}, "DELETE", False),
    "rel/topic_message_delete": (f"{T}/messages/{{message_id}}", "", {}, "DELETE", False),
    "rel/topic_message_get": (f"{T}/messages/{{message_id}}", "", {}, "GET", False),
    "rel/topic_subscriptions_get": (f"{T}/subscriptions", "marker limit",
                                    {"limit": "subscription_limit"}, "GET", False),
    "rel/topic_subscriptions_post": (f"{T}/subscriptions", "", {}, "POST", True),
    "rel/topic_subscription": (f"{T}/subscriptions/{{subscriptions_id}}", "", {}, "GET DELETE",
                               False),
    "rel/topic_subscription_patch": (f"{T}/subscriptions/{{subscriptions_id}}", "", {}, "PATCH",
                                     True),
    "rel/topic_subscription_confirm": (f"{T}/subscriptions/{{subscriptions_id}}/confirm", "", {},
                                       "PUT", False),
    "rel/subscriptions_get": (f"{Q}/subscriptions", "marker limit",
                              {"limit": "subscription_limit"}, "GET", False),
    "rel/subscriptions_post": (f"{Q}/subscriptions", "", {"limit": "subscription_limit"}, "POST",
                               True),
    "rel/subscription": (f"{Q}/subscriptions/{{subscriptions_id}}", "", {}, "GET DELETE", False),
    "rel/subscription_patch": (f"{Q}/subscriptions/{{subscriptions_id}}", "", {}, "PATCH", True),
    "rel/subscription_confirm": (f"{Q}/subscriptions/{{subscriptions_id}}/confirm", "", {}, "PUT",
                                 False),
    "rel/ping": ("/v2/ping", "", {}, "GET", False),
}


@pytest.fixture
def resources(api):
    return api.get("/v2/").json["resources"]


def variables(template):
    """The path of a template, the variables in it, and those of its query."""
    path, _, query = template.partition("{?")
    return path, set(re.findall(r"{(\w+)}", path)), set(query.rstrip("}").split(",")) - {""}


def test_versions(api):
    answer = api.get("/")
    assert answer.status == 300
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == VERSIONS


@pytest.mark.parametrize("request_text", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nClient-ID: nonsense\r\nX-Project-ID:\r\n\r\n",
    b"GET /?limit=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
])
def test_versions_need_no_headers(server, request_text):
    answer = send(server.port, request_text)
    assert (answer.status, answer.json) == (300, VERSIONS)


def test_home(api):
    answer = api.get("/v2/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json-home"
    assert answer.headers["Cache-Control"] == "max-age=86400"
    assert list(answer.json) == ["resources"]


def test_home_needs_identity(server):
    answer = send(server.port, render("GET", "/v2/"))
    refused(answer, 400, "Missing header value")


@pytest.mark.parametrize("rel", RELS)
def test_home_resource(resources, rel):
    check(resources[rel], *RELS[rel])


def check(resource, path, query, renamed, allow, takes_body):
    shown_path, in_path, in_query = variables(resource["href-template"])
    assert shown_path == path
    assert in_query >= set(query.split())
    hints = resource["hints"]
    assert sorted(hints["allow"]) == sorted(allow.split())
    assert hints["formats"] == {"application/json": {}}
    assert hints.get("accept-post") == (["application/json"] if takes_body else None)
    if path == "/v2/ping":
        assert "href-vars" not in resource
        return
    assert set(resource["href-vars"]) >= in_path | in_query
    for name, uri in resource["href-vars"].items():
        assert uri == f"param/{renamed.get(name, name)}"


def test_home_lists_nothing_else(resources):
    """Nothing of administration without admin_mode. What the peer forgets to list may be there."""
    forgotten = {rel for rel in resources if "confirm" in rel}
    assert set(resources) - forgotten <= set(RELS)


@pytest.mark.parametrize("rel, names", [
    ("rel/queues", {"name", "with_count"}),
    ("rel/messages", {"include_delayed"}),
])
def test_home_names_every_parameter(resources, rel, names):
    """Section 3, (bug): the document omits include_delayed, name, with_count."""
    assert variables(resources[rel]["href-template"])[2] >= names


def test_home_template_of_delete_works(api, resources):
    """Section 3, (bug): the variable is published under a name that the server doesn't read."""
    (variable,) = variables(resources["rel/message_delete"]["href-template"])[2]
    queue = api.queue()
    (message,) = api.fill(queue, 1)
    claim = api.claim(queue).claim_id
    assert api.delete(f"{queue}/messages/{message}?{variable}={claim}").status == 204


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ping(api, method):
    answer = api.call(method, "/v2/ping")
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["Content-Type"] is None


def test_ping_needs_identity(server):
    refused(send(server.port, render("GET", "/v2/ping")), 400, "Missing header value")
    nobody = Client(server.port)
    refused(nobody.get("/v2/ping", headers={"X-Project-ID": None}), 400, "Project-Id Missing")
    assert nobody.call("HEAD", "/v2/ping", headers={"Client-ID": None}).status == 400
