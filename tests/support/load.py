"""Clients that work on a few queues at the same time, and the books that they keep.

Every message has a body of its own and is posted once. Afterwards each one whose posting was
acknowledged is there exactly once (in the queue, or in the hands of a consumer that popped it or
claimed and deleted it), and no message is there twice, acknowledged or not.
"""

import collections
import concurrent.futures
import http.client
import json
import random
import threading
import time
import uuid

from support.api import Answer, refused, unique

AWAY = "Service temporarily unavailable"


def told_to_come_again(answer):
    """The answer is 503 in the API's form, and says when to try again."""
    refused(answer, 503, AWAY)
    assert answer.headers.get_all("Retry-After") == ["1"]
    return True


class Connection:
    """A client's keep-alive connection, made again when it breaks."""

    def __init__(self, port, project="load", timeout=20):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.headers = {"Client-ID": str(uuid.uuid4()), "X-Project-ID": project,
                        "Content-Type": "application/json"}

    def ask(self, method, path, document=None, headers=()):
        """Returns the answer, or None when none came."""
        body = None if document is None else json.dumps(document)
        try:
            self.connection.request(method, path, body, {**self.headers, **dict(headers)})
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return None

    def close(self):
        self.connection.close()


class Workers:
    """Threads that run until told to stop; what one of them raises, stop() raises."""

    def __init__(self):
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(256)
        self.futures = []

    def start(self, work, *arguments):
        self.futures.append(self.pool.submit(work, *arguments))

    def stop(self):
        self.stopping.set()
        for future in self.futures:
            future.result(60)
        self.pool.shutdown()

    @property
    def failed(self):
        return any(f.done() and f.exception() for f in self.futures)


class Load(Workers):
    """Posters, and consumers that pop or claim and delete. What a pop took is lost when its answer
    is: leave out poppers where clients are told 503 for what was carried out."""

    def __init__(self, ports, posters=8, poppers=2, claimers=2, queues=3):
        super().__init__()
        self.ports, self.queues = ports, [unique("queue") for _ in range(queues)]
        self.acknowledged, self.uncertain, self.taken = [], [], []
        self.refused = collections.Counter()
        self.slowest = 0.0  # seconds for an answer
        for kind, count in ((self.post, posters), (self.pop, poppers), (self.claim, claimers)):
            for number in range(count):
                self.start(kind, number)

    def ask(self, connection, method, path, document=None):
        """The answer if it is good; None, counted, if the client is told to come again."""
        began = time.monotonic()
        answer = connection.ask(method, path, document)
        took = time.monotonic() - began
        assert answer is not None, f"{method} {path}: the connection broke"
        with self.lock:
            self.slowest = max(self.slowest, took)
        if answer.status in (200, 201, 204):
            return answer
        told_to_come_again(answer)
        with self.lock:
            self.refused[method] += 1
        return None

    def client(self, number):
        return Connection(self.ports[number % len(self.ports)])

    def post(self, number):
        connection, count, dice = self.client(number), 0, random.Random(number)
        while not self.stopping.is_set():
            bodies = [f"{number}-{count + i}" for i in range(dice.choice([1, 1, 3]))]
            count += len(bodies)
            answer = self.ask(connection, "POST", f"/v2/queues/{dice.choice(self.queues)}/messages",
                              {"messages": [{"body": b, "ttl": 3600} for b in bodies]})
            assert answer is None or len(answer.json["resources"]) == len(bodies)
            with self.lock:
                (self.uncertain if answer is None else self.acknowledged).extend(bodies)

    def pop(self, number):
        connection, dice = self.client(number), random.Random(100 + number)
        while not self.stopping.is_set():
            answer = self.ask(connection, "DELETE",
                              f"/v2/queues/{dice.choice(self.queues)}/messages?pop=5")
            if answer is not None:
                with self.lock:
                    self.taken += answer.bodies

    def claim(self, number):
        connection, dice = self.client(number), random.Random(200 + number)
        while not self.stopping.is_set():
            answer = self.ask(connection, "POST", f"/v2/queues/{dice.choice(self.queues)}/claims?limit=5",
                              {"ttl": 3600, "grace": 60})
            for message in answer.json["messages"] if answer and answer.status == 201 else []:
                # a deletion may be asked for again: it takes the message once
                while (done := self.ask(connection, "DELETE", message["href"])) is None:
                    pass
                assert done.status == 204
                with self.lock:
                    self.taken.append(message["body"])

    def more(self, count):
        """A condition: that many more messages were acknowledged since now."""
        want = len(self.acknowledged) + count
        return lambda: self.failed or len(self.acknowledged) >= want

    def check(self):
        """Counts everything. A consumer's answer may be lost with its worker only if nobody else gets
        the message: so what was taken or is left covers all that was acknowledged, each once."""
        left = [body for queue in self.queues for body in everything(self.ports[0], queue)]
        there = collections.Counter(self.taken) + collections.Counter(left)
        twice = {body: n for body, n in there.items() if n > 1}
        lost = set(self.acknowledged) - set(there)
        print(f"acknowledged {len(self.acknowledged)}, uncertain {len(self.uncertain)}, "
              f"taken {len(self.taken)}, left {len(left)}, refused {dict(self.refused)}, "
              f"slowest {self.slowest:.2f} s, lost {len(lost)}, twice {len(twice)}")
        assert not twice, f"enqueued or handed out twice: {list(twice.items())[:5]}"
        assert not lost, f"lost: {sorted(lost)[:5]}"
        assert set(there) <= set(self.acknowledged) | set(self.uncertain)


def pages(connection, queue, query="echo=true&include_claimed=true&limit=20"):
    """The pages of a listing, by following the markers, the empty one at the end included; whoever
    goes on after that asks for what has come since."""
    path = f"/v2/queues/{queue}/messages?{query}"
    while True:
        answer = connection.ask("GET", path)
        assert answer is not None and answer.status == 200, answer
        page = answer.json
        path = page["links"][0]["href"] if page["links"] else path
        yield [m["body"] for m in page["messages"]]


def everything(port, queue, project="load"):
    """The bodies of all messages that are left."""
    bodies = []
    for page in pages(Connection(port, project), queue):
        if not page:
            return bodies
        bodies += page
