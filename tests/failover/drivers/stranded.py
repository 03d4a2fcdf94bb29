#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""stranded.py ADDRESS SHARE USER PASSWORD_FILE NAME: a client that writes numbered records of 512 octets to a new file, a
FLUSH after each, until it is refused; then it tries again from where it was, with new connections. Prints a line of JSON for
each record that was acknowledged, and for each refusal (seconds since 1970)."""

import json
import pathlib
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e/drivers"))
sys.dont_write_bytecode = True
import smb  # noqa: E402

FLUSH, WRITE = 7, 9
RECORD_BYTES = 512
PAUSE_S = 0.02
ANSWER_S = 10


def record(number):
    return b"%08d" % number + b"." * (RECORD_BYTES - 8)


def tell(what, text):
    print(json.dumps({"at": time.time(), "what": what, "text": text}), flush=True)


def put(client, file_id, number):
    """One record, on the disk when this returns."""
    data = record(number)
    client.must("WRITE", WRITE, struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), number * RECORD_BYTES, file_id,
                                            0, 0, 0, 0, 0) + data)
    client.must("FLUSH", FLUSH, struct.pack("<HHI16s", 24, 0, 0, file_id))


def main():
    address, share, user, password_file, name = sys.argv[1:]
    key = smb.nt_hash(pathlib.Path(password_file).read_text(encoding="utf-8").rstrip("\n"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    number, client = 0, None
    while True:
        try:
            if client is None:
                client = smb.Client(445, False, ANSWER_S, address).log_on(user, key).tree(share)
                file_id = client.create(name)
            put(client, file_id, number)
            tell("acknowledged", str(number))
            number += 1
        except (OSError, smb.Closed, smb.Refused) as error:
            tell("refused", f"{type(error).__name__} {error}".strip())
            if client:
                client.close()
            client = None
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
