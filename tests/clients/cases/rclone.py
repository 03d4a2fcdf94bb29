# SPDX-License-Identifier: Apache-2.0
"""rclone's smb backend: the Go library go-smb2."""

import json

from harness.ops import FileOps

from .common import ops_case

PACKAGES = ["rclone"]


class Rclone(FileOps):
    def __init__(self, lab, server):
        self.lab, self.root = lab, f"hf:{server.share}"
        _, obscured, _ = lab.run("rclone", "obscure", "-", input_text=lab.password)
        self.config = lab.work / "rclone.conf"
        self.config.touch(mode=0o600)
        self.config.write_text(f"[hf]\ntype = smb\nhost = {server.address}\nuser = {lab.user}\n"
                               f"pass = {obscured.strip()}\n")

    def do(self, command, *arguments):
        return self.lab.check("rclone", "--config", self.config, "--retries", "1",
                              "--low-level-retries", "1", command, *arguments)

    def at(self, path):
        return f"{self.root}/{path}"

    def mkdir(self, path):
        self.do("mkdir", self.at(path))

    def put(self, local, path):
        self.do("copyto", local, self.at(path))

    def names(self, path):
        return [entry["Name"] for entry in json.loads(self.do("lsjson", self.at(path)))]

    def get(self, path, local):
        self.do("copyto", self.at(path), local)

    def rename(self, old, new):
        self.do("moveto", self.at(old), self.at(new))

    def delete(self, path):
        self.do("deletefile", self.at(path))

    def rmdir(self, path):
        self.do("rmdir", self.at(path))


def cases():
    yield ops_case("rclone", "plain", Rclone, "plain", "3.1.1", None)
    yield ops_case("rclone", "sign", Rclone, "signed", "3.1.1", "sign")
    yield ops_case("rclone", "encrypt", Rclone, "sealed", "3.1.1", "encrypt")
    yield ops_case("rclone", "defaults", Rclone, "default")
