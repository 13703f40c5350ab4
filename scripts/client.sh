# Builds the browser's files into dist/, where their sources have changed.
# shellcheck shell=bash

CLIENT_SOURCES="scripts/client.sh Cargo.toml Cargo.lock .cargo/config.toml app frontend/Cargo.toml frontend/src"
ASSET_SOURCES="public frontend/loader.js package-lock.json scripts/assets.mjs scripts/glue.mjs scripts/order.mjs scripts/shrink.mjs"

# The client's own standard library: optimised for size, and a panic is one instruction instead of a printed message
# (nothing in the browser would read it, nor where it happened). That is 14 % of the bundle. Building it is still unstable in Cargo; the
# compiler is the stable one.
SMALL_STD=(
  RUSTC_BOOTSTRAP=1
  CARGO_UNSTABLE_BUILD_STD=std,panic_abort
  CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
  "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=-C target-feature=+simd128 -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none"
)

build_client() {
  local out="$CARGO_TARGET_DIR/client" compiled assets small
  # shellcheck disable=SC2086
  compiled=$(node scripts/fingerprint.mjs $CLIENT_SOURCES)
  # shellcheck disable=SC2086
  assets="$compiled $(node scripts/fingerprint.mjs $ASSET_SOURCES)"
  [ -f dist/manifest.json ] && [ "$(cat dist/.sources 2>/dev/null)" = "$assets" ] && return 0
  if [ "$(cat "$out/.sources" 2>/dev/null)" != "$compiled" ]; then
    need_wasm_target
    need_wasm_bindgen
    small=()
    if have_rust_src; then small=("${SMALL_STD[@]}"); else say "The client becomes larger than it should: the source of Rust's standard library is missing."; fi
    step "Building the browser client (about three minutes)" env ${small[@]+"${small[@]}"} cargo build --locked --package parterre-frontend \
      --target wasm32-unknown-unknown --profile wasm-release
    step "Making the browser client's JavaScript" wasm-bindgen --out-dir "$out" --target web --no-typescript --no-demangle \
      "$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm-release/parterre_frontend.wasm"
    printf '%s' "$compiled" >"$out/.sources"
  fi
  need_npm .
  step "Shrinking the browser client" node scripts/assets.mjs "$out"
  printf '%s' "$assets" >dist/.sources
}
