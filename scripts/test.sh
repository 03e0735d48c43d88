#!/usr/bin/env bash
# Everything that must hold, in one command: installs what is missing, builds all of the release preset and what sanitizers can
# watch (preset asan), runs all their tests. Ends with ctest's summary; exit status 0 only when every test passed.
#
# Asks nothing; runs as root or where sudo needs no password. The first time takes most of half an hour on two cores; ccache
# makes the next ones short.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:check_initialization_order=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

step() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }
# run_tests PRESET ARGUMENTS...: each test's output only when it failed.
run_tests() {
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure --parallel "$(nproc)" --no-tests=error "$@"
}

step "installing what is missing"
./scripts/install.sh
step "building the preset release"
build release all
step "building the preset asan"
build asan all

# The sanitizers' first, so that the last lines are the summary of the product as it ships; a failure of either fails the script.
# The checks of the source tree (label house) are the same in both.
status=0
step "testing the preset asan"
run_tests asan --label-exclude house || status=1
((status == 0)) || say "FAILED: tests of the preset asan, see above" >&2
step "testing the preset release"
run_tests release || status=1
exit "$status"
