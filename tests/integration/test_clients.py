"""Real clients, unmodified, as Debian has them: python-zaqarclient (API v2, noauth) and openstacksdk's
message proxy. What they ask for that is not served yet (pools, flavors, health) is not here.
"""

import hashlib
import uuid

import pytest
from keystoneauth1 import fixture
from keystoneauth1.access import create
from keystoneauth1.identity import access
from keystoneauth1.session import Session
from openstack import connection, exceptions
from openstack.message.v2.claim import Claim
from support.api import Client, unique
from zaqarclient.queues import client
from zaqarclient.queues.v2.message import Message
from zaqarclient.transport import errors

# python-zaqarclient

def zaqar_of(server, project):
    options = {"backend": "noauth", "options": {"os_project_id": project}}
    return client.Client(server.url, version=2, conf={"auth_opts": options})


@pytest.fixture
def project():
    return unique("project")


@pytest.fixture
def zaqar(server, project):
    return zaqar_of(server, project)


@pytest.fixture
def tasks(zaqar):
    """A queue of the client; nothing was posted to it yet."""
    return zaqar.queue(unique("tasks"))


@pytest.fixture
def filled(tasks):
    """The same with five messages, whose bodies are 0 to 4."""
    tasks.post([{"body": n, "ttl": 600} for n in range(5)])
    return tasks


def ids(queue):
    return [m.id for m in queue.messages(echo=True, include_claimed=True, limit=20)]


def bodies(messages):
    return [m.body for m in messages]


def test_zaqar_ping_and_home(zaqar):
    assert zaqar.ping() is True
    resources = zaqar.homedoc()["resources"]
    assert resources["rel/queues"]["href-template"].startswith("/v2/queues")


def test_zaqar_queue_is_made_by_using_it(zaqar, tasks):
    assert list(zaqar.queues()[0]) == []
    tasks.post({"body": 1, "ttl": 60})
    (found,) = zaqar.queues()[0]
    assert (found.name, found.href) == (tasks.name, f"/v2/queues/{tasks.name}")


def test_zaqar_queue_created_and_deleted(zaqar):
    queue = zaqar.queue(unique("made"), force_create=True)
    assert [q.name for q in zaqar.queues()[0]] == [queue.name]
    queue.delete()
    assert list(zaqar.queues()[0]) == []
    queue.delete()


def test_zaqar_queues_are_paged(zaqar):
    made = [zaqar.queue(f"q{n:02}", force_create=True).name for n in range(25)]
    assert len(list(zaqar.queues()[0])) == 10
    assert [q.name for q in zaqar.queues(limit=7)[0].stream()] == made
    assert [q.name for q in zaqar.queues(marker="q21")[0]] == made[22:]
    found, count = zaqar.queues(with_count=True, name="q1", detailed=True, limit=20)
    assert count == 25
    found = list(found)
    assert [q.name for q in found] == made[10:20]
    assert found[0].metadata()["_default_message_ttl"] == 3600


def test_zaqar_metadata(zaqar, tasks):
    tasks = zaqar.queue(tasks.name, force_create=True)
    assert tasks.metadata()["_max_messages_post_size"] == 262144
    # The client patches: what is there and is not named, it removes; so it names what is reserved.
    reserved = {key: value for key, value in tasks.metadata().items() if value is not None}
    tasks.metadata(new_meta={**reserved, "color": "red", "n": {"a": [1]}, "_default_message_ttl": 99})
    fresh = zaqar.queue(tasks.name).metadata()
    assert (fresh["color"], fresh["n"], fresh["_default_message_ttl"]) == ("red", {"a": [1]}, 99)
    tasks.metadata(new_meta={**reserved, "color": "blue", "_default_message_ttl": 99})
    fresh = tasks.metadata(force_reload=True)
    assert fresh["color"] == "blue" and "n" not in fresh
    assert zaqar.queue(tasks.name).metadata_dict["color"] == "blue"
    tasks.post({"body": 1})
    assert tasks.messages(echo=True).next().ttl == 99


def test_zaqar_metadata_cannot_break_a_rule(zaqar, tasks):
    tasks = zaqar.queue(tasks.name, force_create=True)
    with pytest.raises(errors.MalformedRequest):
        tasks.metadata(new_meta={"_default_message_ttl": "a while"})


def test_zaqar_post_one_and_many(tasks):
    one = tasks.post({"body": {"a": "é"}, "ttl": 60})
    many = tasks.post([{"body": n, "ttl": 60 + n} for n in range(3)])
    assert len(one["resources"]) == 1 and len(many["resources"]) == 3
    found = list(tasks.messages(echo=True))
    assert bodies(found) == [{"a": "é"}, 0, 1, 2]
    assert [m.href for m in found] == one["resources"] + many["resources"]
    assert [m.ttl for m in found] == [60, 60, 61, 62]
    assert all(0 <= m.age < 60 and m.claim_id is None for m in found)


def test_zaqar_checksums(start, project):
    tasks = zaqar_of(start("DEFAULT.enable_checksum=true"), project).queue("tasks")
    tasks.post({"body": {"a": 1}, "ttl": 60})
    assert tasks.messages(echo=True).next().checksum == "MD5:" + hashlib.md5(b'{"a": 1}').hexdigest()
    assert [m.body for m in tasks.claim(ttl=60, grace=60)] == [{"a": 1}]


def test_zaqar_echo_is_for_others(server, project, filled):
    assert bodies(filled.messages()) == []
    assert bodies(filled.messages(echo=True)) == [0, 1, 2, 3, 4]
    other = zaqar_of(server, project).queue(filled.name)
    assert bodies(other.messages()) == [0, 1, 2, 3, 4]
    stranger = zaqar_of(server, unique("project")).queue(filled.name)
    assert bodies(stranger.messages(echo=True)) == []


def test_zaqar_messages_are_paged(tasks):
    for first in range(0, 45, 15):
        tasks.post([{"body": n, "ttl": 600} for n in range(first, first + 15)])
    assert bodies(tasks.messages(echo=True)) == list(range(10))
    assert bodies(tasks.messages(echo=True, limit=20).stream()) == list(range(45))
    marker = tasks.messages(echo=True, limit=20)._links[0]["href"]
    assert "marker=" in marker and "limit=20" in marker and "echo=true" in marker


def test_zaqar_message_by_id(filled):
    names = ids(filled)
    message = filled.message(names[2])
    assert (message.id, message.body, message.ttl) == (names[2], 2, 600)
    assert message.href == f"/v2/queues/{filled.name}/messages/{names[2]}"
    found = filled.messages(names[3], names[1])
    assert sorted(bodies(found)) == [1, 3]
    with pytest.raises(errors.ResourceNotFound):
        filled.message("0" * 22)


def test_zaqar_message_deleted(filled):
    names = ids(filled)
    filled.message(names[0]).delete()
    filled.message(names[1]).delete()
    with pytest.raises(errors.ResourceNotFound):
        filled.message(names[0])
    filled.delete_messages(names[2], names[3])
    assert ids(filled) == names[4:]


def test_zaqar_pop(filled):
    assert bodies(filled.pop()) == [0]
    assert bodies(filled.pop(count=3)) == [1, 2, 3]
    assert bodies(filled.pop(count=5)) == [4]
    assert bodies(filled.pop()) == []


def test_zaqar_stats(filled):
    filled.claim(ttl=60, grace=60, limit=2)
    stats = filled.stats["messages"]
    assert (stats["claimed"], stats["free"], stats["total"]) == (2, 3, 5)
    assert stats["oldest"]["href"].endswith(ids(filled)[0])


def test_zaqar_claim_and_work(filled):
    """As the README has it: claim, work, delete what is done."""
    done = []
    while len(done) < 5:
        for message in filled.claim(ttl=60, grace=60, limit=2):
            done.append(message.body)
            message.delete()
    assert done == [0, 1, 2, 3, 4]
    assert filled.stats["messages"]["total"] == 0


def test_zaqar_claim_of_nothing(tasks):
    claim = tasks.claim(ttl=60, grace=60)
    assert claim.id is None and list(claim) == []


def test_zaqar_claimed_messages_are_held(filled):
    claim = filled.claim(ttl=60, grace=60, limit=3)
    held = list(claim)
    assert bodies(held) == [0, 1, 2]
    assert {m.claim_id for m in held} == {claim.id}
    assert bodies(filled.claim(ttl=60, grace=60)) == [3, 4]
    assert bodies(filled.messages(echo=True)) == []
    listed = list(filled.messages(echo=True, include_claimed=True))
    assert bodies(listed) == [0, 1, 2, 3, 4]
    with pytest.raises(errors.ForbiddenError):
        Message(filled, 600, 0, 0, href=held[0].href.partition("?")[0]).delete()
    held[0].delete()
    assert bodies(filled.claim(id=claim.id)) == [1, 2]


def test_zaqar_claim_read_renewed_and_released(filled):
    claim = filled.claim(ttl=60, grace=60, limit=2)
    again = filled.claim(id=claim.id)
    assert bodies(again) == [0, 1]
    assert (again.ttl, 0 <= again.age < 60) == (60, True)
    claim.update(ttl=300, grace=100)
    assert (claim.ttl, filled.claim(id=claim.id).ttl) == (300, 300)
    claim.delete()
    with pytest.raises(errors.ResourceNotFound):
        list(filled.claim(id=claim.id))
    with pytest.raises(errors.ResourceNotFound):
        claim.update(ttl=60)
    claim.delete()
    assert [(m.body, m.claim_count) for m in filled.pop(count=3)] == [(0, 1), (1, 1), (2, 0)]
    assert bodies(filled.claim(ttl=60, grace=60)) == [3, 4]


@pytest.mark.parametrize("types", [None, ["messages"], ["messages", "subscriptions"]])
def test_zaqar_purge(filled, types):
    filled.claim(ttl=60, grace=60, limit=2)
    filled.purge(resource_types=types)
    assert filled.stats["messages"] == {"claimed": 0, "free": 0, "total": 0}


def test_zaqar_subscriptions(zaqar):
    """The client reads a subscription, with a body on GET, right after it made it."""
    queue = unique("news")
    made = zaqar.subscription(queue, subscriber="http://a.example/1", ttl=600, options={"a": [1]})
    assert (made.ttl, made.options, made.confirmed, 0 <= made.age < 60) == (600, {"a": [1]}, False, True)
    same = zaqar.subscription(queue, subscriber="http://a.example/1", ttl=60)
    assert (same.id, same.ttl) == (made.id, 600)
    read = zaqar.subscription(queue, id=made.id)
    assert (read.subscriber, read.ttl) == ("http://a.example/1", 600)
    made.update({"subscriber": None, "ttl": 1000, "options": None})  # as the CLI does
    made.update({"subscriber": "mailto:a@b.example"})
    read = zaqar.subscription(queue, id=made.id)
    assert (read.subscriber, read.ttl, read.options) == ("mailto:a@b.example", 1000, {"a": [1]})
    for n in range(25):
        zaqar.subscription(queue, subscriber=f"http://b.example/{n}", ttl=60)
    listed = list(zaqar.subscriptions(queue, limit=20).stream())
    assert len({s.id for s in listed}) == 26
    assert [s.subscriber for s in listed[1:]] == [f"http://b.example/{n}" for n in range(25)]
    assert {s.queue_name for s in listed} == {queue}
    made.delete()
    with pytest.raises(errors.ResourceNotFound):
        zaqar.subscription(queue, id=made.id)
    zaqar.queue(queue).purge(resource_types=["subscriptions"])
    assert list(zaqar.subscriptions(queue)) == []


@pytest.mark.parametrize("members", [
    {"subscriber": "ftp://a"}, {"subscriber": "http://a", "ttl": 59}, {"subscriber": "http:"},
    {"subscriber": "http://a", "options": []},
])
def test_zaqar_subscriptions_that_are_refused(zaqar, members):
    with pytest.raises(errors.MalformedRequest):
        zaqar.subscription(unique("news"), **members)


def test_zaqar_confirmed_subscriber_is_refused(zaqar, server, project):
    made = zaqar.subscription("news", subscriber="http://a")
    path = f"/v2/queues/news/subscriptions/{made.id}/confirm"
    assert Client(server.port, project).put(path, {"confirmed": True}).status == 204
    assert zaqar.subscription("news", id=made.id).confirmed is True
    with pytest.raises(errors.ConflictError):
        zaqar.subscription("news", subscriber="http://a")


@pytest.mark.parametrize("name", ["a" * 65, "ж", "a b"])
def test_zaqar_names_that_are_refused(zaqar, name):
    """The client looks at the characters itself; to the length it leaves the service."""
    with pytest.raises((ValueError, errors.MalformedRequest)):
        zaqar.queue(name, force_create=True)
    with pytest.raises(errors.MalformedRequest):
        zaqar.follow(f"/v2/queues/{name}")


@pytest.mark.parametrize("call", [
    lambda q: q.post({"body": 1, "ttl": 1}), lambda q: q.post({"ttl": 60}), lambda q: q.post([]),
    lambda q: q.messages(limit=0), lambda q: q.messages(limit=21), lambda q: q.pop(count=21),
    lambda q: q.claim(ttl=1, grace=60), lambda q: q.claim(ttl=60, grace=1),
    lambda q: q.claim(ttl=60, grace=60, limit=21), lambda q: q.client.queues(limit=21),
    lambda q: q.post({"body": "x" * 300000, "ttl": 60}), lambda q: q.purge(["topics"]),
])
def test_zaqar_what_is_out_of_bounds_is_refused(tasks, call):
    with pytest.raises(errors.MalformedRequest) as raised:
        call(tasks)
    assert "Error response from Zaqar" in str(raised.value)


def test_zaqar_what_is_not_there(zaqar, tasks):
    for ref in ("/v2/nothing", "/v2/queues/q/nothing"):
        with pytest.raises(errors.ResourceNotFound):
            zaqar.follow(ref)
    assert tasks.stats["messages"]["total"] == 0
    with pytest.raises(errors.ResourceNotFound):
        list(tasks.claim(id="a" * 26))


# What this client does with the answer of `messaging queue signed url`.

def guest_of(server, url, project):
    options = {name: url[name] for name in ("expires", "methods", "paths", "signature")}
    return client.Client(server.url, version=2, conf={"auth_opts": {
        "backend": "signed-url", "options": {**options, "os_project_id": project}}})


def test_zaqar_signed_url(start, project):
    server = start("signed_url.secret_key=test")
    tasks = zaqar_of(server, project).queue(unique("tasks"))
    url = tasks.signed_url(paths=["messages", "claims"], methods=["GET", "POST", "DELETE"], ttl_seconds=600)
    guest = guest_of(server, url, project).queue(tasks.name)
    guest.post([{"body": n, "ttl": 600} for n in range(3)])
    assert bodies(tasks.messages(echo=True)) == bodies(guest.messages(echo=True)) == [0, 1, 2]
    assert guest.message(ids(tasks)[0]).body == 0
    for message in guest.claim(ttl=60, grace=60, limit=1):
        message.delete()
    assert bodies(tasks.messages(echo=True)) == [1, 2]


def test_zaqar_signed_url_opens_nothing_else(start, project):
    server = start("signed_url.secret_key=test")
    tasks = zaqar_of(server, project).queue(unique("tasks"))
    url = tasks.signed_url()
    assert (url["methods"], url["paths"]) == (["GET"], [f"/v2/queues/{tasks.name}/messages"])
    guest = guest_of(server, url, project)
    assert bodies(guest.queue(tasks.name).messages()) == []
    for call in (lambda: guest.queue(tasks.name).post([{"body": 1}]), lambda: guest.queue("other").messages(),
                 lambda: guest.queue(tasks.name).stats, lambda: guest.queues(),
                 lambda: guest_of(server, url, unique("project")).queue(tasks.name).messages(),
                 lambda: guest_of(server, {**url, "methods": ["POST"]}, project).queue(tasks.name).post([{"body": 1}])):
        with pytest.raises(errors.ResourceNotFound):
            call()


# openstacksdk

class Known(access.AccessInfoPlugin):
    """noauth: the token is made here, and says where the service is."""

    def get_connection_params(self, session, **kwargs):
        return {}


def sdk_of(server, project):
    token = fixture.V3Token(project_id=project)
    service = token.add_service("messaging", name="zaqar")
    service.add_standard_endpoints(public=server.url, region="here")
    plugin = Known(create(body=token, auth_token=uuid.uuid4().hex))
    return connection.Connection(session=Session(auth=plugin), region_name="here")


@pytest.fixture
def sdk(server, project):
    return sdk_of(server, project).message


@pytest.fixture
def jobs(sdk):
    """A queue with five messages, whose bodies are 0 to 4."""
    name = unique("jobs")
    sdk.post_message(name, [{"body": n, "ttl": 600} for n in range(5)])
    return name


def test_sdk_queues(sdk):
    made = [sdk.create_queue(name=f"q{n:02}", default_message_ttl=60 + n) for n in range(12)]
    assert [q.name for q in made] == [f"q{n:02}" for n in range(12)]
    assert sdk.get_queue("q03").default_message_ttl == 63
    assert sdk.get_queue("q03").max_messages_post_size == 262144
    assert [q.name for q in sdk.queues()] == [q.name for q in made]
    assert [q.name for q in sdk.queues(limit=5, marker="q09")] == ["q10", "q11"]
    sdk.delete_queue(made[11])
    sdk.delete_queue("q10", ignore_missing=False)
    sdk.delete_queue("q10")
    assert [q.name for q in sdk.queues(limit=20)] == [f"q{n:02}" for n in range(10)]


def test_sdk_refused(sdk, jobs):
    with pytest.raises(exceptions.BadRequestException):
        sdk.create_queue(name="x" * 65)
    with pytest.raises(KeyError):  # it doesn't look at the status
        sdk.post_message(jobs, [{"ttl": 600}])
    assert len(list(sdk.messages(jobs))) == 5
    with pytest.raises(exceptions.ResourceNotFound):
        sdk.get_message(jobs, "0" * 22)


def test_sdk_messages(server, project, sdk):
    hrefs = sdk.post_message("jobs", [{"body": {"n": n}, "ttl": 60 + n} for n in range(15)])
    assert len(hrefs) == 15
    found = list(sdk.messages("jobs", echo=True))
    assert [m.body["n"] for m in found] == list(range(15))
    assert [m.href for m in found] == hrefs
    assert [m.ttl for m in found] == [60 + n for n in range(15)]
    assert [m.body["n"] for m in sdk.messages("jobs", limit=4)] == list(range(15))
    other = sdk_of(server, unique("project")).message
    assert list(other.messages("jobs", echo=True)) == []


def test_sdk_message_by_id(sdk, jobs):
    first, second, *rest = sdk.messages(jobs)
    found = sdk.get_message(jobs, first.id)
    assert (found.id, found.body, found.ttl) == (first.id, 0, 600)
    assert found.href == first.href
    sdk.delete_message(jobs, first.id)
    sdk.delete_message(jobs, second, ignore_missing=False)
    with pytest.raises(exceptions.ResourceNotFound):
        sdk.get_message(jobs, first.id)
    assert [m.id for m in sdk.messages(jobs)] == [m.id for m in rest]


def claim_of(sdk, queue, **members):
    """create_claim of this release reads `location`, which its Connection sets to something else; the
    resource by itself does not."""
    return Claim.new(queue_name=queue, **members).create(sdk)


def test_sdk_claims(sdk, jobs):
    claim = claim_of(sdk, jobs, ttl=100, grace=60)
    assert [m["body"] for m in claim.messages] == [0, 1, 2, 3, 4]
    assert claim.location == f"/v2/queues/{jobs}/claims/{claim.id}"
    assert [m["href"].partition("claim_id=")[2] for m in claim.messages] == [claim.id] * 5

    read = Claim.new(queue_name=jobs, id=claim.id).fetch(sdk)
    assert (read.ttl, len(read.messages)) == (100, 5)
    sdk.update_claim(jobs, claim.id, ttl=300, grace=90)
    assert Claim.new(queue_name=jobs, id=claim.id).fetch(sdk).ttl == 300

    held = claim.messages[0]["id"]
    with pytest.raises(exceptions.HttpException) as raised:
        sdk.delete_message(jobs, held)
    assert raised.value.status_code == 403
    sdk.delete_message(jobs, held, claim=claim.id, ignore_missing=False)

    sdk.delete_claim(jobs, claim.id, ignore_missing=False)
    with pytest.raises(exceptions.ResourceNotFound):
        Claim.new(queue_name=jobs, id=claim.id).fetch(sdk)
    assert [m["body"] for m in claim_of(sdk, jobs, ttl=100, grace=60).messages] == [1, 2, 3, 4]


def test_sdk_subscriptions(sdk):
    made = sdk.create_subscription("news", subscriber="http://a", ttl=600, options={"a": 1})
    assert made.subscription_id
    found = sdk.get_subscription("news", made.subscription_id)
    assert (found.subscriber, found.ttl, found.options) == ("http://a", 600, {"a": 1})
    assert (found.source, found.age < 60) == ("news", True)
    for n in range(12):
        sdk.create_subscription("news", subscriber=f"http://b/{n}")
    listed = list(sdk.subscriptions("news", limit=5))
    assert [s.subscriber for s in listed] == ["http://a", *(f"http://b/{n}" for n in range(12))]
    sdk.delete_subscription("news", made.subscription_id, ignore_missing=False)
    with pytest.raises(exceptions.ResourceNotFound):
        sdk.get_subscription("news", made.subscription_id)
    with pytest.raises(exceptions.HttpException) as raised:
        sdk.create_subscription("news", subscriber="ftp://a")
    assert raised.value.status_code == 400


def test_sdk_claim_of_nothing(sdk, jobs):
    for message in sdk.messages(jobs):
        sdk.delete_message(jobs, message)
    claim = claim_of(sdk, jobs, ttl=100, grace=60)
    assert claim.id is None and claim.messages is None
