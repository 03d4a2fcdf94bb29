# SPDX-License-Identifier: Apache-2.0
"""Samba's tools that speak RPC: smbcacls and rpcclient (names and SIDs), net rpc share."""

import re

from harness.lab import Failed
from harness.report import Case

PACKAGES = ["smbclient", "samba-common-bin"]


def tool(lab, name, *argv):
    """All that it said; a status other than 0 fails."""
    status, out, err = lab.run(name, *argv, "-A", lab.auth_file)
    if status != 0:
        raise Failed(f"{name} {' '.join(map(str, argv))[:80]}: status {status}: {(out + err)[-300:]}")
    return out + err


def must_show(what, pattern, said):
    if not re.search(pattern, said, re.MULTILINE):
        raise Failed(f"{what}: no {pattern} in: {' '.join(said.split())[-400:]}")


def smbcacls(lab):
    """A user is named in an ACL and comes back under that name."""
    server = lab.server("default")
    path = server.folder / "acl.txt"
    path.write_text("content")
    unc = f"//{server.address}/{server.share}"
    try:
        tool(lab, "smbcacls", unc, "acl.txt", "-a", f"ACL:{lab.user}:ALLOWED/0x0/READ")
        must_show("smbcacls", rf"^ACL:(.*\\)?{lab.user}:ALLOWED/0x0/READ$",
                  tool(lab, "smbcacls", unc, "acl.txt"))
    finally:
        path.unlink()


def lookups(lab):
    server = lab.server("default")
    said = tool(lab, "rpcclient", server.address, "-c",
                f'lookupnames {lab.user} everyone "BUILTIN\\Users" nobody-here')
    must_show("lookupnames", rf"^{lab.user} S-1-5-21-[0-9-]+ \(User: 1\)", said)
    must_show("lookupnames", r"^everyone S-1-1-0 \(Well-known Group: 5\)", said)
    must_show("lookupnames", r"S-1-5-32-545 \(Local Group: 4\)", said)
    must_show("lookupnames", r"^nobody-here .*UNKNOWN", said)
    sid = re.search(rf"^{lab.user} (S-[0-9-]+)", said, re.MULTILINE)[1]
    said = tool(lab, "rpcclient", server.address, "-c", f"lookupsids {sid} S-1-5-32-544 S-1-9-9")
    must_show("lookupsids", rf"^{sid} .*\\{lab.user} \(1\)", said)
    must_show("lookupsids", r"^S-1-5-32-544 BUILTIN\\Administrators \(4\)", said)
    must_show("lookupsids", r"^S-1-9-9 .*unknown", said)


def share_list(lab):
    server = lab.server("default")
    must_show("net rpc share list", rf"^{server.share}\s*$",
              tool(lab, "net", "rpc", "share", "list", "-S", server.address))


def cases():
    yield Case("rpc", "smbcacls", smbcacls)
    yield Case("rpc", "rpcclient lookups", lookups)
    yield Case("rpc", "net rpc share list", share_list)
