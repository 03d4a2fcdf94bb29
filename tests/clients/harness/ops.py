# SPDX-License-Identifier: Apache-2.0
"""The steps that every client goes through, each checked on the server's own folder as well."""

import filecmp
import os
import time

from .lab import Failed

FOLDER = "sitzung été"
FIRST, SECOND = "Grüße 漢字.bin", "neu имя.bin"
# Not a multiple of any block size, and larger than one write of most clients.
SIZE_BYTES = 2_500_001


class FileOps:
    """What a client can do.  Paths are relative to the share and use '/'.  Errors raise Failed."""

    # True for a client that keeps folders open after it listed them: what it removes then goes
    # away only with its session.
    leaks_folders = False

    def mkdir(self, path):
        raise NotImplementedError

    def put(self, local, path):
        raise NotImplementedError

    def names(self, path):
        """The names in a folder, without '.' and '..'."""
        raise NotImplementedError

    def get(self, path, local):
        raise NotImplementedError

    def rename(self, old, new):
        raise NotImplementedError

    def delete(self, path):
        raise NotImplementedError

    def rmdir(self, path):
        raise NotImplementedError

    def close(self):
        """Ends what the client keeps open."""

    def abandon(self):
        """The same after a failure, which is not to be hidden by another one."""
        try:
            self.close()
        except (Failed, OSError):
            pass


def expect(what, wanted, got):
    if wanted != got:
        raise Failed(f"{what}: expected {wanted!r}, got {got!r}")


def same_bytes(what, first, second):
    if not filecmp.cmp(first, second, shallow=False):
        raise Failed(f"{what}: content differs")


def exercise(client, folder, work):
    """mkdir, upload, list, download and compare, rename, delete, rmdir.

    folder is the server's folder on this machine, work an empty local one.
    """
    base, first, second = folder / FOLDER, f"{FOLDER}/{FIRST}", f"{FOLDER}/{SECOND}"
    source, back = work / "source", work / "back"
    source.write_bytes(os.urandom(SIZE_BYTES))

    client.mkdir(FOLDER)
    if not base.is_dir():
        raise Failed("mkdir: no such folder on the server")
    expect("list of an empty folder", [], client.names(FOLDER))
    client.put(source, first)
    expect("names on the server after upload", [FIRST], os.listdir(base))
    same_bytes("upload", source, base / FIRST)
    expect("list after upload", [FIRST], client.names(FOLDER))
    client.get(first, back)
    same_bytes("download", source, back)
    client.rename(first, second)
    expect("names on the server after rename", [SECOND], os.listdir(base))
    expect("list after rename", [SECOND], client.names(FOLDER))
    same_bytes("content after rename", source, base / SECOND)
    client.delete(second)
    expect("names on the server after delete", [], os.listdir(base))
    expect("list after delete", [], client.names(FOLDER))
    client.rmdir(FOLDER)
    if client.leaks_folders:
        client.close()
    if not gone(base, 5.0 if client.leaks_folders else 0.0):
        raise Failed("rmdir: the folder is still on the server")


def gone(path, within_s):
    deadline = time.monotonic() + within_s
    while path.exists():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True
