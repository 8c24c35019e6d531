"""Pages of queues, topics and messages, and the links between them (section 4)."""

import pytest
from support.api import new_queue, query, refused


@pytest.fixture(params=["queues", "topics", "messages", "messages of a topic"])
def listing(request, api):
    """(kind, path) of a list with 25 items, and what makes item n."""
    if request.param in NAMED:
        for n in range(25):
            api.put(f"/v2/{request.param}/q{n:02}")
        return request.param, f"/v2/{request.param}"
    queue = new_queue()
    if request.param == "messages of a topic":
        queue = queue.replace("queues", "topics")
    api.other().fill(queue, *(f"q{n:02}" for n in range(25)))
    return "messages", f"{queue}/messages"


NAMED = ("queues", "topics")  # lists of these show names, and page by them
ALL = [f"q{n:02}" for n in range(25)]


def items(answer, kind):
    assert answer.status == 200
    return [item["name" if kind in NAMED else "body"] for item in answer.json[kind]]


def walk(api, kind, first):
    """Follows the links to the empty page; returns the pages."""
    pages, answer = [], api.get(first)
    while items(answer, kind):
        assert set(answer.json["links"][0]) == {"rel", "href"}
        pages.append(items(answer, kind))
        assert len(pages) < 100
        answer = api.get(answer.next)
    assert answer.json["links"] == []
    return pages


def test_default_limit(api, listing):
    kind, path = listing
    answer = api.get(path)
    assert items(answer, kind) == ALL[:10]
    assert "partial" not in answer.json


@pytest.mark.parametrize("limit", [1, 2, 7, 19, 20])
def test_walk(api, listing, limit):
    """Each item once, in order; every page but the last is full."""
    kind, path = listing
    pages = walk(api, kind, f"{path}?limit={limit}")
    assert sum(pages, []) == ALL
    assert all(len(page) == limit for page in pages[:-1])


def test_walk_without_a_limit(api, listing):
    kind, path = listing
    assert [len(page) for page in walk(api, kind, path)] == [10, 10, 5]


@pytest.mark.parametrize("limit", ["0", "-1", "21", "200"])
def test_bad_limit(api, listing, limit):
    refused(api.get(f"{listing[1]}?limit={limit}"), 400, "Invalid API request")


def test_last_page_has_a_link(api, listing):
    kind, path = listing
    page = api.get(api.get(f"{path}?limit=20").next)
    assert items(page, kind) == ALL[20:]
    last = api.get(page.next)
    assert (last.status, last.json) == (200, {kind: [], "links": []})


@pytest.mark.parametrize("kind, path", [("queues", "/v2/queues"), ("topics", "/v2/topics"),
                                        ("messages", None)])
def test_empty_list(api, kind, path):
    answer = api.get(path or f"{new_queue()}/messages")
    assert (answer.status, answer.json) == (200, {kind: [], "links": []})


@pytest.mark.parametrize("asked, kept", [
    ("", {}), ("limit=3", {"limit": ["3"]}), ("limit=03", {"limit": ["3"]}),
    ("limit=", {}), ("limit=9,3", {"limit": ["3"]}), ("marker=", {}),
])
def test_link_repeats_the_parameters(api, listing, asked, kept):
    kind, path = listing
    answer = api.get(f"{path}?{asked}")
    assert answer.next.startswith(f"{path}?")
    came = query(answer.next)
    marker = came.pop("marker")
    assert came == kept
    last = answer.json[kind][-1]
    assert marker == [last["name"]] if kind in NAMED else len(marker) == 1


@pytest.mark.parametrize("asked, kept", [
    ("detailed=on", {"detailed": "true"}), ("detailed=0", {"detailed": "false"}),
    ("with_count=y", {"with_count": "true"}), ("name=q", {"name": "q"}),
    ("name=q&limit=2&detailed=t", {"name": "q", "limit": "2", "detailed": "true"}),
])
def test_link_of_queues(api, asked, kept):
    for name in "qr":
        api.put(f"/v2/queues/{name}")
    came = query(api.get(f"/v2/queues?{asked}").next)
    assert {name: came[name] for name in kept} == {name: [value] for name, value in kept.items()}


@pytest.mark.parametrize("asked, kept", [
    ("echo=yes", {"echo": "true"}), ("include_claimed=1&echo=true",
                                     {"include_claimed": "true", "echo": "true"}),
    ("include_delayed=on&echo=t&limit=2",
     {"include_delayed": "true", "echo": "true", "limit": "2"}),
    ("echo=1&include_claimed=off&include_delayed=n",
     {"echo": "true", "include_claimed": "false", "include_delayed": "false"}),
])
def test_link_of_messages(api, queue, asked, kept):
    api.fill(queue, 1, 2, 3)
    came = query(api.get(f"{queue}/messages?{asked}&foo=bar").next)
    assert {name: came[name] for name in kept} == {name: [value] for name, value in kept.items()}
    assert "foo" not in came


@pytest.mark.parametrize("marker, first", [
    ("q00", 1), ("q09", 10), ("q23", 24), ("q24", None), ("zzz", None), ("a", 0), ("q", 0),
    ("q10x", 11), ("q0", 0), ("%FF", None), ("Q", 0), ("%00", 0), ("q%2010", 0), ("", 0),
    ("~", None), ("~q00", None), ("%7F", None),
])
@pytest.mark.parametrize("kind", NAMED)
def test_marker_of_names(api, kind, marker, first):
    """The name of an item that need not exist; by bytes greater ones follow."""
    for name in ALL:
        api.put(f"/v2/{kind}/{name}")
    answer = api.get(f"/v2/{kind}?marker={marker}&limit=2")
    assert items(answer, kind) == ([] if first is None else ALL[first:first + 2])


def test_marker_is_the_first_item(api, listing):
    """Neither does it start again (the peer did), nor with a limit of 1."""
    kind, path = listing
    page = api.get(f"{path}?limit=1")
    page = api.get(page.next)
    assert items(page, kind) == ["q01"]


def test_new_items_follow_the_marker(api, listing):
    kind, path = listing
    end = api.get(api.get(f"{path}?limit=20").next).next
    if kind in NAMED:
        api.put(f"{path}/r")
    else:
        api.other().fill(path.rpartition("/")[0], "r")
    assert items(api.get(end), kind) == ["r"]


def test_deleting_behind_the_marker(api, listing):
    """Removing pages as they come skips nothing."""
    kind, path = listing
    came, answer = [], api.get(f"{path}?limit=4")
    while names := items(answer, kind):
        came += names
        for item in answer.json[kind]:
            assert api.delete(item["href"]).status == 204
        answer = api.get(answer.next)
    assert came == ALL


def test_pages_are_filled_after_the_filters(api, queue):
    """Messages that a list hides shorten no page."""
    other = api.other()
    for n in range(30):
        api.fill(queue, "mine")
        api.fill(queue, "delayed", delay=900)
        other.fill(queue, n)
    assert walk(api, "messages", f"{queue}/messages?limit=10") == [
        list(range(10)), list(range(10, 20)), list(range(20, 30))]
    for _ in range(2):
        api.claim(queue, limit=20)
    pages = walk(api, "messages", f"{queue}/messages?limit=5")
    assert sum(pages, []) == list(range(20, 30))
    assert [len(page) for page in pages] == [5, 5]
    pages = walk(api, "messages", f"{queue}/messages?limit=7&include_claimed=true")
    assert sum(pages, []) == list(range(30))
    pages = walk(api, "messages", f"{queue}/messages?limit=20&include_claimed=true&echo=true"
                                  "&include_delayed=true")
    assert [len(page) for page in pages] == [20, 20, 20, 20, 10]


def test_include_claimed_without_a_marker(api, queue):
    api.fill(queue, 1, 2)
    api.claim(queue, limit=1)
    answer = api.get(f"{queue}/messages?include_claimed=true&echo=true")
    assert (answer.status, answer.bodies) == (200, [1, 2])


def test_paging_as_openstacksdk_does(api, queue):
    """With the last id as marker and the size of the last page as limit."""
    api.fill(queue, *range(25))
    came, asked = [], "echo=true"
    while (page := api.get(f"{queue}/messages?{asked}")).json["messages"]:
        came += page.bodies
        asked = f"echo=true&marker={page.ids[-1]}&limit={len(page.ids)}"
    assert came == list(range(25))
