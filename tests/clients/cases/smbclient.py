# SPDX-License-Identifier: Apache-2.0
"""Samba's smbclient: every dialect, plain, signed and encrypted."""

from harness.lab import Failed
from harness.ops import FileOps

from .common import ops_case

PACKAGES = ["smbclient"]
DIALECTS = {"2.0.2": "SMB2_02", "2.1": "SMB2_10", "3.0": "SMB3_00", "3.0.2": "SMB3_02",
            "3.1.1": "SMB3_11"}
PROTECTION = {"plain": "off", "sign": "sign", "encrypt": "encrypt"}
POLICY = {"plain": "plain", "sign": "signed", "encrypt": "sealed"}


def quote(path):
    return '"' + str(path).replace("/", "\\") + '"'


class Smbclient(FileOps):
    """One smbclient process, so one session, per step."""

    def __init__(self, lab, server, dialect=None, protection=None):
        self.lab, self.unc = lab, f"//{server.address}/{server.share}"
        self.options = ["-A", lab.auth_file]
        if dialect:
            name = DIALECTS[dialect]
            self.options += ["-m", name, f"--option=client min protocol={name}"]
        if protection:
            self.options.append(f"--client-protection={PROTECTION[protection]}")

    def do(self, commands, timeout_s=120):
        """Runs commands; standard output.  smbclient's status is that of the last one only."""
        status, out, err = self.lab.run("smbclient", self.unc, *self.options, "-c", commands,
                                        timeout_s=timeout_s)
        if status != 0 or "NT_STATUS_" in out + err:
            raise Failed(f"smbclient -c {commands[:80]}: status {status}: "
                         + " ".join((out + err).split())[-300:])
        return out

    def mkdir(self, path):
        self.do(f"mkdir {quote(path)}")

    def put(self, local, path):
        self.do(f'put "{local}" {quote(path)}')

    def names(self, path):
        # "  NAME      ATTRIBUTES  SIZE  Www Mmm dd hh:mm:ss yyyy", names padded to 30 places
        lines = self.do(f"cd {quote(path)}; ls").splitlines()
        entries = [line[2:].rsplit(None, 6)[0].rstrip() for line in lines if line.startswith("  ")]
        names = [entry[:-1].rstrip() if entry[-2:-1] == " " else entry for entry in entries]
        return [name for name in names if name not in (".", "..")]

    def get(self, path, local):
        self.do(f'get {quote(path)} "{local}"')

    def rename(self, old, new):
        self.do(f"rename {quote(old)} {quote(new)}")

    def delete(self, path):
        self.do(f"rm {quote(path)}")

    def rmdir(self, path):
        self.do(f"rmdir {quote(path)}")


def cases():
    for dialect in DIALECTS:
        for mode in PROTECTION:
            if mode == "encrypt" and not dialect.startswith("3"):
                continue
            def make(lab, server, dialect=dialect, mode=mode):
                return Smbclient(lab, server, dialect, mode)
            yield ops_case("smbclient", f"{dialect} {mode}", make, POLICY[mode], dialect, mode)
    # What a person gets who says nothing: the server's defaults encrypt when the client can.
    yield ops_case("smbclient", "defaults", Smbclient, "default", "3.1.1", "encrypt")
