# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `./dev test`: the rings. Each ring_NAME sets PASSED, FAILED, SKIPPED, or returns 2 with a reason in ABSENT when
# its parts are not in the tree.
. "$root/tools/dev/fuzz.sh"

all_rings=(unit sim fuzz clients conformance e2e)
# Run when they are asked for by name only.
more_rings=(failover)

# built LOG PRESET [TARGET...]: builds, or counts the failure to do so as one failed test.
built() {
  local log=$1
  shift
  if ! build_preset "$@" >"$log" 2>&1; then
    tail -n 60 "$log"
    say "the build of preset $1 failed; whole log: $log"
    PASSED=0 FAILED=1 SKIPPED=0
    return 1
  fi
}

# The unit tests, under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer.
ring_unit() {
  local report=$logs/unit.xml status=0
  need build test
  built "$logs/unit-build.log" asan || return 0
  rm -f "$report"
  (cd "$root" && ctest --preset asan -j "$(nproc)" --no-tests=error --output-junit "$report" --quiet \
    --output-log "$logs/unit.log") || status=$?
  if ! [ -s "$report" ]; then
    tail -n 40 "$logs/unit.log"
    PASSED=0 FAILED=1 SKIPPED=0
    return 0
  fi
  read -r PASSED FAILED SKIPPED < <(python3 "$root/tools/dev/junit.py" "$report")
  if [ "$FAILED" -gt 0 ]; then python3 "$root/tools/dev/junit.py" --failures "$report"; fi
  if [ "$status" -ne 0 ] && [ "$FAILED" -eq 0 ]; then FAILED=1; fi
}

# The simulator: HOLDFAST_SIM_SEEDS seeds, a share of them twice.
ring_sim() {
  if ! [ -f "$root/sim/CMakeLists.txt" ]; then ABSENT="no simulator (sim/CMakeLists.txt)" && return 2; fi
  need build test
  built "$logs/sim-build.log" release holdfast-sim || return 0
  tally_run "$logs/sim.log" "$root/build/release/bin/holdfast-sim" \
    --seeds "${HOLDFAST_SIM_SEEDS:-300}" --check-determinism
}

# Every fuzzer for HOLDFAST_FUZZ_SECONDS.
ring_fuzz() {
  if ! find "$root/src" "$root/fuzz" -name '*_fuzz.cc' -print -quit 2>/dev/null | grep -q .; then
    ABSENT="no fuzzers (*_fuzz.cc)" && return 2
  fi
  need build test
  built "$logs/fuzz-build.log" asan || return 0
  fuzz_all "${HOLDFAST_FUZZ_SECONDS:-8}"
}

# ring_by_runner NAME: rings whose runner is a program of its own, tests/NAME/run.
ring_by_runner() {
  local name=$1
  if ! [ -x "$root/tests/$name/run" ]; then ABSENT="no tests/$name/run" && return 2; fi
  need build test
  built "$logs/$name-build.log" release || return 0
  tally_run "$logs/$name.log" "$root/tests/$name/run"
}
ring_clients() { ring_by_runner clients; }

# smbtorture; the server that it runs against is holdfastd with its control codes for tests in front.
ring_conformance() {
  if ! [ -x "$root/tests/conformance/run" ]; then ABSENT="no tests/conformance/run" && return 2; fi
  need build test
  built "$logs/conformance-build.log" release holdfastd holdfast holdfastd-test || return 0
  tally_run "$logs/conformance.log" "$root/tests/conformance/run"
}

ring_e2e() {
  need e2e package
  ring_by_runner e2e
}

# Kernel clients while the server is killed, its node lost, a proxy between, its program replaced: the short forms.
ring_failover() {
  local script passed=0 failed=0 skipped=0
  need build failover
  built "$logs/failover-build.log" release holdfastd holdfast || return 0
  for script in kill node proxy upgrade; do
    tally_run "$logs/failover-$script.log" "$root/tests/failover/$script" --short
    passed=$((passed + PASSED)) failed=$((failed + FAILED)) skipped=$((skipped + SKIPPED))
  done
  PASSED=$passed FAILED=$failed SKIPPED=$skipped
}

# run_rings [RING...]: without a name, all; one that does not exist yet is then skipped, but fails when asked for.
run_rings() {
  local rings=("$@") ring rows=() passed=0 failed=0 skipped=0 started took
  if [ "${#rings[@]}" -eq 0 ]; then rings=("${all_rings[@]}"); fi
  for ring in "${rings[@]}"; do
    [[ " ${all_rings[*]} ${more_rings[*]} " == *" $ring "* ]] || die "no ring '$ring' (${all_rings[*]} ${more_rings[*]})"
  done
  logs=$root/build/test-logs
  mkdir -p "$logs"
  for ring in "${rings[@]}"; do
    say "ring $ring"
    started=$SECONDS
    PASSED=0 FAILED=0 SKIPPED=0 ABSENT=
    if ! "ring_$ring"; then
      if [ -z "$ABSENT" ]; then
        FAILED=$((FAILED + 1))
      elif [ $# -eq 0 ]; then
        SKIPPED=1
      else
        FAILED=1
      fi
    fi
    took=$((SECONDS - started))
    rows+=("$(printf '%-12s %7d %7d %8d %8d  %s' "$ring" "$PASSED" "$FAILED" "$SKIPPED" "$took" \
      "${ABSENT:+not run: $ABSENT}")")
    passed=$((passed + PASSED)) failed=$((failed + FAILED)) skipped=$((skipped + SKIPPED))
  done
  printf '\n%-12s %7s %7s %8s %8s\n' ring passed failed skipped seconds
  printf '%s\n' "${rows[@]}"
  printf 'everything took %d s; logs: %s\n\n' "$SECONDS" "$logs"
  closing_line "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
