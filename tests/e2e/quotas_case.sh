# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Quotas of a file system that keeps them: smbcquotas lists and sets them, and they hold for what users write. Many
# machines' kernels know no quotas; Debian's user-mode Linux does, so that server and client run in a guest of it.
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "the lab's guests are for root"
command -v smbcquotas >/dev/null || skip "no smbcquotas (smbclient)"
export HOLDFAST_LAB_NAME=hfquota$$
lab=$root/tests/lab
end_lab() {
  "$lab/kernel-client" down --all >/dev/null 2>&1
  "$lab/network" down >/dev/null 2>&1
}
trap end_lab EXIT
"$lab/kernel-client" install bookworm
"$lab/network" up
# /tmp is a guest's own: it sees the programs where they are, or where they are copied to.
mkdir "$WORK/bin"
cp "$holdfast" "$holdfastd" "$WORK/bin/"
"$lab/kernel-client" up -n quota -k bookworm -w "$WORK/bin"
"$lab/kernel-client" exec -n quota -t 180 -- \
  env root="$root" HOLDFAST_BIN_DIR="$WORK/bin" bash "$root/tests/e2e/drivers/quotas.sh"
