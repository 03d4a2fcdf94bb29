#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rival.py ADDRESS SHARE USER PASSWORD_FILE NAME...: another client that wants what a first one holds.

Again and again, also while the server is away, it tries for each file NAME (a path with backslashes; lock:NAME to try the
lock too) to open it for itself alone (no share access), and to take an exclusive lock on its first octet. Prints a line of
JSON for each attempt: when it was answered (seconds since 1970), what, the file, the status (text "no connection" when there
was no answer). What it gets it gives back at once. Lives until it is ended."""

import json
import pathlib
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e/drivers"))
sys.dont_write_bytecode = True
import smb  # noqa: E402

LOCK = 10
EXCLUSIVE, AT_ONCE = 2, 0x10
READ_WRITE, SHARE_NONE, SHARE_ALL, OPEN = 0x12019F, 0, 7, 1
PAUSE_S = 0.05
ANSWER_S = 5  # a CREATE may wait for a break that a client in trouble does not confirm; the next attempt is a new client


class Rival(smb.Client):
    def open(self, name, access, share):
        """(status, FileId) of an open of an existing file."""
        path = name.encode("utf-16-le")
        body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, access, 0, share, OPEN, 0x40, 120, len(path), 0, 0)
        status, answer = self.request(smb.CREATE, body + path)
        return status, answer[128:144]

    def lock(self, file_id):
        body = struct.pack("<HHI16sQQII", 48, 1, 0, file_id, 0, 1, EXCLUSIVE | AT_ONCE, 0)
        return self.request(LOCK, body)[0]


def tell(what, name, status):
    print(json.dumps({"at": time.time(), "what": what, "name": name,
                      "status": status if isinstance(status, str) else f"{status:#010x}"}), flush=True)


def attempt(client, name, with_lock):
    status, file_id = client.open(name, READ_WRITE, SHARE_NONE)
    tell("open", name, status)
    if status == smb.SUCCESS:
        client.close_file(file_id)
    if not with_lock:
        return
    status, file_id = client.open(name, READ_WRITE, SHARE_ALL)
    tell("shared open", name, status)
    if status != smb.SUCCESS:
        return
    tell("lock", name, client.lock(file_id))
    client.close_file(file_id)


def main():
    address, share, user, password_file, *names = sys.argv[1:]
    key = smb.nt_hash(pathlib.Path(password_file).read_text(encoding="utf-8").rstrip("\n"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    client = None
    while True:
        for text in names:
            name = text.removeprefix("lock:")
            try:
                client = client or Rival(445, False, ANSWER_S, address).log_on(user, key).tree(share)
                attempt(client, name, text != name)
            except (OSError, smb.Closed, smb.Refused) as error:
                if client:
                    client.close()
                tell("connect", name, "no connection" if not isinstance(error, smb.Refused) else str(error))
                client = None
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
