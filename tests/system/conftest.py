"""Tests of whole processes: how they start, stop, find each other, fail and recover."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.servers import Redis  # noqa: E402


@pytest.fixture(scope="module")
def redis():
    with Redis() as server:
        yield server


@pytest.fixture
def sqlite(tmp_path):
    """The URI of a store in a file."""
    return f"sqlite://{tmp_path}/messages.db"


@pytest.fixture(params=["sqlite", "redis"])
def store(request, tmp_path):
    """The URI of a store, of each kind."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/messages.db"
    return request.getfixturevalue("redis").uri
