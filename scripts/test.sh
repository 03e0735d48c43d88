#!/usr/bin/env bash
# Everything that must hold, in one command: installs what is missing, builds all of the release preset and the parts that
# sanitizers can watch (preset asan), runs all their tests. Ends with ctest's summary; exit 0 only when every test passed.
#
# Asks nothing; runs as root or where sudo needs no password. About 25 minutes on two cores from nothing; ccache makes the
# next run short. CDI_JOBS=N sets the number of parallel jobs (the number of processors).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=${CDI_JOBS:-$(nproc)}
# Objects of the same source are shared between clones and presets' rebuilds, wherever the clone lies.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:check_initialization_order=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

step "installing what is missing"
./scripts/install.sh

build() {
  step "building the preset $1"
  cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
  ninja -C "build/$1" -j "$jobs" --quiet
}
mkdir -p build
build release
build asan

# The asan preset first, so that the last lines are the summary of the whole product; either one's failure fails the script.
failed=0
step "testing the preset asan"
ctest --test-dir build/asan --output-on-failure -j "$jobs" -LE house || failed=1
step "testing the preset release"
ctest --test-dir build/release --output-on-failure -j "$jobs" || failed=1
if ((failed)); then echo "FAILED: see the failed tests of both presets above" >&2; fi
exit "$failed"
