# SPDX-License-Identifier: Apache-2.0
"""The table of results and its closing line."""

import dataclasses
import time
import traceback

from .lab import Failed


class Skipped(Exception):
    """A case that cannot run here; the text says why."""


@dataclasses.dataclass
class Case:
    """One row: a client in one mode.  run is called with the lab; Failed or Skipped says the rest."""
    client: str
    mode: str
    run: object
    full_only: bool = False

    @property
    def name(self):
        return f"{self.client}/{self.mode}"


class Report:
    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def header(self):
        print(f"{'client':<16} {'mode':<28} {'result':<8} {'seconds':>7}", flush=True)

    def run(self, case, lab):
        started, note = time.monotonic(), ""
        try:
            note = case.run(lab) or ""
            result = "passed"
        except Skipped as reason:
            result, note = "skipped", str(reason)
        except Failed as error:
            result, note = "failed", str(error)
        except Exception:  # a mistake in the test is a failure too, and the rest still runs
            result, note = "failed", traceback.format_exc(limit=-3).replace("\n", " | ")
        self.row(case.client, case.mode, result, time.monotonic() - started, note)
        return result

    def row(self, client, mode, result, seconds, note=""):
        self.counts[result] += 1
        print(f"{client:<16} {mode:<28} {result:<8} {seconds:7.1f}  {note}".rstrip(), flush=True)

    def close(self):
        """Prints the closing line; the exit status."""
        counts = self.counts
        print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped",
              flush=True)
        return 1 if counts["failed"] or not counts["passed"] else 0
