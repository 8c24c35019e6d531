"""What schemathesis must know of the API beyond the document. SCHEMATHESIS_HOOKS names this module.

NUSKU_TEST_URL is that of the server, NUSKU_TEST_STORES a folder for the stores of pools, NUSKU_TEST_ANSWERS a file for
the statuses that operations have answered with.
"""

import atexit
import itertools
import json
import os
import urllib.request

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import (RejectedPositiveData, UnsupportedMethodResponse,
                                         UseAfterFree)

INT64 = 2 ** 63
PROJECT = "demo"
POOL, FLAVOR = "fast", "quick"

answers = set()  # (operation, status)

schemathesis.serializer.alias("application/openstack-messaging-v2.0-json-patch", "application/json")


@schemathesis.deserializer("application/json-home")
def read_home(context, response):
    return json.loads(response.content)


# ---- What is sent -------------------------------------------------------------------------------

def written(value):
    """The same value, as the API takes it: no 60.0 for 60, no integer beyond 64 bits."""
    if isinstance(value, dict):
        return {name: written(v) for name, v in value.items()}
    if isinstance(value, list):
        return [written(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < INT64:
        return int(value)
    if isinstance(value, int) and not -INT64 <= value < INT64:
        return float(value)
    return value


@schemathesis.hook
def map_body(context, body):
    return written(body)


numbers = itertools.count()
turns = itertools.cycle((True, True, False))
subscribers = itertools.cycle(("http://127.0.0.1:1/new", "https://[::1]:1/", "mailto:a@b.example"))


def ask(path, body, method="POST"):
    """(the answer's Location, its body) of a request of our own."""
    request = urllib.request.Request(
        os.environ["NUSKU_TEST_URL"] + path, json.dumps(body).encode(),
        {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": PROJECT,
         "X-Roles": "admin", "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.headers["Location"], json.loads(answer.read() or b"null")


def post_message(of):
    return ask(f"{of}/messages", {"messages": [{"body": {"resize": "a.png"}, "ttl": 600}]})[0]


def store(name):
    return f"sqlite://{os.environ['NUSKU_TEST_STORES']}/{name}.db"


def make_pool(name=POOL):
    """One on which no queue is placed."""
    ask(f"/v2/pools/{name}", {"uri": store(name), "weight": 0}, "PUT")
    return name


def make_flavor():
    make_pool()
    ask(f"/v2/flavors/{FLAVOR}", {"pool_list": [POOL]}, "PUT")
    return FLAVOR


def make(of, kind):
    """Makes a message, a claim or a subscription, and returns its id."""
    if kind == "subscriptions":
        return ask(f"{of}/subscriptions", {"subscriber": "http://a.example/"})[1]["subscription_id"]
    message = post_message(of).rpartition("=")[2]
    return message if kind == "messages" else ask(f"{of}/claims", {})[0].rpartition("/")[2]


@schemathesis.hook
def after_call(context, case, response):
    answers.add((case.operation.definition.raw["operationId"], str(response.status_code)))


def is_valid_at(case, location):
    return case.meta is not None and not case.meta.is_negative_at(location)


def make_what_is_named(case):
    """Of three paths that name something, two name something that is there."""
    parts = case.path.split("/")[2:]
    if not is_valid_at(case, ParameterLocation.PATH) or not next(turns):
        return
    if case.path == "/v2/pools/{pool_name}":
        case.path_parameters["pool_name"] = make_pool("gone" if case.method == "DELETE" else POOL)
    if case.path == "/v2/flavors/{flavor_name}":
        case.path_parameters["flavor_name"] = make_flavor()
    if len(parts) < 3:
        return
    name = f"q{next(numbers)}"
    of = f"/v2/{parts[0]}/{name}"
    if len(parts) > 3:
        case.path_parameters.update({parts[1].strip("{}"): name,
                                     parts[3].strip("{}"): make(of, parts[2])})
    elif parts[2] == "claims":
        case.path_parameters["queue_name"] = name
        post_message(of)


def correct_query(case):
    """Either ids or pop is needed."""
    if case.method == "DELETE" and case.path.endswith("/messages") and \
            is_valid_at(case, ParameterLocation.QUERY) and \
            ("ids" in case.query) == ("pop" in case.query):
        case.query.pop("ids", None)
        case.query["pop"] = 1


def correct_body(case):
    """What is named must be there, in time and in space: a text is no moment in the future, a URI no subscriber and no
    store, a name no pool and no flavor."""
    if not is_valid_at(case, ParameterLocation.BODY) or not isinstance(case.body, dict):
        return
    right = {"expires": lambda was: "2099-12-31T00:00:00",
             "subscriber": lambda was: next(subscribers),
             "ttl": lambda was: int(min(was, 10 ** 9)) if isinstance(was, (int, float)) else was,
             "uri": lambda was: store("put"),
             "pool_list": lambda was: [POOL],
             "flavor": lambda was: "",
             "_flavor": lambda was: None}
    for name, value in right.items():
        if case.body.get(name) is not None:
            case.body[name] = value(case.body[name])
    if "flavors" in case.path:
        make_pool()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Valid requests are of one project and by an administrator."""
    if case.path != "/" and is_valid_at(case, ParameterLocation.HEADER):
        case.headers["X-Project-ID"] = PROJECT
        case.headers["X-Roles"] = "admin"
    make_what_is_named(case)
    correct_query(case)
    correct_body(case)


@atexit.register
def tell_answers():
    if path := os.environ.get("NUSKU_TEST_ANSWERS"):
        with open(path, "w") as file:
            json.dump(sorted(answers), file)


# ---- What is no failure -------------------------------------------------------------------------

def has_bool(value):
    if isinstance(value, (dict, list)):
        return any(map(has_bool, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bool)


def has_a_value_that_is_passed_over(query):
    """Whether a single value is empty, or there are several of it, of which the last counts."""
    return any(value in ("", None, {}) or isinstance(value, list)
               for name, value in (query or {}).items() if name not in ("ids", "claim_ids"))


# What the API means, though the document can't say it: the failure, whether the rule applies, why.
MEANT = [
    (UnsupportedMethodResponse,
     lambda case, answer: case.method.upper() == "QUERY" and answer.status_code == 400,
     "a method of which the service has never heard is a bad request"),
    (RejectedPositiveData,
     lambda case, answer: "Unable to delete" in answer.text,
     "a claim that is named must exist, and hold the message"),
    (RejectedPositiveData,
     lambda case, answer: "at least ten above minimum_delay" in answer.text,
     "the numbers of a retry policy depend on each other"),
    (AcceptedNegativeData,
     lambda case, answer: has_bool(case.body),
     "true and false count as 1 and 0"),
    (AcceptedNegativeData,
     lambda case, answer: has_a_value_that_is_passed_over(case.query),
     "an empty parameter counts as absent, and of several values the last one counts"),
    (AcceptedNegativeData,
     lambda case, answer: case.method == "GET" and "ids" in (case.query or {}),
     "with ids the other parameters have no effect"),
    (UseAfterFree,
     lambda case, answer: "_id}" not in case.path,
     "a queue or topic that was deleted is like one that was never made"),
]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not any(isinstance(failure, kind) and applies(case, response)
                   for kind, applies, _ in MEANT)
