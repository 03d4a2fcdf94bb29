#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py PROGRAM LOOP: strangers and bad clients, hundreds at once, against a server that a good client uses all
the while. Each bad connection must be closed in its time, the server's memory stay below what the connections may
cost, the good client see nothing of it, and nothing stay behind.

The bound on memory: what the server had before, ROOM for the good client and the allocator, and for each bad
connection EACH and what it sent. What a client announces and does not send must not cost anything.

Then a few who are logged on ask for much and read nothing. Nobody closes those; each may cost what the server lets wait
for one client, and the requests it had begun by then."""

import os
import random
import selectors
import subprocess
import sys
import tempfile
import threading
import time

import server as servers
import smb

ROOM_KIB = 32 * 1024
EACH_KIB = 16
# Time limits of the server (src/base/limits.h), and what a busy machine may add.
STRANGER_S, PARTIAL_S, LATE_S = 30, 60, 15
# What may wait to be sent to one client (src/base/limits.h), and what was being read when that was reached.
WAITING_KIB = (16 + 8) * 1024
# An unfinished frame is looked at every PARTIAL_S, so one that began after another may live twice as long.
PARTIAL_LATEST_S = 2 * PARTIAL_S + LATE_S


def frame(message):
    return len(message).to_bytes(4, "big") + message


def smb1_negotiate(*dialects):
    words = b"".join(b"\2" + name + b"\0" for name in dialects)
    return frame(b"\xffSMB\x72" + bytes(4) + b"\x18\x53\xc8" + bytes(12) + b"\xff\xff\xfe\xff" + bytes(4) + b"\0" +
                 len(words).to_bytes(2, "little") + words)


class Kind:
    """One way to be a bad client: what it sends after what kind of log-on, whether an octet follows now and then, and
    when it must be closed (seconds)."""

    def __init__(self, name, count, data, earliest, latest, stage="stranger", drips=False):
        self.name, self.count, self.data, self.stage, self.drips = name, count, data, stage, drips
        self.earliest, self.latest = earliest, latest
        self.lives = []

    def connect(self, port, key):
        client = smb.Client(port)
        if self.stage != "stranger":
            client.negotiate()
        if self.stage == "challenged":
            client.challenge()
        if self.stage == "logged on":
            client.authenticate(client.challenge(), servers.USER, key)
        data = self.data() if callable(self.data) else self.data
        client.sent = len(data)
        try:
            client.send_raw(data)
        except (ConnectionResetError, BrokenPipeError):
            pass  # closed while it still sent; the watch sees it
        client.kind, client.since = self, time.monotonic()
        return client


def kinds():
    noise = random.Random(20).randbytes
    stranger, at_once = (STRANGER_S - 1, STRANGER_S + LATE_S), (0, LATE_S)
    any_time = (0, STRANGER_S + LATE_S)
    partial = (PARTIAL_S - 1, PARTIAL_LATEST_S)
    announced = (8 << 20).to_bytes(4, "big")
    return [
        Kind("sends nothing", 200, b"", *stranger),
        Kind("half a transport header", 100, b"\0\0", *stranger),
        Kind("half a frame", 100, b"\0\0\0\xc8\xfeSMB" + bytes(90), *stranger),
        Kind("a frame of 16 MiB before log-on", 200, b"\0\xff\xff\xff\xfeSMB" + bytes(60), *at_once),
        Kind("a frame octet by octet", 50, b"\0\1\0\0", *stranger, drips=True),
        Kind("half of 128 KiB before log-on", 100, (128 << 10).to_bytes(4, "big") + bytes(64 << 10), *stranger),
        Kind("random octets", 200, lambda: noise(1000), *any_time),
        Kind("random octets as a frame", 100, lambda: frame(noise(1000)), *any_time),
        Kind("random SMB2 headers", 100, lambda: frame(b"\xfeSMB\x40\0" + noise(500)), *any_time),
        Kind("SMB1 only", 100, smb1_negotiate(b"NT LM 0.12"), *any_time),
        Kind("multi-protocol negotiate, then nothing", 50, smb1_negotiate(b"NT LM 0.12", b"SMB 2.???"), *stranger),
        Kind("negotiate, then nothing", 50, b"", *stranger, "negotiated"),
        Kind("negotiate, then garbage", 100, lambda: frame(noise(300)), *any_time, "negotiated"),
        Kind("half a log-on", 100, b"", *stranger, "challenged"),
        Kind("half a log-on, then 16 MiB", 50, b"\0\xff\xff\xff" + bytes(60), *at_once, "challenged"),
        Kind("logged on, then garbage", 20, lambda: frame(noise(300)), *at_once, "logged on"),
        Kind("logged on, then 16 MiB", 20, b"\0\xff\xff\xff" + bytes(60), *at_once, "logged on"),
        Kind("logged on, half a transport header", 20, b"\0\0", *partial, "logged on"),
        Kind("logged on, 8 MiB announced", 100, announced, *partial, "logged on"),
        Kind("logged on, a frame octet by octet", 20, announced, *partial, "logged on", drips=True),
        Kind("logged on, 1 MiB of 8 MiB", 20, announced + bytes(1 << 20), *partial, "logged on"),
    ]


class GoodClient(threading.Thread):
    """smbclient that puts, gets and compares until it is told to stop."""

    def __init__(self, server, folder):
        super().__init__()
        self.server, self.folder = server, folder
        self.enough = threading.Event()
        self.rounds, self.longest, self.trouble = 0, 0.0, None
        with open(os.open(f"{folder}/login", os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(f"username = {servers.USER}\npassword = {servers.PASSWORD}\n")

    def one_round(self):
        data = random.randbytes(1 << 20)
        up, down = f"{self.folder}/up", f"{self.folder}/down"
        with open(up, "wb") as file:
            file.write(data)
        started = time.monotonic()
        done = subprocess.run(["smbclient", f"//127.0.0.1/{servers.SHARE}", "-p", str(self.server.port), "-A",
                               f"{self.folder}/login", "-m", "SMB3", "-c",
                               f"put {up} good; get good {down}; rename good better; ls; del better"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
        self.longest = max(self.longest, time.monotonic() - started)
        if done.returncode != 0 or "NT_STATUS" in done.stdout:
            raise RuntimeError(f"the good client: status {done.returncode}: {done.stdout}")
        with open(down, "rb") as file:
            if file.read() != data:
                raise RuntimeError("the good client got another content than it had put")
        os.remove(down)
        self.rounds += 1

    def run(self):
        try:
            while not self.enough.is_set():
                self.one_round()
        except Exception as trouble:  # told by stop()
            self.trouble = trouble

    def stop(self):
        self.enough.set()
        self.join()
        if self.trouble is not None:
            raise self.trouble


def watch(server, clients, good):
    """Waits until the server has closed all; returns the most VmRSS seen, KiB."""
    selector = selectors.DefaultSelector()
    for client in clients:
        client.socket.setblocking(False)
        selector.register(client.socket, selectors.EVENT_READ, client)
    most, left = 0, len(clients)
    dripping = [client for client in clients if client.kind.drips]
    while left > 0:
        most = max(most, server.memory()["VmRSS"])
        for key, _ in selector.select(1):
            client = key.data
            try:
                if client.socket.recv(65536):
                    continue  # an answer before the end
            except BlockingIOError:
                continue
            except ConnectionResetError:
                pass
            client.kind.lives.append(time.monotonic() - client.since)
            selector.unregister(client.socket)
            client.close()
            left -= 1
        for client in dripping:
            if client.socket.fileno() >= 0 and random.random() < 0.05:
                try:
                    client.socket.send(b"\0")
                except OSError:
                    pass
        if good.trouble is not None:
            raise good.trouble
        late = [c for c in clients if c.socket.fileno() >= 0 and time.monotonic() - c.since > c.kind.latest]
        if late:
            raise RuntimeError(f"{len(late)} connections are not closed in time, one of them: {late[0].kind.name}")
    return most


def attack(server, folder):
    key = smb.nt_hash(servers.PASSWORD)
    good = GoodClient(server, folder)
    good.one_round()
    servers.wait_until("only the listener", 10, lambda: server.status()["connections"] == 0)
    base_descriptors, base = server.descriptors(), server.memory()
    good.start()
    bad = kinds()
    # Long lives first, so that all are there at once.
    clients = [kind.connect(server.port, key) for kind in reversed(bad) for _ in range(kind.count)]
    most = watch(server, clients, good)
    good.stop()
    high = server.memory()["VmHWM"]
    bound = base["VmRSS"] + ROOM_KIB + EACH_KIB * len(clients) + sum(client.sent for client in clients) // 1024
    for kind in bad:
        print(f"  {kind.name}: {kind.count}, closed after {min(kind.lives):.1f} to {max(kind.lives):.1f} s")
    print(f"{len(clients)} bad connections; VmRSS {base['VmRSS']} KiB, most {most}, VmHWM {high}, bound {bound}, "
          f"afterwards {server.memory()['VmRSS']}")
    print(f"the good client: {good.rounds} rounds, the longest {good.longest:.2f} s")
    for kind in bad:
        if min(kind.lives) < kind.earliest:
            raise RuntimeError(f"closed too early: {kind.name}")
    if high > bound:
        raise RuntimeError("the server took more memory than the bound")
    servers.wait_until("no connection left", 20, lambda: server.status()["connections"] == 0)
    servers.wait_until("the descriptors of before", 20, lambda: server.descriptors() <= base_descriptors)
    if server.status()["sessions"] != 0 or server.status()["files_open"] != 0:
        raise RuntimeError("sessions or open files stay behind")
    good.one_round()


def ask_and_never_read(server, folder, base):
    key, count, size = smb.nt_hash(servers.PASSWORD), 10, 16 << 20
    with open(f"{folder}/data/much", "wb") as file:
        file.write(random.randbytes(size))
    servers.wait_until("only the listener", 10, lambda: server.status()["connections"] == 0)
    descriptors = server.descriptors()
    clients = []
    for _ in range(count):
        client = smb.Client(server.port).log_on(servers.USER, key).tree(servers.SHARE)
        much = client.create("much")
        for _ in range(80):
            client.echo()  # each answer brings credits
        for i in range(1000):
            client.ask_to_read(much, (i << 16) % size, 1 << 16)
        clients.append(client)
    seen = []

    def settled():
        seen.append(server.status()["bytes_read"])
        return len(seen) > 5 and seen[-1] == seen[-5]
    servers.wait_until("the server stops reading for them", 30, settled)
    GoodClient(server, folder).one_round()
    now, bound = server.memory(), base + ROOM_KIB + count * WAITING_KIB
    print(f"{count} who ask for {1000 * 64 // 1024} MiB each and read nothing: VmRSS {base} -> {now['VmRSS']} KiB, "
          f"VmHWM {now['VmHWM']}, bound {bound}")
    if now["VmHWM"] > bound:
        raise RuntimeError("the server took more memory than the bound")
    for client in clients:
        client.close()
    servers.wait_until("the descriptors of before", 20, lambda: server.descriptors() <= descriptors)
    print(f"after they left: VmRSS {server.memory()['VmRSS']} KiB")
    os.remove(f"{folder}/data/much")


def main():
    if not smb.allow_descriptors(4096):
        sys.exit("the limit of open files is too low")
    with tempfile.TemporaryDirectory(prefix="holdfast-hostile.") as folder:
        with servers.served(sys.argv[1], folder, ["--loop", sys.argv[2], "--log-level", "error"]) as server:
            print(f"loop {server.status()['loop']}")
            attack(server, folder)
            base = server.memory()["VmRSS"]
            for _ in range(2):  # the second ones use again what the first had
                ask_and_never_read(server, folder, base)


if __name__ == "__main__":
    main()
