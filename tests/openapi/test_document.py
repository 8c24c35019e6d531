"""doc/openapi.yaml by itself: it is OpenAPI, names the routes that the program has, and no others."""

import json
import re
import subprocess

import jsonschema
import pytest
import referencing
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.servers import BUILD, ROOT

PATH = ROOT / "doc" / "openapi.yaml"
METHODS = ("delete", "get", "head", "patch", "post", "put")
REPORTS = [("/v2/ping", "503"), ("/v2/health", "503")]  # what they tell is no refusal
IDENTITY = {"Client-ID", "X-Project-ID"}

# Options of nusku.conf, and what says the same in the document.
OPTIONS = {
    "max_queues_per_page": ["parameters/Limit/schema/maximum"],
    "max_messages_per_page": ["parameters/Limit/schema/maximum", "parameters/Ids/schema/maxItems"],
    "max_messages_per_claim_or_pop": ["parameters/Pop/schema/maximum"],
    "max_messages_post_size": ["schemas/QueueMetadata/properties/_max_messages_post_size/maximum"],
    "max_message_ttl": ["schemas/NewMessage/properties/ttl/maximum",
                        "schemas/QueueMetadata/properties/_default_message_ttl/maximum",
                        "schemas/QueueMetadata/properties/_dead_letter_queue_messages_ttl/maximum"],
    "max_message_delay": ["schemas/NewMessage/properties/delay/maximum",
                          "schemas/QueueMetadata/properties/_default_message_delay/maximum"],
    "max_claim_ttl": ["schemas/ClaimTerms/properties/ttl/maximum"],
    "max_claim_grace": ["schemas/ClaimTerms/properties/grace/maximum"],
    "default_claim_ttl": ["schemas/ClaimTerms/properties/ttl/default"],
    "default_claim_grace": ["schemas/ClaimTerms/properties/grace/default"],
    "max_pools_per_page": ["parameters/Limit/schema/maximum"],
    "max_flavors_per_page": ["parameters/Limit/schema/maximum"],
    "max_subscriptions_per_page": ["parameters/Limit/schema/maximum"],
    "default_subscription_ttl": [
        "requestBodies/Subscription/content/application~1json/schema/properties/ttl/default"],
    "default_message_ttl": ["schemas/ShownMetadata/example/_default_message_ttl"],
}


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(PATH.read_text())


@pytest.fixture(scope="module")
def routes():
    """The program's table of routes, as (method, path without names) -> (policy, resource)."""
    printed = subprocess.run([BUILD / "tests" / "print_routes"], check=True, capture_output=True)
    return {(method, nameless(resource["path"])): (policy, resource)
            for resource in json.loads(printed.stdout)
            for method, policy in resource["methods"].items()}


@pytest.fixture(scope="module")
def operations(document):
    """What the document has, in the same form: -> (operation, its path item)."""
    return {(method.upper(), nameless(path)): (item[method], item)
            for path, item in document["paths"].items() for method in METHODS if method in item}


def nameless(path):
    """A path is the same, whatever its parts in braces are called."""
    return re.sub(r"{\w+}", "{}", path)


def resolve(document, thing):
    while "$ref" in thing:
        thing = at(document, thing["$ref"].removeprefix("#/"))
    return thing


def at(document, pointer):
    for name in pointer.split("/"):
        document = document[name.replace("~1", "/")]
    return document


def parameters(document, operation, item):
    return [resolve(document, p)
            for p in item.get("parameters", []) + operation.get("parameters", [])]


def test_document_is_openapi(document):
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_in_the_document(routes, operations):
    assert sorted(routes.keys() - operations.keys()) == []


def test_every_operation_of_the_document_is_a_route(routes, operations):
    assert sorted(operations.keys() - routes.keys()) == []


def test_operations_name_the_policy_of_their_route(routes, operations):
    assert {key: operation["x-policy"] for key, (operation, _) in operations.items()} == \
        {key: policy for key, (policy, _) in routes.items()}


def test_operations_say_when_they_are_served(routes, operations):
    assert {key: item.get("x-served-with", "always") for key, (_, item) in operations.items()} == \
        {key: resource["with"] for key, (_, resource) in routes.items()}


def test_identity_is_required_where_the_program_asks_for_it(document, routes, operations):
    for key, (operation, item) in operations.items():
        required = {p["name"] for p in parameters(document, operation, item)
                    if p["in"] == "header" and p.get("required")}
        assert required == (set() if routes[key][1]["open"] else IDENTITY), key


def test_every_answer_has_a_request_id_and_every_refusal_a_body(document, operations):
    for key, (operation, _) in operations.items():
        for status, response in operation["responses"].items():
            response = resolve(document, response)
            assert "x-openstack-request-id" in response["headers"], (key, status)
            if int(status) >= 400 and (key[1], status) not in REPORTS:
                assert response["headers"].keys() >= {"Vary"}, (key, status)
                assert response["content"].keys() == \
                    {"application/json", "application/xml", "text/xml"}, (key, status)


def test_bounds_and_defaults_are_those_of_the_configuration(document):
    sample = (ROOT / "deploy" / "etc" / "nusku.conf").read_text()
    options = dict(re.findall(r"^#(\w+) = (\d+)$", sample, re.MULTILINE))
    said = {pointer: at(document, f"components/{pointer}")
            for pointers in OPTIONS.values() for pointer in pointers}
    assert said == {pointer: int(options[name])
                    for name, pointers in OPTIONS.items() for pointer in pointers}


def examples(document, thing, where=""):
    """Every example with its schema: (where, schema, example)."""
    if isinstance(thing, dict):
        if "example" in thing and "$ref" not in thing:
            yield where, thing.get("schema", thing), thing["example"]
        for name, value in thing.items():
            if name not in ("example", "properties"):
                yield from examples(document, value, f"{where}/{name}")
    elif isinstance(thing, list):
        for n, value in enumerate(thing):
            yield from examples(document, value, f"{where}/{n}")


def test_examples_follow_their_schemas(document):
    resource = referencing.Resource.from_contents(
        document, default_specification=referencing.jsonschema.DRAFT202012)
    registry = referencing.Registry().with_resource("urn:document", resource)
    found = list(examples(document, document))
    assert len(found) >= 10
    for where, schema, example in found:
        # references in a schema are into the document
        schema = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
        faults = jsonschema.Draft202012Validator(schema, registry=registry).iter_errors(example)
        assert [f"{where}: {fault.message}" for fault in faults] == []
