#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client and programs on the server's own machine, on a share with local_coherence: local_coherence.py PORT
PASSWORD_FILE DIRECTORY. The client caches as real ones do: it keeps what it writes until it is asked for it."""

import errno
import fcntl
import os
import struct
import subprocess
import sys

import smb

WRITE, LOCK, OPLOCK_BREAK = 9, 10, 18
LOCK_NOT_GRANTED, FILE_LOCK_CONFLICT, PENDING = 0xC0000055, 0xC0000054, 0x103
NONE, BATCH = 0, 9
EXCLUSIVE, UNLOCK, AT_ONCE = 2, 4, 0x10


def check(condition, what):
    if not condition:
        raise RuntimeError(what)
    print(f"ok: {what}")


def durable_context():
    return struct.pack("<IHHHHI", 0, 16, 4, 0, 24, 16) + b"DHnQ" + bytes(4) + bytes(16)


class Client(smb.Client):
    """With an oplock and its breaks."""

    def open(self, name, oplock=BATCH):
        """FileId, oplock level and whether the handle is durable. Reads and writes."""
        path = name.encode("utf-16-le")
        path += bytes(-len(path) % 8)
        contexts = durable_context()
        body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, oplock, 2, 0, 0, 0x12019F, 0, 7, 3, 0x40, 120,
                           2 * len(name), 120 + len(path), len(contexts)) + path + contexts
        answer = self.must("CREATE", smb.CREATE, body)
        return answer[64 + 64:64 + 80], answer[66], b"DHnQ" in answer

    def write(self, file_id, at, data):
        body = struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), at, file_id, 0, 0, 0, 0, 0) + data
        return self.request(WRITE, body)[0]

    def read(self, file_id, at, length):
        body = struct.pack("<HBBIQ16sIIIIHH", 49, 0x50, 0, length, at, file_id, 0, 0, 0, 0, 0, 0) + b"\0"
        return self.request(smb.READ, body)[0]

    def lock_body(self, file_id, at, length, flags):
        return struct.pack("<HHI16sQQII", 48, 1, 0, file_id, at, length, flags, 0)

    def lock(self, file_id, at, length, flags):
        return self.request(LOCK, self.lock_body(file_id, at, length, flags))[0]

    def await_break(self):
        message = self.receive()
        if struct.unpack("<H", message[12:14])[0] != OPLOCK_BREAK:
            raise RuntimeError("a break was expected")

    def give_back(self, file_id, level=NONE):
        self.must("OPLOCK_BREAK", OPLOCK_BREAK, struct.pack("<HBBI16s", 24, level, 0, 0, file_id))


def cached_data(client, directory):
    file_id, level, durable = client.open("cached")
    check(level == BATCH, "a client alone may cache")
    check(durable, "its handle is durable")
    cat = subprocess.Popen(["cat", f"{directory}/cached"], stdout=subprocess.PIPE)
    client.await_break()
    check(cat.poll() is None, "a program that opens the file waits")
    check(client.write(file_id, 0, b"kept back") == smb.SUCCESS, "the client writes what it kept")
    client.give_back(file_id)
    check(cat.communicate(timeout=30)[0] == b"kept back", "the program reads what the client had cached")
    client.close_file(file_id)
    with open(f"{directory}/cached", "rb"):
        file_id, level, _ = client.open("cached")
        check(level == NONE, "nothing is cached of what a program has open")
        client.close_file(file_id)
    file_id, level, durable = client.open("cached")
    check(level == BATCH and durable, "it is again when the program has closed it")
    client.close_file(file_id)


def refused(fd, kind, at, length):
    try:
        fcntl.lockf(fd, kind | fcntl.LOCK_NB, length, at)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return True
    return False


def locks(client, directory):
    file_id, _, _ = client.open("locked", NONE)
    client.write(file_id, 0, bytes(100))
    fd = os.open(f"{directory}/locked", os.O_RDWR)
    check(client.lock(file_id, 10, 10, EXCLUSIVE | AT_ONCE) == smb.SUCCESS, "the client locks")
    check(refused(fd, fcntl.LOCK_EX, 15, 1), "the program's lock is refused there")
    check(not refused(fd, fcntl.LOCK_EX, 30, 10), "and granted elsewhere")
    check(client.lock(file_id, 35, 1, EXCLUSIVE | AT_ONCE) == LOCK_NOT_GRANTED, "where the client's is refused")
    check(client.write(file_id, 39, b"x") == FILE_LOCK_CONFLICT, "it may not write there")
    check(client.read(file_id, 30, 1) == FILE_LOCK_CONFLICT, "nor read")
    check(client.write(file_id, 40, b"x") == smb.SUCCESS, "but behind it")
    # Waits for the program.
    message = client.build(LOCK, client.lock_body(file_id, 30, 1, EXCLUSIVE))
    client.send_raw(len(message).to_bytes(4, "big") + message)
    check(struct.unpack("<I", client.receive()[8:12])[0] == PENDING, "a lock that may wait waits")
    fcntl.lockf(fd, fcntl.LOCK_UN, 10, 30)
    check(struct.unpack("<I", client.receive()[8:12])[0] == smb.SUCCESS, "and is granted when the program unlocks")
    check(client.lock(file_id, 10, 10, UNLOCK) == smb.SUCCESS, "the client unlocks")
    check(not refused(fd, fcntl.LOCK_EX, 10, 10), "the program may lock then")
    check(refused(fd, fcntl.LOCK_EX, 30, 1), "but not what the client still holds")
    client.close_file(file_id)
    check(not refused(fd, fcntl.LOCK_EX, 30, 1), "until it closes the file")
    os.close(fd)


def main():
    port, password, directory = int(sys.argv[1]), open(sys.argv[2], encoding="ascii").read().strip(), sys.argv[3]
    client = Client(port, encrypt=False).log_on("alice", smb.nt_hash(password)).tree("near")
    cached_data(client, directory)
    locks(client, directory)
    client.close()


if __name__ == "__main__":
    main()
