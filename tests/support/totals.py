#!/usr/bin/python3
"""totals.py FOLDER [STEP...]: adds up the JUnit reports of a folder, and prints one line at the end.

A program of cmocka counts with every test that it holds. A step that failed without a failing test in
a report (a build that broke, say) counts as one failure. The exit status is 1 when anything failed.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as tree

CMOCKA = re.compile(r"^\[  (PASSED|FAILED|SKIPPED)\s*\] (\d+) test", re.MULTILINE)


def of_case(case):
    """(passed, failed, skipped) of one <testcase>."""
    status = case.get("status", "")
    if case.find("failure") is not None or case.find("error") is not None or status == "fail":
        outcome = "FAILED"
    elif case.find("skipped") is not None or status in ("notrun", "disabled"):
        outcome = "SKIPPED"
    else:
        outcome = "PASSED"
    counts = dict.fromkeys(("PASSED", "FAILED", "SKIPPED"), 0)
    output = case.findtext("system-out") or ""
    for kind, n in CMOCKA.findall(output):
        counts[kind] += int(n)
    if counts[outcome] == 0:
        counts[outcome] = 1
    return counts["PASSED"], counts["FAILED"], counts["SKIPPED"], outcome


def main():
    folder, steps = pathlib.Path(sys.argv[1]), sys.argv[2:]
    total = [0, 0, 0]
    told = []
    for report in sorted(folder.glob("*.xml")):
        for case in tree.parse(report).iter("testcase"):
            *counts, outcome = of_case(case)
            total = [a + b for a, b in zip(total, counts)]
            if outcome != "PASSED":
                why = case.find("skipped")
                why = why.get("message", "") if why is not None else ""
                told.append((outcome, case.get("classname", ""), case.get("name", ""), why))
    skipped = {}
    for outcome, where, name, why in told:
        if outcome == "FAILED":
            print(f"FAILED  {where} {name}")
        else:
            skipped.setdefault(why or f"{where} {name}", []).append(name)
    for why, names in skipped.items():
        print(f"skipped {len(names)}: {why}")
    for step in steps:
        print(f"FAILED  step {step}")
    if steps and total[1] == 0:
        total[1] = len(steps)
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or steps else 0


if __name__ == "__main__":
    sys.exit(main())
