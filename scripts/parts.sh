# The parts of ./test. Each prints what it does, adds to `passed`, `failed` and `skipped`, and fails where something is wrong.
# shellcheck shell=bash

# A check that either holds or does not, counted as one test.
check() {
  local words=$1
  shift
  if "$@"; then
    say "ok: $words"
    passed=$((passed + 1))
  else
    say "FAILED: $words"
    failed=$((failed + 1))
    return 1
  fi
}

part_lint() {
  local good=0
  need_component rustfmt rustfmt
  need_component cargo-clippy clippy
  check "the code is formatted" cargo fmt --all --check || good=1
  check "clippy has nothing to say" cargo clippy --locked --workspace --all-targets -- -D warnings || good=1
  need_wasm_target
  check "nor of what browsers run alone" cargo clippy --locked --package parterre-frontend --package parterre-bench-map \
    --target wasm32-unknown-unknown -- -D warnings || good=1
  check_crates || good=1
  check_scripts || good=1
  return "$good"
}

check_scripts() {
  if ! has shellcheck; then
    say "shellcheck did not run, as it is not installed: nobody looked at the scripts."
    return 0
  fi
  check "shellcheck has nothing to say of the scripts" shellcheck --external-sources --severity=warning run test bench .ci/run
}

# The Rust tests check the same file in all but the advisories; these are fetched, which may not be possible.
check_crates() {
  local good=0 log="$LOGS/advisories.log"
  if ! cargo deny --version >/dev/null 2>&1; then
    say "cargo deny did not run, as it is not installed (cargo install cargo-deny --locked): no advisory was looked at."
    return 0
  fi
  check "every crate is licensed, wanted and there once" cargo deny --locked check licenses bans sources || good=1
  mkdir -p "$LOGS"
  if cargo deny --locked check advisories >"$log" 2>&1; then
    check "no advisory warns of a crate" true
  elif grep -q 'failed to fetch advisory database' "$log"; then
    say "The advisories could not be fetched: none was looked at."
  else
    cat "$log"
    check "no advisory warns of a crate" false || good=1
  fi
  return "$good"
}

# A story about time that fails while the machine stands still is told again, and leaves a line with its name here: in Rust by
# test_support/steady.rs, in browsers by end2end/support/steady.mjs.
gather_told_again() {
  log_of told-again >/dev/null
  # Tests run in folders of their own.
  PARTERRE_TOLD_AGAIN="$(cd "$LOGS" && pwd)/told-again.log"
  export PARTERRE_TOLD_AGAIN
  : >"$PARTERRE_TOLD_AGAIN"
}

# A test that passed the second time is no secret. (Rust calls a story by its test, with all modules before it.)
say_told_again() {
  local names count
  [ -s "$PARTERRE_TOLD_AGAIN" ] || return 0
  names=$(sed -E 's/.*::([^:]+::[^:]+)$/\1/' "$PARTERRE_TOLD_AGAIN" | sort | uniq -c |
    awk '{ line = line (NR > 1 ? ", " : "") $2 ($1 > 1 ? " (" $1 " times)" : "") } END { print line }')
  count=$(sort -u "$PARTERRE_TOLD_AGAIN" | awk 'END { print NR }')
  if [ "$count" -eq 1 ]; then
    say "1 story was told again because the machine stood still: $names"
  else
    say "$count stories were told again because the machine stood still: $names"
  fi
}

part_rust() {
  local log="$LOGS/rust.log" status=0
  need_nextest
  mkdir -p "$LOGS"
  leave_out_what_cannot_run
  say "Bad input is made anew each day; PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-$(($(date +%s) / 86400))} makes this day's again."
  # Built as oneself, run as somebody PostgreSQL accepts; the same files, so the second call builds nothing.
  cargo nextest run --locked --workspace --no-run || return 1
  ${AS_USER[@]+"${AS_USER[@]}"} cargo nextest run --locked --workspace --no-tests=fail \
    -E "not ($LEFT_OUT)" 2>&1 | tee "$log" || status=$?
  count_nextest "$log"
  stop_test_cassandra
  return "$status"
}

# Nextest closes with: Summary [ 1.234s] 12 tests run: 11 passed (1 slow), 1 failed, 0 skipped
count_nextest() {
  local line
  line=$(grep -E '^ *Summary \[' "$1" | tail -n 1)
  passed=$((passed + $(number "$line" passed)))
  failed=$((failed + $(number "$line" failed) + $(number "$line" 'timed out')))
  skipped=$((skipped + $(number "$line" skipped)))
}

number() {
  local found
  found=$(printf '%s' "$1" | grep -oE "[0-9]+ $2" | head -n 1 | cut -d ' ' -f 1)
  printf '%s' "${found:-0}"
}

part_size() {
  local good=0
  build_client
  check "the client is within its budget" node scripts/size.mjs || good=1
  check "the map's inner loops do in WebAssembly's vectors what they do without" raster_in_wasm || good=1
  return "$good"
}

raster_in_wasm() {
  local file
  need_wasm_target
  file=$(cargo test --locked --package parterre-raster --lib --target wasm32-unknown-unknown --no-run --message-format=json |
    sed -nE 's/.*"executable":"([^"]+)".*/\1/p' | tail -n 1)
  [ -n "$file" ] && node scripts/wasmtest.mjs "$file"
}

part_browser() {
  local log="$LOGS/browser.log" status=0 ran file together=() alone=()
  need_npm end2end
  need_browser
  build_client
  step "Building the server" cargo build --locked --package parterre
  step "Drawing the sample pages" cargo test --locked --workspace --test pages the_pages_can_be_looked_at
  local -x PARTERRE_BINARY="$CARGO_TARGET_DIR/debug/parterre" PARTERRE_PAGES="$CARGO_TARGET_DIR/tmp/pages"
  local -x PARTERRE_TEMPLATE="$CARGO_TARGET_DIR/tmp/shop"
  rm -rf "$PARTERRE_TEMPLATE"
  step "Opening a first shop" node end2end/support/template.mjs "$PARTERRE_TEMPLATE"
  # Most of them wait most of the time. Those that are about how long something takes, or fill a machine, come alone.
  for file in end2end/*.spec.mjs; do
    case "$file" in
      */live.* | */run.* | */sharp.* | */stores.*) alone+=("$file") ;;
      *) together+=("$file") ;;
    esac
  done
  mkdir -p "$LOGS"
  : >"$log"
  walk 2 "${together[@]}" || status=$?
  walk 1 "${alone[@]}" || status=$?
  rm -rf "$PARTERRE_TEMPLATE"
  # Node's test runner closes with lines such as: # pass 12
  passed=$((passed + $(closing pass "$log")))
  failed=$((failed + $(closing fail "$log") + $(closing cancelled "$log")))
  skipped=$((skipped + $(closing skipped "$log")))
  # A filter that fits nothing is no success. (Later runners count files without a test as passed.)
  ran=$(grep -E '^ *(ok|not ok|✔|✖) ' "$log" | grep -vcE '# SKIP|\.spec\.mjs') || true
  if [ "$ran" -eq 0 ]; then
    say "No browser test is called '${E2E_ONLY:-}': E2E_ONLY takes a part of a test's name, and none ran."
    return 1
  fi
  return "$status"
}

# Runs files of browser tests, so many beside each other; what they say is added to the log.
walk() {
  local beside=$1
  shift
  node --test --test-concurrency="$beside" --test-name-pattern="${E2E_ONLY:-.}" "$@" 2>&1 | tee -a "$LOGS/browser.log"
}

# The sum of what the runs in a log closed with.
closing() {
  sed -nE "s/^(#|ℹ) $1 ([0-9]+)$/\2/p" "$2" | awk '{ sum += $1 } END { print sum + 0 }'
}
