# SPDX-License-Identifier: Apache-2.0
"""Whole trees, a file over 4 GiB, and names in many scripts, byte by byte and with their metadata."""

import functools
import json
import shutil
import subprocess
import time

from harness import trees
from harness.lab import Failed, end_session
from harness.report import Case

from . import cifs
from .common import clear
from .smbclient import Smbclient

PACKAGES = ["smbclient"]
FILES = 20_000
# The tree is about many files; what one large file needs is tested with one large file.
MAX_BYTES = 64 * 1024
LONG_S = 1200
# smbclient stores no reserved names.  Samba, as a stand-in, shows no trailing dots and spaces.
ALL = list(trees.RESERVED)
NAME_SETS = {"names": [], "all names": ALL,
             "found names": [label for label in ALL if not label.startswith("trailing")]}


def source_tree(lab, name):
    """The folder to copy from, made once a run, and its manifest."""
    root = lab.disk / f"source-{name}"
    if not root.exists():
        if name == "system":
            trees.make_system(root, FILES, MAX_BYTES)
        else:
            trees.make_names(root, NAME_SETS[name])
        lab.manifests[name] = trees.manifest(root)
    return root, lab.manifests[name]


class Stages:
    """How long the parts of a case took, for the table."""

    def __init__(self):
        self.last, self.parts = time.monotonic(), []

    def done(self, name):
        now = time.monotonic()
        self.parts.append(f"{name} {now - self.last:.1f} s")
        self.last = now

    def __str__(self):
        return ", ".join(self.parts)


def must_equal(what, wanted, got, times="100ns"):
    problem = trees.difference(wanted, got, times)
    if problem:
        raise Failed(f"{what}: {problem}")


def files_in(entries):
    return sum(1 for entry in entries.values() if entry[0] == "file")


def with_server(policy, test):
    """test(lab, server) with that policy's server, and its folder emptied afterwards."""
    @functools.wraps(test)
    def run(lab):
        server = lab.server(policy)
        try:
            return test(lab, server)
        finally:
            clear(server.folder)
    return run


# ---------------------------------------------------------------- smbclient
def smbclient_tree(name, lab, server):
    """mput of a tree; then, with the source's times set on the server, all of it back as a tar."""
    stages = Stages()
    root, wanted = source_tree(lab, name)
    stages.done("source")
    client = Smbclient(lab, server)
    client.do(f'prompt off; recurse on; lcd "{root}"; mput *', timeout_s=LONG_S)
    stages.done("upload")
    must_equal("on the server after upload", wanted, trees.manifest(server.folder), "none")
    trees.set_times(server.folder, wanted)
    stages.done("compare")
    got = tar_manifest(client)
    # Empty folders are not in smbclient's archives.
    kept = {path: entry for path, entry in wanted.items() if entry[0] == "file"}
    got = {path: entry for path, entry in got.items() if entry[0] == "file"}
    must_equal("read back", kept, got, "seconds")
    stages.done("download")
    return f"{files_in(wanted)} files: {stages}"


def tar_manifest(client):
    argv = ["smbclient", client.unc, *client.options, "-E", "-Tc", "-"]
    process = client.lab.start(*argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        return trees.manifest_of_tar(process.stdout)
    finally:
        end_session(process)
        client.lab.in_background.remove(process)


def must_be_big(what, problem):
    if problem:
        raise Failed(f"{what}: {problem}")


def smbclient_big(lab, server):
    client, source = Smbclient(lab, server), lab.work / "big"
    trees.make_big(source)
    client.do(f'put "{source}" big', timeout_s=LONG_S)
    must_be_big("on the server after upload", trees.check_big_file(server.folder / "big"))
    argv = ["smbclient", client.unc, *client.options, "-E", "-c", "get big -"]
    process = lab.start(*argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        must_be_big("download", trees.check_big_stream(process.stdout))
    finally:
        end_session(process)
        lab.in_background.remove(process)
    return f"{trees.BIG_SIZE} bytes"


def smbclient_times(lab, server):
    """A modification time set through the client is the file's, and the client shows it."""
    client, when = Smbclient(lab, server), 981_173_106  # 2001-02-03 04:05:06 UTC
    (server.folder / "file").write_bytes(b"x")
    client.do("utimes file -1 -1 2001:02:03-04:05:06 -1")
    got = (server.folder / "file").stat().st_mtime
    if got != when:
        raise Failed(f"modification time on the server: {got}, wanted {when}")
    said = client.do("ls file")  # not allinfo: that gives up where there are no short names
    if "Sat Feb  3 04:05:06 2001" not in said:
        raise Failed(f"ls shows another time: {' '.join(said.split())}")


# ---------------------------------------------------------------- the kernel's client
def cifs_tree(name, kernel, lab, server):
    stages = Stages()
    root, wanted = source_tree(lab, name)
    stages.done("source")
    with cifs.Mount(lab, server, kernel) as mount:
        mount.do("cp", "-r", "--preserve=timestamps", f"{root}/.", cifs.MOUNT_POINT,
                 timeout_s=LONG_S)
        if kernel == "bookworm":  # its hostfs, where the source is, has whole seconds only
            mount.do("python3", trees.__file__, "times", cifs.MOUNT_POINT,
                     input_text=json.dumps(wanted), timeout_s=LONG_S)
    stages.done("upload")
    must_equal("on the server after upload", wanted,
               trees.unmapped(trees.manifest(server.folder)))
    stages.done("compare")
    with cifs.Mount(lab, server, kernel) as mount:  # again, so that nothing comes from its cache
        must_equal("read back", wanted, guest_manifest(mount))
    stages.done("download")
    return f"{files_in(wanted)} files: {stages}"


def guest_manifest(mount):
    """The manifest of the share as the guest sees it."""
    out = mount.do("python3", trees.__file__, "manifest", cifs.MOUNT_POINT, timeout_s=LONG_S)
    return json.loads(out)


def cifs_found(kernel, lab, server):
    """Names that were made on the server, not by a client, also such as Windows does not allow."""
    root, wanted = source_tree(lab, "found names" if lab.kind == "samba" else "all names")
    shutil.copytree(root, server.folder, dirs_exist_ok=True)
    with cifs.Mount(lab, server, kernel) as mount:
        must_equal("read", wanted, guest_manifest(mount))
    return f"{files_in(wanted)} files"


def cifs_big(kernel, whole, lab, server):
    """whole: all bytes are sent and read back.  Otherwise only the data and what lies next to it."""
    source = lab.work / "big"
    with cifs.Mount(lab, server, kernel) as mount:
        if whole:
            trees.make_big(source)
            mount.do("cp", "--sparse=never", source, mount.at("big"), timeout_s=LONG_S)
        else:
            mount.do("python3", trees.__file__, "holes", mount.at("big"), timeout_s=LONG_S)
    must_be_big("on the server after upload", trees.check_big_file(server.folder / "big"))
    with cifs.Mount(lab, server, kernel) as mount:
        said = mount.do("python3", trees.__file__, "whole" if whole else "samples",
                        mount.at("big"), timeout_s=LONG_S).strip()
    must_be_big("read back", said if said != "right" else None)
    return f"{trees.BIG_SIZE} bytes"


def prepare(lab):
    cifs.prepare(lab)


def case(client, mode, policy, test, *arguments, full_only=False):
    return Case(client, mode, with_server(policy, functools.partial(test, *arguments)), full_only)


def cases():
    yield case("content", "smbclient names", "default", smbclient_tree, "names")
    yield case("content", "smbclient 20000 files", "default", smbclient_tree, "system")
    yield case("content", "smbclient 4 GiB", "default", smbclient_big)
    yield case("content", "smbclient times", "default", smbclient_times)
    for kernel, version in cifs.KERNELS.items():
        newest = kernel == "trixie"
        client = f"cifs.ko {version}"
        yield case("content", f"{client} names", "default", cifs_tree, "all names", kernel)
        yield case("content", f"{client} names as found", "default", cifs_found, kernel)
        yield case("content", f"{client} 20000 files", "default", cifs_tree, "system", kernel,
                   full_only=not newest)
        yield case("content", f"{client} 4 GiB, seeking", "default", cifs_big, kernel, False)
        # Signed: a guest's one processor needs minutes to decrypt as much.
        yield case("content", f"{client} 4 GiB", "signed", cifs_big, kernel, True, full_only=True)
