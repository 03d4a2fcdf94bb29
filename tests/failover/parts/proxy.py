# SPDX-License-Identifier: Apache-2.0
"""nginx as a stream proxy on a host of its own, before the address that moves between the nodes."""

import subprocess
import time
from types import SimpleNamespace

from harness.lab import Failed, check

from .nodes import ADDRESS, OUTAGE_S, PROXY_PORT, Nodes
from .stage import wait_until

HOST, PROXY_ADDRESS = "proxy", "10.77.0.210"
MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
PACKAGES = ["nginx", "libnginx-mod-stream"]
PORT = 445
CONFIGURATION = """load_module {module};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
stream {{
  access_log off;
  upstream smb {{ server {address}:{port} max_fails=0; }}
  server {{
    listen {own}:445;
    proxy_pass smb;
    proxy_connect_timeout 500ms;
    proxy_timeout 1h;
    proxy_half_close on;
    tcp_nodelay on;
    {protocol}
  }}
}}
"""


class Nginx:
    """Use as a context; with_protocol: tells the server by the PROXY protocol who the client is."""

    def __init__(self, stage, with_protocol):
        self.stage, self.with_protocol = stage, with_protocol

    def __enter__(self):
        folder = self.stage.work / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "nginx.conf").write_text(CONFIGURATION.format(
            module=MODULE, folder=folder, address=ADDRESS, own=PROXY_ADDRESS,
            port=PROXY_PORT if self.with_protocol else PORT,
            protocol="proxy_protocol on;" if self.with_protocol else ""), encoding="ascii")
        self.stage.tool("network", "host", HOST, f"{PROXY_ADDRESS}/24")
        self.process = self.stage.start(HOST, "nginx", "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf",
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        probe = ["nsenter", f"--net=/run/netns/{self.stage.name}-{HOST}", "--", "bash", "-c",
                 f"exec 3<>/dev/tcp/{PROXY_ADDRESS}/445"]
        wait_until("nginx listens", 10, lambda: self._succeeds(probe))
        return self

    def _succeeds(self, argv):
        if self.process.poll() is not None:
            raise Failed(f"nginx ended: {(self.stage.work / 'nginx/error.log').read_text(encoding='utf-8')[-300:]}")
        try:
            check(argv, timeout_s=5)
        except Failed:
            return False
        return True

    def __exit__(self, *_):
        self.stage.end(self.process)
        self.stage.tool("network", "unhost", HOST)
        return False


class KilledNode(Nodes):
    """The server of the node is killed and started again there, and a service manager has its sockets meanwhile. So nobody
    is tickled."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.syn_limit_s = None
        if self.kind == "holdfastd":
            self.more = ["--kept"]

    def strike(self):
        struck_at = time.time()
        self.stage.tool("server", "kill", self.active)
        gone_at = time.time()
        time.sleep(max(0, struck_at + OUTAGE_S - time.time()))  # the outage itself
        self.stage.tool("server", "again", self.active)
        return SimpleNamespace(struck_at=struck_at, gone_at=gone_at, ready_at=time.time(), notes=[])
