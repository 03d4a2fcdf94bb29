#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What continuous availability costs: the same work on a share with it and on one without it, for Holdfast and for
Samba with its experimental persistent handles, alternating, medians of several rounds. Exit status 1 when an aim of
Holdfast is missed."""

import argparse
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import samba
from service import USER, Failure, Service

SHARE = "data"
# Name, options of `holdfast-load price`, unit.
WORKS = {
    "streaming write, 8 x 1 MiB in flight": (["--what", "write", "--in-flight", "8"], "MiB/s"),
    "streaming read, 8 x 1 MiB in flight": (["--what", "read", "--in-flight", "8"], "MiB/s"),
    "open and close, 1 in flight": (["--what", "opens", "--in-flight", "1"], "/s"),
    "open and close, 64 in flight": (["--what", "opens", "--in-flight", "64"], "/s"),
}
WRITE, READ, ONE, MANY = WORKS
OFF, ON, PROCESS = "off", "on", "process"
# What is measured: server, its variant, and for which works only. Samba does not wait for the disk before it answers a
# WRITE through a persistent handle; neither does Holdfast with `writes_survive = "loss-of-process"`.
VARIANTS = [("Holdfast", OFF, WORKS), ("Holdfast", ON, WORKS), ("Holdfast", PROCESS, [WRITE]), ("Samba", OFF, WORKS),
            ("Samba", ON, WORKS)]
SYNCS = re.compile(r"\b(fsync|fdatasync|syncfs|sync_file_range|msync)\(")
LONE_OPENS = 50


class Bench:
    """The servers of a run, each with its share on the same file system."""

    def __init__(self, options, work):
        self.options, self.work = options, work
        self.password_file = None
        self.rates = {}

    def holdfast(self, variant, more=""):
        home = self.work / f"holdfast-{variant}{'-counted' if more else ''}"
        share = {"path": str(home / "share"), "continuous_availability": variant != OFF}
        if variant == PROCESS:
            share["writes_survive"] = "loss-of-process"
        service = Service(self.options.bin, home, {SHARE: share}, more)
        self.password_file = service.password_file
        return service

    def samba(self, variant, more=""):
        home = self.work / f"samba-{variant}{'-counted' if more else ''}"
        return samba.Samba(self.options.samba, home, SHARE, home / "share", variant == ON)

    def load(self, port, variant, arguments):
        return [self.options.generator, "price", "--port", str(port), "--share", SHARE, "--user", USER,
                "--password-file", self.password_file, "--handle", "durable" if variant == OFF else "persistent",
                *arguments]

    def rate(self, server, variant, arguments):
        command = self.load(server.port, variant, [*arguments, "--seconds", str(self.options.seconds)])
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=60 + 3 * self.options.seconds, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"no end: {' '.join(map(str, command))}") from None
        if done.returncode != 0:
            raise Failure(f"holdfast-load {' '.join(arguments)}: {done.stderr}")
        return float(done.stdout)

    def measure(self):
        servers = []
        try:
            for name, variant, works in VARIANTS:
                server = self.holdfast(variant) if name == "Holdfast" else self.samba(variant)
                servers.append((name, variant, works, server))
                server.start()
                if name == "Holdfast":
                    server.add_user()
            for number in range(1, self.options.rounds + 1):
                for what, (arguments, unit) in WORKS.items():
                    line = []
                    for name, variant, works, server in servers:
                        if what not in works:
                            continue
                        rate = self.rate(server, variant, arguments)
                        self.rates.setdefault((name, what, variant), []).append(rate)
                        line.append(f"{name} {variant} {rate:.0f}")
                    print(f"round {number}, {what}, {unit}: {', '.join(line)}", flush=True)
        finally:
            for *_, server in servers:
                server.stop()

    def count_syncs(self, name):
        """Synchronous writes for one open and for one close, of a server that does nothing else."""
        trace = self.work / f"{name}.trace"
        # Only system calls can be counted from outside.
        server = getattr(self, name.lower())(ON, '[runtime]\nloop = "epoll"\n')
        server.start(["strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync,syncfs,sync_file_range,msync,"
                      "io_uring_setup,openat2,pwritev2"])
        try:
            if name == "Holdfast":
                server.add_user()
            # The files are made first: what that costs is not asked here.
            self.lone(server, trace)
            return self.lone(server, trace)
        finally:
            self.end_traced(server)

    @staticmethod
    def end_traced(server):
        """strace passes SIGTERM on to nobody: it lets the server go, which is ended then."""
        children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        for child in children:
            subprocess.run(["kill", "-TERM", child], check=False)
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            for child in children:
                subprocess.run(["kill", "-KILL", child], check=False)
            server.process.kill()
            server.process.wait()

    def lone(self, server, trace):
        load = subprocess.Popen(self.load(server.port, ON, ["--what", "lone", "--count", str(LONE_OPENS)]),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        counts = []
        for step in ("begin", "opened", "closed"):
            line = load.stdout.readline().strip()
            if line != step:
                load.kill()
                raise Failure(f"holdfast-load says '{line}' instead of '{step}'")
            time.sleep(0.3)  # What follows an answer without anybody waiting for it belongs to that step.
            counts.append(sum(1 for entry in trace.read_text(errors="replace").split("\n") if SYNCS.search(entry)))
            load.stdin.write("on\n")
            load.stdin.flush()
        if load.wait(30) != 0:
            raise Failure("holdfast-load failed")
        return [(b - a) / LONE_OPENS for a, b in zip(counts, counts[1:])]

    def median(self, name, what, variant):
        return statistics.median(self.rates[name, what, variant])

    def pairs(self, name, what, variant=ON):
        return list(zip(self.rates[name, what, variant], self.rates[name, what, OFF]))

    def cost(self, name, what, variant=ON):
        """The part of the rate that is lost, the median of the rounds; below 0: it is faster."""
        return 1 - statistics.median(on / off for on, off in self.pairs(name, what, variant))

    def added(self, name, what, variant=ON):
        """Microseconds that each MiB, or each open and its close, takes longer; the median of the rounds."""
        return statistics.median(1e6 / on - 1e6 / off for on, off in self.pairs(name, what, variant))

    def report(self):
        print(f"\n{'':38}{'':>9}{'off':>9}{'on':>9}{'cost':>8}{'longer':>11}   medians of {self.options.rounds} rounds")
        for what, (_, unit) in WORKS.items():
            for name, variant, works in VARIANTS:
                if variant == OFF or what not in works:
                    continue
                note = " (loss-of-process)" if variant == PROCESS else ""
                print(f"{what:38}{name:>9}{self.median(name, what, OFF):>9.0f}{self.median(name, what, variant):>9.0f}"
                      f"{100 * self.cost(name, what, variant):>7.1f}%{self.added(name, what, variant):>8.0f} us   "
                      f"{unit}{note}")

    def verdict(self, syncs):
        missed = []

        def aim(ok, what):
            print(f"{'met   ' if ok else 'MISSED'} {what}")
            if not ok:
                missed.append(what)
        print()
        read, many = (self.cost("Holdfast", w) for w in (READ, MANY))
        aim(read < 0.05, f"costs less than 5 % of streaming reads: {100 * read:.1f} %")
        aim(many < 0.20, f"costs less than 20 % of open and close with 64 in flight: {100 * many:.1f} %")
        if syncs:
            alone = syncs["Holdfast"][0]
            aim(alone <= 1.0, f"a lone open takes at most one synchronous write: {alone:.2f}")
        for what in (MANY, ONE):
            mine, other = self.added("Holdfast", what), self.added("Samba", what)
            aim(mine < other / 2,
                f"{what}, adds less than half of what it adds to Samba's: {mine:.0f} us to {other:.0f} us")
        return missed


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--generator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--samba", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=3, help="of each measurement")
    p.add_argument("--dir", default="/var/tmp", help="on the file system that is measured [/var/tmp]")
    p.add_argument("--no-count", action="store_true", help="does not count synchronous writes")
    options = p.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-price.", dir=options.dir))
    work.chmod(0o755)
    where = subprocess.run(["findmnt", "-no", "FSTYPE,SOURCE", "-T", work], stdout=subprocess.PIPE, text=True,
                           check=False)
    print(f"on {where.stdout.strip()}, signed, one connection", flush=True)
    bench = Bench(options, work)
    try:
        bench.measure()
        syncs = {}
        if not options.no_count:
            syncs = {name: bench.count_syncs(name) for name in ("Holdfast", "Samba")}
        bench.report()
        for name, (opened, closed) in syncs.items():
            print(f"{'synchronous writes, nothing else doing':38}{name:>9}   {opened:.2f} an open, "
                  f"{closed:.2f} a close")
        return 1 if bench.verdict(syncs) else 0
    except Failure as failure:
        print(f"FAIL: {failure}")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
