"""How query parameters are read: unknown ones, numbers, booleans, lists (section 1.3)."""

import pytest
from support.api import refused

TRUE = ["true", "True", "t", "yes", "y", "1", "on"]
FALSE = ["false", "False", "f", "no", "n", "0", "off"]
LIMITED = ["/v2/queues", "{queue}/messages"]
BOOLEANS = [("/v2/queues", "detailed"), ("/v2/queues", "with_count"), ("{queue}/messages", "echo"),
            ("{queue}/messages", "include_claimed"), ("{queue}/messages", "include_delayed")]


def shows(api, queue, path, name, value):
    """Whether the switch that is given has the effect of true."""
    answer = api.get(f"{path.format(queue=queue)}?{name}={value}")
    assert answer.status == 200
    if name == "detailed":
        return "metadata" in answer.json["queues"][0]
    return name.replace("with_", "") in answer.json if name == "with_count" \
        else len(answer.json["messages"]) == 1


@pytest.fixture
def switchable(api, queue):
    """A queue with one message that only echo shows, or for another client only the switch."""
    def prepare(name):
        api.fill(queue, 1, **({"delay": 900} if name == "include_delayed" else {}))
        if name == "include_claimed":
            assert api.claim(queue).status == 201
        return api if name == "echo" else api.other()
    return prepare


@pytest.mark.parametrize("value", TRUE)
@pytest.mark.parametrize("path, name", BOOLEANS)
def test_true(queue, switchable, path, name, value):
    assert shows(switchable(name), queue, path, name, value)


@pytest.mark.parametrize("value", [*FALSE, ""])
@pytest.mark.parametrize("path, name", BOOLEANS)
def test_false(queue, switchable, path, name, value):
    assert not shows(switchable(name), queue, path, name, value)


@pytest.mark.parametrize("value", ["TRUE", "FALSE", "None", "maybe", "2", "-1", "%20", "true%20",
                                   "%00", "null", "T", "ON", "%FF"])
@pytest.mark.parametrize("path, name", BOOLEANS)
def test_no_boolean(api, queue, path, name, value):
    refused(api.get(f"{path.format(queue=queue)}?{name}={value}"), 400, "Invalid parameter")


@pytest.mark.parametrize("value, count", [("3", 3), ("%2B3", 3), ("03", 3), ("", 10), ("0,3", 3),
                                          ("3&limit=4", 4), ("0&limit=3", 3)])
@pytest.mark.parametrize("path", LIMITED)
def test_number(api, queue, path, value, count):
    """An empty value is absent; of several, given by commas or by repetition, the last counts."""
    api.fill(queue, *range(12))
    for _ in range(12):
        api.queue()
    answer = api.get(f"{path.format(queue=queue)}?echo=true&limit={value}" if "messages" in path
                     else f"{path}?limit={value}")
    assert answer.status == 200
    assert len(answer.json[path.rpartition("/")[2]]) == count


@pytest.mark.parametrize("value",
                         ["x", "1.5", "1.0", "0x1", "1e1", "%20", "1%20", "--1", "-", "%2B",
                          "1_0", "%00", "1%00", "%FF", "null", "3,x", "3&limit=x"])
@pytest.mark.parametrize("path", LIMITED)
def test_no_number(api, queue, path, value):
    refused(api.get(f"{path.format(queue=queue)}?limit={value}"), 400, "Invalid parameter")


@pytest.mark.parametrize("value",
                         ["0", "-1", "21", "200", "3,0", "3&limit=0", "9223372036854775807",
                          "-9223372036854775808"])
@pytest.mark.parametrize("path", LIMITED)
def test_number_out_of_bounds(api, queue, path, value):
    refused(api.get(f"{path.format(queue=queue)}?limit={value}"), 400, "Invalid API request")


@pytest.mark.parametrize("value", ["9223372036854775808", "18446744073709551617", "9" * 1000,
                                   "-" + "9" * 1000])
@pytest.mark.parametrize("path", LIMITED)
def test_number_beyond_64_bits(api, queue, path, value):
    refused(api.get(f"{path.format(queue=queue)}?limit={value}"), 400)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/messages", 200), ("GET", "/stats", 200), ("GET", "", 200), ("POST", "/claims", 204),
    ("POST", "/purge", 204), ("PUT", "", 204), ("DELETE", "", 204), ("GET", "/messages/x", 404),
])
@pytest.mark.parametrize("query", ["foo=bar", "foo", "=", "&&", "foo=1&foo=2", "foo=a,b", "%00=%00",
                                   "%", "%zz", "foo=%FF"])
def test_unknown_parameters(api, queue, method, path, status, query):
    assert api.call(method, f"{queue}{path}?{query}").status == status


def test_known_parameter_beside_unknown_ones(api, queue):
    api.fill(queue, 1, 2, 3)
    assert api.get(f"{queue}/messages?foo=1&limit=2&echo=true&bar").bodies == [1, 2]


def ask(api, queue, ids):
    return api.get(f"{queue}/messages?{ids}")


@pytest.mark.parametrize("form", [
    "ids={0},{1},{2}", "ids={0}&ids={1}&ids={2}", "ids={0},{1}&ids={2}", "ids=,{0},,{1},{2},",
    "ids={0}&ids=&ids={1},{2}", "foo=1&ids={0},{1},{2}&bar=2",
])
def test_list(api, queue, form):
    ids = api.fill(queue, "a", "b", "c")
    assert ask(api, queue, form.format(*ids)).bodies == ["a", "b", "c"]


def test_encoded_comma_does_not_split(api, queue):
    ids = api.fill(queue, "a", "b", "c")
    assert ask(api, queue, f"ids={ids[0]}%2C{ids[1]},{ids[2]}").bodies == ["c"]
    assert ask(api, queue, f"ids={ids[0]}%2C{ids[1]}").status == 404


@pytest.mark.parametrize("form", ["ids=,", "ids=,,,", "ids=,&ids=,"])
def test_present_but_empty_list(api, queue, form):
    api.fill(queue, 1)
    refused(ask(api, queue, form), 400, "Invalid API request")
    refused(api.delete(f"{queue}/messages?{form}"), 400, "Invalid API request")
    assert api.stats(queue)["total"] == 1


def test_empty_value_of_a_list_is_absent(api, queue):
    api.fill(queue, 1)
    answer = api.get(f"{queue}/messages?ids=&echo=true")
    assert answer.bodies == [1] and answer.next
    refused(api.delete(f"{queue}/messages?ids="), 400)
