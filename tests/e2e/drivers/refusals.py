#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a stranger learns from a refused log-on: a wrong password, an empty one and an unknown user get
STATUS_LOGON_FAILURE in the same octets (but for the session's id), after a similar time."""

import statistics
import sys
import tempfile
import time

import server as servers
import smb

ROUNDS = 100
# Medians of so many differ by microseconds. A table that is searched, or a password hashed only for those who exist,
# would show as much more; the bound leaves room for a busy machine.
MAX_DIFFERENCE_MS = 1.0


def refuse(port, user, password):
    """The refusal's octets without the session's id, the challenge's length, and milliseconds."""
    client = smb.Client(port)
    client.negotiate()
    challenge = client.challenge()
    key = smb.nt_hash(password)
    started = time.perf_counter()
    status, answer = client.authenticate(challenge, user, key)
    took = (time.perf_counter() - started) * 1000
    client.close()
    if status != smb.LOGON_FAILURE:
        raise RuntimeError(f"status {status:#010x} for {user}")
    if answer[40:48] != client.session_id.to_bytes(8, "little"):
        raise RuntimeError("the answer has another session's id")
    return (answer[:40] + bytes(8) + answer[48:], len(challenge)), took


def main():
    wrong = {"a wrong password": (servers.USER, "correct horse 2"),
             "an empty password": (servers.USER, ""),
             "an unknown user": ("bert", "correct horse 1")}
    with tempfile.TemporaryDirectory(prefix="holdfast-refusals.") as folder:
        with servers.served(sys.argv[1], folder, ["--log-level", "error"]) as server:
            smb.Client(server.port).log_on(servers.USER, smb.nt_hash(servers.PASSWORD)).close()
            forms, times = set(), {what: [] for what in wrong}
            for _ in range(ROUNDS):
                for what, (user, password) in wrong.items():
                    form, took = refuse(server.port, user, password)
                    forms.add(form)
                    times[what].append(took)
    medians = {what: statistics.median(list_) for what, list_ in times.items()}
    print(", ".join(f"{what}: {ms:.3f} ms" for what, ms in medians.items()))
    for form, _ in forms:
        print(form.hex())
    if len(forms) != 1:
        sys.exit("the refusals differ")
    if max(medians.values()) - min(medians.values()) > MAX_DIFFERENCE_MS:
        sys.exit("the time tells them apart")


if __name__ == "__main__":
    main()
