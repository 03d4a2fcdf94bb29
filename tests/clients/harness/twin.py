# SPDX-License-Identifier: Apache-2.0
"""Two clients and two local processes do the same random operations; every result is compared.

Each operation is done in a local folder first and then on the share, by the first or the second client, and both
must say the same. What only looks (a read, a stat, a list), or fails because the client knew an older state of a
name, may be right a moment later: a client learns of another one's change by a message of its own, or when the time
of what it remembers is over. How often that was so is counted.
"""

import json
import random
import socket
import subprocess
import time

from .lab import Failed

LOOKING = ("read", "map_read", "size", "stat", "list", "readlink")
# An error that says only that the client knew an older state of a name; nothing was done then.
OLD_NAME = ("ENOENT", "EEXIST", "ESTALE", "ENOTEMPTY", "EISDIR", "ENOTDIR")
LATE_S = 3.0
STEP_TIMEOUT_S = 60
TRACE_LINES = 400
FILES = [f"f{i}" for i in range(5)] + [f"d{i}/g{j}" for i in range(2) for j in range(2)]
DIRECTORIES = ["d0", "d1", "d2"]
SLOTS = 3
# Locks lie behind all data: SMB's byte-range locks keep others from reading and writing too.
LOCK_START, LOCK_LENGTH, LOCK_COUNT = 1 << 30, 100, 3
MAX_SIZE = 40000
GONE = "?"
FLAGS = (["O_RDWR", "O_CREAT"], ["O_RDWR", "O_CREAT"], ["O_RDWR"], ["O_RDWR", "O_CREAT", "O_EXCL"],
         ["O_RDWR", "O_CREAT", "O_TRUNC"], ["O_RDONLY"])
LOCKED = "EAGAIN"
SAME_ERROR = {"EACCES": LOCKED}  # of locks; POSIX allows both


class Peer:
    """One stepper: where lines go and come from."""

    def __init__(self, requests, answers, process=None):
        self.requests, self.answers, self.process = requests, answers, process

    @staticmethod
    def local(driver, folder):
        process = subprocess.Popen(["/usr/bin/python3", "-B", driver, folder], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return Peer(process.stdin, process.stdout, process)

    @staticmethod
    def connected(listener):
        listener.settimeout(60)
        connection, _ = listener.accept()
        connection.settimeout(STEP_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Peer(connection.makefile("w"), connection.makefile("r"))

    def do(self, step):
        try:
            print(json.dumps(step), file=self.requests, flush=True)
            line = self.answers.readline()
        except OSError as error:
            raise Failed(f"{step}: {error}") from None
        if not line:
            raise Failed(f"{step}: the stepper ended")
        return json.loads(line)

    def close(self):
        for stream in (self.requests, self.answers):
            try:
                stream.close()
            except OSError:
                pass
        if self.process:
            self.process.wait()


class Open:
    """What the generator knows of an open file: its path, its inode, and the locks held through it."""

    def __init__(self, path, inode, writable):
        self.path, self.inode, self.writable, self.locks = path, inode, writable, set()


class Twin:
    """Generates the operations, carries them out on both sides, and compares."""

    def __init__(self, seed, local, remote, folders, mode, since_612, since_72):
        # From 6.12 on what is written without a lease is sent late, a page at a time; and for a client an open file's
        # name still leads to it when it has been removed (cases/special.py has that one apart). See ../README.md.
        self.modes = self.since_612 = since_612  # 6.1 changes no modes
        self.one_client, self.unlinks_open = since_612 and mode != "none", False
        self.folders, self.since_72 = folders, since_72
        self.random, self.local, self.remote = random.Random(seed), local, remote
        self.posix, self.cached, self.seed = mode == "posix", mode != "none", seed
        self.open = ({}, {})  # by client: slot -> Open
        self.led_to = {}  # name -> the inodes that it has led to
        self.made_by = {}  # inode -> client
        self.steps = self.late = 0
        self.slowest = (0.0, "")
        self.late_by_step, self.trace, self.by_step = {}, [], {}
        self.began = 0.0

    # ------------------------------------------------------------ what the generator must know
    def opens(self, client=None):
        clients = (0, 1) if client is None else (client,)
        return [opened for one in clients for opened in self.open[one].values()]

    def inode(self, path):
        found = self.local[0].do(["inode", path])
        if isinstance(found, dict):
            return None
        self.led_to.setdefault(path, set()).add(found)
        return found

    def misled(self, client, step):
        """Whether a name may still lead the client to a file that it has open: it then asks nobody about the name.

        Of a file that a client has open it believes all names that it ever knew, also those that another client has
        given to another file since, or taken away; and what it knows by one name and by another may differ.
        """
        for path in (word for word in step[1:] if word in FILES):
            inode, known = self.inode(path), self.led_to.get(path, ())
            for opened in self.opens(client):
                if opened.path != path and (opened.inode == inode or opened.inode in known):
                    return True
        return False

    def is_open(self, path):
        inode = self.inode(path)
        return any(o.inode == inode or o.path.startswith(path + "/") for o in self.opens())

    def may_shrink(self, client, inode):
        """A client that caches keeps the size of what it has open for writing when another one shortens the file."""
        return not self.cached or not any(o.inode == inode and o.writable for o in self.opens(1 - client))

    def may_open(self, client, inode):
        """A client that gets a write lease by one more open does not tell the server of older locks any more, or twice."""
        return not self.cached or not any(o.inode == inode and o.locks for o in self.opens(client))

    def may_map(self, client, slot):
        """Python's mapping is of a duplicate of the descriptor; its end gives up the process's locks of the file."""
        inode = self.open[client][slot].inode
        return not any(o.inode == inode and o.locks for o in self.opens(client))

    def may_change(self, client, inode):
        """A client that caches may take from 6.12 on for zeros, and write so, what another one has added to a file: who
        has made it has it alone. Its names, size and attributes are for both."""
        return not self.one_client or self.made_by.get(inode, client) == client

    def may_remove(self, path):
        """From 7.2 on who has removed one of two names takes the file for empty by the other name too."""
        found = self.local[0].do(["stat", path, False, True])
        return not self.since_72 or not isinstance(found, list) or path in DIRECTORIES or found[2] == 1

    def may_share(self, client, inode):
        return not self.one_client or not any(o.inode == inode for o in self.opens(1 - client))

    def created(self, client, path):
        """The number of a file that is gone may be a new one's: no other name has led to that."""
        inode = self.inode(path)
        self.made_by[inode] = client
        for name, inodes in self.led_to.items():
            if name != path:
                inodes.discard(inode)

    def moved(self, old, new):
        if old not in DIRECTORIES:
            self.gone(new)
        for opened in self.opens():
            if opened.path == old or opened.path.startswith(old + "/"):
                opened.path = new + opened.path[len(old):]

    def gone(self, path):
        for opened in self.opens():
            if opened.path == path:
                opened.path = GONE

    def slot(self, client, writable=False):
        """One of the client's open files. Not one without a name: what another client does to it is not seen."""
        fitting = [s for s, o in self.open[client].items() if (o.writable or not writable) and o.path != GONE]
        return self.random.choice(fitting) if fitting else None

    def data(self):
        return self.random.randbytes(self.random.choice((1, 100, 4096, 5000))).decode("latin-1")

    # ------------------------------------------------------------ one generator for each kind: a step, or None
    def gen_open(self, client):
        free = [s for s in range(SLOTS) if s not in self.open[client]]
        if not free:
            return None
        path, flags = self.random.choice(FILES), self.random.choice(FLAGS)
        inode = self.inode(path)
        if not self.may_change(client, inode):
            return None
        if "O_TRUNC" in flags and not self.may_shrink(client, inode) or not self.may_share(client, inode):
            return None
        if not self.may_open(client, inode):
            return None
        return ["open", free[0], path, flags]

    def gen_close(self, client):
        if not self.open[client]:
            return None
        slot = self.random.choice(list(self.open[client]))
        closed = self.open[client][slot]
        # Closing one descriptor gives up the process's locks by any other, locally; in cifs.ko it does not.
        if any(o.locks for o in self.opens(client) if o.inode == closed.inode and o is not closed):
            return None
        return ["close", slot]

    def gen_read(self, client):
        slot = self.slot(client)
        offset = self.random.randrange(MAX_SIZE)
        kind = self.random.choice(("read", "read", "map_read"))
        if slot is None or kind == "map_read" and not self.may_map(client, slot):
            return None
        return [kind, slot, offset, self.random.choice((10, 4096, MAX_SIZE))]

    def gen_write(self, client):
        slot = self.slot(client, writable=True)
        kind = self.random.choice(("write", "write", "map_write"))
        if slot is None or kind == "map_write" and not self.may_map(client, slot):
            return None
        return [kind, slot, self.random.randrange(MAX_SIZE - 5000), self.data()]

    def gen_size(self, client):
        slot = self.slot(client)
        return None if slot is None else ["size", slot]

    def gen_set_size(self, client):
        slot = self.slot(client, writable=True)
        if slot is None or not self.may_shrink(client, self.open[client][slot].inode):
            return None
        return ["set_size", slot, self.random.randrange(MAX_SIZE)]

    def gen_sync(self, client):
        slot = self.slot(client, writable=True)
        return None if slot is None else ["sync", slot]

    def gen_lock(self, client):
        slot = self.slot(client, writable=True)
        if slot is None:
            return None
        opened, number = self.open[client][slot], self.random.randrange(LOCK_COUNT)
        span = [LOCK_START + number * LOCK_LENGTH, LOCK_LENGTH]
        if number in opened.locks:
            return ["unlock", slot, *span]
        if any(number in o.locks for o in self.opens(client) if o.inode == opened.inode):
            return None
        return ["lock", slot, self.random.choice(("shared", "exclusive")), *span]

    def gen_stat(self, client):
        path = self.random.choice(FILES + DIRECTORIES)
        # Who looks at a name takes no lease away: what another client has written and not sent yet is not in the size.
        if not self.one_client and not self.may_shrink(client, self.inode(path)):
            return None
        # Who has a file open with a lease does not learn that another client has linked, unlinked or chmod'ed it.
        closed = not self.is_open(path)
        return ["stat", path, self.posix and self.modes and closed, closed]

    def gen_list(self, _):
        return ["list", self.random.choice([".", *DIRECTORIES])]

    def gen_rename(self, client):
        old, new = self.random.choice(FILES + DIRECTORIES), self.random.choice(FILES + DIRECTORIES)
        if old == new or (old in DIRECTORIES) != (new in DIRECTORIES) or not self.may_remove(new):
            return None
        if self.inode(new) == self.inode(old) is not None:
            return None  # two names of one file: locally both stay
        # Who has a file open with a lease keeps the name for it, and is refused when it opens the name's new file.
        inode = self.inode(old)
        if any(o.inode == inode or old in DIRECTORIES for o in self.opens(1 - client)):
            return None
        if self.since_72 and any(self.inode(path) for path in FILES if path.startswith(old + "/")):
            return None  # it keeps some files open for ever that its programs have closed
        # Not over an open file without POSIX semantics, never a folder with something open in it.
        if self.is_open(new) and not self.unlinks_open or old in DIRECTORIES and self.is_open(old):
            return None
        return ["rename", old, new]

    def gen_link(self, _):
        return ["link", *self.random.sample(FILES, 2)]

    def gen_unlink(self, _):
        path = self.random.choice(FILES)
        # A file that is open by another name of its own keeps that.
        opened = any(o.path == path for o in self.opens())
        if opened and not self.unlinks_open or not self.may_remove(path):
            return None
        return ["unlink", path]

    def gen_mkdir(self, _):
        return [self.random.choice(("mkdir", "mkdir", "rmdir")), self.random.choice(DIRECTORIES)]

    def gen_truncate(self, client):
        path = self.random.choice(FILES)
        inode = self.inode(path)
        rules = (self.may_shrink, self.may_change, self.may_share, self.may_open)
        if not all(rule(client, inode) for rule in rules):
            return None
        return ["truncate", path, self.random.randrange(MAX_SIZE)]

    def gen_chmod(self, _):
        mode = self.random.choice((0o600, 0o640, 0o755, 0o777))
        return ["chmod", self.random.choice(FILES + DIRECTORIES), mode] if self.posix and self.modes else None

    WEIGHTS = {"open": 16, "close": 10, "read": 18, "write": 18, "size": 4, "set_size": 4, "sync": 2, "lock": 10,
               "stat": 8, "list": 5, "rename": 6, "link": 2, "unlink": 6, "mkdir": 5, "truncate": 2, "chmod": 2}

    # ------------------------------------------------------------ carrying out
    def learn(self, client, step, result):
        """What a step that succeeded locally changes in what the generator knows."""
        kind, *arguments = step
        slots = self.open[client]
        if kind == "open":
            slots[arguments[0]] = Open(arguments[1], self.inode(arguments[1]), "O_RDWR" in arguments[2])
        elif kind == "close":
            del slots[arguments[0]]
        elif kind in ("lock", "unlock"):
            number = (arguments[-2] - LOCK_START) // LOCK_LENGTH
            (slots[arguments[0]].locks.add if kind == "lock" else slots[arguments[0]].locks.remove)(number)
        elif kind == "rename":
            self.moved(*arguments)
        elif kind == "unlink":
            self.gone(arguments[0])

    @staticmethod
    def normal(step, result):
        if isinstance(result, dict):
            error = result["error"]
            if error == "EACCES" and step[0] == "rename" and step[1] in DIRECTORIES:
                error = "ENOTEMPTY"  # what SMB says of a folder in the way; the client then fails to remove it
            return {"error": "an old name" if error in OLD_NAME else SAME_ERROR.get(error, error)}
        return result

    def differs(self, client, step, wanted):
        """What the share says when it is not `wanted`; None when it is."""
        started = time.monotonic()
        found = self.normal(step, self.remote[client].do(step))
        self.slowest = max(self.slowest, (time.monotonic() - started, short(step)))
        end = time.monotonic() + LATE_S
        late = False
        while found != wanted and self.may_be_late(step, found) and time.monotonic() < end:
            late = True
            time.sleep(0.05)
            found = self.normal(step, self.remote[client].do(step))
        if found == wanted:
            if late:
                self.late += 1
                self.late_by_step[step[0]] = self.late_by_step.get(step[0], 0) + 1
            return None
        return found if found is not None else "success"

    def may_be_late(self, step, found):
        if step[0] in LOOKING:
            return True
        if not isinstance(found, dict):
            return False
        # A client keeps open for a second what its programs have closed, with its locks, and also when it has no lease
        # any more.
        if found["error"] == LOCKED:
            return step[0] == "lock" or not self.posix and step[0] in ("rename", "unlink")
        return found["error"] == "an old name"

    def look_first(self, client, folder):
        """With `posix` a client takes a file that it has seen in a list for another one than the same file by a name
        that it has asked for, and reads from the one what was there before it has written to the other."""
        names = self.local[client].do(["list", folder])
        for name in names if isinstance(names, list) else []:
            end = time.monotonic() + LATE_S
            while isinstance(self.remote[client].do(["inode", f"{folder}/{name}"]), dict) and time.monotonic() < end:
                time.sleep(0.05)

    def step(self):
        client = self.random.randrange(2)
        kind = self.random.choices(list(self.WEIGHTS), self.WEIGHTS.values())[0]
        step = getattr(self, f"gen_{kind}")(client)
        if step is None or self.misled(client, step):
            return
        creates = step[0] == "open" and self.inode(step[2]) is None
        wanted = self.normal(step, self.local[client].do(step))
        if creates and not isinstance(wanted, dict):
            self.created(client, step[2])
        opened = self.open[client].get(step[1]) if isinstance(step[1], int) else None
        self.trace.append(f"{time.monotonic() - self.began:.1f} s, client {client}: {short(step)}"
                          f"{f' ({opened.path} {opened.inode})' if opened else ''} -> {short(wanted)}")
        del self.trace[:-TRACE_LINES]
        if kind == "list" and self.posix and self.since_612:
            self.look_first(client, step[1])
        found = self.differs(client, step, wanted)
        if found is not None:
            raise Failed(f"seed {self.seed}, step {self.steps}: client {client} {short(step)}: locally {short(wanted)},"
                         f" on the share {short(found)}{where(wanted, found)}; {self.disks(client, step)}\n    "
                         + "\n    ".join(self.trace))
        if not isinstance(wanted, dict):
            self.learn(client, step, wanted)
            if step[0] in ("write", "map_write") and self.one_client:
                for peer in (self.local[client], self.remote[client]):
                    peer.do(["sync", step[1]])
        self.steps += 1
        self.by_step[step[0]] = self.by_step.get(step[0], 0) + 1

    def disks(self, client, step):
        """Whether the server's disk has what the local one has: then it is the client that knows something old."""
        opened = self.open[client].get(step[1]) if len(step) > 1 and isinstance(step[1], int) else None
        if opened is None or opened.path == GONE:
            return ""
        wanted, found = ((folder / opened.path).read_bytes() for folder in self.folders)
        at = next((i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), None)
        return (f"{opened.path} on the server's disk has {len(found)} bytes, locally {len(wanted)}, "
                + ("no byte differs" if at is None else f"first difference at {at}"))

    def run(self, seconds):
        self.began = time.monotonic()
        while time.monotonic() < self.began + seconds:
            self.step()
        for client in (0, 1):
            for slot in list(self.open[client]):
                for peer in (self.local[client], self.remote[client]):
                    peer.do(["close", slot])


def short(value):
    text = json.dumps(value)
    return text if len(text) < 90 else text[:60] + f"... ({len(text)} characters)"


def where(wanted, found):
    """Where two strings of bytes part."""
    if not isinstance(wanted, str) or not isinstance(found, str):
        return ""
    at = next((i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), min(len(wanted), len(found)))
    return f" (lengths {len(wanted)} and {len(found)}, first difference at {at})"
