# SPDX-License-Identifier: Apache-2.0
"""A client that lives in a process of its own and takes its steps as lines of JSON."""

import json
import os
import selectors
import subprocess
import time

from .lab import Failed
from .ops import FileOps

STEP_TIMEOUT_S = 60


class DriverClient(FileOps):
    """Speaks with drivers/*: a request is [step, arguments...], a reply {"ok": ...} or {"error": ...}.

    All steps go over one SMB session, opened by the first request.
    """

    def __init__(self, lab, argv, session, env=None, leaks_folders=False):
        self.leaks_folders = leaks_folders
        self.log = open(lab.work / "driver.log", "w+", encoding="utf-8")
        self.process = lab.start(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=self.log, env={**os.environ, **(env or {})})
        self.pending = b""
        self.ask("connect", session)

    def ask(self, *request):
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{request[0]}: the client's process has ended") from None
        reply = json.loads(self._line(request[0]))
        if "error" in reply:
            raise Failed(f"{request[0]}: {reply['error']}")
        return reply["ok"]

    def _line(self, step):
        deadline = time.monotonic() + STEP_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise Failed(f"{step}: no answer in {STEP_TIMEOUT_S} s")
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    self.log.seek(0)
                    raise Failed(f"{step}: the client's process ended: {self.log.read()[-300:]}")
                self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def mkdir(self, path):
        self.ask("mkdir", path)

    def put(self, local, path):
        self.ask("put", str(local), path)

    def names(self, path):
        return self.ask("names", path)

    def get(self, path, local):
        self.ask("get", path, str(local))

    def rename(self, old, new):
        self.ask("rename", old, new)

    def delete(self, path):
        self.ask("delete", path)

    def rmdir(self, path):
        self.ask("rmdir", path)

    def close(self):
        if self.process.poll() is not None:
            return
        try:
            self.ask("close")
            self.process.stdin.close()
            self.process.wait(10)
        finally:
            self.log.close()
