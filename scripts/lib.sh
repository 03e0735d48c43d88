# Shared by the scripts: build settings, and processes that are started, waited for and ended by their own id.
# Source it; it changes to the project's root.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# build PRESET TARGETS...: configures once, builds quietly, shows the compiler's words only when it fails.
build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$(nproc)" --target "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    fail "the build of preset $preset"
  fi
  rm -f "$log"
}

PIDS=()
# start NAME COMMAND...: runs it in the background with its output in $WORK/NAME.out and .err; its process id is in $STARTED.
start() {
  local name=$1
  shift
  : >"$WORK/$name.out"  # here, not only in the child: first_line must not meet the line of a run before
  "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" &
  STARTED=$!
  PIDS+=("$STARTED")
}

# first_line NAME: waits for the first line of $WORK/NAME.out (20 s) and prints it.
first_line() {
  local i
  for ((i = 0; i < 200; ++i)); do
    if [[ -s $WORK/$1.out ]]; then
      head -n 1 "$WORK/$1.out"
      return
    fi
    sleep 0.1
  done
  tail -n 5 "$WORK/$1.err" >&2
  fail "$1 did not start"
}

# end_pid PID: asks it to end, waits, insists after 15 s. Only ever given ids that start() made.
end_pid() {
  local i
  kill "$1" 2>/dev/null || return 0
  for ((i = 0; i < 150; ++i)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

end_all() {
  local pid
  for pid in "${PIDS[@]}"; do end_pid "$pid"; done
  PIDS=()
}
