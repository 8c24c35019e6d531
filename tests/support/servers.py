"""Servers for tests, each on a free loopback port, with its files in a scratch folder of its own.

A server starts in its constructor and is ready when that returns. stop() ends it by its pid; so does
leaving its `with` block. Nothing here depends on what the machine runs already.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("NUSKU_BUILD", ROOT / "build" / "release"))
# Taken once: test frameworks move the temporary folder about, and delete it.
SCRATCH = os.environ.get("NUSKU_TEST_SCRATCH", tempfile.gettempdir())


class Failed(Exception):
    """A server did not start, or did not stop as it should."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds=15.0, what="condition"):
    """Waits until condition() is true and returns its value."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        return False


class Server:
    """A process with a log and a scratch folder."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"nusku-{name}-", dir=SCRATCH))
        self.log = self.folder / f"{name}.log"
        self.name = name
        self.process = None

    def spawn(self, command, env=None, cwd=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(c) for c in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, cwd=cwd or self.folder)
        return self.process

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def require(self, condition, seconds=15.0, what="ready"):
        def alive_and():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-4000:]}")
            return condition()
        try:
            return wait_for(alive_and, seconds, what)
        except Failed as e:
            raise Failed(f"{self.name}: {e}\n{self.text()[-4000:]}") from None

    @property
    def admin(self):
        """The URL on which it serves operators, if an option asks for that."""
        return re.findall(r"ADMIN-LISTENING url=(\S+)\n", self.text())[-1]

    @property
    def sockets(self):
        """How many sockets the process has open."""
        count = 0
        for path in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(path).startswith("socket:")
        return count

    @property
    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1])

    @contextlib.contextmanager
    def paused(self):
        """The process stands still inside: SIGSTOP, and SIGCONT at the end."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat")
        self.process.send_signal(signal.SIGSTOP)
        try:
            wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", what="SIGSTOP")
            yield
        finally:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGCONT)

    def kill(self, how=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def stop(self, how=signal.SIGTERM, keep=False):
        """Ends the process and returns its exit status; the scratch folder goes with it."""
        status = None
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(how)
                try:
                    self.process.wait(30)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
                    raise Failed(f"{self.name} did not stop:\n{self.text()[-4000:]}") from None
            status = self.process.returncode
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()


class Redis(Server):
    def __init__(self, *options, port=None, env=None):
        super().__init__("redis")
        self.port = port or free_port()
        self.options = options
        self.env = env
        self.start()

    def start(self):
        self.spawn(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                    "--appendonly", "no", "--dir", self.folder, *self.options], env=self.env)
        self.require(lambda: answers(self.port))

    @property
    def uri(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True,
                              capture_output=True, text=True).stdout


def postgresql_bin():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise Failed("PostgreSQL is not installed")
    return found[-1].parent


class PostgreSQL(Server):
    """Runs as the user postgres when we are root: the server refuses to be root."""

    def __init__(self):
        super().__init__("postgresql")
        self.port = free_port()
        self.data = self.folder / "data"
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] \
            if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.data, "-U", "nusku", "--auth=trust", "--no-sync", "-E", "UTF8",
                 "--locale=C")
        self.start()

    def run(self, program, *words):
        done = subprocess.run([*self.user, postgresql_bin() / program, *map(str, words)],
                              cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        self.spawn([*self.user, postgresql_bin() / "postgres", "-D", self.data, "-p", self.port,
                    "-c", "listen_addresses=127.0.0.1", "-k", self.folder, "-c", "fsync=off",
                    "-c", "max_connections=500"])
        self.require(self.is_ready, 30)

    def is_ready(self):
        return subprocess.run([postgresql_bin() / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], check=False).returncode == 0

    def database(self, name):
        """Makes a database and returns its URI."""
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "nusku", name)
        return f"postgresql://nusku@127.0.0.1:{self.port}/{name}"

    def stop(self, how=signal.SIGINT, keep=False):
        return super().stop(how, keep)


class Nusku(Server):
    """nusku dev: router and worker in one process."""

    def __init__(self, store=None, catalog=None, options=(), env=None, port=None):
        super().__init__("nusku")
        self.port = port or free_port()
        self.command = [BUILD / "deploy" / "nusku", "dev", "--listen", f"127.0.0.1:{self.port}",
                        "--data", self.folder / "data"]
        if store:
            self.command += ["--store", store]
        if catalog:
            self.command += ["--catalog", catalog]
        for option in options:
            self.command += ["--option", option]
        self.env = env
        self.start()

    def start(self):
        before = self.text().count("ready on")
        self.spawn(self.command, env=self.env)
        self.require(lambda: self.text().count("ready on") > before, 30)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def write_configuration(path, options):
    """Writes options, each "section.name=value", as a configuration file; the last of a name counts."""
    sections = {}
    for option in options:
        name, _, value = option.partition("=")
        section, _, name = name.rpartition(".")
        sections.setdefault(section, {})[name] = value
    path.write_text("\n".join(f"[{section}]\n" + "".join(f"{n} = {v}\n" for n, v in names.items())
                              for section, names in sections.items()))


class Daemon(Server):
    """A program of ours with a configuration file of its own."""

    def __init__(self, name, program, options, env=None):
        super().__init__(name)
        self.env = env
        path = self.folder / "nusku.conf"
        write_configuration(path, options)
        self.command = [program, "--config-file", path]


class Worker(Daemon):
    def __init__(self, options, env=None):
        super().__init__("worker", BUILD / "worker" / "nusku-worker", options, env)
        self.start()

    def start(self):
        before = self.text().count("ready on")
        self.spawn(self.command, env=self.env)
        self.require(lambda: self.text().count("ready on") > before, 30)

    @property
    def link(self):
        """The URL on which it serves routers."""
        return re.findall(r"ready on (\S+)\n", self.text())[-1]


class Router(Daemon):
    """Ready when it has links to that many workers."""

    def __init__(self, options, workers=1):
        self.port = free_port()
        super().__init__("router", BUILD / "router" / "nusku-router",
                         [*options, f"drivers:transport:wsgi.port={self.port}"])
        self.workers = workers
        self.start()

    def start(self):
        text = self.text()
        ready, links = text.count("ready on") + 1, self.links + self.workers
        self.spawn(self.command)
        self.require(lambda: self.text().count("ready on") >= ready and self.links >= links, 30)

    @property
    def links(self):
        """How many links to workers have come up so far."""
        return self.text().count("LINK-UP")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Cluster:
    """Routers and workers as processes of their own, on one catalog and one store."""

    def __init__(self, store, catalog=None, workers=2, routers=1, options=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nusku-cluster-", dir=SCRATCH))
        self.options = [f"DEFAULT.state_path={self.folder}", *store_options(store),
                        *(catalog_options(catalog) if catalog else ()), *options]
        self.workers = [Worker(self.options) for _ in range(workers)]
        self.routers = [Router(self.options, workers) for _ in range(routers)]

    def add_worker(self, *options, env=None):
        self.workers.append(Worker([*self.options, *options], env))
        return self.workers[-1]

    @property
    def port(self):
        return self.routers[0].port

    @property
    def url(self):
        return self.routers[0].url

    def stop(self):
        """Whatever still runs must end with 0."""
        bad = []
        for server in [*self.routers, *self.workers]:
            ran = server.process.poll() is None
            try:
                if server.stop(keep=True) != 0 and ran:
                    bad.append(f"{server.name} ended with {server.process.returncode}:\n{server.text()[-4000:]}")
            except Failed as e:
                bad.append(str(e))
            shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        if bad:
            raise Failed("\n".join(bad))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()


def store_options(uri):
    driver = "sqlite" if uri.startswith("sqlite:") else "redis"
    return [f"drivers.message_store={driver}", f"drivers:message_store:{driver}.uri={uri}"]


def catalog_options(uri):
    driver = "sqlite" if uri.startswith("sqlite:") else "postgresql"
    return [f"drivers.management_store={driver}", f"drivers:management_store:{driver}.uri={uri}"]
