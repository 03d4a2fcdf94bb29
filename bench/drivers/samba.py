# SPDX-License-Identifier: Apache-2.0
"""Debian sid's Samba as a server to compare with, in a system made with debootstrap."""

import pathlib
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "failover" / "drivers"))
from service import PASSWORD, USER, Failure, free_port, wait_until  # noqa: E402

# smb.conf(5): the state of persistent handles is kept in the lock directory; a share with them is for SMB alone. The
# share is one of a cluster's to its clients, which get only leases for reading there without `ca:max lease mask`.
CONFIGURATION = """[global]
	netbios name = PRICE
	server role = standalone server
	disable netbios = yes
	smb ports = {port}
	interfaces = 127.0.0.1
	bind interfaces only = yes
	server signing = mandatory
	map to guest = Never
	passdb backend = tdbsam
	username map = {home}/users
	private dir = {home}/private
	pid directory = {home}/pid
	lock directory = {home}/lock
	state directory = {home}/state
	cache directory = {home}/cache
	ncalrpc dir = {home}/ncalrpc
	binddns dir = {home}/bind
	log file = {home}/log.smbd
	logging = file
	log level = 0
	load printers = no
	disable spoolss = yes
	printcap name = /dev/null
	registry shares = no
	persistent handles = {on}
[{share}]
	path = {path}
	read only = no
	kernel share modes = no
	kernel oplocks = no
	posix locking = no
	continuous availability = {on}
	smb3 share cap:CLUSTER = yes
	smb3 ca:max lease mask = RWH
"""

ENTER = """
mount -t proc proc "$1/proc"; mount --rbind /sys "$1/sys"; mount --rbind /dev "$1/dev"
mkdir -p "$1$2"; mount --bind "$2" "$1$2"
cd /; root=$1; shift 2
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
"""


class Samba:
    """One smbd with one share on a port of the loopback; all its processes end with it."""

    def __init__(self, system, work, share, path, persistent):
        self.system, self.home, self.port = pathlib.Path(system), pathlib.Path(work), free_port()
        for name in ("private", "pid", "lock", "state", "cache", "ncalrpc", "bind"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "private").chmod(0o700)
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(path).parent
        self.config = self.home / "smb.conf"
        self.config.write_text(CONFIGURATION.format(port=self.port, home=self.home, share=share, path=path,
                                                    on="yes" if persistent else "no"), encoding="utf-8")
        (self.home / "users").write_text(f"root = {USER}\n", encoding="utf-8")
        self.process = None

    def command(self, *inside):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "bash", "-euc",
                ENTER, "enter", self.system, self.folder, *inside]

    def start(self, prefix=()):
        added = subprocess.run(self.command("smbpasswd", "-c", self.config, "-s", "-a", "root"),
                               input=f"{PASSWORD}\n{PASSWORD}\n", text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, check=False)
        if added.returncode != 0:
            raise Failure(f"smbpasswd: {added.stdout}")
        with open(self.home / "out", "wb") as out:
            self.process = subprocess.Popen(
                [*prefix, *self.command("smbd", "-F", "--no-process-group", "-s", self.config, "-l", self.home)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)

        def listens():
            if self.process.poll() is not None:
                raise Failure(f"smbd ended: {(self.home / 'out').read_text(errors='replace')}")
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        wait_until("smbd listens", 30, listens, 0.05)

    def stop(self):
        """unshare takes all of them with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
