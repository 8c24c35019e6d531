"""Encrypted queues at rest: what lies in the stores, keys that are replaced, and keys that are missing."""

import contextlib
import secrets
import signal

import pytest
from support.api import Client, refused
from support.servers import Cluster, Nusku, Redis

A = "a:" + "0123456789abcdef" * 4
B = "b:" + "fedcba9876543210" * 4
OTHER_A = "a:" + "00" * 32


class Service(contextlib.ExitStack):
    """A server on a store of its own, which can be started anew with other keys."""

    def __init__(self, kind, keys):
        super().__init__()
        # strings in a dump are as they are
        self.redis = self.enter_context(Redis("--rdbcompression", "no")) if kind == "redis" else None
        self.server = self.enter_context(Nusku(store=self.redis and self.redis.uri))
        self.command = self.server.command
        self.restart(keys)

    def restart(self, keys, *options):
        assert self.server.process is None or self.server.stop(keep=True) == 0
        keys = ["--option", f"transport.message_encryption_keys={keys}"] if keys else []
        self.server.command = [*self.command, *keys, *(w for o in options for w in ("--option", o))]
        self.server.start()

    def at_rest(self):
        """All that the store has written."""
        if self.redis:
            self.redis.cli("SAVE")
            return (self.redis.folder / "dump.rdb").read_bytes()
        return b"".join(p.read_bytes() for p in (self.server.folder / "data").iterdir() if p.is_file())

    def refusals(self):
        return self.server.text().count("STAGE-REFUSED")


@pytest.fixture(params=["sqlite", "redis"])
def service(request):
    with Service(request.param, A) as service:
        yield service


def test_no_clear_text_at_rest(service):
    api = Client(service.server.port)
    encrypted, clear = api.queue(_enable_encrypt_messages=True), api.queue()
    secret, plain = secrets.token_hex(40), secrets.token_hex(40)
    for queue, text in ((encrypted, secret), (clear, plain)):
        api.fill(queue, text, {"deep": [text]}, "long " * 1000 + text)
        api.fill(queue, f"delayed {text}", delay=600)
        api.claim(queue, limit=1)
        assert api.delete(f"{queue}/messages?pop=1").bodies == [{"deep": [text]}]
    at_rest = service.at_rest()
    assert at_rest.count(plain.encode()) >= 3  # the search finds what is there
    assert secret.encode() not in at_rest
    assert secret[:12].encode() not in at_rest
    assert A[2:].encode() not in at_rest and bytes.fromhex(A[2:]) not in at_rest
    assert A[2:] not in service.server.text()


def test_keys_are_replaced_while_the_old_one_has_messages(service):
    api = Client(service.server.port)
    queue = api.queue(_enable_encrypt_messages=True)
    api.fill(queue, "old")
    service.restart(f"{B},{A}")
    api.fill(queue, "new")
    assert api.listed(queue) == ["old", "new"]
    assert api.claim(queue, limit=1).bodies == ["old"]
    service.restart(B)  # what is left is of the new key
    assert api.delete(f"{queue}/messages?pop=1").bodies == ["new"]


@pytest.mark.parametrize("keys, words", [(B, "no key a"), ("", "no key a"), (OTHER_A, "key a is not the one")])
def test_without_its_key_nothing_is_read_and_nothing_is_lost(service, keys, words):
    api = Client(service.server.port)
    queue = api.queue(_enable_encrypt_messages=True)
    plain = api.queue()
    names = api.fill(queue, "one", "two", ttl=3000)
    api.fill(plain, "clear")
    service.restart(keys)
    for path in (f"{queue}/messages?echo=true", f"{queue}/messages/{names[0]}",
                 f"{queue}/messages?ids={','.join(names)}"):
        answer = api.get(path)
        refused(answer, 503)
        assert answer.headers["Retry-After"]
    refused(api.claim(queue, limit=1, ttl=60, grace=60), 503)
    refused(api.delete(f"{queue}/messages?pop=2"), 503)
    assert api.listed(plain) == ["clear"]
    assert words in service.server.text()
    assert service.refusals() == 1  # of the same reason
    if keys != OTHER_A and keys:
        api.fill(queue, "three")
        assert api.delete(f"{queue}/messages?pop=20").bodies == ["three"]
    service.restart(f"{A},{B}")
    assert sorted(api.everything(queue)) == ["one", "two"]
    for message in api.get(f"{queue}/messages?echo=true").json["messages"]:
        assert 2900 < message["ttl"] <= 3000


def test_without_any_key_nothing_is_posted_in_clear(service):
    api = Client(service.server.port)
    queue = api.queue(_enable_encrypt_messages=True)
    service.restart("")
    refused(api.post(f"{queue}/messages", {"messages": [{"body": "secret text"}]}), 503)
    assert api.get(f"{queue}/messages?echo=true").json["messages"] == []
    assert b"secret text" not in service.at_rest()
    service.restart(A)
    api.fill(queue, "now")
    assert api.listed(queue) == ["now"]


def test_a_worker_dies_and_posts_are_asked_again():
    """The second time a body is encrypted anew, and stored once."""
    with Redis() as redis, Cluster(redis.uri, options=[f"transport.message_encryption_keys={A}"]) as cluster:
        api = Client(cluster.port)
        queue = api.queue(_enable_encrypt_messages=True)
        sent = []
        for n in range(300):
            if n in (100, 200):
                cluster.workers[n // 100 - 1].kill(signal.SIGKILL)
                cluster.workers[n // 100 - 1].start()
                cluster.routers[0].require(lambda n=n: cluster.routers[0].links >= 2 + n // 100)
            api.fill(queue, n)
            sent.append(n)
        got = []
        while page := api.delete(f"{queue}/messages?pop=20").bodies:
            got += page
        assert got == sent
