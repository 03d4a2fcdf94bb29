# SPDX-License-Identifier: Apache-2.0
"""Starts a server for a driver, and looks at a server's process."""

import contextlib
import json
import os
import random
import socket
import subprocess
import time

USER, PASSWORD, SHARE = "anna", "correct horse 1", "data"


def wait_until(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_port():
    """Below the range that the kernel takes for outgoing connections, of which these tests leave thousands."""
    for _ in range(50):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port found")


def memory(pid):
    """VmRSS, VmHWM and RssAnon of a process, KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM", "RssAnon")}


def kernel_memory():
    """Slab of the whole machine, KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(dict(line.split(":", 1) for line in file)["Slab"].split()[0])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    def __init__(self, binary, admin_socket, pid, port):
        self.binary, self.admin_socket, self.pid, self.port = binary, admin_socket, pid, port

    def status(self):
        return json.loads(subprocess.run([self.binary, "--socket", self.admin_socket, "status", "--json"], check=True,
                                         stdout=subprocess.PIPE, timeout=30).stdout)

    def descriptors(self):
        return descriptors(self.pid)

    def memory(self):
        return memory(self.pid)


@contextlib.contextmanager
def served(binary, folder, options):
    """A server of folder/data for USER; its log is folder/server.log. It must end in order."""
    os.makedirs(f"{folder}/data", exist_ok=True)
    password = f"{folder}/server.password"
    with open(os.open(password, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(PASSWORD + "\n")
    port = free_port()
    with open(f"{folder}/server.log", "wb") as log:
        process = subprocess.Popen([binary, "--socket", f"{folder}/server.sock", "serve", f"{folder}/data", "--listen",
                                    "127.0.0.1", "--port", str(port), "--name", SHARE, "--user", USER,
                                    "--password-file", password, *options],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def listens():
            if process.poll() is not None:
                raise RuntimeError(f"the server ended; see {folder}/server.log")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_until("the server listens", 20, listens)
        yield Server(binary, f"{folder}/server.sock", process.pid, port)
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself with status {process.returncode}")
        process.terminate()
        if process.wait(30) != 0:
            raise RuntimeError(f"the server ended with status {process.returncode} on SIGTERM")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
