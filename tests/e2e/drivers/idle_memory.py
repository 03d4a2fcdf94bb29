#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Memory of idle sessions: starts a server, logs on SESSIONS clients (each a connection, a log-on, a tree), prints what
the server's process grew by for each, sees that all still answer, disconnects them, and sees that nothing stays.

VmRSS counts, after a first round of other sessions has touched code and allocator. The kernel's share is the growth of
the machine's slab: sockets of both ends, and whatever else the machine did meanwhile."""

import argparse
import sys
import tempfile
import time

import server as servers
import smb


def log_on_all(server, count, encrypt, key):
    clients = []
    for _ in range(count):
        clients.append(smb.Client(server.port, encrypt=encrypt).log_on(servers.USER, key).tree(servers.SHARE))
    return clients


def disconnect_all(server, clients, base_descriptors):
    for client in clients:
        client.close()
    servers.wait_until("no session left", 60, lambda: server.status()["sessions"] == 0)
    servers.wait_until(f"{base_descriptors} descriptors again", 60,
                       lambda: server.descriptors() <= base_descriptors)


def measure(server, sessions, encrypt):
    """Octets of VmRSS for each session."""
    key = smb.nt_hash(servers.PASSWORD)
    servers.wait_until("only the listener", 10, lambda: server.status()["connections"] == 0)
    base_descriptors = server.descriptors()
    disconnect_all(server, log_on_all(server, 64, encrypt, key), base_descriptors)

    before, slab, started = server.memory(), servers.kernel_memory(), time.monotonic()
    clients = log_on_all(server, sessions, encrypt, key)
    took = time.monotonic() - started
    after, slab_after = server.memory(), servers.kernel_memory()
    status = server.status()
    if status["sessions"] != sessions or status["connections"] != sessions:
        raise RuntimeError(f"{status['sessions']} sessions on {status['connections']} connections, not {sessions}")
    each = (after["VmRSS"] - before["VmRSS"]) * 1024 / sessions
    print(f"loop {status['loop']}; {sessions} sessions, {'sealed' if clients[0].seal_key else 'signed'}, logged on in "
          f"{took:.1f} s; VmRSS {before['VmRSS']} -> {after['VmRSS']} KiB")
    print(f"per idle session: {each / 1024:.2f} KiB in the server's process, "
          f"{(slab_after - slab) / sessions:.1f} KiB in the kernel's slab (both ends)", flush=True)

    started = time.monotonic()
    for client in clients:
        client.echo()
    print(f"all {sessions} answer ECHO, {time.monotonic() - started:.1f} s")
    disconnect_all(server, clients, base_descriptors)
    print(f"after the disconnects: 0 sessions, {base_descriptors} descriptors as before, "
          f"VmRSS {server.memory()['VmRSS']} KiB")
    # What the allocator keeps must serve the next ones: growth here is a leak. 1 KiB a session, and 1 MiB for few of
    # them, is far below what 2,000 sessions take, and above what the order of allocations changes.
    disconnect_all(server, log_on_all(server, sessions, encrypt, key), base_descriptors)
    again = server.memory()["VmRSS"]
    print(f"after the same again: VmRSS {again} KiB")
    if again > after["VmRSS"] + max(sessions, 1024):
        raise RuntimeError("the server keeps memory of sessions that ended")
    return each


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="the program holdfast")
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--loop", default="auto")
    parser.add_argument("--signed", action="store_true", help="clients that cannot encrypt")
    parser.add_argument("--max-kib", type=float, help="fails when a session takes more")
    options = parser.parse_args()
    if not smb.allow_descriptors(options.sessions + 200):
        sys.exit("the limit of open files is too low")
    with tempfile.TemporaryDirectory(prefix="holdfast-idle.") as folder:
        with servers.served(options.binary, folder, ["--loop", options.loop, "--quiet"]) as server:
            each = measure(server, options.sessions, not options.signed)
    if options.max_kib is not None and each > options.max_kib * 1024:
        sys.exit(f"a session takes {each / 1024:.2f} KiB, more than {options.max_kib:g}")


if __name__ == "__main__":
    main()
