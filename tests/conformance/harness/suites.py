# SPDX-License-Identifier: Apache-2.0
"""Where smbtorture of each Debian release comes from: this machine's own, or a system made with debootstrap."""

import os
import pathlib
import subprocess
import sys

from .surroundings import call

# What each brings; the numbers in expected/SUITE.tsv's column `samba` are of that version's own server.
SUITES = {"bookworm": "Samba 4.17", "trixie": "Samba 4.22", "sid": "Samba 4.25"}
PACKAGES = ("samba-testsuite", "iptables", "util-linux")
# What the default run takes besides smb2.*: the Apple extensions and the calls that Windows' tools use.
FAMILIES = ("smb2", "vfs.fruit", "vfs.fruit_netatalk", "vfs.fruit_timemachine", "vfs.fruit_file_id",
            "vfs.fruit_conversion", "rpc.srvsvc", "rpc.wkssvc", "rpc.lsa.lookupsids", "rpc.lsa.lookupnames")


class Tool:
    """smbtorture of one suite."""

    def __init__(self, suite, state):
        self.suite, self.root = suite, None
        if suite != "bookworm":
            self.root = state / f"system-{suite}"

    def install(self, root):
        """Makes the suite's system when it is not there yet (some minutes; kept for later runs)."""
        if self.root is None or (self.root / ".ready").exists():
            return
        print(f"making a system with {SUITES[self.suite]} ({self.suite}), once", flush=True)
        script = pathlib.Path(__file__).with_name("make_system.sh")
        if subprocess.run(["bash", script, str(root), self.suite, str(self.root), *PACKAGES],
                          stdin=subprocess.DEVNULL, check=False).returncode:
            sys.exit(f"conformance: cannot make a {self.suite} system")

    def enter(self, live):
        """Inside the run's mount namespace: what a chroot needs to see."""
        if self.root is None:
            return
        for kind in ("proc", "sys", "dev"):
            call("mount", "--rbind", f"/{kind}", self.root / kind)
        target = self.root / str(live).lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        call("mount", "--rbind", live, target)
        for name in ("passwd", "group"):
            call("mount", "--bind", f"/etc/{name}", self.root / "etc" / name)

    def prefix(self):
        if self.root is None:
            return []
        return ["chroot", self.root, "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]

    def names(self):
        """All subtests of FAMILIES, in smbtorture's order."""
        out = subprocess.run([*map(str, self.prefix()), "smbtorture", "--list"], check=True, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
        names = [line.rstrip() for line in out.split("\n")]
        return [n for n in names if any(n.startswith(f + ".") for f in FAMILIES)]
