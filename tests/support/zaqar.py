"""The peer: the real OpenStack Messaging service, from PyPI, on a Redis of its own.

It runs under uwsgi from the virtual environment that NUSKU_ZAQAR_VENV names. To make one:

    python3.11 -m venv FOLDER && FOLDER/bin/pip install zaqar==23.0.1 redis uwsgi
"""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.servers import Redis, Server, answers, free_port  # noqa: E402

CONFIGURATION = """
[DEFAULT]
admin_mode = True
pooling = False
unreliable = True
auth_strategy =
{DEFAULT}
[drivers]
transport = wsgi
message_store = redis
management_store = redis
[drivers:message_store:redis]
uri = redis://127.0.0.1:{port}/0
[drivers:management_store:redis]
uri = redis://127.0.0.1:{port}/1
[signed_url]
secret_key = test
[transport]
{transport}
"""

# The body is read whole, whatever becomes of the request: uwsgi resets connections with unread bytes.
APPLICATION = """
import io

import uwsgi
from oslo_config import cfg
from zaqar import bootstrap

cfg.CONF(project="zaqar", prog="zaqar-queues", args=["--config-file", {path!r}])
boot = bootstrap.Bootstrap(cfg.CONF)
cfg.CONF.drivers.transport = "wsgi"
serve = boot.transport.app


def application(environ, start_response):
    if "HTTP_TRANSFER_ENCODING" in environ:
        while uwsgi.chunked_read(1):
            pass
    if environ.get("CONTENT_LENGTH", "").isdigit():
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
    return serve(environ, start_response)
"""


def environment():
    """The folder of the virtual environment, or None."""
    return os.environ.get("NUSKU_ZAQAR_VENV")


class Zaqar(Server):
    """options: {"section.name": value}, as Nusku takes them; sections DEFAULT and transport."""

    def __init__(self, options=None, processes=2):
        super().__init__("zaqar")
        self.redis = Redis()
        self.port = free_port()
        try:
            self.configure(options or {})
            self.spawn([pathlib.Path(environment()) / "bin" / "uwsgi", "--http-socket",
                        f"127.0.0.1:{self.port}", "--processes", processes, "--master",
                        "--disable-logging", "--wsgi-file", self.folder / "app.py",
                        "--buffer-size", "32768"])
            self.require(lambda: answers(self.port), 30)
        except BaseException:
            self.stop()
            raise

    def configure(self, options):
        lines = {"DEFAULT": [], "transport": []}
        for name, value in options.items():
            section, option = name.split(".")
            lines[section].append(f"{option} = {value}")
        path = self.folder / "zaqar.conf"
        path.write_text(CONFIGURATION.format(
            port=self.redis.port, **{name: "\n".join(text) for name, text in lines.items()}))
        (self.folder / "app.py").write_text(APPLICATION.format(path=str(path)))

    def stop(self, how=signal.SIGINT, keep=False):
        try:
            return super().stop(how, keep)
        finally:
            self.redis.stop()
