# SPDX-License-Identifier: Apache-2.0
"""Namespaces, file systems and accounts of a run. All of it is gone when the run ends, however it ends.

The runner starts itself again in a mount and a process namespace of its own: its mounts are seen by nobody else, and
the kernel ends every process in it when the runner ends.
"""

import os
import pathlib
import shutil
import subprocess
import sys

INSIDE = "HOLDFAST_CONFORMANCE_INSIDE"
# Accounts that exist only in the run's own /etc/passwd.
USERS = {"hfuser1": 61001, "hfuser2": 61002}
# Sparse files in memory: what the subtests write, and the logs of the file systems.
IMAGES = {
    "xfs": (2 << 30, ["mkfs.xfs", "-q", "-f", "-K"], "nodiscard,noatime"),
    "btrfs": (1 << 30, ["mkfs.btrfs", "-q", "-f", "-K"], "nodiscard,noatime,ssd"),
}


def enter():
    """Returns inside the namespaces; the process outside only waits for the one inside."""
    if os.environ.get(INSIDE) == "1":
        return
    if os.geteuid() != 0:
        sys.exit("must run as root (network namespaces, mounts)")
    os.environ[INSIDE] = "1"
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation", "private", sys.executable, "-B", *sys.argv]
    os.execvp(argv[0], argv)


def call(*argv, **options):
    """Runs a tool; its output is shown only when it fails."""
    result = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, check=False, **options)
    if result.returncode != 0:
        sys.exit(f"conformance: {' '.join(map(str, argv))}: exit status {result.returncode}\n"
                 + result.stdout.decode(errors="replace")[-2000:])
    return result.stdout.decode(errors="replace")


class Surroundings:
    """Folders of one run: `work` for logs (kept), `live` in memory for all else."""

    def __init__(self, state, name):
        self.state = state
        self.logs = state / f"logs-{name}"
        self.live = state / f"live-{name}"
        self.disks = {kind: self.live / kind for kind in IMAGES}
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.live.mkdir(parents=True, exist_ok=True)

    def make(self, kinds):
        """Mounts file systems of these kinds, makes the accounts."""
        call("mount", "-t", "tmpfs", "-o", "size=4g,mode=755", "holdfast-conformance", self.live)
        for kind in kinds:
            size, mkfs, options = IMAGES[kind]
            image = self.live / f"{kind}.img"
            with open(image, "wb") as file:
                file.truncate(size)
            call(*mkfs, image)
            self.disks[kind].mkdir()
            call("mount", "-o", f"loop,{options}", image, self.disks[kind])
        self._accounts(pathlib.Path("/etc/passwd"), "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n")
        self._accounts(pathlib.Path("/etc/group"), "{0}:x:{1}:\n")

    def _accounts(self, file, form):
        """More accounts for the processes of this run, in a copy of the file that hides the true one."""
        copy = self.live / file.name
        text = file.read_text(encoding="utf-8")
        copy.write_text(text + "".join(form.format(*user) for user in USERS.items()), encoding="utf-8")
        copy.chmod(0o644)
        call("mount", "--bind", copy, file)


def packages_needed(root):
    """Installs what is missing of the group `conformance` of tools/packages.txt."""
    script = (f'root="{root}"; set -eu; . "$root/tools/dev/common.sh"; need conformance')
    # Debian starts a service right after installing it, unless this file says no.
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    own = not policy.exists()
    if own:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    try:
        if subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, check=False).returncode:
            sys.exit("conformance: packages are missing and cannot be installed")
    finally:
        if own:
            policy.unlink()
