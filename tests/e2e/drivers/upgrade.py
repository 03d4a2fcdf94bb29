#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of a daemon that is upgraded in place, looked at octet by octet: requests that wait, half a frame, answers that
nobody has read, listings, locks. upgrade.py HOLDFAST SOCKET PORT PASSWORD_FILE DIRECTORY. Prints what it has seen; fails
when a connection is lost, an answer is missing or comes twice, or the pause is a second or more."""

import json
import os
import socket
import struct
import subprocess
import sys

import smb
from local_coherence import BATCH, LOCK, EXCLUSIVE, UNLOCK, AT_ONCE, Client as BaseClient, check

PENDING, NOTIFY_ENUM_DIR, PIPE_DISCONNECTED, NO_MORE_FILES = 0x103, 0x10C, 0xC00000B0, 0x80000006
QUERY_DIRECTORY, CHANGE_NOTIFY, OPLOCK_BREAK = 14, 15, 18
FILES = 700
PAUSES = []
# A machine that is busy with other things may be given more.
LONGEST_MS = int(os.environ.get("HOLDFAST_UPGRADE_PAUSE_MS", "1000"))


class Client(BaseClient):
    def send(self, command, body):
        """Sends it and does not wait."""
        message = self.build(command, body)
        self.send_raw(len(message).to_bytes(4, "big") + message)

    def answer(self):
        """Status, command, async id and all of the next message."""
        message = self.receive()
        return struct.unpack("<I", message[8:12])[0], message[12], struct.unpack("<Q", message[32:40])[0], message

    def pending(self, what):
        status, _, async_id, _ = self.answer()
        check(status == PENDING, f"{what} waits")
        return async_id

    def create_body(self, name, oplock=0, options=0x40, access=0x12019F):
        path = name.encode("utf-16-le")
        return struct.pack("<HBBIQQIIIIIHHII", 57, 0, oplock, 2, 0, 0, access, 0, 7, 3, options, 120, len(path), 0,
                           0) + (path or b"\0")

    def open_directory(self, name=""):
        return self.must("CREATE", smb.CREATE, self.create_body(name, 0, 1, 0x120089))[128:144]

    def list_some(self, directory):
        """Names of the next part of a listing; None: the end."""
        pattern = "*".encode("utf-16-le")
        status, answer = self.request(QUERY_DIRECTORY, struct.pack(
            "<HBBI16sHHI", 33, 12, 0, 0, directory, 96, len(pattern), 4096) + pattern)
        if status == NO_MORE_FILES:
            return None
        if status != smb.SUCCESS:
            raise smb.Refused("QUERY_DIRECTORY", status)
        at, length = struct.unpack("<HI", answer[66:72])
        data, names = answer[at:at + length], []
        while True:
            following, _, size = struct.unpack("<III", data[:12])
            names.append(data[12:12 + size].decode("utf-16-le"))
            if following == 0:
                return names
            data = data[following:]


class Stage:
    def __init__(self, holdfast, admin_socket, port, password_file, directory):
        self.holdfast, self.admin_socket, self.port, self.directory = holdfast, admin_socket, int(port), directory
        with open(password_file, encoding="ascii") as file:
            self.key = smb.nt_hash(file.read().strip())

    def client(self, encrypt, share="data"):
        return Client(self.port, encrypt=encrypt).log_on("alice", self.key).tree(share)

    def upgrade(self, closed=0):
        done = subprocess.run([self.holdfast, "--socket", self.admin_socket, "upgrade", "--json"], check=True,
                              stdout=subprocess.PIPE, timeout=60)
        report = json.loads(done.stdout)
        print("upgrade:", report["text"], flush=True)
        PAUSES.append(report["pause_ms"])
        check(report["pause_ms"] < LONGEST_MS, f"a pause of {report['pause_ms']} ms")
        check(report["closed"] == closed and report["opens_lost"] == 0, f"{closed} connections were closed, no open lost")
        return report


def waiting_requests(stage, encrypt):
    holder, other = stage.client(encrypt), stage.client(encrypt)
    file_id, level, _ = holder.open("broken", BATCH)
    check(level == BATCH, "a batch oplock")
    other.send(smb.CREATE, other.create_body("broken"))
    created = other.pending("a CREATE")
    holder.await_break()

    locker, blocked = stage.client(encrypt), stage.client(encrypt)
    locked, _, _ = locker.open("locked", 0)
    mine, _, _ = blocked.open("locked", 0)
    check(locker.lock(locked, 10, 10, EXCLUSIVE | AT_ONCE) == smb.SUCCESS, "a lock")
    blocked.send(LOCK, blocked.lock_body(mine, 15, 1, EXCLUSIVE))
    lock = blocked.pending("a LOCK")

    watcher = stage.client(encrypt)
    directory = watcher.open_directory()
    watcher.send(CHANGE_NOTIFY, struct.pack("<HHI16sII", 32, 0, 65536, directory, 3, 0))
    notify = watcher.pending("a CHANGE_NOTIFY")

    report = stage.upgrade()
    check(report["requests"] == 3, "three requests that wait were taken along")

    status, _, async_id, _ = watcher.answer()
    check((status, async_id) == (NOTIFY_ENUM_DIR, notify), "who watches is told to look")
    watcher.send(CHANGE_NOTIFY, struct.pack("<HHI16sII", 32, 0, 65536, directory, 3, 0))
    again = watcher.pending("the next CHANGE_NOTIFY")
    check(again > notify, "under an id of its own")
    holder.create(f"appears-{encrypt}")
    status, _, async_id, _ = watcher.answer()
    check((status, async_id) == (smb.SUCCESS, again), "and hears of a new file")

    holder.give_back(file_id)
    status, command, async_id, answer = other.answer()
    check((status, command, async_id) == (smb.SUCCESS, smb.CREATE, created), "the CREATE is answered, once")
    other.close_file(answer[128:144])
    check(locker.lock(locked, 10, 10, UNLOCK) == smb.SUCCESS, "the other client unlocks")
    status, command, async_id, _ = blocked.answer()
    check((status, command, async_id) == (smb.SUCCESS, LOCK, lock), "the LOCK is answered, once")
    check(locker.lock(locked, 15, 1, EXCLUSIVE | AT_ONCE) != smb.SUCCESS, "and holds")
    for client in (holder, other, locker, blocked, watcher):
        client.echo()
        client.close()


def octets_under_way(stage, encrypt):
    half, slow = stage.client(encrypt), stage.client(encrypt)
    message = half.build(smb.ECHO, struct.pack("<HH", 4, 0))
    frame = len(message).to_bytes(4, "big") + message
    half.send_raw(frame[:len(frame) // 2])

    size, block = 16 << 20, 64 << 10
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    for _ in range(30):  # each gives credits
        slow.echo()
    content = os.urandom(size)
    with open(f"{stage.directory}/much", "wb") as file:
        file.write(content)
    file_id = slow.create("much")
    for at in range(0, size, block):
        slow.ask_to_read(file_id, at, block)
        if at == 4 << 20:
            stage.upgrade()
    stage.upgrade()

    half.send_raw(frame[len(frame) // 2:])
    check(half.answer()[0] == smb.SUCCESS, "half a frame before, half behind")
    for at in range(0, size, block):
        status, _, _, answer = slow.answer()
        if status != smb.SUCCESS or answer[80:80 + block] != content[at:at + block]:
            raise RuntimeError(f"READ at {at}: status {status:#x} or other octets")
    check(True, f"{size >> 20} MiB that nobody had read came whole")
    slow.close()
    half.close()


def listing(stage, encrypt):
    os.makedirs(f"{stage.directory}/many", exist_ok=True)
    wanted = {f"file-with-a-name-that-takes-room-{i:04}" for i in range(FILES)}
    for name in wanted:
        with open(f"{stage.directory}/many/{name}", "w", encoding="ascii"):
            pass
    client = stage.client(encrypt)
    directory = client.open_directory("many")
    got = client.list_some(directory)
    check(len(got) < FILES, f"a listing of {FILES} files, {len(got)} told")
    stage.upgrade()
    while (more := client.list_some(directory)) is not None:
        got += more
    check(sorted(got) == sorted(wanted | {".", ".."}), "each name is told once")
    client.close()


def what_cannot(stage, encrypt):
    client, pipes = stage.client(encrypt), stage.client(encrypt, "IPC$")
    pipe = pipes.create("srvsvc")
    stranger = Client(stage.port, encrypt=encrypt)
    stranger.negotiate()
    stranger.challenge()
    report = stage.upgrade(closed=1)
    check(report["reasons"] == ["a log-on is in progress"], "the reason is said")
    check(report["pipes"] == 1, "a pipe is disconnected")
    body = struct.pack("<HBBIQ16sIIIIHH", 49, 0x50, 0, 100, 0, pipe, 0, 0, 0, 0, 0, 0) + b"\0"
    check(pipes.request(smb.READ, body)[0] == PIPE_DISCONNECTED, "and says so")
    pipes.close_file(pipe)
    try:
        stranger.receive()
        raise RuntimeError("the log-on in progress was not ended")
    except smb.Closed:
        pass
    client.echo()
    client.close()
    pipes.close()


def main():
    stage = Stage(*sys.argv[1:])
    for encrypt in (False, True):
        print("encrypted" if encrypt else "signed", flush=True)
        waiting_requests(stage, encrypt)
        octets_under_way(stage, encrypt)
        listing(stage, encrypt)
        what_cannot(stage, encrypt)
    print(f"{len(PAUSES)} upgrades, pauses in ms: {PAUSES}")


if __name__ == "__main__":
    main()
