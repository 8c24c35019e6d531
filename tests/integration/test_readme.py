"""What the README shows is run, as it stands but for the address of the server and the project."""

import json
import pathlib
import re
import subprocess

from support.api import unique

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1:8888"  # where `nusku dev` serves, and the README says so
# An answer is a line, and an error ends the script.
PRELUDE = """set -eu -o pipefail
curl() { command curl --fail-with-body --max-time 20 --write-out '\\n' "$@"; }
"""


def blocks(path, *kinds):
    """The blocks of code of these kinds."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text(), re.M | re.S)
    return [text for kind, text in found if kind in kinds]


def for_server(text, server, project):
    assert ADDRESS in text
    return text.replace(ADDRESS, f"127.0.0.1:{server.port}").replace("demo", project)


def run(script):
    done = subprocess.run(["bash", "-c", PRELUDE + script], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


def shells(path):
    return [text for text in blocks(path, "sh", "console") if "curl" in text]


def test_the_address_is_the_default_one():
    (start,) = [t for t in blocks(ROOT / "README.md", "sh") if "\nnusku dev" in t]
    assert f"serves on {ADDRESS}" in start


def test_curl(server):
    (script,) = shells(ROOT / "README.md")
    posted, listed, claimed, popped, stats = run(for_server(script, server, unique("readme")))
    assert len(posted["resources"]) == 2
    assert [m["body"] for m in listed["messages"]] == [{"resize": "a.png"}, {"resize": "b.png"}]
    assert [m["href"] for m in listed["messages"]] == posted["resources"]
    (message,) = claimed["messages"]
    assert message["body"] == {"resize": "a.png"}
    assert message["href"].startswith(posted["resources"][0] + "?claim_id=")
    assert [m["body"] for m in popped["messages"]] == [{"resize": "b.png"}]
    assert {name: stats["messages"][name] for name in ("claimed", "free", "total")} == \
        {"claimed": 1, "free": 0, "total": 1}


def test_curl_of_the_other_documents(server):
    for path in sorted((ROOT / "doc").glob("*.md")):
        for script in shells(path):
            run(for_server(script, server, unique("doc")))


def test_python(server, capsys):
    project = unique("readme")
    (script,) = blocks(ROOT / "README.md", "python")
    script = for_server(script, server, project)
    names = {}
    exec(compile(script, "README.md", "exec"), names)  # pylint: disable=exec-used
    assert capsys.readouterr().out == "{'resize': 'c.png'}\n"
    assert names["queue"].stats["messages"]["total"] == 0  # it deletes what it claimed
