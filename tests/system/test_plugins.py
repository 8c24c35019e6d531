"""Message filters and stores that come as plug-ins: the examples, and files that are none."""

import concurrent.futures
import os
import subprocess

import pytest
from support import pooling
from support.api import Client, refused
from support.servers import BUILD, ROOT, Cluster, Nusku

NUSKU = BUILD / "deploy" / "nusku"
WORKER = BUILD / "worker" / "nusku-worker"
CARD = "4111111111111111"
KEY = "transport.message_encryption_keys=a:" + "0123456789abcdef" * 4


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """The folder of the examples, built as somebody else would build them."""
    out = tmp_path_factory.mktemp("examples") / "out"
    done = subprocess.run([ROOT / "tests" / "support" / "build_examples", BUILD, out],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def compile_plugin(examples, tmp_path_factory):
    """compile_plugin(text) makes a plug-in of a file and returns its path."""
    flags = subprocess.run(["pkg-config", "--cflags", "nusku"], capture_output=True, text=True, check=True, env={
        **os.environ, "PKG_CONFIG_PATH": str(next(examples.rglob("nusku.pc")).parent)}).stdout.split()

    def build(text):
        folder = tmp_path_factory.mktemp("plugin")
        (folder / "plugin.c").write_text(text)
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Werror", "-shared", "-fPIC", "-o", folder / "plugin.so", folder / "plugin.c",
                        *flags], check=True)
        return folder / "plugin.so"
    return build


FILTER = """
#include <nusku/stage.h>
#include <string.h>
#include <unistd.h>
static const struct host_calls *host;
static enum status open_it(const struct host_calls *h, struct slice argument, void **state, struct failure *f)
{ host = h; *state = NULL; (void)argument; (void)f; return ST_OK; }
static void close_it(void *state) { (void)state; }
static bool has(struct slice body, const char *word) { return memmem(body.p, body.len, word, strlen(word)) != NULL; }
%s
const struct stage_ops nusku_stage_plugin = {
    .abi = STAGE_ABI, .open = open_it, .close = close_it, %s };
"""


# ---- The example of a filter ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cards(examples):
    """cards(argument) returns a client of a server with this filter."""
    servers = {}

    def get(argument):
        if argument not in servers:
            pipeline = f"stages.pipeline={examples}/cards.so{argument}, encryption"
            servers[argument] = Nusku(options=[pipeline, KEY, "DEFAULT.enable_checksum=true"])
        return Client(servers[argument].port)
    yield get
    for server in servers.values():
        assert server.stop() == 0


@pytest.mark.parametrize("argument", ["", "=mask"])
@pytest.mark.parametrize("encrypt", [False, True])
def test_a_filter_changes_bodies(cards, argument, encrypt):
    api = cards(argument)
    queue = api.queue(_enable_encrypt_messages=encrypt)
    clean = {"note": "4111111111111112", "number": 4111111111111111, "\\": "411111111111111"}
    api.fill(queue, clean, {"card": CARD, "more": [f"{CARD}, {CARD}"]})
    masked = "************1111"
    assert api.listed(queue) == [clean, {"card": masked, "more": [f"{masked}, {masked}"]}]
    # the checksum is that of what readers get
    api.fill(queue, masked)
    api.fill(queue, CARD)
    *_, one, two = api.get(f"{queue}/messages?echo=true").json["messages"]
    assert one["body"] == two["body"] == masked
    assert one["checksum"] == two["checksum"]


def test_a_filter_rejects_a_post(cards):
    api = cards("=reject")
    queue = api.queue()
    answer = api.post(f"{queue}/messages", {"messages": [{"body": 1}, {"body": [CARD]}]})
    error = refused(answer, 400, "Invalid API request")
    assert error["description"] == "A message holds the number of a payment card."
    assert api.everything(queue) == []
    api.fill(queue, "fine")
    assert api.listed(queue) == ["fine"]


def test_a_filter_drops_messages(cards):
    api = cards("=drop")
    queue = api.queue()
    ids = api.fill(queue, "one", CARD, "two", ttl=100)
    assert len(ids) == 2
    assert api.get(f"{queue}/messages?ids={','.join(ids)}").bodies == ["one", "two"]
    answer = api.post(f"{queue}/messages", {"messages": [{"body": CARD}, {"body": [CARD]}]})
    assert (answer.status, answer.json, answer.headers["Location"]) == (201, {"resources": []}, None)
    assert api.listed(queue) == ["one", "two"]


# ---- Other filters ----------------------------------------------------------------------------------


def test_a_filter_that_blocks_does_not_hold_up_what_need_not_pass(compile_plugin, tmp_path):
    opened = tmp_path / "opened"
    plugin = compile_plugin(FILTER % (f"""
        static enum stage_verdict enter(void *s, const struct stage_message *m, struct slice *body, struct arena *a,
                                        struct failure *why)
        {{
            (void)s; (void)m; (void)a; (void)why;
            while (has(*body, "wait") && access("{opened}", F_OK) != 0) usleep(1000);
            return STAGE_PASS;
        }}
        """, ".flags = STAGE_BLOCKS, .enter = enter"))
    with Nusku(options=[f"stages.pipeline={plugin}"]) as server, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        api = Client(server.port)
        queue = api.queue()
        (name,) = api.fill(queue, "zero")
        one = pool.submit(api.fill, queue, "one", "wait")
        for _ in range(20):  # these have no bodies
            assert api.stats(queue)["total"] == 1
            assert api.get("/v2/ping").status == 204
        assert api.delete(f"{queue}/messages/{name}").status == 204
        two = pool.submit(api.fill, queue, "two")
        assert not one.done()
        opened.touch()
        assert len(one.result(10)) == 2
        assert len(two.result(10)) == 1
        assert sorted(api.listed(queue)) == ["one", "two", "wait"]


def test_a_filter_may_say_whatever_it_likes(compile_plugin):
    """A reason that is no text, or too long; bodies that are no JSON: the answer is one of the API."""
    plugin = compile_plugin(FILTER % ("""
        static enum stage_verdict enter(void *s, const struct stage_message *m, struct slice *body, struct arena *a,
                                        struct failure *why)
        {
            (void)s; (void)m; (void)a;
            if (has(*body, "long")) host->fail(why, ST_REJECTED, "%0500d \\xc3\\xa9", 7);
            else if (has(*body, "bytes")) host->fail(why, ST_REJECTED, "\\xff\\xfe\\"");
            else if (has(*body, "later")) host->fail(why, ST_REFUSED, "later");
            else if (has(*body, "broken")) { *body = SLICE("{broken"); return STAGE_PASS; }
            else return STAGE_PASS;
            return STAGE_REJECT;
        }
        static enum stage_verdict leave(void *s, const struct stage_message *m, struct slice *body, struct arena *a,
                                        struct failure *why)
        {
            (void)s; (void)m; (void)a; (void)why;
            if (has(*body, "unreadable")) *body = SLICE("}");
            return has(*body, "hidden") ? STAGE_DROP : STAGE_PASS;
        }
        """, ".enter = enter, .leave = leave"))
    with Nusku(options=[f"stages.pipeline=encryption,{plugin}"]) as server:
        api = Client(server.port)
        queue = api.queue()

        def post(body):
            return api.post(f"{queue}/messages", {"messages": [{"body": body}]})
        assert refused(post("long"), 400)["description"].startswith("00000")
        assert refused(post("bytes"), 400)["description"] == "A message filter refuses it."
        refused(post("later"), 503)
        refused(post("broken"), 503)
        assert api.everything(queue) == []
        api.fill(queue, "one", "hidden", "two")
        assert api.listed(queue) == ["one", "two"]
        api.fill(queue, "unreadable")
        refused(api.get(f"{queue}/messages?echo=true"), 503)
        assert api.delete(f"{queue}/messages?pop=20").bodies == ["one", "two"]
        refused(api.delete(f"{queue}/messages?pop=20"), 503)
        assert api.stats(queue)["total"] == 1
        assert server.text().count("STAGE-REFUSED") <= 3


# ---- The example of a store -------------------------------------------------------------------------


def test_a_store_serves_the_default_pool(examples):
    with Nusku(store="memory://", options=[f"storage.plugin={examples}/memory.so", KEY]) as server:
        api = Client(server.port)
        queue = api.queue(_enable_encrypt_messages=True)
        api.fill(queue, 1, 2, 3)
        claim = api.claim(queue, limit=2)
        assert claim.bodies == [1, 2]
        assert api.delete(claim.headers["Location"]).status == 204
        assert api.delete(f"{queue}/messages?pop=5").bodies == [1, 2, 3]


def test_a_store_and_a_filter_in_daemons(examples):
    options = [f"storage.plugin={examples}/memory.so", "drivers.message_store=plugin",
               "drivers:message_store:plugin.uri=memory://", f"stages.pipeline={examples}/cards.so"]
    with Cluster("sqlite:///unused", options=options, workers=1) as cluster:
        api = Client(cluster.port)
        queue = api.queue()
        api.fill(queue, CARD)
        assert api.listed(queue) == ["************1111"]


def test_a_store_serves_a_pool(examples):
    with Nusku(options=[f"storage.plugin={examples}/memory.so", KEY, *pooling.OPTIONS]) as server:
        admin = pooling.Admin(server.port)
        assert admin.put("/v2/pools/quick", {"uri": "memory://", "weight": 1}).status == 201
        refused(admin.put("/v2/pools/other", {"uri": "memory://x", "weight": 1}), 400)
        api = Client(server.port)
        queue = api.queue(_enable_encrypt_messages=True)
        api.fill(queue, "one", "two")
        assert api.listed(queue) == ["one", "two"]
        assert api.delete(f"{queue}/messages?pop=1").bodies == ["one"]


# ---- What is no plug-in -----------------------------------------------------------------------------


def run(*command, options):
    return subprocess.run([*map(str, command), *(w for o in options for w in ("--option", o))],
                          capture_output=True, text=True, timeout=20, check=False,
                          env={"PATH": os.environ["PATH"], "LSAN_OPTIONS": "detect_leaks=0"})


@pytest.fixture
def bad(request, compile_plugin, tmp_path):
    """(what goes into the option, words of the complaint)"""
    text = tmp_path / "text.so"
    text.write_text("no program")
    made = {
        "absent": lambda: ("/nonexistent/x.so", "/nonexistent/x.so: cannot open"),
        "by name": lambda: ("nothing", "/nothing.so: cannot open"),
        "text": lambda: (text, "text.so: "),
        "folder": lambda: ("/tmp/", "/tmp/: "),
        "no symbol": lambda: (compile_plugin("int x;"), "it has no symbol nusku_"),
        "undefined": lambda: (compile_plugin("int gone(void); int y(void) { return gone(); }"), "undefined symbol: gone"),
        "other abi": lambda: (compile_plugin("struct { unsigned abi; void *p[20]; } nusku_store_plugin = {65537},"
                                             " nusku_stage_plugin = {65537};"), "built for ABI 1.1, this worker has "),
        "empty": lambda: (compile_plugin("#include <nusku/store.h>\n#include <nusku/stage.h>\n"
                                         "const struct store_ops nusku_store_plugin = {.abi = STORE_ABI};"
                                         "const struct stage_ops nusku_stage_plugin = {.abi = STAGE_ABI};"),
                          "it lacks"),
    }
    return made[request.param]()


BAD = ["absent", "by name", "text", "folder", "no symbol", "undefined", "other abi", "empty"]


@pytest.mark.parametrize("option", ["storage.plugin", "stages.pipeline"])
@pytest.mark.parametrize("bad", BAD, indirect=True)
@pytest.mark.parametrize("program", [(NUSKU, "dev"), (WORKER,)], ids=["dev", "worker"])
def test_what_is_no_plugin_ends_the_start(program, option, bad, tmp_path):
    what, words = bad
    done = run(*program, options=[f"{option}={what}", f"DEFAULT.state_path={tmp_path}",
                                  "drivers:transport:wsgi.port=0"])
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert f"[{option.partition('.')[0]}]" in done.stderr


@pytest.mark.parametrize("options, words", [
    (["stages.pipeline=EXAMPLES/cards.so=shred"], "it takes mask, reject or drop"),
    (["stages.pipeline=EXAMPLES/memory.so"], "it has no symbol nusku_stage_plugin"),
    (["storage.plugin=EXAMPLES/cards.so"], "it has no symbol nusku_store_plugin"),
    (["stages.pipeline=encryption,encryption"], "once"),
    (["stages.pipeline=", KEY], "encryption must be part"),
    (["storage.plugin=EXAMPLES/memory.so,"], "a name or a path"),
    (["storage.plugin=EXAMPLES/memory.so, EXAMPLES/memory.so"], "\"memory://\" already"),
    (["storage.plugin=EXAMPLES/memory.so", "drivers.message_store=plugin"], "uri"),
    (["storage.plugin=EXAMPLES/memory.so", "drivers.message_store=plugin",
      "drivers:message_store:plugin.uri=memory://x"], "nothing behind it"),
    (["drivers.message_store=plugin", "drivers:message_store:plugin.uri=memory://"], "no message store for"),
    (["transport.message_encryption_keys=AES256"], "ID:KEY was expected"),
    (["transport.message_encryption_keys=a:5ec7e7"], "64 hex digits"),
], ids=repr)
def test_wrong_options(examples, options, words, tmp_path):
    options = [o.replace("EXAMPLES", str(examples)) for o in options]
    done = run(WORKER, options=[*options, f"DEFAULT.state_path={tmp_path}"])
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "5ec7e7" not in done.stderr and "AES256" not in done.stderr


def test_keys_are_not_shown():
    done = run(NUSKU, "check-config", options=[KEY])
    assert done.returncode == 0
    assert "message_encryption_keys = ***\n" in done.stdout
    assert "0123456789abcdef" not in done.stdout + done.stderr
