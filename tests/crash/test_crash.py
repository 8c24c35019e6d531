"""Workers are killed with SIGKILL under load, over and over, and then everything is counted."""

import os
import signal
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from support.load import Load  # noqa: E402
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
