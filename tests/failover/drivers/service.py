# SPDX-License-Identifier: Apache-2.0
"""A holdfastd of a test: its configuration, its process, what its command line says, its state stores."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

PASSWORD = "correct horse 9"
USER = "load"


class Failure(Exception):
    """What a test wanted and did not get, in words."""


def free_port():
    """A TCP port of the loopback, below those that the kernel gives to outgoing connections."""
    for _ in range(50):
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise Failure("no free port")


def wait_until(what, seconds, condition, step=0.01):
    """Until condition() is true; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(step)


def octets_of(folder):
    """What a folder takes on its disk, in octets (as du says)."""
    total = 0
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            total += path.stat().st_blocks * 512
    return total


class Service:
    """One holdfastd on a port of the loopback.

    shares: name -> dict of settings of [[share]]; `path` is made when it is not there. work: an empty folder for all
    that the service keeps. server: the lines of further sections.
    """

    def __init__(self, binaries, work, shares, more="", port=None):
        self.binaries, self.work = pathlib.Path(binaries), pathlib.Path(work)
        self.port = port or free_port()
        self.shares = {name: {"identity": "service", **settings} for name, settings in shares.items()}
        self.log = self.work / "holdfastd.log"
        self.config = self.work / "holdfast.toml"
        self.password_file = self.work / "password"
        self.process = None
        (self.work / "state").mkdir(parents=True, exist_ok=True)
        self.password_file.write_text(PASSWORD + "\n", encoding="ascii")
        self.password_file.chmod(0o600)
        for settings in self.shares.values():
            pathlib.Path(settings["path"]).mkdir(parents=True, exist_ok=True)
        self.more = more
        self.write_config()

    def write_config(self):
        lines = ["[server]", f'state_dir = "{self.work}/state"', f'run_dir = "{self.work}"',
                 f'admin_socket = "{self.work}/admin.sock"', "", "[[listen]]", 'address = "127.0.0.1"',
                 f"port = {self.port}", "", self.more]
        for name, settings in self.shares.items():
            lines += ["", "[[share]]", f'name = "{name}"']
            lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def launch(self, prefix=()):
        """Starts the process and waits for nothing."""
        self.started_at = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*prefix, self.binaries / "holdfastd", "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def listens(self):
        """It says so; somebody who answers on the port may be what is left of a process that was killed."""
        with open(self.log, "rb") as log:
            log.seek(self.started_at)
            return b" serves " in log.read()

    def wait_ready(self, seconds=30):
        def ready():
            if self.process.poll() is not None:
                raise Failure(f"holdfastd ended with status {self.process.returncode}:\n{self.log_tail()}")
            return self.listens()
        wait_until("holdfastd listens", seconds, ready, 0.002)

    def start(self, prefix=()):
        self.launch(prefix)
        self.wait_ready()

    def kill(self):
        """kill -9; the process is gone when this returns."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; it must end cleanly."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"holdfastd did not end within {seconds} s after SIGTERM") from None
        if status != 0:
            raise Failure(f"holdfastd ended with status {status}:\n{self.log_tail()}")

    def log_tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").split("\n")[-lines:])

    def holdfast(self, *arguments, check=True):
        """Output of the command line, both streams."""
        done = subprocess.run([self.binaries / "holdfast", "--socket", self.work / "admin.sock", *map(str, arguments)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        if check and done.returncode != 0:
            raise Failure(f"holdfast {' '.join(map(str, arguments))}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def add_user(self, name=USER):
        self.holdfast("user", "add", name, "--password-file", self.password_file)

    def descriptors(self):
        """How many the server has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def json(self, *arguments):
        return json.loads(self.holdfast(*arguments, "--json"))

    def store(self, share):
        """The folder of the share's state store, or None while there is none."""
        settings = self.shares[share]
        folder = pathlib.Path(settings.get("state_path") or pathlib.Path(settings["path"]) / ".holdfast")
        segment = next(folder.rglob("segment-*"), None) if folder.is_dir() else None
        return segment.parent if segment else None


def processor_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
