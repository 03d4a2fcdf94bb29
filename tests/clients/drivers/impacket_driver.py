#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-impacket as a client; see ../harness/driver.py for the lines it reads and writes."""

import json
import sys

from impacket import smb3structs
from impacket.smbconnection import SMBConnection

DIALECTS = {"2.0.2": smb3structs.SMB2_DIALECT_002, "2.1": smb3structs.SMB2_DIALECT_21,
            "3.0": smb3structs.SMB2_DIALECT_30, "any": None}


class Client:
    def connect(self, session):
        self.share = session["share"]
        # Without a preferred dialect it begins with SMB1's multi-protocol negotiation.
        self.smb = SMBConnection(session["host"], session["host"],
                                 preferredDialect=DIALECTS[session["dialect"]])
        self.smb.login(session["user"], session["password"])

    def mkdir(self, path):
        self.smb.createDirectory(self.share, path)

    def put(self, local, path):
        with open(local, "rb") as file:
            self.smb.putFile(self.share, path, file.read)

    def names(self, path):
        found = [entry.get_longname() for entry in self.smb.listPath(self.share, path + "/*")]
        return [name for name in found if name not in (".", "..")]

    def get(self, path, local):
        with open(local, "wb") as file:
            self.smb.getFile(self.share, path, file.write)

    def rename(self, old, new):
        self.smb.rename(self.share, old, new)

    def delete(self, path):
        self.smb.deleteFile(self.share, path)

    def rmdir(self, path):
        self.smb.deleteDirectory(self.share, path)

    def shares(self):
        return [entry["shi1_netname"][:-1] for entry in self.smb.listShares()]

    def close(self):
        self.smb.logoff()


def main():
    client = Client()
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        try:
            reply = {"ok": getattr(client, step)(*arguments)}
        except Exception as error:  # the library's errors have no common class
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
