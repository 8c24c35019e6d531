"""A small HTTP client that can send anything, and the words that the tests share.

A Client speaks for one project and one client id, on a connection of its own for each call. send()
and converse() put raw bytes on a socket. refused() is how a test says which error it wants.
"""

import concurrent.futures
import dataclasses
import functools
import http.client
import io
import json
import socket
import urllib.parse
import uuid

JSON_PATCH = "application/openstack-messaging-v2.0-json-patch"
NOT_FOUND = {"title": "404 Not Found"}  # the whole answer to a path that no route matches
SHOWN = {
    "_max_messages_post_size": 262144,
    "_default_message_ttl": 3600,
    "_default_message_delay": 0,
    "_dead_letter_queue": None,
    "_dead_letter_queue_messages_ttl": None,
    "_max_claim_count": None,
    "_enable_encrypt_messages": False,
}
SHOWN_OF_TOPICS = {name: SHOWN[name] for name in ("_max_messages_post_size", "_default_message_ttl",
                                                  "_default_message_delay")}
ROUTES = {
    "/": ["GET"],
    "/v2/": ["GET"],
    "/v2/ping": ["GET", "HEAD"],
    "/v2/queues": ["GET"],
    "/v2/queues/q": ["DELETE", "GET", "PATCH", "PUT"],
    "/v2/queues/q/stats": ["GET"],
    "/v2/queues/q/purge": ["POST"],
    "/v2/queues/q/share": ["POST"],
    "/v2/queues/q/messages": ["DELETE", "GET", "POST"],
    "/v2/queues/q/messages/x": ["DELETE", "GET"],
    "/v2/queues/q/claims": ["POST"],
    "/v2/queues/q/claims/x": ["DELETE", "GET", "PATCH"],
    "/v2/queues/q/subscriptions": ["GET", "POST"],
    "/v2/queues/q/subscriptions/x": ["DELETE", "GET", "PATCH"],
    "/v2/queues/q/subscriptions/x/confirm": ["PUT"],
    "/v2/topics": ["GET"],
    "/v2/topics/t": ["DELETE", "GET", "PATCH", "PUT"],
    "/v2/topics/t/stats": ["GET"],
    "/v2/topics/t/purge": ["POST"],
    "/v2/topics/t/messages": ["DELETE", "GET", "POST"],
    "/v2/topics/t/messages/x": ["DELETE", "GET"],
    "/v2/topics/t/subscriptions": ["GET", "POST"],
    "/v2/topics/t/subscriptions/x": ["DELETE", "GET", "PATCH"],
    "/v2/topics/t/subscriptions/x/confirm": ["PUT"],
}
METHODS = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def bodies(self):
        return [m["body"] for m in self.json["messages"]]

    @property
    def ids(self):
        return [m["id"] for m in self.json["messages"]]

    @property
    def next(self):
        """The href of the next page; None after an empty page."""
        links = self.json["links"]
        assert [link["rel"] for link in links] in ([], ["next"])
        return links[0]["href"] if links else None

    @property
    def claim_id(self):
        return self.headers["Location"].rpartition("/")[2]


def render(method, path, headers=(), body=None, chunked=False):
    """A request as bytes. Header values that are None are left out."""
    lines = [f"{method} {path} HTTP/1.1".encode()]
    headers = {"Host": "localhost", **dict(headers)}
    if body is not None and chunked:
        headers.setdefault("Transfer-Encoding", "chunked")
        body = chunks(body)
    elif body is not None:
        headers.setdefault("Content-Length", str(len(body)))
    for name, value in headers.items():
        if value is not None:
            lines.append(name.encode() + b": " +
                         (value if isinstance(value, bytes) else str(value).encode()))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunks(body, size=7):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def receive(connection, method="GET"):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, response.headers, response.read())


def send(port, data, method="GET", timeout=20):
    """Sends raw bytes on a new connection and reads one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(data)
        return receive(connection, method)


def converse(port, data, timeout=20):
    """Sends raw bytes and no more, and returns all that comes until the server closes."""
    came = b""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError as e:  # it closed before it had all: what it said first counts
            if isinstance(e, TimeoutError):
                raise
        try:
            while piece := connection.recv(65536):
                came += piece
        except ConnectionResetError:
            pass
    return came


class Stream(io.BytesIO):
    """Bytes that were received, in the shape that HTTPResponse reads from."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


def parse(data, methods):
    """The answers in data, one for each method, and what follows them."""
    stream = Stream(data)
    return [receive(stream, method) for method in methods], stream.read()


class Client:
    def __init__(self, port, project=None, client_id=None):
        self.port = port
        self.project = project or unique("project")
        self.headers = {"Client-ID": client_id or str(uuid.uuid4()), "X-Project-ID": self.project}

    def other(self):
        """Another client of the same project."""
        return Client(self.port, self.project)

    def call(self, method, path, body=None, headers=(), chunked=False):
        """body: bytes as they are, anything else as JSON, None for no body at all."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        request = render(method, path, {**self.headers, **dict(headers)}, body, chunked)
        return send(self.port, request, method)

    get = functools.partialmethod(call, "GET")
    put = functools.partialmethod(call, "PUT")
    post = functools.partialmethod(call, "POST")
    delete = functools.partialmethod(call, "DELETE")

    def patch(self, path, body=None, headers=(), **more):
        """A queue's path is patched with the media type that this takes."""
        kind = {"Content-Type": JSON_PATCH} if path.count("/") == 3 else {}
        return self.call("PATCH", path, body, {**kind, **dict(headers)}, **more)

    def queue(self, **metadata):
        """Makes a queue and returns its path."""
        path = f"/v2/queues/{unique('queue')}"
        assert self.put(path, metadata).status == 201
        return path

    def fill(self, queue, *bodies, **members):
        """Posts messages with these bodies and returns their ids."""
        answer = self.post(f"{queue}/messages",
                           {"messages": [{"body": body, **members} for body in bodies]})
        assert answer.status == 201, answer
        return [href.rpartition("/")[2] for href in answer.json["resources"]]

    def claim(self, queue, limit=10, **body):
        return self.post(f"{queue}/claims?limit={limit}", body)

    def listed(self, queue, query="echo=true"):
        """The bodies of the messages that a list shows."""
        answer = self.get(f"{queue}/messages?limit=20&{query}")
        assert answer.status == 200
        return answer.bodies

    def everything(self, queue):
        return self.listed(queue, "echo=true&include_claimed=true&include_delayed=true")

    def stats(self, queue):
        messages = self.get(f"{queue}/stats").json["messages"]
        return {name: messages[name] for name in ("free", "claimed", "total")}

    def queues(self):
        """The names of all queues of the project."""
        names, page = [], self.get("/v2/queues")
        while page.next:
            names += [q["name"] for q in page.json["queues"]]
            page = self.get(page.next)
        return names


def new_queue():
    """The path of a queue that nobody made yet."""
    return f"/v2/queues/{unique('queue')}"


def together(count, work):
    """Runs work() in that many threads at a time, and raises what one of them raised."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(work) for _ in range(count)]:
            future.result()


def query(href):
    """The parameters of an href, each with the list of its values."""
    return urllib.parse.parse_qs(urllib.parse.urlsplit(href).query, keep_blank_values=True)


def refused(answer, status, title=None, described=True):
    """The answer is an error in the API's form."""
    assert answer.status == status, answer
    assert answer.headers.get_all("Content-Type") == ["application/json"]
    assert answer.headers["Vary"] == "Accept"
    error = answer.json
    assert set(error) <= {"title", "description", "link"}
    assert isinstance(error["title"], str) and error["title"]
    if title is not None:
        assert error["title"] == title, answer
    if described:
        assert isinstance(error["description"], str) and error["description"]
    return error
