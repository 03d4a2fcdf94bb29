#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills holdfastd under load, again and again; exit status 1 when a client noticed more than a pause."""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from service import USER, Failure, Service, octets_of, processor_seconds, wait_until

SHARE = "data"
# Behind a start, the segment before the current one stays until something is written.
SEGMENT = 1 << 20
# A server that has worked may keep a few more (spare segments of the store), but not one for each file.
MORE_DESCRIPTORS = 16


class Generator:
    """The process of `holdfast-load run`, spoken to by lines."""

    def __init__(self, options, service, work):
        self.log, self.pauses_file = work / "acknowledged.log", work / "pauses"
        self.errors = work / "generator.errors"
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [options.generator, "run", "--port", str(service.port), "--share", SHARE, "--user", USER,
                 "--password-file", service.password_file, "--clients", str(options.clients), "--opens",
                 str(options.opens), "--rivals", str(options.rivals), "--passing", str(options.passing), "--think-ms",
                 str(options.think_ms), "--limit", str(options.limit), "--seed", str(options.seed), "--log", self.log,
                 "--pauses", self.pauses_file],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.lines, self.arrived = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.arrived:
                self.lines.append(line.rstrip("\n"))
                self.arrived.notify()
        with self.arrived:
            self.lines.append(None)
            self.arrived.notify()

    def expect(self, wanted, seconds):
        with self.arrived:
            if not self.arrived.wait_for(lambda: self.lines, seconds):
                raise Failure(f"the generator does not say '{wanted}' within {seconds} s")
            line = self.lines.pop(0)
        if line != wanted:
            raise Failure(f"the generator says '{line}' instead of '{wanted}'\n{self.failures()}")

    def ask(self, command, answer, seconds):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.expect(answer, seconds)

    def failures(self):
        return self.errors.read_text(errors="replace")

    def check(self, options, directory, *more):
        """Compares what was acknowledged with the server's disk."""
        done = subprocess.run([options.generator, "check", "--log", self.log, "--directory", directory,
                               *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"on the server's disk:\n{done.stdout}")
        return done.stdout.strip()

    def end(self):
        """Lets all clients close and leave; what it counted."""
        self.ask("stop", "ended", 120)
        self.process.stdin.close()
        status = self.process.wait(60)
        with self.arrived:
            self.arrived.wait_for(lambda: self.lines and self.lines[-1] is None, 10)
            counts = [line for line in self.lines if line]
        if status != 0:
            raise Failure(f"the generator ended with status {status}:\n{self.failures()}")
        return counts

    def pauses(self):
        rows = [line.split() for line in self.pauses_file.read_text(encoding="ascii").splitlines()]
        return [(int(client), int(begin) / 1e6, int(end) / 1e6) for client, begin, end in rows]


class Outage:
    """When the server was killed and was ready again (time.monotonic()); held: it was looked at while it was down."""

    def __init__(self, killed):
        self.killed, self.ready, self.held = killed, None, False


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def print_times(what, values):
    if not values:
        print(f"{what}: none")
        return
    print(f"{what}: p50 {percentile(values, 0.5):.3f} s, p99 {percentile(values, 0.99):.3f} s, "
          f"max {max(values):.3f} s ({len(values)} values)")


def report_pauses(pauses, outages):
    """Pauses as clients saw them, and what of them was after the server was ready again."""
    held = [(o.killed, o.ready) for o in outages if o.held]
    kept = [p for p in pauses if not any(p[1] <= ready and p[2] >= killed for killed, ready in held)]
    print_times("pause, from the last answer before to the first one after", [end - begin for _, begin, end in kept])
    rest = []
    for _, begin, end in kept:
        # The last start that this pause waited for.
        ready = [o.ready for o in outages if o.killed >= begin - 1 and o.ready <= end]
        if ready:
            rest.append(end - max(ready))
    print_times("of it after the server was ready again", rest)


class Run:
    """One service, one generator, and what was wrong."""

    def __init__(self, options, work):
        self.options, self.random = options, random.Random(options.seed)
        self.share_path = work / "share"
        self.service = Service(options.bin, work, {SHARE: {"path": str(self.share_path),
                                                           "continuous_availability": True}},
                               f'[runtime]\nloop = "{options.loop}"\n')
        self.outages, self.wrong, self.work, self.base_descriptors = [], [], work, 0

    def base_size(self):
        """Octets of the store of a share that nobody has opened anything on, behind a restart; or None."""
        self.service.start()
        self.service.add_user()
        self.service.stop()
        self.service.start()
        self.base_descriptors = self.service.descriptors()
        store = self.service.store(SHARE)
        return octets_of(store) if store else None

    def outage(self, generator, number):
        """One kill, at a random moment, and its end. Now and then the next one comes before all have recovered."""
        generator.ask("mark", "marked", 10)
        time.sleep(self.random.uniform(0, self.options.between))
        if self.options.cut:
            generator.ask("cut", "cut", 10)
        else:
            self.kill_and_start(generator, number)
            if self.random.random() < self.options.again:
                time.sleep(self.random.uniform(0, 0.15))
                self.kill_and_start(generator, number)
        generator.ask("wait", "recovered", self.options.limit + 10)

    def kill_and_start(self, generator, number):
        outage = Outage(time.monotonic())
        if self.random.random() < self.options.orderly:
            self.service.stop()
        else:
            self.service.kill()
        self.outages.append(outage)
        if number % self.options.look_every == 0:
            outage.held = True
            generator.ask("down", "down", 30)
            print(f"killed, number {number}:", generator.check(self.options, self.share_path), flush=True)
        else:
            time.sleep(self.random.choice([0, 0, self.random.uniform(0, self.options.longest_down)]))
        self.service.start()
        outage.ready = time.monotonic()

    def expect(self, ok, what):
        if not ok:
            self.wrong.append(what)

    def check_nothing_left(self, base):
        """No open, no handle that is kept, no record in the store."""
        def closed():
            return (self.service.json("status")["files_open"] == 0
                    and "No open files." in self.service.holdfast("files") and self.service.descriptors() <= self.base_descriptors + MORE_DESCRIPTORS)
        try:
            wait_until("no file is open", 10, closed, 0.1)
        except Failure:
            self.wrong.append("files are open although all clients have closed them; "
                              f"{self.service.descriptors()} descriptors instead of {self.base_descriptors}:\n" +
                              self.service.holdfast("files"))
        store = self.service.store(SHARE)
        if store is None:
            print("state store: there is none")
            self.expect(base is None, "the state store is gone")
            return
        records = []

        def empty():
            """Connections of earlier servers are forgotten when their clients have been told to come back."""
            exported = self.service.holdfast("state", "export", store)
            records[:] = [r for r in exported.splitlines() if json.loads(r)["type"] not in ("store", "epoch", "server")]
            return not records
        try:
            wait_until("the store is empty", 10, empty, 0.2)
        except Failure:
            self.wrong.append("the store still holds:\n" + "\n".join(records[:10]))
        while_running = self.settled_size(store, base)
        self.service.stop()
        print(self.service.holdfast("state", "check", store).strip())
        self.service.start()
        again = self.settled_size(store, base)
        print(f"state store: {base / 1024:.0f} KiB before, {while_running / 1024:.0f} KiB when all had closed, "
              f"{again / 1024:.0f} KiB behind a restart")
        self.expect(max(while_running, again) <= base + SEGMENT, "the state store has grown")

    @staticmethod
    def settled_size(store, base):
        """Octets of the store when it has become small again, or after a while."""
        try:
            wait_until("", 10, lambda: octets_of(store) <= base + SEGMENT, 0.1)
        except Failure:
            pass
        return octets_of(store)

    def run(self):
        base = self.base_size()
        generator = Generator(self.options, self.service, self.work)
        try:
            self.load(generator, base)
        finally:
            if generator.process.poll() is None:
                generator.process.kill()
            generator.process.wait()
            if self.service.process.poll() is None:
                self.service.kill()

    def load(self, generator, base):
        options = self.options
        generator.expect("ready", 120)
        print(f"{options.clients} clients have {options.clients * options.opens} persistent opens", flush=True)
        for number in range(1, options.kills + 1):
            self.outage(generator, number)
            if generator.failures().count("FAIL"):
                raise Failure(f"after kill {number}:\n{generator.failures()}")
        used = processor_seconds(self.service.process.pid)
        counts = generator.end()
        print("\n".join(counts))
        print(generator.check(options, self.share_path, "--complete"))
        pauses = generator.pauses()
        kills = len(self.outages) or options.kills
        print(f"{kills} {'cuts' if options.cut else 'kills'}, the last server used {used:.1f} s of processor time")
        report_pauses(pauses, self.outages)
        self.expect(len(pauses) >= options.clients * options.kills, f"only {len(pauses)} pauses were seen")
        seen = " ".join(counts)
        for wanted in ("reclaimed handles", "locks that held", "replayed WRITE"):
            self.expect(wanted in seen, f"nothing was counted as '{wanted}': the load does not test it")
        self.check_nothing_left(base)
        self.service.stop()


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--generator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--loop", choices=("auto", "uring", "epoll"), default="auto", help="of the server")
    p.add_argument("--short", action="store_true", help="20 clients of 5 opens, 5 kills")
    p.add_argument("--clients", type=int)
    p.add_argument("--opens", type=int, help="of each client")
    p.add_argument("--kills", type=int)
    p.add_argument("--rivals", type=int, default=2)
    p.add_argument("--passing", type=int, default=1, help="files of each client that come and go")
    p.add_argument("--think-ms", type=float, default=400, help="of each writer between two requests, on average")
    p.add_argument("--between", type=float, default=2, help="longest time of work between two kills, seconds")
    p.add_argument("--longest-down", type=float, default=1.5, help="longest time until the restart, seconds")
    p.add_argument("--again", type=float, default=0.2, help="part of the kills that hit clients amid their return")
    p.add_argument("--orderly", type=float, default=0, help="part of the kills that are SIGTERM instead of SIGKILL")
    p.add_argument("--look-every", type=int, help="every so many kills the disk is checked before the restart")
    p.add_argument("--limit", type=float, default=60, help="longest pause, seconds")
    p.add_argument("--cut", action="store_true", help="cuts all connections instead of killing the server")
    p.add_argument("--seed", type=int, default=0, help="0: by chance")
    p.add_argument("--dir", help="where the share and its store are [a folder in TMPDIR or /var/tmp]")
    p.add_argument("--keep", action="store_true", help="leaves that folder as it is")
    options = p.parse_args()
    defaults = {"clients": 100, "opens": 10, "kills": 50, "look_every": 10}
    if options.short:
        defaults = {"clients": 20, "opens": 5, "kills": 5, "look_every": 3}
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.seed = options.seed or random.randrange(1, 1 << 31)
    return options


def main():
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-load.", dir=options.dir or None))
    run = Run(options, work)
    started = time.monotonic()
    try:
        run.run()
    except Failure as failure:
        run.wrong.append(str(failure))
    for what in run.wrong:
        print(f"FAIL: {what}")
    if run.wrong and run.service.log.exists():
        print(f"the server's last lines:\n{run.service.log_tail(15)}")
    if options.keep:
        print(f"kept: {work}")
    else:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{'failed' if run.wrong else 'passed'} in {time.monotonic() - started:.0f} s")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
