"""doc/openapi.yaml against a running server: schemathesis sends what the document allows, and what it doesn't.

All of its checks are on: no 5xx, no status, header, media type or member that the document doesn't have, valid
requests are taken, others are refused, what was deleted is gone, what was made is there. What it sends is the
same in each run; NUSKU_TEST_PHASES=examples,coverage,fuzzing,stateful adds sequences that follow the document's
links, and differ with the ids that are given out. hooks.py has what can't be said in the document. Every success that the document names must have
come up.
"""

import json
import os
import pathlib
import subprocess
import sys

import yaml
from support.servers import ROOT, Nusku

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = ("DEFAULT.admin_mode=true", "DEFAULT.pooling=true", "pooling:catalog.enable_virtual_pool=true",
           "DEFAULT.enable_checksum=true", "signed_url.secret_key=secret",
           f"transport.message_encryption_keys=a:{64 * '0'}")
PHASES = os.environ.get("NUSKU_TEST_PHASES", "examples,coverage,fuzzing")
CASES = "10"  # of each operation in each phase, beside those that follow from its schema


def successes():
    """Every (operation, status) of the document that is no refusal."""
    paths = yaml.safe_load((ROOT / "doc" / "openapi.yaml").read_text())["paths"]
    return {(operation["operationId"], status) for item in paths.values()
            for operation in item.values() if "operationId" in operation
            for status in operation["responses"] if int(status) < 400}


def test_server_does_what_the_document_says(tmp_path):
    answers = tmp_path / "answers.json"
    with Nusku(options=OPTIONS) as server:
        done = subprocess.run(
            [pathlib.Path(sys.executable).with_name("schemathesis"), "--no-color", "run",
             ROOT / "doc" / "openapi.yaml", "--url", server.url, "--checks", "all",
             "--phases", PHASES, "--max-examples", CASES,
             "--generation-deterministic", "--no-shrink", "--continue-on-failure"],
            cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
            env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "hooks",
                 "NUSKU_TEST_URL": server.url, "NUSKU_TEST_STORES": str(tmp_path),
                 "NUSKU_TEST_ANSWERS": str(answers)})
        assert done.returncode == 0, done.stdout + done.stderr
        assert server.process.poll() is None
    assert sorted(successes() - {tuple(a) for a in json.loads(answers.read_text())}) == []
