# SPDX-License-Identifier: Apache-2.0
"""What was on the wire: a capture at the lab's bridge, read here message by message, and once more by tshark.

Of large packets only the beginning is kept, and packets that begin inside of a message are left out; what is looked for
(opening, closing, reconnecting) has packets of its own.
"""

import dataclasses
import re
import socket
import struct
import subprocess
import time

from harness.lab import Failed, check

NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, IOCTL, ECHO = 0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 13
SET_INFO, QUERY_INFO, QUERY_DIRECTORY = 17, 16, 14
# Work of applications, in contrast to what a client does to get there.
WORK = {CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, SET_INFO, QUERY_INFO, QUERY_DIRECTORY}
RESPONSE, RELATED = 1, 4
PENDING = 0x103
PERSISTENT = 2  # MS-SMB2 2.2.13.2.11, SMB2_DHANDLE_FLAG_PERSISTENT
SYN, RST, ACK = 2, 4, 16
KEPT_BYTES = 2000
# The beginning of a response to CREATE: protocol, size, charge, status, command, credits, flags (MS-SMB2 2.2.1).
DH2C, CREATE_RESPONSE = b"DH2C", re.compile(rb"\xfeSMB\x40\0.{6}\x05\0..[\x01\x05\x09\x0d\x11\x19]\0", re.S)
PORT = 445
LENGTH = "(ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2))"
FILTER = (f"tcp port {PORT} and (tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0 or tcp[4:4] = 0 or "
          f"({LENGTH} != 0 and (ip[2:2] < 2500 or tcp[((tcp[12] & 0xf0) >> 2) + 4:4] = 0xfe534d42)))")


@dataclasses.dataclass
class Message:
    """One SMB2 message. at: seconds since 1970."""
    at: float
    source: str
    target: str
    ports: tuple
    command: int
    flags: int
    status: int
    message_id: int
    body: bytes  # from the header on, as far as it was kept

    @property
    def is_response(self):
        return bool(self.flags & RESPONSE)

    @property
    def client(self):
        return self.target if self.is_response else self.source


class Capture:
    """Use as a context around what is to be seen; then messages and segments."""

    def __init__(self, stage, path):
        self.stage, self.path = stage, path
        self.messages, self.answers, self.cached = [], {}, {}
        self.segments = []  # segments: (at, source, target, ports, TCP flags, sequence number)

    def __enter__(self):
        self.process = self.stage.start(
            "", "dumpcap", "-q", "-i", "br0", "-P", "-s", KEPT_BYTES, "-B", 64, "-f", FILTER, "-w", self.path,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        while "File:" not in said:
            line = self.process.stderr.readline()
            if not line:
                raise Failed(f"dumpcap: {said.strip()}")
            said += line
        return self

    def __exit__(self, *_):
        time.sleep(0.2)  # dumpcap takes what the kernel has kept for it at most so late
        self.process.terminate()
        said = self.process.stderr.read()
        self.stage.end(self.process)
        count = re.search(r"received/dropped on interface \S+ (\d+)/(\d+)", said)
        self.lost = int(count.group(2)) if count else 0
        self._read()
        return False

    # ---- reading ----

    def _read(self):
        data = self.path.read_bytes()
        nanoseconds = data[:4] == b"\x4d\x3c\xb2\xa1"
        self.creates = bytearray(data[:24])
        at = 24
        while at + 16 <= len(data):
            seconds, fraction, kept, _ = struct.unpack_from("<4I", data, at)
            packet = data[at + 16:at + 16 + kept]
            self._packet(seconds + fraction / (1e9 if nanoseconds else 1e6), packet)
            if DH2C in packet or CREATE_RESPONSE.search(packet):
                self.creates += data[at:at + 16 + kept]
            at += 16 + kept

    def _packet(self, at, packet):
        if len(packet) < 54 or packet[12:14] != b"\x08\0":
            return
        ip = packet[14:]
        tcp = ip[(ip[0] & 15) * 4:struct.unpack_from(">H", ip, 2)[0]]
        source, target = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        ports = struct.unpack_from(">HH", tcp)
        self.segments.append((at, source, target, ports, tcp[13], struct.unpack_from(">I", tcp, 4)[0]))
        payload = tcp[(tcp[12] >> 4) * 4:]
        while len(payload) >= 68 and payload[0] == 0 and payload[4:8] == b"\xfeSMB":
            length = int.from_bytes(payload[:4], "big")
            self._messages(at, source, target, ports, payload[4:4 + length])
            payload = payload[4 + length:]

    def _messages(self, at, source, target, ports, frame):
        """A frame may be a compound of several."""
        while len(frame) >= 64:
            status, command = struct.unpack_from("<IH", frame, 8)
            flags, following, message_id = struct.unpack_from("<IIQ", frame, 16)
            message = Message(at, source, target, ports, command, flags, status, message_id, frame)
            self.messages.append(message)
            if message.is_response and status != PENDING:
                self.answers.setdefault((target, ports[::-1], message_id), message)
            if not following:
                return
            frame = frame[following:]

    # ---- questions ----

    def answer(self, request):
        """The final response to a request, or None."""
        return self.answers.get((request.source, request.ports, request.message_id))

    def of(self, client, command, response):
        return [m for m in self.messages if m.client == client and m.command == command and m.is_response == response]

    def _creates(self, client):
        """Each CREATE of that client that was answered: (request as Create, answer)."""
        if client not in self.cached:
            pairs = [(Create(m), self.answer(m)) for m in self.of(client, CREATE, False)]
            self.cached[client] = [pair for pair in pairs if pair[1]]
        return self.cached[client]

    def opens(self, client):
        """Each that succeeded and was no reconnect: (request, FileId that it got)."""
        return [(create, answer.body[128:144]) for create, answer in self._creates(client)
                if create.reconnects is None and answer.status == 0]

    def reclaims(self, client):
        """Each with DH2C: (request, answer)."""
        return [pair for pair in self._creates(client) if pair[0].reconnects is not None]

    def closed_at(self, client, name):
        """When that client last asked to close a handle of that file, or None."""
        ids = {file_id for create, file_id in self.opens(client) if create.name == name}
        ids |= {answer.body[128:144] for create, answer in self.reclaims(client)
                if create.reconnects[:8] in {file_id[:8] for file_id in ids}}
        times = [m.at for m in self.of(client, CLOSE, False) if m.body[72:88] in ids]
        return max(times, default=None)

    def pause(self, client, event):
        """Seconds from the last answer before the event to the first after it that an application waited for.

        None when there was none after it."""
        reclaimed = {id(answer) for _, answer in self.reclaims(client)}
        answers = [m for m in self.messages if m.is_response and m.client == client]
        before = [m.at for m in answers if m.at <= event]
        after = (m.at for m in answers
                 if m.at > event and m.command in WORK and m.status == 0 and id(m) not in reclaimed)
        first = next(after, None)
        return first - before[-1] if before and first else None

    def first_syn(self, client, since):
        """When that client first sent a SYN after a time."""
        return next((at for at, source, _, _, flags, _ in self.segments
                     if at >= since and source == client and flags & (SYN | ACK) == SYN), None)

    def seen_by_tshark(self):
        """What tshark says of reconnects: [(client, message id, status)]. It gets those packets only that could matter,
        since it takes its time."""
        if "tshark" not in self.cached:
            self.cached["tshark"] = self._ask_tshark()
        return self.cached["tshark"]

    def _ask_tshark(self):
        few = self.path.with_suffix(".creates.pcap")
        few.write_bytes(self.creates)
        fields = ["ip.src", "ip.dst", "tcp.stream", "smb2.msg_id", "smb2.flags.response", "smb2.nt_status", "smb2.tag"]
        out = check(["tshark", "-r", few, "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "smb2.cmd == 5", "-T", "fields",
                     *(word for field in fields for word in ("-e", field))], timeout_s=120)
        asked, found = set(), []
        for line in out.splitlines():
            source, target, stream, message_id, response, status, tags = (line.split("\t") + [""] * 7)[:7]
            key = (stream, message_id.split(",")[0])
            if response.startswith(("0", "False")) and "DH2C" in tags:
                asked.add(key)
            elif key in asked and response.startswith(("1", "True")) and int(status.split(",")[0], 0) != PENDING:
                found.append((target, int(key[1], 0), int(status.split(",")[0], 0)))
        return found


class Create:
    """A CREATE request: name, context tags, and what it says of durability."""

    def __init__(self, message):
        body = self.body = message.body
        self.message, self.at = message, message.at
        self.name, self.tags, self.reconnects, self.wants_persistent = "", [], None, False
        if len(body) < 120:
            return
        name_at, name_length, contexts_at, contexts_length = struct.unpack_from("<HHII", body, 108)
        self.name = body[name_at:name_at + name_length].decode("utf-16-le", "replace")
        at, end = contexts_at, min(contexts_at + contexts_length, len(body))
        while contexts_at and at + 16 <= end:
            following, tag_at, tag_length, _, data_at, data_length = struct.unpack_from("<IHHHHI", body, at)
            tag = body[at + tag_at:at + tag_at + tag_length]
            self._context(tag, body[at + data_at:at + data_at + data_length])
            if not following:
                return
            at += following

    def _context(self, tag, data):
        self.tags.append(tag.decode("latin-1"))
        if tag == b"DH2C" and len(data) >= 36:  # FileId, CreateGuid, Flags (MS-SMB2 2.2.13.2.12)
            self.reconnects = data[:16]
        elif tag == b"DH2Q" and len(data) >= 8:  # Timeout, Flags, ... (MS-SMB2 2.2.13.2.11)
            self.wants_persistent = bool(struct.unpack_from("<I", data, 4)[0] & PERSISTENT)
