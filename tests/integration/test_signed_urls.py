"""Pre-signed URLs: sharing a queue, and requests that show what was shared (section 9)."""

import base64
import datetime
import hashlib
import hmac
import json
import time
import uuid

import pytest
from support.api import NOT_FOUND, Client, converse, new_queue, parse, refused, render, send, unique

SECRET = "test"
LATER = "2100-01-01T00:00:00"


@pytest.fixture(scope="module")
def signing(start):
    """A server with the key of the API's vectors; the name of the administrator is known to it, too."""
    return start(f"signed_url.secret_key={SECRET}", "DEFAULT.admin_mode=true", "DEFAULT.pooling=true",
                 "pooling:catalog.enable_virtual_pool=true")


@pytest.fixture
def api(signing):
    return Client(signing.port)


def share(api, queue, **body):
    answer = api.post(f"{queue}/share", body)
    assert answer.status == 200, answer
    return answer.json


def sign(paths, methods, project, expires, secret=SECRET):
    """The signature by the contract; the separator is a backslash and an n."""
    text = r"\n".join([",".join(sorted(paths)), ",".join(sorted(methods)), project, expires])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def shown(url):
    """The headers that show a URL."""
    return {"URL-Signature": url["signature"], "URL-Expires": url["expires"],
            "URL-Methods": ",".join(url["methods"]), "URL-Paths": ",".join(url["paths"]),
            "X-Project-ID": url["project"]}


def guest(api, url, **headers):
    """Somebody who has nothing but the URL."""
    client = Client(api.port, api.project)
    client.headers.update({**shown(url), **headers})
    return client


def seconds_of(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp()


def moment(seconds):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


# Sharing

def test_share_by_default(api, queue):
    answer = api.post(f"{queue}/share", {})
    assert answer.headers.get_all("Content-Type") == ["application/json"]
    url = answer.json
    assert set(url) == {"project", "paths", "methods", "expires", "signature"}
    assert (url["project"], url["paths"], url["methods"]) == (api.project, [f"{queue}/messages"], ["GET"])
    assert url["signature"] == sign(url["paths"], ["GET"], api.project, url["expires"])
    assert abs(seconds_of(url["expires"]) - datetime.datetime.now().timestamp() - 86400) < 30


@pytest.mark.parametrize("paths, methods, signature", [
    (["messages"], ["GET"], "cf3fb69c5f7affeaa10c7bd757def2624794b9e4c847b1df5abcfcddb35c5b07"),
    (["messages", "claims"], ["POST", "GET", "OPTIONS"],
     "becfaa932730e7479777b648498c92502b3ae8bfdb86c755b65373be96ae8e1b"),
])
def test_share_has_the_signatures_of_the_contract(api, paths, methods, signature):
    body = {"paths": paths, "methods": methods, "expires": LATER}
    answer = api.post("/v2/queues/s/share", body, {"X-Project-ID": "proj1"})
    assert answer.json == {
        "project": "proj1", "paths": sorted(f"/v2/queues/s/{p}" for p in paths), "methods": sorted(methods),
        "expires": LATER, "signature": signature}


def test_share_makes_no_queue(api):
    share(api, new_queue())
    assert api.queues() == []


@pytest.mark.parametrize("body", [
    {"paths": []}, {"paths": None}, {"methods": []}, {"methods": None}, {"expires": None},
    {"paths": [], "methods": [], "expires": None},
])
def test_share_takes_the_default_for_nothing(api, queue, body):
    url = share(api, queue, **body)
    assert (url["paths"], url["methods"]) == ([f"{queue}/messages"], ["GET"])


@pytest.mark.parametrize("given, expires", [
    ("2100-01-01", LATER), ("2100-01-01T00:00:00.999", LATER), ("2100-01-01 00:00:00Z", LATER),
    ("2100-01-01T01:30:00+01:30", LATER), ("2099-12-31T22:00:00-02:00", LATER), ("21000101T00", LATER),
    ("2100-01", LATER), ("9999-12-31T23:59:59", "9999-12-31T23:59:59"),
])
def test_share_normalises_expires(api, queue, given, expires):
    url = share(api, queue, expires=given)
    assert url["expires"] == expires
    assert guest(api, url).get(f"{queue}/messages").status == 200


@pytest.mark.parametrize("methods", [["GET", "POST"], ["post"], ["X-ANY"], ["GET", "GET"], ["DELETE", "GET", "PATCH"]])
def test_share_takes_any_method(api, queue, methods):
    assert share(api, queue, methods=methods)["methods"] == sorted(methods)


@pytest.mark.parametrize("body", [
    {"path": ["messages"]}, {"project_id": "p"}, {"project": "p"}, {"ttl_seconds": 100}, {"": 1},
    {"paths": ["stats"]}, {"paths": ["share"]}, {"paths": ["purge"]}, {"paths": [""]}, {"paths": ["Messages"]},
    {"paths": ["messages", "../other/messages"]}, {"paths": ["/v2/queues/x/messages"]}, {"paths": ["messages/1"]},
    {"paths": "messages"}, {"paths": {"messages": 1}}, {"paths": [1]}, {"paths": [None]}, {"paths": [["messages"]]},
    {"paths": 0}, {"paths": True}, {"paths": ["messages"] * 65},
    {"methods": "GET"}, {"methods": {"GET": 1}}, {"methods": [1]}, {"methods": [None]}, {"methods": [["GET"]]},
    {"methods": ["GET,POST"]}, {"methods": ["GET\\n"]}, {"methods": [""]}, {"methods": ["GE T"]},
    {"methods": ["GÉT"]}, {"methods": ["GET\0"]}, {"methods": 1}, {"methods": ["GET"] * 65},
    {"expires": 4102444800}, {"expires": "4102444800"}, {"expires": "2100"}, {"expires": 1.5}, {"expires": True},
    {"expires": False}, {"expires": []}, {"expires": {}}, {"expires": ""}, {"expires": "tomorrow"},
    {"expires": "2100-02-30"}, {"expires": "2100-01-01T25:00"}, {"expires": "0001-01-01"}, {"expires": "1999-01-01"},
    {"expires": "2020-01-01T00:00:00"}, {"expires": "9999-12-31T23:59:59-01:00"}, {"expires": "2100-01-01\n"},
])
def test_share_refuses(api, queue, body):
    refused(api.post(f"{queue}/share", body), 400, "Invalid API request")


def test_share_refuses_a_moment_that_has_just_been(api, queue):
    refused(api.post(f"{queue}/share", {"expires": moment(0)}), 400, "Invalid API request")
    assert share(api, queue, expires=moment(60))


@pytest.mark.parametrize("body", [None, b"", b"[]", b"[1]", b"{", b"nope", b"1", b"null", b'"x"', b"\xff", b'{"paths": NaN}'])
def test_share_needs_an_object(api, queue, body):
    refused(api.post(f"{queue}/share", body), 400, "Invalid request body")


def test_share_without_a_key(server):
    """The service of other tests has none: it signs nothing, and believes nothing, not even what an empty key
    would have signed."""
    api = Client(server.port)
    refused(api.post("/v2/queues/q/share", {}), 400, "Invalid API request")
    for secret in ("", "None", SECRET):
        url = {"paths": ["/v2/queues/q/messages"], "methods": ["GET"], "project": api.project, "expires": LATER}
        url["signature"] = sign(*url.values(), secret=secret)
        assert refused(guest(api, url).get("/v2/queues/q/messages"), 404, described=False) == NOT_FOUND


def test_log_tells_no_secret(start):
    server = start("signed_url.secret_key=hunter2", "DEFAULT.debug=true")
    api = Client(server.port)
    url = share(api, "/v2/queues/q")
    assert guest(api, url).get("/v2/queues/q/messages").status == 200
    assert guest(api, {**url, "expires": LATER}).get("/v2/queues/q/messages").status == 404
    refused(api.post("/v2/queues/q/share", {"expires": "hunter"}), 400)
    assert server.text()
    assert "hunter2" not in server.text() and url["signature"] not in server.text()


# Showing

def test_guest_reads(api, queue):
    (message,) = api.fill(queue, "hello")
    visitor = guest(api, share(api, queue))
    assert visitor.listed(queue) == ["hello"]
    assert visitor.get(f"{queue}/messages/{message}").json["body"] == "hello"
    assert visitor.get(f"{queue}/messages?ids={message}").bodies == ["hello"]


def test_guest_of_everything(api, queue):
    url = share(api, queue, paths=["messages", "claims"], methods=["GET", "POST", "DELETE", "PATCH"])
    visitor = guest(api, url)
    visitor.fill(queue, 1, 2)
    claim = visitor.claim(queue, limit=1)
    assert claim.status == 201
    path = f"{queue}/claims/{claim.claim_id}"
    assert visitor.patch(path, {"ttl": 300, "grace": 60}).status == 204
    assert visitor.get(path).json["ttl"] == 300
    assert visitor.delete(f"{queue}/messages/{claim.ids[0]}?claim_id={claim.claim_id}").status == 204
    assert visitor.delete(path).status == 204
    assert visitor.delete(f"{queue}/messages?pop=1").bodies == [2]


def test_guest_subscribes(api, queue):
    """A path opens what is below it, the confirmation too."""
    visitor = guest(api, share(api, queue, paths=["subscriptions"], methods=["GET", "POST", "PUT", "PATCH", "DELETE"]))
    made = visitor.post(f"{queue}/subscriptions", {"subscriber": "http://trigger.example/"})
    assert made.status == 201
    path = f"{queue}/subscriptions/{made.json['subscription_id']}"
    assert visitor.get(f"{queue}/subscriptions").status == visitor.get(path).status == 200
    assert visitor.put(f"{path}/confirm", {"confirmed": True}).status == 204
    assert visitor.patch(path, {"ttl": 100}).status == 204
    assert visitor.delete(path).status == 204
    assert visitor.get(f"{queue}/messages").status == 404


def test_url_of_a_queue_opens_no_topic(api, queue):
    topic = queue.replace("queues", "topics")
    api.put(topic, {})
    url = share(api, queue)
    assert guest(api, url).get(f"{topic}/messages").status == 404
    forged = {**url, "paths": [f"{topic}/messages"]}
    forged["signature"] = sign(forged["paths"], forged["methods"], forged["project"], forged["expires"])
    assert guest(api, forged).get(f"{topic}/messages").status == 404
    assert api.post(f"{topic}/share", {}).status == 404


def test_guest_is_bound_to_the_methods(api, queue):
    visitor = guest(api, share(api, queue, methods=["POST"]))
    visitor.fill(queue, 1)
    for method in ("GET", "DELETE", "PATCH", "PUT", "HEAD", "FOO", "post"):
        assert visitor.call(method, f"{queue}/messages").status == 404
    assert api.listed(queue) == [1]


@pytest.mark.parametrize("path", [
    "{queue}", "{queue}/stats", "{queue}/share", "{queue}/purge", "{queue}/claims", "{queue}/claims/x", "{other}/messages",
    "/v2/queues", "/v2/", "/", "/v2/ping", "/v2/none", "{queue}x/messages", "{queue}/Messages", "{queue}//messages",
    "/{queue}/messages", "{queue}/./messages", "{queue}/messagesx", "{queue}/messages/x/y",
    "{queue}/claims/..%2Fmessages", "{queue}/messages/../stats", "{queue}%2Fmessages/stats",
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_guest_is_bound_to_the_paths(api, queue, path, method):
    other = api.queue()
    visitor = guest(api, share(api, queue, methods=["GET", "POST", "PUT", "DELETE"]))
    answer = visitor.call(method, path.format(queue=queue, other=other), b"{}" if method == "POST" else None)
    assert refused(answer, 404, described=False) == NOT_FOUND


def test_guest_may_write_the_path_as_any_client(api, queue):
    """What is escaped needlessly is the same path."""
    visitor = guest(api, share(api, queue))
    assert visitor.get(queue.replace("queue", "%71ueue") + "/%6Dessages").status == 200


def test_dot_in_a_name_is_a_dot(api):
    name = unique("a.b")
    other = name.replace("a.b", "aXb")
    api.fill(f"/v2/queues/{other}", "secret")
    visitor = guest(api, share(api, f"/v2/queues/{name}"))
    assert visitor.get(f"/v2/queues/{name}/messages").status == 200
    assert visitor.get(f"/v2/queues/{other}/messages").status == 404


def test_guest_needs_a_client_id(api, queue):
    visitor = guest(api, share(api, queue), **{"Client-ID": None})
    refused(visitor.get(f"{queue}/messages"), 400, "Missing header value")


def test_signature_is_looked_at_before_all_else(api, queue):
    """Behind the route, before Content-Type, Accept and identity; an unknown path is a 404 in any case."""
    url = share(api, queue)
    bad = guest(api, {**url, "signature": "0" * 64}, **{
        "Client-ID": None, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"})
    assert refused(bad.get(f"{queue}/messages"), 404, described=False) == NOT_FOUND
    good = guest(api, url, **{"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"})
    refused(good.get(f"{queue}/messages"), 400, "Invalid Content-Type")


def test_options_need_no_signature(api, queue):
    visitor = guest(api, {**share(api, queue), "signature": "x"})
    assert visitor.call("OPTIONS", f"{queue}/messages").status == 200


# Tampering. Each case takes a good URL of the queue's messages (GET and POST, valid for an hour) and changes it.

def forged(url, **changes):
    """Signed anew, with a key that isn't the service's."""
    url = {**url, **changes}
    return {**url, "signature": sign(url["paths"], url["methods"], url["project"], url["expires"], "guess")}


def tampered(**changes):
    return lambda url: {**url, **changes}


def of(part, change):
    return lambda url: {**url, part: change(url[part])}


def resigned(**changes):
    """Signed with the right key, and yet nothing that is signed for anybody."""
    def change(url):
        url = {**url, **changes}
        return {**url, "signature": sign(url["paths"], url["methods"], url["project"], url["expires"])}
    return change


TAMPERED = {
    # the signature
    "no hex": tampered(signature="x" * 64),
    "zeros": tampered(signature="0" * 64),
    "first digit": of("signature", lambda s: ("1" if s[0] == "0" else "0") + s[1:]),
    "last digit": of("signature", lambda s: s[:-1] + ("1" if s[-1] == "0" else "0")),
    "upper case": of("signature", str.upper),
    "cut": of("signature", lambda s: s[:-1]),
    "longer": of("signature", lambda s: s + "0"),
    "twice": of("signature", lambda s: s + s),
    "one character": tampered(signature="a"),
    "with a comma": of("signature", lambda s: s + ","),
    "quoted": of("signature", lambda s: f'"{s}"'),
    "percent": of("signature", lambda s: f"%{ord(s[0]):x}{s[1:]}"),
    "in base64": of("signature", lambda s: base64.b64encode(bytes.fromhex(s)).decode()),
    "for another key": forged,
    "of the default key": lambda url: {**url, "signature": sign(
        url["paths"], url["methods"], url["project"], url["expires"], "None")},
    "with newlines between": lambda url: {**url, "signature": hmac.new(SECRET.encode(), "\n".join(
        [",".join(url["paths"]), ",".join(url["methods"]), url["project"], url["expires"]]).encode(),
        hashlib.sha256).hexdigest()},
    "plain hash": lambda url: {**url, "signature": hashlib.sha256((SECRET + url["project"]).encode()).hexdigest()},
    # the moment
    "later": tampered(expires=LATER),
    "a second later": of("expires", lambda e: moment(seconds_of(e) + 1 - datetime.datetime.now().timestamp())),
    "earlier": tampered(expires=moment(600)),
    "in the past": resigned(expires="2020-01-01T00:00:00"),
    "just over": resigned(expires=moment(0)),
    "year 1": resigned(expires="0001-01-01T00:00:00"),
    "no moment": tampered(expires="never"),
    "a number": tampered(expires="4102444800"),
    "no expires": tampered(expires=""),
    "another offset": of("expires", lambda e: e + "-01:00"),
    "no time of day": of("expires", lambda e: e[:10]),
    # the methods
    "another method": tampered(methods=["DELETE", "GET"]),
    "one method more": tampered(methods=["DELETE", "GET", "POST"]),
    "one method less": tampered(methods=["GET"]),
    "no methods": tampered(methods=[]),
    "an empty method": tampered(methods=["GET", "POST", ""]),
    "a method twice": tampered(methods=["GET", "GET", "POST"]),
    "lower case": tampered(methods=["get", "post"]),
    "a blank before": tampered(methods=["GET", " POST"]),
    "other methods signed": resigned(methods=["DELETE", "PUT"]),
    "any method": resigned(methods=["*"]),
    # the paths
    "another queue": tampered(paths=["/v2/queues/other/messages"]),
    "another resource": of("paths", lambda p: [p[0].replace("messages", "claims")]),
    "one path more": of("paths", lambda p: [*p, "/v2/queues/other/messages"]),
    "no paths": tampered(paths=[]),
    "an empty path": of("paths", lambda p: [*p, ""]),
    "path of the queue": of("paths", lambda p: [p[0].rpartition("/")[0]]),
    "slash at the end": of("paths", lambda p: [p[0] + "/"]),
    "path of all": tampered(paths=["/"]),
    "pattern": tampered(paths=[".*"]),
    "pattern signed": resigned(paths=[".*"]),
    "prefix signed": resigned(paths=["/v2/queues"]),
    "queue signed": lambda url: resigned(paths=[url["paths"][0].rpartition("/")[0]])(url),
    "broken pattern signed": resigned(paths=["["]),
    "other queue signed": resigned(paths=["/v2/queues/other/messages"]),
    "upper case path signed": lambda url: resigned(paths=[url["paths"][0].replace("messages", "MESSAGES")])(url),
    # the project
    "another project": tampered(project="another"),
    "project with a blank inside": of("project", lambda p: p[:3] + " " + p[3:]),
    "project in upper case": of("project", str.upper),
    "no project": tampered(project=""),
    "project and more": of("project", lambda p: p + r"\n" + LATER),
}
assert len(TAMPERED) >= 30


@pytest.mark.parametrize("what", TAMPERED)
def test_tampered(api, queue, what):
    api.fill(queue, "secret")
    url = share(api, queue, methods=["GET", "POST"], expires=moment(3600))
    visitor = guest(api, url)
    assert visitor.listed(queue) == ["secret"]
    changed = TAMPERED[what](url)
    assert changed != url
    visitor = guest(api, changed)
    for method, path, body in (("GET", "", None), ("POST", "", {"messages": [{"body": 1}]}), ("GET", "/x", None)):
        answer = visitor.call(method, f"{queue}/messages{path}", body)
        assert refused(answer, 404, described=False) == NOT_FOUND
    assert api.listed(queue) == ["secret"]


@pytest.mark.parametrize("missing", ["URL-Expires", "URL-Methods", "URL-Paths", "X-Project-ID"])
def test_companion_is_missing(api, queue, missing):
    visitor = guest(api, share(api, queue), **{missing: None, "X-Tenant-Id": api.project})
    assert refused(visitor.get(f"{queue}/messages"), 404, described=False) == NOT_FOUND


def doubled(api, path, url, name, values):
    head = render("GET", path, {**api.headers, **shown(url), name: None})[:-2]
    return send(api.port, head + "".join(f"{name}: {v}\r\n" for v in values).encode() + b"\r\n")


@pytest.mark.parametrize("name", ["URL-Signature", "URL-Expires", "URL-Methods", "URL-Paths", "X-Project-ID", "X-Roles",
                                  "Client-ID"])
def test_said_twice(api, queue, name):
    """In two ways: refused, whichever is right; the same twice is the same."""
    url = share(api, queue)
    right = {**api.headers, **shown(url), "X-Roles": "member"}[name]
    for wrong in ("x", "", right + "x"):
        for values in ([right, wrong], [wrong, right], [right, right, wrong]):
            answer = doubled(api, f"{queue}/messages", url, name, values)
            assert answer.status in (400, 404), values
    assert doubled(api, f"{queue}/messages", url, name, [right, right]).status == 200


# Without a signature nothing changes (OSSA-2026-042, OSSA-2026-029)

@pytest.mark.parametrize("headers", [
    {"URL-Signature": ""}, {"URL-Signature": " "}, {"URL-Signature": None}, {"URL-Signature": "", "URL-Paths": ""},
    {"URL-Signature": "", "EXTRA-SPEC": "messagecode:x"}, {"URL-Signature": None, "EXTRA-SPEC": ""},
])
def test_without_signature_it_is_a_request_like_any_other(api, queue, headers):
    """It is let in as whoever it says it is, and nothing else: the companions neither grant nor refuse."""
    url = {**share(api, queue), "expires": "2020-01-01T00:00:00", "paths": ["/v2/queues/other/messages"]}
    anybody = guest(api, url, **headers)
    assert anybody.get(queue).status == 200
    refused(guest(api, url, **headers, **{"Client-ID": None}).get(queue), 400, "Missing header value")
    refused(guest(api, {**url, "project": ""}, **headers).get(queue), 400, "Empty project header not allowed")


@pytest.mark.parametrize("spec", ["messagecode:x", "messagecode:", ":x", ""])
def test_extra_spec_does_not_replace_a_signature(api, queue, spec):
    visitor = guest(api, {**share(api, queue), "signature": "0" * 64}, **{"EXTRA-SPEC": spec})
    assert visitor.get(f"{queue}/messages").status == 404


@pytest.mark.parametrize("path", ["/v2/queues/q/messages", "/v2/queues/q", "/v2/pools", "/v2/ping", "/v2/queues"])
def test_roles_of_a_guest_are_not_believed(api, path):
    """Also where administrators may go: nobody gets there with a URL, whatever he calls himself."""
    url = share(api, "/v2/queues/q")
    visitor = guest(api, url, **{"X-Roles": "admin", "X-User-Id": "root", "X-Auth-Token": "t"})
    assert visitor.get(path).status == (200 if path.endswith("/messages") else 404)


def test_a_guest_cannot_share(api, queue):
    url = share(api, queue, paths=["messages", "claims", "subscriptions"], methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    visitor = guest(api, url)
    for method, path in (("POST", "share"), ("POST", "purge"), ("GET", "stats")):
        assert visitor.call(method, f"{queue}/{path}", {} if method == "POST" else None).status == 404
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert visitor.call(method, queue).status == 404


def test_url_ends(api, queue):
    """By the clock: good until its second comes."""
    until = int(time.time()) + 2
    url = share(api, queue, expires=datetime.datetime.fromtimestamp(until, datetime.timezone.utc).isoformat())
    visitor, seen = guest(api, url), set()
    while time.time() < until + 0.2:
        before = time.time()
        status = visitor.get(f"{queue}/messages").status
        if time.time() < until:
            assert status == 200
        if before >= until:
            assert status == 404
        seen.add(status)
    assert seen == {200, 404}


# Hostile

@pytest.mark.parametrize("name", ["URL-Signature", "URL-Expires", "URL-Methods", "URL-Paths"])
@pytest.mark.parametrize("value", [b",", b"," * 8000, b"\xff", b"%00", b"a" * 30000, b"\\n", b"/v2/queues/q/messages," * 1000,
                                   b"GET," * 4000, b"9" * 100, b"2100-01-01T00:00:00." + b"9" * 5000])
def test_odd_values(api, queue, name, value):
    visitor = guest(api, share(api, queue), **{name: value})
    assert parse(converse(api.port, render("GET", f"{queue}/messages", visitor.headers)), ["GET"])[0][0].status == 404
    assert api.get(queue).status == 200


def test_large_share(api, queue):
    body = {"methods": ["GET"], "expires": "2100-01-01", "paths": ["messages"] * 20000}
    refused(api.post(f"{queue}/share", body), 400, "Invalid API request")
    deep = b'{"paths": ' + b"[" * 600 + b"]" * 600 + b"}"
    refused(api.post(f"{queue}/share", deep), 400, "Invalid request body")


def test_members_of_one_name(api, queue):
    """The last one counts, also when it is written with escapes."""
    url = api.post(f"{queue}/share", b'{"methods": ["PUT"], "m\\u0065thods": ["POST"]}').json
    assert url["methods"] == ["POST"]
    assert json.dumps(url)
    refused(api.post(f"{queue}/share", b'{"methods\\u0020": []}'), 400, "Invalid API request")


def test_project_of_any_bytes(api, queue):
    """What is signed is what the headers hold."""
    project = f"{uuid.uuid4().hex} a,b/ü\\n"
    url = api.post(f"{queue}/share", {}, {"X-Project-ID": project}).json
    assert url["project"] == project
    assert guest(api, url).get(f"{queue}/messages").status == 200
