"""Bad manners on the socket: garbage, half requests, pipelines, huge headers, slow bodies, clients
that go away. After each of them the same process still serves.

Where no rule of HTTP or of the API says what comes back, anything may, but no answer of 5xx.
"""

import contextlib
import json
import os
import random
import re
import socket

import pytest
from support.api import METHODS, ROUTES, Client, converse, new_queue, parse, refused, render, send
from support.servers import wait_for

POST = b'{"messages": [{"body": "%s"}]}'
ONE = POST % b"x"


@pytest.fixture(scope="module")
def victim(start):
    """A server that gives up on slow clients soon."""
    return start("router.client_timeout=2")


@pytest.fixture
def api(victim):
    """A client of the victim, which must be alive and well afterwards."""
    before = victim.process.pid
    yield Client(victim.port)
    assert victim.process.poll() is None, victim.text()[-4000:]
    assert victim.process.pid == before
    client = Client(victim.port)
    queue = client.queue()
    client.fill(queue, 1)
    assert client.listed(queue) == [1]


def statuses(came):
    """The statuses of all answers in what came."""
    return [int(status) for status in re.findall(rb"HTTP/1\.\d (\d{3})", came)]


def connect(api):
    return socket.create_connection(("127.0.0.1", api.port), 20)


def good(api, path="/v2/queues"):
    return render("GET", path, api.headers)


GARBAGE = {
    "nothing": b"", "nul": b"\0" * 1000, "line ends": b"\r\n" * 5000, "newlines": b"\n" * 5000,
    "word": b"GET", "no version": b"GET /\r\n\r\n", "lower version": b"GET / http/1.1\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n\r\n", "version text": b"GET / HTTP/x.y\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\nHost: h\r\n\r\n", "three blanks": b"GET   /   HTTP/1.1\r\n\r\n",
    "tls": bytes.fromhex("1603010200010001fc0303") + b"\x5a" * 500, "ssh": b"SSH-2.0-x\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
    "random": random.Random(1).randbytes(100000), "high bytes": b"\xff" * 100000,
    "redis": b"*1\r\n$4\r\nPING\r\n", "proxy": b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n",
    "header without name": b"GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n",
    "blank in a name": b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    "nul in a header": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
    "nul in the path": b"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n  b\r\n\r\n",
    "bare newlines": b"GET / HTTP/1.1\nHost: h\n\n", "returns": b"GET / HTTP/1.1\rHost: h\r\r",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "long method": b"G" * 1000000, "long path": b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nX: " + b"a" * 1000000 + b"\r\n\r\n",
    "long header name": b"GET / HTTP/1.1\r\n" + b"a" * 1000000 + b": x\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100000 + b"\r\n",
    "150 headers": b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 150 + b"\r\n",
    "endless headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100000,
    "star": b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "connect": b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "no slash": b"GET v2/queues HTTP/1.1\r\nHost: h\r\n\r\n",
    "up": b"GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n",
    "upgrade": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
               b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "websocket": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Version: 13\r\n"
                 b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(api, name):
    assert all(status < 500 for status in statuses(converse(api.port, GARBAGE[name])))


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_behind_a_request(api, name):
    """The first request is answered all the same, unless the connection broke over the rest."""
    came = statuses(converse(api.port, good(api) + GARBAGE[name]))
    assert came[:1] in ([200], [])
    assert all(status < 500 for status in came)


# Bodies that don't fit their headers

BODIES = {
    "cut": b"Content-Length: 1000\r\n\r\n" + ONE,
    "none": b"Content-Length: 1000\r\n\r\n",
    "bad chunk size": b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + ONE + b"\r\n0\r\n\r\n",
    "negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + ONE + b"\r\n0\r\n\r\n",
    "huge chunk": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + ONE,
    "chunk of 100 digits": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n" + ONE,
    "chunk too short": b"Transfer-Encoding: chunked\r\n\r\n2\r\n" + ONE + b"\r\n0\r\n\r\n",
    "chunk too long": b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + ONE + b"\r\n0\r\n\r\n",
    "no last chunk": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(ONE), ONE),
    "no end of chunk": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s0\r\n\r\n" % (len(ONE), ONE),
    "endless chunk size": b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 100000,
    "long extension": b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 500000,
    "gzip": b"Transfer-Encoding: gzip\r\n\r\n" + ONE,
    "two lengths": b"Content-Length: 30\r\nContent-Length: 1000\r\n\r\n" + ONE,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/messages", "/claims", ""])
def test_body_that_does_not_fit(api, name, path):
    """Nothing is done for a request that never came in full."""
    queue = new_queue()
    head = render("PUT" if path == "" else "POST", queue + path, api.headers)[:-2]
    came = statuses(converse(api.port, head + BODIES[name]))
    assert all(400 <= status < 500 for status in came), came
    assert api.queues() == []


@pytest.mark.parametrize("lengths", ["Content-Length: 2\r\nContent-Length: 3",
                                     "Content-Length: 3\r\nContent-Length: 2",
                                     "Content-Length: 2, 3"])
def test_lengths_that_differ(api, lengths):
    """RFC 9112, 6.3: an error that no server may get over; section 1.4: 400."""
    head = render("PUT", new_queue(), api.headers)[:-2] + lengths.encode() + b"\r\n\r\n{} "
    assert statuses(converse(api.port, head))[:1] == [400]
    assert api.queues() == []


def test_length_and_chunks(api):
    """RFC 9112, 6.1: refused, or read by its chunks and the connection closed."""
    hidden = new_queue()
    request = render("PUT", new_queue(), {**api.headers, "Transfer-Encoding": "chunked"},
                     b"0\r\n\r\n" + render("PUT", hidden, api.headers))
    came = statuses(converse(api.port, request))
    assert came in ([201], [400])
    assert hidden.rpartition("/")[2] not in api.queues()


SMUGGLED = b"PUT /v2/queues/smuggled HTTP/1.1\r\nHost: h\r\nClient-ID: %s\r\nX-Project-ID: %s\r\n\r\n"


@pytest.mark.parametrize("size", [b"0x19", b"0x0", b"0_0", b"0 0", b"00,19", b"0\x0b", b"0\r\r", b"0;a\nb"])
@pytest.mark.parametrize("method, path", [("GET", "/v2/ping"), ("PUT", "{queue}"), ("POST", "{queue}/messages"),
                                          ("GET", "/v2/none")])
def test_chunk_size_that_others_read_otherwise(api, size, method, path):
    """What a proxy in front takes for the rest of the body is no request."""
    hidden = SMUGGLED % (api.headers["Client-ID"].encode(), api.project.encode())
    request = render(method, path.format(queue=new_queue()), {**api.headers, "Transfer-Encoding": "chunked"},
                     size + b"\r\n\r\n" + hidden, chunked=False).replace(b"Content-Length", b"X-Length")
    assert statuses(converse(api.port, request)) == [400]
    assert api.queues() == []


STRICT = {
    "folded": b"GET /v2/ping HTTP/1.1\r\nHost: h\r\n%sX: a\r\n b\r\n\r\n",
    "folded length": b"POST /v2/queues/q/claims HTTP/1.1\r\nHost: h\r\n%sContent-Length:\r\n 2\r\n\r\n{}",
    "no host": b"GET /v2/ping HTTP/1.1\r\n%s\r\n",
    "two hosts": b"GET /v2/ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n%s\r\n",
    "same host twice": b"GET /v2/ping HTTP/1.1\r\nHost: a\r\nHost: a\r\n%s\r\n",
    "chunks in 1.0": b"POST /v2/queues/q/claims HTTP/1.0\r\nConnection: keep-alive\r\n%s"
                     b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", STRICT)
def test_requests_that_rfc_9112_refuses(api, name):
    """400 in the API's form, and nothing behind it is read."""
    headers = "".join(f"{k}: {v}\r\n" for k, v in api.headers.items()).encode()
    answer = send(api.port, STRICT[name] % headers + good(api))
    refused(answer, 400, "Invalid header value")
    assert answer.headers["Connection"] == "close"
    assert answer.headers["x-openstack-request-id"]
    assert statuses(converse(api.port, STRICT[name] % headers + good(api))) == [400]


def test_http_1_0_needs_no_host(api):
    request = good(api).replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: localhost\r\n", b"")
    assert statuses(converse(api.port, request)) == [200]


# Half requests

def test_request_cut_at_each_byte(api):
    """A client that goes away, at any byte, has asked for nothing."""
    queue = new_queue()
    request = render("POST", f"{queue}/messages", api.headers, ONE)
    for end in range(len(request)):
        with connect(api) as connection:
            connection.sendall(request[:end])
    assert api.queues() == []
    assert send(api.port, request, "POST").status == 201
    assert api.listed(queue) == ["x"]


def test_request_half_closed_at_each_byte(api):
    queue = new_queue()
    request = render("POST", f"{queue}/messages", api.headers, ONE)
    for end in range(0, len(request), 3):
        assert all(400 <= status < 500 for status in statuses(converse(api.port, request[:end])))
    assert api.queues() == []


@pytest.mark.parametrize("method, path", [("GET", "/v2/queues"), ("POST", "{queue}/messages"),
                                          ("POST", "{queue}/claims"), ("PUT", "{queue}"),
                                          ("DELETE", "{queue}"), ("POST", "{queue}/purge"),
                                          ("DELETE", "{queue}/messages?pop=1"),
                                          ("GET", "{queue}/messages"), ("GET", "{queue}/stats")])
def test_client_that_does_not_wait_for_the_answer(api, method, path):
    queue = api.queue()
    api.fill(queue, *range(20))
    body = ONE if path.endswith("messages") and method == "POST" else None
    request = render(method, path.format(queue=queue), api.headers, body)
    for reset in (False, True):
        for _ in range(50):
            with connect(api) as connection:
                if reset:  # closing sends RST
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(request)


def test_client_that_does_not_read(api):
    """It sends on and on, and goes with all its answers unread; others are served meanwhile."""
    queue = api.queue()
    api.fill(queue, *(["x" * 10000] * 20))
    with connect(api) as connection:
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            for _ in range(2000):
                connection.sendall(good(api, f"{queue}/messages?echo=1&limit=20"))
        assert len(api.listed(queue)) == 20


# Pipelines and long connections

def test_pipeline(api):
    """Answers come in the order of the requests."""
    queue = api.queue()
    requests, methods = [], []
    for n in range(60):
        requests.append(render("POST", f"{queue}/messages", api.headers, POST % b"%d" % n,
                               chunked=n % 2 == 0))
        requests.append(render("GET", "/v2/none" if n % 3 == 0 else f"{queue}/stats", api.headers))
        methods += ["POST", "GET"]
    requests.append(render("GET", "/", {"Connection": "close"}))
    answers, rest = parse(converse(api.port, b"".join(requests)), [*methods, "GET"])
    assert rest == b""
    assert [a.status for a in answers[:-1:2]] == [201] * 60
    assert [a.status for a in answers[1:-1:2]] == [404, 200, 200] * 20
    assert answers[-1].status == 300
    seen = [a.json["messages"]["total"] for a in answers[1:-1:2] if a.status == 200]
    assert seen == [n + 1 for n in range(60) if n % 3]


def test_pipeline_in_odd_pieces(api):
    queue = api.queue()
    data = b"".join(render("POST", f"{queue}/messages", api.headers, POST % b"%d" % n)
                    for n in range(10)) + render("GET", "/", {"Connection": "close"})
    with connect(api) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), 11):
            connection.sendall(data[at:at + 11])
        came = b""
        while piece := connection.recv(65536):
            came += piece
    assert statuses(came) == [201] * 10 + [300]
    assert api.listed(queue) == [str(n) for n in range(10)]


def test_long_connection(api):
    """Errors, too, leave a connection usable when the request was whole."""
    with connect(api) as connection:
        for n in range(200):
            path, status = [("/v2/queues", 200), ("/v2/none", 404), ("/v2/queues?limit=0", 400),
                            ("/v2/ping", 204)][n % 4]
            connection.sendall(good(api, path))
            answers, rest = parse(receive_one(connection), ["GET"])
            assert (answers[0].status, rest) == (status, b"")


def receive_one(connection):
    """One answer, read by its Content-Length."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += connection.recv(65536)
    head, _, body = came.partition(b"\r\n\r\n")
    length = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
              if line.startswith(b"content-length")]
    while length and len(body) < length[0]:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def test_http_1_0(api):
    request = good(api).replace(b"HTTP/1.1", b"HTTP/1.0")
    with connect(api) as connection:
        connection.sendall(request)
        came = b""
        while piece := connection.recv(65536):  # ends, as nobody asked to keep the connection
            came += piece
    assert statuses(came) == [200]


def test_many_idle_connections(api):
    with contextlib.ExitStack() as stack:
        for n in range(300):
            connection = stack.enter_context(connect(api))
            if n % 2:
                connection.sendall(b"GET / HT")
        queue = api.queue()
        api.fill(queue, 1)
        assert api.listed(queue) == [1]


# Slow clients

def test_slow_body(api):
    """Byte by byte; meanwhile others are served."""
    queue, other = new_queue(), api.queue()
    request = render("POST", f"{queue}/messages", api.headers, ONE)
    with connect(api) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(request)):
            connection.sendall(request[at:at + 1])
            if at % 20 == 0:
                api.fill(other, at)
        answer = parse(receive_one(connection), ["POST"])[0][0]
    assert answer.status == 201
    assert api.listed(queue) == ["x"]


@pytest.mark.parametrize("part", [0, 10, 200, -1])
def test_client_that_stops_is_let_go(api, part):
    """router.client_timeout; the queue isn't made."""
    queue = new_queue()
    request = render("POST", f"{queue}/messages", api.headers, ONE)
    with connect(api) as connection:
        connection.sendall(request[:part])
        came = b""
        while piece := connection.recv(65536):
            came += piece
    assert all(400 <= status < 500 for status in statuses(came))
    assert api.queues() == []


def test_client_that_reads_slowly_is_let_go(api, victim):
    """A client that takes a little of a large answer now and then keeps its connection no longer than one that
    sends a little of a request."""
    queue = api.queue()
    for _ in range(20):
        api.fill(queue, "x" * 250000)
    before = victim.sockets
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", api.port))
        connection.sendall(good(api, f"{queue}/messages?echo=true&limit=20"))
        assert connection.recv(12) == b"HTTP/1.1 200"

        def nibble():  # some 100 KB a second: the whole would take a minute
            with contextlib.suppress(ConnectionError):
                connection.recv(1000)
            return victim.sockets <= before
        wait_for(nibble, 10, "the end of the connection")
    assert api.delete(queue).status == 204


def test_descriptors_are_given_back(api, victim):
    """A thousand rude clients leave nothing open."""
    folder = f"/proc/{victim.process.pid}/fd"
    before = len(os.listdir(folder))
    request = render("POST", f"{new_queue()}/messages", api.headers, ONE)
    for n in range(1000):
        with connect(api) as connection:
            connection.sendall(request[:n % len(request)])
    wait_for(lambda: len(os.listdir(folder)) <= before + 5, what="descriptors closed")


# Every method on every route, with and without bodies

@pytest.mark.parametrize("path", [*ROUTES, "/v2", "/v2/queues/@", "/v2/queues/", "/v2/none", "*",
                                  "//", "/v2/queues/q/messages/", "/v2/queues/q/claims/"])
@pytest.mark.parametrize("method", [*METHODS, "OPTIONS", "TRACE", "FOO", "get", "PROPFIND", "é",
                                    "A" * 300])
def test_every_method_everywhere(api, method, path):
    for body in (None, b"", b"{}", b"[]", b"\0\xff{", b"x" * 100000):
        for headers in (api.headers, {}):
            request = render(method, path, headers, body)
            came = converse(api.port, request)
            assert came and all(status < 500 for status in statuses(came)), came[:200]


@pytest.mark.parametrize("method", ["HEAD", "GET", "DELETE", "OPTIONS"])
def test_body_where_none_is_due(api, method):
    """A client sends one with GET; it is read and dropped, and the connection stays in step."""
    queue = api.queue()
    api.fill(queue, 1)
    path = f"{queue}/messages?pop=1" if method == "DELETE" else f"{queue}/messages"
    request = render(method, path, api.headers, b"GET /v2/none HTTP/1.1\r\n\r\n")
    last = render("GET", "/", {"Connection": "close"})
    answers, rest = parse(converse(api.port, request + last), [method, "GET"])
    assert rest == b""
    assert answers[0].status == (405 if method == "HEAD" else 200)
    assert answers[1].status == 300


@pytest.mark.parametrize("name", ["Client-ID", "X-Project-ID", "Content-Type", "Accept",
                                  "EXTRA-SPEC", "Content-Length", "URL-Signature", "X-Roles",
                                  "Expect", "Host"])
@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"a" * 8000, b"\t", b"%00", b'"', b"a,b;c=d",
                                   b"\x7f"])
def test_odd_header_values(api, name, value):
    request = render("PUT", new_queue(), {**api.headers, name: value})
    assert all(status < 500 for status in statuses(converse(api.port, request)))


@pytest.mark.parametrize("name", ["Client-ID", "X-Project-ID", "Accept", "Content-Type"])
def test_repeated_headers(api, name):
    head = render("GET", "/v2/queues", api.headers)[:-2]
    came = converse(api.port, head + f"{name}: x\r\n".encode() * 3 + b"\r\n")
    assert all(status < 500 for status in statuses(came))


def test_query_of_a_megabyte(api):
    for query in ("a=" + "b" * 1000000, "&".join(f"k{n}=v" for n in range(100000)),
                  "ids=" + "," * 1000000):
        came = statuses(converse(api.port, good(api, f"/v2/queues/q/messages?{query}")))
        assert all(status < 500 for status in came)


@pytest.mark.parametrize("size", [4000, 30000])
def test_long_query(api, size):
    """Of a size that servers let through."""
    refused(api.get(f"/v2/queues/q/messages?ids={'x,' * (size // 2)}"), 400, "Invalid API request")
    assert api.get(f"/v2/queues?{'&'.join(f'k{n}=v' for n in range(size // 8))}").status == 200


def test_random_requests(api):
    """Requests put together by chance from good and bad parts."""
    dice = random.Random(7)
    paths = [*ROUTES, "/v2/queues/@", "/v2/queues/q/messages?ids=a,b",
             "/v2/queues/q/messages?pop=5", "/v2/queues/q/claims?limit=3",
             "/v2/queues?limit=2&detailed=1"]
    bodies = [None, b"", b"{}", b"[]", ONE, b"{", json.dumps({"ttl": 100}).encode(),
              b'[{"op": "add", "path": "/metadata/a", "value": 1}]', b"\xff", b'{"a": 1}']
    kinds = [None, "application/json", "application/openstack-messaging-v2.0-json-patch"]
    for _ in range(1500):
        request = render(dice.choice([*METHODS, "OPTIONS"]), dice.choice(paths),
                         {**api.headers, "Content-Type": dice.choice(kinds)}, dice.choice(bodies),
                         chunked=dice.random() < 0.2)
        if dice.random() < 0.3:
            at = dice.randrange(len(request))
            request = request[:at] + dice.randbytes(dice.randrange(4)) + request[at + 1:]
        assert all(status < 500 for status in statuses(converse(api.port, request))), request
