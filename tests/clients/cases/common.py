# SPDX-License-Identifier: Apache-2.0
"""How most cases run: a client, its policy, the steps, and a look at the wire meanwhile."""

import shutil

from harness.lab import Failed
from harness.ops import exercise
from harness.report import Case
from harness.wire import Watcher


def ops_case(client, mode, make, policy, dialect=None, wire=None):
    """A row in which make(lab, server) goes through all the steps against that policy's server.

    dialect and wire ("plain", "sign", "encrypt") are what must have been on the wire.
    """
    def run(lab):
        server = lab.server(policy)
        work = lab.work / "ops"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        with Watcher(lab, server.address) as watcher:
            ops = make(lab, server)
            try:
                exercise(ops, server.folder, work)
            except BaseException:
                ops.abandon()
                raise
            finally:
                clear(server.folder)
            ops.close()
        problem = watcher.verify(dialect, wire)
        if problem:
            raise Failed(problem)
    return Case(client, mode, run)


def clear(folder):
    """Empties a server's folder, so that a failed case does not disturb the next."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
