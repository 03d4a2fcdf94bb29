# SPDX-License-Identifier: Apache-2.0
"""python3-impacket 0.10: an implementation of its own, used by smbmap and many scripts."""

from harness.driver import DriverClient

from .common import ops_case

PACKAGES = ["python3-impacket"]
DRIVER = __file__.rsplit("/", 2)[0] + "/drivers/impacket_driver.py"


def make(dialect):
    def client(lab, server):
        return DriverClient(lab, ["/usr/bin/python3", DRIVER], {
            "host": server.address, "share": server.share, "user": lab.user,
            "password": lab.password, "dialect": dialect})
    return client


def cases():
    for dialect in ("2.0.2", "2.1", "3.0"):
        yield ops_case("impacket", f"{dialect} plain", make(dialect), "plain", dialect, "plain")
        yield ops_case("impacket", f"{dialect} sign", make(dialect), "signed", dialect, "sign")
    yield ops_case("impacket", "3.0 encrypt", make("3.0"), "sealed", "3.0", "encrypt")
    # Begins with SMB1's multi-protocol negotiation.
    yield ops_case("impacket", "multi-protocol", make("any"), "default")
