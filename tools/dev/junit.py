#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""junit.py [--failures] REPORT: "PASSED FAILED SKIPPED" of a CTest JUnit report, or what failed with its output."""
import sys
import xml.etree.ElementTree as ElementTree

OUTPUT_LINES = 60


def main():
    cases = ElementTree.parse(sys.argv[-1]).getroot().iter("testcase")
    by_status = {"run": [], "fail": [], "other": []}
    for case in cases:
        status = case.get("status")
        by_status[status if status in by_status else "other"].append(case)
    if sys.argv[1] != "--failures":
        print(*(len(by_status[s]) for s in ("run", "fail", "other")))
        return
    for case in by_status["fail"]:
        print(f"FAILED: {case.get('name')}")
        lines = (case.findtext("system-out") or "").rstrip().split("\n")
        print("\n".join("    " + line for line in lines[-OUTPUT_LINES:]))


main()
