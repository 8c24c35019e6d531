"""A server under load, on each kind of store. NUSKU_BUILD names the build: tests/run takes the one with
ThreadSanitizer."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.servers import Nusku, Redis  # noqa: E402


@pytest.fixture(params=["sqlite", "redis"])
def server(request):
    """nusku dev, with two loops in its router."""
    if request.param == "sqlite":
        with Nusku(options=["router.threads=2"]) as nusku:
            yield nusku
    else:
        with Redis() as redis, Nusku(store=redis.uri, options=["router.threads=2"]) as nusku:
            yield nusku
