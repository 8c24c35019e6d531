"""The wire between routers and workers, spoken by hand (common/wire.md): the SP handshake and framing
of nng over TCP, and as much MessagePack as it takes.
"""

import socket
import struct
import time

REQ, REP = 0x30, 0x31
REQUEST_ID = struct.pack(">I", 0x80000000)
PING = 13  # store_ping in common/ops.def


def handshake(protocol):
    return struct.pack(">cccBHH", b"\0", b"S", b"P", 0, protocol, 0)


def framed(payload, length=None):
    return struct.pack(">Q", len(payload) if length is None else length) + payload


def pack(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">BQ", 0xcf, value)
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xc6, len(value)) + value
    if isinstance(value, str):
        return struct.pack(">BI", 0xdb, len(value.encode())) + value.encode()
    return struct.pack(">BI", 0xdd, len(value)) + b"".join(map(pack, value))


def now_ms():
    """The clock of the wire."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000


def request(*operations, version=1, sent_ms=None):
    """A request frame, ready to be sent. Operations: lists, or bytes as they are."""
    body = pack([version, now_ms() if sent_ms is None else sent_ms, 0])
    for operation in operations:
        body += operation if isinstance(operation, bytes) else pack(operation)
    return framed(REQUEST_ID + body)


def operation(code, *arguments, number=1, key=b"", project=b"sp", queue="", epoch=0):
    return [number, code, 5000, False, key, "", project, queue, epoch, *arguments]


def receive_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data


def receive(connection):
    """One message's payload."""
    (length,) = struct.unpack(">Q", receive_exactly(connection, 8))
    return receive_exactly(connection, length)


def connect(url, protocol=REQ, timeout=10):
    """A connection to tcp://HOST:PORT past the handshake."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout)
    connection.sendall(handshake(protocol))
    assert receive_exactly(connection, 8) == handshake(REP)
    return connection
