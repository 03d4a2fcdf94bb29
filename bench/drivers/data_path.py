#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times of smbclient, signed and on the loopback, against two builds, alternating: putting and getting one large file,
putting, listing and deleting many small ones. Prints each round, then medians in seconds and their ratio."""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "failover" / "drivers"))
from service import PASSWORD, USER, Failure, Service  # noqa: E402

SHARE = "data"


class Build:
    """One build's service."""

    def __init__(self, binaries, work, local):
        self.local = local
        self.service = Service(binaries, work, {SHARE: {"path": str(work / "share")}})
        self.service.start()
        self.service.add_user()
        self.login = work / "login"
        self.login.write_text(f"username = {USER}\npassword = {PASSWORD}\n", encoding="ascii")
        self.times = {}

    def timed(self, what, commands):
        """Seconds that smbclient takes for these commands, its own start and log-on included."""
        began = time.monotonic()
        done = subprocess.run(["smbclient", f"//127.0.0.1/{SHARE}", "-p", str(self.service.port), "-A", self.login,
                               "-m", "SMB3", "-c", commands], cwd=self.local, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        took = time.monotonic() - began
        if done.returncode != 0 or "NT_STATUS" in done.stdout:
            raise Failure(f"smbclient -c '{commands[:60]}': {done.stdout[-400:]}")
        self.times.setdefault(what, []).append(took)
        return took


def make_local(folder, megabytes, files):
    """What is put: octets that do not compress."""
    with open(folder / "large", "wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(1 << 20))
    (folder / "small").mkdir()
    for i in range(files):
        (folder / "small" / f"file-{i:05}").write_bytes(os.urandom(4096))


WORKS = {
    "put the large file": "put large",
    "get the large file": "get large got",
    "put the small files": "mkdir small; cd small; lcd small; prompt off; mput *",
    "list the small files": "; ".join(["ls small/*"] * 20),
    "delete the small files": "deltree small",
}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("builds", nargs=2, type=pathlib.Path, metavar="BIN", help="folder with holdfast and holdfastd")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--megabytes", type=int, default=1024, help="of the large file")
    p.add_argument("--files", type=int, default=1500, help="small ones, 4 KiB each")
    p.add_argument("--dir", default="/dev/shm", help="where all files are [/dev/shm]")
    options = p.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-data-path.", dir=options.dir))
    local = work / "local"
    local.mkdir()
    make_local(local, options.megabytes, options.files)
    builds = []
    try:
        for name, binaries in zip("AB", options.builds):
            print(f"{name}: {binaries}")
            builds.append(Build(binaries, work / name, local))
        for number in range(1, options.rounds + 1):
            for what, commands in WORKS.items():
                took = [f"{build.timed(what, commands):.2f}" for build in builds]
                print(f"round {number}, {what}: A {took[0]} s, B {took[1]} s", flush=True)
        print(f"\n{'':26}{'A, s':>8}{'B, s':>8}{'B / A':>8}   medians of {options.rounds} rounds")
        for what in WORKS:
            a, b = (statistics.median(build.times[what]) for build in builds)
            print(f"{what:26}{a:>8.2f}{b:>8.2f}{b / a:>8.2f}")
        return 0
    except Failure as failure:
        print(f"FAIL: {failure}")
        return 1
    finally:
        for build in builds:
            build.service.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
