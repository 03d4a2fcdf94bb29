#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the runner itself: what cannot fail proves nothing."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from harness.client import Outcome, verdict  # noqa: E402
from harness.data import COLUMNS, BadData, Expectations, matches, need_of, read_needs  # noqa: E402
from harness.report import closing_line, judge  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent.parent


class Verdict(unittest.TestCase):
    def test_each(self):
        for text, status, late, result in (
                ("success: a\n", 0, False, "pass"),
                ("failure: a [\nsource4/torture/smb2/lock.c:12: no\n]\n", 1, False, "fail"),
                ("success: a\nfailure: b [\nno\n]\n", 1, False, "fail"),
                ("error: a [\nno\n]\n", 1, False, "fail"),
                ("skip: a [\nwhy\n]\n", 0, False, "skip"),
                ("success: a\n", 0, True, "fail"),
                ("", -11, False, "fail"),
                ("Failed to connect to SMB2 share - NT_STATUS_ACCESS_DENIED\n", 1, False, "fail"),
                ("nothing\n", 1, False, "not-a-test")):
            self.assertEqual(verdict(text, status, late)[0], result, text)

    def test_reason(self):
        text = "failure: a [\n../../source4/torture/smb2/lock.c:12: no\n]\n"
        self.assertEqual(verdict(text, 1, False)[1], "smb2/lock.c:12: no")


class Judgement(unittest.TestCase):
    def test_every_pair(self):
        for expected, result, what in (
                ("pass", "pass", ""), ("fail", "fail", ""), ("skip", "skip", ""),
                ("pass", "fail", "worse"), ("pass", "skip", "worse"), ("skip", "fail", "worse"),
                ("fail", "pass", "better"), ("skip", "pass", "better"), ("fail", "skip", "other"),
                ("-", "pass", "not in the list"), ("-", "fail", "not in the list")):
            self.assertEqual(judge(expected, result), what, (expected, result))

    def test_closing_line(self):
        outcomes = {n: Outcome(r, 0, "") for n, r in
                    (("a", "pass"), ("b", "fail"), ("c", "fail"), ("d", "skip"), ("e", "pass"))}
        self.assertEqual(closing_line(outcomes, {"c": "worse", "e": "better"}),
                         "1 passed, 2 failed, 2 skipped")


class List(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "list.tsv"

    def of(self, *rows):
        text = "\t".join(COLUMNS) + "\n" + "".join("\t".join(row) + "\n" for row in rows)
        self.path.write_text("# head\n" + text, encoding="utf-8")
        return Expectations(self.path)

    def test_refuses(self):
        for rows in ((("a", "fail", "-", "-", "-", "", ""),),
                     (("a", "pass", "-", "-", "-", "why", ""),),
                     (("a", "passed", "-", "-", "-", "", ""),),
                     (("a", "pass", "-", "-"),),
                     (("a", "pass", "-", "-", "-", "", ""),) * 2):
            with self.assertRaises(BadData):
                self.of(*rows)

    def test_only_shrinks(self):
        known = self.of(("a", "fail", "-", "-", "-", "why", "1.2"), ("b", "pass", "-", "-", "-", "", ""))
        self.assertFalse(known.improve("b", "samba3", "fail"))
        self.assertFalse(known.improve("b", "samba3", "skip"))
        self.assertFalse(known.improve("c", "samba3", "fail"))
        self.assertTrue(known.improve("a", "samba3", "pass"))
        self.assertTrue(known.improve("c", "samba3", "pass"))
        known.write(["c", "b", "a"])
        again = Expectations(self.path)
        self.assertEqual(list(again.rows), ["c", "b", "a"])
        self.assertEqual(again.rows["a"]["why"], "")
        self.assertEqual(again.head, ["# head"])

    def test_accepts_with_a_reason(self):
        known = self.of(("x.y.z", "pass", "-", "-", "-", "", ""))
        known.accept("x.y.z", "samba3", "fail", "not there: {suite}", "1.2")
        known.write(["x.y.z"])
        self.assertEqual(Expectations(self.path).why("x.y.z"), "not there: x.y")


class Files(unittest.TestCase):
    def test_they_can_be_read(self):
        needs = read_needs(HERE / "needs.tsv")
        for path in (HERE / "expected").glob("*.tsv"):
            for name in Expectations(path).rows:
                need = need_of(needs, name)
                self.assertTrue((HERE / "servers" / f"{need.server}.toml").exists(), name)

    def test_patterns(self):
        self.assertTrue(matches("smb2.lease.break.break", ["smb2.lease"]))
        self.assertFalse(matches("smb2.lease-x.break", ["smb2.lease"]))
        self.assertTrue(matches("smb2.durable-open.reopen1.reopen1", ["*reopen*"]))
        self.assertTrue(matches("anything", []))


if __name__ == "__main__":
    unittest.main()
