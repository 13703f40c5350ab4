# Brings what the build needs and the machine lacks. Each function does nothing where the tool is there already.
# shellcheck shell=bash

NEXTEST_VERSION=0.9.151

need_rust() {
  has cargo || fail "Rust is missing: install it from https://rustup.rs and open a new terminal."
  local found major minor
  found=$(rustc --version | cut -d ' ' -f 2)
  major=${found%%.*} minor=${found#*.}
  [ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "${minor%%.*}" -ge 95 ]; } ||
    fail "Rust 1.95 or newer is needed, this is $found: run 'rustup update stable'."
  # On macOS there is always a cc, which may do nothing but open a window.
  if has xcode-select; then
    xcode-select -p >/dev/null 2>&1 || fail "The C compiler is missing: run 'xcode-select --install' and try again."
  else
    has cc || need_packages cc gcc libc6-dev
    # The allocator is built by it.
    has make || need_packages make make
  fi
}

need_node() {
  has node || fail "Node.js is missing: install version 20 or newer from https://nodejs.org."
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || fail "Node.js 20 or newer is needed, this is $(node --version)."
  has npm || fail "npm is missing: it belongs to Node.js, install that again from https://nodejs.org."
}

# need_packages WHAT PACKAGE...: Debian's packages, by root or by sudo.
need_packages() {
  local what=$1 sudo=""
  shift
  has apt-get || fail "$what is missing on this machine: install it by the system's own means and try again."
  if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    has sudo || fail "$what is missing: run 'apt-get install $*' as root and try again."
  fi
  step "Reading Debian's package lists" $sudo apt-get update
  step "Installing $* from Debian" $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

need_component() { "$1" --version >/dev/null 2>&1 || step "Adding $2 to Rust" rustup component add "$2"; }

need_wasm_target() {
  local lib
  lib="$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown"
  [ -d "$lib" ] && return 0
  has rustup || fail "The WASM target of Rust is missing: install Rust by https://rustup.rs, or your system's wasm32-unknown-unknown standard library."
  step "Adding the WASM target to Rust" rustup target add wasm32-unknown-unknown
}

# The standard library's source, from which the client's own small copy is built; false where it cannot be had.
have_rust_src() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] && return 0
  has rustup && (step "Adding the source of Rust's standard library" rustup component add rust-src) 2>/dev/null
}

# need_crate NAME VERSION FLAGS...: a program of the registry, exactly this version.
need_crate() {
  local crate=$1 version=$2
  shift 2
  step "Building $crate $version (once per machine, a minute or two)" install_crate "$crate" --version "$version" "$@"
}

# By the crate's own lock file; where that names a version the registry no longer has, by the newest that fit. Nobody
# debugs these tools here: what that would want is not built.
install_crate() {
  local flags=(--debug --force --root "$TOOLS" --target-dir "$CARGO_TARGET_DIR/tools")
  local cargo=(env CARGO_PROFILE_DEV_DEBUG=0 cargo install "$@")
  "${cargo[@]}" --locked "${flags[@]}" || "${cargo[@]}" "${flags[@]}"
}

# The program must match the library in Cargo.lock to the last digit.
need_wasm_bindgen() {
  local version
  version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
  [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] || need_crate wasm-bindgen-cli "$version"
}

need_nextest() {
  case "$(cargo nextest --version 2>/dev/null)" in
    cargo-nextest*) ;;
    *) need_crate cargo-nextest "$NEXTEST_VERSION" --no-default-features --features default-no-update ;;
  esac
}

# need_npm FOLDER: what its lock file names, once per lock file.
need_npm() {
  local stamp="$1/node_modules/.parterre" now
  now=$(node scripts/fingerprint.mjs "$1/package-lock.json")
  [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
  step "Fetching the npm packages of $1" npm ci --prefix "$1" --no-audit --no-fund
  printf '%s' "$now" >"$stamp"
}

# Prints the path of a browser for the tests.
find_browser() {
  local candidate
  for candidate in "${PARTERRE_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    [ -n "$candidate" ] && has "$candidate" && { command -v "$candidate"; return 0; }
  done
  return 1
}

need_browser() {
  find_browser >/dev/null || need_packages "Chromium" chromium
  PARTERRE_BROWSER=$(find_browser) || fail "No Chromium or Chrome was found: name one by PARTERRE_BROWSER=/path."
  export PARTERRE_BROWSER
}

# Redis for tests and for `./run --real`; both start their own on free ports.
have_redis() {
  has redis-server && has redis-cli && return 0
  has apt-get || return 1
  (need_packages Redis redis-server redis-tools) || return 1
  # Debian starts one for the whole machine, which nobody here asked for.
  as_root service redis-server stop >/dev/null 2>&1 || true
  has systemctl && as_root systemctl disable --now redis-server >/dev/null 2>&1
  has redis-server && has redis-cli
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

CASSANDRA="scripts/cassandra/node.mjs"
# Java 17, Maven and the jars of Apache Cassandra; false, in one sentence, where they cannot be had.
have_cassandra() {
  has node || { say "Apache Cassandra is started by Node.js, which is missing."; return 1; }
  if ! node "$CASSANDRA" able >/dev/null 2>&1 && has apt-get; then
    # Debian 13 has no Java 17 any more.
    (need_packages "Java 17" openjdk-17-jre-headless maven) 2>/dev/null || true
  fi
  node "$CASSANDRA" able || return 1
  (step "Fetching Apache Cassandra (66 MB, once)" node "$CASSANDRA" jars)
}

# The nodes that the tests share, unless somebody else's tests are using them. They are started by the first test again.
stop_test_cassandra() {
  local name data alone
  for name in test-cassandra test-cassandra-three; do
    data="${HOME}/.cache/parterre/$name" alone=()
    [ -f "$data/users.lock" ] || continue
    ! has flock || alone=(flock --nonblock "$data/users.lock")
    ${alone[@]+"${alone[@]}"} node "$CASSANDRA" stop "$data" || true
  done
}

# A cluster for the CQL suites: the one that CQL_NODES names, Apache Cassandra, or ScyllaDB by Docker.
have_cql() {
  [ -z "${CQL_NODES:-}" ] || return 0
  have_cassandra && return 0
  if has docker && (step "Starting ScyllaDB by Docker" docker compose --profile cql up --detach --wait scylla) 2>/dev/null; then
    say "The CQL suites run on the ScyllaDB of compose.yaml."
    export CQL_NODES=127.0.0.1:9042
    return 0
  fi
  return 1
}
