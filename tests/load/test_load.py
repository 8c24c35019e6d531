"""Everything at the same time for a while, and SIGTERM in the middle of it: no answer says that the server
failed, its log holds no report of a sanitizer, and it ends with 0."""

import collections
import os
import random
import signal
import time

from support.api import JSON_PATCH
from support.load import Connection, Workers

SECONDS = float(os.environ.get("NUSKU_TEST_LOAD_SECONDS", "7"))
USERS = 16
QUEUES = [f"/v2/queues/queue-{i}" for i in range(6)]
GOOD = (200, 201, 204, 404, 409)  # queues, messages and claims come and go at any moment
REFUSED = (400, 403)              # deleting what is under another claim, or under none any more


class User:
    """One client. It remembers what it was told of, and asks about it when that may be long gone."""

    def __init__(self, port, number):
        self.connection = Connection(port)
        self.may_end = False  # the server
        self.dice = random.Random(number)
        self.messages = collections.deque(maxlen=50)
        self.claims = collections.deque(maxlen=5)
        self.count = collections.Counter()

    def ask(self, method, path, document=None, headers=()):
        """The answer; None: the connection ended without one."""
        answer = self.connection.ask(method, path, document, headers)
        if answer is None:
            assert self.may_end, (method, path)
            return None
        assert answer.status in GOOD or (method == "DELETE" and answer.status in REFUSED), \
            (method, path, answer)
        self.count[method, answer.status] += 1
        return answer

    def post(self, queue):
        messages = [{"body": {"n": i, "text": "x" * self.dice.choice([1, 100, 5000])},
                     "ttl": self.dice.choice([60, 61, 300]), "delay": self.dice.choice([0, 0, 0, 1])}
                    for i in range(self.dice.choice([1, 1, 5]))]
        answer = self.ask("POST", f"{queue}/messages", {"messages": messages})
        if answer is not None and answer.status == 201:
            self.messages.extend(answer.json["resources"])

    def list(self, queue):
        answer = self.ask("GET", f"{queue}/messages?echo=true&include_claimed=true&limit=20")
        if answer is not None and answer.json["messages"] and answer.next:
            self.ask("GET", answer.next)

    def claim(self, queue):
        answer = self.ask("POST", f"{queue}/claims?limit=3", {"ttl": 60, "grace": 60})
        if answer is not None and answer.status == 201:
            self.claims.append(answer.headers["Location"])
            for message in answer.json["messages"][1:]:
                self.ask("DELETE", message["href"])

    def use_claim(self, _):
        if self.claims:
            claim = self.dice.choice(self.claims)
            method = self.dice.choice(["GET", "PATCH", "DELETE"])
            self.ask(method, claim, {"ttl": 90, "grace": 60} if method == "PATCH" else None)

    def use_message(self, _):
        if self.messages:
            self.ask(self.dice.choice(["GET", "DELETE"]), self.dice.choice(self.messages))

    def pop(self, queue):
        self.ask("DELETE", f"{queue}/messages?pop=3")

    def create(self, queue):
        self.ask("PUT", queue, {"colour": self.dice.choice(["red", "green"])})

    def change(self, queue):
        self.ask("PATCH", queue, [{"op": "add", "path": "/metadata/n", "value": self.dice.randrange(9)}],
                 {"Content-Type": JSON_PATCH})

    def drop(self, queue):
        self.ask("DELETE", queue)

    def look(self, queue):
        self.ask("GET", self.dice.choice([queue, f"{queue}/stats", "/v2/queues", "/v2/ping"]))

    def purge(self, queue):
        self.ask("POST", f"{queue}/purge")

    WORK = ["post"] * 6 + ["list", "claim", "pop", "look", "use_claim", "use_message"] * 3 + \
        ["create", "change", "drop", "purge"]

    def run(self, users):
        while not users.stopping.is_set():
            if self.dice.random() < 0.01:
                self.connection.close()
            getattr(self, self.dice.choice(self.WORK))(self.dice.choice(QUEUES))


def test_everything_at_once(server):
    users, clients = Workers(), [User(server.port, number) for number in range(USERS)]
    until = time.monotonic() + SECONDS
    for client in clients:
        users.start(client.run, users)
    try:
        while time.monotonic() < until and not users.failed:
            users.stopping.wait(0.05)
        before = sum((client.count for client in clients), collections.Counter())
        for client in clients:  # they go on
            client.may_end = True
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0, server.text()[-8000:]
    finally:
        users.stop()  # raises what a user met
        print(dict(before))
    assert "ThreadSanitizer" not in server.text(), server.text()[-8000:]
    assert " ERROR " not in server.text(), server.text()[-8000:]
    # every kind of answer has been seen, so this was a load
    assert sum(before.values()) > 500
    for seen in (("POST", 201), ("GET", 200), ("DELETE", 200), ("DELETE", 204), ("PUT", 201), ("PUT", 204),
                 ("PATCH", 200), ("GET", 404)):
        assert before[seen], seen
