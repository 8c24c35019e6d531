"""Workers are killed with SIGKILL under load, over and over, and then everything is counted."""

import os
import signal
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from support.api import Client  # noqa: E402
from support.load import Load, Workers  # noqa: E402
from support.servers import Cluster, Redis, wait_for  # noqa: E402

KILLS = int(os.environ.get("NUSKU_TEST_KILLS", "24"))


def kill_workers(cluster, load):
    """Kills one worker after the other, each time under load, and starts it again."""
    router = cluster.routers[0]
    for i in range(KILLS):
        worker = cluster.workers[i % len(cluster.workers)]
        up = router.links
        wait_for(load.more(200), 30, "load")
        worker.kill(signal.SIGKILL)
        wait_for(load.more(50), 30, "service by the other worker")
        worker.start()
        wait_for(lambda: router.links > up, 30, "the link to the new worker")


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
    load = Load([cluster.port])
    try:
        kill_workers(cluster, load)
    finally:
        load.stop()
    print(f"{KILLS} kills in {time.monotonic() - started:.1f} s")
    load.check()


def test_killed_workers_lose_no_subscription(cluster):
    """What was answered is there, once, as it was answered last, and in the order of the answers."""
    router, api = cluster.routers[0], Client(cluster.port)
    answered, kept = [], []
    queue, users = api.queue(), Workers()

    def subscribe():
        while not users.stopping.is_set():
            number = len(answered)
            answer = api.post(f"{queue}/subscriptions", {"subscriber": f"http://{number}", "ttl": 600})
            assert answer.status == 201, answer
            path = f"{queue}/subscriptions/{answer.json['subscription_id']}"
            for confirmed in (True, False, True):
                assert api.put(f"{path}/confirm", {"confirmed": confirmed}).status == 204
            if number % 3:
                assert api.delete(path).status == 204
            else:
                kept.append(path.rpartition("/")[2])
            answered.append(number)
    users.start(subscribe)
    try:
        for i in range(8):
            worker, up, so_far = cluster.workers[i % 2], router.links, len(answered)
            wait_for(lambda: len(answered) > so_far + 4 or users.failed, 30, "subscriptions")
            worker.kill(signal.SIGKILL)
            worker.start()
            wait_for(lambda: router.links > up, 30, "the link to the new worker")
    finally:
        users.stop()
    seen, path = [], f"{queue}/subscriptions?limit=20"
    while path:
        page = api.get(path)
        seen += [s["id"] for s in page.json["subscriptions"] if s["confirmed"]]
        path = page.next
    assert seen == kept
