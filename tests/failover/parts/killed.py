# SPDX-License-Identifier: Apache-2.0
"""One server on a file system of its own, and how it is killed."""

import time
from types import SimpleNamespace

from harness.lab import check, run

from .play import Play, alone, complete, parser
from .rounds import JOB_LIMIT_S, Round
from .stage import SHARE, Seat, Stage, install

ADDRESS = "10.77.0.1"
OUTAGE_S = 3
DISK_BYTES = 16 << 30
USERS = ("anna", "rival")


class Kill:
    """The server on a file system of its own, and its death."""
    servers, job_limit_s = ["one"], JOB_LIMIT_S

    def __init__(self, stage, kind):
        # With a service manager, which has sockets of the server while it does not run, as systemd does.
        self.more = ["--kept"] if kind == "holdfast" else []
        self.stage, self.kind = stage, {"holdfast": "holdfastd"}.get(kind, kind)
        self.mounted = stage.work / "disk"
        self.disk = self.mounted / "share"

    def start(self):
        image = self.stage.work / "disk.img"
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        check(["mkfs.ext4", "-q", "-F", "-E", "nodiscard", image])
        self.mounted.mkdir()
        check(["mount", "-o", "loop,nodiscard,noatime,user_xattr,acl", image, self.mounted])
        self.stage.at_end.append(lambda: check(["umount", self.mounted]))
        self.stage.at_end.append(lambda: self.stage.tool("server", "stop", "--all"))
        self.disk.mkdir(mode=0o777)
        more = self.stage.work / "more.toml"
        more.write_text("continuous_availability = true\n" + ("[failover]\nend_in_order = false\n" if self.stage.reset else ""),
                        encoding="ascii")
        self.stage.tool("server", "start", "one", "--server", self.kind, "--address", ADDRESS, "--share", SHARE,
                        "--dir", self.disk, "--signing", "desired", "--encrypt", "off",
                        "--password-file", self.stage.password_file, "--more", more, *self.more,
                        *(word for user in USERS for word in ("--user", user)))

    def strike(self):
        struck_at = time.time()
        self.stage.tool("server", "kill", "one")
        gone_at = time.time()
        time.sleep(max(0, struck_at + OUTAGE_S - time.time()))  # the outage itself
        self.stage.tool("server", "again", "one")
        return SimpleNamespace(struck_at=struck_at, gone_at=gone_at, ready_at=time.time(), notes=[])

    def restore(self):
        """After a round that failed: the server runs, whatever happened."""
        if run(["bash", "-c", f'pid=$(cat "$1") && kill -0 "$pid"', "alive",
                self.stage.state / self.stage.name / "servers/one/pid"])[0] != 0:
            self.stage.tool("server", "again", "one")


def main(about, event_class=Kill, round_class=Round, users=USERS):
    """The script: about is its docstring; event_class makes the event of a round_class."""
    words = parser(about.split(";")[0] + ".")
    words.add_argument("--reset", action="store_true", help="end_in_order = false: how clients suffer then")
    options = complete(words.parse_args())
    stage = Stage(options.size, options.files)
    stage.reset = options.reset
    lock = alone(stage.state, stage.name)
    install({"holdfast": "holdfastd"}.get(options.server, options.server), options.kernel)
    with stage:
        stage.make_source(options.seed)
        event = event_class(stage, options.server)
        event.start()
        play = Play(options, stage)
        for kernel in options.kernel:
            seats = [Seat(kernel, mode, users[0], ADDRESS) for mode in options.mount]
            for seat in seats:
                stage.seat_up(seat)
            play.rounds(seats, event, users[1], round_class=round_class)
            stage.tool("kernel-client", "down", "--all")
    status = play.close()
    lock.close()
    return status
