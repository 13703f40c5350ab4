# What some Rust tests need beside Rust itself. Where it cannot be had, ./test says so in a line and leaves those tests out,
# so that they count as skipped. One that is missing here fails on such a machine: no test passes without having run.
# shellcheck shell=bash

# Filters of nextest, as wide as the names: a test that needs Redis has it in its name or in its module's.
NEED_CQL='package(parterre) & (binary(/cql/) | test(/stores::cql::tests|holds::cql::tests::cluster|on_a_cluster|segments_on_cql/)) - test(in_one_process)'
NEED_THREE_NODES='package(parterre) & test(/a_hot_block_is_linearizable|nodes_that_die/)'
NEED_REDIS='package(parterre) & (binary(/redis/) | test(/redis/)) - test(without_redis)'
NEED_REDIS_WITH_TLS='package(parterre) & test(redis_over_tls)'
NEED_REAL_PLANS='package(parterre-domain) & test(/a_real_arena|other_json_is_no_plan|every_field_of_the_plans_schema/)'

# The filter of the tests that cannot run here; set by leave_out_what_cannot_run.
LEFT_OUT='none()'

# leave_out FILTER SENTENCE
leave_out() {
  LEFT_OUT="$LEFT_OUT | ($1)"
  say "$2 Their tests count as skipped."
}

leave_out_what_cannot_run() {
  if ! have_cql; then
    leave_out "$NEED_CQL" "The CQL suites do not run: install Java 17 and Maven, or name a cluster by CQL_NODES=host:port."
  elif [ -n "${CQL_NODES:-}" ] && ! have_cassandra; then
    leave_out "$NEED_THREE_NODES" "The CQL suites that kill and pause nodes do not run, as they need three of their own: install Java 17 and Maven."
  fi
  if ! have_valkey && ! have_redis; then
    leave_out "$NEED_REDIS" "The Redis suites do not run: install redis-server and redis-cli."
  elif ! has openssl || ! redis_speaks_tls; then
    leave_out "$NEED_REDIS_WITH_TLS" "Redis over TLS is not tried: install openssl, and a Redis that was built with TLS."
  fi
  if ! [ -d ../shared/data ]; then
    leave_out "$NEED_REAL_PLANS" "The charts of real venues are not read: they lie in ../shared/data, which is missing."
  fi
}

have_valkey() { has valkey-server && has valkey-cli; }

# The client tells: both are built alike.
redis_speaks_tls() {
  case "$({ redis-cli --help || valkey-cli --help; } 2>&1 || true)" in *"--tls "*) ;; *) return 1 ;; esac
}
