#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Carries out file operations, one at a time, as lines of JSON ask for; see ../harness/twin.py.

    stepper.py FOLDER               from standard input, to standard output
    stepper.py FOLDER HOST PORT     over a connection that it makes

A line is [operation, arguments...]; the answer is its result or {"error": "ENOENT"}. Open files are kept in slots.
"""

import errno
import fcntl
import json
import mmap
import os
import socket
import stat
import sys

LOCKS = {"shared": fcntl.LOCK_SH, "exclusive": fcntl.LOCK_EX}


class Stepper:
    """The operations. Paths are relative to the folder; data is text whose characters are bytes."""

    def __init__(self, folder):
        self.folder, self.slots = folder, {}

    def at(self, path):
        return os.path.join(self.folder, path)

    def open(self, slot, path, flags):
        value = 0
        for flag in flags:
            value |= getattr(os, flag)
        self.slots[slot] = os.open(self.at(path), value, 0o644)

    def close(self, slot):
        os.close(self.slots.pop(slot))

    def read(self, slot, offset, length):
        return os.pread(self.slots[slot], length, offset).decode("latin-1")

    def write(self, slot, offset, data):
        return os.pwrite(self.slots[slot], data.encode("latin-1"), offset)

    def map_read(self, slot, offset, length):
        size = os.fstat(self.slots[slot]).st_size
        end = min(size, offset + length)
        if end <= offset:
            return ""
        with mmap.mmap(self.slots[slot], end, prot=mmap.PROT_READ) as area:
            return area[offset:end].decode("latin-1")

    def map_write(self, slot, offset, data):
        data = data.encode("latin-1")
        size = os.fstat(self.slots[slot]).st_size
        data = data[:max(0, size - offset)]
        if data:
            with mmap.mmap(self.slots[slot], size) as area:
                area[offset:offset + len(data)] = data
                area.flush()
        return len(data)

    def set_size(self, slot, size):
        os.ftruncate(self.slots[slot], size)

    def sync(self, slot):
        os.fsync(self.slots[slot])

    def size(self, slot):
        return os.fstat(self.slots[slot]).st_size

    def end(self, slot):
        """The size as the client asks for it, not as it knows it."""
        return os.lseek(self.slots[slot], 0, os.SEEK_END)

    def lock(self, slot, kind, start, length):
        fcntl.lockf(self.slots[slot], LOCKS[kind] | fcntl.LOCK_NB, length, start)

    def unlock(self, slot, start, length):
        fcntl.lockf(self.slots[slot], fcntl.LOCK_UN, length, start)

    def stat(self, path, with_mode, with_links):
        st = os.lstat(self.at(path))
        kind = stat.S_IFMT(st.st_mode)
        if kind == stat.S_IFDIR:
            return ["directory", stat.S_IMODE(st.st_mode) if with_mode else None]
        return [oct(kind), st.st_size, st.st_nlink if with_links else None,
                stat.S_IMODE(st.st_mode) if with_mode else None]

    def inode(self, path):
        return os.stat(self.at(path)).st_ino

    def list(self, path):
        return sorted(os.listdir(self.at(path)))

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))

    def link(self, old, new):
        os.link(self.at(old), self.at(new))

    def symlink(self, target, path):
        os.symlink(target, self.at(path))

    def readlink(self, path):
        return os.readlink(self.at(path))

    def fifo(self, path):
        os.mkfifo(self.at(path))

    def unlink(self, path):
        os.unlink(self.at(path))

    def mkdir(self, path):
        os.mkdir(self.at(path), 0o755)

    def rmdir(self, path):
        os.rmdir(self.at(path))

    def chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def truncate(self, path, size):
        os.truncate(self.at(path), size)

    def answer(self, line):
        operation, *arguments = json.loads(line)
        try:
            return getattr(self, operation)(*arguments)
        except OSError as error:
            return {"error": errno.errorcode.get(error.errno, str(error.errno))}


def main():
    os.umask(0)
    stepper = Stepper(sys.argv[1])
    requests, answers = sys.stdin, sys.stdout
    if len(sys.argv) > 2:
        connection = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=60)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        requests, answers = connection.makefile("r"), connection.makefile("w")
    for line in requests:
        print(json.dumps(stepper.answer(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
