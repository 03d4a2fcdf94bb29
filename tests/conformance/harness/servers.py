# SPDX-License-Identifier: Apache-2.0
"""Servers under test: each in a network namespace of its own, so that each has port 445 and all interfaces."""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import tomllib

from .surroundings import USERS

HERE = pathlib.Path(__file__).resolve().parent.parent
ADDRESS = "10.99.0.1"
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 15
# Two interfaces with an address each: multichannel's subtests want them. Then the server, in the same process.
NETWORK = """
ip link set lo up
ip link add hf0 type veth peer name hf1
ip addr add 10.99.0.1/24 dev hf0
ip addr add 10.99.1.1/24 dev hf1
ip link set hf0 up
ip link set hf1 up
[ "$restarts" = yes ] || exec "$@"
# A client that comes meanwhile is not refused, but hears nothing, as of a node that is gone.
iptables -A OUTPUT -p tcp --sport 445 --tcp-flags RST RST -j DROP
# What is killed is started anew, in the same network, as by whoever looks after it in earnest.
trap 'kill "$child"' TERM
status=137
while [ "$status" = 137 ]; do
  "$@" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    status=0
    wait "$child" || status=$?
  done
done
exit "$status"
"""


class ServerEnded(Exception):
    """The server did not start, or ended by itself."""


class Server:
    """One variant (servers/NAME.toml), started when first used and again whenever it ended."""

    as_released = False
    restarts = False  # is started anew whenever it is killed
    dies_with_clients = False  # is killed whenever a client is lost that may come back

    def __init__(self, variant, place, surroundings, binaries, passwords):
        self.variant, self.binaries, self.passwords = variant, binaries, passwords
        self.home = surroundings.live / place / variant
        self.log_path = surroundings.logs / f"server-{place}-{variant}.log"
        self.process = None
        self.config = self.home / "holdfast.toml"
        text = (HERE / "servers" / f"{variant}.toml").read_text(encoding="utf-8")
        text = text.replace("@HOME@", str(self.home))
        for kind, disk in surroundings.disks.items():
            text = text.replace(f"@{kind.upper()}@", str(disk / place / variant))
        self.text = text
        self.shares = {s["name"]: pathlib.Path(s["path"]) for s in tomllib.loads(text)["share"]}
        self.folders = sorted(set(self.shares.values()))

    def prepare(self):
        """Accounts and folders. Once."""
        shutil.rmtree(self.home, ignore_errors=True)
        for folder in ("state", "run"):
            (self.home / folder).mkdir(parents=True, mode=0o700)
        self.config.write_text(self.text, encoding="utf-8")
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
            os.chmod(folder, 0o777)
            os.chown(folder, USERS["hfuser1"], USERS["hfuser1"])
        self.plant_snapshots()
        for user, password in self.passwords.items():
            done = subprocess.run(
                [self.binaries / "holdfast", "user", "add", user, "--config", self.config,
                 "--password-file", "-", *(["--admin"] if self.variant == "admin" else [])],
                input=password.encode() + b"\n", check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                raise ServerEnded(f"holdfast user add: {done.stdout.decode(errors='replace')}")

    def start(self):
        if self.process and self.process.poll() is None:
            return
        if not self.config.exists():
            self.prepare()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", "sh", "-euc", NETWORK, "server", self.binary(),
                 "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=self.environment())
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerEnded(f"{self.variant}: does not start: {self.last_words()}")
            time.sleep(0.03)

    def environment(self):
        restarts = self.restarts or self.dies_with_clients
        env = {**os.environ, "restarts": "yes" if restarts else "no"}
        if self.dies_with_clients:
            env["HOLDFAST_TEST_DIES_WITH_CLIENTS"] = "yes"
        return env

    def binary(self):
        """The build with the test-only control codes (controls/) where there is one."""
        test = self.binaries / "holdfastd-test"
        return test if test.exists() and not self.as_released else self.binaries / "holdfastd"

    def _accepts(self):
        """Asks the kernel which ports are listened on there, as nobody outside can connect."""
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/net/tcp6").read_text(encoding="ascii")
            text += pathlib.Path(f"/proc/{self.process.pid}/net/tcp").read_text(encoding="ascii")
        except OSError:
            return False
        # Until `unshare` has done its work this is the machine's own list.
        inside = os.path.realpath(f"/proc/{self.process.pid}/ns/net") != os.path.realpath("/proc/self/ns/net")
        return inside and any(f[1].endswith(":01BD") and f[3] == "0A" for f in
                              (line.split() for line in text.split("\n")) if len(f) > 3)

    def enter(self):
        """The command prefix that runs something in the server's network."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--"]

    def clear(self):
        """Empties the shares: what one subtest leaves behind shall not meet the next one."""
        for folder in self.folders:
            for entry in os.scandir(folder):
                if entry.name == ".holdfast":  # the running server has its state store there
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
        self.plant_snapshots()

    def plant_snapshots(self):
        """What smb2.twrp wants of a share with previous versions: a file with a stream, and one in a folder."""
        for share in tomllib.loads(self.text)["share"]:
            if share.get("snapshots") != "directory":
                continue
            live = pathlib.Path(share["path"])
            then = live / ".snapshots" / "@GMT-2015.10.31-19.40.30"
            for at in (live, then):
                (at / "subdir").mkdir(parents=True, exist_ok=True)
                (at / "subdir" / "hardlink").write_text(f"in {at}", encoding="utf-8")
                (at / "foo").write_text(f"in {at}", encoding="utf-8")
                os.setxattr(at / "foo", "user.DosStream.bar:$DATA", b"abc\0")
                for path in (at, at / "subdir", at / "foo", at / "subdir" / "hardlink"):
                    os.chmod(path, 0o777)

    def ended(self):
        """Whether it ended by itself, and how; None while it runs."""
        status = self.process.poll() if self.process else None
        if status is None:
            return None
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return f"the server ended ({how}): {self.last_words()}"

    def last_words(self):
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").strip().split("\n")
        except OSError:
            return ""
        return " | ".join(lines[-3:])[-400:]

    def stop(self):
        """Ends it in order. False when it had to be killed."""
        if not self.process:
            return True
        in_order = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                in_order = False
        self.process = None
        return in_order
