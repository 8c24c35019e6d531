"""Servers for the tests of this folder, and a client for each test.

NUSKU_TEST_STORE and NUSKU_TEST_CATALOG name the store and the catalog that the servers use; without
them everything is in SQLite. Each test is a project of its own, so all can share one server.
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.api import Client  # noqa: E402
from support.servers import Nusku  # noqa: E402


@pytest.fixture(scope="session")
def start():
    """start(option, ...) returns a server with these options, started once in the session."""
    servers = {}

    def get(*options):
        if options not in servers:
            servers[options] = Nusku(store=os.environ.get("NUSKU_TEST_STORE"),
                                     catalog=os.environ.get("NUSKU_TEST_CATALOG"),
                                     options=options)
        return servers[options]

    yield get
    for server in servers.values():
        assert server.process.poll() is None, server.text()[-4000:]
        assert server.stop() == 0, server.name


@pytest.fixture(scope="session")
def server(start):
    return start()


@pytest.fixture
def api(server):
    """A client of a new project."""
    return Client(server.port)


@pytest.fixture
def queue(api):
    """The path of a new queue of that project."""
    return api.queue()
