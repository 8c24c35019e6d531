"""What a server counts, as Prometheus' own parser reads it."""

import http.client
import urllib.parse

from prometheus_client.parser import text_string_to_metric_families


def ask(url, path, method="GET", body=None, headers=None):
    """One request to the listener for operators: status, headers, text."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


class Metrics:
    """One scrape."""

    def __init__(self, server):
        status, headers, self.text = ask(server.admin, "/metrics")
        assert status == 200
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.families = {f.name: f for f in text_string_to_metric_families(self.text)}
        self.samples = [s for f in self.families.values() for s in f.samples]

    def get(self, name, **labels):
        """The sum of the samples of that name that have these labels among theirs."""
        return sum(s.value for s in self.samples
                   if s.name == name and labels.items() <= s.labels.items())

    def series(self, name):
        return [s for s in self.samples if s.name == name]


def grown(server, before, name, **labels):
    """By how much a counter has grown since an earlier scrape."""
    return Metrics(server).get(name, **labels) - before.get(name, **labels)
