"""GET /v2/health: what becomes of trying out the catalog and the store (section 12)."""

import os
import re
import socket
import uuid

import pytest
from support.api import Client, refused, render, send, together
from support.metrics import Metrics, grown
from support.servers import Cluster, Failed, Nusku, PostgreSQL, Redis, wait_for

STEPS = ["create_queue", "post_messages", "claim_messages", "list_messages", "delete_messages",
         "delete_claim", "bulk_delete_messages", "delete_queue"]
ADMIN = {"X-Roles": "admin"}
OPTIONS = ["DEFAULT.admin_mode=true", "router.admin_listen=127.0.0.1:0",
           "router.operation_timeout=500"]


@pytest.fixture(scope="module")
def server():
    with Nusku(store=os.environ.get("NUSKU_TEST_STORE"),
               catalog=os.environ.get("NUSKU_TEST_CATALOG"), options=OPTIONS) as s:
        yield s
        assert s.stop() == 0


def health(server):
    return Client(server.port).get("/v2/health", headers=ADMIN)


def check_shape(report):
    """The contract's members with its types."""
    assert set(report) == {"catalog_reachable", "storage_reachable", "operation_status",
                           "message_volume"}
    assert isinstance(report["catalog_reachable"], bool)
    assert isinstance(report["storage_reachable"], bool)
    assert set(report["message_volume"]) == {"free", "claimed", "total"}
    assert list(report["operation_status"]) == \
        [step for step in STEPS if step in report["operation_status"]]
    for outcome in report["operation_status"].values():
        assert set(outcome) == {"succeeded", "seconds", "ref"}
        assert isinstance(outcome["seconds"], float) and 0 <= outcome["seconds"] < 60
        if outcome["succeeded"]:
            assert outcome["ref"] is None
        else:
            assert str(uuid.UUID(outcome["ref"])) == outcome["ref"]
    return report


def failed(report):
    return [step for step, outcome in report["operation_status"].items()
            if not outcome["succeeded"]]


def sick(answer, server):
    """503 with the same body; each failure's ref stands in the log, and no reason in the answer."""
    assert answer.status == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Retry-After"] == "1"
    report = check_shape(answer.json)
    for step in failed(report):
        ref = report["operation_status"][step]["ref"]
        assert re.search(f"HEALTH-FAILED ref={ref} .*operation={step}", server.text())
    for secret in (b"redis", b"postgres", b"127.0.0.1", b"reason"):
        assert secret not in answer.raw.lower()
    return report


def test_a_healthy_service(server):
    answer = health(server)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    report = check_shape(answer.json)
    assert report["catalog_reachable"] is True
    assert report["storage_reachable"] is True
    assert list(report["operation_status"]) == STEPS
    assert failed(report) == []
    assert all(outcome["seconds"] > 0 for outcome in report["operation_status"].values())
    assert report["message_volume"] == {"free": 8, "claimed": 2, "total": 10}


def test_the_store_really_does_it(server):
    before = Metrics(server)
    assert health(server).status == 200
    for operation in ("message_post", "claim_create", "message_list", "claim_release", "queue_drop",
                      "queue_stats"):
        assert grown(server, before, "nusku_worker_operations_total", outcome="ok",
                     operation=operation) == 1, operation
    assert grown(server, before, "nusku_worker_operations_total", outcome="ok",
                 operation="message_delete") == 2


def test_who_may_ask(server, start):
    refused(Client(server.port).get("/v2/health"), 403, "Not authorized")
    refused(Client(server.port).get("/v2/health", headers={"X-Roles": "member"}), 403)
    refused(send(server.port, render("GET", "/v2/health", ADMIN)), 400, "Missing header value")
    assert Client(server.port).get("/v2/health", headers={"X-Roles": "member, Admin"}).status == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD"):
        answer = Client(server.port).call(method, "/v2/health", headers=ADMIN)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, OPTIONS"
    assert health(start()).status == 404  # without admin_mode


def test_home_names_it_with_admin_mode_alone(server, start):
    resources = Client(server.port).get("/v2/").json["resources"]
    assert resources["rel/health"] == {"href": "/v2/health", "hints": {
        "allow": ["GET"], "formats": {"application/json": {}}}}
    assert "rel/health" not in Client(start().port).get("/v2/").json["resources"]


def test_clients_see_nothing_of_it(server):
    api = Client(server.port)
    queue = api.queue()
    assert health(server).status == 200
    assert api.queues() == [queue.rpartition("/")[2]]
    assert api.stats(queue) == {"free": 0, "claimed": 0, "total": 0}
    refused(api.get("/v2/queues", headers={"X-Project-ID": ""}), 400)


def test_questions_at_a_time_share_the_work(server):
    before = Metrics(server)

    def ask():
        for _ in range(5):
            assert health(server).status == 200

    together(16, ask)
    rounds = grown(server, before, "nusku_worker_operations_total", operation="message_post")
    assert 5 <= rounds < 80


def test_clients_that_go_leave_the_round_to_itself(server):
    before = Metrics(server)
    request = render("GET", "/v2/health", {**Client(server.port).headers, **ADMIN})
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request)
    assert health(server).status == 200
    wait_for(lambda: Metrics(server).get("nusku_router_operations_outstanding") == 0, what="end")
    posts = grown(server, before, "nusku_worker_operations_total", operation="message_post")
    assert grown(server, before, "nusku_worker_operations_total", operation="queue_drop") == posts


def test_nothing_is_left_in_redis_and_it_tells_when_redis_goes():
    with Redis() as redis, Nusku(store=redis.uri, options=OPTIONS) as server:
        for _ in range(3):
            assert health(server).status == 200
        assert redis.cli("keys", "*").split() == []
        redis.kill()
        report = sick(health(server), server)
        assert report["catalog_reachable"] is True
        assert report["storage_reachable"] is False
        assert failed(report) == ["delete_queue"]
        assert list(report["operation_status"]) == ["create_queue", "delete_queue"]
        assert report["message_volume"] == {"free": 0, "claimed": 0, "total": 0}
        redis.start()
        wait_for(lambda: health(server).status == 200, what="health")
        assert redis.cli("keys", "*").split() == []


def test_a_store_that_takes_no_more_writes():
    with Redis() as redis, Nusku(store=redis.uri, options=OPTIONS) as server:
        assert health(server).status == 200
        redis.cli("config", "set", "maxmemory", "1")
        report = sick(health(server), server)
        assert report["storage_reachable"] is True
        assert "post_messages" in failed(report)
        assert "claim_messages" not in report["operation_status"]
        redis.cli("config", "set", "maxmemory", "0")
        assert health(server).status == 200
        assert redis.cli("keys", "*").split() == []


def test_a_store_that_hangs():
    """The answer comes in a bounded time, and what the store did at last is forgotten with the queue."""
    with Redis() as redis, Nusku(store=redis.uri, options=OPTIONS) as server:
        assert health(server).status == 200
        with redis.paused():
            report = sick(health(server), server)
            assert report["storage_reachable"] is False
        wait_for(lambda: health(server).status == 200, what="health")
        wait_for(lambda: redis.cli("keys", "*").split() == [], what="nothing left")


def test_catalog_goes_and_comes_back():
    try:
        postgresql = PostgreSQL()
    except Failed as e:
        pytest.skip(str(e))
    with postgresql:
        with Nusku(catalog=postgresql.database("nusku"), options=OPTIONS) as server:
            assert health(server).status == 200
            postgresql.kill()
            report = sick(health(server), server)
            assert report["catalog_reachable"] is False
            assert report["storage_reachable"] is True
            assert failed(report) == ["create_queue"]
            assert list(report["operation_status"]) == ["create_queue"]
            wait_for(lambda: Metrics(server).get("nusku_catalog_up") == 0, what="catalog down")
            (postgresql.data / "postmaster.pid").unlink(missing_ok=True)
            postgresql.start()
            wait_for(lambda: health(server).status == 200, what="health")


def test_no_worker():
    """Without a worker the store is not reached, whatever it does."""
    with Redis() as redis:
        with Cluster(redis.uri, workers=1, options=OPTIONS) as cluster:
            router = cluster.routers[0]
            wait_for(lambda: health(router).status == 200, what="health")
            cluster.workers[0].kill()
            report = sick(health(router), router)
            assert report["catalog_reachable"] is True
            assert report["storage_reachable"] is False


def test_each_pool_is_tried_and_the_default_store_only_if_queues_can_live_there(tmp_path):
    """With pooling: a member for each pool of the catalog; none of them: only the catalog's."""
    options = [*OPTIONS, "DEFAULT.pooling=true"]
    with Redis() as redis, Nusku(options=options) as s:
        c = Client(s.port)
        assert health(s).json == {"catalog_reachable": True}
        for name, uri in ("r", redis.uri), ("s", f"sqlite://{tmp_path}/s.db"):
            assert c.put(f"/v2/pools/{name}", {"uri": uri, "weight": 1}, headers=ADMIN).status == 201

        def both_are_well():
            answer = health(s)
            return answer.status == 200 and answer.json
        report = wait_for(both_are_well)
        assert set(report) == {"catalog_reachable", "r", "s"}
        for pool in "r", "s":
            check_shape({"catalog_reachable": True, **report[pool]})
            assert failed(report[pool]) == []
            assert list(report[pool]["operation_status"]) == STEPS
        # what health leaves to be forgotten holds no pool
        assert c.put("/v2/pools/u", {"uri": f"sqlite://{tmp_path}/u.db", "weight": 0}, headers=ADMIN).status == 201
        assert "u" in wait_for(both_are_well)
        assert c.delete("/v2/pools/u", headers=ADMIN).status == 204
        redis.stop()
        answer = health(s)
        assert answer.status == 503
        report = answer.json
        assert report["catalog_reachable"] and not report["r"]["storage_reachable"]
        assert report["s"]["storage_reachable"] and failed(report["s"]) == []
        assert "post_messages" in failed(report["r"]) or "post_messages" not in report["r"]["operation_status"]
