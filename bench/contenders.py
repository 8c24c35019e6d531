"""What is measured: each contender starts what it needs on free ports, and stops it.

A contender has a name, a port, the kind of its queues, the folder of its loads, and stop().
"""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = pathlib.Path(os.environ.get("NUSKU_ZAQAR_VENV", ROOT / "build" / "peer-venv"))
REQUIREMENTS = ROOT / "tests" / "requirements.txt"
ELASTICMQ = ROOT / "bench" / "elasticmq"

sys.path.insert(0, str(ROOT / "tests"))

import queues  # noqa: E402
from support.servers import (BUILD, Cluster, Nusku, PostgreSQL, Redis, Server, answers,  # noqa: E402
                             free_port)
from support.zaqar import Zaqar  # noqa: E402


class Contender:
    Queue = queues.MessagingQueue
    loads = "."  # folder of the wrk scripts that speak its protocol
    most_claims_a_second = 25000
    warm_up_s = 2

    def __init__(self):
        self.servers = []
        try:
            self.port = self.start()
        except BaseException:
            self.stop()
            raise

    def add(self, server):
        self.servers.append(server)
        return server

    def stop(self):
        for server in reversed(self.servers):
            server.stop()


class ZaqarOnRedis(Contender):
    name = "Zaqar"
    title = "Zaqar 23.0.1 under uwsgi with two processes, on Redis (appendonly no)"
    most_claims_a_second = 0  # it gets slower with each: 5,000 will do

    def start(self):
        if not (VENV / "bin" / "uwsgi").exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", VENV], check=True)
            subprocess.run([VENV / "bin" / "pip", "install", "-q", "--no-cache-dir", "-r", REQUIREMENTS], check=True)
        os.environ["NUSKU_ZAQAR_VENV"] = str(VENV)
        return self.add(Zaqar(processes=2)).port


class ElasticMq(Contender):
    name = "ElasticMQ"
    title = "ElasticMQ 1.6.12, a queue in the memory of a JVM, by SQS' query protocol; its claims hold no list"
    Queue = queues.SqsQueue
    loads = "sqs"
    warm_up_s = 30  # until the JVM has compiled what is hot

    def start(self):
        jars = ROOT / "build" / "elasticmq"
        if not jars.exists():
            subprocess.run(["mvn", "-q", "-B", "-f", ELASTICMQ / "pom.xml", "dependency:copy-dependencies",
                            f"-DoutputDirectory={jars}"], check=True)
        server = self.add(Server("elasticmq"))
        port = free_port()
        conf = server.folder / "elasticmq.conf"
        conf.write_text((ELASTICMQ / "elasticmq.conf").read_text().replace("@PORT@", str(port)))
        server.spawn(["java", f"-Dconfig.file={conf}", "-cp", f"{jars}/*", "org.elasticmq.server.Main"])
        server.require(lambda: "server (1.6.12) started" in server.text() and answers(port), 60)
        return port


class Floor(Contender):
    name = "bare pipeline"
    title = "h2o, nng, hiredis and one script of Redis with nothing around them (floor.c), for posts alone"
    Queue = queues.NoQueue

    def start(self):
        redis = self.add(Redis())
        server = self.add(Server("floor"))
        port = free_port()
        server.spawn([BUILD / "bench" / "nusku-floor", port, redis.port])
        server.require(lambda: "ready" in server.text())
        return port


class NuskuOnRedis(Contender):
    name = "Nusku, Redis"
    title = "a router with one thread and a worker, as processes of their own; Redis (appendonly no); SQLite catalog"
    redis_options = ()
    catalog = None

    def start(self):
        redis = self.add(Redis(*self.redis_options))
        catalog = self.add(PostgreSQL()).database("nusku") if self.catalog else None
        return self.add(Cluster(redis.uri, catalog=catalog, workers=1)).routers[0].port


class NuskuOnRedisEverySecond(NuskuOnRedis):
    name = "Nusku, Redis everysec"
    title = "the same; Redis with appendonly yes, appendfsync everysec"
    redis_options = ("--appendonly", "yes", "--appendfsync", "everysec")


class NuskuOnRedisAlways(NuskuOnRedis):
    name = "Nusku, Redis always"
    title = "the same; Redis with appendonly yes, appendfsync always: an answered post is on the disk"
    redis_options = ("--appendonly", "yes", "--appendfsync", "always")


class NuskuOnPostgreSQL(NuskuOnRedis):
    name = "Nusku, PostgreSQL catalog"
    title = "as Nusku, Redis, with the catalog in PostgreSQL"
    catalog = True


class NuskuOnSQLite(Contender):
    name = "Nusku, SQLite"
    title = "nusku dev as it comes: one process, everything in SQLite, an answered post is on the disk"

    def start(self):
        return self.add(Nusku()).port


ALL = [ZaqarOnRedis, ElasticMq, Floor, NuskuOnRedis, NuskuOnRedisEverySecond, NuskuOnRedisAlways,
       NuskuOnPostgreSQL, NuskuOnSQLite]
