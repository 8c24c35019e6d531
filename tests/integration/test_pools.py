"""Pools (section 11.1), and where queues are made (11.3, 11.4)."""

import collections
import json

import pytest
from support.api import NOT_FOUND, Client, query, refused, together, unique
from support.pooling import OPTIONS, Admin, post, queues_in
from support.servers import Nusku, Redis, free_port, wait_for

BODY = "Invalid request body"


@pytest.fixture(scope="module")
def redis():
    with Redis() as server:
        yield server


@pytest.fixture
def admin(start):
    admin = Admin(start(*OPTIONS).port)
    yield admin
    admin.clean()


@pytest.fixture
def uri(tmp_path):
    """URIs of new stores, one each time it is called."""
    return lambda: f"sqlite://{tmp_path}/{unique('store')}.db"


@pytest.fixture
def own():
    """An administrator of a server of one's own, on which nobody else makes pools. own(option, …)."""
    servers = []

    def start(*options):
        servers.append(Nusku(options=[*OPTIONS, *options]))
        return Admin(servers[-1].port)

    yield start
    for server in servers:
        assert server.stop() == 0


def shown(name, uri, **members):
    return {"href": f"/v2/pools/{name}", "name": name, "weight": 1, "uri": uri, "flavor": None,
            **members}


# ---- Put and get -----------------------------------------------------------------------------------

def test_put_and_get(admin, uri):
    store, name = uri(), unique("pool")
    body = f'{{"uri": "{store}", "weight": 100, "options": {{"a": [1.10]}}}}'.encode()
    answer = admin.put(f"/v2/pools/{name}", body)
    assert (answer.status, answer.raw) == (201, b"")
    assert answer.headers["Location"] == f"/v2/pools/{name}"
    admin.pools.append(name)
    answer = admin.get(f"/v2/pools/{name}")
    assert answer.status == 200
    assert answer.json == shown(name, store, weight=100)
    assert list(answer.json) == ["href", "name", "weight", "uri", "flavor"]
    for yes in ("true", "True", "1"):
        answer = admin.get(f"/v2/pools/{name}?detailed={yes}")
        assert answer.json == shown(name, store, weight=100, options={"a": [1.10]})
        assert b"1.10" in answer.raw
    assert "options" not in admin.get(f"/v2/pools/{name}?detailed=false").json
    refused(admin.get(f"/v2/pools/{name}?detailed=maybe"), 400, "Invalid parameter")


def test_put_replaces(admin, uri):
    """201 again, never 204; what isn't named is gone."""
    first, second = uri(), uri()
    name = admin.pool(first, flavor="f", options={"a": 1})
    assert admin.get(f"/v2/pools/{name}").json["flavor"] == "f"
    answer = admin.put(f"/v2/pools/{name}", {"uri": second, "weight": 7})
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/pools/{name}")
    assert admin.get(f"/v2/pools/{name}?detailed=true").json == \
        shown(name, second, weight=7, options={})
    admin.pool(first)  # free again


@pytest.mark.parametrize("weight", [0, 1, 2**32 - 1])
def test_weights(admin, uri, weight):
    name = admin.pool(uri(), weight=weight)
    assert admin.get(f"/v2/pools/{name}").json["weight"] == weight


@pytest.mark.parametrize("name", ["a", "A.b-c_9", "x" * 64, "."])
def test_names(admin, uri, name):
    admin.pool(uri(), name)


@pytest.mark.parametrize("name", ["catalog_reachable", "storage_reachable", "operation_status", "message_volume"])
def test_names_that_health_has_members_of(admin, uri, name):
    refused(admin.put(f"/v2/pools/{name}", {"uri": uri(), "weight": 1}), 400, "Invalid API request")


@pytest.mark.parametrize("name", ["x" * 65, "a%20b", "%C3%A9", "a%00", "a%0A", "%2F", "", "a%FF", "a@b"])
def test_bad_names(admin, uri, name):
    """Section 11.1, (bug): they are not validated. No such pool can be there, either."""
    body = {"uri": uri(), "weight": 1}
    refused(admin.put(f"/v2/pools/{name}", body), 400, "Invalid API request")
    refused(admin.get(f"/v2/pools/{name}"), 404, "Not found")
    refused(admin.patch(f"/v2/pools/{name}", {"weight": 1}), 404, "Not found")
    assert admin.delete(f"/v2/pools/{name}").status == 204


UNKNOWN = unique("pool")


def test_unknown(admin):
    refused(admin.get(f"/v2/pools/{UNKNOWN}"), 404, "Not found")
    refused(admin.get(f"/v2/pools/{UNKNOWN}?detailed=x"), 400, "Invalid parameter")
    refused(admin.patch(f"/v2/pools/{UNKNOWN}", {"weight": 1}), 404, "Not found")
    assert admin.delete(f"/v2/pools/{UNKNOWN}").status == 204


def without(body, *names):
    return {name: value for name, value in body.items() if name not in names}


SQLITE = {"uri": "sqlite:///tmp/never.db", "weight": 1}


@pytest.mark.parametrize("body", [
    {}, [], "x", 5, None, [SQLITE],
    without(SQLITE, "uri"), without(SQLITE, "weight"),
    {**SQLITE, "uri": None}, {**SQLITE, "uri": 5}, {**SQLITE, "uri": ""}, {**SQLITE, "uri": [1]},
    {**SQLITE, "uri": "sqlite:///" + "x" * 246}, {**SQLITE, "uri": "sqlite:///tmp/\u0000x"},
    {**SQLITE, "uri": "sqlite:///tmp/a b"}, {**SQLITE, "uri": "sqlite:///tmp/x\r\ny"},
    *[{**SQLITE, "weight": w} for w in (-1, 2**32, 2**63 - 1, 1.0, True, False, "1", None, [], {})],
    *[{**SQLITE, "flavor": f} for f in (None, 5, [], {}, "x" * 65, "x" * 256, "a b", "\u00e9")],
    *[{**SQLITE, "options": o} for o in (None, 5, [], "x", True)],
    {**SQLITE, "group": "g"}, {**SQLITE, "name": "n"}, {**SQLITE, "additionalProperties": False},
    {**SQLITE, "": 1},
])
def test_put_schema(admin, body):
    refused(admin.put(f"/v2/pools/{UNKNOWN}", body), 400, BODY)
    refused(admin.get(f"/v2/pools/{UNKNOWN}"), 404)


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("body", [
    None, b"", b"{", b"\xff", b'{"uri": "sqlite:///tmp/never.db", "weight": 1} x', b"[" * 2000, b"NaN",
    b'{"uri": "\\ud800", "weight": 1}', b'{"uri": "sqlite:///tmp/never.db", "weight": 18446744073709551616}',
])
def test_bodies_that_are_no_json(admin, method, body):
    refused(getattr(admin, method)(f"/v2/pools/{UNKNOWN}", body), 400, BODY)


def test_last_of_equal_members_counts(admin, uri):
    name, store = unique("pool"), uri()
    body = f'{{"weight": "x", "uri": 5, "weight": 3, "u\\u0072i": "{store}"}}'.encode()
    assert admin.put(f"/v2/pools/{name}", body).status == 201
    admin.pools.append(name)
    assert admin.get(f"/v2/pools/{name}").json == shown(name, store, weight=3)


@pytest.mark.parametrize("store", [
    "localhost:27017", "localhost", "mongodb://localhost", "REDIS://localhost", "redis:/localhost",
    "://", "sqlite://host/x.db", "sqlite://", "sqlite:///", "sqlite:///nowhere/at/all/x.db", "sqlite:///proc/x.db",
    "redis://127.0.0.1:x/0", "redis://127.0.0.1:99999/0", "redis://127.0.0.1:6379/x",
    "redis://nowhere.invalid/0", "unix:///nowhere/redis.sock",
])
def test_stores_that_are_none(admin, store):
    """The server must be able to connect."""
    error = refused(admin.put(f"/v2/pools/{UNKNOWN}", {"uri": store, "weight": 1}), 400, BODY)
    assert store in error["description"]
    refused(admin.get(f"/v2/pools/{UNKNOWN}"), 404)


def test_store_that_is_away(admin, start):
    """The password stays where it is: not in the answer, not in a log."""
    store = f"redis://someone:s3cret@127.0.0.1:{free_port()}/0"
    error = refused(admin.put(f"/v2/pools/{UNKNOWN}", {"uri": store, "weight": 1}), 400, BODY)
    assert "s3cret" not in error["description"]
    assert "someone:***@" in error["description"]
    assert "s3cret" not in start(*OPTIONS).text()


def test_store_with_another_password(admin, start):
    with Redis("--requirepass", "s3cret") as guarded:
        host = f"127.0.0.1:{guarded.port}/0"
        for store in (f"redis://{host}", f"redis://:wr0ng@{host}"):
            refused(admin.put(f"/v2/pools/{UNKNOWN}", {"uri": store, "weight": 1}), 400, BODY)
        name = admin.pool(f"redis://:s3cret@{host}")
        assert admin.get(f"/v2/pools/{name}").json["uri"] == f"redis://:s3cret@{host}"
        admin.clean()
        admin.pools.clear()
    text = start(*OPTIONS).text()
    assert "s3cret" not in text and "wr0ng" not in text


def test_refused_pool_is_tried_no_more(admin, start, tmp_path):
    store = f"sqlite://{tmp_path}/not/there.db"
    refused(admin.put(f"/v2/pools/{UNKNOWN}", {"uri": store, "weight": 1}), 400, BODY)
    assert "POOL-NOT-OPENED" not in start(*OPTIONS).text()


def test_uri_of_another_pool(admin, uri):
    first, second = uri(), uri()
    a, b = admin.pool(first), admin.pool(second)
    refused(admin.put(f"/v2/pools/{unique('pool')}", {"uri": first, "weight": 1}), 409, "Resource conflict")
    refused(admin.put(f"/v2/pools/{b}", {"uri": first, "weight": 1}), 409, "Resource conflict")
    refused(admin.patch(f"/v2/pools/{b}", {"uri": first}), 409, "Resource conflict")
    assert admin.get(f"/v2/pools/{b}").json == shown(b, second)
    assert admin.put(f"/v2/pools/{a}", {"uri": first, "weight": 2}).status == 201
    assert admin.patch(f"/v2/pools/{a}", {"uri": first}).status == 200


def test_capabilities_within_a_flavor(admin, redis, uri):
    """Whether there is such a flavor already or not."""
    flavor = unique("flavor")
    admin.pool(redis.uri, flavor=flavor)
    for _ in range(2):
        body = {"uri": uri(), "weight": 1, "flavor": flavor}
        refused(admin.put(f"/v2/pools/{UNKNOWN}", body), 400, "Unable to create pool")
        other = admin.pool(uri())
        refused(admin.patch(f"/v2/pools/{other}", {"flavor": flavor}), 400, BODY)
        admin.flavor(admin.pools[0], name=flavor)


def test_capabilities_without_a_flavor(admin, redis, uri):
    """Section 11.1, (bug): compared with those of the first pool at all."""
    admin.pool(redis.uri)
    admin.pool(uri())


# ---- Patch -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("change", [
    {"weight": 5}, {"flavor": "f"}, {"options": {"b": 2}}, {"weight": 0, "flavor": "g", "options": {}},
])
def test_patch(admin, uri, change):
    store = uri()
    name = admin.pool(store, options={"a": 1})
    answer = admin.patch(f"/v2/pools/{name}", change)
    assert answer.status == 200
    wanted = {**shown(name, store, options={"a": 1}), **change}
    assert answer.json == without(wanted, "options")
    assert admin.get(f"/v2/pools/{name}?detailed=true").json == wanted


def test_patch_uri(admin, uri):
    name, store = admin.pool(uri()), uri()
    assert admin.patch(f"/v2/pools/{name}", {"uri": store}).json["uri"] == store


def test_patch_to_a_store_of_another_kind(admin, redis, uri):
    """Section 11.1, (bug): 500."""
    store = uri()
    name = admin.pool(store)
    refused(admin.patch(f"/v2/pools/{name}", {"uri": redis.uri}), 400, BODY)
    assert admin.get(f"/v2/pools/{name}").json == shown(name, store)


def test_patch_detaches(admin, uri):
    name = admin.pool(uri(), flavor="f")
    assert admin.patch(f"/v2/pools/{name}", {"flavor": ""}).json["flavor"] is None
    assert admin.get(f"/v2/pools/{name}").json["flavor"] is None


@pytest.mark.parametrize("more", [{"group": "g"}, {"additionalProperties": 1}, {"name": "x"}])
def test_patch_ignores_others(admin, uri, more):
    name = admin.pool(uri())
    assert admin.patch(f"/v2/pools/{name}", {"weight": 2, **more}).json["weight"] == 2


@pytest.mark.parametrize("change", [
    {}, [], "x", 5, {"group": 1}, {"uri": 5}, {"uri": None}, {"uri": "x" * 256}, {"uri": "localhost:27017"},
    {"uri": "sqlite:///nowhere/at/all/x.db"}, {"weight": -1}, {"weight": True}, {"weight": 2**32},
    {"weight": 1.5}, {"flavor": None}, {"flavor": "x" * 256}, {"flavor": 1}, {"options": []},
    {"options": None}, {"weight": 5, "options": "x"},
])
def test_patch_schema(admin, uri, change):
    store = uri()
    name = admin.pool(store)
    refused(admin.patch(f"/v2/pools/{name}", change), 400, BODY)
    assert admin.get(f"/v2/pools/{name}").json == shown(name, store)


def test_patches_at_the_same_time(admin, uri):
    """Each changes its own member: none is lost."""
    name = admin.pool(uri(), weight=0)
    changes = iter([{"weight": 9}, {"flavor": "f"}, {"options": {"x": 1}}] * 4)

    def change():
        assert admin.patch(f"/v2/pools/{name}", next(changes)).status == 200

    together(12, change)
    got = admin.get(f"/v2/pools/{name}?detailed=true").json
    assert (got["weight"], got["flavor"], got["options"]) == (9, "f", {"x": 1})


# ---- List ------------------------------------------------------------------------------------------

def test_list_of_none(own):
    answer = own().get("/v2/pools")
    assert (answer.status, answer.json) == (200, {"pools": [], "links": []})
    assert answer.headers["Content-Location"] == "/v2/pools"


def test_list_pages(own, uri):
    admin = own()
    stores = {f"p{n:02}": uri() for n in range(12)}
    for name in sorted(stores, reverse=True):
        admin.pool(stores[name], name)
    page = admin.get("/v2/pools")
    assert [p["name"] for p in page.json["pools"]] == sorted(stores)[:10]
    assert page.json["pools"][0] == shown("p00", stores["p00"])
    assert query(page.next) == {"marker": ["p09"]}
    assert page.next.startswith("/v2/pools?")
    page = admin.get(page.next)
    assert [p["name"] for p in page.json["pools"]] == ["p10", "p11"]
    assert page.headers["Content-Location"] == "/v2/pools?marker=p09"
    page = admin.get(page.next)  # also from the last page
    assert page.json == {"pools": [], "links": []}

    page, names = admin.get("/v2/pools?limit=1&detailed=true"), []
    while page.next:
        (pool,) = page.json["pools"]
        assert pool["options"] == {}
        assert query(page.next) == {"marker": [pool["name"]], "limit": ["1"], "detailed": ["true"]}
        names.append(pool["name"])
        page = admin.get(page.next)
    assert names == sorted(stores)
    page = admin.get("/v2/pools?detailed=f&limit=20")
    assert len(page.json["pools"]) == 12 and "options" not in page.json["pools"][0]
    assert query(page.next)["detailed"] == ["false"]
    for marker, first in [("p03x", "p04"), ("", "p00"), ("%FF", None), ("zzz", None), ("a%00", "p00")]:
        pools = admin.get(f"/v2/pools?marker={marker}").json["pools"]
        assert (pools[0]["name"] if pools else None) == first


@pytest.mark.parametrize("limit", ["0", "-1", "21", "99999999999999999999"])
def test_list_limit(admin, limit):
    refused(admin.get(f"/v2/pools?limit={limit}"), 400, "Invalid API request")


@pytest.mark.parametrize("parameters", ["limit=x", "limit=1.5", "detailed=None", "detailed=2"])
def test_list_parameters(admin, parameters):
    refused(admin.get(f"/v2/pools?{parameters}"), 400, "Invalid parameter")


def test_list_limit_of_the_configuration(start):
    admin = Admin(start(*OPTIONS, "transport.max_pools_per_page=3", "transport.max_flavors_per_page=2").port)
    assert admin.get("/v2/pools?limit=3").status == 200
    refused(admin.get("/v2/pools?limit=4"), 400, "Invalid API request")
    refused(admin.get("/v2/flavors?limit=3"), 400, "Invalid API request")


# ---- Who may ---------------------------------------------------------------------------------------

CALLS = [("get", "/v2/pools"), ("get", "/v2/pools/p"), ("put", "/v2/pools/p"), ("patch", "/v2/pools/p"),
         ("delete", "/v2/pools/p")]


@pytest.mark.parametrize("method, path", CALLS)
def test_only_administrators(start, method, path):
    refused(getattr(Client(start(*OPTIONS).port), method)(path), 403, "Not authorized")


@pytest.mark.parametrize("options", [(), OPTIONS[:1], OPTIONS[1:]])
@pytest.mark.parametrize("method, path", CALLS)
def test_not_served_without_both_options(start, options, method, path):
    answer = getattr(Admin(start(*options).port), method)(path)
    assert refused(answer, 404, described=False) == NOT_FOUND


@pytest.mark.parametrize("path, allowed", [("/v2/pools", "GET, OPTIONS"),
                                           ("/v2/pools/p", "DELETE, GET, PATCH, PUT, OPTIONS")])
def test_wrong_method(admin, path, allowed):
    answer = admin.post(path, {})
    refused(answer, 405, described=False)
    assert answer.headers["Allow"] == allowed


def test_home(admin, api):
    names = {"rel/pools", "rel/pool", "rel/flavors", "rel/flavor"}
    resources = admin.get("/v2/").json["resources"]
    assert names <= set(resources)
    assert resources["rel/pools"]["href-template"] == "/v2/pools{?detailed,limit,marker}"
    assert resources["rel/pools"]["href-vars"]["limit"] == "param/pool_limit"
    assert resources["rel/flavor"]["hints"]["allow"] == ["GET", "PUT", "PATCH", "DELETE"]
    assert not names & set(api.get("/v2/").json["resources"])


# ---- Where queues are made -------------------------------------------------------------------------

def test_no_pool(own):
    admin = own()
    error = refused(admin.put("/v2/queues/q"), 503, "Service temporarily unavailable")
    assert "no pool" in error["description"]
    error = refused(post(admin, "q"), 503, "Service temporarily unavailable")
    assert "no pool" in error["description"]
    assert admin.get("/v2/queues/q/stats").status == 200
    assert admin.queues() == []


def test_virtual_pool(own, uri):
    """Without a pool the store of the configuration serves; not when a flavor is asked for."""
    admin = own("pooling:catalog.enable_virtual_pool=true")
    assert post(admin, "before").status == 201
    store = uri()
    name = admin.pool(store, weight=0)
    assert post(admin, "still").status == 201
    flavor = admin.flavor(name)
    refused(admin.put("/v2/queues/asks", {"_flavor": flavor}), 503)
    assert admin.patch(f"/v2/pools/{name}", {"weight": 1}).status == 200
    assert admin.put("/v2/queues/asks", {"_flavor": flavor}).status == 201
    assert post(admin, "asks").status == 201
    assert queues_in(store) == {"asks"}
    assert admin.queues() == ["asks", "before", "still"]


def test_weights_decide(own, uri):
    admin = own()
    stores = {weight: uri() for weight in (0, 1, 3)}
    for weight, store in stores.items():
        admin.pool(store, weight=weight)
    for n in range(120):
        assert post(admin, f"q{n}").status == 201
    counts = {weight: len(queues_in(store)) for weight, store in stores.items()}
    assert counts[0] == 0
    assert counts[1] + counts[3] == 120
    assert 10 <= counts[1] <= 52  # 30 are expected; beyond that one run in a million


def test_everything_works_in_each_pool(own, redis, uri):
    """One pool after the other takes the new queues."""
    admin = own()
    names = [admin.pool(uri(), weight=0), admin.pool(redis.uri, weight=0)]
    for name in names:
        assert admin.patch(f"/v2/pools/{name}", {"weight": 1}).status == 200
        queue = f"/v2/queues/{unique('queue')}"
        ids = admin.fill(queue, 1, 2, 3)
        assert admin.listed(queue) == [1, 2, 3]
        claim = admin.claim(queue, 2)
        assert claim.status == 201
        assert admin.stats(queue) == {"free": 1, "claimed": 2, "total": 3}
        assert admin.get(f"{queue}/messages/{ids[0]}").json["body"] == 1
        assert admin.delete(f"{queue}/claims/{claim.claim_id}").status == 204
        assert admin.delete(f"{queue}/messages?pop=3").bodies == [1, 2, 3]
        assert admin.delete(queue).status == 204
        assert admin.patch(f"/v2/pools/{name}", {"weight": 0}).status == 200


def test_topics_and_subscriptions_live_in_pools(own, uri):
    admin = own()
    plain, gold = uri(), uri()
    name = admin.pool(plain)
    flavor = admin.flavor(admin.pool(gold))
    assert admin.put("/v2/topics/x", {"_flavor": flavor}).status == 201
    refused(admin.put("/v2/topics/y", {"_flavor": unique("flavor")}), 400, "Invalid API request")
    for path in ("/v2/topics/x", "/v2/queues/x"):
        assert admin.post(f"{path}/messages", {"messages": [{"body": path}]}).status == 201
        assert admin.post(f"{path}/subscriptions", {"subscriber": "http://127.0.0.1/"}).status == 201
        assert admin.listed(path) == [path]
        assert len(admin.get(f"{path}/subscriptions").json["subscriptions"]) == 1
    assert queues_in(plain) == {"x"} and len(queues_in(gold)) == 1
    assert admin.delete("/v2/queues/x").status == 204
    assert admin.listed("/v2/topics/x") == ["/v2/topics/x"]
    refused(admin.delete(f"/v2/pools/{name}"), 403, "Unable to delete")


def test_a_queue_stays_where_it_is(own, uri):
    """Section 11.4, (bug): a PUT of a queue that exists re-maps it, and so does a PATCH."""
    admin = own()
    first, second = uri(), uri()
    a, b = admin.pool(first), admin.pool(second, weight=0)
    flavor = admin.flavor(b)
    assert post(admin, "q", "here").status == 201
    assert admin.patch(f"/v2/pools/{a}", {"weight": 0}).status == 200
    assert admin.put("/v2/queues/q").status == 204
    assert admin.put("/v2/queues/q", {"_flavor": flavor}).status == 204
    change = [{"op": "add", "path": "/metadata/_flavor", "value": flavor}]
    assert admin.patch("/v2/queues/q", change).json["_flavor"] == flavor
    assert admin.listed("/v2/queues/q") == ["here"]
    assert queues_in(first) == {"q"}


def test_queues_of_before_pooling(own, redis):
    """They live in the store of the configuration, and go on."""
    with Nusku() as server:
        api = Client(server.port)
        assert post(api, "old").status == 201
        server.kill()
        server.command += ["--option", OPTIONS[0], "--option", OPTIONS[1]]
        server.start()
        assert post(api, "old", 2).status == 201
        assert api.listed("/v2/queues/old") == [1, 2]
        assert api.put("/v2/queues/old").status == 204
        refused(api.put("/v2/queues/new"), 503)


def test_pools_are_not_asked_without_pooling(start, uri):
    """_flavor is a word like any other then."""
    api = Client(start().port)
    assert api.put("/v2/queues/q", {"_flavor": "none"}).status == 201
    assert post(api, "q").status == 201


# ---- Removing --------------------------------------------------------------------------------------

def test_removal(own, uri):
    """Section 11.1, (bug): queues of a deleted pool lose their messages. Here it stays, and says why."""
    admin = own()
    name = admin.pool(uri())
    assert post(admin, "q1", 1).status == 201
    error = refused(admin.delete(f"/v2/pools/{name}"), 403, "Unable to delete")
    assert "1 queue " in error["description"]
    assert post(admin, "q2", 2).status == 201
    error = refused(admin.delete(f"/v2/pools/{name}"), 403, "Unable to delete")
    assert "2 queues" in error["description"]
    assert admin.listed("/v2/queues/q1") == [1]
    for queue in ("q1", "q2"):
        assert admin.delete(f"/v2/queues/{queue}").status == 204
    error = refused(admin.delete(f"/v2/pools/{name}"), 403, "Unable to delete")
    assert "2 deleted queues" in error["description"]
    wait_for(lambda: admin.delete(f"/v2/pools/{name}").status == 204, 60, "removal")
    refused(admin.get(f"/v2/pools/{name}"), 404)
    refused(admin.put("/v2/queues/q1"), 503)


def test_removal_of_the_last_of_a_flavor(admin, uri):
    a, b = admin.pool(uri()), admin.pool(uri())
    flavor = admin.flavor(a, b)
    assert admin.delete(f"/v2/pools/{a}").status == 204
    error = refused(admin.delete(f"/v2/pools/{b}"), 403, "Unable to delete")
    assert flavor in error["description"]
    assert admin.patch(f"/v2/pools/{b}", {"flavor": ""}).status == 200
    assert admin.delete(f"/v2/pools/{b}").status == 204


def test_removal_with_a_flavor_that_is_none(admin, uri):
    """A mark alone keeps nothing."""
    name = admin.pool(uri(), flavor=unique("flavor"))
    assert admin.delete(f"/v2/pools/{name}").status == 204


# ---- Dead letters ----------------------------------------------------------------------------------

def claim_and_end(api, queue, times):
    for _ in range(times):
        claim = api.claim(queue)
        assert claim.status == 201
        assert api.delete(f"{queue}/claims/{claim.claim_id}").status == 204


def test_dead_letters_are_made_beside_their_source(own, uri):
    admin = own()
    stores = [uri() for _ in range(4)]
    for store in stores:
        admin.pool(store)
    for n in range(6):
        source = f"/v2/queues/source{n}"
        metadata = {"_dead_letter_queue": f"dead{n}", "_max_claim_count": 1}
        assert admin.put(source, metadata).status == 201
        admin.fill(source, n)
        claim_and_end(admin, source, 1)
        assert admin.claim(source).status == 204
        assert admin.listed(f"/v2/queues/dead{n}") == [n]
    for store in stores:
        names = queues_in(store)
        assert {name.removeprefix("source") for name in names if name.startswith("source")} == \
            {name.removeprefix("dead") for name in names if name.startswith("dead")}


def test_source_is_made_beside_its_dead_letters(own, uri):
    admin = own()
    for _ in range(4):
        admin.pool(uri())
    assert admin.put("/v2/queues/dead").status == 201
    for n in range(6):
        source = f"/v2/queues/source{n}"
        assert admin.put(source, {"_dead_letter_queue": "dead", "_max_claim_count": 1}).status == 201
        admin.fill(source, n)
        claim_and_end(admin, source, 1)
        assert admin.claim(source).status == 204
    assert sorted(admin.listed("/v2/queues/dead")) == list(range(6))


def test_dead_letters_elsewhere_are_refused(own, uri):
    """Nothing could be moved there."""
    admin = own()
    plain, gold = admin.pool(uri()), admin.pool(uri())
    flavor = admin.flavor(gold)
    assert admin.put("/v2/queues/dead", {"_flavor": flavor}).status == 201
    metadata = {"_dead_letter_queue": "dead", "_max_claim_count": 1}
    error = refused(admin.put("/v2/queues/source", metadata), 400, "Invalid API request")
    assert "_flavor" in error["description"]
    assert admin.put("/v2/queues/source", {**metadata, "_flavor": flavor}).status == 201
    assert admin.put("/v2/queues/plain").status == 201
    change = [{"op": "add", "path": "/metadata/_dead_letter_queue", "value": "dead"}]
    error = refused(admin.patch("/v2/queues/plain", change), 400, BODY)
    assert "another pool" in error["description"]
    change[0]["value"] = "new"
    assert admin.patch("/v2/queues/plain", change).status == 200
    assert plain


def test_dead_letters_that_come_to_be_elsewhere_lose_nothing(own, uri):
    """The messages stay claimable where they are."""
    admin = own()
    a, b = admin.pool(uri()), admin.pool(uri(), weight=0)
    source = "/v2/queues/source"
    assert admin.put(source, {"_dead_letter_queue": "dead", "_max_claim_count": 1}).status == 201
    admin.fill(source, "kept")
    assert admin.patch(f"/v2/pools/{b}", {"weight": 1}).status == 200
    assert admin.patch(f"/v2/pools/{a}", {"weight": 0}).status == 200
    assert admin.put("/v2/queues/dead").status == 201
    claim_and_end(admin, source, 4)
    assert admin.listed(source) == ["kept"]


# ---- Ping ------------------------------------------------------------------------------------------

def test_ping_asks_no_store():
    """One of many stores that is away is no reason to take a router out of service."""
    away = f"redis://127.0.0.1:{free_port()}/0"
    quick = ["router.operation_timeout=1000"]
    with Nusku(store=away, options=[*OPTIONS, *quick]) as server:
        assert Admin(server.port).get("/v2/ping").status == 204
    with Nusku(store=away, options=[*OPTIONS, *quick, "pooling:catalog.enable_virtual_pool=true"]) as server:
        assert Admin(server.port).get("/v2/ping").status == 503


# ---- A store that goes and comes back --------------------------------------------------------------

def test_pool_that_is_away_harms_no_other(own, uri):
    admin = own("router.operation_timeout=1000")
    with Redis("--appendonly", "yes", "--appendfsync", "always") as redis:
        admin.pool(redis.uri, "redis")
        assert post(admin, "there").status == 201
        admin.pool(uri(), "file")
        assert admin.patch("/v2/pools/redis", {"weight": 0}).status == 200
        assert post(admin, "here").status == 201
        redis.kill()
        refused(post(admin, "there", 2), 503)
        assert post(admin, "here", 2).status == 201
        redis.start()
        wait_for(lambda: post(admin, "there", 3).status == 201, what="service")
        assert admin.listed("/v2/queues/there") == [1, 3]
        assert admin.listed("/v2/queues/here") == [1, 2]


def test_many_puts_at_the_same_time(admin, uri):
    """The last one counts; none is half."""
    name, stores = unique("pool"), [uri() for _ in range(8)]
    bodies = iter([{"uri": store, "weight": n} for n, store in enumerate(stores)])
    together(8, lambda: admin.put(f"/v2/pools/{name}", next(bodies)).status == 201 or pytest.fail("put"))
    admin.pools.append(name)
    got = admin.get(f"/v2/pools/{name}").json
    assert got == shown(name, stores[got["weight"]], weight=got["weight"])


def test_uri_is_taken_by_one(admin, uri):
    store, answers = uri(), collections.Counter()
    names = [unique("pool") for _ in range(8)]
    left = iter(names)

    def put():
        answers[admin.put(f"/v2/pools/{next(left)}", {"uri": store, "weight": 1}).status] += 1

    together(8, put)
    assert answers == {201: 1, 409: 7}
    admin.pools += names


def test_large_options(admin, uri):
    name, options = unique("pool"), {"x": "y" * 200000}
    assert admin.put(f"/v2/pools/{name}", {"uri": uri(), "weight": 1, "options": options}).status == 201
    admin.pools.append(name)
    assert json.loads(admin.get(f"/v2/pools/{name}?detailed=true").raw)["options"] == options
