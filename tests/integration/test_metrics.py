"""The listener for operators: what is counted, and health of the process (doc/operations.md)."""

import os
import re
import shutil
import socket
import subprocess
import urllib.parse

import pytest
from support.api import Client, converse, new_queue, unique
from support.metrics import Metrics, ask, grown
from support.servers import BUILD, ROOT, Cluster, Nusku, Redis, wait_for

MESSAGES = "/v2/queues/{queue}/messages"
QUEUE = "/v2/queues/{queue}"


@pytest.fixture(scope="module")
def server():
    """One of its own: the tests count what it is asked."""
    with Nusku(store=os.environ.get("NUSKU_TEST_STORE"),
               catalog=os.environ.get("NUSKU_TEST_CATALOG"),
               options=["router.admin_listen=127.0.0.1:0"]) as s:
        yield s
        assert s.stop() == 0


@pytest.fixture
def before(server):
    return Metrics(server)


def requests(server, before, **labels):
    return grown(server, before, "nusku_router_requests_total", **labels)


# ---- What is counted ----------------------------------------------------------------------------

def test_requests_are_counted_by_route_method_and_status(server, api, before):
    queue = new_queue()
    for _ in range(3):
        api.fill(queue, 1)
    api.post(f"{queue}/messages", {"messages": []})
    api.get(f"{queue}/messages")
    assert requests(server, before, route=MESSAGES, method="POST", status="201") == 3
    assert requests(server, before, route=MESSAGES, method="POST", status="400") == 1
    assert requests(server, before, route=MESSAGES, method="GET", status="200") == 1
    assert requests(server, before) == 5


def test_every_kind_of_answer_is_counted_once(server, api, before):
    queue = api.queue()
    for method, path, headers, route, status in (
            ("GET", "/", {}, "/", 300), ("GET", "/v2/", {}, "/v2/", 200),
            ("GET", "/v2/ping", {}, "/v2/ping", 204), ("HEAD", "/v2/ping", {}, "/v2/ping", 204),
            ("GET", "/v2/nowhere", {}, "none", 404), ("OPTIONS", "/v2/queues", {}, "/v2/queues", 200),
            ("BREW", "/v2/queues", {}, "/v2/queues", 400),
            ("POST", "/v2/queues", {}, "/v2/queues", 405),
            ("GET", "/v2/queues", {"Accept": "text/csv"}, "/v2/queues", 406),
            ("GET", "/v2/queues", {"Client-ID": None}, "/v2/queues", 400),
            ("DELETE", queue, {}, QUEUE, 204)):
        last = Metrics(server)
        assert api.call(method, path, headers=headers).status == status
        name = method if method not in ("OPTIONS", "BREW") else "other"
        assert requests(server, last, route=route, method=name, status=str(status)) == 1
        assert requests(server, last) == 1
    assert requests(server, before) == 12


def test_bytes_of_bodies(server, api, before):
    answer = api.put(new_queue(), b'{"a": 1}')
    assert answer.status == 201
    answer = api.get("/v2/queues")
    name = "nusku_router_request_body_bytes_total"
    assert grown(server, before, name, route=QUEUE, method="PUT") == 8
    name = "nusku_router_response_body_bytes_total"
    assert grown(server, before, name, route="/v2/queues") == len(answer.raw)


def test_names_of_others_make_no_series(server, api):
    """Whatever is asked, the number of series is bounded, and no name of a client's is among them."""
    def shape():
        return {(s.name, *sorted(s.labels.items())) for s in Metrics(server).samples}

    def ask_all():
        queue = f"/v2/queues/{unique('secret')}"
        api.fill(queue, 1)
        for path in (f"/{unique('secret')}", f"/v2/{unique('secret')}", f"{queue}/x/y/z",
                     f"{queue}/messages/{unique('secret')}", f"{queue}/claims/{unique('secret')}"):
            for method in ("GET", unique("SECRET").upper()):
                api.call(method, path)

    ask_all()
    known = shape()
    for _ in range(20):
        ask_all()
    assert shape() == known
    text = Metrics(server).text.lower()
    assert "secret" not in text
    assert api.project not in text


def test_what_is_no_request_is_counted(server, before):
    assert b"400" in converse(server.port, b"NONSENSE\r\n\r\n")
    assert b"400" in converse(
        server.port, b"POST /v2/queues/q/messages HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
    wait_for(lambda: grown(server, before, "nusku_router_requests_broken_total") >= 1, what="count")


def test_connections_are_counted(server):
    name = "nusku_router_connections"
    wait_for(lambda: Metrics(server).get(name) == 0, what="no connection")
    with socket.create_connection(("127.0.0.1", server.port)):
        wait_for(lambda: Metrics(server).get(name) == 1, what="a connection")
    wait_for(lambda: Metrics(server).get(name) == 0, what="no connection")


def test_operations_are_counted_on_both_sides(server, api, before):
    queue = api.queue()
    for _ in range(4):
        api.fill(queue, 1, 2)
    api.get(f"{queue}/claims/{'0' * 32}")
    for name, more in (("nusku_router_operation", {}),
                       ("nusku_worker_operation", {"pool": "(default)"})):
        labels = {"operation": "message_post", **more}
        assert grown(server, before, f"{name}s_total", outcome="ok", **labels) == 4
        assert grown(server, before, f"{name}s_total", **labels) == 4
        assert grown(server, before, f"{name}_duration_seconds_count", **labels) == 4
        assert grown(server, before, f"{name}_duration_seconds_sum", **labels) > 0
    assert grown(server, before, "nusku_worker_frame_operations_sum") >= 4


def test_histograms_are_consistent(server, api):
    api.fill(new_queue(), 1)
    metrics = Metrics(server)
    histograms = [f for f in metrics.families.values() if f.type == "histogram"]
    assert len(histograms) >= 5
    for family in histograms:
        series = {}
        for s in family.samples:
            key = tuple(sorted((k, v) for k, v in s.labels.items() if k != "le"))
            series.setdefault(key, []).append(s)
        for samples in series.values():
            buckets = [(float(s.labels["le"]), s.value) for s in samples
                       if s.name.endswith("_bucket")]
            assert buckets == sorted(buckets)
            assert [n for _, n in buckets] == sorted(n for _, n in buckets)
            assert buckets[-1][0] == float("inf")
            (count,) = [s.value for s in samples if s.name.endswith("_count")]
            (total,) = [s.value for s in samples if s.name.endswith("_sum")]
            assert count == buckets[-1][1]
            assert (total == 0) == (count == 0) or count > 0


def test_cache_and_catalog_are_counted(server, api, before):
    queue = new_queue()
    api.fill(queue, 1)  # makes the queue
    after = Metrics(server)
    api.listed(queue)
    api.listed(queue)
    assert after.get("nusku_catalog_cache_misses_total") > \
        before.get("nusku_catalog_cache_misses_total")
    assert grown(server, after, "nusku_catalog_cache_hits_total") == 2
    assert grown(server, after, "nusku_catalog_calls_total") == 0
    assert after.get("nusku_catalog_calls_total", outcome="ok") > \
        before.get("nusku_catalog_calls_total", outcome="ok")
    assert Metrics(server).get("nusku_catalog_cache_entries") >= 1


def test_queues_are_counted_by_pool(api, server):
    api.queue()
    wait_for(lambda: Metrics(server).get("nusku_catalog_queues", pool="(default)") >= 1, what="count")


def test_a_running_service_says_so(server):
    metrics = Metrics(server)
    for name in ("nusku_catalog_up", "nusku_worker_registered", "nusku_router_links_up",
                 "nusku_worker_links_up", "nusku_worker_store_up", "nusku_build_info"):
        assert metrics.get(name) == 1, name
    assert metrics.get("nusku_router_requests_in_progress") == 0
    assert metrics.get("process_resident_memory_bytes") > 1e6
    wait_for(lambda: Metrics(server).get("nusku_worker_sweeps_total") >= 1, what="sweep")


def test_retries_and_lost_links_are_counted():
    with Redis() as redis, Cluster(redis.uri, workers=2,
                                   options=["router.admin_listen=127.0.0.1:0"]) as cluster:
        router = cluster.routers[0]
        api = Client(router.port)
        queues = [api.queue() for _ in range(16)]  # spread over both workers
        before = Metrics(router)
        assert before.get("nusku_router_links_up") == 2
        cluster.workers[0].kill()
        wait_for(lambda: Metrics(router).get("nusku_router_links_up") == 1, what="link lost")
        for queue in queues:
            api.fill(queue, 1)
        assert grown(router, before, "nusku_router_links_lost_total") >= 1
        assert grown(router, before, "nusku_router_operations_total", outcome="ok") == 16


def test_store_down_is_seen():
    with Redis() as redis, Nusku(store=redis.uri, options=[
            "router.admin_listen=127.0.0.1:0", "router.operation_timeout=500"]) as server:
        api = Client(server.port)
        queue = api.queue()
        api.fill(queue, 1)
        before = Metrics(server)
        redis.kill()
        wait_for(lambda: Metrics(server).get("nusku_worker_store_up") == 0, what="store down")
        assert api.get(f"{queue}/messages").status == 503
        failed = requests(server, before, route=MESSAGES, method="GET", status="503")
        assert failed == 1
        assert grown(server, before, "nusku_worker_operations_total", outcome="unavailable",
                     operation="message_list") >= 1
        redis.start()
        wait_for(lambda: Metrics(server).get("nusku_worker_store_up") == 1, what="store up")


# ---- The listener -------------------------------------------------------------------------------

def test_health_of_the_process(server):
    assert ask(server.admin, "/healthz")[::2] == (200, "alive\n")
    assert ask(server.admin, "/readyz")[::2] == (200, "ready\n")
    status, headers, text = ask(server.admin, "/metrics", "HEAD")
    assert (status, text) == (200, "")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/", 404), ("GET", "/metrics/", 404), ("GET", "/v2/queues", 404),
    ("GET", "/%2e%2e/etc/passwd", 404), ("POST", "/metrics", 405), ("PUT", "/healthz", 405),
    ("DELETE", "/readyz", 405), ("BREW", "/metrics", 405),
])
def test_the_listener_serves_nothing_else(server, method, path, status):
    got, headers, _ = ask(server.admin, path, method, body=b"x" * 100000 if method == "POST" else None)
    assert got == status
    if status == 405:
        assert headers["Allow"] == "GET, HEAD"


def test_nonsense_harms_nobody(server):
    port = urllib.parse.urlsplit(server.admin).port
    for data in (b"\x00\xff" * 5000, b"GET /metrics HTTP/1.1\r\n" + b"a: " + b"b" * 200000,
                 b"GET /metrics\r\n\r\n", b"\r\n\r\n", b""):
        converse(port, data)
    assert ask(server.admin, "/healthz")[0] == 200


def test_connections_are_bounded(server):
    """Those beyond the limit wait in the listen queue; neither they nor idle ones disturb the service."""
    port = urllib.parse.urlsplit(server.admin).port
    before = server.sockets
    many = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(60)]
    try:
        many[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert many[0].recv(100).startswith(b"HTTP/1.1 200")
        wait_for(lambda: server.sockets > before + 25, what="accepted")
        assert Client(server.port).get("/v2/ping").status == 204
        assert server.sockets <= before + 34
    finally:
        for connection in many:
            connection.close()
    assert ask(server.admin, "/healthz")[0] == 200


def test_a_connection_may_ask_again(server):
    port = urllib.parse.urlsplit(server.admin).port
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while b"alive\n" not in got:
                piece = connection.recv(4096)
                assert piece
                got += piece


def test_a_router_without_workers_is_not_ready():
    with Redis() as redis, Cluster(redis.uri, workers=1, options=[
            "router.admin_listen=127.0.0.1:0", "worker.admin_listen=127.0.0.1:0",
            "worker.heartbeat_timeout=2", "worker.heartbeat_interval=1"]) as cluster:
        router, worker = cluster.routers[0], cluster.workers[0]
        assert ask(router.admin, "/readyz")[0] == 200
        wait_for(lambda: ask(worker.admin, "/readyz")[0] == 200, what="registered")
        assert router.admin != worker.admin
        names = {s.name for s in Metrics(worker).samples}
        assert not [n for n in names if n.startswith("nusku_router")]
        assert "nusku_worker_registered" in names
        worker.kill()
        wait_for(lambda: ask(router.admin, "/readyz")[::2] == (503, "no worker is reached\n"),
                 what="not ready")
        assert ask(router.admin, "/healthz")[0] == 200


def test_it_is_off_by_default():
    with Nusku() as server:
        assert "ADMIN-LISTENING" not in server.text()


@pytest.mark.parametrize("wrong, status", [
    ("127.0.0.1", 2), (":9100", 2), ("127.0.0.1:", 2), ("127.0.0.1:x", 2), ("127.0.0.1:65536", 2), ("127.0.0.1:-1", 2), ("127.0.0.1:+1", 2),
    ("::1:9100", 2), ("[::1:9100", 2), ("[]:9100", 2), ("nowhere.invalid:9100", 2),
    ("192.0.2.1:9100", 1), ("x" * 300 + ":1", 2),
])
def test_wrong_addresses(tmp_path, wrong, status):
    done = subprocess.run([BUILD / "deploy" / "nusku", "dev", "--listen", "127.0.0.1:0", "--data", tmp_path,
                           "--option", f"router.admin_listen={wrong}"], capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode == status, done.stderr
    assert "admin_listen" in done.stderr


def test_a_port_that_is_taken(server, tmp_path):
    done = subprocess.run([BUILD / "deploy" / "nusku", "dev", "--listen", "127.0.0.1:0", "--data", tmp_path,
                           "--option", "router.admin_listen=" + urllib.parse.urlsplit(server.admin).netloc],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


# ---- What Prometheus and its users expect ---------------------------------------------------------

def test_promtool_has_nothing_to_say(server, api):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    api.fill(new_queue(), 1)
    done = subprocess.run(["promtool", "check", "metrics"], input=Metrics(server).text,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_follow_the_conventions(server, api):
    api.fill(new_queue(), 1)
    for family in Metrics(server).families.values():
        assert re.fullmatch(r"(nusku|process)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        for s in family.samples:
            if family.type == "counter":
                assert s.name.endswith("_total")
        for unit in ("_ms", "_us", "_milliseconds", "_kilobytes", "_kib"):
            assert unit not in family.name


def test_operations_md_names_every_metric(server, api):
    api.fill(new_queue(), 1)
    text = (ROOT / "doc" / "operations.md").read_text()
    for family in Metrics(server).families.values():
        name = family.name + ("_total" if family.type == "counter" else "")
        if name.startswith("nusku_"):
            assert f"`{name}" in text, name
