# SPDX-License-Identifier: Apache-2.0
"""Two guests with the same kernel that mount the same share, and connections from them to this program."""

import concurrent.futures
import ctypes
import json
import socket
import threading

from .lab import Failed, LAB_DIR, run

MOUNT_POINT = "/mnt/share"
PYTHON = "/usr/bin/python3"
CLONE_NEWNET = 0x40000000


def listener_in(namespace, address):
    """A listening socket in a network namespace: made in a thread that enters it, usable in all."""
    made, problem = [], []

    def make():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{namespace}", "rb") as handle:
            if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
                problem.append(ctypes.get_errno())
                return
        made.append(socket.create_server((address, 0)))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if not made:
        raise Failed(f"cannot enter the lab's network: {problem}")
    return made[0]


class Pair:
    """Guests KERNEL-a and KERNEL-b."""

    def __init__(self, lab, kernel):
        self.lab, self.kernel = lab, kernel
        self.guests = [f"{kernel}-a", f"{kernel}-b"]
        self.pool = concurrent.futures.ThreadPoolExecutor(4)

    def up(self):
        for guest in self.guests:
            self.lab.tool("kernel-client", "up", "-n", guest, "-k", self.kernel, "-m", "256M")

    def down(self):
        """Ends both at once: a process that hangs in the client must not keep the next mode from its turn."""
        for guest in self.guests:
            self.lab.tool("kernel-client", "crash", "-n", guest)

    def mount(self, server, options):
        for guest in self.guests:
            self.lab.tool("kernel-client", "mount", "-n", guest, f"//{server.address}/{server.share}", MOUNT_POINT,
                          f"vers=3.1.1,credentials={self.lab.mount_auth_file},iocharset=utf8,{options}")

    def unmount(self):
        for guest in self.guests:
            self.lab.tool("kernel-client", "umount", "-n", guest, MOUNT_POINT)

    def exec(self, which, *argv, timeout_s=60):
        """(exit status, standard output, standard error) of argv in one guest."""
        return run([LAB_DIR / "kernel-client", "exec", "-n", self.guests[which], "-t", str(timeout_s), "--",
                    *map(str, argv)], timeout_s=timeout_s + 20)

    def both(self, argv_of, timeout_s):
        """Runs argv_of(0) and argv_of(1) at the same time; their (status, out, err)."""
        futures = [self.pool.submit(self.exec, i, *argv_of(i), timeout_s=timeout_s) for i in (0, 1)]
        return [future.result() for future in futures]

    def both_json(self, argv_of, timeout_s):
        """Like both, for drivers that print one line of JSON; Failed with what they said if they did not succeed."""
        results = []
        for which, (status, out, err) in enumerate(self.both(argv_of, timeout_s)):
            if status != 0 or not out.strip().startswith("{"):
                text = (out + err).strip()
                raise Failed(f"{self.guests[which]}: status {status}: {text[-3000:]}")
            results.append(json.loads(out.strip().splitlines()[-1]))
        return results
