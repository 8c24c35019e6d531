"""One run of wrk with a load of bench/loads, and what it says of it."""

import json
import os
import pathlib
import subprocess

from queues import Failed

LOADS = pathlib.Path(__file__).resolve().parent / "loads"


def run(port, script, arguments, seconds, connections, threads=1):
    """What done() of the load has written. An error, a timeout or a request that could not be sent is a
    failure."""
    done = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", LOADS / script,
         f"http://127.0.0.1:{port}", "--", *map(str, arguments)],
        env={**os.environ, "NUSKU_BENCH_LOADS": str(LOADS)}, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not lines:
        raise Failed(f"wrk ended with {done.returncode}\n{done.stdout}{done.stderr}")
    result = json.loads(lines[0].partition(" ")[2])
    if result["refused"] or result["timeouts"] or result["unsent"]:
        raise Failed(f"{result['refused']} errors, {result['timeouts']} timeouts, {result['unsent']} unsent")
    return result
