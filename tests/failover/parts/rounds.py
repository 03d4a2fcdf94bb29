# SPDX-License-Identifier: Apache-2.0
"""One round: applications at work on all seats, the server goes away in the middle and comes back, and what came of it."""

import concurrent.futures
import json
import shutil
import subprocess
import time
from types import SimpleNamespace

from harness.lab import Failed, LAB_DIR, run

from .jobs import BLOCK_BYTES, Damaged
from .stage import DRIVERS, PYTHON, RIVAL_HOST, SHARE, TIMED_OUT, wait_until
from .wire import Capture

# Whoever waits longer for the server than this has lost it.
JOB_LIMIT_S = 120
BEGIN_S = 60
# Of captures and logs of rounds that did not pass; a capture has up to three times the copied data.
KEPT_OCTETS = 12 << 30
NAMES = {"0xc0000043": "SHARING_VIOLATION", "0xc0000055": "LOCK_NOT_GRANTED", "0xc0000467": "FILE_NOT_AVAILABLE"}


class Verdict:
    """problems: what the server, or whoever, did wrong. client_says: what the application suffered; with no problem beside it
    the client alone is to blame. pause: seconds, or None when nothing was answered after the event."""

    def __init__(self, pause):
        self.pause, self.problems, self.client_says, self.notes = pause, [], [], []


class Early(Exception):
    """The work was over before the event: the round says nothing."""


class Round:
    """event.strike() is the outage: it returns when the server is back, with struck_at, gone_at (no answer comes any more)
    and ready_at (seconds since 1970), and notes. rival: the user of the second client. share_disk(): the server's folder as it is then."""

    def __init__(self, stage, job, seats, event, fraction, rival):
        self.stage, self.job, self.seats, self.event, self.fraction = stage, job, seats, event, fraction
        self.rival_user, self.done = rival, {}
        self.capture_file = stage.work / "capture.pcap"
        self.rival_file = stage.work / "rival.log"

    # ---- what happens ----

    def run(self):
        """Carries it out; afterwards judge() says what it was worth for each seat."""
        for seat in self.seats:
            self.job.prepare(seat)
        with concurrent.futures.ThreadPoolExecutor(len(self.seats)) as pool, \
                Capture(self.stage, self.capture_file) as self.capture:
            rival = None
            try:
                self.begun_at = time.time()
                for seat in self.seats:
                    self.job.begin(seat)
                futures = [pool.submit(self._work, seat) for seat in self.seats]
                self._await(futures, "all at work", lambda: all(self.job.is_held(seat) for seat in self.seats))
                rival = self._rival()
                self._await(futures, f"{self.fraction:.0%} of the work",
                            lambda: max(self.job.progress(seat) for seat in self.seats) >= self.fraction)
                self.outage = self.event.strike()
                for future in futures:
                    future.result()
            finally:
                if rival:
                    self.stage.end(rival)
        self.job.disk = self.event.disk

    def _work(self, seat):
        status, out, err = self.stage.exec(seat, *self.job.argv(seat), timeout_s=self.event.job_limit_s)
        if status == TIMED_OUT:
            self._hung(seat)
        self.done[seat.guest] = SimpleNamespace(status=status, out=out, err=err, at=time.time())

    def _hung(self, seat):
        """What the guest's kernel says of processes that wait for ever."""
        _, out, err = self.stage.exec(seat, "sh", "-c", "echo w >/proc/sysrq-trigger; dmesg | tail -n 400", timeout_s=20)
        (self.stage.work / f"{seat.guest}.hung").write_text(out + err, encoding="utf-8")

    def _await(self, futures, what, condition):
        def met():
            for future in futures:
                if future.done():
                    future.result()
                    ended = [f"{seat.name}: status {self.done[seat.guest].status} {self.done[seat.guest].err.strip()[-200:]}"
                             for seat in self.seats if seat.guest in self.done]
                    if any(d.status for d in self.done.values()):
                        raise Failed(f"failed before the event: {'; '.join(ended)}")
                    raise Early("; ".join(ended))
            return condition()
        wait_until(what, BEGIN_S, met)

    def _rival(self):
        names = [name for seat in self.seats for name in self.job.held(seat)]
        if not names:
            self.rival_file.write_text("")
            return None
        with open(self.rival_file, "w", encoding="utf-8") as log:
            return self.stage.start(RIVAL_HOST, PYTHON, "-B", DRIVERS / "rival.py", self.seats[0].target, SHARE, self.rival_user,
                                    self.stage.password_file, *names, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT)

    # ---- what it was worth ----

    def judge(self, seat):
        """The Verdict of a seat."""
        verdict = Verdict(self.pause(seat))
        if verdict.pause is None:
            self._judge_silence(seat, verdict)
        done = self.done[seat.guest]
        if done.status != 0:
            verdict.client_says.append(f"status {done.status}: {' '.join(done.err.split())[-160:]}")
        verdict.notes.append(self.job.said(seat, done.out))
        damage = self._try(verdict, self.job.check, seat)
        if self._try(verdict, self.stage.remount, seat) is True:
            verdict.notes.append("the guest hung and was replaced")
        if not isinstance(damage, Damaged):  # it would only be the same again
            verdict.notes.append(self._try(verdict, self._check_again, seat, verdict) or "")
        verdict.notes.append(self.reconnects(seat, verdict))
        verdict.notes.append(self._judge_rival(seat, verdict.problems))
        verdict.notes.append(self._syn(seat, verdict.problems))
        self._judge_server(seat, damage, verdict)
        if self.capture.lost:
            verdict.notes.append(f"the capture lost {self.capture.lost} packets")
        self.job.clean(seat)
        return verdict

    def _judge_server(self, seat, damage, verdict):
        """Whether the server did all that it should, as far as the wire tells: it refused nothing after the event, and what
        it had acknowledged is there. If so, what the application suffered is the client's own fault."""
        address = self.client_address(seat)
        refusals = self.capture.refusals(address, self.outage.gone_at)
        if refusals:
            first = refusals[0]
            verdict.problems.append(f"the server refused {len(refusals)} requests after the event, first command {first.command} "
                                    f"with status {first.status:#010x}")
        if isinstance(damage, Damaged):
            lost = [(name, at) for name, blocks in damage.blocks.items() if blocks
                    for acknowledged in [self.capture.acknowledged(address, name)]
                    for at in blocks if any(begin < at + BLOCK_BYTES and at < end for begin, end in acknowledged)]
            foreign = self.capture.foreign(address, self.job.file(seat), self.stage.data) if self.job.name == "cp-to" else []
            if foreign:
                verdict.client_says.append(f"the client wrote other octets than the program's at {foreign[0][0]}")
            lost = [(name, at) for name, at in lost if not any(begin < at + BLOCK_BYTES and at < end for begin, end in foreign)]
            if lost:
                verdict.problems.append(f"{len(lost)} damaged blocks had been acknowledged, the first {lost[0][0]} at {lost[0][1]}")
        if verdict.client_says and not verdict.problems:
            if self.capture.lost or self.capture.gaps(address):
                verdict.problems.append("the capture is not whole, so that it proves nothing")
            open_then = ", ".join(f"{n} {what}" for what, n in sorted(self.capture.unanswered(address, self.outage.gone_at).items()))
            verdict.notes.append(f"unanswered at the event: {open_then or 'nothing'}")

    def _judge_silence(self, seat, verdict):
        """Why nothing was answered after the event."""
        if gave_up := self._gave_up(seat):
            verdict.client_says.append(gave_up)
        elif self.capture.wants_nothing(self.client_address(seat), self.outage.gone_at):
            verdict.client_says.append("the client asked for nothing more")
        else:
            verdict.problems.append("no answer after the event")

    def _gave_up(self, seat):
        """Why the seat does not come back for its files, or "": it does."""
        if self.done[seat.guest].at < self.outage.ready_at:
            return "the program had ended before the server was back"
        if self.capture.is_silent(self.client_address(seat), self.outage.gone_at):
            return "the client never tried to connect again"
        return ""

    def pause(self, seat):
        """Seconds that the seat waited, or None: it was never answered again."""
        return self.capture.pause(self.client_address(seat), self.outage.gone_at)

    def back_at(self, seat):
        """When the seat had its file again, or None."""
        return min((answer.at for _, answer in self.capture.reclaims(self.client_address(seat)) if answer.status == 0), default=None)

    def client_address(self, seat):
        """Whose address the server's side of the network sees."""
        return seat.address

    def _syn(self, seat, problems):
        """How soon after the new server was ready the client connected; the tickle is to make that soon."""
        if not hasattr(self.event, "syn_limit_s"):
            return ""
        # A server may tickle a moment before this program sees that it is ready: then it is 0.
        at = self.capture.first_syn(self.client_address(seat), self.outage.gone_at)
        limit, since = self.event.syn_limit_s, at and max(0.0, at - self.outage.ready_at)
        if limit is not None and (since is None or since > limit):
            problems.append(f"the client's SYN came {'never' if since is None else f'{since:.2f} s'} after the new server "
                            f"was ready, wanted within {limit} s")
        return "no SYN" if since is None else f"SYN {since:.2f} s after ready"

    def _check_again(self, seat, verdict):
        """A file that its client has given up, and neither reclaimed nor closed, is nobody's until its time is over."""
        until = time.monotonic() + self.stage.handle_timeout_ms / 1000 + 10
        while True:
            try:
                return self.job.check_again(seat)
            except Failed as error:
                if not verdict.client_says or "temporarily unavailable" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.2)  # between two tries

    @staticmethod
    def _try(verdict, check, *words):
        """What check returns; or the Failed that it raised, which is then a problem, or the client's word."""
        try:
            return check(*words)
        except Damaged as damage:
            verdict.client_says.append(str(damage))
            return damage
        except Failed as error:
            verdict.problems.append(str(error))
            return None

    def reconnects(self, seat, verdict):
        """Every reconnect must have succeeded with the FileId that it asked for, and what the job holds be among them."""
        problems, capture, address = verdict.problems, self.capture, self.client_address(seat)
        opens, reclaims = capture.opens(address), capture.reclaims(address)
        good, refused = [], {}
        for create, answer in reclaims:
            if answer.status != 0:
                refused.setdefault(f"DH2C for {create.reconnects[:8].hex()} refused: status {answer.status:#010x}", []).append(answer)
            elif answer.body[128:136] != create.reconnects[:8]:
                problems.append(f"DH2C for {create.reconnects[:8].hex()} gave {answer.body[128:136].hex()}")
            else:
                good.append(create.reconnects[:8])
        problems += [f"{text} ({len(answers)} times)" for text, answers in refused.items()]
        for name in (held.removeprefix("lock:") for held in self.job.held(seat)):
            ids = {file_id[:8] for create, file_id in opens if create.name == name}
            if ids & set(good) or self._gave_up(seat):
                continue
            if capture.opened_anew(address, name, self.outage.gone_at):
                verdict.client_says.append(f"{name}: the client opened it anew and did not ask for its handle")
            else:
                tags = sorted({tag for create, _ in opens if create.name == name for tag in create.tags})
                problems.append(f"{name} was not reclaimed by DH2C (opened with {' '.join(tags) or 'nothing seen'})")
        unread = self._second_opinion(address, reclaims, problems)
        return f"{len(good)} of {len(reclaims)} reclaims good" + (f", {unread} of them not seen by tshark" if unread else "")

    def _second_opinion(self, address, reclaims, problems):
        """tshark must see the same reconnects with the same results, as far as it reads them: a packet behind one that was left
        out of the capture may be nothing to it. How many it did not."""
        theirs = {(message_id, status) for client, message_id, status in self.capture.seen_by_tshark() if client == address}
        ours = {(create.message.message_id, answer.status) for create, answer in reclaims}
        if theirs - ours or ours and not theirs:
            problems.append(f"tshark sees other reconnects: {sorted(theirs - ours)}, which are not among {sorted(ours)}")
        return len(ours - theirs)

    def _judge_rival(self, seat, problems):
        """Nothing may have been given to the rival before the seat closed its file; and while the file waits to be
        reclaimed, not even an open that would go with it (MS-SMB2 3.3.5.9)."""
        attempts = [json.loads(line) for line in self.rival_file.read_text(encoding="utf-8").splitlines()
                    if line.startswith("{")]
        if not attempts and self.job.held(seat):
            problems.append(f"the rival said nothing: {self.rival_file.read_text(encoding='utf-8')[-200:]}")
        refused, given, address = {}, {}, self.client_address(seat)
        back = self.back_at(seat)
        for name in (held.removeprefix("lock:") for held in self.job.held(seat)):
            closed = self.capture.closed_at(address, name) or self.done[seat.guest].at
            # A program's end gives up its locks; the client closes the file a second later.
            unlocked = min(closed, self.capture.unlocked_at(address, name) or closed)
            for attempt in (a for a in attempts if a["name"] == name and a["at"] < (unlocked if a["what"] == "lock" else closed)):
                what, status, since = attempt["what"], attempt["status"], attempt["at"] - self.outage.gone_at
                in_gap = 0 < since and attempt["at"] < (back or closed)
                if status != "0x00000000":
                    refused.setdefault(f"{NAMES.get(status, status)}{' in the gap' if in_gap else ''}", []).append(since)
                elif what != "shared open" or in_gap:
                    given.setdefault(what, []).append(since)
        for what, times in given.items():
            problems.append(f"a rival's {what} succeeded {len(times)} times, {min(times):+.2f} to {max(times):+.2f} s from the event")
        return "rival refused: " + ", ".join(f"{len(v)} {k}" for k, v in sorted(refused.items())) if refused else ""

    def _kept_octets(self):
        return sum(path.stat().st_size for path in self.stage.kept.rglob("*") if path.is_file())

    def keep(self, label):
        """Keeps capture and logs of a round that failed; the folder."""
        folder = self.stage.kept / f"{label}-{self.job.number}".replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for path in (self.capture_file, self.rival_file, *self.stage.work.glob("*.hung")):
            if path.exists() and path.stat().st_size + self._kept_octets() < KEPT_OCTETS:
                shutil.copy(path, folder)
        for name in self.event.servers:
            (folder / f"{name}.log").write_text(run([LAB_DIR / "server", "log", name])[1], encoding="utf-8")
        for seat in self.seats:
            said = "".join(self._asked(seat, *question) for question in
                           (("dmesg",), ("sh", "-c", "ip -s link show vec0; ip neigh; cat /proc/interrupts")))
            (folder / f"{seat.guest}.dmesg").write_text(said + self._ping(seat), encoding="utf-8")
        return folder

    def _asked(self, seat, *argv):
        _, out, err = self.stage.exec(seat, *argv, timeout_s=20)
        return f"--- {' '.join(argv)}\n{out}{err}\n"

    def _ping(self, seat):
        """Whether the guest's network card still works: a guest that nobody reaches says nothing about the server."""
        status, out, err = self.stage.run_in(RIVAL_HOST, "ping", "-c", "2", "-W", "1", seat.address)
        return f"--- ping from a host: status {status}\n{out}{err}"
