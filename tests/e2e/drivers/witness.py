#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the witness service (MS-SWN) made of impacket's DCE/RPC, NDR and NTLM, which know nothing of it.

usage: witness.py HOST MAPPER_PORT USER PASSWORD_FILE SERVER_NAME COMMAND [ARGUMENT...]

Each command ends with status 0 when what it says is so, and else says why not.
"""

import socket
import struct
import sys
import threading

from impacket.dcerpc.v5 import epm, transport
from impacket.dcerpc.v5.dtypes import LPWSTR, NULL, ULONG, USHORT
from impacket.dcerpc.v5.ndr import NDRCALL, NDRSTRUCT, NDRPOINTER, NDRUniConformantArray, NDRUniFixedArray
from impacket.dcerpc.v5.rpcrt import (
    DCERPCException,
    RPC_C_AUTHN_LEVEL_CONNECT,
    RPC_C_AUTHN_LEVEL_NONE,
    RPC_C_AUTHN_LEVEL_PKT_INTEGRITY,
    RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
)
from impacket.uuid import uuidtup_to_bin

WITNESS = uuidtup_to_bin(("ccd8c074-d0e5-4a40-92b4-d074faa6ba28", "1.1"))
SIGN, SEAL = RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, RPC_C_AUTHN_LEVEL_PKT_PRIVACY
SUCCESS, NOT_FOUND, TIMEOUT, INVALID_PARAMETER = 0, 0x490, 0x5B4, 0x57
REVISION_MISMATCH, INVALID_STATE = 0x51A, 0x139F


class Handle(NDRSTRUCT):
    structure = (("Data", "20s=b'\\0'*20"),)

    def getAlignment(self):
        return 4


class Octets(NDRUniConformantArray):
    item = "c"


class OctetsPointer(NDRPOINTER):
    referent = (("Data", Octets),)


class GroupName(NDRUniFixedArray):
    def getDataLen(self, data, offset=0):
        return 520


class Ipv6(NDRUniFixedArray):
    def getDataLen(self, data, offset=0):
        return 16


class InterfaceInfo(NDRSTRUCT):
    structure = (
        ("Group", GroupName),
        ("Version", ULONG),
        ("State", USHORT),
        ("Ipv4", ULONG),
        ("Ipv6", Ipv6),
        ("Flags", ULONG),
    )


class InterfaceArray(NDRUniConformantArray):
    item = InterfaceInfo


class InterfaceArrayPointer(NDRPOINTER):
    referent = (("Data", InterfaceArray),)


class InterfaceList(NDRSTRUCT):
    structure = (("Count", ULONG), ("Info", InterfaceArrayPointer))


class InterfaceListPointer(NDRPOINTER):
    referent = (("Data", InterfaceList),)


class AsyncResponse(NDRSTRUCT):
    structure = (("Type", ULONG), ("Length", ULONG), ("Count", ULONG), ("Buffer", OctetsPointer))


class AsyncResponsePointer(NDRPOINTER):
    referent = (("Data", AsyncResponse),)


class GetInterfaceList(NDRCALL):
    opnum = 0
    structure = ()


class GetInterfaceListResponse(NDRCALL):
    structure = (("List", InterfaceListPointer), ("Status", ULONG))


class Register(NDRCALL):
    opnum = 1
    structure = (("Version", ULONG), ("NetName", LPWSTR), ("IpAddress", LPWSTR), ("Client", LPWSTR))


class RegisterResponse(NDRCALL):
    structure = (("Handle", Handle), ("Status", ULONG))


class UnRegister(NDRCALL):
    opnum = 2
    structure = (("Handle", Handle),)


class UnRegisterResponse(NDRCALL):
    structure = (("Status", ULONG),)


class AsyncNotify(NDRCALL):
    opnum = 3
    structure = (("Handle", Handle),)


class AsyncNotifyResponse(NDRCALL):
    structure = (("Response", AsyncResponsePointer), ("Status", ULONG))


class RegisterEx(NDRCALL):
    opnum = 4
    structure = (
        ("Version", ULONG),
        ("NetName", LPWSTR),
        ("ShareName", LPWSTR),
        ("IpAddress", LPWSTR),
        ("Client", LPWSTR),
        ("Flags", ULONG),
        ("KeepAlive", ULONG),
    )


class RegisterExResponse(RegisterResponse):
    pass


class UnRegisterEx(NDRCALL):
    opnum = 5
    structure = (("Handle", Handle),)


class UnRegisterExResponse(RegisterResponse):
    pass


def check(wanted, what):
    if not wanted:
        raise SystemExit(f"FAIL: {what}")


class Client:
    def __init__(self, host, mapper, user, password, server):
        self.host, self.mapper = host, mapper
        self.user, self.password, self.server = user, password, server

    def port(self):
        """The witness service's, as the endpoint mapper says."""
        dce = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{self.host}[{self.mapper}]").get_dce_rpc()
        dce.connect()
        binding = epm.hept_map(self.host, WITNESS, protocol="ncacn_ip_tcp", dce=dce)
        dce.disconnect()
        return int(binding.split("[")[1].rstrip("]"))

    def connect(self, level, password=None):
        way = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{self.host}[{self.port()}]")
        way.set_connect_timeout(10)
        if level != RPC_C_AUTHN_LEVEL_NONE:
            way.set_credentials(self.user, self.password if password is None else password, "")
        dce = way.get_dce_rpc()
        dce.set_auth_level(level)
        dce.connect()
        way.get_socket().settimeout(30)
        dce.bind(WITNESS)
        return dce

    def register(self, dce, client="CLIENT1", share=None, version=0x00020000, keep_alive=60, name=None):
        extended = version >= 0x00020000
        request = RegisterEx() if extended else Register()
        request["Version"] = version
        request["NetName"] = (name or self.server) + "\0"
        request["IpAddress"] = self.host + "\0"
        request["Client"] = client + "\0"
        if extended:
            request["ShareName"] = share + "\0" if share else NULL
            request["Flags"] = 1
            request["KeepAlive"] = keep_alive
        answer = dce.request(request, checkError=False)
        return answer["Handle"], answer["Status"]


def handle_call(kind, handle):
    request = kind()
    request["Handle"] = handle
    return request


def notification(answer):
    """(type, [(address, flags)...]) of a move."""
    response = answer["Response"]
    octets = b"".join(response["Buffer"])
    check(len(octets) == response["Length"], "the length is that of the buffer")
    addresses = []
    at = 0
    for _ in range(response["Count"]):
        length, _, count = struct.unpack_from("<III", octets, at)
        check(length == 12 + 24 * count, f"a list of {count} addresses has {length} octets")
        for i in range(count):
            flags, ipv4, ipv6 = struct.unpack_from("<I4s16s", octets, at + 12 + 24 * i)
            family = socket.AF_INET if flags & 1 else socket.AF_INET6
            addresses.append((socket.inet_ntop(family, ipv4 if flags & 1 else ipv6), flags))
        at += length
    check(at == len(octets), "nothing stands behind the messages")
    return response["Type"], addresses


def interfaces(client, _):
    """GetInterfaceList at both levels."""
    for level in SIGN, SEAL:
        answer = client.connect(level).request(GetInterfaceList(), checkError=False)
        check(answer["Status"] == SUCCESS, f"status {answer['Status']:#x}")
        found = answer["List"]["Info"]
        check(answer["List"]["Count"] == len(found) and len(found) > 0, "there are interfaces")
        for one in found:
            address = socket.inet_ntoa(struct.pack("<L", one["Ipv4"]))
            name = one["Group"].decode("utf-16-le").split("\0")[0]
            check(name == client.server, f"group {name!r}")
            check(one["State"] == 1 and one["Flags"] & 4, "an interface is available for registration")
            print(level, name, address, hex(one["Version"]))


def refusals(client, _):
    """What must not work, and what the server says of it."""
    for level, word in (RPC_C_AUTHN_LEVEL_NONE, "none"), (RPC_C_AUTHN_LEVEL_CONNECT, "connect"):
        dce = client.connect(level)
        try:
            dce.request(GetInterfaceList(), checkError=False)
            check(False, f"a call at level {word} is refused")
        except DCERPCException as error:
            check("access_denied" in str(error), f"{word}: {error}")
    for level in SIGN, SEAL:
        try:
            client.connect(level, "wrong").request(GetInterfaceList(), checkError=False)
            check(False, "a wrong password is refused")
        except DCERPCException as error:
            check("access_denied" in str(error), f"wrong password: {error}")
    dce = client.connect(SIGN)
    for name, version, wanted in (
        ("elsewhere", 0x00020000, INVALID_PARAMETER),
        (None, 0x00030000, REVISION_MISMATCH),
        (None, 0x00010002, REVISION_MISMATCH),
    ):
        handle, status = client.register(dce, version=version, name=name)
        check(status == wanted and handle == bytes(20), f"{name} {version:#x}: {status:#x}")
    _, status = client.register(dce, share="nothing")
    check(status == INVALID_STATE, f"a share that is none: {status:#x}")
    unknown = bytes(4) + b"\7" * 16
    answer = dce.request(handle_call(AsyncNotify, unknown), checkError=False)
    check(answer["Status"] == NOT_FOUND, f"an unknown handle: {answer['Status']:#x}")
    answer = dce.request(handle_call(UnRegister, unknown), checkError=False)
    check(answer["Status"] == INVALID_PARAMETER, f"unregister: {answer['Status']:#x}")


def moves(client, arguments):
    """Registers as NAME, says "registered", and waits until it is told to move; at both levels. Then unregisters."""
    level, name, share = {"sign": SIGN, "seal": SEAL}[arguments[0]], arguments[1], (arguments[2:] or [None])[0]
    dce = client.connect(level)
    handle, status = client.register(dce, name, share)
    check(status == SUCCESS and handle != bytes(20), f"registered: {status:#x}")
    print("registered", flush=True)
    answer = dce.request(handle_call(AsyncNotify, handle), checkError=False)
    check(answer["Status"] == SUCCESS, f"told: {answer['Status']:#x}")
    kind, addresses = notification(answer)
    print({2: "CLIENT_MOVE", 3: "SHARE_MOVE", 4: "IP_CHANGE"}.get(kind, kind), *[a for a, _ in addresses])
    answer = dce.request(handle_call(UnRegisterEx, handle), checkError=False)
    check(answer["Status"] == SUCCESS and answer["Handle"] == bytes(20), "unregistered")


def keep_alive(client, _):
    """A request of version 2 without news ends with its time; version 1's stays until the client unregisters."""
    dce = client.connect(SEAL)
    handle, status = client.register(dce, keep_alive=2)
    check(status == SUCCESS, f"{status:#x}")
    answer = dce.request(handle_call(AsyncNotify, handle), checkError=False)
    check(answer["Status"] == TIMEOUT, f"keep-alive: {answer['Status']:#x}")
    handle, status = client.register(dce, version=0x00010001)
    check(status == SUCCESS, f"version 1: {status:#x}")
    # Another connection is another association: its handle is the same user's all the same.
    waiting = threading.Event()
    result = []

    def wait_for_news():
        call = handle_call(AsyncNotify, handle)
        dce.call(call.opnum, call)
        waiting.set()
        result.append(AsyncNotifyResponse(dce.recv()))

    thread = threading.Thread(target=wait_for_news)
    thread.start()
    waiting.wait(10)
    other = client.connect(SIGN)
    second = other.request(handle_call(AsyncNotify, handle), checkError=False)
    while second["Status"] != INVALID_STATE:  # ours came before the first
        check(False, f"a second request: {second['Status']:#x}")
    answer = other.request(handle_call(UnRegister, handle), checkError=False)
    check(answer["Status"] == SUCCESS, f"unregister: {answer['Status']:#x}")
    thread.join(20)
    check(result and result[0]["Status"] == NOT_FOUND, "the waiting request ends with the registration")


def garbage(client, _):
    """Octets of no meaning, at every stage. The server stays; the caller looks whether it does."""
    port = client.port()
    whole = bytes.fromhex("05000b031000000048000000010000001810181000000000010000000000010074c0d8cce5d0404a92b4d074faa6"
                          "ba2801000100045d888aeb1cc9119fe808002b10486002000000")
    pieces = [b"\xff" * 4000, b"\5\0\0\3\x10\0\0\0\xff\xff\0\0", b"GET / HTTP/1.0\r\n\r\n", whole[:30], b""]
    for at in range(0, len(whole), 3):
        pieces.append(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
    for target in port, client.mapper:
        for octets in pieces:
            with socket.create_connection((client.host, target), 10) as s:
                s.sendall(octets)
                s.shutdown(socket.SHUT_WR)
                s.settimeout(10)
                try:
                    while s.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
    # Signatures that are wrong end the association with a fault.
    dce = client.connect(SIGN)
    request = GetInterfaceList()
    dce.request(request, checkError=False)
    dce._DCERPC_v5__sequence += 1
    try:
        dce.request(request, checkError=False)
        check(False, "a wrong signature is refused")
    except (DCERPCException, ConnectionError) as error:
        print("wrong signature:", error)


COMMANDS = {
    "interfaces": interfaces,
    "refusals": refusals,
    "moves": moves,
    "keep-alive": keep_alive,
    "garbage": garbage,
}


def main():
    host, mapper, user, password_file, server, command = sys.argv[1:7]
    with open(password_file, encoding="utf-8") as file:
        password = file.readline().rstrip("\n")
    COMMANDS[command](Client(host, int(mapper), user, password, server), sys.argv[7:])


main()
