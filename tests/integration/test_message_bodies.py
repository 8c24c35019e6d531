"""Bodies: what is posted comes back with the very value, and what is no JSON is refused everywhere
(section 1.4).
"""

import json
from decimal import Decimal

import pytest
from support.api import JSON_PATCH, SHOWN, chunks, new_queue, refused, render, send

MINIMUM, MAXIMUM = -2 ** 63, 2 ** 63 - 1

# JSON texts that come back with the same value.
GOOD = {
    "largest": str(MAXIMUM), "smallest": str(MINIMUM), "zero": "0", "minus zero": "-0",
    "beyond a double": "9007199254740993", "decimal": "1.10", "integral float": "60.0",
    "exponent": "1e3", "small": "1E-7", "plus": "2.5e+10", "tenth": "0.1", "huge": "1e308",
    "tiny": "5e-324", "minus zero float": "-0.0", "digits": "123456789.125", "null": "null",
    "true": "true", "false": "false", "empty text": '""', "empty list": "[]", "empty object": "{}",
    "text": '"plain"', "escapes": r'"\"\\\/\b\f\n\r\t"', "control": r'"\u0000\u0001\u001f\u007f"',
    "separators": r'"\u2028\u2029\ufeff"', "accent": '"é"', "escaped accent": r'"\u00e9\u00E9"',
    "four bytes": '"😀𐍈"', "escaped pair": r'"\ud83d\ude00\uD83D\uDE00"', "noncharacter": '"\uffff"',
    "highest": '"\U0010ffff"', "order": '{"z": 1, "a": {"y": 2, "b": 3}, "m": 4}',
    "empty key": '{"": {"": 1}}', "odd keys": r'{"\n": 1, "é": 2, "\u0000": 3, "a.b": 4, "$x": 5}',
    "numbers as keys": '{"1": 1, "01": 2}', "nested": '[[[[{"a": [[], {}, [null]]}]]]]',
    "mixed": '[1, 1.5, "1", true, null, {"a": [2]}]', "blanks": ' [ 1 ,\r\n\t{ "a" : 2 } ] ',
    "long text": json.dumps("é😀x" * 20000, ensure_ascii=False),
    "looks like a body": '{"messages": []}',
    "html": '"<script>&amp;</script>"', "many keys": json.dumps({str(n): n for n in range(2000)}),
    "names of members": '{"id": 1, "href": 2, "ttl": 3, "age": 4, "body": 5, "claim_id": 6}',
}


def value(text):
    """A JSON value with what json.loads forgets: decimals as written, the order of keys."""
    return json.loads(text, object_pairs_hook=list, parse_float=Decimal)


def post(api, queue, text):
    answer = api.post(f"{queue}/messages", b'{"messages": [{"body": %s}]}' % text.encode())
    assert answer.status == 201, answer
    return answer.json["resources"][0]


def body_of(answer):
    """The body as it stands in an answer of one message."""
    message = value(answer.raw)
    if message[0][0] == "messages":
        message = message[0][1][0]
    return dict(message)["body"]


@pytest.mark.parametrize("name", GOOD)
def test_value_comes_back(api, queue, name):
    wanted = value(GOOD[name])
    href = post(api, queue, GOOD[name])
    assert body_of(api.get(href)) == wanted
    assert body_of(api.get(f"{queue}/messages?ids={href.rpartition('/')[2]}")) == wanted
    assert body_of(api.get(f"{queue}/messages?echo=true")) == wanted
    claim = api.claim(queue)
    assert body_of(claim) == wanted
    assert dict(value(api.get(claim.headers["Location"]).raw))["messages"] != []
    api.delete(claim.headers["Location"])
    popped = api.delete(f"{queue}/messages?pop=1")
    assert body_of(popped) == wanted
    assert type(popped.bodies[0]) is type(json.loads(GOOD[name]))


@pytest.mark.parametrize("text", ["[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500],
                         ids=["list", "object"])
def test_deep_value(api, queue, text):
    """As text, since Python can't compare it."""
    href = post(api, queue, text)
    assert text.encode() in api.get(href).raw.replace(b" ", b"")
    queue = new_queue()
    assert api.put(queue, b'{"a": %s}' % text.encode()).status == 201
    assert text.encode() in api.get(queue).raw.replace(b" ", b"")


@pytest.mark.parametrize("text", ["3.14159265358979323846264338327950288", "0.1e-400",
                                  "1" + "0" * 400 + ".0", "1e400", "-1e400"])
def test_float_beyond_a_double(api, queue, text):
    """Refused, or stored and then worth the same."""
    answer = api.post(f"{queue}/messages", b'{"messages": [{"body": %s}]}' % text.encode())
    if answer.status == 201:
        assert float(body_of(api.get(answer.json["resources"][0]))) == float(text)
    else:
        refused(answer, 400, "Invalid request body")


def test_several_values_in_one_post(api, queue):
    texts = [GOOD[name] for name in GOOD if len(GOOD[name]) < 1000]
    body = '{"messages": [%s]}' % ",".join('{"body": %s}' % text for text in texts)
    location = api.post(f"{queue}/messages", body.encode()).headers["Location"]
    ids = location.partition("=")[2].split(",")
    came = []
    for at in range(0, len(ids), 20):
        page = value(api.get(f"{queue}/messages?ids={','.join(ids[at:at + 20])}").raw)
        came += [dict(message)["body"] for message in page[0][1]]
    assert came == [value(text) for text in texts]


def test_duplicate_keys(api, queue):
    """The last one wins, in the body as in what is around it."""
    href = post(api, queue, '{"a": 1, "b": 2, "a": 3}')
    assert api.get(href).json["body"] == {"a": 3, "b": 2}
    answer = api.post(f"{queue}/messages", b'{"messages": 5, "messages": [{"body": 1, "ttl": 1,'
                                           b' "ttl": 99, "body": 2}]}')
    assert answer.status == 201
    message = api.get(answer.json["resources"][0]).json
    assert (message["body"], message["ttl"]) == (2, 99)


def test_text_comes_back_as_it_was_written(api, queue):
    """Escaped or in UTF-8: the bytes of a body are the client's."""
    for body in (r'["\u00e9\ud83d\ude00", {"\u00e9": 1}]', '["é😀", {"é": 1}]'):
        assert body.encode() in api.get(post(api, queue, body)).raw


# What is no JSON that the API takes

def wrapped(text):
    return b'{"a": ' + text + b"}"


BAD = {
    "brace": b"{", "bracket": b"[", "word": b"nope", "cut": b'{"a": 1', "tail": b"{} x",
    "two": b"{}{}",
    "trailing comma": b'{"a": 1,}', "comma in list": wrapped(b"[1,]"), "single quotes": b"{'a': 1}",
    "bare key": b"{a: 1}", "number as key": b"{1: 1}", "no colon": b'{"a" 1}',
    "no value": b'{"a":}',
    "comment": b"{} // x", "null byte": b"\0", "null byte behind": b"{}\0", "blanks": b" \r\n\t",
    "text": b'"x"', "number": b"5", "null": b"null", "true": b"true", "float": b"1.5",
    "leading zero": wrapped(b"01"), "plus": wrapped(b"+1"), "dot first": wrapped(b".5"),
    "dot last": wrapped(b"1."), "hex": wrapped(b"0x10"), "no exponent": wrapped(b"1e"),
    "minus": wrapped(b"-"), "True": wrapped(b"True"), "tru": wrapped(b"tru"),
    "NaN": wrapped(b"NaN"), "Infinity": wrapped(b"Infinity"), "-Infinity": wrapped(b"-Infinity"),
    "nested NaN": wrapped(b'[{"b": NaN}]'), "int above": wrapped(b"%d" % (MAXIMUM + 1)),
    "int below": wrapped(b"%d" % (MINIMUM - 1)), "int of 1000 digits": wrapped(b"9" * 1000),
    "nested int": wrapped(b'[[{"b": [18446744073709551616]}]]'), "tab in text": wrapped(b'"\t"'),
    "newline in text": wrapped(b'"\n"'), "zero in text": wrapped(b'"\0"'),
    "bad escape": wrapped(b'"\\x"'), "short escape": wrapped(b'"\\u12"'),
    "escape of no hex": wrapped(b'"\\u12G4"'), "open text": wrapped(b'"x'),
    "high surrogate": wrapped(b'"\\ud800"'), "low surrogate": wrapped(b'"\\udc00"'),
    "surrogates turned": wrapped(b'"\\udc00\\ud800"'), "high and text": wrapped(b'"\\ud800x"'),
    "high and escape": wrapped(b'"\\ud800\\n"'), "two high": wrapped(b'"\\ud800\\ud800"'),
    "surrogate in a key": b'{"\\ud800": 1}', "nested surrogate": wrapped(b'[{"b": ["\\udfff"]}]'),
    "bom": b"\xef\xbb\xbf{}", "bom of utf-16": "{}".encode("utf-16"),
    "utf-16": "{}".encode("utf-16-le"),
    "latin-1": wrapped(b'"\xe9"'), "ff": wrapped(b'"\xff"'),
    "lone continuation": wrapped(b'"\x80"'),
    "cut sequence": wrapped(b'"\xf0\x9f\x98"'), "overlong": wrapped(b'"\xc0\x80"'),
    "overlong of 3": wrapped(b'"\xe0\x80\xaf"'), "overlong of 4": wrapped(b'"\xf0\x80\x80\xaf"'),
    "surrogate in utf-8": wrapped(b'"\xed\xa0\x80"'), "beyond": wrapped(b'"\xf4\x90\x80\x80"'),
    "bad utf-8 in a key": b'{"\xff": 1}', "bad utf-8 behind": b"{}\xff",
    "deep list": wrapped(b"[" * 600 + b"]" * 600),
    "deep object": b'{"a":' * 600 + b"1" + b"}" * 600,
    "bomb of lists": b"[" * 60000, "bomb of objects": b'{"a":' * 12000,
    "closed bomb": wrapped(b"[" * 30000 + b"]" * 30000),
}

# What takes a body: method, path, media type.
TAKERS = {
    "queue PUT": ("PUT", "", None), "queue PATCH": ("PATCH", "", JSON_PATCH),
    "messages": ("POST", "/messages", "application/json"), "purge": ("POST", "/purge", None),
    "claim": ("POST", "/claims", None), "claim PATCH": ("PATCH", "/claims/x", "application/json"),
}


def give(api, queue, taker, body, chunked=False, headers=()):
    method, path, kind = TAKERS[taker]
    return api.call(method, queue + path, body, {"Content-Type": kind, **dict(headers)}, chunked)


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("name", BAD)
def test_bad_body(api, name, taker):
    queue = new_queue()
    refused(give(api, queue, taker, BAD[name]), 400, "Invalid request body")
    assert api.queues() == []
    assert api.get(queue).json == SHOWN


INSIDE = {name: text[6:-1] for name, text in BAD.items() if text[:6] == b'{"a": '
          and text.endswith(b"}")}


@pytest.mark.parametrize("name", INSIDE)
def test_bad_value_in_a_message(api, name):
    queue = new_queue()
    for body in (b'{"messages": [{"body": 1}, {"body": %s}]}', b'{"messages": [{"body": [%s]}]}',
                 b'{"messages": [{"body": 1, "foo": %s}]}',
                 b'{"messages": [{"body": 1}], "foo": %s}'):
        refused(api.post(f"{queue}/messages", body % INSIDE[name]), 400, "Invalid request body")
    assert api.queues() == []


@pytest.mark.parametrize("name", INSIDE)
def test_bad_value_in_metadata(api, name):
    queue = api.queue(a=0)
    patch = b'[{"op": "add", "path": "/metadata/a", "value": %s}]'
    refused(api.patch(queue, patch % INSIDE[name]), 400, "Invalid request body")
    assert api.get(queue).json == {**SHOWN, "a": 0}


@pytest.mark.parametrize("taker, status", [
    ("queue PUT", 400), ("messages", 400), ("purge", 400), ("claim", 400), ("claim PATCH", 400),
])
@pytest.mark.parametrize("body", [[], [{}], ["messages"], [1, 2]])
def test_array_where_an_object_is_due(api, taker, status, body):
    refused(give(api, new_queue(), taker, body), status)
    assert api.queues() == []


# Content-Length

@pytest.mark.parametrize("taker, status", [
    ("queue PUT", 201), ("queue PATCH", 400), ("messages", 400), ("purge", 204), ("claim", 201),
    ("claim PATCH", 400),
])
@pytest.mark.parametrize("length", [None, "0"])
def test_no_body(api, taker, status, length):
    """Neither a length nor a body; then a length of 0."""
    queue = api.queue() if taker != "queue PUT" else new_queue()
    if taker == "claim":
        api.fill(queue, 1)
    answer = give(api, queue, taker, None, headers={"Content-Length": length})
    if status == 400:
        refused(answer, 400, "Invalid request body")
    else:
        assert answer.status == status
    if taker == "claim":
        assert api.get(answer.headers["Location"]).json["ttl"] == 300


@pytest.mark.parametrize("length", ["x", "-1", "1.5", "0x2", "2 2", "1e1", "", "2;", "+2", "٣",
                                    "99999999999999999999999999"])
@pytest.mark.parametrize("method, path", [("PUT", ""), ("POST", "/messages"), ("GET", "/messages")])
def test_malformed_content_length(api, method, path, length):
    """An empty one and one beyond any size may be told otherwise."""
    queue = new_queue()
    request = render(method, queue + path, {**api.headers, "Content-Length": length}, b"{}")
    answer = send(api.port, request, method)
    assert answer.status == 400
    assert answer.json["title"] == "Invalid header value" or length == "" or len(length) > 20
    assert answer.json["description"]
    assert api.queues() == []


def test_malformed_content_length_is_told_as_any_error(api):
    request = render("PUT", new_queue(), {**api.headers, "Content-Length": "x"}, b"{}")
    answer = send(api.port, request, "PUT")
    refused(answer, 400, "Invalid header value")
    assert answer.headers["x-openstack-request-id"]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_chunked_bodies_are_read(api, size):
    queue = new_queue()

    def chunked(method, path, body, status):
        request = render(method, path, {**api.headers, "Transfer-Encoding": "chunked",
                                        "Content-Type": JSON_PATCH if method == "PATCH" else None})
        answer = send(api.port, request + chunks(json.dumps(body).encode(), size), method)
        assert answer.status == status
        return answer
    chunked("PUT", queue, {"a": 1}, 201)
    patched = chunked("PATCH", queue, [{"op": "replace", "path": "/metadata/a", "value": 2}], 200)
    assert patched.json == {**SHOWN, "a": 2}
    chunked("POST", f"{queue}/messages", {"messages": [{"body": "é"}, {"body": 2}]}, 201)
    assert api.listed(queue) == ["é", 2]
    claim = chunked("POST", f"{queue}/claims?limit=1", {"ttl": 111}, 201).headers["Location"]
    assert api.get(claim).json["ttl"] == 111
    chunked("PATCH", claim, {"ttl": 222}, 204)
    assert api.get(claim).json["ttl"] == 222
    chunked("POST", f"{queue}/purge", {"resource_types": []}, 204)
    assert api.stats(queue)["total"] == 2


@pytest.mark.parametrize("name", ["brace", "NaN", "bom", "high surrogate", "bomb of lists"])
def test_bad_body_in_chunks(api, name):
    queue = new_queue()
    for taker in TAKERS:
        refused(give(api, queue, taker, BAD[name], chunked=True), 400, "Invalid request body")
    assert api.queues() == []


def test_no_body_in_chunks(api):
    queue = new_queue()
    refused(give(api, queue, "messages", b"", chunked=True), 400, "Invalid request body")
    assert give(api, queue, "queue PUT", b"", chunked=True).status == 201


def test_expect_100_continue(api, queue):
    request = render("POST", f"{queue}/messages", {**api.headers, "Expect": "100-continue"},
                     b'{"messages": [{"body": 1}]}')
    assert send(api.port, request, "POST").status == 201
    assert api.listed(queue) == [1]


# Numbers where a number is due, and what is no number

@pytest.mark.parametrize("path, make", [
    ("/messages", lambda v: {"messages": [{"body": 1, "ttl": v}]}),
    ("/claims", lambda v: {"ttl": v}), ("/claims", lambda v: {"grace": v}),
])
@pytest.mark.parametrize("wrong, title", [
    (60.0, "Invalid request body"), (1e2, "Invalid request body"), ("60", "Invalid request body"),
    ([], "Invalid request body"), ({}, "Invalid request body"), (True, "Invalid API request"),
    (False, "Invalid API request"),
])
def test_what_is_no_integer(api, path, make, wrong, title):
    """Floats are none even if integral; true counts as 1, which is out of bounds here."""
    queue = new_queue()
    refused(api.post(queue + path, make(wrong)), 400, title)
    assert api.queues() == []
