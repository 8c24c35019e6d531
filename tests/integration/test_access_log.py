"""The line that each request leaves in the access log."""

import os
import re
import socket

import pytest
from support.api import Client, converse, parse, render, send, unique
from support.servers import SCRATCH, Failed, wait_for

LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<id>req-[0-9a-f-]{36}|-) client=(?P<client>\S+) "
    r"project=(?P<project>\S+) method=(?P<method>\S+) path=(?P<path>\S+) status=(?P<status>\d{3}|-) "
    r"bytes=(?P<bytes>\d+) ms=(?P<ms>\d+)")


class Log:
    """A server's access log."""

    def __init__(self, server, path):
        self.port = server.port
        self.path = path

    def lines(self):
        try:
            with open(self.path, encoding="ascii") as file:
                text = file.read()
        except FileNotFoundError:
            return []
        found = [LINE.fullmatch(line) for line in text.splitlines()]
        assert all(found), text[-2000:]
        return found

    def of(self, project, count=1):
        """The lines of a project, once there are so many."""
        def there():
            found = [line for line in self.lines() if line["project"] == project]
            return found if len(found) >= count else None
        found = wait_for(there, what="lines in the access log")
        assert len(found) == count
        return found

    def at(self, path):
        """The line of a request for this path, which nobody else asked for."""
        found, = wait_for(lambda: [line for line in self.lines() if line["path"] == path], what="a line")
        return found


@pytest.fixture(scope="module")
def log(start):
    path = f"{SCRATCH}/{unique('nusku-access')}.log"
    yield Log(start(f"router.access_log={path}", "signed_url.secret_key=test"), path)
    os.unlink(path)


@pytest.fixture
def api(log):
    return Client(log.port)


def test_line_of_a_request(log, api):
    queue = api.queue()
    answers = [api.post(f"{queue}/messages", {"messages": [{"body": "secret"}]}),
               api.get(f"{queue}/messages?echo=true"), api.delete(queue), api.get("/v2/queues?limit=0")]
    lines = log.of(api.project, 5)[1:]
    assert [line["method"] for line in lines] == ["POST", "GET", "DELETE", "GET"]
    assert [line["path"] for line in lines] == [f"{queue}/messages", f"{queue}/messages", queue, "/v2/queues"]
    for line, answer in zip(lines, answers):
        assert int(line["status"]) == answer.status
        assert line["id"] == answer.headers["x-openstack-request-id"]
        assert int(line["bytes"]) == len(answer.raw)
        assert line["client"] == "127.0.0.1"
        assert int(line["ms"]) < 10000


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/v2/{x}", {}, 404), ("PUT", "/v2/{x}", {"Client-ID": None}, 404), ("OPTIONS", "/v2/queues/{x}", {}, 200),
    ("HEAD", "/v2/queues/{x}", {}, 405), ("FOO", "/v2/queues/{x}", {}, 400), ("GET", "/v2/queues/{x}/messages", {"Accept": "a/b"}, 406),
    ("GET", "/v2/queues/{x}/messages", {"URL-Signature": "x"}, 404), ("GET", "/v2/queues/{x}", {"X-Project-ID": None}, 400),
    ("PUT", "/v2/queues/{x}", {"Content-Length": "x"}, 400), ("PUT", "/v2/queues/{x}", {"Content-Length": "99999999"}, 400),
    ("PUT", "/v2/queues/{x}", {"Transfer-Encoding": "gzip"}, 400),
])
def test_line_of_a_refusal(log, api, method, path, headers, status):
    """Whoever refuses, however early."""
    path = path.format(x=unique("x"))
    answer = send(api.port, render(method, path, {**api.headers, **headers}), method)
    line = log.at(path)
    assert answer.status == int(line["status"]) == status
    assert (line["method"], line["id"]) == (method, answer.headers["x-openstack-request-id"])


def test_lines_of_a_pipeline(log, api):
    path = f"/v2/queues/{unique('q')}/stats"
    request = render("GET", path, api.headers)
    answers, _ = parse(converse(api.port, request * 5 + render("GET", path, {**api.headers, "Connection": "close"})), ["GET"] * 6)
    assert [line["id"] for line in log.of(api.project, 6)] == [a.headers["x-openstack-request-id"] for a in answers]


def test_lines_tell_no_secrets(log, api):
    queue = api.queue()
    url = api.post(f"{queue}/share", {}).json
    guest = Client(api.port, api.project)
    guest.headers.update({"URL-Signature": url["signature"], "URL-Expires": url["expires"], "URL-Methods": "GET",
                          "URL-Paths": url["paths"][0], "X-Auth-Token": "hunter2", "X-Roles": "hunter2"})
    assert guest.get(f"{queue}/messages?marker=hunter2").status == 200
    assert guest.get(f"http://me:hunter2@host{queue}/messages?hunter2").status == 200
    assert [line["path"] for line in log.of(api.project, 4)[2:]] == [f"{queue}/messages"] * 2
    with open(log.path, encoding="ascii") as file:
        text = file.read()
    assert "hunter2" not in text and url["signature"] not in text


def test_lines_cannot_be_forged(log, api):
    project = f"{unique('p')} status=200\t\"é"
    assert api.get("/v2/queues", headers={"X-Project-ID": project}).status == 200
    shown = project.replace(" ", "%20").replace("\t", "%09").replace('"', "%22").replace("é", "%C3%A9")
    assert log.of(shown)[0]["path"] == "/v2/queues"
    path = f"/{unique('x')}\"é"
    assert send(api.port, render("GET", "@", api.headers).replace(b"@", path.encode())).status == 404
    log.at(path.replace('"', "%22").replace("é", "%C3%A9"))


def test_line_of_a_client_that_went(log, api):
    """Its request was carried out or not; it got no answer."""
    path = f"/v2/queues/{unique('q')}"
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(render("PUT", path, api.headers))
    assert log.at(path)["status"] in ("-", "201")


def test_file_is_made_anew(log, api):
    api.get("/v2/queues")
    before = len(log.of(api.project) and log.lines())
    os.rename(log.path, f"{log.path}.1")
    other = Client(api.port)
    other.get("/v2/queues")
    assert len(log.of(other.project)) == 1
    assert len(log.lines()) < before
    os.unlink(f"{log.path}.1")


def test_stderr(start):
    server = start("router.access_log=stderr")
    api = Client(server.port)
    api.get("/v2/queues")
    wait_for(lambda: f"project={api.project} method=GET path=/v2/queues status=200" in server.text(), what="a line")


def test_off_by_default(server):
    quiet = Client(server.port)
    quiet.get("/v2/queues")
    assert quiet.project not in server.text()


def test_file_that_cannot_be_made(start):
    with pytest.raises(Failed, match="/nowhere/access.log: No such file"):
        start("router.access_log=/nowhere/access.log")
