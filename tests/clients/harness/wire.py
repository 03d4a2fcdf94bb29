#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What was really on the wire: dialect, signing and encryption, seen from outside.

A client that falls back in silence would pass every other check.  As a program (wire.py ADDRESS)
this counts the SMB2 messages to and from port 445 of ADDRESS in its network namespace until it is
ended, and then prints one line of JSON.  Messages are recognised where a TCP segment begins with a
frame, so the counts are lower bounds; what is looked for occurs in every exchange.
"""

import json
import signal
import socket
import struct
import sys

from types import SimpleNamespace

ETH_P_ALL = 3
NEGOTIATE, SESSION_SETUP, TREE_CONNECT, IOCTL, CANCEL, ECHO = 0, 1, 3, 11, 12, 13
FLAG_RESPONSE, FLAG_SIGNED = 1, 8
STATUS_PENDING = 0x103
NOTIFICATION_ID = 0xFFFFFFFFFFFFFFFF
PORT = 445
DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
# Sessions are set up in the clear; the dialects have rules of their own for tree connects (signed
# in 3.1.1) and validation ioctls (always signed); echoes need no session, cancels no answer.
NOT_COUNTED = {NEGOTIATE, SESSION_SETUP, TREE_CONNECT, IOCTL, CANCEL, ECHO}


def payload_of(packet, address):
    """The TCP payload of an IPv4 packet to or from PORT of address, or None."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    tcp = (packet[0] & 15) * 4
    source, target = struct.unpack_from(">HH", packet, tcp)
    if not (source == PORT and packet[12:16] == address or
            target == PORT and packet[16:20] == address):
        return None
    total = struct.unpack_from(">H", packet, 2)[0] or len(packet)
    return packet[tcp + (packet[tcp + 12] >> 4) * 4:total]


def count(data, seen):
    """Adds the message at the beginning of a TCP payload to seen."""
    if len(data) < 68 or data[0] != 0:
        return
    if data[4:8] == b"\xfdSMB":
        seen.encrypted += 1
    elif data[4:8] == b"\xfeSMB":
        status, command = struct.unpack_from("<IH", data, 12)
        flags = struct.unpack_from("<I", data, 20)[0]
        if command == NEGOTIATE and flags & FLAG_RESPONSE and len(data) >= 74:
            dialect = DIALECTS.get(struct.unpack_from("<H", data, 72)[0])
            if dialect:  # else the answer to SMB1's multi-protocol negotiation, and another follows
                seen.dialects.add(dialect)
        elif struct.unpack_from("<Q", data, 28)[0] == NOTIFICATION_ID:
            return  # a break of an oplock or lease is never signed (MS-SMB2 3.2.5.1.3)
        elif command not in NOT_COUNTED and status != STATUS_PENDING:
            if flags & FLAG_SIGNED:
                seen.signed += 1
            else:
                seen.unsigned += 1


def watch(address):
    seen = SimpleNamespace(dialects=set(), encrypted=0, signed=0, unsigned=0)

    def finish(*_):
        print(json.dumps({**vars(seen), "dialects": sorted(seen.dialects)}), flush=True)
        sys.exit(0)

    raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
    address = socket.inet_aton(address)
    signal.signal(signal.SIGTERM, finish)
    print("ready", flush=True)
    while True:
        data = payload_of(raw.recv(512), address)
        if data:
            count(data, seen)


class Watcher:
    """Use as a context around what a client does; then verify()."""

    def __init__(self, lab, address):
        self.lab, self.address = lab, address

    def __enter__(self):
        import subprocess
        self.process = self.lab.start(sys.executable, __file__, self.address,
                                      stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("wire.py did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.seen = json.loads(self.process.communicate(timeout=10)[0])
        self.lab.in_background.remove(self.process)
        return False

    def verify(self, dialect, mode):
        """Text of the first thing that is not as promised, or None.

        dialect: "2.0.2" ... "3.1.1" or None for any.  mode: "plain", "sign", "encrypt" or None.
        """
        seen = self.seen
        if dialect and seen["dialects"] != [dialect]:
            return f"dialect on the wire: {seen['dialects']}, wanted {dialect}"
        wrong = {"plain": seen["encrypted"] or seen["signed"] or not seen["unsigned"],
                 "sign": seen["encrypted"] or seen["unsigned"] or not seen["signed"],
                 "encrypt": seen["signed"] or seen["unsigned"] or not seen["encrypted"]}
        if mode and wrong[mode]:
            return f"on the wire, wanted {mode}: {seen}"
        return None


if __name__ == "__main__":
    watch(sys.argv[1])
