"""Connections that stay: many to one server, all of which ask at once and then read their answers."""

import socket

from queues import Failed

HEAD = ("{method} {path} HTTP/1.1\r\nHost: bench\r\nClient-ID: 3381af92-2b9e-11e3-b191-71861300734c\r\n"
        "X-Project-ID: bench\r\n")


def rendered(method, path, body=None):
    """A request as it goes over the wire."""
    text = HEAD.format(method=method, path=path)
    if body is not None:
        text += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{text}\r\n{body or ''}".encode()


def length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def receive(connection):
    """The next answer on a connection: (status, body)."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += piece(connection)
    head, _, body = came.partition(b"\r\n\r\n")
    while len(body) < length(head):
        body += piece(connection)
    return int(head.split(b" ", 2)[1]), body


def piece(connection):
    came = connection.recv(262144)
    if not came:
        raise Failed("a connection ended within an answer")
    return came


class Crowd:
    def __init__(self, port, n, first=None, status=200):
        """first: a request that each connection makes before the next one is opened."""
        self.connections = []
        try:
            for _ in range(n):
                self.connections.append(socket.create_connection(("127.0.0.1", port), 60))
                self.connections[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if first is not None:
                    self.exchange(self.connections[-1:], first, status, lambda body: True)
        except BaseException:
            self.close()
            raise

    def ask(self, request, times, status, check=lambda body: True):
        """The same request that often, over all connections. Each answer must have the status, and a body
        that check() is content with."""
        while times > 0:
            self.exchange(self.connections[:times], request, status, check)
            times -= len(self.connections[:times])

    @staticmethod
    def exchange(connections, request, status, check):
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            got, body = receive(connection)
            if got != status or not check(body):
                raise Failed(f"{request[:200]}: {got} {body[:300]}")

    def close(self):
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
