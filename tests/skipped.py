#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints which tests a run skipped, and why: skipped.py RESULTS.xml [--strict]

RESULTS.xml is what `ctest --output-junit` wrote. Each skipped test is named with the line that says why. With --strict the exit
status is 1 if a test is skipped that tests/allowed_skips.txt does not list (lines with a pattern of names and a reason), except tests
that need the test data when there is none.
"""
import fnmatch
import os
import sys
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))


def allowed():
    with open(f"{HERE}/allowed_skips.txt", encoding="utf-8") as file:
        lines = [line.split(maxsplit=1) for line in file if line.strip() and not line.startswith("#")]
    return {pattern: reason.strip() for pattern, reason in lines}


def reason_of(case):
    """The most informative line of the test's output."""
    out = case.find("system-out")
    lines = [line.strip() for line in (out.text or "").splitlines()] if out is not None else []
    telling = [line for line in lines if line and not line.startswith(("[", "Note:", "Running main"))]
    return telling[-1][:160] if telling else "it does not say why"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    known, surprises = allowed(), 0
    cases = xml.parse(sys.argv[1]).getroot().findall("testcase")
    skipped = [case for case in cases if case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None]
    without_data = not os.path.isdir(os.environ.get("FOVEA_DATA") or "../shared/data")
    for case in skipped:
        listed = any(fnmatch.fnmatch(case.get("name"), pattern) for pattern in known)
        listed = listed or (without_data and "FOVEA_DATA" in reason_of(case))
        surprises += not listed
        print(f"skipped{'' if listed else ', and not expected to be'}: {case.get('name')}: {reason_of(case)}")
    print(f"{len(cases) - len(skipped)} tests ran, {len(skipped)} were skipped, {surprises} of them unexpectedly")
    return 1 if surprises and "--strict" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
