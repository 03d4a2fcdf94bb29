#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Five upgrades in a row under an smbclient session that stays open and under holdfast-load with 20 clients:
upgrade_load.py BIN_DIR SOCKET PORT LOGIN_FILE PASSWORD_FILE DIRECTORY. No connection is lost or made anew (the clients'
ports stay), no handle is reclaimed, what was written is there, and the pause is below a second."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

UPGRADES, CLIENTS = 5, 20
LONGEST_MS = int(os.environ.get("HOLDFAST_UPGRADE_PAUSE_MS", "1000"))


def ports_to(port):
    """Client ports of the connections to this port of the loopback."""
    found = set()
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            _, local, remote, state = line.split()[:4]
            if remote == f"0100007F:{port:04X}" and state == "01":
                found.add(int(local.split(":")[1], 16))
    return found


class SmbClient:
    """smbclient on a terminal, which takes one command after the other."""

    def __init__(self, port, login):
        self.terminal, end = pty.openpty()
        self.process = subprocess.Popen(
            ["smbclient", "//127.0.0.1/data", "-p", str(port), "-A", login, "-m", "SMB3"],
            stdin=end, stdout=end, stderr=end, env={**os.environ, "TERM": "dumb"}, start_new_session=True)
        os.close(end)
        self.until_prompt()

    def until_prompt(self):
        output = b""
        while not re.search(rb"smb: [^\n>]*> $", output):
            if not select.select([self.terminal], [], [], 60)[0]:
                raise RuntimeError(f"smbclient does not answer: {output.decode(errors='replace')}")
            output += os.read(self.terminal, 65536)
        return output.decode(errors="replace")

    def run(self, command):
        os.write(self.terminal, f"{command}\n".encode())
        output = self.until_prompt()
        if "NT_STATUS" in output:
            raise RuntimeError(f"{command}: {output}")
        return output

    def end(self):
        os.write(self.terminal, b"quit\n")
        self.process.wait(30)
        os.close(self.terminal)


def main():
    binaries, admin_socket, port, login, password, directory = sys.argv[1:]
    port = int(port)
    work = os.path.dirname(admin_socket)
    big = os.urandom(3 << 20)
    with open(f"{work}/big", "wb") as file:
        file.write(big)
    client = SmbClient(port, login)
    client.run("mkdir kept")
    client.run("cd kept")

    load = subprocess.Popen(
        [f"{binaries}/holdfast-load", "run", "--port", str(port), "--share", "safe", "--user", "alice",
         "--password-file", password, "--clients", str(CLIENTS), "--opens", "4", "--rivals", "2", "--passing", "2",
         "--think-ms", "20", "--log", f"{work}/load.log", "--pauses", f"{work}/pauses"],
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if load.stdout.readline().strip() != "ready":
            raise RuntimeError("the load does not start")
        before = ports_to(port)
        if len(before) < CLIENTS + 1:
            raise RuntimeError(f"only {len(before)} connections")
        pauses = []
        for nth in range(UPGRADES):
            report = json.loads(subprocess.run(
                [f"{binaries}/holdfast", "--socket", admin_socket, "upgrade", "--json"], check=True,
                stdout=subprocess.PIPE, timeout=60).stdout)
            print(report["text"], flush=True)
            pauses.append(report["pause_ms"])
            if report["closed"] or report["opens_lost"] or report["pause_ms"] >= LONGEST_MS:
                raise RuntimeError(f"upgrade {nth}: {report}")
            if report["connections"] < len(before):
                raise RuntimeError(f"upgrade {nth}: {report['connections']} connections, {len(before)} before")
            client.run(f"put {work}/big big-{nth}")
            client.run(f"get big-{nth} {work}/back")
            with open(f"{work}/back", "rb") as file:
                if file.read() != big:
                    raise RuntimeError("smbclient got other octets back")
            lost = before - ports_to(port)
            if lost:
                raise RuntimeError(f"upgrade {nth}: connections of ports {sorted(lost)} were lost")
            time.sleep(0.2)  # some work for the clients between two
        load.stdin.write("stop\n")
        load.stdin.flush()
        said = load.communicate(timeout=120)[0]
        print(said)
        if load.returncode != 0:
            raise RuntimeError(f"holdfast-load ended with status {load.returncode}")
    finally:
        if load.poll() is None:
            load.kill()
            load.wait()
    if os.path.getsize(f"{work}/pauses") != 0:
        raise RuntimeError("a client of the load has lost its connection")
    subprocess.run([f"{binaries}/holdfast-load", "check", "--log", f"{work}/load.log", "--directory", directory,
                    "--complete"], check=True)
    client.end()
    print(f"{UPGRADES} upgrades, pauses in ms: {pauses}; {len(before)} connections kept their ports")


if __name__ == "__main__":
    main()
