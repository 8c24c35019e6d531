"""The same requests to Nusku and to its peer: whatever they answer differently is known and explained.

Scenarios come from a seed (generate.py), are played on both sides (compare.py), and each difference must be
explained by exactly one entry of known.py, each of which must be seen. NUSKU_TEST_SEED sets another seed,
NUSKU_TEST_SCENARIOS another number of scenarios (with fewer than usual, entries need not be seen), and
NUSKU_TEST_REPORT names a file for the summary. Without NUSKU_ZAQAR_VENV (see support/zaqar.py) there is no
peer to ask: what needs one is skipped.
"""

import collections
import concurrent.futures
import dataclasses
import json
import os
import re
import threading
import time

import pytest

import compare
import generate
import known
from support import zaqar
from support.servers import ROOT, Nusku, Redis

SEED = int(os.environ.get("NUSKU_TEST_SEED", "20260630"))
USUAL = 600  # scenarios; enough for every entry to be seen
SCENARIOS = int(os.environ.get("NUSKU_TEST_SCENARIOS", USUAL))
DOCUMENT = ROOT / "doc" / "compatibility.md"
SHOWN = 12  # reports that are printed in full


# ---- Judging ------------------------------------------------------------------------------------

class Findings:
    """Takes differences from several threads, and sorts them."""

    def __init__(self, entries):
        self.entries = entries
        self.seen = collections.Counter()  # id -> differences
        self.unexplained = []
        self.ambiguous = []  # (difference, ids)
        self.broken = []  # (difference, id, exception of its matcher)
        self.lock = threading.Lock()

    def judge(self, found):
        """Takes the differences of a step; says whether one of them is not explained."""
        sorted_ones = [(d, [e.id for e in self.entries if self.explains(e, d)]) for d in found]
        with self.lock:
            for difference, ids in sorted_ones:
                if not ids:
                    self.unexplained.append(difference)
                elif len(ids) > 1:
                    self.ambiguous.append((difference, ids))
                self.seen.update(ids)
        return any(not ids for _, ids in sorted_ones)

    def explains(self, entry, difference):
        try:
            return entry.matches(difference)
        except Exception as e:  # pylint: disable=broad-except
            with self.lock:
                self.broken.append((difference, entry.id, repr(e)))
            return False

    def stale(self):
        return [e.id for e in self.entries if not self.seen[e.id]]

    def faults(self, full):
        """What is wrong, as texts; entries that were not seen count in a full run."""
        texts = [f"no entry of known.py explains this:\n{compare.report(d)}" for d in self.unexplained]
        texts += [f"several entries of known.py explain this: {', '.join(ids)}\n{compare.report(d)}"
                  for d, ids in self.ambiguous]
        texts += [f"the matcher of {id!r} fails with {e} on this:\n{compare.report(d)}" for d, id, e in self.broken]
        if full:
            texts += [f"the entry {id!r} of known.py was not seen: is it stale?" for id in self.stale()]
        return texts

    def summary(self, scenarios, steps, seconds):
        lines = [f"seed {SEED} (NUSKU_TEST_SEED repeats it): {scenarios} scenarios, {steps} steps,"
                 f" {self.seen.total() + len(self.unexplained)} differences in {seconds:.0f} s",
                 f"{len(self.unexplained)} unexplained, {len(self.ambiguous)} explained twice,"
                 f" {len(self.entries)} entries, {len(self.stale())} not seen"]
        lines += [f"{self.seen[e.id]:6} {e.id}: {e.reason}" for e in self.entries]
        return "\n".join(lines) + "\n"


# ---- The two services ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def ports(request):
    """{setup: (port of the peer, port of Nusku)}, each with a Redis of its own."""
    if not zaqar.environment():
        why = "NUSKU_ZAQAR_VENV is not set: there is no peer to compare with"
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"SKIPPED: {why}", flush=True)
        pytest.skip(why)
    running = []

    def keep(server):
        running.append(server)
        return server

    def nusku(options):
        redis = keep(Redis())
        return keep(Nusku(store=redis.uri, options=[f"signed_url.secret_key={generate.SECRET}",
                                                    "transport.message_encryption_keys=a:" + 64 * "5",
                                                    *(f"{n}={v}" for n, v in options.items())]))

    with concurrent.futures.ThreadPoolExecutor() as pool:
        starting = {name: (pool.submit(lambda o=options: keep(zaqar.Zaqar(o))), pool.submit(nusku, options))
                    for name, options in generate.SETUPS.items()}
    try:
        yield {name: tuple(s.result().port for s in pair) for name, pair in starting.items()}
        for _, pair in starting.items():
            server = pair[1].result()
            assert server.process.poll() is None, server.text()[-4000:]
    finally:
        for server in reversed(running):
            server.stop()


def test_same_answers(ports, capfd):
    findings = Findings(known.KNOWN)
    began = time.monotonic()
    scenarios, steps = compare.run(generate.scenarios(SEED, SCENARIOS), ports, findings.judge)
    summary = findings.summary(scenarios, steps, time.monotonic() - began)
    with capfd.disabled():
        print("\n" + summary, flush=True)
    if report := os.environ.get("NUSKU_TEST_REPORT"):
        with open(report, "w", encoding="utf-8") as file:
            file.write(summary)
    faults = findings.faults(full=SCENARIOS >= USUAL)
    if faults:
        rest = f"\n\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        pytest.fail(f"seed {SEED}: {len(faults)} faults\n\n" + "\n\n".join(faults[:SHOWN]) + rest, pytrace=False)


# ---- That differences are found -----------------------------------------------------------------

class Doctored(compare.Side):
    """Nusku, with answers that are changed on their way."""

    def __init__(self, port, change):
        super().__init__("Nusku", port, True)
        self.change = change

    def exchange(self, step):
        answer = super().exchange(step)
        self.change(step, answer)
        return answer


def in_body(answer, change):
    body = json.loads(answer.body)
    change(body)
    answer.body = json.dumps(body).encode()


def on(label, change):
    """Changes the body of the answer to the step of that label."""
    def doctor(step, answer):
        if step.label == label:
            in_body(answer, change)
    return doctor


def status_of(label, status):
    def doctor(step, answer):
        if step.label == label:
            answer.status = status
    return doctor


def header_of(label, name, value):
    def doctor(step, answer):
        if step.label == label:
            answer.headers.pop(name)
            if value is not None:
                answer.headers[name] = value
    return doctor


def swap(body):
    body["messages"].reverse()


def stale_claim(body):
    del body["messages"][0]["href"]


CHANGES = {
    "status of a queue made": status_of("put", 204),
    "status of a claim that is empty": status_of("claim nothing", 200),
    "location lost": header_of("put", "location", None),
    "location elsewhere": header_of("claim", "location", "/v2/queues/a/claims/x"),
    "content type": header_of("list", "content-type", "application/json; charset=utf-8"),
    "request id": header_of("list", "x-openstack-request-id", "1"),
    "a message lost": on("list", lambda body: body["messages"].pop()),
    "all messages lost": on("list", lambda body: body.update(messages=[], links=[])),
    "messages out of order": on("list", swap),
    "a message twice": on("list", lambda body: body["messages"].append(body["messages"][0])),
    "a body changed": on("list", lambda body: body["messages"][0].update(body={"a": 1.2})),
    "a number of another type": on("list", lambda body: body["messages"][1].update(body=2.0)),
    "an age": on("list", lambda body: body["messages"][0].update(age=7)),
    "a ttl": on("list", lambda body: body["messages"][0].update(ttl=599)),
    "a member too many": on("list", lambda body: body["messages"][0].update(delay=0)),
    "a link lost": on("list", lambda body: body.update(links=[])),
    "a link without its parameters": on("list", lambda body: body["links"][0].update(href="/v2/queues/q/messages")),
    "a claim's message lost": on("claim", lambda body: body["messages"].pop()),
    "a claim's message without href": on("claim", stale_claim),
    "a claim's ttl": on("get claim", lambda body: body.update(ttl=99)),
    "counts": on("stats", lambda body: body["messages"].update(claimed=0, free=2)),
    "a time": on("stats", lambda body: body["messages"]["oldest"].update(created="2020-01-01T00:00:00Z")),
    "metadata": on("get", lambda body: body.update(a=2)),
    "metadata lost": on("get", lambda body: body.pop("_default_message_ttl")),
    "no JSON": lambda step, answer: setattr(answer, "body", answer.body[:-1]),
    "title of an error": on("bad post", lambda body: body.update(title="Invalid request body")),
    "an error without description": on("bad post", lambda body: body.pop("description")),
    "something popped": on("pop", lambda body: body["messages"].append({"id": "x", "body": 1})),
}


def plain_scenario(number):
    """A scenario that meets no difference but those that stats always show."""
    post = {"messages": [{"body": {"a": 1.10}, "ttl": 600}, {"body": 2, "ttl": 600}]}
    queue = "/v2/queues/q"
    steps = [
        generate.Step("put", "PUT", queue, "{\"a\": 1}"),
        generate.Step("get", "GET", queue),
        generate.Step("bad post", "POST", f"{queue}/messages", "{\"messages\": []}"),
        generate.Step("post", "POST", f"{queue}/messages", json.dumps(post)),
        generate.Step("list", "GET", f"{queue}/messages?echo=true&include_delayed=true"),
        generate.Step("claim", "POST", f"{queue}/claims?limit=2", "{\"ttl\": 100, \"grace\": 60}"),
        generate.Step("get claim", "GET", f"{queue}/claims/<c5>"),
        generate.Step("claim nothing", "POST", f"{queue}/claims"),
        generate.Step("pop", "DELETE", f"{queue}/messages?pop=1"),
        generate.Step("stats", "GET", f"{queue}/stats"),
    ]
    client = "00000000000040008000000000000000"
    return generate.Scenario(number, "planted", "default", [f"planted {number}"], [client, client], steps)


def play_plain(ports, number, change):
    findings = Findings(known.KNOWN)
    peer_port, port = ports["default"]
    sides = compare.Side("the peer", peer_port, False), Doctored(port, change)
    for found in compare.play(plain_scenario(number), *sides):
        findings.judge(found)
    for side in sides:
        side.close()
    return findings


def test_plain_scenario_is_the_same(ports):
    findings = play_plain(ports, -1, lambda step, answer: None)
    assert not findings.faults(full=False)
    assert set(findings.seen) == {"stats-members"}


@pytest.mark.parametrize("what", CHANGES)
def test_planted_difference_is_found(ports, what):
    number = list(CHANGES).index(what)
    findings = play_plain(ports, number, CHANGES[what])
    assert findings.unexplained, "the planted difference went unseen"
    fault = findings.faults(full=False)[0]
    assert "no entry of known.py explains this" in fault and "The sequence:" in fault, fault


def difference():
    """A difference that nothing explains, without a server."""
    step = generate.Step("get", "GET", "/v2/queues/q")
    scenario = generate.Scenario(0, "planted", "default", ["p"], ["c"], [step])
    sides = compare.Side("the peer", 0, False), compare.Side("Nusku", 0, True)
    for side in sides:
        side.begin(scenario)
    answers = compare.Answer(200, {}, b""), compare.Answer(404, {}, b"")
    found, = compare.compare_answers(sides, answers)
    return dataclasses.replace(found, step=step, answers=answers, sides=sides, scenario=scenario,
                               path=step.path, sent=("GET /v2/queues/q",) * 2)


def entries(*matchers):
    return [known.Known(f"entry-{i}", "because", m) for i, m in enumerate(matchers)]


def test_unexplained_difference_is_a_fault():
    findings = Findings(known.KNOWN)
    assert findings.judge([difference()])
    fault, = findings.faults(full=False)
    assert "status differs" in fault and "200" in fault and "404" in fault


def test_difference_explained_twice_is_a_fault():
    findings = Findings(entries(lambda d: True, lambda d: d.where == "status"))
    assert not findings.judge([difference()])
    fault, = findings.faults(full=True)
    assert "entry-0, entry-1" in fault


def test_stale_entry_is_a_fault_of_a_full_run():
    findings = Findings(entries(lambda d: True, lambda d: False))
    assert not findings.judge([difference()])
    fault, = findings.faults(full=True)
    assert "'entry-1'" in fault
    assert not findings.faults(full=False)


def test_matcher_that_fails_is_a_fault():
    findings = Findings(entries(lambda d: d.nothing))
    findings.judge([difference()])
    assert any("matcher of 'entry-0' fails" in f for f in findings.faults(full=False))


# ---- The generator and the document -------------------------------------------------------------

def test_a_seed_makes_the_same_scenarios():
    one, same, other = (generate.scenarios(seed, 40) for seed in (SEED, SEED, SEED + 1))
    assert one == same
    assert one != other


def test_usual_run_holds_every_kind_on_both_setups():
    made = generate.scenarios(SEED, USUAL)
    assert USUAL >= 300
    assert {(s.kind, s.setup) for s in made} == {(k, s) for k in generate.KINDS for s in generate.SETUPS}


def test_ids_are_unique():
    ids = [e.id for e in known.KNOWN]
    assert sorted(ids) == sorted(set(ids))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", id) for id in ids)


def test_document_names_the_known_differences():
    """Each row of a table in doc/compatibility.md ends with the id in backquotes, once."""
    named = re.findall(r"^\|.*\| `([a-z-]+)` \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(set(named)), "named twice"
    ids = {e.id for e in known.KNOWN}
    assert set(named) - ids == set(), "named, but not in known.py"
    assert ids - set(named) == set(), "in known.py, but not named"
