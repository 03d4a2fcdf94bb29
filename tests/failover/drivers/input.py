#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""State stores and volumes that are not as they should be; exit status 1 when a case fails."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import journal
from service import USER, Failure, Service, wait_until

KEPT, PLAIN = "kept", "plain"
CLIENTS, OPENS = 2, 3


def expect(ok, what):
    if not ok:
        raise Failure(what)


class Stage:
    """A service with a share that is continuously available and one that is not."""

    def __init__(self, options, work, kept=None, **more):
        self.options, self.work = options, work
        self.service = Service(options.bin, work / "server",
                               {KEPT: {"path": str(kept or work / "kept"), "continuous_availability": True},
                                PLAIN: {"path": str(work / "plain")}}, **more)
        self.seen = 0

    def load(self, *arguments, share):
        return [self.options.generator, *arguments, "--port", str(self.service.port), "--share", share,
                "--user", USER, "--password-file", self.service.password_file]

    def probe(self, share, handle, count=1, prefix="price"):
        """Opens files and closes them; "" or what went wrong."""
        command = self.load("price", "--what", "lone", "--handle", handle, "--count", str(count),
                            "--prefix", prefix, share=share)
        done = subprocess.run(command,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120, check=False)
        return "" if done.returncode == 0 else done.stderr.strip() or f"status {done.returncode}"

    def works(self, share, handle):
        wrong = self.probe(share, handle)
        expect(not wrong, f"share {share}: {wrong}")

    def granted_within(self, share, seconds, prefix="price"):
        """Persistent handles are granted (again), after a while at most."""
        wrong = [""]

        def granted():
            wrong[0] = self.probe(share, "persistent", prefix=prefix)
            return not wrong[0]
        try:
            wait_until("", seconds, granted, 0.2)
        except Failure:
            raise Failure(f"no persistent handle within {seconds} s: {wrong[0]}\n{self.service.log_tail(15)}") from None

    def log(self):
        return self.service.log.read_text(errors="replace")

    def mark(self):
        """From here on said() looks."""
        self.seen = len(self.log())

    def said(self, pattern, seconds=10):
        """Waits for a line of the log; gives the match."""
        return wait_until(f"the log says '{pattern}':\n{self.log()[self.seen:][-3000:]}", seconds,
                          lambda: re.search(pattern, self.log()[self.seen:]), 0.02)

    def store(self):
        return wait_until("there is a store", 10, lambda: self.service.store(KEPT), 0.02)

    def tried_again(self, store):
        """Waits until the server has taken the volume's epoch, and given it back, anew."""
        seen, epoch = set(), store / "epoch"
        wait_until("the volume is tried again", 30, lambda: seen.add(epoch.read_bytes()) or len(seen) > 3, 0.02)

    def leave_opens(self):
        """A server that is killed while clients have files open, who never come back. How many files."""
        self.service.start()
        self.service.add_user()
        self.hold()
        self.service.kill()
        self.end_holder(True)
        return CLIENTS * OPENS

    def hold(self):
        """Clients that keep files open, write to them, and come back when the server does."""
        self.holder = subprocess.Popen(
            self.load("run", "--clients", str(CLIENTS), "--opens", str(OPENS), "--rivals", "0", "--think-ms", "50",
                      "--passing", "0", "--file-size", "8192", "--log", str(self.work / "log"), "--pauses",
                      str(self.work / "pauses"), share=KEPT),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.holder.stdout.readline().strip()
        expect(line == "ready", f"the holder says '{line}'")

    def holder_is_back(self):
        """After a restart: every client of the holder has had an answer."""
        self.holder.stdin.write("wait\n")
        self.holder.stdin.flush()
        line = self.holder.stdout.readline().strip()
        expect(line == "recovered", f"the holder says '{line}'")

    def end_holder(self, by_force=False):
        """Lets it close everything; it must not have noticed anything wrong."""
        if by_force:
            self.holder.kill()
            self.holder.communicate()
            return
        _, errors = self.holder.communicate("stop\n", timeout=90)
        expect(self.holder.returncode == 0, f"clients with open files: {errors}")

    def restored(self):
        """How many opens the server says that it has restored."""
        return int(self.said(r"is served again, with (\d+) opens?").group(1))

    def end(self):
        if self.service.process is not None and self.service.process.poll() is None:
            self.service.kill()


def octets(folder):
    """All segments with their content."""
    return {p.name: p.read_bytes() for p in journal.segments(folder)}


def refused(stage, opens, spoil, *patterns):
    """A store that cannot be used: an error that says what and where; the other share is served; not an octet of the
    store changes; with the store as it was, all opens are there."""
    store = stage.store()
    before = stage.work / "before"
    shutil.copytree(store, before)
    spoil(store)
    spoiled = octets(store)
    stage.mark()
    stage.service.start()
    for pattern in patterns:
        print("   ", stage.said(".*" + pattern + ".*").group(0))
    stage.said(re.escape(str(store)))
    stage.works(PLAIN, "durable")
    began = time.monotonic()
    wrong = stage.probe(KEPT, "persistent")
    expect("STATUS_BAD_NETWORK_NAME" in wrong, f"the share is served without its store: {wrong or 'it works'}")
    expect(time.monotonic() - began < 10, "the client had to wait for a share that cannot be served")
    stage.works(PLAIN, "durable")
    # Tried again meanwhile, and told once.
    stage.tried_again(store)
    failures = len(re.findall(patterns[0], stage.log()[stage.seen:]))
    expect(failures == 1, f"the failure was told {failures} times")
    stage.service.stop()
    expect(octets(store) == spoiled, "the store that cannot be used was changed")
    stage.service.start()
    stage.said(patterns[0])
    stage.mark()
    # Mended while the server runs.
    for segment in octets(store):
        shutil.copyfile(before / segment, store / segment)
    restored = stage.restored()
    expect(restored == opens, f"of {opens} opens {restored} were restored")
    stage.works(KEPT, "persistent")
    stage.service.stop()


def case_newer(stage):
    """A store that a newer version has written."""
    opens = stage.leave_opens()
    refused(stage, opens, lambda store: journal.make_newer(journal.segments(store)[-1]), "written by a newer Holdfast")


def case_garbage(stage):
    """A segment whose begin is not that of a segment."""
    def spoil(store):
        segment = journal.segments(store)[-1]
        segment.write_bytes(b"?" * journal.BLOCK + segment.read_bytes()[journal.BLOCK:])
    refused(stage, stage.leave_opens(), spoil, r"is damaged: segment-\S+ at octet 0: its first block is not whole")


def case_damage_inside(stage):
    """An octet of an early batch is wrong: that is damage, not a write that was not finished."""
    opens = stage.leave_opens()

    def spoil(store):
        segment = max(journal.segments(store), key=lambda s: len(journal.batches(s)))
        found = journal.batches(segment)
        expect(len(found) > 3, "the store has too few batches for this case")
        journal.flip(segment, found[1] + 100)
    refused(stage, opens, spoil, r"is damaged: segment-\S+ at octet \d+: batch \d+ is not whole \(.*\)")


def case_unreadable(stage):
    """A store that the server's account may not read, until it may: no restart is needed."""
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    for path in (stage.work, *stage.work.rglob("*")):
        os.chown(path, 65534, 65534)
    stage.service.start(nobody)
    stage.service.add_user()
    store = stage.store()
    stage.service.stop()
    os.chown(store, 0, 0)
    store.chmod(0o700)
    stage.mark()
    stage.service.start(nobody)
    print("   ", stage.said(".*(Permission denied|may not).*").group(0))
    stage.said(re.escape(str(store)))
    stage.works(PLAIN, "durable")
    os.chown(store, 65534, 65534)
    stage.granted_within(KEPT, 30)
    stage.service.stop()


def case_epoch_damaged(stage):
    """The epoch cannot be read: nobody knows who may serve the volume, so nobody does; what it holds stays."""
    opens = stage.leave_opens()
    epoch = stage.store() / "epoch"
    for at in (40, 4096 + 40):
        journal.flip(epoch, at)
    before = octets(stage.store())
    stage.mark()
    stage.service.start()
    print("   ", stage.said(r".*epoch in \S+ is damaged.*").group(0))
    stage.said(re.escape(str(epoch)))
    stage.works(PLAIN, "durable")
    stage.service.stop()
    expect(octets(stage.store()) == before, "the store whose epoch is damaged was changed")
    epoch.unlink()
    stage.mark()
    stage.service.start()
    restored = stage.restored()
    expect(restored == opens, f"of {opens} opens {restored} were restored")
    stage.works(KEPT, "persistent")
    stage.service.stop()


def case_not_a_folder(stage):
    """Something else stands where the store should be, until it is moved away."""
    opens = stage.leave_opens()
    store = stage.store()
    aside = stage.work / "aside"
    store.rename(aside)
    store.write_text("not a store")
    stage.mark()
    stage.service.start()
    print("   ", stage.said(".*(Not a directory|File exists).*").group(0))
    stage.said(re.escape(str(store)))
    stage.works(PLAIN, "durable")
    store.unlink()
    aside.rename(store)
    restored = stage.restored()
    expect(restored == opens, f"of {opens} opens {restored} were restored")
    stage.works(KEPT, "persistent")
    stage.service.stop()


def case_tail(stage):
    """The last write was not finished when the power went: it is left out, with a warning, and all else is there."""
    opens = stage.leave_opens()
    store = stage.store()
    last = [s for s in journal.segments(store) if journal.batches(s)][-1]
    journal.flip(last, journal.batches(last)[-1] + 80)
    stage.mark()
    stage.service.start()
    print("   ", stage.said(".*ends with a write that was not finished.*").group(0))
    stage.said(re.escape(str(store)))
    restored = stage.restored()
    expect(0 < restored <= opens, f"of {opens} opens {restored} were restored")
    stage.works(KEPT, "persistent")
    stage.works(PLAIN, "durable")
    stage.service.stop()


def fill(folder):
    """Leaves no block free; the file that takes them."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as out:
        for size in (1 << 20, 4096):
            try:
                while True:
                    out.write(bytes(size))
                    os.fsync(out.fileno())
            except OSError:
                pass
    return path


def case_full(stage):
    """The volume is full: handles that are held stay as they are, new ones are not promised to be kept, and when there
    is room again all is as before."""
    image, folder = stage.work / "image", stage.work / "kept"
    image.touch()
    os.truncate(image, 48 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", "8192", image], check=True)
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    try:
        stage.service.start()
        stage.service.add_user()
        # Of files that exist, without a trace in the store.
        many = 1200
        wrong = stage.probe(KEPT, "durable", many)
        expect(not wrong, f"cannot open many files: {wrong}")
        stage.hold()
        time.sleep(1)  # The holders have written all of their files.
        filler = fill(folder)
        stage.mark()
        wrong = stage.probe(KEPT, "persistent", many)
        print("    new opens:", wrong.split("\n")[0])
        expect("the handle is not persistent" in wrong, f"new opens on a full volume: {wrong or 'all granted'}")
        print("   ", stage.said(".*(No space left|is full|no space).*").group(0))
        stage.said(re.escape(str(stage.store())))
        stage.works(PLAIN, "durable")
        # A server that is killed now finds its volume full when it starts.
        stage.mark()
        stage.service.kill()
        stage.service.start()
        print("    restart:", stage.restored(), "opens restored")
        stage.holder_is_back()
        filler.unlink()
        # That the probe has closed its files could not be written: they are kept until nobody comes back for them.
        stage.granted_within(KEPT, 30, "other")
        stage.mark()
        stage.service.kill()
        stage.service.start()
        stage.restored()
        stage.end_holder()
        stage.service.stop()
    finally:
        stage.end()
        subprocess.run(["umount", folder], check=False)


def case_two_servers(stage):
    """A second server on the same volume does not serve it, says so, and disturbs nobody; it is there when the first
    one is gone."""
    stage.service.start()
    stage.service.add_user()
    stage.hold()
    (stage.work / "other").mkdir()
    other = Stage(stage.options, stage.work / "other", kept=stage.work / "kept")
    try:
        other.service.start()
        other.service.add_user()
        print("   ", other.said(".*(another|in use|locked).*").group(0))
        other.said(re.escape(str(stage.store())))
        other.works(PLAIN, "durable")
        stage.works(KEPT, "persistent")
        stage.service.kill()
        restored = other.restored()
        expect(restored == CLIENTS * OPENS, f"the second server has restored {restored} opens")
        other.works(KEPT, "persistent")
        other.service.stop()
    finally:
        other.end()
    # The clients know the first one's address only.
    stage.service.start()
    stage.end_holder()
    stage.service.stop()


def main():
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("case_")}
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--generator", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    p.add_argument("--keep", action="store_true", help="leaves the folders of failed cases")
    p.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(cases))
    options = p.parse_args()
    failed = 0
    for name in options.cases or cases:
        work = pathlib.Path(tempfile.mkdtemp(prefix=f"holdfast-input-{name}."))
        work.chmod(0o755)
        stage = Stage(options, work)
        started = time.monotonic()
        print(f"{name}: {cases[name].__doc__.split(':')[0]}", flush=True)
        wrong = ""
        try:
            cases[name](stage)
        except Failure as failure:
            wrong = str(failure)
        finally:
            stage.end()
            if getattr(stage, "holder", None) is not None and stage.holder.poll() is None:
                stage.end_holder(True)
        failed += 1 if wrong else 0
        print(f"{'FAILED ' if wrong else 'ok     '} {name} ({time.monotonic() - started:.0f} s) {wrong}", flush=True)
        if not (wrong and options.keep):
            shutil.rmtree(work, ignore_errors=True)
    print(f"{len(options.cases or cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
