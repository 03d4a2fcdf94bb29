# SPDX-License-Identifier: Apache-2.0
"""Damages state stores on purpose; src/platform/store_journal/README.md has the octets."""

import struct

BLOCK = 4096
BATCH_MAGIC = b"HFB1"


def crc32c(data, crc=0):
    """Castagnoli's CRC."""
    crc ^= 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def segments(folder):
    """The store's segments, oldest first."""
    return sorted(folder.glob("segment-*"), key=lambda p: int(p.name.split("-")[1].split(".")[0], 16))


def batches(segment):
    """Where each batch of a segment begins, octets."""
    data = segment.read_bytes()
    return [at for at in range(BLOCK, len(data), BLOCK) if data[at:at + 4] == BATCH_MAGIC]


def make_newer(segment):
    """A segment of a later version of the format, rightly checksummed."""
    data = bytearray(segment.read_bytes())
    data[8:10] = struct.pack("<H", struct.unpack("<H", data[8:10])[0] + 1)
    data[12:16] = bytes(4)
    data[12:16] = struct.pack("<I", crc32c(bytes(data[:BLOCK])))
    segment.write_bytes(data)


def flip(segment, at):
    """Turns an octet around."""
    data = bytearray(segment.read_bytes())
    data[at] ^= 0xFF
    segment.write_bytes(data)
