"""What clients are told while the store or the catalog is away, and that it ends with the outage
(sections 1.5 and 12).
"""

import pytest
from support.api import SHOWN, Client, new_queue, refused
from support.servers import Failed, Nusku, PostgreSQL, Redis, wait_for

OPTIONS = ["router.operation_timeout=500"]
AWAY = "Service temporarily unavailable"


def told(answer):
    error = refused(answer, 503, AWAY)
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["x-openstack-request-id"].startswith("req-")
    for secret in ("redis", "postgres", "sqlite", "127.0.0.1", "errno", "connection refused"):
        assert secret not in error["description"].lower()


@pytest.fixture(scope="module")
def redis():
    with Redis() as server:
        yield server


@pytest.fixture(scope="module")
def on_redis(redis):
    with Nusku(store=redis.uri, options=OPTIONS) as server:
        yield server


def test_store_goes_and_comes_back(redis, on_redis):
    api = Client(on_redis.port)
    queue = api.queue(a=1)
    (name,) = api.fill(queue, 1)
    location = api.claim(queue).headers["Location"]
    redis.kill()
    try:
        for method, path, body in (
                ("POST", "/messages", {"messages": [{"body": 1}]}), ("GET", "/messages", None),
                ("GET", f"/messages?ids={name}", None), ("GET", f"/messages/{name}", None),
                ("DELETE", f"/messages/{name}", None), ("DELETE", f"/messages?ids={name}", None),
                ("DELETE", "/messages?pop=1", None), ("POST", "/claims", None),
                ("GET", "/stats", None), ("POST", "/purge", None)):
            told(api.call(method, queue + path, body))
        told(api.get(location))
        told(api.call("PATCH", location, {}))
        told(api.delete(location))
        for answer, status in ((api.get("/v2/ping"), 503), (api.call("HEAD", "/v2/ping"), 204)):
            assert (answer.status, answer.raw) == (status, b"")
        assert api.get("/").status == 300
        assert api.get("/v2/").status == 200
        assert api.get("/v2/queues").status == 200
        assert api.get(queue).json == {**SHOWN, "a": 1}
        refused(api.post(f"{queue}/messages", {"messages": []}), 400, "Invalid API request")
    finally:
        redis.start()
    wait_for(lambda: api.get("/v2/ping").status == 204, what="ping")
    api.fill(queue, 2)
    assert api.listed(queue) == [2]


def test_store_is_away_at_the_start():
    with Redis() as redis:
        redis.kill()
        try:
            server = Nusku(store=redis.uri, options=OPTIONS)
        except Failed:
            return  # saying so and ending is fine, too
        with server:
            assert Client(server.port).get("/v2/ping").status == 503
            redis.start()
            wait_for(lambda: Client(server.port).get("/v2/ping").status == 204, what="ping")


def test_catalog_goes_and_comes_back():
    try:
        postgresql = PostgreSQL()
    except Failed as e:
        pytest.skip(str(e))
    with postgresql:
        with Nusku(catalog=postgresql.database("nusku"), options=OPTIONS) as server:
            api = Client(server.port)
            queue = api.queue(a=1)
            api.fill(queue, 1)
            postgresql.kill()
            told(api.put(new_queue()))
            told(api.get("/v2/queues"))
            told(api.delete(new_queue()))
            assert api.get("/").status == 300
            assert server.process.poll() is None
            # What died by SIGKILL leaves its lock file behind.
            (postgresql.data / "postmaster.pid").unlink(missing_ok=True)
            postgresql.start()
            wait_for(lambda: api.put(new_queue()).status == 201, what="queue")
            assert api.get(queue).json == {**SHOWN, "a": 1}
            assert api.listed(queue) == [1]


def test_catalog_file_is_deleted_and_restored():
    with Nusku(options=OPTIONS) as server:
        api = Client(server.port)
        queue = api.queue(a=1)
        api.fill(queue, 1)
        data, aside = server.folder / "data", server.folder / "aside"
        aside.mkdir()
        for file in data.glob("catalog.db*"):
            file.rename(aside / file.name)
        for _ in range(8):  # each thread of the catalog, and more
            told(api.put(new_queue()))
            told(api.get("/v2/queues"))
            told(api.delete(new_queue()))
        assert not list(data.glob("catalog.db*"))
        assert server.process.poll() is None
        for file in aside.glob("catalog.db*"):
            file.rename(data / file.name)
        wait_for(lambda: api.put(new_queue()).status == 201, what="queue")
        assert api.get(queue).json == {**SHOWN, "a": 1}
        assert api.listed(queue) == [1]
