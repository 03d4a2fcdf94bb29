# SPDX-License-Identifier: Apache-2.0
"""GNOME's gio with gvfs: libsmbclient, as a desktop's file manager uses it."""

import os
import subprocess

from harness.lab import Failed
from harness.ops import FileOps

from .common import ops_case

PACKAGES = ["gvfs-backends", "libglib2.0-bin", "dbus-daemon"]


class Gio(FileOps):
    """Has a session bus of its own, so the gvfs daemons end with it."""

    def __init__(self, lab, server):
        home = lab.work / "gio"
        home.mkdir(mode=0o700, exist_ok=True)
        self.lab, self.root = lab, f"smb://{server.address}/{server.share}"
        self.env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LANG": "C.UTF-8",
                    "GIO_USE_VOLUME_MONITOR": "unix"}
        self.bus = lab.start("dbus-daemon", "--session", "--nofork", "--print-address=1",
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.env)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().strip()
        self.do("mount", self.root, input_text=f"{lab.user}\nWORKGROUP\n{lab.password}\n")

    def do(self, command, *arguments, **options):
        status, out, err = self.lab.run("gio", command, *arguments, env=self.env, **options)
        if status != 0:
            raise Failed(f"gio {command}: status {status}: {err.strip()[-300:]}")
        return out

    def at(self, path):
        return f"{self.root}/{path}"

    def mkdir(self, path):
        self.do("mkdir", self.at(path))

    def put(self, local, path):
        self.do("copy", local, self.at(path))

    def names(self, path):
        return self.do("list", self.at(path)).splitlines()

    def get(self, path, local):
        self.do("copy", self.at(path), local)

    def rename(self, old, new):
        self.do("rename", self.at(old), new.rsplit("/", 1)[-1])

    def delete(self, path):
        self.do("remove", self.at(path))

    def rmdir(self, path):
        self.do("remove", self.at(path))

    def close(self):
        try:
            self.do("mount", "-u", self.root)
        finally:
            self.bus.terminate()
            self.bus.wait(10)
            self.lab.in_background.remove(self.bus)


def cases():
    yield ops_case("gio", "sign", Gio, "signed", "3.1.1", "sign")
    yield ops_case("gio", "defaults", Gio, "default", "3.1.1", "encrypt")
