"""A client that costs next to nothing: one keep-alive connection, requests that are bytes already."""

import json
import socket
import time
import typing

from queues import MessagingQueue, Failed

HEADERS = "".join(f"{name}: {value}\r\n" for name, value in MessagingQueue.HEADERS.items())


class Answer(typing.NamedTuple):
    status: int
    head: bytes  # its header lines, each between line ends
    body: bytes
    ns: int      # from the first byte sent to the last one received

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        return self.header(b"location").decode()

    def header(self, name):
        """The value of a header, b"" if there is none."""
        return self.head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]


def request(method, path, document=None):
    """A request as bytes."""
    body = b"" if document is None else json.dumps(document).encode()
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{HEADERS}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self):
        """The bytes of one answer: its head, and the rest of it so far."""
        came = b""
        while b"\r\n\r\n" not in came:
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise Failed(f"the connection ended after {came[:300]}")
            came += piece
        head, _, body = came.partition(b"\r\n\r\n")
        return head, body

    def exchange(self, data):
        """Sends a request and returns its answer."""
        start = time.perf_counter_ns()
        self.socket.sendall(data)
        head, body = self.receive()
        status, _, fields = head.partition(b"\r\n")
        answer = Answer(int(status.split()[1]), b"\r\n" + fields + b"\r\n", body, 0)
        length = int(answer.header(b"Content-Length") or 0)
        while len(body) < length:
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise Failed("the connection ended within an answer")
            body += piece
        return answer._replace(body=body, ns=time.perf_counter_ns() - start)

    def ask(self, wanted, method, path, document=None):
        """Asks outside of the measured time. wanted: the status that is no failure."""
        answer = self.exchange(request(method, path, document))
        if answer.status != wanted:
            raise Failed(f"{method} {path[:200]}: {answer.status} {answer.body[:300]}")
        return answer

    def close(self):
        self.socket.close()
