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

# Exit status of the command.
STATUS=0

# each FUNCTION HOST...: calls FUNCTION with every host at the same time. When it fails for one the others still
# finish, and so does the command, which then ends with status 1.
each() {
  local function=$1 host pid pids=()
  shift
  for host; do
    "$function" "$host" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || STATUS=1; done
}

# A background job of a script does not hear Ctrl-C; it is told here.
stop_jobs() {
  jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true
  exit 130
}

milliseconds() { echo "$((${EPOCHREALTIME/./} / 1000))"; }
