"""Several routers on one catalog: what one changes the others see, for queues as for topics."""

import pytest
from support.api import Client, unique
from support.servers import Cluster, wait_for

PATCH = [{"op": "add", "path": "/metadata/a", "value": 2}]


@pytest.fixture
def cluster(store):
    with Cluster(store, workers=1, routers=2) as c:
        yield c


def test_a_queue_and_a_topic_of_one_name_through_two_routers(cluster):
    """Each change reaches the other router by the catalog's feed, and its namesake never."""
    here, name = Client(cluster.routers[0].port), unique("twin")
    there = Client(cluster.routers[1].port, here.project)
    twins = [f"/v2/queues/{name}", f"/v2/topics/{name}"]
    for path in twins:
        assert here.put(path, {"a": 1}).status == 201
        wait_for(lambda p=path: there.get(p).json.get("a") == 1, what="the creation")
        here.fill(path, path)
        assert there.everything(path) == [path]
    for path, left in (twins, twins[::-1]):
        assert here.patch(path, PATCH).status == 200
        wait_for(lambda p=path: there.get(p).json["a"] == 2, what="the patch")
        assert here.delete(path).status == 204
        wait_for(lambda p=path: "a" not in there.get(p).json, what="the deletion")
        assert there.everything(path) == here.everything(path) == []
        assert there.everything(left) == here.everything(left) == [left]
        assert here.put(path, {"a": 1}).status == 201
        wait_for(lambda p=path: there.get(p).json.get("a") == 1, what="the creation")
        there.fill(path, path)
        assert here.everything(path) == [path]
