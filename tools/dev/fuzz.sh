# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Running libFuzzer binaries of preset asan. Seeds lie in fuzz/corpus/NAME (committed), what a run adds in
# build/fuzz/corpus/NAME, what it finds in build/fuzz/found/NAME-*. The build lists its fuzzers in fuzzers.txt.

# fuzzers: names of all, one a line.
fuzzers() { sort -u "$root/build/asan/fuzzers.txt" 2>/dev/null; }

# fuzz_one NAME SECONDS: output on stdout; the status is the fuzzer's.
fuzz_one() {
  local name=$1 seconds=$2 work=$root/build/fuzz
  local options=("-max_total_time=$seconds" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1
    "-artifact_prefix=$work/found/$name-")
  local corpora=("$work/corpus/$name")
  mkdir -p "$work/corpus/$name" "$work/found"
  [ -d "$root/fuzz/corpus/$name" ] && corpora+=("$root/fuzz/corpus/$name")
  [ -f "$root/fuzz/dict/$name.dict" ] && options+=("-dict=$root/fuzz/dict/$name.dict")
  "$root/build/asan/bin/$name" "${options[@]}" "${corpora[@]}" 2>&1
}

# fuzz_all SECONDS: every fuzzer, as many at once as there are cores; sets PASSED and FAILED.
fuzz_all() {
  local seconds=$1 names name
  mapfile -t names < <(fuzzers)
  PASSED=0 FAILED=0 SKIPPED=0
  if [ "${#names[@]}" -eq 0 ]; then
    say "the fuzz build lists no fuzzer"
    FAILED=1
    return
  fi
  rm -rf "$logs/fuzz"
  mkdir -p "$logs/fuzz"
  export -f fuzz_one
  # shellcheck disable=SC2016  # expanded by the inner shell
  printf '%s\n' "${names[@]}" | root=$root seconds=$seconds logs=$logs xargs -P "$(nproc)" -I NAME bash -c '
    fuzz_one "$1" "$seconds" >"$logs/fuzz/$1.log"
    echo $? >"$logs/fuzz/$1.status"' fuzz NAME
  for name in "${names[@]}"; do
    if [ "$(cat "$logs/fuzz/$name.status" 2>/dev/null)" = 0 ]; then
      PASSED=$((PASSED + 1))
      printf 'ok      %-28s %s runs\n' "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/fuzz/$name.log")"
    else
      FAILED=$((FAILED + 1))
      printf 'FAILED  %s\n' "$name"
      grep -v '^#[0-9]*.*\(NEW\|REDUCE\|pulse\)' "$logs/fuzz/$name.log" | tail -n 60
    fi
  done
}

# fuzz_command [NAME [SECONDS]]
fuzz_command() {
  need build test
  if [ $# -eq 0 ]; then
    build_preset asan
    fuzzers
    return
  fi
  local name=$1 seconds=${2:-60}
  build_preset asan "$name"
  fuzz_one "$name" "$seconds"
}
