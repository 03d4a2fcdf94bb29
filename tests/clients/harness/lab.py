# SPDX-License-Identifier: Apache-2.0
"""The surroundings of a run: network, servers under test, kernel guests; all gone at the end."""

import os
import pathlib
import secrets
import shutil
import signal
import subprocess

LAB_DIR = pathlib.Path(__file__).resolve().parents[2] / "lab"

# One server per policy, each on an address of its own, all with the same user.
# Options are those of ../../lab/server (None: an option without a value).
POLICIES = {
    "default": ("10.77.0.1", {}),
    "plain": ("10.77.0.2", {"signing": "off", "encrypt": "off", "min-dialect": "2.0.2"}),
    "signed": ("10.77.0.3", {"signing": "required", "encrypt": "off", "min-dialect": "2.0.2"}),
    "sealed": ("10.77.0.4", {"encrypt": "required"}),
    "readonly": ("10.77.0.5", {"read-only": None}),
}
SHARE = "data"
# Room for the file over 4 GiB on two servers, and for its source; a sparse file, so not taken at once.
DISK_BYTES = 24 << 30
USER = "hflab"


class Failed(Exception):
    """A check did not hold, or a client did not do what it was asked."""


def run(argv, timeout_s=120, input_text=None, env=None, cwd=None):
    """Runs argv to its end: (exit status, standard output, standard error), decoded as UTF-8.

    It gets a session of its own; at the timeout the whole session ends and Failed is raised.
    """
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE if input_text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd, start_new_session=True)
    data = input_text.encode() if input_text is not None else None
    try:
        out, err = process.communicate(data, timeout=timeout_s)
    except BaseException as error:
        end_session(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise Failed(f"{pathlib.Path(str(argv[0])).name}: no end after {timeout_s} s") from None
        raise
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def end_session(process):
    """Ends a process started with start_new_session, and all that it started, and reaps it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def check(argv, **options):
    """Like run, but a status other than 0 raises Failed with the end of what was said."""
    status, out, err = run(argv, **options)
    if status != 0:
        said = " ".join((out + " " + err).split())[-300:]
        raise Failed(f"{pathlib.Path(str(argv[0])).name} exited with {status}: {said}")
    return out


class Server:
    """A server under test: where clients find it, and its folder on this machine."""

    def __init__(self, policy, address, folder):
        self.policy, self.address, self.folder = policy, address, folder
        self.share = SHARE


class Lab:
    """Use as a context; on leaving it every server and guest is ended and the network removed."""

    def __init__(self, kind):
        self.kind = kind
        self.name = os.environ.get("HOLDFAST_LAB_NAME", "hflab")
        state = os.environ.get("HOLDFAST_LAB_STATE", "/var/tmp/holdfast-lab")
        self.state = pathlib.Path(os.path.realpath(state))
        self.cache = self.state / "cache"
        self.work = self.state / self.name / "clients"
        self.disk = self.state / self.name / "disk"
        self.user = USER
        self.password = secrets.token_urlsafe(12)
        self.servers, self.guests, self.manifests, self.in_background = {}, {}, {}, []

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self._mount_disk()
        self.password_file = self._secret("password", self.password + "\n")
        # For programs that take their credentials from a file, so that they are in no argument.
        self.auth_file = self._secret(
            "auth", f"username = {self.user}\npassword = {self.password}\n")
        self.mount_auth_file = self._secret(
            "auth.mount", f"username={self.user}\npassword={self.password}\n")
        self.tool("network", "up")

    def __exit__(self, *_):
        for process in self.in_background:
            end_session(process)
        problems = []
        for argv in (("kernel-client", "down", "--all"), ("server", "stop", "--all"),
                     ("network", "down")):
            status, out, err = run([LAB_DIR / argv[0], *argv[1:]], timeout_s=120)
            if status != 0:
                problems.append(f"{' '.join(argv)}: {(out + err).strip()}")
        shutil.rmtree(self.work, ignore_errors=True)
        status, _, err = self._unmount_disk()
        if status != 0:
            problems.append(f"umount {self.disk}: {err.strip()}")
        self.problems = problems
        return False

    def _mount_disk(self):
        """A file system of the run's own for the servers' folders and the trees to copy.

        Thousands of files are made and removed there; where the machine's own disk is mounted with
        "discard" each removal would take milliseconds, and all of them many minutes.
        """
        self._unmount_disk()
        self.disk.mkdir(parents=True, exist_ok=True)
        image = self.disk.with_suffix(".img")
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        check(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "nodiscard", image])
        check(["mount", "-o", "loop,nodiscard,noatime,user_xattr,acl", image, self.disk])

    def _unmount_disk(self):
        result = (0, "", "")
        if os.path.ismount(self.disk):
            result = run(["umount", self.disk])
            if result[0] != 0:  # whoever is still in it keeps it, but nobody finds it any more
                run(["umount", "-l", self.disk])
        self.disk.with_suffix(".img").unlink(missing_ok=True)
        return result

    def _secret(self, name, text):
        path = self.work / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def tool(self, name, *args, timeout_s=120):
        return check([LAB_DIR / name, *map(str, args)], timeout_s=timeout_s)

    def argv(self, *argv):
        """The command line that runs argv in the lab's network."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *map(str, argv)]

    def run(self, *argv, **options):
        return run(self.argv(*argv), **options)

    def check(self, *argv, **options):
        return check(self.argv(*argv), **options)

    def start(self, *argv, **options):
        """A process in the lab's network that lives beside the test; ended with the lab."""
        process = subprocess.Popen(self.argv(*argv), start_new_session=True, **options)
        self.in_background.append(process)
        return process

    def server(self, policy):
        """The server of that policy, started when it is first asked for."""
        if policy not in self.servers:
            address, settings = POLICIES[policy]
            folder = self.disk / policy
            shutil.rmtree(folder, ignore_errors=True)
            options = [word for key, value in settings.items()
                       for word in ([f"--{key}", value] if value else [f"--{key}"])]
            self.tool("server", "start", policy, "--server", self.kind, "--address", address,
                      "--share", SHARE, "--dir", folder, "--user", self.user,
                      "--password-file", self.password_file, *options)
            self.servers[policy] = Server(policy, address, folder)
        return self.servers[policy]

    def guest(self, kernel):
        """The name of a running guest with that kernel, booted when it is first asked for."""
        if kernel not in self.guests:
            # The work folder is writable in it: that is where downloaded files go.
            self.tool("kernel-client", "up", "-n", kernel, "-k", kernel, "-w", self.work)
            self.guests[kernel] = kernel
        return kernel

    def drop_guest(self, kernel):
        """Ends a guest at once; the next one who asks gets a new one."""
        self.guests.pop(kernel, None)
        self.tool("kernel-client", "crash", "-n", kernel)

    def in_guest(self, kernel, *argv, timeout_s=120, input_text=None):
        """Runs argv in a guest: (exit status, standard output, standard error)."""
        stdin = [] if input_text is None else ["-i"]
        return run([LAB_DIR / "kernel-client", "exec", "-n", self.guest(kernel), "-t",
                    str(timeout_s), *stdin, "--", *map(str, argv)],
                   timeout_s=timeout_s + 15, input_text=input_text)

    def server_log(self, policy):
        _, out, _ = run([LAB_DIR / "server", "log", policy])
        return out
