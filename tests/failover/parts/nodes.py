# SPDX-License-Identifier: Apache-2.0
"""Two nodes with one volume and one address, and the ways in which the one that has them is lost."""

import concurrent.futures
import datetime
import json
import os
import shutil
import subprocess
import time
from types import SimpleNamespace

from harness.lab import Failed, LAB_DIR, check, run

from .rounds import JOB_LIMIT_S
from .stage import DRIVERS, PYTHON, SHARE, wait_until

ADDRESS = "10.77.0.100"
NODES = {"n1": "10.77.0.201", "n2": "10.77.0.202"}
PROXY_PORT = 446  # where connections with a PROXY header come in
VOLUME_BYTES = 16 << 30
# From the loss of a node to the beginning of the move: the time that somebody needs to notice.
OUTAGE_S = 3
# How long whoever holds the reservation is asked to go before it is taken from him.
RESERVATION_WAIT_MS = 500
# A client that is told by a tickle that its connection is gone connects again within this (seconds).
SYN_LIMIT_S = 1.0
WITHOUT_RAW = "setpriv --bounding-set=-net_raw"
PACKAGES = ["iputils-arping"]


class Nodes:
    """users: all that the servers know. proxy: the address of one that may connect with the PROXY protocol, or empty."""
    servers = list(NODES)
    more = []  # options of the lab's server

    def __init__(self, stage, kind, volume, users, tickle=True, proxy=""):
        self.stage, self.volume, self.users, self.tickle, self.proxy = stage, volume, users, tickle, proxy
        self.kind = {"holdfast": "holdfastd"}.get(kind, kind)
        self.active, self.spare = "n1", "n2"
        self.syn_limit_s = SYN_LIMIT_S if tickle and self.kind == "holdfastd" else None
        # Without a tickle a client notices when its third ECHO is not answered (echo_interval, 60 s).
        self.job_limit_s = JOB_LIMIT_S if tickle else JOB_LIMIT_S + 180

    # ---- building ----

    def mount_of(self, node):
        return self.stage.work / f"volume-{node}"

    @property
    def disk(self):
        return self.mount_of(self.active) / "share"

    def start(self):
        self.stage.at_end.append(lambda: self.stage.tool("volume", "drop"))
        self.stage.at_end.append(lambda: self.stage.tool("server", "stop", "--all"))
        for node in NODES:
            self._host(node)
        self.stage.tool("volume", "make", self.volume, VOLUME_BYTES, *NODES)
        for node in NODES:
            self.mount_of(node).mkdir()
            self._prepare(node)
        if self.kind == "holdfastd":  # a user is the same one on both: by his SID, which the file of users has
            homes = [self.stage.state / self.stage.name / "servers" / node / "state/users" for node in NODES]
            shutil.copyfile(*homes)
        self._serve(self.active, wait_ms=0)

    def stop(self):
        """So that others of its kind can be built."""
        run([LAB_DIR / "server", "stop", "--all"])
        self.stage.tool("volume", "drop")
        for node in NODES:
            self.stage.tool("network", "unhost", node)
            if not os.path.ismount(self.mount_of(node)):
                shutil.rmtree(self.mount_of(node))

    def _host(self, node):
        self.stage.tool("network", "host", node, f"{NODES[node]}/24")

    def _configuration(self):
        """Keys of the share come first: what is added begins in its table."""
        lines = ["continuous_availability = true", "", "[failover]", f'address = "{ADDRESS}/24"', 'interface = "eth0"']
        if self.stage.reset:
            lines += ["end_in_order = false"]
        if self.proxy:
            lines += ["", "[[listen]]", 'address = "*"', f"port = {PROXY_PORT}",
                      "proxy_protocol = true", f'proxy_from = ["{self.proxy}"]']
        return "\n".join(lines) + "\n"

    def _prepare(self, node):
        more = self.stage.work / f"{node}.toml"
        more.write_text(self._configuration(), encoding="ascii")
        under = [] if self.tickle else ["--under", WITHOUT_RAW]
        self.stage.tool("server", "prepare", node, "--server", self.kind, "--host", node, "--address", ADDRESS, "--listen", "*",
                        "--share", SHARE, "--dir", self.mount_of(node) / "share", "--signing", "desired", "--encrypt", "off",
                        "--password-file", self.stage.password_file, "--more", more, *under, *self.more,
                        *(word for user in self.users for word in ("--user", user)))

    def _serve(self, node, wait_ms=RESERVATION_WAIT_MS):
        """The volume and the address come to a node, and its server starts."""
        self.stage.tool("volume", "attach", node, self.mount_of(node), wait_ms)
        share = self.mount_of(node) / "share"
        if not share.exists():
            share.mkdir(mode=0o777)
            share.chmod(0o777)
        if self.kind != "holdfastd":  # which moves the address itself
            check(["ip", "-n", self._namespace(node), "addr", "add", f"{ADDRESS}/24", "dev", "eth0"])
        self.stage.tool("server", "again", node)
        if self.kind != "holdfastd" or not self.tickle:  # which needs the same right to announce it
            self.stage.start(node, "arping", "-q", "-c", "1", "-U", "-I", "eth0", ADDRESS)

    def _namespace(self, node):
        return f"{self.stage.name}-{node}"

    # ---- losing ----

    def strike(self):
        """The node vanishes: no segment leaves it, then nothing of it is left. The other one takes over."""
        lost = self.active
        struck_at = time.time()
        self.stage.tool("network", "cut", lost)
        gone_at = time.time()
        self._end(lost)
        time.sleep(max(0, struck_at + OUTAGE_S - time.time()))  # until somebody has noticed
        outage = self._take_over(struck_at, gone_at)
        self._fresh(lost)
        return outage

    def _end(self, node):
        """Process and mounts at once: a process that waits for a dead disk ends only with it."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(self.stage.tool, "server", "kill", node), pool.submit(self.stage.tool, "volume", "lose", node)]:
                future.result()

    def _fresh(self, node):
        """The lost node comes back, with nothing that it had."""
        self.stage.tool("network", "unhost", node)
        self._host(node)

    def _take_over(self, struck_at, gone_at):
        begun = time.time()
        self.active, self.spare = self.spare, self.active
        self._serve(self.active)
        ready_at = self._ready_at(begun)
        return SimpleNamespace(struck_at=struck_at, gone_at=gone_at, ready_at=ready_at,
                               notes=[f"to {self.active}, ready {ready_at - begun:.2f} s after the move began"])

    def _ready_at(self, begun):
        """When the server was ready by its own log; else now. It serves before this program, on a busy machine, sees it."""
        log = self.stage.state / self.stage.name / "servers" / self.active / "log"
        for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()):
            word = line.split(" ", 1)[0]
            if "is served again" in line and word.endswith("Z"):
                at = datetime.datetime.fromisoformat(word[:-1] + "+00:00").timestamp()
                return at if at > begun else time.time()
        return time.time()

    def restore(self):
        """After a round that failed: one node serves, whatever happened."""
        for node in NODES:
            run([LAB_DIR / "server", "kill", node])
            run([LAB_DIR / "volume", "lose", node])
            self._fresh(node)
        self._serve(self.active)


class Split(Nodes):
    """The node is cut off from the clients, but lives and has the volume mounted; the other takes the disk from it.

    A client on the cut node itself goes on to write there: what was acknowledged to it must be on the disk, and nothing may
    be acknowledged once the other node serves."""

    def strike(self):
        lost = self.active
        client = self._stranded(lost)
        struck_at = time.time()
        self.stage.tool("network", "cut", lost)
        gone_at = time.time()
        time.sleep(max(0, struck_at + OUTAGE_S - time.time()))
        outage = self._take_over(struck_at, gone_at)
        outage.check = lambda: self._judge(lost, client, outage)
        return outage

    def _stranded(self, node):
        self.log = self.stage.work / "stranded.log"
        self.name = f"stranded-{time.time():.3f}"
        with open(self.log, "w", encoding="utf-8") as log:
            client = self.stage.start(node, PYTHON, "-B", DRIVERS / "stranded.py", ADDRESS, SHARE, self.users[-1],
                                      self.stage.password_file, self.name, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=subprocess.STDOUT)
        wait_until("the stranded client writes", 20, lambda: '"acknowledged"' in self.log.read_text(encoding="utf-8"))
        return client

    def _judge(self, lost, client, outage):
        """(problems, note) of what the cut node did, when the round is over and its cable is back."""
        problems = []
        local = self._write_there(lost)
        if local is None:
            problems.append("a program's write on the cut node reached the disk")
        self.stage.end(client)  # before the cable is back: it would find the other node
        self.stage.tool("network", "plug", lost)
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        good = [line for line in lines if line["what"] == "acknowledged"]
        late = [line for line in good if line["at"] > outage.ready_at]
        if late:
            problems.append(f"the cut node acknowledged {len(late)} writes after the other served")
        if not lines or lines[-1]["what"] == "acknowledged":
            problems.append("the cut node never refused its client")
        missing = self._missing(len(good))
        if missing:
            problems.append(f"{missing} of {len(good)} records that the cut node acknowledged are not on the disk")
        has_address = ADDRESS in run(["ip", "-n", self._namespace(lost), "addr", "show", "dev", "eth0"])[1]
        if has_address:
            problems.append("the cut node still has the address")
        refusal = next((line["text"] for line in lines if line["what"] == "refused"), "nothing")
        note = (f"cut node: {len(good)} records acknowledged, the last {good[-1]['at'] - outage.gone_at:+.2f} s from the cut, "
                f"then: {refusal}; a program there: {local}")
        self._end(lost)
        self._fresh(lost)
        return problems, note

    def _write_there(self, node):
        """What a program on the node gets that writes through; None when it succeeds and the disk has it."""
        path = self.mount_of(node) / "share" / "intruder"
        status, _, err = run(["dd", "if=/dev/zero", f"of={path}", "bs=4k", "count=1", "conv=fsync", "status=none"], timeout_s=60)
        if status == 0 and (self.disk / "intruder").exists():
            return None
        return err.strip().rsplit(": ", 1)[-1] or "written to memory only"

    def _missing(self, count):
        data = (self.disk / self.name).read_bytes() if (self.disk / self.name).exists() else b""
        return sum(data[n * 512:n * 512 + 8] != b"%08d" % n for n in range(count))
