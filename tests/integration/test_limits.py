"""The options of [transport] and of checksums: each one changes what it says (section 13; the
client id's modes of 1.2, checksums of 6.1).

One server has an odd value for each of the limits, so that no option can pass for another.
"""

import contextlib
import hashlib
import json
import os
import socket

import pytest
from support.api import JSON_PATCH, SHOWN, Client, new_queue, parse, receive, refused, render, send
from support.servers import Nusku, wait_for

LIMITS = {
    "max_queues_per_page": 23, "max_messages_per_page": 24, "max_messages_per_claim_or_pop": 25,
    "max_queue_metadata": 301, "max_messages_post_size": 702, "max_message_ttl": 5003,
    "max_message_delay": 54, "max_claim_ttl": 4005, "max_claim_grace": 4506,
    "default_message_ttl": 3107, "default_claim_ttl": 208, "default_claim_grace": 109,
}
VALUE = "Invalid API request"


@pytest.fixture
def odd(start):
    """A client of the server with the odd limits."""
    return Client(start(*(f"transport.{name}={value}" for name, value in LIMITS.items())).port)


def test_limits_are_shown(odd):
    shown = {**SHOWN, "_max_messages_post_size": 702, "_default_message_ttl": 3107}
    assert odd.get(new_queue()).json == shown
    assert odd.patch(odd.queue(), []).json == shown
    assert odd.get("/v2/queues?detailed=1").json["queues"][0]["metadata"] == shown


def test_max_queues_per_page(odd):
    for n in range(24):
        odd.put(f"/v2/queues/q{n}")
    assert len(odd.get("/v2/queues?limit=23").json["queues"]) == 23
    refused(odd.get("/v2/queues?limit=24"), 400, VALUE)
    assert len(odd.get("/v2/queues").json["queues"]) == 10


def test_max_messages_per_page(odd, api):
    queue = odd.queue()
    ids = [name for _ in range(3) for name in odd.fill(queue, *range(10))]
    assert len(odd.get(f"{queue}/messages?echo=1&limit=24").ids) == 24
    refused(odd.get(f"{queue}/messages?limit=25"), 400, VALUE)
    assert len(odd.get(f"{queue}/messages?echo=1").ids) == 10
    assert odd.get(f"{queue}/messages?ids={','.join(ids[:24])}").ids == ids[:24]
    refused(odd.get(f"{queue}/messages?ids={','.join(ids[:25])}"), 400, VALUE)
    refused(odd.delete(f"{queue}/messages?ids={','.join(ids[:25])}"), 400, VALUE)
    assert odd.delete(f"{queue}/messages?ids={','.join(ids[:24])}").status == 204
    assert odd.stats(queue)["total"] == 6


def test_max_messages_per_claim_or_pop(odd):
    queue = odd.queue()
    for _ in range(6):
        odd.fill(queue, *range(10))
    assert len(odd.claim(queue, limit=25).ids) == 25
    refused(odd.claim(queue, limit=26), 400, VALUE)
    assert len(odd.post(f"{queue}/claims").ids) == 10
    assert len(odd.delete(f"{queue}/messages?pop=25").ids) == 25
    refused(odd.delete(f"{queue}/messages?pop=26"), 400, VALUE)


def padded(data, size):
    """The JSON text of data with blanks at its end, size bytes long."""
    return json.dumps(data).encode().ljust(size)


@pytest.mark.parametrize("default, size", [(False, 301), (True, 65536)])
def test_max_queue_metadata(odd, api, default, size):
    client = api if default else odd
    queue = new_queue()
    refused(client.put(queue, padded({"a": 1}, size + 1)), 400, VALUE)
    assert client.queues() == []
    assert client.put(queue, padded({"a": 1}, size)).status == 201
    refused(client.put(queue, padded({"a": 1}, size + 1)), 400, VALUE)
    patch = [{"op": "add", "path": "/metadata/a", "value": 2}]
    refused(client.patch(queue, padded(patch, size + 1)), 400, "Invalid request body")
    assert client.get(queue).json["a"] == 1
    assert client.patch(queue, padded(patch, size)).status == 200


@pytest.mark.parametrize("default, size", [(False, 702), (True, 262144)])
def test_max_messages_post_size(odd, api, default, size):
    """The whole body counts; never 413. No queue is made by what is refused."""
    client = api if default else odd
    queue, one = new_queue(), {"messages": [{"body": 1}]}
    refused(client.post(f"{queue}/messages", padded(one, size + 1)), 400, VALUE)
    refused(client.post(f"{queue}/messages", b"x" * (size + 1)), 400, VALUE)
    assert client.queues() == []
    assert client.post(f"{queue}/messages", padded(one, size)).status == 201
    refused(client.post(f"{queue}/messages", padded(one, size + 1)), 400, VALUE)
    refused(client.post(f"{queue}/messages", padded(one, size + 1), chunked=True), 400, VALUE)
    assert client.post(f"{queue}/messages", padded(one, size), chunked=True).status == 201


def test_post_size_of_the_queue(odd):
    """The smaller of the queue's and the configured limit, which is the queue's bound, too."""
    queue, one = odd.queue(_max_messages_post_size=100), {"messages": [{"body": 1}]}
    assert odd.post(f"{queue}/messages", padded(one, 100)).status == 201
    refused(odd.post(f"{queue}/messages", padded(one, 101)), 400, VALUE)
    assert odd.put(new_queue(), {"_max_messages_post_size": 702}).status == 201
    refused(odd.put(new_queue(), {"_max_messages_post_size": 703}), 400, VALUE)


@pytest.mark.parametrize("size", [30 * 2 ** 20, 2 ** 31, 2 ** 63 - 1])
@pytest.mark.parametrize("method, path", [("PUT", ""), ("PATCH", ""), ("POST", "/messages")])
def test_size_far_above_the_limit(api, method, path, size):
    """Told from Content-Length alone: nothing of the body is sent. 400, never 413."""
    queue = new_queue()
    kind = JSON_PATCH if method == "PATCH" else "application/json"
    answer = send(api.port, render(method, queue + path, {
        **api.headers, "Content-Length": str(size), "Content-Type": kind}), method)
    title = "Invalid request body" if method == "PATCH" else VALUE
    assert (answer.status, answer.json["title"]) == (400, title)
    assert answer.json["description"]
    assert api.queues() == []


def test_size_far_above_the_limit_is_told_as_any_error(api, queue):
    headers = {**api.headers, "Content-Length": str(30 * 2 ** 20)}
    answer = send(api.port, render("POST", f"{queue}/messages", headers), "POST")
    refused(answer, 400, VALUE)
    assert answer.headers["x-openstack-request-id"]


@pytest.mark.parametrize("pieces", [1, 215])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("identity", [False, True])
def test_body_far_above_the_limit_is_sent(api, queue, pieces, chunked, identity):
    """A client that sends it all without asking first gets the error, not a broken connection."""
    body = b"x" * (21500000 // pieces)
    head = render("POST", f"{queue}/messages", {
        **(api.headers if identity else {}),
        **({"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": len(body) * pieces})})
    if chunked:
        body = b"%x\r\n%s\r\n" % (len(body), body)
    with socket.create_connection(("127.0.0.1", api.port), 20) as connection:
        connection.sendall(head)
        for _ in range(pieces):
            connection.sendall(body)
        refused(receive(connection, "POST"), 400, VALUE)
        assert connection.recv(1) == b""


def test_body_above_the_limit_behind_a_request(api, queue):
    with socket.create_connection(("127.0.0.1", api.port), 20) as connection:
        connection.sendall(render("GET", "/v2/queues", api.headers) +
                           render("POST", f"{queue}/messages", api.headers, b"x" * 2 ** 20))
        came = b"".join(iter(lambda: connection.recv(65536), b""))
    answers, rest = parse(came, ["GET", "POST"])
    assert (answers[0].status, rest) == (200, b"")
    refused(answers[1], 400, VALUE)


@pytest.mark.parametrize("options, size", [
    ([], 262144 + 65536),
    (["transport.max_messages_post_size=1000000"], 1000000 + 65536),
    (["transport.max_queue_metadata=1000000"], 1000000 + 65536),
    (["router.max_request_size=400000"], 400000),
])
def test_largest_request(start, options, size):
    """It follows the limits of bodies; told from the length alone, before the path is looked at."""
    client = Client(start(*options).port)
    assert client.post("/v2/none", b"x" * size).status == 404
    refused(client.post("/v2/none", b"x" * (size + 1)), 400, VALUE)
    refused(client.post("/v2/none", b"x" * (size + 1), chunked=True), 400, VALUE)


def half_sent(port, size, headers=()):
    """A connection on which a request came but for the last byte of its body."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(render("POST", "/v2/queues/q/messages", headers, b"x" * size)[:-1])
    return connection


def test_memory_of_requests_is_bounded():
    """What nobody has looked at yet: no identity, no route."""
    sanitizer = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"}
    with (Nusku(options=["router.max_request_memory=4194304"], env=sanitizer) as server,
          contextlib.ExitStack() as stack):
        Client(server.port).fill("/v2/queues/q", 1)
        before = server.resident_kib
        for _ in range(400):
            stack.enter_context(half_sent(server.port, 300000))
            assert server.resident_kib < before + 100 * 1024
        stack.enter_context(half_sent(server.port, 300000))
        wait_for(lambda: server.resident_kib < before + 40 * 1024)
        assert Client(server.port).get("/v2/queues").status == 200


def test_requests_that_are_too_much_are_told(start):
    """Those that have been coming for longest are given up; the others are served."""
    server = start("router.max_request_memory=4194304")
    client = Client(server.port)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(half_sent(server.port, 200000, client.headers)) for _ in range(60)]
        answer = receive(connections[0], "POST")
        refused(answer, 503, "Service temporarily unavailable")
        assert answer.headers["Retry-After"]
        assert answer.headers["Connection"] == "close"
        connections[-1].sendall(b"x")
        refused(receive(connections[-1], "POST"), 400, "Invalid request body")
        assert "REQUESTS-SHED" in server.text()
    client.fill(client.queue(), 1)


def test_heads_that_are_too_much_are_let_go(start):
    server = start("router.max_request_memory=4194304")
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(60):
            connections.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 20)))
            connections[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200000)
        with contextlib.suppress(ConnectionResetError):
            assert connections[0].recv(1) == b""
    client = Client(server.port)
    client.fill(client.queue(), 1)


@pytest.mark.parametrize("path", ["/claims", "/purge", "/claims/x"])
def test_other_bodies_have_a_cap(api, queue, path):
    method = "PATCH" if path == "/claims/x" else "POST"
    answer = send(api.port, render(method, queue + path, {
        **api.headers, "Content-Length": str(2 ** 31)}), method)
    assert 400 <= answer.status < 500


def test_max_message_ttl(odd):
    queue = odd.queue()
    odd.fill(queue, 1, ttl=5003)
    refused(odd.post(f"{queue}/messages", {"messages": [{"body": 1, "ttl": 5004}]}), 400, VALUE)
    for name in ("_default_message_ttl", "_dead_letter_queue_messages_ttl"):
        assert odd.put(new_queue(), {name: 5003}).status == 201
        refused(odd.put(new_queue(), {name: 5004}), 400, VALUE)


def test_max_message_delay(odd):
    queue = odd.queue()
    odd.fill(queue, 1, delay=54)
    refused(odd.post(f"{queue}/messages", {"messages": [{"body": 1, "delay": 55}]}), 400, VALUE)
    assert odd.put(new_queue(), {"_default_message_delay": 54}).status == 201
    refused(odd.put(new_queue(), {"_default_message_delay": 55}), 400, VALUE)


@pytest.mark.parametrize("member, most", [("ttl", 4005), ("grace", 4506)])
def test_max_claim(odd, member, most):
    queue = odd.queue()
    odd.fill(queue, 1)
    refused(odd.post(f"{queue}/claims", {member: most + 1}), 400, VALUE)
    answer = odd.post(f"{queue}/claims", {member: most})
    assert answer.status == 201
    refused(odd.call("PATCH", answer.headers["Location"], {member: most + 1}), 400)
    assert odd.call("PATCH", answer.headers["Location"], {member: most}).status == 204


def test_default_message_ttl(odd):
    queue = odd.queue()
    (name,) = odd.fill(queue, 1)
    assert odd.get(f"{queue}/messages/{name}").json["ttl"] == 3107


def test_default_claim(odd):
    queue = odd.queue()
    odd.fill(queue, 1, ttl=60)
    answer = odd.post(f"{queue}/claims")
    location = answer.headers["Location"]
    assert odd.get(location).json["ttl"] == 208
    assert answer.json["messages"][0]["ttl"] in range(317, 322)
    odd.call("PATCH", location, {"ttl": 400})
    assert odd.get(location).json["messages"][0]["ttl"] in range(509, 514)
    odd.call("PATCH", location, {})
    assert odd.get(location).json["ttl"] == 208


# default_message_delay: the peer only displays it

@pytest.fixture
def late(start):
    return Client(start("transport.default_message_delay=45").port)


def test_default_message_delay(late):
    queue = late.queue()
    assert late.get(queue).json["_default_message_delay"] == 45
    late.fill(queue, "later")
    late.fill(queue, "now", delay=0)
    assert late.listed(queue) == ["now"]
    assert late.everything(queue) == ["later", "now"]
    assert late.claim(queue).bodies == ["now"]


def test_delay_of_the_queue_beats_the_default(late):
    """A stored 0 is shown as 0, and means it."""
    queue = late.queue(_default_message_delay=0)
    assert late.get(queue).json["_default_message_delay"] == 0
    late.fill(queue, "now")
    late.fill(queue, "later", delay=1)
    assert late.listed(queue)[:1] == ["now"]
    queue = late.queue(_default_message_delay=None)
    assert late.get(queue).json["_default_message_delay"] == 45
    late.fill(queue, "later")
    assert late.listed(queue) == []


# client_id_uuid_safe

def client_id(server, value):
    client = Client(server.port, client_id=value)
    return client, client.get("/v2/queues")


@pytest.mark.parametrize("options, shortest, longest", [
    (["client_id_uuid_safe=off"], 10, 36),
    (["client_id_uuid_safe=off", "min_length_client_id=3", "max_length_client_id=50"], 3, 50),
])
def test_client_id_of_any_text(start, options, shortest, longest):
    server = start(*(f"transport.{option}" for option in options))
    for length in (shortest, longest):
        client, answer = client_id(server, "x" * length)
        assert answer.status == 200
    for value in ("x" * (shortest - 1), "x" * (longest + 1)):
        error = refused(client_id(server, value)[1], 400, described=False)
        assert list(error) == ["title"] and len(error["title"]) > 10
    assert client.get("/v2/queues", headers={"Client-ID": None}).status == 400


def test_empty_client_id_is_too_short(start):
    client, _ = client_id(start("transport.client_id_uuid_safe=off"), "x" * 10)
    assert client.get("/v2/queues", headers={"Client-ID": ""}).status == 400


def test_client_id_that_is_no_uuid_works(start):
    """The peer fails on posting and listing with such an id."""
    server = start("transport.client_id_uuid_safe=off")
    mine = Client(server.port, client_id="my client: 1!")
    other = Client(server.port, mine.project, "my client: 2!")
    queue = mine.queue()
    mine.fill(queue, 1)
    other.fill(queue, 2)
    assert mine.listed(queue, "") == [2]
    assert other.listed(queue, "") == [1]
    assert mine.listed(queue) == [1, 2]
    assert mine.claim(queue).bodies == [1, 2]


# enable_checksum

CHECKSUMS = [
    ('{"b":1,"a":[1,2.50,true,null,"é"]}', "MD5:d766d3f620e57b32792c6a42a245dbd9"),
    ('{ "b" : 1, "a" : [1, 2.5, true, null, "\\u00e9"] }', "MD5:d766d3f620e57b32792c6a42a245dbd9"),
    ('"abc"', "MD5:ebd9f4c7b06cb0aaf5d13d80e49d8b90"),
    ("{}", "MD5:99914b932bd37a50b983c5e7c90ae93b"),
    (" { } ", "MD5:99914b932bd37a50b983c5e7c90ae93b"),
]


@pytest.fixture
def summed(start):
    return Client(start("DEFAULT.enable_checksum=true").port)


def post(client, queue, text):
    answer = client.post(f"{queue}/messages", b'{"messages": [{"body": %s}]}' % text.encode())
    return answer.json["resources"][0]


@pytest.mark.parametrize("text, checksum", CHECKSUMS)
def test_checksum(summed, text, checksum):
    queue = summed.queue()
    href = post(summed, queue, text)
    assert summed.get(href).json["checksum"] == checksum
    for path in (f"{queue}/messages?echo=1", f"{queue}/messages?ids={href.rpartition('/')[2]}"):
        assert summed.get(path).json["messages"][0]["checksum"] == checksum
    claim = summed.claim(queue)
    assert claim.json["messages"][0]["checksum"] == checksum
    location = claim.headers["Location"]
    assert summed.get(location).json["messages"][0]["checksum"] == checksum
    summed.delete(location)
    assert summed.delete(f"{queue}/messages?pop=1").json["messages"][0]["checksum"] == checksum


@pytest.mark.parametrize("text", [
    "1", "-0", "0", "1.0", "1e16", "1e15", "1E40", "1e-5", "0.0001", "123456789.123456789", "true",
    "[]", "[1,[2,{}]]", '"\\u007f"', '"/\\/"', '"\\b\\f\\n\\r\\t\\u0000"', '"😀"',
    '"\\ud83d\\ude00"',
    '{"a":1,"a":2}', '{"é":{"b":null}}', "9223372036854775807", "1e22", "5e-324", "-0.0",
    "100000.0",
])
def test_checksum_is_that_of_pythons_json(summed, text):
    queue = summed.queue()
    dump = json.dumps(json.loads(text)).encode()
    checksum = summed.get(post(summed, queue, text)).json["checksum"]
    assert checksum == f"MD5:{hashlib.md5(dump).hexdigest()}", dump


def test_no_checksum_of_null(summed):
    queue = summed.queue()
    assert "checksum" not in summed.get(post(summed, queue, "null")).json


def test_no_checksum_by_default(api, queue):
    assert "checksum" not in api.get(post(api, queue, "1")).json


def test_checksum_of_a_dead_letter(summed):
    queue = summed.queue(_max_claim_count=0, _dead_letter_queue="dead")
    post(summed, queue, "{}")
    assert summed.claim(queue).status == 204
    (message,) = summed.get("/v2/queues/dead/messages?echo=1").json["messages"]
    assert message["checksum"] == "MD5:99914b932bd37a50b983c5e7c90ae93b"
