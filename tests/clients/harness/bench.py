# SPDX-License-Identifier: Apache-2.0
"""What two guests do on one share beside a local file system: the parts of `../stress`."""

import hashlib
import pathlib
import shutil
import subprocess

from cases import special

from .lab import Failed
from .pair import MOUNT_POINT, PYTHON, listener_in
from .races import expected_errors, judge
from .report import Skipped
from .twin import Peer, Twin

DRIVERS = pathlib.Path(__file__).resolve().parent.parent / "drivers"
KERNELS = {"6.1": "bookworm", "6.12": "trixie", "7.2": "sid"}
MODES = {"posix": "posix", "strict": "cache=strict", "none": "cache=none"}
BRIDGE_ADDRESS = "10.77.0.9"
# A lease break that nobody answers holds others up for 35 s; nothing else takes half as long.
SLOW_STEP_S = 15
PAGE = 4096
# fio: what is written comes back, after a new mount too; buffered, direct, through mappings.
FIO_JOBS = {"buffered": ["--ioengine=psync", "--bs=1k-64k"], "mapped": ["--ioengine=mmap", "--bs=4k"],
            "direct": ["--ioengine=psync", "--direct=1", "--bs=4k-128k", "--blockalign=4k"]}
STRESSORS = ("rename", "link", "flock", "lockf", "lockofd", "mmap", "dentry", "seek", "fallocate", "copy-file")


class Bench:
    """What the parts of one kernel and one mode have in common."""

    def __init__(self, lab, options, pair, mode):
        self.lab, self.options, self.pair, self.mode = lab, options, pair, mode
        self.posix, self.server = mode == "posix", lab.server("plain")
        self.avoids = not options.known and pair.kernel != KERNELS["6.1"]
        self.timeout_s = int(options.seconds * 2) + 60

    def folder(self, name):
        """A new folder of that part: (on the server's disk, as the guests see it)."""
        path = self.server.folder / f"{name}-{self.pair.kernel}-{self.mode}"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o777)
        path.chmod(0o777)
        return path, f"{MOUNT_POINT}/{path.name}"

    def again(self, options=""):
        """A new mount: nothing that is read then comes from a cache."""
        self.pair.unmount()
        self.pair.mount(self.server, MODES[self.mode] + options)

    def model(self, _):
        disk, mounted = self.folder("model")
        argv = [PYTHON, "-B", DRIVERS / "file_model.py"]
        results = self.pair.both_json(
            lambda i: [*argv, f"{mounted}/file{i}", "--seed", self.options.seed * 2 + i,
                       "--seconds", self.options.seconds,
                       *self.model_without()], self.timeout_s)
        self.again()
        for i, result in enumerate(results):
            name = pathlib.Path(result["path"]).name
            digest = hashlib.sha256((disk / name).read_bytes()).hexdigest()
            _, out, _ = self.pair.exec(1 - i, "sha256sum", f"{mounted}/{name}")
            for who, found in (("the server's disk", digest), ("the other client", out.split(" ")[0])):
                if found != result["sha256"]:
                    raise Failed(f"seed {result['seed']}: content on {who} is not the model's")
        refused = {k: v for r in results for k, v in r["refused"].items()}
        return (f"{sum(r['operations'] for r in results)} operations"
                + (f"; the client refuses at times: {' '.join(refused)}" if refused else ""))

    def model_without(self):
        """What a client does wrong by itself; see README.md."""
        if self.options.known:
            return []
        kinds = [] if self.pair.kernel == KERNELS["7.2"] else ["insert"]
        if self.pair.kernel != KERNELS["6.1"] and self.mode == "none":
            kinds.append("append")
        return [word for kind in kinds for word in ("--whole-pages", kind)]

    def twin(self, _):
        # What a client remembers of names and attributes for a second would make most steps wait for it.
        for which in (0, 1):
            self.pair.exec(which, "sh", "-c", "echo 0 >/proc/fs/cifs/LookupCacheEnabled")
        # Nor is closed later what programs have closed: until then the client believes an old name of it.
        self.again(",actimeo=0,closetimeo=0")
        disk, mounted = self.folder("twin")
        local = self.lab.disk / f"local-{disk.name}"
        shutil.rmtree(local, ignore_errors=True)
        local.mkdir()
        with self.peers(local, mounted) as (locals_, remotes):
            twin = Twin(self.options.seed, locals_, remotes, (local, disk), self.mode,
                        since_612=self.pair.kernel != KERNELS["6.1"], since_72=self.pair.kernel == KERNELS["7.2"])
            twin.run(self.options.seconds)
        self.again()
        same_trees(local, disk)
        late = " ".join(f"{k} {v}" for k, v in twin.late_by_step.items())
        if twin.slowest[0] > SLOW_STEP_S:
            raise Failed(f"{twin.slowest[1]} took {twin.slowest[0]:.1f} s")
        return f"{twin.steps} operations, the slowest {twin.slowest[0]:.1f} s" + (f"; right only after a moment: {late}" if late else "")

    def peers(self, local, mounted):
        return Peers(self, local, mounted)

    def special(self, _):
        if not self.posix:
            raise Skipped("only with posix")
        disk, mounted = self.folder("special")
        local = self.lab.disk / f"local-{disk.name}"
        shutil.rmtree(local, ignore_errors=True)
        local.mkdir()
        with self.peers(local, mounted) as (locals_, remotes):
            return special.run(self.pair.kernel, locals_, remotes)

    def race(self, _):
        notes = []
        for job in self.options.job:
            disk, mounted = self.folder(f"race-{job}")
            if job == "appended" and self.avoids:
                # Else it writes through what programs have closed, where the end was before the lease was broken.
                self.again(",closetimeo=0")
            results = self.pair.both_json(
                lambda i, job=job, mounted=mounted: [
                    PYTHON, "-B", DRIVERS / "race.py", mounted, "--who", "ab"[i], "--job", job,
                    "--seconds", self.options.seconds, *self.race_avoids(job)], self.timeout_s)
            self.again()
            listings = [sorted(self.pair.exec(i, "ls", "-A", mounted)[1].splitlines()) for i in (0, 1)]
            expected = expected_errors(job, self.posix, since_72=self.pair.kernel == KERNELS["7.2"])
            notes.append(f"{job}: " + judge(job, [r["counts"] for r in results], disk, listings, expected))
        return "; ".join(notes)

    def race_avoids(self, job):
        """How a job keeps clear of what clients do wrong by themselves, most from 6.12 on; see README.md."""
        words = [] if self.options.known else ["--forget"]
        if self.avoids and self.mode != "none":
            # They send late what they have written without a lease, even when they give up a lock.
            words += ["--sync", "--line", PAGE]
            # With one program each, none sends what another one of the same client has written, through a file of its
            # own that does not hold the lock.
            words += ["--workers", 1] if job == "records" else []
        return words

    def fio(self, _):
        notes = []
        for name, settings in FIO_JOBS.items():
            _, mounted = self.folder(f"fio-{name}")
            argv = ["fio", f"--directory={mounted}", "--rw=randwrite", "--size=8m", "--verify=crc32c",
                    "--verify_fatal=1", "--thread", "--time_based=0", "--output-format=json", *settings]
            for stage in ([], ["--verify_only=1"]):
                results = self.pair.both(lambda i, stage=stage: [
                    *argv, *stage, f"--name=job{i}", f"--randseed={self.options.seed + i}"], 300)
                for status, out, err in results:
                    if status != 0 or '"error" : 0' not in out:
                        raise Failed(f"fio {name} {stage}: status {status}: {(out + err)[-400:]}")
                self.again()
            notes.append(name)
        return "written and verified from a new mount: " + ", ".join(notes)

    def stressors(self, _):
        _, mounted = self.folder("stress-ng")
        words = [word for name in STRESSORS for word in (f"--{name}", "1")]
        results = self.pair.both(
            lambda i: ["sh", "-c", 'mkdir -p "$1" && cd "$1" && shift && exec "$@"', "stress-ng", f"{mounted}/{i}",
                       "stress-ng", "--verify", "--temp-path", f"{mounted}/{i}", "--timeout",
                       f"{int(self.options.seconds)}s", "--metrics-brief", "--fallocate-bytes", "4m",
                       "--copy-file-bytes", "128m", "--seek-size", "4m", "--mmap-bytes", "4m", "--mmap-file",
                       "--dentries", "64", *words], self.timeout_s + 120)
        for status, out, err in results:
            if status != 0:
                lines = (out + err).splitlines()
                bad = [line for line in lines if "fail" in line or "error" in line] or lines[-3:]
                raise Failed(f"stress-ng: status {status}: " + " | ".join(bad[:6]))
        return "no failure by " + " ".join(STRESSORS)

    def run(self, part):
        return (self.stressors if part == "stress-ng" else getattr(self, part))(None)


class Peers:
    """Local and remote steppers, as a context."""

    def __init__(self, bench, local, mounted):
        self.bench, self.local, self.mounted = bench, local, mounted

    def __enter__(self):
        bench, driver = self.bench, DRIVERS / "stepper.py"
        self.locals = [Peer.local(driver, self.local) for _ in (0, 1)]
        self.remotes, self.running = [], []
        with listener_in(bench.lab.name, BRIDGE_ADDRESS) as listener:
            port = listener.getsockname()[1]
            for i in (0, 1):
                self.running.append(bench.pair.pool.submit(
                    bench.pair.exec, i, PYTHON, "-B", driver, self.mounted, BRIDGE_ADDRESS, port,
                    timeout_s=bench.timeout_s + 60))
                self.remotes.append(Peer.connected(listener))
        return self.locals, self.remotes

    def __exit__(self, *_):
        for peer in self.locals + self.remotes:
            peer.close()
        for running in self.running:
            running.result()


class Captured:
    """What one part has on the network, as a context: a file that stays when the part has failed."""

    def __init__(self, lab, folder, name):
        self.lab, self.file, self.failed = lab, folder and folder / f"{name}.pcap", True

    def __enter__(self):
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.process = self.lab.start("tcpdump", "-i", "br0", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-w", self.file,
                                          "tcp port 445", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.process.stderr.readline()  # "listening on": from now on it misses nothing
        return self

    def __exit__(self, *_):
        if self.file:
            self.process.terminate()
            self.process.wait()
            self.process.stderr.close()
            self.lab.in_background.remove(self.process)
            if not self.failed:
                self.file.unlink(missing_ok=True)


def manifest(root):
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def same_trees(local, disk):
    wanted, found = manifest(local), manifest(disk)
    if wanted != found:
        names = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
        raise Failed(f"at the end the server's folder differs from the local one: {names[:8]}")
