"""The programs: options, configuration, exit statuses, signals."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
from support.api import Client
from support.servers import BUILD, ROOT, Cluster, Nusku, PostgreSQL, Redis, free_port, wait_for

NUSKU = BUILD / "deploy" / "nusku"
ROUTER = BUILD / "router" / "nusku-router"
WORKER = BUILD / "worker" / "nusku-worker"
PROGRAMS = [(NUSKU, "dev"), (NUSKU, "check-config"), (NUSKU, "catalog"), (NUSKU, "bench"), (ROUTER,), (WORKER,)]


def run(*command, env=None, cwd=None):
    """Runs a program that ends by itself. An own environment, so that none of ours gets in."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=20,
                          env={"PATH": os.environ["PATH"], "LSAN_OPTIONS": "detect_leaks=0",
                               **(env or {})}, cwd=cwd, check=False)


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_help(program):
    done = run(*program, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {program[0].name}")
    for option in ("--config-file FILE", "--option SECTION.NAME=VALUE", "--help", "--version"):
        assert option in done.stdout


@pytest.mark.parametrize("program", [(NUSKU,), *PROGRAMS], ids=str)
def test_version(program):
    project = re.search(r"project\(nusku VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    done = run(*program, "--version")
    assert (done.returncode, done.stdout) == (0, f"nusku {project[1]}\n")


def test_nusku_without_a_command():
    done = run(NUSKU)
    assert done.returncode == 2
    assert "Usage: nusku COMMAND" in done.stderr
    assert run(NUSKU, "brew").returncode == 2


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
@pytest.mark.parametrize("wrong", [
    ["--frobnicate"],
    ["--option", "DEFAULT.debug"],
    ["--option", "debug=true"],
    ["--option", "DEFAULT.nothing=1"],
    ["--option", "nowhere.debug=true"],
    ["--option", "transport.max_message_ttl=many"],
    ["--option", "transport.max_message_ttl=59"],
    ["--option", "drivers.message_store=mongodb"],
    ["--config-file", "/nonexistent.conf"],
    ["surplus"],
], ids=" ".join)
def test_wrong_option(program, wrong):
    done = run(*program, *wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert program[0].name in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("text, line, words", [
    ("[DEFAULT]\n\nnothing = 1\n", 3, "nothing"),
    ("[nowhere]\ndebug = true\n", 2, "nowhere"),
    ("[DEFAULT]\ndebug = perhaps\n", 2, "perhaps"),
    ("[worker]\nheartbeat_interval = 0\n", 2, "1..60"),
    ("debug = true\n", 1, "debug"),
    ("[DEFAULT]\nthis is no option\n", 2, "name = value"),
    ("[DEFAULT]\ndebug = true\n  state_path = /x\n", 3, "indented"),
    ("[DEFAULT]\nstate_path = " + 70000 * "x" + "\n", 2, "longer"),
    ("[drivers:message_store:redis]\nuri = mysql://:secret@x\n", 2, "redis"),
    ("[drivers:message_store:redis]\nuri = secret\n", 2, "redis"),
], ids=lambda v: None if isinstance(v, int) else repr(v)[:30])
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_wrong_file(program, text, line, words, tmp_path):
    path = tmp_path / "nusku.conf"
    path.write_text(text)
    done = run(*program, "--config-file", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}:{line}: " in done.stderr
    assert words in done.stderr
    assert "secret" not in done.stderr


def test_where_a_value_comes_from(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("[transport]\nmax_message_ttl = 4000\nmax_claim_ttl = 4000\nmax_claim_grace = 4000\n"
                   "max_message_delay = 600\n")
    two.write_text("[transport]\nmax_claim_ttl = 5000\nmax_claim_grace = 5000\nmax_message_delay = 500\n")
    done = run(NUSKU, "check-config", "--config-file", one, "--config-file", two,
               "--option", "transport.max_message_delay=300",
               env={"NUSKU_TRANSPORT__MAX_CLAIM_GRACE": "6000", "NUSKU_TRANSPORT__MAX_MESSAGE_DELAY": "400"})
    assert done.returncode == 0
    for line in ("max_message_ttl = 4000", "max_claim_ttl = 5000", "max_claim_grace = 6000",
                 "max_message_delay = 300", "max_queues_per_page = 20"):
        assert line in done.stdout.splitlines()


@pytest.mark.parametrize("name, value", [("NUSKU_TRANSPORT__NOTHING", "1"),
                                         ("NUSKU_TRANSPORT__MAX_CLAIM_TTL", "x")])
def test_wrong_environment(name, value):
    done = run(NUSKU, "check-config", env={name: value})
    assert done.returncode == 2
    assert name in done.stderr


@pytest.mark.parametrize("options", [
    ["transport.default_message_ttl=7200", "transport.max_message_ttl=3600"],
    ["transport.min_length_client_id=40", "transport.max_length_client_id=30"],
    ["router.max_request_size=65536", "transport.max_messages_post_size=65537"],
    ["worker.heartbeat_interval=20", "worker.heartbeat_timeout=10"],
], ids=" ".join)
def test_options_that_contradict(options):
    done = run(NUSKU, "check-config", *[w for o in options for w in ("--option", o)])
    assert (done.returncode, done.stdout) == (2, "")


def test_check_config_hides_passwords():
    done = run(NUSKU, "check-config",
               "--option", "drivers:message_store:redis.uri=redis://me:hunter2@db:6379/1",
               "--option", "drivers:management_store:postgresql.uri=postgresql://db/x?password=hunter2")
    assert done.returncode == 0
    assert "hunter2" not in done.stdout
    assert "uri = redis://me:***@db:6379/1" in done.stdout


def test_sample_configuration_is_the_one_shipped():
    done = run(NUSKU, "check-config", "--sample", "--option", "DEFAULT.debug=true")
    assert done.stdout == (ROOT / "deploy" / "etc" / "nusku.conf").read_text()


def test_sample_configuration_is_the_default(tmp_path):
    """With every line uncommented it says what is in force without any file."""
    path = tmp_path / "nusku.conf"
    path.write_text(re.sub(r"^#(\w+ =)", r"\1", (ROOT / "deploy" / "etc" / "nusku.conf").read_text(),
                           flags=re.MULTILINE))
    assert run(NUSKU, "check-config", "--config-file", path).stdout == run(NUSKU, "check-config").stdout


def test_every_option_is_in_the_manual():
    manual = (BUILD / "deploy" / "nusku.conf.5").read_text().replace("\\-", "-")
    for line in run(NUSKU, "check-config").stdout.splitlines():
        if line.startswith("["):
            assert f".SS {line}" in manual
        elif line:
            assert f".B {line.split(' ')[0]}" in manual


@pytest.mark.parametrize("page", ["nusku.1", "nusku-router.8", "nusku-worker.8"])
def test_every_switch_is_in_the_manual(page):
    manual = (ROOT / "deploy" / "man" / page).read_text().replace("\\-", "-")
    program = {"nusku.1": NUSKU, "nusku-router.8": ROUTER, "nusku-worker.8": WORKER}[page]
    for words in [p[1:] for p in PROGRAMS if p[0] == NUSKU] if program == NUSKU else [()]:
        for switch in re.findall(r"^  (--[a-z-]+)", run(program, *words, "--help").stdout, re.MULTILINE):
            assert switch in manual, switch


def test_manual_pages_are_well_formed():
    for page in [*(ROOT / "deploy" / "man").glob("*.[18]"), BUILD / "deploy" / "nusku.conf.5"]:
        done = subprocess.run(["man", "--warnings=mac,reg,el,scale", "-l", page], check=False, text=True,
                              capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
        assert (done.returncode, done.stderr) == (0, ""), page


# ---- Serving and stopping ------------------------------------------------------------------------


def test_without_authentication_only_this_machine_comes_in(tmp_path):
    done = run(NUSKU, "dev", "--data", tmp_path / "data", "--listen", "0.0.0.0:0")
    assert done.returncode == 2
    assert "insecure_public_noauth" in done.stderr
    assert "ready" not in done.stdout


def test_any_address_when_told_so():
    with Nusku(options=["DEFAULT.insecure_public_noauth=true", "drivers:transport:wsgi.bind=0.0.0.0"]):
        pass


def test_ipv6():
    with Nusku() as server:
        port = free_port()
        server.kill(signal.SIGTERM)
        server.command[3] = f"[::1]:{port}"
        server.start()
        assert f"ready on http://[::1]:{port}" in server.text()
        with socket.create_connection(("::1", port)) as connection:
            connection.sendall(b"GET /v2/ping HTTP/1.1\r\nHost: x\r\nX-Project-ID: p\r\nClient-ID: "
                               b"3381af92-2b9e-11e3-b191-71861300734c\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize("listen", ["8888", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                                    "[::1:8888"])
def test_wrong_address(listen, tmp_path):
    done = run(NUSKU, "dev", "--data", tmp_path / "data", "--listen", listen)
    assert done.returncode == 2
    assert done.stderr.startswith("nusku: ")


def test_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(NUSKU, "dev", "--data", tmp_path / "data", "--listen",
                   f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "in use" in done.stderr


def second(tmp_path, kind, port, threads):
    """Another server on the port, which must not share it; without one it would serve until killed."""
    options = ["--option", f"router.threads={threads}", "--option", f"DEFAULT.state_path={tmp_path}"]
    address = ["--listen", f"127.0.0.1:{port}", "--data", tmp_path / "data"] if kind == "dev" \
        else ["--option", f"drivers:transport:wsgi.port={port}"]
    return run(*((NUSKU, "dev") if kind == "dev" else (ROUTER,)), *options, *address)


@pytest.mark.parametrize("kind", ["dev", "router"])
@pytest.mark.parametrize("threads, others", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_port_of_another_server(kind, threads, others, tmp_path):
    """Several threads share a port, several servers don't: each would have some of the requests."""
    with Nusku(options=[f"router.threads={threads}"]) as server:
        done = second(tmp_path, kind, server.port, others)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "Address already in use" in done.stderr
        assert str(server.port) in done.stderr
        assert Client(server.port).get("/v2/queues").status == 200


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_restart_on_the_same_port(threads):
    """What is left of the connections that the first one closed doesn't hold the port."""
    with Nusku(options=[f"router.threads={threads}"]) as server:
        for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
            assert Client(server.port).get("/v2/queues").status == 200
            server.kill(how)  # it closes first: the ends of these wait on its side
            server.start()
            assert Client(server.port).get("/v2/queues").status == 200
            for connection in connections:
                connection.close()


def test_all_threads_get_connections():
    with Nusku(options=["router.threads=2"]) as server:
        tasks = [path for path in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
                 if (path / "comm").read_text() == "router\n"]
        before = [switches(task) for task in tasks]
        assert len(tasks) == 2
        wait_for(lambda: Client(server.port).get("/v2/queues").status == 200 and
                 all(switches(task) > old + 5 for task, old in zip(tasks, before, strict=True)))


def switches(task):
    """How often a thread has gone to sleep."""
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE)[1])


def test_data_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(NUSKU, "dev", "--data", tmp_path / "file" / "data", "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert "file/data" in done.stderr


def test_data_survives_a_restart():
    with Nusku() as server:
        api = Client(server.port)
        queue = api.queue(colour="red")
        ids = api.fill(queue, "one", "two")
        server.kill(signal.SIGTERM)
        server.start()
        assert api.get(queue).json["colour"] == "red"
        assert api.get(f"{queue}/messages?echo=true").ids == ids
        server.kill(signal.SIGKILL)
        server.start()
        assert api.get(f"{queue}/messages?echo=true").ids == ids


def test_dev_prints_one_line(tmp_path):
    process = subprocess.Popen([NUSKU, "dev", "--data", tmp_path / "data", "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = process.stdout.readline()
    assert re.fullmatch(r"nusku dev ready on http://127\.0\.0\.1:\d+\n", line)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("", 0)


def begin(port, path, document):
    """Sends all of a request but its last byte."""
    body = json.dumps(document).encode()
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nClient-ID: 3381af92-2b9e-11e3-b191-71861300734c\r\n"
                       f"X-Project-ID: p\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    return connection, body[-1:]


@pytest.mark.parametrize("kind", ["dev", "cluster"])
def test_sigterm_answers_what_was_begun(kind, store):
    """A request that has begun is answered, new connections are refused, and the exit status is 0."""
    servers = Nusku(store=store) if kind == "dev" else Cluster(store, workers=1)
    with servers:
        server = servers if kind == "dev" else servers.routers[0]
        connection, rest = begin(server.port, "/v2/queues/q/messages", {"messages": [{"body": 1}]})
        with connection:
            Client(server.port, "p").get("/v2/queues")  # by now the other one has been read
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "STOPPING" in server.text())
            connection.sendall(rest)
            assert connection.recv(100).startswith(b"HTTP/1.1 201")
        server.process.wait(20)
        assert server.process.returncode == 0
        with pytest.raises(OSError):
            Client(server.port, "p").get("/v2/queues")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["dev", "router"])
def test_second_signal_hurries(kind, how, tmp_path):
    """A request that never ends holds the process for as long as it may; whoever asks twice wants it gone."""
    store = f"sqlite://{tmp_path}/messages.db"
    options = ["router.drain_timeout=3600"]
    servers = Nusku(store=store, options=options) if kind == "dev" else Cluster(store, workers=1, options=options)
    with servers:
        server = servers if kind == "dev" else servers.routers[0]
        connection, _ = begin(server.port, "/v2/queues/q/messages", {"messages": [{"body": 1}]})
        with connection:
            Client(server.port, "p").get("/v2/queues")  # by now the other one has been read
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "STOPPING" in server.text())
            wait_for(lambda: not_blocked(server.process.pid, how), what="signals let through")
            server.process.send_signal(how)
            assert server.process.wait(5) == 1
        assert "STOP-HURRIED" in server.text()


def not_blocked(pid, number):
    """Whether a process' first thread takes that signal."""
    mask = re.search(r"^SigBlk:\s+(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    return not int(mask, 16) >> (number - 1) & 1


def test_daemons_ignore_sighup(tmp_path):
    """Administrators send it for a configuration to be read again; there is none to be, but nothing is lost."""
    with Cluster(f"sqlite://{tmp_path}/messages.db", workers=1) as cluster:
        for server in (*cluster.routers, *cluster.workers):
            for _ in range(5):
                server.process.send_signal(signal.SIGHUP)
        client = Client(cluster.port)
        client.fill(client.queue(), 1)
        for server in (*cluster.routers, *cluster.workers):
            assert server.process.poll() is None
            assert "STOPPING" not in server.text()


def test_dev_stops_with_its_terminal():
    """SIGHUP is answered as SIGTERM is."""
    with Nusku() as server:
        connection, rest = begin(server.port, "/v2/queues/q/messages", {"messages": [{"body": 1}]})
        with connection:
            Client(server.port, "p").get("/v2/queues")
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "STOPPING" in server.text())
            server.process.send_signal(signal.SIGHUP)  # the shell's, and the terminal's: no hurry
            connection.sendall(rest)
            assert connection.recv(100).startswith(b"HTTP/1.1 201")
        assert server.process.wait(20) == 0


def test_dev_under_nohup():
    with Nusku() as server:
        server.kill(signal.SIGTERM)
        server.command = ["nohup", *server.command]
        server.start()
        server.process.send_signal(signal.SIGHUP)
        client = Client(server.port)
        client.fill(client.queue(), 1)
        assert server.process.poll() is None


def test_workers_and_routers_stop_with_0(store):
    with Cluster(store, workers=2, routers=2) as cluster:
        for server in [*cluster.workers, *cluster.routers]:
            server.process.send_signal(signal.SIGTERM)
        for server in [*cluster.workers, *cluster.routers]:
            assert server.process.wait(20) == 0, server.text()


def test_systemd_is_told(tmp_path):
    """Under systemd the daemons are services of type notify."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(20)
        with Nusku(env={"NOTIFY_SOCKET": str(path)}) as server:
            assert b"READY=1" in notify.recv(1000)
            server.process.send_signal(signal.SIGTERM)
            assert notify.recv(1000) == b"STOPPING=1"


def test_catalog_migrate(tmp_path):
    catalog = f"drivers:management_store:sqlite.uri=sqlite://{tmp_path}/catalog.db"
    last = len(list((ROOT / "catalog" / "sqlite").glob("[0-9]*.sql")))
    first = run(NUSKU, "catalog", "--option", catalog, "init")
    assert (first.returncode, first.stdout) == (0, f"The catalog is at schema {last}, from 0.\n")
    again = run(NUSKU, "catalog", "--option", catalog, "migrate")
    assert (again.returncode, again.stdout) == (0, f"The catalog is up to date: schema {last}.\n")
    assert run(NUSKU, "catalog", "--option", catalog, "burn").returncode == 2


def test_catalog_of_a_newer_release(tmp_path):
    path = tmp_path / "catalog.db"
    option = ["--option", f"drivers:management_store:sqlite.uri=sqlite://{path}"]
    run(NUSKU, "catalog", *option, "init")
    subprocess.run(["/usr/bin/python3", "-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
                    "c.execute('PRAGMA user_version = 99'); c.commit()",
                    path], check=True)
    for program in (ROUTER, WORKER):
        done = run(program, *option, "--option", f"DEFAULT.state_path={tmp_path}",
                   "--option", "drivers:transport:wsgi.port=0")
        assert done.returncode == 1
        assert "newer" in done.stderr


def test_install(tmp_path):
    """What is installed works from where it was installed."""
    subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path], check=True, capture_output=True)
    for name in ("nusku", "nusku-router", "nusku-worker"):
        assert run(tmp_path / "bin" / name, "--version").returncode == 0
    installed = {p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()}
    for path in ("share/man/man1/nusku.1", "share/man/man5/nusku.conf.5", "share/man/man8/nusku-router.8",
                 "lib/systemd/system/nusku-router.service", "lib/systemd/system/nusku-worker@.service"):
        assert pathlib.Path(path) in installed


def children(parent):
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def test_router_stops_although_its_catalog_hangs():
    with contextlib.ExitStack() as stack:
        postgresql = stack.enter_context(PostgreSQL())
        redis = stack.enter_context(Redis())
        cluster = Cluster(redis.uri, postgresql.database("hangs"), workers=1,
                          options=["router.drain_timeout=1"])
        (router,), (worker,) = cluster.routers, cluster.workers
        backends = children(postgresql.process.pid)
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            for server in (router, worker):
                server.process.send_signal(signal.SIGTERM)
            for server in (router, worker):
                assert server.process.wait(25) == 0, server.text()
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
        cluster.stop()
