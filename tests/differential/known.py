"""The known differences: what Nusku answers otherwise than its peer, and why.

Each entry has a short id, which stands in doc/compatibility.md, a reason, and a matcher as narrow as can
be. A difference that occurs must be matched by exactly one entry, and each entry must be seen in a full
run: one that is not is stale, and goes.
"""

import dataclasses
import json
import re
import typing
import urllib.parse

from compare import ABSENT, Difference
from generate import DEFAULTS, PATCH_TYPE, SETUPS


@dataclasses.dataclass(frozen=True)
class Known:
    id: str
    reason: str
    matches: typing.Callable[[Difference], bool]


KNOWN = []


def known(id, reason):
    """Registers a matcher."""
    def register(matches):
        KNOWN.append(Known(id, reason, matches))
        return matches
    return register


# ---- What a difference is about -----------------------------------------------------------------

QUEUE = r"/v2/queues/([^/]+)"
QUEUES, STATS, PURGE, SHARE = r"/v2/queues", QUEUE + "/stats", QUEUE + "/purge", QUEUE + "/share"
MESSAGES, CLAIMS = QUEUE + "/messages", QUEUE + "/claims"
MESSAGE, CLAIM = MESSAGES + "/([^/]*)", CLAIMS + "/([^/]*)"
SUBSCRIPTIONS, SUBSCRIPTION = QUEUE + "/subscriptions", QUEUE + "/subscriptions/([^/]*)"


def status(d, peer, nusku):
    return d.where == "status" and (d.peer, d.nusku) == (peer, nusku)


def to(d, method, path):
    """Whether the request is of this method (several: "GET POST") and path (a regular expression)."""
    return d.step.method in method.split() and bool(re.fullmatch(path, d.path.partition("?")[0]))


def parameters(path):
    """The parameters of a request: name -> list of values."""
    return urllib.parse.parse_qs(path.partition("?")[2])


def query(d):
    return parameters(d.path)


def listed(parameters, name):
    """The values of a parameter that is a list."""
    return [v for part in parameters.get(name, []) for v in part.split(",") if v]


def parse(text):
    """The JSON that was sent, or None."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None


def text(d):
    """The body that was sent, if it is text."""
    return d.step.body if isinstance(d.step.body, str) else ""


def document(d):
    return parse(d.step.body)


def title(d, side=1):
    """The title of the error that came back: from the peer (0) or Nusku (1)."""
    return title_of(d.answers[side])


def title_of(answer):
    body = answer.json()
    return body.get("title") if isinstance(body, dict) else None


def members(d, side, name):
    """What is in a list of the answer: of queues the names, else the ids."""
    body = d.answers[side].json()
    found = body.get(name) if isinstance(body, dict) else None
    found = found if isinstance(found, list) else []
    return [m["name"] if name == "queues" else d.sides[side].named(m["id"]) for m in found]


def limit(d, name):
    return SETUPS[d.scenario.setup].get("transport." + name, DEFAULTS[name])


class Story:
    """What happened in a scenario so far, as matchers need it. A place is (project, queue)."""

    def __init__(self, d):
        self.d = d
        self.made = set()  # places that are queues
        self.refused = set()  # places where a refused post made a queue, on the peer only
        self.posted = {}  # message -> place
        self.holders = {}  # message -> claim
        self.counts = {}  # message -> times that it was claimed
        self.metadata = {}  # place -> metadata, as far as a matcher needs it
        self.ttls = {}  # message -> ttl that it was posted with, or that of its queue
        self.delayed = set()  # messages that were posted with a delay
        self.dead = set()  # messages that were claimed too often, and went
        self.beyond = {}  # those of them that a claim met beyond its limit -> place that they left
        self.doubled = set()  # places where a claimed message was named twice in one deletion
        self.claims = {}  # claim -> place
        self.outlived = set()  # claims of queues that were deleted
        self.terms = []  # (ttl, grace) of claims and renewals
        self.strayed = set()  # messages deleted through a place that isn't theirs
        self.spared = set()  # messages that were claimed or delayed when their queue was purged
        self.subscribed = {}  # place -> steps that made or found a subscription
        self.renamed = set()  # places where a subscription was given a subscriber
        self.bereaved = set()  # places of queues that were deleted with subscriptions
        self.ended = set()  # places where the peer keeps a subscription that ended as it was made
        self.unpurged = set()  # places with more than ten subscriptions when they were purged
        for p in d.past:
            found = re.match(QUEUE, p.path)
            if found:
                self.tell(p, (p.step.project, found[1].partition("?")[0]))

    def tell(self, p, place):
        path, _, _ = p.path.partition("?")
        if p.nusku.status < 300 and (p.step.method, path.rpartition("/")[2]) == ("POST", "claims") \
                or p.step.method == "PATCH" and re.fullmatch(CLAIM, path):
            self.terms.append(terms(self.d, p.step))
        if p.step.method == "PUT" and p.nusku.status in (201, 204):
            self.made.add(place)
            if p.nusku.status == 201:
                self.metadata[place] = parse(p.step.body) or {}
        elif p.step.method == "PATCH" and re.fullmatch(QUEUE, path) and p.nusku.status == 200:
            self.metadata[place] = p.nusku.json()
        elif p.step.method == "DELETE" and re.fullmatch(QUEUE, path) and p.nusku.status == 204:
            self.made.discard(place)
            self.refused.discard(place)
            self.outlived |= {c for c, at in self.claims.items() if at == place}
            self.posted = {m: at for m, at in self.posted.items() if at != place}
            if self.subscribed.pop(place, None):
                self.bereaved.add(place)
        elif re.match(SUBSCRIPTIONS, path):
            self.tell_subscription(p, path, place)
        elif p.step.method == "POST" and re.fullmatch(MESSAGES, path):
            self.tell_post(p, place)
        elif p.step.method == "DELETE" and re.match(MESSAGES, path):
            self.tell_deletion(p, path, place)
        elif p.step.method == "POST" and re.fullmatch(CLAIMS, path) and p.nusku.status < 300:
            self.tell_claim(p, place)
        elif p.step.method == "DELETE" and re.fullmatch(CLAIM, path) and p.nusku.status == 204:
            claim = path.rpartition("/")[2]
            if self.claims.get(claim) == place:
                self.holders = {m: c for m, c in self.holders.items() if c != claim}
        elif p.step.method == "POST" and re.fullmatch(PURGE, path) and p.nusku.status == 204:
            sent = parse(p.step.body)
            if (sent is None or "subscriptions" in sent["resource_types"]) \
                    and len(self.subscribed.pop(place, ())) > 10:
                self.unpurged.add(place)
            if sent is None or "messages" in sent["resource_types"]:
                self.spared |= {m for m, at in self.posted.items()
                                if at == place and (m in self.holders or m in self.delayed)}
                self.holders = {m: c for m, c in self.holders.items() if self.posted.get(m) != place}

    def add_terms(self, d):
        """Takes the claim of the step itself into account."""
        if to(d, "POST", CLAIMS):
            self.terms.append(terms(d, d.step))

    def tell_post(self, p, place):
        if p.nusku.status == 201:
            self.made.add(place)
            self.refused.discard(place)
            for i, message in enumerate(parse(p.step.body)["messages"]):
                self.posted[f"<m{p.number}.{i}>"] = place
                self.ttls[f"<m{p.number}.{i}>"] = message.get("ttl", self.default_ttl(place))
                if message.get("delay", self.default_delay(place)):
                    self.delayed.add(f"<m{p.number}.{i}>")
        elif place not in self.made and title_of(p.peer) != "Invalid queue identification":
            self.refused.add(place)

    def tell_subscription(self, p, path, place):
        if p.step.method == "POST" and p.nusku.status in (201, 409):
            self.made.add(place)
            self.refused.discard(place)
            self.subscribed.setdefault(place, []).append(p.number)
        elif p.step.method == "POST" and p.peer.status == 500:
            self.ended.add(place)
        if p.step.method == "POST" and place not in self.made \
                and title_of(p.peer) != "Invalid queue identification":
            self.refused.add(place)
        elif p.step.method == "PATCH" and p.nusku.status == 204 and "subscriber" in parse(p.step.body):
            self.renamed.add(place)

    def default_ttl(self, place):
        return self.metadata.get(place, {}).get("_default_message_ttl") \
            or SETUPS[self.d.scenario.setup].get("transport.default_message_ttl", 3600)

    def default_delay(self, place):
        return self.metadata.get(place, {}).get("_default_message_delay")

    def dead_letters(self, place):
        """(target, most claims) if the queue at that place has dead letters."""
        rules = self.metadata.get(place, {})
        if not rules.get("_dead_letter_queue") or "_max_claim_count" not in rules:
            return None
        return (place[0], rules["_dead_letter_queue"]), rules["_max_claim_count"]

    def free(self, place):
        """The messages at a place that no claim holds, oldest first."""
        return [m for m, at in self.posted.items() if at == place and m not in self.holders]

    def due(self, place):
        """Those of them that the next claim moves to the dead letters."""
        rules = self.dead_letters(place)
        if not rules or rules[1] is None:
            return []
        return [m for m in self.free(place) if self.counts.get(m, 0) >= rules[1]]

    def tell_claim(self, p, place):
        due = self.due(place)
        within = self.free(place)[:claim_limit(p.path)]
        for m in due:
            self.posted[m] = self.dead_letters(place)[0]
            self.dead.add(m)
            if m not in within:
                self.beyond[m] = place
        if p.nusku.status == 201:
            self.claims[f"<c{p.number}>"] = place
            for m in p.nusku.json()["messages"]:
                name = self.d.sides[1].named(m["id"])
                self.holders[name] = f"<c{p.number}>"
                self.counts[name] = self.counts.get(name, 0) + 1

    def tell_deletion(self, p, path, place):
        gone = listed(parameters(p.path), "ids") or [path.rpartition("/")[2]]
        if p.nusku.status == 204:
            self.strayed |= {m for m in gone if m in self.posted and self.posted[m] != place}
            if any(m in self.holders and gone.count(m) > 1 for m in gone):
                self.doubled.add(place)
            for m in gone:
                self.holders.pop(m, None)


def claim_limit(path):
    """How many messages a claim asks for; the default if that can't be told."""
    given = parameters(path).get("limit", ["10"])[-1].rpartition(",")[2]
    return int(given) if given.isdecimal() else 10


def terms(d, step):
    """The ttl and grace that a claim or renewal asks for."""
    sent = parse(step.body)
    sent = sent if isinstance(sent, dict) else {}
    return tuple(v if type(v := sent.get(name)) is int else limit(d, f"default_claim_{name}")
                 for name in ("ttl", "grace"))


def place(d):
    found = re.match(QUEUE, d.path.partition("?")[0])
    return (d.step.project, found[1]) if found else None


# ---- Documents, routes, headers -----------------------------------------------------------------

@known("home-unserved", "The home document names only what this version serves.")
def _(d):
    return to(d, "GET", "/v2/") and d.nusku == ABSENT and bool(re.fullmatch(
        r"/resources/rel/(pools?|flavors?|health)", d.where))


@known("home-confirm", "The home document names the confirmation of subscriptions.")
def _(d):
    return to(d, "GET", "/v2/") and (d.where, d.peer) == ("/resources/rel/subscription_confirm", ABSENT)


@known("packed", "An answer that may be packed with gzip says so in Vary.")
def _(d):
    return d.where == "header vary" and (d.peer, d.nusku) == (ABSENT, "Accept-Encoding") and len(d.answers[1].body) >= 8192


@known("home-parameters", "The home document names the parameters that the service reads.")
def _(d):
    return to(d, "GET", "/v2/") and bool(re.fullmatch(
        r"/resources/rel/(message_delete/(href-template|href-vars/claim(_id)?)"
        r"|messages/(href-template|href-vars/include_delayed)"
        r"|queues/(href-template|href-vars/(name|with_count)))", d.where))


@known("home-topics", "The home document names topics, too.")
def _(d):
    return to(d, "GET", "/v2/") and d.peer == ABSENT \
        and bool(re.fullmatch(r"/resources/rel/topic\w*", d.where))


@known("accept-patch", "RFC 5789 wants Accept-Patch with a 415.")
def _(d):
    return d.where == "header accept-patch" and d.peer == ABSENT and d.nusku == PATCH_TYPE \
        and d.answers[1].status == 415


@known("patch-type", "A media type may have parameters and is compared without regard to case.")
def _(d):
    kind = (d.step.headers.get("Content-Type") or "").lower()
    return d.where == "status" and d.peer == 415 and d.nusku in (200, 400, 404) \
        and to(d, "PATCH", QUEUE) and kind.partition(";")[0] == PATCH_TYPE


@known("accept-case", "Media types are compared without regard to case.")
def _(d):
    return d.step.headers.get("Accept") == "APPLICATION/JSON" \
        and (d.where == "status" and d.peer == 406 or d.where == "body" and d.peer is None)


@known("refusal-without-type", "An error without a body has no Content-Type.")
def _(d):
    return d.where == "header content-type" and d.answers[1].status >= 400 and not d.answers[1].body \
        and (d.peer, d.nusku) == ("application/json", ABSENT)


@known("options", "OPTIONS is answered alike, whatever else is wrong with the request.")
def _(d):
    return d.step.method == "OPTIONS" and "allow" not in d.answers[0].headers and d.peer == ABSENT \
        and d.where in ("header allow", "header content-type", "header x-openstack-request-id")


@known("dot-names", "A queue may be called . or .., and its path is taken as it is.")
def _(d):
    return re.match(r"/v2/queues/\.\.?(/|$)", d.step.path) is not None


@known("newline-in-name", "A newline is no character of a queue's name.")
def _(d):
    return "%0A" in d.step.path and d.where in ("status", "/title") and d.answers[1].status == 400 \
        and title(d) == "Invalid queue identification"


@known("integers", "An integer is a sign and decimal digits.")
def _(d):
    return re.search(r"[=](\+1|%201|1%20|1_0|%D9%A1)(&|$)", d.step.path) is not None \
        and d.where in ("status", "/title") and title(d) == "Invalid parameter" \
        and not (d.where == "status" and d.peer >= 500 and commas_only(d)) \
        and queue_list_cause(d) != "queue-filters"


def commas_only(d):
    return re.search(r"[?&](limit|marker|claim_id|name|detailed|echo)=,+(&|$)", d.step.path) is not None


@known("commas-only", "A parameter that holds nothing but commas is absent.")
def _(d):
    return commas_only(d) and d.where == "status" and d.peer in (500, 503)


@known("leading-slashes", "A path begins with one slash.")
def _(d):
    return d.step.path.startswith("//")


@known("escaped-slash", "A path is split before it is decoded: an escaped slash is part of a name.")
def _(d):
    return "%2F" in d.step.path and d.where == "status" and d.peer in (404, 405) and d.nusku == 400 \
        and title(d) == "Invalid queue identification"


@known("extra-spec", "An EXTRA-SPEC header that names no known plugin is the client's fault.")
def _(d):
    return d.step.headers.get("EXTRA-SPEC", "").partition(":")[0] not in ("", "messagecode") \
        and d.where in ("status", "/title") and d.answers[1].status == 400 \
        and (d.step.method == "HEAD" or title(d) == "Invalid API request")


@known("header-blanks", "Blanks at the end of a header are no part of its value.")
def _(d):
    return d.step.headers.get("Client-ID", "") not in ("", None) and d.step.headers["Client-ID"].endswith(" ") \
        and d.where in ("status", "/title") and d.answers[0].status == 400 \
        and (d.step.method == "HEAD" or title(d, 0) == "Wrong UUID value")


@known("client-id-length", "A client id that need not be a UUID is refused for its length.")
def _(d):
    return SETUPS[d.scenario.setup].get("transport.client_id_uuid_safe") == "off" \
        and not 10 <= len(d.step.headers.get("Client-ID") or "") <= 36 \
        and (d.where == "/title" and d.peer == "Wrong UUID value" and d.nusku.startswith("A client id must have")
             or (d.where, d.peer, d.nusku) == ("/description", True, ABSENT)
             and title(d, 0) == "Wrong UUID value")


@known("length-digits", "A Content-Length is made of digits.")
def _(d):
    return d.step.headers.get("Content-Length") == "" and d.where in ("status", "/title") \
        and title(d) == "Invalid header value"


@known("chunked-body", "A body that is sent in chunks is read.")
def _(d):
    return d.step.chunked and d.where in ("status", "/title")


# ---- JSON ---------------------------------------------------------------------------------------

def oddity(d):
    """What the body holds that only some parsers of JSON take."""
    if "[" * 200 in text(d):
        return "deep"
    if re.search(r"\\ud800|\\udc00x", text(d)):
        return "surrogate"
    return "number" if re.search(r"NaN|Infinity", text(d)) else None


def refused_json(d):
    return d.where in ("status", "/title") and d.answers[1].status == 400 \
        and title(d) == "Invalid request body"


@known("json-depth", "A body that is nested too deeply is the client's fault.")
def _(d):
    return oddity(d) == "deep" and refused_json(d) and d.peer == 503


@known("json-surrogate", "Half a surrogate pair is no text, so no JSON either.")
def _(d):
    return oddity(d) == "surrogate" and refused_json(d)


@known("json-number", "NaN and Infinity are no JSON.")
def _(d):
    return oddity(d) == "number" and refused_json(d)


# ---- Queues -------------------------------------------------------------------------------------

def attribute(d, name):
    """The values that the request gives an attribute."""
    sent = document(d)
    if isinstance(sent, list):
        return [c["value"] for c in sent if isinstance(c, dict) and "value" in c
                and str(c.get("path")).endswith("/" + name)]
    return [sent[name]] if isinstance(sent, dict) and name in sent else []


def grown(d):
    return status(d, 200, 400) and to(d, "PATCH", QUEUE) and "would grow" in d.answers[1].body.decode(errors="replace")


def refused_attribute(d, name):
    """Whether Nusku alone refuses a value of the attribute; the values, or nothing."""
    if d.where == "status" and d.nusku == 400 and to(d, "PUT PATCH", QUEUE) and not grown(d):
        return attribute(d, name)
    return []


INTEGERS = ["_max_messages_post_size", "_default_message_ttl", "_default_message_delay",
            "_max_claim_count", "_dead_letter_queue_messages_ttl"]


@known("attribute-empty", "An empty value of another type is a wrong type, as any other is.")
def _(d):
    empty = ("", [], {})
    return any(v in empty and not isinstance(v, bool) for name in (*INTEGERS, "_enable_encrypt_messages")
               for v in refused_attribute(d, name) if not isinstance(v, (int, float))) \
        or any(v in (0, "", [], False) for v in refused_attribute(d, "_retry_policy")
               if not isinstance(v, dict)) \
        or any(type(v) is int and v == 0 for v in refused_attribute(d, "_enable_encrypt_messages"))


@known("dead-letter-name", "_dead_letter_queue is the name of a queue.")
def _(d):
    return d.peer in (200, 201, 204) and any(
        not isinstance(v, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", v)
        for v in refused_attribute(d, "_dead_letter_queue"))


@known("dead-letter-escapes", "_dead_letter_queue is written without escapes.")
def _(d):
    return d.peer in (200, 201, 204) and "\"\\u0064ead\"" in text(d) \
        and "dead" in refused_attribute(d, "_dead_letter_queue")


@known("claim-count-negative", "_max_claim_count is not negative.")
def _(d):
    return d.peer in (200, 201, 204) and any(
        type(v) is int and v < 0 for v in refused_attribute(d, "_max_claim_count"))


@known("zero-shown", "An attribute that was set to zero is shown as it was set.")
def _(d):
    name = re.fullmatch(r"(?:/queues/\d+/metadata)?/(_max_claim_count|_default_message_delay)", d.where)
    return bool(name) and d.peer == (None if name[1] == "_max_claim_count" else 0) \
        and type(d.nusku) in (int, bool) and d.nusku == 0 and to(d, "GET PATCH", f"{QUEUE}|{QUEUES}")


@known("flavor-name", "_flavor is the name of a flavor.")
def _(d):
    return d.peer in (200, 201, 204) and any(
        not isinstance(v, str) for v in refused_attribute(d, "_flavor"))


def is_encrypted(d):
    queue = re.match(QUEUE, d.path)
    return bool(queue) and any(
        p.step.method == "PUT" and p.path == f"/v2/queues/{queue[1].partition('?')[0]}"
        and (parse(p.step.body) or {}).get("_enable_encrypt_messages") is True for p in d.past)


@known("encrypted-taken", "What is claimed or popped is readable, as what is listed is.")
def _(d):
    return bool(re.fullmatch(r"/messages/\d+/body", d.where)) and isinstance(d.peer, str) \
        and bool(re.fullmatch(r"[A-Za-z0-9+/]{43,}=*", d.peer)) and is_encrypted(d) \
        and (to(d, "POST", CLAIMS) or to(d, "GET", CLAIM) or to(d, "DELETE", MESSAGES))


@known("encrypted-checksum", "A checksum is of the body that readers get.")
def _(d):
    return bool(re.fullmatch(r"(/messages/\d+)?/checksum", d.where)) and is_encrypted(d)


@known("retry-policy", "The numbers of a retry policy are numbers, 0 or more.")
def _(d):
    return d.peer in (200, 201, 204, 500, 503) and any(
        v is None or type(v) is int and v < 0
        for policy in refused_attribute(d, "_retry_policy") if isinstance(policy, dict)
        for v in policy.values())


@known("metadata-growth", "The limit on metadata holds for what a patch makes of it, too.")
def _(d):
    return grown(d)


@known("patch-shape", "A patch of a wrong shape is the client's fault.")
def _(d):
    return status(d, 503, 400) and to(d, "PATCH", QUEUE) and not oddity(d) \
        and "/metadata/_" not in text(d)


@known("patch-remove-root", "The path of a removal begins with /metadata, like the others.")
def _(d):
    return d.where == "status" and d.peer in (200, 404, 409) and d.nusku == 400 \
        and to(d, "PATCH", QUEUE) and "/meta/a" in text(d) and "remove" in text(d)


@known("patch-blank-key", "A key that is blank is empty.")
def _(d):
    return d.where == "status" and d.peer in (200, 404) and d.nusku == 400 \
        and to(d, "PATCH", QUEUE) and "/metadata/ \"" in text(d)


@known("post-makes-queue", "A post that is refused makes no queue.")
def _(d):
    story = Story(d)
    if place(d) in story.refused:
        return status(d, 204, 201) and to(d, "PUT", QUEUE) \
            or d.where == "status" and d.nusku == 404 and d.peer in (200, 400, 409, 503) and to(d, "PATCH", QUEUE)
    return queue_list_cause(d) == "post-makes-queue"


# ---- Lists of queues ----------------------------------------------------------------------------

def queue_list_cause(d):
    """Why two lists of queues differ: the id of an entry, or None."""
    if not to(d, "GET", QUEUES) or commas_only(d) and d.where == "status":
        return None
    if not re.match(r"(/queues|/links|/count)\b", d.where) and not (status(d, 500, 200) or status(d, 500, 400)):
        return None
    peer, nusku = members(d, 0, "queues"), members(d, 1, "queues")
    asked, story = query(d), Story(d)
    only_peer = {name for project, name in story.refused if project == d.step.project}
    if any("." in name for project, name in story.made if project == d.step.project) \
            or "." in (d.step.headers.get("X-Project-ID") or ""):
        return "dotted-names"
    if set(asked) - {"marker", "limit", "detailed", "with_count"}:
        return "queue-filters"
    marker = listed(asked, "marker")
    if marker and peer and peer[0] <= marker[-1]:
        return "queue-marker"
    most = limit(d, "max_queues_per_page")
    if "limit" not in asked and len(peer) > most and nusku == [p for p in peer if p not in only_peer][:most]:
        return "default-page"
    if only_peer & set(peer) or d.where == "/count" and only_peer:
        return "post-makes-queue"
    return None


@known("dotted-names", "A queue is listed under its name, whatever dots are in it or its project.")
def _(d):
    return queue_list_cause(d) == "dotted-names"


@known("queue-filters", "name= and filters on metadata pick queues, and stay in the link.")
def _(d):
    return queue_list_cause(d) == "queue-filters"


@known("queue-marker", "What follows a marker are the queues behind it, whether or not it is one.")
def _(d):
    return queue_list_cause(d) == "queue-marker"


@known("default-page", "A page without a limit is not larger than one with a limit may be.")
def _(d):
    return queue_list_cause(d) == "default-page"


# ---- Statistics and purge -----------------------------------------------------------------------

@known("stats-members", "Of the oldest and newest message stats show href, age and created.")
def _(d):
    return to(d, "GET", STATS) and d.nusku == ABSENT and bool(re.fullmatch(
        r"/messages/(oldest|newest)/(body|ttl|claim_id|claim_count|checksum)", d.where))


@known("share-shape", "What a URL is to be signed for has its types.")
def _(d):
    sent = document(d)
    return status(d, 500, 400) and to(d, "POST", SHARE) and not oddity(d) and sent is not None and not (
        isinstance(sent, dict) and all(isinstance(sent.get(n, []), list) and all(isinstance(v, str) for v in sent.get(n, []))
                                       for n in ("paths", "methods")) and isinstance(sent.get("expires", ""), str))


@known("share-methods", "A method that cannot be sent is not signed.")
def _(d):
    return status(d, 200, 400) and to(d, "POST", SHARE) \
        and any(not re.fullmatch(r"[A-Za-z]+", m) for m in document(d)["methods"])


@known("share-paths", "The path of a pre-signed URL is a path, no pattern, and one that can be shared.")
def _(d):
    paths = (d.step.headers.get("URL-Paths") or "").split(",")
    here = d.path.partition("?")[0]
    return d.where == "status" and d.peer in (200, 500) and d.nusku == 404 and bool(d.step.headers.get("URL-Signature")) \
        and not any(re.fullmatch(QUEUE + "/(messages|claims|subscriptions)", p) and (here + "/").startswith(p + "/")
                    for p in paths)


@known("signature-empty", "A request with an empty signature is none that is signed.")
def _(d):
    return d.step.headers.get("URL-Signature") == "" and status(d, 404, 200)


@known("purge-shape", "A purge of an unknown shape is the client's fault.")
def _(d):
    return d.where == "status" and d.peer in (204, 500, 503) and d.nusku == 400 \
        and to(d, "POST", PURGE) and document(d) is not None and not oddity(d) and not d.step.chunked \
        and not good_purge(document(d))


def good_purge(sent):
    kinds = sent.get("resource_types") if isinstance(sent, dict) else None
    return isinstance(kinds, list) and all(k in ("messages", "subscriptions") for k in kinds)


@known("purge-leaves", "A purge takes all messages: claimed and delayed ones, too.")
def _(d):
    return left(d, Story(d).spared, place(d))


def left(d, messages, at):
    """Whether the difference comes from the peer having messages at a place that Nusku has not."""
    story = Story(d)
    messages = {m for m in messages if story.posted.get(m) == at}
    more = set(members(d, 0, "messages")) - set(members(d, 1, "messages"))
    if not messages:
        return False
    if to(d, "GET", STATS):
        return d.where in ("/messages/claimed", "/messages/free", "/messages/total", "/messages/oldest",
                           "/messages/newest", "/messages/oldest/href", "/messages/newest/href",
                           "/messages/oldest/created", "/messages/newest/created")
    if to(d, "GET", MESSAGE):
        return status(d, 200, 404) and d.path.rpartition("/")[2] in messages
    if status(d, 200, 404):
        return bool(more) and more <= messages
    return d.where in ("/messages", "/links", "status") and bool(more) and more <= messages


# ---- Posting and reading messages ---------------------------------------------------------------

@known("delay-kept", "The delay of a message counts, whatever its queue says.")
def _(d):
    story = Story(d)
    if to(d, "POST", MESSAGES):
        return status(d, 201, 400) and not story.default_delay(place(d)) and "delay" in text(d)
    return message_list_cause(d) == "delay-kept" or taken(d, story.delayed - story.spared) \
        and not story.default_delay(place(d))


def taken(d, messages):
    """Whether the peer's claim or pop took some of these messages, which Nusku's did not."""
    if not (to(d, "POST", CLAIMS) or to(d, "DELETE", MESSAGES) and "pop" in query(d)):
        return False
    return d.where in ("status", "/messages") and bool(
        messages & (set(members(d, 0, "messages")) - set(members(d, 1, "messages"))))


@known("delayed-claimed", "A delayed message is not claimed before its time, whatever precedes it.")
def _(d):
    story = Story(d)
    return taken(d, story.delayed - story.spared) and bool(story.default_delay(place(d)))


@known("post-shape", "Messages that are no objects are the client's fault.")
def _(d):
    return status(d, 500, 400) and to(d, "POST", MESSAGES) and not oddity(d)


@known("foreign-ids", "The id of a message is good in its own queue and project only.")
def _(d):
    story = Story(d)
    if hidden(d, story.strayed) or message_list_cause(d) == "foreign-ids":
        return True
    if to(d, "GET DELETE", MESSAGE):
        ids = [d.path.partition("?")[0].rpartition("/")[2]]
    elif to(d, "GET DELETE", MESSAGES) and "ids" in query(d):
        ids = listed(query(d), "ids")
    else:
        return False
    foreign = {i for i in ids if i in story.posted and story.posted[i] != place(d)}
    if d.step.method == "DELETE":
        return d.where == "status" and d.peer in (400, 403, 503) and d.nusku == 204 and bool(foreign)
    if d.where == "status":
        return (d.peer, d.nusku) == (200, 404) and bool(foreign) or \
            (d.peer, d.nusku) == (404, 200) and bool(story.strayed & set(ids))
    return d.where == "/messages" and bool(foreign | story.strayed & set(ids))


@known("store-keys", "An id is the id of a message, and of nothing else in the store.")
def _(d):
    return status(d, 503, 404) and to(d, "GET", MESSAGE) and d.scenario.projects[0] in d.path


@known("ids-twice", "An id that is named twice counts once.")
def _(d):
    ids = listed(query(d), "ids")
    if to(d, "GET", STATS):
        return d.where in ("/messages/claimed", "/messages/free") and place(d) in Story(d).doubled
    return d.where == "/messages" and to(d, "GET", MESSAGES) and len(set(ids)) < len(ids) \
        and list(dict.fromkeys(members(d, 0, "messages"))) == members(d, 1, "messages")


def without(href, name):
    """A link without one of its parameters."""
    path, _, text = href.partition("?")
    return path, sorted(p for p in text.split("&") if not p.startswith(name + "="))


@known("delayed-in-link", "The link to the next page says what was asked for, and no more.")
def _(d):
    return d.where == "/links/0/href" and to(d, "GET", MESSAGES) and "include_delayed=true" in d.peer \
        and without(d.peer, "include_delayed") == without(d.nusku, "include_delayed")


@known("claimed-without-marker", "include_claimed needs no marker.")
def _(d):
    return status(d, 503, 200) and to(d, "GET", MESSAGES) and "include_claimed" in query(d) \
        and not commas_only(d) \
        and "marker" not in query(d)


def order(message):
    """What to sort references of messages by: the order in which they were posted."""
    return tuple(int(n) for n in re.findall(r"\d+", message))


def message_list_cause(d):
    """Why two lists of messages differ: the id of an entry, or None."""
    asked = query(d)
    if not to(d, "GET", MESSAGES) or "ids" in asked or d.where not in ("/messages", "/links"):
        return None
    peer, nusku = members(d, 0, "messages"), members(d, 1, "messages")
    story = Story(d)
    more = set(peer) - set(nusku)
    if more and more <= story.spared:
        return None
    if more and more <= story.delayed and not story.default_delay(place(d)):
        return "delay-kept"
    if more and all(story.beyond.get(m) == place(d) for m in more):
        return "dead-letter-limit"
    missing = set(nusku) - set(peer)
    if missing and missing <= story.strayed:
        return "foreign-ids"
    if story.dead & missing:
        return "dead-letter-free"
    if "marker" in asked:
        marker = asked["marker"][-1]
        known_one = story.posted.get(marker) == place(d)
        if peer and (not known_one or order(peer[0]) <= order(marker)):
            return "message-marker"
    if len(peer) < len(nusku) and [m for m in nusku if m in peer] == peer:
        return "short-page"
    return None


@known("message-marker", "What follows a marker are the messages behind it, or nothing if it is unknown.")
def _(d):
    return message_list_cause(d) == "message-marker"


@known("short-page", "A page is filled with messages that pass the filters, as long as there are any.")
def _(d):
    return message_list_cause(d) == "short-page"


# ---- Deleting -----------------------------------------------------------------------------------

@known("pop-claim-id", "A message that is popped is under no claim.")
def _(d):
    return to(d, "DELETE", MESSAGES) and d.nusku is None and isinstance(d.peer, str) \
        and bool(re.fullmatch(r"/messages/\d+/claim_id", d.where))


@known("claims-mismatch", "Claims that don't hold the messages are the client's fault.")
def _(d):
    return d.where == "status" and d.peer == 503 and d.nusku in (400, 403) and to(d, "DELETE", MESSAGES) \
        and "claim_ids" in d.path and title(d) == "Unable to delete"


# ---- Claims -------------------------------------------------------------------------------------

@known("claim-nulls", "null in a claim counts as absent: a client sends it.")
def _(d):
    sent = document(d)
    return to(d, "POST PATCH", f"{CLAIMS}|{CLAIM}") and isinstance(sent, dict) and None in sent.values() \
        and d.where in ("status", "/title") and title(d, 0) == "Invalid request body" \
        and title(d) != "Invalid parameter"


@known("renewed-grace", "The bounds of grace hold for a renewal, too.")
def _(d):
    return d.where == "status" and d.peer in (204, 404) and d.nusku == 400 and to(d, "PATCH", CLAIM) \
        and title(d) == "Invalid API request" and "grace" in text(d)


@known("claimed-again", "A message is under one claim at a time.")
def _(d):
    story = Story(d)
    return taken(d, set(story.holders) - story.spared)


@known("claim-count", "Each claim of a message is counted.")
def _(d):
    found = re.fullmatch(r"/messages/(\d+)/claim_count", d.where)
    return to(d, "DELETE", MESSAGES) and bool(found) and not Story(d).dead_letters(place(d)) \
        and d.peer == 0 and d.nusku == Story(d).counts.get(members(d, 1, "messages")[int(found[1])], 0)


@known("empty-claim", "A claim ends with its last message.")
def _(d):
    story = Story(d)
    if status(d, 403, 400) and to(d, "DELETE", MESSAGE):
        claim = query(d).get("claim_id", [""])[-1]
    elif d.where == "status" and d.nusku == 404 and d.peer in (200, 204) and to(d, "GET PATCH", CLAIM):
        claim = d.path.rpartition("/")[2]
    else:
        return False
    return claim in story.claims and claim not in story.holders.values() and claim not in story.outlived


@known("claim-outlives-queue", "The claims of a queue go with it.")
def _(d):
    claim = d.path.partition("?")[0].rpartition("/")[2]
    return d.where == "status" and d.nusku in (404, 204) and d.peer in (200, 204, 503) \
        and to(d, "GET PATCH DELETE", CLAIM) and claim in Story(d).outlived \
        or to(d, "GET", STATS) and d.where in ("/messages/claimed", "/messages/free") \
        and any(Story(d).claims[c] == place(d) for c in Story(d).outlived)


def shown_ttl(d):
    """(message, the peer's ttl, Nusku's) if the difference is in the ttl of a message."""
    found = re.fullmatch(r"(?:/messages/(\d+))?/ttl", d.where)
    if not found or to(d, "GET", CLAIM) and not found[1]:
        return None
    if found[1]:
        return members(d, 1, "messages")[int(found[1])], d.peer, d.nusku
    return d.path.partition("?")[0].rpartition("/")[2], d.peer, d.nusku


@known("extension-exact", "Whether a message outlives a claim is reckoned in milliseconds.")
def _(d):
    if not (shown := shown_ttl(d)):
        return False
    (message, peer, nusku), story = shown, Story(d)
    story.add_terms(d)
    original = story.ttls.get(message)
    return any(ttl == original and 0 <= nusku - ttl - grace <= 3 for ttl, grace in story.terms) \
        and (peer == original or any(peer == ttl + grace for ttl, grace in story.terms))


@known("extension-ttl", "The ttl less the age of an extended message is the rest of its life.")
def _(d):
    if not (shown := shown_ttl(d)):
        return False
    (message, peer, nusku), story = shown, Story(d)
    story.add_terms(d)
    return any(peer == ttl + grace and 1 <= nusku - peer <= 3 and ttl != story.ttls.get(message)
               for ttl, grace in story.terms)


# ---- Dead letters -------------------------------------------------------------------------------

@known("dead-letter-unlimited", "A queue without _max_claim_count has no dead letters.")
def _(d):
    rules = Story(d).dead_letters(place(d)) if place(d) else None
    return d.where == "status" and d.peer == 503 and bool(rules) and rules[1] is None \
        and to(d, "POST DELETE", f"{CLAIMS}|{MESSAGES}|{PURGE}")


@known("dead-letter-pop", "A pop is no claim: it moves nothing to the dead letters.")
def _(d):
    story = Story(d)
    missing = set(members(d, 1, "messages")) - set(members(d, 0, "messages"))
    rules = story.dead_letters(place(d)) if place(d) else None
    return d.where in ("status", "/messages") and d.peer != 400 and to(d, "DELETE", MESSAGES) \
        and "pop" in query(d) and bool(rules) and rules[1] is not None \
        and (bool(missing) or status(d, 503, 200) and place(d) in story.beyond.values())


@known("dead-letter-limit", "A claim fills up with messages behind those that it moves to the dead letters.")
def _(d):
    story = Story(d)
    if to(d, "POST", CLAIMS):
        peer, nusku = members(d, 0, "messages"), members(d, 1, "messages")
        within = story.free(place(d))[:claim_limit(d.path)]
        return d.where in ("status", "/messages") and set(peer) < set(nusku) \
            and bool(set(within) & set(story.due(place(d))))
    if to(d, "GET", STATS) and place(d) in story.made:
        return re.match("/messages/(claimed|free|total|oldest|newest)", d.where) is not None \
            and any(place(d) in (at, story.posted[m]) for m, at in story.beyond.items() if m in story.posted)
    return message_list_cause(d) == "dead-letter-limit"


@known("dead-letter-free", "A dead letter is under no claim in its new queue.")
def _(d):
    story = Story(d)
    if place(d) not in story.made:
        return False
    if d.where.endswith("/href") and to(d, "GET", f"{MESSAGES}|{MESSAGE}"):
        return d.nusku.partition("?")[0].rpartition("/")[2] in story.dead and "claim_id" in d.peer
    if (shown := shown_ttl(d)) and shown[0] in story.dead:  # that claim extended its life, too
        return shown[2] == story.ttls[shown[0]] and shown[1] in {sum(t) for t in story.terms}
    return message_list_cause(d) == "dead-letter-free" or hidden(d, story.dead)


@known("dead-letter-queue", "A queue for dead letters that is not there is made.")
def _(d):
    story = Story(d)
    if place(d) in story.made or not {m for m in story.dead if story.posted[m] == place(d)}:
        return False
    return message_list_cause(d) == "dead-letter-free" or hidden(d, story.dead) \
        or status(d, 404, 200) and to(d, "GET", f"{MESSAGE}|{MESSAGES}") \
        or to(d, "GET", STATS) and d.where.startswith("/messages/")


def hidden(d, messages):
    """Whether Nusku's claim or pop took some of these messages, which the peer's did not see."""
    if not (to(d, "POST", CLAIMS) or to(d, "DELETE", MESSAGES) and "pop" in query(d)):
        return False
    missing = set(members(d, 1, "messages")) - set(members(d, 0, "messages"))
    return d.where in ("status", "/messages") and bool(missing) and missing <= messages


# ---- Subscriptions ------------------------------------------------------------------------------

def subscription_cause(d):
    """What is wrong with the subscription that was sent, by the peer's leave: a word, or None."""
    sent = document(d)
    if not to(d, "POST", SUBSCRIPTIONS) and not to(d, "PATCH", SUBSCRIPTION) or oddity(d):
        return None
    if not isinstance(sent, dict):
        return "shape" if isinstance(sent, list) else None
    subscriber, options, ttl = (sent.get(name) for name in ("subscriber", "options", "ttl"))
    if any(name in sent and wrong and (sent[name] is not None or d.step.method == "POST" and name != "options")
           for name, wrong in (("subscriber", not isinstance(subscriber, str) or not subscriber),
                               ("options", not isinstance(options, dict)),
                               ("ttl", not ttl or not isinstance(ttl, int)))):
        return "shape"
    if (subscriber or "").startswith("trust+") or "trust_id" in (options or {}):
        return "trust"
    if subscriber and not is_reachable(subscriber):
        return "target"
    if len(json.dumps(options)) > 16384:
        return "size"
    return "options" if wrong_options(options or {}) else None


def is_reachable(subscriber):
    """Whether a subscriber of one of the peer's types says where to go."""
    parts = urllib.parse.urlsplit(subscriber)
    if " " in subscriber:
        return False
    return "@" in parts.path if parts.scheme == "mailto" else bool(parts.hostname)


def wrong_options(options):
    headers, policy = options.get("post_headers", {}), options.get("_retry_policy") or {}
    return any(not isinstance(options.get(name, ""), str) or "\n" in options.get(name, "")
               for name in ("post_data", "from", "subject")) \
        or not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()) \
        or options.get("_retry_policy") is not None and not isinstance(options["_retry_policy"], dict) \
        or any(isinstance(v, bool) or isinstance(v, int) and not 0 <= v <= 86400
               for k, v in policy.items() if k != "ignore_subscription_override")


def refused_subscription(d, cause):
    """Whether only Nusku, or Nusku in other words, refuses what is wrong in that way."""
    return d.answers[1].status == 400 and (d.where == "status" and d.peer in (201, 204, 404, 409, 500, 503)
                                           or d.where == "/title") and subscription_cause(d) == cause


@known("subscription-shape", "A subscription of a wrong shape is the client's fault.")
def _(d):
    return refused_subscription(d, "shape")


@known("subscription-target", "A subscriber says where to go.")
def _(d):
    return refused_subscription(d, "target")


@known("subscription-options", "Options are what deliveries can use.")
def _(d):
    return refused_subscription(d, "options")


@known("subscription-size", "Options have a bounded size.")
def _(d):
    return refused_subscription(d, "size")


@known("subscription-trust", "Trusts come with Keystone, and no caller names one.")
def _(d):
    return refused_subscription(d, "trust")


@known("subscription-renamed", "A new subscriber has yet to confirm.")
def _(d):
    return place(d) in Story(d).renamed and (
        d.where.endswith("/confirmed") and d.peer is True and d.nusku is False
        and to(d, "GET", f"{SUBSCRIPTIONS}|{SUBSCRIPTION}") or status(d, 409, 201) and to(d, "POST", SUBSCRIPTIONS))


@known("subscription-nulls", "Options that are null are none.")
def _(d):
    return d.where.endswith("/options") and d.peer is None and d.nusku == {} \
        and to(d, "GET", f"{SUBSCRIPTIONS}|{SUBSCRIPTION}")


@known("subscription-ended", "A subscription that has ended is in nobody's way.")
def _(d):
    return place(d) in Story(d).ended and (status(d, 503, 201) and to(d, "POST", SUBSCRIPTIONS)
                                           or status(d, 503, 204) and to(d, "PATCH", SUBSCRIPTION))


@known("subscription-outlives-queue", "Subscriptions go with their queue.")
def _(d):
    return place(d) in Story(d).bereaved and bool(re.match(SUBSCRIPTIONS, d.path))


@known("subscription-purge", "A purge takes all subscriptions.")
def _(d):
    return place(d) in Story(d).unpurged and to(d, "GET", SUBSCRIPTIONS) \
        and d.where in ("/subscriptions", "/links") and d.nusku == []


@known("subscription-marker", "Nothing is behind an unknown marker.")
def _(d):
    marker = listed(query(d), "marker")
    return to(d, "GET", SUBSCRIPTIONS) and bool(marker) and not re.fullmatch(r"<s\d+>", marker[-1]) \
        and d.where in ("/subscriptions", "/links") and d.nusku == [] and place(d) not in Story(d).bereaved


@known("subscription-order", "Subscriptions are listed in the order of their creation.")
def _(d):
    marker, story = listed(query(d), "marker"), Story(d)
    return to(d, "GET", SUBSCRIPTIONS) and len(story.subscribed.get(place(d), ())) > 1 \
        and d.where in ("/subscriptions", "/links", "/links/0/href") \
        and (not marker or re.fullmatch(r"<s\d+>", marker[-1]) or members(d, 1, "subscriptions")) \
        and place(d) not in story.bereaved | story.unpurged
