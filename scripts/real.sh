# Apache Cassandra and Redis under the data folder, for `./run --real`. What an earlier run left running is used again.
# shellcheck shell=bash

# start_real DATA: starts both and exports CQL_NODES and REDIS_URL.
start_real() {
  local data=$1 answer
  have_cassandra || fail "./run --real needs Apache Cassandra: install Java 17 and Maven, or start a cluster of your own and name it by CQL_NODES."
  have_redis || fail "./run --real needs Redis: install redis-server, or start one of your own and name it by REDIS_URL."
  say "Starting Apache Cassandra ..."
  answer=$(node "$CASSANDRA" start "$data/cassandra" --durable --heap 768) || fail "Apache Cassandra did not start."
  CQL_NODES=$(printf '%s' "$answer" | node -p 'JSON.parse(require("fs").readFileSync(0)).nodes.join(",")')
  start_redis "$data/redis"
  export CQL_NODES REDIS_URL
  say "Holds on Apache Cassandra at $CQL_NODES, the rest on Redis at $REDIS_URL."
}

redis_answers() { [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ]; }

start_redis() {
  local folder=$1 port tries=0
  mkdir -p "$folder"
  port=$(cat "$folder/port" 2>/dev/null || true)
  if [ -z "$port" ] || ! { redis_running "$folder" && redis_answers "$port"; }; then
    # A port of one's own: the usual one may be another's.
    until port=$((20000 + RANDOM % 10000)) && node scripts/port.mjs "$port" 2>/dev/null; do :; done
    printf '%s' "$port" >"$folder/port"
    redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save "" --appendonly no --daemonize yes \
      --pidfile "$folder/pid" --logfile "$folder/log" >/dev/null
    until redis_answers "$port"; do
      tries=$((tries + 1))
      [ "$tries" -lt 100 ] || fail "Redis did not start: $(newest_line "$folder/log")"
      sleep 0.1
    done
  fi
  REDIS_URL="redis://127.0.0.1:$port"
}

# Whether the process of the pid file is a Redis: its number may be another's after a crash.
redis_running() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  ps -o command= -p "$pid" 2>/dev/null | grep -q redis-server
}

stop_real() {
  local data=$1 waited=0
  say "Stopping Apache Cassandra and Redis ..."
  if redis_running "$data/redis"; then kill "$(cat "$data/redis/pid")" 2>/dev/null || true; fi
  # The next start must not take one for its own that is about to end.
  while redis_running "$data/redis" && [ "$waited" -lt 100 ]; do
    sleep 0.05
    waited=$((waited + 1))
  done
  node "$CASSANDRA" stop "$data/cassandra" || true
}

# run_real DATA COMMAND...: runs the server between both; Ctrl-C and a polite kill reach it, and then them.
run_real() {
  local data=$1 server status=0
  shift
  # Also where Ctrl-C comes, or something fails, before the server is there. (A `step` would set a trap of its own: what
  # start_real fetches, it fetches in subshells.)
  trap 'stop_real "$data"' EXIT
  start_real "$data"
  "$@" &
  server=$!
  trap 'kill -INT "$server" 2>/dev/null || true' INT
  trap 'kill -TERM "$server" 2>/dev/null || true' TERM HUP
  # A signal ends the wait, not yet the server.
  while kill -0 "$server" 2>/dev/null; do
    status=0
    wait "$server" || status=$?
  done
  trap - INT TERM HUP EXIT
  stop_real "$data"
  return "$status"
}
