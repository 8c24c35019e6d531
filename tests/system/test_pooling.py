"""Pools of a whole cluster: how workers follow the catalog, and what `nusku pool` and `nusku flavor` do."""

import contextlib
import sqlite3
import subprocess
import threading

import pytest
from support.api import Client, refused
from support.load import Load
from support.pooling import OPTIONS, Admin, post, queues_in
from support.servers import BUILD, ROOT, Cluster, Redis, Router, Worker, free_port, wait_for

DURABLE = ["--appendonly", "yes", "--appendfsync", "always"]


@pytest.fixture
def redises():
    with Redis(*DURABLE) as one, Redis(*DURABLE) as two:
        yield one, two


@pytest.fixture
def default(tmp_path):
    return f"sqlite://{tmp_path}/default.db"


def test_three_pools_of_two_kinds(redises, default, tmp_path):
    """Queues spread by weight, messages on each, pools that come and go under load, a worker that is killed
    and comes back: nothing acknowledged is lost, nothing comes twice, nobody is restarted for a pool."""
    one, two = redises
    file = f"sqlite://{tmp_path}/pool.db"
    with Cluster(default, options=OPTIONS) as cluster:
        admin = Admin(cluster.port)
        admin.pool(one.uri, "one", weight=2)
        admin.pool(file, "file")
        for n in range(60):
            assert post(admin, f"spread{n}", n).status == 201
        assert 5 <= len(queues_in(file)) <= 38  # 20 are expected
        assert one.cli("dbsize").strip() != "0"
        load = Load([cluster.port])
        try:
            wait_for(load.more(200), what="load")
            admin.pool(two.uri, "two", weight=2)
            for n in range(60, 120):
                assert post(admin, f"spread{n}", n).status == 201
            assert two.cli("dbsize").strip() != "0"
            admin.pool(f"sqlite://{tmp_path}/idle.db", "idle", weight=0)
            for worker in cluster.workers:
                wait_for(lambda w=worker: "POOL-OPENED pool=idle" in w.text(), what="POOL-OPENED")
            wait_for(load.more(200), what="load")
            assert admin.delete("/v2/pools/idle").status == 204
            for worker in cluster.workers:
                wait_for(lambda w=worker: "POOL-RETIRED pool=idle" in w.text(), what="POOL-RETIRED")
            cluster.workers[0].kill()
            wait_for(load.more(200), what="load")
            cluster.workers[0].start()
            wait_for(lambda: cluster.workers[0].text().count("POOL-OPENED pool=two") == 2, what="pools")
            cluster.workers[1].kill()
            wait_for(load.more(200), what="load on the one that was restarted")
        finally:
            load.stop()
        load.check()
        assert not load.refused
        for n in range(120):
            assert admin.listed(f"/v2/queues/spread{n}") == [n]
        error = refused(admin.delete("/v2/pools/two"), 403, "Unable to delete")
        assert " queues live on it" in error["description"] or "1 queue lives" in error["description"]
        for worker in cluster.workers:
            assert "WORKER-NOT-REMOVED" not in worker.text()


def test_pool_comes_while_a_post_waits(default, redises):
    """A queue may be made before any worker serves its pool: what asks for it waits, and is answered."""
    with Cluster(default, workers=1, options=[*OPTIONS, "worker.pools=(default),other"]) as cluster:
        admin = Admin(cluster.port)
        admin.pool(redises[0].uri, "late")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(post(Client(cluster.port), "q")))
        thread.start()
        cluster.add_worker("worker.pools=late")
        thread.join()
        assert answers[0].status == 201
        assert "POOL-OPENED pool=late" in cluster.workers[1].text()
        assert "POOL-OPENED" not in cluster.workers[0].text()


def test_pool_that_can_not_be_opened_yet(default, tmp_path):
    """It is tried again until it can, and said once."""
    folder = tmp_path / "mount"
    folder.mkdir()
    with Cluster(default, workers=1, options=[*OPTIONS, "router.operation_timeout=500"]) as cluster:
        admin = Admin(cluster.port)
        admin.pool(f"sqlite://{folder}/pool.db", "mounted")
        assert post(admin, "q", 1).status == 201
        worker = cluster.workers[0]
        worker.stop(keep=True)
        folder.rename(tmp_path / "away")
        worker.start()
        wait_for(lambda: "POOL-NOT-OPENED pool=mounted" in worker.text(), what="POOL-NOT-OPENED")
        refused(post(admin, "q", 2), 503)
        (tmp_path / "away").rename(folder)
        # reading first: a post that is answered 503 may have been carried out all the same
        wait_for(lambda: admin.get("/v2/queues/q/messages").status == 200, what="service")
        assert post(admin, "q", 3).status == 201
        assert admin.listed("/v2/queues/q") == [1, 3]
        assert worker.text().count("POOL-NOT-OPENED") == 1


def test_pool_that_moves(default, redises):
    """Its URI changes: the old store is let go, the new one is used, without a restart."""
    one, two = redises
    with Cluster(default, options=OPTIONS) as cluster:
        admin = Admin(cluster.port)
        admin.pool(one.uri, "moving")
        assert post(admin, "q", 1).status == 201
        two.cli("replicaof", "127.0.0.1", str(one.port))
        wait_for(lambda: "master_link_status:up" in two.cli("info", "replication"), what="replication")
        two.cli("replicaof", "no", "one")
        assert admin.patch("/v2/pools/moving", {"uri": two.uri}).status == 200
        for worker in cluster.workers:
            wait_for(lambda w=worker: f"POOL-OPENED pool=moving uri={two.uri}" in w.text(), what="POOL-OPENED")
        one.kill()
        wait_for(lambda: post(admin, "q", 2).status == 201, what="service")
        assert admin.listed("/v2/queues/q")[:2] == [1, 2]


def test_workers_serve_what_they_are_told(default, tmp_path):
    """[worker] pools."""
    with Cluster(default, workers=1, options=[*OPTIONS, "worker.pools= a , (default)"]) as cluster:
        admin = Admin(cluster.port)
        for name in "ab":
            admin.pool(f"sqlite://{tmp_path}/{name}.db", name)
        worker = cluster.workers[0]
        wait_for(lambda: "POOL-OPENED pool=a" in worker.text(), what="POOL-OPENED")
        assert "pool=b" not in worker.text()
        assert admin.call("GET", "/v2/ping").status == 204


# ---- From the shell --------------------------------------------------------------------------------

@pytest.fixture
def nusku(tmp_path):
    """nusku(word, …) runs the tool on a catalog of its own; .options are for daemons on it."""
    options = [f"DEFAULT.state_path={tmp_path}", "drivers.message_store=sqlite", "DEFAULT.pooling=true"]

    def run(command, *words, status=0):
        flags = [word for option in options for word in ("--option", option)]
        done = subprocess.run([BUILD / "deploy" / "nusku", command, *flags, *words],
                              capture_output=True, text=True, check=False)
        assert done.returncode == status, done
        assert done.stdout == "" or status == 0
        assert bool(done.stderr) == (status != 0), done
        return done.stdout + done.stderr

    run.options = options
    run("catalog", "init")
    return run


def rows(text):
    return [line.split() for line in text.splitlines()[1:]]


def test_pool_command(nusku, tmp_path):
    with Redis("--requirepass", "s3cret") as redis:
        uri = f"redis://:s3cret@127.0.0.1:{redis.port}/0"
        assert rows(nusku("pool", "list")) == []
        nusku("pool", "add", "one", uri)
        nusku("pool", "--weight", "0", "--project", "p", "--flavor", "f", "add", "two", f"sqlite://{tmp_path}/two.db")
        shown = nusku("pool", "list")
        assert "s3cret" not in shown
        assert rows(shown) == [["one", "1", f"redis://:***@127.0.0.1:{redis.port}/0"],
                               ["two", "0", "for", "a", "flavor", f"sqlite://{tmp_path}/two.db"]]
        assert uri in nusku("pool", "--show-passwords", "list")
        assert rows(nusku("pool", "--project", "p", "list"))[1][:3] == ["two", "0", "f"]
        nusku("pool", "--weight", "4294967295", "set", "two")
        nusku("pool", "--project", "p", "--flavor", "", "set", "two")
        assert rows(nusku("pool", "list"))[1][:2] == ["two", "4294967295"]
        assert "there is a pool" in nusku("pool", "add", "one", uri, status=1)
        assert "has this URI" in nusku("pool", "add", "three", uri, status=1)
        nusku("pool", "remove", "two")
        assert "there is no pool" in nusku("pool", "remove", "two", status=1)
        assert [row[0] for row in rows(nusku("pool", "list"))] == ["one"]


@pytest.mark.parametrize("words, status, said", [
    ((), 2, "list, add, set or remove"),
    (("grow",), 2, "list, add, set or remove"),
    (("add",), 2, "add NAME URI"),
    (("add", "x"), 2, "add NAME URI"),
    (("list", "x"), 2, "pool list"),
    (("add", "a b", "sqlite:///tmp/x"), 2, "a b"),
    (("add", "x", ""), 2, "URI"),
    (("add", "x", "sqlite:///" + "x" * 256), 2, "URI"),
    (("add", "x", "mongodb://h"), 1, "no store to be reached"),
    (("add", "x", "localhost:1"), 1, "no store to be reached"),
    (("add", "x", "sqlite:///nowhere/at/all"), 1, "no store to be reached"),
    (("--weight", "-1", "add", "x", "sqlite:///tmp/x"), 2, "--weight"),
    (("--weight", "4294967296", "add", "x", "sqlite:///tmp/x"), 2, "--weight"),
    (("--weight", "", "set", "x"), 1, "no pool"),
    (("--flavor", "f", "add", "x", "sqlite:///tmp/x"), 2, "--project"),
    (("set", "x"), 2, "--weight or --flavor"),
    (("--weight", "1", "set", "x"), 1, "no pool"),
    (("remove", "x"), 1, "no pool"),
    (("remove", "x", "y"), 2, "remove NAME"),
])
def test_pool_command_refuses(nusku, words, status, said):
    assert said in nusku("pool", *words, status=status)
    assert rows(nusku("pool", "list")) == []


def test_store_that_is_away_is_said_without_its_password(nusku):
    said = nusku("pool", "add", "x", f"redis://u:s3cret@127.0.0.1:{free_port()}", status=1)
    assert "s3cret" not in said and "Connection refused" in said


def test_flavor_command(nusku, tmp_path):
    for name in "ab":
        nusku("pool", "add", name, f"sqlite://{tmp_path}/{name}.db")
    nusku("flavor", "--project", "p", "put", "gold", "b", "a")
    assert rows(nusku("flavor", "--project", "p", "list")) == [["gold", "a", "b"]]
    assert rows(nusku("flavor", "--project", "q", "list")) == []
    assert "last pool" not in nusku("pool", "remove", "a")
    assert "last pool of flavor gold" in nusku("pool", "remove", "b", status=1)
    assert "no pool \"c\"" in nusku("flavor", "--project", "p", "put", "gold", "b", "c", status=1)
    nusku("flavor", "--project", "p", "remove", "gold")
    assert "no flavor" in nusku("flavor", "--project", "p", "remove", "gold", status=1)
    assert "--project" in nusku("flavor", "list", status=2)
    assert "list, put or remove" in nusku("flavor", "--project", "p", "grow", status=2)
    assert "put NAME POOL" in nusku("flavor", "--project", "p", "put", "x", status=2)


def test_the_shell_and_the_service_see_the_same(nusku, tmp_path):
    """Workers that run follow; a pool in use stays; one whose store has gone can be given up."""
    store = tmp_path / "pool.db"
    options = [*nusku.options, *OPTIONS]
    with Worker(options) as worker, Router(options) as router:
        admin = Admin(router.port)
        nusku("pool", "add", "p", f"sqlite://{store}")
        wait_for(lambda: "POOL-OPENED pool=p" in worker.text(), what="POOL-OPENED")
        assert [p["name"] for p in admin.get("/v2/pools").json["pools"]] == ["p"]
        assert post(admin, "q").status == 201
        assert "queues live on it, 1" in nusku("pool", "remove", "p", status=1)
        assert "queues live on it, 1" in nusku("pool", "--abandon", "remove", "p", status=1)
        assert admin.delete("/v2/queues/q").status == 204
        assert "--abandon" in nusku("pool", "remove", "p", status=1)
        nusku("pool", "--abandon", "remove", "p")
        wait_for(lambda: "POOL-RETIRED pool=p" in worker.text(), what="POOL-RETIRED")
        assert admin.get("/v2/pools").json["pools"] == []
        assert router.process.poll() is None and worker.process.poll() is None


def test_catalog_of_an_older_release(nusku, tmp_path):
    """Pools came with schema 2: what schema 1 holds is kept."""
    path = tmp_path / "catalog.db"
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript((ROOT / "catalog" / "sqlite" / "0001_sqlite.sql").read_text(encoding="utf-8"))
        db.execute("INSERT INTO queue VALUES (?, ?, 7, 7, 0, '', '{\"x\": 1}')", (b"p", b"old"))
        db.execute("PRAGMA user_version = 1")
        db.commit()
    assert "nusku catalog migrate" in nusku("pool", "list", status=1)
    assert ", from 1." in nusku("catalog", "migrate")
    assert rows(nusku("pool", "list")) == []
    with Worker(nusku.options), Router(nusku.options) as router:
        assert Client(router.port, "p").get("/v2/queues/old").json["x"] == 1
