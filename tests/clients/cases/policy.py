# SPDX-License-Identifier: Apache-2.0
"""What a server must refuse, and with which status."""

from harness.lab import Failed
from harness.report import Case

PACKAGES = ["smbclient"]


def smbclient(lab, policy, *options, auth=None, commands="ls"):
    """(exit status, all that it said)"""
    server = lab.server(policy)
    auth = ["-A", auth or lab.auth_file] if auth != "none" else ["-N"]
    status, out, err = lab.run("smbclient", f"//{server.address}/{server.share}", *auth, *options,
                               "-c", commands)
    return status, " ".join((out + err).split())


def must_refuse(what, statuses, outcome):
    code, said = outcome
    if code == 0:
        raise Failed(f"{what} was admitted")
    if not any(status in said for status in statuses):
        raise Failed(f"{what}: no {' or '.join(statuses)} in: {said[-300:]}")


def credentials(lab, user, password):
    path = lab.work / "auth.wrong"
    path.write_text(f"username = {user}\npassword = {password}\n")
    return path


def wrong_password(lab):
    must_refuse("a wrong password", ["NT_STATUS_LOGON_FAILURE"],
                smbclient(lab, "default", auth=credentials(lab, lab.user, "wrong")))


def unknown_user(lab):
    must_refuse("an unknown user", ["NT_STATUS_LOGON_FAILURE"],
                smbclient(lab, "default", auth=credentials(lab, "nobody-here", lab.password)))


def anonymous(lab):
    must_refuse("an anonymous client", ["NT_STATUS_ACCESS_DENIED", "NT_STATUS_LOGON_FAILURE"],
                smbclient(lab, "default", auth="none"))


def unknown_share(lab):
    server = lab.server("default")
    status, out, err = lab.run("smbclient", f"//{server.address}/nothing", "-A", lab.auth_file,
                               "-c", "ls")
    must_refuse("an unknown share", ["NT_STATUS_BAD_NETWORK_NAME"], (status, out + err))


def not_encrypting(lab):
    """SMB 2.1 cannot encrypt; the server says no, and its log says which setting decides."""
    must_refuse("a client that cannot encrypt", ["NT_STATUS_ACCESS_DENIED"],
                smbclient(lab, "sealed", "-m", "SMB2_10", "--option=client min protocol=SMB2_10"))
    if lab.kind == "holdfast" and "--encrypt" not in lab.server_log("sealed"):
        raise Failed("the server's log does not name the setting (--encrypt) that refused it")


def ntlmv1(lab):
    must_refuse("NTLMv1", ["NT_STATUS_LOGON_FAILURE", "NT_STATUS_NTLM_BLOCKED"],
                smbclient(lab, "plain", "--option=client ntlmv2 auth = no"))


def read_only(lab):
    server = lab.server("readonly")
    (server.folder / "file").write_bytes(b"content")
    source = lab.work / "upload"
    source.write_bytes(b"x")
    denied = ["NT_STATUS_ACCESS_DENIED", "NT_STATUS_MEDIA_WRITE_PROTECTED"]
    for command in (f'put "{source}" new', "rm file", "mkdir folder", "rename file other"):
        _, said = smbclient(lab, "readonly", commands=command)
        if not any(status in said for status in denied):
            raise Failed(f"{command.split()[0]}: no {' or '.join(denied)} in: {said[-200:]}")
    names = [path.name for path in server.folder.iterdir()]
    if names != ["file"]:
        raise Failed(f"changed all the same: {names}")
    status, said = smbclient(lab, "readonly", commands=f'get file "{lab.work}/back"')
    if status != 0 or (lab.work / "back").read_bytes() != b"content":
        raise Failed(f"cannot read: {said[-200:]}")


def cases():
    yield Case("policy", "wrong password", wrong_password)
    yield Case("policy", "unknown user", unknown_user)
    yield Case("policy", "anonymous", anonymous)
    yield Case("policy", "unknown share", unknown_share)
    yield Case("policy", "NTLMv1", ntlmv1)
    yield Case("policy", "cannot encrypt", not_encrypting)
    yield Case("policy", "read-only share", read_only)
