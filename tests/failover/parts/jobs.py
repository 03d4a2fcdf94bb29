# SPDX-License-Identifier: Apache-2.0
"""What an application does while the server goes away, and how to see that nothing was lost by it.

A job has, for each seat, a command that runs in the guest (argv), a measure of how far it is (progress, 0 to 1), the files
that it holds open (held), and checks of the content: on the server's own disk, and through a new mount.
"""

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

from harness.lab import Failed

from .stage import DRIVERS, MOUNT_POINT, PYTHON

sys.path.insert(0, str(DRIVERS))
import stream  # noqa: E402


BLOCK_BYTES = 4096
# What the Linux client makes of STATUS_FILE_NOT_AVAILABLE, by version.
KEPT_OFF = re.compile("Resource temporarily unavailable|Input/output error")
# How long a handle that nobody comes back for keeps others off (limits::kDurableTimeout_ms), and what a busy machine adds.
KEPT_OFF_S = 60 + 20


class Damaged(Failed):
    """The content of files is not what it should be. blocks: {file, as the share calls it: [offset of each block]}."""

    def __init__(self, text, blocks):
        super().__init__(text)
        self.blocks = blocks


def compare(wanted, found, name):
    """Damaged with the first difference and how many blocks of 4 KiB differ. name: as the share calls it."""
    if not found.exists():
        raise Damaged(f"{found.name} is not there", {name: list(range(0, wanted.stat().st_size, BLOCK_BYTES))})
    size, other = wanted.stat().st_size, found.stat().st_size
    different, zeros, at = [], 0, 0
    with open(wanted, "rb") as left, open(found, "rb") as right:
        while True:
            a, b = left.read(1 << 20), right.read(1 << 20)
            if not a and not b:
                break
            if a != b:
                for start in range(0, max(len(a), len(b)), 4096):
                    x, y = a[start:start + 4096], b[start:start + 4096]
                    if x != y:
                        different.append(at + start)
                        zeros += not y.strip(b"\0")
            at += 1 << 20
    if different or size != other:
        raise Damaged(f"damaged: {other} of {size} octets; {len(different)} blocks differ, {zeros} of them zeros or missing, "
                      f"the first at {different[0] if different else size}", {name: different})


class Job:
    """Parts that jobs have in common. number: of the round, so that each has files of its own."""
    name = ""
    to_the_client = False  # which way its data goes

    def __init__(self, stage, disk, number):
        self.stage, self.disk, self.number, self.begun = stage, Path(disk), number, {}

    def file(self, seat):
        return f"{self.name}-{self.number}-{seat.guest}"

    def prepare(self, seat):
        """Before the clock runs."""

    def begin(self, seat):
        """Right before the command starts."""
        self.begun[seat.guest] = self.stage.traffic(seat)[1 if self.to_the_client else 0]

    def progress(self, seat):
        moved = self.stage.traffic(seat)[1 if self.to_the_client else 0] - self.begun[seat.guest]
        return moved / self.stage.size

    def held(self, seat):
        """Names for rival.py."""
        return [self.file(seat)]

    def is_held(self, seat):
        """Whether the file is open there by now, as far as can be seen from outside."""
        return self.progress(seat) > 0.02

    def said(self, _seat, _out):
        """What the command's output tells, as a note."""
        return ""

    def clean(self, seat):
        (self.disk / self.file(seat)).unlink(missing_ok=True)

    def check_again(self, seat):
        """Through the new mount."""
        status, out, err = self.stage.exec(seat, "cmp", self.stage.data, f"{MOUNT_POINT}/{self.file(seat)}", timeout_s=300)
        if status != 0:
            raise Failed(f"through a new mount: {(out + err).strip()[-200:]}")


class CopyTo(Job):
    name = "cp-to"

    def argv(self, seat):
        return ["cp", self.stage.data, f"{MOUNT_POINT}/{self.file(seat)}"]

    def check(self, seat):
        compare(self.stage.data, self.disk / self.file(seat), self.file(seat))


class CopyFrom(Job):
    name = "cp-from"
    to_the_client = True

    def prepare(self, seat):
        shutil.copyfile(self.stage.data, self.disk / self.file(seat))
        self.stage.exec(seat, "sh", "-c", "echo 3 >/proc/sys/vm/drop_caches")

    def argv(self, seat):
        return ["cp", f"{MOUNT_POINT}/{self.file(seat)}", self.stage.work / "out" / seat.guest]

    def check(self, seat):
        compare(self.stage.data, self.stage.work / "out" / seat.guest, "")
        compare(self.stage.data, self.disk / self.file(seat), self.file(seat))

    def check_again(self, seat):
        """It was only read; nothing may have changed it, which check has seen on the disk."""

    def clean(self, seat):
        super().clean(seat)
        (self.stage.work / "out" / seat.guest).unlink(missing_ok=True)


class Stream(Job):
    name = "stream"
    seconds = 14

    def __init__(self, *args):
        super().__init__(*args)
        self.first, self.records = {}, {}

    def argv(self, seat):
        return [PYTHON, "-B", DRIVERS / "stream.py", f"{MOUNT_POINT}/{self.file(seat)}", str(self.seconds)]

    def progress(self, seat):
        """The lock is taken before the first record. The outage begins at a random moment of the first third."""
        path = self.disk / self.file(seat)
        if not path.exists() or path.stat().st_size == 0:
            return 0
        begun = self.first.setdefault(seat.guest, time.monotonic())
        return 0.03 + 3 * (time.monotonic() - begun) / self.seconds

    def held(self, seat):
        return ["lock:" + self.file(seat)]

    def said(self, seat, out):
        lines = [line for line in out.splitlines() if line.startswith("{")]
        if not lines:
            return ""
        result = json.loads(lines[-1])
        self.records[seat.guest] = result["records"]
        return (f"{result['records']} records, the longest took {result['longest_s']} s"
                + (f"; {result['error_count']} errors: {'; '.join(result['errors'])}" if result["errors"] else ""))

    def check(self, seat):
        wanted = self.stage.work / "out" / f"{seat.guest}.wanted"
        wanted.write_bytes(b"".join(stream.record(number) for number in range(self.records.get(seat.guest, 0))))
        compare(wanted, self.disk / self.file(seat), self.file(seat))

    def check_again(self, seat):
        status, out, err = self.stage.exec(seat, "cmp", self.stage.work / "out" / f"{seat.guest}.wanted",
                                           f"{MOUNT_POINT}/{self.file(seat)}", timeout_s=120)
        if status != 0:
            raise Failed(f"through a new mount: {(out + err).strip()[-200:]}")


class Untar(Job):
    name = "untar"

    def prepare(self, seat):
        (self.disk / self.file(seat)).mkdir(mode=0o777)

    def argv(self, seat):
        return ["tar", "-C", f"{MOUNT_POINT}/{self.file(seat)}", "--no-same-owner", "--no-same-permissions", "-xf", self.stage.tar]

    def progress(self, seat):
        made = sum(len(files) for _, _, files in os.walk(self.disk / self.file(seat)))
        return made / self.stage.files

    def held(self, seat):
        """It holds each file for a moment only: nothing for a rival."""
        return []

    def check(self, seat):
        blocks, texts = {}, []
        for wanted in sorted(path for path in self.stage.tree.rglob("*") if path.is_file()):
            inner = wanted.relative_to(self.stage.tree)
            try:
                compare(wanted, self.disk / self.file(seat) / inner, "\\".join((self.file(seat), *inner.parts)))
            except Damaged as damage:
                blocks.update(damage.blocks)
                texts.append(f"{inner}: {damage}")
        if texts:
            raise Damaged(f"{len(texts)} files are not right: {texts[0]}", blocks)

    def check_again(self, seat):
        """Handles that a client has lost, without closing them or coming back for them, keep others off for a while."""
        begun, said = time.monotonic(), KEPT_OFF.pattern
        while KEPT_OFF.search(said) and time.monotonic() - begun < KEPT_OFF_S:
            status, out, err = self.stage.exec(seat, "diff", "-rq", self.stage.tree, f"{MOUNT_POINT}/{self.file(seat)}",
                                               timeout_s=300)
            said = out + err
            if status == 0:
                waited = time.monotonic() - begun
                return f"files that the client had lost were kept off {waited:.0f} s" if waited > 10 else ""
        lines = said.strip().splitlines()
        raise Failed(f"through a new mount, status {status}, {len(lines)} differences: {' | '.join(lines[:3])[-300:]}")

    def clean(self, seat):
        shutil.rmtree(self.disk / self.file(seat), ignore_errors=True)


JOBS = {job.name: job for job in (CopyTo, CopyFrom, Stream, Untar)}
