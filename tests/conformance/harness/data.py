# SPDX-License-Identifier: Apache-2.0
"""What is known beforehand: which server each subtest needs, and its expected result."""

import dataclasses
import fnmatch
import re

PASS, FAIL, SKIP, NOT_A_TEST, UNKNOWN = "pass", "fail", "skip", "not-a-test", "-"
RESULTS = (PASS, FAIL, SKIP, NOT_A_TEST, UNKNOWN)
# How a suite is run; each has a column of its own in the expectations.
MODES = ("samba3", "default", "encrypted")
COLUMNS = ("subtest", *MODES, "samba", "why", "section")


class BadData(Exception):
    """A file of expectations or needs is not what it should be."""


def lines_of(path):
    """(number, fields) of each line that is neither empty nor a comment."""
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.split("\t")


@dataclasses.dataclass
class Need:
    """What the subtests whose names match `pattern` need. The first that matches counts."""
    pattern: re.Pattern
    server: str          # servers/NAME.toml
    share: str
    options: list        # smbtorture's --option=, without that word
    limit_s: float       # what takes longer has failed
    flags: set           # see needs.tsv
    why: str


FLAGS = {"skip", "local", "waits", "fresh", "restarts"}
DEFAULT_LIMIT_S = 60


def read_needs(path):
    needs = []
    for number, fields in lines_of(path):
        if len(fields) != 7:
            raise BadData(f"{path}:{number}: {len(fields)} fields, must be 7")
        pattern, server, share, options, limit, flags, why = fields
        flags = set(flags.split())
        if flags - FLAGS:
            raise BadData(f"{path}:{number}: no flag {', '.join(flags - FLAGS)}")
        needs.append(Need(re.compile(pattern), server or "main", share or "tmp",
                          [o for o in options.split(";") if o],
                          float(limit or DEFAULT_LIMIT_S), flags, why))
    return needs


def need_of(needs, name):
    for need in needs:
        if need.pattern.search(name):
            return need
    raise BadData(f"needs.tsv: nothing matches {name}")


def suite_of(name):
    """smb2.lease.request.request -> smb2.lease; smb2.connect.connect -> smb2.connect"""
    return ".".join(name.split(".")[:2])


def matches(name, patterns):
    """By whole name, by its beginning up to a dot, or with * and ? as in file names."""
    return not patterns or any(name == p or name.startswith(p + ".") or fnmatch.fnmatchcase(name, p)
                               for p in patterns)


class Expectations:
    """expected/SUITE.tsv: a row for each subtest, in the order of `smbtorture --list`."""

    def __init__(self, path):
        self.path, self.head, self.rows = path, [], {}
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        self.head = [line for line in text.split("\n") if line.startswith("#")]
        for number, fields in lines_of(path):
            if tuple(fields) == COLUMNS:
                continue
            if len(fields) != len(COLUMNS):
                raise BadData(f"{path}:{number}: {len(fields)} fields, must be {len(COLUMNS)}")
            row = dict(zip(COLUMNS, fields))
            self._check(number, row)
            self.rows[row["subtest"]] = row

    def _check(self, number, row):
        def bad(text):
            raise BadData(f"{self.path}:{number}: {row['subtest']}: {text}")
        if row["subtest"] in self.rows:
            bad("twice")
        for column in (*MODES, "samba"):
            if row[column] not in RESULTS:
                bad(f"{column} is {row[column]!r}, must be one of {', '.join(RESULTS)}")
        if any(row[mode] in (FAIL, SKIP) for mode in MODES) and not row["why"]:
            bad("a known failure or skip without a reason")
        if row["why"] and all(row[mode] in (PASS, UNKNOWN) for mode in MODES):
            bad("a reason, and nothing that fails")

    def expected(self, name, mode):
        """UNKNOWN for a subtest that is not in the list, or was never recorded in this mode."""
        return self.rows[name][mode] if name in self.rows else UNKNOWN

    def why(self, name):
        return self.rows[name]["why"] if name in self.rows else ""

    def improve(self, name, mode, result):
        """Takes over a result that is better than the expected one; True when it changed the row."""
        row = self._row(name)
        if row[mode] == result or result in (FAIL, UNKNOWN):
            return False
        if row[mode] == PASS:
            return False  # a pass became a skip: not better
        if result == SKIP and not row["why"]:
            return False
        row[mode] = result
        self._drop_reason(row)
        return True

    def accept(self, name, mode, result, why, section):
        """Takes over a result that is not better, with its reason."""
        row = self._row(name)
        row[mode] = result
        why = why.replace("{suite}", suite_of(name))
        if not row["why"]:
            row["why"] = why
        elif why not in row["why"]:
            row["why"] += f"; {mode}: {why}"  # known for another mode, and now fails in this one, too
        row["section"] = section or row["section"]
        self._drop_reason(row)

    def _row(self, name):
        return self.rows.setdefault(name, dict(zip(COLUMNS, [name] + [UNKNOWN] * 4 + ["", ""])))

    @staticmethod
    def _drop_reason(row):
        if all(row[mode] in (PASS, UNKNOWN) for mode in MODES):
            row["why"] = row["section"] = ""

    def write(self, order):
        """Rows in the order of the list `order`; those that are not in it at the end."""
        places = {name: place for place, name in enumerate(order)}
        rows = sorted(self.rows.values(), key=lambda r: places.get(r["subtest"], len(places)))
        text = "".join(line + "\n" for line in
                       [*self.head, "\t".join(COLUMNS),
                        *("\t".join(row[c] for c in COLUMNS) for row in rows)])
        draft = self.path.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.rename(self.path)
