#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""stream.py FILE SECONDS: like a small database. Appends numbered records of 4 KiB, an fsync after each, under a POSIX
lock on the whole file, for that long. Prints one line of JSON: how many records, the errors, the longest time that one
took (seconds), and what close said. Exit status 1 after any error."""

import fcntl
import json
import os
import sys
import time

RECORD_BYTES = 4096
PAUSE_S = 0.005  # leaves the guest's one processor to others now and then


def record(number):
    head = b"%08d:" % number
    return head + bytes([97 + number % 26]) * (RECORD_BYTES - len(head) - 1) + b"\n"


def append(fd, number, errors):
    """One record, at its place; tells each error, and tries no error again."""
    for what, call in (("write", lambda: os.pwrite(fd, record(number), number * RECORD_BYTES)),
                       ("fsync", lambda: os.fsync(fd))):
        try:
            done = call()
            if what == "write" and done != RECORD_BYTES:
                errors.append(f"record {number}: write took {done} octets")
        except OSError as error:
            errors.append(f"record {number}: {what}: {error.strerror}")


def main():
    path, seconds = sys.argv[1], float(sys.argv[2])
    errors, longest, count = [], 0.0, 0
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        append(fd, count, errors)
        longest = max(longest, time.monotonic() - begun)
        count += 1
        time.sleep(PAUSE_S)
    try:
        os.close(fd)
    except OSError as error:
        errors.append(f"close: {error.strerror}")
    print(json.dumps({"records": count, "longest_s": round(longest, 2), "errors": errors[:5], "error_count": len(errors)}))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
