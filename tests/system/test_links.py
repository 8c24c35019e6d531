"""Routers and workers as processes of their own, and the links between them: what they carry, how
they fail, and what clients are told then.
"""

import concurrent.futures
import contextlib
import random
import signal
import socket
import sqlite3
import struct
import threading
import time

import pytest
from support import sp
from support.api import Client, render, together, unique
from support.load import Connection, Load, everything, told_to_come_again
from support.servers import Cluster, Failed, Nusku, PostgreSQL, Redis, free_port, wait_for

# A worker that is silent for two seconds is taken for gone.
QUICK = ["worker.heartbeat_interval=1", "worker.heartbeat_timeout=2"]
# Links are given up when they break, not when they are silent.
PATIENT = "router.link_timeout=60000"
TCP = "worker.listen=tcp://127.0.0.1:0"
SLACK = 2.0  # seconds that a busy machine may add to a deadline


def timed(work, *arguments):
    began = time.monotonic()
    return work(*arguments), time.monotonic() - began


def at_once(count, work):
    """Runs work(i) for each i in a thread of its own, and returns what they return."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def is_well(port):
    """Messages flow."""
    api = Client(port)
    queue = api.queue()
    ids = api.fill(queue, 1, 2)
    assert api.get(f"{queue}/messages?echo=true").ids == ids
    assert api.delete(f"{queue}/messages?pop=2").bodies == [1, 2]
    assert api.delete(queue).status == 204


def alive(*servers):
    for server in servers:
        assert server.process.poll() is None, server.text()[-4000:]


# ---- Transports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["tcp", "ipc", "ipc-named", "inproc"])
def test_requests_pass(transport, sqlite, tmp_path):
    options = {"tcp": [TCP], "ipc-named": [f"worker.listen=ipc://{tmp_path}/link"]}.get(transport, [])
    with Nusku(store=sqlite) if transport == "inproc" else \
            Cluster(sqlite, workers=1, options=options) as servers:
        if transport != "inproc":
            assert servers.workers[0].link.startswith(transport[:3] + "://")
        is_well(servers.port)
        # frames of megabytes, and many at a time
        api = Client(servers.port)
        queue, bodies = api.queue(), [str(i) * 200000 for i in range(10)]
        for body in bodies:
            api.fill(queue, body)

        def read():
            assert api.listed(queue) == bodies
        together(8, read)


def test_an_ipc_socket_is_removed_at_the_end(sqlite):
    with Cluster(sqlite, workers=1) as cluster:
        assert list(cluster.folder.glob("worker-*.sock"))
        cluster.workers[0].process.send_signal(signal.SIGTERM)
        assert cluster.workers[0].process.wait(20) == 0
        assert not list(cluster.folder.glob("worker-*.sock"))


# ---- Several workers -------------------------------------------------------------------------------


def who_serves(cluster, queues):
    """The queues of each worker: those that don't answer while it stands still."""
    api = Client(cluster.port, "who")
    served = []
    for worker in cluster.workers:
        with worker.paused():
            answers = at_once(len(queues), lambda i: api.get(f"{queues[i]}/stats"))
        wait_for(lambda: all(api.get(f"{q}/stats").status == 200 for q in queues), what="service")
        for answer in answers:
            assert answer.status == 200 or told_to_come_again(answer)
        served.append({q for q, answer in zip(queues, answers) if answer.status == 503})
    return served


def test_two_workers_share_the_queues_of_a_pool(redis):
    with Cluster(redis.uri, options=["router.operation_timeout=500", PATIENT]) as cluster:
        api = Client(cluster.port, "who")
        queues = [api.queue() for _ in range(24)]
        one, two = who_serves(cluster, queues)
        assert one and two  # else: once in eight million runs
        assert not one & two and one | two == set(queues)
        assert who_serves(cluster, queues) == [one, two]


def test_a_file_has_one_worker_at_a_time(sqlite):
    with Cluster(sqlite, options=["router.operation_timeout=500", PATIENT]) as cluster:
        api = Client(cluster.port, "who")
        queues = [api.queue() for _ in range(8)]
        assert sorted(map(len, who_serves(cluster, queues))) == [0, 8]


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_worker_is_killed(transport, store):
    """Clients notice nothing: no 503, no waiting for the deadline, nothing lost, nothing twice."""
    with Cluster(store, options=[TCP] if transport == "tcp" else []) as cluster:
        router = cluster.routers[0]
        load = Load([cluster.port], queues=10)
        try:
            for worker in cluster.workers:
                wait_for(load.more(300), what="load")
                links = router.links
                worker.kill()
                wait_for(load.more(300), what="service by the other worker")
                worker.start()
                wait_for(lambda: router.links > links, what="the link to the new worker")
        finally:
            load.stop()
        load.check()
        assert not load.refused
        assert load.slowest < 5


def test_no_worker(sqlite):
    """503 at the deadline; a request that waits is answered when a worker comes."""
    with Cluster(sqlite, workers=0, options=["router.operation_timeout=600"]) as cluster:
        api = Client(cluster.port)
        for method, path in (("GET", "/v2/queues/q/stats"), ("DELETE", "/v2/queues/q/messages?pop=1"),
                             ("GET", "/v2/queues/q/messages")):
            assert api.put("/v2/queues/q").status in (201, 204)
            answer, took = timed(api.call, method, path)
            told_to_come_again(answer)
            assert 0.5 < took < 0.6 + SLACK
        worker = cluster.add_worker()
        wait_for(lambda: api.post("/v2/queues/q/messages", {"messages": [{"body": 1}]}).status == 201,
                 what="service")
        assert 1 in api.listed("/v2/queues/q")
        worker.kill()
        told_to_come_again(api.get("/v2/queues/q/stats"))
        worker.start()
        wait_for(lambda: api.get("/v2/queues/q/stats").status == 200, what="service")


def test_a_request_waits_for_a_worker(sqlite):
    with Cluster(sqlite, workers=0, options=["router.operation_timeout=8000"]) as cluster, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        api = Client(cluster.port)
        queue = api.queue()
        waiting = pool.submit(api.fill, queue, "patient")
        cluster.add_worker()
        waiting.result(20)  # 201, or this raises
        assert api.listed(queue) == ["patient"]


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_worker_comes_back_at_the_same_address(transport, sqlite, tmp_path):
    listen = f"tcp://127.0.0.1:{free_port()}" if transport == "tcp" else f"ipc://{tmp_path}/link"
    with Cluster(sqlite, workers=1, options=[f"worker.listen={listen}", *QUICK]) as cluster:
        (worker,) = cluster.workers
        for _ in range(3):
            is_well(cluster.port)
            worker.kill()
            worker.start()
            assert worker.link == listen
        is_well(cluster.port)


# ---- A worker that stands still --------------------------------------------------------------------

def check_all(load, cluster):
    """Counts everything when what lay in a worker that stood still has been carried out, or discarded."""
    api = Client(cluster.port, "load")
    for queue in load.queues:  # whatever lay there came before this
        assert api.get(f"/v2/queues/{queue}/stats").status == 200
    load.check()


def test_another_worker_is_asked(redis):
    """A worker that stands still keeps its connections, and nng tells nothing. Its silence does: clients
    notice a pause, no 503. When it goes on, what lay in its queues is not carried out twice."""
    with Cluster(redis.uri, options=["router.link_timeout=400"]) as cluster:
        (router,) = cluster.routers
        load = Load([cluster.port], queues=10)
        try:
            for worker in cluster.workers * 2:
                wait_for(load.more(300), what="load")
                links = router.links
                with worker.paused():
                    wait_for(lambda: load.failed or "no sign of life" in router.text(), what="failover")
                    wait_for(load.more(500), what="service by the other worker")
                wait_for(lambda: load.failed or router.links > links, what="the link")  # noqa: B023
        finally:
            load.stop()
        check_all(load, cluster)
        assert not load.refused
        assert load.slowest < 0.4 + SLACK
        alive(*cluster.workers, router)


def test_a_quiet_link_is_kept(redis):
    """Neither a worker that owes nothing nor one whose store is slow is given up."""
    with Redis() as slow, Cluster(slow.uri, workers=1, options=["router.link_timeout=200"]) as cluster, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        (router,), api = cluster.routers, Client(cluster.port)
        queue = api.queue()
        with slow.paused():
            waiting, began = pool.submit(api.fill, queue, "patient"), time.monotonic()
            wait_for(lambda: time.monotonic() > began + 1, what="five times the link's timeout")
            assert not waiting.done()
        waiting.result(20)
        assert api.listed(queue) == ["patient"]
        assert "LINK-LOST" not in router.text()
        assert router.links == 1


@pytest.mark.parametrize("until", ["answers", "failover"])
def test_a_worker_stands_still(until, redis):
    """Where links have more patience than requests: its queues are answered by the deadline, and by another
    worker once it is taken for gone. When it goes on, what lay in its queues is not carried out twice."""
    with Cluster(redis.uri, options=["router.operation_timeout=1000", PATIENT, *QUICK]) as cluster:
        router, still = cluster.routers[0], cluster.workers[0]
        load = Load([cluster.port], poppers=0, queues=10)
        try:
            wait_for(load.more(200), what="load")
            with still.paused():
                wait_for(lambda: load.failed or load.refused["POST"] >= 4, what="refusals")
                if until == "failover":
                    links = router.links
                    wait_for(lambda: load.failed or "WORKER-GONE" in router.text(), what="failover")
                    told = load.refused.copy()
                    wait_for(load.more(500), what="service by the other worker")
                    assert load.refused == told
            if until == "failover":
                wait_for(lambda: load.failed or router.links > links, what="the link")
            wait_for(load.more(500), what="load")
        finally:
            load.stop()
        check_all(load, cluster)
        assert load.slowest < 1 + SLACK
        alive(*cluster.workers, router)


def test_a_file_changes_its_worker(sqlite):
    """A worker that stood still finds the file changed by the other one, and goes on."""
    with Cluster(sqlite, options=["router.operation_timeout=500", *QUICK]) as cluster:
        (router,), api = cluster.routers, Client(cluster.port)
        queue = api.queue()

        def use():
            name, other = api.fill(queue, 1, 2)
            assert api.get(f"{queue}/messages/{name}").status == 200
            assert api.listed(queue) == [1, 2]
            assert api.delete(f"{queue}/messages?ids={name},{other}").status == 204

        for worker in cluster.workers:  # one of them serves the file
            use()
            links = router.links
            with worker.paused():
                wait_for(lambda: router.text().count("WORKER-GONE") > cluster.workers.index(worker),
                         what="failover")
                use()
            wait_for(lambda: router.links > links, what="the link")
            for _ in range(5):
                use()


# ---- Bounds ----------------------------------------------------------------------------------------


def busy(answer):
    told_to_come_again(answer)
    return "busy" in answer.json["description"]


def overflow(cluster, count, fits, seconds):
    """Of count requests at a time, those that fit wait; the others are told at once."""
    api = Client(cluster.port, "overflow")
    answers = at_once(count, lambda _: timed(api.get, "/v2/queues/full/stats"))
    turned_away = [took for answer, took in answers if busy(answer)]
    assert len(turned_away) == count - fits
    assert max(turned_away) < seconds / 2
    assert min(took for answer, took in answers if not busy(answer)) > seconds * 0.9


def test_too_many_operations_for_a_router(redis):
    options = ["router.operation_timeout=1500", "router.max_operations=4"]
    with Cluster(redis.uri, workers=1, options=options) as cluster:
        api = Client(cluster.port, "overflow")
        assert api.put("/v2/queues/full").status == 201
        with cluster.workers[0].paused():
            for _ in range(2):  # the places are free again after the first time
                overflow(cluster, 16, 4, 1.5)
        wait_for(lambda: api.get("/v2/queues/full/stats").status == 200, what="service")


def test_too_many_operations_for_a_worker():
    options = ["router.operation_timeout=2000", "worker.max_operations=64"]
    with Redis() as redis, Cluster(redis.uri, workers=1, options=options) as cluster:
        api = Client(cluster.port, "overflow")
        assert api.put("/v2/queues/full").status == 201
        assert api.get("/v2/queues/full/stats").status == 200
        with redis.paused():
            overflow(cluster, 100, 64, 2)
        wait_for(lambda: api.get("/v2/queues/full/stats").status == 200, what="service")


# ---- Bytes that are not ours -----------------------------------------------------------------------

DICE = random.Random(1)
ASKED = sp.operation(sp.PING)
GARBAGE = {  # bytes, and whether the worker must hang up by itself
    "http": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
    "noise": (DICE.randbytes(4096), True),
    "half a handshake": (sp.handshake(sp.REQ)[:5], False),
    "another protocol": (sp.handshake(0x20), True),
    "its own protocol": (sp.handshake(sp.REP), True),
    "endless frame": (sp.handshake(sp.REQ) + sp.framed(b"x", 2 ** 63 + 7), True),
    "frame beyond the limit": (sp.handshake(sp.REQ) + sp.framed(b"x" * 1000, 256 * 1024 * 1024 + 1), True),
    "frame that doesn't end": (sp.handshake(sp.REQ) + sp.framed(b"x" * 1000, 200 * 1024 * 1024), False),
    "empty frame": (sp.handshake(sp.REQ) + sp.framed(b""), True),
    "no request id": (sp.handshake(sp.REQ) + sp.framed(b"\0\0\0\1" * 50), False),
    "nothing behind the id": (sp.handshake(sp.REQ) + sp.framed(sp.REQUEST_ID), True),
    "noise in a frame": (sp.handshake(sp.REQ) + sp.framed(sp.REQUEST_ID + DICE.randbytes(3000)), True),
    "another version": (sp.handshake(sp.REQ) + sp.request(ASKED, version=2), True),
    "unknown operation": (sp.handshake(sp.REQ) + sp.request(ASKED, sp.operation(99)), True),
    "too few members": (sp.handshake(sp.REQ) + sp.request([1, sp.PING]), True),
    "half an operation": (sp.handshake(sp.REQ) + sp.request(ASKED, sp.pack(ASKED)[:-5]), True),
    "nested": (sp.handshake(sp.REQ) + sp.request(b"\x91" * 200000), True),
    "endless array": (sp.handshake(sp.REQ) + sp.request(b"\xdd\xff\xff\xff\xff\1\2"), True),
    "endless map": (sp.handshake(sp.REQ) + sp.request(b"\xdf\xff\xff\xff\xff\1\2"), True),
    "endless string": (sp.handshake(sp.REQ) + sp.request(b"\xdb\xff\xff\xff\xff"), True),
    "endless post": (sp.handshake(sp.REQ) + sp.request(
        b"\xdd\xff\xff\xff\xff" + sp.pack(sp.operation(1, b"client"))[5:]), True),
}


@pytest.fixture(scope="module")
def listening(redis):
    with Cluster(redis.uri, workers=1, options=[TCP]) as cluster:
        yield cluster


@contextlib.contextmanager
def unharmed(cluster):
    """Service goes on around what happens inside; sockets and memory are as before."""
    servers = [*cluster.workers, *cluster.routers]
    pids = [server.process.pid for server in servers]
    is_well(cluster.port)
    before = [(server.sockets, server.resident_kib) for server in servers]
    links = cluster.routers[0].links
    yield
    is_well(cluster.port)
    alive(*servers)
    assert [server.process.pid for server in servers] == pids
    for server, (sockets, kib) in zip(servers, before):
        wait_for(lambda: server.sockets <= sockets, what=f"sockets of {server.name}")
        assert server.resident_kib < kib + 64 * 1024
    assert cluster.routers[0].links == links  # the router's own link was not touched


def hung_up(connection):
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_for_a_worker(kind, listening):
    data, must_hang_up = GARBAGE[kind]
    (worker,) = listening.workers
    host, _, port = worker.link.removeprefix("tcp://").rpartition(":")
    with unharmed(listening):
        for _ in range(3):
            with socket.create_connection((host, int(port)), 10) as connection:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(data)
                if must_hang_up:
                    assert hung_up(connection)
                else:
                    is_well(listening.port)


def test_many_connections_to_a_worker(listening):
    (worker,) = listening.workers
    host, _, port = worker.link.removeprefix("tcp://").rpartition(":")
    with unharmed(listening), contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection((host, int(port)), 10))
        is_well(listening.port)


def test_the_wire_by_hand(listening):
    """The same bytes as above, but right: so the ones above fail for the reason they say."""
    with unharmed(listening), sp.connect(listening.workers[0].link) as connection:
        connection.sendall(sp.request(ASKED, ASKED) + sp.request())
        reply = sp.receive(connection)
        assert reply.startswith(sp.REQUEST_ID)
        connection.sendall(sp.request(sp.operation(sp.PING, number=7)))
        wait_for(lambda: b"\x07" in sp.receive(connection)[-12:], what="the outcome")


@pytest.mark.parametrize("clock_ms", [0, 1 << 50])
def test_a_frame_that_comes_late(clock_ms, listening):
    """It is found out by comparison with the frames before it, whatever time it is at the router. Its
    operations are discarded, and the router is told to close the link: it will ask again over a new one."""
    def asked(number, sent_ms):
        return sp.request(sp.operation(sp.PING, number=number), sent_ms=clock_ms + sent_ms)
    (worker,) = listening.workers
    with unharmed(listening), sp.connect(worker.link) as connection:
        told = worker.text().count("LINK-LATE")
        connection.sendall(asked(7, 60000))
        wait_for(lambda: b"\x07" in sp.receive(connection)[-12:], what="the outcome")
        connection.sendall(asked(8, 60000 - 5000))  # in time: it has 5 s, and a second of grace
        wait_for(lambda: b"\x08" in sp.receive(connection)[-12:], what="the outcome")
        connection.sendall(asked(9, 0))
        reply = sp.receive(connection).removeprefix(sp.REQUEST_ID)
        assert reply[:2] == b"\x93\x01" and reply[-1] == 0
    wait_for(lambda: worker.text().count("LINK-LATE") > told, what="a word about it")


def test_a_sign_of_life(listening):
    """A frame without operations is answered, each by one without outcomes."""
    with unharmed(listening), sp.connect(listening.workers[0].link) as connection:
        for sequence in range(1, 4):
            connection.sendall(sp.request())
            header = sp.receive(connection).removeprefix(sp.REQUEST_ID)
            assert header[:2] == b"\x93\x01" and header[-1] == sequence


def test_a_peer_that_doesnt_read(listening):
    """Its answers pile up at the worker, and go when it goes; others are served."""
    with unharmed(listening), sp.connect(listening.workers[0].link) as connection:
        connection.settimeout(0.2)
        flood = sp.request(*[ASKED] * 100)
        with contextlib.suppress(TimeoutError):
            for _ in range(300):
                connection.sendall(flood)
        is_well(listening.port)


# ---- A worker that speaks garbage ------------------------------------------------------------------


class FakeWorker:
    """Listens, greets, and answers the first frame on each connection with reply(n); None: hangs up. Then
    the router is to hang up. (It answers once: libnng 1.5.2 may hang in nng_close when a frame arrives
    in that very moment, nanomsg/nng #1636.)"""

    def __init__(self, reply):
        self.reply = reply
        self.asked = 0
        self.kept = 0  # connections that the router didn't end
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def converse(self, connection):
        connection.sendall(sp.handshake(sp.REP))
        sp.receive_exactly(connection, 8)
        sp.receive(connection)
        connection.sendall(reply_frame())
        sp.receive(connection)
        self.asked += 1
        answer = self.reply(self.asked)
        if answer is None:
            return
        connection.sendall(answer)
        try:
            hung_up(connection)
        except TimeoutError:
            self.kept += 1

    def serve(self):
        with contextlib.suppress(OSError):  # of the listener: closed at the end
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(5)
                with connection, contextlib.suppress(OSError):
                    self.converse(connection)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(20)
        assert not self.thread.is_alive()


def reply_frame(*outcomes, version=1, sequence=1):
    return sp.framed(sp.REQUEST_ID + sp.pack([version, sp.now_ms(), sequence]) + b"".join(outcomes))


REPLIES = {
    "noise": lambda n: sp.framed(sp.REQUEST_ID + random.Random(n).randbytes(500)),
    "empty": lambda n: sp.framed(b""),
    "another version": lambda n: reply_frame(version=2, sequence=2),
    "told to go": lambda n: reply_frame(sequence=0),
    "a gap": lambda n: reply_frame(sequence=3),
    "the same number again": lambda n: reply_frame(sequence=1),
    "an outcome cut off": lambda n: reply_frame(b"\x95\x01\x0a", sequence=2),
    "an endless outcome": lambda n: reply_frame(b"\xdd\xff\xff\xff\xff\1\1", sequence=2),
    "an endless frame": lambda n: sp.framed(b"x", 2 ** 62),
    "hangs up": lambda n: None,
}


@pytest.mark.parametrize("kind", REPLIES)
def test_garbage_from_a_worker(kind, redis):
    """The router drops the link and asks the other worker: clients notice nothing."""
    options = ["router.operation_timeout=5000", "worker.heartbeat_timeout=600"]  # the fake has one heartbeat
    with Cluster(redis.uri, workers=1, options=options) as cluster:
        (router,) = cluster.routers
        fake = FakeWorker(REPLIES[kind])
        try:
            with contextlib.closing(sqlite3.connect(cluster.folder / "catalog.db", timeout=10)) as db, db:
                db.execute("INSERT INTO worker SELECT ?, ?, host, wire_version, pools, ? FROM worker",
                           (b"f" * 16, fake.url, time.monotonic_ns() // 1000000))
            wait_for(lambda: router.links >= 2, what="the link to the fake")
            api = Client(cluster.port)

            def use(_):
                queue = api.queue()
                ids = api.fill(queue, 1)
                assert api.get(f"{queue}/messages?echo=true").ids == ids
            at_once(8, use)
            wait_for(lambda: at_once(8, use) and fake.asked > 2, what="some queue of the fake's")
            alive(router)
            assert "LINK-LOST" in router.text()
        finally:
            fake.stop()
        assert fake.kept == 0


# ---- Clients that go away --------------------------------------------------------------------------


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_go_away(redis):
    """They leave no socket and no place among the operations behind."""
    options = ["router.max_operations=8", "router.operation_timeout=500"]
    with Cluster(redis.uri, workers=1, options=options) as cluster:
        (router,), (worker,) = cluster.routers, cluster.workers
        api = Client(cluster.port)
        queue = api.queue()
        for i in range(8):
            api.fill(queue, str(i) * 200000)
        probe = Connection(router.port)

        def sockets():
            """How many there are when all that came before was read."""
            assert probe.ask("GET", "/v2/").status == 200
            return router.sockets
        before = [sockets() for _ in range(3)][-1]
        post = render("POST", f"{queue}/messages", api.headers, b'{"messages": [{"body": "x"}]}')
        page = render("GET", f"{queue}/messages?echo=true", api.headers)
        pieces = [post[:7], post[:60], post[:-5], post, page, post + post[:30], page + page + post]
        for i in range(140):
            connection = socket.create_connection(("127.0.0.1", router.port), 10)
            connection.sendall(pieces[i // 2 % len(pieces)])
            if i % 4 == 0 and pieces[i // 2 % len(pieces)] is page:
                connection.recv(10)
            if i % 2:
                reset(connection)
            else:
                connection.close()
        wait_for(lambda: sockets() == before, what="sockets")
        with worker.paused():
            for _ in range(3):  # each time as many as there are places
                gone = [socket.create_connection(("127.0.0.1", router.port), 10) for _ in range(8)]
                for connection in gone:
                    connection.sendall(post)
                wait_for(lambda: sockets() == before + 8, what="connections")
                for connection in gone:
                    reset(connection)
                wait_for(lambda: sockets() == before, what="their end")
            answer, took = timed(api.get, f"{queue}/stats")
            assert not busy(answer) and took > 0.4
        wait_for(lambda: api.get(f"{queue}/stats").status == 200, what="service")
        # what they had posted happened or not, and what was there before is there
        bodies = everything(router.port, queue.rpartition("/")[2], api.project)
        assert bodies[:8] == [str(i) * 200000 for i in range(8)] and set(bodies[8:]) <= {"x"}
        wait_for(lambda: sockets() == before, what="sockets")
        probe.close()


# ---- Two routers -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_routers(redis):
    try:
        postgresql = PostgreSQL()
    except Failed as e:
        pytest.skip(str(e))
    with postgresql, Cluster(redis.uri, postgresql.database("nusku"), routers=2) as cluster:
        yield cluster


def test_what_one_router_changes_the_other_one_sees(two_routers):
    one, two = (Client(router.port, "seen") for router in two_routers.routers)
    for number in range(5):
        queue = f"/v2/queues/{unique('queue')}"
        absent = two.get(queue).status
        assert two.get(f"{queue}/messages").bodies == []  # its absence is known there from now on
        assert one.put(queue, {"colour": "red"}).status == 201
        wait_for(lambda: two.get(queue).status == 200 and two.get(queue).json.get("colour") == "red",
                 what="creation")
        assert queue.rpartition("/")[2] in two.queues()
        assert one.patch(queue, [{"op": "replace", "path": "/metadata/colour", "value": number}]).status == 200
        wait_for(lambda: two.get(queue).json["colour"] == number, what="change")
        assert two.delete(queue).status == 204
        wait_for(lambda: one.get(queue).status == absent and
                 "colour" not in (one.get(queue).json or {}), what="deletion")
        assert queue.rpartition("/")[2] not in one.queues()


def test_messages_flow_through_two_routers(two_routers):
    ports = [router.port for router in two_routers.routers]
    load = Load(ports, queues=4)
    try:
        wait_for(load.more(1000), what="load")
    finally:
        load.stop()
    load.check()
    assert not load.refused
    for queue in load.queues:
        assert everything(ports[0], queue) == everything(ports[1], queue)


def test_a_queue_that_another_router_deleted(two_routers):
    """Once a deletion is answered, what is posted through any router is in the new queue: acknowledged,
    and there; and of the old one nothing is left."""
    ports = [router.port for router in two_routers.routers]
    for turn in range(20):
        one, two = (Connection(port, "again") for port in (ports if turn % 2 else ports[::-1]))
        path = "/v2/queues/again"
        for connection in (one, two):  # both know the queue
            assert connection.ask("POST", f"{path}/messages", {"messages": [{"body": "old"}]}).status == 201
        assert one.ask("DELETE", path).status == 204
        assert two.ask("POST", f"{path}/messages", {"messages": [{"body": turn}]}).status == 201
        assert everything(ports[turn % 2], "again", "again") == [turn]
        # the other router believes for a moment that there is none: it deleted it
        wait_for(lambda: everything(ports[1 - turn % 2], "again", "again") == [turn], what="the news")  # noqa: B023
        assert two.ask("DELETE", path).status == 204
        one.close()
        two.close()

