#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many clients with persistent handles come through kill -9 of the server, again and again (tests/failover/load).
. "$root/tests/e2e/lib.sh"
"$root/tests/failover/load" --short --dir "$WORK"
