# SPDX-License-Identifier: Apache-2.0
"""smbtorture: one process a subtest, with a configuration of its own."""

import dataclasses
import os
import re
import shlex
import signal
import subprocess
import time

from .data import FAIL, NOT_A_TEST, PASS, SKIP
from .servers import ADDRESS
from .surroundings import USERS

# Lines that smbtorture prints for a subtest; the worst one counts.
VERDICTS = (("error", FAIL), ("failure", FAIL), ("skip", SKIP), ("success", PASS))


@dataclasses.dataclass
class Outcome:
    """How one run of a subtest ended."""
    result: str
    seconds: float
    reason: str


def verdict(text, status, late):
    """(result, reason) of what smbtorture printed, its exit status, and whether it was ended at its time limit."""
    if late:
        return FAIL, "took longer than its limit | " + last_words(text)
    for word, result in VERDICTS:
        if re.search(rf"^{word}: ", text, re.M):
            return result, "" if result == PASS else reason(text)
    if status < 0 or status >= 128:
        return FAIL, f"smbtorture itself crashed (status {status})"
    connect = re.search(r"(?:Failed to (?:connect|establish)|NT_STATUS_\w+)[^\n]*", text)
    if connect:
        return FAIL, connect.group(0)
    return NOT_A_TEST, f"no verdict (status {status}): {last_words(text)}"


def reason(text):
    """What stands in the brackets after the verdict, on one line."""
    found = re.search(r"^(?:failure|error|skip): [^\n]*\[\n?(.*?)^\]", text, re.M | re.S)
    text = found.group(1).strip() if found else last_words(text)
    text = re.sub(r"[\n\t]+", " | ", text)
    return re.sub(r"(?:\.\./)*source4/torture/", "", text)[:300]


def last_words(text):
    return " ".join(text.split())[-160:]


class Client:
    """The client of one worker. `tool`: how to reach the suite's smbtorture, see suites.py."""

    def __init__(self, tool, place, surroundings, passwords, mode, extra=()):
        self.tool, self.mode, self.extra = tool, mode, list(extra)
        self.logs = surroundings.logs
        self.home = surroundings.live / place / "client"
        for name in ("private", "state", "cache", "lock", "base"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
            os.chmod(self.home / name, 0o777)
        os.chmod(self.home, 0o777)
        user1, user2 = USERS
        self.config = self.home / "client.conf"
        self.config.write_text("\n".join([
            "[global]", "client min protocol = SMB2_02", "client max protocol = SMB3_11",
            "workgroup = WORKGROUP", "log level = 0", f"private dir = {self.home}/private",
            f"state directory = {self.home}/state", f"cache directory = {self.home}/cache",
            f"lock directory = {self.home}/lock", f"pid directory = {self.home}/lock",
            f"torture:user2name = {user2}", f"torture:user2password = {passwords[user2]}", ""]),
            encoding="utf-8")
        self.auth = self.home / "auth"
        self.auth.write_text(f"username = {user1}\npassword = {passwords[user1]}\n", encoding="utf-8")
        for secret in (self.config, self.auth):
            os.chown(secret, USERS[user1], USERS[user1])
            os.chmod(secret, 0o600)

    @staticmethod
    def log_name(name):
        return re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".log"

    def command(self, server, need, name):
        owner, options = [], list(need.options)
        if "local" in need.flags:
            options.append(f"torture:localdir={server.shares[need.share]}")
            user = str(USERS[next(iter(USERS))])
            owner = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        argv = [*server.enter(), *self.tool.prefix(), *owner, "smbtorture",
                f"//{ADDRESS}/{need.share}", "-A", self.auth, f"--configfile={self.config}",
                f"--basedir={self.home}/base"]
        if self.mode != "default":
            argv.append("--target=samba3")
        if self.mode == "encrypted":
            argv.append("--client-protection=encrypt")
        return [str(a) for a in [*argv, *(f"--option={o}" for o in options), *self.extra, name]]

    def run(self, server, need, name):
        argv = self.command(server, need, name)
        begun, late = time.monotonic(), False
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=need.limit_s)
        except subprocess.TimeoutExpired:
            late = True
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        text = output.decode("utf-8", "replace")
        log = self.logs / self.log_name(name)
        log.write_text(f"{shlex.join(argv)}\n{text}\nstatus {process.returncode}\n", encoding="utf-8")
        result, why = verdict(text, process.returncode, late)
        ended = server.ended()
        if ended:
            result, why = FAIL, ended
        return Outcome(result, time.monotonic() - begun, why)
