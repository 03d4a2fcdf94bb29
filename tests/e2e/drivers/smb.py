# SPDX-License-Identifier: Apache-2.0
"""A small SMB client for tests that need what no real client does: thousands of sessions in one process, raw octets
in the middle of a session, answers compared octet by octet. SMB 3.1.1 (MS-SMB2), NTLMv2 (MS-NLMP) in SPNEGO; signs with
HMAC-SHA256, seals with AES-128-GCM when the server wants that (python3-pycryptodome)."""

import hashlib
import hmac
import os
import resource
import socket
import struct

NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, CLOSE, READ, ECHO = 0, 1, 3, 5, 6, 8, 13
SUCCESS, MORE_PROCESSING_REQUIRED, LOGON_FAILURE = 0, 0xC0000016, 0xC000006D
SIGNED, SESSION_ENCRYPTED = 0x8, 0x4
NTLM_OID = bytes.fromhex("060a2b06010401823702020a")
SPNEGO_OID = bytes.fromhex("06062b0601050502")
# UNICODE, REQUEST_TARGET, SIGN, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, 128
NTLM_FLAGS = 0x1 | 0x4 | 0x10 | 0x200 | 0x8000 | 0x80000 | 0x800000 | 0x20000000


class Closed(Exception):
    """The server closed the connection."""


class Refused(Exception):
    """An answer with a status other than the wanted one."""

    def __init__(self, what, status):
        super().__init__(f"{what}: status {status:#010x}")
        self.status = status


def allow_descriptors(count):
    """Raises the soft limit of open files of this process; False when the hard one is below."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return True


def md4(data):
    """RFC 1320; OpenSSL 3 no longer has it for Python."""
    def rotate(x, n):
        x &= 0xFFFFFFFF
        return (x << n | x >> (32 - n)) & 0xFFFFFFFF
    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999,
         (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1,
         (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)))
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    for at in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[at:at + 64])
        a, b, c, d = state
        for mix, constant, order, shifts in rounds:
            for step, index in enumerate(order):
                a, b, c, d = d, rotate(a + mix(b, c, d) + words[index] + constant, shifts[step % 4]), b, c
        state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def der(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def ntlm_negotiate():
    token = b"NTLMSSP\0" + struct.pack("<II", 1, NTLM_FLAGS) + bytes(16)
    mechanisms = der(0xA0, der(0x30, NTLM_OID))
    return der(0x60, SPNEGO_OID + der(0xA0, der(0x30, mechanisms + der(0xA2, der(0x04, token)))))


def ntlm_authenticate(security, user, nt_hash):
    """The answer to the challenge in a SPNEGO token, and the session key."""
    challenge = security[security.index(b"NTLMSSP\0"):]
    server_challenge = challenge[24:32]
    info_length, info_at = struct.unpack("<H2xI", challenge[40:48])
    info = challenge[info_at:info_at + info_length]
    timestamp = bytes(8)
    at = 0
    while at + 4 <= len(info):
        kind, length = struct.unpack("<HH", info[at:at + 4])
        if kind == 7:
            timestamp = info[at + 4:at + 12]
        at += 4 + length
    key = hmac.digest(nt_hash, user.upper().encode("utf-16-le"), "md5")
    blob = b"\1\1" + bytes(6) + timestamp + os.urandom(8) + bytes(4) + info + bytes(4)
    proof = hmac.digest(key, server_challenge + blob, "md5")
    session_key = hmac.digest(key, proof, "md5")
    name, answer = user.encode("utf-16-le"), proof + blob
    parts, fields = b"", b""
    for part in (bytes(24), answer, b"", name, b"", b""):  # LM, NT, domain, user, workstation, exchanged key
        fields += struct.pack("<HHI", len(part), len(part), 64 + len(parts))
        parts += part
    token = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", NTLM_FLAGS) + parts
    return der(0xA1, der(0x30, der(0xA2, der(0x04, token)))), session_key


def derive(key, label, context):
    """SP 800-108 in counter mode with HMAC-SHA256, 128 bits."""
    return hmac.digest(key, b"\0\0\0\1" + label + b"\0\0" + context + b"\0\0\0\x80", "sha256")[:16]


class Client:
    """One connection. password=None: no log-on. encrypt=False: offers no encryption."""

    def __init__(self, port, encrypt=True, timeout=60, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encrypt = encrypt
        self.message_id = self.session_id = self.tree_id = self.sealed_count = 0
        self.signing_key = self.seal_key = self.open_key = None
        self.preauth = bytes(64)

    def close(self):
        self.socket.close()

    # ---- octets ----

    def send_raw(self, data):
        self.socket.sendall(data)

    def receive_exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed()
            data += piece
        return data

    def receive(self):
        """The next message, opened when it is sealed."""
        length = int.from_bytes(self.receive_exactly(4), "big")
        message = self.receive_exactly(length)
        if message[:4] != b"\xfdSMB":
            return message
        from Cryptodome.Cipher import AES
        cipher = AES.new(self.open_key, AES.MODE_GCM, nonce=message[20:32])
        cipher.update(message[20:52])
        return cipher.decrypt_and_verify(message[52:], message[4:20])

    # ---- requests ----

    def build(self, command, body):
        """A request as it goes over the wire, without the transport header."""
        flags = SIGNED if self.signing_key and not self.seal_key else 0
        message = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, 0, command, 16, flags, 0, self.message_id,
                              0, self.tree_id, self.session_id, bytes(16)) + body
        self.message_id += 1
        if self.seal_key:
            return self.seal(message)
        if self.signing_key:
            signature = hmac.digest(self.signing_key, message, "sha256")[:16]
            message = message[:48] + signature + message[64:]
        return message

    def seal(self, message):
        from Cryptodome.Cipher import AES
        self.sealed_count += 1
        nonce = struct.pack("<Q", self.sealed_count) + bytes(8)
        header = nonce + struct.pack("<IHHQ", len(message), 0, 1, self.session_id)
        cipher = AES.new(self.seal_key, AES.MODE_GCM, nonce=nonce[:12])
        cipher.update(header)
        sealed, tag = cipher.encrypt_and_digest(message)
        return b"\xfdSMB" + tag + header + sealed

    def request(self, command, body):
        """Sends it; returns status and the whole answer."""
        message = self.build(command, body)
        self.send_raw(len(message).to_bytes(4, "big") + message)
        if command in (NEGOTIATE, SESSION_SETUP):
            self.preauth = hashlib.sha512(self.preauth + message).digest()
        answer = self.receive()
        while answer[8:12] == b"\x03\x01\0\0":  # STATUS_PENDING
            answer = self.receive()
        return struct.unpack("<I", answer[8:12])[0], answer

    def must(self, what, command, body):
        status, answer = self.request(command, body)
        if status != SUCCESS:
            raise Refused(what, status)
        return answer

    # ---- a session ----

    def negotiate_body(self):
        contexts = [(1, struct.pack("<HHH", 1, 32, 1) + os.urandom(32))]  # SHA-512
        if self.encrypt:
            contexts.append((2, struct.pack("<HH", 1, 2)))  # AES-128-GCM
        contexts.append((8, struct.pack("<HH", 1, 0)))  # signing by HMAC-SHA256
        body = struct.pack("<HHHHI16sIHHH2x", 36, 1, 1, 0, 0x40 if self.encrypt else 0, os.urandom(16), 64 + 40,
                           len(contexts), 0, 0x0311)
        for kind, data in contexts:
            body += bytes(-len(body) % 8) + struct.pack("<HHI", kind, len(data), 0) + data
        return body

    def negotiate(self):
        answer = self.must("NEGOTIATE", NEGOTIATE, self.negotiate_body())
        self.preauth = hashlib.sha512(self.preauth + answer).digest()

    def setup(self, token):
        return self.request(SESSION_SETUP, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token)

    def challenge(self):
        status, answer = self.setup(ntlm_negotiate())
        if status != MORE_PROCESSING_REQUIRED:
            raise Refused("SESSION_SETUP", status)
        self.preauth = hashlib.sha512(self.preauth + answer).digest()
        self.session_id = struct.unpack("<Q", answer[40:48])[0]
        return answer

    def authenticate(self, challenge, user, nt_hash):
        """Status and answer of the second SESSION_SETUP."""
        at, length = struct.unpack("<HH", challenge[68:72])
        token, key = ntlm_authenticate(challenge[at:at + length], user, nt_hash)
        status, answer = self.setup(token)
        if status == SUCCESS:
            self.signing_key = derive(key, b"SMBSigningKey", self.preauth)
            if struct.unpack("<H", answer[66:68])[0] & SESSION_ENCRYPTED:
                self.seal_key = derive(key, b"SMBC2SCipherKey", self.preauth)
                self.open_key = derive(key, b"SMBS2CCipherKey", self.preauth)
        return status, answer

    def log_on(self, user, nt_hash):
        self.negotiate()
        status, _ = self.authenticate(self.challenge(), user, nt_hash)
        if status != SUCCESS:
            raise Refused("SESSION_SETUP", status)
        return self

    def tree(self, share):
        path = f"\\\\127.0.0.1\\{share}".encode("utf-16-le")
        answer = self.must("TREE_CONNECT", TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path)
        self.tree_id = struct.unpack("<I", answer[36:40])[0]
        return self

    def echo(self):
        self.must("ECHO", ECHO, struct.pack("<HH", 4, 0))

    def create(self, name):
        """Opens or makes a file; returns its id."""
        path = name.encode("utf-16-le")
        body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019F, 0, 7, 3, 0x40, 120, len(path), 0, 0)
        return self.must("CREATE", CREATE, body + (path or b"\0"))[64 + 64:64 + 80]

    def ask_to_read(self, file_id, at, length):
        """Sends a READ of at most 64 KiB and does not wait for the answer."""
        message = self.build(READ, struct.pack("<HBBIQ16sIIIIHH", 49, 0x50, 0, length, at, file_id, 0, 0, 0, 0, 0, 0)
                             + b"\0")
        self.send_raw(len(message).to_bytes(4, "big") + message)

    def close_file(self, file_id):
        self.must("CLOSE", CLOSE, struct.pack("<HHI", 24, 0, 0) + file_id)


def nt_hash(password):
    return md4(password.encode("utf-16-le"))
