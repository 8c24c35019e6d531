"""Flavors (section 11.2), and queues that ask for one."""

import pytest
from support.api import Client, query, refused, unique
from support.pooling import OPTIONS, Admin, post, queues_in
from support.servers import Nusku, Redis

BODY = "Invalid request body"
UNKNOWN = unique("flavor")
SQLITE = ["FIFO", "CLAIMS", "DURABILITY", "AOD"]
REDIS = ["FIFO", "CLAIMS", "AOD", "HIGH_THROUGHPUT"]


@pytest.fixture
def admin(start):
    admin = Admin(start(*OPTIONS).port)
    yield admin
    admin.clean()


@pytest.fixture
def uri(tmp_path):
    return lambda: f"sqlite://{tmp_path}/{unique('store')}.db"


@pytest.fixture
def pools(admin, uri):
    """The names of three pools, in their order."""
    return sorted(admin.pool(uri()) for _ in range(3))


def shown(name, pools, capabilities=SQLITE):
    return {"href": f"/v2/flavors/{name}", "name": name, "pool_list": pools,
            "capabilities": capabilities}


# ---- Put and get -----------------------------------------------------------------------------------

def test_put_and_get(admin, pools):
    name = unique("flavor")
    answer = admin.put(f"/v2/flavors/{name}", {"pool_list": pools[:2], "capabilities": {"FIFO": 1}})
    assert (answer.status, answer.raw) == (201, b"")
    assert answer.headers["Location"] == f"/v2/flavors/{name}"
    admin.flavors.append(name)
    answer = admin.get(f"/v2/flavors/{name}")
    assert (answer.status, answer.json) == (200, shown(name, pools[:2]))
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] == name
    assert admin.get(f"/v2/pools/{pools[2]}").json["flavor"] is None
    assert admin.put(f"/v2/flavors/{name}", {"pool_list": pools[2:]}).status == 201  # as the first time
    assert admin.get(f"/v2/flavors/{name}").json == shown(name, pools[2:])
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] is None


def test_members_repeat_harmlessly(admin, pools):
    name = admin.flavor(pools[0], pools[0])
    assert admin.get(f"/v2/flavors/{name}").json["pool_list"] == pools[:1]


def test_capabilities_are_the_first_pools(admin, uri):
    with Redis() as redis:
        admin.pool(redis.uri, "a-redis")
        admin.pool(uri(), "b-file")
        name = admin.flavor("b-file", "a-redis")
        assert admin.get(f"/v2/flavors/{name}").json == shown(name, ["a-redis", "b-file"], REDIS)
        admin.clean()
        admin.pools.clear()
        admin.flavors.clear()


@pytest.mark.parametrize("name", ["x" * 65, "a%20b", "%C3%A9", "a%00", "a%0A", ""])
def test_bad_names(admin, pools, name):
    refused(admin.put(f"/v2/flavors/{name}", {"pool_list": pools}), 400, "Invalid API request")
    refused(admin.get(f"/v2/flavors/{name}"), 404, "Not found")
    refused(admin.patch(f"/v2/flavors/{name}", {"pool_list": pools}), 404, "Not found")
    assert admin.delete(f"/v2/flavors/{name}").status == 204


@pytest.mark.parametrize("body", [
    None, b"", b"{", [], "x", 5, {}, {"pool_list": None}, {"pool_list": "p"}, {"pool_list": {}},
    {"pool_list": [1]}, {"pool_list": ["p", None]}, {"pool_list": [["p"]]}, {"capabilities": {}},
    {"pool_list": ["p"], "pool": "p"}, {"pool_list": ["p"], "pool_group": "g"}, {"pool_list": ["p"], "": 1},
    {"pool_list": ["p"], "capabilities": []}, {"pool_list": ["p"], "capabilities": None},
    {"pool_list": ["p"] * 1001},
])
def test_put_schema(admin, body):
    refused(admin.put(f"/v2/flavors/{UNKNOWN}", body), 400, BODY)
    refused(admin.get(f"/v2/flavors/{UNKNOWN}"), 404)


@pytest.mark.parametrize("pool", ["nobody", "", "x" * 65, "a b", "\u00e9"])
def test_put_with_an_unknown_pool(admin, pools, pool):
    """The words are tested by clients."""
    answer = admin.put(f"/v2/flavors/{UNKNOWN}", {"pool_list": [pools[0], pool]})
    assert answer.status == 400
    assert answer.json == {
        "title": "Unable to create",
        "description": f"Flavor {UNKNOWN} could not be created, error:Pool {pool} does not exist",
    }
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] is None  # all or nothing


def test_put_without_pools(admin):
    refused(admin.put(f"/v2/flavors/{UNKNOWN}", {"pool_list": []}), 400, "Unable to create")


# ---- Patch -----------------------------------------------------------------------------------------

def test_patch(admin, pools):
    name = admin.flavor(*pools[:2])
    answer = admin.patch(f"/v2/flavors/{name}", {"pool_list": pools[1:], "capabilities": 5, "x": 1})
    assert (answer.status, answer.json) == (200, shown(name, pools[1:]))
    assert admin.get(f"/v2/flavors/{name}").json == shown(name, pools[1:])
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] is None


def test_patch_of_an_unknown_flavor(admin):
    """Before the pools are looked at."""
    refused(admin.patch(f"/v2/flavors/{UNKNOWN}", {"pool_list": ["nobody"]}), 404, "Not found")


def test_patch_with_an_unknown_pool(admin, pools):
    name = admin.flavor(pools[0])
    answer = admin.patch(f"/v2/flavors/{name}", {"pool_list": [pools[1], "nobody"]})
    error = refused(answer, 400, "updatefail")
    assert error["description"] == f"Flavor {name} could not be updated, error:Pool nobody does not exist"
    assert admin.get(f"/v2/flavors/{name}").json == shown(name, pools[:1])


@pytest.mark.parametrize("body", [None, b"", b"{", [], 5, {}, {"capabilities": {}}, {"pool_list": "p"},
                                  {"pool_list": [1]}])
def test_patch_schema(admin, pools, body):
    name = admin.flavor(pools[0])
    refused(admin.patch(f"/v2/flavors/{name}", body), 400, BODY)


def test_patch_without_pools(admin, pools):
    name = admin.flavor(pools[0])
    refused(admin.patch(f"/v2/flavors/{name}", {"pool_list": []}), 400, "Unable to create")


# ---- Marks -----------------------------------------------------------------------------------------

def test_a_pool_has_one_flavor(admin, pools):
    first, second = admin.flavor(*pools[:2]), admin.flavor(pools[1])
    assert admin.get(f"/v2/flavors/{first}").json == shown(first, pools[:1])
    assert admin.get(f"/v2/pools/{pools[1]}").json["flavor"] == second
    admin.put(f"/v2/flavors/{second}", {"pool_list": pools[:1]})
    answer = admin.get(f"/v2/flavors/{first}").json
    assert answer == {"href": f"/v2/flavors/{first}", "name": first, "capabilities": []}


def test_a_mark_comes_ahead_of_its_flavor(admin, uri, pools):
    name = unique("flavor")
    early = admin.pool(uri(), flavor=name)
    refused(admin.get(f"/v2/flavors/{name}"), 404)
    admin.flavor(early, pools[0], name=name)
    assert admin.get(f"/v2/flavors/{name}").json["pool_list"] == sorted([early, pools[0]])


def test_flavors_are_a_projects_own(admin, start, pools):
    """Section 11.2, (bug): equal names share pools, and deleting one detaches the other's."""
    other = Admin(start(*OPTIONS).port)
    name = admin.flavor(*pools[:2])
    refused(other.get(f"/v2/flavors/{name}"), 404)
    assert other.get("/v2/flavors").json == {"flavors": [], "links": []}
    other.flavor(*pools[1:], name=name)
    assert admin.get(f"/v2/flavors/{name}").json == shown(name, pools[:2])
    assert other.get(f"/v2/flavors/{name}").json == shown(name, pools[1:])
    other.clean()
    assert admin.get(f"/v2/flavors/{name}").json == shown(name, pools[:2])
    assert other.get(f"/v2/pools/{pools[0]}").json["flavor"] is None
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] == name


def test_delete(admin, pools):
    name = admin.flavor(*pools)
    for _ in range(2):
        answer = admin.delete(f"/v2/flavors/{name}")
        assert (answer.status, answer.raw) == (204, b"")
    refused(admin.get(f"/v2/flavors/{name}"), 404)
    assert admin.get(f"/v2/pools/{pools[0]}").json["flavor"] is None


# ---- List ------------------------------------------------------------------------------------------

def test_list(admin, pools):
    names = [f"f{n:02}" for n in range(12)]
    for name in reversed(names):
        admin.flavor(pools[0], name=name)
    page = admin.get("/v2/flavors")
    assert page.headers["Content-Location"] is None
    assert [f["name"] for f in page.json["flavors"]] == names[:10]
    # the last one that was put has the pool
    assert page.json["flavors"][0] == {"href": "/v2/flavors/f00", "name": "f00", "pool_list": pools[:1]}
    assert page.json["flavors"][1] == {"href": "/v2/flavors/f01", "name": "f01"}
    assert query(page.next) == {"marker": ["f09"]}
    page = admin.get(page.next)
    assert [f["name"] for f in page.json["flavors"]] == names[10:]
    assert admin.get(page.next).json == {"flavors": [], "links": []}
    page = admin.get("/v2/flavors?detailed=true&limit=2")
    assert page.json["flavors"] == [shown("f00", pools[:1]),
                                    {"href": "/v2/flavors/f01", "name": "f01", "capabilities": []}]
    assert page.next == "/v2/flavors?marker=f01&limit=2&detailed=true"
    assert admin.get("/v2/flavors?marker=%FF").json["flavors"] == []


@pytest.mark.parametrize("limit", ["0", "-1", "21"])
def test_list_limit(admin, limit):
    refused(admin.get(f"/v2/flavors?limit={limit}"), 400, "Invalid API request")


@pytest.mark.parametrize("parameters", ["limit=x", "detailed=None"])
def test_list_parameters(admin, parameters):
    refused(admin.get(f"/v2/flavors?{parameters}"), 400, "Invalid parameter")


# ---- Who may ---------------------------------------------------------------------------------------

def test_everybody_reads(admin, start, pools):
    name = admin.flavor(pools[0])
    user = Client(start(*OPTIONS).port, admin.project)
    assert user.get(f"/v2/flavors/{name}").json == shown(name, pools[:1])
    assert [f["name"] for f in user.get("/v2/flavors").json["flavors"]] == [name]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_administrators_change(start, method):
    refused(getattr(Client(start(*OPTIONS).port), method)("/v2/flavors/f"), 403, "Not authorized")


# ---- Queues that ask for one -----------------------------------------------------------------------

@pytest.fixture
def own():
    with Nusku(options=OPTIONS) as server:
        yield Admin(server.port)


def test_queue_with_a_flavor(own, uri):
    plain, gold = uri(), [uri(), uri()]
    own.pool(plain)
    flavor = own.flavor(*[own.pool(store) for store in gold])
    for n in range(10):
        assert own.put(f"/v2/queues/gold{n}", {"_flavor": flavor}).status == 201
        assert own.put(f"/v2/queues/plain{n}", {"_flavor": [None, ""][n % 2]}).status == 201
        assert post(own, f"gold{n}").status == 201
        assert post(own, f"plain{n}").status == 201
        assert post(own, f"lazy{n}").status == 201
    assert own.get("/v2/queues/gold0").json["_flavor"] == flavor
    assert queues_in(plain) == {f"{kind}{n}" for kind in ("plain", "lazy") for n in range(10)}
    assert queues_in(gold[0]) | queues_in(gold[1]) == {f"gold{n}" for n in range(10)}


def test_flavors_of_others_set_pools_aside(own, uri):
    """Section 11.4, (bug): queues without a flavor go to all pools."""
    own.flavor(own.pool(uri()))
    other = Client(own.port)
    refused(post(other, "q"), 503)
    refused(post(own, "q"), 503)


def test_unknown_flavor(own, uri):
    own.pool(uri())
    for flavor in (UNKNOWN, "x" * 200, "a b", "\u00e9", "a\u0000b"):
        error = refused(own.put("/v2/queues/q", {"_flavor": flavor}), 400, "Invalid API request")
        assert "does not exist" in error["description"]
    assert own.queues() == []
    queue = own.queue()
    for flavor in (UNKNOWN, "x" * 200, "a b", "\u00e9", "a\u0000b"):
        refused(own.put(queue, {"_flavor": flavor}), 400, "Invalid API request")  # one that exists, too
        change = [{"op": "add", "path": "/metadata/_flavor", "value": flavor}]
        refused(own.patch(queue, change), 404, "Not found")
    assert "_flavor" not in own.get(queue).json


def test_flavor_of_another_project(admin, start, pools):
    name = admin.flavor(pools[0])
    refused(Client(start(*OPTIONS).port).put("/v2/queues/q", {"_flavor": name}), 400)


def test_flavor_that_has_gone(own, uri):
    """Its queues stay, and can be changed."""
    name = own.flavor(own.pool(uri()))
    assert own.put("/v2/queues/q", {"_flavor": name}).status == 201
    assert own.delete(f"/v2/flavors/{name}").status == 204
    assert post(own, "q").status == 201
    change = [{"op": "add", "path": "/metadata/x", "value": 1}]
    assert own.patch("/v2/queues/q", change).status == 200
    change = [{"op": "remove", "path": "/metadata/_flavor"}]
    assert own.patch("/v2/queues/q", change).status == 200


def test_flavor_without_pools(own, uri):
    """Section 11.4, (bug): such a queue is mapped to nothing."""
    pool = own.pool(uri())
    name = own.flavor(pool)
    own.flavor(pool)
    refused(own.put("/v2/queues/q", {"_flavor": name}), 503)
