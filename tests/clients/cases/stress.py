# SPDX-License-Identifier: Apache-2.0
"""A short share of `../stress`: two guests on the same files."""

import types

from harness.bench import KERNELS, MODES, Bench
from harness.pair import Pair
from harness.races import JOBS
from harness.report import Case

PACKAGES = []
# kernel -> mode -> parts: each part with each kernel that does not do it wrong by itself, and each mode.
CHOSEN = {
    "6.1": {"posix": ("model", "twin"), "strict": ("twin", "race"), "none": ("model", "twin")},
    "6.12": {"posix": ("twin", "race", "special"), "strict": ("model", "twin"), "none": ("twin",)},
}
# In the default run: what does the same steps each time, once. What races is for an idle machine.
ALWAYS = {("6.12", "posix", "twin"), ("6.12", "posix", "special"), ("6.12", "strict", "model")}
SECONDS = 2


def prepare(lab):
    lab.tool("kernel-client", "install", *(KERNELS[version] for version in CHOSEN), timeout_s=900)


def pair_of(lab, version):
    """The two guests with that kernel; of other kernels none stay."""
    pairs = lab.__dict__.setdefault("pairs", {})
    if version not in pairs:
        for other in list(pairs):
            pairs.pop(other).down()
        pairs[version] = Pair(lab, KERNELS[version])
        pairs[version].up()
    return pairs[version]


def case(version, mode, part):
    def run(lab):
        pair = pair_of(lab, version)
        bench = Bench(lab, types.SimpleNamespace(seconds=SECONDS, seed=1, job=JOBS, known=False), pair, mode)
        try:
            pair.mount(bench.server, MODES[mode])
            note = bench.run(part)
            pair.unmount()
            return note
        except BaseException:  # whatever hangs in a guest must not keep the next case from its turn
            lab.pairs.pop(version).down()
            raise
    return run


def cases():
    for version, modes in CHOSEN.items():
        for mode, parts in modes.items():
            for part in parts:
                yield Case(f"stress {version}", f"{mode} {part}", case(version, mode, part),
                           (version, mode, part) not in ALWAYS)
