#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several processes, on one machine or on two, on the same files at the same time.

    race.py DIR --who a|b --job JOB --seconds S [--workers N]
            [--sync] [--line BYTES] [--forget]

Both machines run the same job in the same folder; what each has done is printed as one line of JSON, and the sum of
both must fit what is then in the folder (`../harness/races.py` compares). Jobs:

    counter   a number in a file, raised by one under a lock that waits
    records   16 records with checksums in one file, each under a lock of its own, tried until it is got
    mapped    like counter, but through a mapping of the file, opened and closed under the lock
    appended  lines appended to one file under a lock
    names     create, rename, unlink of the same 24 names: of those who try, one must win
    replaced  files renamed over one name, while others read it: always a whole file, never none
"""

import argparse
import errno
import fcntl
import json
import mmap
import os
import random
import struct
import sys
import time
import zlib

RECORD, RECORDS, NAMES, PAYLOAD = 512, 16, 24, 20000
BUSY = (errno.EAGAIN, errno.EACCES)


class Wrong(Exception):
    """Something that cannot happen on a local file system."""


class Worker:
    """One process: its own descriptors, its own counts."""

    def __init__(self, options, number):
        self.dir, self.who = options.dir, f"{options.who}{number}"
        self.random = random.Random(self.who + options.job)
        self.counts, self.serial, self.options = {}, 0, options

    def at(self, name):
        return os.path.join(self.dir, name)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def open(self, name, flags=os.O_RDWR | os.O_CREAT):
        return os.open(self.at(name), flags, 0o644)

    def lock(self, fd, start, length, wait):
        while True:
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), length, start)
                return
            except OSError as error:
                if wait or error.errno not in BUSY:
                    raise
                self.count("refused")
                time.sleep(0.002)

    def unlock(self, fd, start, length):
        if self.options.sync:
            os.fsync(fd)
        fcntl.lockf(fd, fcntl.LOCK_UN, length, start)

    # ------------------------------------------------------------ jobs: open_JOB once, JOB again and again
    def open_counter(self):
        self.fd = self.open("counter")

    def counter(self):
        self.lock(self.fd, 0, 8, True)
        value = struct.unpack("<Q", os.pread(self.fd, 8, 0) or bytes(8))[0]
        os.pwrite(self.fd, struct.pack("<Q", value + 1), 0)
        self.unlock(self.fd, 0, 8)
        self.count("raised")

    open_records = lambda self: setattr(self, "fd", self.open("records"))

    def records(self):
        n = self.random.randrange(RECORDS)
        self.lock(self.fd, n * RECORD, RECORD, False)
        old = os.pread(self.fd, RECORD, n * RECORD)
        serial = check_record(old, f"record {n}") if any(old) else 0
        body = struct.pack("<Q", serial + 1) + self.random.randbytes(RECORD - 12)
        os.pwrite(self.fd, body + struct.pack("<I", zlib.crc32(body)), n * RECORD)
        self.unlock(self.fd, n * RECORD, RECORD)
        self.count("raised")

    def open_mapped(self):
        self.fd = self.open("mapped.lock")

    def mapped(self):
        self.lock(self.fd, 0, 1, True)
        fd = self.open("mapped")
        if os.fstat(fd).st_size == 0:
            os.ftruncate(fd, 8192)
        if self.options.forget:
            os.posix_fadvise(fd, 0, 8192, os.POSIX_FADV_DONTNEED)
        with mmap.mmap(fd, 8192) as area:
            value = struct.unpack_from("<Q", area, 4096)[0]
            struct.pack_into("<Q", area, 4096, value + 1)
            area.flush()
        os.close(fd)
        self.unlock(self.fd, 0, 1)
        self.count("raised")

    def open_appended(self):
        self.fd = self.open("appended.lock")

    def appended(self):
        self.lock(self.fd, 0, 1, True)
        fd = self.open("appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, f"{self.who} {self.serial}".ljust(self.options.line - 1).encode() + b"\n")
        os.close(fd)
        self.unlock(self.fd, 0, 1)
        self.serial += 1
        self.count("raised")

    open_names = open_replaced = lambda self: None

    def names(self):
        """A token is made (O_EXCL), moves, and is removed; `made` less `removed` must be what is left."""
        old, new = (f"n{self.random.randrange(NAMES)}" for _ in range(2))
        kind = self.random.choice(("make", "make", "move", "remove", "link"))
        try:
            if kind == "make":
                os.close(self.open(old, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
                self.count("made")
            elif kind == "move":  # onto a name that nobody else can take
                self.serial += 1
                new = f"m.{self.who}.{self.serial}"
                os.rename(self.at(old), self.at(new))
                self.count("moved")
                if self.random.random() < 0.8:
                    os.unlink(self.at(new))
                    self.count("removed")
            elif kind == "remove":
                os.unlink(self.at(old))
                self.count("removed")
            else:
                os.link(self.at(old), self.at(new))
                self.count("made")
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EEXIST):
                name = errno.errorcode[error.errno]
                if name not in NOT_LOCAL:
                    raise
                self.count(f"{kind}: {name}")

    def replaced(self):
        if self.who.endswith("0"):
            own = f"own.{self.who}"
            self.serial += 1
            body = struct.pack("<Q", self.serial) + self.random.randbytes(PAYLOAD)
            fd = self.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(fd, body + struct.pack("<I", zlib.crc32(body)))
            os.close(fd)
            try:
                os.rename(self.at(own), self.at("target"))
                self.count("renamed")
            except OSError as error:
                if errno.errorcode[error.errno] not in NOT_LOCAL:
                    raise
                self.count(f"rename: {errno.errorcode[error.errno]}")
            return
        try:
            fd = self.open("target", os.O_RDONLY)
        except FileNotFoundError:
            if self.counts.get("read"):
                self.count("absent")
            return
        except OSError as error:
            self.not_local("open", error)
            return
        try:
            check_record(os.read(fd, 1 << 20), "the file read")
            self.count("read")
        except OSError as error:
            self.not_local("read", error)
        finally:
            os.close(fd)

    def not_local(self, what, error):
        name = errno.errorcode[error.errno]
        if name not in NOT_LOCAL:
            raise error
        self.count(f"{what}: {name}")


# What a network file system may say where a local one waits or succeeds; counted, and judged by the runner.
NOT_LOCAL = ("EACCES", "EBUSY", "ESTALE", "EOPNOTSUPP", "EIO", "ETXTBSY")


def check_record(data, what):
    if len(data) < 12 or struct.unpack("<I", data[-4:])[0] != zlib.crc32(data[:-4]):
        raise Wrong(f"{what}: {len(data)} bytes whose checksum is wrong")
    return struct.unpack("<Q", data[:8])[0]


def work(options, number, out):
    worker, error = Worker(options, number), ""
    try:
        getattr(worker, f"open_{options.job}")()
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            getattr(worker, options.job)()
    except (Wrong, OSError) as problem:
        error = f"{worker.who}: {type(problem).__name__}: {problem}"
    os.write(out, (json.dumps({"counts": worker.counts, "error": error}) + "\n").encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--who", required=True)
    parser.add_argument("--job", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--sync", action="store_true", help="fsync before each unlock")
    parser.add_argument("--line", type=int, default=1, metavar="BYTES", help="at least, of each line appended")
    parser.add_argument("--forget", action="store_true", help="drop the cached pages of a file before it is mapped")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    reader, writer = os.pipe()
    for number in range(options.workers):
        if os.fork() == 0:
            work(options, number, writer)
            os._exit(0)
    os.close(writer)
    counts, errors = {}, []
    with os.fdopen(reader) as results:
        for line in results:
            result = json.loads(line)
            for key, value in result["counts"].items():
                counts[key] = counts.get(key, 0) + value
            if result["error"]:
                errors.append(result["error"])
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    print(json.dumps({"counts": counts, "errors": errors, "names": sorted(os.listdir(options.dir))}))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
