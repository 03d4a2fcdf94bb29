# SPDX-License-Identifier: Apache-2.0
"""What a run found, beside what was expected."""

import collections

from .data import FAIL, NOT_A_TEST, PASS, SKIP, UNKNOWN, suite_of


def judge(expected, result):
    """What a result is beside the expected one: "" as expected, else the name of the difference."""
    if result == expected:
        return ""
    if expected == UNKNOWN:
        return "not in the list"
    if result == PASS:
        return "better"
    if expected == PASS or result in (FAIL, NOT_A_TEST):
        return "worse"
    return "other"


def table(outcomes, expectations):
    """Rows per suite: passes, failures and rest here, and those of Samba's own server."""
    counts = collections.defaultdict(collections.Counter)
    for name, outcome in outcomes.items():
        row = counts[suite_of(name)]
        row[outcome.result] += 1
        row["samba " + expectations.rows.get(name, {}).get("samba", UNKNOWN)] += 1
    lines = [f"{'':34} {'Holdfast':^20} {'Samba':^20}",
             f"{'suite':34} {'pass':>6} {'fail':>6} {'rest':>6} {'pass':>6} {'fail':>6} {'rest':>6}"]
    total = collections.Counter()
    for suite in sorted(counts):
        total.update(counts[suite])
        lines.append(table_row(suite, counts[suite]))
    return [*lines, table_row("all", total)]


def table_row(name, row):
    def known(prefix):
        rest = row[prefix + SKIP] + row[prefix + NOT_A_TEST] + row[prefix + UNKNOWN]
        return f"{row[prefix + PASS]:6} {row[prefix + FAIL]:6} {rest:6}"
    return f"{name:34} {known('')} {known('samba ')}"


def closing_line(outcomes, differences):
    """Passed: passes that were expected. Failed: all differences. Skipped: known failures, skips, helpers."""
    passed = sum(o.result == PASS and name not in differences for name, o in outcomes.items())
    failed = len(differences)
    return f"{passed} passed, {failed} failed, {len(outcomes) - passed - failed} skipped"
