#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""open_many.py PORT PID: against a server whose process may have few descriptors: opens files until one is refused, with
a status that says why, uses those it has, then connects until nobody answers, and lets all go."""

import socket
import sys
import time

import server as servers
import smb

# STATUS_INSUFFICIENT_RESOURCES, STATUS_TOO_MANY_OPENED_FILES
TOO_MANY = (0xC000009A, 0xC000011F)
MOST = 500


def open_until_refused(client):
    files = []
    while len(files) < MOST:
        try:
            files.append(client.create(f"many{len(files)}"))
        except smb.Refused as refused:
            if refused.status not in TOO_MANY:
                raise
            print(f"the file after {len(files)} is refused: {refused}")
            return files
    sys.exit(f"{MOST} files could be opened: the limit is not in force")


def main():
    port, pid = int(sys.argv[1]), int(sys.argv[2])
    base = servers.descriptors(pid)
    client = smb.Client(port).log_on(servers.USER, smb.nt_hash(servers.PASSWORD)).tree(servers.SHARE)
    files = open_until_refused(client)
    client.echo()
    for file_id in files[:4]:
        client.close_file(file_id)
    client.close_file(client.create("again"))
    # Now strangers: more than there are descriptors. Those whom the server accepts take the last ones.
    strangers = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(100)]
    for file_id in files[4:8]:
        client.close_file(file_id)
    client.echo()
    print(f"with {len(strangers)} strangers the session still answers; {servers.descriptors(pid)} descriptors")
    for stranger in strangers:
        stranger.close()
    for file_id in files[8:]:
        client.close_file(file_id)
    client.echo()
    client.close()
    started = time.monotonic()
    servers.wait_until(f"{base} descriptors again", 20, lambda: servers.descriptors(pid) <= base)
    print(f"{base} descriptors again after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
