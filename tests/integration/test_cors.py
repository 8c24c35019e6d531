"""What pages of other origins may do from a browser (section 1.8)."""

import pytest
from support.api import METHODS, ROUTES, Client, render, send

PAGE = "https://console.example"
OTHER = "http://localhost:3000"
EXPOSED = "X-Auth-Token,X-Subject-Token,X-Service-Token,X-OpenStack-Request-ID"


@pytest.fixture(scope="module")
def sharing(start):
    return start(f"cors.allowed_origin={PAGE}, {OTHER}", "router.gzip_min_size=0")


@pytest.fixture
def api(sharing):
    return Client(sharing.port)


def said(answer):
    """All that an answer says of it."""
    return {name.lower(): value for name, value in answer.headers.items()
            if name.lower().startswith("access-control-")}


def simple(origin=PAGE):
    return {"access-control-allow-origin": origin, "access-control-allow-credentials": "true",
            "access-control-expose-headers": EXPOSED}


def preflight(port, path, origin=PAGE, method="GET", headers=None):
    """As a browser sends it: with no identity at all."""
    answer = send(port, render("OPTIONS", path, {"Origin": origin, "Access-Control-Request-Method": method,
                                                 "Access-Control-Request-Headers": headers}), "OPTIONS")
    assert (answer.status, answer.raw) == (200, b"")
    return answer


@pytest.mark.parametrize("path, status", [
    ("/", 300), ("/v2/", 200), ("/v2/ping", 204), ("/v2/queues", 200), ("/v2/queues/q/stats", 200),
    ("/v2/none", 404), ("/v2/queues?limit=0", 400), ("/v2/queues/@", 400), ("/v2/queues/q/messages/x", 404),
])
@pytest.mark.parametrize("origin", [PAGE, OTHER])
def test_every_answer_says_it(api, path, status, origin):
    answer = api.get(path, headers={"Origin": origin})
    assert answer.status == status
    assert said(answer) == simple(origin)
    assert answer.headers.get_all("Vary") == ["Origin" if status < 400 else "Accept, Origin"]
    assert answer.headers["x-openstack-request-id"]


@pytest.mark.parametrize("method, path, body, status", [
    ("PUT", "/v2/queues/made", {}, 201), ("PUT", "/v2/queues/made", b"{", 400), ("PUT", "/v2/queues", None, 405),
    ("FOO", "/v2/queues", None, 400), ("HEAD", "/v2/ping", None, 204), ("POST", "/v2/queues/q/share", {}, 400),
    ("POST", "/v2/queues/q/claims", None, 204), ("PATCH", "/v2/queues/nothing", b"[]", 404),
])
def test_every_method_says_it(api, method, path, body, status):
    answer = api.call(method, path, body, {
        "Origin": PAGE, "Content-Type": "application/openstack-messaging-v2.0-json-patch"})
    assert answer.status == status
    assert said(answer) == simple()


@pytest.mark.parametrize("headers, body, status", [
    ({"Client-ID": None}, None, 400), ({"X-Project-ID": None}, None, 400), ({"Accept": "text/plain"}, None, 406),
    ({"URL-Signature": "x"}, None, 404), ({"EXTRA-SPEC": "x:y"}, None, 400), ({"Content-Length": "x"}, None, 400),
    ({"Host": None}, None, 400), ({}, b"x" * 1000000, 400),
])
def test_every_refusal_says_it(api, headers, body, status):
    """Also those that are made before anybody looks at the request."""
    answer = send(api.port, render("GET", "/v2/queues", {**api.headers, "Origin": PAGE, **headers}, body)
                  if "Host" not in headers else
                  render("GET", "/v2/queues", {**api.headers, "Origin": PAGE}).replace(b"Host: localhost\r\n", b""))
    assert answer.status == status
    assert said(answer) == simple()
    assert answer.headers.get_all("Vary") == ["Accept, Origin"]


@pytest.mark.parametrize("origin", [
    None, "", "null", "*", "https://console.example:443", "http://console.example", "https://CONSOLE.example",
    "https://console.example/", "https://console.example.evil", "https://evil.example", "console.example",
    f"{PAGE}, {OTHER}", f"{PAGE},{OTHER}", "é", "a" * 5000,
])
def test_other_origins_are_told_nothing(api, origin):
    answer = api.get("/v2/queues", headers={"Origin": origin})
    assert (answer.status, said(answer)) == (200, {})
    assert answer.headers["Vary"] is None
    if origin is not None:
        assert said(preflight(api.port, "/v2/queues", origin)) == {}


def test_two_origins_are_none(api):
    for both in ([PAGE, OTHER], [PAGE, PAGE], ["https://evil.example", PAGE]):
        head = render("GET", "/v2/queues", api.headers)[:-2]
        answer = send(api.port, head + "".join(f"Origin: {o}\r\n" for o in both).encode() + b"\r\n")
        assert (answer.status, said(answer)) == (200, {})


@pytest.mark.parametrize("path", [*ROUTES, "/v2", "/v2/none", "/v2/queues/@", "/other"])
def test_preflight_needs_nothing(api, path):
    answer = preflight(api.port, path, headers="client-id,content-type")
    assert said(answer) == {
        "access-control-allow-origin": PAGE, "access-control-allow-credentials": "true",
        "access-control-max-age": "3600", "access-control-allow-methods": "GET",
        "access-control-allow-headers": "client-id,content-type"}
    assert answer.headers.get_all("Vary") == ["Origin"]


@pytest.mark.parametrize("method", METHODS)
def test_preflight_of_each_method(api, method):
    answer = preflight(api.port, "/v2/queues", method=method)
    assert answer.headers["Access-Control-Allow-Methods"] == method
    assert answer.headers["Access-Control-Allow-Headers"] is None


@pytest.mark.parametrize("headers, told", [
    ("X-Auth-Token", "X-Auth-Token"), ("CLIENT-ID,x-roles", "CLIENT-ID,x-roles"), (" client-id , accept ,", "client-id,accept"),
    ("content-type,cache-control,expires,pragma", "content-type,cache-control,expires,pragma"), (",", None), ("", None),
])
def test_preflight_of_headers(api, headers, told):
    answer = preflight(api.port, "/v2/queues", headers=headers)
    assert answer.headers["Access-Control-Allow-Headers"] == told
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("method, headers", [
    (None, None), ("", None), ("get", None), ("OPTIONS", None), ("TRACE", None), ("GET,PUT", None), ("*", None),
    ("GET", "X-Project-ID"), ("GET", "Client-ID,X-Other"), ("GET", "*"), ("GET", "Client-ID X-Auth-Token"),
    ("GET", "client-id\t,;"),
])
def test_preflight_of_what_is_not_allowed(api, method, headers):
    """200 without a word; the browser then refuses."""
    answer = preflight(api.port, "/v2/queues", method=method, headers=headers)
    assert said(answer) == {}
    assert answer.headers["Allow"] == "GET"


def test_off_by_default(server):
    api = Client(server.port)
    answer = api.get("/v2/queues", headers={"Origin": PAGE})
    assert (said(answer), answer.headers["Vary"]) == ({}, None)
    assert said(preflight(server.port, "/v2/queues")) == {}


def test_star(start):
    """All origins, as OpenStack's services do it: credentials go with listed origins only, as browsers want it."""
    api = Client(start(f"cors.allowed_origin={PAGE},*").port)
    for origin, told in ((PAGE, PAGE), ("https://any.example", "*"), ("null", "*")):
        answer = api.get("/v2/queues", headers={"Origin": origin})
        assert said(answer) == simple(told)
        assert preflight(api.port, "/", origin).headers["Access-Control-Allow-Origin"] == told
    assert said(api.get("/v2/queues")) == {}


def test_options_of_the_configuration(start):
    api = Client(start(f"cors.allowed_origin={PAGE}", "cors.allow_credentials=false", "cors.max_age=0",
                       "cors.expose_headers= X-A , X-B ", "cors.allow_methods=GET", "cors.allow_headers=X-Project-ID").port)
    answer = api.get("/v2/queues", headers={"Origin": PAGE})
    assert said(answer) == {"access-control-allow-origin": PAGE, "access-control-expose-headers": "X-A,X-B"}
    assert said(preflight(api.port, "/v2/queues", headers="x-project-id")) == {
        "access-control-allow-origin": PAGE, "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-project-id"}
    assert said(preflight(api.port, "/v2/queues", method="PUT")) == {}
    assert said(preflight(api.port, "/v2/queues", headers="client-id")) == {}
