"""A pytest plug-in that runs the peer's own unit tests of its REST API against Nusku over HTTP.

The tests come from the package `zaqar`, unchanged. They build a WSGI application and call it; here the
application that they get passes each request on to a Nusku process. A test that asks for other limits
gets a process with those limits. What can't be asked over HTTP is left out below, each with its reason.

    NUSKU_BUILD=build/release pytest -p nusku_peer --pyargs zaqar.tests.unit.transport.wsgi.v2_0
"""

import http.client
import json
import os
import sys
from types import SimpleNamespace
from unittest import mock

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from support.servers import Nusku  # noqa: E402

os.environ.setdefault("ZAQAR_TEST_MONGODB", "1")

# Test files of resources that Nusku serves.
FILES = {"test_claims", "test_default_limits", "test_home", "test_media_type", "test_messages",
         "test_ping", "test_purge", "test_queue_lifecycle", "test_subscriptions", "test_urls", "test_validation"}

# Why a test is left out: part of its id -> reason.
LEFT_OUT = {
    "FaultyDriver": "replaces a driver inside the peer's process",
    "Pooled": "pools come with a later version",
    "test_json_only_endpoints_with_wrong_accept_header": "asks for /v2/flavors and /v2/pools, of a later version",
    "test_create_and_send_notification": "counts calls of the notifier inside the peer's process",
    "test_recreate": "counts calls of the notifier inside the peer's process",
    "test_create_with_trust": "Keystone comes with a later version",
    "test_url_generation": "sets the clock of the peer's process",
    "test_url_verification_fail_bad_signature": "wants an empty signature to be a wrong one; doc/compatibility.md, signature-empty",
    "test_list_returns_503_on_nopoolfound_exception": "replaces a controller inside the peer's process",
}

# The transport limits of the peer that become options of ours.
LIMITS = ("max_queues_per_page", "max_messages_per_page", "max_messages_per_claim_or_pop",
          "max_queue_metadata", "max_messages_post_size", "max_message_ttl", "max_message_delay",
          "max_claim_ttl", "max_claim_grace", "default_message_ttl", "default_message_delay",
          "default_claim_ttl", "default_claim_grace", "max_subscriptions_per_page",
          "default_subscription_ttl", "client_id_uuid_safe",
          "min_length_client_id", "max_length_client_id", "message_delete_with_claim_id")

# The peer's key is a constant; ours has to be given.
KEYS = "transport.message_encryption_keys=a:" + 64 * "5"

_servers = {}
_projects = set()  # that requests have named since the last clean-up


def _server(conf):
    group = conf["transport"]
    options = tuple(f"transport.{name}={getattr(group, name)}" for name in LIMITS
                    if hasattr(group, name))
    if conf["signed_url"].secret_key:
        options += (f"signed_url.secret_key={conf['signed_url'].secret_key}",)
    options += (KEYS,)
    if options not in _servers:
        _servers[options] = Nusku(store=os.environ.get("NUSKU_TEST_STORE"),
                                  catalog=os.environ.get("NUSKU_TEST_CATALOG"), options=options)
    return _servers[options]


def _ask(server, method, path, project):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, headers={
        "Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": project})
    text = connection.getresponse().read()
    connection.close()
    return text


def _forget_everything():
    """What the tests do by dropping the peer's databases: no queue survives a test."""
    for server in _servers.values():
        for project in _projects:
            while True:
                queues = json.loads(_ask(server, "GET", "/v2/queues", project))["queues"]
                if not queues:
                    break
                for queue in queues:
                    _ask(server, "DELETE", queue["href"], project)
    _projects.clear()


class Application:
    """A WSGI application that passes requests on."""

    def __init__(self, conf):
        self.conf = conf

    def __call__(self, environ, start_response):
        connection = http.client.HTTPConnection("127.0.0.1", _server(self.conf).port, timeout=20)
        path = environ["PATH_INFO"].encode("latin1")
        quoted = "".join(chr(c) if chr(c).isalnum() and c < 128 or chr(c) in "/-_.~" else f"%{c:02X}"
                         for c in path)
        if environ.get("QUERY_STRING"):
            quoted += "?" + environ["QUERY_STRING"]
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items()
                   if name.startswith("HTTP_") and name != "HTTP_HOST"}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        if headers.get("X-PROJECT-ID"):
            _projects.add(headers["X-PROJECT-ID"])
        body = None
        if environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            headers["Content-Length"] = environ["CONTENT_LENGTH"]
        connection.putrequest(environ["REQUEST_METHOD"], quoted, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        start_response(f"{response.status} {http.client.responses.get(response.status, '?')}",
                       [(n.lower(), v) for n, v in response.getheaders()])
        return [text] if text else []


class Bootstrap:
    """Stands where the peer builds itself: what tests touch of it, and no more."""

    def __init__(self, conf):
        limits = conf["transport"]
        conf.set_override("pooling", False)  # subscriptions are tested on a pool of MongoDB
        _forget_everything()
        self.storage = mock.MagicMock()
        self.control = mock.MagicMock()
        self.transport = SimpleNamespace(
            app=Application(conf),
            _defaults=SimpleNamespace(claim_ttl=limits.default_claim_ttl,
                                      claim_grace=limits.default_claim_grace,
                                      message_ttl=limits.default_message_ttl))


def pytest_configure(config):
    from zaqar import bootstrap
    bootstrap.Bootstrap = Bootstrap


def pytest_ignore_collect(collection_path):
    """Files of other resources are not even imported: some want drivers that are not installed."""
    name = collection_path.stem
    return True if name.startswith("test_") and name not in FILES else None


def pytest_collection_modifyitems(items):
    for item in items:
        name = item.nodeid
        for part, reason in LEFT_OUT.items():
            if part in name:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_unconfigure(config):
    for server in _servers.values():
        server.stop()
