"""Sends a scenario to both sides and says in what their answers differ.

Compared are the status, all headers but those that can't be equal, and the body. Ids stand as the names of
the generator's references (<m3.0>), so that they can be compared; ages and times may differ by a second or
two; of errors the title counts, and whether there is a description, not its words. JSON is compared by its
values, the parameters of a link without regard to their order, and a marker among messages not at all: it
is opaque, and following the link shows whether it is right.
"""

import concurrent.futures
import dataclasses
import datetime
import http.client
import json
import re
import threading
import time
import xml.etree.ElementTree

IGNORED_HEADERS = {"date", "server", "connection", "content-length", "keep-alive", "transfer-encoding"}
SECONDS = 2  # by which ages and times may differ

MESSAGE = r"(/(?:messages|subscriptions)/\d+|/messages/(oldest|newest)|)"  # where a message or subscription stands in a body
IS_ID = re.compile(MESSAGE + r"/(id|claim_id|subscription_id)$")
IS_HREF = re.compile(rf"({MESSAGE}/href|/links/\d+/href|/queues/\d+/href|/resources/\d+)$")
IS_AGE = re.compile(MESSAGE + r"/age$")
IS_TIME = re.compile(MESSAGE + r"/created$")
REFERENCE = re.compile(r"<([mcns]\d+(?:\.\d+)?)>")
TOKEN = re.compile(r"[A-Za-z0-9_-]{6,}")
ABSENT = "(absent)"


class NoAnswer(Exception):
    """A side closed the connection, or was silent for too long."""


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # lower-case name -> value
    body: bytes

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self):
        headers = "".join(f"\n    {n}: {v}" for n, v in self.headers.items() if n not in IGNORED_HEADERS)
        return f"{self.status}{headers}\n    {self.body[:2000].decode(errors='replace')}"


@dataclasses.dataclass
class Difference:
    where: str  # "status", "header vary", or the place in the body: "/messages/0/ttl"
    peer: object
    nusku: object
    step: object = None
    number: int = 0
    answers: tuple = ()  # of the peer, of Nusku
    past: list = ()  # of Past, the steps before
    sides: tuple = ()
    sent: tuple = ()  # method and path as they were sent to each
    path: str = ""  # of the step, with links followed and ids as references
    scenario: object = None


@dataclasses.dataclass
class Past:
    """A step that was taken."""

    number: int
    step: object
    path: str  # with links followed and ids as references
    peer: Answer
    nusku: Answer


class Side:
    """One of the two services, in one scenario."""

    def __init__(self, name, port, keep_alive):
        self.name = name
        self.port = port
        self.keep_alive = keep_alive
        self.connection = None

    def begin(self, scenario):
        self.scenario = scenario
        self.given = {}  # reference -> what this side gave for it
        self.names = {}  # the reverse, for ids

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    # ---- Sending ----

    def resolve(self, text):
        """Puts what this side gave in the place of references."""
        return REFERENCE.sub(lambda m: self.given.get(
            m[1], "/v2/queues" if m[1][0] == "n" else f"none-{m[1]}"), text)

    def send(self, step):
        """Sends a step; a second time if a connection that was kept turns out to be closed."""
        reused = self.connection is not None
        try:
            return self.exchange(step)
        except (http.client.HTTPException, OSError) as e:
            self.close()
            if not reused:
                raise NoAnswer(f"{self.name} gave no answer: {e!r}\n{describe_step(0, step)}") from e
        return self.exchange(step)

    def exchange(self, step):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = step.body
        if isinstance(body, str):
            body = self.resolve(body).encode()
        headers = {"Host": "127.0.0.1", "Client-ID": self.scenario.clients[step.client],
                   "X-Project-ID": self.scenario.projects[step.project]}
        if step.chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body is not None:
            headers["Content-Length"] = str(len(body))
        headers.update(step.headers)
        self.connection.putrequest(step.method, self.resolve(step.path), skip_host=True,
                                   skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                self.connection.putheader(name, value)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        answer = Answer(response.status, {n.lower(): v for n, v in response.getheaders()},
                        response.read())
        if not self.keep_alive or response.will_close:
            self.close()
        return answer

    def learn(self, number, step, answer):
        """Takes note of what later steps may refer to."""
        body = answer.json()
        if answer.status == 201 and "/claims" in step.path:
            self.give(f"c{number}", answer.headers.get("location", "").rpartition("/")[2])
        elif answer.status == 201 and "/messages" in step.path and isinstance(body, dict):
            for i, path in enumerate(body.get("resources", [])):
                self.give(f"m{number}.{i}", path.rpartition("/")[2])
        elif answer.status == 201 and "/subscriptions" in step.path and isinstance(body, dict):
            self.give(f"s{number}", body.get("subscription_id", ""))
        elif answer.status == 200 and isinstance(body, dict) and body.get("links"):
            self.given[f"n{number}"] = body["links"][0]["href"]

    def give(self, reference, token):
        self.given[reference] = token
        self.names[token] = f"<{reference}>"

    # ---- What an answer says, in words that both sides share ----

    def named(self, text):
        return TOKEN.sub(lambda m: self.names.get(m[0], m[0]), text)

    def href(self, text):
        path, mark, query = self.named(text).partition("?")
        if mark and "/messages" in path:
            query = re.sub(r"\bmarker=[^&]*", "marker=*", query)
        return path + mark + "&".join(sorted(query.split("&")))

    def view(self, value, path=""):
        if isinstance(value, dict):
            return {k: self.view(v, f"{path}/{k}") for k, v in value.items()}
        if isinstance(value, list):
            return [self.view(v, f"{path}/{i}") for i, v in enumerate(value)]
        if isinstance(value, str) and IS_HREF.match(path):
            return self.href(value)
        if isinstance(value, str) and IS_ID.match(path):
            return self.named(value)
        return value

    def headers(self, answer):
        seen = {n: v for n, v in answer.headers.items() if n not in IGNORED_HEADERS}
        if "location" in seen:
            seen["location"] = self.href(seen["location"])
        if "allow" in seen:
            seen["allow"] = sorted(seen["allow"].split(", "))
        if re.fullmatch(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", seen.get("x-openstack-request-id", "")):
            seen["x-openstack-request-id"] = "req-<uuid>"
        return seen

    def body(self, answer):
        text = answer.body.decode(errors="replace")
        if not text:
            return None
        if "json" in answer.headers.get("content-type", ""):
            value = answer.json()
            if value is None:
                return f"no JSON: {text}"
            return error_view(value) if answer.status >= 400 else self.view(value)
        if "xml" in answer.headers.get("content-type", ""):
            root = xml.etree.ElementTree.fromstring(text)
            return {"root": root.tag, **error_view({e.tag: e.text or "..." for e in root})}
        return text


def error_view(value):
    """The shape of an error: its title, and that there is a description or a link."""
    if isinstance(value, dict):
        return {k: v if k == "title" else bool(v) for k, v in value.items()}
    return value


# ---- Comparing ----------------------------------------------------------------------------------

def close_times(a, b):
    form = "%Y-%m-%dT%H:%M:%SZ"
    try:
        apart = datetime.datetime.strptime(a, form) - datetime.datetime.strptime(b, form)
    except (TypeError, ValueError):
        return False
    return abs(apart.total_seconds()) <= SECONDS


def same(path, a, b):
    if type(a) is not type(b):
        return False
    if IS_AGE.match(path) and type(a) is int:
        return abs(a - b) <= SECONDS
    if IS_TIME.match(path):
        return close_times(a, b)
    return repr(a) == repr(b)


def identities(values):
    """What makes lists the same list: their ids or names, else their length."""
    return [v.get("id", v.get("name")) if isinstance(v, dict) else None for v in values]


def compare_values(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(k for k in b if k not in a)]:
            yield from compare_values(a.get(key, ABSENT), b.get(key, ABSENT), f"{path}/{key}")
    elif isinstance(a, list) and isinstance(b, list) and identities(a) == identities(b):
        for i, (one, other) in enumerate(zip(a, b)):
            yield from compare_values(one, other, f"{path}/{i}")
    elif not same(path, a, b):
        yield Difference(path or "body", a, b)


def compare_answers(sides, answers):
    """Yields the differences of two answers. A different status is all that there is to say."""
    (peer, nusku), (a, b) = sides, answers
    if a.status != b.status:
        yield Difference("status", a.status, b.status)
        return
    one, other = peer.headers(a), nusku.headers(b)
    for name in sorted({*one, *other}):
        if one.get(name, ABSENT) != other.get(name, ABSENT):
            yield Difference(f"header {name}", one.get(name, ABSENT), other.get(name, ABSENT))
    yield from compare_values(peer.body(a), nusku.body(b))


def refers(step):
    """The references in a step."""
    body = step.body if isinstance(step.body, str) else ""
    return set(REFERENCE.findall(step.path + body))


def unescaped(path):
    """A path without escapes that need not be."""
    return re.sub(r"%([0-9A-Fa-f]{2})",
                  lambda m: c if re.match(r"[A-Za-z0-9._~-]", c := chr(int(m[1], 16))) else m[0], path)


def parted(step, found):
    """Whether the two sides no longer hold the same after a step with these differences."""
    if step.method in ("GET", "HEAD", "OPTIONS"):
        return any((d.where, d.peer, d.nusku) == ("status", 404, 200) for d in found)
    return any(d.where == "/messages" or (d.where == "status" and min(d.peer, d.nusku) < 400)
               for d in found)


def play(scenario, peer, nusku):
    """Sends the steps to both, and yields the differences of each step as a list.

    It ends early when a difference leaves the two in different states: what follows would be another
    question to each. For the same reason steps are left out that refer to a list that differed.
    """
    sides = (peer, nusku)
    past = []
    lost = set()
    for side in sides:
        side.begin(scenario)
    for number, step in enumerate(scenario.steps):
        if refers(step) & lost:
            lost.add(f"n{number}")
            continue
        time.sleep(step.wait)
        answers = tuple(side.send(step) for side in sides)
        for side, answer in zip(sides, answers):
            side.learn(number, step, answer)
        path = unescaped(nusku.named(nusku.resolve(step.path)))
        found = list(compare_answers(sides, answers))
        for difference in found:
            difference.step, difference.number = step, number
            difference.answers, difference.past = answers, list(past)
            difference.scenario, difference.sides = scenario, sides
            difference.sent = tuple(side.resolve(f"{step.method} {step.path}") for side in sides)
            difference.path = path
        if any(re.match(r"(status|/queues|/messages|/subscriptions)\b", d.where) for d in found):
            lost.add(f"n{number}")
        past.append(Past(number, step, path, *answers))
        yield found
        if parted(step, found):
            return


def run(scenarios, ports, judge, workers=4):
    """Plays the scenarios, some at a time: ports is {setup: (of the peer, of Nusku)}.

    judge gets the differences of each step; a true answer ends the scenario. Returns the numbers of
    scenarios and steps.
    """
    local = threading.local()

    def sides(setup):
        if not hasattr(local, "sides"):
            local.sides = {name: (Side("peer", a, False), Side("Nusku", b, True))
                           for name, (a, b) in ports.items()}
        return local.sides[setup]

    def one(scenario):
        steps = 0
        for found in play(scenario, *sides(scenario.setup)):
            steps += 1
            if found and judge(found):
                break
        return steps

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        steps = list(pool.map(one, scenarios))
    return len(steps), sum(steps)


# ---- Reporting ----------------------------------------------------------------------------------

def short(text, most=300):
    text = text if isinstance(text, str) else repr(text)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def describe_step(number, step):
    text = f"{number:3} {step.label}: {step.method} {short(step.path)}"
    if step.client or step.project or step.headers or step.chunked or step.wait:
        text += f"  [client {step.client}, project {step.project}, headers {step.headers}" \
                f"{', chunked' if step.chunked else ''}{f', after {step.wait} s' if step.wait else ''}]"
    return text + (f"\n      {short(step.body)}" if step.body is not None else "")


def report(difference):
    """The sequence so far, both answers, and what differs."""
    d = difference
    lines = [f"Scenario {d.scenario.number} ({d.scenario.kind}, setup {d.scenario.setup}), step {d.number}:"
             f" {d.where} differs", f"  the peer: {short(repr(d.peer), 1500)}",
             f"  Nusku:    {short(repr(d.nusku), 1500)}", "The sequence:"]
    for p in d.past:
        lines.append(describe_step(p.number, p.step))
        lines.append(f"      -> {p.peer.status}" + (f", {p.nusku.status}" * (p.peer.status != p.nusku.status)))
    lines.append(describe_step(d.number, d.step))
    for side, sent, answer in zip(d.sides, d.sent, d.answers):
        lines += [f"{side.name}: {sent}", f"  {answer}"]
    return "\n".join(lines)
