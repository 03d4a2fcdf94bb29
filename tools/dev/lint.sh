# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `./dev lint`: what can be said without running the code.

# tracked PATTERN...: files of the tree, new ones included, that exist.
tracked() {
  local file
  git -C "$root" ls-files -co --exclude-standard -z -- "$@" | while IFS= read -r -d '' file; do
    [ -f "$root/$file" ] && printf '%s\0' "$file"
  done
}

# scripts: the tree's bash and sh files, by name or by first line, NUL after each.
scripts() {
  local file first
  tracked | while IFS= read -r -d '' file; do
    case "$file" in
      *.sh) printf '%s\0' "$file" ;;
      *.*[a-z]) ;;
      *)
        IFS= read -r first <"$root/$file" 2>/dev/null || true
        case "$first" in '#!'*bash* | '#!'*/sh*) printf '%s\0' "$file" ;; esac
        ;;
    esac
  done
  printf '.ci/run\0'
}

lint_step() {
  local name=$1
  shift
  if "$@"; then
    printf 'ok      %s\n' "$name"
  else
    printf 'FAILED  %s\n' "$name"
    lint_failed=$((lint_failed + 1))
  fi
}

lint_format() {
  local unformatted
  # Each finding names its file first: `src/x.cc:1:2: error: ...`.
  unformatted=$(tracked '*.cc' '*.h' | (cd "$root" &&
    xargs -0 -r -n 100 clang-format-19 --dry-run -Werror --style=file 2>&1) |
    grep -oE '^[^ :]+:[0-9]+:[0-9]+: error' | cut -d: -f1 | sort | uniq -c)
  [ -z "$unformatted" ] || printf '%s\n' "$unformatted" |
    awk '{ printf "%s: %d places not formatted (./dev lint --fix)\n", $2, $1 }'
  [ -z "$unformatted" ]
}

lint_scripts() {
  scripts | sort -zu | (cd "$root" && xargs -0 -r shellcheck -x -S warning)
}

lint_tidy() {
  need build test
  build_preset dev
  tracked 'src/*.cc' 'cli/*.cc' 'sim/*.cc' | (cd "$root" && grep -zvE '_fuzz\.cc$' |
    xargs -0 -r -n 4 -P "$(nproc)" clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*')
}

lint() {
  local tidy=0 fix=0 argument
  for argument in "$@"; do
    case "$argument" in
      --tidy) tidy=1 ;;
      --fix) fix=1 ;;
      *) die "lint knows --fix and --tidy, not '$argument'" ;;
    esac
  done
  need lint
  lint_failed=0
  if [ "$fix" -eq 1 ]; then
    python3 "$root/tests/tree/tree.py" --add-license-line "$root"
    tracked '*.cc' '*.h' | (cd "$root" && xargs -0 -r -n 50 clang-format-19 -i --style=file)
  fi
  lint_step 'clang-format' lint_format
  lint_step 'rules of the tree (tests/tree)' python3 "$root/tests/tree/tree.py" "$root"
  lint_step 'those rules find planted faults' python3 "$root/tests/tree/tree_test.py"
  lint_step 'shellcheck' lint_scripts
  if [ "$tidy" -eq 1 ]; then lint_step 'clang-tidy' lint_tidy; fi
  [ "$lint_failed" -eq 0 ]
}
