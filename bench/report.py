"""What the programs of bench/ share: figures in words, and where results are kept."""

import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"


def spread(values):
    middle = statistics.median(values)
    return middle, (max(values) - min(values)) / middle if middle else 0


def figure(n):
    return f"{n:,.0f}" if n >= 100 else f"{n:.1f}"


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=10"], cwd=HERE,
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def keep(name, text, data):
    """Writes text as bench/results/NAME.md, below when, of which commit and on what it was measured, and
    data beside it as JSON."""
    base = RESULTS / name
    base.with_suffix(".md").write_text(
        f"# {name}\n\n{datetime.date.today()}, commit {commit()}, {os.cpu_count()} cores with the load on "
        f"them, too. {text}\n")
    base.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n")
    print(f"kept as {base.relative_to(HERE.parent)}.md", file=sys.stderr)
