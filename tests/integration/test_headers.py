"""Routing, the order of checks, identity, Accept, Content-Type, and what every answer carries
(sections 1.1, 1.2, 1.5, 1.6, 1.8).
"""

import re
import uuid

import pytest
from support.api import METHODS, NOT_FOUND, ROUTES, Client, converse, new_queue, refused, render, send

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"}
TEXT = {"Accept": "text/plain"}
NO_CLIENT = {"Client-ID": None}
NO_PROJECT = {"X-Project-ID": None}
PLUGIN = {"EXTRA-SPEC": "nonsense:data"}
REQUEST_ID = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ID = "3381af922b9e11e3b19171861300734c"
DASHED = str(uuid.UUID(ID))


# Order of checks: the first fault of the table in 1.1 is the one that is told.

@pytest.mark.parametrize("path, headers, status, title", [
    ("/v2/none", {**FORM, **NO_CLIENT, **NO_PROJECT}, 404, "404 Not Found"),
    ("/v2/queues/q", {**FORM, **NO_CLIENT, **NO_PROJECT}, 400, "Invalid Content-Type"),
    ("/v2/queues/q", {**NO_CLIENT, **NO_PROJECT, **PLUGIN}, 400, "Missing header value"),
    ("/v2/queues/@", {**NO_CLIENT, **NO_PROJECT}, 400, "Missing header value"),
    ("/v2/queues/@", {**NO_PROJECT, **PLUGIN}, 400, "Project-Id Missing"),
    ("/v2/queues/@", {"X-Project-ID": ""}, 400, "Empty project header not allowed"),
    ("/v2/queues/@", PLUGIN, 400, "Invalid queue identification"),
    ("/v2/queues/q/messages?limit=0", PLUGIN, 400, None),
    ("/v2/queues?limit=0", {"Client-ID": "x"}, 400, "Wrong UUID value"),
])
def test_first_fault_wins(api, path, headers, status, title):
    refused(api.get(path, headers=headers), status, title, described=status != 404)


def test_form_is_refused_before_accept(api):
    assert api.get("/v2/queues", headers={**FORM, **TEXT}).status == 400


def test_accept_is_checked_before_identity(api):
    assert api.get("/v2/queues", headers={**TEXT, **NO_CLIENT}).status == 406


@pytest.mark.parametrize("headers, title", [
    (NO_CLIENT, "Missing header value"),
    (NO_PROJECT, "Project-Id Missing"),
])
def test_identity_is_checked_before_the_method(api, headers, title):
    refused(api.post("/v2/queues", headers=headers), 400, title)


def test_plugin_is_checked_before_the_method(api):
    refused(api.post("/v2/queues", headers=PLUGIN), 400)


def test_query_is_read_before_the_body(api, queue):
    refused(api.post(f"{queue}/claims?limit=x", b"{"), 400, "Invalid parameter")


def test_query_is_checked_before_storage(api):
    refused(api.get(f"{new_queue()}/messages?limit=0"), 400, "Invalid API request")


@pytest.mark.parametrize("path", [path for path in ROUTES if path != "/"])
def test_every_route_needs_identity(api, path):
    refused(api.get(path, headers=NO_CLIENT), 400, "Missing header value")
    refused(api.get(path, headers=NO_PROJECT), 400, "Project-Id Missing")


# Client-ID

@pytest.mark.parametrize("value", [
    DASHED, ID, ID.upper(), DASHED.upper(), f"{{{DASHED}}}", f"{{{ID}}}", f"urn:uuid:{DASHED}",
    f"urn:uuid:{ID}", f"{ID[:3]}-{ID[3:]}",
])
def test_client_id_forms_are_one_client(api, queue, value):
    Client(api.port, api.project, DASHED).fill(queue, "mine")
    same = Client(api.port, api.project, value)
    assert same.listed(queue, "echo=false") == []
    assert same.listed(queue, "echo=true") == ["mine"]
    same.fill(queue, "again")
    assert Client(api.port, api.project, ID).listed(queue, "echo=false") == []


@pytest.mark.parametrize("value", [
    "", "x", ID[:-1], ID + "0", "g" + ID[1:], f"{ID[:-1]}_0"[:32], f"0x{ID[2:]}", f"({ID})",
    f"uuid {ID}", "é" * 16, "-", "a" * 10000,
])
def test_client_id_is_no_uuid(api, value):
    refused(api.get("/v2/queues", headers={"Client-ID": value}), 400, "Wrong UUID value")


def test_client_id_missing(api):
    refused(api.get("/v2/queues", headers=NO_CLIENT), 400, "Missing header value")


# Twice

@pytest.mark.parametrize("name", ["Client-ID", "X-Project-ID", "X-Tenant-Id", "X-Tenant", "X-Auth-Token"])
def test_caller_is_named_in_two_ways(api, name):
    """Whoever looked at the caller before us may have looked at the other one."""
    for values in (["a", "b"], ["", "b"], ["b", ""], [ID, ID, DASHED]):
        twice = "".join(f"{name}: {value}\r\n" for value in values)
        headers = {**api.headers, name: None}
        request = render("GET", "/v2/queues", headers)[:-2] + twice.encode() + b"\r\n"
        error = refused(send(api.port, request), 400, "Invalid header value")
        assert name.lower() in error["description"].lower()
        assert send(api.port, request.replace(b"/v2/queues", b"/")).status == 300
        assert send(api.port, request.replace(b"/v2/queues", b"/v2/none")).status == 404


@pytest.mark.parametrize("name", ["Client-ID", "X-Project-ID", "X-Tenant-Id", "X-Tenant", "X-Auth-Token"])
def test_caller_is_named_twice(api, queue, name):
    value = api.headers.get(name, api.project)
    request = render("GET", "/v2/queues", {**api.headers, name: value})[:-2] + \
        f"{name}:  {value} \r\n\r\n".encode()
    assert send(api.port, request).json["queues"][0]["href"] == queue


# X-Project-ID

@pytest.mark.parametrize("value", ["p", "my project", "a/b:c,d;e", "%20", "ü", "プロジェクト", "0"])
def test_project_may_be_any_text(api, value):
    project = f"{api.project} {value}"
    named, same, shorter = Client(api.port, project), Client(api.port, project), api
    queue = named.queue()
    name = queue.rpartition("/")[2]
    assert same.queues() == [name]
    assert shorter.queues() == []


def test_project_of_256_characters(api):
    longest = (api.project * 20)[:256]
    assert api.put(new_queue(), headers={"X-Project-ID": longest}).status == 201


@pytest.mark.parametrize("path", [path for path in ROUTES if path.count("/") > 2])
def test_project_of_257_characters(api, path):
    too_long = {"X-Project-ID": "p" * 257}
    kind = path.split("/")[2].rstrip("s")
    refused(api.get(path, headers=too_long), 400, f"Invalid {kind} identification")


@pytest.mark.parametrize("path, status", [("/v2/queues", 200), ("/v2/topics", 200), ("/v2/", 200),
                                          ("/v2/ping", 204)])
def test_length_of_project_matters_only_with_a_queue(api, path, status):
    assert api.get(path, headers={"X-Project-ID": "p" * 257}).status == status


@pytest.mark.parametrize("names", [["X-Tenant-Id"], ["X-Tenant"], ["X-Tenant-Id", "X-Tenant"],
                                   ["X-Project-ID", "X-Tenant-Id", "X-Tenant"]])
def test_project_falls_back_to_tenant(api, queue, names):
    """The first of the names decides; the later ones name another project."""
    headers = {**NO_PROJECT, **{name: "another" for name in names}, names[0]: api.project}
    answer = api.get("/v2/queues", headers=headers)
    assert [q["name"] for q in answer.json["queues"]] == [queue.rpartition("/")[2]]


def test_empty_project_does_not_fall_back(api):
    headers = {"X-Project-ID": "", "X-Tenant-Id": api.project}
    refused(api.get("/v2/queues", headers=headers), 400, "Empty project header not allowed")


@pytest.mark.parametrize("name, value", [
    ("X-Roles", "admin"), ("X-ROLES", "admin,member"), ("X-Auth-Token", "t"), ("X-User-Id", "u"),
    ("X-Domain-Id", "d"), ("X-User-Domain-Id", "d"), ("X-Project-Domain-Id", "d"),
    ("Location", "Munch({})"), ("URL-Signature", ""),
])
def test_other_headers_do_no_harm(api, name, value):
    assert api.get("/v2/queues", headers={name: value}).status == 200


def test_header_names_have_no_case(api, queue):
    answer = api.get("/v2/queues", headers={
        **NO_CLIENT, **NO_PROJECT, "cLIENT-id": ID, "x-project-id": api.project})
    assert len(answer.json["queues"]) == 1


# EXTRA-SPEC

@pytest.mark.parametrize("value, status", [
    ("", 200), (":data", 200), ("messagecode:data", 200), ("messagecode:", 200),
    ("nonsense:data", 400), ("nonsense:", 400),
])
def test_extra_spec(api, value, status):
    answer = api.get("/v2/queues", headers={"EXTRA-SPEC": value})
    assert answer.status == status
    if status != 200:
        refused(answer, status)


# Content-Type and Accept

@pytest.mark.parametrize("value", ["application/x-www-form-urlencoded",
                                   "Application/X-WWW-Form-URLencoded"])
@pytest.mark.parametrize("path", ROUTES)
def test_form_is_refused(api, path, value):
    headers = {"Content-Type": value, "Content-Length": "0"}
    refused(api.get(path, headers=headers), 400, "Invalid Content-Type")


def test_form_is_refused_with_a_body(api):
    queue = new_queue()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(api.put(queue, b"{}", headers), 400, "Invalid Content-Type")
    assert api.queues() == []


@pytest.mark.parametrize("headers", [
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Content-Length": "0"},
])
def test_form_passes(api, headers):
    assert api.get("/v2/queues", headers=headers).status == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/xml", "nonsense", ""])
def test_content_type_is_not_looked_at(api, kind):
    queue = new_queue()
    headers = {"Content-Type": kind}
    assert api.put(queue, b"{}", headers).status == 201
    assert api.post(f"{queue}/messages", b'{"messages": [{"body": 1}]}', headers).status == 201
    assert api.post(f"{queue}/claims", b"{}", headers).status == 201
    assert api.post(f"{queue}/purge", b'{"resource_types": []}', headers).status == 204


@pytest.mark.parametrize("value", [
    None, "*/*", "application/*", "application/json", "APPLICATION/JSON", "application/json;q=0.1",
    "text/html, application/json", "text/html,*/*;q=0.1", "application/json; charset=utf-8",
])
def test_accept_admits_json(api, value):
    for path, status in (("/", 300), ("/v2/", 200), ("/v2/queues", 200), ("/v2/ping", 204)):
        assert api.get(path, headers={"Accept": value}).status == status


@pytest.mark.parametrize("value", ["text/plain", "text/html, image/*", "application/xml",
                                   "application/json-home", "application/json;q=0"])
@pytest.mark.parametrize("path", ROUTES)
def test_accept_refuses_json(api, path, value):
    assert api.get(path, headers={"Accept": value}).status == 406


def test_error_follows_accept(api):
    """XML where it is asked for, nothing for a type that is neither."""
    answer = api.get("/v2/queues", headers={"Accept": "application/xml"})
    assert (answer.status, answer.headers["Content-Type"]) == (406, "application/xml")
    assert b"<error><title>406 Not Acceptable</title>" in answer.raw
    assert b"<link>" in answer.raw and b"<rel>help</rel>" in answer.raw
    answer = api.get("/v2/queues", headers=TEXT)
    assert (answer.status, answer.raw) == (406, b"")
    answer = api.get("/v2/queues?limit=0",
                     headers={"Accept": "application/xml, application/json;q=0.5"})
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/xml")
    assert b"<error><title>Invalid API request</title>" in answer.raw
    answer = api.get("/v2/queues?limit=0", headers={"Accept": "text/plain, application/json;q=0.5"})
    refused(answer, 400, "Invalid API request")
    answer = api.get("/v2/none", headers=TEXT)
    assert (answer.status, answer.raw) == (404, b"")


def test_error_in_xml_is_escaped(api):
    answer = api.get("/v2/queues?limit=%3Cb%3E%26",
                     headers={"Accept": "application/xml, application/json;q=0.5"})
    assert answer.status == 400
    assert b"<b>" not in answer.raw


# Routing

@pytest.mark.parametrize("path", [
    "/v1", "/v1/", "/v1.1/queues", "/v2/none", "/v3/", "//", "//v2/", "/v2//", "/v2//queues",
    "/v2/queues//", "/v2/queues/q/", "/v2/queues//q", "/v2/queues/q//messages",
    "/v2/queues/q/stats/", "/v2/queues/q/purge/", "/v2/queues/q/none", "/v2/queues/q/messages/x/",
    "/v2/queues/q/messages/x/y", "/v2/queues/q/claims/x/", "/v2/ping/", "/v2/ping/x", "/V2/queues",
    "/v2/Queues", "/favicon.ico", "/v2/health", "/v2/pools", "/v2/pools/p", "/v2/flavors",
    "/v2/flavors/f",
])
def test_no_route(api, path):
    assert (refused(api.get(path), 404, described=False)) == NOT_FOUND
    nobody = {**NO_CLIENT, **NO_PROJECT, **FORM}
    assert refused(api.get(path, headers=nobody), 404, described=False) == NOT_FOUND


def test_v2_without_slash(api):
    """404 by the contract, which calls serving both harmless."""
    answer = api.get("/v2")
    assert answer.status in (200, 404)
    assert answer.json == (NOT_FOUND if answer.status == 404 else api.get("/v2/").json)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_empty_queue_name(api, method):
    refused(api.call(method, "/v2/queues/"), 400, "Invalid queue identification")


@pytest.mark.parametrize("collection", ["messages", "claims"])
def test_empty_item(api, queue, collection):
    refused(api.get(f"{queue}/{collection}/"), 404, "Not found")


WRONG = [(path, method) for path, allowed in ROUTES.items() for method in METHODS
         if method not in allowed]


@pytest.mark.parametrize("path, method", WRONG)
def test_method_not_allowed(api, path, method):
    answer = api.call(method, path)
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) == {*ROUTES[path], "OPTIONS"}
    if method == "HEAD":
        assert answer.raw == b""
    else:
        assert refused(answer, 405, described=False) == {"title": "405 Method Not Allowed"}


@pytest.mark.parametrize("path", [*ROUTES, "/v2/none", "/v2/queues/@"])
def test_head_has_no_body(api, path):
    """RFC 9110, 9.3.2: nothing may follow the headers, or the next answer is lost."""
    head, _, body = converse(api.port, render("HEAD", path, api.headers)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    assert body == b""


@pytest.mark.parametrize("path", ROUTES)
def test_order_of_allow(api, path):
    """The methods of the route by the alphabet, then OPTIONS, as the peer has it."""
    wrong = "PUT" if "PUT" not in ROUTES[path] else "POST"
    assert api.call(wrong, path).headers["Allow"] == ", ".join([*ROUTES[path], "OPTIONS"])


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_method_that_no_route_has(api, method):
    """Known to HTTP, so 405 as with the peer; 400 is for tokens that are no method."""
    refused(api.call(method, "/v2/queues"), 405, described=False)


@pytest.mark.parametrize("method", ["FOO", "get", "X"])
@pytest.mark.parametrize("path", ROUTES)
def test_unknown_method(api, path, method):
    refused(api.call(method, path), 400, "Bad request")


@pytest.mark.parametrize("path", ROUTES)
def test_options(api, path):
    answer = api.call("OPTIONS", path)
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["Allow"] == ", ".join(ROUTES[path])


@pytest.mark.parametrize("path", [*ROUTES, "/v2", "/v2/none", "/v2/queues/@", "/v2/queues/",
                                  "/v2/queues?limit=0"])
@pytest.mark.parametrize("headers", [{}, {**NO_CLIENT, **NO_PROJECT}, FORM, TEXT, PLUGIN])
def test_options_never_fails(api, path, headers):
    answer = api.call("OPTIONS", path, headers=headers)
    assert (answer.status, answer.raw) == (200, b"")


# What answers carry

def test_request_id_is_new_for_each_answer(api, queue):
    answers = [api.get("/"), api.get("/v2/"), api.get("/v2/queues"), api.get("/v2/ping"),
               api.get("/v2/none"), api.get("/v2/queues", headers=NO_CLIENT), api.put(queue),
               api.post("/v2/queues"), api.get("/v2/queues", headers=TEXT),
               api.call("OPTIONS", "/v2/queues"), api.call("HEAD", "/v2/queues")]
    ids = [answer.headers["x-openstack-request-id"] for answer in answers]
    assert all(REQUEST_ID.fullmatch(name) for name in ids), ids
    assert len(set(ids)) == len(ids)


def test_content_type_of_answers(api, queue):
    for answer in (api.get("/v2/queues"), api.get(queue), api.put(new_queue()),
                   api.get(f"{queue}/messages"), api.get(f"{queue}/stats")):
        assert answer.headers.get_all("Content-Type") == ["application/json"]
    for answer in (api.put(queue), api.delete(new_queue()), api.post(f"{queue}/claims"),
                   api.post(f"{queue}/purge")):
        assert (answer.status, answer.raw) == (204, b"")
        assert answer.headers["Content-Type"] is None


def test_created_without_a_body(api):
    answer = api.put(new_queue())
    assert (answer.status, answer.raw) == (201, b"")
    assert answer.headers.get_all("Content-Length") == ["0"]


def test_hrefs_are_relative(server, api):
    queue = new_queue()
    headers = {"Host": "example.org:1234", "X-Forwarded-Prefix": "/mount"}
    assert api.put(queue, headers=headers).headers["Location"] == queue
    answer = api.post(f"{queue}/messages", {"messages": [{"body": 1}]}, headers)
    assert answer.headers["Location"].startswith(f"{queue}/messages?ids=")
    assert answer.json["resources"][0].startswith(f"{queue}/messages/")
    assert api.get("/v2/queues", headers=headers).json["queues"][0]["href"] == queue


def test_answer_is_utf8(api):
    queue = api.queue(ключ="значение")
    assert "ключ".encode() in api.get(queue).raw
    assert "значение".encode() in api.get(queue).raw


def test_absolute_target(server):
    """RFC 9112, 3.2.2: a server must accept the absolute form."""
    answer = send(server.port, render("GET", "http://localhost/"))
    assert answer.status == 300
