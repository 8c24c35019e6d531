"""Servers with pools, and an administrator who makes some, for the tests of pools and flavors."""

import contextlib
import sqlite3

from support.api import Client, unique
from support.servers import wait_for

OPTIONS = ("DEFAULT.admin_mode=true", "DEFAULT.pooling=true")


def post(api, queue, body=1):
    return api.post(f"/v2/queues/{queue}/messages", {"messages": [{"body": body}]})


def queues_in(store):
    """The names of the queues that an SQLite store, named by its URI, has messages of."""
    with contextlib.closing(sqlite3.connect(store.removeprefix("sqlite://"))) as db:
        return {name.decode() for (name,) in db.execute("SELECT CAST(name AS BLOB) FROM queue")}


class Admin(Client):
    """A client with the role admin, of a new project, who removes what it has made."""

    def __init__(self, port, project=None):
        super().__init__(port, project)
        self.headers["X-Roles"] = "member, admin"
        self.pools, self.flavors = [], []

    def pool(self, uri, name=None, **members):
        """Makes a pool and returns its name."""
        name = name or unique("pool")
        answer = self.put(f"/v2/pools/{name}", {"uri": uri, "weight": 1, **members})
        assert answer.status == 201, answer
        self.pools.append(name)
        return name

    def flavor(self, *pools, name=None):
        """Makes a flavor of these pools and returns its name."""
        name = name or unique("flavor")
        answer = self.put(f"/v2/flavors/{name}", {"pool_list": list(pools)})
        assert answer.status == 201, answer
        self.flavors.append(name)
        return name

    def clean(self):
        for name in self.flavors:
            assert self.delete(f"/v2/flavors/{name}").status == 204
        for name in self.pools:
            wait_for(lambda n=name: self.delete(f"/v2/pools/{n}").status == 204, 60,
                     f"removal of {name}")
