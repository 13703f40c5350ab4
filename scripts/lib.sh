# Shared by the commands: words on the screen, steps with progress, and running as somebody PostgreSQL accepts.
# Kept to what bash 3.2 knows, which is what macOS ships.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}"
LOGS="$CARGO_TARGET_DIR/logs"
# Tools that are built once for every checkout of this user.
TOOLS="${PARTERRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/parterre/tools}"
export PATH="$TOOLS/bin:$HOME/.cargo/bin:$PATH"

say() { printf '%s\n' "$*"; }

# One sentence to the person, and out.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The newest line of a log, short enough for one line of a terminal.
newest_line() { tail -n 1 "$1" 2>/dev/null | tr -d '\r' | sed 's/^ *//' | cut -c 1-90; }

# Says what is going on once it takes two seconds, and then every ten; until it is told to stop, or nobody is there to tell it.
narrate() {
  local words=$1 log=$2 waited=0 pause=2 nap=""
  trap 'kill "$nap" 2>/dev/null; exit' TERM INT
  while kill -0 "$$" 2>/dev/null; do
    sleep "$pause" >/dev/null 2>&1 &
    nap=$!
    wait "$nap"
    waited=$((waited + pause))
    if [ "$waited" -le 2 ]; then say "$words ..."; else say "  ... $waited s: $(newest_line "$log")"; fi
    pause=10
    [ "$waited" -gt 2 ] || pause=8
  done
}

# What cargo, rustup, npm and apt say where there is no network.
UNREACHABLE='could not resolve|failed to lookup address|temporary failure|EAI_AGAIN|E(NOTFOUND|NETUNREACH|HOSTUNREACH|CONNREFUSED|CONNRESET|TIMEDOUT)'
UNREACHABLE="$UNREACHABLE|network is unreachable|spurious network error|failed to download|component download failed|download of .* failed"
UNREACHABLE="$UNREACHABLE|(could not|failed to|error trying to) connect|connection (refused|reset|timed out)|time-?out was reached|error sending request"
UNREACHABLE="$UNREACHABLE|unable to fetch some"
# What apt says where its lists do not have a package: most often as they could not be read without a network.
UNLISTED='unable to locate package|has no installation candidate'

# Whether the log tells of the network. Lines of source code, which a compiler shows with their numbers, tell of anything.
tells_of_network() { sed '/^ *[0-9]* *|/d' "$1" | grep -iE "$UNREACHABLE" >/dev/null; }

# step WORDS COMMAND...: runs the command with its output in a log; where it fails, shows the end of it.
step() {
  local words=$1 log narrator began status=0
  shift
  # What runs beside is the shell's that began it: a subshell that ends takes nothing with it.
  [ "$BASH_SUBSHELL" -eq 0 ] || BESIDE=""
  log=$(log_of "$words") || exit 1
  began=$SECONDS
  # Whoever is told to end before it has set its own traps runs those that it was born with, and would end what runs beside.
  trap - EXIT
  narrate "$words" "$log" &
  narrator=$!
  # Ctrl-C ends the command and this shell, but nothing that runs in the background.
  trap 'kill "$narrator" 2>/dev/null || true; end_beside' EXIT
  if [ "$1" = finish_beside ]; then "$@" || status=$?; else "$@" >"$log" 2>&1 </dev/null || status=$?; fi
  trap end_beside EXIT
  kill "$narrator" 2>/dev/null || true
  wait "$narrator" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    if tells_of_network "$log"; then
      fail "$words: the network cannot be reached, and this has to be fetched once. Connect and try again (what was tried is in $log)."
    fi
    if grep -iE "$UNLISTED" "$log" >/dev/null; then
      fail "$words: the package lists of this machine do not have it, as where the network could not be reached for them. Connect and try again (what was tried is in $log)."
    fi
    tail -n 30 "$log" >&2
    fail "$words: this did not work (the whole story is in $log)."
  fi
  if [ $((SECONDS - began)) -ge 2 ]; then say "$words: done in $((SECONDS - began)) s"; fi
  return 0
}

# The log of a step, whose folder is made.
log_of() {
  mkdir -p "$LOGS" 2>/dev/null && [ -w "$LOGS" ] || fail "The folder $CARGO_TARGET_DIR cannot be written: choose another by CARGO_TARGET_DIR."
  printf '%s/%s.log' "$LOGS" "$(printf '%s' "$1" | tr -c 'A-Za-z0-9\n' '-' | cut -c 1-60)"
}

# begin_beside WORDS COMMAND...: starts the command beside what follows, its output in the log of a step of these words:
# `step WORDS finish_beside` waits for it. There is one at a time, and it ends with this shell.
BESIDE="" BESIDE_LOG=""
begin_beside() {
  BESIDE_LOG=$(log_of "$1") || exit 1
  shift
  # Nothing of an earlier one may be taken for this one's.
  rm -f "$BESIDE_LOG.status"
  : >"$BESIDE_LOG"
  node scripts/beside.mjs "$BESIDE_LOG" "$@" </dev/null &
  BESIDE=$!
  trap end_beside EXIT
}

# What the shell itself says of it is not relied upon: where it ends just now, bash 5.2 may have lost it.
finish_beside() {
  wait "$BESIDE" 2>/dev/null || true
  BESIDE=""
  if [ ! -s "$BESIDE_LOG.status" ]; then
    say "It was ended before it had begun, or by somebody." >>"$BESIDE_LOG"
    return 1
  fi
  return "$(cat "$BESIDE_LOG.status")"
}

end_beside() { [ -z "$BESIDE" ] || kill "$BESIDE" 2>/dev/null || true; }

has() { command -v "$1" >/dev/null 2>&1; }

# PostgreSQL refuses to run as root. There, programs run in a namespace in which root's number reads 1000:
# files stay root's, and `exec` keeps the process, so that signals reach the program itself.
# Sets AS_USER to the words to put before a command; empty for an ordinary user.
AS_USER=()
as_user() {
  [ "$(id -u)" -eq 0 ] || return 0
  AS_USER=(unshare -U --map-user=1000 --map-group=1000 --)
  "${AS_USER[@]}" true 2>/dev/null ||
    fail "PostgreSQL does not run as root, and this machine lets root take no other number: start this as an ordinary user."
}
