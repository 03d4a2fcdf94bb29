# SPDX-License-Identifier: Apache-2.0
"""The cases, one file per client or subject; each has a function cases() and names its packages."""
