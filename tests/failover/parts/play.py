# SPDX-License-Identifier: Apache-2.0
"""Plays rounds, one after the other, and prints what came of each and of all."""

import argparse
import os
import fcntl
import random
import signal
import statistics
import sys
import time
import traceback

from harness.lab import Failed
from harness.report import Report

from .jobs import JOBS
from .rounds import Early, Round, Verdict
from .stage import KERNELS

MODES = ("soft", "hard")
# Clients that may fail by themselves in spite of a right server: (kernels, mounts, jobs). A row is then "skipped", and says what
# proves it; README.md has the causes. Whatever is not here has to pass.
CLIENT_FAULTS = [
    (("6.1", "6.12"), ("soft", "hard"), ("cp-to", )),
    (("7.2", ), ("soft", ), ("cp-to", )),
    (("6.1", ), ("soft", "hard"), ("stream", "untar")),
    (("6.12", "7.2"), ("soft", ), ("stream", "untar")),
    (("7.2", ), ("hard", ), ("untar", )),
    (("6.12", ), ("soft", "hard"), ("cp-from", )),
]
SHORT = {"rounds": 1, "size": 256, "files": 500, "kernel": ["6.12"]}
LONG = {"rounds": 20, "size": 1024, "files": 5000, "kernel": list(KERNELS)}
# Where in the work the event may come. Late enough that all are at it, early enough that nobody is done.
EARLIEST, LATEST = 0.1, 0.75


def parser(description):
    """The options that all three scripts have."""
    made = argparse.ArgumentParser(description=description + " Ends with 'N passed, N failed, N skipped'.")
    made.add_argument("--rounds", type=int, help="of each job (default 20; short 1)")
    made.add_argument("--short", action="store_true", help="for CI: one kernel, one round each, less data")
    made.add_argument("--kernel", action="append", choices=KERNELS, help="default: all (short: 6.12)")
    made.add_argument("--mount", action="append", choices=MODES, help="default: both, at once in two guests")
    made.add_argument("--job", action="append", choices=JOBS, help="default: all")
    made.add_argument("--size", type=int, help="MiB that are copied (default 1024; short 256)")
    made.add_argument("--files", type=int, help="files of the untar (default 5000; short 500)")
    made.add_argument("--seed", type=int, help="of the moments and the data (default: a new one, printed)")
    made.add_argument("--server", choices=("holdfast", "samba"), default="holdfast",
                      help="samba: the control, which loses data and locks, and fails")
    return made


def complete(options):
    """Fills in what was not said."""
    for key, value in (SHORT if options.short else LONG).items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    options.mount = options.mount or list(MODES)
    options.job = options.job or list(JOBS)
    options.seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    return options


class Play:
    """label: what a row is called after, before the job's name."""

    def __init__(self, options, stage):
        self.options, self.stage, self.report = options, stage, Report()
        self.rng = random.Random(options.seed)
        self.pauses, self.number = {}, 0
        print(f"seed {options.seed}; {options.size} MiB, {options.files} files, {options.rounds} round(s) of each job, "
              f"server {options.server}", flush=True)
        self.report.header()

    def rounds(self, seats, event, rival, label="", round_class=Round):
        """All jobs, all rounds, on these seats at once."""
        for name in self.options.job:
            for number in range(1, self.options.rounds + 1):
                self.round(name, number, seats, event, rival, label, round_class)

    def round(self, name, number, seats, event, rival, label, round_class):
        fraction = self.rng.uniform(EARLIEST, LATEST)
        title = f"{label}{name} {number}"
        for attempt in range(3):
            self.number += 1
            job = JOBS[name](self.stage, event.disk, self.number)
            one = round_class(self.stage, job, seats, event, fraction, rival)
            started = time.monotonic()
            try:
                one.run()
                break
            except Early as early:
                if attempt == 2:
                    self._broken(one, title, seats, started, f"always over before the event: {early}")
                    return
            except Exception as error:  # a mistake of the test is a failure too, and the rest still runs
                text = str(error) if isinstance(error, Failed) else traceback.format_exc(limit=-3).replace("\n", " | ")
                self._broken(one, title, seats, started, text)
                return
        self._tell(one, title, label + name, fraction, started)

    def _broken(self, one, title, seats, started, text):
        folder = one.keep(title)
        for seat in seats:
            self.report.row(seat.name, title, "failed", time.monotonic() - started, f"{text}; kept: {folder}")
            try:
                self.stage.remount(seat)
                one.job.clean(seat)
            except Failed as error:
                print(f"  {seat.name}: {error}", flush=True)
        one.event.restore()

    def _tell(self, one, title, group, fraction, started):
        folder, failed = None, False
        for seat in one.seats:
            try:
                verdict = one.judge(seat)
            except Exception as error:
                verdict = Verdict(None)
                verdict.problems.append(f"{error} {traceback.format_exc(limit=-2)}".replace("\n", " | "))
            notes = [f"at {fraction:.0%}, {one.outage.struck_at - one.begun_at:.2f} s", *one.outage.notes,
                     *(note for note in verdict.notes if note)]
            if verdict.pause is not None:
                self.pauses.setdefault((seat.name, group), []).append(verdict.pause)
                notes.insert(0, f"pause {verdict.pause:.2f} s")
            result = self._result(verdict, seat, one.job)
            if result != "passed":
                folder = folder or one.keep(title)
                notes += [*verdict.client_says, *verdict.problems, f"kept: {folder}"]
            if result == "skipped":
                notes.insert(0, "the client's own fault")
            self.report.row(seat.name, title, result, time.monotonic() - started, "; ".join(notes))
            failed = failed or result == "failed"
        if hasattr(one.outage, "check"):
            self._tell_more(one, title, started)
        if failed:
            one.event.restore()

    @staticmethod
    def _result(verdict, seat, job):
        if not verdict.client_says and not verdict.problems:
            return "passed"
        known = any(seat.kernel in kernels and seat.mode in modes and job.name in jobs for kernels, modes, jobs in CLIENT_FAULTS)
        return "skipped" if not verdict.problems and known else "failed"

    def _tell_more(self, one, title, started):
        """What is to be seen of the event itself, in a row of its own."""
        try:
            problems, note = one.outage.check()
        except Failed as error:
            problems, note = [str(error)], "not to be seen"
            one.event.restore()
        text = "; ".join([note, *problems])
        self.report.row("lost node", title, "failed" if problems else "passed", time.monotonic() - started, text)

    def close(self):
        """The pauses of all, the closing line; the exit status."""
        for problem in self.stage.problems:
            self.report.row("lab", "clean-up", "failed", 0, problem)
        print("\npauses in seconds: client, job, rounds, shortest, median, longest")
        for (seat, job), values in sorted(self.pauses.items()):
            print(f"{seat:<16} {job:<28} {len(values):>4} {min(values):7.2f} {statistics.median(values):7.2f} {max(values):7.2f}")
        return self.report.close()


def alone(stage_state, name):
    """One run at a time of a lab. Signals unwind like exceptions, so that everything started is ended."""
    if os.geteuid() != 0:
        sys.exit("must run as root (network namespaces, user-mode Linux guests, mounts)")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    stage_state.mkdir(parents=True, exist_ok=True)
    lock = open(stage_state / f"{name}.lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another run uses the lab '{name}' (HOLDFAST_LAB_NAME names another)")
    return lock
