# SPDX-License-Identifier: Apache-2.0
"""Judges what ../drivers/race.py counted on both machines against what is then in the folder."""

import struct
import zlib

from .lab import Failed

JOBS = ("counter", "records", "mapped", "appended", "names", "replaced")
# Errors that a client without POSIX semantics may report, and why; see ../README.md.
WITHOUT_POSIX = {
    "names": ("EACCES", "EBUSY"),  # somebody has it open, or has just asked to delete it
    "replaced": ("EACCES", "EBUSY", "absent"),  # the target is open elsewhere; cifs.ko then removes it first
}
# A small part: more would be names that are not removed.
REMOVED_TWICE = 0.01
# What a client says when a file was renamed over while it was opening it; a local file system never does.
ANY_MODE = {"replaced": ("ESTALE",)}
# 7.2 moves what it cannot remove at once out of the way; whatever that says (the other one has removed it) becomes EIO.
SINCE_72 = {"names": ("EIO",)}
COUNTED = ("raised", "refused", "made", "moved", "removed", "removed by two", "renamed", "read")


def expected_errors(job, posix, since_72):
    """What clients of that mode and kernel may say in a job although a local file system never does."""
    return (ANY_MODE.get(job, ()) + (() if posix else WITHOUT_POSIX.get(job, ()))
            + (SINCE_72.get(job, ()) if since_72 else ()))


def total(counts, key):
    return sum(c.get(key, 0) for c in counts)


def number_at(path, offset):
    data = path.read_bytes()[offset:offset + 8]
    return struct.unpack("<Q", data)[0] if len(data) == 8 else 0


def equal(what, found, wanted):
    if found != wanted:
        raise Failed(f"{what}: {found}, not {wanted}")


def judge(job, counts, folder, listings, expected):
    """Raises Failed when `folder` (the server's own) or what the clients list does not fit their counts."""
    names = sorted(entry.name for entry in folder.iterdir())
    for listing in listings:
        equal(f"{job}: names seen by a client", listing, names)
    raised = total(counts, "raised")
    if job == "counter":
        equal("counter", number_at(folder / "counter", 0), raised)
    elif job == "mapped":
        equal("mapped counter", number_at(folder / "mapped", 4096), raised)
    elif job == "records":
        equal("serial numbers of the records", sum(serials(folder / "records")), raised)
    elif job == "appended":
        lines = (folder / "appended").read_text(encoding="ascii").splitlines()
        equal("lines", len(lines), raised)
        equal("different lines", len(set(lines)), raised)
    elif job == "names":
        # Two that open a name at once to delete it both succeed: a name is removed by a CLOSE.
        twice = len(names) - (total(counts, "made") - total(counts, "removed"))
        if not 0 <= twice <= total(counts, "removed") * REMOVED_TWICE:
            raise Failed(f"names: {len(names)}, not {len(names) - twice}")
        if twice:
            counts.append({"removed by two": twice})
    for count in counts:
        for key, value in count.items():
            if key not in COUNTED and key.split(": ")[-1] not in expected:
                raise Failed(f"{job}: {value} times {key}, which a local file system never says")
    return " ".join(f"{key} {total(counts, key)}" for key in sorted({k for c in counts for k in c}))


def serials(path):
    data = path.read_bytes()
    for at in range(0, len(data), 512):
        record = data[at:at + 512]
        if not any(record):
            continue
        if zlib.crc32(record[:-4]) != struct.unpack("<I", record[-4:])[0]:
            raise Failed(f"record {at // 512} on the server's disk: wrong checksum")
        yield struct.unpack("<Q", record[:8])[0]
