"""Clocks that differ from machine to machine, and clocks that step: nobody is to notice."""

import contextlib
import sqlite3
import time

import pytest
from support.api import Client
from support.clock import LIBRARIES, Clock
from support.load import told_to_come_again
from support.servers import Cluster, Nusku, wait_for

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")
# A worker that is silent for two seconds is taken for gone.
QUICK = ["worker.heartbeat_interval=1", "worker.heartbeat_timeout=2"]
HOUR_S = 3600


@contextlib.contextmanager
def apart(store, ahead_s, folder, *options):
    """A router, and a worker whose clock is ahead of it (or behind)."""
    clock = Clock(folder)
    clock.move(ahead_s)
    with Cluster(store, workers=0, options=[*QUICK, *options]) as cluster:
        cluster.add_worker(env=clock.env())
        wait_for(lambda: cluster.routers[0].links == 1, what="the link")
        yield cluster


def heartbeats(catalog, count):
    """Waits until the only worker has given so many signs of life."""
    def last():
        with contextlib.closing(sqlite3.connect(catalog, timeout=10)) as db:
            return db.execute("SELECT heartbeat_ms FROM worker").fetchall()
    for _ in range(count):
        before = last()
        wait_for(lambda: last() != before, what="a sign of life")  # noqa: B023


def messages_pass(port):
    api = Client(port)
    queue = api.queue()
    ids = api.fill(queue, 1, 2)
    assert api.get(f"{queue}/messages?echo=true").ids == ids
    assert api.claim(queue).ids == ids


# ---- Clocks that differ ----------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [HOUR_S, -HOUR_S])
def test_clocks_differ(ahead_s, store, tmp_path):
    with apart(store, ahead_s, tmp_path) as cluster:
        messages_pass(cluster.port)
        heartbeats(cluster.folder / "catalog.db", 3)
        messages_pass(cluster.port)
        assert "LINK-LATE" not in cluster.workers[0].text()
        assert cluster.routers[0].links == 1
        assert "WORKER-GONE" not in cluster.routers[0].text()


@pytest.mark.parametrize("ahead_s", [0, HOUR_S, -HOUR_S])
def test_late_operations_are_discarded(ahead_s, redis, tmp_path):
    """A worker that wakes up long after the deadline doesn't carry out what clients were refused. (Links are
    given up when they break, not when they are silent: so it is the worker that finds out.)"""
    options = ["router.operation_timeout=200", "router.link_timeout=60000"]
    with apart(redis.uri, ahead_s, tmp_path, *options) as cluster:
        api = Client(cluster.port)
        queue = api.queue()
        (worker,) = cluster.workers
        with worker.paused():
            began = time.monotonic()
            told_to_come_again(api.post(f"{queue}/messages", {"messages": [{"body": "late"}]}))
            wait_for(lambda: time.monotonic() > began + 2.5, what="two seconds and the deadline")
        wait_for(lambda: api.post(f"{queue}/messages", {"messages": [{"body": "new"}]}).status == 201)
        assert set(api.everything(queue)) == {"new"}
        wait_for(lambda: "LINK-LATE" in worker.text(), what="a word about it")


# ---- Clocks that step ------------------------------------------------------------------------------


@pytest.mark.parametrize("step_s", [24 * HOUR_S, -24 * HOUR_S])
def test_the_clock_steps(step_s, tmp_path):
    """The worker is not taken for gone, and its signs of life go on."""
    clock = Clock(tmp_path)
    with Nusku(env=clock.env(), options=QUICK) as server:
        messages_pass(server.port)
        clock.move(step_s)
        heartbeats(server.folder / "data" / "catalog.db", 2)
        messages_pass(server.port)
        assert "WORKER-GONE" not in server.text()


@pytest.mark.parametrize("step_s", [24 * HOUR_S, -24 * HOUR_S])
def test_a_step_is_nothing_to_messages_in_redis(step_s, redis, tmp_path):
    """What lives in Redis lives by Redis' clock; that of the worker's machine may do what it likes."""
    clock = Clock(tmp_path)
    with Nusku(store=redis.uri, env=clock.env(), options=["worker.sweep_interval=50"]) as server:
        api = Client(server.port)
        queue, other = api.queue(), api.queue()
        (name,) = api.fill(queue, 1, ttl=600)
        clock.move(step_s)
        (late,) = api.fill(other, 2, ttl=600)  # by a worker that has noticed, or not
        assert api.stats(queue) == {"free": 1, "claimed": 0, "total": 1}
        for path, kept in (queue, name), (other, late):
            assert api.get(f"{path}/messages/{kept}").json["age"] < 60
            assert api.get(f"{path}/messages?echo=true").ids == [kept]


def test_workers_from_before_the_last_boot(sqlite):
    """What the file says of them is forgotten: the clock of heartbeats has started again."""
    with Cluster(sqlite, workers=1, options=QUICK) as cluster:
        with contextlib.closing(sqlite3.connect(cluster.folder / "catalog.db", timeout=10)) as db:
            with db:
                db.execute("INSERT INTO worker SELECT ?, ?, host, wire_version, pools, heartbeat_ms + 1000000 "
                           "FROM worker", (b"f" * 16, "tcp://127.0.0.1:1"))
            wait_for(lambda: db.execute("SELECT count(*) FROM worker").fetchone() == (1,), what="one worker")
        messages_pass(cluster.port)
        assert "tcp://127.0.0.1:1" not in cluster.routers[0].text()
