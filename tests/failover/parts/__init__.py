# SPDX-License-Identifier: Apache-2.0
"""Parts of kill, node, proxy, upgrade. The harness of tests/clients is theirs too."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients"))
