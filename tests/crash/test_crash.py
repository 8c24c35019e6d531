"""Workers are killed with SIGKILL under load, over and over, and then everything is counted.

Every message has a body of its own and is posted once. Afterwards each one whose posting was
acknowledged is there exactly once (in the queue, or in the hands of a consumer that popped or claimed
and deleted it), and no message is there twice, acknowledged or not.
"""

import collections
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from support.servers import Cluster, Redis, wait_for  # noqa: E402

KILLS = int(os.environ.get("NUSKU_TEST_KILLS", "24"))
POSTERS, CONSUMERS = 8, 4
HEADERS = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": "crash",
           "Content-Type": "application/json"}
QUEUES = ["one", "two", "three"]


class Client:
    """A keep-alive connection that is made again when it breaks."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def ask(self, method, path, document=None):
        """Returns (status, document), or None when no answer came."""
        body = None if document is None else json.dumps(document)
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self.connection.request(method, path, body, HEADERS)
            response = self.connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException):
            if self.connection:
                self.connection.close()
            self.connection = None
            return None


class Load:
    """Posters, and consumers that pop or claim and delete, until told to stop."""

    def __init__(self, port):
        self.port = port
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged, self.uncertain, self.taken = [], [], []
        self.refused = collections.Counter()
        self.threads = [threading.Thread(target=self.post, args=(i,)) for i in range(POSTERS)]
        self.threads += [threading.Thread(target=self.consume, args=(i,)) for i in range(CONSUMERS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def post(self, number):
        client, count = Client(self.port), 0
        dice = random.Random(number)
        while not self.stopping.is_set():
            bodies = [f"{number}-{count + i}" for i in range(dice.choice([1, 1, 3]))]
            count += len(bodies)
            answer = client.ask("POST", f"/v2/queues/{dice.choice(QUEUES)}/messages",
                                {"messages": [{"body": b, "ttl": 3600} for b in bodies]})
            with self.lock:
                if answer and answer[0] == 201:
                    assert len(answer[1]["resources"]) == len(bodies)
                    self.acknowledged += bodies
                else:
                    self.refused[answer and answer[0]] += 1
                    self.uncertain += bodies

    def consume(self, number):
        client = Client(self.port)
        dice = random.Random(100 + number)
        while not self.stopping.is_set():
            queue = f"/v2/queues/{dice.choice(QUEUES)}"
            if number % 2 == 0:
                answer = client.ask("DELETE", f"{queue}/messages?pop=5")
                got = answer[1]["messages"] if answer and answer[0] == 200 else []
                with self.lock:
                    self.taken += [m["body"] for m in got]
                    if not answer or answer[0] != 200:
                        self.refused[("pop", answer and answer[0])] += 1
                continue
            answer = client.ask("POST", f"{queue}/claims?limit=5", {"ttl": 3600, "grace": 60})
            for message in answer[1]["messages"] if answer and answer[0] == 201 else []:
                # a deletion may be asked for again: it takes the message once
                while (done := client.ask("DELETE", message["href"])) is None or done[0] == 503:
                    pass
                assert done[0] == 204
                with self.lock:
                    self.taken.append(message["body"])


def everything(port):
    """All messages that are left, by following the markers."""
    client, bodies = Client(port), []
    for queue in QUEUES:
        path = f"/v2/queues/{queue}/messages?echo=true&include_claimed=true&limit=20"
        while True:
            status, page = client.ask("GET", path)
            assert status == 200
            if not page["messages"]:
                break
            bodies += [m["body"] for m in page["messages"]]
            path = page["links"][0]["href"]
    return bodies


def count(load, left):
    """Checks the books. A consumer's answer may be lost with its worker only if nobody else gets the
    message: so what was taken or is left covers all that was acknowledged, each once."""
    there = collections.Counter(load.taken) + collections.Counter(left)
    twice = {body: n for body, n in there.items() if n > 1}
    lost = set(load.acknowledged) - set(there)
    print(f"acknowledged {len(load.acknowledged)}, uncertain {len(load.uncertain)}, "
          f"taken {len(load.taken)}, left {len(left)}, refused {dict(load.refused)}, "
          f"lost {len(lost)}, twice {len(twice)}")
    assert not twice, f"enqueued or handed out twice: {list(twice.items())[:5]}"
    assert not lost, f"lost: {sorted(lost)[:5]}"
    assert set(there) <= set(load.acknowledged) | set(load.uncertain)


def links(cluster):
    return cluster.routers[0].text().count("LINK-UP")


def kill_workers(cluster, load):
    """Kills one worker after the other, each time under load, and starts it again."""
    for i in range(KILLS):
        worker = cluster.workers[i % len(cluster.workers)]
        before, up = len(load.acknowledged), links(cluster)
        wait_for(lambda: len(load.acknowledged) > before + 200, 30, "load")
        worker.kill(signal.SIGKILL)
        before = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > before + 50, 30, "service by the other worker")
        worker.start()
        wait_for(lambda: links(cluster) > up, 30, "the link to the new worker")


@pytest.fixture(params=["redis", "sqlite"])
def cluster(request, tmp_path):
    if request.param == "redis":
        with Redis() as redis, Cluster(redis.uri, workers=2) as c:
            yield c
    else:
        with Cluster(f"sqlite://{tmp_path}/messages.db", workers=2) as c:
            yield c


def test_killed_workers_lose_nothing_and_do_nothing_twice(cluster):
    started = time.monotonic()
    load = Load(cluster.routers[0].port)
    try:
        kill_workers(cluster, load)
    finally:
        load.stop()
    print(f"{KILLS} kills in {time.monotonic() - started:.1f} s")
    count(load, everything(cluster.routers[0].port))
