"""nusku bench: what it counts is what happened, and it doesn't hide when the service stood still."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest
from support.api import Client
from support.servers import BUILD, Nusku, free_port, wait_for

NUSKU = BUILD / "deploy" / "nusku"


def bench(*words):
    return subprocess.Popen([NUSKU, "bench", *[str(w) for w in words]], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True,
                            env={"PATH": os.environ["PATH"], "LSAN_OPTIONS": "detect_leaks=0"})


def finish(process, status=0):
    """What it printed, as JSON."""
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (status, ""), out + err
    return json.loads(out)


def run(url, *words, status=0):
    return finish(bench("--url", url, "--json", *words), status)


@pytest.fixture(scope="module")
def server():
    with Nusku() as running:
        yield running


def queues(server, project="bench"):
    return Client(server.port, project).get("/v2/queues").json["queues"]


def posted(server):
    """Whether a queue of a load in mode post has messages."""
    api = Client(server.port, "bench")
    return any(api.get(f"{q['href']}/stats").json["messages"]["total"] for q in queues(server))


def test_posts_add_up(server):
    done = run(server.url, "--mode", "post", "--rate", 500, "--seconds", 1, "--warmup", 1)
    assert done["errors"] == 0
    assert done["post"]["good"] == 1000
    assert done["ms"]["post"]["count"] == done["ms"]["wait"]["count"] == 500
    assert set(done["ms"]) == {"post", "wait"}
    assert queues(server) == []


@pytest.mark.parametrize("more", [[], ["--reconnect"], ["--queues", "30"], ["--connections", "1"],
                                  ["--body-bytes", "20000"]], ids=" ".join)
def test_cycles_add_up(server, more):
    done = run(server.url, "--rate", 300, "--seconds", 2, "--warmup", 0, *more)
    assert done["errors"] == 0
    assert done["post"]["good"] == done["claimed"] == done["deleted"] == 600
    assert done["ms"]["post"]["count"] == done["ms"]["end_to_end"]["count"] == 600
    assert done["claim"]["good"] == done["delete"]["good"] <= 600
    assert 0 < done["ms"]["post"]["0"] <= done["ms"]["end_to_end"]["0"]
    for times in done["ms"].values():
        values = [times[key] for key in times if key != "count"]
        assert values == sorted(values)
    assert queues(server) == []


@pytest.mark.parametrize("mode", ["post", "cycle"])
def test_closed_loop(server, mode):
    done = run(server.url, "--mode", mode, "--rate", 0, "--seconds", 1, "--warmup", 0, "--connections", 8)
    assert done["closed_loop"] and done["errors"] == 0
    assert done["posted_per_s"] * done["seconds"] <= done["post"]["good"]
    assert done["claimed"] == done["deleted"] == (done["post"]["good"] if mode == "cycle" else 0)
    assert "wait" not in done["ms"]


def test_tables(server):
    process = bench("--url", server.url + "/", "--rate", 100, "--seconds", 1, "--warmup", 0)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    for words in ("p99.9", "\npost ", "\nclaim ", "\ndelete ", "\nend to end ", "100 in all", "no errors"):
        assert words in out


def test_service_that_stands_still_shows():
    """Omitting no post: two connections wait, and with them all posts that are due meanwhile."""
    with Nusku() as server:
        before = server.sockets
        process = bench("--url", server.url, "--json", "--rate", 400, "--seconds", 3, "--warmup", 0,
                        "--connections", 2)
        wait_for(lambda: server.sockets >= before + 3, what="the load's connections")
        with server.paused():
            threading.Event().wait(0.3)
        done = finish(process)
    assert done["errors"] == 0
    for times in (done["ms"]["post"], done["ms"]["wait"], done["ms"]["end_to_end"]):
        assert times["100"] >= 250
        assert times["99.9"] >= 250
        assert times["count"] == 1200
    # a tenth of all posts was due in that time, evenly
    assert done["ms"]["post"]["99"] >= 200
    assert done["ms"]["post"]["95"] >= 100


def test_nobody_is_there():
    process = bench("--url", f"http://127.0.0.1:{free_port()}")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("nusku: http://127.0.0.1") and "no connection" in err


def test_service_that_goes_away():
    with Nusku() as server:
        process = bench("--url", server.url, "--json", "--rate", 200, "--seconds", 2, "--warmup", 0,
                        "--timeout", 1, "--mode", "post")
        wait_for(lambda: posted(server), what="posts")
        server.kill(signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    done = json.loads(out)
    assert process.returncode == 1
    assert "no connection" in err  # the queues could not be deleted
    assert done["post"]["refused"] > 0
    assert done["errors"] >= done["post"]["refused"]


def answering(answer, times=1000):
    """A server that gives the same bytes to whoever connects. Returns its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(times):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
        listener.close()
    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("answer, words", [
    (b"", "broke off"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "no HTTP"),
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnone", "answered with 403: none"),
])
def test_services_of_another_kind(answer, words):
    process = bench("--url", answering(answer, 1))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert words in err


def test_answers_of_another_kind():
    """Queues are made, but claims and posts are answered with that, too: all of them are errors."""
    url = answering(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    done = run(url, "--rate", 100, "--seconds", 1, "--warmup", 0, "--connections", 4, "--timeout", 1,
               status=1)
    assert done["post"]["good"] == 0
    assert done["post"]["wrong"]["204"] + done["unsent"] == 100
    assert done["ms"]["post"]["count"] == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(server, how):
    process = bench("--url", server.url, "--json", "--rate", 200, "--seconds", 60, "--warmup", 0,
                    "--mode", "post")
    wait_for(lambda: posted(server), what="posts")
    process.send_signal(how)
    done = finish(process)
    assert done["interrupted"]
    assert done["seconds"] < 30
    assert 0 < done["post"]["good"] < 200 * 30
    assert queues(server) == []


def test_project_and_headers(server):
    process = bench("--url", server.url, "--json", "--rate", 100, "--seconds", 60, "--project", "other",
                    "--header", "X-One: 1", "--header=X-Two: 2")
    wait_for(lambda: queues(server, "other"), what="queues of the project")
    assert queues(server) == []
    process.send_signal(signal.SIGINT)
    finish(process)


def test_headers_are_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        process = bench("--url", f"http://{address}/a/b/", "--header", "X-One: 1", "--header=X-Two: 2",
                        "--project", "p")
        connection, _ = listener.accept()
        with connection:
            head = connection.recv(65536).decode()
    process.communicate(timeout=60)
    assert head.startswith("PUT /a/b/v2/queues/bench-")
    for line in ("X-One: 1", "X-Two: 2", "X-Project-ID: p", f"Host: {address}"):
        assert f"\r\n{line}\r\n" in head


@pytest.mark.parametrize("wrong", [
    ["--rate", "-1"], ["--rate", "0.001"], ["--rate", "nan"], ["--rate", "1e7"], ["--rate", ""],
    ["--seconds", "0"], ["--seconds", "1.5"], ["--seconds", " 1"], ["--connections", "0"],
    ["--queues", "1001"], ["--body-bytes", "41"], ["--timeout", "0"], ["--mode", "both"],
    ["--url", "127.0.0.1:8888"], ["--url", "https://127.0.0.1"], ["--url", "http://"],
    ["--url", "http://a b"], ["--url", "http://127.0.0.1/?x"], ["--url", "http://me:pw@127.0.0.1"],
    ["--url", "http://127.0.0.1:70000"], ["--url", "http://127.0.0.1/a#b"], ["--project", ""],
    ["--project", "a\r\nb"], ["--header", "no colon"], ["--header", ": x"], ["--header", "A: b\nC: d"],
    ["--header", "Content-Length: 1"], ["--header"], ["--head", "A: b"], ["--token", "x"],
], ids=lambda w: " ".join(w).encode("unicode_escape").decode())
def test_usage(wrong):
    process = bench(*wrong)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("nusku")
