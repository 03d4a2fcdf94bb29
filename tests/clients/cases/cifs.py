# SPDX-License-Identifier: Apache-2.0
"""The Linux kernel's own client, cifs.ko, in user-mode Linux guests."""

from harness.lab import Failed
from harness.ops import FileOps

from .common import ops_case

PACKAGES = []
KERNELS = {"bookworm": "6.1", "trixie": "6.12"}
VERSIONS = {"2.0.2": "2.0", "2.1": "2.1", "3.0": "3.0", "3.0.2": "3.02", "3.1.1": "3.1.1"}
OPTION = {"plain": "", "sign": ",sign", "encrypt": ",seal"}
POLICY = {"plain": "plain", "sign": "signed", "encrypt": "sealed"}
MOUNT_POINT = "/mnt/share"


def prepare(lab):
    lab.tool("kernel-client", "install", *KERNELS, timeout_s=900)


class Mount(FileOps):
    """A mount in a guest.  Paths of the guest's own are the machine's (its root, read-only)."""

    def __init__(self, lab, server, kernel, dialect="3.1.1", mode=None, options=""):
        self.lab, self.server, self.kernel = lab, server, kernel
        options = (f"vers={VERSIONS[dialect]},credentials={lab.mount_auth_file}"
                   f"{OPTION.get(mode, '')},iocharset=utf8{options}")
        lab.guest(kernel)
        lab.tool("kernel-client", "mount", "-n", kernel, f"//{server.address}/{server.share}",
                 MOUNT_POINT, options)

    def do(self, *argv, timeout_s=120, input_text=None):
        status, out, err = self.lab.in_guest(self.kernel, *argv, timeout_s=timeout_s,
                                             input_text=input_text)
        if status != 0:
            raise Failed(f"{argv[0]} in the guest: status {status}: {(out + err).strip()[-300:]}")
        return out

    def at(self, path):
        return f"{MOUNT_POINT}/{path}"

    def mkdir(self, path):
        self.do("mkdir", self.at(path))

    def put(self, local, path):
        self.do("cp", local, self.at(path))

    def names(self, path):
        return self.do("ls", "-1", "-A", "--quoting-style=literal", self.at(path)).splitlines()

    def get(self, path, local):
        self.do("cp", self.at(path), local)

    def rename(self, old, new):
        self.do("mv", self.at(old), self.at(new))

    def delete(self, path):
        self.do("rm", self.at(path))

    def rmdir(self, path):
        self.do("rmdir", self.at(path))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.abandon()

    def abandon(self):
        """After a failure.  A process that hangs in the client keeps the mount: new guest then."""
        try:
            self.close()
        except Failed:
            self.lab.drop_guest(self.kernel)

    def close(self):
        self.lab.tool("kernel-client", "umount", "-n", self.kernel, MOUNT_POINT)


def cases():
    for kernel, version in KERNELS.items():
        for dialect in VERSIONS:
            for mode in OPTION:
                if mode == "encrypt" and not dialect.startswith("3"):
                    continue
                def make(lab, server, kernel=kernel, dialect=dialect, mode=mode):
                    return Mount(lab, server, kernel, dialect, mode)
                yield ops_case(f"cifs.ko {version}", f"{dialect} {mode}", make, POLICY[mode],
                               dialect, mode)
        def make_default(lab, server, kernel=kernel):
            return Mount(lab, server, kernel)
        yield ops_case(f"cifs.ko {version}", "defaults", make_default, "default", "3.1.1")
