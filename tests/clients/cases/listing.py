# SPDX-License-Identifier: Apache-2.0
"""What tools that only look must show: the shares, the dialects, the security mode, the clock."""

import datetime
import re

from harness.lab import Failed
from harness.report import Case

from . import impacket

PACKAGES = ["smbclient", "nmap", "smbmap", "python3-impacket"]
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def must_match(tool, pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Failed(f"{tool} shows no {pattern!r}: {' '.join(text.split())[-400:]}")
    return found


def smbclient_list(lab):
    server = lab.server("default")
    said = lab.check("smbclient", "-L", server.address, "-A", lab.auth_file)
    must_match("smbclient -L", rf"^\s+{server.share}\s+Disk\b", said)
    must_match("smbclient -L", r"^\s+IPC\$\s+IPC\b", said)


def rpcclient(lab):
    server = lab.server("default")
    for command in ("netshareenumall", "netshareenum"):
        said = lab.check("rpcclient", server.address, "-A", lab.auth_file, "-c", command)
        must_match(command, rf"^netname: {server.share}$", said)
    said = lab.check("rpcclient", server.address, "-A", lab.auth_file, "-c",
                     f"netsharegetinfo {server.share}")
    must_match("netsharegetinfo", rf"^netname: {server.share}$", said)
    said = lab.check("rpcclient", server.address, "-A", lab.auth_file, "-c", "srvinfo")
    must_match("srvinfo", r"platform_id\s*:\s*\d+", said)


def impacket_shares(lab):
    server = lab.server("default")
    client = impacket.make("any")(lab, server)
    shares = client.ask("shares")
    client.close()
    if not {server.share, "IPC$"} <= set(shares):
        raise Failed(f"listShares: {shares}")


def smbmap(lab):
    server = lab.server("default")
    # It takes the password from its command line only; this one dies with the lab.
    said = COLOUR.sub("", lab.check("smbmap", "-H", server.address, "-u", lab.user,
                                    "-p", lab.password))
    must_match("smbmap", rf"^\s+{server.share}\s+READ, WRITE\b", said)
    must_match("smbmap", r"^\s+IPC\$\s+", said)
    left = [path.name for path in server.folder.iterdir()]
    if left:  # it tries by making a folder and removes it
        raise Failed(f"smbmap left {left} behind")


def nmap(lab, address, scripts):
    return lab.check("nmap", "-n", "-Pn", "-p", "445", "--script", scripts, address)


def nmap_protocols(lab):
    server = lab.server("plain")
    said = nmap(lab, server.address, "smb-protocols")
    # Versions of nmap write 2.0.2 as "202", "2.02" or "2:0:2".
    shown = re.findall(r"^\|[ _]+([23][.:]?[01][.:]?[0-2])\b", said, re.MULTILINE)
    shown = [re.sub(r"[.:]", "", dialect) for dialect in shown]
    if shown != ["202", "210", "300", "302", "311"]:
        raise Failed(f"dialects {shown}: {' '.join(said.split())[-300:]}")
    if "SMBv1" in said:
        raise Failed("SMB1 is offered")


def nmap_smb2(lab):
    server = lab.server("default")
    said = nmap(lab, server.address, "smb2-*")
    must_match("smb2-security-mode", r"Message signing enabled and required", said)
    must_match("smb2-capabilities", r"Multi-credit operations", said)
    shown = must_match("smb2-time", r"\bdate: (\S+)", said).group(1)
    # Without a zone it is this machine's.
    when = datetime.datetime.fromisoformat(shown.rstrip("Z")).astimezone()
    off_s = abs((datetime.datetime.now().astimezone() - when).total_seconds())
    if off_s > 60:
        raise Failed(f"smb2-time says {shown}, which is {off_s:.0f} s off")


def nmap_signing_off(lab):
    said = nmap(lab, lab.server("plain").address, "smb2-security-mode")
    must_match("smb2-security-mode", r"Message signing (enabled but )?not required|signing disabled",
               said)


def cases():
    yield Case("listing", "smbclient -L", smbclient_list)
    yield Case("listing", "rpcclient", rpcclient)
    yield Case("listing", "impacket listShares", impacket_shares)
    yield Case("listing", "smbmap", smbmap)
    yield Case("listing", "nmap smb-protocols", nmap_protocols)
    yield Case("listing", "nmap smb2-*", nmap_smb2)
    yield Case("listing", "nmap signing off", nmap_signing_off)
