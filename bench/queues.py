"""What is asked of a contender outside of the measured time: a new queue, its filling, its counts."""

import http.client
import json
import re
import urllib.parse
import uuid

BODY = {"event": "ActivateAccount", "id": "4a6ae2e7-9bcd-4bff-9d26-6ea3b3b8cd44"}


class Failed(Exception):
    """A contender refused what prepares or checks a load."""


def ask(port, method, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 400:
        raise Failed(f"{method} {path}: {answer.status} {text[:300]}")
    return text


class MessagingQueue:
    """A queue of the Messaging API."""

    HEADERS = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734d", "X-Project-ID": "bench",
               "Content-Type": "application/json"}

    def __init__(self, port):
        self.port = port
        self.path = f"/v2/queues/bench-{uuid.uuid4().hex[:12]}"
        self.ask("PUT", self.path, {})

    def ask(self, method, path, document=None):
        text = ask(self.port, method, path, None if document is None else json.dumps(document),
                   self.HEADERS)
        return json.loads(text) if text else None

    def fill(self, n, ttl=3600, **more):
        for at in range(0, n, 1000):
            batch = [{"ttl": ttl, "body": BODY, **more}] * min(1000, n - at)
            self.ask("POST", f"{self.path}/messages", {"messages": batch})

    def claim(self, n):
        for _ in range(0, n, 20):
            self.ask("POST", f"{self.path}/claims?limit=20", {"ttl": 3600, "grace": 60})

    def listed(self, n):
        """How many messages a list of at most n has."""
        return len(self.ask("GET", f"{self.path}/messages?limit={n}&echo=true")["messages"])

    def counts(self):
        """(all messages, those that are claimed)"""
        stats = self.ask("GET", f"{self.path}/stats")["messages"]
        return stats["total"], stats["claimed"]

    def drop(self):
        self.ask("DELETE", self.path)


class SqsQueue:
    """A queue of Amazon's SQS API, its query protocol."""

    HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}

    def __init__(self, port):
        self.port = port
        name = f"bench-{uuid.uuid4().hex[:12]}"
        self.path = f"/000000000000/{name}"
        self.ask("/", {"Action": "CreateQueue", "QueueName": name})

    def ask(self, path, parameters):
        return ask(self.port, "POST", path, urllib.parse.urlencode(parameters), self.HEADERS).decode()

    def fill(self, n):
        for at in range(0, n, 10):
            batch = {"Action": "SendMessageBatch"}
            for i in range(1, min(10, n - at) + 1):
                batch[f"SendMessageBatchRequestEntry.{i}.Id"] = str(i)
                batch[f"SendMessageBatchRequestEntry.{i}.MessageBody"] = json.dumps(BODY)
            self.ask(self.path, batch)

    def counts(self):
        text = self.ask(self.path, {"Action": "GetQueueAttributes", "AttributeName.1": "All"})
        values = dict(re.findall(r"<Name>(\w+)</Name>\s*<Value>(\d+)</Value>", text))
        free = int(values["ApproximateNumberOfMessages"])
        claimed = int(values["ApproximateNumberOfMessagesNotVisible"])
        return free + claimed, claimed

    def drop(self):
        self.ask(self.path, {"Action": "DeleteQueue"})


class NoQueue:
    """For the bare pipeline: there is nothing to prepare, and nothing to ask."""

    path = "/queue"

    def __init__(self, port):
        self.port = port

    def counts(self):
        return None

    def drop(self):
        pass
