"""A store with a router and a worker before it, all processes of their own, for bench/depth."""

import contextlib
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from connection import Connection  # noqa: E402
from support.servers import SCRATCH, Cluster, Failed, Redis, wait_for  # noqa: E402

OPTIONS = ["worker.sweep_interval=60000", "transport.max_messages_post_size=16777216",
           "transport.max_messages_per_page=1000",
           "transport.max_messages_per_claim_or_pop=1000", "transport.max_message_delay=1209600"]
SWEEPLESS_SECONDS = 45  # of the 60 before the first sweep of a worker


class Stack:
    """connection leads to the router. store is started by start(), which returns its URI."""

    def __init__(self):
        self.cluster = None
        self.connection = None
        try:
            self.cluster = Cluster(self.start(), workers=1, options=OPTIONS)
            self.started = time.monotonic()
            self.connection = Connection(self.cluster.port)
        except BaseException:
            self.stop()
            raise

    def rest(self):
        """Stops the worker: nobody sweeps, and what is stored stays."""
        self.connection.close()
        self.cluster.workers[-1].stop()

    def wake(self):
        """Starts another worker, which sweeps no earlier than in a minute."""
        router = self.cluster.routers[0]
        links = router.links
        self.cluster.add_worker()
        self.started = time.monotonic()
        wait_for(lambda: router.links > links, 30, "a link to the worker")
        self.connection = Connection(self.cluster.port)

    def put_off_sweep(self):
        """Replaces the worker before it sweeps. Returns whether it did."""
        if time.monotonic() - self.started < SWEEPLESS_SECONDS:
            return False
        self.rest()
        self.wake()
        return True

    def stop(self):
        try:
            if self.connection:
                self.connection.close()
            if self.cluster:
                self.cluster.stop()
        finally:
            self.stop_store()


class OnRedis(Stack):
    name = "redis"
    title = "Redis (appendonly no)"
    redis = None

    def start(self):
        self.redis = Redis()
        return self.redis.uri

    def expired(self, queue, ttl_s):
        """How many entries the lane of messages of that ttl, which all have expired, still holds."""
        base = self.redis.cli("keys", f"nusku:{{bench/{queue}/*:m").strip()[:-1]
        lane = self.redis.cli("hget", f"{base}m", f"t{ttl_s}").strip()
        return int(self.redis.cli("xlen", f"{base}s{lane}")) if lane else 0

    def stop_store(self):
        if self.redis:
            self.redis.stop()


class OnSQLite(Stack):
    name = "sqlite"
    title = "SQLite (synchronous FULL)"
    folder = None

    def start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nusku-depth-", dir=SCRATCH))
        return f"sqlite://{self.folder}/messages.db"

    def expired(self, queue, ttl_s):
        """How many rows of expired messages the queue still has."""
        file = f"file:{self.folder}/messages.db?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True)) as db:
            return db.execute("SELECT count(*) FROM message WHERE expires_ms <= ? AND queue = "
                              "(SELECT id FROM queue WHERE name = ? AND epoch IS NOT NULL)",
                              (int(time.time() * 1000), queue.encode())).fetchone()[0]

    def stop_store(self):
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


ALL = [OnRedis, OnSQLite]
