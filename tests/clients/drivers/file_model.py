#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random operations on one file, each compared with a model in memory.

    file_model.py FILE --seed N --seconds S [--max BYTES] [--whole-pages KIND]... [--without KIND]...

Prints one line of JSON: operations by kind, how often the file system refused which, and the SHA-256 of what must lie on
the server's disk. At the first difference: what differs, and the operations that led to it; exit status 1.
The same seed makes the same operations.
"""

import argparse
import ctypes
import errno
import hashlib
import json
import mmap
import os
import random
import sys
import time

KEEP_SIZE, PUNCH_HOLE, COLLAPSE, ZERO, INSERT = 0x01, 0x02, 0x08, 0x10, 0x20
PAGE = mmap.PAGESIZE
UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY)
TRACE_LINES = 30
LIBC = ctypes.CDLL(None, use_errno=True)


def fallocate(fd, mode, offset, length):
    """fallocate(2) with its mode, which os.posix_fallocate has not."""
    if LIBC.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


class Different(Exception):
    """The file is not what the model says."""


class FileModel:
    """A file beside the bytes that it must hold."""

    def __init__(self, path, seed, max_bytes):
        self.path, self.max, self.random = path, max_bytes, random.Random(seed)
        self.data, self.trace, self.done, self.refused = bytearray(), [], {}, {}
        self.whole_pages = ()
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self.kinds = {
            "write": 20, "read": 20, "truncate": 6, "map_write": 10, "map_read": 8, "punch": 4,
            "zero": 4, "zero_keep": 2, "allocate": 3, "collapse": 2, "insert": 2, "copy": 4,
            "fsync": 3, "reopen": 5, "second": 6, "holes": 2, "rename": 2, "append": 3,
        }

    # ------------------------------------------------------------ helpers
    def span(self, limit, align=1):
        """A random (offset, length), 1 to 64 KiB long, that ends at or before limit; None if there is no room."""
        if limit < align:
            return None
        offset = self.random.randrange(0, limit, align)
        length = min(self.random.choice((1, 7, 512, PAGE, PAGE + 3, 65536)), limit - offset)
        length = self.random.randint(1, length) if align == 1 else length // align * align
        return (offset, length) if length else None

    def fill(self, length):
        return self.random.randbytes(length)

    def store(self, offset, data):
        if len(self.data) < offset + len(data):
            self.data.extend(bytes(offset + len(data) - len(self.data)))
        self.data[offset:offset + len(data)] = data

    def compare(self, what, offset, found):
        wanted = self.data[offset:offset + len(found)]
        if wanted == found:
            return
        at = next((i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), len(wanted))
        same = sum(a == b for a, b in zip(wanted, found))
        raise Different(f"{what}: byte {offset + at} is {found[at:at + 8].hex()}, not "
                        f"{bytes(wanted[at:at + 8]).hex()} ({len(found) - same} of {len(found)} bytes differ)")

    def check_size(self):
        size = os.fstat(self.fd).st_size
        if size != len(self.data):
            raise Different(f"size {size}, not {len(self.data)}")

    def all_of(self, fd):
        parts, offset = [], 0
        while part := os.pread(fd, 1 << 20, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def whole(self, what, fd):
        found = self.all_of(fd)
        if len(found) != len(self.data):
            raise Different(f"{what}: {len(found)} bytes, not {len(self.data)}")
        self.compare(what, 0, found)

    # ------------------------------------------------------------ operations: the arguments, or None if none fit
    def plan(self, kind):
        size = len(self.data)
        if kind in ("write", "allocate", "zero", "zero_keep", "map_write"):
            return self.span(self.max)
        if kind == "append":
            return (size, self.random.randint(1, 4096)) if size + 4096 <= self.max else None
        if kind == "truncate":
            return (self.random.randint(0, self.max), 0)
        if kind in ("read", "map_read", "punch"):
            return self.span(size)
        if kind == "collapse":
            return self.span(size - 1, PAGE) if size > 2 * PAGE else None
        if kind == "insert":
            room = self.max - size
            return self.span(min(size - 1, room), PAGE) if size > PAGE and room >= PAGE else None
        if kind == "copy":
            return self.span(size // 2) if size >= 2 else None
        return (0, 0)

    def write(self, offset, length):
        data = self.fill(length)
        if os.pwrite(self.fd, data, offset) != length:
            raise Different("short write")
        self.store(offset, data)

    def append(self, _, length):
        data = self.fill(length)
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            if os.write(fd, data) != length:
                raise Different("short append")
        finally:
            os.close(fd)
        self.store(len(self.data), data)

    def read(self, offset, length):
        found = os.pread(self.fd, length, offset)
        if len(found) != length:
            raise Different(f"read {len(found)} bytes, not {length}")
        self.compare("read", offset, found)

    def truncate(self, size, _):
        os.ftruncate(self.fd, size)
        if size < len(self.data):
            del self.data[size:]
        else:
            self.store(size, b"")

    def mapped(self, offset, length):
        start = offset // PAGE * PAGE
        return mmap.mmap(self.fd, offset + length - start, offset=start), offset - start

    def map_write(self, offset, length):
        if len(self.data) < offset + length:
            self.truncate(offset + length, 0)
        data = self.fill(length)
        with self.mapped(offset, length)[0] as area:
            begin = offset % PAGE
            area[begin:begin + length] = data
            if self.random.random() < 0.5:
                area.flush()
        self.store(offset, data)

    def map_read(self, offset, length):
        area, begin = self.mapped(offset, length)
        with area:
            self.compare("mapped read", offset, area[begin:begin + length])

    def punch(self, offset, length):
        fallocate(self.fd, PUNCH_HOLE | KEEP_SIZE, offset, length)
        self.store(offset, bytes(length))

    def zero(self, offset, length):
        fallocate(self.fd, ZERO, offset, length)
        self.store(offset, bytes(length))

    def zero_keep(self, offset, length):
        fallocate(self.fd, ZERO | KEEP_SIZE, offset, length)
        end = min(offset + length, len(self.data))
        if offset < end:
            self.store(offset, bytes(end - offset))

    def allocate(self, offset, length):
        fallocate(self.fd, 0, offset, length)
        if len(self.data) < offset + length:
            self.store(offset + length, b"")

    def collapse(self, offset, length):
        if offset + length >= len(self.data):
            return
        fallocate(self.fd, COLLAPSE, offset, length)
        del self.data[offset:offset + length]

    def insert(self, offset, length):
        fallocate(self.fd, INSERT, offset, length)
        self.data[offset:offset] = bytes(length)

    def copy(self, offset, length):
        target = len(self.data) // 2 + offset
        data = bytes(self.data[offset:offset + length])
        done = 0
        while done < length:
            n = os.copy_file_range(self.fd, self.fd, length - done, offset + done, target + done)
            if n == 0:
                raise Different(f"copied {done} bytes, not {length}")
            done += n
        self.store(target, data)

    def fsync(self, *_):
        os.fsync(self.fd)

    def reopen(self, *_):
        os.close(self.fd)
        self.fd = os.open(self.path, os.O_RDWR)
        self.whole("opened again", self.fd)

    def second(self, *_):
        fd = os.open(self.path, os.O_RDONLY)
        try:
            self.whole("second descriptor", fd)
        finally:
            os.close(fd)

    def rename(self, *_):
        new = self.path.removesuffix(".moved") if self.path.endswith(".moved") else self.path + ".moved"
        os.rename(self.path, new)
        self.path = new

    def holes(self, *_):
        offset = 0
        while offset < len(self.data):
            try:
                data = os.lseek(self.fd, offset, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                data = len(self.data)
            if any(self.data[offset:data]):
                raise Different(f"data in the hole {offset} to {data}")
            if data >= len(self.data):
                return
            offset = os.lseek(self.fd, data, os.SEEK_HOLE)
            if offset <= data:
                raise Different(f"hole at {offset}, before the data at {data}")

    # ------------------------------------------------------------ the run
    def step(self):
        kind = self.random.choices(list(self.kinds), self.kinds.values())[0]
        if kind in self.whole_pages:
            self.truncate(len(self.data) // PAGE * PAGE, 0)
        arguments = self.plan(kind)
        if arguments is None:
            return
        self.trace.append(f"{kind} {arguments[0]} {arguments[1]} (size {len(self.data)})")
        del self.trace[:-TRACE_LINES]
        try:
            getattr(self, kind)(*arguments)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            self.refused[kind] = self.refused.get(kind, 0) + 1
            return
        self.check_size()
        self.done[kind] = self.done.get(kind, 0) + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--without", action="append", default=[], metavar="KIND", help="an operation to leave out")
    parser.add_argument("--whole-pages", action="append", default=[], metavar="KIND",
                        help="an operation before which the file is cut to whole pages")
    parser.add_argument("--max", type=int, default=256 << 10)
    options = parser.parse_args()
    model = FileModel(options.path, options.seed, options.max)
    model.whole_pages = options.whole_pages
    for kind in options.without:
        del model.kinds[kind]
    end = time.monotonic() + options.seconds
    try:
        while time.monotonic() < end:
            model.step()
        model.trace.append("at the end")
        model.reopen()
        os.close(model.fd)
    except (Different, OSError) as error:
        print(f"seed {options.seed}: {error}", *model.trace, sep="\n")
        return 1
    print(json.dumps({"seed": options.seed, "operations": sum(model.done.values()), "by_kind": model.done,
                      "refused": model.refused, "path": model.path,
                      "sha256": hashlib.sha256(model.data).hexdigest()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
