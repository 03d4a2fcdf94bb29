# SPDX-License-Identifier: Apache-2.0
"""npm @tryjsky/v9u-smb2: JavaScript, SMB 2.1, NTLMv2, signs nothing."""

import pathlib
import shutil

from harness.driver import DriverClient
from harness.lab import check

from .common import ops_case

PACKAGES = []
HERE = pathlib.Path(__file__).resolve().parents[1]


def packages():
    """Node.js may come from elsewhere than Debian, and then with its own npm."""
    return [] if shutil.which("npm") else ["nodejs", "npm"]


def prepare(lab):
    """The modules that ../npm/package-lock.json pins, in the cache, newly installed if that changed."""
    target, lock = lab.cache / "npm", (HERE / "npm/package-lock.json").read_bytes()
    stamp = target / "installed-lock.json"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(HERE / "npm", target)
    check(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=target, timeout_s=600)
    stamp.write_bytes(lock)


def make(lab, server):
    return DriverClient(lab, ["node", HERE / "drivers/v9u_driver.js"], {
        "host": server.address, "share": server.share, "user": lab.user,
        "password": lab.password}, env={"NODE_PATH": str(lab.cache / "npm/node_modules")},
        leaks_folders=True)  # its readdir closes an identifier that it does not have


def cases():
    yield ops_case("npm-v9u", "2.1 plain", make, "plain", "2.1", "plain")
