#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a share announces: prints "cluster" or "none".

usage: share_capabilities.py HOST SHARE USER PASSWORD_FILE
"""

import sys

from impacket.smb3structs import SMB2TreeConnect_Response
from impacket.smbconnection import SMBConnection

CLUSTER = 0x00000040


def main():
    host, share, user, password_file = sys.argv[1:]
    with open(password_file, encoding="utf-8") as file:
        password = file.readline().rstrip("\n")
    connection = SMBConnection(host, host, preferredDialect=0x0300)
    connection.login(user, password)
    server = connection.getSMBServer()
    seen = []
    receive = server.recvSMB

    def remember(packet_id=None):
        packet = receive(packet_id)
        if packet["Command"] == 3:
            seen.append(SMB2TreeConnect_Response(packet["Data"])["Capabilities"])
        return packet

    server.recvSMB = remember
    connection.connectTree(share)
    print("cluster" if seen[0] & CLUSTER else "none")


main()
