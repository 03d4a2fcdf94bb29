# SPDX-License-Identifier: Apache-2.0
"""What was on the wire: a capture at the lab's bridge, read here message by message, and once more by tshark.

What clients send is kept whole, so that each of their messages is found wherever it begins. Of what servers send, packets
that begin inside of a message are left out: only data that is read begins there.
"""

import dataclasses
import mmap
import random
import re
import socket
import struct
import subprocess
import time

from harness.lab import Failed, check

from .stage import RIVAL_ADDRESS

NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, IOCTL, ECHO = 0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 13
SET_INFO, QUERY_INFO, QUERY_DIRECTORY, OPLOCK_BREAK = 17, 16, 14, 18
# Work of applications, in contrast to what a client does to get there.
WORK = {CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, SET_INFO, QUERY_INFO, QUERY_DIRECTORY}
COMMANDS = {CREATE: "CREATE", CLOSE: "CLOSE", FLUSH: "FLUSH", READ: "READ", WRITE: "WRITE", LOCK: "LOCK", SET_INFO: "SET_INFO",
            QUERY_INFO: "QUERY_INFO", QUERY_DIRECTORY: "QUERY_DIRECTORY"}
# SUCCESS, PENDING, NO_MORE_FILES, NO_SUCH_FILE, OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND, END_OF_FILE; and
# USER_SESSION_DELETED, for what a client sends with its old session before it has a new one.
HARMLESS = {0, 0x103, 0x80000006, 0xC000000F, 0xC0000034, 0xC000003A, 0xC0000011, 0xC0000203}
FILE_CLOSED, FILE_NOT_AVAILABLE, NAME_COLLISION = 0xC0000128, 0xC0000467, 0xC0000035
RESPONSE, RELATED = 1, 4
UNLOCK = 4
PENDING = 0x103
PERSISTENT = 2  # MS-SMB2 2.2.13.2.11, SMB2_DHANDLE_FLAG_PERSISTENT
SYN, RST, ACK = 2, 4, 16
# Whoever does not listen there answers with RST.
MARKER = """import socket, sys
try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), 5, ("", int(sys.argv[1])))
except OSError:
    pass"""
MARKER_S = 60
HEAD_BYTES = 2000  # of a message that are kept
# The beginning of a response to CREATE: protocol, size, charge, status, command, credits, flags (MS-SMB2 2.2.1).
DH2C, CREATE_RESPONSE = b"DH2C", re.compile(rb"\xfeSMB\x40\0.{6}\x05\0..[\x01\x05\x09\x0d\x11\x19]\0", re.S)
PORT = 445
LENGTH = "(ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2))"
FILTER = (f"tcp port {PORT} and (tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0 or tcp[4:4] = 0 or "
          f"({LENGTH} != 0 and (dst port {PORT} or ip[2:2] < 2500 or tcp[((tcp[12] & 0xf0) >> 2) + 4:4] = 0xfe534d42)))")


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


class Flow:
    """One direction of a connection: finds the messages in its segments."""

    def __init__(self):
        self.next, self.rest, self.gaps = None, b"", 0  # next: sequence number of the next message, or of rest

    def frames(self, sequence, payload):
        """The frames that begin in this segment, as far as they are in it (at most HEAD_BYTES of each)."""
        if self.next is not None and (self.next + len(self.rest) - sequence - len(payload)) & 0xFFFFFFFF < 0x80000000:
            return  # sent again: all of it was seen
        if self.rest and (self.next + len(self.rest)) & 0xFFFFFFFF == sequence:
            sequence, payload = self.next, self.rest + payload
        self.rest = b""
        if self.next is not None and (sequence - self.next) & 0xFFFFFFFF < 0x80000000 and sequence != self.next:
            self.gaps += 1  # something was not captured
            self.next = None
        if self.next is None:
            if not begins(payload):
                return
            self.next = sequence
        at = (self.next - sequence) & 0xFFFFFFFF
        while at < len(payload):
            here = len(payload) - at
            if here >= 8 and not begins(payload[at:at + 8]):
                self.next = None  # not what it seemed
                self.gaps += 1
                return
            length = 4 + int.from_bytes(payload[at + 1:at + 4], "big")
            if here < 8 or here < min(length, HEAD_BYTES):
                self.next, self.rest = (sequence + at) & 0xFFFFFFFF, payload[at:]
                return
            yield payload[at + 4:at + min(length, HEAD_BYTES)]
            at += length
        self.next = (sequence + at) & 0xFFFFFFFF


def has_data(packet):
    """Whether it is of an answer to READ, or goes on with a message: nothing to search through."""
    at = packet.find(b"\xfeSMB", 0, 120)
    return at < 0 or packet[at + 12] == READ


def begins(payload):
    return len(payload) >= 8 and payload[0] == 0 and payload[4:8] == b"\xfeSMB"


class Capture:
    """Use as a context around what is to be seen; then messages and segments."""

    def __init__(self, stage, path):
        self.stage, self.path = stage, path
        self.messages, self.answers, self.cached = [], {}, {}
        self.flows, self.ended = {}, []
        self.segments = []  # segments: (at, source, target, ports, TCP flags, sequence number)

    def __enter__(self):
        self.process = self.stage.start(
            "", "dumpcap", "-q", "-i", "br0", "-P", "-B", 1024, "-f", FILTER, "-w", self.path,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        while "File:" not in said:
            line = self.process.stderr.readline()
            if not line:
                raise Failed(f"dumpcap: {said.strip()}")
            said += line
        return self

    def __exit__(self, *_):
        whole = self._await_marker()
        self.process.terminate()
        said = self.process.stderr.read()
        self.stage.end(self.process)
        count = re.search(r"received/dropped on interface \S+ (\d+)/(\d+)", said)
        self.lost = (int(count.group(2)) if count else 0) + (not whole)
        self._read()
        return False

    def _await_marker(self):
        """A SYN at the end is seen in the file when all before it is there: on a busy machine that takes its time."""
        port = random.randrange(20_000, 30_000)
        self.stage.run_in("", "python3", "-c", MARKER, str(port), RIVAL_ADDRESS, str(PORT))
        pattern, end = socket.inet_aton(RIVAL_ADDRESS) + struct.pack(">HH", port, PORT), time.monotonic() + MARKER_S
        while time.monotonic() < end:
            with open(self.path, "rb") as file:
                file.seek(max(0, file.seek(0, 2) - (1 << 20)))
                if pattern in file.read():
                    return True
            time.sleep(0.05)
        return False

    # ---- reading ----

    def _read(self):
        with open(self.path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
            self._read_packets(data)

    def _read_packets(self, data):
        nanoseconds = data[:4] == b"\x4d\x3c\xb2\xa1"
        self.creates = bytearray(data[:24])
        at = 24
        while at + 16 <= len(data):
            seconds, fraction, kept, _ = struct.unpack_from("<4I", data, at)
            packet = data[at + 16:at + 16 + kept]
            self._packet(seconds + fraction / (1e9 if nanoseconds else 1e6), packet)
            if DH2C in packet or not has_data(packet) and CREATE_RESPONSE.search(packet):
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
        if tcp[13] & SYN and (source, target, ports) in self.flows:  # a client that connects very often uses its ports again
            self.ended.append((source, self.flows.pop((source, target, ports))))
        if not payload:
            return
        if ports[1] == PORT:
            flow = self.flows.setdefault((source, target, ports), Flow())
            for frame in flow.frames(self.segments[-1][-1], payload):
                self._messages(at, source, target, ports, frame)
            return
        while begins(payload):
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

    def ids_of(self, client, name):
        """The FileIds that the client has had of that file, before and after reconnecting."""
        ids = {file_id for create, file_id in self.opens(client) if create.name == name}
        return ids | {answer.body[128:144] for create, answer in self.reclaims(client)
                      if answer.status == 0 and create.reconnects[:8] in {file_id[:8] for file_id in ids}}

    def _writes(self, client, name):
        """Each WRITE to that file: (request, offset, end)."""
        ids = {file_id[:8] for file_id in self.ids_of(client, name)}
        for request in self.of(client, WRITE, False):
            if request.body[80:88] in ids:
                length, offset = struct.unpack_from("<IQ", request.body, 68)
                yield request, offset, offset + length

    def acknowledged(self, client, name):
        """What the client was told is written of that file, and did not write again: [(offset, end)]."""
        kept = []
        for request, offset, end in self._writes(client, name):
            # What is sent later may be on the disk in its place, answered or not.
            kept = [part for begin, until in kept for part in ((begin, min(until, offset)), (max(begin, end), until)) if part[0] < part[1]]
            answer = self.answer(request)
            if answer and answer.status == 0:
                kept.append((offset, end))
        return kept

    def foreign(self, client, name, source):
        """Where the client wrote other octets to that file than the program's, which are in source: [(offset, end)]. Seen by the
        first of each WRITE."""
        found = []
        with open(source, "rb") as wanted:
            for request, offset, end in self._writes(client, name):
                data_at, = struct.unpack_from("<H", request.body, 66)
                wanted.seek(offset)
                head = request.body[data_at:data_at + end - offset]
                if head != wanted.read(len(head)):
                    found.append((offset, end))
        return found

    def gaps(self, client):
        """How often something of what the client sent is missing from the capture."""
        flows = [(source, flow) for (source, _, _), flow in self.flows.items()] + self.ended
        return sum(flow.gaps for source, flow in flows if source == client)

    def opened_anew(self, client, name, since):
        """Whether the client, after that time, opened the file by name and never asked for the handle that it had."""
        ids = {file_id[:8] for create, file_id in self.opens(client) if create.name == name and create.at < since}
        return (any(create.name == name and create.at > since for create, _ in self.opens(client))
                and not any(create.reconnects[:8] in ids for create, _ in self.reclaims(client)))

    def unanswered(self, client, event):
        """What the client had asked for before the event and was never told: names of commands, with numbers."""
        counts = {}
        for m in self.messages:
            if m.client == client and not m.is_response and m.at <= event and self.answer(m) is None:
                name = COMMANDS.get(m.command, str(m.command))
                counts[name] = counts.get(name, 0) + 1
        return counts

    def refusals(self, client, event):
        """What the server refused after the event, besides what is asked for to be told that it is not there, and the
        closing of handles that the client had not reclaimed (MS-SMB2 3.3.5.10), what is said late to a break of before,
        opening by name what waits to be reclaimed (3.3.5.9), and making anew what a request without an answer has made."""
        return [m for m in self.messages if m.is_response and m.client == client and m.at > event
                and m.status not in HARMLESS and m.command not in (SESSION_SETUP, IOCTL, OPLOCK_BREAK)
                and not (m.command == CLOSE and m.status == FILE_CLOSED)
                and not (m.command == CREATE and m.status == FILE_NOT_AVAILABLE)
                and not (m.command == CREATE and m.status == NAME_COLLISION and self._made_before(m, event))]

    def _made_before(self, refusal, event):
        """Whether the client had asked for that file before the event without an answer, under another CreateGuid: then
        the file is there, and nobody can know that the second request means the first."""
        asked = [Create(m) for m in self.of(refusal.client, CREATE, False)]
        again = next((c for c in asked if self.answer(c.message) is refusal), None)
        return again is not None and any(
            c.name == again.name and c.at <= event and self.answer(c.message) is None
            and c.create_guid != again.create_guid for c in asked)

    def closed_at(self, client, name):
        """When that client last asked to close a handle of that file, or None."""
        ids = self.ids_of(client, name)
        times = [m.at for m in self.of(client, CLOSE, False) if m.body[72:88] in ids]
        return max(times, default=None)

    def unlocked_at(self, client, name):
        """When that client last asked to give up a lock on that file, or None (MS-SMB2 2.2.26)."""
        ids = self.ids_of(client, name)
        times = [m.at for m in self.of(client, LOCK, False)
                 if m.body[72:88] in ids and len(m.body) >= 112 and struct.unpack_from("<I", m.body, 104)[0] & UNLOCK]
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

    def longest_silence(self, client, begin, end):
        """The longest time (seconds) in which that client had no answer, from the last one before begin to the first one after
        end. None when one of these is missing."""
        answers = [m.at for m in self.messages if m.is_response and m.client == client]
        before, after = [at for at in answers if at <= begin], [at for at in answers if at >= end]
        if not before or not after:
            return None
        times = [before[-1], *(at for at in answers if begin < at < end), after[0]]
        return max(b - a for a, b in zip(times, times[1:]))

    def first_syn(self, client, since):
        """When that client first sent a SYN after a time that was answered by a SYN."""
        answered = {ports[::-1] for at, _, target, ports, flags, _ in self.segments
                    if at >= since and target == client and flags & (SYN | ACK) == SYN | ACK}
        return next((at for at, source, _, ports, flags, _ in self.segments
                     if at >= since and source == client and flags & (SYN | ACK) == SYN and ports in answered), None)

    def is_silent(self, client, since):
        """Whether that client has not even tried to connect after a time."""
        return not any(at > since and source == client and flags & (SYN | ACK) == SYN
                       for at, source, _, _, flags, _ in self.segments)

    def wants_nothing(self, client, since):
        """Whether that client, after a time, asked for nothing but its handles."""
        return not any(m.at > since and not (m.command == CREATE and Create(m).reconnects)
                       for command in WORK for m in self.of(client, command, False))

    def seen_by_tshark(self):
        """What tshark says of reconnects: [(client, message id, status)]. It gets those packets only that could matter,
        since it takes its time."""
        if "tshark" not in self.cached:
            self.cached["tshark"] = self._ask_tshark()
        return self.cached["tshark"]

    def _ask_tshark(self):
        few = self.path.with_suffix(".creates.pcap")
        few.write_bytes(self.creates)
        fields = ["ip.src", "ip.dst", "tcp.stream", "smb2.cmd", "smb2.msg_id", "smb2.flags.response", "smb2.nt_status", "smb2.tag"]
        out = check(["tshark", "-r", few, "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "smb2.cmd == 5", "-T", "fields",
                     *(word for field in fields for word in ("-e", field))], timeout_s=120)
        asked, found = set(), []
        for line in out.splitlines():
            source, target, stream, commands, ids, response, statuses, tags = (line.split("\t") + [""] * 8)[:8]
            # A packet may have several messages.
            for nth in (i for i, command in enumerate(commands.split(",")) if command == str(CREATE)):
                key = (stream, ids.split(",")[nth])
                if response.startswith(("0", "False")):
                    asked |= {key} if "DH2C" in tags else set()
                elif key in asked and (status := int(statuses.split(",")[nth], 0)) != PENDING:
                    found.append((target, int(key[1], 0), status))
        return found


class Create:
    """A CREATE request: name, context tags, and what it says of durability."""

    def __init__(self, message):
        body = self.body = message.body
        self.message, self.at = message, message.at
        self.name, self.tags, self.reconnects, self.wants_persistent, self.create_guid = "", [], None, False, None
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
            self.create_guid = data[16:32]
