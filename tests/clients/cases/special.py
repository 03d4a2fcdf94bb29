# SPDX-License-Identifier: Apache-2.0
"""With `posix`: what a Linux file system has and Windows has not, step by step, as on a local one."""

import time

from harness.lab import Failed
from harness.twin import LATE_S, LOOKING

# (which client, step). Every result is compared with that of the same step on a local file system.
STEPS = [
    (0, ["open", 0, "Case", ["O_RDWR", "O_CREAT"]]), (0, ["open", 1, "case", ["O_RDWR", "O_CREAT", "O_EXCL"]]),
    (0, ["write", 0, 0, "upper"]), (0, ["write", 1, 0, "lower"]), (1, ["list", "."]),
    (0, ["close", 0]), (0, ["close", 1]),
    (1, ["open", 0, "a:b*c?d<e>f|g\"h", ["O_RDWR", "O_CREAT"]]), (1, ["close", 0]),
    (1, ["open", 0, "trailing. ", ["O_RDWR", "O_CREAT"]]), (1, ["close", 0]), (0, ["list", "."]),
    (0, ["link", "Case", "second"]), (1, ["stat", "second", True, True]), (1, ["unlink", "Case"]),
    (0, ["stat", "second", True, True]),
    # An open file without a name, and one that another has been renamed over.
    (0, ["open", 0, "second", ["O_RDWR"]]), (1, ["unlink", "second"]), (0, ["write", 0, 5, " and more"]),
    (0, ["read", 0, 0, 100]), (0, ["end", 0]), (1, ["stat", "second", True, True]), (1, ["open", 0, "second", ["O_RDWR", "O_CREAT"]]),
    (1, ["write", 0, 0, "new"]), (0, ["read", 0, 0, 100]), (1, ["rename", "case", "second"]),
    (1, ["read", 0, 0, 100]), (0, ["close", 0]), (1, ["close", 0]), (0, ["list", "."]),
    (0, ["mkdir", "folder"]), (1, ["rmdir", "folder"]), (0, ["stat", "folder", True, True]),
    (0, ["chmod", "second", 0o640]), (0, ["stat", "second", True, True]), (1, ["stat", "second", True, True]),
    (0, ["symlink", "second", "soft"]), (0, ["readlink", "soft"]), (1, ["readlink", "soft"]), (1, ["stat", "soft", True, True]),
    (0, ["fifo", "pipe"]), (0, ["stat", "pipe", True, True]), (1, ["stat", "pipe", True, True]), (1, ["unlink", "pipe"]),
]
# The clients' own limits: kernel -> operations and paths; ../README.md says which.
KNOWN = {
    "bookworm": {("stat", "second"), ("symlink", "second"), ("readlink", "soft"), ("stat", "soft"), ("fifo", "pipe"),
                 ("stat", "pipe"), ("unlink", "pipe")},
    "trixie": {("stat", "soft"), ("stat", "pipe")},
    "sid": {("stat", "soft"), ("stat", "pipe"), ("list", ".")},
}


def run(kernel, local, remote):
    differences, known = [], 0
    for client, step in STEPS:
        wanted, found = local[client].do(step), remote[client].do(step)
        end = time.monotonic() + LATE_S
        while found != wanted and step[0] in LOOKING and time.monotonic() < end:
            time.sleep(0.1)
            found = remote[client].do(step)
        if wanted == found:
            continue
        if (step[0], step[1]) in KNOWN[kernel]:
            known += 1
            continue
        differences.append(f"client {client} {step}: locally {wanted}, on the share {found}")
    if differences:
        raise Failed("; ".join(differences))
    return f"{len(STEPS)} steps, {known} of them the client's own known limits"
