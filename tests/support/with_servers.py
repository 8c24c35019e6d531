#!/usr/bin/python3
"""with_servers.py COMMAND...: runs the command with a Redis and a PostgreSQL of its own.

They stand in NUSKU_TEST_REDIS_URI and NUSKU_TEST_POSTGRESQL_URI, unless these are set already.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from support.servers import PostgreSQL, Redis  # noqa: E402


def main():
    env = dict(os.environ)
    with Redis() as redis, PostgreSQL() as postgresql:
        env.setdefault("NUSKU_TEST_REDIS_URI", redis.uri)
        env.setdefault("NUSKU_TEST_POSTGRESQL_URI", postgresql.database("nusku_test"))
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
