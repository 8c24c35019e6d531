"""The stores behind whole clusters: that they fail and come back, that nothing is left behind, and that
messages are handed out once and in order."""

import collections
import contextlib
import random
import re
import socket
import sqlite3
import threading

import pytest
from support.api import Client, refused
from support.clock import LIBRARIES, Clock
from support.load import Connection, Load, Workers, everything, pages, told_to_come_again
from support.servers import ROOT, Cluster, Nusku, Redis, wait_for

DURABLE = ["--appendonly", "yes", "--appendfsync", "always"]


# ---- Redis goes and comes back ---------------------------------------------------------------------


def test_redis_is_killed_under_load():
    """503 while it is away; service comes back by itself; nothing acknowledged is lost, nothing twice."""
    with Redis(*DURABLE) as redis, \
            Cluster(redis.uri, options=["router.operation_timeout=1000"]) as cluster:
        load = Load([cluster.port], poppers=0)
        try:
            for turn in range(5):
                wait_for(load.more(200), what="load")
                told = load.refused.total()
                redis.kill()
                if turn != 0:  # the first time it is back before anybody is told
                    wait_for(lambda: load.failed or load.refused.total() > told + 12, what="refusals")
                redis.start()
                wait_for(load.more(200), what="service")
        finally:
            load.stop()
        load.check()
        assert load.refused["POST"]


def test_connections_to_redis_are_cut_under_load():
    """Nobody notices: what was under way is asked again, and not done twice."""
    with Redis(*DURABLE) as redis, Cluster(redis.uri) as cluster:
        load = Load([cluster.port])
        try:
            for _ in range(10):
                wait_for(load.more(100), what="load")
                redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        finally:
            load.stop()
        load.check()
        assert not load.refused
        assert cluster.workers[0].text().count("REDIS-LOST") >= 5


# How Redis is made to refuse, what it calls that, and how it is made to serve again
REFUSALS = {
    "full": ("OOM", ["config", "set", "maxmemory", "1"], ["config", "set", "maxmemory", "0"]),
    "replica": ("READONLY", ["replicaof", "127.0.0.1", "1"], ["replicaof", "no", "one"]),
    "cannot save": ("MISCONF", ["config", "set", "min-replicas-to-write", "1"],
                    ["config", "set", "min-replicas-to-write", "0"]),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_redis_refuses(how):
    """Clients are told that it isn't gone, and the operator what it says: not once for each request."""
    word, refuse, serve = REFUSALS[how]
    with Redis() as redis, Nusku(store=redis.uri) as server:
        api = Client(server.port)
        queue = api.queue()
        api.fill(queue, 1)
        redis.cli(*refuse)
        for n in range(20):
            answer = api.post(f"{queue}/messages", {"messages": [{"body": f"secret {n}"}]})
            error = refused(answer, 503, "Service temporarily unavailable")
            assert "refuses" in error["description"]
            assert answer.headers["Retry-After"]
        lines = [line for line in server.text().splitlines() if "REDIS-REFUSED" in line]
        assert 1 <= len(lines) <= 5
        assert " WARN " in lines[0]
        assert word in lines[0] or how == "cannot save"
        assert f"127.0.0.1:{redis.port}" in lines[0]
        assert "secret" not in server.text()
        redis.cli(*serve)
        api.fill(queue, 2)
        assert api.listed(queue) == [1, 2]


def test_key_of_another_kind_in_redis():
    with Redis() as redis, Nusku(store=redis.uri) as server:
        api = Client(server.port)
        queue = api.queue()
        api.fill(queue, 1)
        for key in redis.cli("keys", "nusku:{*").split():
            redis.cli("del", key)
            redis.cli("set", key, "x")
        refused(api.post(f"{queue}/messages", {"messages": [{"body": 1}]}), 503)
        assert "REDIS-REFUSED" in server.text() and "WRONGTYPE" in server.text()


def odd_redis(listener, answer):
    """Serves whoever comes, until the listener closes: to each script that answer, to TIME the time."""
    def serve(connection):
        with connection, connection.makefile("rb") as words, contextlib.suppress(OSError, ValueError):
            while line := words.readline():
                command = [words.read(int(words.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))]
                connection.sendall({b"TIME": b"*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n",
                                    b"SCRIPT": b"+x\r\n"}.get(command[0], answer))
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()


@pytest.mark.parametrize("answer", [b"+OK\r\n", b"$-1\r\n", b":5\r\n", b"*1\r\n*0\r\n", b"*-1\r\n"])
def test_answers_that_redis_never_gives(answer):
    """Not our fault, so it is no 500; the log says what it is, as an error."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=odd_redis, args=[listener, answer], daemon=True).start()
        with Nusku(store=f"redis://127.0.0.1:{listener.getsockname()[1]}") as server:
            api = Client(server.port)
            queue = api.queue()
            refused(api.post(f"{queue}/messages", {"messages": [{"body": 1}]}), 503)
            refused(api.get(f"{queue}/messages"), 503)
            refused(api.post(f"{queue}/purge"), 503)
            assert re.search(r" ERROR dev REDIS-ANSWER .*message_post of an unknown form", server.text())
        listener.shutdown(socket.SHUT_RDWR)


def test_scripts_are_flushed_under_load(redis):
    with Cluster(redis.uri) as cluster:
        load = Load([cluster.port])
        try:
            for _ in range(20):
                wait_for(load.more(50), what="load")
                redis.cli("SCRIPT", "FLUSH", "SYNC")
        finally:
            load.stop()
        load.check()
        assert not load.refused
        for worker in cluster.workers:
            assert not [line for line in worker.text().splitlines() if " WARN " in line or " ERROR " in line]


# ---- How Redis is reached --------------------------------------------------------------------------

PASSWORD = "s3:cr/t@%1"
ENCODED = "s3%3Acr%2Ft%40%251"


@pytest.fixture(scope="module")
def guarded():
    """A Redis with a password, a user, and a unix socket."""
    with Redis("--requirepass", PASSWORD, "--unixsocket", "redis.sock") as redis:
        redis.cli("-a", PASSWORD, "ACL", "SETUSER", "nusku", "on", f">{PASSWORD}", "~*", "+@all")
        yield redis


def in_no_log(secret, *servers):
    for server in servers:
        assert server.text()
        for form in (secret, ENCODED, PASSWORD):
            assert form not in server.text()


@pytest.mark.parametrize("uri, database", [
    ("redis://:{password}@127.0.0.1:{port}/0", 0),
    ("redis://:{password}@127.0.0.1:{port}", 0),
    ("redis://nusku:{password}@localhost:{port}/1", 1),
    ("unix://:{password}@{socket}", 0),
    ("unix://nusku:{password}@{socket}?db=2", 2),
])
def test_ways_to_redis(uri, database, guarded):
    """Messages lie in the database that is named, and the password in no log."""
    uri = uri.format(password=ENCODED, port=guarded.port, socket=guarded.folder / "redis.sock")

    def size():
        return int(guarded.cli("-a", PASSWORD, "-n", str(database), "DBSIZE"))
    before = size()
    with Cluster(uri, workers=1, options=["DEFAULT.debug=true"]) as cluster:
        api = Client(cluster.port)
        queue = api.queue()
        api.fill(queue, 1)
        assert api.listed(queue) == [1]
        assert size() > before
        assert api.delete(queue).status == 204
        wait_for(lambda: size() == before, what="the database to be as before")
        in_no_log(ENCODED, *cluster.workers, *cluster.routers)


@pytest.mark.parametrize("secret, reason", [("wr0ng-one", "WRONGPASS"), ("", "NOAUTH")])
def test_wrong_password(secret, reason, guarded):
    uri = f"redis://{':' * bool(secret)}{secret}{'@' * bool(secret)}127.0.0.1:{guarded.port}/0"
    with Cluster(uri, workers=1, options=["DEFAULT.debug=true", "router.operation_timeout=500"]) as cluster:
        (worker,) = cluster.workers
        api = Client(cluster.port)
        told_to_come_again(api.get(f"{api.queue()}/stats"))
        (line,) = [line for line in worker.text().splitlines() if "REDIS-LOST" in line]
        assert reason in line and f"127.0.0.1:{guarded.port}" in line
        in_no_log(secret or PASSWORD, worker, *cluster.routers)


# ---- Nothing is left behind ------------------------------------------------------------------------


def use_up(port, project, times):
    """A queue is used, emptied and deleted, that many times."""
    connection, path = Connection(port, project), "/v2/queues/again"

    def ask(method, path, document=None, status=200):
        answer = connection.ask(method, path, document)
        assert answer is not None and answer.status == status, answer
        return answer
    for turn in range(times):
        ask("POST", f"{path}/messages",
            {"messages": [{"body": turn, "ttl": ttl, "delay": delay}
                          for ttl, delay in ((60, 0), (300, 0), (60 + turn, 0), (300, 600))]}, 201)
        (message,) = ask("POST", f"{path}/claims?limit=1", {"ttl": 300, "grace": 60}, 201).json["messages"]
        ask("POST", f"{path}/subscriptions", {"subscriber": "http://a", "ttl": 60 + turn}, 201)
        if turn % 2:
            ask("DELETE", message["href"], status=204)
            assert len(ask("DELETE", f"{path}/messages?pop=20").bodies) == 2
        ask("DELETE", path, status=204)
    connection.close()


def cycles(port, threads=8, times=125):
    users = Workers()
    for number in range(threads):
        users.start(use_up, port, f"cycle-{number}", times)
    users.stop()


def test_thousand_cycles_leave_nothing_in_redis(redis):
    uri = f"redis://127.0.0.1:{redis.port}/7"

    def size():
        return int(redis.cli("-n", "7", "DBSIZE"))
    with Cluster(uri) as cluster:
        use_up(cluster.port, "first", 1)
        wait_for(lambda: size() == 0, what="nothing left of the first cycle")
        api = Client(cluster.port)
        api.fill(api.queue(), 1)
        before = size()
        assert before > 0  # so it is this database
        cycles(cluster.port)
        wait_for(lambda: size() == before, what="the database to be as before")
        # keys of the index of all queues, too
        assert redis.cli("-n", "7", "ZCARD", "nusku:due") == "1\n"


def rows(path, *tables):
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_a_damaged_number_heals(sqlite):
    """A last number that no id can carry: the next one is given by the clock, behind all others."""
    with Nusku(store=sqlite) as server:
        api = Client(server.port)
        queue = api.queue()
        ids = api.fill(queue, 1)
        with contextlib.closing(sqlite3.connect(sqlite.removeprefix("sqlite://"), timeout=10)) as db, db:
            db.execute("UPDATE queue SET last = -1000000000000")
        ids += api.fill(queue, 2, 3)
        assert api.get(f"{queue}/messages?echo=true").ids == sorted(ids) == ids
        assert api.stats(queue)["total"] == 3


LAYOUT_1 = ROOT / "worker" / "store" / "sqlite" / "schema.sql"


def test_sqlite_file_of_the_first_layout_is_brought_up(sqlite):
    """Its messages and claims are there as they were, and subscriptions can be made beside them."""
    path = sqlite.removeprefix("sqlite://")
    with Cluster(sqlite, workers=1) as cluster:
        api = Client(cluster.port)
        queue = api.queue()
        ids = api.fill(queue, 1, 2, 3)
        claim = api.claim(queue, limit=1)
        cluster.workers[0].kill()
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as db, db:
            db.executescript("DROP TABLE subscription; ALTER TABLE queue DROP COLUMN subscriptions;"
                             "PRAGMA user_version = 1")
            layout = shape(db)
        with contextlib.closing(sqlite3.connect(":memory:")) as db, db:
            db.executescript(LAYOUT_1.read_text())
            assert shape(db) == layout  # so it is what the first release wrote
        cluster.add_worker()
        wait_for(lambda: api.get(f"{queue}/stats").status == 200, what="the new worker")
        assert api.get(claim.headers["Location"]).ids == ids[:1]
        assert api.get(f"{queue}/messages?echo=1").ids == ids[1:]
        answer = api.post(f"{queue}/subscriptions", {"subscriber": "http://a"})
        assert answer.status == 201
        assert len(api.get(f"{queue}/subscriptions").json["subscriptions"]) == 1


def shape(db):
    """The columns of all tables, and the indexes."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    columns = {t: [row[1:] for row in db.execute(f"PRAGMA table_info({t})")] for t in tables}
    indexes = db.execute("SELECT sql FROM sqlite_master WHERE type = 'index' ORDER BY name").fetchall()
    return columns, indexes


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")
def test_thousand_cycles_leave_nothing_in_sqlite(tmp_path):
    """What is kept for a while is gone after it: the clock is moved by a minute at the end."""
    clock = Clock(tmp_path)
    with Nusku(env=clock.env(), options=["worker.heartbeat_interval=1", "worker.sweep_interval=50"]) as server:
        api = Client(server.port)
        api.fill(api.queue(), 1)
        data = server.folder / "data"

        def count():
            return {**rows(data / "messages.db", "queue", "message", "claim", "subscription",
                           "operation"),
                    **rows(data / "catalog.db", "dropped")}
        before = count()
        assert before == {"queue": 1, "message": 1, "claim": 0, "subscription": 0, "operation": 1,
                          "dropped": 0}
        cycles(server.port)
        after = count()
        assert after["operation"] > 1000 and after["dropped"] == 1000  # so these are the tables
        wait_for(lambda: count().items() >= {"queue": 1, "message": 1, "claim": 0,
                                             "subscription": 0}.items(), what="sweeps")
        clock.move(60)
        wait_for(lambda: count() == {**before, "operation": 0}, 25, "nothing left")


def test_the_log_of_sqlite_stays_small():
    """Nothing that was read keeps the write-ahead log from being reused."""
    with Nusku() as server:
        api = Client(server.port)
        queue = api.queue()
        (first, second) = api.fill(queue, 1, 2)
        assert api.get(f"{queue}/messages/{first}").status == 200
        assert api.listed(queue) == [1, 2]
        assert api.delete(f"{queue}/messages/{second}").status == 204
        for _ in range(100):
            api.fill(queue, "x" * 250000)
        assert (server.folder / "data" / "messages.db").stat().st_size > 20_000_000
        assert (server.folder / "data" / "messages.db-wal").stat().st_size < 10_000_000


# ---- Once, and in order ----------------------------------------------------------------------------


def test_64_clients_claim_from_one_queue(store):
    """No message is in two live claims, and each is claimed once."""
    count, clients = 400, 64
    with Cluster(store) as cluster:
        api = Client(cluster.port, "many")
        queue = api.queue()
        ids = [i for at in range(0, count, 20) for i in api.fill(queue, *range(at, at + 20))]
        claimed, lock, gate = collections.Counter(), threading.Lock(), threading.Barrier(clients)

        def consume(number):
            connection, dice = Connection(cluster.port, "many"), random.Random(number)
            gate.wait(30)
            while True:
                answer = connection.ask("POST", f"{queue}/claims?limit={dice.choice([1, 2, 5])}",
                                        {"ttl": 300, "grace": 60})
                if answer.status == 204:
                    return
                assert answer.status == 201, answer
                messages = answer.json["messages"]
                assert [m["body"] for m in messages] == sorted(m["body"] for m in messages)
                claim = connection.ask("GET", answer.headers["Location"])
                assert claim.ids == answer.ids
                with lock:
                    claimed.update(ids[m["body"]] for m in messages)

        consumers = Workers()
        for number in range(clients):
            consumers.start(consume, number)
        consumers.stop()
        assert claimed == dict.fromkeys(ids, 1)
        assert api.stats(queue) == {"free": 0, "claimed": count, "total": count}


def test_a_listing_while_others_post(store):
    """Readers that follow the markers see every message once, and each poster's in its order."""
    posters, each = 4, 60
    with Cluster(store) as cluster:
        done, seen = threading.Event(), []

        def post(number):
            connection, dice = Connection(cluster.port), random.Random(number)
            count = 0
            while count < each:
                n = min(dice.choice([1, 1, 1, 4]), each - count)
                # several lives, so that in Redis messages lie in several places
                answer = connection.ask("POST", "/v2/queues/flow/messages", {"messages": [
                    {"body": [number, count + i], "ttl": dice.choice([60, 300, 3600])} for i in range(n)]})
                assert answer.status == 201, answer
                count += n

        def read(limit):
            bodies, all_posted = [], False
            for page in pages(Connection(cluster.port), "flow", f"echo=true&limit={limit}"):
                bodies += page
                if all_posted and not page:
                    break
                all_posted = done.is_set()  # before the next page is asked for
            seen.append(bodies)

        readers, writers = Workers(), Workers()
        assert Client(cluster.port, "load").put("/v2/queues/flow").status == 201
        for limit in (1, 7, 20):
            readers.start(read, limit)
        for number in range(posters):
            writers.start(post, number)
        writers.stop()
        done.set()
        readers.stop()
        seen.append(everything(cluster.port, "flow"))
        for bodies in seen:
            assert len(bodies) == posters * each
            for number in range(posters):
                assert [i for who, i in bodies if who == number] == list(range(each))


def test_popping_is_in_order(store):
    with Cluster(store) as cluster:
        api = Client(cluster.port)
        queue = api.queue()
        for at in range(0, 100, 5):
            api.fill(queue, *range(at, at + 5), ttl=60 + at % 3)
        popped = []
        while got := api.delete(f"{queue}/messages?pop=7").bodies:
            popped += got
        assert popped == list(range(100))
