# SPDX-License-Identifier: Apache-2.0
"""What the client tests share: the lab, the steps, the trees, the wire, the report."""
