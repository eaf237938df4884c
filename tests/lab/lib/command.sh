# What every command of the lab needs: messages, the lock, and work on many hosts at once.

say() { echo "lab: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# Waits until no other command changes the lab, and keeps others waiting until this one ends.
# Whatever outlives the command must close the lock's descriptor: `{LOCK}>&-`.
lock() {
  mkdir -p "$LAB_DIR"
  exec {LOCK}>"$LAB_DIR/lock"
  flock --nonblock "$LOCK" && return
  say "waiting for another command to finish with the lab"
  flock "$LOCK"
}

# each FUNCTION HOST...: calls FUNCTION with every host at the same time; fails if it failed for one.
each() {
  local function=$1 host pid pids=() failed=0
  shift
  for host; do
    "$function" "$host" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}

# A background job of a script does not hear Ctrl-C; it is told here.
stop_jobs() {
  jobs -p | xargs --no-run-if-empty kill 2>/dev/null
  exit 130
}

milliseconds() { echo "$((${EPOCHREALTIME/./} / 1000))"; }
