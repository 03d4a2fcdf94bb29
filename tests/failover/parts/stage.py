# SPDX-License-Identifier: Apache-2.0
"""Where a run takes place: the lab's network, guests with their mounts, the source data; all gone at the end."""

import dataclasses
import os
import pathlib
import random
import secrets
import shutil
import subprocess
import time

from harness.lab import Failed, LAB_DIR, check, end_session, run

TESTS = pathlib.Path(__file__).resolve().parents[2]

KERNELS = {"6.1": "bookworm", "6.12": "trixie", "7.2": "sid"}
PYTHON = "/usr/bin/python3"
DRIVERS = TESTS / "failover/drivers"
SHARE = "data"
MOUNT_POINT = "/mnt/share"
RIVAL_HOST, RIVAL_ADDRESS = "rival", "10.77.0.240"
PACKAGES = ["iproute2", "util-linux", "e2fsprogs", "mount", "python3", "tshark", "diffutils", "tar", "coreutils", "perl-base", "iputils-ping"]
MIB = 1 << 20
TIMED_OUT = 124  # status of kernel-client exec
# What a client has lost is kept from others for so long (milliseconds; a mount asks for it). The server's own time, a
# minute, would make most of a run a wait.
HANDLE_TIMEOUT_MS = 20_000


def install(kind, kernels, more=()):
    """Debian packages and kernels that a run needs."""
    check([LAB_DIR / "server", "install", kind], timeout_s=1800)
    check(["bash", "-c", f'. "{LAB_DIR}/lib.sh"; install_packages "$@"', "install", *PACKAGES, *more], timeout_s=1800)
    check([LAB_DIR / "kernel-client", "install", *(KERNELS[k] for k in kernels)], timeout_s=1800)


@dataclasses.dataclass
class Seat:
    """One kernel client: a guest with one mount, and the user it logs on as."""
    kernel: str
    mode: str  # "soft" or "hard"
    user: str
    target: str  # the address that it mounts
    address: str = ""  # its own, known when it is up

    @property
    def name(self):
        return f"{self.kernel} {self.mode}"

    @property
    def guest(self):
        return f"c{self.kernel.replace('.', '')}{self.mode}"


class Stage:
    """Use as a context."""

    def __init__(self, size_mib, files):
        self.name = os.environ.get("HOLDFAST_LAB_NAME", "hflab")
        self.state = pathlib.Path(os.path.realpath(os.environ.get("HOLDFAST_LAB_STATE", "/var/tmp/holdfast-lab")))
        self.work = self.state / self.name / "failover"
        self.kept = self.state / self.name / "failover-kept"
        self.size, self.files = size_mib * MIB, files
        self.password = secrets.token_urlsafe(12)
        self.handle_timeout_ms = HANDLE_TIMEOUT_MS
        self.reset = False  # the servers' key end_in_order is false
        self.background, self.guests, self.problems = [], {}, []
        self.at_end = []  # functions that take down what others have built, last first

    def __enter__(self):
        try:
            shutil.rmtree(self.work, ignore_errors=True)
            shutil.rmtree(self.kept, ignore_errors=True)
            (self.work / "out").mkdir(parents=True)
            self.password_file = self.secret("password", self.password + "\n")
            self.tool("network", "up")
            self.tool("network", "host", RIVAL_HOST, f"{RIVAL_ADDRESS}/24")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.background:
            end_session(process)
        for action in (lambda: self.tool("kernel-client", "down", "--all"),
                       *reversed(self.at_end), lambda: self.tool("network", "down")):
            try:
                action()
            except Failed as error:
                self.problems.append(str(error))
        shutil.rmtree(self.work, ignore_errors=True)
        return False

    def secret(self, name, text):
        path = self.work / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def tool(self, name, *args, timeout_s=120):
        return check([LAB_DIR / name, *map(str, args)], timeout_s=timeout_s)

    def start(self, host, *argv, **options):
        """A process beside the test in the namespace of a host ("" for the lab's own)."""
        process = subprocess.Popen(["nsenter", f"--net={self.namespace(host)}", "--", *map(str, argv)],
                                   start_new_session=True, **options)
        self.background.append(process)
        return process

    def run_in(self, host, *argv, timeout_s=20):
        """(exit status, standard output, standard error) of argv in the namespace of a host ("" for the lab's own)."""
        return run(["nsenter", f"--net={self.namespace(host)}", "--", *map(str, argv)], timeout_s=timeout_s)

    def namespace(self, host):
        return f"/run/netns/{self.name}{'-' + host if host else ''}"

    def end(self, process):
        """Ends what start began: SIGTERM, then harder."""
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pass
        end_session(process)
        self.background.remove(process)

    # ---- source data ----

    def make_source(self, seed):
        """data: one big file; tree.tar: many small ones, and tree, the same unpacked. Random, from the seed."""
        rng = random.Random(seed)
        self.data = self.work / "data"
        with open(self.data, "wb") as file:
            for _ in range(0, self.size, MIB):
                file.write(rng.randbytes(MIB))
        self.tree = self.work / "tree"
        for number in range(self.files):
            folder = self.tree / f"folder{number // 100:03}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"file{number:05}").write_bytes(rng.randbytes(rng.choice((0, 100, 4096, 9000))))
        self.tar = self.work / "tree.tar"
        check(["tar", "-C", self.tree, "--sort=name", "-cf", self.tar, "."])

    # ---- seats ----

    def seat_up(self, seat):
        """Boots its guest and mounts."""
        said = self.tool("kernel-client", "up", "-n", seat.guest, "-k", KERNELS[seat.kernel], "-w", self.work / "out")
        seat.address = said.split()[-1]
        if not (self.work / f"{seat.user}.mount").exists():
            self.secret(f"{seat.user}.mount", f"username={seat.user}\npassword={self.password}\n")
        self.mount(seat)

    def mount(self, seat):
        self.tool("kernel-client", "mount", "-n", seat.guest, f"//{seat.target}/{SHARE}", MOUNT_POINT,
                  f"vers=3.1.1,credentials={self.work / seat.user}.mount,iocharset=utf8,{seat.mode}"
                  + (f",handletimeout={self.handle_timeout_ms}" if self.handle_timeout_ms else ""))

    def remount(self, seat):
        """A new mount with nothing in a cache. A guest that hangs is replaced by a new one; then this says True."""
        status, _, _ = self.exec(seat, "sh", "-c", f"umount {MOUNT_POINT} && echo 3 >/proc/sys/vm/drop_caches", timeout_s=60)
        if status == 0:
            self.mount(seat)
            return False
        self.tool("kernel-client", "crash", "-n", seat.guest)
        self.seat_up(seat)
        return True

    def exec(self, seat, *argv, timeout_s=120):
        """(exit status, standard output, standard error) of argv in the seat's guest; TIMED_OUT also when the guest hangs."""
        try:
            return run([LAB_DIR / "kernel-client", "exec", "-n", seat.guest, "-t", str(timeout_s), "--", *map(str, argv)],
                       timeout_s=timeout_s + 20)
        except Failed as error:
            return TIMED_OUT, "", f"the guest does not answer: {error}"

    def traffic(self, seat):
        """Octets that the guest has (sent, received), as its network card on this machine counts them."""
        guests = self.state / self.name / "guests" / seat.guest
        tap = f"t{(guests / 'index').read_text().strip()}:"
        with open(f"/proc/{(guests / 'pid').read_text().strip()}/net/dev", encoding="ascii") as table:
            for line in table:
                words = line.split()
                if words[0] == tap:
                    return int(words[1]), int(words[9])
        raise Failed(f"{seat.guest} has no network card {tap}")


def wait_until(what, seconds, condition):
    """Waits for condition() to be true; Failed names what did not come."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.02)
